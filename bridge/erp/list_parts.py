"""The elements that a list consists of, each asked once for all that is to be known of it.

A question to the page is a journey of some milliseconds through the driver to the browser and back, and a grid is
looked at in a hundred places.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from playwright.sync_api import ElementHandle, Locator
from playwright.sync_api import Error as PlaywrightError

from bridge.erp.page_cells import AS_TEXT, CELLS, cells_of, shifted
from bridge.erp.screen import OFFSET, frame_offset
from bridge.erp.scroller import MEASURE, Measures
from bridge.errors import CaptureIncomplete, NavigationFailed
from bridge.profile_steps import At
from bridge.records import Box, PageCell

if TYPE_CHECKING:
    from bridge.erp.session import ErpSession

_LOOK = f"""(el, [measured, cells]) => {{
  const r = el.getBoundingClientRect(), there = el.isConnected;
  const shown = there && r.width > 0 && r.height > 0 && getComputedStyle(el).visibility === 'visible';
  return ({AS_TEXT})({{
    there, shown, offset: ({OFFSET})(el), box: [r.left, r.top, r.width, r.height],
    measures: measured ? ({MEASURE})(el) : null, cells: cells ? ({CELLS})(el, cells) : null,
  }});
}}"""


_ASIDE = 2
"""css pixels that a list may reach out of the window: a border, a margin below none."""


@dataclass(frozen=True, slots=True)
class _Part:
    """at: finds it anew.  cells: has it any?  headings_only: its data rows are none of the list's.  frozen: its
    cells stay in place while the list scrolls.  within: it lies in the first part."""

    at: Callable[[], Locator]
    cells: bool = True
    headings_only: bool = False
    frozen: bool = False
    within: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """region: around all parts.  measures: of the first part.  All in css pixels of the window."""

    region: Box
    cells: tuple[PageCell, ...]
    measures: Measures


class FixedRegion:
    """A list that is a region of the window: the page tells nothing of it."""

    def __init__(self, box: Box) -> None:
        self._box = box

    def region(self) -> Box:
        return self._box

    def look(self) -> Seen:
        return Seen(self._box, (), Measures(self._box, left=0, top=0, max_left=0, max_top=0))


class ListParts:
    """Of one page of the list.

    box: the element that scrolls, if that is another than the list's.  page_help: is the page asked for its cells?
    The elements are held; where a script has put others in their place, they are looked for again.
    """

    def __init__(self, session: ErpSession, box: At | None, *, page_help: bool) -> None:
        self._session = session
        self._rows = session.profile.order_list.rows
        self._page_help = page_help
        root = session.list_element
        self._parts = (
            [_Part(root)]
            if box is None
            else [_Part(partial(session.locate, box), cells=False), _Part(root, within=True)]
        )
        for at, only, frozen in (
            (self._rows.frozen, False, True),
            (self._rows.frozen_heading, True, True),
            (self._rows.headings_at, True, False),
        ):
            if at is not None:
                self._parts.append(_Part(partial(session.locate, at), headings_only=only, frozen=frozen))
        self._held: list[ElementHandle] = []

    def region(self) -> Box:
        """Of all parts that are shown, cut at the window's edges.  Raises NavigationFailed if the first is not
        shown, CaptureIncomplete if it reaches out of the window."""
        return self._region(self._asked(cells=False))

    def look(self) -> Seen:
        """Raises as ``region``."""
        asked = self._asked(cells=self._page_help)
        first = asked[0]
        cells: list[PageCell] = []
        for part, a in zip(self._parts, asked, strict=True):
            if a["cells"] is not None:
                found = cells_of(a["cells"], self._offset(part, a))
                cells += [replace(c, frozen=True) for c in found] if part.frozen else found
        return Seen(
            self._region(asked), tuple(cells), Measures.of(first["measures"], self._offset(self._parts[0], first))
        )

    def scroll_to(self, left: float, top: float) -> None:
        script = "(el, [x, y]) => { el.scrollLeft = x; el.scrollTop = y; return el.isConnected; }"
        self._hold()
        if not self._held[0].evaluate(script, [left, top]):
            self._hold(anew=True)
            self._held[0].evaluate(script, [left, top])

    def _asked(self, *, cells: bool) -> list[dict[str, Any]]:
        try:
            self._hold()
            asked = list(self._answers(cells=cells))
        except PlaywrightError:  # the document was replaced, or is just being
            asked = []
        if not asked or not asked[0]["shown"] or not all(a["there"] for a in asked):
            self._hold(anew=True)
            asked = list(self._answers(cells=cells))
        if not asked[0]["shown"] or not all(a["there"] for a in asked):
            raise NavigationFailed("list.where.at: the list's element is not visible")
        return asked

    def _answers(self, *, cells: bool) -> Iterator[dict[str, Any]]:
        rows = self._rows
        for i, (part, handle) in enumerate(zip(self._parts, self._held, strict=True)):
            selectors = [rows.heading, "" if part.headings_only else rows.row, rows.cell, rows.row_id]
            yield json.loads(handle.evaluate(_LOOK, [i == 0, selectors if cells and part.cells else None]))

    def _hold(self, *, anew: bool = False) -> None:
        if anew or not self._held:
            self._held = [p.at().element_handle() for p in self._parts]

    def _offset(self, part: _Part, asked: dict[str, Any]) -> tuple[float, float]:
        if asked["offset"] is None:
            return frame_offset(part.at())
        x, y = asked["offset"]
        return x, y

    def _region(self, asked: list[dict[str, Any]]) -> Box:
        boxes = []
        for part, a in zip(self._parts, asked, strict=True):
            if a["shown"] and not part.within:
                x, y, w, h = a["box"]
                boxes.append(Box(x=x, y=y, w=w, h=h).moved(*self._offset(part, a)))
        x, y = min(b.x for b in boxes), min(b.y for b in boxes)
        size = self._session.page.viewport_size or {"width": 4000, "height": 6000}
        x2, y2 = max(b.x2 for b in boxes), max(b.y2 for b in boxes)
        # Headings are often far wider than the box that cuts them off.
        f = boxes[0]
        if min(f.x, f.y) < -_ASIDE or f.x2 > size["width"] + _ASIDE or f.y2 > size["height"] + _ASIDE:
            raise CaptureIncomplete(
                f"the list reaches out of the window: x {f.x:.0f} to {f.x2:.0f}, y {f.y:.0f} to {f.y2:.0f} of "
                f"{size['width']} × {size['height']} css pixels",
                hint="Name the element that scrolls in list.paging.scroll_at, or make browser.viewport larger.",
            )
        x2, y2 = min(x2, size["width"]), min(y2, size["height"])
        return Box(x=max(0, x), y=max(0, y), w=x2 - max(0, x), h=y2 - max(0, y))


def same_rows(a: Seen, b: Seen) -> bool:
    """Are they the same rows at the same places?  A text may differ in a row of which two others are the same: a
    row that only says that the list is loading has no others."""
    if a.region != b.region or a.measures != b.measures or len(a.cells) != len(b.cells):
        return False
    same: Counter[int] = Counter()
    changed: set[int] = set()
    for c, d in zip(a.cells, b.cells, strict=True):
        if (c.kind, c.row, c.col, c.row_id, c.box) != (d.kind, d.row, d.col, d.row_id, d.box):
            return False
        if (text := [f.text for f in c.fragments]) != [f.text for f in d.fragments]:
            changed.add(c.row)
        elif text:
            same[c.row] += 1
    return all(same[row] >= 2 for row in changed)


def in_region(cells: tuple[PageCell, ...], region: Box) -> list[PageCell]:
    """In css pixels of the picture of ``region``."""
    return [shifted(c, -region.x, -region.y) for c in cells]
