"""Is a picture this Han character rather than any other?  Judged by its form against reference faces.

There are thousands of them, so the rivals are found first: the characters whose drawings come nearest to the
picture at one small size.
Both sides are blurred by less than a stroke, and a column at either end may belong to a neighbour: at 11 to 16
pixels a glyph's strokes stand beside those of a drawing that was made smaller.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import log
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from bridge.ocr.coverage import Coverage
from bridge.ocr.glyph_shape import drawn, installed_faces, trimmed
from bridge.ocr.lookalikes import others

RIVALS = 16
"""Characters of each face that are compared with, besides the known look-alikes."""
_BLUR = 0.8
"""Pixels."""
_SIDE = 16
"""Pixels of the pictures by which rivals are found."""

Picture = NDArray[np.float32]
_Part = tuple[Picture, int, int]
"""Soft pixels, width, height."""


def common() -> list[str]:
    """The 6,763 Han characters of GB 2312."""
    codes = [(a, b) for a in range(0xB0, 0xF8) for b in range(0xA1, 0xFF) if (a, b) < (0xD7, 0xFA) or a > 0xD7]
    return [bytes(c).decode("gb2312") for c in codes]


class HanForms:
    """faces: font files to compare with; those of this machine if not given."""

    def __init__(self, faces: Sequence[Path] | None = None) -> None:
        self._faces = tuple(installed_faces() if faces is None else faces)
        self._margins: dict[tuple[bytes, str], float] = {}

    def __bool__(self) -> bool:
        return bool(self._faces)

    def likeness(self, glyph: Coverage, character: str) -> float:
        """-1..1: how well the best reference face fits it."""
        return self._best(_parts(glyph), character)

    def fit(self, glyph: Coverage, character: str) -> tuple[float, float]:
        """(likeness, by how much it is more than that of the nearest rival; negative if a rival fits better).
        Rivals are the characters that come nearest to the picture, and the known look-alikes of this one."""
        parts = _parts(glyph)
        mine = self._best(parts, character)
        key = glyph.tobytes(), character
        if key not in self._margins:
            near = {c for face in self._faces for c in _nearest(face, glyph)}
            rivals = (near | set(others(character))) - {character}
            self._margins[key] = mine - max((self._best(parts, c) for c in rivals), default=-1.0)
        return mine, self._margins[key]

    def _best(self, parts: Sequence[_Part], character: str) -> float:
        return max((_alike(parts, face, character) for face in self._faces), default=-1.0)


@lru_cache(maxsize=3)
def _sheet(face: Path) -> tuple[list[str], Picture]:
    """Every common character of a face, small: N × pixels, each of length 1 around its mean."""
    font = ImageFont.truetype(str(face), 2 * _SIDE, layout_engine=ImageFont.Layout.BASIC)
    names = common()
    out = np.zeros((len(names), _SIDE * _SIDE), np.float32)
    for i, c in enumerate(names):
        sheet = Image.new("L", (4 * _SIDE, 4 * _SIDE))
        ImageDraw.Draw(sheet).text((_SIDE, _SIDE // 2), c, fill=255, font=font)
        box = sheet.getbbox()
        if box is not None:
            out[i] = _reduced(np.asarray(sheet.crop(box)))
    return names, out


def _nearest(face: Path, glyph: Coverage) -> list[str]:
    """The characters whose drawings come nearest to the picture."""
    names, sheet = _sheet(face)
    own = _reduced(trimmed(glyph))
    return [names[i] for i in np.argpartition(-(sheet @ own), RIVALS)[:RIVALS]]


def _reduced(picture: NDArray[np.uint8] | Picture) -> Picture:
    small = cv2.resize(picture, (_SIDE, _SIDE), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
    return _of_length_1(small)


def _of_length_1(values: Picture) -> Picture:
    """Around 0 and of length 1."""
    out: Picture = values - values.mean(dtype=np.float32)
    out /= np.float32(max(1e-6, float(np.sqrt(out.dot(out)))))
    return out


@lru_cache(maxsize=8_000)
def _fitted(face: Path, character: str, w: int, h: int) -> tuple[Picture, float] | None:
    """The character's drawing at w × h pixels, soft, and how wide it is to its height."""
    reference = drawn(face, character)
    if reference is None:
        return None
    small = cv2.resize(reference, (w, h), interpolation=cv2.INTER_AREA).astype(np.float32)
    return _soft(small), reference.shape[1] / reference.shape[0]


def _parts(glyph: Coverage) -> list[_Part]:
    """The picture with and without its first and its last column."""
    own = trimmed(glyph)
    w = own.shape[1]
    ends = [(a, w - b) for a in (0, 1) for b in (0, 1) if w - a - b > 3]
    return [(_soft(np.ascontiguousarray(own[:, a:b])), b - a, own.shape[0]) for a, b in ends]


def _soft(picture: Picture) -> Picture:
    blurred = cv2.GaussianBlur(picture, (0, 0), _BLUR, borderType=cv2.BORDER_CONSTANT)
    return _of_length_1(blurred.astype(np.float32).ravel())


def _alike(parts: Sequence[_Part], face: Path, character: str) -> float:
    """-1..1: the best correlation of a part with the character, less a quarter of the logarithm by which their
    proportions differ."""
    out = -1.0
    for values, w, h in parts:
        fitted = _fitted(face, character, w, h)
        if fitted is not None:
            out = max(out, float(values.dot(fitted[0])) - 0.25 * abs(log(fitted[1] * h / w)))
    return out
