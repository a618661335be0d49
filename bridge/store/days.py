"""What happened in a span of time: questions asked or settled, changes, runs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select

from bridge.interfaces import StoredReview
from bridge.records import ChangeKind, RunSummary
from bridge.store.database import Database
from bridge.store.reviews import stored_review
from bridge.store.runs import run_summary
from bridge.store.tables import order_events, review_items, runs


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderEvent:
    """One change of an order.  changed: field → (from, to), plain values.  by: 'bridge' or a person."""

    source: str
    key: str
    order_no: str
    kind: ChangeKind
    at: datetime
    by: str
    changed: dict[str, tuple[Any, Any]]


class Days:
    def __init__(self, database: Database) -> None:
        self._database = database

    def asked_between(self, start: datetime, end: datetime) -> list[StoredReview]:
        """Questions that were first asked or closed then, as they stand now, in order of asking."""
        t = review_items.c
        asked = and_(t.created_at >= start, t.created_at < end)
        closed = and_(t.closed_at >= start, t.closed_at < end)
        with self._database.read() as connection:
            rows = connection.execute(select(review_items).where(or_(asked, closed)).order_by(t.id)).mappings()
            return [stored_review(row) for row in rows]

    def changed_between(self, start: datetime, end: datetime) -> list[OrderEvent]:
        """Changes of orders that came from the ERP or from decisions, oldest first."""
        t = order_events.c
        kinds = [k.value for k in ChangeKind]
        query = select(order_events).where(t.at >= start, t.at < end, t.event.in_(kinds)).order_by(t.id)
        with self._database.read() as connection:
            return [
                OrderEvent(
                    source=row.source,
                    key=row.key,
                    order_no=row.order_no,
                    kind=ChangeKind(row.event),
                    at=row.at,
                    by=row.by,
                    changed={n: (c["from"], c["to"]) for n, c in row.changed.items()},
                )
                for row in connection.execute(query)
            ]

    def runs_between(self, start: datetime, end: datetime) -> list[RunSummary]:
        """Begun then, oldest first; without dry runs."""
        t = runs.c
        query = select(runs).where(t.started_at >= start, t.started_at < end).order_by(t.started_at, t.id)
        with self._database.read() as connection:
            found = [run_summary(row) for row in connection.execute(query)]
        return [r for r in found if not r.dry_run]
