"""How a font of this machine draws its characters: pictures, advances, and which stand closer than these."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.interfaces import Redrawer
from bridge.ocr.fonts import BACKDROP, PHASES, Font, Ink, Style, line_spec
from bridge.records import Image

Shares = NDArray[np.float32]
"""How far pixels are on the way from the background to the text's colour, 0 to 1."""

PLACES = 4
"""Places within a pixel at which a browser draws a glyph: the nearest quarter (Skia's subpixel positions; seen
with Chromium 150 at scales 1 and 2)."""
KERNED = 1 / 16
"""Device pixels to which kerning is kept: less seldom makes another quarter."""
ROOM = 1.2
"""Ems that a character's picture is wide."""
VISIBLE = 0.02
BLACK_ON_WHITE = Ink(np.zeros((8, 8, 3), np.uint8), (255, 255, 255), (0, 0, 0))


@dataclass(frozen=True, slots=True)
class AtPlace:
    """K characters drawn at one place within a pixel.

    flat: their pictures, each cut to its advance, one row of H × W values each, from column 0, where the pen is.
    energy: K, of these.  reach: K, the first column that is not theirs.  first: K, the column of their first ink,
    which may be left of the pen.  inked: K, whether they have any.
    """

    flat: Shares
    energy: Shares
    reach: NDArray[np.intp]
    first: NDArray[np.intp]
    inked: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Kerned:
    """moved: device pixels farther right (as a rule fewer than none) that some characters stand after another.
    which: mask over ``Glyphs.kernable``."""

    moved: float
    which: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Glyphs:
    """Characters of one font at one scale.

    advance: K, device pixels.  rows: of a line's picture (``line_spec``) that hold ink; together: so many of them
    count as one, by their mean; width: columns of a picture.  kerned: by the character before.  kernable: indices
    of all that are kerned after some character.
    """

    chars: tuple[str, ...]
    advance: NDArray[np.float64]
    rows: tuple[int, int]
    together: int
    width: int
    places: tuple[AtPlace, ...]
    kerned: dict[str, tuple[Kerned, ...]]
    kernable: NDArray[np.intp]


class FontGlyphs:
    """Draws the characters of one font, each once.  scale: device pixels per css pixel."""

    def __init__(self, redrawer: Redrawer, font: Font, scale: float) -> None:
        self._redrawer = redrawer
        self._font = font
        self._scale = scale
        self._chars: dict[str, float] = {}  # with their advance
        self._pictures: list[list[NDArray[np.uint8]]] = [[] for _ in range(PLACES)]
        self._moved: dict[str, dict[float, list[str]]] = defaultdict(lambda: defaultdict(list))
        self._made: Glyphs | None = None

    def of(self, chars: Sequence[str]) -> Glyphs:
        """All that were asked for so far, these among them."""
        new = [c for c in chars if c not in self._chars]
        if new or self._made is None:
            self._draw(new)
            self._made = self._put_together()
        return self._made

    def _draw(self, new: Sequence[str]) -> None:
        phases = range(0, PHASES, PHASES // PLACES)
        specs = [
            line_spec(c, Style(self._font, phase), BLACK_ON_WHITE, self._scale, extra=ROOM)
            for phase in phases
            for c in new
        ]
        drawn = [255 - p.min(axis=2) for p in self._redrawer.draw(specs, scale=self._scale)]
        for place in range(PLACES):
            self._pictures[place] += drawn[place * len(new) : (place + 1) * len(new)]
        self._chars.update(zip(new, self._advances(new), strict=True))
        plain = [c for c in self._chars if c.isascii()]
        fresh = set(new)
        pairs = [(a, b) for a in plain for b in plain if a in fresh or b in fresh]
        for (a, b), advance in zip(pairs, self._advances([a + b for a, b in pairs]), strict=True):
            moved = round((advance - self._chars[a] - self._chars[b]) / KERNED) * KERNED
            if moved:
                self._moved[a][moved].append(b)

    def _advances(self, texts: Sequence[str]) -> list[float]:
        if not texts:
            return []
        (extents,) = self._redrawer.measure(texts, [self._font.css], lang=self._font.lang)
        return [e.advance * self._scale for e in extents]

    def _put_together(self) -> Glyphs:
        chars, advance = tuple(self._chars), np.array(list(self._chars.values()))
        pen = round(BACKDROP * self._scale)
        pictures = [np.stack(p) for p in self._pictures]
        ink = np.flatnonzero(np.max([p.max(axis=(0, 2)) for p in pictures], axis=0))
        together = max(1, round(self._scale))
        rows = _whole(int(ink[0]), int(ink[-1]) + 1, together) if len(ink) else (0, together)
        width = min(int(advance.max()) + 2, pictures[0].shape[2] - pen)
        index = {c: i for i, c in enumerate(chars)}
        after = {c for moves in self._moved.values() for others in moves.values() for c in others}
        kernable = np.array([i for c, i in index.items() if c in after], np.intp)
        kerned = {
            before: tuple(Kerned(m, np.isin(kernable, [index[c] for c in others])) for m, others in moves.items())
            for before, moves in self._moved.items()
        }
        # Where the next character may stand closer, its ink may be left of this one's end.
        room = advance + np.array([min((0.0, *self._moved.get(c, {}))) for c in chars])
        places = []
        for i, all_rows in enumerate(pictures):
            shares = all_rows[:, rows[0] : rows[1]].astype(np.float32) * np.float32(1 / 255)
            places.append(_at_place(joined_rows(shares, together), i, pen, width, room))
        return Glyphs(chars, advance, rows, together, width, tuple(places), kerned, kernable)


def _whole(first: int, end: int, together: int) -> tuple[int, int]:
    return first, end + -(end - first) % together


def joined_rows(shares: Shares, together: int) -> Shares:
    """N × H × W → N × H / together × W: at twice the scale a line needs no more rows to be told apart."""
    n, h, w = shares.shape
    return np.asarray(shares.reshape(n, h // together, together, w).mean(axis=2), np.float32)


def _at_place(pictures: Shares, place: int, pen: int, width: int, room: NDArray[np.float64]) -> AtPlace:
    """pictures: K × H × W, with the pen at column ``pen`` and a share of a pixel.  room: K, device pixels that no
    other character's ink is in."""
    reach = np.minimum(np.floor(room + place / PLACES).astype(np.intp), width)
    visible = pictures.max(axis=1) > VISIBLE
    flat = (pictures[:, :, pen : pen + width] * (np.arange(width) < reach[:, None])[:, None, :]).reshape(
        len(pictures), -1
    )
    return AtPlace(
        flat=flat,
        energy=np.square(flat).sum(axis=1),
        reach=reach,
        first=visible.argmax(axis=1) - pen,
        inked=visible.any(axis=1),
    )


def shares_of(picture: Image, ink: Ink) -> Shares:
    """Of an H × W × 3 picture in the colours of ``ink``."""
    ground = np.array(ink.colour, np.float32)
    way = np.array(ink.text_colour, np.float32) - ground
    length = float(way @ way)
    if not length:
        return np.zeros(picture.shape[:2], np.float32)
    return np.clip((picture.astype(np.float32) - ground) @ (way / length), 0, 1).astype(np.float32)
