"""From cells to readings: the witnesses, cheapest first.

No ink at all; the identical picture proven before; the page's own text drawn back; what known glyphs spell, drawn
back; the net's proposal drawn back; the net and the page's text agreeing.  What none of them proves is doubtful.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bridge.interfaces import Proposal, Redrawer, TextReader
from bridge.memories import Memory, ReadMemory
from bridge.ocr import page_proof
from bridge.ocr.cells import Cell, reading_of
from bridge.ocr.doubts import continues, distinct, ends_cut, has_legal_twin, join_is_certain, may_hide, twin_of
from bridge.ocr.fonts import Ink, ink_of
from bridge.ocr.found_fonts import FoundFonts
from bridge.ocr.glyphs import GlyphReader
from bridge.ocr.lines import split_lines, text_colour
from bridge.ocr.normal import joined, visible
from bridge.ocr.page_proof import PageText
from bridge.ocr.pictures import for_the_net
from bridge.ocr.pixel_proof import Line, LinePicture, LineProof, PixelProver
from bridge.records import Doubt, DrawnBy, PageShot, ProvenPicture, Reading, Witness

WORTH_A_SHEET = 16
"""Pictures to be read for which the glyphs of a font are drawn; a net is sooner done with fewer."""
SAMPLE = 120
"""Cells of a list's first page from which its fonts are learned before the others are looked at."""
AGREE = 0.9
"""Least probability of each character for the net to stand beside the page's text without drawing back."""


class CellProver:
    """Proves the cells of one source's list.  Parameters as of ``ScreenReader``."""

    def __init__(
        self,
        source: str,
        net: TextReader,
        fast: TextReader,
        memory: Memory,
        redrawer: Redrawer | None,
        glyphs: GlyphReader | None = None,
        reads: ReadMemory | None = None,
    ) -> None:
        self._source = source
        self._net = net
        self._fast = fast
        self._memory = memory
        self._redrawer = redrawer
        self._glyphs = glyphs
        self._reads = reads
        self._provers: dict[tuple[float, bool], PixelProver] = {}

    def prove(self, shot: PageShot, cells: Sequence[Cell]) -> None:
        open_cells = [c for c in cells if c.reading is None]
        for c in open_cells:
            if c.raw.page is not None:
                c.claim = page_proof.page_text(c.raw.page, c.picture.colour)
        for c in open_cells:
            if c.picture.blank:
                c.reading = self._blank(shot, c)
        self._remember(shot, [c for c in open_cells if c.reading is None])
        self._by_page_text(shot, [c for c in open_cells if c.reading is None])
        rest = [c for c in open_cells if c.reading is None]
        if self._redrawer is not None and shot.drawn_by is not DrawnBy.FOREIGN:
            # What the small, fast net guesses right is proven at once; only the rest pays for the better one.
            blind = [c for c in rest if c.raw.page is None]
            if len(blind) >= 2 * SAMPLE and not self._pixel_prover(shot).reads:
                self._by_fast_net(shot, blind[:SAMPLE], explore=False)
            self._by_font(shot, blind)
            self._by_fast_net(shot, blind)
            rest = [c for c in rest if c.reading is None]
        by_glyphs = self._glyphs if shot.drawn_by is DrawnBy.FOREIGN else None
        if by_glyphs is not None:
            by_glyphs.look_up(shot, rest)
            rest = [c for c in rest if c.reading is None]
        self._propose(shot, rest, self._net)
        if by_glyphs is not None:
            by_glyphs.learn(shot, open_cells)
        self._by_page_style(shot, [c for c in rest if c.raw.page is not None])
        self._by_pixels(shot, [c for c in rest if c.raw.page is None], repair=True)
        for c in rest:
            if c.reading is None:
                c.reading = self._undecided(shot, c)

    def _blank(self, shot: PageShot, c: Cell) -> Reading:
        claimed = c.claim.text if c.claim else ""
        # Text that the page hides says nothing; text that ought to be seen and is not, is a riddle.
        riddle = bool(claimed) and c.claim is not None and bool(c.claim.fragments)
        return reading_of(
            shot,
            c,
            "",
            (Witness.BLANK,) if not riddle else (),
            doubts=(Doubt.PAGE_TEXT_DIFFERS,) if riddle else (),
            confidence=1.0,
        )

    def _remember(self, shot: PageShot, cells: Sequence[Cell]) -> None:
        if not cells:
            return
        known = self._memory.lookup(self._source, list({c.picture.key for c in cells}))
        for c in cells:
            proof = known.get(c.picture.key)
            if proof is None or c.cut:
                continue
            if may_hide(c, proof.text, shot.scale) and Witness.PERSON not in proof.witnesses:
                continue  # the same ink in a wider cell was whole; here something may be hidden behind its end
            if (
                c.claim is not None
                and c.claim.text
                and (c.claim.text != proof.text or c.claim.doubt is not None)
                and Witness.PERSON not in proof.witnesses
            ):
                continue  # the page says otherwise now: it is proven anew, and memory finds the contradiction
            c.reading = reading_of(shot, c, proof.text, (Witness.MEMORY, *proof.witnesses))

    def _by_page_text(self, shot: PageShot, cells: Sequence[Cell]) -> None:
        if self._redrawer is None:
            return
        claims = [c for c in cells if c.claim is not None and c.claim.text]
        # Equal pictures with equal text are one question.
        groups: dict[tuple[str, str], list[Cell]] = {}
        for c in claims:
            assert c.claim is not None
            key = (c.picture.key, c.claim.text) if not c.claim.cut else (f"{c.picture.rect}", c.claim.text)
            groups.setdefault(key, []).append(c)
        firsts = [g[0] for g in groups.values()]
        specs = [
            page_proof.spec(c.raw.page, c.picture, shot.scale, c.claim.fragments)
            for c in firsts
            if c.raw.page is not None and c.claim is not None
        ]
        equal = page_proof.drawn_equal(self._redrawer, specs, [c.picture for c in firsts], shot.scale)
        for group, ok in zip(groups.values(), equal, strict=True):
            for c in group if ok else ():
                assert c.claim is not None
                c.reading = self._from_page(shot, c, c.claim)

    @staticmethod
    def _from_page(shot: PageShot, c: Cell, claim: PageText) -> Reading:
        witnesses: tuple[Witness, ...] = (Witness.PAGE_TEXT, Witness.REDRAW)
        if claim.doubt is not None:
            return reading_of(shot, c, claim.text, witnesses, doubts=(claim.doubt,))
        if not claim.cut and not ends_cut(claim.text):
            return reading_of(shot, c, claim.text, witnesses)
        rule = c.column.cut.whole_from if c.column is not None else "page_text"
        whole = visible(c.raw.page.whole_text) if c.raw.page is not None and c.raw.page.whole_text else None
        if rule == "title" and whole is not None and continues(claim.text, whole):
            return reading_of(shot, c, whole, (*witnesses, Witness.TOOLTIP))
        if rule == "page_text" and not ends_cut(claim.text):
            return reading_of(shot, c, claim.text, witnesses)
        doubt = Doubt.PAGE_TEXT_DIFFERS if rule == "title" and whole is not None else Doubt.CUT
        return reading_of(shot, c, claim.text, witnesses, doubts=(doubt,))

    def _propose(self, shot: PageShot, cells: Sequence[Cell], net: TextReader) -> None:
        pictures: dict[str, list[tuple[int, int]]] = {}
        queue = []
        for c in cells:
            if c.picture.key not in pictures:
                pictures[c.picture.key] = split_lines(c.picture, shot.scale)
                queue.append(c)
        jobs = [(c, rows) for c in queue for rows in pictures[c.picture.key]]
        found = net.read_lines([for_the_net(c.picture, shot.scale, rows) for c, rows in jobs])
        by_key: dict[str, list[Proposal]] = {}
        for (c, _), proposal in zip(jobs, found, strict=True):
            by_key.setdefault(c.picture.key, []).append(proposal)
        self._line_rows = pictures
        self._line_proposals = by_key
        for c in cells:
            lines = by_key.get(c.picture.key, [])
            c.proposal = lines[0] if len(lines) == 1 else _joined_proposal(lines)

    def _by_page_style(self, shot: PageShot, cells: Sequence[Cell]) -> None:
        """The net's proposal drawn in the place and style of the page's text, which did not come out equal.

        What it proves is what the screen shows; that the page says otherwise still is for a person to see."""
        tried = [
            (c, replace(c.claim.fragments[0], text=c.proposal.text))
            for c in cells
            if c.claim is not None and c.proposal is not None and len(c.claim.fragments) == 1 and c.proposal.text
        ]
        if self._redrawer is None or not tried:
            return
        specs = [
            page_proof.spec(c.raw.page, c.picture, shot.scale, [f]) for c, f in tried if c.raw.page is not None
        ]
        equal = page_proof.drawn_equal(self._redrawer, specs, [c.picture for c, _ in tried], shot.scale)
        for (c, _), ok in zip(tried, equal, strict=True):
            if ok and c.proposal is not None:
                c.reading = reading_of(
                    shot,
                    c,
                    visible(c.proposal.text),
                    (Witness.NET, Witness.REDRAW),
                    doubts=(Doubt.PAGE_TEXT_DIFFERS,),
                )

    def _by_fast_net(self, shot: PageShot, cells: Sequence[Cell], *, explore: bool = True) -> None:
        unread = [c for c in cells if c.reading is None]
        self._propose(shot, unread, self._fast)
        self._by_pixels(shot, unread, repair=False, explore=explore)

    def _by_font(self, shot: PageShot, cells: Sequence[Cell]) -> None:
        """Read by the glyphs of the list's font, as far as these are known, and drawn back: no net is asked."""
        cells = [c for c in cells if c.reading is None]
        firsts = list({c.picture.key: c for c in reversed(cells)}.values())
        if len(firsts) < WORTH_A_SHEET:
            return
        prover = self._pixel_prover(shot)
        pictures = {c.picture.key: _line_pictures(c, split_lines(c.picture, shot.scale)) for c in firsts}
        flat = [(key, picture) for key, lines in pictures.items() for picture in lines]
        texts: dict[str, list[str | None]] = {key: [] for key in pictures}
        for (key, _), text in zip(flat, prover.read([p for _, p in flat]), strict=True):
            texts[key].append(text)
        read = {key: [t for t in found if t] for key, found in texts.items() if found and all(found)}
        lines = [
            (key, Line(p.ink, p.top, p.group, Proposal(text=text, confidence=1.0)))
            for key, found in read.items()
            for p, text in zip(pictures[key], found, strict=True)
        ]
        by_key: dict[str, list[LineProof]] = {}
        for (key, _), proof in zip(lines, prover.check([line for _, line in lines]), strict=True):
            by_key.setdefault(key, []).append(proof)
        for c in cells:
            proofs = by_key.get(c.picture.key, [])
            # Which of two characters that look alike it is, a net may know.
            if proofs and all(p.text is not None and not p.twins for p in proofs):
                self._settle(shot, c, proofs, Witness.GLYPHS)

    def _pixel_prover(self, shot: PageShot) -> PixelProver:
        assert self._redrawer is not None
        canvas = shot.drawn_by is DrawnBy.CANVAS
        prover = self._provers.get((shot.scale, canvas))
        if prover is None:
            found = FoundFonts(self._source, shot.scale, canvas=canvas, reads=self._reads)
            prover = PixelProver(self._redrawer, shot.scale, found, canvas=canvas)
            self._provers[shot.scale, canvas] = prover
        return prover

    def _by_pixels(self, shot: PageShot, cells: Sequence[Cell], *, repair: bool, explore: bool = True) -> None:
        """The net's proposals, drawn back line by line."""
        if self._redrawer is None or shot.drawn_by is DrawnBy.FOREIGN or not cells:
            return
        prover = self._pixel_prover(shot)
        firsts = {c.picture.key: c for c in reversed(cells)}
        lines: list[Line] = []
        owner: list[str] = []
        for key, c in firsts.items():
            pictures = _line_pictures(c, self._line_rows[key])
            for picture, proposal in zip(pictures, self._line_proposals.get(key, []), strict=True):
                lines.append(Line(picture.ink, picture.top, picture.group, proposal))
                owner.append(key)
        by_key: dict[str, list[LineProof]] = {}
        for key, proof in zip(owner, prover.prove(lines, repair=repair, explore=explore), strict=True):
            by_key.setdefault(key, []).append(proof)
        for c in cells:
            self._settle(shot, c, by_key.get(c.picture.key, []), Witness.NET)

    def _settle(self, shot: PageShot, c: Cell, proofs: Sequence[LineProof], by: Witness) -> None:
        """by: who proposed what was drawn back."""
        if not proofs:
            return
        guess = joined([p.text or p.guess for p in proofs])
        if any(p.text is None for p in proofs):
            c.torn = len(proofs) == 1 and proofs[0].torn
            if c.proposal is not None and guess:
                c.proposal = replace(c.proposal, text=guess)
            return
        c.torn = False
        doubts: list[Doubt] = []
        claim = c.claim
        if claim is not None and claim.text and claim.text != guess and twin_of(claim.text, guess, proofs):
            guess = claim.text  # the same picture, and the page says which of the two it is
        elif not (claim is not None and claim.text == guess) and has_legal_twin(c.column, proofs):
            doubts.append(Doubt.LOOKALIKE)
        if c.cut or may_hide(c, guess, shot.scale):
            doubts.append(Doubt.CUT)
        if claim is not None and claim.text and claim.text != guess:
            doubts.append(Doubt.PAGE_TEXT_DIFFERS)
        if len(proofs) > 1 and not join_is_certain(proofs):
            doubts.append(Doubt.LOOKALIKE)
        c.reading = reading_of(shot, c, guess, (by, Witness.REDRAW), doubts=tuple(dict.fromkeys(doubts)))

    def _undecided(self, shot: PageShot, c: Cell) -> Reading:
        proposal = c.proposal or Proposal(text="", confidence=0.0)
        text = visible(proposal.text)
        claim = c.claim.text if c.claim is not None else ""
        alternatives = tuple(dict.fromkeys(t for t in (claim, text) if t))
        agree = claim == text and proposal.confidence >= AGREE and not c.cut and distinct(c.column, text)
        agree = agree and not ends_cut(text)
        if c.claim is not None and claim and agree and self._all_told(shot, c.claim, c):
            return reading_of(shot, c, text, (Witness.NET, Witness.PAGE_TEXT), confidence=proposal.confidence)
        doubt = Doubt.NO_TEXT if not text and not claim else Doubt.UNPROVEN
        doubts = [doubt]
        if claim and text and claim != text:
            doubts.append(Doubt.PAGE_TEXT_DIFFERS)
        if c.cut or ends_cut(text):
            doubts.append(Doubt.CUT)
        best = claim if claim else text
        return reading_of(
            shot, c, best, (Witness.PAGE_TEXT,) if claim else (Witness.NET,) if text else (),
            doubts=tuple(doubts), confidence=proposal.confidence, alternatives=alternatives,
        )  # fmt: skip

    @staticmethod
    def _all_told(shot: PageShot, claim: PageText, c: Cell) -> bool:
        """Nets overlook what is small, faint or apart, so beside the page's text there must be no other ink."""
        return claim.doubt is None and page_proof.explains(claim, c.picture, shot.scale)

    # --- memory and totals --------------------------------------------------------------------------------------

    def learn(self, cells: Iterable[Cell]) -> None:
        proofs = {
            c.picture.key: ProvenPicture(
                source=self._source, picture=c.picture.key, text=c.reading.text, witnesses=c.reading.witnesses
            )
            for c in cells
            if c.reading is not None
            and c.reading.proven
            and c.reading.text
            and not c.cut
            and Witness.MEMORY not in c.reading.witnesses
        }
        if proofs:
            self._memory.learn(list(proofs.values()))


def _line_pictures(c: Cell, rows: Sequence[tuple[int, int]]) -> list[LinePicture]:
    """rows: of its lines, relative to the cell."""
    ground = c.picture.colour
    out = []
    for y0, y1 in rows:
        drawn = ink_of(c.picture.image[y0:y1], ground)
        out.append(
            LinePicture(Ink(drawn.image, ground, text_colour(drawn.image, ground)), y0 + drawn.top, c.group)
        )
    return out


def _joined_proposal(lines: Sequence[Proposal]) -> Proposal | None:
    if not lines:
        return None
    return Proposal(text=joined([p.text for p in lines]), confidence=min(p.confidence for p in lines))
