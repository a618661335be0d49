"""Text lines as coverage: how much of each pixel the text's own colour covers, 0..255, on a fixed window of rows
around the line's baseline, so that the same glyph is the same numbers wherever it stands, on whatever ground and
in whatever colour.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.ocr.cells import Cell
from bridge.ocr.edges import runs
from bridge.ocr.lines import split_lines, text_colour
from bridge.ocr.pictures import CellPicture
from bridge.ocr.text_gamma import as_black
from bridge.profiles import ColumnType
from bridge.records import Image

ABOVE, BELOW = 20, 8
"""css pixels of the window above and below the baseline: text of up to 18 px."""
TOLERANCE = 5
"""Of 255, by which equal coverages may differ: blended colours are rounded, and contrast is less than 255."""
FAINT = 3 * TOLERANCE
"""Of 255: a column of no more stands at the edge of some pictures of a glyph and is lost from others, as the
colour of the text rounds it."""
HIGHER = 1.15
"""Of a figure's height: what is higher is a Han character, or reaches below the baseline."""
_LIKE = 0.07
"""Of a figure's height, by which capitals are higher or lower."""
_ENOUGH = 5
"""Runs as high as a figure that tell the baseline of mixed texts."""
_HALF = 128
_OF_WORDS = (ColumnType.TEXT, ColumnType.STATUS)
_LEAST_CONTRAST = 60
"""Sum over the channels; fainter text has too few steps to tell glyphs apart."""

Coverage = NDArray[np.int16]
"""Window rows × columns, 0..255."""
Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class InkLine:
    """The only text line of one cell.  coverage starts and ends with an inked column."""

    cell: Cell
    coverage: Coverage


def ink_lines(cells: Sequence[Cell], scale: float) -> list[InkLine]:
    """Lines of the cells that have exactly one, with ink within the window and of one colour.

    Cells of one row of the list share a baseline: the height at which most of the row's runs of ink end, as
    figures and capitals do.
    """
    single = [c for c in cells if not c.picture.blank and len(split_lines(c.picture, scale)) == 1]
    full = _full_colours([c.picture for c in single])
    raw: list[tuple[Cell, Coverage]] = []
    for c in single:
        cover = _covered(c.picture, full[id(c.picture)])
        if cover is not None:
            raw.append((c, cover))
    out = []
    for (c, cover), base in zip(raw, _baselines(raw), strict=True):
        placed = None if base is None else _window(cover, base - c.picture.rect[1], scale)
        if placed is not None:
            out.append(InkLine(c, placed))
    return out


def _row(c: Cell) -> tuple[int, int]:
    return c.raw.rect[1], c.raw.rect[3]


def _full_colours(pictures: Iterable[CellPicture]) -> dict[int, Colour]:
    """Thin strokes never reach the text's full colour: of the texts on one ground whose colours lie on one line,
    the one that goes farthest has it."""
    groups: dict[Colour, list[tuple[NDArray[np.float64], Colour, list[int]]]] = defaultdict(list)
    for p in pictures:
        x0, x1 = p.ink_x
        y0, y1 = p.ink_y
        own = text_colour(p.image[y0:y1, x0:x1], p.colour)
        away = np.subtract(own, p.colour).astype(float)
        for i, (far, colour, members) in enumerate(groups[p.colour]):
            cosine = float(away @ far) / max(1e-9, float(np.linalg.norm(away) * np.linalg.norm(far)))
            if cosine > 0.995:
                members.append(id(p))
                if np.abs(away).sum() > np.abs(far).sum():
                    groups[p.colour][i] = (away, own, members)
                else:
                    groups[p.colour][i] = (far, colour, members)
                break
        else:
            groups[p.colour].append((away, own, [id(p)]))
    return {m: colour for found in groups.values() for _, colour, members in found for m in members}


def _covered(p: CellPicture, colour: Colour) -> Coverage | None:
    """Projection on the way from the ground to the text's colour, as if that were black; None where a pixel lies
    beside that way (an icon, a second colour, LCD text)."""
    away = np.subtract(colour, p.colour).astype(np.float32)
    if np.abs(away).sum() < _LEAST_CONTRAST:
        return None
    part = p.image[:, p.ink_x[0] : p.ink_x[1]].astype(np.float32) - np.array(p.colour, np.float32)
    share = part @ away / float(away @ away)
    beside = np.abs(part - share[..., None] * away).max(initial=0)
    if beside > 6 or share.min(initial=0) < -0.03 or share.max(initial=0) > 1.03:
        return None
    return np.clip(np.rint(as_black(share.astype(np.float32) * 255, colour)), 0, 255).astype(np.int16)


def _baselines(raw: Sequence[tuple[Cell, Coverage]]) -> list[int | None]:
    """First row of pixels below each line's baseline.

    Rows of one height have it at one place.  Han characters end lower than figures, and on some pages they are the
    most, so the columns of figures decide where there are any; of heights that are about as common the upper one
    counts.  Where Han characters come out of another font than figures, texts with both are set higher or lower
    than figures alone: there what is as high as a figure decides.
    """
    found = [_runs(c, cover) for c, cover in raw]
    heights = [_row_height(c) for c, _ in raw]
    of_figures: dict[int, list[_Run]] = defaultdict(list)
    of_texts: dict[int, list[_Run]] = defaultdict(list)
    for (c, _), own, h in zip(raw, found, heights, strict=True):
        (of_texts if c.column is None or c.column.type in _OF_WORDS else of_figures)[h] += own
    plain = {h: _upper(own) for h, own in {**of_texts, **of_figures}.items() if own}
    upright = {h: [r.height for r in own if r.width <= r.height] for h, own in of_figures.items()}
    figure = {h: float(np.median(own)) for h, own in upright.items() if own}
    mixed: dict[int, Counter[int]] = defaultdict(Counter)
    high = []
    for own, h in zip(found, heights, strict=True):
        high.append(any(r.height >= HIGHER * figure.get(h, r.height) for r in own))
        if high[-1]:
            mixed[h].update(r.end for r in own if abs(r.height - figure[h]) <= _LIKE * figure[h])
    of_mixed = {h: e for h, ends in mixed.items() if (e := _sure(ends)) is not None}
    return [
        None if (offset := (of_mixed if tall else plain).get(h, plain.get(h))) is None else _row(c)[0] + offset
        for (c, _), h, tall in zip(raw, heights, high, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Run:
    """Columns of ink between blank ones.  end: the row of pixels below it, from the top of the list's row."""

    width: int
    height: int
    end: int


def _runs(c: Cell, cover: Coverage) -> list[_Run]:
    solid = cover >= _HALF
    out = []
    for a, b in runs(solid.any(axis=0)):
        inked = np.flatnonzero(solid[:, a:b].any(axis=1))
        below = c.picture.rect[1] + int(inked[-1]) + 1 - _row(c)[0]
        out.append(_Run(b - a, int(inked[-1]) + 1 - int(inked[0]), below))
    return out


def _row_height(c: Cell) -> int:
    y0, y1 = _row(c)
    return y1 - y0


def _upper(own: Sequence[_Run]) -> int:
    ends = Counter(r.end for r in own)
    return min(y for y, n in ends.items() if n >= 0.6 * max(ends.values()))


def _sure(ends: Counter[int]) -> int | None:
    if not ends:
        return None
    end, n = ends.most_common(1)[0]
    return end if n >= max(_ENOUGH, ends.total() / 2) else None


def _window(cover: Coverage, base: int, scale: float) -> Coverage | None:
    """base: the row below the baseline, in rows of the cell."""
    above, below = round(ABOVE * scale), round(BELOW * scale)
    out = np.zeros((above + below, cover.shape[1]), np.int16)
    top = base - above
    rows = np.flatnonzero((cover > TOLERANCE).any(axis=1))
    if not len(rows) or rows[0] < top or rows[-1] >= base + below:
        return None
    a, b = max(0, top), min(cover.shape[0], base + below)
    out[a - top : b - top] = cover[a:b]
    columns = np.flatnonzero((out > TOLERANCE).any(axis=0))
    return out[:, columns[0] : columns[-1] + 1]


def as_picture(coverage: Coverage) -> Image:
    """Black on white, H × W × 3, for people."""
    grey = (255 - coverage).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)
