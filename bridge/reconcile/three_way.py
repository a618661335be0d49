"""What the ERP showed last time, what it shows now, what the central store holds now.

A change on one side flows; where both sides changed a field, each to something else, the field's owner decides,
and without one a person.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, InvalidOperation

from bridge.breaks import Break, BreakClass, Note
from bridge.central import CentralRow, CentralSide, Owner
from bridge.reconcile.classes import shown
from bridge.reconcile.same import same
from bridge.records import BaselineRow, Doubt, FieldValue, OrderLine, Scalar


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """lines: with ``Doubt.BOTH_CHANGED`` on the fields that a person must decide.  conflicts: key → field → why.
    store: key → field → what the store holds, of those fields."""

    lines: tuple[OrderLine, ...]
    notes: tuple[Note, ...] = ()
    conflicts: Mapping[str, Mapping[str, Break]] = field(default_factory=dict)
    store: Mapping[str, Mapping[str, Scalar]] = field(default_factory=dict)


def compare(
    lines: Sequence[OrderLine],
    baseline: Mapping[str, BaselineRow],
    central: CentralSide,
    key_fields: Sequence[str],
) -> Compared:
    """Compares every row whose key is certain; the values of doubtful fields are not compared."""
    out: list[OrderLine] = []
    notes: list[Note] = []
    conflicts: dict[str, dict[str, Break]] = {}
    store: dict[str, dict[str, Scalar]] = {}
    for line in lines:
        row = central.rows.get(line.key)
        if row is None or not line.key_ok:
            out.append(line)
            continue
        found = _breaks(line, baseline.get(line.key), row, central, key_fields)
        fields = dict(line.fields)
        for what in found:
            if what.cls is not BreakClass.CONFLICT:
                notes.append(Note(key=line.key, order_no=line.order_no, what=what))
                continue
            conflicts.setdefault(line.key, {})[what.field] = what
            store.setdefault(line.key, {})[what.field] = row.fields.get(what.field)
            value = fields[what.field]
            fields[what.field] = replace(value, doubts=(*value.doubts, Doubt.BOTH_CHANGED))
        out.append(replace(line, fields=fields) if line.key in conflicts else line)
    return Compared(lines=tuple(out), notes=tuple(notes), conflicts=conflicts, store=store)


def _breaks(
    line: OrderLine,
    before: BaselineRow | None,
    row: CentralRow,
    central: CentralSide,
    key_fields: Sequence[str],
) -> list[Break]:
    found = []
    for name, value in line.fields.items():
        held = row.fields.get(name)
        if name in key_fields or not value.ok or holds(held, value.value):
            continue
        old = before.fields.get(name) if before is not None else None
        facts = {"old": shown(old), "new": shown(value.value), "store": shown(held), "by": row.updated_by}
        if same(old, value.value):
            found.append(
                Break(cls=BreakClass.STORE_DRIFTED, field=name, params={**facts, "erp": shown(value.value)})
            )
        elif before is not None and central.owner(name) is Owner.STORE:
            found.append(Break(cls=BreakClass.STORE_KEPT, field=name, params=facts))
        elif not holds(held, old) and not _erp_wins(name, value, row, central):
            found.append(Break(cls=BreakClass.CONFLICT, field=name, params=facts))
    return found


def _erp_wins(name: str, value: FieldValue, row: CentralRow, central: CentralSide) -> bool:
    match central.owner(name):
        case Owner.ERP:
            return True
        case Owner.NEWEST:
            # The ERP still showed the old value after the store's last edit, so its change came later.
            return central.seen_at is not None and row.updated_at <= central.seen_at
    return False


def holds(held: object, value: Scalar) -> bool:
    """Is it the same value, as the store keeps it?  Numbers and dates may stand there as text."""
    if held is None or held == "":
        return value is None or value == ""
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        try:
            return Decimal(str(held)) == value
        except InvalidOperation:
            return False
    if isinstance(value, date):
        return str(held) == value.isoformat()
    return str(held) == shown(value)
