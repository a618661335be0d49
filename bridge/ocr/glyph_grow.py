"""Growing a face's glyph pictures out of lines that a net has read: clean cuts first, then what is left when known
pictures are taken off, then, where nothing is known, cuts at the thinnest columns.

A picture that others put together is no glyph but a composite of them, and a piece that helps to put together a
better founded picture is a fragment; neither is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from bridge.interfaces import Proposal
from bridge.ocr.coverage import TOLERANCE, Coverage
from bridge.ocr.glyph_cut import Block, Cut, Peeler, blocks, clean_cuts, cuts_between
from bridge.ocr.glyph_fit import Bank
from bridge.ocr.pictures import NET_MARGIN

ROUNDS = 4
"""Of taking known pictures off; each round frees neighbours of the last one's."""
SAME_WIDTH = 0.17
"""Em by which pictures of one character differ at most: a subpixel on each side."""
_FEW_CONTEXTS = 2
_COMES_AGAIN = 3


@dataclass(slots=True, eq=False)
class Candidate:
    """A picture that may be a glyph.  trust: 3 known before, 2 cut clean, 1 cut out of touching ink beside
    different neighbours, 0 always beside the same ones."""

    coverage: Coverage
    labels: Counter[str] = field(default_factory=Counter)
    contexts: set[tuple[str, str]] = field(default_factory=set)
    clean: bool = False
    known: bool = False

    @property
    def trust(self) -> int:
        if self.known or self.clean:
            return 3 if self.known else 2
        lefts, rights = {a for a, _ in self.contexts}, {b for _, b in self.contexts}
        return 1 if min(len(lefts), len(rights)) >= _FEW_CONTEXTS else 0

    @property
    def label(self) -> str:
        """What the net read most often."""
        return self.labels.most_common(1)[0][0]

    @property
    def count(self) -> int:
        return self.labels.total()

    @property
    def rank(self) -> tuple[int, int, int]:
        return self.trust, self.count, self.coverage.shape[1]


class _Pile:
    """Candidates by picture."""

    def __init__(self, known: Iterable[Coverage]) -> None:
        self.all: list[Candidate] = []
        self._by_width: dict[int, list[Candidate]] = {}
        self.keep([Candidate(p, known=True) for p in known])

    def add(self, cut: Cut) -> None:
        alike = self._by_width.setdefault(cut.coverage.shape[1], [])
        for c in alike:
            if np.abs(c.coverage - cut.coverage).max() <= TOLERANCE:
                break
        else:
            c = Candidate(cut.coverage)
            alike.append(c)
            self.all.append(c)
        c.labels[cut.character] += 1
        c.contexts.add(cut.beside)
        c.clean |= cut.clean

    def keep(self, candidates: Sequence[Candidate]) -> None:
        """Forgets the others."""
        self.all = list(candidates)
        self._by_width.clear()
        for c in self.all:
            self._by_width.setdefault(c.coverage.shape[1], []).append(c)

    def usable(self, trust: int) -> list[Candidate]:
        return [c for c in self.all if c.trust >= trust]


def grow(lines: Sequence[tuple[Coverage, Proposal]], known: Sequence[Coverage], scale: float) -> list[Candidate]:
    """The glyph pictures that the lines are made of: those known, and the new ones with the characters the net saw
    in them.  lines: coverage with the net's reading of its cell."""
    pile = _Pile(known)
    em = _em([p for _, p in lines], scale)
    margin = round(NET_MARGIN * scale)
    shared = [(line, p, blocks(line, p, margin, em)) for line, p in lines]
    for line, _, found in shared:
        for cut in clean_cuts(line, found):
            pile.add(cut)
    pile.keep(_of_one_width(pile.all, em))
    touching = [(line, b) for line, _, found in shared for b in found if len(b.characters) > 1]
    _peel(pile, touching, 1)
    bank = Bank([c.coverage for c in pile.usable(1)])
    for line, p, found in shared:
        if not bank.explain(line, most=1):
            for cut in _pieces(line, p, found, margin, em):
                pile.add(cut)
    _peel(pile, touching, 1)
    good = _sifted(pile.usable(1), em)
    bank = Bank([c.coverage for c in good])
    # The last resort: pieces that stand beside the same neighbours always, for lines that nothing else explains.
    rest = [x for x in shared if not bank.explain(x[0], most=1)]
    if rest:
        last = [c for c in pile.all if c.trust == 0 and c.count >= _COMES_AGAIN]
        good = _sifted(good + last, em)
    return good


def _em(proposals: Sequence[Proposal], scale: float) -> float:
    """Width of a Han character: the usual distance of two neighbours in the net's own reading."""
    from bridge.ocr.glyph_cut import wide

    steps = [
        b[2] - a[2]
        for p in proposals
        for a, b in zip(p.characters, p.characters[1:], strict=False)
        if wide(a[0]) and wide(b[0])
    ]
    return float(np.median(steps)) if len(steps) >= 5 else 13.0 * scale


def _peel(pile: _Pile, touching: Sequence[tuple[Coverage, Block]], trust: int) -> None:
    for _ in range(ROUNDS):
        before = len(pile.all)
        peeler = Peeler([c.coverage for c in pile.usable(trust)])
        for line, block in touching:
            cut = peeler.rest(line, block)
            if cut is not None:
                pile.add(cut)
        if len(pile.all) == before:
            return


def _pieces(line: Coverage, p: Proposal, found: Sequence[Block], margin: float, em: float) -> list[Cut]:
    centres = [x - margin for c, _, x in p.characters if c.strip()]
    out: list[Cut] = []
    k = 0
    for b in found:
        n = len(b.characters)
        if n > 1:
            out += cuts_between(line, b, centres[k : k + n], em)
        k += n
    return out


def _of_one_width(candidates: Sequence[Candidate], em: float) -> list[Candidate]:
    """Without the pieces that are much wider or narrower than what the net reads the same elsewhere: they hold a
    neighbour, or lack a part."""
    best: dict[str, Candidate] = {}
    for c in candidates:
        if c.labels and (c.label not in best or c.rank > best[c.label].rank):
            best[c.label] = c

    def odd(c: Candidate) -> bool:
        b = best[c.label]
        far = abs(c.coverage.shape[1] - b.coverage.shape[1]) > SAME_WIDTH * em
        return far and (c.trust < 2 or 2 * c.count < b.count)

    return [c for c in candidates if c.known or not c.labels or not odd(c)]


def _sifted(candidates: Sequence[Candidate], em: float) -> list[Candidate]:
    """Without composites and fragments: of the pictures in every way to put one together of others, the least
    founded one goes."""
    alive = sorted(_of_one_width(candidates, em), key=lambda c: c.rank, reverse=True)
    while True:
        bank = Bank([c.coverage for c in alive])
        drop: set[int] = set()
        for i, c in enumerate(alive):
            if i in drop:
                continue
            for way in bank.explain(c.coverage, most=6, least=2):
                parts = {p.glyph for p in way}
                if parts & drop:
                    continue
                worst = max(parts)
                # A known glyph is never a composite of newcomers; equals: the whole is what was put together.
                drop.add(worst if alive[worst].rank < c.rank else i)
                if i in drop:
                    break
        if not drop:
            return alive
        alive = [c for i, c in enumerate(alive) if i not in drop]
