"""Which cells a shot has, and which column of the profile each stands in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bridge.errors import LayoutChanged
from bridge.ocr.pictures import Rect
from bridge.profiles import Column, ColumnType, Profile
from bridge.records import Box, PageCell, PageShot, RowKind


@dataclass(frozen=True, slots=True)
class RawCell:
    """A cell before it is read.  ``page``: what the page says of it, if its help is used.  ``strayed``: which
    column it stands in is not certain."""

    rect: Rect  # pixels of the shot
    page: PageCell | None = None
    strayed: bool = False


@dataclass(frozen=True, slots=True)
class RawGrid:
    """Cells by heading row and column; a column that a row lacks (spanned) is None."""

    headings: tuple[tuple[RawCell | None, ...], ...]
    rows: tuple[tuple[RawCell | None, ...], ...]
    columns: int
    below: tuple[RawCell, ...] = ()  # lines of text under the last row, where pixels are all there is


def grid_of_page(shot: PageShot) -> RawGrid:
    """The cells as the page gave them (``bridge.erp.page_cells.arrange``).

    Where two cells of a row stand under one heading, the first is kept, and is not certain.
    """
    columns = max((c.col for c in shot.cells), default=-1) + 1
    count = max((c.row for c in shot.cells), default=-1) + 1
    rows: list[list[RawCell | None]] = [[None] * columns for _ in range(count)]
    kinds = [RowKind.DATA] * count
    bands = _bands(shot.cells, columns)
    for c in shot.cells:
        kinds[c.row] = c.kind
        before = rows[c.row][c.col]
        if before is None:
            strayed = c.kind is not RowKind.HEADING and _strays(c, bands)
            rows[c.row][c.col] = RawCell(c.box.inner(shot.scale), c, strayed)
        elif c.kind is not RowKind.HEADING and before.page is not None and not _same_place(before.page.box, c.box):
            rows[c.row][c.col] = replace(before, strayed=True)
    for row in rows:
        # Where one cell has strayed, its neighbours may be one column off and yet near a heading.
        if any(c is not None and c.strayed for c in row):
            row[:] = [c and replace(c, strayed=c.strayed or not _squarely(c, bands[i])) for i, c in enumerate(row)]
    return RawGrid(
        headings=tuple(tuple(r) for r, k in zip(rows, kinds, strict=True) if k is RowKind.HEADING),
        rows=tuple(tuple(r) for r, k in zip(rows, kinds, strict=True) if k is not RowKind.HEADING),
        columns=columns,
    )


_ASIDE = 8.0
"""css pixels; borders and paddings shift a cell against its heading by less."""
_LEVEL = 3.0
"""css pixels; a cell right under its heading is off by less."""


def _bands(cells: Sequence[PageCell], columns: int) -> list[tuple[float, float] | None]:
    """Left and right end of each column by its narrowest heading; None where it has none."""
    bands: list[tuple[float, float] | None] = [None] * columns
    for c in cells:
        known = bands[c.col]
        if c.kind is RowKind.HEADING and (known is None or c.box.w < known[1] - known[0]):
            bands[c.col] = c.box.x, c.box.x2
    return bands


def _strays(c: PageCell, bands: Sequence[tuple[float, float] | None]) -> bool:
    """Does it start elsewhere than its heading, or reach under the next one?"""
    own, following = bands[c.col], bands[c.col + 1] if c.col + 1 < len(bands) else None
    if own is not None and abs(c.box.x - own[0]) > max(_ASIDE, (own[1] - own[0]) / 4):
        return True
    return following is not None and c.box.x2 > following[0] + max(_ASIDE, (following[1] - following[0]) / 4)


def _squarely(c: RawCell, band: tuple[float, float] | None) -> bool:
    """Does it end left and right where its heading does?"""
    return (
        c.page is not None
        and band is not None
        and (abs(c.page.box.x - band[0]) <= _LEVEL and abs(c.page.box.x2 - band[1]) <= _LEVEL)
    )


def _same_place(a: Box, b: Box) -> bool:
    """Seen twice, in two overlapping pictures."""
    return max(abs(a.x - b.x), abs(a.y - b.y), abs(a.x2 - b.x2), abs(a.y2 - b.y2)) <= 2


_MARKS = re.compile(r"[\s▲▼△▽↑↓⇅*:：]+")


def heading_key(text: str) -> str:
    """A heading for comparison: width forms folded, spaces, sort arrows and required-marks off."""
    return _MARKS.sub("", unicodedata.normalize("NFKC", text)).casefold()


def known_headings(profile: Profile) -> dict[str, Column]:
    """Every heading a column may have → the column."""
    return {heading_key(h): c for c in profile.columns for h in (c.heading, *c.also) if h}


def match_columns(headings: Sequence[str], profile: Profile, *, page: int) -> tuple[Column | None, ...]:
    """The profile's column for each grid column, None for columns that the profile does not know.

    headings: as displayed, "" where there is none.  Raises LayoutChanged when a wanted heading is not there or
    stands there twice: a list whose columns cannot be told apart is not read at all.
    """
    known = known_headings(profile)
    found: list[Column | None] = [known.get(heading_key(h)) if h.strip() else None for h in headings]
    for c in profile.columns:
        if not c.heading and c.after is not None:
            place = next((i for i, f in enumerate(found) if f is not None and f.heading == c.after), None)
            if place is not None and place + 1 < len(found) and not headings[place + 1].strip():
                found[place + 1] = c
    wanted = [(i, c) for i, c in enumerate(profile.columns) if c.type is not ColumnType.IGNORE]
    missing = [(i, c) for i, c in wanted if c not in found]
    twice = [(i, c) for i, c in wanted if found.count(c) > 1]
    if not missing and not twice:
        return tuple(found)
    shown = ", ".join(h or "(no heading)" for h in headings) or "none at all"
    faults = [f"{profile.place(f'columns.{i}')}: the heading {c.name!r} is not there" for i, c in missing]
    faults += [f"{profile.place(f'columns.{i}')}: the heading {c.name!r} is there twice" for i, c in twice]
    raise LayoutChanged(
        f"page {page}: the list's headings are not as in the profile {profile.name!r}: {'; '.join(faults)}. "
        f"Headings shown: {shown}",
        hint="If the ERP renamed or moved a column, change that line of the profile; nothing was pushed.",
        page=page,
    )
