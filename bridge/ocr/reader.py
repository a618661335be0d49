"""Stage *read*: a shot becomes a grid of readings.

For every cell, cheapest witness first: no ink at all; the identical picture proven before; the page's text drawn
back; the net's proposal drawn back; the net and the page's text agreeing.  What none of them proves is doubtful.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from bridge.errors import UnreadableImage
from bridge.interfaces import Memory, Progress, Proposal, Redrawer, TextReader
from bridge.ocr import page_proof
from bridge.ocr.fonts import Ink, ink_of
from bridge.ocr.grid import find_grid
from bridge.ocr.layout import RawCell, RawGrid, grid_of_page, heading_key, known_headings, match_columns
from bridge.ocr.lines import split_lines, text_colour
from bridge.ocr.lookalikes import has_lookalikes
from bridge.ocr.normal import joined, visible
from bridge.ocr.page_proof import PageText
from bridge.ocr.pictures import CellPicture, cell_picture, for_the_net
from bridge.ocr.pixel_proof import Line, LineProof, PixelProver
from bridge.profiles import Column, ColumnType, Profile, TotalCount
from bridge.records import (
    Box,
    Doubt,
    DrawnBy,
    Grid,
    GridRow,
    PageShot,
    ProvenPicture,
    Reading,
    RowKind,
    Witness,
)

HEADINGS_WITHIN = 6
"""Rows from the top among which the headings are looked for in a picture without the page's help."""
AGREE = 0.9
"""Least probability of each character for the net to stand beside the page's text without drawing back."""


@dataclass(slots=True)
class _Cell:
    """One cell on its way to a reading."""

    raw: RawCell
    picture: CellPicture
    column: Column | None
    index: int  # grid column
    heading: bool = False
    claim: PageText | None = None
    proposal: Proposal | None = None
    reading: Reading | None = None

    @property
    def group(self) -> int:
        """Cells that share font and start: a column's headings, a column's rows."""
        return 2 * self.index + self.heading


class ScreenReader:
    """Satisfies ``interfaces.PageReader`` for one source.  Keep one for all pages of a run: what it learns of the
    list's fonts on page one serves the others.

    redrawer: None where no browser is at hand; then drawing back is no witness.  fast: a smaller net that proposes
    first where drawing back can prove.
    """

    def __init__(
        self,
        profile: Profile,
        source: str,
        net: TextReader,
        memory: Memory,
        redrawer: Redrawer | None,
        *,
        fast: TextReader | None = None,
    ) -> None:
        self._fast = fast or net
        self._profile = profile
        self._source = source
        self._net = net
        self._memory = memory
        self._redrawer = redrawer
        self._provers: dict[tuple[float, bool], PixelProver] = {}

    def read(self, shot: PageShot, progress: Progress | None = None) -> Grid:
        """Raises LayoutChanged if the headings are not as in the profile, UnreadableImage if there is no table,
        ReadError if the engine fails."""
        help_given = bool(shot.cells)
        grid = grid_of_page(shot) if help_given else self._with_headings(find_grid(shot), shot)
        if not grid.headings:
            raise UnreadableImage(
                f"page {shot.number}: no headings were found in the picture",
                hint="Look at the annotated screenshot of `bridge check`; is list.where.at the list?",
                page=shot.number,
            )
        salt = f"{'page' if help_given else 'pixels'}@{shot.scale:g}"
        headings = self._headings(shot, grid, salt)
        columns = match_columns([h.text for h in headings], self._profile, page=shot.number)
        rows = self._rows(shot, grid, columns, salt)
        wanted = [c for row in rows for c in row if c is not None and c.column is not None]
        self._prove(shot, wanted)
        self._look_closer(shot, rows)
        self._learn(c for row in rows for c in row if c is not None)
        if progress:
            progress("read", len(rows), len(rows))
        return Grid(
            page=shot.number,
            shot=shot.sha256,
            columns=tuple(c.field if c is not None else None for c in columns),
            headings=headings,
            rows=self._grid_rows(shot, rows),
            total_count=self._total(shot, grid),
        )

    def _with_headings(self, grid: RawGrid, shot: PageShot) -> RawGrid:
        """Tells the heading row from the others: of the first rows the one that shows most known headings."""
        known = known_headings(self._profile)
        best, hits = 0, 0
        for i, row in enumerate(grid.rows[:HEADINGS_WITHIN]):
            cells = [cell_picture(shot.image, c.rect, shot.scale) for c in row if c is not None]
            inked = [c for c in cells if not c.blank]
            texts = self._fast.read_lines([for_the_net(c, shot.scale) for c in inked])
            found = sum(heading_key(p.text) in known for p in texts)
            if found > hits:
                best, hits = i, found
        if not hits:
            return grid
        return replace(grid, headings=(grid.rows[best],), rows=grid.rows[best + 1 :])

    # --- structure ----------------------------------------------------------------------------------------------

    def _headings(self, shot: PageShot, grid: RawGrid, salt: str) -> tuple[Reading, ...]:
        """One reading per grid column: its heading cells from top to bottom."""
        out: list[Reading] = []
        known = known_headings(self._profile)
        cells = [
            [self._cell(shot, row[i], None, i, salt + "/heading") for row in grid.headings]
            for i in range(grid.columns)
        ]
        flat = [c for group in cells for c in group if c is not None]
        for c in flat:
            c.heading = True
        self._prove(shot, flat)
        self._learn(flat)
        for group in cells:
            found = [c.reading for c in group if c is not None and c.reading is not None]
            texts = [r.text for r in found if r.text]
            # Of stacked headings either the whole or the lowest one is the column's own.
            whole = "".join(texts)
            text = texts[-1] if len(texts) > 1 and heading_key(whole) not in known else whole
            base = found[-1] if found else _nothing(shot, (0, 0, 0, 0))
            out.append(replace(base, text=text, proven=all(r.proven for r in found)))
        return tuple(out)

    def _rows(
        self, shot: PageShot, grid: RawGrid, columns: Sequence[Column | None], salt: str
    ) -> list[list[_Cell | None]]:
        rows = []
        for row in grid.rows:
            cells = [
                self._cell(shot, raw, _wanted(columns[i] if i < len(columns) else None), i, salt)
                for i, raw in enumerate(row)
            ]
            if any(c is not None for c in cells):
                rows.append(cells)
        return rows

    @staticmethod
    def _cell(shot: PageShot, raw: RawCell | None, column: Column | None, index: int, salt: str) -> _Cell | None:
        if raw is None:
            return None
        picture = cell_picture(shot.image, raw.rect, shot.scale, salt=salt)
        return _Cell(raw, picture, column, index)

    def _look_closer(self, shot: PageShot, rows: list[list[_Cell | None]]) -> None:
        """A row without its key, or with cells spanned, may be a total: then all its cells are read."""
        keys = set(self._profile.key)
        rest = [
            c
            for row in rows
            if any(c is None for c in row)
            or any(
                c is not None
                and c.column is not None
                and c.column.field in keys
                and c.reading
                and not c.reading.text
                for c in row
            )
            for c in row
            if c is not None and c.reading is None
        ]
        self._prove(shot, rest)

    def _grid_rows(self, shot: PageShot, rows: list[list[_Cell | None]]) -> tuple[GridRow, ...]:
        out = []
        number = 0
        top = (shot.body.y if shot.body else 0.0) - shot.y_offset
        for row in rows:
            readings = tuple(
                replace(
                    c.reading if c is not None and c.reading is not None else _unread(shot, c),
                    page=shot.number,
                    row=number,
                )
                for c in row
            )
            y = min(c.raw.rect[1] for c in row if c is not None) / shot.scale
            kind = self._kind(row)
            out.append(GridRow(kind=kind, cells=readings, y_offset=y - top))
            number += kind is RowKind.DATA
        return tuple(out)

    def _kind(self, row: list[_Cell | None]) -> RowKind:
        texts = [c.reading.text for c in row if c is not None and c.reading is not None]
        rules = self._profile.order_list.not_orders
        if any(re.search(rule.text, t) for rule in rules for t in texts if t):
            return RowKind.OTHER
        if (total := self._profile.order_list.total_row) is not None:
            first_sum = min(
                (c.index for c in row if c is not None and c.column is not None and c.column.field in total.sums),
                default=-1,
            )
            before = [c for c in row if c is not None and c.index < first_sum]
            if before and all(c.picture.blank for c in before):
                return RowKind.OTHER
        return RowKind.DATA

    # --- proof --------------------------------------------------------------------------------------------------

    def _prove(self, shot: PageShot, cells: Sequence[_Cell]) -> None:
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
            self._propose(shot, blind, self._fast)
            self._by_pixels(shot, blind, repair=False)
            rest = [c for c in rest if c.reading is None]
        self._propose(shot, rest, self._net)
        self._by_page_style(shot, [c for c in rest if c.raw.page is not None])
        self._by_pixels(shot, [c for c in rest if c.raw.page is None], repair=True)
        for c in rest:
            if c.reading is None:
                c.reading = self._undecided(shot, c)

    def _blank(self, shot: PageShot, c: _Cell) -> Reading:
        claimed = c.claim.text if c.claim else ""
        # Text that the page hides says nothing; text that ought to be seen and is not, is a riddle.
        riddle = bool(claimed) and c.claim is not None and bool(c.claim.fragments)
        return _reading(
            shot,
            c,
            "",
            (Witness.BLANK,) if not riddle else (),
            doubts=(Doubt.PAGE_TEXT_DIFFERS,) if riddle else (),
            confidence=1.0,
        )

    def _remember(self, shot: PageShot, cells: Sequence[_Cell]) -> None:
        if not cells:
            return
        known = self._memory.lookup(self._source, list({c.picture.key for c in cells}))
        for c in cells:
            proof = known.get(c.picture.key)
            if proof is None or _is_cut(c):
                continue
            if (
                c.claim is not None
                and c.claim.text
                and c.claim.text != proof.text
                and Witness.PERSON not in proof.witnesses
            ):
                continue  # the page says otherwise now: it is proven anew, and memory finds the contradiction
            c.reading = _reading(shot, c, proof.text, (Witness.MEMORY, *proof.witnesses))

    def _by_page_text(self, shot: PageShot, cells: Sequence[_Cell]) -> None:
        if self._redrawer is None:
            return
        claims = [c for c in cells if c.claim is not None and c.claim.text]
        # Equal pictures with equal text are one question.
        groups: dict[tuple[str, str], list[_Cell]] = {}
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
    def _from_page(shot: PageShot, c: _Cell, claim: PageText) -> Reading:
        witnesses: tuple[Witness, ...] = (Witness.PAGE_TEXT, Witness.REDRAW)
        if not claim.cut:
            return _reading(shot, c, claim.text, witnesses)
        rule = c.column.cut.whole_from if c.column is not None else "page_text"
        whole = visible(c.raw.page.whole_text) if c.raw.page is not None and c.raw.page.whole_text else None
        if rule == "title" and whole is not None and whole == claim.text:
            return _reading(shot, c, whole, (*witnesses, Witness.TOOLTIP))
        if rule == "page_text":
            return _reading(shot, c, claim.text, witnesses)
        doubt = Doubt.PAGE_TEXT_DIFFERS if rule == "title" and whole is not None else Doubt.CUT
        return _reading(shot, c, claim.text, witnesses, doubts=(doubt,))

    def _propose(self, shot: PageShot, cells: Sequence[_Cell], net: TextReader) -> None:
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

    def _by_page_style(self, shot: PageShot, cells: Sequence[_Cell]) -> None:
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
                c.reading = _reading(
                    shot,
                    c,
                    visible(c.proposal.text),
                    (Witness.NET, Witness.REDRAW),
                    doubts=(Doubt.PAGE_TEXT_DIFFERS,),
                )

    def _by_pixels(self, shot: PageShot, cells: Sequence[_Cell], *, repair: bool) -> None:
        """The net's proposals, drawn back line by line."""
        if self._redrawer is None or shot.drawn_by is DrawnBy.FOREIGN or not cells:
            return
        canvas = shot.drawn_by is DrawnBy.CANVAS
        prover = self._provers.setdefault(
            (shot.scale, canvas), PixelProver(self._redrawer, shot.scale, canvas=canvas)
        )
        firsts = {c.picture.key: c for c in reversed(cells)}
        lines: list[Line] = []
        owner: list[str] = []
        for key, c in firsts.items():
            for rows, proposal in zip(self._line_rows[key], self._line_proposals.get(key, []), strict=True):
                part = c.picture.image[rows[0] : rows[1]]
                image = ink_of(part, c.picture.colour).image
                lines.append(
                    Line(Ink(image, c.picture.colour, text_colour(image, c.picture.colour)), proposal, c.group)
                )
                owner.append(key)
        by_key: dict[str, list[LineProof]] = {}
        for key, proof in zip(owner, prover.prove(lines, repair=repair), strict=True):
            by_key.setdefault(key, []).append(proof)
        for c in cells:
            self._settle(shot, c, by_key.get(c.picture.key, []))

    def _settle(self, shot: PageShot, c: _Cell, proofs: Sequence[LineProof]) -> None:
        if not proofs:
            return
        guess = joined([p.text or p.guess for p in proofs])
        if any(p.text is None for p in proofs):
            if c.proposal is not None and guess:
                c.proposal = replace(c.proposal, text=guess)
            return
        doubts: list[Doubt] = []
        claim = c.claim
        if claim is not None and claim.text and claim.text != guess and _twin_of(claim.text, guess, proofs):
            guess = claim.text  # the same picture, and the page says which of the two it is
        elif not (claim is not None and claim.text == guess) and any(
            _legal(c.column, guess, i, t) for p in proofs for i, t in p.twins
        ):
            doubts.append(Doubt.LOOKALIKE)
        if c.raw.page is None and _touches_edge(c, shot.scale):
            doubts.append(Doubt.CUT)
        if _is_cut(c):
            doubts.append(Doubt.CUT)
        if claim is not None and claim.text and claim.text != guess:
            doubts.append(Doubt.PAGE_TEXT_DIFFERS)
        if len(proofs) > 1 and not _join_is_certain(proofs):
            doubts.append(Doubt.LOOKALIKE)
        c.reading = _reading(shot, c, guess, (Witness.NET, Witness.REDRAW), doubts=tuple(dict.fromkeys(doubts)))

    def _undecided(self, shot: PageShot, c: _Cell) -> Reading:
        proposal = c.proposal or Proposal(text="", confidence=0.0)
        text = visible(proposal.text)
        claim = c.claim.text if c.claim is not None else ""
        alternatives = tuple(dict.fromkeys(t for t in (claim, text) if t))
        if (
            claim
            and claim == text
            and proposal.confidence >= AGREE
            and not _is_cut(c)
            and _distinct(c.column, text)
        ):
            return _reading(shot, c, text, (Witness.NET, Witness.PAGE_TEXT), confidence=proposal.confidence)
        doubt = Doubt.NO_TEXT if not text and not claim else Doubt.UNPROVEN
        doubts = [doubt]
        if claim and text and claim != text:
            doubts.append(Doubt.PAGE_TEXT_DIFFERS)
        if _is_cut(c):
            doubts.append(Doubt.CUT)
        best = claim if claim else text
        return _reading(
            shot, c, best, (Witness.PAGE_TEXT,) if claim else (Witness.NET,) if text else (),
            doubts=tuple(doubts), confidence=proposal.confidence, alternatives=alternatives,
        )  # fmt: skip

    # --- memory and totals --------------------------------------------------------------------------------------

    def _learn(self, cells: Iterable[_Cell]) -> None:
        proofs = {
            c.picture.key: ProvenPicture(
                source=self._source, picture=c.picture.key, text=c.reading.text, witnesses=c.reading.witnesses
            )
            for c in cells
            if c.reading is not None
            and c.reading.proven
            and c.reading.text
            and not _is_cut(c)
            and Witness.MEMORY not in c.reading.witnesses
        }
        if proofs:
            self._memory.learn(list(proofs.values()))

    def _total(self, shot: PageShot, grid: RawGrid) -> Reading | None:
        """The text around the list's count: from its own place, or from below the rows."""
        rule = self._profile.order_list.total
        if rule is None:
            return None
        if shot.total_image is not None:
            h, w = shot.total_image.shape[:2]
            pictures = [cell_picture(shot.total_image, (0, 0, w, h), shot.scale, salt="total")]
        else:
            pictures = [cell_picture(shot.image, c.rect, shot.scale, salt="total") for c in grid.below]
        found = [self._count(shot, p, rule) for p in pictures if not p.blank]
        return next((r for r in found if re.search(rule.pattern, r.text)), found[0] if found else None)

    def _count(self, shot: PageShot, picture: CellPicture, rule: TotalCount) -> Reading:
        known = self._memory.lookup(self._source, [picture.key]).get(picture.key)
        if known is not None:
            text, confidence = known.text, 1.0
        else:
            rows = split_lines(picture, shot.scale)
            lines = self._net.read_lines([for_the_net(picture, shot.scale, r) for r in rows])
            text = " ".join(p.text for p in lines)
            confidence = min((p.confidence for p in lines), default=0.0)
        seen, claimed = re.search(rule.pattern, text), re.search(rule.pattern, shot.total_text or "")
        agree = bool(seen and claimed and seen.group(1) == claimed.group(1))
        # A count read wrong can only hold a run back, never let one through: rows must match it.
        proven = agree or bool(seen and shot.total_text is None and confidence >= AGREE)
        best = shot.total_text if shot.total_text and claimed else text
        if agree and known is None:
            self._memory.learn(
                [ProvenPicture(source=self._source, picture=picture.key, text=text, witnesses=(Witness.NET,))]
            )
        return Reading(
            text=best,
            proven=proven,
            confidence=confidence,
            witnesses=(Witness.NET, Witness.PAGE_TEXT) if agree else (Witness.NET,),
            doubts=() if proven else (Doubt.UNPROVEN,),
            box=_rect_box(picture.rect),
            shot=shot.sha256,
            picture=picture.key,
            page=shot.number,
        )


def _wanted(column: Column | None) -> Column | None:
    return None if column is None or column.type is ColumnType.IGNORE else column


def _is_cut(c: _Cell) -> bool:
    return c.raw.page is not None and c.raw.page.clip is not None


def _touches_edge(c: _Cell, scale: float) -> bool:
    """Pixels alone: does the text fill its cell to the end, so that more of it may be hidden?  Text that is set to
    the right stands at the end anyway; it is hidden only if it fills the cell from its start."""
    if c.column is not None and not c.column.cut.may_be:
        return False
    left, right = c.picture.ink_x[0], c.picture.image.shape[1] - c.picture.ink_x[1]
    marked = c.proposal is not None and c.proposal.text.endswith(("…", "...", "⋯"))
    return marked or (right < 2 * scale and left < 8 * scale)


def _legal(column: Column | None, text: str, at: int, twins: str) -> bool:
    """Could one of the twins stand there too, by the column's type, alphabet and pattern?  A veto settles it."""
    if column is None:
        return True
    for twin in twins:
        other = text[:at] + twin + text[at + 1 :]
        if column.type in (ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.MONEY, ColumnType.DATE) and not (
            twin.isdigit() and twin.isascii()
        ):
            continue
        if column.alphabet is not None and twin not in column.alphabet:
            continue
        if column.pattern is not None and not re.fullmatch(column.pattern, other):
            continue
        return True
    return False


def _twin_of(claim: str, guess: str, proofs: Sequence[LineProof]) -> bool:
    """Do claim and guess differ only where the font draws both alike?"""
    if len(proofs) != 1 or len(claim) != len(guess):
        return False
    twins = dict(proofs[0].twins)
    return all(a == b or a in twins.get(i, "") for i, (a, b) in enumerate(zip(claim, guess, strict=True)))


def _join_is_certain(proofs: Sequence[LineProof]) -> bool:
    """Lines end in Chinese on one side of each break: then no space can hide there by the rules of writing."""
    texts = [p.text or "" for p in proofs]
    return all(a and b and (ord(a[-1]) > 0x2E7F or ord(b[0]) > 0x2E7F) for a, b in pairwise(texts))


def _distinct(column: Column | None, text: str) -> bool:
    """May net and page text agree without drawing back?  Not where both could be fooled by one look-alike."""
    numbers = (ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.MONEY, ColumnType.DATE)
    return (column is not None and column.type in numbers) or not has_lookalikes(text)


def _joined_proposal(lines: Sequence[Proposal]) -> Proposal | None:
    if not lines:
        return None
    return Proposal(text=joined([p.text for p in lines]), confidence=min(p.confidence for p in lines))


def _rect_box(rect: tuple[int, int, int, int]) -> Box:
    x0, y0, x1, y1 = rect
    return Box(x=x0, y=y0, w=x1 - x0, h=y1 - y0)


def _reading(
    shot: PageShot,
    c: _Cell,
    text: str,
    witnesses: tuple[Witness, ...],
    *,
    doubts: tuple[Doubt, ...] = (),
    confidence: float | None = None,
    alternatives: tuple[str, ...] = (),
) -> Reading:
    proven = not doubts and bool(witnesses)
    return Reading(
        text=text,
        proven=proven,
        confidence=(1.0 if proven else 0.5) if confidence is None else confidence,
        witnesses=witnesses,
        doubts=doubts,
        alternatives=alternatives,
        box=_rect_box(c.picture.rect),
        shot=shot.sha256,
        picture=c.picture.key,
        page=shot.number,
    )


def _nothing(shot: PageShot, rect: tuple[int, int, int, int]) -> Reading:
    return Reading(
        text="", proven=False, confidence=0.0, witnesses=(), doubts=(Doubt.NO_TEXT,), box=_rect_box(rect),
        shot=shot.sha256, page=shot.number,
    )  # fmt: skip


def _unread(shot: PageShot, c: _Cell | None) -> Reading:
    """A cell that nobody wants, or that its row does not have."""
    return _nothing(shot, c.picture.rect if c is not None else (0, 0, 0, 0))
