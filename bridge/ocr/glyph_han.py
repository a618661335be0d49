"""Is a picture this Han character rather than any other?  Judged by its form against reference faces.

There are thousands of them, so the rivals are found first: the characters whose drawings come nearest to the
picture at one small size.
Both sides are blurred by less than a stroke, and a column at either end may belong to a neighbour: at 11 to 16
pixels a glyph's strokes stand beside those of a drawing that was made smaller.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from bridge.ocr.coverage import Coverage
from bridge.ocr.face_forms import SIDE, FaceForms, Picture, face_forms, of_length_1
from bridge.ocr.glyph_shape import installed_faces, trimmed
from bridge.ocr.lookalikes import others

RIVALS = 16
"""Characters of each face that are compared with, besides the known look-alikes."""
_BLUR = 0.8
"""Pixels."""
_REACH = 3
"""Pixels to either side that the blur takes in."""

_Part = tuple[Picture, int, int]
"""Soft pixels around 0 and of length 1, width, height."""


class HanForms:
    """faces: font files to compare with; those of this machine if not given."""

    def __init__(self, faces: Sequence[Path] | None = None) -> None:
        self._paths = tuple(installed_faces() if faces is None else faces)
        self._margins: dict[tuple[bytes, str], float] = {}

    def __bool__(self) -> bool:
        return bool(self._paths)

    def likeness(self, glyph: Coverage, character: str) -> float:
        """-1..1: how well the best reference face fits it."""
        return float(self._best(_parts(glyph), [character])[0])

    def fit(self, glyph: Coverage, character: str) -> tuple[float, float]:
        """(likeness, by how much it is more than that of the nearest rival; negative if a rival fits better).
        Rivals are the characters that come nearest to the picture, and the known look-alikes of this one."""
        parts = _parts(glyph)
        mine = float(self._best(parts, [character])[0])
        key = glyph.tobytes(), character
        if key not in self._margins:
            own = trimmed(glyph)
            near = {c for face in self._faces() for c in face.nearest(own, RIVALS)}
            rivals = sorted((near | set(others(character))) - {character})
            self._margins[key] = mine - float(self._best(parts, rivals).max(initial=-1.0))
        return mine, self._margins[key]

    def _faces(self) -> list[FaceForms]:
        return [face_forms(path) for path in self._paths]

    def _best(self, parts: Sequence[_Part], characters: Sequence[str]) -> Picture:
        """How well the best face fits, for each character."""
        out = np.full(len(characters), -1.0, np.float32)
        for face in self._faces():
            np.maximum(out, _alike(parts, *face.squares(characters)), out=out)
        return out


def _parts(glyph: Coverage) -> list[_Part]:
    """The picture with and without its first and its last column."""
    own = trimmed(glyph)
    w = own.shape[1]
    ends = [(a, w - b) for a in (0, 1) for b in (0, 1) if w - a - b > 3]
    return [(_soft(np.ascontiguousarray(own[:, a:b])), b - a, own.shape[0]) for a, b in ends]


def _soft(picture: Picture) -> Picture:
    size = 2 * _REACH + 1
    blurred = cv2.GaussianBlur(picture, (size, size), _BLUR, borderType=cv2.BORDER_CONSTANT)
    (out,) = of_length_1(blurred.astype(np.float32)[None])
    return np.asarray(out, np.float32)


@lru_cache(maxsize=256)
def _softening(n: int) -> NDArray[np.float32]:
    """n × SIDE: makes a column of a drawing n pixels long and soft."""
    small = cv2.resize(np.eye(SIDE, dtype=np.float32), (SIDE, n), interpolation=cv2.INTER_AREA)
    kernel = cv2.getGaussianKernel(2 * _REACH + 1, _BLUR).ravel()
    blur = sum(np.eye(n, k=k, dtype=np.float32) * kernel[k + _REACH] for k in range(-_REACH, _REACH + 1))
    return np.asarray(blur @ small, np.float32)


def _alike(parts: Sequence[_Part], squares: Picture, aspects: Picture) -> Picture:
    """-1..1 for each drawing: the best correlation of a part with it, less a quarter of the logarithm by which
    their proportions differ."""
    out = np.full(len(squares), -1.0, np.float32)
    there = np.flatnonzero(aspects > 0)
    for values, w, h in parts if len(there) else ():
        drawn = of_length_1(_softening(h) @ (squares[there] @ _softening(w).T))
        out[there] = np.maximum(out[there], drawn @ values - 0.25 * np.abs(np.log(aspects[there] * h / w)))
    return out
