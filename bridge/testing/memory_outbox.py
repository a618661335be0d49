"""An outbox in memory that keeps every rule of ``interfaces.OutboxStore``.

For tests of the relay alone, where a database would only be in the way; the contract test in
tests/integration/test_outbox_contract.py holds it and ``bridge.store`` to the same behaviour.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bridge.records import OutboxMessage


@dataclass(slots=True)
class _Entry:
    message: OutboxMessage
    due: datetime
    state: str = "pending"  # pending | leased | sent | parked
    error: str = ""


class MemoryOutbox:
    """Thread-safe.  Implements ``interfaces.OutboxStore``."""

    def __init__(self) -> None:
        self._entries: dict[int, _Entry] = {}
        self._lock = threading.Lock()

    def add(
        self, *, receiver: str, order_no: str, body: str, now: datetime, source: str = "demo"
    ) -> OutboxMessage:
        """What ``Store.commit`` does for one change and one receiver."""
        with self._lock:
            number = len(self._entries) + 1
            message = OutboxMessage(
                id=number,
                message_id=f"msg_{number:08d}",
                receiver=receiver,
                source=source,
                order_no=order_no,
                body=body,
                created_at=now,
            )
            self._entries[number] = _Entry(message=message, due=now)
            return message

    def lease(self, receiver: str, *, now: datetime, lease_s: float, limit: int) -> list[OutboxMessage]:
        with self._lock:
            leased: list[OutboxMessage] = []
            closed: set[tuple[str, str]] = set()  # orders whose first unsent message is not for now
            for entry in self._entries.values():
                order = (entry.message.source, entry.message.order_no)
                if entry.message.receiver != receiver or entry.state == "sent" or order in closed:
                    continue
                closed.add(order)
                if entry.state == "parked" or entry.due > now or len(leased) >= limit:
                    continue
                entry.state, entry.due = "leased", now + timedelta(seconds=lease_s)
                entry.message = replace(entry.message, attempts=entry.message.attempts + 1)
                leased.append(entry.message)
            return leased

    def mark_sent(self, message: OutboxMessage, *, now: datetime) -> None:
        with self._lock:
            self._entries[message.id].state = "sent"

    def mark_failed(self, message: OutboxMessage, *, error: str, retry_at: datetime, now: datetime) -> None:
        self._close_attempt(message, "pending", error, retry_at)

    def park(self, message: OutboxMessage, *, error: str, now: datetime) -> None:
        self._close_attempt(message, "parked", error, now)

    def pending(self, receiver: str | None = None) -> dict[str, int]:
        with self._lock:
            states = (e.state for e in self._entries.values() if receiver in (None, e.message.receiver))
            return {"pending": 0, "leased": 0, "sent": 0, "parked": 0} | Counter(states)

    def error_of(self, message: OutboxMessage) -> str:
        return self._entries[message.id].error

    def attempts_of(self, message: OutboxMessage) -> int:
        return self._entries[message.id].message.attempts

    def _close_attempt(self, message: OutboxMessage, state: str, error: str, due: datetime) -> None:
        with self._lock:
            entry = self._entries[message.id]
            # A lease that ran out and was taken anew belongs to the new attempt; only "sent" is true for ever.
            if entry.state == "leased" and entry.message.attempts == message.attempts:
                entry.state, entry.error, entry.due = state, error, due
