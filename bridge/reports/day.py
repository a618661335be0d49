"""One day over all runs and sources: every difference first asked or changed then, once, as it stands now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import date, datetime

from bridge.breaks import WEIGHT, Break, BreakClass
from bridge.encoded import plain_scalar
from bridge.interfaces import Action, StoredReview
from bridge.records import ChangeKind, Doubt, FieldValue, Reading, RunSummary
from bridge.reports.show import scalar_text
from bridge.reports.view import asked_fields
from bridge.store.days import OrderEvent

OPEN, DECIDED, IDLE, PASSED_ON = "open", "decided", "superseded", "passed_on"
STATES = (OPEN, DECIDED, IDLE, PASSED_ON)
"""As it stands: it waits; a person decided; a later list answered it; it went out by itself."""

_CLASS = {
    ChangeKind.ADDED: BreakClass.NEW,
    ChangeKind.CHANGED: BreakClass.CHANGED,
    ChangeKind.GONE: BreakClass.GONE,
    ChangeKind.LEFT: BreakClass.LEFT,
    ChangeKind.BACK: BreakClass.BACK,
}

LastProven = Callable[[str, str, str], FieldValue | None]
"""Source, key and field → the newest reading in which it was proven."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DayField:
    """One field of a difference.  old, new: as text; new is the best guess where there are doubts."""

    name: str
    old: str
    new: str
    reading: Reading | None = None
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class DayEntry:
    """One difference.  item: the question's number, None for what went out by itself.  state: see ``STATES``.
    by: who decided, or 'bridge'.  at: when it was asked or changed.  settled_at: when it left the queue."""

    source: str
    key: str
    order_no: str
    state: str
    classes: tuple[BreakClass, ...]
    at: datetime
    item: int | None = None
    breaks: tuple[Break, ...] = ()
    reason: str = ""
    by: str = ""
    decision: Action | None = None
    settled_at: datetime | None = None
    fields: tuple[DayField, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class DayReport:
    """entries: the questions in order of asking, then the changes."""

    day: date
    as_of: datetime
    runs: tuple[RunSummary, ...]
    entries: tuple[DayEntry, ...]
    sources: tuple[str, ...] = attribute(default=())

    def of(self, *states: str) -> tuple[DayEntry, ...]:
        return tuple(e for e in self.entries if e.state in states)

    @property
    def classes(self) -> tuple[tuple[BreakClass, dict[str, int]], ...]:
        """How many differences of each class, by source; the weightiest first."""
        counts = Counter((cls, e.source) for e in self.entries for cls in e.classes)
        found = sorted({cls for cls, _ in counts}, key=lambda c: WEIGHT[c])
        return tuple((cls, {s: counts[cls, s] for s in self.sources}) for cls in found)


def day_report(
    day: date,
    asked: Sequence[StoredReview],
    changed: Sequence[OrderEvent],
    runs: Sequence[RunSummary],
    *,
    as_of: datetime,
    last_proven: LastProven,
) -> DayReport:
    """last_proven is asked for the fields of changed orders, not of new ones."""
    questions = [_question(q) for q in asked]
    # What a person's decision changed stands with its question.
    told = {(e.source, e.key) for e in questions if e.state == DECIDED}
    changes = [e for e in _changes(changed, last_proven) if (e.source, e.key) not in told or e.by == "bridge"]
    entries = (*questions, *changes)
    sources = sorted({e.source for e in entries} | {r.source for r in runs})
    return DayReport(day=day, as_of=as_of, runs=tuple(runs), entries=entries, sources=tuple(sources))


def _question(stored: StoredReview) -> DayEntry:
    item = stored.item
    return DayEntry(
        item=stored.id,
        source=item.source,
        key=item.key or "",
        order_no=item.order_no or "",
        state=stored.state,
        classes=tuple(dict.fromkeys(b.cls for b in item.breaks)),
        at=stored.created_at,
        breaks=item.breaks,
        reason=item.reason,
        by=stored.decided_by or "",
        decision=stored.decision,
        settled_at=stored.closed_at,
        fields=tuple(_asked_field(stored, name) for name in asked_fields(item.line, item)) if item.line else (),
    )


def _asked_field(stored: StoredReview, name: str) -> DayField:
    assert stored.item.line is not None
    value = stored.item.line.fields[name]
    return DayField(
        name=name,
        old=scalar_text(stored.item.before.get(name)),
        new=value.reading.text,
        reading=value.reading,
        doubts=tuple(dict.fromkeys((*value.doubts, *value.reading.doubts))),
    )


def _changes(events: Sequence[OrderEvent], last_proven: LastProven) -> list[DayEntry]:
    """Each order once: from what it was before the day's first change to what it is after its last."""
    orders: dict[tuple[str, str], list[OrderEvent]] = {}
    for event in events:
        orders.setdefault((event.source, event.key), []).append(event)
    entries = []
    for (source, key), mine in orders.items():
        first: dict[str, object] = {}
        last: dict[str, object] = {}
        for event in mine:
            for name, (old, new) in event.changed.items():
                first.setdefault(name, old)
                last[name] = new
        kinds = list(dict.fromkeys(_CLASS[e.kind] for e in mine))
        is_new = BreakClass.NEW in kinds
        names = [] if is_new else [n for n in last if first[n] != last[n]]
        if kinds == [BreakClass.CHANGED] and not names:
            continue  # changed, and changed back
        entries.append(
            DayEntry(
                source=source,
                key=key,
                order_no=mine[-1].order_no,
                state=PASSED_ON,
                classes=tuple(sorted(kinds, key=lambda c: WEIGHT[c])),
                at=mine[-1].at,
                by=mine[-1].by,
                settled_at=mine[-1].at,
                fields=tuple(_changed_field(source, key, n, first[n], last[n], last_proven) for n in names),
            )
        )
    return entries


def _changed_field(
    source: str, key: str, name: str, old: object, new: object, last_proven: LastProven
) -> DayField:
    seen = last_proven(source, key, name)
    # A picture of another value would be worse than none.
    shows = seen is not None and _text(new) == _text(plain_scalar(seen.value))
    return DayField(name=name, old=_text(old), new=_text(new), reading=seen.reading if seen and shows else None)


def _text(value: object) -> str:
    return "" if value is None else str(value)
