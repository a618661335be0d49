"""Questions for people: filed by runs, closed by decisions or by becoming idle, never asked twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, or_, select, update

from bridge.errors import UsageError
from bridge.interfaces import Action, StoredReview
from bridge.records import (
    ChangeKind,
    ChangeSet,
    ObservedList,
    ReviewItem,
    ReviewKind,
)
from bridge.store.database import Database
from bridge.store.encoding import item_from_row, item_to_row, line_from_json
from bridge.store.in_lists import in_lists
from bridge.store.tables import meta, review_items

# Questions about the list as a whole.  They may return after they were answered, once the list was well between.
WHOLE_LIST = (ReviewKind.BREAKER, ReviewKind.LAYOUT)


def release_name(source: str) -> str:
    return f"release:{source}"


def file_reviews(
    connection: Connection,
    run_id: str,
    observed: ObservedList,
    changes: ChangeSet,
    now: datetime,
    *,
    trusted: bool,
) -> tuple[int, int]:
    """Keeps a run's new questions and closes those that it answered; returns how many of each.

    trusted: the list was neither held nor stopped.  Else its rows' doubts are not filed, and it answers nothing.
    """
    asked = changes.reviews
    closed = 0
    if trusted:
        closed = _close_idle(connection, observed, changes, now)
    else:
        asked = tuple(item for item in asked if item.kind in WHOLE_LIST)
    return insert_new(connection, run_id, observed.source, asked, now), closed


def insert_new(
    connection: Connection, run_id: str, source: str, asked: Sequence[ReviewItem], now: datetime
) -> int:
    """Files the questions that stand nowhere yet and were not answered; returns how many those are."""
    t = review_items.c
    unique = {item.fingerprint: item for item in asked}
    standing: dict[str, Any] = {}
    answered: set[tuple[str, str]] = set()
    for part in in_lists(list(unique)):
        query = select(t.id, t.fingerprint, t.content, t.before, t.central, t.state).where(
            t.source == source, t.fingerprint.in_(part), or_(t.state == "open", t.binding)
        )
        for row in connection.execute(query):
            if row.state == "open":
                standing[row.fingerprint] = row
            else:
                answered.add((row.fingerprint, row.content))
    for part in in_lists(sorted(standing)):
        connection.execute(
            update(review_items)
            .where(t.source == source, t.fingerprint.in_(part), t.state == "open")
            .values(last_run=run_id, last_seen=now)
        )
    rows = []
    for item in unique.values():
        values = item_to_row(item)
        if (known := standing.get(item.fingerprint)) is not None:
            # The question is the same, and what else stands in the row may have moved on: an answer must not let
            # out what the ERP no longer shows.
            if any(getattr(known, name) != values[name] for name in ("content", "before", "central")):
                connection.execute(update(review_items).where(t.id == known.id).values(**values))
            continue
        # A person's answer stands for the row as it was.  Where something proven in it changed since, the
        # question is a new one: else that change would be held back without anyone being told.
        if (item.fingerprint, values["content"]) in answered:
            continue
        values.update(state="open", binding=False, run_id=run_id, created_at=now, last_run=run_id, last_seen=now)
        rows.append(values)
    if rows:
        connection.execute(insert(review_items), rows)
    return len(rows)


def _close_idle(connection: Connection, observed: ObservedList, changes: ChangeSet, now: datetime) -> int:
    t = review_items.c
    asked = {item.fingerprint for item in changes.reviews}
    asked_keys = {item.key for item in changes.reviews if item.key is not None}
    answered = {line.key for line in observed.lines if line.ok} | asked_keys
    answered |= {c.key for c in changes.changes if c.kind in (ChangeKind.GONE, ChangeKind.LEFT)}
    whole = [ReviewKind.BREAKER.value]
    asked_of_list = [item.fingerprint for item in changes.reviews if item.kind in WHOLE_LIST]
    if observed.complete:
        # Nothing is hidden: what this run did not ask is no question any more.
        whole += [k.value for k in ReviewKind if k is not ReviewKind.DOUBTFUL_ROW]
        connection.execute(
            update(review_items)
            .where(
                t.source == observed.source,
                t.kind.in_([k.value for k in WHOLE_LIST]),
                t.binding,
                t.fingerprint.not_in(asked_of_list),
            )
            .values(binding=False)
        )
    query = select(t.id, t.kind, t.key, t.fingerprint).where(t.source == observed.source, t.state == "open")
    idle = [
        row.id
        for row in connection.execute(query)
        if row.fingerprint not in asked
        and (row.kind in whole or (row.kind == ReviewKind.DOUBTFUL_ROW and row.key in answered))
    ]
    for part in in_lists(idle):
        connection.execute(update(review_items).where(t.id.in_(part)).values(state="superseded", closed_at=now))
    return len(idle)


class Reviews:
    """Reads the questions: ``open_reviews`` of ``interfaces.Store`` and ``reviews``, ``review`` of
    ``interfaces.DecisionStore``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open_reviews(self, source: str | None = None) -> list[ReviewItem]:
        return [stored.item for stored in self.reviews(source)]

    def reviews(self, source: str | None = None) -> list[StoredReview]:
        """The open questions, oldest first."""
        t = review_items.c
        query = select(review_items).where(t.state == "open").order_by(t.id)
        if source is not None:
            query = query.where(t.source == source)
        with self._database.read() as connection:
            return [stored_review(row) for row in connection.execute(query).mappings()]

    def review(self, item_id: int) -> StoredReview:
        """Raises UsageError if there is none of this number."""
        query = select(review_items).where(review_items.c.id == item_id)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        if row is None:
            raise UsageError(
                f"there is no question {item_id}", hint="`bridge review list` shows the open ones.", item=item_id
            )
        return stored_review(row)

    def not_orders(self, source: str) -> frozenset[str]:
        """Fingerprints of the rows that a person called no order."""
        t = review_items.c
        query = select(t.fingerprint).where(t.source == source, t.binding, t.decision == Action.NOT_AN_ORDER.value)
        with self._database.read() as connection:
            return frozenset(connection.execute(query).scalars())

    def released(self, source: str) -> str | None:
        """Fingerprint of the hold that a person released, until the next complete run has used it up."""
        query = select(meta.c.value).where(meta.c.name == release_name(source))
        with self._database.read() as connection:
            value = connection.execute(query).scalar_one_or_none()
        return str(value["fingerprint"]) if value is not None else None

    def evidence_in_use(self) -> set[str]:
        """Hashes of the pictures that open questions show: shots and cells."""
        query = select(review_items.c.line).where(review_items.c.state == "open", review_items.c.line.is_not(None))
        with self._database.read() as connection:
            lines = [line_from_json(data) for data in connection.execute(query).scalars()]
        readings = [v.reading for line in lines for v in line.fields.values()]
        return {name for r in readings for name in (r.shot, r.picture) if name}


def stored_review(row: Any) -> StoredReview:
    return StoredReview(
        id=row["id"],
        item=item_from_row(row),
        state=row["state"],
        run_id=row["run_id"],
        created_at=row["created_at"],
        last_seen=row["last_seen"],
        decided_by=row["decided_by"],
        decision=Action(row["decision"]) if row["decision"] is not None else None,
        closed_at=row["closed_at"],
    )
