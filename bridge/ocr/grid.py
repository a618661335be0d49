"""The cells of a list, found in its pixels alone.

A screen list is drawn with edges: rules, cell borders or bands of colour.  An edge that runs across most of the
list bounds rows, one that runs down most of it bounds columns; where the list has none, rows are bands of ink and
columns the gaps that no row fills.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bridge.errors import UnreadableImage
from bridge.ocr.layout import RawCell, RawGrid
from bridge.ocr.pictures import background, ink
from bridge.records import Image, PageShot

EDGE = 7
"""Two neighbouring pixels differ by more than this in a channel: pale zebra bands differ by little more."""
ACROSS = 0.6
"""Share of the list's width (height) that an edge must run."""
MIN_ROW, MIN_COLUMN = 9, 8
"""css pixels; smaller bands are rules, gaps and borders."""
MIN_GUTTER = 5
"""css pixels without any ink that part two columns."""
MAX_SIDE = 30_000
"""Pixels; a larger picture is no screen."""


def find_grid(shot: PageShot) -> RawGrid:
    """Every row of cells in the shot, headings among them, and the lines of text below the last row.

    Raises UnreadableImage if the picture is blank, tiny, huge or shows no rows.
    """
    image, scale = shot.image, shot.scale
    _refuse_odd(shot)
    rows = _row_bands(image, scale)
    if len(rows) < 2:
        rows = _ink_bands(image, scale)
    if len(rows) < 2:
        raise UnreadableImage(
            f"page {shot.number}: no rows were found in the picture",
            hint="Is it a list? Look at the picture; for a list without lines set list.grid: gaps.",
            page=shot.number,
        )
    rows, rest = _main_block(rows)
    columns = _column_bands(image, rows, scale)
    if len(columns) < 2:
        columns = _gutter_columns(image, rows, scale)
    return RawGrid(
        headings=(),
        rows=tuple(tuple(RawCell((x0, y0, x1, y1)) for x0, x1 in columns) for y0, y1 in rows),
        columns=len(columns),
        below=tuple(RawCell((0, y0, image.shape[1], y1)) for y0, y1 in rest if y0 >= rows[-1][1]),
    )


def _refuse_odd(shot: PageShot) -> None:
    h, w = shot.image.shape[:2]
    what = None
    if min(h, w) < 24:
        what = f"is only {w} × {h} pixels"
    elif max(h, w) > MAX_SIDE:
        what = f"is {w} × {h} pixels, more than any screen"
    elif np.ptp(shot.image.reshape(-1, 3), axis=0).max() <= EDGE:
        what = "is blank"
    if what:
        raise UnreadableImage(
            f"page {shot.number}: the picture {what}",
            hint="Give a screenshot of the list as it is shown.",
            page=shot.number,
        )


def _steps(image: Image, axis: int) -> NDArray[np.bool_]:
    """Where a pixel differs from its neighbour above (axis 0) or to the left (axis 1)."""
    a = image.astype(np.int16)
    return np.asarray(np.abs(np.diff(a, axis=axis)).max(axis=2) > EDGE)


def _bands(edges: NDArray[np.bool_], length: int, least: int) -> list[tuple[int, int]]:
    """Intervals between edges that are at least so long.  edges[i]: between pixels i and i + 1."""
    cuts = [0, *(int(i) + 1 for i in np.flatnonzero(edges)), length]
    return [(a, b) for a, b in pairwise(cuts) if b - a >= least]


def _row_bands(image: Image, scale: float) -> list[tuple[int, int]]:
    share = _steps(image, 0).mean(axis=1)
    return _bands(share >= ACROSS, image.shape[0], round(MIN_ROW * scale))


def _column_bands(image: Image, rows: list[tuple[int, int]], scale: float) -> list[tuple[int, int]]:
    """Columns between edges that run down most of the rows; the outermost empty margins are none."""
    steps = _steps(image, 1)
    share = np.mean([steps[a:b].mean(axis=0) >= 0.8 for a, b in rows], axis=0)
    found = _bands(share >= ACROSS, image.shape[1], round(MIN_COLUMN * scale))
    return [f for f in found if _has_ink(image, rows, f)] if len(found) > 1 else found


def _has_ink(image: Image, rows: list[tuple[int, int]], span: tuple[int, int]) -> bool:
    for a, b in rows:
        part = image[a + 1 : b - 1, span[0] + 1 : span[1] - 1]
        if part.size and ink(part, background(part)).any():
            return True
    return False


def _main_block(rows: list[tuple[int, int]]) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """The list's own rows, and what stands around them.

    Rows of one list are of like height and follow each other; a title or a footer is a band much higher than
    they are, or stands apart from them.
    """
    usual = float(np.median([b - a for a, b in rows]))
    fit = [i for i, (a, b) in enumerate(rows) if b - a <= 6 * usual]
    blocks: list[list[int]] = []
    for i in fit:
        near = blocks and i - blocks[-1][-1] == 1 and rows[i][0] - rows[blocks[-1][-1]][1] <= usual / 2
        if near:
            blocks[-1].append(i)
        else:
            blocks.append([i])
    main = max(blocks, key=len)
    return [rows[i] for i in main], [r for i, r in enumerate(rows) if i not in main]


def _ink_bands(image: Image, scale: float) -> list[tuple[int, int]]:
    """Rows of a list without any edges: lines of text, each with half of the gaps around it.

    Lines of one wrapped row stand closer than rows do: gaps below 60 % of the usual one join.
    """
    mask = ink(image, background(image)).any(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.view(np.int8), [0]])))
    lines = [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= 4 * scale]
    if len(lines) < 2:
        return lines
    gaps = [b[0] - a[1] for a, b in pairwise(lines)]
    usual = float(np.median(gaps))
    rows = [lines[0]]
    for line, gap in zip(lines[1:], gaps, strict=True):
        if gap < 0.6 * usual:
            rows[-1] = (rows[-1][0], line[1])
        else:
            rows.append(line)
    half = round(usual / 2)
    return [(max(0, a - half), min(image.shape[0], b + half)) for a, b in rows]


def _gutter_columns(image: Image, rows: list[tuple[int, int]], scale: float) -> list[tuple[int, int]]:
    """Columns parted by gaps that no row fills, headings included."""
    used = np.zeros(image.shape[1], bool)
    for a, b in rows:
        part = image[a + 1 : b - 1]
        if part.size:
            used |= ink(part, background(part)).any(axis=0)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], used.view(np.int8), [0]])))
    spans = [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    merged: list[tuple[int, int]] = []
    for a, b in spans:
        if merged and a - merged[-1][1] < MIN_GUTTER * scale:
            merged[-1] = (merged[-1][0], b)
        else:
            merged.append((a, b))
    # Each column takes half of the gap on either side, so that no character is cut off.
    starts = [0, *((a[1] + b[0]) // 2 for a, b in pairwise(merged)), image.shape[1]]
    return [(starts[i], starts[i + 1]) for i in range(len(merged))]
