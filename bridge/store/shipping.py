"""When an order came to be as it is: seen in what was read of it, run after run."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from bridge.encoded import plain_scalar
from bridge.records import FieldValue
from bridge.store.database import Database
from bridge.store.encoding import value_from_json
from bridge.store.in_lists import in_lists
from bridge.store.tables import observations, order_events, orders, runs

Holds = Callable[[Mapping[str, Any]], bool]
"""Of an order's plain values."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FirstSeen:
    """at: when it was first seen so, and has been since.  not_yet: when it was last seen otherwise, None if it was
    so at first sight.  fields: the reading that showed it, empty where a person's word did."""

    at: datetime
    not_yet: datetime | None
    fields: Mapping[str, FieldValue]


@dataclass(frozen=True, kw_only=True, slots=True)
class Shipping:
    """One order as the report of promises needs it.  seen: when it was seen shipped; in a complete capture.
    complete: was it one?  fields: the last reading of the order, at last_seen."""

    source: str
    key: str
    order_no: str
    line_no: str | None
    customer: str
    status: str | None
    life: str
    ship_date: date | None
    is_shipped: bool
    seen: FirstSeen | None
    complete: bool
    fields: Mapping[str, FieldValue]
    last_seen: datetime | None


class Shippings:
    def __init__(self, database: Database) -> None:
        self._database = database

    def shippings(self, keys: Sequence[tuple[str, str]], shipped: Holds) -> list[Shipping]:
        """Of these orders (source, key), those that are there.  shipped: do these values mean that it is out?"""
        found = []
        with self._database.read() as connection:
            for source in sorted({s for s, _ in keys}):
                complete = _complete_captures(connection, source)
                t = orders.c
                for part in in_lists(sorted({k for s, k in keys if s == source})):
                    rows = connection.execute(select(orders).where(t.source == source, t.key.in_(part))).all()
                    found += [_shipping(connection, row, shipped, complete) for row in rows]
        return found


def first_change(connection: Connection, source: str, key: str, holds: Holds) -> FirstSeen | None:
    """The last time the order became so.  None if it is not so now, or never was."""
    seen: FirstSeen | None = None
    not_yet: datetime | None = None
    for at, last, values, fields in _history(connection, source, key):
        if not holds(values):
            seen, not_yet = None, last
        elif seen is None:
            seen = FirstSeen(at=at, not_yet=not_yet, fields=fields)
    return seen


def _history(
    connection: Connection, source: str, key: str
) -> list[tuple[datetime, datetime, dict[str, Any], dict[str, FieldValue]]]:
    """What was surely read (first seen, last seen, values, readings), and what people decided, by time."""
    t, e = observations.c, order_events.c
    points: list[tuple[datetime, datetime, dict[str, FieldValue], dict[str, Any] | None]] = []
    readings = connection.execute(
        select(t.first_seen, t.last_seen, t.readings)
        .where(t.source == source, t.key == key, t.key_ok)
        .order_by(t.id)
    )
    for row in readings:
        fields = {n: value_from_json(n, v) for n, v in row.readings.items()}
        points.append((row.first_seen, row.last_seen, fields, None))
    decided = connection.execute(
        select(e.at, e.changed).where(e.source == source, e.key == key, e.run_id.is_(None)).order_by(e.id)
    )
    points += [(d.at, d.at, {}, {n: c["to"] for n, c in d.changed.items()}) for d in decided]
    points.sort(key=lambda p: p[0])
    history = []
    values: dict[str, Any] = {}
    for first, last, fields, given in points:
        sure = {n: plain_scalar(v.value) for n, v in fields.items() if v.ok} if given is None else given
        values = values | sure
        history.append((first, last, values, {n: v for n, v in fields.items() if v.ok}))
    return history


def _shipping(connection: Connection, row: Any, shipped: Holds, complete: Sequence[datetime]) -> Shipping:
    values = {n: getattr(row, n) for n in ("status", "tracking_no", "ship_date")}
    now = shipped({n: plain_scalar(v) for n, v in values.items()})
    seen = first_change(connection, row.source, row.key, shipped) if now else None
    in_complete = False
    if seen is not None:
        after = bisect_left(complete, seen.at)
        if after < len(complete):
            seen = FirstSeen(at=complete[after], not_yet=seen.not_yet, fields=seen.fields)
            in_complete = True
    o = observations.c
    last = select(o.readings, o.last_seen).where(o.source == row.source, o.key == row.key, o.current)
    read = connection.execute(last.order_by(o.id.desc()).limit(1)).one_or_none()
    return Shipping(
        source=row.source,
        key=row.key,
        order_no=row.order_no,
        line_no=row.line_no,
        customer=row.customer or "",
        status=row.status,
        life=row.life,
        ship_date=row.ship_date,
        is_shipped=now,
        seen=seen,
        complete=in_complete,
        fields={n: value_from_json(n, v) for n, v in read.readings.items()} if read is not None else {},
        last_seen=read.last_seen if read is not None else None,
    )


def _complete_captures(connection: Connection, source: str) -> list[datetime]:
    """When the complete captures of a source were committed, in order."""
    t = runs.c
    query = select(t.committed_at, t.summary).where(t.source == source, t.committed_at.is_not(None))
    return sorted(
        row.committed_at
        for row in connection.execute(query)
        if row.summary is not None and row.summary["complete"]
    )
