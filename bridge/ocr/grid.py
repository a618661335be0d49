"""The cells of a list, found in its pixels alone.

Rules and bands of colour bound its rows and columns where it has such (``edges``); gaps and the pitch of its lines
where it has none (``columns``, ``rows``).  A grid that is not sure is no grid: UnreadableImage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from bridge.errors import UnreadableImage
from bridge.ocr.columns import Columns, find_columns
from bridge.ocr.edges import Band, bands_between, content_width, rules_across, steps
from bridge.ocr.layout import RawCell, RawGrid
from bridge.ocr.rows import Row, RowFinder
from bridge.records import PageShot

MIN_SIDE = 24
"""Pixels; nothing smaller holds a list."""
MAX_SIDE = 30_000
"""Pixels; a larger picture is no screen."""
CROSSED = 0.25
"""Em between the ink on both sides of a column's edge; closer ink is one text that spans both columns."""


def find_grid(shot: PageShot) -> RawGrid:
    """Every row of cells in the shot, headings among them, and the lines of text below the last row.

    Rows that an edge of ``shot.body`` cuts are left out.  A cell that spans columns stands in its first one; the
    others are None.  Raises UnreadableImage if the picture is blank, tiny, huge or no table, or if its rows or
    columns cannot be told apart.
    """
    scale = shot.scale
    _refuse_odd(shot)
    s = steps(shot.image)
    content = content_width(s)
    if content[0] == content[1]:
        raise _odd(shot, "is blank")
    cuts, within = rules_across(s, content, scale)
    limits = _limits(shot)
    inner = {y for y in limits if 0 < y < shot.image.shape[0]}
    bands = _whole_lines(bands_between(s, sorted({*cuts, *inner}), within, scale), shot)
    em = _em(bands)
    if em <= 0:
        raise _no_list(shot, "there is no line of text in it")
    columns = find_columns(bands, within, s.right, em, scale, shot.number)
    if len(columns.spans) < 3:
        raise _no_list(shot, f"it has {len(columns.spans)} column(s) of text, a list has three or more")
    open_ends = limits[:1] if shot.at_end else limits
    finder = RowFinder(s, columns.spans, em, scale, shot.number)
    rows = _without_cut(finder.rows(bands, boxed=columns.ruled, limits=open_ends), finder, shot, cuts)
    by_band = dict(enumerate(bands))
    rows, rest = _trim(rows, columns, by_band, em)
    full = sum(r.filled >= max(2, len(columns.spans) / 2) for r in rows)
    if len(rows) < 2 or full < 2:
        raise _no_list(shot, f"only {full} row(s) fill its columns")
    return RawGrid(
        headings=(),
        rows=tuple(_cells(r, columns, by_band, em) for r in rows),
        columns=len(columns.spans),
        below=tuple(RawCell((0, r.y0, shot.image.shape[1], r.y1)) for r in rest),
    )


def _refuse_odd(shot: PageShot) -> None:
    h, w = shot.image.shape[:2]
    what = None
    if min(h, w) < MIN_SIDE:
        what = f"is only {w} × {h} pixels"
    elif max(h, w) > MAX_SIDE:
        what = f"is {w} × {h} pixels, more than any screen"
    if what:
        raise _odd(shot, what)


def _odd(shot: PageShot, what: str) -> UnreadableImage:
    return UnreadableImage(
        f"page {shot.number}: the picture {what}",
        hint="Give a screenshot of the list as it is shown.",
        page=shot.number,
    )


def _no_list(shot: PageShot, why: str) -> UnreadableImage:
    return UnreadableImage(
        f"page {shot.number}: no list was found in the picture: {why}",
        hint="Look at the picture: is it the list? If it shows more than the list, narrow list.where.",
        page=shot.number,
    )


def _em(bands: Sequence[Band]) -> float:
    """A character's size by the height of the lines; cells that wrap around the middle of their row join lines."""
    heights = [line.y1 - line.y0 for b in bands for line in b.lines]
    return float(np.percentile(heights, 25)) * 1.1 if heights else 0.0


def _limits(shot: PageShot) -> list[int]:
    """Upper and lower edge of the part that scrolls, as cuts between rows."""
    if shot.body is None:
        return []
    return [round(shot.body.y * shot.scale), round(shot.body.y2 * shot.scale)]


def _whole_lines(bands: Sequence[Band], shot: PageShot) -> list[Band]:
    """Without the lines whose ink touches an edge of the picture or of the part that scrolls: they are cut."""
    ends = {0, shot.image.shape[0], *_limits(shot)}
    return [
        replace(b, lines=tuple(n for n in b.lines if not any(abs(y - e) < 1 for y in (n.y0, n.y1) for e in ends)))
        for b in bands
    ]


def _without_cut(rows: list[Row], finder: RowFinder, shot: PageShot, cuts: Sequence[int]) -> list[Row]:
    """Leaves out the rows that an edge of the scrolling part may cut; the neighbouring shots show them whole."""
    if shot.body is None:
        return rows
    top, bottom = _limits(shot)
    pitch = float(np.median([b.y0 - a.y0 for a, b in pairwise(rows)])) if len(rows) > 1 else 0.0
    above = [r for r in rows if r.lines[0].y0 < top]
    inside = [r for r in rows if r.lines[0].y0 >= top and r.lines[-1].y1 <= bottom]
    below = [r for r in rows if r.lines[0].y0 >= top and r.lines[-1].y1 > bottom]
    if inside and shot.y_offset > 0 and not inside[0].closed_above:
        first, usual = inside[0], float(np.median([r.lines[0].y0 - r.y0 for r in inside]))
        whole = finder.starts_full(first) and first.lines[0].y0 - top >= usual - shot.scale
        inside = inside[0 if whole else 1 :]
    if inside and not shot.at_end and not (inside[-1].closed_below or _ruled_at(bottom, cuts, shot.scale)):
        # A row is whole where the next one would be seen.
        inside = inside[: -1 if bottom - inside[-1].lines[-1].y1 < pitch else None]
    return above + inside + below


def _ruled_at(y: int, cuts: Sequence[int], scale: float) -> bool:
    """Does a row's own rule end it right above y?  At y itself stands the edge of the part that scrolls."""
    return any(0 < y - c <= 2 * scale for c in cuts)


def _trim(rows: list[Row], columns: Columns, bands: dict[int, Band], em: float) -> tuple[list[Row], list[Row]]:
    """The list's own rows, and the lines below it.

    Above the headings stand titles and search bars: lines that fill few columns.  Below the last row stand counts
    and pagers: they fill few columns or run across them, without rules around them and apart from the rows.
    """
    if not rows:
        return [], []
    usual = float(np.percentile([r.filled for r in rows], 75))
    start = next(i for i, r in enumerate(rows) if r.filled >= usual / 2)
    end = len(rows)
    pitch = [b.lines[-1].y1 - a.lines[-1].y1 for a, b in pairwise(rows[start:])]
    far = float(np.percentile(pitch, 25)) + em / 2 if pitch else 0.0
    parted = columns.ruled and all(_inner_rules(bands[r.lines[0].band], columns) for r in rows[start : end - 2])
    while end - start > 2:
        last = rows[end - 1]
        band = bands[last.lines[0].band]
        across = sum(c is None for c in _cells(last, columns, bands, em))
        apart = last.lines[-1].y1 - rows[end - 2].lines[-1].y1 > far
        few = last.filled < usual / 2
        # A box around a line of text alone is a footer's; where every row is parted by rules, an order's is too.
        outside = (not last.ruled and across > 1) or (parted and not _inner_rules(band, columns))
        if not (outside or (apart and (few or (across and not last.ruled)))):
            break
        end -= 1
    return rows[start:end], rows[end:]


def _inner_rules(band: Band, columns: Columns) -> bool:
    return any(band.rules[a[1] - 1 : b[0] + 2].any() for a, b in pairwise(columns.spans))


def _cells(row: Row, columns: Columns, bands: dict[int, Band], em: float) -> tuple[RawCell | None, ...]:
    """One cell per column; where text crosses the edge of columns they are one cell."""
    rules = bands[row.lines[0].band].rules
    used = np.any([line.used for line in row.lines], axis=0)
    out: list[RawCell | None] = []
    start = 0
    spans = columns.spans
    for i in range(1, len(spans) + 1):
        if i < len(spans) and _crossed(used, rules, spans[i - 1][1], spans[i][0], em, columns.ruled):
            continue
        out.append(RawCell((spans[start][0], row.y0, spans[i - 1][1], row.y1)))
        out += [None] * (i - 1 - start)
        start = i
    return tuple(out)


def _crossed(used: np.ndarray, rules: np.ndarray, a: int, b: int, em: float, ruled: bool) -> bool:
    """a, b: where the column on the left ends and the one on the right starts."""
    if rules[a - 1 : b + 2].any():
        return False
    if used[a - 1 : b + 1].any():
        return True
    near = 0 if ruled else round(CROSSED * em)
    left, right = np.flatnonzero(used[max(0, a - near) : a]), np.flatnonzero(used[b : b + near])
    if not len(left) or not len(right):
        return False
    return int(right[0]) + b - (max(0, a - near) + int(left[-1])) - 1 <= near
