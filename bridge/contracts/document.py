"""What a contract says, as it was read: lines with their places, put together to passages that read on."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from bridge.records import Box


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One line of text.  box: pixels of the page as it lies upright; confidence: its least sure character's."""

    text: str
    box: Box
    page: int  # 1-based
    confidence: float = 1.0
    by_hand: bool = False  # something in it does not look printed


@dataclass(frozen=True, kw_only=True)
class Passage:
    """Text that reads on: a column's running text, or one cell of a table.

    breaks[i]: what stands between line i and the next: "" (the words go on), " " or "\\n" (a new paragraph).
    left, above: texts of the neighbouring cells, nearest first; what a form's label says of its value.
    table: number of the table that it is a cell of, None for running text; column: its place from the left.
    """

    lines: tuple[Line, ...]
    breaks: tuple[str, ...] = ()
    left: str = ""
    above: tuple[str, ...] = ()
    table: int | None = None
    column: int = 0

    @cached_property
    def text(self) -> str:
        """In normal form (see ``normal``)."""
        parts = []
        for i, line in enumerate(self.lines):
            parts.append(normal(line.text))
            if i + 1 < len(self.lines):
                parts.append(self.breaks[i])
        return "".join(parts)

    @cached_property
    def _starts(self) -> tuple[int, ...]:
        starts, at = [], 0
        for i, line in enumerate(self.lines):
            starts.append(at)
            at += len(line.text) + (len(self.breaks[i]) if i < len(self.breaks) else 0)
        return tuple(starts)

    def lines_of(self, start: int, end: int) -> tuple[Line, ...]:
        """The lines that the characters [start, end) of ``text`` stand on."""
        return tuple(
            line
            for line, at in zip(self.lines, self._starts, strict=True)
            if at < max(end, start + 1) and at + len(line.text) > start
        )


@dataclass(frozen=True, kw_only=True)
class Document:
    passages: tuple[Passage, ...]
    pages: int = 1
    lines: tuple[Line, ...] = field(default=())  # all of them, in reading order


_TRADITIONAL = str.maketrans(
    "約簽訂貨發購賣買單號編內個後設圖紙確認預書時間達運齊週變補協議雙應於兩過從與終該經給續緊準則條項數產長開關門問報價廠車載東務據區",
    "约签订货发购卖买单号编内个后设图纸确认预书时间达运齐周变补协议双应于两过从与终该经给续紧准则条项数产长开关门问报价厂车载东务据区",
)
"""The characters of delivery clauses: contracts from Taiwan and Hong Kong, and nets that read 签约 as 签約."""


def normal(text: str) -> str:
    """Full-width forms made half-width and traditional ones simplified, character by character: no index into the
    text moves."""
    return "".join(_normal(c) for c in text).translate(_TRADITIONAL)


def _normal(character: str) -> str:
    if character in "〇○":
        return "〇"
    if character in "—–―‐‑−－":
        return "-"
    if character in "～〜":
        return "~"
    if character in "\u3000\xa0\t【】〖〗":  # brackets around what was filled in
        return " "
    folded = unicodedata.normalize("NFKC", character)
    return folded if len(folded) == 1 else character


def plain_passage(text: str, **more: object) -> Passage:
    """A passage of one line from bare words, for text that came without a picture."""
    lines = text.split("\n")
    box = Box(x=0, y=0, w=1, h=1)
    return Passage(
        lines=tuple(Line(text=t, box=box, page=1) for t in lines),
        breaks=("\n",) * (len(lines) - 1),
        **more,  # type: ignore[arg-type]
    )


def united(boxes: Sequence[Box]) -> Box:
    """The smallest box around them; at least one."""
    x, y = min(b.x for b in boxes), min(b.y for b in boxes)
    return Box(x=x, y=y, w=max(b.x2 for b in boxes) - x, h=max(b.y2 for b in boxes) - y)
