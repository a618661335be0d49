"""The page's own cells, as hints and witnesses: boxes, visible text and its style.

Rows and columns come from where the cells stand, not from the markup's order, because frozen columns, headings in
a table of their own and cells that span columns are the rule in these programs.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from importlib.resources import files
from typing import Any

from playwright.sync_api import Locator

from bridge.profiles import Rows
from bridge.records import Box, Fragment, PageCell, RowKind, TextStyle

CELLS = files("bridge.erp").joinpath("page_cells.js").read_text(encoding="utf-8")
"""JavaScript: of an element and the selectors of its headings, rows, cells and row names, its cells."""

AS_TEXT = """value => {
  // Not JSON.stringify of the whole: old libraries (Prototype.js before 1.7) teach arrays a JSON of their own.
  const text = v => {
    if (!v || typeof v !== 'object') return JSON.stringify(v === undefined ? null : v);
    let out = '';
    if (Array.isArray(v)) {
      for (let i = 0; i < v.length; i++) out += (i ? ',' : '') + text(v[i]);
      return '[' + out + ']';
    }
    for (const k of Object.keys(v)) out += (out ? ',' : '') + JSON.stringify(k) + ':' + text(v[k]);
    return '{' + out + '}';
  };
  return text(value);
}"""
"""JavaScript: a value as JSON, for the driver's own serialisation of thousands of cells takes far longer."""


def cells_under(element: Locator, rows: Rows, offset: tuple[float, float]) -> list[PageCell]:
    """The cells under one element, in css pixels of the window.

    offset: of the element's frame in the window, css pixels.  Row and column numbers are the markup's;
    :func:`arrange` gives them their place.  Raises playwright's Error if the element is gone.
    """
    selectors = [rows.heading, rows.row, rows.cell, rows.row_id]
    found = element.evaluate(f"(el, asked) => ({AS_TEXT})(({CELLS})(el, asked))", selectors)
    return cells_of(json.loads(found), offset)


def cells_of(found: dict[str, Any], offset: tuple[float, float]) -> list[PageCell]:
    """found: as ``CELLS`` answers.  offset: as of ``cells_under``."""
    dx, dy = offset
    styles = [_style(raw, found["lang"]) for raw in found["styles"]]
    return [_cell(raw, styles, dx, dy) for raw in found["cells"]]


def _cell(raw: dict[str, Any], styles: Sequence[TextStyle], dx: float, dy: float) -> PageCell:
    return PageCell(
        row=raw["row"],
        col=raw["col"],
        kind=RowKind(raw["kind"]),
        box=_box(raw["box"]).moved(dx, dy),
        fragments=tuple(
            Fragment(text=text, box=_box(box).moved(dx, dy), style=styles[style])
            for text, box, style in raw["fragments"]
        ),
        clip=_box(raw["clip"]).moved(dx, dy) if raw["clip"] else None,
        ellipsis=raw["dots"],
        frozen=raw["frozen"],
        whole_text=raw["whole"],
        row_id=raw["id"],
    )


def _style(raw: Sequence[Any], lang: str) -> TextStyle:
    family, size_px, weight, style, color, letter_spacing, word_spacing, decoration = raw
    return TextStyle(
        family=family, size_px=size_px, weight=weight, style=style, color=color, letter_spacing=letter_spacing,
        word_spacing=word_spacing, decoration=decoration, lang=lang,
    )  # fmt: skip


def _box(values: Sequence[float]) -> Box:
    x, y, w, h = values
    return Box(x=x, y=y, w=w, h=h)


def shifted(cell: PageCell, dx: float, dy: float) -> PageCell:
    """The same cell seen from another origin."""
    return replace(
        cell,
        box=cell.box.moved(dx, dy),
        clip=cell.clip.moved(dx, dy) if cell.clip else None,
        fragments=tuple(replace(f, box=f.box.moved(dx, dy)) for f in cell.fragments),
    )


def arrange(cells: Sequence[PageCell]) -> tuple[tuple[PageCell, ...], int]:
    """Gives every cell its row and column by where it stands, and says how many rows are headings.

    Cells seen twice (in overlapping tiles) are kept once.  Columns are the left edges of the heading cells; a cell
    that spans several belongs to the first; a list without headings takes its columns from its fullest row.
    """
    unique: dict[tuple[int, int], PageCell] = {}
    for c in cells:
        unique.setdefault((round(c.box.x), round(c.box.y)), c)
    ordered = sorted(unique.values(), key=lambda c: (c.box.y + c.box.h / 2, c.box.x))
    rows: list[list[PageCell]] = []
    for c in ordered:
        middle = c.box.y + c.box.h / 2
        # A row's cells share the band of its lowest one: a cell that spans rows must not swallow those after it.
        if rows and middle < min(x.box.y2 for x in rows[-1]) and c.kind is rows[-1][0].kind:
            rows[-1].append(c)
        else:
            rows.append([c])
    headings = [r for r in rows if r[0].kind is RowKind.HEADING]
    guide: list[PageCell] = [c for r in headings for c in r] or max(rows, key=len, default=[])
    edges: list[float] = []
    for x in sorted(c.box.x for c in guide):
        if not edges or x > edges[-1] + 2:
            edges.append(x)
    out = [
        replace(c, row=i, col=_column(edges, c.box))
        for i, r in enumerate([*headings, *(r for r in rows if r[0].kind is not RowKind.HEADING)])
        for c in sorted(r, key=lambda c: c.box.x)
    ]
    return tuple(out), len(headings)


def _column(edges: Sequence[float], box: Box) -> int:
    """The column whose left edge is nearest to the cell's: paddings and borders shift edges by a few pixels."""
    return min(range(len(edges)), key=lambda i: abs(edges[i] - box.x)) if edges else 0
