"""The queue of open questions for the review page: which there are, who has them, what was just decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from bridge.errors import AlreadyDecided
from bridge.interfaces import Action, StoredReview
from bridge.records import FieldValue
from bridge.store import audit
from bridge.store.database import Database
from bridge.store.encoding import value_from_json
from bridge.store.in_lists import in_lists
from bridge.store.reviews import stored_review
from bridge.store.tables import decisions, observations, review_items

_LOOKED_BACK = 20
"""Observations of one key that are searched for the last proven picture of a cell."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """An open question's place in the queue; what it asks never changes and is loaded once."""

    id: int
    assigned_to: str | None
    later_until: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class MadeDecision:
    """What was decided with one key."""

    batch: str
    items: tuple[int, ...]
    order_nos: tuple[str, ...]
    action: Action
    by: str
    at: datetime
    undone: bool


class Queue:
    def __init__(self, database: Database) -> None:
        self._database = database

    def standing(self) -> list[Standing]:
        """All open questions, oldest first."""
        t = review_items.c
        query = select(t.id, t.assigned_to, t.later_until).where(t.state == "open").order_by(t.id)
        with self._database.read() as connection:
            return [
                Standing(id=row.id, assigned_to=row.assigned_to, later_until=row.later_until)
                for row in connection.execute(query)
            ]

    def reviews_of(self, ids: Sequence[int]) -> list[StoredReview]:
        with self._database.read() as connection:
            return [
                stored_review(row)
                for part in in_lists(ids)
                for row in connection.execute(select(review_items).where(review_items.c.id.in_(part))).mappings()
            ]

    def put_off(self, ids: Sequence[int], until: datetime, *, by: str, now: datetime) -> None:
        """Raises AlreadyDecided if one of them is no longer open; then nothing is put off."""
        self._mark(ids, {"later_until": until}, by, now, "later", {"until": until.isoformat()})

    def assign(self, ids: Sequence[int], to: str | None, *, by: str, now: datetime) -> None:
        """to: a user's name; None: nobody's.  Raises AlreadyDecided as ``put_off``."""
        self._mark(ids, {"assigned_to": to, "later_until": None}, by, now, "assign", {"to": to})

    def _mark(
        self,
        ids: Sequence[int],
        values: dict[str, object],
        by: str,
        now: datetime,
        action: str,
        told: dict[str, object],
    ) -> None:
        t = review_items.c
        with self._database.write() as connection:
            for part in in_lists(ids):
                marked = connection.execute(
                    update(review_items).where(t.id.in_(part), t.state == "open").values(**values)
                )
                if marked.rowcount != len(set(part)):
                    raise AlreadyDecided("the question was decided meanwhile")
            audit.append(connection, at=now, actor=by, action=action, details={"questions": list(ids), **told})

    def made_decisions(self, limit: int, by: str | None = None) -> list[MadeDecision]:
        """The newest first; only those that can be undone."""
        t, i = decisions.c, review_items.c
        query = (
            select(t.batch, t.item_id, t.action, t.by, t.at, t.undone_at, i.order_no)
            .join_from(decisions, review_items, t.item_id == i.id)
            .where(t.batch.is_not(None))
            .order_by(t.id.desc())
            .limit(limit * 20)
        )
        if by is not None:
            query = query.where(t.by == by)
        made: dict[str, MadeDecision] = {}
        with self._database.read() as connection:
            for row in connection.execute(query):
                old = made.get(row.batch)
                if old is None and len(made) == limit:
                    break
                made[row.batch] = MadeDecision(
                    batch=row.batch,
                    items=(*(old.items if old else ()), row.item_id),
                    order_nos=(*(old.order_nos if old else ()), row.order_no or ""),
                    action=Action(row.action),
                    by=row.by,
                    at=row.at,
                    undone=row.undone_at is not None,
                )
        return list(made.values())

    def decided_by(self, batch: str) -> str | None:
        """Who made the decisions of a batch; None where there is none."""
        query = select(decisions.c.by).where(decisions.c.batch == batch).limit(1)
        with self._database.read() as connection:
            found: str | None = connection.execute(query).scalar_one_or_none()
        return found

    def last_proven(self, source: str, key: str, field: str) -> FieldValue | None:
        """The newest observation of a row in which this field was proven."""
        t = observations.c
        query = (
            select(t.readings).where(t.source == source, t.key == key).order_by(t.id.desc()).limit(_LOOKED_BACK)
        )
        with self._database.read() as connection:
            for readings in connection.execute(query).scalars():
                if field in readings and (value := value_from_json(field, readings[field])).ok:
                    return value
        return None
