"""Lines put together of glyphs in every way, and which of the glyphs no line needs.

Where ink touches, a cut a column beside the right one leaves two pieces that explain the line as well as the two
characters do, under names that nobody knows.  Such a piece is needed nowhere: wherever it fits, better founded
pictures fit, as many of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.interfaces import Proposal
from bridge.ocr.coverage import InkLine
from bridge.ocr.glyph_family import NOT_ONE, Glyph, State, read_as
from bridge.ocr.glyph_fit import Bank, Way

MOST = 12
"""Ways looked for; where there are as many there may be more."""


@dataclass(slots=True, eq=False)
class Line:
    """A line with every way to put it together, the best founded first.  ``Placed.glyph`` of a way is the index
    among the source's glyphs.  small, fast: what the two nets read, where they vote."""

    ink: InkLine
    ways: list[Way]
    small: Proposal | None = None
    fast: Proposal | None = None

    @property
    def all_known(self) -> bool:
        """Are these all the ways there are?"""
        return 0 < len(self.ways) < MOST


def explained(inked: Sequence[InkLine], glyphs: Sequence[Glyph]) -> list[Line]:
    """Each line by all glyphs that may be believed."""
    usable = [i for i, g in enumerate(glyphs) if g.state is not State.FORGOTTEN and read_as(g) != NOT_ONE]
    bank = Bank([glyphs[i].coverage for i in usable], first=[_founded(glyphs[i]) for i in usable])
    seen: dict[tuple[int, bytes], list[Way]] = {}
    out = []
    for n in inked:
        key = n.coverage.shape[1], n.coverage.tobytes()
        if key not in seen:
            ways = bank.explain(n.coverage, most=MOST)
            named = [tuple(type(p)(usable[p.glyph], p.x) for p in way) for way in ways]
            seen[key] = sorted(named, key=lambda w: sum(not _founded(glyphs[p.glyph]) for p in w))
        out.append(Line(n, seen[key]))
    return out


def without_pieces(lines: Sequence[Line], glyphs: Sequence[Glyph]) -> tuple[list[Line], list[Glyph]]:
    """The lines and the glyphs without those that no line needs."""
    found, kept = list(lines), list(glyphs)
    while pieces := _pieces(found, kept):
        kept = [g for i, g in enumerate(kept) if i not in pieces]
        found = explained([line.ink for line in found], kept)
    return found, kept


def _pieces(lines: Sequence[Line], glyphs: Sequence[Glyph]) -> set[int]:
    needed: set[int] = set()
    shown: set[int] = set()
    for line in lines:
        for way in line.ways:
            own = {p.glyph for p in way}
            shown |= own
            if way is line.ways[0] or len(way) != len(line.ways[0]):
                needed |= own
    return {i for i in shown - needed if not _founded(glyphs[i]) and not glyphs[i].votes}


def _founded(g: Glyph) -> bool:
    """Does its picture not rest on where touching ink was cut?"""
    return g.clean or g.state is State.SETTLED
