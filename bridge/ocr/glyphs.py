"""Reading by glyphs, where no browser can draw a text back: every pixel of a cell is explained by pictures of
single characters whose labels are settled (``glyph_labels``), or the cell is not read this way.

A reading by glyphs does not rest on the net's reading of that cell: the labels come from other cells, from
arithmetic, from two unlike nets and from the forms of reference faces.  So it is a witness of its own, and since
each label already has two, it proves.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

import numpy as np

from bridge.interfaces import Proposal, TextReader
from bridge.memories import LearnedMemory, ReadMemory
from bridge.ocr.agreement import NetTrust
from bridge.ocr.cells import Cell, reading_of
from bridge.ocr.coverage import Coverage, InkLine, ink_lines
from bridge.ocr.doubts import may_hide
from bridge.ocr.glyph_family import NOT_ONE, Glyph, Known, State, read_as
from bridge.ocr.glyph_fit import Way
from bridge.ocr.glyph_grow import grow
from bridge.ocr.glyph_han import HanForms
from bridge.ocr.glyph_heard import Heard
from bridge.ocr.glyph_keep import from_record, to_record
from bridge.ocr.glyph_labels import (
    FIGURES,
    LIKE,
    MARKS,
    SEPARATORS,
    Judge,
    Words,
    unlike_too_little,
)
from bridge.ocr.glyph_shape import Shapes
from bridge.ocr.glyph_space import Pair, Spacing, em_of
from bridge.ocr.glyph_votes import shared_out
from bridge.ocr.glyph_ways import Line, explained, without_pieces
from bridge.ocr.glyph_width import may_be_wide, measure
from bridge.ocr.lines import split_lines
from bridge.ocr.lookalikes import has_lookalikes, others
from bridge.ocr.normal import is_han, visible
from bridge.ocr.pictures import for_the_net
from bridge.parse.values import NUMBERS, parse_value
from bridge.profiles import ColumnType, Profile
from bridge.records import Doubt, PageShot, Witness

AGREE = (0.95, 0.9)
"""Least probability of each character, by the better and by the smaller net, for them to pass free text."""

MOST_SEEN = 3_000
"""Lines of earlier pages by which spaces are told."""


class GlyphReader:
    """One source's glyphs.  nets: see ``ScreenReader``; fast must be another net than the one that proposed."""

    def __init__(
        self,
        source: str,
        profile: Profile,
        memory: LearnedMemory,
        fast: TextReader,
        reads: ReadMemory | None = None,
    ) -> None:
        self._source = source
        self._heard = Heard(source, reads)
        self._profile = profile
        self._memory = memory
        self._fast = fast
        self._shapes, self._forms = Shapes(), HanForms()
        self._trust = NetTrust(memory.agreements(source))
        self._faces: dict[str, list[Glyph]] = {}
        self._seen: dict[str, dict[bytes, list[Pair]]] = {}  # by face and line

    # --- the two calls ------------------------------------------------------------------------------------------

    def look_up(self, shot: PageShot, cells: Sequence[Cell]) -> None:
        """Reads the cells that settled glyphs explain; asks no net."""
        glyphs = self._glyphs(shot.scale)
        if any(g.state is State.SETTLED for g in glyphs):
            inked = ink_lines([c for c in cells if not c.heading and _usable(c)], shot.scale)
            lines, needed = without_pieces(explained(inked, glyphs), glyphs)
            self._read(shot, lines, needed)

    def learn(self, shot: PageShot, cells: Sequence[Cell]) -> None:
        """Grows and judges the glyphs with what the net proposed for the cells not read yet, then reads those that
        can be read now.  cells: all of the list, those read already included: they bear arithmetic too."""
        glyphs = self._glyphs(shot.scale)
        data = [c for c in cells if not c.heading]
        inked = ink_lines([c for c in data if _usable(c)], shot.scale)
        fresh = [n for n in inked if n.cell.reading is None and n.cell.proposal is not None]
        if not fresh:
            return
        second = self._second(shot, [n.cell for n in fresh])
        grown = grow(
            [(n.coverage, n.cell.proposal) for n in _distinct(fresh) if n.cell.proposal is not None],
            [g.coverage for g in glyphs if g.state is not State.FORGOTTEN and read_as(g) != NOT_ONE],
            shot.scale,
            self._likeness if self._forms else None,
            Known(glyphs, shot.scale),
            self._shapes.ink_width,
        )
        known = {_picture_id(g.coverage): g for g in glyphs}
        for c in grown:
            key = _picture_id(c.coverage)
            if key not in known:
                known[key] = Glyph(id=key, coverage=c.coverage, clean=c.trust >= 2, changed=True)
                glyphs.append(known[key])
        lines, glyphs[:] = without_pieces(explained(inked, glyphs), glyphs)
        for line in lines:
            if line.ink.cell.reading is None:
                line.small = line.ink.cell.proposal
                line.fast = second.get(line.ink.cell.picture.key)
        new = self._heard.first_time(face(shot.scale), lines)
        self._vote(new, glyphs, shot.scale)
        self._calculate(lines, new, glyphs)
        self._separate(new, glyphs)
        ways = [line.ways[0] for line in lines if len(line.ways) == 1]
        if em := em_of([p for way in ways for p in _pairs(way, glyphs, shot.scale)]):
            measure(new, glyphs, shot.scale, em)
        judge = Judge(shot.scale, self._shapes, self._forms, self._words(lines, glyphs))
        judge.judge(glyphs)
        spacing = self._read(shot, lines, glyphs)
        self._compare(lines, glyphs)
        self._agree(shot, lines, [c for c in cells if c.reading is None], second, glyphs, spacing)
        self._memory.keep_glyphs(
            self._source,
            face(shot.scale),
            [to_record(g) for g in glyphs if g.changed and g.state is not State.FORGOTTEN],
        )
        self._memory.keep_agreements(self._source, self._trust.fresh())
        for g in glyphs:
            g.changed = False

    # --- parts --------------------------------------------------------------------------------------------------

    def _glyphs(self, scale: float) -> list[Glyph]:
        name = face(scale)
        if name not in self._faces:
            self._faces[name] = [from_record(r) for r in self._memory.glyphs(self._source, name)]
        return self._faces[name]

    def _likeness(self, picture: Coverage, character: str) -> float:
        eye = self._forms.likeness if is_han(character) else self._shapes.likeness
        return eye(picture, character)

    def _second(self, shot: PageShot, cells: Sequence[Cell]) -> dict[str, Proposal]:
        """The smaller net's readings by picture."""
        firsts = {c.picture.key: c for c in reversed(cells)}
        pictures = []
        for c in firsts.values():
            rows = split_lines(c.picture, shot.scale)
            pictures.append(for_the_net(c.picture, shot.scale, rows[0]))
        return dict(zip(firsts, self._fast.read_lines(pictures), strict=True))

    @staticmethod
    def _vote(lines: Sequence[Line], glyphs: Sequence[Glyph], scale: float) -> None:
        """Each distinct line that a net read votes for the characters of its glyphs, place by place."""
        done: set[tuple[str, bytes]] = set()
        widths = [g.coverage.shape[1] for g in glyphs]
        for line in lines:
            if not line.ways:
                continue
            way = line.ways[0]
            for name, proposal in (("net", line.small), ("second net", line.fast)):
                key = name, line.ink.coverage.tobytes()
                if proposal is None or key in done:
                    continue
                done.add(key)
                for place, character, seconds in shared_out(way, proposal, widths, scale):
                    g = glyphs[place]
                    g.votes.setdefault(name, Counter())[character] += 1
                    g.runners.update(seconds)
                    g.changed = True
            for p in way:
                glyphs[p.glyph].seen += 1

    def _calculate(self, lines: Sequence[Line], new: Sequence[Line], glyphs: Sequence[Glyph]) -> None:
        """Rows whose arithmetic holds as read refute every other figure in the place of each of their glyphs.
        new: lines that did not speak before; rows without one have had their say."""
        rule = self._profile.checks.product
        if rule is None:
            return
        names = (rule.quantity, rule.price, rule.amount)
        rows: dict[tuple[int, int], dict[str, Line]] = defaultdict(dict)
        for line in lines:
            c = line.ink.cell
            if c.column is not None and c.column.field in names and line.ways:
                rows[c.raw.rect[1], c.raw.rect[3]][c.column.field] = line
        labels = {i: g.label if g.state is State.SETTLED else read_as(g) for i, g in enumerate(glyphs)}
        columns = [self._profile.column(n) for n in names]
        unit = Decimal(1).scaleb(-rule.decimals)

        def holds(texts: Sequence[str]) -> bool:
            numbers = []
            for text, column in zip(texts, columns, strict=True):
                value, doubts = parse_value(text, column)
                if doubts or value is None or column.type not in NUMBERS:
                    return False
                numbers.append(Decimal(value))  # type: ignore[arg-type]
            q, p, a = numbers
            return (q * p).quantize(unit, ROUND_HALF_UP) == a

        speaking = {id(line) for line in new}
        for row in rows.values():
            if len(row) != 3 or not any(id(line) in speaking for line in row.values()):
                continue
            if all(row[n].ink.cell.reading is not None for n in names):
                continue
            ways = [row[n].ways[0] for n in names]
            texts = [[labels[p.glyph] for p in way] for way in ways]
            if not holds(["".join(t) for t in texts]):
                continue
            for character in {ch for t in texts for ch in t if ch in FIGURES + MARKS}:
                mine = {p.glyph for way in ways for p in way if labels[p.glyph] == character}
                for other in FIGURES if character in FIGURES else MARKS:
                    if other == character:
                        continue
                    # All of its places at once: the same picture is the same figure everywhere.
                    changed = ["".join(other if ch == character else ch for ch in t) for t in texts]
                    singly = [self._with(texts, ways, i, other) for i in mine]
                    if not holds(changed) and not any(holds(s) for s in singly):
                        for i in mine:
                            glyphs[i].refuted[other] += 1
                            glyphs[i].changed = True

    def _separate(self, lines: Sequence[Line], glyphs: Sequence[Glyph]) -> None:
        """Dates that are legal as read speak for the signs between their figures."""
        done: set[bytes] = set()
        for line in lines:
            column = line.ink.cell.column
            key = line.ink.coverage.tobytes()
            if column is None or column.type is not ColumnType.DATE or not line.ways or key in done:
                continue
            done.add(key)
            way = line.ways[0]
            value, doubts = parse_value("".join(_label(glyphs[p.glyph]) for p in way), column)
            if value is None or doubts:
                continue
            for p in way:
                if _label(glyphs[p.glyph]) in SEPARATORS:
                    glyphs[p.glyph].refuted["date"] += 1

    @staticmethod
    def _with(texts: Sequence[Sequence[str]], ways: Sequence[Way], glyph: int, other: str) -> list[str]:
        return [
            "".join(other if p.glyph == glyph else ch for ch, p in zip(t, way, strict=True))
            for t, way in zip(texts, ways, strict=True)
        ]

    def _words(self, lines: Sequence[Line], glyphs: Sequence[Glyph]) -> Words:
        """By the words that the profile's mappings know for a column."""
        spelled: dict[str, list[tuple[tuple[int, ...], frozenset[str]]]] = {}
        for line in lines:
            column = line.ink.cell.column
            words = self._profile.mappings.get(column.field or "", {}) if column is not None else {}
            if words and len(line.ways) == 1:
                way = tuple(p.glyph for p in line.ways[0])
                for i in way:
                    spelled.setdefault(glyphs[i].id, []).append((way, frozenset(words)))

        def know(g: Glyph, character: str, rival: str) -> bool:
            hits = 0
            for way, words in spelled.get(g.id, []):
                for word in words:
                    if len(word) != len(way):
                        continue
                    own = {word[k] for k, i in enumerate(way) if glyphs[i].id == g.id}
                    rest = all(glyphs[i].id == g.id or word[k] == _label(glyphs[i]) for k, i in enumerate(way))
                    if rest and rival in own:
                        return False
                    hits += rest and own == {character}
            return hits > 0

        return know

    def _read(self, shot: PageShot, lines: Sequence[Line], glyphs: Sequence[Glyph]) -> Spacing:
        """Proves the cells whose every way to be put together gives one text of settled characters."""
        spacing = self._spacing(lines, glyphs, shot.scale)
        for line in lines:
            c = line.ink.cell
            if c.reading is not None or not line.all_known:
                continue
            if not any(all(glyphs[p.glyph].state is State.SETTLED for p in way) for way in line.ways):
                continue
            if any(_counted_otherwise(line, way) for way in line.ways):
                continue
            texts = {_text(way, glyphs, spacing, shot.scale) for way in line.ways}
            if len(texts) != 1 or (text := texts.pop()) is None:
                continue
            doubts = (Doubt.CUT,) if may_hide(c, text, shot.scale) else ()
            own = c.proposal is not None and visible(c.proposal.text) == text
            if not own and _parts_han(text):
                continue
            witnesses = (Witness.NET, Witness.GLYPHS) if own else (Witness.GLYPHS,)
            c.reading = reading_of(shot, c, text, witnesses, doubts=doubts)
        return spacing

    def _spacing(self, lines: Sequence[Line], glyphs: Sequence[Glyph], scale: float) -> Spacing:
        """By the lines of this page and those before that can be put together of the same characters only, without
        pictures of characters that have another one already."""
        settled = {g.label for g in glyphs if g.state is State.SETTLED}
        seen = self._seen.setdefault(face(scale), {})
        for line in lines:
            if line.ways and len({"".join(_label(glyphs[p.glyph]) for p in way) for way in line.ways}) == 1:
                key = line.ink.coverage.tobytes()
                seen.pop(key, None)
                seen[key] = _neighbours(line.ways[0], glyphs, settled, scale)
        for key in list(seen)[:-MOST_SEEN]:
            del seen[key]
        pairs = [n for found in seen.values() for n in found]
        em = em_of(pairs)
        return Spacing.of(pairs, (lambda c: self._shapes.bearings(c, em)) if em else (lambda c: ()), em)

    def _compare(self, lines: Sequence[Line], glyphs: Sequence[Glyph]) -> None:
        """Where both nets agree on a free text that glyphs have proven now: would what they read have passed, and
        was it right?"""
        for line in lines:
            c, a, b = line.ink.cell, line.small, line.fast
            if c.reading is None or Witness.GLYPHS not in c.reading.witnesses or a is None or b is None:
                continue
            if c.column is None or c.column.type is not ColumnType.TEXT or visible(a.text) != visible(b.text):
                continue
            way, read = line.ways[0], visible(a.text).replace(" ", "")
            other = [(p, x) for p, x in zip(way, read, strict=False) if x != glyphs[p.glyph].label]
            if len(way) == len(read) and all(self._like_no_other(glyphs[p.glyph], x) for p, x in other):
                self._trust.saw(c.column.field or "", min(a.confidence, b.confidence), right=not other)

    def _agree(
        self,
        shot: PageShot,
        lines: Sequence[Line],
        cells: Sequence[Cell],
        second: Mapping[str, Proposal],
        glyphs: Sequence[Glyph],
        spacing: Spacing,
    ) -> None:
        """Two unlike nets that surely read the same prove a word that the profile knows for its column, and pass
        free text, none of which looks like another character or is known as one."""
        by_cell = {id(line.ink.cell): line for line in lines}
        for c in cells:
            a, b, line = c.proposal, second.get(c.picture.key), by_cell.get(id(c))
            if c.column is None or a is None or b is None or line is None or may_hide(c, a.text, shot.scale):
                continue
            text = visible(a.text)
            if not text or text != visible(b.text) or a.confidence < AGREE[0] or b.confidence < AGREE[1]:
                continue
            words = self._profile.mappings.get(c.column.field or "", {})
            fits = not line.ways or any(_fits(way, text, glyphs) for way in line.ways)
            if text in words and fits and not any(_alike(text, w) for w in words if w != text):
                witnesses: tuple[Witness, ...] = (Witness.NET, Witness.SECOND_NET, Witness.DICTIONARY)
            elif c.column.type is ColumnType.TEXT and fits:
                least = self._trust.least(c.column.field or "")
                trusted = least is not None and min(a.confidence, b.confidence) >= least
                if not self._plain(line, text, glyphs, spacing, shot.scale, trusted=trusted):
                    continue
                witnesses = (Witness.NET, Witness.SECOND_NET)
            else:
                continue
            c.reading = reading_of(shot, c, text, witnesses, confidence=min(a.confidence, b.confidence))

    def _plain(
        self, line: Line, text: str, glyphs: Sequence[Glyph], spacing: Spacing, scale: float, *, trusted: bool
    ) -> bool:
        """Has every character that looks like another one a settled glyph, and is every space certain?  trusted:
        the nets alone are believed of the others; else their form must speak for them too."""
        if not line.ways:
            return False
        way = next(w for w in line.ways if _fits(w, text, glyphs))
        settled = all(
            glyphs[p.glyph].state is State.SETTLED
            or (self._like_no_other(glyphs[p.glyph], ch) and (trusted or self._most_like(glyphs[p.glyph], ch)))
            for p, ch in zip(way, text.replace(" ", ""), strict=True)
        )
        return settled and _text(way, glyphs, spacing, scale) == text

    def _most_like(self, g: Glyph, character: str) -> bool:
        """Does no other Han character fit its picture better, by the reference faces?"""
        if not self._forms:
            return False
        fit, better = self._forms.fit(g.coverage, character)
        return fit >= LIKE and better > 0

    def _like_no_other(self, g: Glyph, character: str) -> bool:
        if not is_han(character) or has_lookalikes(character):
            return False
        return not unlike_too_little(g, character, self._forms)


def face(scale: float) -> str:
    """The name under which glyphs of one scale are kept; fonts are told apart by their pictures."""
    return f"{scale:g}"


def _usable(c: Cell) -> bool:
    return not c.picture.blank and not c.cut


def _distinct(lines: Iterable[InkLine]) -> list[InkLine]:
    return list({(n.coverage.shape[1], n.coverage.tobytes()): n for n in lines}.values())


def _picture_id(coverage: Coverage) -> str:
    digest = hashlib.blake2b(f"{coverage.shape}".encode(), digest_size=12)
    digest.update(np.ascontiguousarray(coverage, np.uint8).tobytes())
    return digest.hexdigest()


def _neighbours(way: Way, glyphs: Sequence[Glyph], settled: set[str], scale: float) -> list[Pair]:
    """Those of a line whose characters are known."""

    def known(g: Glyph) -> bool:
        return bool(_label(g)) and (g.state is State.SETTLED or _label(g) not in settled)

    return [
        n
        for n, (p, q) in zip(_pairs(way, glyphs, scale), pairwise(way), strict=True)
        if known(glyphs[p.glyph]) and known(glyphs[q.glyph])
    ]


def _pairs(way: Way, glyphs: Sequence[Glyph], scale: float) -> list[Pair]:
    """The neighbours of a line, with the ground between them."""
    out = []
    for p, q in pairwise(way):
        a, b = glyphs[p.glyph], glyphs[q.glyph]
        widths = a.coverage.shape[1] / scale, b.coverage.shape[1] / scale
        out.append(Pair(_label(a), _label(b), (q.x - p.x) / scale - widths[0], widths))
    return out


def _text(way: Way, glyphs: Sequence[Glyph], spacing: Spacing, scale: float) -> str | None:
    """None where it is not certain how many spaces stand somewhere, or whether the characters are wide ones."""
    if spacing.em is not None and may_be_wide(
        way, glyphs, [_label(glyphs[p.glyph]) for p in way], spacing.em * scale
    ):
        return None
    out = _label(glyphs[way[0].glyph])
    for pair in _pairs(way, glyphs, scale):
        spaces = spacing.count(pair.left, pair.right, pair.gap)
        if spaces is None:
            return None
        out += " " * spaces + pair.right
    return out


def _counted_otherwise(line: Line, way: Way) -> bool:
    """Do both nets read the same text, of another number of characters?  Then two may stand in one picture."""
    if line.small is None or line.fast is None:
        return False
    a, b = ("".join(c for c, _, _ in p.characters if c.strip()) for p in (line.small, line.fast))
    return a == b and len(a) != len(way)


def _parts_han(text: str) -> bool:
    """Does a space stand between two Han characters?  So rarely that the net must have seen it too."""
    return any(b == " " and is_han(a) and is_han(c) for a, b, c in zip(text, text[1:], text[2:], strict=False))


def _label(g: Glyph) -> str:
    return g.label or read_as(g)


def _fits(way: Way, text: str, glyphs: Sequence[Glyph]) -> bool:
    """Does no glyph of the way speak against the text?"""
    shown = text.replace(" ", "")
    if len(way) != len(shown):
        return False
    return all(
        _label(glyphs[p.glyph]) == ch
        and (glyphs[p.glyph].state is not State.DISPUTED or "read as" in glyphs[p.glyph].against)
        for p, ch in zip(way, shown, strict=True)
    )


def _alike(a: str, b: str) -> bool:
    """Could one word be taken for the other, look-alike by look-alike?"""
    return len(a) == len(b) and all(x == y or y in others(x) for x, y in zip(a, b, strict=True))
