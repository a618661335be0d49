"""Signing in, told by marks: what the page shows decides what happened, never the absence of an error.

A wrong password is tried once and never again by this object; a captcha a few times, below the lock-out; a taken
seat is left alone unless the profile says that the account is the bridge's own.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from bridge.erp import places
from bridge.erp.captcha import CaptchaTally
from bridge.erp.faults import keep_picture
from bridge.erp.steps import StepRunner
from bridge.errors import (
    CaptchaFailed,
    NavigationFailed,
    SeatTaken,
    SessionLost,
    SignInRefused,
)
from bridge.profile_steps import Mark, SignIn
from bridge.profiles import Profile

RESUME_LIMIT_S = 5.0  # until the inside or the form of the first page must have shown


class State(StrEnum):
    SIGNED_IN = "signed_in"
    REFUSED = "refused"  # wrong name or password: a person acts
    CAPTCHA_WRONG = "captcha_wrong"  # the next attempt, up to the limit
    SEAT_TAKEN = "seat_taken"
    EXPIRED = "expired"
    SHUT_OUT = "shut_out"  # another seat threw us out


class _Interrupted(Exception):
    """A mark came up while a step was still waiting for its place."""

    def __init__(self, state: State) -> None:
        self.state = state


class SignInDesk:
    """Signs one window in and out.

    tally: of the captchas, for the solve rate.  resumes: the window has an earlier run's session, which may still
    hold.  resumed: the last sign-in found that it does.
    """

    def __init__(
        self, profile: Profile, runner: StepRunner, tally: CaptchaTally, *, resumes: bool = False
    ) -> None:
        self._resumes = resumes
        self.resumed = False
        self._rules = profile.sign_in
        self._runner = runner
        self._guard = runner.guard
        self._page = runner.page
        self._tally = tally
        self._refused = False
        self._signed_in = False

    def sign_in(self) -> None:
        """Opens the source's address and signs in, or only opens it where the profile knows no sign-in.

        Raises SignInRefused, CaptchaFailed, SeatTaken, SessionLost, NavigationFailed, SourceUnavailable,
        CertificateError, GuardViolation.
        """
        if self._refused:
            raise SignInRefused("sign_in: not tried again, the name or password was refused before")
        rules = self._rules
        if rules is None:
            self._runner.go(self._runner.url, "url")
            return
        self._guard.begin_sign_in(self._runner.url)
        try:
            self._attempts(rules)
        finally:
            self._guard.end_sign_in()
        self._signed_in = True
        self._runner.run(rules.after, "sign_in.after")
        self.ensure_signed_in()

    def sign_out(self) -> None:
        """Gives the seat back, if the profile says how and we have one."""
        if self._rules is None or not self._signed_in or self._rules.after_run == "keep":
            return
        self._runner.run(self._rules.sign_out, "sign_in.sign_out")
        self._signed_in = False

    def state(self) -> State:
        """What the window shows now: EXPIRED, SHUT_OUT, else SIGNED_IN.  Does not wait."""
        if self._rules is not None and self._sees(*self._marks(State.SHUT_OUT), *self._marks(State.EXPIRED)):
            for state in (State.SHUT_OUT, State.EXPIRED):
                if self._shows(state):
                    return state
        return State.SIGNED_IN

    def ensure_signed_in(self) -> None:
        """Raises SessionLost or SeatTaken if the ERP says that it is over."""
        state = self.state()
        if state is State.SHUT_OUT:
            self._signed_in = False
            raise SeatTaken("another seat has thrown the bridge out", picture=self._picture())
        if state is State.EXPIRED:
            self._signed_in = False
            raise SessionLost(
                "the ERP says that the session is over",
                hint="The next run signs in anew; if it stays so, the ERP ends sessions too soon.",
                picture=self._picture(),
            )

    # --- attempts -----------------------------------------------------------------------------------------

    def _attempts(self, rules: SignIn) -> None:
        captcha = next((s.captcha for s in rules.steps if s.captcha is not None), None)
        limit = captcha.attempts if captcha else 1
        for attempt in range(limit):
            # A person has the last word, before the account is at stake.
            self._runner.ask_person = limit > 1 and attempt == limit - 1
            state = self._attempt(rules)
            if captcha and state is not State.CAPTCHA_WRONG:
                self._tally.solved += 1
            if state is State.SIGNED_IN:
                return
            if state is State.SEAT_TAKEN:
                self._taken_seat(rules)
                return
            if state is not State.CAPTCHA_WRONG:
                self._give_up(state)
        raise CaptchaFailed(
            f"sign_in: the captcha was wrong {limit} times",
            hint="The next run tries again; if it stays so, check `alphabet` and `length` in the profile.",
            picture=self._picture(),
            attempts=limit,
        )

    def _attempt(self, rules: SignIn) -> State:
        """One sending of the form at most.  Starts from a fresh page, where no old mark can stand."""
        self._guard.dialogs.clear()
        if rules.http != "none":
            self._guard.use_http_credentials(self._runner.credentials.user, self._runner.credentials.password)
        status = self._runner.go(self._runner.url, "sign_in")
        if status == 401 or self._guard.http_refused:
            return State.REFUSED
        self._guard.http_credentials_were_good()
        if self._resumes:
            self._wait_for_either(rules)
        stale = self._showing(State)
        self.resumed = State.SIGNED_IN in stale
        if self.resumed:
            return State.SIGNED_IN
        asks_captcha = any(s.captcha is not None for s in rules.steps)
        try:
            self._run_watched(rules, stale)
        except _Interrupted as e:
            self._tally.attempted += asks_captcha
            return e.state
        self._tally.attempted += asks_captcha
        return self._outcome(stale)

    def _wait_for_either(self, rules: SignIn) -> None:
        """With an earlier session the first page is the inside, which takes its time to build, or the form."""
        self._resumes = False
        form = next((step for step in rules.steps if step.fill is not None), None)
        self._runner.wait_until(
            lambda: (
                self._shows(State.SIGNED_IN)
                or (
                    form is not None
                    and form.fill is not None
                    and places.find(self._page, form.fill.at) is not None
                )
            ),
            RESUME_LIMIT_S,
            when_quiet=True,
        )

    def _run_watched(self, rules: SignIn, stale: set[State]) -> None:
        """The steps; a refusal that comes up while one of them waits ends it at once."""

        def look() -> None:
            for state in (State.REFUSED, State.CAPTCHA_WRONG, State.SEAT_TAKEN):
                if state not in stale and self._shows(state):
                    raise _Interrupted(state)

        self._runner.on_wait = look
        try:
            self._runner.run(rules.steps, "sign_in.steps")
        finally:
            self._runner.on_wait = None

    def _outcome(self, stale: Iterable[State]) -> State:
        """Waits for a mark.  Refusals go first: where two marks show, the careful one counts."""
        order = [s for s in _CAREFUL if s not in set(stale)]
        found: list[State] = []

        def any_mark() -> bool:
            if self._guard.http_refused:
                found.append(State.REFUSED)
            elif self._sees(*(mark for s in order for mark in self._marks(s))):
                found.extend(s for s in order if not found and self._shows(s))
            return bool(found)

        if self._runner.wait_until(any_mark, self._runner.timeout_s):
            return found[0]
        limit = self._runner.timeout_s
        stopped = f"; the guard stopped {self._guard.blocked[-1]}" if self._guard.blocked else ""
        raise self._runner.traffic.fault("sign_in", waited_s=limit) or NavigationFailed(
            f"sign_in: none of its marks showed within {limit:g} s{stopped}",
            hint="Look at the picture: which text tells what happened?  Put it into the profile's sign_in marks.",
            picture=self._picture(),
        )

    def _taken_seat(self, rules: SignIn) -> None:
        seat = rules.seat_taken
        assert seat is not None
        if seat.then == "take":
            self._runner.run(seat.take, "sign_in.seat_taken.take")
            state = self._outcome({State.SEAT_TAKEN})
            if state is State.SIGNED_IN:
                return
            self._give_up(state)
        picture = self._picture()
        self._runner.run(seat.give_up, "sign_in.seat_taken.give_up")
        raise SeatTaken("sign_in: the account's seat is taken", picture=picture)

    def _give_up(self, state: State) -> None:
        picture = self._picture()
        if state is State.REFUSED:
            self._refused = True
            raise SignInRefused("sign_in: the ERP refused the name or password", picture=picture)
        if state is State.SHUT_OUT:
            raise SeatTaken("sign_in: another seat threw the bridge out at once", picture=picture)
        if state is State.EXPIRED:
            raise SessionLost(
                "sign_in: the session was over at once",
                hint="Sign in by hand with this account; does the ERP let it stay?",
                picture=picture,
            )
        raise NavigationFailed(f"sign_in: ended as {state.value}", picture=picture)

    # --- marks --------------------------------------------------------------------------------------------

    def _showing(self, states: Iterable[State]) -> set[State]:
        return {state for state in states if self._shows(state)}

    def _shows(self, state: State) -> bool:
        return self._sees(*self._marks(state))

    def _sees(self, *marks: Mark) -> bool:
        """Is one on the screen, or said by a dialog box of this attempt?  Old programs refuse by ``alert``."""
        words = [mark.text for mark in marks if mark.css is None and mark.text]
        if any(word in said for word in words for _, said in self._guard.dialogs):
            return True
        return places.visible(self._page, *marks)

    def _marks(self, state: State) -> list[Mark]:
        rules = self._rules
        assert rules is not None
        if state is State.SEAT_TAKEN:
            return rules.seat_taken.marks if rules.seat_taken else []
        marks: list[Mark] = getattr(rules, state.value)
        return marks

    def _picture(self) -> str | None:
        return keep_picture(self._page, self._runner.evidence)


_CAREFUL = (
    State.REFUSED, State.CAPTCHA_WRONG, State.SEAT_TAKEN, State.SHUT_OUT, State.SIGNED_IN, State.EXPIRED,
)  # fmt: skip
