"""The run's differences as one long table: a line for each field that differs, for CSV and for counting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

import pandas as pd

from bridge.breaks import BreakClass
from bridge.formulas import looks_like_formula
from bridge.records import Change, ChangeKind, Reading, Scalar
from bridge.reports.said import Namer, say_break, say_reason
from bridge.reports.show import key_text, visible
from bridge.reports.view import DoubtfulRow, RunView
from bridge.reports.words import Language, say

COLUMNS = [
    "kind", "class", "order_no", "key", "field", "old", "new", "alternatives", "why", "proven",
    "confidence", "page", "row",
]  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class _Line:
    kind: str  # doubtful, missing, note or a ChangeKind
    cls: str = ""  # a BreakClass
    order_no: str = ""
    key: str = ""
    field: str = ""
    old: Scalar = None
    new: Scalar = None  # the best guess as displayed where ``proven`` is no
    alternatives: str = ""
    why: str = ""
    proven: str = ""  # yes, no, or nothing where there is no new value
    confidence: str = ""
    page: str = ""
    row: str = ""  # 1-based


def differences(view: RunView, language: Language, name_of: Namer) -> pd.DataFrame:
    """Columns as in COLUMNS, all text."""
    lines: list[_Line] = []
    for row in view.doubtful:
        lines.extend(_doubtful(row, language, name_of))
    for order in view.changed:
        c = order.change
        lines.extend(_new(c, f.field, f.old, f.new) for f in order.fields)
    for c in (*view.added, *view.back):
        lines.extend(_new(c, name, c.before.get(name), value) for name, value in c.after.items())
    for c in (*view.gone, *view.left):
        lines.extend(
            _Line(kind=c.kind.value, cls=c.kind.value, order_no=c.order_no, key=c.key, field=name, old=value)
            for name, value in c.before.items()
        )
    lines.extend(_Line(kind="missing", cls=BreakClass.NOT_SEEN, key=key) for key in view.missing)
    lines.extend(
        _Line(
            kind="note",
            cls=n.what.cls,
            order_no=n.order_no,
            key=n.key,
            field=n.what.field,
            why=say_break(n.what, language, name_of),
        )
        for n in view.notes
    )
    return pd.DataFrame([_cells(line) for line in lines], columns=COLUMNS, dtype=str)


def _doubtful(row: DoubtfulRow, language: Language, name_of: Namer) -> Iterator[_Line]:
    reason = say_reason(row, language, name_of)
    for q in row.questions:
        yield _Line(
            kind="doubtful",
            cls=" ".join(b.cls for b in row.breaks if b.field in (q.field, "")),
            order_no=row.order_no,
            key=row.key,
            field=q.field,
            old=q.old,
            new=q.text,
            alternatives=" | ".join(q.alternatives),
            why="; ".join([*(say(d, language) for d in q.doubts), *([reason] if reason else [])]),
            proven="no" if q.doubts or not q.reading.proven else "yes",
            confidence=f"{q.reading.confidence:.3f}",
            page=str(row.line.page),
            row=str(row.line.row + 1),
        )


def _new(change: Change, field: str, old: Scalar, new: Scalar) -> _Line:
    reading: Reading | None = change.readings.get(field)
    return _Line(
        kind=change.kind.value,
        cls=BreakClass.NEW if change.kind is ChangeKind.ADDED else change.kind.value,
        order_no=change.order_no,
        key=change.key,
        field=field,
        old=old,
        new=new,
        proven="yes",
        page=str(reading.page) if reading else "",
        row=str(reading.row + 1) if reading else "",
    )


def _cells(line: _Line) -> list[str]:
    values: list[Scalar] = [getattr(line, "cls" if name == "class" else name) for name in COLUMNS]
    values[COLUMNS.index("key")] = key_text(line.key)
    # A negative number is a number; only text may hide a formula.
    return [guarded(v) if isinstance(v, str) else plain(v) for v in values]


def plain(value: Scalar) -> str:
    """A typed value for programs: no thousands separators, dates as ISO 8601."""
    if value is None:
        return ""
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def guarded(text: str) -> str:
    """Text that no spreadsheet takes for a formula, signed numbers neither; hidden characters as symbols."""
    shown = visible(text)
    return f"'{shown}" if looks_like_formula(shown) else shown


def csv_bytes(view: RunView, language: Language, name_of: Namer) -> bytes:
    """UTF-8 with a byte order mark: without it Excel reads Chinese CSV as GBK."""
    text: str = differences(view, language, name_of).to_csv(index=False, lineterminator="\r\n")
    return text.encode("utf-8-sig")


def doubts_by_column(view: RunView) -> list[tuple[str, int]]:
    """(field, doubtful cells), the most doubtful column first."""
    cells = pd.Series([q.field for r in view.doubtful for q in r.questions if q.doubts], dtype=str)
    return [(str(name), int(count)) for name, count in cells.value_counts().items()]
