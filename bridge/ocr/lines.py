"""The text lines within one cell, by its pixels."""

from __future__ import annotations

import numpy as np

from bridge.ocr.pictures import CellPicture, ink
from bridge.records import Image


def split_lines(cell: CellPicture, scale: float) -> list[tuple[int, int]]:
    """(first, last + 1) pixel row of each line, relative to the cell; one line for ordinary cells.

    Characters have gaps inside (二, :, =), lines of text stand farther apart than those: bands of ink are lines only
    if each is at least half as high as the highest and they are at least two css pixels apart.
    """
    mask = ink(cell.image, cell.colour)
    rows = mask.any(axis=1)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], rows.view(np.int8), [0]])))
    bands = [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    if not bands:
        return []
    lines = [bands[0]]
    for band in bands[1:]:
        gap, above = band[0] - lines[-1][1], lines[-1]
        tall = min(above[1] - above[0], band[1] - band[0]) >= 6 * scale
        if gap >= 2 * scale and tall:
            lines.append(band)
        else:
            lines[-1] = (above[0], band[1])
    return lines


def text_colour(picture: Image, colour: tuple[int, int, int]) -> tuple[int, int, int]:
    """The ink's full colour: the pixel farthest from the background (blended pixels lie between the two)."""
    flat = picture.reshape(-1, 3)
    if not len(flat):
        return colour
    distance = np.abs(flat.astype(np.int32) - np.array(colour, np.int32)).sum(axis=1)
    r, g, b = flat[int(distance.argmax())]
    return int(r), int(g), int(b)
