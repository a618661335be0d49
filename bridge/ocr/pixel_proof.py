"""Proof from pixels alone: what the net proposes is drawn back in the font that drew the list.

Where the proposal's picture differs, it differs from some place on; the characters around that place are changed
for the net's runners-up and for look-alikes, and drawn again.  Only an equal picture proves; the nearest does not.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import cv2
import numpy as np

from bridge.interfaces import Proposal, Redrawer
from bridge.ocr import fonts
from bridge.ocr.font_reading import FontLine, FontReader
from bridge.ocr.font_search import candidates, find_font, looks_enlarged
from bridge.ocr.fonts import Attempt, Drawn, Font, Ink, Style
from bridge.ocr.found_fonts import FoundFonts
from bridge.ocr.ink_colours import Colour, InkColours, draw_in_fitted_colours
from bridge.ocr.lookalikes import others
from bridge.ocr.pictures import same_pixels
from bridge.ocr.width_forms import other_widths
from bridge.records import Image

ROUNDS = 5
"""Repairs of one text; each mends one character."""
SURE = 0.97
"""Least probability of a proposal's characters to look with it for a font, or for the place of its line."""
MAX_CANDIDATES = 52
"""Texts drawn for one line and round."""
SEARCHES = 2
"""Of one group through every font of this machine: the first may have gone out from a misread text."""
DEEP_SEARCHES = 4
"""Of one run, at every place a line can have, that find nothing; then the list's fonts are not this machine's."""
EXPLORED = 6
"""Lines of one group that are tried at every place a line can have; a group's lines share few places."""
READ_BY = 60
"""Lines proven before others are read by their characters."""
ORIGINS = 2
"""Heights of a group's lines in their cells, and starts, by which lines are read: a wrapped text begins higher."""
USUAL = 6
"""Styles of one group in which every line of it is tried."""
SPACES = ("  ", "   ", "    ")
"""That together may be as wide as an ideographic one: a space is half, a third or a quarter of an em."""
AMONG_H = 4
"""Ems that a character between two letters H may take."""
GAINED = 0.4
"""Ems of equal pixels by which a repaired text must beat the net's own to be the better guess: by its first stem
alone many a wrong character fits."""


Colours = tuple[Colour, Colour]
"""Behind the text, of the text."""


@dataclass(frozen=True, slots=True)
class LinePicture:
    """One text line.  top: device pixels from its cell's top to its ink; group: lines of one column, which share
    font and start."""

    ink: Ink
    top: int
    group: int


@dataclass(frozen=True, slots=True)
class Line(LinePicture):
    """One text line to be proven."""

    proposal: Proposal


@dataclass(frozen=True, slots=True)
class LineProof:
    """text: proven, or None.  guess: the text whose picture came nearest.  twins: at which characters which
    others give the very same picture.  torn: all of the line came out but its last character."""

    text: str | None
    guess: str
    font: Font | None = None
    twins: tuple[tuple[int, str], ...] = ()
    torn: bool = False


@dataclass(slots=True)
class _Group:
    """styles: those in which lines of this group came out to the pixel, with how often."""

    styles: Counter[Style] = field(default_factory=Counter)
    in_vain: set[tuple[str, int]] = field(default_factory=set)  # texts tried in so many known fonts
    searches: int = 0  # through every font of this machine
    met: bool = False  # one of the styles came out in this run, not only in one before
    origins: Counter[int] = field(default_factory=Counter)  # of proven lines: device pixels from their cell's top
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
    tried: set[tuple[str, Style, Colour]] = field(default_factory=set)  # drawn, and not equal

    @property
    def guess(self) -> str:
        if self.style is None:
            return self.line.proposal.text
        gained = (self.prefix - self.own_prefix) / self.scale / self.style.font.size_px
        return self.text if gained >= GAINED else self.line.proposal.text

    @property
    def torn(self) -> bool:
        if self.style is None:
            return False
        em = self.style.font.size_px * self.scale
        return self.prefix >= em and self.line.ink.image.shape[1] - self.prefix <= em


class PixelProver:
    """Knows the fonts of one list.  scale: device pixels per css pixel; canvas: the list is drawn by script.
    found: where to look first, and where to note what was found."""

    def __init__(self, redrawer: Redrawer, scale: float, found: FoundFonts, *, canvas: bool) -> None:
        self._redrawer = redrawer
        self._scale = scale
        self._canvas = canvas
        self._groups: dict[int, _Group] = defaultdict(_Group)
        self._fonts: list[Font] = []
        self._every: dict[bool, list[Font]] = {}  # by whether they are enlarged
        self._twins: dict[tuple[Font, Colours, str], str] = {}
        self._deep = 0  # searches at every place that found nothing
        self._found = found
        self._colours = InkColours()
        self._reader = FontReader(redrawer, scale)
        for group, styles in found.load().items():
            # The last of them counts one, so that what this run sees soon counts more.
            self._groups[group].styles.update({s: n for n, s in enumerate(reversed(styles), 1)})
            self._fonts += [s.font for s in styles if s.font not in self._fonts]

    @property
    def reads(self) -> bool:
        """Whether enough lines came out in this run for others to be read by their characters."""
        return sum(n for g in self._groups.values() for n in g.origins.values()) >= READ_BY

    def read(self, lines: Sequence[LinePicture]) -> list[str | None]:
        """What lines say by the glyphs of their group's font, as far as its lines were proven in this run."""
        by_font: dict[Font, list[int]] = defaultdict(list)
        for i, line in enumerate(lines):
            g = self._groups[line.group]
            if g.met and g.origins:
                by_font[g.fonts[0]].append(i)
        out: list[str | None] = [None] * len(lines)
        for font, chosen in by_font.items():
            asked = [self._font_line(lines[i]) for i in chosen]
            for i, text in zip(chosen, self._reader.read(font, asked), strict=True):
                out[i] = text or None
        return out

    def _font_line(self, line: LinePicture) -> FontLine:
        g = self._groups[line.group]
        tops = tuple(line.top - origin for origin, _ in g.origins.most_common(ORIGINS))
        styles = [s for s, _ in g.styles.most_common(ORIGINS)]
        known = all(s.align == "start" for s in styles)
        starts = tuple(dict.fromkeys(s.phase / fonts.PHASES for s in styles)) if known else ()
        return FontLine(self._colours.likely(line.ink), tops, starts)

    def check(self, lines: Sequence[Line]) -> list[LineProof]:
        """As ``prove``, but in the styles of the lines' groups only."""
        proofs: dict[int, LineProof] = {}
        self._try_own({i: _Open(line, self._scale, line.proposal.text) for i, line in enumerate(lines)}, proofs)
        return [proofs.get(i) or LineProof(None, x.proposal.text) for i, x in enumerate(lines)]

    def prove(self, lines: Sequence[Line], *, repair: bool = True, explore: bool = True) -> list[LineProof]:
        """One proof per line, in order.  repair: where a proposal comes out unequal, try what else it could be.
        explore: where it comes out in none of its group's styles, try all places a line can have."""
        proofs: dict[int, LineProof] = {}
        waiting = {
            i: _Open(line, self._scale, line.proposal.text) for i, line in enumerate(lines) if line.proposal.text
        }
        self._try_own(waiting, proofs)
        self._spread(waiting, proofs)
        self._try_own(waiting, proofs)
        for group in sorted({o.line.group for o in waiting.values()}):
            members = [o.line for o in waiting.values() if o.line.group == group]
            if members and self._learn_font(group, members, counts=explore):
                self._spread(waiting, proofs)
                self._try_own(waiting, proofs)
        waiting = {i: o for i, o in waiting.items() if self._groups[o.line.group].styles or o.style}
        while explore and (few := self._to_explore(waiting)):
            for places in (fonts.LIKELY, fonts.places(self._scale)):
                self._try(waiting, _own(few), partial(self._at, places), proofs)
            self._try_own(waiting, proofs)
        for _ in range(ROUNDS if repair else 0):
            texts = {i: t for i, o in waiting.items() if (t := self._repairs(o))}
            before = {i: o.text for i, o in waiting.items()}
            self._try(waiting, texts, lambda o: [o.style] if o.style else [], proofs)
            self._try_own(waiting, proofs)
            if waiting.keys() == before.keys() and all(o.text == before[i] for i, o in waiting.items()):
                break
        self._found.save(
            {n: [s for s, _ in g.styles.most_common(USUAL)] for n, g in self._groups.items() if g.styles}
        )
        left = {i: LineProof(None, o.guess, torn=o.torn) for i, o in waiting.items()}
        return [proofs.get(i) or left.get(i) or LineProof(None, x.proposal.text) for i, x in enumerate(lines)]

    # --- fonts --------------------------------------------------------------------------------------------------

    def _learn_font(self, group: int, lines: Sequence[Line], *, counts: bool) -> bool:
        """Whether a style was found that these lines have not been tried in.  counts: among the searches that a
        group or run may have; those of a first few lines do not, for a better net may read them otherwise."""
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
        samples = [x for x in samples if not self._found.in_vain(group, x.proposal.text, len(self._fonts))]
        if not samples:
            return False
        pairs = [(x.proposal.text, x.ink) for x in samples]
        other = [f for f in self._fonts if f not in g.fonts]  # in its own ones its lines are explored
        found = find_font(self._redrawer, pairs, other, self._scale, deep=not g.styles)
        if found is None and g.searches < SEARCHES and not g.met:
            enlarged = self._canvas and self._scale != 1 and all(looks_enlarged(x.ink) for x in samples)
            if enlarged not in self._every:
                self._every[enlarged] = candidates(self._redrawer, canvas=self._canvas, enlarged=enlarged)
            deep = self._deep < DEEP_SEARCHES
            found = find_font(self._redrawer, pairs, self._every[enlarged], self._scale, deep=deep)
            g.searches += counts
            self._deep += counts and deep and found is None
            if found is None and deep and counts:
                self._found.save_in_vain(group, [text for text, _ in pairs], len(self._fonts))
        if found is None:
            g.in_vain |= {(text, len(self._fonts)) for text, _ in pairs}
            return False
        g.styles[found] += 1
        g.met = True
        if found.font not in self._fonts:
            self._fonts.append(found.font)
        return True

    def _spread(self, waiting: dict[int, _Open], proofs: dict[int, LineProof]) -> None:
        """A list has few fonts: what one column showed is tried in all that have shown none, in one picture."""
        few: dict[int, list[str]] = {}
        for group in {o.line.group for o in waiting.values()}:
            if not self._groups[group].styles:
                members = [(i, o) for i, o in waiting.items() if o.line.group == group]
                members.sort(key=lambda m: -m[1].line.proposal.confidence)
                few.update({i: [o.text] for i, o in members[:2]})
        styles = [Style(f, *p) for f in self._fonts for p in fonts.LIKELY]
        self._try(waiting, few, lambda _: styles, proofs)

    def _try_own(self, waiting: dict[int, _Open], proofs: dict[int, LineProof]) -> None:
        """Most lines of a column come out in its commonest style: the others are drawn for what is left."""
        self._try(waiting, _own(waiting), self._commonest, proofs)
        self._try(waiting, _own(waiting), self._usual, proofs)

    def _commonest(self, o: _Open) -> list[Style]:
        return [s for s, _ in self._groups[o.line.group].styles.most_common(1)]

    def _usual(self, o: _Open) -> list[Style]:
        return [s for s, _ in self._groups[o.line.group].styles.most_common(USUAL)]

    def _at(self, places: Sequence[fonts.Place], o: _Open) -> list[Style]:
        return [Style(f, *p) for f in self._groups[o.line.group].fonts[:2] for p in places]

    def _to_explore(self, waiting: dict[int, _Open]) -> dict[int, _Open]:
        """Of each group that may be explored still, two lines that the net read surely."""
        by_group: dict[int, list[tuple[int, _Open]]] = defaultdict(list)
        for i, o in waiting.items():
            g = self._groups[o.line.group]
            if g.styles and g.explored < EXPLORED and o.line.proposal.confidence >= SURE:
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
        """Draws every text in every style that it was not drawn in before; equal ones are proven and leave
        ``waiting``; the others keep the text that is right farthest from the left."""
        inks = {i: self._colours.likely(waiting[i].line.ink) for i in texts if i in waiting}
        plan = [
            (i, Attempt(t, style, ink))
            for i, ink in inks.items()
            for style in styles(waiting[i])
            for t in texts[i]
            if (t, style, ink.text_colour) not in waiting[i].tried
        ]
        drawn = draw_in_fitted_colours(self._redrawer, [a for _, a in plan], self._scale)
        found: dict[int, Attempt] = {}
        for (i, asked), (a, d) in zip(plan, drawn, strict=True):
            if i in found:
                continue
            o = waiting[i]
            if fonts.equal(d, a.target) and _tall_enough(a, self._scale):
                self._groups[o.line.group].styles[a.style] += 1
                self._groups[o.line.group].met = True
                self._groups[o.line.group].origins[o.line.top - d.top] += 1
                found[i] = a
                continue
            o.tried.add((a.text, a.style, asked.target.text_colour))
            prefix = _equal_columns(d, a.target)
            if a.text == o.line.proposal.text:
                o.own_prefix = max(o.own_prefix, prefix)
            if prefix > o.prefix:
                o.text, o.prefix, o.style = a.text, prefix, a.style
        self._learn_twins(list(found.values()))
        for i, a in found.items():
            self._colours.met(a.target)
            twins = self._twins_in(a)
            proofs[i] = LineProof(a.text, a.text, a.style.font, twins)
            alike = {at for at, _ in twins}
            self._reader.met("".join(c for at, c in enumerate(a.text) if at not in alike), a.style.font)
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
        out.update(dict.fromkeys(t for at in (place, place + 1) for t in other_widths(o.text, at)))
        out.pop(o.text, None)
        return list(out)[:MAX_CANDIDATES]

    def _learn_twins(self, proven: Sequence[Attempt]) -> None:
        """Which look-alikes of the proven characters the font draws alike: all in one page and one screenshot."""
        asked = dict.fromkeys((*_look(a), c) for a in proven for _, c in _parts(a.text))
        new = [key for key in asked if key not in self._twins]
        pictured = dict.fromkeys((key, x) for key in new if _rivals(key[2]) for x in (key[2], *_rivals(key[2])))
        specs = []
        for (font, (ground, colour), _), x in pictured:
            target = Ink(np.zeros((8, 8, 3), np.uint8), ground, colour)
            specs.append(fonts.line_spec(f"H{x}H", Style(font), target, self._scale, extra=AMONG_H))
        drawn = dict(zip(pictured, self._redrawer.draw(specs, scale=self._scale) if specs else [], strict=True))
        for key in new:
            c = key[2]
            alike = (x for x in _rivals(c) if same_pixels(drawn[key, c], drawn[key, x], slack=2))
            self._twins[key] = "".join(alike)

    def _twins_in(self, a: Attempt) -> tuple[tuple[int, str], ...]:
        look = _look(a)
        return tuple((i, t) for i, c in _parts(a.text) if (t := self._twins[(*look, c)]))


def _parts(text: str) -> list[tuple[int, str]]:
    """What of a text may have a twin, with its index: each character, and some spaces together."""
    return [*enumerate(text), *((i, run) for run in SPACES for i in range(len(text)) if text.startswith(run, i))]


def _rivals(part: str) -> tuple[str, ...]:
    """What may have been taken for it; an ideographic space is as wide as some others in many a font."""
    if part in SPACES:
        return ("\u3000",)
    return SPACES if part == "\u3000" else tuple(others(part))


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
