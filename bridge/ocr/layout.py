"""Which cells a shot has, and which column of the profile each stands in."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from bridge.errors import LayoutChanged
from bridge.ocr.pictures import Rect
from bridge.profiles import Column, ColumnType, Profile
from bridge.records import PageCell, PageShot, RowKind


@dataclass(frozen=True, slots=True)
class RawCell:
    """A cell before it is read.  ``page``: what the page says of it, if its help is used."""

    rect: Rect  # pixels of the shot
    page: PageCell | None = None


@dataclass(frozen=True, slots=True)
class RawGrid:
    """Cells by heading row and column; a column that a row lacks (spanned) is None."""

    headings: tuple[tuple[RawCell | None, ...], ...]
    rows: tuple[tuple[RawCell | None, ...], ...]
    columns: int
    below: tuple[RawCell, ...] = ()  # lines of text under the last row, where pixels are all there is


def grid_of_page(shot: PageShot) -> RawGrid:
    """The cells as the page gave them (``bridge.erp.page_cells.arrange``)."""
    columns = max((c.col for c in shot.cells), default=-1) + 1
    count = max((c.row for c in shot.cells), default=-1) + 1
    rows: list[list[RawCell | None]] = [[None] * columns for _ in range(count)]
    kinds = [RowKind.DATA] * count
    for c in shot.cells:
        rows[c.row][c.col] = RawCell(c.box.inner(shot.scale), c)
        kinds[c.row] = c.kind
    return RawGrid(
        headings=tuple(tuple(r) for r, k in zip(rows, kinds, strict=True) if k is RowKind.HEADING),
        rows=tuple(tuple(r) for r, k in zip(rows, kinds, strict=True) if k is not RowKind.HEADING),
        columns=columns,
    )


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
    faults = [f"columns.{i}: the heading {c.name!r} is not there" for i, c in missing]
    faults += [f"columns.{i}: the heading {c.name!r} is there twice" for i, c in twice]
    raise LayoutChanged(
        f"page {page}: the list's headings are not as in the profile {profile.name!r}: {'; '.join(faults)}. "
        f"Headings shown: {shown}",
        hint="If the ERP renamed or moved a column, change that line of the profile; nothing was pushed.",
        page=page,
    )
