"""Doing the steps of a profile, one after the other, each told by its dotted YAML path.

Every step waits for its own place and for nothing else; there are no pauses.  What was typed never stands in a
message.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Locator, Page
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from bridge import log
from bridge.erp import captcha as captchas
from bridge.erp import places, totp
from bridge.erp.faults import keep_picture, mapped
from bridge.erp.guard import Guard
from bridge.erp.traffic import Traffic
from bridge.errors import (
    BridgeError,
    CaptchaFailed,
    CaptureIncomplete,
    GuardViolation,
    NavigationFailed,
    ProfileError,
    SecretMissing,
    SourceError,
    SourceUnavailable,
)
from bridge.interfaces import Clock, Evidence, PersonAtHand
from bridge.profile_steps import At, Captcha, Step
from bridge.records import Image

LOOK_EVERY_MS = 20
# How long something that may be missing is looked for once nothing is loading any more: legacy pages open
# their notices by short timers.
GRACE_S = 1.0


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What the sign-in types.  Never printed."""

    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    totp_secret: str = field(default="", repr=False)


@dataclass(kw_only=True)
class StepRunner:
    """Does steps in one window.

    today: gives the date in the ERP's own time zone.
    captcha: reads captchas; None where no step needs it.
    on_wait: called at every look while a step waits; may raise to end the waiting.
    """

    page: Page
    url: str
    guard: Guard
    traffic: Traffic
    credentials: Credentials
    timeout_s: float
    today: Callable[[], date]
    now: Clock
    evidence: Evidence | None = None
    captcha: captchas.CaptchaReader | None = None
    person: PersonAtHand | None = None
    ask_person: bool = field(default=False, init=False)  # the net had its attempts
    _person_until: float | None = field(default=None, init=False)  # time.monotonic(); set by the first question
    on_wait: Callable[[], None] | None = None
    # Of guard.blocked and traffic.faults: how many there were when what may be failing now was begun.
    _stopped: int = field(default=0, init=False)
    _faults: int = field(default=0, init=False)

    def run(self, steps: Sequence[Step], path: str) -> None:
        """path: of the list, e.g. ``sign_in.steps``.

        Raises SourceUnavailable, CertificateError, NavigationFailed, GuardViolation, CaptchaFailed, ProfileError.
        """
        self.begin()
        first = self._stopped
        for i, step in enumerate(steps):
            begun = len(self.guard.blocked), self.traffic.faults
            where = f"{path}.{i}.{step.verb}"
            self.guard.on_sign_in_page(*(f.url for f in self.page.frames))
            if step.unless is not None and self._is_there(step.unless, _place(step)):
                continue
            try:
                acted = self._do(step, where)
            except NavigationFailed as e:
                raise self._explained(e, where, self._stopped) from None
            if acted:
                # What a click sets off may be stopped, or fail, before the next step begins.  A step that finds
                # nothing to do begins nothing.
                self._stopped, self._faults = begun
        # Whoever now waits for what the steps led to waits for all of them: a last step that closes a notice comes
        # after the click that matters.
        self._stopped = first

    def begin(self) -> None:
        """An action outside of ``run`` begins: what went wrong before is not its fault."""
        self.traffic.forget()
        self._stopped, self._faults = len(self.guard.blocked), 0

    def why(self, where: str, otherwise: BridgeError, *, waited_s: float | None = None) -> BridgeError:
        """Why what was begun last did not succeed: the network, the guard, or else ``otherwise``."""
        return self.traffic.fault(where, waited_s=waited_s) or self._explained(otherwise, where, self._stopped)

    # --- one step -----------------------------------------------------------------------------------------

    def _do(self, step: Step, where: str) -> bool:
        """False if there was nothing to do: an optional place that is not there, no window to close."""
        if step.goto is not None:
            self.go(urljoin(self.url, self._filled(step.goto, where, secrets=False)), where)
        elif step.press is not None:
            key = step.press
            self._by_browser(where, lambda: self.page.keyboard.press(key))
        elif step.close_popups is not None:
            return self._close_popups()
        elif step.wait_gone is not None:
            self._wait_gone(step.wait_gone, where)
        elif step.captcha is not None:
            self._captcha(step.captcha, where)
        else:
            return self._at_a_place(step, where)
        return True

    def _is_there(self, at: At, or_else: At | None) -> bool:
        """Is ``at`` on the screen, once it or the step's own place had the time to arrive?"""
        wanted = [at] if or_else is None else [at, or_else]
        self.wait_until(lambda: any(places.find(self.page, a) for a in wanted), GRACE_S, when_quiet=True)
        return places.find(self.page, at) is not None

    def _at_a_place(self, step: Step, where: str) -> bool:
        at = _place(step)
        assert at is not None, step.verb
        found = self.look_for(at, where, optional=step.optional or step.close is not None)
        if found is None:
            return False
        limit = self.timeout_s * 1000
        if step.fill is not None:
            value = self._filled(step.fill.value, where)
            self._by_browser(where, lambda: found.fill(value, timeout=limit))
        elif step.totp is not None:
            if not self.credentials.totp_secret:
                raise SecretMissing(
                    f"{where}: the source has no TOTP secret", hint="Set it with `bridge secret set`."
                )
            totp.check_clock(where, self.now(), self.traffic.server_time())
            digits = totp.code(self.credentials.totp_secret, self.now())
            self._by_browser(where, lambda: found.fill(digits, timeout=limit))
        elif step.select is not None:
            option = self._filled(step.select.option, where, secrets=False)
            self.guard.vet(found, where)
            self._by_browser(where, lambda: found.select_option(option, timeout=limit))
        elif step.click is not None or step.close is not None:
            self.guard.guarded_click(found, where, timeout_s=self.timeout_s)
        elif step.wait is None:
            self.guard.vet(found, where)
            act = found.check if step.check else found.uncheck if step.uncheck else found.hover
            self._by_browser(where, lambda: act(timeout=limit))
        return True

    def go(self, url: str, where: str) -> int:
        """Opens an address and returns its HTTP status; raises SourceUnavailable for 5xx."""
        fault: SourceError | None = None
        status = 0
        stopped, faults = len(self.guard.blocked), self.traffic.faults
        try:
            answer = self.page.goto(url, wait_until="domcontentloaded", timeout=self.timeout_s * 1000)
            status = answer.status if answer else 0
        except PlaywrightTimeout:
            fault = self.traffic.fault(where, since=faults) or SourceUnavailable(
                f"{where}: {urlsplit(url).path or '/'} has not arrived within {self.timeout_s:g} s"
            )
        except PlaywrightError as e:
            fault = self.traffic.fault(where, since=faults) or mapped(e, where)
        if fault:
            raise self._explained(fault, where, stopped)
        if status >= 500 and (fault := self.traffic.fault(where, since=faults)):
            raise fault
        return status

    def _by_browser(self, where: str, act: Callable[[], object]) -> None:
        fault = None
        try:
            act()
        except PlaywrightError as e:
            fault = mapped(e, where)
        if fault:
            raise fault

    def _close_popups(self) -> bool:
        self.wait_until(lambda: bool(places.popups(self.page)), GRACE_S, when_quiet=True)
        windows = places.popups(self.page)
        for window in windows:
            window.close()
        return bool(windows)

    def _wait_gone(self, at: At, where: str) -> None:
        if not self.wait_until(lambda: places.find(self.page, at) is None, self.timeout_s):
            raise self._missing(where, f"{places.describe(at)} is still there after {self.timeout_s:g} s")

    # --- looking ------------------------------------------------------------------------------------------

    def look_for(self, at: At, where: str, *, optional: bool = False) -> Locator | None:
        """The place once it is visible.  Optional: None if it is not there once everything has arrived."""
        found: list[Locator] = []

        def there() -> bool:
            if place := places.find(self.page, at):
                found.append(place)
            return bool(found)

        if self.wait_until(there, GRACE_S if optional else self.timeout_s, when_quiet=optional):
            return found[0]
        if optional:
            return None
        raise self._missing(where, f"nothing matches {places.describe(at)} within {self.timeout_s:g} s")

    def wait_until(self, true: Callable[[], bool], limit_s: float, *, when_quiet: bool = False) -> bool:
        """Looks until it is true, at most ``limit_s``; with ``when_quiet`` the time runs only while no document is
        loading, and never longer than the page's own limit on top."""
        start = quiet_since = time.monotonic()
        while not true():
            now = time.monotonic()
            if when_quiet and not self.traffic.quiet and now - start < self.timeout_s:
                quiet_since = now
            if now - quiet_since > limit_s:
                return False
            if self.on_wait is not None:
                self.on_wait()
            if not when_quiet and (fault := self.traffic.fault("the page", since=self._faults)):
                raise fault
            self.page.wait_for_timeout(LOOK_EVERY_MS)
        return True

    def _missing(self, where: str, what: str) -> BridgeError:
        fault = self.traffic.fault(where, waited_s=self.timeout_s)
        return fault or NavigationFailed(
            f"{where}: {what}", hint="Compare this line of the profile with the picture, or run `bridge check`."
        )

    def _explained(self, fault: BridgeError, where: str, stopped: int) -> BridgeError:
        """The fault with the picture of the window, or what the guard stopped, if that is why."""
        picture = keep_picture(self.page, self.evidence)
        documents = [b for b in self.guard.blocked[stopped:] if b.document]
        if documents and isinstance(fault, NavigationFailed | CaptureIncomplete):
            b = documents[-1]
            return GuardViolation(
                f"{where}: the read-only guard stopped {b}",
                hint=f"If it changes nothing in the ERP, add it to allow.requests: "
                f"{{method: {b.method}, path: {b.path}}}.",
                picture=picture,
                step=where,
            )
        return type(fault)(fault.message, hint=fault.hint, **{**fault.where, "picture": picture, "step": where})

    # --- values -------------------------------------------------------------------------------------------

    def _filled(self, text: str, where: str, *, secrets: bool = True) -> str:
        values = {"user": self.credentials.user, "password": self.credentials.password} if secrets else {}
        return fill_placeholders(text, values, self.today(), where)

    # --- captcha ------------------------------------------------------------------------------------------

    def _captcha(self, captcha: Captcha, where: str) -> None:
        if self.captcha is None:
            raise CaptchaFailed(f"{where}: nothing is set up that reads captchas")
        element = self.look_for(captcha.image, f"{where}.image")
        assert element is not None
        picture = captchas.picture_of(element, self.timeout_s)
        text, sure = self.captcha.read(picture, captcha)
        for _ in range(captchas.PICTURES_PER_ANSWER - 1):
            if sure:
                break
            refresh = f"{where}.refresh" if captcha.refresh else f"{where}.image"
            button = self.look_for(captcha.refresh, refresh) if captcha.refresh else element
            assert button is not None
            self.guard.guarded_click(button, refresh, timeout_s=self.timeout_s)
            another = captchas.wait_for_another(element, picture, self.timeout_s)
            if another is None:
                raise CaptchaFailed(
                    f"{refresh}: a click there brings no new picture", hint="Name `refresh` there."
                )
            picture = another
            text, sure = self.captcha.read(picture, captcha)
        if self.person is not None and (self.ask_person or not sure):
            text = self._asked(self.person, picture, where) or text
        if not text or (captcha.length is not None and len(text) != captcha.length):
            raise CaptchaFailed(
                f"{where}: none of {captchas.PICTURES_PER_ANSWER} pictures could be read",
                hint="Look at the alphabet and length of the captcha in the profile.",
                picture=keep_picture(self.page, self.evidence),
            )
        field_ = self.look_for(captcha.into, f"{where}.into")
        assert field_ is not None
        self._by_browser(where, lambda: field_.fill(text, timeout=self.timeout_s * 1000))

    def _asked(self, person: PersonAtHand, picture: Image, where: str) -> str:
        """What a person says that it shows; "" if nobody answered in time.  The window lives on meanwhile.

        The time is one for all questions of a run: where nobody is there, the next attempt asks nobody, and a
        wrong answer is asked again for what is left.
        """
        if self._person_until is None:
            self._person_until = time.monotonic() + person.wait_s
        left_s = self._person_until - time.monotonic()
        if self.evidence is None or left_s <= 0:
            return ""
        token = person.desk.ask(self.evidence.keep_png(captchas.as_png(picture)), wait_s=left_s)
        try:
            while time.monotonic() < self._person_until:
                if (answer := person.desk.answer(token)) is not None:
                    return "".join(answer.split())
                self.page.wait_for_timeout(captchas.LOOK_FOR_ANSWER_MS)
        finally:
            person.desk.close(token)
        log.event("captcha.unanswered", f"{where}: nobody typed the captcha in time", level="WARNING")
        return ""


_PLACEHOLDER = re.compile(r"\{(?P<name>user|password|today)(?P<days>[+-]\d{1,4})?(?::(?P<format>[^{}]*))?\}")


def fill_placeholders(text: str, values: dict[str, str], today: date, where: str) -> str:
    """``{user}``, ``{password}``, ``{today}``, ``{today-30}``, ``{today:%Y/%m/%d}``, ``{today-30:%d.%m.%Y}``.

    Raises ProfileError for any other name in braces, and for a name that has no value here.
    """

    def replaced(match: re.Match[str]) -> str:
        if match["name"] == "today":
            day = today + timedelta(days=int(match["days"] or 0))
            return day.strftime(match["format"] or "%Y-%m-%d")
        if match["name"] not in values or match["days"] or match["format"]:
            raise ProfileError(f"{where}: {match[0]} cannot be used here")
        return values[match["name"]]

    if rest := re.search(r"\{\w[^{}]*\}", _PLACEHOLDER.sub("", text)):
        raise ProfileError(
            f"{where}: nothing is known under {rest[0]}",
            hint="There are {user}, {password}, {today}, {today-30} and {today:%Y/%m/%d}.",
        )
    return _PLACEHOLDER.sub(replaced, text)


def _place(step: Step) -> At | None:
    """Where the step acts; None for those that act nowhere."""
    at = step.click or step.check or step.uncheck or step.hover or step.close or step.wait
    if step.fill is not None:
        at = step.fill.at
    elif step.select is not None:
        at = step.select.at
    elif step.totp is not None:
        at = step.totp.into
    elif step.captcha is not None:
        at = step.captcha.image
    return at
