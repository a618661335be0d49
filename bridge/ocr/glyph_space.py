"""Spaces between glyphs, told by the gaps alone: nets overlook them and invent them.

Each character keeps a usual distance to its neighbours in a face (its bearings).  What a gap has beyond the
bearings of the two beside it is space; a gap that is neither none nor a whole number of spaces is not certain.
Bearings are learned from the list, but those of Han characters and wide forms, which fill a square in every face,
are taken from the reference faces: a list shows most of them in one or two places.  A character that the list
shows beside a space nearly always seems to bear the space as its own; where it bears more than in any reference
face, by as much as a narrow space, nothing is certain beside it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

import numpy as np

from bridge.ocr.glyph_cut import wide
from bridge.ocr.normal import is_han

Bearings = Callable[[str], Sequence[tuple[float, float]]]
"""css pixels left and right of a character's ink, by each of the reference faces; empty if they do not know it."""
ROUNDS = 4
NONE = 1.3
"""css pixels beyond the bearings that are no space yet: two subpixel roundings and hinting."""
INFINITE = float("inf")
OFF = 0.3
"""Of a space's width: by which a gap may be off a whole number of spaces, and off none."""
SPACE = 2.2
"""css pixels beyond the bearings that are a space, at least."""
SPACES = (0.18, 0.65)
"""Ems of the narrowest and the widest space (Noto Sans CJK 0.22, DejaVu Sans Mono 0.60)."""
EXPLAINED = 0.75
"""Share of the wide gaps that must be whole numbers of spaces for the width of one to be known."""
ROOM = 0.11
"""Ems by which a bearing may be more than in any reference face: with ``NONE`` it is less than any space."""
LIKELIEST = (2 / 3, 0.9)
"""Half the width of a space explains what the whole does.  So one about twice as wide as the best counts if it
explains the second share of what the best does; if it explains only the first, neither is certain."""
TWICE = 1.6
NARROW = 25
"""Percentile of all gaps that has no space in it, whatever the list shows."""
LEAST = 10
"""Percentile of the bearings of a kind that is taken for a character seen in too few places."""
SURE = 3
"""Places that make a bearing, or the width of a space, certain."""
LIKE_A_SPACE = 0.6
"""Of a space's width: by which a gap may be wider than the reference's and still be surely none."""
OWN = 1.0
"""css pixels by which a letter's bearing may be off the reference's."""
UNLIKE = 0.6
"""css pixels by which the gaps of Han characters are off those of the nearest face on average (a tenth of what all
are off by included); a face farther off says nothing."""
EVEN = (10, 0.06)
"""Characters and pairs of them that make it certain that all are of one width; ems by which middles may be off."""
MOSTLY = 0.75
"""Share of the pairs of such a face with no space between."""
ENOUGH, LIKELY = 10, 0.9
"""Pairs of letters, and the share of them that must stand as in the reference, for it to be asked for others."""


class Pair(NamedTuple):
    """Neighbours.  gap: css pixels of ground between their ink; widths: of their ink."""

    left: str
    right: str
    gap: float
    widths: tuple[float, float] = (0.0, 0.0)

    @property
    def step(self) -> float:
        """css pixels between their middles."""
        return self.gap + sum(self.widths) / 2


@dataclass(slots=True)
class Spacing:
    """after, before: a character's bearings on its right and left, css pixels; one that may hold a space is not
    among them.  few: those that rest on too few places.  one: the width of a space, or None if the list showed too
    few.  em: as of ``of``.  beyond: see ``_beyond_the_reference``, before and after a character.  even: of
    characters of one width what each leaves of it on either side: narrow ones of some faces, wide letters and
    figures of all."""

    after: dict[str, float] = field(default_factory=dict)
    before: dict[str, float] = field(default_factory=dict)
    few: frozenset[tuple[str, int]] = frozenset()
    one: float | None = None
    em: float | None = None
    even: Mapping[str, float] = field(default_factory=dict)
    beyond: tuple[float, float] = (INFINITE, INFINITE)
    reference: Callable[[str], tuple[float, float] | None] = field(default=lambda c: None)

    @classmethod
    def of(
        cls,
        pairs: Sequence[Pair],
        bearings: Bearings = lambda c: (),
        em: float | None = None,
    ) -> Spacing:
        """Learns the bearings from every pair of the list; most of them have no space between.

        em: css pixels of a Han character, None if the list shows too few."""
        out = cls(reference=_reference(pairs, bearings), em=em)
        if em:
            out.even = _even(pairs, em) | _centred(pairs, em)
        lefts, rights = defaultdict(list), defaultdict(list)
        for a, b, gap, _ in pairs:
            lefts[a].append((b, gap))
            rights[b].append((a, gap))
        out._learn(lefts, rights, frozenset())
        # Beside Han characters only: what it keeps from them may be a space always.
        lone = {(a, 1) for a, seen in lefts.items() if all(is_han(b) for b, _ in seen)}
        lone |= {(b, 0) for b, seen in rights.items() if all(is_han(a) for a, _ in seen)}
        like = out._like_the_reference(lefts)
        if like:
            out._learn(lefts, rights, frozenset(lone))
        out.beyond = out._beyond_the_reference(0, out.before), out._beyond_the_reference(1, out.after)
        out._forget_the_wide(pairs, bearings, em, like)
        out.few = frozenset(
            (c, side)
            for side, places in ((1, lefts), (0, rights))
            for c, seen in places.items()
            # Wide forms stand beside one another: how their gaps are shared out, the list does not show.
            if (len(seen) < SURE or (fills_a_square(c) and not is_han(c))) and out._fixed(c, side) is None
        )
        beyond = [
            g - after - before
            for a, b, g, _ in pairs
            if not out.few & {(a, 1), (b, 0)}
            and (after := out._known(a, 1)) is not None
            and (before := out._known(b, 0)) is not None
        ]
        out.one = _width(beyond, em)
        out._take_for_their_kind()
        return out

    def _forget_the_wide(self, pairs: Sequence[Pair], bearings: Bearings, em: float | None, like: bool) -> None:
        """The bearings in which there is room for a space.  like: the list's face is as the reference."""
        usual = float(np.percentile([p.gap for p in pairs], NARROW)) if pairs else 0.0
        for side, known in ((1, self.after), (0, self.before)):
            for c in list(known):
                if self._fixed(c, side) is not None:
                    continue
                faces = bearings(c) if em is not None else ()
                if faces and em is not None:
                    most = max(face[side] for face in faces) + (min(ROOM * em, OWN) if like else ROOM * em)
                else:
                    most = usual / 2 + SPACE
                if known[c] > most:
                    del known[c]

    def _take_for_their_kind(self) -> None:
        """Too few places to tell a character's own bearing from a space: the least that its kind has."""
        for side, known in ((1, self.after), (0, self.before)):
            for c in [c for c, s in self.few if s == side and c in known]:
                kind = [v for k, v in known.items() if (k, side) not in self.few and wide(k) == wide(c)]
                if kind:
                    known[c] = min(known[c], float(np.percentile(kind, LEAST)))
                else:
                    del known[c]

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
        if c in self.even:
            return self.even[c]
        return self._by_reference(c, side) if c and fills_a_square(c) else None

    def count(self, a: str, b: str, gap: float) -> int | None:
        """How many spaces stand between a and b, None if that is not certain."""
        after, before = self._known(a, 1), self._known(b, 0)  # None too where it is not known what stands there
        if after is None or before is None:
            return None
        beyond = gap - after - before
        if beyond <= max(min(NONE, 0.1 * (self.em or INFINITE)), OFF * (self.one or 0.0)):
            least = self._least(a, 1, after) + self._least(b, 0, before)
            return 0 if gap - least < LIKE_A_SPACE * (self.one or SPACE) else None
        if beyond < SPACE or self.one is None or self.few & {(a, 1), (b, 0)} or _wide_sign(a) or _wide_sign(b):
            return None
        number = round(beyond / self.one)
        return number if number and abs(beyond - number * self.one) <= OFF * self.one else None

    def _least(self, c: str, side: int, learned: float) -> float:
        """What a character keeps from its neighbour, no more than in the reference face as the list sets it: one
        that mostly stands beside a space bears a part of that as far as the list shows."""
        reference = self._by_reference(c, side)
        if reference is None or self._fixed(c, side) is not None:
            return learned
        return min(learned, reference + self.beyond[side])

    def _beyond_the_reference(self, side: int, known: Mapping[str, float]) -> float:
        """By how much the list's letters keep farther apart than the reference's, usually."""
        off = [
            own - reference
            for c, own in known.items()
            if self._fixed(c, side) is None and (reference := self._by_reference(c, side)) is not None
        ]
        return max(0.0, float(np.median(off))) if len(off) >= SURE else INFINITE

    def _known(self, c: str, side: int) -> float | None:
        fixed = self._fixed(c, side)
        return fixed if fixed is not None else (self.after if side else self.before).get(c)


def em_of(pairs: Sequence[Pair]) -> float | None:
    """css pixels from one Han character to the next; None where the list shows too few."""
    steps = [p.step for p in pairs if is_han(p.left) and is_han(p.right)]
    return float(np.median(steps)) if len(steps) >= SURE else None


def _even(pairs: Sequence[Pair], em: float) -> dict[str, float]:
    """What each narrow character leaves of its width on either side, if all are of one width; else nothing.

    Figures are of one width in nearly every face, so only pairs with a letter or a sign tell."""
    narrow = [p for p in pairs if p.left.isascii() and p.right.isascii()]
    telling = [p.step for p in narrow if not (p.left.isdigit() and p.right.isdigit())]
    widths = _ink_widths(narrow)
    if len(telling) < EVEN[0] or len(widths) < EVEN[0]:
        return {}
    pitch, slack = float(np.median([p.step for p in narrow])), EVEN[1] * em
    whole = sum(abs(d - max(1, round(d / pitch)) * pitch) <= slack for d in telling)
    single = sum(abs(d - pitch) <= slack for d in telling)
    if whole < LIKELY * len(telling) or single < MOSTLY * len(telling):
        return {}
    return {c: (pitch - w) / 2 for c, w in widths.items() if w <= pitch + slack}


def _centred(pairs: Sequence[Pair], em: float) -> dict[str, float]:
    """What wide letters and figures leave of their square on either side."""
    widths = _ink_widths(pairs)
    return {c: (em - w) / 2 for c, w in widths.items() if fills_a_square(c) and not is_han(c) and c.isalnum()}


def _ink_widths(pairs: Sequence[Pair]) -> dict[str, float]:
    """css pixels, the middle of each character's pictures."""
    found: dict[str, list[float]] = defaultdict(list)
    for p in pairs:
        found[p.left].append(p.widths[0])
        found[p.right].append(p.widths[1])
    return {c: float(np.median(w)) for c, w in found.items()}


def _wide_sign(c: str) -> bool:
    """Faces put its ink at different places of its square."""
    return wide(c) and not is_han(c) and not c.isalnum()


def fills_a_square(c: str) -> bool:
    """Does it fill a square in every face?  Han characters and ASCII's wide forms."""
    return is_han(c) or "\uff01" <= c <= "\uff5e"


def _width(beyond: Sequence[float], em: float | None) -> float | None:
    """Of one space: the widest that explains about as many of the gaps as any, in whole numbers."""
    least, most = (max(SPACE, SPACES[0] * em), SPACES[1] * em) if em is not None else (SPACE, float("inf"))
    spaces = np.array([x for x in beyond if x >= least])
    if len(spaces) < SURE:
        return None

    def explained(one: float) -> int:
        return int((np.abs(spaces - np.maximum(1, np.round(spaces / one)) * one) <= OFF * one).sum())

    found = {one: explained(one) for one in {float(x) for x in spaces if x <= most}}
    best = max(found.values(), default=0)
    if best < max(SURE, EXPLAINED * len(spaces)):
        return None
    one = max(width for width, n in found.items() if n == best)
    wider = {width: n for width, n in found.items() if width >= TWICE * one and n >= LIKELIEST[0] * best}
    if wider:
        one = max(wider, key=lambda width: (wider[width], width))
        if wider[one] < LIKELIEST[1] * best:
            return None
    near = [x for x in spaces if abs(x - one) <= OFF * one]
    return float(np.median(near))


def _reference(pairs: Sequence[Pair], bearings: Bearings) -> Callable[[str], tuple[float, float] | None]:
    """(before, after) by the face whose Han characters stand as those of the list do.  What their gaps have beyond
    the face's is the list's own distance of letters, half of it on either side."""
    han = [(bearings(a), bearings(b), gap) for a, b, gap, _ in pairs if is_han(a) and is_han(b)]
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
    return median(kept)
