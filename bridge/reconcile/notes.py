"""What a row shows that asks nothing: it stands in the report."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from bridge.breaks import Break, BreakClass, Note
from bridge.central import SHIPPED
from bridge.reconcile.rules import Rules
from bridge.records import OrderLine


def overdue(lines: tuple[OrderLine, ...], rules: Rules) -> Iterator[Note]:
    """Rows past their promised date without shipment, as far as date and status are certain."""
    if rules.today is None:
        return
    for line in lines:
        due, status, shipped = (line.fields.get(n) for n in (rules.due, rules.status, rules.shipped))
        if not line.key_ok or due is None or not due.ok or not isinstance(due.value, date):
            continue
        if due.value >= rules.today or (status is not None and (not status.ok or status.value in SHIPPED)):
            continue
        if shipped is not None and (not shipped.ok or shipped.value is not None):
            continue
        facts = {"promised": due.value.isoformat(), "days": str((rules.today - due.value).days)}
        what = Break(cls=BreakClass.OVERDUE, field=rules.due, params=facts)
        yield Note(key=line.key, order_no=line.order_no, what=what)
