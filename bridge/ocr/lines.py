"""The text lines within one cell, by its pixels."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from bridge.ocr.edges import runs
from bridge.ocr.pictures import CellPicture, ink
from bridge.records import Image

ONE_LINE = 16
"""css pixels; ink no higher than this is one line: two lines of the smallest legible text need more."""
HIGHER = 1.4
"""A line with parts above or below (i, j, ，) may be this much higher than the highest band of ink."""


def split_lines(cell: CellPicture, scale: float) -> list[tuple[int, int]]:
    """(first, last + 1) pixel row of each line, relative to the cell; one line for ordinary cells, none if blank.

    Characters have gaps inside (二, 吕, :, =).  So neighbouring bands of ink are one line if together they are no
    higher than a line can be, the nearest ones first.
    """
    mask = ink(cell.image, cell.colour)
    bands = runs(mask.any(axis=1))
    if not bands:
        return []
    most = max(ONE_LINE * scale, HIGHER * max(b - a for a, b in bands))
    lines = list(bands)
    while True:
        joints = [(b[0] - a[1], i) for i, (a, b) in enumerate(pairwise(lines)) if b[1] - a[0] <= most]
        if not joints:
            return lines
        _, i = min(joints)
        lines[i : i + 2] = [(lines[i][0], lines[i + 1][1])]


def text_colour(picture: Image, colour: tuple[int, int, int]) -> tuple[int, int, int]:
    """The ink's full colour: the pixel farthest from the background (blended pixels lie between the two)."""
    flat = picture.reshape(-1, 3)
    if not len(flat):
        return colour
    distance = np.abs(flat.astype(np.int32) - np.array(colour, np.int32)).sum(axis=1)
    r, g, b = flat[int(distance.argmax())]
    return int(r), int(g), int(b)
