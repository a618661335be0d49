"""Stage *capture*: every page of the list as pictures, what the page says about its cells, and whether it is all.

It looks, turns pages and scrolls, and nothing else; each click goes through the session's guard.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Locator

from bridge.erp import scroller
from bridge.erp.page_cells import arrange, cells_under, shifted
from bridge.erp.screen import Picture, Screen, encode_png, frame_offset, place_of
from bridge.errors import CaptureIncomplete, NavigationFailed
from bridge.interfaces import Progress
from bridge.profile_steps import At
from bridge.records import Box, CaptureSet, DrawnBy, Finding, Image, PageCell, PageShot

if TYPE_CHECKING:
    from bridge.erp.session import ErpSession

MAX_DEVICE_HEIGHT = 12_000
"""Device pixels; Chromium's textures end at 16,384."""


@dataclass(frozen=True, slots=True)
class _View:
    """What one picture showed; cells in css pixels of the picture."""

    image: Image
    png: bytes
    cells: tuple[PageCell, ...]
    header_rows: int
    y_offset: float = 0.0
    body: Box | None = None


class ListCapture:
    """Captures the list that the session has open.

    Raises CaptureIncomplete if the list does not move on, NavigationFailed if it is not where the profile says,
    SessionLost or SeatTaken if the ERP has signed us out meanwhile.
    """

    def __init__(self, session: ErpSession, *, page_help: bool) -> None:
        self._session = session
        self._list = session.profile.order_list
        self._screen = Screen(session.page, session.profile.browser.scale)
        self._timeout = session.profile.browser.timeout_s
        self._page_help = page_help and self._list.page_help and self._list.where.drawn == "page"

    def run(self, progress: Progress | None = None, *, max_pages: int | None = None) -> CaptureSet:
        started = self._session.now()
        shots: list[PageShot] = []
        why: list[Finding] = []
        limit = min(max_pages or self._list.paging.max_pages, self._list.paging.max_pages)
        pages = 0
        for pages in range(1, limit + 1):
            self._prepare()
            last, of = self._is_last(pages)
            for view in self._views():
                shots.append(self._shot(len(shots) + 1, view))
            if progress:
                progress("capture", pages, of)
            if last:
                break
            if pages == limit:
                why.append(Finding(code="capture", params={"wording": "capture_stopped", "page": pages}))
                break
            self._turn(pages)
        return CaptureSet(
            source=self._session.source,
            shots=tuple(shots),
            complete=not why,
            why_incomplete=tuple(why),
            started_at=started,
            finished_at=self._session.now(),
        )

    # --- one page ---------------------------------------------------------------------------------------------

    def _prepare(self) -> None:
        if self._list.where.at is not None:
            root = self._session.list_element()
            self._screen.enlarge_for(root, int(MAX_DEVICE_HEIGHT / self._screen.scale))
        self._session.check_state()

    def _views(self) -> Iterator[_View]:
        if (r := self._list.where.region) is not None:
            picture = self._screen.still_picture(Box(x=r.x, y=r.y, w=r.w, h=r.h), self._timeout)
            yield _View(picture.image, picture.png, (), 0)
            return
        box = self._scrolling_box()
        if box is None:
            yield self._view(self._region(None))
            return
        yield from self._walk(box)

    def _view(self, region: Box) -> _View:
        picture = self._screen.still_picture(region, self._timeout)
        cells, headings = arrange(self._cells(picture.region)) if self._page_help else ((), 0)
        return _View(picture.image, picture.png, cells, headings)

    def _walk(self, box: Locator) -> Iterator[_View]:
        offset = frame_offset(box)
        here = m = scroller.measure(box, offset)
        top: float | None = 0.0
        views = 0
        # Asked anew after each view: many grids fetch the next rows only when their end comes near.
        while top is not None:
            views += 1
            if views > self._list.paging.max_pages:
                raise CaptureIncomplete(
                    f"the list still goes on after {views - 1} views",
                    hint="If it really is that long, raise list.paging.max_pages of the profile.",
                )
            tiles: list[tuple[Picture, float]] = []
            cells: list[PageCell] = []
            for left in scroller.stops(m.moving.w, m.max_left):
                scroller.scroll_to(box, left, top)
                picture = self._screen.still_picture(self._region(box), self._timeout)
                here = scroller.measure(box, offset)
                tiles.append((picture, here.left))
                cells.extend(_moved(self._cells(picture.region), here, picture.region))
            region = tiles[0][0].region
            image = scroller.compose(
                [(p.image, left) for p, left in tiles], region, here.moving, self._screen.scale
            )
            arranged, headings = arrange(cells) if self._page_help else ((), 0)
            yield _View(
                image,
                tiles[0][0].png if len(tiles) == 1 else encode_png(image),
                arranged,
                headings,
                y_offset=here.top,
                body=here.moving.moved(-region.x, -region.y),
            )
            top = scroller.next_stop(here)

    def _cells(self, region: Box) -> list[PageCell]:
        """The page's cells in css pixels of the picture of ``region``; nothing without the page's help."""
        if not self._page_help:
            return []
        rows = self._list.rows
        root = self._session.list_element()
        found = cells_under(root, rows, frame_offset(root))
        for place, headings_only in (
            (rows.frozen, False), (rows.frozen_heading, True), (rows.headings_at, True),
        ):  # fmt: skip
            if place is not None:
                other = self._session.locate(place)
                found += [
                    replace(c, frozen=c.frozen or place is not rows.headings_at)
                    for c in cells_under(other, rows, frame_offset(other), headings_only=headings_only)
                ]
        return [shifted(c, -region.x, -region.y) for c in found]

    def _region(self, box: Locator | None) -> Box:
        rows = self._list.rows
        places = [p for p in (rows.frozen, rows.frozen_heading, rows.headings_at) if p is not None]
        elements = [box or self._session.list_element(), *(self._session.locate(p) for p in places)]
        boxes = [b for e in elements if (b := place_of(e)) is not None]
        if not boxes:
            raise NavigationFailed("list.where.at: the list's element is not visible")
        x, y = min(b.x for b in boxes), min(b.y for b in boxes)
        size = self._session.page.viewport_size or {"width": 4000, "height": 6000}
        x2, y2 = min(max(b.x2 for b in boxes), size["width"]), min(max(b.y2 for b in boxes), size["height"])
        return Box(x=max(0, x), y=max(0, y), w=x2 - max(0, x), h=y2 - max(0, y))

    def _scrolling_box(self) -> Locator | None:
        place: At | None = self._list.paging.scroll_at
        element = self._session.locate(place) if place else self._session.list_element()
        if _cut_off(element):
            raise CaptureIncomplete(
                "the list goes on below the end of a box around it",
                hint="Name the element that scrolls in list.paging.scroll_at.",
            )
        if scroller.measure(element, (0, 0)).scrolls and _really_scrolls(element):
            return element
        if place is None and self._document_scrolls(element):
            raise CaptureIncomplete(
                "the list is higher than the largest window",
                hint="Name the element that scrolls in list.paging.scroll_at.",
            )
        return None

    @staticmethod
    def _document_scrolls(element: Locator) -> bool:
        return bool(
            element.evaluate(
                """el => { const s = el.ownerDocument.scrollingElement || el.ownerDocument.documentElement;
                  return s.scrollHeight - s.clientHeight > 1
                    && el.getBoundingClientRect().bottom > s.clientHeight + 1; }"""
            )
        )

    def _shot(self, number: int, view: _View) -> PageShot:
        total_text, total_image = self._total()
        return PageShot(
            number=number,
            image=view.image,
            scale=self._screen.scale,
            sha256=self._session.evidence.keep_png(view.png),
            drawn_by=DrawnBy(self._list.where.drawn),
            cells=view.cells,
            header_rows=view.header_rows,
            total_text=total_text,
            total_image=total_image,
            y_offset=view.y_offset,
            body=view.body,
            captured_at=self._session.now(),
        )

    def _total(self) -> tuple[str | None, Image | None]:
        if self._list.total is None or self._list.total.at is None:
            return None, None
        element = self._session.locate(self._list.total.at)
        box = place_of(element)
        if box is None:
            return None, None
        return (element.inner_text() if self._page_help else None), self._screen.picture(box).image

    # --- from page to page ------------------------------------------------------------------------------------

    def _is_last(self, page: int) -> tuple[bool, int]:
        """Is this the last page, and of how many (0 = unknown)?"""
        p = self._list.paging
        if p.kind in ("one_page", "scroll"):
            return True, 1
        of = 0
        if p.page_of and p.page_of_at:
            text = self._session.locate(p.page_of_at).inner_text()
            if not (m := re.search(p.page_of, text)):
                raise NavigationFailed(f"list.paging.page_of: {p.page_of!r} does not match {text[:80]!r}")
            shown, of = int(m.group(1)), int(m.group(2))
            if shown != page:
                raise CaptureIncomplete(f"expected page {page} of the list, the ERP shows page {shown} of {of}")
            return shown >= of, of
        if p.last:
            return any(self._session.visible(mark) for mark in p.last), of
        assert p.next is not None
        button = self._session.locate(p.next)
        return not (button.is_visible() and button.is_enabled()), of

    def _turn(self, page: int) -> None:
        p = self._list.paging
        assert p.next is not None
        before = self._fingerprint()
        self._session.click(p.next, "list.paging.next")
        end = time.monotonic() + self._timeout
        last: str | None = None
        while True:
            now = self._fingerprint()
            if now is not None and now != before and now == last:
                return
            last = now
            self._session.check_state()
            self._session.check_network(f"page {page + 1} of the list")
            if time.monotonic() > end:
                stuck = CaptureIncomplete(
                    f"the list did not move on from page {page} within {self._timeout:g} s",
                    hint="Look at list.paging.next and browser.timeout_s of the profile.",
                    page=page,
                )
                raise self._session.why(f"page {page + 1} of the list", stuck)
            self._screen.next_frame()

    def _fingerprint(self) -> str | None:
        """Equal as long as the list shows the same; None while it is loading."""
        where = self._list.where
        try:
            if where.busy is not None and self._session.locate(where.busy).is_visible():
                return None
            if where.drawn == "page" and where.at is not None:
                # Not `evaluate` nor `inner_text`: they wait for an element that an error page does not have.
                texts = self._session.list_element(wait=False).evaluate_all(
                    "els => els.map(e => e.ownerDocument.readyState === 'complete' ? e.innerText : null)"
                )
                if not texts or texts[0] is None:
                    return None
                at = self._list.paging.page_of_at
                return "\n".join([texts[0], *(self._session.locate(at).all_inner_texts() if at else ())])
            return hashlib.sha256(self._screen.picture(self._region(None)).png).hexdigest()
        except PlaywrightError:
            return None  # the frame is just being replaced


def _really_scrolls(element: Locator) -> bool:
    return bool(
        element.evaluate(
            "el => /auto|scroll/.test(getComputedStyle(el).overflowX + getComputedStyle(el).overflowY)"
        )
    )


def _cut_off(element: Locator) -> bool:
    """Does a box around the element hide its lower end?  What it hides is in no picture."""
    return bool(
        element.evaluate(
            """el => {
              const bottom = el.getBoundingClientRect().bottom;
              for (let e = el.parentElement; e && e !== el.ownerDocument.body; e = e.parentElement) {
                if (getComputedStyle(e).overflowY === 'visible' || e.scrollHeight <= e.clientHeight + 1) continue;
                if (bottom > e.getBoundingClientRect().top + e.clientTop + e.clientHeight + 1) return true;
              }
              return false;
            }"""
        )
    )


def _moved(cells: list[PageCell], m: scroller.Measures, region: Box) -> list[PageCell]:
    """Cells of one tile in css pixels of the composed picture; those cut by its edges are left to others."""
    moving = m.moving.moved(-region.x, -region.y)
    out: list[PageCell] = []
    for c in cells:
        if c.frozen and c.box.x2 <= moving.x + 1:
            out.append(c)
        elif c.box.x >= moving.x - 1 and c.box.x2 <= moving.x2 + 1:
            out.append(shifted(c, m.left, 0))
    return [c for c in out if c.kind.value == "heading" or _inside(c.box, moving)]


def _inside(box: Box, moving: Box) -> bool:
    return box.y >= moving.y - 1 and box.y2 <= moving.y2 + 1
