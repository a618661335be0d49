"""How each common Han character is drawn in a reference face, all at one size, to be compared by the dozen.

Drawing thousands of characters takes seconds, so they are kept in the user's cache, a file for each face; what
does not belong to the face as it is now (other date or length, other FreeType) is drawn anew.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path

import cv2
import numpy as np
import platformdirs
from numpy.typing import NDArray
from PIL import features

from bridge import log
from bridge.ocr.glyph_shape import draw, simplified
from bridge.whole_files import write_whole

SIDE = 48
"""Pixels of a drawing, whatever its proportions: no list's glyph has many more (16 px at scale 3)."""
COARSE = 16
"""Pixels of the pictures by which rivals are found."""
_FORM = np.dtype([("aspect", "<f4"), ("square", "u1", (SIDE, SIDE))])
_BATCH = 500

Picture = NDArray[np.float32]


def common() -> list[str]:
    """The 6,763 Han characters of GB 2312."""
    codes = [(a, b) for a in range(0xB0, 0xF8) for b in range(0xA1, 0xFF) if (a, b) < (0xD7, 0xFA) or a > 0xD7]
    return [bytes(c).decode("gb2312") for c in codes]


class FaceForms:
    """The drawings of one face.  path: a font file.  cache: the folder for what is kept; None: nothing is kept."""

    def __init__(self, path: Path, cache: Path | None) -> None:
        self._path = path
        self._names = common()
        self._rows = {c: i for i, c in enumerate(self._names)}
        self._others: dict[str, NDArray[np.void]] = {}
        self._forms = self._kept(cache)

    def squares(self, characters: Sequence[str]) -> tuple[Picture, Picture]:
        """N × SIDE × SIDE drawings, each stretched to the square, and their widths to their heights (0 where the
        face draws nothing)."""
        found = np.array([self._form(c) for c in characters], _FORM)
        return found["square"].astype(np.float32), found["aspect"]

    def nearest(self, picture: Picture, n: int) -> list[str]:
        """The ``n`` common characters whose drawings come nearest to a picture without ground around it."""
        own = of_length_1(cv2.resize(picture, (COARSE, COARSE), interpolation=cv2.INTER_AREA)[None])[0]
        # Not `@`: BLAS shares this millisecond among its threads, which on a busy machine takes seven.
        alike = np.einsum("ij,j->i", self._coarse, own)
        return [self._names[i] for i in np.argpartition(alike, -n)[-n:]]

    def _form(self, character: str) -> NDArray[np.void]:
        if character in self._rows:
            form: NDArray[np.void] = self._forms[self._rows[character]]
            return form
        if character not in self._others:
            self._others[character] = _drawn(self._path, character)
        return self._others[character]

    @cached_property
    def _coarse(self) -> Picture:
        """N × COARSE² pixels, each row of length 1 around its mean."""
        step = SIDE // COARSE
        out = np.empty((len(self._forms), COARSE * COARSE), np.float32)
        for i in range(0, len(out), _BATCH):
            tiles = self._forms["square"][i : i + _BATCH].reshape(-1, COARSE, step, COARSE, step)
            out[i : i + _BATCH] = of_length_1(tiles.mean(axis=(2, 4), dtype=np.float32))
        return out

    def _kept(self, cache: Path | None) -> NDArray[np.void]:
        file = self._file(cache) if cache is not None else None
        if file is not None and (kept := _load(file, len(self._names))) is not None:
            return kept
        forms = np.array([_drawn(self._path, c) for c in self._names], _FORM)
        if file is None:
            return forms
        try:
            for old in file.parent.glob(f"{self._path.name}-*.npy"):
                old.unlink(missing_ok=True)
            content = io.BytesIO()
            np.save(content, forms, allow_pickle=False)
            write_whole(file, content.getvalue(), mode=0o644)
        except OSError as e:  # it costs seconds at the next start, and nothing else
            log.event("forms.not_kept", f"{file}: {e}", level="WARNING")
        return forms

    def _file(self, cache: Path) -> Path | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        freetype = features.version("freetype2")
        font = f"{self._path}|{simplified(self._path)}|{found.st_size}|{found.st_mtime_ns}"
        facts = f"{font}|{freetype}|{_FORM}|{''.join(self._names)}"
        return cache / f"{self._path.name}-{hashlib.blake2b(facts.encode(), digest_size=8).hexdigest()}.npy"


@lru_cache(maxsize=4)
def face_forms(path: Path) -> FaceForms:
    """Those of a font file of this machine."""
    return FaceForms(path, Path(platformdirs.user_cache_dir("rpa-bridge", appauthor=False)) / "forms")


def of_length_1(pictures: NDArray[np.float32]) -> Picture:
    """N pictures of any shape → N × pixels, each around 0 and of length 1 (0 where there is but one colour)."""
    flat = pictures.reshape(len(pictures), -1)
    flat = flat - flat.mean(axis=1, keepdims=True, dtype=np.float32)
    length = np.sqrt(np.einsum("ij,ij->i", flat, flat))
    out: Picture = flat / np.maximum(length, np.float32(1e-6))[:, None]
    return out


def _drawn(path: Path, character: str) -> NDArray[np.void]:
    form = np.zeros((), _FORM)
    drawn = draw(path, character)
    if drawn is not None:
        picture = drawn[1]
        form["aspect"] = picture.shape[1] / picture.shape[0]
        form["square"] = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return form


def _load(file: Path, count: int) -> NDArray[np.void] | None:
    """None if it is not there, or not whole.  Read, not mapped: whoever cuts a mapped file short kills us."""
    try:
        kept: NDArray[np.void] = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return kept if kept.shape == (count,) and kept.dtype == _FORM else None
