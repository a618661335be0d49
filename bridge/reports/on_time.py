"""What was promised against what was shipped: the figures of the on-time report.  Pure.

An order counts from the end of its promised day, in its source's zone.  It was on time if it was shipped on that
day or before; shipped later, or not shipped, it was late.  Whatever is not known is left out, and counted.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum
from typing import Any, Protocol

from bridge.contracts.kept import StoredContract
from bridge.records import FieldValue

PART_SHIPPED = "part_shipped"
CANCELLED, CLOSED = "cancelled", "closed"
SHIP_FIELDS = ("ship_date", "status", "tracking_no")  # that say whether an order is out


class Seen(Protocol):
    """``store.shipping.FirstSeen``."""

    @property
    def at(self) -> datetime: ...
    @property
    def not_yet(self) -> datetime | None: ...
    @property
    def fields(self) -> Mapping[str, FieldValue]: ...


class Shipped(Protocol):
    """``store.shipping.Shipping``."""

    @property
    def source(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def order_no(self) -> str: ...
    @property
    def line_no(self) -> str | None: ...
    @property
    def customer(self) -> str: ...
    @property
    def status(self) -> str | None: ...
    @property
    def life(self) -> str: ...
    @property
    def ship_date(self) -> date | None: ...
    @property
    def is_shipped(self) -> bool: ...
    @property
    def seen(self) -> Seen | None: ...
    @property
    def complete(self) -> bool: ...
    @property
    def fields(self) -> Mapping[str, FieldValue]: ...
    @property
    def last_seen(self) -> datetime | None: ...


class Verdict(StrEnum):
    ON_TIME = "on_time"
    LATE = "late"  # shipped after the promised day
    OVERDUE = "overdue"  # the promised day is over, and it is not shipped
    AT_RISK = "at_risk"  # not shipped, and the promised day is near
    AHEAD = "ahead"  # shipped, and the promised day is not over yet
    WAITING = "waiting"  # not shipped, and there is time


JUDGED = (Verdict.ON_TIME, Verdict.LATE, Verdict.OVERDUE)


class LeftOut(StrEnum):
    """Why an order with a contract says nothing about punctuality."""

    OPEN_TERM = "open_term"  # the term has not begun
    NOT_SURE = "not_sure"  # the promise waits for a person
    NO_DATE = "no_date"  # the contract promises no day
    FIRST_SIGHT = "first_sight"  # shipped already when it was first seen, and there is no ship date
    CANCELLED = "cancelled"
    CLOSED = "closed"  # closed, and nothing says that it was shipped
    GONE = "gone"  # deleted in the ERP before it was seen shipped
    LEFT = "left"  # left the list before it was seen shipped
    IN_DOUBT = "in_doubt"  # what the list shows of its shipping waits for a person
    NOT_SEEN_SINCE = "not_seen_since"  # the list was not read since the promised day ended


@dataclass(frozen=True, kw_only=True)
class PromisedOrder:
    """shipped: the day, None if it is not.  earliest: the first day it may have been, where only a capture shows
    it.  by_capture: the day is that of a capture, not of the ship-date column.  shown_by: the reading that shows
    it (field, reading), None where there is none."""

    order: Shipped
    contract: StoredContract
    promised: date
    verdict: Verdict
    shipped: date | None = None
    earliest: date | None = None
    by_capture: bool = False
    complete: bool = True
    days_late: int = 0
    shown_by: tuple[str, FieldValue] | None = None

    @property
    def uncertain(self) -> bool:
        """Late by the capture that showed it, but it may have been shipped in time."""
        return self.verdict is Verdict.LATE and self.earliest is not None and self.earliest <= self.promised


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """Of one day, week, month or customer.  uncertain: of the late ones, those that may have been in time."""

    name: str
    judged: int
    on_time: int
    uncertain: int

    @property
    def share(self) -> float | None:
        return self.on_time / self.judged if self.judged else None


@dataclass(frozen=True, kw_only=True)
class OnTime:
    """The whole report.  open_contracts: whose term has not begun; waiting_contracts: that wait for a person.
    without_contract: orders that no contract binds."""

    as_of: datetime
    orders: tuple[PromisedOrder, ...]
    left_out: Mapping[LeftOut, int]
    total: Rate
    days: tuple[Rate, ...]
    weeks: tuple[Rate, ...]
    months: tuple[Rate, ...]
    customers: tuple[Rate, ...]
    open_contracts: tuple[StoredContract, ...]
    waiting_contracts: tuple[StoredContract, ...]
    without_contract: int
    at_risk_days: int

    def lately(self, days: int) -> Rate:
        """Of the orders whose promised day lies within the last ``days`` days."""
        since = self.as_of.date() - timedelta(days=days)
        return _rate("", [o for o in self.orders if o.verdict in JUDGED and o.promised >= since])

    def of(self, *verdicts: Verdict) -> list[PromisedOrder]:
        """Those orders, the latest first; of those that are not due yet the most urgent first."""
        found = [o for o in self.orders if o.verdict in verdicts]
        return sorted(found, key=lambda o: (-o.days_late, o.promised, o.order.order_no, o.order.key))


def is_out(words: Collection[str], today: date) -> Callable[[Mapping[str, Any]], bool]:
    """Do an order's plain values mean that it is shipped?  words: of the status.  A ship date of tomorrow alone is
    a plan, and a part of an order is not the order."""

    def out(values: Mapping[str, Any]) -> bool:
        if values.get("status") == PART_SHIPPED:
            return False
        if values.get("status") in words or values.get("tracking_no"):
            return True
        day = values.get("ship_date")
        return bool(day) and str(day) <= today.isoformat()

    return out


def on_time(
    contracts: Iterable[StoredContract],
    shipped: Iterable[Shipped],
    *,
    as_of: datetime,
    zone_of: Callable[[str], tzinfo],
    at_risk_days: int,
    orders: int,
) -> OnTime:
    """shipped: the orders that the contracts bind.  orders: how many there are in all."""
    contracts = list(contracts)
    bound: dict[tuple[str, str], list[StoredContract]] = defaultdict(list)
    for c in contracts:
        if c.superseded_by is None:
            for link in c.linked:
                bound[link.source, link.key].append(c)
    found: list[PromisedOrder] = []
    left_out: Counter[LeftOut] = Counter()
    for order in shipped:
        promise = _promise(bound.get((order.source, order.key), []))
        if promise is None:
            continue
        judged = (
            promise
            if isinstance(promise, LeftOut)
            else _judged(order, promise, as_of, zone_of(order.source), at_risk_days)
        )
        if isinstance(judged, LeftOut):
            left_out[judged] += 1
        else:
            found.append(judged)
    judged_orders = [o for o in found if o.verdict in JUDGED]
    return OnTime(
        as_of=as_of,
        orders=tuple(found),
        left_out={why: left_out[why] for why in LeftOut if left_out[why]},
        total=_rate("", judged_orders),
        days=_rates(judged_orders, lambda o: o.promised.isoformat()),
        weeks=_rates(judged_orders, lambda o: week(o.promised)),
        months=_rates(judged_orders, lambda o: f"{o.promised:%Y-%m}"),
        customers=_rates(judged_orders, lambda o: o.order.customer),
        open_contracts=tuple(c for c in contracts if c.counts and c.due is None and c.stated.is_term),
        waiting_contracts=tuple(c for c in contracts if c.asks),
        without_contract=max(0, orders - len(bound)),
        at_risk_days=at_risk_days,
    )


def week(day: date) -> str:
    """ISO 8601: 2026-W19."""
    year, number, _ = day.isocalendar()
    return f"{year}-W{number:02d}"


def _promise(contracts: Sequence[StoredContract]) -> StoredContract | LeftOut | None:
    """The contract whose day holds.  One that promises nothing says nothing beside one that does."""
    speaking = [c for c in contracts if c.stated.says_something or not c.counts]
    if not speaking:
        return LeftOut.NO_DATE if contracts else None
    if not all(c.counts for c in speaking):
        return LeftOut.NOT_SURE
    if any(c.due is None for c in speaking):
        return LeftOut.OPEN_TERM
    return speaking[0]


def _judged(
    order: Shipped, contract: StoredContract, as_of: datetime, zone: tzinfo, at_risk_days: int
) -> PromisedOrder | LeftOut:
    assert contract.due is not None
    promised, today = contract.due, as_of.astimezone(zone).date()
    if any(not v.ok for n, v in order.fields.items() if n in SHIP_FIELDS):
        return LeftOut.IN_DOUBT
    if order.is_shipped:
        return _shipped(order, contract, promised, today, zone)
    if order.status == CANCELLED:
        return LeftOut.CANCELLED
    if order.status == CLOSED:
        return LeftOut.CLOSED
    if order.life != "active":
        return LeftOut.GONE if order.life == "gone" else LeftOut.LEFT
    if today <= promised:
        near = promised <= today + timedelta(days=at_risk_days)
        verdict = Verdict.AT_RISK if near else Verdict.WAITING
    elif order.last_seen is None or order.last_seen.astimezone(zone).date() <= promised:
        return LeftOut.NOT_SEEN_SINCE
    else:
        verdict = Verdict.OVERDUE
    return PromisedOrder(
        order=order,
        contract=contract,
        promised=promised,
        verdict=verdict,
        days_late=(today - promised).days,
        shown_by=_reading(order.fields, ("status",)),
    )


def _shipped(
    order: Shipped, contract: StoredContract, promised: date, today: date, zone: tzinfo
) -> PromisedOrder | LeftOut:
    by_capture = order.ship_date is None
    earliest = None
    if order.ship_date is not None and order.ship_date > today:
        return LeftOut.IN_DOUBT  # shipped, says the status; not yet, says the date
    if order.ship_date is not None:
        day, shown_by = order.ship_date, _reading(order.fields, ("ship_date",))
    elif order.seen is None or order.seen.not_yet is None:
        return LeftOut.FIRST_SIGHT
    else:
        day = order.seen.at.astimezone(zone).date()
        earliest = order.seen.not_yet.astimezone(zone).date()
        shown_by = _reading(order.seen.fields, ("status", "tracking_no"))
    late = (day - promised).days
    in_time = Verdict.ON_TIME if today > promised else Verdict.AHEAD
    verdict = Verdict.LATE if late > 0 else in_time
    return PromisedOrder(
        order=order,
        contract=contract,
        promised=promised,
        verdict=verdict,
        shipped=day,
        earliest=earliest,
        by_capture=by_capture,
        complete=order.complete or not by_capture,
        days_late=late,
        shown_by=shown_by,
    )


def _reading(fields: Mapping[str, FieldValue], names: Sequence[str]) -> tuple[str, FieldValue] | None:
    return next(((n, fields[n]) for n in names if n in fields and fields[n].value is not None), None)


def _rates(orders: Sequence[PromisedOrder], name_of: Callable[[PromisedOrder], str]) -> tuple[Rate, ...]:
    groups: dict[str, list[PromisedOrder]] = defaultdict(list)
    for o in orders:
        groups[name_of(o)].append(o)
    return tuple(_rate(name, groups[name]) for name in sorted(groups))


def _rate(name: str, orders: Sequence[PromisedOrder]) -> Rate:
    return Rate(
        name=name,
        judged=len(orders),
        on_time=sum(o.verdict is Verdict.ON_TIME for o in orders),
        uncertain=sum(o.uncertain for o in orders),
    )
