"""Rows and pages met before are not read again.

A reading depends on the pixels, on what the page says of its cells, on the profile and on this reader; where
all of them are the same, so is the reading.  The key is a hash of them: a row's is free of where the row stands,
so that it is met again when the list has moved on.  Doubt is remembered, too; the memory says when to try anew.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from blake3 import blake3

from bridge.memories import PAGE, KeptRead, ReadMemory
from bridge.ocr.layout import RawCell
from bridge.profiles import Column, Profile
from bridge.records import (
    Box,
    Doubt,
    DrawnBy,
    Grid,
    GridRow,
    Image,
    PageCell,
    PageShot,
    Reading,
    RowKind,
    TextStyle,
    Witness,
)

RawRow = Sequence[RawCell | None]
PROFILE_PARTS = {"key", "columns", "order_list", "mappings", "checks"}


@dataclass(slots=True)
class ReadRow:
    """A row that was met before, as it is kept: where it stands is not in it."""

    kind: RowKind
    sure: bool
    _cells: list[list[Any]]

    def at(self, shot: PageShot, top: int, number: int, y_offset: float) -> GridRow:
        """top: of the row, pixels of the shot."""
        cells = tuple(_reading(c, shot, top, number) for c in self._cells)
        return GridRow(kind=self.kind, cells=cells, y_offset=y_offset)


@dataclass(slots=True)
class _Session:
    """Of one page: what was asked for, and what is to be kept."""

    key: str = ""
    epoch: str = ""
    used: list[str] = field(default_factory=list)
    fresh: list[KeptRead] = field(default_factory=list)


class Recall:
    """Of one source and profile.  reads: None remembers nothing.  nets: their names; what others read is not
    recalled."""

    def __init__(self, source: str, profile: Profile, reads: ReadMemory | None, nets: str = "") -> None:
        self._source = source
        self._reads = reads
        rules = profile.model_dump_json(include=PROFILE_PARTS, by_alias=False)
        self._rules = f"{THIS_READER}|{nets}|{rules}"
        self._page = _Session()
        # Of the run's first page: what the run learned then may rest on what was believed then.
        self._epoch: str | None = None
        self._learned: int | None = None

    def page(self, shot: PageShot) -> Grid | None:
        """The whole page, if it was met before.  Begins a page; ``done`` ends it."""
        if self._reads is None:
            return None
        key = self._page_key(shot)
        found = self._reads.recall(self._source, [key], self._known_when_begun)
        self._page = _Session(key, found.epoch)
        if self._epoch is None:
            self._epoch = found.epoch
        body = found.bodies.get(key)
        if body is None:
            self._known_when_begun()  # before this page teaches anything
            return None
        if found.aged:
            self._reads.keep_reads(self._source, found.epoch, (), found.aged)
        return _grid(_unpacked(body), shot)

    def rows(
        self, shot: PageShot, rows: Sequence[RawRow], columns: Sequence[Column | None], salt: str
    ) -> list[tuple[str, ReadRow | None]]:
        """Each row's key, and the row if it was met before.

        Not where glyphs are read: what they are, and where spaces stand, is judged by all rows of a page
        together."""
        if shot.drawn_by is DrawnBy.FOREIGN:
            return [("", None) for _ in rows]
        fields = [(c.field, c.type) if c is not None else None for c in columns]
        return self._known(self._keys(shot, rows, f"{salt}|{fields!r}"))

    def heading_rows(self, shot: PageShot, rows: Sequence[RawRow], salt: str) -> list[bool]:
        """Which of them have been a list's only heading row before."""
        return [known is not None for _, known in self._known(self._keys(shot, rows, f"{salt}/heading"))]

    def headings(
        self, shot: PageShot, rows: Sequence[RawRow], salt: str
    ) -> tuple[str, tuple[Reading, ...] | None]:
        """The key of a list's heading rows, and what they said together if they were met before."""
        keys = self._keys(shot, rows, f"{salt}/heading")
        key = keys[0] if len(keys) == 1 else "+".join(k[:16] for k in keys)
        ((key, known),) = self._known([key])
        return key, known.at(shot, row_top(rows[0]), 0, 0.0).cells if known is not None else None

    def _keys(self, shot: PageShot, rows: Sequence[RawRow], what: str) -> list[str]:
        ground = f"{self._rules}|{what}|{shot.drawn_by}"
        return [_row_key(shot, row, ground) if self._reads is not None else "" for row in rows]

    def _known(self, keys: Sequence[str]) -> list[tuple[str, ReadRow | None]]:
        if self._reads is None:
            return [(k, None) for k in keys]
        found = self._reads.recall(self._source, keys, self._known_when_begun)
        if found.epoch != self._page.epoch:
            return [(k, None) for k in keys]
        self._page.used += found.aged
        return [(k, _row(found.bodies[k]) if k in found.bodies else None) for k in keys]

    def _kept(self, key: str, body: Any, *, sure: bool) -> KeptRead:
        return KeptRead(key=key, body=_packed(body), sure=sure, learned=self._known_when_begun())

    def _known_when_begun(self) -> int:
        """``ReadMemory.learned`` before this run taught anything.  Counting takes its time: a run that meets
        nothing new does without."""
        if self._learned is None:
            assert self._reads is not None
            self._learned = self._reads.learned(self._source)
        return self._learned

    def keep_row(self, key: str, kind: RowKind, cells: Sequence[Reading], top: int, *, sure: bool) -> None:
        """top: as of ``ReadRow.at``.  sure: of what anybody wants of it nothing is to be looked at again."""
        if self._reads is not None and key:
            body = {"kind": kind.value, "sure": sure, "cells": [_listed(c, top) for c in cells]}
            self._page.fresh.append(self._kept(key, body, sure=sure))

    def done(self, shot: PageShot, grid: Grid, *, sure: bool) -> None:
        """Keeps the page and its rows."""
        if self._reads is None:
            return
        body = {
            "columns": grid.columns,
            "headings": [_listed(h, 0) for h in grid.headings],
            "rows": [
                {
                    "kind": r.kind.value,
                    "number": r.cells[0].row if r.cells else 0,
                    "y": r.y_offset,
                    "cells": [_listed(c, 0) for c in r.cells],
                }
                for r in grid.rows
            ],
            "count": _listed(grid.total_count, 0) if grid.total_count is not None else None,
        }
        page = self._kept(self._page.key, body, sure=sure)
        self._reads.keep_reads(self._source, self._epoch or "", [*self._page.fresh, page], self._page.used)

    def _page_key(self, shot: PageShot) -> str:
        made = _Name(f"{PAGE}{self._rules}")
        rest = (
            shot.scale,
            shot.drawn_by,
            shot.header_rows,
            shot.total_text,
            shot.y_offset,
            shot.body,
            shot.at_end,
        )
        made.say(repr(rest))
        for image in (shot.image, shot.total_image):
            if image is not None:
                made.show(image)
        said = _Said(0.0)
        for c in shot.cells:
            said.cell(c, c.row)
        made.told(said)
        return PAGE + made.hexdigest()


class _Name:
    """What a picture with its circumstances is remembered by: the same only for the same.

    BLAKE3 (O'Connor, Aumasson, Neves, Wilcox-O'Hearn: BLAKE3, 2020) by all cores: as hard to deceive as SHA-256,
    and an unchanged page costs hardly more than this.
    """

    def __init__(self, what: str) -> None:
        self._made = blake3(max_threads=blake3.AUTO)
        self.say(what)

    def say(self, text: str) -> None:
        self._add(text.encode(errors="surrogatepass"))

    def show(self, image: Image) -> None:
        """H × W × 3."""
        self.say(repr(image.shape))
        self._add(np.ascontiguousarray(image).reshape(-1).data)

    def told(self, said: _Said) -> None:
        self.say(json.dumps(said.words))
        numbers = np.round(np.array(said.numbers, np.float64), 4) + 0.0  # there is no -0.0 then
        self._add(numbers.view(np.uint8).data)

    def _add(self, data: bytes | memoryview) -> None:
        """Its length first, so that no two lists of parts run into the same bytes."""
        self._made.update(b"%d|" % len(data))
        self._made.update(data)

    def hexdigest(self) -> str:
        return self._made.hexdigest(length=16)


def _this_reader() -> str:
    made = hashlib.blake2b(digest_size=16)
    package = Path(__file__).parent.parent
    for file in sorted([*package.glob("ocr/*.py"), *package.glob("parse/*.py"), package / "erp" / "redraw.py"]):
        made.update(file.read_bytes())
    return made.hexdigest()


THIS_READER = _this_reader()
"""A reader that was changed reads anew: the hash of its source, as it was when this program started."""


def row_top(row: Iterable[RawCell | None]) -> int:
    """Pixels of the shot."""
    return min(c.rect[1] for c in row if c is not None)


def _row_key(shot: PageShot, row: RawRow, ground: str) -> str:
    there = [(i, c) for i, c in enumerate(row) if c is not None]
    top = row_top(row)
    x0, x1 = min(c.rect[0] for _, c in there), max(c.rect[2] for _, c in there)
    bottom = max(c.rect[3] for _, c in there)
    made = _Name(f"row|{ground}|{len(row)}|{shot.scale}")
    said = _Said(top / shot.scale)
    h, w = shot.image.shape[:2]
    for i, c in there:
        a, b, d, e = c.rect
        # What stands out of the picture is cut there.
        cut = max(0, bottom - h), min(0, top)
        said.numbers += (i, a, b - top, d, e - top, c.strayed, w, *cut, c.page is not None)
        if c.page is not None:
            said.cell(c.page, 0)
    made.told(said)
    made.show(shot.image[max(0, top) : max(0, bottom), max(0, x0) : max(0, x1)])
    return made.hexdigest()


class _Said:
    """Of what a page says of its cells everything that a reading may depend on, in order: which numbers follow
    is told by those before, so that two lists of cells are never told alike.

    top: css pixels; heights are from there.
    """

    def __init__(self, top: float) -> None:
        self._top = top
        self.numbers: list[float] = []
        self.words: list[str | None] = []

    def cell(self, c: PageCell, row: int) -> None:
        b, clip = c.box, c.clip
        self.numbers += (row, c.col, b.x, b.y - self._top, b.w, b.h, c.ellipsis, c.frozen, clip is not None)
        if clip is not None:
            self.numbers += (clip.x, clip.y - self._top, clip.w, clip.h)
        self.words += (c.kind, repr(c.background), c.whole_text)
        self.numbers.append(len(c.fragments))
        for f in c.fragments:
            b = f.box
            self.numbers += (b.x, b.y - self._top, b.w, b.h)
            self.words += (f.text, _style(f.style))


@lru_cache(256)
def _style(style: TextStyle) -> str:
    return repr(style)


# --- as it is kept -------------------------------------------------------------------------------------------


def _packed(body: Any) -> bytes:
    return zlib.compress(
        json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass"), 1
    )


def _unpacked(body: bytes) -> Any:
    return json.loads(zlib.decompress(body).decode("utf-8", "surrogatepass"))


def _listed(r: Reading, top: int) -> list[Any]:
    b = r.box
    nowhere = not (b.x or b.y or b.w or b.h)
    return [
        r.text,
        r.proven,
        r.confidence,
        list(r.witnesses),
        list(r.doubts),
        list(r.alternatives),
        None if nowhere else [b.x, b.y - top, b.w, b.h],
        r.picture,
    ]


_WITNESSES = {w.value: w for w in Witness}
_DOUBTS = {d.value: d for d in Doubt}
_NOWHERE = Box(x=0, y=0, w=0, h=0)


def _reading(kept: list[Any], shot: PageShot, top: int, row: int) -> Reading:
    text, proven, confidence, witnesses, doubts, alternatives, box, picture = kept
    by = tuple([_WITNESSES[w] for w in witnesses])
    if proven and text and Witness.MEMORY not in by:
        by = (Witness.MEMORY, *by)
    return Reading(
        text=text,
        proven=proven,
        confidence=confidence,
        witnesses=by,
        doubts=tuple([_DOUBTS[d] for d in doubts]),
        alternatives=tuple(alternatives),
        box=Box(x=box[0], y=box[1] + top, w=box[2], h=box[3]) if box is not None else _NOWHERE,
        shot=shot.sha256,
        picture=picture,
        page=shot.number,
        row=row,
    )


def _row(body: bytes) -> ReadRow:
    kept = _unpacked(body)
    return ReadRow(RowKind(kept["kind"]), kept["sure"], kept["cells"])


def _grid(kept: dict[str, Any], shot: PageShot) -> Grid:
    def cells(listed: list[list[Any]], row: int = 0) -> tuple[Reading, ...]:
        return tuple(_reading(c, shot, 0, row) for c in listed)

    return Grid(
        page=shot.number,
        shot=shot.sha256,
        columns=tuple(kept["columns"]),
        headings=cells(kept["headings"]),
        rows=tuple(
            GridRow(kind=RowKind(r["kind"]), cells=cells(r["cells"], r["number"]), y_offset=r["y"])
            for r in kept["rows"]
        ),
        total_count=cells([kept["count"]])[0] if kept["count"] is not None else None,
    )
