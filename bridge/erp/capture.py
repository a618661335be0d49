"""Stage *capture*: every page of the list as pictures, what the page says about its cells, and whether it is all.

It looks, turns pages and scrolls, and nothing else; each click goes through the session's guard.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loguru import logger
from playwright.sync_api import Error as PlaywrightError

from bridge.erp import scroller
from bridge.erp.faults import mapped
from bridge.erp.list_parts import FixedRegion, ListParts, Seen, in_region, same_rows
from bridge.erp.page_cells import arrange, shifted
from bridge.erp.pager import Pager
from bridge.erp.screen import LEAST_WAIT_S, Picture, Screen, place_of
from bridge.errors import CaptureIncomplete, NavigationFailed
from bridge.interfaces import Progress
from bridge.png import encode_png
from bridge.records import Box, CaptureSet, DrawnBy, Finding, Image, PageCell, PageShot, RowKind

if TYPE_CHECKING:
    from bridge.erp.session import ErpSession
    from bridge.profile_steps import At

SETTLED_S = 0.12
"""How long a page stands still before it counts as all there: rows of many programs come in several goes."""
END_HOLDS_S = 1.0
"""How long what a list shows at its end must stay so: the way on, or the next rows, may be on their way."""
TRIES = 3
"""After so many the rows count, not what stands in them: some lists show the time that is left."""
MAX_DEVICE_HEIGHT = 12_000
"""Device pixels; Chromium's textures end at 16,384."""


@dataclass(frozen=True, slots=True)
class _View:
    """What one picture showed; cells in css pixels of the picture."""

    png: bytes
    cells: tuple[PageCell, ...]
    header_rows: int
    y_offset: float = 0.0
    body: Box | None = None
    at_end: bool = False


class ListCapture:
    """Captures the list that the session has open.

    Raises CaptureIncomplete if the list does not move on, NavigationFailed if it is not where the profile says,
    SessionLost or SeatTaken if the ERP has signed us out meanwhile.
    """

    def __init__(self, session: ErpSession, *, page_help: bool) -> None:
        """page_help: is the page a witness?"""
        self._session = session
        self._list = session.profile.order_list
        self._screen = Screen(session.page, session.profile.scale(page_help=page_help))
        self._pager = Pager(session, self._screen)
        self._timeout = session.profile.browser.timeout_s
        self._page_help = page_help
        self._moved_on = 0  # how often the list's end did not stay as it was
        self._has_rows = False  # does page one show rows that the page tells of?

    def run(self, progress: Progress | None = None, *, max_pages: int | None = None) -> CaptureSet:
        try:
            return self._run(progress, max_pages)
        except NavigationFailed:
            self._session.check_state()  # a session that is over explains it
            raise
        except PlaywrightError as e:
            fault = mapped(e, "the list")
        self._session.check_state()
        if isinstance(fault, NavigationFailed):
            raise CaptureIncomplete(f"{fault.message} while its picture was taken", hint=fault.hint)
        raise fault

    def _run(self, progress: Progress | None, max_pages: int | None) -> CaptureSet:
        started = self._session.now()
        shots: list[PageShot] = []
        why: list[Finding] = []
        paging = self._list.paging
        limit = min(max_pages or paging.max_pages, paging.max_pages)
        self._pager.to_first()
        for number in range(1, limit + 1):
            views, last, of = self._page(number)
            if paging.kind == "load_more":
                shots.clear()  # the grown list shows all that it showed before
            shots += [self._shot(len(shots) + i, view) for i, view in enumerate(views, 1)]
            if progress:
                progress("capture", number, of)
            if last:
                self._session.check_state()  # a list that ends because the session does is no whole one
                break
            if number == limit:
                why.append(Finding(code="capture", params={"wording": "capture_stopped", "page": number}))
                break
            self._pager.turn(number)
        return CaptureSet(
            source=self._session.source,
            shots=tuple(shots),
            complete=not why,
            why_incomplete=tuple(why),
            started_at=started,
            finished_at=self._session.now(),
        )

    # --- one page ---------------------------------------------------------------------------------------------

    def _page(self, number: int) -> tuple[list[_View], bool, int]:
        """What one page shows, whether it is the last, and of how many (0 = unknown): all of the same moment.

        Raises CaptureIncomplete where a page that was turned to shows no rows, or where it never settles: many
        programs empty a list, and grey the way on, while the rows are on their way.
        """
        end = time.monotonic() + self._timeout
        while True:
            self._prepare()
            last, of = self._pager.is_last(number)
            views = list(self._views(last=last))
            if number == 1:
                self._has_rows = self._shows_rows(views)
                if self._page_help and not any(v.cells for v in views):
                    self._tell_of_no_help()
            same = self._pager.is_last(number) == (last, of)
            shown = number == 1 or not self._has_rows or self._shows_rows(views)
            if same and (shown or (last and self._pager.is_marked_last())):
                return views, last, of
            if time.monotonic() > end:
                unsettled = CaptureIncomplete(
                    f"page {number} of the list {'never settled' if shown else 'shows no rows'}",
                    hint="If the list may end so, name what it shows then in list.paging.last of the profile.",
                    page=number,
                )
                raise self._session.why(f"page {number} of the list", unsettled)

    @staticmethod
    def _shows_rows(views: list[_View]) -> bool:
        """As far as the page tells."""
        return any(c.kind is RowKind.DATA for v in views for c in v.cells)

    def _tell_of_no_help(self) -> None:
        logger.warning(
            "The page tells of no cells of the list: it is read by its pixels alone, at {:g} device pixels "
            "per css pixel. Look at list.rows of the profile, or say `page_help: false`, which looks with {:g}.",
            self._screen.scale,
            self._session.profile.scale(page_help=False),
        )

    def _prepare(self) -> None:
        if self._list.where.at is not None:
            root = self._session.list_element()
            self._screen.enlarge_for(root, int(MAX_DEVICE_HEIGHT / self._screen.scale))
        self._session.check_state()

    def _views(self, *, last: bool) -> Iterator[_View]:
        """last: what the page shows must stay so for a while."""
        parts: ListParts | FixedRegion
        if (r := self._list.where.region) is not None:
            parts = FixedRegion(Box(x=r.x, y=r.y, w=r.w, h=r.h))
        else:
            place = self._list.paging.scroll_at
            if self._scrolls(place):
                yield from self._walk(ListParts(self._session, place, page_help=self._page_help), last=last)
                return
            self._pager.in_one_view = self._list.where.drawn == "page"
            parts = ListParts(self._session, None, page_help=self._page_help)
        first, end = self._pager.seen(), time.monotonic() + self._timeout
        while True:
            picture, seen = self._still(parts, parts.region(), SETTLED_S, first)
            if not last or self._stays(parts, picture, seen):
                break
            first = None
            self._in_time(end)
        cells, headings = arrange(in_region(seen.cells, picture.region)) if self._page_help else ((), 0)
        yield _View(picture.png, cells, headings)

    def _still(
        self, parts: ListParts | FixedRegion, region: Box, least_s: float, first: Picture | None = None
    ) -> tuple[Picture, Seen]:
        """Once nothing is loading.  region: where the parts are believed to stand; the picture is of where they
        stand.  The others as of ``Screen.still_picture``."""
        began = time.monotonic()

        def look() -> tuple[bool, Seen]:
            # Asked between the pictures: what came when the loading ended is in the second of them.
            return self._pager.loads(began), parts.look()

        while True:
            picture, (loading, seen) = self._screen.still_picture(
                region, self._timeout, look, least_s=least_s, first=first
            )
            if seen.region == region and not loading:
                self._pager.stands = region
                return picture, seen
            if time.monotonic() > began + self._timeout:
                raise CaptureIncomplete(
                    f"the list never stayed in its place, or never stopped loading, within {self._timeout:g} s",
                    hint="Something moves it about, or list.where.busy of the profile shows all the time.",
                )
            region, first = seen.region, None

    def _stays(self, parts: ListParts | FixedRegion, picture: Picture, seen: Seen) -> bool:
        """Does the list still show the same after a while?  Where the page tells of its cells these count: a
        cursor that blinks is no row."""
        self._screen.next_frame(picture.taken + END_HOLDS_S)
        self._pager.wait_while_loading()
        if not seen.cells:
            return self._screen.picture(picture.region).png == picture.png
        now = parts.look()
        if now == seen or (self._moved_on >= TRIES and same_rows(now, seen)):
            return True
        self._moved_on += 1
        return False

    def _in_time(self, end: float) -> None:
        if time.monotonic() > end:
            raise CaptureIncomplete(
                f"the list's end never stood still within {self._timeout:g} s",
                hint="Something in it changes all the time, e.g. a clock with seconds, or keeps loading; name a "
                "smaller element in list.where.at.",
            )

    def _walk(self, parts: ListParts, *, last: bool) -> Iterator[_View]:
        start = parts.look()
        region = start.region
        top: float | None = 0.0
        views, end = 0, time.monotonic() + self._timeout
        # Asked anew after each view: many grids fetch the next rows only when their end comes near.
        while top is not None:
            tiles = list(self._tiles(parts, region, start.measures, top))
            picture, here = tiles[-1]
            region = here.region
            # Sideways only, each page of many is at its end.
            at_end = here.measures.at_end and (last or here.measures.max_top > 1)
            if at_end and not self._stays(parts, picture, here):
                self._in_time(end)
                continue
            shown = tiles[0][0].region
            cells = [c for p, at in tiles for c in _moved(in_region(at.cells, p.region), at.measures, p.region)]
            arranged, headings = arrange(cells) if self._page_help else ((), 0)
            views += 1
            if views > self._list.paging.max_pages:
                raise CaptureIncomplete(
                    f"the list still goes on after {views - 1} views",
                    hint="If it really is that long, raise list.paging.max_pages of the profile.",
                )
            yield _View(
                self._composed(tiles, here.measures.moving),
                arranged,
                headings,
                y_offset=here.measures.top,
                body=here.measures.moving.moved(-shown.x, -shown.y),
                at_end=here.measures.at_end,
            )
            top, end = scroller.next_stop(here.measures), time.monotonic() + self._timeout

    def _tiles(
        self, parts: ListParts, region: Box, start: scroller.Measures, top: float
    ) -> Iterator[tuple[Picture, Seen]]:
        """From left to right, at one height."""
        for left in scroller.stops(start.moving.w, start.max_left):
            parts.scroll_to(left, top)
            picture, seen = self._still(parts, region, LEAST_WAIT_S)
            region = seen.region
            yield picture, seen

    def _composed(self, tiles: list[tuple[Picture, Seen]], moving: Box) -> bytes:
        """As PNG."""
        first = tiles[0][0]
        if len(tiles) == 1:
            return first.png
        pictures = [(p.image, at.measures.left) for p, at in tiles]
        return encode_png(scroller.compose(pictures, first.region, moving, self._screen.scale))

    def _scrolls(self, box: At | None) -> bool:
        """Is the list to be walked through, or the box that the profile names?  Raises CaptureIncomplete where a
        part of the list would never be seen."""
        asked = [self._session.list_element()] if box is None else [self._session.locate(box)]
        hidden, scrolls, document_scrolls = asked[0].evaluate(_NATURE)
        if box is not None and not scrolls:  # all of the box is seen, as far as it goes: and of the list?
            hidden = hidden or self._session.list_element().evaluate(_NATURE)[0]
        if hidden:
            raise CaptureIncomplete(
                "the list goes on below the end of a box around it, or above",
                hint="Name the element that scrolls in list.paging.scroll_at.",
            )
        if document_scrolls:
            raise CaptureIncomplete(
                "the list, or the box that scrolls it, reaches below the end of its frame or the largest window",
                hint="Name the element that scrolls in list.paging.scroll_at.",
            )
        return bool(scrolls)

    def _shot(self, number: int, view: _View) -> PageShot:
        total_text, total_image = self._total()
        return PageShot(
            number=number,
            picture=view.png,
            scale=self._screen.scale,
            sha256=self._session.evidence.keep_png(view.png),
            drawn_by=DrawnBy(self._list.where.drawn),
            cells=view.cells,
            header_rows=view.header_rows,
            total_text=total_text,
            total_image=total_image,
            y_offset=view.y_offset,
            body=view.body,
            at_end=view.at_end,
            captured_at=self._session.now(),
        )

    def _total(self) -> tuple[str | None, Image | None]:
        if self._list.total is None or self._list.total.at is None:
            return None, None
        element = self._session.locate(self._list.total.at)
        box = place_of(element) if element.is_visible() else None
        if box is None:
            return None, None
        return (element.inner_text() if self._page_help else None), self._screen.picture(box).image


_NATURE = """el => {
  // Does the element, or a box around it, hide one of its ends?  What is hidden is in no picture.
  const larger = e => e.scrollWidth - e.clientWidth > 1 || e.scrollHeight - e.clientHeight > 1;
  const own = getComputedStyle(el), scrolls = larger(el) && /auto|scroll/.test(own.overflowX + own.overflowY);
  // A line of text may reach out of a box by some pixels; a row is higher.
  let hidden = own.overflowY === 'hidden' && el.scrollHeight - el.clientHeight > 8;
  let rect = el.getBoundingClientRect(), top = rect.top, bottom = rect.bottom;
  for (let e = el.parentElement; e; e = e.parentElement || frame(e)) {
    const d = e.ownerDocument, html = d.documentElement;
    // What the body hides it hands on to the window, unless the document's own element hides something.
    const root = e === html || e === d.scrollingElement
      || e === d.body && getComputedStyle(html).overflow === 'visible';
    if (root || getComputedStyle(e).overflowY === 'visible' || e.scrollHeight <= e.clientHeight + 1) continue;
    const from = e.getBoundingClientRect().top + e.clientTop;
    hidden = hidden || bottom > from + e.clientHeight + 1 || top < from - 1;
  }
  function frame(e) {
    const host = e.ownerDocument.defaultView.frameElement;
    if (!host) return null;
    const r = host.getBoundingClientRect();
    top += r.top + host.clientTop; bottom += r.top + host.clientTop;
    return host;
  }
  let beyond = false;
  for (let d = el.ownerDocument, end = rect.bottom; d;) {
    const page = d.scrollingElement || d.documentElement, host = d.defaultView.frameElement;
    beyond = beyond || page.scrollHeight - page.clientHeight > 1 && end > page.clientHeight + 1;
    if (host) end += host.getBoundingClientRect().top + host.clientTop;
    d = host && host.ownerDocument;
  }
  return [hidden, scrolls, beyond];
}"""


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
