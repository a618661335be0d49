"""Which class of break each doubtful field of a row is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bridge.breaks import WEIGHT, Break, BreakClass
from bridge.encoded import plain_scalar
from bridge.reconcile.near_keys import LOOKALIKES
from bridge.records import Doubt, FieldValue, OrderLine, Reading, Scalar

_UNKNOWN = {
    "customer": BreakClass.UNKNOWN_CUSTOMER,
    "sku": BreakClass.UNKNOWN_SKU,
    "status": BreakClass.UNKNOWN_STATUS,
}


def breaks_of(
    line: OrderLine,
    before: Mapping[str, Scalar],
    key_fields: Sequence[str],
    *,
    pictures: Mapping[str, str] | None = None,
    found: Mapping[str, Break] | None = None,
) -> tuple[Break, ...]:
    """The breaks of a doubtful row, the weightiest first.

    before: the stored row.  pictures: field → hash of the cell's picture last time.  found: field → a break that
    comparing with the store or with other sources has shown; it says more than the doubt that stands for it.
    """
    out = []
    for name in line.doubtful:
        value = line.fields[name]
        known = (found or {}).get(name)
        out.append(known or _break(line, value, before, key_fields, (pictures or {}).get(name, "")))
    return tuple(sorted(out, key=lambda b: WEIGHT[b.cls]))


def _break(
    line: OrderLine, value: FieldValue, before: Mapping[str, Scalar], key_fields: Sequence[str], picture: str
) -> Break:
    name, reading = value.field, value.reading
    old, new = shown(before.get(name)), reading.text if value.value is None else shown(value.value)
    facts = {"old": old, "new": new}
    doubts = {*value.doubts, *reading.doubts}
    if Doubt.DUPLICATE_KEY in doubts:
        return Break(cls=BreakClass.DUPLICATE_KEY, field=name, params=facts)
    if Doubt.UNKNOWN_WORD in doubts:
        return Break(cls=_unknown(name), field=name, params={**facts, "new": reading.text})
    if Doubt.ARITHMETIC in doubts:
        return Break(cls=BreakClass.ARITHMETIC, field=name, params=facts)
    if not line.key_ok and name in key_fields:
        return Break(cls=BreakClass.KEY_UNPROVEN, field=name, params=facts)
    if name not in before or old == new:
        return Break(cls=BreakClass.UNPROVEN, field=name, params=facts)
    cls = BreakClass.MISREAD if probably_misread(old, reading, picture) else BreakClass.DIFFERENT
    return Break(cls=cls, field=name, params=facts)


def probably_misread(old: str, reading: Reading, picture: str) -> bool:
    """Is the new text more likely the old one, read wrongly?  picture: hash of the cell's picture when the old
    value was read, "" if it is not known."""
    if picture and reading.picture == picture:
        return True
    return old in reading.alternatives or lookalike(old, reading.text)


def lookalike(a: str, b: str) -> bool:
    """Do the two texts differ, and only in characters that readers take for one another?"""
    return a != b and len(a) == len(b) and a.translate(LOOKALIKES) == b.translate(LOOKALIKES)


def shown(value: Scalar) -> str:
    """A typed value in a sentence."""
    plain = plain_scalar(value)
    return "" if plain is None else str(plain)


def _unknown(field: str) -> BreakClass:
    return next((cls for name, cls in _UNKNOWN.items() if field.startswith(name)), BreakClass.UNKNOWN_WORD)
