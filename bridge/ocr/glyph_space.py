"""Spaces between glyphs, told by the gaps alone: nets overlook them and invent them.

Each character keeps a usual distance to its neighbours in a face (its bearings).  What a gap has beyond the
bearings of the two beside it is space; a gap that is neither none nor a whole number of spaces is not certain.
Bearings are learned from the list, but those of Han characters, which fill a square in every face, are taken from
the reference faces: a list shows most of them in one or two places, and some only beside a space.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bridge.ocr.glyph_cut import wide
from bridge.ocr.normal import is_han

Bearings = Callable[[str], Sequence[tuple[float, float]]]
"""css pixels left and right of a character's ink, by each of the reference faces; empty if they do not know it."""
Pair = tuple[str, str, float]
"""Left character, right character, css pixels of ground between their ink."""
ROUNDS = 4
NONE = 1.3
"""css pixels beyond the bearings that are no space yet: two subpixel roundings and hinting."""
SPACE = 2.2
"""css pixels beyond the bearings that are one, at least."""
NARROW = 25
"""Percentile of all gaps that has no space in it, whatever the list shows."""
SURE = 3
"""Places that make a bearing, or the width of a space, certain."""


OWN = 1.0
"""css pixels by which a letter's bearing may be off the reference's."""
UNLIKE = 0.6
"""css pixels by which the gaps of Han characters are off those of the nearest face on average (a tenth of what all
are off by included); a face farther off says nothing."""
ENOUGH, LIKELY = 10, 0.9
"""Pairs of letters, and the share of them that must stand as in the reference, for it to be asked for others."""


@dataclass(slots=True)
class Spacing:
    """after, before: a character's bearings on its right and left, css pixels.  one: the width of a space, or None
    if the list showed too few; usual: a gap with none."""

    after: dict[str, float] = field(default_factory=dict)
    before: dict[str, float] = field(default_factory=dict)
    one: float | None = None
    usual: float = 0.0
    reference: Callable[[str], tuple[float, float] | None] = field(default=lambda c: None)

    @classmethod
    def of(cls, pairs: Sequence[Pair], bearings: Bearings = lambda c: ()) -> Spacing:
        """Learns the bearings from every pair of the list; most of them have no space between."""
        out = cls(reference=_reference(pairs, bearings))
        lefts, rights = defaultdict(list), defaultdict(list)
        for a, b, gap in pairs:
            lefts[a].append((b, gap))
            rights[b].append((a, gap))
        out.usual = float(np.percentile([g for _, _, g in pairs], NARROW)) if pairs else 0.0
        out._learn(lefts, rights, frozenset())
        # Beside Han characters only: what it keeps from them may be a space always.
        lone = {(a, 1) for a, seen in lefts.items() if all(is_han(b) for b, _ in seen)}
        lone |= {(b, 0) for b, seen in rights.items() if all(is_han(a) for a, _ in seen)}
        if out._like_the_reference(lefts):
            out._learn(lefts, rights, frozenset(lone))
        few_after = {a for a, seen in lefts.items() if len(seen) < SURE and out._fixed(a, 1) is None}
        few_before = {b for b, seen in rights.items() if len(seen) < SURE and out._fixed(b, 0) is None}
        beyond = [
            g - out.after[a] - out.before[b] for a, b, g in pairs if a not in few_after and b not in few_before
        ]
        spaces = sorted(x for x in beyond if x >= SPACE)
        if len(spaces) >= SURE:
            least = spaces[len(spaces) // 10]
            out.one = float(np.median([x for x in spaces if x <= 1.5 * least]))
        for few, known in ((few_after, out.after), (few_before, out.before)):
            for c in few:
                # Too few places to tell its own bearing from a space: that of its kind.
                kind = [v for k, v in known.items() if k not in few and wide(k) == wide(c)]
                if kind:
                    known[c] = float(np.median(kind))
                else:
                    del known[c]
        return out

    def _learn(
        self,
        lefts: Mapping[str, Sequence[tuple[str, float]]],
        rights: Mapping[str, Sequence[tuple[str, float]]],
        doubtful: frozenset[tuple[str, int]],
    ) -> None:
        """doubtful: characters and sides at which the list's bearing may hold a space."""

        def bearing(c: str, side: int, learned: float) -> float:
            if (known := self._fixed(c, side)) is not None:
                return known
            known = self._by_reference(c, side)
            return known if (c, side) in doubtful and known is not None and learned > known + OWN else learned

        self.before = {b: self._fixed(b, 0) or 0.0 for b in rights}
        for _ in range(ROUNDS):
            self.after = {
                a: bearing(a, 1, _low([g - self.before[b] for b, g in seen])) for a, seen in lefts.items()
            }
            self.before = {
                b: bearing(b, 0, _low([g - self.after[a] for a, g in seen])) for b, seen in rights.items()
            }

    def _like_the_reference(self, lefts: Mapping[str, Sequence[tuple[str, float]]]) -> bool:
        """Do the list's letters keep the distances of the face that its Han characters are like?  In a face of one
        width for all letters they do not."""
        gaps: dict[tuple[str, str], list[float]] = defaultdict(list)
        for a, seen in lefts.items():
            for b, gap in seen:
                if a and b and not wide(a) and not wide(b):
                    gaps[a, b].append(gap)
        off = [
            abs(_low(g) - after - before)
            for (a, b), g in gaps.items()
            if (after := self._by_reference(a, 1)) is not None and (before := self._by_reference(b, 0)) is not None
        ]
        return len(off) >= ENOUGH and sum(x <= OWN for x in off) >= LIKELY * len(off)

    def _by_reference(self, c: str, side: int) -> float | None:
        known = self.reference(c)
        return None if known is None else known[side]

    def _fixed(self, c: str, side: int) -> float | None:
        return self._by_reference(c, side) if c and is_han(c) else None

    def count(self, a: str, b: str, gap: float) -> int | None:
        """How many spaces stand between a and b, None if that is not certain."""
        after, before = self._known(a, 1), self._known(b, 0)  # None too where it is not known what stands there
        if after is None or before is None:
            return None
        beyond = gap - after - before
        if beyond <= NONE:
            return 0
        if beyond < SPACE or self.one is None:
            return None
        number = round(beyond / self.one)
        return number if number and abs(beyond - number * self.one) <= min(NONE, 0.3 * self.one) else None

    def _known(self, c: str, side: int) -> float | None:
        fixed = self._fixed(c, side)
        return fixed if fixed is not None else (self.after if side else self.before).get(c)

    def seems_wide(self, gap: float) -> bool:
        """Is there room for a space, going by the narrow gaps of the list?

        A character that it only ever shows beside a space (20 x 30 x 50) bears it as if it were its own."""
        return gap - self.usual >= SPACE


def _reference(pairs: Sequence[Pair], bearings: Bearings) -> Callable[[str], tuple[float, float] | None]:
    """(before, after) by the face whose Han characters stand as those of the list do.  What their gaps have beyond
    the face's is the list's own distance of letters, half of it on either side."""
    han = [(bearings(a), bearings(b), gap) for a, b, gap in pairs if is_han(a) and is_han(b)]
    han = [x for x in han if x[0] and x[1]]
    if len(han) < SURE:
        return lambda c: None
    off: list[tuple[float, float, int]] = []  # of faces that are alike in this, the one set closest to the list
    for face in range(min(len(x[0]) for x in han)):
        beyond = np.array([gap - left[face][1] - right[face][0] for left, right, gap in han])
        middle = float(np.median(beyond))
        off.append((float(np.abs(beyond - middle).mean()) + 0.1 * abs(middle), middle / 2, face))
    spread, apart, best = min(off)
    if spread > UNLIKE:
        return lambda c: None

    def known(c: str) -> tuple[float, float] | None:
        found = bearings(c)
        if len(found) <= best:
            return None
        return found[best][0] + apart, found[best][1] + apart

    return known


def _low(values: Sequence[float]) -> float:
    """The middle of the lower two thirds: spaces only ever widen a gap."""
    kept = sorted(values)[: max(1, (2 * len(values) + 2) // 3)]
    return float(np.median(kept))
