"""What a list is drawn with: steps of colour, rules across it, rules down it, and lines of text between them.

A screen has no noise, so a step between two neighbouring pixels was drawn.  Text makes short steps in both
directions; a rule, a border or the edge of a coloured row makes one long step in one direction only.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from bridge.records import Image

Span = tuple[int, int]
"""First and last + 1 pixel."""
Mask = NDArray[np.bool_]

FAINT = 2
"""A long step of more than this in a channel is an edge: zebra stripes may differ by 3 of 255."""
TEXT = 7
"""A short step of more than this is ink."""
LONG = 24
"""css pixels; shorter runs of a step are strokes of characters."""
DOTTED = 2
"""css pixels between the dots of a dotted rule, and between the cells of a table with cell spacing."""
ACROSS = 0.45
"""Share of the content's width that a rule between rows runs at least."""
MANY = 6
"""So many rules that start and end alike are the list's; a title bar alone tells nothing."""
APART = 6
"""css pixels without a step that end a rule."""
MIN_ROW = 9
"""css pixels; lower bands are rules, gaps and borders."""
GRADIENT = 12
"""Steps up to this that follow each other from pixel to pixel are a gradient, no edges."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Largest channel difference of each pixel from the one above (down) and from the one to its left (right)."""

    down: NDArray[np.uint8]
    right: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class TextLine:
    """A line of text across the whole list."""

    band: int
    y0: int
    y1: int
    used: Mask  # W: columns of pixels with ink


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """What lies between two rules.  A band is open where the picture, not a rule, ends it."""

    y0: int
    y1: int
    rules: Mask  # W: columns of pixels that are a rule down this band
    lines: tuple[TextLine, ...]
    open_above: bool
    open_below: bool


def steps(image: Image) -> Steps:
    h, w = image.shape[:2]
    down, right = np.zeros((h, w), np.uint8), np.zeros((h, w), np.uint8)
    for plane in cv2.split(image):
        cv2.max(down[1:], cv2.absdiff(plane[1:], plane[:-1]), down[1:])
        cv2.max(right[:, 1:], cv2.absdiff(plane[:, 1:], plane[:, :-1]), right[:, 1:])
    return Steps(down, right)


def runs(mask: ArrayLike) -> list[Span]:
    """The stretches of True in a row of booleans."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.asarray(mask, np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def content_width(s: Steps) -> Span:
    """First and last + 1 column of pixels in which anything is drawn."""
    used = np.flatnonzero(cv2.reduce(s.right, 0, cv2.REDUCE_MAX)[0] > TEXT)
    return (int(used[0]), int(used[-1]) + 1) if len(used) else (0, 0)


def rules_across(s: Steps, content: Span, scale: float) -> tuple[list[int], Span]:
    """Every y where a long step runs between the pixels y - 1 and y, and the x that they usually reach."""
    width = content[1] - content[0]
    marked = (s.down > FAINT).view(np.uint8)
    counts = np.count_nonzero(marked, axis=1)
    at = np.flatnonzero(counts >= 0.2 * width)
    if not len(at):
        return [], content
    solid = _long_runs(marked[at], scale)
    at, solid = at[solid.any(axis=1)], solid[solid.any(axis=1)]
    if not len(at):
        return [], content
    keep = _alike(s, at, solid, content, scale)
    strength = {int(y): int(np.median(s.down[y][solid[i] > 0])) for i, y in enumerate(at) if keep[i]}
    ys = _without_gradients(strength)
    return ys, _reach(marked[ys], content, scale) if len(ys) >= MANY else content


def _reach(rows: NDArray[np.uint8], content: Span, scale: float) -> Span:
    """From where to where the rules usually run; what stands apart from them is no part of the list."""
    near = cv2.morphologyEx(rows, cv2.MORPH_CLOSE, np.ones((1, 2 * round(APART * scale) + 1), np.uint8))
    ends = [max(found, key=lambda r: r[1] - r[0]) for row in near if (found := runs(row > 0))]
    x0, x1 = (int(np.median([e[i] for e in ends])) for i in (0, 1))
    return max(content[0], x0 - 1), min(content[1], x1 + 1)


def _alike(s: Steps, at: NDArray[np.intp], solid: NDArray[np.uint8], content: Span, scale: float) -> Mask:
    """Which of these long steps are the list's: most start and end alike, or run across most of the content.

    Underlined links start and end alike as well, but have text right above them.
    """
    width = content[1] - content[0]
    length = solid.sum(axis=1, dtype=np.int64)
    wide = length >= max(ACROSS * width, 0.5 * float(length.max()))
    x0, x1 = solid.argmax(axis=1), solid.shape[1] - solid[:, ::-1].argmax(axis=1)
    near = 4 * scale
    same = (np.abs(x0[:, None] - x0) <= near) & (np.abs(x1[:, None] - x1) <= near) & (length >= 0.25 * width)
    votes = same.sum(axis=1) * length
    best = int(votes.argmax())
    if same[best].sum() < MANY or _underlines(s, at[same[best]], (int(x0[best]), int(x1[best])), scale):
        return np.asarray(wide)
    usual = float(np.median(length[same[best]]))
    shared = np.minimum(x1, x1[best]) - np.maximum(x0, x0[best])
    return np.asarray((length >= 0.8 * usual) & (shared >= 0.8 * (x1[best] - x0[best])))


def _underlines(s: Steps, ys: NDArray[np.intp], x: Span, scale: float) -> bool:
    above = s.right[np.maximum(0, ys - round(3 * scale)), x[0] : x[1]] > TEXT
    return bool(np.median(above.mean(axis=1)) > 0.06)


def _long_runs(rows: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """Runs along each row, gaps of dotted rules filled, runs shorter than LONG removed."""
    close = np.ones((1, 2 * (round(DOTTED * scale) // 2) + 1), np.uint8)
    long = np.ones((1, round(LONG * scale)), np.uint8)
    solid = cv2.morphologyEx(cv2.morphologyEx(rows, cv2.MORPH_CLOSE, close), cv2.MORPH_OPEN, long)
    drawn = (rows & solid).sum(axis=1) / np.maximum(1, solid.sum(axis=1))
    # The upper edges of large characters make long runs too; dots are short and as long as the gaps between them.
    strokes = cv2.morphologyEx(rows & solid, cv2.MORPH_OPEN, np.ones((1, round(DOTTED * scale) + 1), np.uint8))
    dots = (drawn > 0.35) & (strokes.sum(axis=1) < 0.1 * solid.sum(axis=1))
    solid[~((drawn >= 0.85) | dots)] = 0
    return np.asarray(solid)


def _without_gradients(strength: dict[int, int]) -> list[int]:
    ys = sorted(strength)
    out: list[int] = []
    group: list[int] = []
    for y in ys:
        if group and (y - group[-1] > 1 or strength[y] > GRADIENT):
            out.extend(group if len(group) < 4 else ())
            group = []
        if strength[y] > GRADIENT:
            out.append(y)
        else:
            group.append(y)
    out.extend(group if len(group) < 4 else ())
    return sorted(out)


def bands_between(s: Steps, cuts: list[int], within: Span, scale: float) -> list[Band]:
    """The bands between rules that are high enough for a row, with their lines of text.  within: x of the list."""
    h = s.down.shape[0]
    out: list[Band] = []
    for y0, y1 in pairwise([0, *cuts, h]):
        if y1 - y0 < MIN_ROW * scale:
            continue
        rules = _rules_down(s.right[y0:y1], scale)
        lines = _text_lines(s, (y0, y1), within, rules, len(out))
        out.append(Band(y0, y1, rules, tuple(lines), y0 == 0, y1 == h))
    return out


def _rules_down(right: NDArray[np.uint8], scale: float) -> Mask:
    """Columns of pixels where a step runs down the whole band; a dotted one counts."""
    h = right.shape[0]
    marked = (right > FAINT).view(np.uint8)
    counts = np.count_nonzero(marked, axis=0)
    out = counts >= 0.92 * h
    dotted = np.flatnonzero((counts >= 0.4 * h) & ~out)
    if len(dotted):
        kernel = np.ones((2 * (round(DOTTED * scale) // 2) + 1, 1), np.uint8)
        filled = cv2.morphologyEx(np.ascontiguousarray(marked[:, dotted]), cv2.MORPH_CLOSE, kernel)
        out[dotted] = np.count_nonzero(filled, axis=0) >= 0.95 * h
    return np.asarray(out)


def _text_lines(s: Steps, y: Span, within: Span, rules: Mask, band: int) -> list[TextLine]:
    y0, y1 = y
    near = np.asarray(cv2.dilate(rules.view(np.uint8)[None], np.ones((1, 3), np.uint8))[0] > 0)
    near[: within[0]] = True
    near[within[1] :] = True
    text = s.right[y0:y1] > TEXT
    text[:, near] = False
    out = []
    for a, b in runs(text.any(axis=1)):
        # The first and last row of the band touch its rules.
        part = s.down[max(y0 + a, y0 + 1) : min(y0 + b + 1, y1)]
        used = np.asarray(cv2.reduce(part, 0, cv2.REDUCE_MAX)[0] > TEXT) if len(part) else np.zeros_like(near)
        used &= ~near
        out.append(TextLine(band, y0 + a, y0 + b, used))
    return out
