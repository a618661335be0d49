"""Faults put into the program on purpose, to show that the torture run would find them.

Each replaces a method of the outbox's relay in the running process; nothing of it is reachable from the product.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bridge.outbox import relay


def mark_before_send() -> None:
    """A message counts as sent before it is: a kill in between loses it."""
    deliver = relay.OutboxRelay._deliver

    def careless(self: Any, message: Any, tally: Any) -> None:
        self._store.mark_sent(message, now=self._clock())
        deliver(self, message, tally)

    relay.OutboxRelay._deliver = careless  # type: ignore[method-assign]


def new_key_per_attempt() -> None:
    """Each attempt has an id of its own: a kill between the answer and its note has the change told twice."""
    deliver = relay.OutboxRelay._deliver

    def forgetful(self: Any, message: Any, tally: Any) -> None:
        again = message.attempts > 1
        deliver(self, replace(message, message_id=uuid.uuid4().hex) if again else message, tally)

    relay.OutboxRelay._deliver = forgetful  # type: ignore[method-assign]


BREAKS: dict[str, Callable[[], None]] = {
    "mark_before_send": mark_before_send,
    "new_key_per_attempt": new_key_per_attempt,
}
