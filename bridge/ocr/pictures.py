"""Cell pictures: background, ink, edges and the hash by which a picture is remembered.

All pictures are H × W × 3 RGB uint8, coordinates in device pixels with the origin at the shot's top-left corner.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from bridge.records import Image

INK = 6
"""A pixel is ink if a channel is farther than this from the background: lossless screens have no noise, 6/255
keeps out the rounding of blended colours."""

FAINT = 0.1
"""Share of a picture's contrast that a single stray pixel may have."""
FAINT_PIXELS = 2
NET_MARGIN = 4
"""css pixels of ground left and right of the ink in what the net gets."""

Rect = tuple[int, int, int, int]
"""x0, y0, x1, y1; ends excluded."""


def background(picture: Image) -> tuple[int, int, int]:
    """The commonest colour of the picture's edge pixels; of a ground that changes from row to row the one half way
    down; of all pixels where the edges disagree otherwise."""
    h, w = picture.shape[:2]
    edge = np.concatenate([picture[0], picture[h - 1], picture[:, 0], picture[:, w - 1]])
    colour, share = _commonest(edge)
    if share > 0.5:
        return colour
    left, right = picture[:, 0].astype(np.int16), picture[:, w - 1].astype(np.int16)
    if np.abs(left - right).max() <= 1:
        r, g, b = (int(v) for v in picture[h // 2, 0])
        return r, g, b
    return _commonest(picture.reshape(-1, 3))[0]


def _commonest(pixels: NDArray[np.uint8]) -> tuple[tuple[int, int, int], float]:
    if (pixels == pixels[0]).all():  # as a rule
        r, g, b = (int(v) for v in pixels[0])
        return (r, g, b), 1.0
    packed = pixels.astype(np.uint32) @ np.array([65536, 256, 1], np.uint32)
    values, counts = np.unique(packed, return_counts=True)
    best = int(values[counts.argmax()])
    return (best >> 16, best >> 8 & 255, best & 255), float(counts.max() / len(packed))


def ink(picture: Image, colour: tuple[int, int, int]) -> NDArray[np.bool_]:
    """H × W mask of what is not background."""
    if not picture.size:
        return np.zeros(picture.shape[:2], bool)
    least, most = [max(0, c - INK) for c in colour], [min(255, c + INK) for c in colour]
    return np.asarray(cv2.inRange(np.ascontiguousarray(picture), np.array(least), np.array(most)) == 0)


def without_rules(picture: Image, most: int) -> Rect:
    """The rectangle left when ruled lines at the edges are taken off.

    An edge row or column of one colour, other than the next inner background, is a rule.  most: pixels that may go
    on each side.
    """
    h, w = picture.shape[:2]
    x0, y0, x1, y1 = 0, 0, w, h
    dy, dx = min(most, h // 4), min(most, w // 4)
    colour = background(picture[dy : h - dy, dx : w - dx])
    other = ink(picture, colour)
    for _ in range(most):
        if y1 - y0 > 4 and _filled(other[y0, x0:x1]):
            y0 += 1
        if y1 - y0 > 4 and _filled(other[y1 - 1, x0:x1]):
            y1 -= 1
        if x1 - x0 > 4 and _filled(other[y0:y1, x0]):
            x0 += 1
        if x1 - x0 > 4 and _filled(other[y0:y1, x1 - 1]):
            x1 -= 1
    return x0, y0, x1, y1


def _filled(line: NDArray[np.bool_]) -> bool:
    return int(np.count_nonzero(line)) > 0.9 * len(line)


@dataclass(frozen=True, slots=True)
class CellPicture:
    """A cell's picture without its rules.

    rect: in the shot.  ink_x: first and last + 1 column with ink, relative to rect; equal if blank.
    key: hash of the ink's columns at full height, so the same text at another place of its column is the same
    picture, but a mark that stands higher or lower is another one.
    """

    image: Image
    rect: Rect
    colour: tuple[int, int, int]
    ink_x: tuple[int, int]
    ink_y: tuple[int, int]
    key: str

    @property
    def blank(self) -> bool:
        return self.ink_x[0] == self.ink_x[1]


def cell_picture(shot: Image, rect: Rect, scale: float, *, salt: str = "") -> CellPicture:
    """Cuts a cell out of a shot.  ``rect`` is clamped to the shot; salt: keeps kinds of proof apart in memory."""
    h, w = shot.shape[:2]
    x0, y0, x1, y1 = max(0, rect[0]), max(0, rect[1]), min(w, rect[2]), min(h, rect[3])
    x1, y1 = max(x1, x0 + 1), max(y1, y0 + 1)
    raw = shot[y0:y1, x0:x1]
    a, b, c, d = without_rules(raw, round(2 * scale))
    image = raw[b:d, a:c]
    colour = background(image)
    mask = ink(image, colour)
    columns, rows = np.flatnonzero(mask.any(axis=0)), np.flatnonzero(mask.any(axis=1))
    if len(columns):
        ink_x, ink_y = (int(columns[0]), int(columns[-1]) + 1), (int(rows[0]), int(rows[-1]) + 1)
    else:
        ink_x = ink_y = (0, 0)
    digest = hashlib.blake2b(f"{salt}|{image.shape[0]}|{colour}|".encode(), digest_size=16)
    digest.update(np.ascontiguousarray(image[:, ink_x[0] : ink_x[1]]).tobytes())
    return CellPicture(image, (x0 + a, y0 + b, x0 + c, y0 + d), colour, ink_x, ink_y, digest.hexdigest())


def same_pixels(a: Image, b: Image, *, slack: int = 1) -> bool:
    """Do two pictures show the same?

    Equal size, every channel within 2 of 255 (blended colours may round differently), but for at most two faint
    pixels: where a glyph reaches out of its own box, the browser may leave that pixel undrawn when it redraws a
    part of the window (seen with Chromium 156: one pixel, a tenth of the contrast).  Whoever asks whether two
    characters can be told apart must ask by this same function, with a slack of 2: every tolerance twice as wide,
    because at another subpixel they may differ less.
    """
    if a.shape != b.shape:
        return False
    if not a.size:
        return True
    channels = cv2.absdiff(np.ascontiguousarray(a), np.ascontiguousarray(b))
    if int(channels.max()) <= 2 * slack:
        return True
    difference = channels.max(axis=2)
    contrast = int((a.max(axis=(0, 1)).astype(int) - a.min(axis=(0, 1))).max())
    seen = int((difference > 2).sum())
    return seen <= slack * FAINT_PIXELS and int(difference.max()) <= slack * FAINT * contrast


SHADED_APART = 3
"""Of 255; one more than for a plain ground, because the share of the text's colour is rounded once more."""
LEAST_CONTRAST = 90
"""Of 255, between text and ground, to tell the text's share of a pixel well enough."""


def same_on_shade(
    drawn: Image, picture: Image, colour: tuple[int, int, int], text_colour: tuple[int, int, int]
) -> bool:
    """Does text drawn on a plain ground give a picture whose ground changes from row to row (headings often do)?

    The text's share of every pixel is taken from ``drawn`` and laid over the ground that the picture's own edges
    show.  H × W × 3 both; colour: the plain ground, text_colour: of the text, in ``drawn``.
    """
    if drawn.shape != picture.shape:
        return False
    ground = picture[:, :1].astype(np.float32)
    if np.abs(ground - picture[:, -1:]).max(initial=0) > 1:
        return False
    plain, full = np.array(colour, np.float32), np.array(text_colour, np.float32)
    channel = int(np.abs(full - plain).argmax())
    if (
        min(abs(full[channel] - plain[channel]), np.abs(full - ground).max(axis=2).min(initial=255))
        < LEAST_CONTRAST
    ):
        return False
    share = (drawn[..., channel] - plain[channel]) / (full[channel] - plain[channel])
    expected = ground + share[..., None] * (full - ground)
    return bool(np.abs(expected - picture).max(initial=0) <= SHADED_APART)


def for_the_net(cell: CellPicture, scale: float, rows: tuple[int, int] | None = None) -> Image:
    """The part the recogniser gets: the ink with a margin; tight crops and bare edges both made it misread
    (stack facts).  rows: of one line, relative to the cell; else all ink."""
    m = round(NET_MARGIN * scale)
    y0, y1 = rows or cell.ink_y
    h, w = cell.image.shape[:2]
    x0, x1 = cell.ink_x
    top, bottom, left, right = y0 - m // 2, y1 + m // 2, x0 - m, x1 + m
    part = cell.image[max(0, top) : min(h, bottom), max(0, left) : min(w, right)]
    pad = (
        (max(0, -top), max(0, bottom - h)),
        (max(0, -left), max(0, right - w)),
    )
    if not any(v for p in pad for v in p):
        return part
    out = np.empty((part.shape[0] + sum(pad[0]), part.shape[1] + sum(pad[1]), 3), np.uint8)
    out[:] = cell.colour
    out[pad[0][0] : pad[0][0] + part.shape[0], pad[1][0] : pad[1][0] + part.shape[1]] = part
    return out
