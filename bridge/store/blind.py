"""Blind checks: cells that were accepted without a person, asked of one who is not shown the value."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, func, insert, or_, select, update

from bridge.errors import AlreadyDecided
from bridge.interfaces import Action
from bridge.reconcile import Distrust, ReadOtherwise, question, read_otherwise, same, way_of
from bridge.records import FieldValue, OrderLine, Reading, Witness
from bridge.store import audit
from bridge.store.apply import load_baseline
from bridge.store.database import Database, source_lock
from bridge.store.encoding import value_from_json, value_to_json
from bridge.store.memory import dispute
from bridge.store.reviews import insert_new
from bridge.store.tables import blind_checks, decisions, meta, observations, review_items

_SALT = "blind-salt"
_LOCK = "blind"


class State(StrEnum):
    """Of one check.  What a person read is compared once; where it differs the same person is shown both."""

    OPEN = "open"
    SAME = "same"
    DIFFERS = "differs"  # which of the two is right was not said yet
    MISTYPED = "mistyped"  # the accepted value is right after all
    WRONG = "wrong"  # the accepted value is wrong: a silent error
    UNREADABLE = "unreadable"  # the person cannot tell
    VOID = "void"  # the picture, or the column, is gone


WAITING = (State.OPEN, State.DIFFERS)
JUDGED = (State.SAME, State.MISTYPED, State.WRONG)


@dataclass(frozen=True, kw_only=True, slots=True)
class AcceptedRow:
    """fields: those that were accepted by themselves and stand in the store like that."""

    observation: int
    key: str
    order_no: str
    customer: str | None
    fields: Mapping[str, FieldValue]


@dataclass(frozen=True, kw_only=True, slots=True)
class BlindCheck:
    id: int
    source: str
    key: str
    order_no: str
    customer: str | None
    field: str
    accepted: FieldValue
    day: date
    state: State
    answer: str | None
    answered_by: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """wrong: silent errors that no later decision took back.  asked: same, mistyped and wrong ones."""

    source: str
    asked: int
    wrong: int
    unreadable: int
    waiting: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Caught:
    """A silent error.  lifted_by: who trusts its way of proving in that column again."""

    id: int
    source: str
    key: str
    order_no: str
    field: str
    way: frozenset[Witness]
    text: str
    answer: str
    answered_by: str
    at: datetime
    lifted_by: str | None


class BlindChecks:
    def __init__(self, database: Database) -> None:
        self._database = database

    # --- drawing --------------------------------------------------------------------------------------------

    def blind_salt(self, now: datetime) -> str:
        """Made once.  The draw can be repeated with it, and nothing that stands in an order foretells the draw."""
        query = select(meta.c.value).where(meta.c.name == _SALT)
        with self._database.read() as connection:
            kept: str | None = connection.execute(query).scalar_one_or_none()
        if kept is not None:
            return kept
        with self._database.write(lock=_LOCK) as connection:
            kept = connection.execute(query).scalar_one_or_none()
            if kept is None:
                kept = secrets.token_hex(16)
                values = {"name": _SALT, "value": kept, "updated_at": now}
                connection.execute(insert(meta).values(values))
            return kept

    def blind_drawn(self, day: date) -> bool:
        query = select(blind_checks.c.id).where(blind_checks.c.day == day).limit(1)
        with self._database.read() as connection:
            return connection.execute(query).scalar() is not None

    def accepted_rows(self, source: str, since: datetime) -> list[int]:
        """Numbers of the observations without any doubt that were seen since then, in order."""
        t = observations.c
        query = select(t.id).where(t.source == source, t.current, t.ok, t.last_seen >= since).order_by(t.id)
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def accepted_row(self, observation: int) -> AcceptedRow | None:
        """None where the store holds no such order, or a person is asked about it."""
        t, i = observations.c, review_items.c
        with self._database.read() as connection:
            row = connection.execute(select(observations).where(t.id == observation)).one_or_none()
            if row is None:
                return None
            stored = load_baseline(connection, row.source, [row.key]).get(row.key)
            asked = select(i.id).where(i.source == row.source, i.key == row.key, i.state == "open").limit(1)
            if stored is None or stored.absent or connection.execute(asked).scalar() is not None:
                return None
        fields = {n: value_from_json(n, v) for n, v in row.readings.items()}
        customer = fields["customer"].value if "customer" in fields else None
        return AcceptedRow(
            observation=observation,
            key=row.key,
            order_no=row.order_no,
            customer=customer if isinstance(customer, str) else None,
            fields={
                n: v
                for n, v in fields.items()
                if v.ok
                and v.reading.text
                and n in stored.fields
                and same(stored.fields[n], v.value)
                and Witness.PERSON not in v.reading.witnesses
            },
        )

    def was_checked(self, source: str, key: str, field: str, text: str) -> bool:
        t = blind_checks.c
        query = select(t.accepted).where(t.source == source, t.key == key, t.field == field)
        with self._database.read() as connection:
            return any(a["reading"]["text"] == text for a in connection.execute(query).scalars())

    def add_checks(self, day: date, drawn: Sequence[tuple[str, AcceptedRow, str]]) -> int:
        """drawn: (source, row, field).  Returns how many were added: none if the day has its checks already."""
        t = blind_checks.c
        with self._database.write(lock=_LOCK) as connection:
            if not drawn or connection.execute(select(t.id).where(t.day == day).limit(1)).scalar() is not None:
                return 0
            rows = [
                {"source": source, "key": row.key, "order_no": row.order_no, "customer": row.customer,
                 "field": name, "observation": row.observation,
                 "accepted": value_to_json(row.fields[name]), "day": day, "state": State.OPEN.value}
                for source, row, name in drawn
            ]  # fmt: skip
            connection.execute(insert(blind_checks), rows)
            return len(rows)

    # --- answering ------------------------------------------------------------------------------------------

    def blind_check(self, number: int) -> BlindCheck | None:
        found = self._checks(blind_checks.c.id == number)
        return found[0] if found else None

    def waiting_checks(self, customers: Collection[str] = ()) -> list[BlindCheck]:
        """Those that a person has begun first, then the oldest.  customers: only their orders; empty: all."""
        t = blind_checks.c
        conditions = [t.state.in_(WAITING)]
        if customers:
            conditions.append(t.customer.in_(list(customers)))
        return sorted(self._checks(*conditions), key=lambda c: (c.state is State.OPEN, c.id))

    def _checks(self, *conditions: Any) -> list[BlindCheck]:
        query = select(blind_checks).where(*conditions).order_by(blind_checks.c.id)
        with self._database.read() as connection:
            return [_check(row) for row in connection.execute(query)]

    def answer_check(self, number: int, state: State, answer: str | None, *, by: str, now: datetime) -> None:
        """SAME, DIFFERS, UNREADABLE or VOID, of an open one.  Raises AlreadyDecided."""
        with self._database.write(lock=_LOCK) as connection:
            values = {"answer": answer, "answered_by": by, "answered_at": now}
            row = _move(connection, number, State.OPEN, state, values)
            _note(connection, row, state, by=by, now=now)

    def settle_check(
        self, number: int, state: State, *, key_fields: Sequence[str], by: str, now: datetime
    ) -> BlindCheck:
        """MISTYPED, WRONG, UNREADABLE or VOID, of one that differs.

        Of a wrong one the order is asked about at once, if the list still shows what was accepted, and the
        remembered picture is believed no more.  Raises AlreadyDecided."""
        found = self.blind_check(number)
        if found is None:
            raise AlreadyDecided(f"there is no blind check {number}")
        with self._database.write(lock=source_lock(found.source)) as connection:
            row = _move(connection, number, State.DIFFERS, state, {"answered_by": by, "answered_at": now})
            _note(connection, row, state, by=by, now=now)
            check = _check(row)
            if state is State.WRONG:
                if check.accepted.reading.picture:
                    dispute(connection, check.source, check.accepted.reading.picture, check.answer or "", now)
                _ask(connection, check, key_fields, now)
            return check

    # --- what came of it ------------------------------------------------------------------------------------

    def measured(self) -> list[Measured]:
        """By source, of those that were ever checked."""
        t = blind_checks.c
        query = select(t.source, t.state, func.count()).group_by(t.source, t.state)
        counted: dict[str, dict[str, int]] = defaultdict(dict)
        with self._database.read() as connection:
            for source, state, n in connection.execute(query):
                counted[source][state] = n
        wrong: dict[str, int] = defaultdict(int)
        for c in self.caught():
            wrong[c.source] += 1
        return [
            Measured(
                source=source,
                asked=sum(n.get(s, 0) for s in JUDGED),
                wrong=wrong[source],
                unreadable=n.get(State.UNREADABLE, 0),
                waiting=sum(n.get(s, 0) for s in WAITING),
            )
            for source, n in sorted(counted.items())
        ]

    def caught(self, source: str | None = None) -> list[Caught]:
        """The silent errors, the newest first, without those that a later decision on the order took back."""
        t = blind_checks.c
        query = select(blind_checks).where(t.state == State.WRONG.value).order_by(t.id.desc())
        if source is not None:
            query = query.where(t.source == source)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
            return [_caught(row) for row in rows if not _taken_back(connection, row)]

    def distrusted(self, source: str) -> Distrust:
        """See ``interfaces.Store.distrusted``."""
        cells: dict[tuple[str, str], ReadOtherwise] = {}
        ways: dict[str, set[frozenset[Witness]]] = defaultdict(set)
        for c in reversed(self.caught(source)):
            cells[c.key, c.field] = ReadOtherwise(text=c.text, answer=c.answer)
            if c.lifted_by is None:
                ways[c.field].add(c.way)
        return Distrust(cells=cells, ways={n: frozenset(w) for n, w in ways.items()})

    def lift_distrust(self, number: int, *, by: str, now: datetime) -> None:
        """Trusts again what let this error pass; the error stays counted.  Raises AlreadyDecided."""
        t = blind_checks.c
        with self._database.write(lock=_LOCK) as connection:
            lifted = connection.execute(
                update(blind_checks)
                .where(t.id == number, t.state == State.WRONG.value, t.lifted_at.is_(None))
                .values(lifted_by=by, lifted_at=now)
            )
            if lifted.rowcount != 1:
                raise AlreadyDecided(f"blind check {number} holds nothing back")
            audit.append(connection, at=now, actor=by, action="blind.lift", details={"check": number})

    def blind_pictures(self) -> set[str]:
        """The shots that are still asked about, or show a silent error."""
        t = blind_checks.c
        query = select(t.accepted).where(or_(t.state.in_(WAITING), t.state == State.WRONG.value))
        with self._database.read() as connection:
            return {a["reading"]["shot"] for a in connection.execute(query).scalars() if a["reading"]["shot"]}


def _move(connection: Connection, number: int, before: State, after: State, values: Mapping[str, Any]) -> Any:
    """The row as it is then.  The condition in the UPDATE decides who was first."""
    t = blind_checks.c
    moved = connection.execute(
        update(blind_checks).where(t.id == number, t.state == before.value).values(state=after.value, **values)
    )
    if moved.rowcount != 1:
        raise AlreadyDecided(f"blind check {number} was answered meanwhile")
    return connection.execute(select(blind_checks).where(t.id == number)).one()


def _note(connection: Connection, row: Any, state: State, *, by: str, now: datetime) -> None:
    told = {
        "check": row.id, "source": row.source, "order_no": row.order_no, "field": row.field,
        "accepted": row.accepted["reading"]["text"], "answer": row.answer,
    }  # fmt: skip
    audit.append(connection, at=now, actor=by, action=f"blind.{state.value}", details=told)


def _ask(connection: Connection, check: BlindCheck, key_fields: Sequence[str], now: datetime) -> None:
    t = observations.c
    query = select(observations).where(t.source == check.source, t.key == check.key, t.current, t.ok)
    row = connection.execute(query.order_by(t.id.desc()).limit(1)).one_or_none()
    if row is None:
        return
    fields = {n: value_from_json(n, v) for n, v in row.readings.items()}
    if check.field not in fields or fields[check.field].reading.text != check.accepted.reading.text:
        return
    place: Reading = fields[check.field].reading
    line = OrderLine(
        source=row.source,
        key=row.key,
        order_no=row.order_no,
        key_ok=row.key_ok,
        fields=fields,
        page=place.page,
        row=place.row,
    )
    said = ReadOtherwise(text=check.accepted.reading.text, answer=check.answer or "")
    stored = load_baseline(connection, check.source, [check.key]).get(check.key)
    asked = question(
        read_otherwise(line, check.field, said, key_fields), key_fields, stored.fields if stored else {}
    )
    insert_new(connection, row.last_run, check.source, [asked], now)


def _taken_back(connection: Connection, row: Any) -> bool:
    """Did somebody decide later, with picture and both readings in sight, that the accepted value is right?"""
    d, i = decisions.c, review_items.c
    query = (
        select(d.action, d["values"], i.fields)
        .join_from(decisions, review_items, d.item_id == i.id)
        .where(i.source == row.source, i.key == row.key, d.at >= row.answered_at, d.undone_at.is_(None))
    )
    text = row.accepted["reading"]["text"]
    return any(
        row.field in m.fields
        and (
            m.action in (Action.ACCEPT.value, Action.KEEP.value)
            or (m.action == Action.TYPE.value and m[1].get(row.field, "").strip() == text)
        )
        for m in connection.execute(query)
    )


def _check(row: Any) -> BlindCheck:
    return BlindCheck(
        id=row.id,
        source=row.source,
        key=row.key,
        order_no=row.order_no,
        customer=row.customer,
        field=row.field,
        accepted=value_from_json(row.field, row.accepted),
        day=row.day,
        state=State(row.state),
        answer=row.answer,
        answered_by=row.answered_by,
    )


def _caught(row: Any) -> Caught:
    reading = value_from_json(row.field, row.accepted).reading
    return Caught(
        id=row.id,
        source=row.source,
        key=row.key,
        order_no=row.order_no,
        field=row.field,
        way=way_of(reading),
        text=reading.text,
        answer=row.answer or "",
        answered_by=row.answered_by or "",
        at=row.answered_at,
        lifted_by=row.lifted_by,
    )
