"""Lines and ruled cells of the pages → passages that read on.  Pure geometry; sizes are in line heights."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median

from bridge.contracts.document import Document, Line, Passage, normal
from bridge.contracts.roles import is_label
from bridge.records import Box

_NUMBERED = re.compile(
    r"^\s*(?:第\s?[一二三四五六七八九十百0-9]{1,3}\s?[条章节]|[一二三四五六七八九十]{1,3}\s?[、.,]|[(][一二三四五六七八九十0-9]{1,2}[)]|"
    r"[0-9]{1,2}(?:\.[0-9]{1,2}){0,2}\s?[、.)]\s?(?![0-9]))"
)
_TOP = re.compile(
    r"^\s*(?:第\s?[一二三四五六七八九十百0-9]{1,3}\s?[条章]|[一二三四五六七八九十]{1,3}\s?[、.,]|[0-9]{1,2}[、.](?![0-9]))"
)
_PAGE_NUMBER = re.compile(
    r"^\s*(?:第?\s*[0-9]{1,3}\s*页?\s*(?:[,/]|共|of)?\s*共?\s*[0-9]{0,3}\s*页?|-\s*[0-9]{1,3}\s*-|page\s*[0-9]{1,3}(?:\s*(?:of|/)\s*[0-9]{1,3})?)\s*$",
    re.IGNORECASE,
)
_LABEL_VALUE = re.compile(r"[:]\s*$")


@dataclass(frozen=True, kw_only=True, slots=True)
class PageLayout:
    """One page as it was read.  height: of the page; boxes in its pixels."""

    number: int
    height: float
    width: float
    lines: tuple[Line, ...]
    cells: tuple[Box, ...] = ()


def compose(pages: Sequence[PageLayout]) -> Document:
    """All pages together; running text reads on over columns and pages."""
    passages: list[Passage] = []
    flows: list[list[list[Line]]] = []  # one list of rows for each column, in reading order
    every: list[Line] = []
    tables = 0
    for page in pages:
        lines = [n for n in page.lines if not _is_page_number(n, page)]
        every += lines
        in_cells, free = _sorted_into(page.cells, lines)
        for group in _tables(page.cells):
            tables += 1
            passages += _of_table(group, in_cells, tables)
        for column in _columns(free, page.width, page.cells):
            rows = _rows(column)
            tabular = _tabular(rows)
            for run in tabular:
                tables += 1
                passages += _of_bare_table([rows[i] for i in run], tables)
            loose = [row for i, row in enumerate(rows) if not any(i in run for run in tabular)]
            if loose:
                flows.append(loose)
    return Document(passages=(*_paragraphs(flows), *passages), pages=len(pages), lines=tuple(every))


def split_at_cells(box: Box, cells: Sequence[Box]) -> list[Box]:
    """A line box that runs over the border of cells, cut there; else the box alone."""
    touched = []
    for cell in cells:
        middle = box.y + box.h / 2
        if cell.y <= middle <= cell.y2:
            left, right = max(box.x, cell.x), min(box.x2, cell.x2)
            if right - left > 0.6 * box.h:
                touched.append((left, right))
    if len(touched) < 2:
        return [box]
    return [Box(x=a, y=box.y, w=b - a, h=box.h) for a, b in sorted(touched)]


def _is_page_number(line: Line, page: PageLayout) -> bool:
    at_edge = line.box.y2 < 0.08 * page.height or line.box.y > 0.92 * page.height
    return at_edge and _PAGE_NUMBER.match(normal(line.text)) is not None


def _sorted_into(cells: Sequence[Box], lines: Iterable[Line]) -> tuple[dict[Box, list[Line]], list[Line]]:
    inside: dict[Box, list[Line]] = {}
    free = []
    for line in lines:
        x, y = line.box.x + line.box.w / 2, line.box.y + line.box.h / 2
        home = next((c for c in cells if c.x <= x <= c.x2 and c.y <= y <= c.y2), None)
        if home is None:
            free.append(line)
        else:
            inside.setdefault(home, []).append(line)
    return inside, free


def _near(a: Box, b: Box, gap: float) -> bool:
    return a.x - gap <= b.x2 and b.x - gap <= a.x2 and a.y - gap <= b.y2 and b.y - gap <= a.y2


def _tables(cells: Sequence[Box]) -> list[list[Box]]:
    """Cells that touch belong to one table."""
    groups: list[list[Box]] = []
    for cell in cells:
        mine = [g for g in groups if any(_near(cell, other, 14) for other in g)]
        merged = [cell, *(c for g in mine for c in g)]
        groups = [g for g in groups if g not in mine] + [merged]
    return [sorted(g, key=lambda c: (c.y, c.x)) for g in groups if len(g) > 1]


def _overlap(a0: float, a1: float, b0: float, b1: float) -> float:
    """Of the shorter stretch, 0..1."""
    return max(0.0, min(a1, b1) - max(a0, b0)) / max(1e-6, min(a1 - a0, b1 - b0))


def _of_table(cells: list[Box], inside: dict[Box, list[Line]], table: int) -> list[Passage]:
    texts = {c: _cell_passage(inside.get(c, ())) for c in cells}
    starts = sorted({round(c.x / 12) for c in cells})
    out = []
    for cell in cells:
        passage = texts[cell]
        left = [c for c in cells if c.x2 <= cell.x + 6 and _overlap(c.y, c.y2, cell.y, cell.y2) > 0.5]
        above = [c for c in cells if c.y2 <= cell.y + 6 and _overlap(c.x, c.x2, cell.x, cell.x2) > 0.5]
        neighbour = max(left, key=lambda c: c.x2, default=None)
        out.append(
            replace(
                passage,
                left=texts[neighbour].text if neighbour is not None else "",
                above=tuple(texts[c].text for c in sorted(above, key=lambda c: -c.y2)),
                table=table,
                column=starts.index(round(cell.x / 12)),
            )
        )
    return out


def _cell_passage(lines: Iterable[Line]) -> Passage:
    rows = _rows(list(lines))
    flat = [line for row in rows for line in row]
    if not flat:
        return Passage(lines=())
    breaks = []
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        breaks += [_gap(a, b) for a, b in pairwise(row)]
        if following is not None:
            breaks.append(" " if _latin(row[-1].text[-1:]) and _latin(following[0].text[:1]) else "")
    return Passage(lines=tuple(flat), breaks=tuple(breaks))


def _latin(character: str) -> bool:
    return character.isascii() and (character.isalpha() or character in ",.;")


def _gap(a: Line, b: Line) -> str:
    """What stands between two boxes of one row."""
    gap, h = b.box.x - a.box.x2, min(a.box.h, b.box.h)
    if gap < 0.45 * h:
        return " " if _latin(a.text[-1:]) and b.text[:1].isascii() else ""
    if gap < 1.3 * h:
        return " "
    label_before = _LABEL_VALUE.search(normal(a.text)) or (
        is_label(normal(a.text)) and not is_label(normal(b.text))
    )
    return "  " if gap < 4 * h or label_before else "\n"


def _rows(lines: list[Line]) -> list[list[Line]]:
    """Boxes side by side make a row."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda n: n.box.y + n.box.h / 2):
        middle = line.box.y + line.box.h / 2
        for row in reversed(rows[-3:]):
            last = row[-1].box
            if abs(last.y + last.h / 2 - middle) < 0.5 * min(last.h, line.box.h):
                row.append(line)
                break
        else:
            rows.append([line])
    return [sorted(row, key=lambda n: n.box.x) for row in rows]


def _columns(lines: list[Line], width: float, cells: Sequence[Box]) -> list[list[Line]]:
    """The free lines in reading order of columns: bands of two columns between lines that go across."""
    if len(lines) < 8:
        return [lines] if lines else []
    left, right = min(n.box.x for n in lines), max(n.box.x2 for n in lines)
    h = median(n.box.h for n in lines)
    candidates = [left + (right - left) * i / 40 for i in range(13, 28)]
    at = min(
        candidates,
        key=lambda g: (
            sum(n.box.x < g - 0.3 * h and n.box.x2 > g + 0.3 * h for n in lines),
            abs(g - (left + right) / 2),
        ),
    )
    out: list[list[Line]] = []
    band: list[Line] = []
    whole: list[Line] = []

    def close() -> None:
        nonlocal band
        sides = [n for n in band if n.box.x2 <= at + 0.3 * h], [n for n in band if n.box.x >= at - 0.3 * h]
        if min(len(s) for s in sides) >= 3 and _is_gutter(*sides, h):
            if whole:
                out.append(whole.copy())
                whole.clear()
            out.extend(list(s) for s in sides)
        else:
            whole.extend(band)
        band = []

    tops = sorted(c.y for c in cells)
    last_y = 0.0
    for line in sorted(lines, key=lambda n: n.box.y):
        crosses = line.box.x < at - 0.3 * h and line.box.x2 > at + 0.3 * h
        if any(last_y < t < line.box.y for t in tops):
            close()
        if crosses:
            close()
            whole.append(line)
        else:
            band.append(line)
        last_y = line.box.y
    close()
    if whole:
        out.append(whole)
    return out


def _is_gutter(left: Sequence[Line], right: Sequence[Line], h: float) -> bool:
    """Columns of text are full: most lines of the left one end near its edge.  Fields side by side are not."""
    edge, start = max(n.box.x2 for n in left), min(n.box.x for n in right)
    full = sum(n.box.x2 > edge - 1.5 * h for n in left)
    begun = sum(n.box.x < start + 1.5 * h for n in right)
    return (
        start - edge > 0.5 * h and begun >= 0.6 * len(right) and (full >= 0.4 * len(left) or start - edge > 3 * h)
    )


def _tabular(rows: list[list[Line]]) -> list[list[int]]:
    """Runs of rows that are a table without ruled lines: three or more boxes apart, twice or more."""
    runs: list[list[int]] = []
    for i, row in enumerate(rows):
        wide = len(row) >= 3 and all(b.box.x - a.box.x2 > 0.8 * min(a.box.h, b.box.h) for a, b in pairwise(row))
        if wide and runs and runs[-1][-1] == i - 1:
            runs[-1].append(i)
        elif wide:
            runs.append([i])
    return [run for run in runs if len(run) >= 2]


def _of_bare_table(rows: list[list[Line]], table: int) -> list[Passage]:
    out = []
    starts = sorted({round(n.box.x / 30) for row in rows for n in row})
    for i, row in enumerate(rows):
        for j, line in enumerate(row):
            above = [
                normal(other.text)
                for upper in reversed(rows[:i])
                for other in upper
                if _overlap(other.box.x, other.box.x2, line.box.x, line.box.x2) > 0.4
            ]
            out.append(
                Passage(
                    lines=(line,),
                    left=normal(row[j - 1].text) if j else "",
                    above=tuple(above),
                    table=table,
                    column=starts.index(round(line.box.x / 30)),
                )
            )
    return out


def _paragraphs(flows: list[list[list[Line]]]) -> list[Passage]:
    """Rows of all columns, joined where they read on, cut where they do not."""
    out: list[Passage] = []
    lines: list[Line] = []
    breaks: list[str] = []
    heading, edge = "", 0.0  # edge: right end of the column of the line before

    def close() -> None:
        nonlocal lines, breaks, heading
        if lines:
            passage = Passage(lines=tuple(lines), breaks=tuple(breaks), left=heading)
            first = passage.text.split(":")[0][:24]
            if _TOP.match(passage.text):
                heading = first if is_label(_NUMBERED.sub("", first)) else ""
                passage = replace(passage, left=heading)
            elif is_label(passage.text.strip()) and len(passage.text) < 16:
                heading = passage.text.strip()
            out.append(passage)
        lines, breaks = [], []

    for rows in flows:
        left, right = min(r[0].box.x for r in rows), max(r[-1].box.x2 for r in rows)
        for row in rows:
            if lines:
                joint = _joint(lines[-1], row[0], right=edge, left=left, first=row is rows[0])
                if joint == "\n":
                    close()
                else:
                    breaks.append(joint)
            for i, line in enumerate(row):
                if i:
                    joint = _gap(row[i - 1], line)
                    if joint == "\n":
                        close()
                    else:
                        breaks.append(joint)
                lines.append(line)
            edge = right
    close()
    return out


def _joint(last: Line, following: Line, *, right: float, left: float, first: bool) -> str:
    """Between the end of a row and the beginning of the next: "" or " " if the text goes on, else a new line.

    right: of the column that ``last`` stands in; left: of the column of ``following``."""
    h = last.box.h
    text, coming = normal(last.text), normal(following.text)
    if _NUMBERED.match(coming) or (first and text[-1:] in "。.;:"):
        return "\n"
    if following.box.x > left + 1.4 * h and not first:
        return "\n"
    if _latin(text[-1:]) or text[-1:].isdigit():
        ragged = right - last.box.x2 < max(2.0 * h, 0.16 * (right - left))
        if (
            ragged
            and (coming[:1].isascii() and coming[:1].isalnum())
            and any(c.isalpha() and c.isascii() for c in text)
        ):
            return " " if not coming[:1].isdigit() or _latin(text[-1:]) else ""
    return "" if right - last.box.x2 < 1.7 * h else "\n"
