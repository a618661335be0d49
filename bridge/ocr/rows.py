"""Where a list's rows stand: between the rules across it, or else by the even pitch of its lines.

A wrapped cell makes its row higher, and where no rule parts the rows the rest of its text looks like a row of its
own.  The pitch tells them apart: lines of one cell stand closer than rows do.  Where that is not clear nothing is
read, for a row cut in two passes half a value on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from bridge.errors import UnreadableImage
from bridge.ocr.edges import TEXT, Band, Span, Steps, TextLine, runs

CLOSER = 2.5
"""css pixels by which lines of one cell stand closer than rows, at least."""
SAME = 1.0
"""css pixels by which equal pitches may differ: rows start at fractions of a pixel."""

ROOM = 4.0
"""css pixels by which rows may stand closer than usual where their lines are sparse."""
LOWER = 0.8
"""Share of the usual pitch that full lines keep at least."""
DOUBLE = 1.9
"""Em from line to line of one text, at most; rows farther apart are no wrapped cells."""


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    y0: int
    y1: int
    lines: tuple[TextLine, ...]
    filled: int  # columns with ink
    closed_above: bool  # a rule starts it
    closed_below: bool

    @property
    def ruled(self) -> bool:
        return self.closed_above and self.closed_below


class RowFinder:
    """em: pixels of a character."""

    def __init__(self, s: Steps, columns: Sequence[Span], em: float, scale: float, page: int) -> None:
        self._em = em
        self._full = self._typical = 2.0
        self._limits: set[int] = set()
        self._wraps_below = False
        self._wrapping: set[int] = set()
        self._s = s
        self._columns = columns
        self._scale = scale
        self._page = page

    def rows(self, bands: Sequence[Band], *, boxed: bool, limits: Sequence[int] = ()) -> list[Row]:
        """Every row with ink, from top to bottom.

        boxed: rules stand between the columns, so between the rows too.  limits: y where the rows are cut off.

        Raises UnreadableImage if rows and wrapped cells look alike."""
        self._limits = set(limits)
        inked = [b for b in bands if b.lines]
        several = [self._several(b) for b in inked]
        single = [
            b for b, m in zip(inked, several, strict=True)
            if not m and len(b.lines) == 1 and not b.open_below and b.y0 not in limits and b.y1 not in limits
        ]  # fmt: skip
        pitch = self._pitch_of_bands(single)
        lines = sum(len(b.lines) for b in inked)
        few = [b for b, m in zip(inked, several, strict=True) if not m]
        ruled = len(few) >= 3 and sum(len(b.lines) for b in few) > lines / 2
        if not ruled or pitch is None:
            pitch = self._pitch_of_lines([line for b in inked for line in b.lines])
        height = float(np.percentile([b.y1 - b.y0 for b in single], 10)) if single else 0.0
        self._look_at([line for b in inked for line in b.lines])
        out: list[Row] = []
        for band in inked:
            if ruled and boxed and not band.open_above and not band.open_below:
                groups = [list(band.lines)]
            elif ruled and not (band.open_above or band.open_below):
                groups = self._between_rules(band, pitch, height)
            else:
                groups = self._by_pitch(band, pitch, cut_off=band.y1 in limits)
            out += self._cut(band, groups, pitch)
        return out

    # --- measures -----------------------------------------------------------------------------------------------

    def _fill(self, line: TextLine) -> list[int]:
        return [i for i, (a, b) in enumerate(self._columns) if line.used[a:b].any()]

    def _several(self, band: Band) -> bool:
        """Do most of the columns in this band have ink in most of its lines?"""
        if len(band.lines) < 2:
            return False
        counts = np.zeros(len(self._columns))
        for line in band.lines:
            counts[self._fill(line)] += 1
        # The rest of wrapped cells makes lines of its own.
        many = counts >= (max(2, 0.6 * len(band.lines)) if len(band.lines) < 5 else max(3, 0.34 * len(band.lines)))
        return bool(many.sum() >= max(2, 0.6 * (counts > 0).sum()))

    def _tops(self, line: TextLine) -> NDArray[np.float64]:
        """First pixel row with ink in each column, NaN where there is none."""
        out = np.full(len(self._columns), np.nan)
        part = self._s.down[line.y0 : line.y1] > TEXT
        for i in self._fill(line):
            a, b = self._columns[i]
            rows = np.flatnonzero(part[:, a:b].any(axis=1))
            if len(rows):
                out[i] = line.y0 + rows[0]
        return out

    def _distance(self, a: TextLine, b: TextLine) -> float:
        """From line to line, by the columns that have ink in both: like stands under like."""
        both = self._tops(b) - self._tops(a)
        both = both[~np.isnan(both)]
        if not len(both):
            return float(b.y0 - a.y0)
        # A checkbox over a word, or a dash over a figure, says nothing: what most columns say counts.
        agree = (np.abs(both[:, None] - both) <= SAME / 2 * self._scale).sum(axis=1)
        return float(np.median(both[agree == agree.max()]))

    def _pitch_of_bands(self, bands: Sequence[Band]) -> float | None:
        """Distance of the rows that have one line, where such stand one below the other."""
        found = [
            self._distance(a.lines[0], b.lines[0])
            for a, b in pairwise(bands)
            if len(a.lines) == len(b.lines) == 1 and b.y0 - a.y1 <= 8 * self._scale
        ]
        return float(np.median(found)) if len(found) > 1 else None

    def _pitch_of_lines(self, lines: Sequence[TextLine]) -> float | None:
        """Least usual distance of rows; None if no two full lines stand one below the other.

        Where every row wraps it is the largest of the distances between two full lines.
        """
        fills = [len(self._fill(line)) for line in lines]
        least = max(2.0, 0.5 * float(np.percentile(fills, 75))) if fills else 2.0
        full = [i for i, n in enumerate(fills) if n >= least]
        near = [self._distance(lines[i], lines[j]) for i, j in pairwise(full) if j == i + 1]
        far = [max(self._distance(lines[m], lines[m + 1]) for m in range(i, j)) for i, j in pairwise(full)]
        # Wrapped rows stand farther apart than the others.
        found = near if len(near) > 1 else far
        return float(np.percentile(found, 10, method="lower")) if found else None

    def _unclear(self, why: str) -> UnreadableImage:
        return UnreadableImage(
            f"page {self._page}: the rows cannot be told apart: {why}",
            hint="Let the profile use the page's help (list.page_help), or show the list with lines between rows.",
            page=self._page,
        )

    def _maybe_wrapped(self, line: TextLine) -> UnreadableImage:
        return self._unclear(
            f"the line at y {line.y0 / self._scale:.0f} may be a row or the rest of a wrapped cell"
        )

    # --- grouping -----------------------------------------------------------------------------------------------

    def _between_rules(self, band: Band, pitch: float | None, height: float) -> list[list[TextLine]]:
        """A band with rules on both sides is a row; two of one colour are possible where there is room for two.

        height: of a row with one line.
        """
        groups = [[band.lines[0]]]
        room = band.y1 - band.y0 >= 2 * height - SAME * self._scale
        for a, b in pairwise(band.lines):
            if room and self._starts(b, self._distance(a, b), pitch):
                groups.append([b])
            else:
                groups[-1].append(b)
        return groups

    def _starts(self, line: TextLine, d: float, pitch: float | None) -> bool:
        """Does this line start a row?  d: from the line above it.  Raises UnreadableImage where it may as well be
        the rest of a wrapped cell."""
        k = self._scale
        if pitch is None:
            raise self._maybe_wrapped(line)
        if d <= pitch - CLOSER * k:
            return False
        doubtful = self._only_wraps(line) and pitch < DOUBLE * self._em and d < pitch + 4 * k
        if d < pitch - SAME * k or doubtful:
            raise self._maybe_wrapped(line)
        return True

    def _by_pitch(self, band: Band, pitch: float | None, *, cut_off: bool) -> list[list[TextLine]]:
        """Rows of a band that no rule parts.  cut_off: its last row may go on where it cannot be seen.

        Full lines are rows.  Lines between two of them with few columns filled are the rest of wrapped cells if
        the full lines stand closer than rows of their own would put them.
        """
        lines = band.lines
        if len(lines) == 1:
            return [[lines[0]]]
        if pitch is None:
            raise self._maybe_wrapped(lines[1])
        full = [i for i, line in enumerate(lines) if len(self._fill(line)) >= self._full]
        cuts = self._outside(lines[: full[0] + 1] if full else lines, pitch, careful=False)
        for i, j in pairwise(full):
            cuts += [i + c for c in self._between_full(lines[i : j + 1], pitch)]
        if full and not cut_off:
            cuts += [full[-1] + c for c in self._outside(lines[full[-1] :], pitch, careful=True)]
        edges = [0, *sorted(cuts), len(lines)]
        groups = [list(lines[a:b]) for a, b in pairwise(edges)]
        for g in groups:
            self._refuse_touching(g)
        return groups

    def _between_full(self, lines: Sequence[TextLine], pitch: float) -> list[int]:
        """Where rows start in these lines, of which the first and the last are full."""
        k, n = self._scale, len(lines) - 1
        whole = self._distance(lines[0], lines[-1])
        if n == 1:
            # A row whose characters are all of the lower font is lower by some pixels.
            full = self._typical <= len(self._fill(lines[1]))
            if whole > pitch - CLOSER * k or (whole > LOWER * pitch and full):
                return [1]
            raise self._unclear(f"two full lines stand closer than rows at y {lines[0].y0 / k:.0f}")
        apart = [self._distance(a, b) for a, b in pairwise(lines)]
        if whole >= n * pitch - ROOM * k:
            return [i + 1 for i, d in enumerate(apart) if self._starts(lines[i + 1], d, pitch)]
        if self._wraps_below:
            return [n]
        last = sorted(apart)[-2:]
        if last[1] - last[0] < CLOSER * k:
            raise self._maybe_wrapped(lines[1])
        return [int(np.argmax(apart)) + 1]

    def _outside(self, lines: Sequence[TextLine], pitch: float, *, careful: bool) -> list[int]:
        """Where rows start in the lines before the first full one, or after the last (careful: the rest of its
        wrapped cells may be among them)."""
        out = []
        for i, (a, b) in enumerate(pairwise(lines)):
            d = self._distance(a, b)
            if self._starts(b, d, pitch) if careful else d >= pitch - SAME * self._scale:
                out.append(i + 1)
        return out

    def starts_full(self, row: Row) -> bool:
        """Does the row begin with a full line, in a list whose wrapped cells go on below those?"""
        return len(self._fill(row.lines[0])) >= self._full and (self._wraps_below or not self._wrapping)

    def _only_wraps(self, line: TextLine) -> bool:
        """May this be the rest of wrapped cells: are only such columns filled, or but one?"""
        filled = self._fill(line)
        return len(filled) < 2 or self._wrapping.issuperset(filled)

    def _look_at(self, lines: Sequence[TextLine]) -> None:
        """Which lines are full, and whether wrapped cells go on below the full line of their row (they stand at
        the top of it) all over the list."""
        fills = [len(self._fill(line)) for line in lines]
        self._typical = 0.7 * float(np.percentile(fills, 75))
        self._full = max(2.0, 0.5 * float(np.percentile(fills, 75)))
        full = [i for i, n in enumerate(fills) if n >= self._full]
        between = range(full[0], full[-1]) if full else range(0)
        self._wrapping = {c for i in between if fills[i] < self._full for c in self._fill(lines[i])}
        votes = [
            self._distance(lines[i], lines[i + 1]) < self._distance(lines[j - 1], lines[j])
            for i, j in pairwise(full)
            if j - i > 1 and lines[i].band == lines[j].band
        ]
        self._wraps_below = len(votes) > 0 and float(np.mean(votes)) >= 0.9

    def _refuse_touching(self, group: Sequence[TextLine]) -> None:
        """Lines without a gap between them look like one: then most columns have two stretches of ink in it."""
        for line in group:
            part = self._s.right[line.y0 : line.y1] > TEXT
            counts = []
            for i in self._fill(line):
                a, b = self._columns[i]
                rows = part[:, a:b].any(axis=1)
                tall = [r for r in runs(rows) if r[1] - r[0] >= 6 * self._scale]
                counts.append(len(tall))
            if len(counts) > 2 and np.mean(np.array(counts) > 1) > 0.5:
                raise self._unclear(f"the lines at y {line.y0 / self._scale:.0f} touch each other")

    def _cut(self, band: Band, groups: Sequence[Sequence[TextLine]], pitch: float | None) -> list[Row]:
        """Rows with half of the gap on either side; the band's own limits where rules are."""
        out = []
        gap = _usual_gap(groups, pitch)
        for i, g in enumerate(groups):
            top, bottom = g[0].y0, g[-1].y1
            y0 = band.y0 if i == 0 else (groups[i - 1][-1].y1 + top + 1) // 2
            y1 = band.y1 if i == len(groups) - 1 else (bottom + groups[i + 1][0].y0 + 1) // 2
            if i > 0 or band.open_above or band.y0 in self._limits:
                y0 = max(y0, top - gap)
            if i < len(groups) - 1 or band.open_below or band.y1 in self._limits:
                y1 = min(y1, bottom + gap)
            filled = len({c for line in g for c in self._fill(line)})
            above = i == 0 and not band.open_above and band.y0 not in self._limits
            below = i == len(groups) - 1 and not band.open_below and band.y1 not in self._limits
            out.append(Row(y0, y1, tuple(g), filled, above, below))
        return out


def _usual_gap(groups: Sequence[Sequence[TextLine]], pitch: float | None) -> int:
    gaps = [b[0].y0 - a[-1].y1 for a, b in pairwise(groups)]
    high = float(np.median([g[-1].y1 - g[0].y0 for g in groups]))
    return max(1, round((min(gaps) if gaps else max(2.0, pitch - high if pitch else high)) / 2))
