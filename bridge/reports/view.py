"""One run as the report shows it: the questions, the changes and the lists, before any format is chosen.

Every sink (page, sheets, table, JSON) draws from this, so they cannot disagree.  Pure but for the pictures.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bridge.breaks import WEIGHT, Break, BreakClass, Note
from bridge.records import (
    KEY_SEP,
    Change,
    ChangeKind,
    ChangeSet,
    Doubt,
    FieldValue,
    Finding,
    ObservedList,
    OrderLine,
    Reading,
    ReviewItem,
    ReviewKind,
    RunSummary,
    Scalar,
)
from bridge.reports.pictures import Picture, Pictures

PICTURED = 200
"""Doubtful rows, and changed orders, that get pictures; a report must open on an office PC."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One doubtful field of a row."""

    field: str
    text: str  # best guess as displayed
    value: Scalar  # best guess, typed
    alternatives: tuple[str, ...]
    old: Scalar
    has_old: bool
    doubts: tuple[Doubt, ...]
    reading: Reading
    picture: Picture | None


@dataclass(frozen=True, kw_only=True, slots=True)
class DoubtfulRow:
    number: int  # 1-based, as shown
    kind: ReviewKind
    order_no: str
    key: str
    reason: str  # for questions without breaks
    breaks: tuple[Break, ...]  # the weightiest first
    line: OrderLine
    questions: tuple[Question, ...]
    could_be: tuple[str, ...]
    pictured: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """A question about the run as a whole: circuit breaker, layout, completeness."""

    kind: ReviewKind
    reason: str
    breaks: tuple[Break, ...] = ()
    order_no: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangedField:
    field: str
    old: Scalar
    new: Scalar
    reading: Reading | None
    picture: Picture | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ChangedOrder:
    change: Change
    fields: tuple[ChangedField, ...]
    pictured: bool

    @property
    def place(self) -> Reading | None:
        """A reading of the row, for its page and row; None where the change came without readings."""
        return next((f.reading for f in self.fields if f.reading), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class RunView:
    summary: RunSummary
    held: str | None
    unchanged: int
    findings: tuple[Finding, ...]
    notices: tuple[Notice, ...]
    doubtful: tuple[DoubtfulRow, ...]
    changed: tuple[ChangedOrder, ...]
    added: tuple[Change, ...]
    back: tuple[Change, ...]
    gone: tuple[Change, ...]
    left: tuple[Change, ...]
    missing: tuple[str, ...]  # keys
    notes: tuple[Note, ...] = ()

    @property
    def classes(self) -> tuple[tuple[BreakClass, int], ...]:
        """How many orders show each class of break, the weightiest first."""
        by_kind = {
            BreakClass.NEW: self.added,
            BreakClass.CHANGED: self.changed,
            BreakClass.GONE: self.gone,
            BreakClass.LEFT: self.left,
            BreakClass.BACK: self.back,
            BreakClass.NOT_SEEN: self.missing,
        }
        counts = Counter({cls: len(rows) for cls, rows in by_kind.items() if rows})
        asked = [r.breaks for r in self.doubtful] + [n.breaks for n in self.notices]
        counts.update(cls for breaks in asked for cls in {b.cls for b in breaks})
        counts.update(cls for _, cls in {(n.key, n.what.cls) for n in self.notes})
        return tuple(sorted(counts.items(), key=lambda item: WEIGHT[item[0]]))

    @property
    def straight_share(self) -> float | None:
        """Rows without a flag, 0..1; None for a run that read no row."""
        return self.summary.straight_through / self.summary.rows if self.summary.rows else None


def build(
    summary: RunSummary,
    observed: ObservedList,
    changes: ChangeSet,
    pictures: Pictures,
    *,
    pictured: int = PICTURED,
) -> RunView:
    by_kind: dict[ChangeKind, list[Change]] = {kind: [] for kind in ChangeKind}
    for change in changes.changes:
        by_kind[change.kind].append(change)
    return RunView(
        summary=summary,
        held=changes.held,
        unchanged=changes.unchanged,
        findings=observed.findings,
        notices=tuple(
            Notice(kind=r.kind, reason=r.reason, breaks=r.breaks, order_no=r.order_no or "")
            for r in changes.reviews
            if r.line is None
        ),
        doubtful=tuple(_doubtful(observed, changes, pictures, pictured)),
        changed=tuple(
            _changed(change, pictures if i < pictured else None)
            for i, change in enumerate(by_kind[ChangeKind.CHANGED])
        ),
        added=tuple(by_kind[ChangeKind.ADDED]),
        back=tuple(by_kind[ChangeKind.BACK]),
        gone=tuple(by_kind[ChangeKind.GONE]),
        left=tuple(by_kind[ChangeKind.LEFT]),
        missing=changes.missing,
        notes=changes.notes,
    )


def _doubtful(
    observed: ObservedList, changes: ChangeSet, pictures: Pictures, pictured: int
) -> Iterator[DoubtfulRow]:
    rows: list[tuple[OrderLine, ReviewItem | None]] = [(r.line, r) for r in changes.reviews if r.line is not None]
    asked = {(line.page, line.row) for line, _ in rows}
    # A doubtful row without a question would be a doubt that nobody sees.
    rows += [(line, None) for line in observed.lines if not line.ok and (line.page, line.row) not in asked]
    rows.sort(key=lambda r: (r[0].page, r[0].row))
    for i, (line, item) in enumerate(rows):
        source = pictures if i < pictured else None
        before = item.before if item else {}
        kind = item.kind if item else (ReviewKind.DOUBTFUL_ROW if line.key_ok else ReviewKind.DOUBTFUL_KEY)
        yield DoubtfulRow(
            number=i + 1,
            kind=kind,
            order_no=line.order_no or (item.order_no if item and item.order_no else ""),
            key=line.key,
            reason=item.reason if item else "",
            breaks=item.breaks if item else (),
            line=line,
            questions=tuple(
                _question(name, line.fields[name], before, source) for name in asked_fields(line, item)
            ),
            could_be=item.could_be if item else (),
            pictured=source is not None,
        )


def asked_fields(line: OrderLine, item: ReviewItem | None) -> tuple[str, ...]:
    """The fields to show with their pictures: those asked about and every other doubtful one; where neither
    names a field (a duplicate key), those that make up the key."""
    names = dict.fromkeys((*(item.fields if item else ()), *line.doubtful))
    known = tuple(n for n in names if n in line.fields)
    if known:
        return known
    parts = {*line.key.split(KEY_SEP), line.order_no} - {""}
    return tuple(n for n, v in line.fields.items() if v.reading.text in parts or str(v.value) in parts)


def _question(name: str, value: FieldValue, before: Mapping[str, Scalar], pictures: Pictures | None) -> Question:
    return Question(
        field=name,
        text=value.reading.text,
        value=value.value,
        alternatives=value.reading.alternatives,
        old=before.get(name),
        has_old=name in before,
        doubts=tuple(dict.fromkeys((*value.doubts, *value.reading.doubts))),
        reading=value.reading,
        picture=pictures.of(value.reading) if pictures else None,
    )


def _changed(change: Change, pictures: Pictures | None) -> ChangedOrder:
    def one(name: str) -> ChangedField:
        reading = change.readings.get(name)
        return ChangedField(
            field=name,
            old=change.before.get(name),
            new=change.after.get(name),
            reading=reading,
            picture=pictures.of(reading) if pictures and reading else None,
        )

    return ChangedOrder(
        change=change, fields=tuple(one(n) for n in change.changed_fields), pictured=pictures is not None
    )


def field_order(view: RunView) -> tuple[str, ...]:
    """Every field that occurs, in the order in which the list shows them as far as it is known."""
    names: dict[str, None] = {}

    def take(more: Iterable[str]) -> None:
        names.update(dict.fromkeys(more))

    for row in view.doubtful:
        take(row.line.fields)
    for change in (*view.added, *view.back, *view.gone, *view.left, *(c.change for c in view.changed)):
        take(change.after)
        take(change.before)
    return tuple(names)
