"""Lists drawn by a browser into pictures, with what the page says of its cells and where each cell stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from playwright.sync_api import Browser, Page

from bridge.erp.page_cells import arrange, cells_under, shifted
from bridge.erp.screen import Screen
from bridge.profiles import Rows
from bridge.records import Box, PageCell
from samples.screens.designs import Design
from samples.screens.orders import COLUMNS, Row
from samples.screens.page import canvas_page, table_page

_TABLE_BOXES = """() => [...document.querySelectorAll('#list tbody tr')].slice(0, -1).flatMap((tr, i) => {
  const fields = %s, cells = [...tr.children].slice(-fields.length);
  return cells.map((td, j) => { const b = td.getBoundingClientRect();
    return [i, fields[j], b.x, b.y, b.width, b.height, td.scrollWidth > td.clientWidth]; });
})"""


@dataclass(frozen=True, slots=True)
class CellPlace:
    """Where one cell stands: x0, y0, x1, y1 in device pixels.  cut: it does not show its whole text."""

    row: int
    field: str
    rect: tuple[float, float, float, float]
    cut: bool


@dataclass(frozen=True, slots=True)
class Drawn:
    """One page of a list.  png: its picture.  cells, header_rows: the page's own, for a table only."""

    png: bytes
    scale: float
    cells: tuple[PageCell, ...]
    header_rows: int
    places: tuple[CellPlace, ...]


class Studio:
    """Draws pages of one design.  Use as a context manager."""

    def __init__(self, browser: Browser, design: Design) -> None:
        self._design = design
        self._context = browser.new_context(
            viewport={"width": 2400, "height": 2600}, device_scale_factor=design.scale
        )
        self._page: Page = self._context.new_page()

    def __enter__(self) -> Studio:
        return self

    def __exit__(self, *_: object) -> None:
        self._context.close()

    def draw(self, rows: Sequence[Row], *, canvas: bool) -> Drawn:
        content = (canvas_page if canvas else table_page)(self._design, rows)
        self._page.set_content(content)
        self._page.evaluate("() => document.fonts.ready.then(() => true)")
        screen = Screen(self._page, self._design.scale)
        element = self._page.locator("#list")
        b = element.bounding_box()
        if b is None:
            raise RuntimeError(f"{self._design.name}: the list was not drawn")
        screen.next_frame()
        picture = screen.picture(Box(x=b["x"], y=b["y"], w=b["width"], h=b["height"]))
        dx, dy = -picture.region.x, -picture.region.y
        cells: tuple[PageCell, ...] = ()
        headings = 0
        if not canvas:
            rules = Rows(heading="thead tr", row="tbody tr", cell="td, th")
            cells, headings = arrange([shifted(c, dx, dy) for c in cells_under(element, rules, (0, 0))])
        script = "() => BOXES" if canvas else _TABLE_BOXES % str([c.field for c in COLUMNS])
        k = self._design.scale
        places = tuple(
            CellPlace(i, field, ((x + dx) * k, (y + dy) * k, (x + w + dx) * k, (y + h + dy) * k), bool(cut))
            for i, field, x, y, w, h, cut in self._page.evaluate(script)
        )
        return Drawn(picture.png, k, cells, headings, places)

    def twins(self, pairs: Sequence[tuple[str, str]], *, canvas: bool) -> set[tuple[str, str]]:
        """Those pairs of characters that this design's font draws to the very same pixels."""
        font = f"{self._design.size}px {self._design.font}"
        same = self._page.evaluate(
            """([pairs, font]) => {
              const shown = text => { const c = document.createElement('canvas'); c.width = 200; c.height = 60;
                const x = c.getContext('2d'); x.scale(devicePixelRatio, devicePixelRatio); x.font = font;
                x.fillText('H' + text + 'H', 4, 22); return x.getImageData(0, 0, 200, 60).data.join(); };
              return pairs.map(([a, b]) => shown(a) === shown(b));
            }""",
            [[list(p) for p in pairs], font],
        )
        return {p for p, equal in zip(pairs, same, strict=True) if equal}
