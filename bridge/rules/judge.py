"""Does a rule fit an order?  Yes, no, or nobody can say: a doubt neither fires a rule nor ends an alert."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import date, datetime, timedelta
from enum import StrEnum

from bridge.central import SHIPPED
from bridge.records import Scalar
from bridge.rules.rule import DUE, SHIP_DATE, STATUS, If, Rule


class Verdict(StrEnum):
    FITS = "fits"
    NOT = "not"
    IN_DOUBT = "in_doubt"  # a value that it depends on waits for a person


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How long an order has been in its status.

    since: when it was first seen in it; None if nobody knows.  spell: the same for as long as it stays in it, and
    never the same again: it does not depend on any clock.
    """

    since: datetime | None
    spell: str


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderNow:
    """What is known of one active order.

    values: the latest of each field.  doubtful: fields whose value is not certain; where ``unsure``, all are (its
    row was not surely seen in the last complete list).  promised: by its contract, if one is bound to it.
    """

    source: str
    key: str
    order_no: str
    values: Mapping[str, Scalar]
    doubtful: frozenset[str] = frozenset()
    unsure: bool = False
    promised: date | None = None
    standing: Standing = attribute(default=Standing(since=None, spell=""))

    def sure(self, field: str) -> bool:
        return not self.unsure and field not in self.doubtful

    def is_empty(self, field: str) -> bool:
        return self.values.get(field) in (None, "")

    @property
    def due(self) -> date | None:
        """The promised date, the order's or its contract's, whichever is earlier."""
        own = self.values.get(DUE)
        days = [d for d in (own, self.promised) if isinstance(d, date)]
        return min(days, default=None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Here:
    """today: in the place of the orders' ERP.  out: status words of orders that can no longer be late."""

    now: datetime
    today: date
    out: frozenset[str] = frozenset(SHIPPED)


def judge(rule: Rule, order: OrderNow, here: Here) -> Verdict:
    """The rule must concern the order's source."""
    found = list(_conditions(rule.when, order, here))
    if False in found:
        return Verdict.NOT
    return Verdict.IN_DOUBT if None in found else Verdict.FITS


def may_fit(rule: Rule, order: OrderNow, here: Here) -> bool:
    """Before it is known how long the order has been in its status."""
    return False not in _at_a_glance(rule.when, order, here)


def spell_of(rule: Rule, order: OrderNow) -> str:
    """A rule tells of an order once for each of these: the stay in the status, and the promised date."""
    parts = [order.standing.spell] if rule.when.status else []
    if rule.when.asks_for_date and order.due is not None:
        parts.append(order.due.isoformat())
    return " ".join(parts)


def _conditions(when: If, order: OrderNow, here: Here) -> Iterable[bool | None]:
    yield from _at_a_glance(when, order, here)
    if when.status_for_hours is not None:
        since = order.standing.since
        sure = order.sure(STATUS) and since is not None
        yield here.now - since >= timedelta(hours=when.status_for_hours) if sure and since is not None else None


def _at_a_glance(when: If, order: OrderNow, here: Here) -> Iterable[bool | None]:
    if when.status is not None:
        yield order.values.get(STATUS) in when.status if order.sure(STATUS) else None
    for name in when.empty or ():
        yield order.is_empty(name) if order.sure(name) else None
    for name in when.filled or ():
        yield not order.is_empty(name) if order.sure(name) else None
    if when.asks_for_date:
        yield _not_out(order, here.out)
        yield _date_fits(when, order, here.today)


def _not_out(order: OrderNow, out: frozenset[str]) -> bool | None:
    """One value that is certain and says that it is out is enough."""
    status, shipped = order.sure(STATUS), order.sure(SHIP_DATE)
    if (status and order.values.get(STATUS) in out) or (shipped and not order.is_empty(SHIP_DATE)):
        return False
    return True if status and shipped else None


def _date_fits(when: If, order: OrderNow, today: date) -> bool | None:
    own_is_sure = order.sure(DUE)
    due = order.due if own_is_sure else order.promised  # while the own one is in doubt, no later than this
    if due is None:
        return False if own_is_sure else None
    if when.past_due_days is not None:
        late = (today - due).days >= when.past_due_days
        return late if own_is_sure or late else None
    assert when.due_within_days is not None
    return 0 <= (due - today).days <= when.due_within_days if own_is_sure else None
