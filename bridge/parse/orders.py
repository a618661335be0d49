"""Stage *parse*: grids of readings → rows of the list with typed fields."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from bridge.errors import LayoutChanged
from bridge.parse.values import key_text, parse_value
from bridge.profiles import Column, ColumnType, Profile
from bridge.records import KEY_SEP, Doubt, FieldValue, Grid, GridRow, OrderLine, Reading, RowKind

SAME_PLACE = 3.0  # css pixels; a row is at least four times as high


def parse_grids(source: str, profile: Profile, grids: Sequence[Grid]) -> tuple[OrderLine, ...]:
    """The data rows of all pages as lines, in display order.

    ``line.page`` and ``line.row`` (0-based, data rows only) say where the row stands.  A row that two views of one
    scrolling box show is one line.  Raises LayoutChanged if a page lacks a column of the profile or shows it
    twice, ProfileError if a column's format is none.
    """
    lines: list[OrderLine] = []
    before: list[tuple[float, int]] = []  # the previous grid's rows: y_offset, index into lines
    for grid in grids:
        places = _places(profile, grid)
        rows = [row for row in grid.rows if row.kind is RowKind.DATA]
        walking = bool(before and rows) and rows[0].y_offset > before[0][0] + SAME_PLACE
        here: list[tuple[float, int]] = []
        for number, row in enumerate(rows):
            line = _line(source, profile, places, row, page=grid.page, number=number)
            at = _shown_before(row.y_offset, before) if walking else None
            if at is not None and (kept := _one_of(lines[at], line, profile)) is not None:
                lines[at] = kept
                here.append((row.y_offset, at))
                continue
            here.append((row.y_offset, len(lines)))
            lines.append(line)
        before = here
    return tuple(lines)


def field_value(column: Column, reading: Reading, profile: Profile, *, is_key: bool) -> FieldValue:
    """One reading typed.  A key field is always required: a row without a name cannot be told from another."""
    assert column.field is not None  # held by the profile's validation
    value, found = parse_value(reading.text, column, profile.mappings.get(column.field))
    doubts = [*reading.doubts, *(d for d in found if d not in reading.doubts)]
    if is_key and value is None and not found:
        doubts.append(Doubt.REQUIRED_EMPTY)
    if not reading.proven and not doubts:
        doubts.append(Doubt.UNPROVEN)
    return FieldValue(field=column.field, value=value, reading=reading, doubts=tuple(doubts))


def build_line(source: str, profile: Profile, values: Iterable[FieldValue], *, page: int, row: int) -> OrderLine:
    """A line from its fields: the key is made of the key fields' own words, joined by ``KEY_SEP``."""
    fields = {v.field: v for v in values}
    parts = [key_text(fields[name].reading.text, profile.column(name)) for name in profile.key]
    # No legal text holds the separator; an illegal one must not shift the other parts.
    parts = [part.replace(KEY_SEP, " ") for part in parts]
    return OrderLine(
        source=source,
        key=KEY_SEP.join(parts),
        order_no=parts[0],
        key_ok=all(fields[name].ok for name in profile.key),
        fields=fields,
        page=page,
        row=row,
    )


def wanted_columns(profile: Profile) -> list[tuple[str, Column]]:
    """(field, column) of every column that is not ignored, in the profile's order."""
    return [(c.field, c) for c in profile.columns if c.type is not ColumnType.IGNORE and c.field is not None]


def _places(profile: Profile, grid: Grid) -> list[tuple[Column, int]]:
    """Where in the grid each column stands."""
    places = []
    for field, column in wanted_columns(profile):
        at = [i for i, name in enumerate(grid.columns) if name == field]
        if len(at) != 1:
            shown = ", ".join(repr(h.text) for h in grid.headings) or "none"
            raise LayoutChanged(
                f"page {grid.page}: the column {column.name!r} ({field}) is "
                f"{'missing' if not at else f'there {len(at)} times'}; headings as read: {shown}",
                hint=f"Compare the page with `columns` in the profile {profile.name!r} (`heading`, `also`).",
                page=grid.page,
                field=field,
            )
        places.append((column, at[0]))
    return places


def _line(
    source: str, profile: Profile, places: list[tuple[Column, int]], row: GridRow, *, page: int, number: int
) -> OrderLine:
    values = (field_value(c, row.cells[i], profile, is_key=c.field in profile.key) for c, i in places)
    return build_line(source, profile, values, page=page, row=number)


# --- rows that two views of a scrolling box share -----------------------------------------------------------


def _shown_before(y: float, before: list[tuple[float, int]]) -> int | None:
    for other, at in before:
        if abs(other - y) <= SAME_PLACE:
            return at
    return None


def _one_of(a: OrderLine, b: OrderLine, profile: Profile) -> OrderLine | None:
    """The better read of two views of one row, or None if they may be two rows after all: then both stay, and
    the checks see a duplicate or a wrong count."""
    for name, value in a.fields.items():
        if value.ok and b.fields[name].ok and value.value != b.fields[name].value:
            return None
    # Where pages are turned, the next page's row in this place is another row; only an equal key tells.
    turned = profile.order_list.paging.kind == "next"
    if a.key != b.key and (turned or a.key_ok == b.key_ok):
        return None
    return b if (b.key_ok, -len(b.doubtful)) > (a.key_ok, -len(a.doubtful)) else a
