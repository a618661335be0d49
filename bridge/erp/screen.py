"""Pictures of a part of the window, and whether it stands still."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from playwright.sync_api import CDPSession, Locator, Page

from bridge.erp.redraw import match_metrics, screenshot
from bridge.errors import CaptureIncomplete
from bridge.png import decode_png
from bridge.records import Box, Image

LEAST_WAIT_S = 0.06
"""Four frames of a screen that shows sixty a second."""

_Seen = TypeVar("_Seen")


@dataclass(frozen=True, slots=True)
class Picture:
    """Not decoded: most are only compared, or kept, and a large one takes as long as it took to be made."""

    png: bytes
    region: Box  # css pixels of the window, whole numbers
    taken: float  # moment of the monotonic clock

    @property
    def image(self) -> Image:
        """Decoded each time."""
        return decode_png(self.png)


class Screen:
    """Takes pictures of the window by the browser's own protocol: no scrolling, no style changes."""

    def __init__(self, page: Page, scale: float) -> None:
        self._page = page
        self._cdp: CDPSession = page.context.new_cdp_session(page)
        self.scale = scale
        self._match()

    def _match(self) -> None:
        size = self._page.viewport_size
        if size is not None:
            match_metrics(self._cdp, size["width"], size["height"], self.scale)

    def picture(self, region: Box) -> Picture:
        """The picture of a region of the window, widened to whole css pixels that are whole device pixels."""
        whole = _widened(region)
        png = base64.b64decode(screenshot(self._cdp, whole))
        return Picture(png, whole, time.monotonic())

    def still_picture(
        self,
        region: Box,
        timeout_s: float,
        look: Callable[[], _Seen],
        *,
        least_s: float = LEAST_WAIT_S,
        first: Picture | None = None,
    ) -> tuple[Picture, _Seen]:
        """The picture once two in a row are equal, and what ``look`` found in between: so it is of that picture.

        least_s: between the two pictures.  first: one that was taken before; it counts if it is of this region.
        Raises CaptureIncomplete if it never stands still.
        """
        end = time.monotonic() + timeout_s
        last = first if first is not None and first.region == _widened(region) else self.picture(region)
        while True:
            seen = look()
            self.next_frame(last.taken + least_s)
            now = self.picture(region)
            if now.png == last.png:
                return now, seen
            if time.monotonic() > end:
                raise CaptureIncomplete(
                    f"the list never stood still within {timeout_s:g} s",
                    hint="Something in it blinks or keeps loading; name a smaller element in list.where.at.",
                )
            last = now

    def next_frame(self, until: float = 0.0) -> None:
        """Waits until the browser has drawn twice: what scripts changed before is on the screen then.

        until: and for this moment of the monotonic clock.  Frames come without a limit here
        (``find_browser.launch_args``), and a list that is still being filled must not look as if it stood still.
        """
        self._page.evaluate(
            "() => new Promise(r => requestAnimationFrame(() => requestAnimationFrame(() => r(null))))"
        )
        if (left := until - time.monotonic()) > 0:
            self._page.wait_for_timeout(left * 1000)

    def enlarge_for(self, root: Locator, max_height: int) -> None:
        """Makes the window high and wide enough that the document around ``root`` need not scroll.

        Frames take their share of the window, so it is asked again until it fits or stops helping.
        """
        for _ in range(4):
            dw, dh = root.evaluate(
                """el => {
                  const s = el.ownerDocument.scrollingElement || el.ownerDocument.documentElement;
                  return [s.scrollWidth - s.clientWidth, s.scrollHeight - s.clientHeight];
                }"""
            )
            size = self._page.viewport_size
            if (dw <= 0 and dh <= 0) or size is None:
                return
            width = min(size["width"] + max(0, dw), 4000)
            height = min(size["height"] + max(0, dh), max_height)
            if (width, height) == (size["width"], size["height"]):
                return
            self._page.set_viewport_size({"width": width, "height": height})
            self._match()
            self.next_frame(time.monotonic() + LEAST_WAIT_S)


def _widened(region: Box) -> Box:
    x0, y0 = int(region.x // 4 * 4), int(region.y // 4 * 4)
    x1, y1 = -int(-region.x2 // 4 * 4), -int(-region.y2 // 4 * 4)
    return Box(x=x0, y=y0, w=x1 - x0, h=y1 - y0)


OFFSET = """el => {
  let x = 0, y = 0;
  for (let w = el.ownerDocument.defaultView; w.parent !== w; w = w.parent) {
    const host = w.frameElement;
    if (!host) return null;
    const r = host.getBoundingClientRect();
    x += r.left + host.clientLeft; y += r.top + host.clientTop;
  }
  return [x, y];
}"""
"""JavaScript: where an element's frame starts in the window; null where a host is of another site."""


def frame_offset(element: Locator) -> tuple[float, float]:
    """Where the element's frame starts in the window, css pixels; (0, 0) in the main frame."""
    if (found := element.evaluate(OFFSET)) is not None:
        return found[0], found[1]
    frame = element.element_handle().owner_frame()  # of another site, whose host its own scripts cannot see
    assert frame is not None
    host = frame.frame_element()
    box = host.bounding_box() or {"x": 0.0, "y": 0.0}
    left, top = host.evaluate("el => [el.clientLeft, el.clientTop]")
    return box["x"] + left, box["y"] + top


def place_of(element: Locator) -> Box | None:
    """The element's border box in the window, css pixels, or None if it is not shown."""
    b = element.bounding_box()
    return Box(x=b["x"], y=b["y"], w=b["width"], h=b["height"]) if b else None
