"""USE CASE, stage *push*: outbox → receivers, at least once, in order per order number.

Lease → send → mark, one message at a time for each receiver.  The lease is what records the attempt, before it
is made; a process killed at any instant leaves a message leased, which comes back under the same message id.
Log events: ``push.sending``, ``push.answered`` (debug; a kill between this and the next lies between send and
mark), ``push.sent``, ``push.failed``, ``push.parked``, ``push.paused``.
"""

from __future__ import annotations

import contextvars
import random
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bridge import log
from bridge.errors import DeliveryFailed, DeliveryRefused, UsageError
from bridge.interfaces import Clock, OutboxStore, PushResult, Transport
from bridge.outbox.backoff import Backoff
from bridge.records import OutboxMessage


@dataclass(frozen=True, kw_only=True, slots=True)
class RelayRules:
    """lease_s: must outlive the longest send of any transport (webhook: ``total_s``), else a second process
    could overtake the first within one order number.
    failures_to_pause: consecutive failures or refusals after which a receiver is left alone in this push.
    park_after: attempts after which a message that keeps failing is parked, but only in a push in which the
    same receiver took something else; an outage of days parks nothing.
    """

    lease_s: float = 300.0
    failures_to_pause: int = 3
    park_after: int = 40
    backoff: Backoff = field(default_factory=Backoff)


@dataclass(kw_only=True, slots=True)
class _Tally:
    """What one receiver's turn came to."""

    sent: int = 0
    failed: int = 0
    parked: int = 0
    in_a_row: int = 0  # failures and refusals since the last message that was taken
    worn_out: list[tuple[OutboxMessage, DeliveryFailed]] = field(default_factory=list)


class OutboxRelay:
    """Implements ``interfaces.Relay``."""

    def __init__(
        self,
        *,
        store: OutboxStore,
        transports: Mapping[str, Transport],
        clock: Clock,
        rules: RelayRules | None = None,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """transports: by receiver name, used by one thread each.  draw: evenly from [0, 1), for the jitter."""
        self._store = store
        self._transports = transports
        self._clock = clock
        self._rules = rules or RelayRules()
        self._draw = draw
        self._quiet_until: dict[str, datetime] = {}  # what Retry-After asked of us, by receiver

    def push(self, *, receiver: str | None = None, deadline: datetime | None = None) -> PushResult:
        """Sends what is due, to one receiver or to all side by side, until nothing is due or the deadline.

        A send that has begun is finished; transports bound it.  ``left`` counts what still waits, also for
        receivers that are no longer configured.  Raises UsageError for an unknown receiver, and StoreError
        after the other receivers had their turn.
        """
        if receiver is not None and receiver not in self._transports:
            known = ", ".join(sorted(self._transports)) or "none is configured"
            raise UsageError(f"no receiver {receiver!r}", hint=f"Receivers in bridge.toml: {known}.")
        names = [receiver] if receiver is not None else list(self._transports)
        with ThreadPoolExecutor(max_workers=max(len(names), 1), thread_name_prefix="push") as pool:
            # The caller's context goes along, else the run id would be missing from these log events.
            turns = [pool.submit(contextvars.copy_context().run, self._turn, n, deadline) for n in names]
        tallies = [turn.result() for turn in turns]
        waiting = self._store.pending(receiver)
        return PushResult(
            sent=sum(t.sent for t in tallies),
            failed=sum(t.failed for t in tallies),
            parked=sum(t.parked for t in tallies),
            left=waiting.get("pending", 0) + waiting.get("leased", 0),
        )

    def _turn(self, name: str, deadline: datetime | None) -> _Tally:
        tally = _Tally()
        try:
            while self._may_go_on(name, tally, deadline):
                # One at a time: a larger lease would record attempts that a kill or a pause never makes, and
                # its last message could outlive the lease.
                leased = self._store.lease(name, now=self._clock(), lease_s=self._rules.lease_s, limit=1)
                if not leased:
                    break
                self._deliver(leased[0], tally)
        finally:
            self._settle_worn_out(tally)
        return tally

    def _may_go_on(self, name: str, tally: _Tally, deadline: datetime | None) -> bool:
        now = self._clock()
        if deadline is not None and now >= deadline:
            why = "the push's time is over"
        elif now < (until := self._quiet_until.get(name, now)):
            why = f"the receiver asked to wait until {until.isoformat(timespec='seconds')}"
        elif tally.in_a_row >= self._rules.failures_to_pause:
            why = f"{tally.in_a_row} failures in a row; the next push tries again"
        else:
            return True
        log.event("push.paused", why, level="WARNING", stage="push", receiver=name)
        return False

    def _deliver(self, message: OutboxMessage, tally: _Tally) -> None:
        _tell("push.sending", message, level="DEBUG")
        try:
            self._transports[message.receiver].send(message)
        except DeliveryFailed as e:
            tally.in_a_row += 1
            self._failed(message, e, tally)
            return
        except DeliveryRefused as e:
            tally.in_a_row += 1
            self._park(message, str(e), tally)
            return
        _tell("push.answered", message, level="DEBUG")
        self._store.mark_sent(message, now=self._clock())
        tally.sent += 1
        tally.in_a_row = 0
        _tell("push.sent", message)
        self._settle_worn_out(tally)

    def _failed(self, message: OutboxMessage, error: DeliveryFailed, tally: _Tally) -> None:
        if error.retry_after is not None:
            # It names a time for itself, not for this message: nothing more goes there before that.
            asked = min(error.retry_after, self._rules.backoff.retry_after_cap_s)
            self._quiet_until[message.receiver] = self._clock() + timedelta(seconds=asked)
        if message.attempts >= self._rules.park_after:
            # Parked or tried again: that depends on whether the receiver takes anything else in this push.
            # It is settled with the next success or at the end, while the lease still holds.
            tally.worn_out.append((message, error))
            return
        self._mark_failed(message, error, tally)

    def _settle_worn_out(self, tally: _Tally) -> None:
        while tally.worn_out:
            message, error = tally.worn_out.pop()
            if tally.sent:
                self._park(message, f"given up after {message.attempts} attempts: {error}", tally)
            else:
                self._mark_failed(message, error, tally)

    def _mark_failed(self, message: OutboxMessage, error: DeliveryFailed, tally: _Tally) -> None:
        now = self._clock()
        wait = self._rules.backoff.delay(
            max(message.attempts, 1), random=self._draw(), retry_after=error.retry_after
        )
        retry_at = now + timedelta(seconds=wait)
        self._store.mark_failed(message, error=str(error), retry_at=retry_at, now=now)
        tally.failed += 1
        words = f"{error}; tried again from {retry_at.isoformat(timespec='seconds')} on"
        _tell("push.failed", message, words, level="WARNING", hint=error.hint)

    def _park(self, message: OutboxMessage, error: str, tally: _Tally) -> None:
        self._store.park(message, error=error, now=self._clock())
        tally.parked += 1
        _tell("push.parked", message, error, level="WARNING")


def _tell(event: str, message: OutboxMessage, words: str = "", *, level: str = "INFO", **fields: str) -> None:
    log.event(
        event,
        words,
        level=level,
        stage="push",
        receiver=message.receiver,
        source=message.source,
        order_no=message.order_no,
        message_id=message.message_id,
        attempt=message.attempts,
        **fields,
    )
