"""Columns that cut their texts off where no mark and no rule tells it.

A list may cut a text exactly between two characters: in that cell nothing tells that there is more.  In its column
something does: other texts end at the same x, and there a character is cut through, so that it comes out as no
character at all.  From then on each text that ends too near that x for one more character is doubtful.

x is device pixels from the left of the shot.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bridge.memories import KeptRead, ReadMemory
from bridge.ocr.cells import Cell
from bridge.ocr.doubts import ends_cut
from bridge.ocr.layout import RawCell
from bridge.ocr.lines import split_lines
from bridge.ocr.pictures import CellPicture, cell_picture
from bridge.profiles import ColumnType
from bridge.records import Doubt, DrawnBy, PageShot, Reading, Witness

FORMAT = 1
ROOM = 1.4
"""Heights of a line's ink that may be blank before the next character: a space as wide as one, and more beside."""
NEAR = 1
"""css pixels by which texts cut at the same x may end apart: the last column of a blended one may not count as
ink, and a character may be cut where it has none."""

RawRow = Sequence[RawCell | None]


@dataclass(slots=True)
class _Column:
    """edges: where its texts are cut off.  passed: where a text went on behind, so it is none.  torn: where texts
    end whose last character comes out as none, with the pictures of two of them."""

    edges: set[int] = field(default_factory=set)
    passed: set[int] = field(default_factory=set)
    torn: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))


class CutColumns:
    """Of one source, from run to run.  reads: None keeps nothing.

    What is known only ever adds doubt, so it outlives what else is taken back."""

    def __init__(self, source: str, reads: ReadMemory | None) -> None:
        self._source = source
        self._reads = reads
        self._key = f"cuts|{FORMAT}"
        self._columns: dict[str, _Column] = defaultdict(_Column)
        body = reads.recall(source, [self._key]).bodies.get(self._key) if reads is not None else None
        for name, (edges, passed) in json.loads(body).items() if body is not None else ():
            self._columns[name] = _Column(set(edges), set(passed))
        self.known = self.said
        """As they were when this run began: what others read before is judged anew."""

    @property
    def said(self) -> str:
        kept = {n: (sorted(c.edges), sorted(c.passed)) for n, c in sorted(self._columns.items())}
        return json.dumps({n: c for n, c in kept.items() if any(c)})

    def judge(self, shot: PageShot, cells: Sequence[Cell], rows: Sequence[RawRow]) -> None:
        """Makes the cells doubtful that may hide something.  cells: those read now; rows: all of the page."""
        before = self.said
        columns: dict[int, list[Cell]] = {}
        alone = {id(row[i]) for row in rows for i in range(len(row)) if _in_one_column(row, i)}
        for c in cells:
            if _may_be_cut(c) and id(c.raw) in alone:
                columns.setdefault(c.index, []).append(c)
        for index, group in columns.items():
            self._judge_column(shot, index, group, rows)
        if self._reads is not None and self.said != before:
            kept = KeptRead(key=self._key, body=self.said.encode(), sure=True, lasting=True)
            self._reads.keep_reads(self._source, "", [kept], ())

    def _judge_column(self, shot: PageShot, index: int, cells: Sequence[Cell], rows: Sequence[RawRow]) -> None:
        lines = [(c, split_lines(c.picture, shot.scale)) for c in cells]
        single = [c for c, found in lines if len(found) == 1]  # others end where they are wrapped
        if not single:
            return
        room = ROOM * max(y1 - y0 for _, found in lines if len(found) == 1 for y0, y1 in found)
        column = self._columns[f"{shot.scale:g}|{shot.drawn_by}|{index}"]
        torn = [c for c in single if _torn(c, shot) and _fills(c, room)]
        if torn:
            farthest = _farthest(shot, index, rows)
            last = [c for c in single if _end(c) + room >= farthest]
            marked = any(c.reading is not None and ends_cut(c.reading.text) for c in last)
            if not marked:
                for c in torn:
                    if _end(c) + room >= farthest:
                        self._saw(column, c, shot)
        proven = max((_end(c) for c in single if c.reading is not None and c.reading.proven), default=0)
        gone = {x for x in column.edges if x + room < proven}
        column.edges -= gone
        column.passed |= gone
        for c in single:
            if c.reading is not None and any(_end(c) > x - room for x in column.edges):
                c.reading = _doubtful(c.reading)

    @staticmethod
    def _saw(column: _Column, c: Cell, shot: PageShot) -> None:
        """Free texts are cut often, and one that is cut through tells it, if the rest of it came out.  Of codes
        and figures, which are often of one length, and of foreign pictures two must end alike."""
        near = round(NEAR * shot.scale)
        end = _end(c)
        at = next((x for x in column.torn if abs(x - end) <= near), end)
        column.torn[at].add(c.picture.key)
        text = c.column is not None and c.column.type is ColumnType.TEXT
        enough = 1 if text and shot.drawn_by is not DrawnBy.FOREIGN else 2
        known = any(abs(x - at) <= near for x in column.edges | column.passed)
        if len(column.torn[at]) >= enough and not known:
            column.edges.add(at)


def _may_be_cut(c: Cell) -> bool:
    """At its end, which no rule of the profile excludes."""
    if c.raw.page is not None or c.column is None or c.picture.blank:
        return False
    return bool(c.column.cut.may_be and c.column.align != "right")


def _in_one_column(row: RawRow, index: int) -> bool:
    """Not spanned over more: such a cell ends elsewhere."""
    return row[index] is not None and (index + 1 >= len(row) or row[index + 1] is not None)


def _torn(c: Cell, shot: PageShot) -> bool:
    """Does the text's last character come out as none?  In a foreign picture nothing is drawn back: of free texts
    it is enough there that one is not proven."""
    if c.reading is None or c.reading.proven:
        return False
    if shot.drawn_by is DrawnBy.FOREIGN:
        return c.column is not None and c.column.type is ColumnType.TEXT
    return c.torn


def _fills(c: Cell, room: float) -> bool:
    """Does it leave no room in its cell, at its start or its end?"""
    left, right = c.picture.ink_x[0], c.picture.image.shape[1] - c.picture.ink_x[1]
    return bool(max(left, right) <= room)


def _farthest(shot: PageShot, index: int, rows: Sequence[RawRow]) -> int:
    cells = (row[index] for row in rows if index < len(row) and _in_one_column(row, index))
    pictures = (cell_picture(shot.image, c.rect, shot.scale) for c in cells if c is not None)
    return max((_end_of(p) for p in pictures if not p.blank), default=0)


def _end(c: Cell) -> int:
    return _end_of(c.picture)


def _end_of(picture: CellPicture) -> int:
    return picture.rect[0] + picture.ink_x[1]


def _doubtful(reading: Reading) -> Reading:
    if Witness.PERSON in reading.witnesses or Doubt.CUT in reading.doubts:
        return reading
    confidence = 0.5 if reading.proven else reading.confidence
    return replace(reading, proven=False, confidence=confidence, doubts=(*reading.doubts, Doubt.CUT))
