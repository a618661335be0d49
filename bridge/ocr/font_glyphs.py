"""How a font of this machine draws its characters: pictures, advances, and which stand closer than these."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields
from math import ceil

import numpy as np
from numpy.typing import NDArray

from bridge.interfaces import Redrawer
from bridge.ocr.fonts import BACKDROP, PHASES, Font, Ink, Style, line_spec
from bridge.ocr.normal import is_han
from bridge.records import Image

Picture = NDArray[np.uint8]
"""H × W, how dark black on white is."""
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
ROW = 720
"""css pixels of a row of Han characters that are drawn together: one by one they cost ten times as much."""
ROUNDED = 1 / 64
"""Device pixels by which an advance may be off from what counts as whole."""
AT_ONCE = 512
"""Characters whose pictures are put together at a time: what this needs is held in memory at once."""
SETS = 2
"""Choices of characters whose pictures are held put together."""
BLACK_ON_WHITE = Ink(np.zeros((8, 1, 3), np.uint8), (255, 255, 255), (0, 0, 0))


@dataclass(frozen=True, slots=True)
class AtPlace:
    """K characters drawn at one place within a pixel.

    flat: their pictures, each cut to its advance, one row of H × W values each, from column 0, where the pen is.
    rest: K × W, their energy from each column on.  reach: K, the first column that is not theirs.  first: K, the
    column of their first ink, which may be left of the pen.  inked: K, whether they have any.
    """

    flat: Shares
    rest: Shares
    reach: NDArray[np.intp]
    first: NDArray[np.intp]
    inked: NDArray[np.bool_]

    @property
    def energy(self) -> Shares:
        return self.rest[:, 0]


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
        self._pictures: list[dict[str, Picture]] = [{} for _ in range(PLACES)]
        self._moved: dict[str, dict[float, list[str]]] = defaultdict(lambda: defaultdict(list))
        self._made: dict[tuple[str, ...], Glyphs] = {}

    def of(self, chars: Sequence[str]) -> Glyphs:
        """Of these characters."""
        wanted = tuple(chars)
        made = self._made.pop(wanted, None)
        if made is None:
            self._draw([c for c in wanted if c not in self._chars])
            made = self._put_together(wanted)
        self._made[wanted] = made
        for oldest in list(self._made)[:-SETS]:
            del self._made[oldest]
        return made

    def _draw(self, new: Sequence[str]) -> None:
        advances = dict(zip(new, self._advances(new), strict=True))
        rows = self._rows(advances)
        in_rows = {c for row in rows for c in row}
        self._draw_rows(rows, advances)
        singly = [c for c in new if c not in in_rows]
        for place, drawn in enumerate(self._lines(singly)):
            self._pictures[place].update(zip(singly, drawn, strict=True))
        self._chars.update(advances)
        self._kern(new)

    def _lines(self, texts: Sequence[str], extra: float = ROOM) -> list[list[Picture]]:
        """By place."""
        styles = [Style(self._font, phase) for phase in range(0, PHASES, PHASES // PLACES)]
        specs = [line_spec(t, s, BLACK_ON_WHITE, self._scale, extra=extra) for s in styles for t in texts]
        drawn = [255 - _darkest(p) for p in self._redrawer.draw(specs, scale=self._scale)]
        return [drawn[i * len(texts) : (i + 1) * len(texts)] for i in range(PLACES)]

    def _rows(self, advances: dict[str, float]) -> list[str]:
        """Han characters of the usual advance; side by side each of them stands at a place that is known, where
        that is a whole number of quarters of a pixel."""
        han = [c for c in advances if is_han(c)]
        if not han:
            return []
        usual = Counter(advances[c] for c in han).most_common(1)[0][0]
        size = int(ROW / self._font.size_px)
        if not usual or abs(usual * PLACES - round(usual * PLACES)) > ROUNDED or len(han) < size:
            return []
        alike = [c for c in han if advances[c] == usual]
        return ["".join(alike[i : i + size]) for i in range(0, len(alike), size)]

    def _draw_rows(self, rows: Sequence[str], advances: dict[str, float]) -> None:
        if not rows:
            return
        advance = advances[rows[0][0]]
        pen = round(BACKDROP * self._scale)
        own = self._lines(rows[0][0])[0][0].shape[1]  # columns of a single character's picture
        ems = len(rows[0]) * max(1.0, advance / self._scale / self._font.size_px)
        for place, drawn in enumerate(self._lines(rows, extra=ems + ROOM)):
            for row, picture in zip(rows, drawn, strict=True):
                for i, c in enumerate(row):
                    quarters = place + round(i * advance * PLACES)
                    x = quarters // PLACES
                    alone = np.zeros((picture.shape[0], own), np.uint8)
                    # At the last place the one before reaches into the first column, and this one does not.
                    first = 1 if i and quarters % PLACES > PLACES / 2 else 0
                    width = min(ceil(advance) + 1, own - pen)
                    alone[:, pen + first : pen + width] = picture[:, pen + x + first : pen + x + width]
                    self._pictures[quarters % PLACES][c] = alone

    def _kern(self, new: Sequence[str]) -> None:
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

    def _put_together(self, chars: tuple[str, ...]) -> Glyphs:
        advance = np.array([self._chars[c] for c in chars])
        pen = round(BACKDROP * self._scale)
        parts = [chars[i : i + AT_ONCE] for i in range(0, len(chars), AT_ONCE)]
        used = [np.stack([p[c] for c in part]).max(axis=(0, 2)) for p in self._pictures for part in parts]
        ink = np.flatnonzero(np.max(used, axis=0))
        together = max(1, round(self._scale))
        rows = _whole(int(ink[0]), int(ink[-1]) + 1, together) if len(ink) else (0, together)
        width = min(int(advance.max()) + 2, self._pictures[0][chars[0]].shape[1] - pen)
        index = {c: i for i, c in enumerate(chars)}
        moved = {
            before: {m: here for m, others in moves.items() if (here := [index[c] for c in others if c in index])}
            for before, moves in self._moved.items()
            if before in index
        }
        kernable = np.array(
            sorted({i for moves in moved.values() for which in moves.values() for i in which}), np.intp
        )
        kerned = {
            before: tuple(Kerned(m, np.isin(kernable, which)) for m, which in moves.items())
            for before, moves in moved.items()
        }
        # Where the next character may stand closer, its ink may be left of this one's end.
        room = advance + np.array([min((0.0, *moved.get(c, {}))) for c in chars])
        rooms = np.split(room, range(AT_ONCE, len(room), AT_ONCE))
        places = []
        for place, pictures in enumerate(self._pictures):
            made = []
            for part, around in zip(parts, rooms, strict=True):
                seen = np.stack([pictures[c][rows[0] : rows[1]] for c in part])
                shares = joined_rows(seen.astype(np.float32) * np.float32(1 / 255), together)
                made.append(_at_place(shares, place, pen, width, around))
            places.append(_all(made))
        return Glyphs(chars, advance, rows, together, width, tuple(places), kerned, kernable)


def _darkest(picture: Image) -> Picture:
    """Of the three channels."""
    return np.asarray(np.minimum(np.minimum(picture[..., 0], picture[..., 1]), picture[..., 2]), np.uint8)


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
    cut = pictures[:, :, pen : pen + width] * (np.arange(width) < reach[:, None])[:, None, :]
    columns = np.square(cut).sum(axis=1)
    return AtPlace(
        flat=cut.reshape(len(cut), -1),
        rest=np.cumsum(columns[:, ::-1], axis=1)[:, ::-1],
        reach=reach,
        first=visible.argmax(axis=1) - pen,
        inked=visible.any(axis=1),
    )


def _all(parts: Sequence[AtPlace]) -> AtPlace:
    names = [f.name for f in fields(AtPlace)]
    return AtPlace(**{n: np.concatenate([getattr(p, n) for p in parts]) for n in names})


def shares_of(picture: Image, ink: Ink) -> Shares:
    """Of an H × W × 3 picture in the colours of ``ink``."""
    ground = np.array(ink.colour, np.float32)
    way = np.array(ink.text_colour, np.float32) - ground
    length = float(way @ way)
    if not length:
        return np.zeros(picture.shape[:2], np.float32)
    return np.clip((picture.astype(np.float32) - ground) @ (way / length), 0, 1).astype(np.float32)
