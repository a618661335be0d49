"""The outbox: messages in order of commit; lease → send → mark.

pending → leased → sent; a failed attempt goes back to pending with a later time; a refused message is parked
for a person.  A parked message holds back the later ones of the same order number and receiver (they may rest on
it) until a person releases or drops it.  A lease that ended is leased again: ``attempts`` tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, exists, func, or_, select, text, update

from bridge.errors import UsageError
from bridge.records import OutboxMessage
from bridge.store.database import Database
from bridge.store.tables import outbox

_LONGEST_ERROR = 500
_UNSENT = "state IN ('pending', 'leased', 'parked')"  # word for word as in the partial indexes


@dataclass(frozen=True, kw_only=True, slots=True)
class ParkedMessage:
    message: OutboxMessage
    error: str


class Outbox:
    """Satisfies ``interfaces.OutboxStore``; any number of workers may share the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def lease(self, receiver: str, *, now: datetime, lease_s: float, limit: int) -> list[OutboxMessage]:
        """See ``interfaces.OutboxStore.lease``."""
        t, earlier = outbox.c, outbox.alias("earlier")
        blocked = exists().where(
            earlier.c.receiver == t.receiver,
            earlier.c.source == t.source,
            earlier.c.order_no == t.order_no,
            earlier.c.id < t.id,
            text(f"earlier.{_UNSENT}"),
        )
        due = or_(
            and_(t.state == "pending", t.next_attempt_at <= now),
            and_(t.state == "leased", t.lease_until <= now),
        )
        query = (
            select(outbox)
            .where(t.receiver == receiver, text(f"outbox.{_UNSENT}"), due, ~blocked)
            .order_by(t.id)
            .limit(limit)
            # Another worker's rows are passed over, not waited for; SQLite has one writer at a time anyway.
            .with_for_update(skip_locked=True, of=outbox)
        )
        with self._database.write() as connection:
            rows = connection.execute(query).all()
            if rows:
                connection.execute(
                    update(outbox)
                    .where(t.id.in_([row.id for row in rows]))
                    .values(state="leased", attempts=t.attempts + 1, lease_until=now + timedelta(seconds=lease_s))
                )
        return [_message(row, attempts=row.attempts + 1) for row in rows]

    def mark_sent(self, message: OutboxMessage, *, now: datetime) -> None:
        """It was sent, whoever holds the lease by now."""
        unsent = outbox.c.state != "sent"
        self._update(message, unsent, state="sent", sent_at=now, lease_until=None, last_error=None)

    def mark_failed(self, message: OutboxMessage, *, error: str, retry_at: datetime, now: datetime) -> None:
        """Only the worker with the newest attempt decides: an older one's news is out of date."""
        mine = self._mine(message)
        self._update(message, mine, state="pending", next_attempt_at=retry_at, lease_until=None, last_error=error)

    def park(self, message: OutboxMessage, *, error: str, now: datetime) -> None:
        self._update(message, self._mine(message), state="parked", lease_until=None, last_error=error)

    def pending(self, receiver: str | None = None) -> dict[str, int]:
        """Counts by state: pending, leased, sent, parked."""
        query = select(outbox.c.state, func.count().label("n")).group_by(outbox.c.state)
        if receiver is not None:
            query = query.where(outbox.c.receiver == receiver)
        with self._database.read() as connection:
            counted = {row.state: row.n for row in connection.execute(query)}
        return {state: counted.get(state, 0) for state in ("pending", "leased", "sent", "parked")}

    def oldest_unsent(self, receiver: str | None = None) -> datetime | None:
        """When the oldest message that is not out yet was written; None if all are out."""
        query = select(func.min(outbox.c.created_at)).where(text(_UNSENT))
        if receiver is not None:
            query = query.where(outbox.c.receiver == receiver)
        with self._database.read() as connection:
            oldest: datetime | None = connection.execute(query).scalar_one()
        return oldest

    def parked(self, receiver: str | None = None) -> list[ParkedMessage]:
        query = select(outbox).where(outbox.c.state == "parked").order_by(outbox.c.id)
        if receiver is not None:
            query = query.where(outbox.c.receiver == receiver)
        with self._database.read() as connection:
            return [
                ParkedMessage(message=_message(row), error=row.last_error or "")
                for row in connection.execute(query)
            ]

    def release_parked(self, ids: Sequence[int], *, now: datetime) -> int:
        """A person says: try them again, now.  Returns how many were parked."""
        return self._from_parked(ids, state="pending", next_attempt_at=now)

    def drop_parked(self, ids: Sequence[int]) -> int:
        """A person says: never send them.  The later ones of their order numbers may go."""
        return self._from_parked(ids, state="dropped")

    def replay(
        self, *, since: datetime, until: datetime | None = None, receiver: str | None = None, now: datetime
    ) -> int:
        """What was sent from ``since`` on (up to ``until``) is due again, in its old order, under its old ids.

        A receiver that still has it ignores it, one that was put back from a backup gets it again.  Returns how
        many messages that are."""
        t = outbox.c
        conditions = [t.state == "sent", t.sent_at >= since]
        conditions += [t.sent_at < until] if until is not None else []
        conditions += [t.receiver == receiver] if receiver is not None else []
        again = {"state": "pending", "attempts": 0, "next_attempt_at": now, "sent_at": None}
        with self._database.write() as connection:
            return connection.execute(update(outbox).where(*conditions).values(**again)).rowcount

    def _from_parked(self, ids: Sequence[int], **values: Any) -> int:
        if not ids:
            raise UsageError("no message was named", hint="Give the ids that `bridge push --parked` shows.")
        t = outbox.c
        with self._database.write() as connection:
            return connection.execute(
                update(outbox).where(t.id.in_(ids), t.state == "parked").values(**values)
            ).rowcount

    @staticmethod
    def _mine(message: OutboxMessage) -> Any:
        return and_(outbox.c.attempts == message.attempts, outbox.c.state.in_(("pending", "leased")))

    def _update(self, message: OutboxMessage, condition: Any, **values: Any) -> None:
        if values.get("last_error"):
            values["last_error"] = values["last_error"][:_LONGEST_ERROR]
        with self._database.write() as connection:
            connection.execute(update(outbox).where(outbox.c.id == message.id, condition).values(**values))


def _message(row: Any, attempts: int | None = None) -> OutboxMessage:
    return OutboxMessage(
        id=row.id,
        message_id=row.message_id,
        receiver=row.receiver,
        source=row.source,
        order_no=row.order_no,
        body=row.body,
        created_at=row.created_at,
        attempts=row.attempts if attempts is None else attempts,
    )
