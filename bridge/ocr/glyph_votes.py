"""Which of the characters that a net read stands for which of a line's glyphs.

As many characters as glyphs are told off one by one.  Where the net read more or fewer of them, or a picture holds
two, they are told by where they stand: the cheapest monotone alignment (Needleman and Wunsch 1970) of the net's
places with the middles of the pictures.  The places are exact to about half a character, so a glyph votes only
where every alignment that gives it anything else is far dearer.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bridge.interfaces import Proposal
from bridge.ocr.glyph_family import NOT_ONE
from bridge.ocr.glyph_fit import Way
from bridge.ocr.pictures import NET_MARGIN

SECOND = 1e-2
"""Least probability of a net's second choice to be held against its first."""
HALF = 6.5
"""css pixels: half a Han character at the size that most lists have."""
LEFT_OUT = 1.0
"""Cost of a glyph without a character, or a character without a glyph; standing half a character apart costs as
much."""
JOINT = 0.3
"""Cost of each further character of one picture."""
MOST_JOINT = 3
SURE = 0.7
"""By which every other alignment is dearer than one that is believed."""

Vote = tuple[int, str, tuple[str, ...]]
"""Glyph, the character that the net read there or NOT_ONE, its second choices."""


def shared_out(way: Way, proposal: Proposal, widths: Sequence[int], scale: float) -> list[Vote]:
    """Glyph by glyph.  widths: of the glyphs' pictures, in device pixels."""
    places = [i for i, (ch, _, _) in enumerate(proposal.characters) if ch.strip()]
    seen = [proposal.characters[i][0] for i in places]
    seconds = [tuple(ch for ch, p in proposal.alternatives[i] if p >= SECOND) for i in places]
    if len(seen) == len(way):
        return [(p.glyph, ch, two) for p, ch, two in zip(way, seen, seconds, strict=True)]
    half, margin = HALF * scale, round(NET_MARGIN * scale)
    stand = [(proposal.characters[i][2] - margin) / half for i in places]
    middles = [(p.x + widths[p.glyph] / 2) / half for p in way]
    out: list[Vote] = []
    for p, j in zip(way, _alone(middles, stand), strict=True):
        out.append((p.glyph, NOT_ONE, ()) if j is None else (p.glyph, seen[j], seconds[j]))
    return out


def _alone(middles: Sequence[float], stand: Sequence[float]) -> list[int | None]:
    """For each glyph the one character that surely is its own, None where it may be another, or not one."""
    n, m = len(middles), len(stand)
    before = _costs(middles, stand)
    after = _costs([-x for x in reversed(middles)], [-x for x in reversed(stand)])[::-1, ::-1]
    best = before[n, m]
    out: list[int | None] = []
    for i, middle in enumerate(middles):
        # What the whole costs if this glyph stands for the k characters that end before j.
        totals = {
            (j, k): before[i, j - k] + _cost(middle, stand[j - k : j]) + after[i + 1, j]
            for j in range(m + 1)
            for k in range(min(j, MOST_JOINT) + 1)
        }
        (j, k), least = min(totals.items(), key=lambda t: t[1])
        others = min((c for share, c in totals.items() if share != (j, k)), default=np.inf)
        out.append(j - 1 if k == 1 and least <= best + 1e-9 and others >= best + SURE else None)
    return out


def _costs(middles: Sequence[float], stand: Sequence[float]) -> np.ndarray:
    """Least cost of the first i glyphs with the first j characters."""
    cost = np.full((len(middles) + 1, len(stand) + 1), np.inf)
    cost[0] = LEFT_OUT * np.arange(len(stand) + 1)
    for i, middle in enumerate(middles, 1):
        for j in range(len(stand) + 1):
            ways = [cost[i - 1, j - k] + _cost(middle, stand[j - k : j]) for k in range(min(j, MOST_JOINT) + 1)]
            cost[i, j] = min(ways + ([cost[i, j - 1] + LEFT_OUT] if j else []))
    return cost


def _cost(middle: float, share: Sequence[float]) -> float:
    """Of one glyph for these characters."""
    return abs(sum(share) / len(share) - middle) + JOINT * (len(share) - 1) if share else LEFT_OUT
