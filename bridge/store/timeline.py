"""Everything known of an order, as one line of time; and finding orders."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, and_, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from bridge.central import SHIPPED
from bridge.contracts.kept import LinkState
from bridge.records import KEY_SEP, FieldValue
from bridge.store.contract_rows import load
from bridge.store.database import Database
from bridge.store.encoding import value_from_json
from bridge.store.tables import (
    contract_entries,
    contract_links,
    contracts,
    decisions,
    observations,
    order_events,
    orders,
    outbox,
    review_items,
)

MOST = 300
"""Entries of one kind that a time line shows, the newest."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FoundOrder:
    source: str
    key: str
    order_no: str
    line_no: str | None
    customer: str | None
    sku: str | None
    amount: Any  # Decimal | None
    due_date: date | None
    status: str | None
    life: str
    updated_at: datetime


class Happened(StrEnum):
    """In the order in which one follows from the other."""

    CONTRACT = "contract"  # a contract came in that binds the order, or may do so
    PROMISE = "promise"  # what became of that contract
    READ = "read"  # a reading that differs from the one before
    ASKED = "asked"
    DECIDED = "decided"
    UNDONE = "undone"
    EVENT = "event"  # the central order changed
    SENT = "sent"  # a message to a receiver, whatever became of it


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One point of the time line.

    id: of the row it stands for.  what: the event, the action, the message's type or the question's kind.
    fields: READ: what was read otherwise than before.  changed: EVENT: field → (from, to) as text.
    more: what else there is to say, by name; CONTRACT and PROMISE: the ``contract`` as it stands now.
    """

    happened: Happened
    at: datetime
    id: int
    what: str = ""
    by: str = ""
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    changed: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    more: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderHistory:
    order: FoundOrder
    values: Mapping[str, Any]  # field → plain value, as the central table holds it
    lines: tuple[FoundOrder, ...]  # the other rows of the same order number
    entries: tuple[Entry, ...]  # the newest first


class Timeline:
    def __init__(self, database: Database) -> None:
        self._database = database

    def find_orders(self, text: str, *, customers: Collection[str] = (), limit: int = 50) -> list[FoundOrder]:
        """Orders whose number, customer or SKU contains the text, last changed first.

        customers: only these customers' orders; empty: all.
        """
        t = orders.c
        # SQLite's LIKE knows no case for ASCII; on PostgreSQL that is ILIKE.
        holds = [
            c.contains(text, autoescape=True) if self._database.sqlite else c.icontains(text, autoescape=True)
            for c in (t.order_no, t.customer, t.sku)
        ]
        query = select(orders).where(or_(*holds)) if text else select(orders)
        if customers:
            query = query.where(t.customer.in_(list(customers)))
        with self._database.read() as connection:
            return [_found(r) for r in connection.execute(query.order_by(t.updated_at.desc()).limit(limit))]

    def order_history(self, source: str, key: str, *, customers: Collection[str] = ()) -> OrderHistory | None:
        """None where there is no such order, or it belongs to none of the customers."""
        t = orders.c
        with self._database.read() as connection:
            row = connection.execute(select(orders).where(t.source == source, t.key == key)).one_or_none()
            if row is None or (customers and row.customer not in customers):
                return None
            same = select(orders).where(t.source == source, t.order_no == row.order_no, t.key != key)
            if customers:
                same = same.where(t.customer.in_(list(customers)))
            entries = [
                *_readings(connection, source, key),
                *_events(connection, source, key),
                *_questions(connection, source, key),
                *_messages(connection, source, row.order_no, key),
                *_contracts(connection, source, key, own=bool(customers)),
            ]
            # At one moment the cause stands below what followed from it.
            rank = list(Happened)
            entries.sort(key=lambda e: (e.at, rank.index(e.happened), e.id), reverse=True)
            return OrderHistory(
                order=_found(row),
                values=_values(row),
                lines=tuple(_found(r) for r in connection.execute(same.order_by(t.key).limit(MOST))),
                entries=tuple(entries),
            )

    def observed(self, observation: int) -> tuple[str, str, dict[str, FieldValue]] | None:
        """Source, key and fields of one observation."""
        t = observations.c
        query = select(t.source, t.key, t.readings).where(t.id == observation)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        return row.source, row.key, {n: value_from_json(n, v) for n, v in row.readings.items()}

    def overdue(self, today: date, limit: int) -> tuple[int, list[FoundOrder]]:
        """How many active orders are past their date without having been shipped, and the latest of them."""
        t = orders.c
        late: ColumnElement[bool] = and_(
            t.life == "active",
            t.due_date < today,
            t.ship_date.is_(None),
            or_(t.status.is_(None), t.status.not_in(SHIPPED)),
        )
        with self._database.read() as connection:
            number = connection.execute(select(func.count()).select_from(orders).where(late)).scalar_one()
            rows = connection.execute(select(orders).where(late).order_by(t.due_date, t.key).limit(limit)).all()
        return number, [_found(r) for r in rows]

    def asked_and_settled(self, since: datetime) -> tuple[list[datetime], list[datetime]]:
        """When questions were asked and when people settled them."""
        r, d = review_items.c, decisions.c
        with self._database.read() as connection:
            asked = list(connection.execute(select(r.created_at).where(r.created_at >= since)).scalars())
            made = select(d.at).where(d.at >= since, d.undone_at.is_(None))
            return asked, list(connection.execute(made).scalars())


def _found(row: Any) -> FoundOrder:
    return FoundOrder(
        source=row.source,
        key=row.key,
        order_no=row.order_no,
        line_no=row.line_no,
        customer=row.customer,
        sku=row.sku,
        amount=row.amount,
        due_date=row.due_date,
        status=row.status,
        life=row.life,
        updated_at=row.updated_at,
    )


_NOT_VALUES = (
    "source",
    "key",
    "extra",
    "life",
    "first_seen_at",
    "updated_at",
    "updated_by",
    "version",
    "bridge_version",
)


def _values(row: Any) -> dict[str, Any]:
    values = {c.name: getattr(row, c.name) for c in orders.c if c.name not in _NOT_VALUES}
    return {n: v for n, v in (values | dict(row.extra)).items() if v is not None}


def _readings(connection: Connection, source: str, key: str) -> list[Entry]:
    t = observations.c
    query = select(observations).where(t.source == source, t.key == key).order_by(t.id.desc()).limit(MOST)
    entries: list[Entry] = []
    before: dict[str, FieldValue] = {}
    for row in reversed(connection.execute(query).all()):
        fields = {n: value_from_json(n, v) for n, v in row.readings.items()}
        other = {n: v for n, v in fields.items() if n not in before or _differs(v, before[n])}
        entries.append(
            Entry(
                happened=Happened.READ,
                at=row.first_seen,
                id=row.id,
                what="again" if before else "first",
                fields=other if before else {n: v for n, v in fields.items() if not v.ok} or fields,
                more={"times": row.times, "last_seen": row.last_seen, "ok": row.ok},
            )
        )
        before = fields
    return entries


def _differs(a: FieldValue, b: FieldValue) -> bool:
    return a.reading.text != b.reading.text or a.ok != b.ok


def _events(connection: Connection, source: str, key: str) -> list[Entry]:
    t = order_events.c
    query = select(order_events).where(t.source == source, t.key == key).order_by(t.id.desc()).limit(MOST)
    return [
        Entry(
            happened=Happened.EVENT,
            at=row.at,
            id=row.id,
            what=row.event,
            by=row.by,
            changed={n: (_text(c["from"]), _text(c["to"])) for n, c in row.changed.items()},
            more={"version": row.version},
        )
        for row in connection.execute(query)
    ]


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _questions(connection: Connection, source: str, key: str) -> list[Entry]:
    r, d = review_items.c, decisions.c
    # Where the key itself was in doubt, the order is found by the key that was decided.
    asked = connection.execute(
        select(r.id, r.kind, r.fields, r.created_at, r.state)
        .where(r.source == source, r.key == key)
        .order_by(r.id.desc())
        .limit(MOST)
    ).all()
    made = connection.execute(
        select(decisions, r.kind)
        .join_from(decisions, review_items, d.item_id == r.id)
        .where(or_(d.item_id.in_([a.id for a in asked]), and_(d.source == source, d.key == key)))
        .order_by(d.id.desc())
        .limit(MOST)
    ).all()
    entries = [
        Entry(
            happened=Happened.ASKED,
            at=a.created_at,
            id=a.id,
            what=a.kind,
            more={"fields": list(a.fields), "state": a.state},
        )
        for a in asked
    ]
    for m in made:
        told = {"values": dict(m.values), "note": m.note}
        entries.append(Entry(happened=Happened.DECIDED, at=m.at, id=m.id, what=m.action, by=m.by, more=told))
        if m.undone_at is not None:
            entries.append(
                Entry(happened=Happened.UNDONE, at=m.undone_at, id=m.id, what=m.action, by=m.undone_by or "")
            )
    return entries


def _messages(connection: Connection, source: str, order_no: str, key: str) -> list[Entry]:
    t = outbox.c
    query = select(outbox).where(t.source == source, t.order_no == order_no).order_by(t.id.desc()).limit(MOST)
    entries: list[Entry] = []
    for row in connection.execute(query):
        body = json.loads(row.body)
        if KEY_SEP.join(_parts(body.get("key"))) != key:
            continue
        entries.append(
            Entry(
                happened=Happened.SENT,
                at=row.sent_at or row.created_at,
                id=row.id,
                what=str(body.get("type", "")).removeprefix("order."),
                by=row.receiver,
                more={"state": row.state, "attempts": row.attempts, "error": row.last_error or ""},
            )
        )
    return entries


def _contracts(connection: Connection, source: str, key: str, *, own: bool) -> list[Entry]:
    """own: only contracts that surely bind this order; one that only may do so could be another customer's."""
    link, e = contract_links.c, contract_entries.c
    bound = select(link.contract).where(link.source == source, link.key == key)
    if own:
        bound = bound.where(link.state == LinkState.LINKED.value)
    kept = {
        c.id: c for c in load(connection, contracts.c.id.in_(bound.order_by(link.contract.desc()).limit(MOST)))
    }
    entries = [
        Entry(happened=Happened.CONTRACT, at=c.received_at, id=c.id, what="received", more={"contract": c})
        for c in kept.values()
    ]
    told = select(contract_entries).where(e.contract.in_(kept)).order_by(e.id.desc()).limit(MOST)
    for row in connection.execute(told):
        # What was said of its other orders belongs on their time lines.
        if row.details.get("source", source) != source or row.details.get("key", key) != key:
            continue
        more = {"contract": kept[row.contract], "details": row.details}
        entries.append(
            Entry(happened=Happened.PROMISE, at=row.at, id=row.id, what=row.action, by=row.by, more=more)
        )
    return entries


def _parts(key: Any) -> Sequence[str]:
    return [str(part) for part in key] if isinstance(key, list) else []
