"""The ruled tables of a page: its lines → its cells."""

from __future__ import annotations

import cv2
import numpy as np

from bridge.records import Box, Image

SHORTEST = 0.028  # of the page's long side; a longer stroke is no part of a character
SMALLEST = 0.008  # of the long side: height and width of the smallest cell


def find_cells(ink: Image) -> list[Box]:
    """Boxes of the cells of ruled tables, in the page's pixels; merged cells are one box.  ink: dark on white."""
    grey = ink[:, :, 0]
    h, w = grey.shape
    side = max(h, w)
    dark = (grey < 180).astype(np.uint8)
    length = round(side * SHORTEST)
    # A line on a page that is not quite straight leaves its row: what is a little thick may go a little astray.
    thick_down = cv2.dilate(dark, np.ones((3, 1), np.uint8))
    thick_across = cv2.dilate(dark, np.ones((1, 3), np.uint8))
    across = cv2.morphologyEx(thick_down, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    down = cv2.morphologyEx(thick_across, cv2.MORPH_OPEN, np.ones((length, 1), np.uint8))
    across = cv2.dilate(across, np.ones((3, 15), np.uint8))
    down = cv2.dilate(down, np.ones((15, 3), np.uint8))
    lines = cv2.bitwise_or(across, down)
    if not (across & down).any():
        return []
    count, _, stats, _ = cv2.connectedComponentsWithStats((1 - lines).astype(np.uint8), connectivity=4)
    cells = []
    for x, y, cw, ch, area in stats[1:count]:
        inside = x > 0 and y > 0 and x + cw < w and y + ch < h
        if not inside or min(cw, ch) < side * SMALLEST or area < 0.75 * cw * ch or cw * ch > 0.5 * h * w:
            continue
        cells.append(Box(x=float(x), y=float(y), w=float(cw), h=float(ch)))
    return cells if len(cells) >= 2 else []
