"""A person's decision taken back: what it changed, taught and sent.

With each decision stands what it found (``decisions.undo``)::

    {"before": {"fields", "missing", "absent", "life"} or null, "after": fields, "messages": [id…],
     "memory": {picture: {"said", "text", "witnesses", "retracted"} or {"said"}}}

before: the baseline row; null where there was none.  after: the row that the decision left.  The decision can be
taken back as long as the row is still as the decision left it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from bridge.encoded import decode_fields, encode_fields
from bridge.errors import UsageError
from bridge.interfaces import Action
from bridge.records import BaselineRow, Change, ChangeKind, ProvenPicture
from bridge.store import audit
from bridge.store.apply import apply_changes, load_baseline
from bridge.store.database import Database, source_lock
from bridge.store.in_lists import in_lists
from bridge.store.reading_tables import memory
from bridge.store.reads import read_anew
from bridge.store.reviews import release_name
from bridge.store.tables import baseline, decisions, meta, order_events, orders, outbox, review_items
from bridge.store.words import forget_words

_HINT = "Nothing was changed; look at the order's page for what came after."


def found_before(
    connection: Connection, source: str, key: str, row: BaselineRow | None, proofs: Sequence[ProvenPicture]
) -> dict[str, Any]:
    """What a decision is about to change; ``finished`` adds what it left."""
    found: dict[str, Any] = {"before": None, "memory": _known_pictures(connection, source, proofs)}
    if row is not None:
        t = orders.c
        life = connection.execute(select(t.life).where(t.source == source, t.key == key)).scalar_one_or_none()
        found["before"] = {
            "fields": encode_fields(row.fields),
            "missing": row.missing,
            "absent": row.absent,
            "life": life,
        }
    return found


def _known_pictures(connection: Connection, source: str, proofs: Sequence[ProvenPicture]) -> dict[str, Any]:
    known: dict[str, Any] = {p.picture: {"said": p.text} for p in proofs}
    t = memory.c
    query = select(t.picture, t.text, t.witnesses, t.retracted)
    for part in in_lists(list(known)):
        for row in connection.execute(query.where(t.source == source, t.picture.in_(part))):
            known[row.picture] |= {"text": row.text, "witnesses": row.witnesses, "retracted": row.retracted}
    return known


class Undo:
    """Satisfies ``undo`` of ``interfaces.DecisionStore``."""

    def __init__(self, database: Database, new_id: Callable[[], str]) -> None:
        self._database = database
        self._new_id = new_id

    def undo(self, batch: str, *, by: str, now: datetime) -> list[int]:
        """See ``interfaces.DecisionStore.undo``."""
        query = select(decisions.c.source).where(decisions.c.batch == batch).limit(1)
        with self._database.read() as connection:
            source = connection.execute(query).scalar_one_or_none()
        if source is None:
            raise UsageError("there is no such decision to undo", batch=batch)
        with self._database.write(lock=source_lock(source)) as connection:
            t = decisions.c
            made = connection.execute(
                select(decisions).where(t.batch == batch, t.undone_at.is_(None)).order_by(t.id.desc())
            ).all()
            if not made:
                raise UsageError("this was undone already", hint=_HINT, batch=batch)
            for decision in made:
                self._reopen(connection, decision)
                self._take_back(connection, decision, by, now)
                forget_words(connection, source, (decision.undo or {}).get("words", {}), now)
                _forget(connection, source, (decision.undo or {}).get("memory", {}), now)
                if decision.action == Action.RELEASE.value:
                    _hold_again(connection, source, decision.item_id)
            connection.execute(update(decisions).where(t.batch == batch).values(undone_at=now, undone_by=by))
            items = [d.item_id for d in made]
            audit.append(
                connection,
                at=now,
                actor=by,
                action="undo",
                details={"batch": batch, "questions": items, "decided_by": sorted({d.by for d in made})},
            )
            return items

    @staticmethod
    def _reopen(connection: Connection, decision: Any) -> None:
        t = review_items.c
        item = connection.execute(select(review_items).where(t.id == decision.item_id)).one()
        asked_again = connection.execute(
            select(t.id).where(t.source == item.source, t.fingerprint == item.fingerprint, t.state == "open")
        ).first()
        if item.state != "decided" or asked_again is not None:
            raise UsageError(f"question {item.id} has moved on since: it cannot be undone", hint=_HINT)
        connection.execute(
            update(review_items)
            .where(t.id == item.id)
            .values(state="open", binding=False, closed_at=None, decided_by=None, decision=None)
        )

    def _take_back(self, connection: Connection, decision: Any, by: str, now: datetime) -> None:
        if decision.change in (None, "waiting") or decision.undo is None:
            return
        source, key, found = decision.source, decision.key, decision.undo
        if found.get("gave_way"):
            raise UsageError(
                f"order {key!r}: another system's value gave way to the ERP's, which cannot be undone here",
                hint="The value is in the order's history; set it again in the system that wrote it.",
            )
        rows = load_baseline(connection, source, [key])
        row = rows.get(key)
        if row is None or row.absent or encode_fields(row.fields) != found["after"]:
            raise UsageError(
                f"order {decision.key!r} has changed since the decision: it cannot be undone", hint=_HINT
            )
        told = _not_dropped(connection, found["messages"])
        before = found["before"]
        if before is None and not told:
            _never_was(connection, decision, row, by, now)
            return
        apply_changes(
            connection,
            source,
            [_back(source, row, before, found.get("store_keeps", []))],
            rows,
            run_id=None,
            by=by,
            receivers=told,
            now=now,
            new_id=self._new_id,
        )
        if before is not None:
            connection.execute(
                update(baseline)
                .where(baseline.c.source == source, baseline.c.key == key)
                .values(fields=before["fields"], missing=before["missing"], absent=before["absent"])
            )


def _back(source: str, row: BaselineRow, before: Mapping[str, Any] | None, store_keeps: Sequence[str]) -> Change:
    """The change that makes the row what it was."""
    if before is None or before["absent"]:
        kind = ChangeKind.LEFT if before is not None and before["life"] == "left" else ChangeKind.GONE
        return Change(kind=kind, source=source, key=row.key, order_no=row.order_no, before=row.fields)
    return Change(
        kind=ChangeKind.CHANGED,
        source=source,
        key=row.key,
        order_no=row.order_no,
        before=row.fields,
        after=decode_fields(before["fields"]),
        store_keeps=tuple(store_keeps),
    )


def _not_dropped(connection: Connection, messages: Sequence[str]) -> list[str]:
    """Drops what no attempt was made for; returns the receivers that may have the rest."""
    told: list[str] = []
    t = outbox.c
    for part in in_lists(messages):
        connection.execute(
            update(outbox)
            .where(t.message_id.in_(part), t.state == "pending", t.attempts == 0)
            .values(state="dropped", last_error="the decision was undone")
        )
        told += connection.execute(
            select(t.receiver).where(t.message_id.in_(part), t.state != "dropped").order_by(t.id)
        ).scalars()
    return list(dict.fromkeys(told))


def _never_was(connection: Connection, decision: Any, row: BaselineRow, by: str, now: datetime) -> None:
    """Nobody was told of this order: it goes without a trace but its history, unless someone else wrote to it."""
    b, o = baseline.c, orders.c
    connection.execute(delete(baseline).where(b.source == decision.source, b.key == row.key))
    connection.execute(
        delete(orders).where(o.source == decision.source, o.key == row.key, o.version == o.bridge_version)
    )
    connection.execute(
        insert(order_events).values(
            source=decision.source,
            key=row.key,
            order_no=row.order_no,
            event="undone",
            at=now,
            by=by,
            run_id=None,
            version=0,
            changed={},
            overwritten={},
            evidence={},
        )
    )


def _forget(connection: Connection, source: str, taught: Mapping[str, Any], now: datetime) -> None:
    """What the person said of a picture, unless somebody said something else of it since."""
    t = memory.c
    if taught:
        read_anew(connection, source, now)
    for picture, was in taught.items():
        mine = (t.source == source, t.picture == picture, t.text == was["said"])
        if "text" not in was:
            connection.execute(delete(memory).where(*mine))
            continue
        connection.execute(
            update(memory)
            .where(*mine)
            .values(text=was["text"], witnesses=was["witnesses"], retracted=was["retracted"], last_seen=now)
        )


def _hold_again(connection: Connection, source: str, item_id: int) -> None:
    name = release_name(source)
    value = connection.execute(select(meta.c.value).where(meta.c.name == name)).scalar_one_or_none()
    if value is None or value["item"] != item_id:
        raise UsageError("the release was used by a run already: it cannot be undone", hint=_HINT)
    connection.execute(delete(meta).where(meta.c.name == name))
