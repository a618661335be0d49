"""Where a list's columns stand: between the rules that run down its rows, or else between gaps that no row fills.

A gap may also be a space that every value has at the same place, as in 2026-03-01 12:30.  Then the headings
decide: a narrow gap parts two columns only if each side has its own heading.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from bridge.errors import UnreadableImage
from bridge.ocr.edges import Band, Mask, Span, TextLine, runs

MIN_COLUMN = 8
"""css pixels; narrower stretches between two rules are borders and gaps."""
RULED = 0.4
"""Share of the lines beside which a rule runs down; rows in the page's own colour show no borders of cells."""
SPACE = 0.3
"""Em; gaps up to this stand between the characters of a word."""
WIDEST_SPACE = 1.25
"""Em; between two words of one text, in fonts of equal width for all characters."""
WORDS = 0.5
"""Em; between two words of one heading: a bold space (0.35 of the font's size) and the sides of two letters."""
TIGHT = 0.7
"""Em; lines of one heading stand closer."""
ASIDE = 3
"""css pixels by which a heading may miss the edge of its column's values and still be aligned to it."""


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """spans: x of each column, from left to right.  ruled: they stand between rules."""

    spans: tuple[Span, ...]
    ruled: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Text:
    """What the columns are found from."""

    lines: Sequence[TextLine]
    heading: Sequence[TextLine]
    values: Sequence[TextLine]
    right: NDArray[np.uint8]
    em: float
    scale: float
    page: int


@dataclass(slots=True)
class _Part:
    """A stretch of ink that may be a column."""

    x0: int
    x1: int
    heading: Span | None  # of its ink
    values: Span | None
    box: bool  # a checkbox


def find_columns(
    bands: Sequence[Band], within: Span, right: NDArray[np.uint8], em: float, scale: float, page: int
) -> Columns:
    """right: the steps from left to right, for the shape of checkboxes.  em: pixels of a character.

    Raises UnreadableImage where it cannot be told to which column a part belongs.
    """
    inked = [b for b in bands if b.lines]
    parted = _separators(inked, within, scale)
    lines = _regular([line for b in inked for line in b.lines], em)
    if not lines:
        return Columns((), False)
    heading = _heading_lines(inked, lines, em)
    values = [line for line in lines if not any(line is h for h in heading)]
    spans = _between(parted, within, lines, scale)
    hints = _hints(inked, lines, within, scale)
    text = _Text(lines, heading, values, right, em, scale, page)
    if len(spans) > 2 and not _hides_columns(spans, text):
        return Columns(tuple(spans), True)
    split: list[Span] = []
    for span in spans:
        parts = _parts(span, text)
        own = [h for h in hints if span[0] < h < span[1]]
        if len(own) + 1 < sum(p.heading is not None for p in _joined_parts(parts, WORDS * em)) or not own:
            parts = _pair(_merge_texts(parts, text), text)
            every = np.sum([line.used for b in inked for line in b.lines], axis=0)
            own = [_clearest(every, a.x1, b.x0) for a, b in pairwise(parts)]
        split += _cut(span, own)
    return Columns(tuple(_with_ink(split, lines)), len(spans) > 1)


def _hides_columns(spans: Sequence[Span], text: _Text) -> bool:
    """Do rules part only some of the columns, as a frozen pane's border does, or seams between coloured cells?

    Then wide gaps run between two headings within one stretch.
    """
    found = 0
    for span in spans:
        parts = _parts(span, text)
        headed = [p for p in parts if p.heading]
        for a, b in pairwise(headed):
            gap = max(y.x0 - x.x1 for x, y in pairwise([p for p in parts if a.x0 <= p.x0 <= b.x0]))
            if gap > WORDS * text.em:  # less is the space between two words of one heading
                found += 1 if gap < text.em else 2
    return found > 1


# --- rules ------------------------------------------------------------------------------------------------------


def _separators(bands: Sequence[Band], within: Span, scale: float) -> list[Span]:
    """Rules that run down enough of the rows; the two sides of a border or of a gap between cells are one."""
    total = sum(len(b.lines) for b in bands)
    if not total:
        return []
    weight = np.sum([b.rules * len(b.lines) for b in bands], axis=0) / total
    weight[: max(0, within[0] - 1)] = 0
    weight[within[1] + 1 :] = 0
    return _clusters(np.asarray(weight >= RULED), scale)


def _clusters(at: Mask, scale: float) -> list[Span]:
    out: list[Span] = []
    for x in np.flatnonzero(at):
        if out and x - out[-1][1] < MIN_COLUMN * scale / 2:
            out[-1] = (out[-1][0], int(x))
        else:
            out.append((int(x), int(x)))
    return out


def _between(parted: Sequence[Span], within: Span, lines: Sequence[TextLine], scale: float) -> list[Span]:
    edges = [within[0], *(x for s in parted for x in s), within[1]]
    spans = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if b - a >= MIN_COLUMN * scale]
    return _with_ink(spans, lines)


def _with_ink(spans: Sequence[Span], lines: Sequence[TextLine]) -> list[Span]:
    """Without the outermost ones that hold no ink at all: margins."""
    used = np.any([line.used for line in lines], axis=0)
    inked = [i for i, (a, b) in enumerate(spans) if used[a:b].any()]
    return list(spans[inked[0] : inked[-1] + 1]) if inked else []


def _hints(bands: Sequence[Band], lines: Sequence[TextLine], within: Span, scale: float) -> list[int]:
    """Rules of the heading row alone, if they part the rows below it too and no text crosses them."""
    if not bands:
        return []
    used = np.any([line.used for line in lines], axis=0)
    first = min(line.band for line in lines)
    band = next(b for b in bands if b.lines[0].band == first)
    if len(band.lines) > 3:
        return []
    found = _clusters(band.rules, scale)
    inner = [(a + b) // 2 for a, b in found if within[0] + MIN_COLUMN * scale < a < within[1] - MIN_COLUMN * scale]
    crossed = any(used[max(0, x - 1) : x + 2].any() for x in inner)
    return inner if len(inner) > 1 and not crossed else []


# --- gaps -------------------------------------------------------------------------------------------------------


def _regular(lines: Sequence[TextLine], em: float) -> list[TextLine]:
    """Lines that have about as many words apart as most rows: no titles, no footers, no rest of a wrapped cell."""
    counts = _words([line.used for line in lines], em)
    usual = float(np.percentile(counts, 90))
    at = [i for i, n in enumerate(counts) if n >= max(2.0, 0.5 * usual)]
    space = [lines[i].y0 - lines[i - 1].y1 if i else 0 for i in range(len(lines))]
    far = float(np.percentile(space[1:], 75)) + em / 2 if len(lines) > 1 else 0.0
    # A pager may have as many words as a row; it fills the gaps that the rows keep, and has fewer words or stands
    # apart.  So does a search bar above the headings.
    for n in (3, 2, 1):
        tail = at[-n:]
        odd = space[tail[0]] > far or all(counts[i] < 0.7 * usual for i in tail) if tail else False
        if len(at) - n >= 3 and odd and _gaps([lines[i] for i in at[:-n]], em) > _gaps([lines[i] for i in at], em):
            at = at[:-n]
            break
    while len(at) > 3 and _above_the_heading([lines[i] for i in at], em):
        at.pop(0)
    return [lines[i] for i in at]


def _above_the_heading(lines: Sequence[TextLine], em: float) -> bool:
    """Is the first line a title or a search bar: does it fill gaps that all others keep, with fewer words?"""
    words = _words([lines[0].used, lines[1].used], em)
    return bool(words[0] < words[1]) and _gaps(lines[1:], em) > _gaps(lines, em) + 1


def _words(used: Sequence[Mask], em: float) -> NDArray[np.int64]:
    rows = np.asarray(used).view(np.uint8)
    filled = cv2.morphologyEx(rows, cv2.MORPH_CLOSE, np.ones((1, 2 * round(0.4 * em) + 1), np.uint8))
    return np.asarray((np.diff(filled.astype(np.int8), axis=1, prepend=0) == 1).sum(axis=1))


def _gaps(lines: Sequence[TextLine], em: float) -> int:
    """How many wide gaps these lines share."""
    return len(_joined(runs(np.any([line.used for line in lines], axis=0)), 0.8 * em))


def _joined(spans: Sequence[Span], less: float) -> list[Span]:
    out: list[Span] = []
    for a, b in spans:
        if out and a - out[-1][1] < less:
            out[-1] = (out[-1][0], b)
        else:
            out.append((a, b))
    return out


def _heading_lines(bands: Sequence[Band], regular: Sequence[TextLine], em: float) -> list[TextLine]:
    """The first regular line, with the others of its band if that holds nothing but headings of several lines."""
    first = regular[0]
    band = next(b for b in bands if any(line is first for line in b.lines))
    if len(band.lines) > 3 or len(bands) == 1:
        return [first]
    i = next(i for i, line in enumerate(band.lines) if line is first)
    start, end = i, i + 1
    while start and band.lines[start].y0 - band.lines[start - 1].y1 < TIGHT * em:
        start -= 1
    while end < len(band.lines) and band.lines[end].y0 - band.lines[end - 1].y1 < TIGHT * em:
        end += 1
    return list(band.lines[start:end])


def _parts(span: Span, text: _Text) -> list[_Part]:
    x0, x1 = span
    used = np.any([line.used[x0:x1] for line in text.lines], axis=0)
    head = np.any([line.used[x0:x1] for line in text.heading], axis=0)
    rest = np.any([line.used[x0:x1] for line in text.values], axis=0) if text.values else np.zeros_like(head)
    out = []
    for a, b in _joined(runs(used), max(SPACE * text.em, 3 * text.scale)):
        x = x0 + a, x0 + b
        out.append(_Part(*x, _extent(head, a, b, x0), _extent(rest, a, b, x0), _is_box(text, x)))
    return out


def _extent(used: Mask, a: int, b: int, x0: int) -> Span | None:
    at = np.flatnonzero(used[a:b])
    return (x0 + a + int(at[0]), x0 + a + int(at[-1]) + 1) if len(at) else None


def _is_box(text: _Text, x: Span) -> bool:
    """A checkbox: square, and with a straight left and right side in nearly every row."""
    w = x[1] - x[0]
    if not 9 * text.scale <= w <= 18 * text.scale:
        return False
    lines = [line for line in text.lines if line.used[x[0] : x[1]].any()]
    tall = 0
    for line in lines:
        part = text.right[line.y0 : line.y1, x[0] : x[1] + 1] > 7
        side = max(int(part[:, :3].sum(axis=0).max()), 0), max(int(part[:, -4:].sum(axis=0).max()), 0)
        tall += min(side) >= 0.6 * w
    return tall >= 0.8 * len(lines) and len(lines) > len(text.lines) / 2


def _joined_parts(parts: Sequence[_Part], less: float) -> list[_Part]:
    out: list[_Part] = []
    for p in parts:
        if out and p.x0 - out[-1].x1 < less:
            out[-1] = _together(out[-1], p)
        else:
            out.append(p)
    return out


def _clearest(every: NDArray[np.int64], a: int, b: int) -> int:
    """The middle of the widest stretch between a and b that the fewest lines cross."""
    least = every[a:b] == every[a:b].min()
    x0, x1 = max(runs(least), key=lambda r: r[1] - r[0])
    return a + (x0 + x1 + 1) // 2


def _merge_texts(parts: list[_Part], text: _Text) -> list[_Part]:
    """Joins the parts of one column that a space parts: it stands between them in every row."""
    parts = list(parts)
    centred = not _headings_at_edges(parts, text.scale)
    while True:
        gaps = [b.x0 - a.x1 for a, b in pairwise(parts)]
        one = [
            i for i in range(len(gaps))
            if _one_text(parts[i], parts[i + 1], text) and not _has_other_heading(parts, i, centred, text.scale)
        ]  # fmt: skip
        if not one:
            return parts
        i = min(one, key=lambda k: gaps[k])
        # Parts that stand as far apart as these two: if they have one heading or none, they are one text.
        first, last = i, i + 1
        while first - 1 in one and abs(gaps[first - 1] - gaps[i]) < text.scale:
            first -= 1
        while last in one and abs(gaps[last] - gaps[i]) < text.scale:
            last += 1
        row = parts[first : last + 1]
        bare = next((p for p in row if p.heading is None), None)
        if bare is not None and sum(p.heading is not None for p in row) > 1:
            raise UnreadableImage(
                f"page {text.page}: the text at x {bare.x0 / text.scale:.0f} may belong to the column on "
                "either side",
                hint="Let the profile use the page's help (list.page_help), or make the columns wider.",
                page=text.page,
            )
        parts[i : i + 2] = [_together(parts[i], parts[i + 1])]


def _one_text(a: _Part, b: _Part, text: _Text) -> bool:
    if a.box or b.box:
        return False
    if a.heading and b.heading:
        headed = b.heading[0] - a.heading[1] <= WORDS * text.em
        return headed and (not (a.values and b.values) or _spaced(a, b, text))
    return bool(a.values and b.values) and _spaced(a, b, text)


def _has_other_heading(parts: Sequence[_Part], i: int, centred: bool, scale: float) -> bool:
    """Of two parts that look like one text: has the one without heading a heading on its other side, one without
    values of its own?  A number at the right of its column stands as close to the next column as a space is wide.
    Then they are one text only if that puts the heading right.
    """
    a, b = parts[i], parts[i + 1]
    if a.heading is None and b.heading is None:
        return False
    before = parts[i - 1] if i else None
    after = parts[i + 2] if i + 2 < len(parts) else None
    if a.heading is None and before is not None and _complement(before, a, centred):
        bare = b
    elif b.heading is None and after is not None and _complement(b, after, centred):
        bare = a
    else:
        return False
    return _under(bare, scale) or not _under(_together(a, b), scale)


def _under(part: _Part, scale: float) -> bool:
    """Do the values start, end or have their middle where the heading does?"""
    if part.heading is None or part.values is None:
        return False
    (h0, h1), (v0, v1) = part.heading, part.values
    return min(abs(h0 - v0), abs(h1 - v1), abs(h0 + h1 - v0 - v1) / 2) <= ASIDE * scale


def _spaced(a: _Part, b: _Part, text: _Text) -> bool:
    """Is the gap no wider than a space wherever both have ink, and has hardly a row only one of them?"""
    both = only_left = only_right = 0
    for line in text.values:
        left, right = np.flatnonzero(line.used[a.x0 : a.x1]), np.flatnonzero(line.used[b.x0 : b.x1])
        if len(left) and len(right):
            both += 1
            if b.x0 + right[0] - (a.x0 + left[-1] + 1) > WIDEST_SPACE * text.em:
                return False
        only_left += len(left) > 0 and not len(right)
        only_right += len(right) > 0 and not len(left)
    # Shorter values lack the part on the right, or on the left where they are aligned to the right; never both.
    return both > 0 and min(only_left, only_right) <= 0.1 * both


def _together(a: _Part, b: _Part) -> _Part:
    return _Part(a.x0, b.x1, _hull(a.heading, b.heading), _hull(a.values, b.values), False)


def _hull(a: Span | None, b: Span | None) -> Span | None:
    if a is None or b is None:
        return a or b
    return min(a[0], b[0]), max(a[1], b[1])


def _pair(parts: list[_Part], text: _Text) -> list[_Part]:
    """A heading may stand clear of all values of its column, if that is wide: such neighbours are one column."""
    centred = not _headings_at_edges(parts, text.scale)
    out: list[_Part] = []
    i = 0
    while i < len(parts):
        n = 1
        while i + n < len(parts) and _complement(parts[i + n - 1], parts[i + n], centred):
            n += 1
        starts = [i] if n % 2 == 0 else [i, i + 1]
        ways = [
            way for s in starts
            if (way := _paired(parts, i, n, s))
            and (not centred or all(_fits(parts, k, j) for k, j in way if k < j))
        ]  # fmt: skip
        if n > 1 and len(ways) != 1:
            raise UnreadableImage(
                f"page {text.page}: the headings and values from x {parts[i].x0 / text.scale:.0f} to "
                f"{parts[i + n - 1].x1 / text.scale:.0f} cannot be matched, no heading stands above its values",
                hint="Let the profile use the page's help (list.page_help).",
                page=text.page,
            )
        out += [parts[k] if k == j else _together(parts[k], parts[j]) for k, j in (ways[0] if n > 1 else [(i, i)])]
        i += n
    return out


def _paired(parts: Sequence[_Part], first: int, n: int, start: int) -> list[tuple[int, int]]:
    """Pairs of neighbours from ``start`` on; with an odd number one is left over at an end."""
    end = first + n - (n % 2 if start == first else 0)
    alone = [(k, k) for k in range(first, first + n) if k < start or k >= end]
    return sorted([(k, k + 1) for k in range(start, end, 2)] + alone)


def _fits(parts: Sequence[_Part], k: int, j: int) -> bool:
    """A centred heading stands in the middle of its column: is there room for the column that this implies?"""
    a, b = parts[k], parts[j]
    if a.heading:
        left, right = a.heading[0] + a.heading[1] - b.x1, b.x1
    else:
        assert b.heading is not None
        left, right = a.x0, b.heading[0] + b.heading[1] - a.x0
    return (k == 0 or parts[k - 1].x1 <= left) and (j + 1 == len(parts) or right <= parts[j + 1].x0)


def _headings_at_edges(parts: Sequence[_Part], scale: float) -> bool:
    """Do headings start or end where their values do, rather than stand in the middle of them?"""
    at_edge = in_middle = 0
    for p in parts:
        if p.heading and p.values and not p.box:
            (h0, h1), (v0, v1) = p.heading, p.values
            edge = min(abs(h0 - v0), abs(h1 - v1)) <= ASIDE * scale
            middle = abs(h0 + h1 - v0 - v1) / 2 <= ASIDE * scale
            at_edge += edge and not middle
            in_middle += middle and not edge
    return at_edge > in_middle


def _complement(a: _Part, b: _Part, centred: bool) -> bool:
    """Is one a heading without values and the other values without a heading?  Headings at the left edge have
    their values under them or to their right."""
    if a.box or b.box or (not centred and a.heading is None):
        return False
    return (a.heading is None) != (b.heading is None) and (a.values is None) != (b.values is None)


def _cut(span: Span, at: Sequence[int]) -> list[Span]:
    edges = [span[0], *at, span[1]]
    return list(pairwise(edges))
