"""What the ERP showed last time, what it shows now, what the central store holds now.

A change on one side flows; where both sides changed a field, each to something else, the field's owner decides,
and without one a person.  A change that is more likely a misreading, and a platform order that another source has
already, are asked, too; a difference within its tolerance is no change.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal, InvalidOperation

from bridge.breaks import Break, BreakClass, Note
from bridge.central import CentralRow, CentralSide, Owner
from bridge.reconcile.classes import lookalike, shown
from bridge.reconcile.rules import Rules
from bridge.reconcile.same import same
from bridge.records import BaselineRow, Doubt, FieldValue, OrderLine, Scalar

_DOUBT = {
    BreakClass.CONFLICT: Doubt.BOTH_CHANGED,
    BreakClass.MISREAD: Doubt.LIKE_BEFORE,
    BreakClass.DUPLICATE_ELSEWHERE: Doubt.KNOWN_ELSEWHERE,
}
"""What a person must decide, and the doubt that stands for it on the field."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """lines: with a doubt on each field that a person must decide.  asked: key → field → why.
    store: key → field → what the store holds, of the fields in conflict.  quiet: keys of the rows that differ
    within their tolerances only."""

    lines: tuple[OrderLine, ...]
    notes: tuple[Note, ...] = ()
    asked: Mapping[str, Mapping[str, Break]] = field(default_factory=dict)
    store: Mapping[str, Mapping[str, Scalar]] = field(default_factory=dict)
    quiet: frozenset[str] = frozenset()


def compare(
    lines: Sequence[OrderLine],
    baseline: Mapping[str, BaselineRow],
    central: CentralSide,
    key_fields: Sequence[str],
    rules: Rules,
) -> Compared:
    """Compares every row whose key is certain; the values of doubtful fields are not compared."""
    out: list[OrderLine] = []
    notes: list[Note] = []
    asked: dict[str, dict[str, Break]] = {}
    store: dict[str, dict[str, Scalar]] = {}
    quiet: set[str] = set()
    keys = frozenset(key_fields)
    for line in lines:
        if not line.key_ok:
            out.append(line)
            continue
        row, before = central.rows.get(line.key), baseline.get(line.key)
        changed = _changed(line, before, keys)
        small = _within(line, before, changed, rules)
        if small:
            quiet.add(line.key)
        found = [*_known_elsewhere(line, before, rules), *small]
        found += _looks_as_before(line, before, [n for n in changed if not small])
        if row is not None:
            found += _against_store(line, before, row, central, keys, still={b.field for b in small})
        doubts: dict[str, Doubt] = {}
        for what in found:
            if what.cls not in _DOUBT or (what.cls is BreakClass.DUPLICATE_ELSEWHERE and _told(before)):
                notes.append(Note(key=line.key, order_no=line.order_no, what=what))
                continue
            # A conflict is the last of them: it says more than a likely misreading.
            asked.setdefault(line.key, {})[what.field] = what
            doubts[what.field] = _DOUBT[what.cls]
            if what.cls is BreakClass.CONFLICT and row is not None:
                store.setdefault(line.key, {})[what.field] = row.fields.get(what.field)
        out.append(_doubted(line, doubts) if doubts else line)
    return Compared(lines=tuple(out), notes=tuple(notes), asked=asked, store=store, quiet=frozenset(quiet))


def _changed(line: OrderLine, before: BaselineRow | None, keys: Collection[str]) -> dict[str, FieldValue]:
    """The certain fields whose value is not the last one.  All of them where there is no last one."""
    if before is None:
        return {n: v for n, v in line.fields.items() if n not in keys and v.ok}
    old = before.fields
    return {
        n: v
        for n, v in line.fields.items()
        if n not in keys and v.ok and (n not in old or not same(old[n], v.value))
    }


def _told(before: BaselineRow | None) -> bool:
    """Whether the receivers have this order."""
    return before is not None and not before.absent


def _doubted(line: OrderLine, doubts: Mapping[str, Doubt]) -> OrderLine:
    more = {n: replace(line.fields[n], doubts=(*line.fields[n].doubts, doubt)) for n, doubt in doubts.items()}
    return replace(line, fields={**line.fields, **more})


def _within(
    line: OrderLine, before: BaselineRow | None, changed: Mapping[str, FieldValue], rules: Rules
) -> list[Break]:
    """Where all that changed is within its tolerance.  It is measured from what was passed on last, which stays,
    so small steps add up; and where anything else in the row changed, the whole row goes out as it is shown."""
    if before is None or before.absent or not changed or not rules.tolerances or not line.ok:
        return []
    found = []
    for name, value in changed.items():
        tolerance, old = rules.tolerances.get(name), before.fields.get(name)
        if tolerance is None or not tolerance.covers(old, value.value):
            return []
        facts = {"old": shown(old), "new": shown(value.value)}
        found.append(Break(cls=BreakClass.WITHIN_TOLERANCE, field=name, params=facts))
    return found


def _looks_as_before(line: OrderLine, before: BaselineRow | None, changed: Collection[str]) -> list[Break]:
    if before is None:
        return []
    found = []
    for name in changed:
        old, new = shown(before.fields.get(name)), shown(line.fields[name].value)
        if lookalike(old, new):
            found.append(Break(cls=BreakClass.MISREAD, field=name, params={"old": old, "new": new}))
    return found


def _known_elsewhere(line: OrderLine, before: BaselineRow | None, rules: Rules) -> list[Break]:
    """Asked before anyone is told of the order; once a person has let it through, or both sources came at the same
    time, it is a note."""
    platform = rules.platform
    if platform is None or not rules.elsewhere:
        return []
    value = line.fields.get(platform.field)
    if value is None or not value.ok:
        return []
    number = platform.of(shown(value.value))
    other = rules.elsewhere.get(number) if number is not None else None
    if number is None or other is None:
        return []
    facts = {"number": number, "source": other.source, "order_no": other.order_no, "new": shown(value.value)}
    return [Break(cls=BreakClass.DUPLICATE_ELSEWHERE, field=platform.field, params=facts)]


def _against_store(
    line: OrderLine,
    before: BaselineRow | None,
    row: CentralRow,
    central: CentralSide,
    keys: Collection[str],
    still: Collection[str],
) -> list[Break]:
    """still: fields that differ from the last value within their tolerance: as if they had not moved."""
    found = []
    for name, value in line.fields.items():
        held = row.fields.get(name)
        if held == value.value and type(held) is type(value.value):  # nearly every cell of every run
            continue
        if name in keys or not value.ok or holds(held, value.value):
            continue
        old = before.fields.get(name) if before is not None else None
        if name in still and holds(held, old):
            continue
        facts = {"old": shown(old), "new": shown(value.value), "store": shown(held), "by": row.updated_by}
        if same(old, value.value) or name in still:
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
