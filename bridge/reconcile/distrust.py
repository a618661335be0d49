"""What blind checks have shown, held against a list: cells that a person read otherwise, and ways of proving that
let an error pass in a column."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from bridge.reconcile.classes import lookalike
from bridge.reconcile.same import same
from bridge.records import BaselineRow, Doubt, FieldValue, ObservedList, OrderLine, Reading, Witness


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadOtherwise:
    """text: what was read.  answer: what a person read in the same picture."""

    text: str
    answer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Distrust:
    """cells: (key, field) → what is not to be believed there.  ways: field → the witnesses that do not prove it
    any more unless another one joins them."""

    cells: Mapping[tuple[str, str], ReadOtherwise] = field(default_factory=dict)
    ways: Mapping[str, frozenset[frozenset[Witness]]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.cells or self.ways)


def way_of(reading: Reading) -> frozenset[Witness]:
    """Who proved it; that the picture was remembered is no witness of its own."""
    return frozenset(reading.witnesses) - {Witness.MEMORY}


def doubted(
    observed: ObservedList,
    baseline: Mapping[str, BaselineRow],
    distrust: Distrust,
    key_fields: Collection[str],
) -> ObservedList:
    """The list with doubt where a blind check asks for it.

    A way of proving that is not trusted holds back what is new or changed; what is stored already stays: it goes
    nowhere, and to ask for all of it at once would help nobody.  A person's word is always enough."""
    if not distrust:
        return observed
    lines = tuple(_line(line, baseline.get(line.key), distrust, key_fields) for line in observed.lines)
    return replace(observed, lines=lines)


def read_otherwise(line: OrderLine, name: str, said: ReadOtherwise, key_fields: Collection[str]) -> OrderLine:
    """The line with this one cell in doubt."""
    return _with(line, {name: _otherwise(line.fields[name], said)}, key_fields)


def _line(line: OrderLine, row: BaselineRow | None, distrust: Distrust, key_fields: Collection[str]) -> OrderLine:
    changed: dict[str, FieldValue] = {}
    for name, value in line.fields.items():
        if not value.ok or Witness.PERSON in value.reading.witnesses:
            continue
        said = distrust.cells.get((line.key, name))
        if said is not None and said.text == value.reading.text:
            changed[name] = _otherwise(value, said)
        elif name in distrust.ways and _is_new(value, row):
            way = way_of(value.reading)
            if any(way <= bad for bad in distrust.ways[name]):
                changed[name] = _doubting(value, (Doubt.CAUGHT,))
    return _with(line, changed, key_fields) if changed else line


def _is_new(value: FieldValue, row: BaselineRow | None) -> bool:
    return row is None or value.field not in row.fields or not same(row.fields[value.field], value.value)


def _otherwise(value: FieldValue, said: ReadOtherwise) -> FieldValue:
    doubts = [Doubt.READ_OTHERWISE]
    if Witness.PAGE_TEXT in value.reading.witnesses and lookalike(value.reading.text, said.answer):
        # It may have been the page's text alone that told the two apart: the picture then teaches nothing.
        doubts.append(Doubt.LOOKALIKE)
    return _doubting(value, tuple(doubts), said.answer)


def _doubting(value: FieldValue, doubts: tuple[Doubt, ...], *others: str) -> FieldValue:
    reading = replace(
        value.reading,
        proven=False,
        doubts=doubts,
        alternatives=tuple(dict.fromkeys((*others, *value.reading.alternatives))),
    )
    return replace(value, reading=reading, doubts=doubts)


def _with(line: OrderLine, changed: Mapping[str, FieldValue], key_fields: Collection[str]) -> OrderLine:
    fields = {**line.fields, **changed}
    return replace(line, fields=fields, key_ok=line.key_ok and not changed.keys() & set(key_fields))
