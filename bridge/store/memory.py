"""Proven pictures → text.  Only what was proven comes in; a contradiction takes a picture out again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from bridge.interfaces import Clock
from bridge.records import ProvenPicture, Witness
from bridge.store.database import Database
from bridge.store.in_lists import in_lists
from bridge.store.reading_tables import contradictions, memory
from bridge.store.reads import read_anew

LIMIT = 400_000
"""Pictures kept per source: a list of 10,000 rows × 12 columns fits three times over, at about 200 bytes each."""


class PictureMemory:
    """Satisfies ``interfaces.Memory``."""

    def __init__(self, database: Database, clock: Clock, limit: int = LIMIT) -> None:
        self._database = database
        self._clock = clock
        self._limit = limit

    def lookup(self, source: str, pictures: Sequence[str]) -> Mapping[str, ProvenPicture]:
        """Those of the pictures that are known and not in dispute."""
        found: dict[str, ProvenPicture] = {}
        with self._database.read() as connection:
            for row in _rows(connection, source, pictures):
                if not row.retracted:
                    found[row.picture] = ProvenPicture(
                        source=source,
                        picture=row.picture,
                        text=row.text,
                        witnesses=tuple(Witness(w) for w in row.witnesses),
                    )
        return found

    def learn(self, proofs: Sequence[ProvenPicture]) -> None:
        """See ``interfaces.Memory.learn``.  Pictures that were not seen for longest make room."""
        if not proofs:
            return
        with self._database.write(lock="memory") as connection:
            learn(connection, proofs, self._clock())
            for source in {p.source for p in proofs}:
                _make_room(connection, source, self._limit)


def learn(connection: Connection, proofs: Sequence[ProvenPicture], now: datetime) -> None:
    """A person's word settles a dispute; anything else that contradicts what is known starts one."""
    for source in sorted({p.source for p in proofs}):
        mine = [p for p in proofs if p.source == source]
        stored = {
            row.picture: _Known(
                text=row.text, witnesses=tuple(row.witnesses), retracted=row.retracted, seen=row.seen
            )
            for row in _rows(connection, source, list({p.picture for p in mine}))
        }
        known = dict(stored)
        shaken = False
        for proof in mine:
            was = known.get(proof.picture)
            contradicts = was is not None and not was.retracted and was.text != proof.text
            shaken |= contradicts or Witness.PERSON in proof.witnesses
            known[proof.picture] = _merged(connection, proof, was, now)
        if shaken:
            read_anew(connection, source, now)
        fresh = [_values(known[p], source, p, now) | {"learned_at": now} for p in known if p not in stored]
        again = [_values(known[p], source, p, now) for p in stored]
        if fresh:
            connection.execute(insert(memory), fresh)
        if again:
            one = (memory.c.source == bindparam("of_source"), memory.c.picture == bindparam("of_picture"))
            connection.execute(
                update(memory).where(*one),
                [{**v, "of_source": v.pop("source"), "of_picture": v.pop("picture")} for v in again],
            )


def dispute(connection: Connection, source: str, picture: str, answer: str, now: datetime) -> None:
    """A person read a remembered picture otherwise: it is looked up no more until a decision settles it."""
    read_anew(connection, source, now)
    for row in _rows(connection, source, [picture]):
        if row.retracted or row.text == answer:
            continue
        connection.execute(
            insert(contradictions).values(
                source=source, picture=picture, known_text=row.text, known_witnesses=row.witnesses,
                new_text=answer, new_witnesses=[Witness.PERSON.value], at=now,
            )
        )  # fmt: skip
        mine = (memory.c.source == source, memory.c.picture == picture)
        connection.execute(update(memory).where(*mine).values(retracted=True))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    """What the memory holds of one picture."""

    text: str
    witnesses: tuple[str, ...]
    retracted: bool
    seen: int


def _merged(connection: Connection, proof: ProvenPicture, known: _Known | None, now: datetime) -> _Known:
    witnesses = tuple(w.value for w in proof.witnesses)
    by_person = Witness.PERSON in proof.witnesses
    if known is None:
        return _Known(text=proof.text, witnesses=witnesses, retracted=False, seen=1)
    if by_person and known.retracted:
        connection.execute(
            update(contradictions)
            .where(
                contradictions.c.source == proof.source,
                contradictions.c.picture == proof.picture,
                contradictions.c.settled_at.is_(None),
            )
            .values(settled_at=now)
        )
    if proof.text == known.text:
        both = tuple(dict.fromkeys((*known.witnesses, *witnesses)))
        return replace(known, witnesses=both, retracted=known.retracted and not by_person, seen=known.seen + 1)
    connection.execute(
        insert(contradictions).values(
            source=proof.source,
            picture=proof.picture,
            known_text=known.text,
            known_witnesses=list(known.witnesses),
            new_text=proof.text,
            new_witnesses=list(witnesses),
            at=now,
            settled_at=now if by_person else None,
        )
    )
    if by_person:
        return replace(known, text=proof.text, witnesses=witnesses, retracted=False, seen=known.seen + 1)
    return replace(known, retracted=True, seen=known.seen + 1)


def _values(known: _Known, source: str, picture: str, now: datetime) -> dict[str, Any]:
    return {
        "source": source,
        "picture": picture,
        "text": known.text,
        "witnesses": list(known.witnesses),
        "retracted": known.retracted,
        "seen": known.seen,
        "last_seen": now,
    }


def _rows(connection: Connection, source: str, pictures: Sequence[str]) -> Iterator[Row[Any]]:
    for part in in_lists(list(dict.fromkeys(pictures))):
        yield from connection.execute(select(memory).where(memory.c.source == source, memory.c.picture.in_(part)))


def _make_room(connection: Connection, source: str, limit: int) -> None:
    """Forgets what was not seen for longest, but never a person's word nor a dispute."""
    mine = memory.c.source == source
    if (connection.execute(select(func.count()).where(mine)).scalar_one()) <= limit:
        return
    # A tenth more than needed, so that this does not happen at every call.
    query = select(memory.c.picture, memory.c.witnesses).where(mine, memory.c.retracted.is_(False))
    keep = limit - limit // 10
    rows = connection.execute(query.order_by(memory.c.last_seen.desc(), memory.c.picture).offset(keep))
    forget = [row.picture for row in rows if Witness.PERSON.value not in row.witnesses]
    for part in in_lists(forget):
        connection.execute(delete(memory).where(mine, memory.c.picture.in_(part)))
