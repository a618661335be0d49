"""What a list is drawn with: steps of colour, rules across it, rules down it, and lines of text between them.

A screen has no noise, so a step between two neighbouring pixels was drawn.  Text makes short steps in both
directions; a rule, a border or the edge of a coloured row makes one long step in one direction only.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

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
    down[1:] = _largest(cv2.absdiff(image[1:], image[:-1]))
    right[:, 1:] = _largest(cv2.absdiff(image[:, 1:], image[:, :-1]))
    return Steps(down, right)


def _largest(difference: Image) -> NDArray[np.uint8]:
    r, g, b = (cv2.extractChannel(difference, i) for i in range(3))
    return np.asarray(cv2.max(cv2.max(r, g), b))


def runs(mask: Mask) -> list[Span]:
    """The stretches of True in a row of booleans."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.view(np.int8), [0]])))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def content_width(s: Steps) -> Span:
    """First and last + 1 column of pixels in which anything is drawn."""
    used = np.flatnonzero((cv2.reduce(s.right, 0, cv2.REDUCE_MAX)[0] > TEXT))
    return (int(used[0]), int(used[-1]) + 1) if len(used) else (0, 0)


def rules_across(s: Steps, width: int, scale: float) -> list[int]:
    """Every y where a long step runs between the pixels y - 1 and y.  width: of the content."""
    marked = (s.down > FAINT).view(np.uint8)
    counts = np.count_nonzero(marked, axis=1)
    at = np.flatnonzero(counts >= 0.2 * width)
    if not len(at):
        return []
    solid = _long_runs(marked[at], scale)
    length = solid.sum(axis=1, dtype=np.int64)
    keep = length >= max(ACROSS * width, 0.5 * float(length.max()))
    strength = {int(y): int(np.median(s.down[y][solid[i] > 0])) for i, y in enumerate(at) if keep[i]}
    return _without_gradients(strength)


def _long_runs(rows: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    """Runs along each row, gaps of dotted rules filled, runs shorter than LONG removed."""
    close = np.ones((1, 2 * (round(DOTTED * scale) // 2) + 1), np.uint8)
    long = np.ones((1, round(LONG * scale)), np.uint8)
    filled = cv2.morphologyEx(rows, cv2.MORPH_CLOSE, close)
    return np.asarray(cv2.morphologyEx(filled, cv2.MORPH_OPEN, long))


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
