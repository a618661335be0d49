"""One source, one browser: the parts put together behind ``interfaces.SourceDriver`` and ``SourceSession``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, Locator, Page

from bridge import log
from bridge.erp import places
from bridge.erp.browser import BrowserOptions, new_context, open_browser
from bridge.erp.captcha import CaptchaReader, CaptchaTally
from bridge.erp.guard import Guard, place_at
from bridge.erp.kept_session import KeptSession
from bridge.erp.refusals import Refusals
from bridge.erp.sign_in import SignInDesk
from bridge.erp.steps import Credentials, StepRunner
from bridge.erp.traffic import Traffic
from bridge.errors import BridgeError, GuardViolation, NavigationFailed, SignInRefused
from bridge.interfaces import Clock, Evidence, PersonAtHand, Progress, TextReader
from bridge.profile_steps import At, Mark
from bridge.profiles import Profile
from bridge.records import CaptureSet

if TYPE_CHECKING:
    from bridge.erp.redraw import BrowserRedrawer


class ErpDriver:
    """Opens a browser for one source (``interfaces.SourceDriver``).

    source: its name in bridge.toml.  url: where the sign-in starts.  reader: reads captchas; None where the
    profile has none.  refusals: what was refused in earlier runs; None where nothing is remembered.  page_help:
    False switches the page's own boxes and text off.  guard_off: for the test that shows what the guard is worth,
    and for nothing else.
    """

    def __init__(
        self,
        *,
        source: str,
        profile: Profile,
        url: str,
        credentials: Credentials,
        evidence: Evidence,
        clock: Clock,
        reader: TextReader | None = None,
        options: BrowserOptions | None = None,
        refusals: Refusals | None = None,
        kept: KeptSession | None = None,
        person: PersonAtHand | None = None,
        page_help: bool = True,
        guard_off: bool = False,
    ) -> None:
        self.source = source
        self.profile = profile
        self.url = url
        self.credentials = credentials
        self.evidence = evidence
        self.clock = clock
        self.reader = reader
        self.options = replace(options or BrowserOptions(), patience_s=profile.browser.timeout_s)
        self.refusals = refusals
        self.kept = kept  # where sessions outlive their run; None: each run signs in for itself
        self.person = person  # reads a captcha that the net cannot; None: nobody
        self.page_help = page_help and profile.order_list.helps
        self.guard_off = guard_off

    @contextmanager
    def open(self) -> Iterator[ErpSession]:
        """Not signed in yet.  Raises SetupError, ConfigError, CertificateError, SourceUnavailable, and
        SignInRefused if these very credentials were refused before."""
        if self.refusals is not None:
            self.refusals.stop_if_known(self.source, self.credentials.user, self.credentials.password)
        with open_browser(self.options, url=self.url) as browser:
            former = self.kept.load() if self.kept is not None else None
            scale = self.profile.scale(page_help=self.page_help)
            context = new_context(browser, self.profile.browser, scale, former["state"] if former else None)
            if former:
                KeptSession.restore(context, former)
            page = context.new_page()
            page.set_default_timeout(self.profile.browser.timeout_s * 1000)  # Playwright's own is 30 s
            guard = Guard(self.profile, self.url, off=self.guard_off)
            guard.attach(browser, page)
            yield ErpSession(self, browser, page, guard, resumes=former is not None)


class ErpSession:
    """A browser at one ERP (``interfaces.SourceSession``).

    page: the window.  captchas: tally for the solve rate.
    """

    def __init__(
        self, driver: ErpDriver, browser: Browser, page: Page, guard: Guard, *, resumes: bool = False
    ) -> None:
        self.source = driver.source
        self.profile = driver.profile
        self.evidence = driver.evidence
        self.now = driver.clock
        self.page = page
        self.guard = guard
        self.captchas = CaptchaTally()
        self._credentials = driver.credentials
        self._refusals = driver.refusals
        self._kept = driver.kept
        self._page_help = driver.page_help
        self._browser = browser
        self._redrawer: BrowserRedrawer | None = None
        self._runner = StepRunner(
            page=page,
            url=driver.url,
            guard=guard,
            traffic=Traffic(page.context),
            credentials=driver.credentials,
            timeout_s=self.profile.browser.timeout_s,
            today=self._today,
            now=driver.clock,
            evidence=driver.evidence,
            captcha=CaptchaReader(driver.reader, self.captchas) if driver.reader else None,
            person=driver.person,
        )
        self._desk = SignInDesk(self.profile, self._runner, self.captchas, resumes=resumes)

    # --- interfaces.SourceSession -------------------------------------------------------------------------

    @property
    def redrawer(self) -> BrowserRedrawer:
        if self._redrawer is None:
            from bridge.erp.redraw import BrowserRedrawer

            self._redrawer = BrowserRedrawer(self._browser)
        return self._redrawer

    @property
    def guard_blocked(self) -> int:
        return self.guard.count

    @property
    def captcha_answers(self) -> tuple[int, int]:
        return self.captchas.attempted, self.captchas.solved

    def sign_in(self) -> None:
        try:
            self._desk.sign_in()
            if self._kept is not None and not self._desk.resumed:
                self._kept.forget()  # what was kept is worth nothing any more
        except SignInRefused:
            if self._refusals is not None:
                self._refusals.note(self._credentials.user, self._credentials.password, self.now())
            raise
        if self._refusals is not None:
            self._refusals.forget()
        log.event("sign_in.done", "an earlier session goes on" if self._desk.resumed else "signed in")

    def keep(self) -> None:
        if self._kept is not None:
            self._kept.save(self.page)

    def open_list(self) -> None:
        """Goes the way to the list and waits until it is there.  Raises as ``StepRunner.run``, and SessionLost or
        SeatTaken if the ERP has signed us out."""
        self._runner.on_wait = self._desk.ensure_signed_in
        try:
            self._runner.run(self.profile.order_list.open, "list.open")
            where = self.profile.order_list.where
            for path, at in (("list.where.ready", where.ready), ("list.where.at", where.at)):
                if at is not None:
                    self._arrived(at, path)
            if where.busy is not None:
                busy = where.busy
                if not self._runner.wait_until(
                    lambda: places.find(self.page, busy) is None, self._runner.timeout_s
                ):
                    raise NavigationFailed("list.where.busy: the list never stopped loading")
        finally:
            self._runner.on_wait = None

    def _arrived(self, at: At, path: str) -> None:
        try:
            self._runner.look_for(at, path)
        except NavigationFailed as e:
            raise self._runner.why(path, e) from None

    def capture(self, progress: Progress | None = None, *, max_pages: int | None = None) -> CaptureSet:
        from bridge.erp.capture import ListCapture

        return ListCapture(self, page_help=self._page_help).run(progress, max_pages=max_pages)

    def sign_out(self) -> None:
        self._desk.sign_out()

    # --- for the capture ----------------------------------------------------------------------------------

    def check_state(self) -> None:
        """Raises SessionLost or SeatTaken if the window says that it is over.  Does not wait."""
        self._desk.ensure_signed_in()

    def list_element(self, *, wait: bool = True) -> Locator:
        """The element that holds the list.  Raises NavigationFailed if the list is a region of the window or,
        after waiting, not there; without waiting the element may be missing."""
        at = self.profile.order_list.where.at
        if at is None:
            raise NavigationFailed("list.where: the list is a region of the window, no element")
        if wait:
            found = self._runner.look_for(at, "list.where.at")
            assert found is not None
            return found
        return self.locate(at)

    def locate(self, at: At) -> Locator:
        """The place as it is now; the element itself may be missing.  Raises NavigationFailed if its frame is."""
        found = places.locator(self.page, at)
        if found is None:
            raise NavigationFailed(f"there is no such frame or window: {places.describe(at)}")
        return found

    def visible(self, *marks: Mark) -> bool:
        """Is one of them on the screen?"""
        return places.visible(self.page, *marks)

    def click(self, at: At, path: str) -> None:
        """Clicks a place of the profile; path: where it stands there, e.g. ``list.paging.next``."""
        if place_at(self.profile, path) != at:
            raise GuardViolation(f"{path} of the profile is another place than {places.describe(at)}")
        self._runner.begin()
        self.guard.guarded_click(self.locate(at), path, timeout_s=self._runner.timeout_s)

    def fetching(self) -> frozenset[str]:
        """As ``Traffic.fetching``."""
        return self._runner.traffic.fetching()

    def check_network(self, path: str) -> None:
        """Raises SourceUnavailable, CertificateError or NavigationFailed if a document of the last click did not
        arrive.  Does not wait."""
        if (fault := self._runner.traffic.fault(path)) is not None:
            raise fault

    def why(self, path: str, otherwise: BridgeError) -> BridgeError:
        """Why nothing came of the last click after all the waiting: the network, the guard, or ``otherwise``."""
        return self._runner.why(path, otherwise, waited_s=self._runner.timeout_s)

    def _today(self) -> date:
        return self._local(self.now()).date()

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(ZoneInfo(self.profile.browser.timezone))
