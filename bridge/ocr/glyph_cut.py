"""Cutting glyph pictures out of lines by the net's own reading: each character it saw, with its ink.

Where blank columns part the characters the cut is exact.  Where neighbours touch, pictures known from elsewhere
are taken off from both ends, until one character is left.  What was cut is only a proposal: whether it is a glyph
shows in how it explains other lines.
"""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

import numpy as np

from bridge.interfaces import Proposal
from bridge.ocr.coverage import TOLERANCE, Coverage
from bridge.ocr.edges import runs
from bridge.ocr.glyph_fit import Bank

APART = '"“”…%‰'
"""Narrow characters whose ink may stand apart from left to right."""
FEW = 3
"""Characters of a block for which every column is tried as a cut; each more takes that many times longer."""
OFTEN = 3
"""Lines in which a character's width must have been seen."""


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """One character with its picture.  clean: blank columns on both sides; else it was cut out of touching ink."""

    character: str
    coverage: Coverage
    clean: bool
    beside: tuple[str, str]  # the characters left and right of it, "" at an end


@dataclass(frozen=True, slots=True)
class Block:
    """Columns a..b of a line that stand for the net's characters."""

    a: int
    b: int
    characters: str
    beside: tuple[str, str]  # the characters left and right of it, "" at an end

    def neighbours(self, i: int) -> tuple[str, str]:
        """Of the i-th of its characters."""
        around = (self.beside[0], *self.characters, self.beside[1])
        return around[i], around[i + 2]


def wide(ch: str) -> bool:
    """Is it as wide as a Han character?"""
    return unicodedata.east_asian_width(ch) in "WF"


def blocks(
    coverage: Coverage,
    proposal: Proposal,
    margin: float,
    em: float,
    widths: Mapping[str, float] = MappingProxyType({}),
) -> list[Block]:
    """The line's ink shared out among the net's characters, in order; empty if they do not fit together.

    margin: x of the line's first inked column in the picture that the net saw.  em: width of a Han character.
    widths: of the characters' ink, as far as they are known.
    A character may have several runs of ink (川), a run several characters (they touch).
    """
    seen = [(c, x - margin) for c, _, x in proposal.characters if c.strip()]
    inked = runs((coverage > TOLERANCE).any(axis=0))
    n, m = len(seen), len(inked)
    if not n or not m:
        return []
    infinite = float("inf")
    cost = np.full((n + 1, m + 1), infinite)
    back: dict[tuple[int, int], tuple[int, int]] = {}
    cost[0, 0] = 0
    for i in range(n + 1):
        for j in range(m + 1):
            if cost[i, j] == infinite:
                continue
            for k in range(1, 5):  # one character, k runs
                if i < n and j + k <= m and (k == 1 or wide(seen[i][0]) or seen[i][0] in APART):
                    step = _one(seen[i], inked[j][0], inked[j + k - 1][1], em, widths) + 0.15 * (k - 1)
                    _relax(cost, back, (i, j), (i + 1, j + k), step)
            for k in range(2, n - i + 1):  # k characters that touch
                if j < m:
                    joint = _several(seen[i : i + k], *inked[j], em, widths)
                    if joint is None:
                        break
                    _relax(cost, back, (i, j), (i + k, j + 1), joint)
    if cost[n, m] == infinite or cost[n, m] > 0.8 * n:
        return []
    out: list[Block] = []
    at = (n, m)
    while at != (0, 0):
        i, j = back[at]
        text = "".join(c for c, _ in seen[i : at[0]])
        beside = (seen[i - 1][0] if i else "", seen[at[0]][0] if at[0] < n else "")
        out.append(Block(inked[j][0], inked[at[1] - 1][1], text, beside))
        at = (i, j)
    return out[::-1]


def _relax(
    cost: np.ndarray,
    back: dict[tuple[int, int], tuple[int, int]],
    a: tuple[int, int],
    b: tuple[int, int],
    step: float,
) -> None:
    if cost[a] + step < cost[b]:
        cost[b] = cost[a] + step
        back[b] = a


def known_widths(found: Iterable[Sequence[Block]]) -> dict[str, float]:
    """Of the characters' ink, where neither they nor their neighbours touch another: else a neighbour's neighbour
    may have been taken for theirs."""
    seen: dict[str, list[int]] = defaultdict(list)
    for line in found:
        alone = [True, *(len(b.characters) == 1 for b in line), True]
        for i, b in enumerate(line):
            if all(alone[i : i + 3]):
                seen[b.characters].append(b.b - b.a)
    return {c: float(np.median(w)) for c, w in seen.items() if len(w) >= OFTEN}


def _one(seen: tuple[str, float], a: int, b: int, em: float, widths: Mapping[str, float]) -> float:
    c, x = seen
    widest = (1.12 if wide(c) else 0.95) * em
    unlike = abs((b - a) - widths[c]) / em if c in widths else 0.0
    return abs((a + b) / 2 - x) / em + 4 * max(0.0, (b - a) - widest) / em + unlike


def _several(
    seen: Sequence[tuple[str, float]], a: int, b: int, em: float, widths: Mapping[str, float]
) -> float | None:
    room = sum(1.1 if wide(c) else 0.9 for c, _ in seen) * em
    least = sum(0.75 if wide(c) else 0.12 for c, _ in seen) * em
    if b - a < least:
        return None
    middle = (seen[0][1] + seen[-1][1]) / 2
    lacking = max(0.0, sum(widths.get(c, 0.0) for c, _ in seen) - (b - a)) / em
    return abs((a + b) / 2 - middle) / em + 4 * max(0.0, (b - a) - room) / em + 0.2 * (len(seen) - 1) + lacking


def clean_cuts(coverage: Coverage, found: Sequence[Block]) -> list[Cut]:
    return [Cut(b.characters, coverage[:, b.a : b.b], True, b.beside) for b in found if len(b.characters) == 1]


class Peeler:
    """Takes known pictures off both ends of touching ink."""

    def __init__(self, pictures: Sequence[Coverage]) -> None:
        self._forth = Bank(pictures)
        self._back = Bank([p[:, ::-1] for p in pictures])

    def rest(self, coverage: Coverage, block: Block) -> Cut | None:
        """The one character that is left when all others of the block are taken off, or None."""
        part = coverage[:, block.a : block.b]
        n = len(block.characters)
        left, tail, x = self._forth.begin(part, n - 1)
        if x is None:
            return None
        right, mirrored, y = self._back.begin(part[:, ::-1], n - 1 - len(left))
        if y is None or len(left) + len(right) != n - 1:
            return None
        end = part.shape[1] - y
        if end <= x:
            return None
        known = np.zeros((part.shape[0], end - x), np.int32)
        known[:, : tail.shape[1]] += tail[:, : end - x]
        if mirrored.shape[1]:
            k = min(mirrored.shape[1], end - x)
            known[:, end - x - k :] += mirrored[:, :k][:, ::-1]
        if known.max(initial=0) > 255:
            return None
        piece, over = part[:, x:end].astype(np.int32), known
        # What lies under a neighbour is worked out; under its full ink nothing can be seen.
        free = np.where(over < 250, (piece - over) * 255 // np.maximum(255 - over, 1), 0)
        free = np.clip(free, 0, 255).astype(np.int16)
        inked = np.flatnonzero((free > TOLERANCE).any(axis=0))
        if not len(inked):
            return None
        i = len(left)
        return Cut(block.characters[i], free[:, inked[0] : inked[-1] + 1], False, block.neighbours(i))


def cuts_between(coverage: Coverage, block: Block, centres: Sequence[float], em: float) -> list[Cut]:
    """Where nothing is known: the block cut apart at the thinnest columns between its characters, each piece with
    the thinnest and the next columns as its ends, none of them clean.

    centres: of the block's characters, columns of the line.  A piece cut at the wrong column carries a part of its
    neighbour, so it does not come again beside another one.
    """
    ends = _ends(coverage, block, centres, em)
    cuts = [_piece(coverage, block, i, a, b) for i in range(len(ends) - 1) for a in ends[i] for b in ends[i + 1]]
    return [c for c in cuts if c is not None]


def cuts_by_form(
    coverage: Coverage, block: Block, centres: Sequence[float], em: float, fit: Callable[[Coverage, str], float]
) -> list[Cut]:
    """The block cut apart where its pieces look most like what the net saw.  fit: likeness to a character."""
    # A Han character's likeness does not tell one column from the next; the thinnest one does.
    everywhere = len(centres) <= FEW and not any(map(wide, block.characters))
    ends = _ends(coverage, block, centres, em, everywhere=everywhere)
    if not ends:
        return []
    best: dict[int, tuple[float, list[Cut]]] = {0: (0.0, [])}
    for i in range(len(ends) - 1):
        then: dict[int, tuple[float, list[Cut]]] = {}
        for a, (so_far, cuts) in best.items():
            for b in ends[i + 1]:
                cut = _piece(coverage, block, i, a, b)
                total = so_far + (fit(cut.coverage, cut.character) if cut is not None else -1.0)
                if b not in then or total > then[b][0]:
                    then[b] = total, [*cuts, *([cut] if cut is not None else [])]
        best = then
    return max(best.values(), key=lambda x: x[0])[1]


def _ends(
    coverage: Coverage, block: Block, centres: Sequence[float], em: float, *, everywhere: bool = False
) -> list[list[int]]:
    """Columns of the block at which each of its characters may begin, and the end; empty if there is no room.
    everywhere: not at the thinnest ones only."""
    ink = coverage[:, block.a : block.b].sum(axis=0)
    ends: list[list[int]] = [[0]]
    for left, right in pairwise(centres):
        middle = round((left + right) / 2) - block.a
        reach = max(2, round(0.25 * em))
        near = [x for x in range(middle - reach, middle + reach + 1) if ends[-1][0] + 1 < x < len(ink) - 1]
        if not near:
            return []
        if everywhere:
            ends.append(near)
            continue
        # The cut stands left of a column or right of it.
        least = min(near, key=lambda x: (ink[x], abs(x - middle)))
        ends.append(sorted({least, least + 1}))
    ends.append([len(ink)])
    return ends


def _piece(coverage: Coverage, block: Block, i: int, a: int, b: int) -> Cut | None:
    """The i-th character from column a to b of the block, None if nothing is there."""
    part = coverage[:, block.a + a : block.a + b]
    inked = np.flatnonzero((part > TOLERANCE).any(axis=0))
    if not len(inked):
        return None
    return Cut(block.characters[i], part[:, inked[0] : inked[-1] + 1], False, block.neighbours(i))
