"""From page to page of the list: which page it shows, whether it is the last, and the way on."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from playwright.sync_api import Error as PlaywrightError

from bridge.erp.screen import LEAST_WAIT_S, Picture, Screen
from bridge.errors import CaptureIncomplete, NavigationFailed
from bridge.records import Box

if TYPE_CHECKING:
    from bridge.erp.session import ErpSession
    from bridge.profile_steps import At

LOOK_EVERY_S = 0.015
FIRST_S = 2.0
"""A list that has not moved by then was on its first page."""
ASK_WHY_S = 0.25
"""A page that is not there after this may be a lost session: its marks are looked for, which takes a while."""
PATIENCE_S = 10.0
"""How long the answers to a page's own requests are waited for.  What takes longer, or is asked all the time, is
not waited for again."""


class Pager:
    """Of one list.  Every click goes through the session's guard.

    stands: where the list stood in the last picture; in_one_view: does the page tell of the list, and one picture
    show it?  Both are set by whoever takes the pictures.
    """

    def __init__(self, session: ErpSession, screen: Screen) -> None:
        self._session = session
        self._screen = screen
        self._list = session.profile.order_list
        self._paging = self._list.paging
        self._timeout = session.profile.browser.timeout_s
        self._seen: Picture | None = None
        self._pollers: frozenset[str] = frozenset()  # paths of requests that are not waited for
        self.stands: Box | None = None
        self.in_one_view = False

    def seen(self) -> Picture | None:
        """The first picture of the page that was turned to, once."""
        picture, self._seen = self._seen, None
        return picture

    def loads(self, since: float) -> bool:
        """Is the list loading?  since: moment of the monotonic clock from which on it is waited for."""
        if self.is_busy():
            return True
        paths = self._session.fetching() - self._pollers
        if paths and time.monotonic() - since > min(PATIENCE_S, self._timeout / 2):
            self._pollers |= paths
            return False
        return bool(paths)

    def wait_while_loading(self) -> None:
        began = time.monotonic()
        while self.loads(began) and time.monotonic() < began + self._timeout:
            self._screen.next_frame(time.monotonic() + LEAST_WAIT_S)

    def is_busy(self) -> bool:
        """By the profile's mark."""
        busy = self._list.where.busy
        try:
            return busy is not None and self._session.locate(busy).is_visible()
        except (PlaywrightError, NavigationFailed):
            return True  # its frame is just being replaced

    @property
    def tells(self) -> bool:
        """Does the page tell what the list says?"""
        return self._list.where.drawn == "page" and self._list.where.at is not None

    # --- where it is ------------------------------------------------------------------------------------------

    def is_last(self, page: int) -> tuple[bool, int]:
        """Is this the last page, and of how many (0 = unknown)?

        Raises CaptureIncomplete if the ERP shows another page, NavigationFailed if its pager does not come.
        """
        end = time.monotonic() + self._timeout
        while True:
            try:
                return self._is_last(page)
            except (PlaywrightError, NavigationFailed):
                if time.monotonic() > end:
                    raise
            self._screen.next_frame(time.monotonic() + LOOK_EVERY_S)

    def _is_last(self, page: int) -> tuple[bool, int]:
        p = self._paging
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
            return self.is_marked_last(), of
        assert p.next is not None
        return not self._leads_on(p.next), of

    def is_marked_last(self) -> bool:
        return self._session.visible(*self._paging.last)

    def _leads_on(self, at: At) -> bool:
        button = self._session.locate(at)
        return button.is_visible() and button.is_enabled()

    def _shows_page(self, page: int) -> bool:
        """By its pager, where it has one that tells: some tell later than the rows come, or nothing for a time."""
        p = self._paging
        if not p.page_of or not p.page_of_at:
            return True
        try:
            texts = self._session.locate(p.page_of_at).all_inner_texts()
        except (PlaywrightError, NavigationFailed):
            return False
        found = re.search(p.page_of, texts[0]) if texts else None
        return found is not None and int(found.group(1)) == page

    # --- the way on -------------------------------------------------------------------------------------------

    def to_first(self) -> None:
        """Many programs open a list on the page that was left last.  Raises as ``turn``."""
        first = self._paging.first
        if first is None or not self._leads_on(first) or (self._paging.page_of_at and self._shows_page(1)):
            return
        before = self._settled()
        self._session.click(first, "list.paging.first")
        began = time.monotonic()
        while True:
            self._screen.next_frame(time.monotonic() + LEAST_WAIT_S)  # lets the browser's events in
            now = self._fingerprint()
            # Where it was there before, nothing changes.
            moved = (self.tells and now not in (None, before)) or time.monotonic() > began + FIRST_S
            if moved and now is not None and not self.loads(began) and self._shows_page(1):
                return
            self._still_waits(began, "the list did not go to its first page", "first", 1)

    def turn(self, page: int) -> None:
        """From ``page`` to the next.  Raises CaptureIncomplete if the list does not move on, and as the guard."""
        p = self._paging
        assert p.next is not None
        before = self._settled()
        last: str | bytes | None = before
        self._session.click(p.next, "list.paging.next")
        began = asked = time.monotonic()
        while True:
            now, looked = self._fingerprint(), time.monotonic()
            wait_s = LOOK_EVERY_S
            if now is not None and now != before:
                if now == last and self._shows_page(page + 1):
                    return
                if now != last and self.in_one_view and self.stands is not None:
                    self._seen = self._screen.picture(self.stands)  # the first of the two that must be equal
                wait_s = LEAST_WAIT_S
            last = now
            if time.monotonic() > asked + ASK_WHY_S:
                self._still_waits(began, f"the list did not move on from page {page}", "next", page + 1)
                asked = time.monotonic()
            self._screen.next_frame(looked + wait_s)

    def _settled(self) -> str | bytes:
        """What the list shows, once it is not loading."""
        began = time.monotonic()
        while (now := self._fingerprint()) is None:
            self._still_waits(began, "the list never stopped loading", "next", 0)
            self._screen.next_frame(time.monotonic() + LOOK_EVERY_S)
        return now

    def _still_waits(self, began: float, what: str, key: str, page: int) -> None:
        """Raises if the session is over, a document did not arrive, or the time is."""
        self._session.check_state()
        self._session.check_network(f"page {page} of the list")
        if time.monotonic() > began + self._timeout:
            stuck = CaptureIncomplete(
                f"{what} within {self._timeout:g} s",
                hint=f"Look at list.paging.{key} and browser.timeout_s of the profile.",
                page=page,
            )
            raise self._session.why(f"page {page} of the list", stuck)

    def _fingerprint(self) -> str | bytes | None:
        """Equal as long as the list shows the same; None while it is loading."""
        if self.is_busy():
            return None
        try:
            if self.tells:
                # Not `evaluate` nor `inner_text`: they wait for an element that an error page does not have.
                # Not the pager's text: some tell the next page while the rows are still those of the last one.
                texts = self._session.list_element(wait=False).evaluate_all(
                    "els => els.map(e => e.ownerDocument.readyState === 'complete' ? e.innerText : null)"
                )
                return texts[0] if texts else None
            if self.stands is None:
                return b""
            self._seen = self._screen.picture(self.stands)
            return self._seen.png
        except (PlaywrightError, NavigationFailed):
            return None  # the frame is just being replaced
