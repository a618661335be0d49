"""Was it written by hand?  Printed digits stand on one line and are of one height; a hand's are not.

A wrong "yes" costs a person a look, a wrong "no" may let a misread date pass; so the bounds are tight.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from bridge.records import Image

MOST_SPREAD = 0.06  # of the digits' median height: between the highest and the lowest, and of their feet
BLUE = 28  # grey levels by which a pen's ink is bluer than it is red
FEWEST_DIGITS = 2


def looks_written(ink: Image, colour: Image, digits: Sequence[float], numerals: Sequence[float] = ()) -> bool:
    """ink, colour: one line's picture, cleaned and as it was, same size, H × W × 3.  digits, numerals: x of the
    centres of the digits and of the Chinese numerals in question, in its pixels."""
    either = [*digits, *numerals]
    if not either:
        return False
    # What stands on a line of its own was filled into a blank: there the least unevenness tells.
    allowed = 0.0 if _on_a_line(ink, digits) else MOST_SPREAD
    return blueness(ink, colour, either) > BLUE or unevenness(ink, digits) > allowed


def _on_a_line(ink: Image, digits: Sequence[float]) -> bool:
    under = _underline((ink[:, :, 0] < 150).astype(np.uint8))
    low: NDArray[np.bool_] = np.any(under[ink.shape[0] * 6 // 10 :] > 0, axis=0)
    here = [low[min(len(low) - 1, max(0, int(x)))] for x in digits]
    return any(here) and not low.all()


def blueness(ink: Image, colour: Image, digits: Sequence[float]) -> float:
    """How much bluer than red the digits' ink is, in grey levels, the light's own colour taken off."""
    half = ink.shape[0] * 0.3
    columns = np.zeros(ink.shape[1], bool)
    for x in digits:
        columns[max(0, int(x - half)) : int(x + half)] = True
    dark = (ink[:, :, 0] < 140) & columns[None, :]
    if dark.sum() < 12:
        return 0.0
    paper = np.median(colour.reshape(-1, 3), axis=0)
    strokes = np.median(colour[dark].astype(np.float64), axis=0)
    # Lamplight tints paper and ink alike, so it is the difference that counts.
    tint = float(paper[2]) - float(paper[0])
    return float(strokes[2] - strokes[0]) - tint * float(strokes.mean() / max(1.0, paper.mean()))


def unevenness(ink: Image, digits: Sequence[float]) -> float:
    """How much the digits differ in height or leave their line, as a share of their height."""
    tops, feet = [], []
    dark = (ink[:, :, 0] < 150).astype(np.uint8)
    dark = cv2.subtract(dark, _underline(dark))
    count, labels, stats, centres = cv2.connectedComponentsWithStats(dark, connectivity=8)
    h = ink.shape[0]
    for x in digits:
        near = [
            i
            for i in range(1, count)
            # Digits are half as wide as the Chinese characters beside them.
            if abs(centres[i][0] - x) < 0.16 * h and stats[i][3] > 0.22 * h and stats[i][2] < 0.55 * h
        ]
        # A row of a stroke has a few pixels; one alone is a fax's or the paper's speck that touches it.
        rows = np.flatnonzero(np.isin(labels, near).sum(axis=1) >= 2)
        if len(rows):
            tops.append(int(rows[0]))
            feet.append(int(rows[-1]) + 1)
    if len(feet) < FEWEST_DIGITS:
        return 0.0
    heights = np.array(feet, float) - np.array(tops, float)
    middle = float(np.median(heights))
    # A line that is not quite straight slopes; what remains after the slope is the hand's.
    at = np.array(digits[: len(feet)], float)
    rest = np.array(feet, float)
    if len(feet) >= 5 and np.ptp(at) > 0:
        rest = rest - np.polyval(np.polyfit(at, rest, 1), at)
    # Two pixels are the grid's and the noise's, whatever the size.
    return max(0.0, max(_spread(heights), _spread(rest)) - 2.0) / max(middle, 1.0)


def _spread(values: NDArray[np.float64]) -> float:
    """Largest less smallest; of seven and more without the one that is farthest out: a blot, a crease, a seal."""
    if len(values) >= 7:
        values = np.delete(values, int(np.abs(values - np.median(values)).argmax()))
    return float(np.ptp(values))


def _underline(dark: NDArray[np.uint8]) -> NDArray[np.uint8]:
    length = max(8, round(dark.shape[0] * 0.9))
    line = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((1, length), np.uint8))
    out: NDArray[np.uint8] = cv2.dilate(line, np.ones((3, 1), np.uint8))
    return out
