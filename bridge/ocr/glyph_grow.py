"""Growing a face's glyph pictures out of lines that a net has read: clean cuts first, then what is left when known
pictures are taken off, then, where nothing is known, cuts at the thinnest columns.

A picture that others put together is no glyph but a composite of them, and a piece that helps to put together a
better founded picture is a fragment; neither is kept.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from bridge.interfaces import Proposal
from bridge.ocr.coverage import TOLERANCE, Coverage
from bridge.ocr.glyph_cut import (
    Block,
    Cut,
    Peeler,
    blocks,
    clean_cuts,
    cuts_between,
    cuts_by_form,
    known_widths,
)
from bridge.ocr.glyph_fit import Bank
from bridge.ocr.glyph_labels import LIKE
from bridge.ocr.normal import is_han
from bridge.ocr.pictures import NET_MARGIN

ROUNDS = 4
"""Of taking known pictures off; each round frees neighbours of the last one's."""
SAME_WIDTH = 0.17
"""Em by which pictures of one character differ at most: a subpixel on each side."""
Likeness = Callable[[Coverage, str], float]
"""-1..1: of a picture to a character that has a form."""
Familiar = Callable[[Coverage, str], bool]
"""Is a picture the character as it is known, a subpixel apart?"""
UsualWidth = Callable[[str], float | None]
"""Of a character's ink in other faces, em."""
_FEW_CONTEXTS = 2
_COMES_AGAIN = 3


@dataclass(slots=True, eq=False)
class Candidate:
    """A picture that may be a glyph.  trust: 3 known before, 2 cut clean, 1 cut out of touching ink beside
    different neighbours or by its form, 0 always beside the same ones."""

    coverage: Coverage
    labels: Counter[str] = field(default_factory=Counter)
    contexts: set[tuple[str, str]] = field(default_factory=set)
    clean: bool = False
    known: bool = False
    formed: bool = False  # looks like what the net saw, or is familiar

    @property
    def trust(self) -> int:
        if self.known or self.clean:
            return 3 if self.known else 2
        lefts, rights = {a for a, _ in self.contexts}, {b for _, b in self.contexts}
        return 1 if self.formed or min(len(lefts), len(rights)) >= _FEW_CONTEXTS else 0

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
        self._exact: dict[tuple[int, bytes], Candidate] = {}
        self.keep([Candidate(p, known=True) for p in known])

    def add(self, cut: Cut, *, formed: bool = False) -> None:
        alike = self._by_width.setdefault(cut.coverage.shape[1], [])
        exact = cut.coverage.shape[1], cut.coverage.tobytes()
        c = self._exact.get(exact)
        if c is None:
            c = self._like(cut.coverage, alike)
            if c is None:
                c = Candidate(cut.coverage)
                alike.append(c)
                self.all.append(c)
            self._exact[exact] = c
        c.labels[cut.character] += 1
        c.contexts.add(cut.beside)
        c.clean |= cut.clean
        c.formed |= formed

    @staticmethod
    def _like(coverage: Coverage, alike: Sequence[Candidate]) -> Candidate | None:
        if not alike:
            return None
        off = np.abs(np.stack([c.coverage for c in alike]) - coverage).max(axis=(1, 2))
        near = np.flatnonzero(off <= TOLERANCE)
        return alike[int(near[0])] if len(near) else None

    def keep(self, candidates: Sequence[Candidate]) -> None:
        """Forgets the others."""
        self.all = list(candidates)
        self._by_width.clear()
        self._exact.clear()
        for c in self.all:
            self._by_width.setdefault(c.coverage.shape[1], []).append(c)

    def usable(self, trust: int) -> list[Candidate]:
        return [c for c in self.all if c.trust >= trust]


def grow(
    lines: Sequence[tuple[Coverage, Proposal]],
    known: Sequence[Coverage],
    scale: float,
    likeness: Likeness | None,
    familiar: Familiar = lambda picture, character: False,
    usual_width: UsualWidth = lambda character: None,
) -> list[Candidate]:
    """The glyph pictures that the lines are made of: those known, and the new ones with the characters the net saw
    in them.  lines: coverage with the net's reading of its cell.  likeness: None where there are no faces."""
    pile = _Pile(known)
    em = _em([p for _, p in lines], scale)
    margin = round(NET_MARGIN * scale)
    shared = _shared(lines, margin, em, usual_width)
    for line, _, found in shared:
        for cut in clean_cuts(line, found):
            pile.add(cut)
    pile.keep(_of_one_width(pile.all, em))
    pile.keep([c for c in pile.all if not _misshapen(c, likeness)])
    touching = [(line, b) for line, _, found in shared for b in found if len(b.characters) > 1]
    _peel(pile, touching, 1, familiar)
    bank = Bank([c.coverage for c in pile.usable(1)])
    for line, p, found in shared:
        if not bank.explain(line, most=1):
            for cut in _pieces(line, p, found, margin, em):
                pile.add(cut, formed=familiar(cut.coverage, cut.character))
    _peel(pile, touching, 1, familiar)
    bank = Bank([c.coverage for c in pile.usable(1) if not _misshapen(c, likeness)])
    for line, p, found in shared:
        if not bank.explain(line, most=1):
            for cut in _formed(line, p, found, margin, em, likeness):
                pile.add(cut, formed=True)
    pile.keep([c for c in pile.all if not _misshapen(c, likeness)])
    good = _sifted(pile.usable(1), em)
    bank = Bank([c.coverage for c in good])
    # The last resort: pieces that stand beside the same neighbours always, for lines that nothing else explains.
    rest = [x for x in shared if not bank.explain(x[0], most=1)]
    if rest:
        last = [c for c in pile.all if c.trust == 0 and c.count >= _COMES_AGAIN]
        good = _sifted(good + last, em)
    return good


def has_form(character: str) -> bool:
    """Can a reference face tell it by its form?  A stroke or a dot is any other one."""
    return is_han(character) or (character.isascii() and character.isalnum() and character not in "1Il")


def _shared(
    lines: Sequence[tuple[Coverage, Proposal]], margin: float, em: float, usual_width: UsualWidth
) -> list[tuple[Coverage, Proposal, list[Block]]]:
    """Each line's ink among its characters: first by where they stand alone, then also by how wide they are."""
    shared = [(line, p, blocks(line, p, margin, em)) for line, p in lines]
    widths = known_widths(found for _, _, found in shared)
    for character in {c for _, p in lines for c, _, _ in p.characters if not is_han(c)} - widths.keys():
        if (usual := usual_width(character)) is not None:
            widths[character] = usual * em
    return [
        (line, p, found if all(len(b.characters) == 1 for b in found) else blocks(line, p, margin, em, widths))
        for line, p, found in shared
    ]


def _misshapen(c: Candidate, likeness: Likeness | None) -> bool:
    """A newcomer that was cut at the wrong place: it does not look like what it is read as."""
    if likeness is None or c.known or not (is_han(c.label) or (has_form(c.label) and not c.clean)):
        return False
    return likeness(c.coverage, c.label) < LIKE / 2


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


def _peel(pile: _Pile, touching: Sequence[tuple[Coverage, Block]], trust: int, familiar: Familiar) -> None:
    for _ in range(ROUNDS):
        before = len(pile.all)
        peeler = Peeler([c.coverage for c in pile.usable(trust)])
        for line, block in touching:
            cut = peeler.rest(line, block)
            if cut is not None:
                pile.add(cut, formed=familiar(cut.coverage, cut.character))
        if len(pile.all) == before:
            return


def _pieces(line: Coverage, p: Proposal, found: Sequence[Block], margin: float, em: float) -> list[Cut]:
    return [cut for b, centres in _touching(p, found, margin) for cut in cuts_between(line, b, centres, em)]


def _formed(
    line: Coverage,
    p: Proposal,
    found: Sequence[Block],
    margin: float,
    em: float,
    likeness: Likeness | None,
) -> list[Cut]:
    """Characters that touch their neighbours and look like what the net saw."""
    if likeness is None:
        return []

    def fit(picture: Coverage, character: str) -> float:
        return likeness(picture, character) if has_form(character) else 0.0

    out: list[Cut] = []
    for b, centres in _touching(p, _joined(found), margin):
        cuts = cuts_by_form(line, b, centres, em, fit)
        good = [c for c in cuts if fit(c.coverage, c.character) >= LIKE]
        formless = [c for c in cuts if not has_form(c.character)]
        # What is left where all others are themselves is the one without a form.
        out += cuts if good and len(good) + len(formless) == len(cuts) == len(b.characters) else good
    return out


def _joined(found: Sequence[Block]) -> list[Block]:
    """Neighbours that hold Han characters as one block: which ink of 北京 is whose shows in the forms alone."""
    out: list[Block] = []
    for b in found:
        if out and all(any(map(is_han, x.characters)) for x in (out[-1], b)):
            a = out.pop()
            b = Block(a.a, b.b, a.characters + b.characters, (a.beside[0], b.beside[1]))
        out.append(b)
    return out


def _touching(p: Proposal, found: Sequence[Block], margin: float) -> list[tuple[Block, list[float]]]:
    """The blocks of several characters, with these characters' centres."""
    centres = [x - margin for c, _, x in p.characters if c.strip()]
    out: list[tuple[Block, list[float]]] = []
    k = 0
    for b in found:
        n = len(b.characters)
        if n > 1:
            out.append((b, centres[k : k + n]))
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
