"""A cell on its way from the picture to a reading."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.interfaces import Proposal
from bridge.ocr.layout import RawCell
from bridge.ocr.page_proof import PageText
from bridge.ocr.pictures import CellPicture, Rect
from bridge.profiles import Column, ColumnType
from bridge.records import Box, Doubt, PageShot, Reading, Witness


@dataclass(slots=True)
class Cell:
    """One cell on its way to a reading.  torn: all of its text comes out, drawn back, but its end."""

    raw: RawCell
    picture: CellPicture
    column: Column | None
    index: int  # grid column
    heading: bool = False
    claim: PageText | None = None
    proposal: Proposal | None = None
    reading: Reading | None = None
    torn: bool = False

    @property
    def cut(self) -> bool:
        """The page says that this cell hides a part of its text."""
        return self.raw.page is not None and self.raw.page.clip is not None

    @property
    def group(self) -> int:
        """Cells that share font and start: a column's headings, a column's rows."""
        return 2 * self.index + self.heading


def wanted(column: Column | None) -> Column | None:
    """None for columns that nobody wants read."""
    return None if column is None or column.type is ColumnType.IGNORE else column


def rect_box(rect: Rect) -> Box:
    x0, y0, x1, y1 = rect
    return Box(x=x0, y=y0, w=x1 - x0, h=y1 - y0)


def reading_of(
    shot: PageShot,
    c: Cell,
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
        box=rect_box(c.picture.rect),
        shot=shot.sha256,
        picture=c.picture.key,
        page=shot.number,
    )


def nothing(shot: PageShot, rect: Rect) -> Reading:
    return Reading(
        text="", proven=False, confidence=0.0, witnesses=(), doubts=(Doubt.NO_TEXT,), box=rect_box(rect),
        shot=shot.sha256, page=shot.number,
    )  # fmt: skip


def unread(shot: PageShot, c: Cell | None) -> Reading:
    """A cell that nobody wants, or that its row does not have."""
    return nothing(shot, c.picture.rect if c is not None else (0, 0, 0, 0))
