"""Stage *read*: a shot becomes a grid of readings."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bridge.errors import UnreadableImage
from bridge.interfaces import Progress, Redrawer, TextReader
from bridge.memories import LearnedMemory, Memory, ReadMemory
from bridge.ocr.cells import Cell, nothing, unread, wanted
from bridge.ocr.count import read_count
from bridge.ocr.cut_columns import CutColumns
from bridge.ocr.glyphs import GlyphReader
from bridge.ocr.grid import find_grid
from bridge.ocr.layout import RawCell, RawGrid, grid_of_page, heading_key, known_headings, match_columns
from bridge.ocr.pictures import cell_picture, for_the_net
from bridge.ocr.proving import CellProver
from bridge.ocr.recall import ReadRow, Recall, row_top
from bridge.profiles import Column, Profile
from bridge.records import Doubt, Grid, GridRow, PageShot, Reading, RowKind

HEADINGS_WITHIN = 6
"""Rows from the top among which the headings are looked for in a picture without the page's help."""
FOR_PEOPLE = frozenset({Doubt.CUT, Doubt.LOOKALIKE})
"""Doubts that only a person settles: what a cell hides, and which of two texts that look alike it shows."""
MOST_TOLD = 0.8
"""Share of the columns whose headings make a row the heading row without a look at those below."""


@dataclass(slots=True)
class _Row:
    """A row of the picture.  top: pixels of the shot; known: what it said when it was met before."""

    key: str
    top: int
    cells: list[Cell | None]
    known: ReadRow | None
    sure: bool = True


class ScreenReader:
    """Satisfies ``interfaces.PageReader`` for one source.  Keep one for all pages of a run: what it learns of the
    list's fonts on page one serves the others.

    redrawer: None where no browser is at hand; then drawing back is no witness.  fast: a smaller net that proposes
    first where drawing back can prove.  glyphs: what is kept of single characters, for pictures that no browser of
    ours drew; None: such pictures stay unproven.  reads: whole rows and pages that were read before; None: each is
    read anew.  nets: the names of both nets; what others read is read anew.
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
        glyphs: LearnedMemory | None = None,
        reads: ReadMemory | None = None,
        nets: str = "",
    ) -> None:
        self._profile = profile
        self._source = source
        self._net = net
        self._fast = fast or net
        self._memory = memory
        by_glyphs = GlyphReader(source, profile, glyphs, self._fast, reads) if glyphs is not None else None
        self._prover = CellProver(source, net, self._fast, memory, redrawer, by_glyphs, reads)
        self._cuts = CutColumns(source, reads)
        self._recall = Recall(source, profile, reads, f"{nets}|{self._cuts.known}")

    @property
    def learned_late(self) -> bool:
        """See ``interfaces.PageReader``: a column was seen that cuts its texts."""
        return self._cuts.said != self._cuts.known

    def read(self, shot: PageShot, progress: Progress | None = None) -> Grid:
        """Raises LayoutChanged if the headings are not as in the profile, UnreadableImage if there is no table,
        ReadError if the engine fails."""
        opened = shot.opened()
        grid = self._recall.page(opened)
        if grid is None:
            grid = self._read(opened)
        if progress:
            progress("read", len(grid.rows), len(grid.rows))
        return grid

    def _read(self, shot: PageShot) -> Grid:
        help_given = bool(shot.cells)
        grid = grid_of_page(shot) if help_given else self._with_headings(find_grid(shot), shot)
        if not grid.headings:
            raise UnreadableImage(
                f"page {shot.number}: no headings were found in the picture",
                hint="Look at the annotated screenshot of `bridge check`; is list.where.at the list?",
                page=shot.number,
            )
        salt = _salt(shot)
        heading, told = self._recall.headings(shot, grid.headings, salt)
        headings = told or self._headings(shot, grid, salt)
        columns = match_columns([h.text for h in headings], self._profile, page=shot.number)
        if told is None:  # only now it is known that they are the list's
            self._recall.keep_row(heading, RowKind.HEADING, headings, row_top(grid.headings[0]), sure=True)
        rows = self._rows(shot, grid, columns, salt)
        fresh = [row.cells for row in rows if row.known is None]
        self._prover.prove(shot, [c for row in fresh for c in row if c is not None and c.column is not None])
        self._look_closer(shot, fresh)
        self._cuts.judge(shot, [c for row in fresh for c in row if c is not None], grid.rows)
        self._prover.learn(c for row in fresh for c in row if c is not None)
        read = Grid(
            page=shot.number,
            shot=shot.sha256,
            columns=tuple(c.field if c is not None else None for c in columns),
            headings=headings,
            rows=self._grid_rows(shot, rows),
            total_count=read_count(
                shot,
                grid,
                self._profile.order_list.total,
                source=self._source,
                net=self._net,
                memory=self._memory,
            ),
        )
        sure = all(row.sure for row in rows) and (read.total_count is None or read.total_count.proven)
        self._recall.done(shot, read, sure=sure)
        return read

    def _with_headings(self, grid: RawGrid, shot: PageShot) -> RawGrid:
        """Tells the heading row from the others: of the first rows the one that shows most known headings."""
        first = grid.rows[:HEADINGS_WITHIN]
        before = self._recall.heading_rows(shot, first, _salt(shot))
        best = before.index(True) if True in before else self._most_headings(shot, first)
        if best is None:
            return grid
        return replace(grid, headings=(grid.rows[best],), rows=grid.rows[best + 1 :])

    def _most_headings(self, shot: PageShot, rows: Sequence[Sequence[RawCell | None]]) -> int | None:
        known = known_headings(self._profile)
        salt = f"{_salt(shot)}/heading"
        cells = [
            [cell_picture(shot.image, c.rect, shot.scale, salt=salt) for c in row if c is not None] for row in rows
        ]
        proven = self._memory.lookup(self._source, [c.key for row in cells for c in row if not c.blank])
        told = [sum(c.key in proven and heading_key(proven[c.key].text) in known for c in row) for row in cells]
        enough = MOST_TOLD * len(self._profile.columns)
        if told and max(told) >= enough:
            return told.index(max(told))
        best, hits = None, 0
        for i, row in enumerate(cells):
            texts = self._fast.read_lines([for_the_net(c, shot.scale) for c in row if not c.blank])
            found = sum(heading_key(p.text) in known for p in texts)
            if found > hits:
                best, hits = i, found
            if hits >= enough:
                break
        return best

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
        self._prover.prove(shot, flat)
        self._prover.learn(flat)
        for group in cells:
            found = [c.reading for c in group if c is not None and c.reading is not None]
            texts = [r.text for r in found if r.text]
            # Of stacked headings either the whole or the lowest one is the column's own.
            whole = "".join(texts)
            text = texts[-1] if len(texts) > 1 and heading_key(whole) not in known else whole
            base = found[-1] if found else nothing(shot, (0, 0, 0, 0))
            out.append(replace(base, text=text, proven=all(r.proven for r in found)))
        return tuple(out)

    def _rows(self, shot: PageShot, grid: RawGrid, columns: Sequence[Column | None], salt: str) -> list[_Row]:
        there = [row for row in grid.rows if any(c is not None for c in row)]
        rows = []
        for raw, (key, known) in zip(there, self._recall.rows(shot, there, columns, salt), strict=True):
            cells = (
                []
                if known is not None
                else [
                    self._cell(shot, c, wanted(columns[i] if i < len(columns) else None), i, salt)
                    for i, c in enumerate(raw)
                ]
            )
            rows.append(_Row(key, row_top(raw), cells, known, sure=known is None or known.sure))
        return rows

    @staticmethod
    def _cell(shot: PageShot, raw: RawCell | None, column: Column | None, index: int, salt: str) -> Cell | None:
        if raw is None:
            return None
        picture = cell_picture(shot.image, raw.rect, shot.scale, salt=salt)
        return Cell(raw, picture, column, index)

    def _look_closer(self, shot: PageShot, rows: Sequence[list[Cell | None]]) -> None:
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
        self._prover.prove(shot, rest)

    def _grid_rows(self, shot: PageShot, rows: Sequence[_Row]) -> tuple[GridRow, ...]:
        out = []
        number = 0
        top = (shot.body.y if shot.body else 0.0) - shot.y_offset
        for row in rows:
            y_offset = row.top / shot.scale - top
            if row.known is not None:
                made = row.known.at(shot, row.top, number, y_offset)
            else:
                cells = tuple(replace(_placed(shot, c), page=shot.number, row=number) for c in row.cells)
                made = GridRow(kind=self._kind(row.cells), cells=cells, y_offset=y_offset)
                row.sure = all(
                    _final(r)
                    for c, r in zip(row.cells, cells, strict=True)
                    if c is not None and c.column is not None
                )
                self._recall.keep_row(row.key, made.kind, cells, row.top, sure=row.sure)
            out.append(made)
            number += made.kind is RowKind.DATA
        return tuple(out)

    def _kind(self, row: list[Cell | None]) -> RowKind:
        if _shows_headings(row):
            return RowKind.HEADING
        texts = [c.reading.text for c in row if c is not None and c.reading is not None]
        rules = self._profile.order_list.not_orders
        if any(re.search(rule.text, t) for rule in rules for t in texts if t):
            return RowKind.OTHER
        if (total := self._profile.order_list.total_row) is not None:
            first_sum = min(
                (c.index for c in row if c is not None and c.column is not None and c.column.field in total.sums),
                default=-1,
            )
            # A row with a key is an order, whatever else it lacks.
            keys = set(self._profile.key)
            before = [
                c
                for c in row
                if c is not None and (c.index < first_sum or (c.column is not None and c.column.field in keys))
            ]
            if any(c.index < first_sum for c in before) and all(c.picture.blank for c in before):
                return RowKind.OTHER
        return RowKind.DATA


def _salt(shot: PageShot) -> str:
    """Keeps apart in memory what was proven by different means."""
    return f"{'page' if shot.cells else 'pixels'}@{shot.scale:g}"


def _final(reading: Reading) -> bool:
    """Would another look at the same picture say the same, whatever was learned meanwhile?"""
    return reading.proven or (bool(reading.doubts) and set(reading.doubts) <= FOR_PEOPLE)


def _placed(shot: PageShot, c: Cell | None) -> Reading:
    """What a cell says; unproven where the page's cells leave it open which column that is said of."""
    if c is None or c.reading is None:
        return unread(shot, c)
    if not c.raw.strayed:
        return c.reading
    doubts = (*c.reading.doubts, Doubt.PAGE_TEXT_DIFFERS)
    # No confidence at all: as a key it may be any.
    return replace(c.reading, proven=False, confidence=0.0, doubts=tuple(dict.fromkeys(doubts)))


def _shows_headings(row: Sequence[Cell | None]) -> bool:
    """The headings again, in the middle of the list."""
    told = [c for c in row if c is not None and c.column is not None and c.reading is not None and c.reading.text]
    return bool(told) and all(
        heading_key(c.reading.text) in {heading_key(h) for h in (c.column.heading, *c.column.also) if h}
        for c in told
        if c.column is not None and c.reading is not None
    )
