"""Proof from pixels alone: what the net proposes is drawn back in the font that drew the list.

Where the proposal's picture differs, it differs from some place on; the characters around that place are changed
for the net's runners-up and for look-alikes, and drawn again.  Only an equal picture proves; the nearest does not.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from bridge.interfaces import Proposal, Redrawer
from bridge.ocr import fonts
from bridge.ocr.fonts import Attempt, Drawn, Font, Ink, Style
from bridge.ocr.found_fonts import FoundFonts
from bridge.ocr.lookalikes import others
from bridge.ocr.pictures import same_pixels
from bridge.records import Image

ROUNDS = 5
"""Repairs of one text; each mends one character."""
SURE = 0.97
"""Least probability of a proposal's characters to look for a font with it."""
MAX_CANDIDATES = 36
"""Texts drawn for one line and round."""
SEARCHES = 2
"""Of one group through every font of this machine: the first may have gone out from a misread text."""
EXPLORED = 6
"""Lines of one group that are tried at every place a line can have; a group's lines share few places."""
USUAL = 6
"""Styles of one group in which every line of it is tried."""
GAINED = 0.4
"""Ems of equal pixels by which a repaired text must beat the net's own to be the better guess: by its first stem
alone many a wrong character fits."""


Colours = tuple[tuple[int, int, int], tuple[int, int, int]]
"""Behind the text, of the text."""


@dataclass(frozen=True, slots=True)
class Line:
    """One text line to be proven.  ``group``: lines of one column, which share font and start."""

    ink: Ink
    proposal: Proposal
    group: int


@dataclass(frozen=True, slots=True)
class LineProof:
    """text: proven, or None.  guess: the text whose picture came nearest.  twins: at which characters which
    others give the very same picture."""

    text: str | None
    guess: str
    font: Font | None = None
    twins: tuple[tuple[int, str], ...] = ()


@dataclass(slots=True)
class _Group:
    """styles: those in which lines of this group came out to the pixel, with how often."""

    styles: Counter[Style] = field(default_factory=Counter)
    in_vain: set[tuple[str, int]] = field(default_factory=set)  # texts tried in so many known fonts
    searches: int = 0  # through every font of this machine
    met: bool = False  # one of the styles came out in this run, not only in one before
    explored: int = 0  # lines tried at every place

    @property
    def fonts(self) -> list[Font]:
        return list(dict.fromkeys(s.font for s, _ in self.styles.most_common()))


@dataclass(slots=True)
class _Open:
    """A line not proven yet: its best text so far, and the pixels from the left at which that is right."""

    line: Line
    scale: float
    text: str
    prefix: int = -1
    style: Style | None = None
    own_prefix: int = -1  # of the proposal itself

    @property
    def guess(self) -> str:
        if self.style is None:
            return self.line.proposal.text
        gained = (self.prefix - self.own_prefix) / self.scale / self.style.font.size_px
        return self.text if gained >= GAINED else self.line.proposal.text


class PixelProver:
    """Knows the fonts of one list.  scale: device pixels per css pixel; canvas: the list is drawn by script.
    found: where to look first, and where to note what was found."""

    def __init__(self, redrawer: Redrawer, scale: float, found: FoundFonts, *, canvas: bool) -> None:
        self._redrawer = redrawer
        self._scale = scale
        self._canvas = canvas
        self._groups: dict[int, _Group] = defaultdict(_Group)
        self._fonts: list[Font] = []
        self._every: list[Font] | None = None
        self._twins: dict[tuple[Font, Colours, str], str] = {}
        self._found = found
        for group, styles in found.load().items():
            # The last of them counts one, so that what this run sees soon counts more.
            self._groups[group].styles.update({s: n for n, s in enumerate(reversed(styles), 1)})
            self._fonts += [s.font for s in styles if s.font not in self._fonts]

    def prove(self, lines: Sequence[Line], *, repair: bool = True) -> list[LineProof]:
        """One proof per line, in order.  repair: where a proposal comes out unequal, try what else it could be."""
        proofs: dict[int, LineProof] = {}
        waiting = {
            i: _Open(line, self._scale, line.proposal.text) for i, line in enumerate(lines) if line.proposal.text
        }
        self._try(waiting, _own(waiting), self._usual, proofs)
        by_group: dict[int, list[_Open]] = defaultdict(list)
        for o in waiting.values():
            by_group[o.line.group].append(o)
        for group, members in by_group.items():
            self._learn_font(group, [o.line for o in members])
        waiting = {i: o for i, o in waiting.items() if self._groups[o.line.group].styles}
        self._try(waiting, _own(waiting), self._usual, proofs)
        while few := self._to_explore(waiting):
            self._try(waiting, _own(few), self._everywhere, proofs)
            self._try(waiting, _own(waiting), self._usual, proofs)
        for _ in range(ROUNDS if repair else 0):
            texts = {i: t for i, o in waiting.items() if (t := self._repairs(o))}
            before = {i: o.text for i, o in waiting.items()}
            self._try(waiting, texts, lambda o: [o.style] if o.style else [], proofs)
            if all(o.text == before[i] for i, o in waiting.items()):
                break
        self._found.save(
            {n: [s for s, _ in g.styles.most_common(USUAL)] for n, g in self._groups.items() if g.styles}
        )
        guesses = {i: o.guess for i, o in waiting.items()}
        return [proofs.get(i) or LineProof(None, guesses.get(i, x.proposal.text)) for i, x in enumerate(lines)]

    # --- fonts --------------------------------------------------------------------------------------------------

    def _learn_font(self, group: int, lines: Sequence[Line]) -> None:
        g = self._groups[group]
        samples = sorted(
            (
                x
                for x in lines
                if x.proposal.confidence >= SURE
                and 2 <= len(x.proposal.text) <= 24
                and (x.proposal.text, len(self._fonts)) not in g.in_vain
            ),
            key=lambda x: (-len(set(x.proposal.text)), x.ink.image.shape[1]),
        )[:4]
        if not samples:
            return
        pairs = [(x.proposal.text, x.ink) for x in samples]
        found = fonts.find_font(self._redrawer, pairs, self._fonts, self._scale)
        if found is None and g.searches < SEARCHES and not g.met:
            if self._every is None:
                self._every = fonts.candidates(self._redrawer, canvas=self._canvas)
            found = fonts.find_font(self._redrawer, pairs, self._every, self._scale)
            g.searches += 1
        if found is None:
            g.in_vain |= {(text, len(self._fonts)) for text, _ in pairs}
            return
        g.styles[found] += 1
        g.met = True
        if found.font not in self._fonts:
            self._fonts.append(found.font)

    def _usual(self, o: _Open) -> list[Style]:
        return [s for s, _ in self._groups[o.line.group].styles.most_common(USUAL)]

    def _everywhere(self, o: _Open) -> list[Style]:
        known = set(self._usual(o))
        every = [Style(f, *p) for f in self._groups[o.line.group].fonts[:2] for p in fonts.places(self._scale)]
        return [s for s in every if s not in known]

    def _to_explore(self, waiting: dict[int, _Open]) -> dict[int, _Open]:
        """Of each group that may be explored still, the two lines that the net read most surely."""
        by_group: dict[int, list[tuple[int, _Open]]] = defaultdict(list)
        for i, o in waiting.items():
            g = self._groups[o.line.group]
            if g.styles and g.explored < EXPLORED:
                by_group[o.line.group].append((i, o))
        few: dict[int, _Open] = {}
        for group, members in by_group.items():
            surest = sorted(members, key=lambda m: -m[1].line.proposal.confidence)[:2]
            self._groups[group].explored += len(surest)
            few.update(surest)
        return few

    # --- drawing ------------------------------------------------------------------------------------------------

    def _try(
        self,
        waiting: dict[int, _Open],
        texts: dict[int, list[str]],
        styles: Callable[[_Open], list[Style]],
        proofs: dict[int, LineProof],
    ) -> None:
        """Draws every text in every style; equal ones are proven and leave ``waiting``; the others keep the text
        that is right farthest from the left."""
        plan = [
            (i, Attempt(t, style, waiting[i].line.ink))
            for i, candidates in texts.items()
            if i in waiting
            for style in styles(waiting[i])
            for t in candidates
        ]
        found: dict[int, Attempt] = {}
        for (i, a), d in zip(plan, fonts.draw(self._redrawer, [a for _, a in plan], self._scale), strict=True):
            if i in found:
                continue
            o = waiting[i]
            if fonts.equal(d, a.target) and _tall_enough(a, self._scale):
                self._groups[o.line.group].styles[a.style] += 1
                self._groups[o.line.group].met = True
                found[i] = a
                continue
            prefix = _equal_columns(d, a.target)
            if a.text == o.line.proposal.text:
                o.own_prefix = max(o.own_prefix, prefix)
            if prefix > o.prefix:
                o.text, o.prefix, o.style = a.text, prefix, a.style
        self._learn_twins(list(found.values()))
        for i, a in found.items():
            proofs[i] = LineProof(a.text, a.text, a.style.font, self._twins_in(a))
            del waiting[i]

    def _repairs(self, o: _Open) -> list[str]:
        """Texts that change the best one near the first pixel at which it is wrong."""
        if o.prefix < 0:
            return []
        place = _character_at(o, self._scale)
        out: dict[str, None] = {}
        for at in (place, place - 1, place + 1):
            if not 0 <= at <= len(o.text):
                continue
            if at < len(o.text):
                for other in [*_runners_up(o, at), *others(o.text[at])]:
                    out[o.text[:at] + other + o.text[at + 1 :]] = None
                if o.text[at] == " ":
                    out[o.text[:at] + o.text[at + 1 :]] = None
            out[o.text[:at] + " " + o.text[at:]] = None
        out.pop(o.text, None)
        return list(out)[:MAX_CANDIDATES]

    def _learn_twins(self, proven: Sequence[Attempt]) -> None:
        """Which look-alikes of the proven characters the font draws alike: all in one page and one screenshot."""
        asked = dict.fromkeys((*_look(a), c) for a in proven for c in a.text)
        new = [key for key in asked if key not in self._twins]
        pairs = [(key, other) for key in new for other in others(key[2])]
        specs = []
        for (font, (ground, colour), c), other in pairs:
            target = Ink(np.zeros((8, 8, 3), np.uint8), ground, colour)
            specs += [fonts.line_spec(f"H{x}H", Style(font), target, self._scale, extra=6) for x in (c, other)]
        drawn = self._redrawer.draw(specs, scale=self._scale) if specs else []
        self._twins.update(dict.fromkeys(new, ""))
        for n, (key, other) in enumerate(pairs):
            if same_pixels(drawn[2 * n], drawn[2 * n + 1], slack=2):
                self._twins[key] += other

    def _twins_in(self, a: Attempt) -> tuple[tuple[int, str], ...]:
        look = _look(a)
        return tuple((i, t) for i, c in enumerate(a.text) if (t := self._twins[(*look, c)]))


def _look(a: Attempt) -> tuple[Font, Colours]:
    """Faint characters are told apart less well than black ones."""
    return a.style.font, (a.target.colour, a.target.text_colour)


def _own(waiting: dict[int, _Open]) -> dict[int, list[str]]:
    return {i: [o.text] for i, o in waiting.items()}


def _tall_enough(a: Attempt, scale: float) -> bool:
    """A mark of a few pixels is the same picture high and low on the line: its place is not proven."""
    return bool(a.target.image.shape[0] >= 0.35 * a.style.font.size_px * scale)


def _equal_columns(drawn: Drawn, target: Ink) -> int:
    """Pixel columns from the left that are equal, tops or bottoms aligned, whichever gives more."""
    a, b = drawn.image, target.image
    if not a.size:
        return 0
    return max(_equal_from_left(*_same_height(a, b, target.colour, top)) for top in (True, False))


def _same_height(a: Image, b: Image, colour: tuple[int, int, int], top: bool) -> tuple[Image, Image]:
    h = max(a.shape[0], b.shape[0])

    def fit(x: Image) -> Image:
        out = np.empty((h, x.shape[1], 3), np.uint8)
        out[:] = colour
        out[slice(0, x.shape[0]) if top else slice(h - x.shape[0], h)] = x
        return out

    return fit(a), fit(b)


def _equal_from_left(a: Image, b: Image) -> int:
    w = min(a.shape[1], b.shape[1])
    if not w:
        return 0
    apart = cv2.absdiff(np.ascontiguousarray(a[:, :w]), np.ascontiguousarray(b[:, :w]))
    wrong = apart.reshape(len(apart), -1).max(axis=0).reshape(w, 3).max(axis=1) > 2
    return int(wrong.argmax()) if wrong.any() else w


def _character_at(o: _Open, scale: float) -> int:
    """Index of the character that the first wrong pixel belongs to, by the places the net gave its characters.

    The text may have grown or shrunk by repairs; its characters are spread over the same places.
    """
    places = [x for _, _, x in o.line.proposal.characters]
    if not places:
        return 0
    margin = 4 * scale
    share = next((i for i, x in enumerate(places) if x - margin > o.prefix - 2 * scale), len(places) - 1)
    return min(share, len(o.text) - 1)


def _runners_up(o: _Open, at: int) -> list[str]:
    alternatives = o.line.proposal.alternatives
    return [c for c, p in alternatives[at] if p > 1e-4 and len(c) == 1] if at < len(alternatives) else []
