"""What a glyph's picture looks like, judged by reference faces: fonts of this machine, drawn without any browser.

Nothing has to be the font that drew the list: a glyph is compared with the characters it could be by its form
alone, and the better-fitting one must fit better by a margin.  That is an eye of its own beside the nets: it has
not learned from what they have learned from.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ImageFont

from bridge.ocr.coverage import TOLERANCE, Coverage

FILES = (
    *("simsun.ttc", "msyh.ttc", "simhei.ttf", "NotoSansCJK-Regular.ttc", "NotoSerifCJK-Regular.ttc"),
    *("wqy-zenhei.ttc", "wqy-microhei.ttc", "uming.ttc", "PingFang.ttc", "STHeiti Light.ttc", "Songti.ttc"),
    "SourceHanSansCN-Regular.otf",
)
"""Faces that hold both Han and Latin characters."""
MARGIN = 0.035
"""Correlation by which a character must fit better than its rival."""
LIKE_THE_BEST = 0.2
"""Correlation by which a face may fit worse than the best one and still be asked."""
_SIZE = 64
_MOST_FACES = 3
_MOST_FONTS = 20
"""In one collection."""


def _folders() -> list[Path]:
    if sys.platform == "win32":
        return [Path(os.environ.get("WINDIR", r"C:\Windows")) / "Fonts"]
    if sys.platform == "darwin":
        return [Path("/System/Library/Fonts"), Path("/Library/Fonts")]
    return [Path("/usr/share/fonts"), Path("/usr/local/share/fonts"), Path.home() / ".local/share/fonts"]


@lru_cache(maxsize=1)
def installed_faces() -> tuple[Path, ...]:
    """Font files of this machine that can serve as references."""
    wanted = {name.lower(): i for i, name in enumerate(FILES)}
    found: dict[int, Path] = {}
    for folder in _folders():
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            i = wanted.get(path.name.lower())
            if i is not None:
                found.setdefault(i, path)
    return tuple(found[i] for i in sorted(found))[:_MOST_FACES]


class Shapes:
    """faces: font files to compare with; those of this machine if not given."""

    def __init__(self, faces: Sequence[Path] | None = None) -> None:
        self._faces = tuple(installed_faces() if faces is None else faces)

    def __bool__(self) -> bool:
        return bool(self._faces)

    def bearings(self, character: str, em: float) -> list[tuple[float, float]]:
        """The ground left and right of its ink in each of the faces, where a Han character is ``em`` wide; empty
        if not all of them know it."""
        found = [b for face in self._faces if (b := bearings(face, character)) is not None]
        return [(left * em, right * em) for left, right in found] if len(found) == len(self._faces) else []

    def ink_width(self, character: str) -> float | None:
        """In the middle one of the faces, as a share of a Han character's width; None if none knows it."""
        found = [d[1].shape[1] for face in self._faces if (d := _ink(face, character)) is not None]
        return float(np.median(found)) / _SIZE if found else None

    def likeness(self, glyph: Coverage, character: str) -> float:
        """-1..1: how well the best reference face fits it."""
        own = trimmed(glyph)
        return max((self._correlation(face, own, character) for face in self._faces), default=-1.0)

    def prefers(self, glyph: Coverage, character: str, rival: str, *, margin: float = MARGIN) -> bool:
        """Do the reference faces fit the character better than its rival by the margin, and none the rival so?
        Only those faces are asked that come near to the best fit: a sans serif knows nothing of a serif's J."""
        own = trimmed(glyph)
        fits = [[self._correlation(face, own, c) for c in (character, rival)] for face in self._faces]
        best = max((max(f) for f in fits), default=-1.0)
        gains = [mine - other for mine, other in fits if max(mine, other) >= best - LIKE_THE_BEST]
        return bool(gains) and float(np.mean(gains)) > margin and min(gains) > -MARGIN

    @staticmethod
    def _correlation(face: Path, own: NDArray[np.float32], character: str) -> float:
        reference = drawn(face, character)
        if reference is None:
            return -1.0
        h, w = own.shape
        aspect = (reference.shape[1] / reference.shape[0]) / (w / h)
        squeezed = abs(float(np.log(aspect)))
        fitted = cv2.resize(reference, (w, h), interpolation=cv2.INTER_AREA).astype(np.float32)
        a, b = own - own.mean(), fitted - fitted.mean()
        norm = float(np.sqrt((a * a).sum() * (b * b).sum()))
        # Flat pictures (a bar is a bar) have nothing but their outline's proportions to go by.
        return (float((a * b).sum()) / norm if norm > 1e-6 else 0.0) - 0.25 * squeezed


@lru_cache(maxsize=_MOST_FACES)
def simplified(face: Path) -> int:
    """Which font of a collection draws Han characters as in mainland China; the first where none says so.

    A collection's first is often Japan's, in which 迸 and 天 are other pictures."""
    try:
        for i in range(_MOST_FONTS):
            family, _ = ImageFont.truetype(str(face), _SIZE, index=i).getname()
            if family and family.split()[-1] in ("SC", "CN", "GB"):
                return i
    except OSError:  # no further font in the file
        pass
    return 0


@lru_cache(maxsize=_MOST_FACES)
def _font(face: Path) -> ImageFont.FreeTypeFont:
    index = simplified(face)
    return ImageFont.truetype(str(face), _SIZE, index=index, layout_engine=ImageFont.Layout.BASIC)  # quicker


def draw(face: Path, character: str) -> tuple[int, NDArray[np.uint8]] | None:
    """Column of its first ink from the pen, and its picture at 64 px; None if the face draws nothing."""
    mask, (left, _) = _font(face).getmask2(character, mode="L")
    picture = np.array(mask, np.uint8).reshape(mask.size[::-1])
    ys, xs = (
        np.flatnonzero(picture.max(axis=1, initial=0) > 40),
        np.flatnonzero(picture.max(axis=0, initial=0) > 40),
    )
    if not len(ys):
        return None
    return left + int(xs[0]), picture[ys[0] : ys[-1] + 1, xs[0] : xs[-1] + 1].copy()


_ink = lru_cache(maxsize=4_000)(draw)


def drawn(face: Path, character: str) -> NDArray[np.uint8] | None:
    """The character as the face has it, large, without the ground around it; None if it draws nothing."""
    ink = _ink(face, character)
    return None if ink is None else ink[1]


@lru_cache(maxsize=20_000)
def bearings(face: Path, character: str) -> tuple[float, float] | None:
    """The ground left and right of its ink, as shares of the face's size; None if the face draws nothing."""
    ink = _ink(face, character)
    if ink is None:
        return None
    right = _font(face).getlength(character) - ink[0] - ink[1].shape[1]
    return ink[0] / _SIZE, right / _SIZE


def trimmed(glyph: Coverage) -> NDArray[np.float32]:
    """Without the blank rows and columns around it."""
    rows = np.flatnonzero((glyph > 8 * TOLERANCE).any(axis=1))
    columns = np.flatnonzero((glyph > 8 * TOLERANCE).any(axis=0))
    if not len(rows):
        return glyph.astype(np.float32)
    return glyph[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32)
