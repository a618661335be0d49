"""Which rows of a list may be trusted, and which stored rows the others could be."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bridge.reconcile.near_keys import DoubtfulPart, NearKeys, edits, fold
from bridge.records import KEY_SEP, BaselineRow, Doubt, FieldValue, OrderLine, Scalar

MAX_COULD_BE = 20  # more candidates are no help to a person
MAX_DOUBTFUL_KEYS = 2_000  # from there on a list says nothing about what is missing
_ILLEGIBLE_BELOW = 0.3  # confidence of the weakest character; a text like this may be any

# A proven key part with only these doubts is that very text; what is in doubt is what to make of it.
_TEXT_IS_SURE = frozenset({Doubt.REQUIRED_EMPTY, Doubt.UNKNOWN_WORD})


@dataclass(frozen=True, kw_only=True, slots=True)
class Rows:
    """The observed lines by what is known of their key."""

    proven: list[OrderLine]  # key and fields
    doubtful: list[OrderLine]  # the key is proven, some field is not
    duplicated: list[OrderLine]  # the key is proven, but several rows have it
    nameless: list[OrderLine]  # the key is doubtful


def sort_out(lines: Sequence[OrderLine], key_fields: Sequence[str]) -> Rows:
    rows = Rows(proven=[], doubtful=[], duplicated=[], nameless=[])
    for line in lines:
        if line.key_ok:
            (rows.proven if line.ok else rows.doubtful).append(line)
        elif all(_only_duplicate(line.fields[name]) for name in key_fields):
            rows.duplicated.append(line)
        else:
            rows.nameless.append(line)
    return rows


def _only_duplicate(value: FieldValue) -> bool:
    return value.reading.proven and set(value.doubts) <= {Doubt.DUPLICATE_KEY}


def _parts(line: OrderLine, key_fields: Sequence[str]) -> tuple[DoubtfulPart, ...]:
    texts = line.key.split(KEY_SEP)
    return tuple(_part(line.fields[name], text) for name, text in zip(key_fields, texts, strict=True))


def _part(value: FieldValue, text: str) -> DoubtfulPart:
    doubts = set(value.doubts)
    if value.reading.proven and doubts <= _TEXT_IS_SURE:
        return DoubtfulPart(texts=(text,), exact=True)
    if not text or doubts & {Doubt.NO_TEXT, Doubt.CUT} or value.reading.confidence < _ILLEGIBLE_BELOW:
        return DoubtfulPart(illegible=True)
    return DoubtfulPart(texts=(text, *value.reading.alternatives))


def held_orders(lines: Sequence[OrderLine], rows: Rows, key_fields: Sequence[str]) -> set[str]:
    """Order numbers of which no change may go out because a row without a certain key may be theirs."""
    held = {line.order_no for line in rows.nameless}
    if len(key_fields) == 1:  # a row is a whole order; a nameless one is no part of another
        return held
    firsts = {id(line): _parts(line, key_fields)[0] for line in rows.nameless}
    open_ = {at: part for at, part in firsts.items() if not part.exact}
    legible = [(part,) for part in open_.values() if not part.illegible]
    if len(legible) > MAX_DOUBTFUL_KEYS:
        return {line.order_no for line in lines}
    if legible:
        near = NearKeys(rows=legible)
        held |= {order for order in {line.order_no for line in rows.proven} if near.rows_for((order,))}
    # One order's lines stand together, so an order number that cannot be read at all may be its neighbours'.
    for i, line in enumerate(lines):
        if id(line) in open_:
            held |= {neighbour.order_no for neighbour in lines[max(i - 1, 0) : i + 2]}
    return held


# --- what a nameless row could be ---------------------------------------------------------------------------


def could_be(
    rows: Rows, unseen: Sequence[BaselineRow], key_fields: Sequence[str]
) -> tuple[dict[int, tuple[str, ...]], set[str]]:
    """(``id(line)`` → the likeliest stored keys for a person; all unseen keys that any doubtful row could be).

    A stored row's other fields rule nothing out: they may have changed since.
    """
    doubtful = [*rows.nameless, *rows.duplicated]
    everything = {row.key for row in unseen}
    if not doubtful or not unseen:
        return {}, set()
    if len(doubtful) > MAX_DOUBTFUL_KEYS:
        return {}, everything
    # One of two rows with one key may be misread, and then it is a key that looks like it.
    parts = [
        tuple(replace(p, exact=False) for p in _parts(line, key_fields))
        if i >= len(rows.nameless)
        else _parts(line, key_fields)
        for i, line in enumerate(doubtful)
    ]
    blank = {i for i, row in enumerate(parts) if all(part.illegible for part in row)}
    legible = [i for i in range(len(parts)) if i not in blank]
    near = NearKeys(rows=[parts[i] for i in legible])
    hits: dict[int, list[str]] = defaultdict(list)
    possible: set[str] = set(everything) if blank else set()
    for row in unseen:
        for i in (legible[n] for n in near.rows_for(row.key.split(KEY_SEP))):
            possible.add(row.key)
            if len(hits[i]) < 10 * MAX_COULD_BE or fold(row.key) == fold(doubtful[i].key):
                hits[i].append(row.key)
    if len(everything) <= MAX_COULD_BE:
        hits.update((i, sorted(everything)) for i in blank)
    alike = _Alike(unseen, key_fields)
    result: dict[int, tuple[str, ...]] = {}
    for i, line in enumerate(rows.nameless):
        equal = alike.keys_for(line)
        possible |= equal
        candidates = dict.fromkeys((*hits[i], *sorted(equal)[: 10 * MAX_COULD_BE]))
        own = fold(line.key)
        ranked = sorted(candidates, key=lambda k: (k not in equal, edits(fold(k), own), k))
        result[id(line)] = tuple(ranked[:MAX_COULD_BE])
    return result, possible


class _Alike:
    """Stored rows by the values of their fields, built field by field as it is asked for."""

    def __init__(self, rows: Sequence[BaselineRow], key_fields: Sequence[str]) -> None:
        self._rows = rows
        self._key_fields = frozenset(key_fields)
        self._index: dict[str, dict[Scalar, set[str]]] = {}

    def keys_for(self, line: OrderLine) -> set[str]:
        """Keys of the rows that equal the line in every proven field that is no key; none if it has none."""
        found: set[str] | None = None
        for name, value in line.fields.items():
            if name in self._key_fields or not value.ok or value.value is None:
                continue
            same = self._of(name).get(value.value, set())
            found = same if found is None else found & same
            if not found:
                break
        return set(found or ())

    def _of(self, name: str) -> dict[Scalar, set[str]]:
        if name not in self._index:
            index: dict[Scalar, set[str]] = defaultdict(set)
            for row in self._rows:
                index[row.fields.get(name)].add(row.key)
            self._index[name] = index
        return self._index[name]
