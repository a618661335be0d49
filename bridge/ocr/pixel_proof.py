"""Proof from pixels alone: what the net proposes is drawn back in the font that drew the list.

Where the proposal's picture differs, it differs from some place on; the characters around that place are changed
for the net's runners-up and for look-alikes, and drawn again.  Only an equal picture proves; the nearest does not.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from bridge.interfaces import Proposal, Redrawer
from bridge.ocr import fonts
from bridge.ocr.fonts import PHASES, Attempt, Drawn, Font, Ink
from bridge.ocr.lookalikes import others
from bridge.ocr.pictures import same_pixels
from bridge.records import Image

ROUNDS = 5
"""Repairs of one text; each mends one character."""
SURE = 0.97
"""Least probability of a proposal's characters to look for a font with it."""
MAX_CANDIDATES = 36
"""Texts drawn for one line and round."""


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
    """styles: fonts and phases that have drawn lines of this group to the pixel, with how often."""

    styles: Counter[tuple[Font, int]] = field(default_factory=Counter)
    hopeless: bool = False  # every font of this machine was tried

    @property
    def fonts(self) -> list[Font]:
        return list(dict.fromkeys(f for (f, _), _ in self.styles.most_common()))


@dataclass(slots=True)
class _Open:
    """A line not proven yet: its best text so far, and the pixels from the left at which that is right."""

    line: Line
    text: str
    prefix: int = -1
    style: tuple[Font, int] | None = None


class PixelProver:
    """Knows the fonts of one list.  scale: device pixels per css pixel; canvas: the list is drawn by script."""

    def __init__(self, redrawer: Redrawer, scale: float, *, canvas: bool) -> None:
        self._redrawer = redrawer
        self._scale = scale
        self._canvas = canvas
        self._groups: dict[int, _Group] = defaultdict(_Group)
        self._fonts: list[Font] = []
        self._every: list[Font] | None = None
        self._twins: dict[tuple[Font, Colours, str], str] = {}

    def prove(self, lines: Sequence[Line], *, repair: bool = True) -> list[LineProof]:
        """One proof per line, in order.  repair: where a proposal comes out unequal, try what else it could be."""
        proofs: dict[int, LineProof] = {}
        waiting = {i: _Open(line, line.proposal.text) for i, line in enumerate(lines) if line.proposal.text}
        self._try(waiting, _own(waiting), self._usual, proofs)
        by_group: dict[int, list[_Open]] = defaultdict(list)
        for o in waiting.values():
            by_group[o.line.group].append(o)
        for group, members in by_group.items():
            self._learn_font(group, [o.line for o in members])
        waiting = {i: o for i, o in waiting.items() if self._groups[o.line.group].styles}
        for styles in (self._usual, self._every_phase) if repair else (self._usual,):
            self._try(waiting, _own(waiting), styles, proofs)
        for _ in range(ROUNDS if repair else 0):
            texts = {i: t for i, o in waiting.items() if (t := self._repairs(o))}
            before = {i: o.text for i, o in waiting.items()}
            self._try(waiting, texts, lambda o: [o.style] if o.style else [], proofs)
            if all(o.text == before[i] for i, o in waiting.items()):
                break
        guesses = {i: o.text for i, o in waiting.items()}
        return [proofs.get(i) or LineProof(None, guesses.get(i, x.proposal.text)) for i, x in enumerate(lines)]

    # --- fonts --------------------------------------------------------------------------------------------------

    def _learn_font(self, group: int, lines: Sequence[Line]) -> None:
        g = self._groups[group]
        samples = sorted(
            (x for x in lines if x.proposal.confidence >= SURE and 2 <= len(x.proposal.text) <= 24),
            key=lambda x: (-len(set(x.proposal.text)), x.ink.image.shape[1]),
        )[:4]
        if not samples:
            return
        pairs = [(x.proposal.text, x.ink) for x in samples]
        found = fonts.find_font(self._redrawer, pairs, self._fonts, self._scale)
        if found is None and not g.hopeless and not g.styles:
            if self._every is None:
                self._every = fonts.candidates(self._redrawer, canvas=self._canvas)
            found = fonts.find_font(self._redrawer, pairs, self._every, self._scale)
            g.hopeless = found is None
        if found is None:
            return
        g.styles[found] += 1
        if found[0] not in self._fonts:
            self._fonts.append(found[0])

    def _usual(self, o: _Open) -> list[tuple[Font, int]]:
        return [s for s, _ in self._groups[o.line.group].styles.most_common(6)]

    def _every_phase(self, o: _Open) -> list[tuple[Font, int]]:
        return [(f, p) for f in self._groups[o.line.group].fonts[:2] for p in range(PHASES)]

    # --- drawing ------------------------------------------------------------------------------------------------

    def _try(
        self,
        waiting: dict[int, _Open],
        texts: dict[int, list[str]],
        styles: Callable[[_Open], list[tuple[Font, int]]],
        proofs: dict[int, LineProof],
    ) -> None:
        """Draws every text in every style; equal ones are proven and leave ``waiting``; the others keep the text
        that is right farthest from the left."""
        plan = [
            (i, Attempt(t, font, phase, waiting[i].line.ink))
            for i, candidates in texts.items()
            for font, phase in styles(waiting[i])
            for t in candidates
        ]
        for (i, a), d in zip(plan, fonts.draw(self._redrawer, [a for _, a in plan], self._scale), strict=True):
            if i in proofs:
                continue
            o = waiting[i]
            if fonts.equal(d, a.target) and _tall_enough(a, self._scale):
                self._groups[o.line.group].styles[a.font, a.phase] += 1
                proofs[i] = LineProof(a.text, a.text, a.font, self._twins_in(a.text, a.font, a.target))
                continue
            prefix = _equal_columns(d, a.target)
            if prefix > o.prefix:
                o.text, o.prefix, o.style = a.text, prefix, (a.font, a.phase)
        for i in proofs:
            waiting.pop(i, None)

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

    def _twins_in(self, text: str, font: Font, line: Ink) -> tuple[tuple[int, str], ...]:
        colours = line.colour, line.text_colour  # faint characters are told apart less well than black ones
        chars = [c for c in dict.fromkeys(text) if (font, colours, c) not in self._twins]
        pairs = [(c, o) for c in chars for o in others(c)]
        target = Ink(np.zeros((8, 8, 3), np.uint8), *colours)
        attempts = [Attempt(f"H{x}H", font, 0, target) for pair in pairs for x in pair]
        specs = [fonts.line_spec(a.text, font, target, 0, self._scale, extra=6) for a in attempts]
        drawn = self._redrawer.draw(specs, scale=self._scale) if specs else []
        for c in chars:
            self._twins[font, colours, c] = ""
        for n, (c, o) in enumerate(pairs):
            if same_pixels(drawn[2 * n], drawn[2 * n + 1], slack=2):
                self._twins[font, colours, c] += o
        return tuple((i, t) for i, c in enumerate(text) if (t := self._twins[font, colours, c]))


def _own(waiting: dict[int, _Open]) -> dict[int, list[str]]:
    return {i: [o.text] for i, o in waiting.items()}


def _tall_enough(a: Attempt, scale: float) -> bool:
    """A mark of a few pixels is the same picture high and low on the line: its place is not proven."""
    return bool(a.target.image.shape[0] >= 0.35 * a.font.size_px * scale)


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
    wrong = np.abs(a[:, :w].astype(np.int16) - b[:, :w].astype(np.int16)).max(axis=(0, 2)) > 2
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
