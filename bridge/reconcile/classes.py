"""Which class of break each doubtful field of a row is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bridge.breaks import WEIGHT, Break, BreakClass
from bridge.encoded import plain_scalar
from bridge.reconcile.near_keys import LOOKALIKES
from bridge.reconcile.same import same
from bridge.records import ChangeSet, Doubt, FieldValue, OrderLine, Reading, ReviewItem, Scalar

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
    found: Mapping[str, Break] | None = None,
) -> tuple[Break, ...]:
    """The breaks of a doubtful row, the weightiest first.

    before: the stored row.  found: field → a break that comparing with the store, the last value or other sources
    has shown; it says more than the doubt that stands for it.
    """
    out = []
    for name in line.doubtful:
        value = line.fields[name]
        known = (found or {}).get(name)
        out.append(known or _break(line, value, before, key_fields))
    return tuple(sorted(out, key=lambda b: WEIGHT[b.cls]))


def _break(line: OrderLine, value: FieldValue, before: Mapping[str, Scalar], key_fields: Sequence[str]) -> Break:
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
    cls = BreakClass.MISREAD if probably_misread(old, reading) else BreakClass.DIFFERENT
    return Break(cls=cls, field=name, params=facts)


def probably_misread(old: str, reading: Reading) -> bool:
    """Is the new text more likely the old one, read wrongly?"""
    return old in reading.alternatives or lookalike(old, reading.text)


def same_picture(changes: ChangeSet, picture_of: Callable[[str, str], tuple[Scalar, str] | None]) -> ChangeSet:
    """The questions anew where the very picture of the value before was read otherwise: that is our reading.

    picture_of: key and field → the value last proven there and the hash of its picture, None if there is none.
    """
    return replace(changes, reviews=tuple(_same_picture(r, picture_of) for r in changes.reviews))


def _same_picture(item: ReviewItem, picture_of: Callable[[str, str], tuple[Scalar, str] | None]) -> ReviewItem:
    if item.line is None or item.key is None or not any(b.cls is BreakClass.DIFFERENT for b in item.breaks):
        return item
    breaks = []
    for what in item.breaks:
        if what.cls is BreakClass.DIFFERENT and (last := picture_of(item.key, what.field)) is not None:
            value, picture = last
            now = item.line.fields[what.field].reading.picture
            if picture and picture == now and same(value, item.before.get(what.field)):
                what = replace(what, cls=BreakClass.MISREAD)
        breaks.append(what)
    return replace(item, breaks=tuple(sorted(breaks, key=lambda b: WEIGHT[b.cls])))


def lookalike(a: str, b: str) -> bool:
    """Do the two texts differ, and only in characters that readers take for one another?"""
    return a != b and len(a) == len(b) and a.translate(LOOKALIKES) == b.translate(LOOKALIKES)


def shown(value: Scalar) -> str:
    """A typed value in a sentence."""
    plain = plain_scalar(value)
    return "" if plain is None else str(plain)


def _unknown(field: str) -> BreakClass:
    return next((cls for name, cls in _UNKNOWN.items() if field.startswith(name)), BreakClass.UNKNOWN_WORD)
