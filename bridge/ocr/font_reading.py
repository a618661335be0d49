"""Lines read by the glyphs of the font that drew them.

Once a list's font is known, and which characters it shows, most lines need no net: a character at a quarter of a
pixel is the same picture in all lines, so a line is taken apart from its left end, character by character, along
the few best ways at a time (recognition-based segmentation, Casey and Lecolinet 1996, with a beam).  What comes
out is a proposal, no more than the net's: it is drawn back whole, and only an equal picture proves it.

x and y are device pixels; energy is shares of the text's colour, squared and summed.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Container, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from bridge.interfaces import Redrawer
from bridge.ocr.font_glyphs import PLACES, FontGlyphs, Glyphs, Kerned, Shares, joined_rows, shares_of
from bridge.ocr.fonts import Font, Ink

BEAM = 5
"""Ways of taking one line apart that are followed side by side."""
APART = 0.06
"""Of a character's energy that the line may be off from it."""
BLANK = 0.4
"""Energy that counts as none: the edge of a neighbour that reaches over."""
_ITS_OWN = re.compile("[ -~，。、：；？！（）×Φ±°℃¥￥\u3000Ａ-Ｚａ-ｚ０-９．\u3400-\u4dbf\u4e00-\u9fff]")
HALF = 1 / PLACES / 2
"""Of a place within a pixel: so far from it a pen may be."""
ANYWHERE = [(place / PLACES - HALF, place / PLACES + HALF) for place in range(PLACES)]
ALIKE = 0.02
"""Energy by which two ways may differ that give the same picture for all one can tell: dot and comma of 12
px differ by 0.07."""
WORTH_ALL = 150
"""Lines of a list that were not made of characters met so far, times the scale, from which on all usual ones are
drawn: nets take as long for as many."""
_LEVEL_1 = [(row, cell) for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF) if (row, cell) < (0xD7, 0xFA)]
USUAL = bytes(b for pair in _LEVEL_1 for b in pair).decode("gb2312")
"""The 3,755 Han characters of the first level of GB/T 2312-1980: those in daily use in mainland China."""
LONGEST = 60
"""Characters of a line that is read so."""
AT_ONCE = 96
"""Lines taken apart together: what they need is held in memory at once."""


@dataclass(frozen=True, slots=True)
class FontLine:
    """tops: rows of a drawn line's picture (``fonts.line_spec``) at which the ink may begin, likeliest first.
    starts: places within a pixel at which the line may start; none: anywhere."""

    ink: Ink
    tops: tuple[int, ...]
    starts: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class _Way:
    """One way of taking a line apart so far.  pen: least and most x that the next character's pen may have; the
    line's start is known only to a quarter of a pixel.  off, energy: of what was taken."""

    line: int
    pen: tuple[float, float] = (0.0, 0.0)
    text: str = ""
    off: float = 0.0
    energy: float = 0.0

    @property
    def cost(self) -> float:
        return self.off / (self.energy + BLANK)


class _Step(NamedTuple):
    """A way about to be longer.  pen: as of a way, but within one quarter of a pixel; x: the whole pixel."""

    way: _Way
    pen: tuple[float, float]
    x: int


class FontReader:
    """Of one list, at one scale (device pixels per css pixel)."""

    def __init__(self, redrawer: Redrawer, scale: float) -> None:
        self._redrawer = redrawer
        self._scale = scale
        self._met: dict[Font, dict[str, None]] = defaultdict(dict)
        self._glyphs: dict[Font, FontGlyphs] = {}
        self._unread: Counter[Font] = Counter()

    def met(self, text: str, font: Font) -> None:
        """These characters were proven in this font.

        Of what has the outline of another character in many a font (Greek and Cyrillic letters, signs other than
        those of sizes and prices), only the net's own reading counts: one wrong one would be the whole list's."""
        self._met[font].update(dict.fromkeys(c for c in text if _ITS_OWN.match(c)))

    def read(self, font: Font, lines: Sequence[FontLine]) -> list[str | None]:
        """What each line says, or None where its picture is not made of characters met in this font."""
        if font.enlarged or not self._met[font]:
            return [None] * len(lines)
        if font not in self._glyphs:
            self._glyphs[font] = FontGlyphs(self._redrawer, font, self._scale)
        glyphs = self._glyphs[font]
        out = _read(lines, glyphs.of(tuple(self._met[font])))
        rest = [i for i, text in enumerate(out) if text is None]
        self._unread[font] += len(rest)
        if rest and self._unread[font] >= WORTH_ALL * self._scale:
            everyone = glyphs.of(tuple(dict.fromkeys((*USUAL, *self._met[font]))))
            for i, text in zip(rest, _read([lines[i] for i in rest], everyone), strict=True):
                out[i] = text
        return out


def _read(lines: Sequence[FontLine], glyphs: Glyphs) -> list[str | None]:
    out: list[str | None] = [None] * len(lines)
    widest = LONGEST * float(glyphs.advance.max())
    by_width = sorted(range(len(lines)), key=lambda i: lines[i].ink.image.shape[1])
    chosen = [i for i in by_width if lines[i].ink.image.shape[1] <= widest]
    for start in range(0, len(chosen), AT_ONCE):
        part = chosen[start : start + AT_ONCE]
        for i, text in zip(part, _Apart(glyphs, [lines[i] for i in part]).texts(), strict=True):
            out[i] = text
    return out


class _Apart:
    """Lines on the way of being taken apart together."""

    def __init__(self, glyphs: Glyphs, lines: Sequence[FontLine]) -> None:
        self._glyphs = glyphs
        self._count = len(lines)
        y0, y1 = glyphs.rows
        # A line that may begin at two heights stands there twice.
        placed = [
            (number, top - y0, line.ink)
            for number, line in enumerate(lines)
            for top in line.tops
            if y0 <= top and top + line.ink.image.shape[0] <= y1
        ]
        self._starts = [[(s, s) for s in line.starts] or ANYWHERE for line in lines]
        self._numbers = [number for number, _, _ in placed]
        widest = max((ink.image.shape[1] for _, _, ink in placed), default=0)
        self._margin = glyphs.width
        shares = np.zeros((len(placed), y1 - y0, widest + 2 * self._margin), np.float32)
        for i, (_, top, ink) in enumerate(placed):
            h, w = ink.image.shape[:2]
            shares[i, top : top + h, self._margin : self._margin + w] = shares_of(ink.image, ink)
        self._shares = joined_rows(shares, glyphs.together)
        columns = np.square(self._shares).sum(axis=1)
        self._left = np.cumsum(columns[:, ::-1], axis=1)[:, ::-1]  # the energy from each column on

    def texts(self) -> list[str | None]:
        whole: dict[int, list[_Way]] = defaultdict(list)
        # Most characters are not kerned: that they may be is tried in lines that are not made of others.
        for kerning in (False, True):
            ways = self._pruned(self._begun(set(whole)), whole)
            for _ in range(LONGEST):
                if not ways:
                    break
                ways = self._pruned(self._longer(ways, kerning=kerning), whole)
        return [_only(whole[n]) if n in whole else None for n in range(self._count)]

    def _begun(self, done: Container[int]) -> list[_Way]:
        """The first character's ink begins where the line's does."""
        by_start: dict[tuple[float, float], list[_Way]] = defaultdict(list)
        for i, number in enumerate(self._numbers):
            if number not in done:
                for start in self._starts[number]:
                    by_start[start].append(_Way(i))
        out: list[_Way] = []
        for (least, most), ways in by_start.items():
            at = floor((least + most) / 2 * PLACES + 0.5)
            place, before = at % PLACES, at // PLACES
            drawn = self._glyphs.places[place]
            for first in np.unique(drawn.first[drawn.inked]):
                # The faintest edge may not count as ink in the list's colours.
                which = np.flatnonzero(drawn.inked & ((drawn.first == first) | (drawn.first == first - 1)))
                x = -int(first)
                begun = [_Step(w, (x + least - before, x + most - before), x) for w in ways]
                out += self._by_one(place, begun, which)
        return out

    def _longer(self, ways: Sequence[_Way], *, kerning: bool) -> list[_Way]:
        plain: dict[int, list[_Step]] = defaultdict(list)
        for w in ways:
            for place, step in _quarters(w, 0.0):
                plain[place].append(step)
        out = [found for place, steps in plain.items() for found in self._by_one(place, steps, None)]
        kerned: dict[int, list[tuple[_Step, Kerned]]] = defaultdict(list)
        for w in ways if kerning else ():
            for kern in self._glyphs.kerned.get(w.text[-1], ()):
                for place, step in _quarters(w, kern.moved):
                    kerned[place].append((step, kern))
        return out + [w for place, steps in kerned.items() for w in self._by_kerning(place, steps)]

    def _by_one(self, place: int, steps: Sequence[_Step], which: NDArray[np.intp] | None) -> list[_Way]:
        """Every way longer by each character that fits.  which: by index; None: all."""
        drawn = self._glyphs.places[place]
        flat, energy, reach = drawn.flat, drawn.energy, drawn.reach
        if which is not None:
            flat, energy, reach = flat[which], energy[which], reach[which]
        windows = np.stack([self._window(s.way.line, s.x) for s in steps])
        off = _off(windows, flat, energy, reach)
        return self._fitting(steps, off, np.broadcast_to(energy, off.shape), which)

    def _by_kerning(self, place: int, kerned: Sequence[tuple[_Step, Kerned]]) -> list[_Way]:
        """The same for characters that stand closer to the one before: columns it reaches into do not count."""
        drawn, which = self._glyphs.places[place], self._glyphs.kernable
        flat, reach = drawn.flat[which], drawn.reach[which]
        steps = [step for step, _ in kerned]
        windows = np.stack([self._window(s.way.line, s.x) for s in steps])
        energy = np.empty((len(steps), len(which)), np.float32)
        for row, (_, kern) in enumerate(kerned):
            before = ceil(max(0.0, -kern.moved))
            windows[row, :, :before] = 0
            energy[row] = drawn.rest[which, before]
        off = _off(windows, flat, energy, reach)
        off[~np.stack([kern.which for _, kern in kerned])] = np.inf
        return self._fitting(steps, off, energy, which)

    def _fitting(
        self, steps: Sequence[_Step], off: Shares, energy: Shares, which: NDArray[np.intp] | None
    ) -> list[_Way]:
        out = []
        for row, k in zip(*np.nonzero(off <= APART * energy + BLANK), strict=True):
            w, char = steps[row].way, k if which is None else which[k]
            advance = float(self._glyphs.advance[char])
            pen = steps[row].pen[0] + advance, steps[row].pen[1] + advance
            more = max(0.0, float(off[row, k]))
            text = w.text + self._glyphs.chars[char]
            out.append(_Way(w.line, pen, text, w.off + more, w.energy + float(energy[row, k])))
        return out

    def _window(self, line: int, x: int) -> Shares:
        start = min(max(0, self._margin + x), self._shares.shape[2] - self._glyphs.width)
        return self._shares[line, :, start : start + self._glyphs.width]

    def _pruned(self, ways: Sequence[_Way], whole: dict[int, list[_Way]]) -> list[_Way]:
        """Those that go on; whole ones go to ``whole``, by the line's number."""
        open_ways: dict[int, list[_Way]] = defaultdict(list)
        for w in ways:
            number, column = self._numbers[w.line], self._margin + ceil(w.pen[1])
            if column < self._left.shape[1] and self._left[w.line, column] > BLANK:
                open_ways[number].append(w)
            else:
                whole[number].append(w)
        return [w for group in open_ways.values() for w in sorted(group, key=lambda w: w.cost)[:BEAM]]


def _only(ways: Sequence[_Way]) -> str | None:
    """The text of the best way, if no other text gives the same picture."""
    best = min(ways, key=lambda w: w.cost)
    rivals = (w for w in ways if w.text != best.text and abs(w.energy - best.energy) <= ALIKE)
    return None if any(w.off <= best.off + ALIKE for w in rivals) else best.text


def _quarters(way: _Way, moved: float) -> list[tuple[int, _Step]]:
    """The places within a pixel that the next character may have, kerned by ``moved`` device pixels."""
    least, most = way.pen[0] + moved, way.pen[1] + moved
    first, last = floor(least * PLACES + 0.5), floor(most * PLACES + 0.5)
    if first == last:
        return [(first % PLACES, _Step(way, (least, most), first // PLACES))]
    edge = (last - 0.5) / PLACES
    low, high = _Step(way, (least, edge), first // PLACES), _Step(way, (edge, most), last // PLACES)
    return [(first % PLACES, low), (last % PLACES, high)]


def _off(windows: Shares, flat: Shares, energy: Shares, reach: NDArray[np.intp]) -> Shares:
    """Energy of the difference between M windows (M × H × W) and K characters, up to each character's reach.
    energy: the characters', K or M × K."""
    seen = np.zeros((len(windows), windows.shape[2] + 1), np.float32)
    np.cumsum(np.square(windows).sum(axis=1), axis=1, out=seen[:, 1:])
    return np.asarray(seen[:, reach] - 2 * (windows.reshape(len(windows), -1) @ flat.T) + energy, np.float32)
