"""Spaces between glyphs, told by the gaps alone: nets overlook them and invent them.

Each character keeps a usual distance to its neighbours in a face (its bearings).  What a gap has beyond the
bearings of the two beside it is space; a gap that is neither none nor a whole number of spaces is not certain.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from bridge.ocr.glyph_cut import wide

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


@dataclass(slots=True)
class Spacing:
    """after, before: a character's bearings on its right and left, css pixels.  one: the width of a space, or None
    if the list showed too few; usual: a gap with none."""

    after: dict[str, float] = field(default_factory=dict)
    before: dict[str, float] = field(default_factory=dict)
    one: float | None = None
    usual: float = 0.0

    @classmethod
    def of(cls, pairs: Sequence[Pair]) -> Spacing:
        """Learns the bearings from every pair of the list; most of them have no space between."""
        out = cls()
        lefts, rights = defaultdict(list), defaultdict(list)
        for a, b, gap in pairs:
            lefts[a].append((b, gap))
            rights[b].append((a, gap))
        out.before = dict.fromkeys(rights, 0.0)
        out.usual = float(np.percentile([g for _, _, g in pairs], NARROW)) if pairs else 0.0
        for _ in range(ROUNDS):
            out.after = {a: _low([g - out.before[b] for b, g in seen]) for a, seen in lefts.items()}
            out.before = {b: _low([g - out.after[a] for a, g in seen]) for b, seen in rights.items()}
        few_after = {a for a, seen in lefts.items() if len(seen) < SURE}
        few_before = {b for b, seen in rights.items() if len(seen) < SURE}
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

    def count(self, a: str, b: str, gap: float) -> int | None:
        """How many spaces stand between a and b, None if that is not certain."""
        if a not in self.after or b not in self.before:
            return None
        beyond = gap - self.after[a] - self.before[b]
        if beyond <= NONE:
            return 0
        if beyond < SPACE or self.one is None:
            return None
        number = round(beyond / self.one)
        return number if number and abs(beyond - number * self.one) <= min(NONE, 0.3 * self.one) else None

    def seems_wide(self, gap: float) -> bool:
        """Is there room for a space, going by the narrow gaps of the list?

        A character that it only ever shows beside a space (20 x 30 x 50) bears it as if it were its own."""
        return gap - self.usual >= SPACE


def _low(values: Sequence[float]) -> float:
    """The middle of the lower two thirds: spaces only ever widen a gap."""
    kept = sorted(values)[: max(1, (2 * len(values) + 2) // 3)]
    return float(np.median(kept))
