"""What the list says about itself: rows that show sums, and 共N条."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from bridge.errors import ProfileError
from bridge.parse.text import fold_width, free_text, plain_spaces
from bridge.parse.values import NUMBERS, parse_value
from bridge.profiles import BlankRow, Column, NotOrders, Profile
from bridge.records import Grid, GridRow, RowKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Total:
    """A sum that a row of the list shows."""

    field: str
    page: int | None  # the page it sums up, None for the whole list
    value: Decimal
    rounding: Decimal  # each row's share in the sum may differ from what the row shows by up to this
    proven: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """A row count that a page shows; ``rows`` is None where its text gives no number."""

    page: int
    rows: int | None
    proven: bool
    proposed: frozenset[int]  # every number that the reading and its alternatives give


def totals(profile: Profile, grids: Sequence[Grid]) -> Iterator[Total]:
    """Every legible sum.  Raises ProfileError if a summed field is no column with numbers."""
    for grid in grids:
        for row in grid.rows:
            rule = total_rule(profile, grid, row)
            if rule is None or rule.of == "none":
                continue
            for field in rule.sums:
                column = _summed(profile, field)
                if field not in grid.columns:
                    continue
                reading = row.cells[grid.columns.index(field)]
                value, doubts = parse_value(reading.text, column)
                if value is None or doubts or isinstance(value, str):
                    continue
                yield Total(
                    field=field,
                    page=grid.page if rule.of == "page" else None,
                    value=Decimal(str(value)),
                    rounding=Decimal(rule.rounding),
                    proven=reading.proven and not reading.doubts,
                )


def total_rule(profile: Profile, grid: Grid, row: GridRow) -> NotOrders | BlankRow | None:
    """The profile's rule for a row that is no order; None if none knows it."""
    if row.kind is not RowKind.OTHER:
        return None
    for rule in profile.order_list.not_orders:
        if any(re.search(rule.text, free_text(cell.text)) for cell in row.cells):
            return rule
    blank = profile.order_list.total_row
    if blank is not None:
        first = min((grid.columns.index(f) for f in blank.sums if f in grid.columns), default=0)
        if not any(free_text(cell.text) for cell in row.cells[:first]):
            return blank
    return None


def counts(profile: Profile, grids: Sequence[Grid]) -> list[Count]:
    """The row counts that the pages show, by ``list.total.pattern``."""
    rule = profile.order_list.total
    found = []
    for grid in grids:
        reading = grid.total_count
        if rule is None or reading is None:
            continue
        numbers = [_count(t, rule.pattern) for t in (reading.text, *reading.alternatives)]
        found.append(
            Count(
                page=grid.page,
                rows=numbers[0],
                proven=reading.proven and not reading.doubts,
                proposed=frozenset(n for n in numbers if n is not None),
            )
        )
    return found


def _count(text: str, pattern: str) -> int | None:
    """The pattern's number; blanks that a reader sees between Chinese characters do not count."""
    shown = plain_spaces(fold_width(text))
    found = re.search(pattern, text) or re.search(pattern, shown) or re.search(pattern, shown.replace(" ", ""))
    digits = fold_width(found[1] or "").strip() if found else ""
    if re.fullmatch(r"[0-9]{1,9}|[0-9]{1,3}(,[0-9]{3}){1,2}", digits):
        return int(digits.replace(",", ""))
    return None


def _summed(profile: Profile, field: str) -> Column:
    column = next((c for c in profile.columns if c.field == field), None)
    if column is None or column.type not in NUMBERS:
        raise ProfileError(
            f"list: sums names {field!r}, which is no column with numbers",
            hint="Name the field of a column of type integer, decimal or money.",
        )
    return column
