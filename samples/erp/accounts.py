"""Who may sign in, who is signed in, and the one seat that each account has."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from samples.erp import captcha

WRONG_PASSWORDS_ALLOWED = 5
# Throw-away accounts of a program that listens on loopback only.
ACCOUNTS = {"admin": "admin888", "sales01": "hy123456", "bridge": "Br1dge-2026"}


@dataclass(kw_only=True)
class Session:
    """One browser's cookie. `user` is set once the password was right, `inside` once all steps were."""

    key: str
    seen: float
    user: str = ""
    inside: bool = False
    code_passed: bool = False  # the TOTP step
    thrown_out: bool = False
    answer: str = ""  # of the captcha on show; empty = used up
    announced: bool = False  # the announcement window was opened
    address: str = "127.0.0.1"
    page_size: int = 0  # 0 = the ERP's own
    notes: dict[str, str] = field(default_factory=dict)


class Accounts:
    """Passwords, locks and sessions. `clock` gives seconds and only needs to run forward."""

    def __init__(self, *, seed: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.passwords = dict(ACCOUNTS)
        self.failures: dict[str, int] = {}
        self.timeout = 1200.0
        self._clock = clock
        self._rng = Random(f"{seed}/captcha")
        self._sessions: dict[str, Session] = {}
        self._pictured: Session | None = None  # who asked for a picture last

    # ---- sessions -----------------------------------------------------------------------------------------

    def begin(self, address: str = "127.0.0.1") -> Session:
        session = Session(key=secrets.token_hex(12).upper(), seen=self._clock(), address=address)
        self._sessions[session.key] = session
        return session

    def find(self, key: str | None) -> Session | None:
        """The session of a cookie, unless there is none or it is too old; counts as a sign of life."""
        session = self._sessions.get(key or "")
        if session is None or self._stale(session):
            return None
        session.seen = self._clock()
        return session

    def end(self, session: Session) -> None:
        self._sessions.pop(session.key, None)

    def end_all(self, user: str | None = None) -> int:
        """Forgets the sessions of one account or of all, as a restart of the program would."""
        gone = [k for k, s in self._sessions.items() if user is None or s.user == user]
        for key in gone:
            del self._sessions[key]
        return len(gone)

    def seated(self, user: str, *, other_than: Session | None = None) -> list[Session]:
        """The living sessions of an account."""
        return [
            s
            for s in self._sessions.values()
            if s.inside and s.user == user and not s.thrown_out and s is not other_than and not self._stale(s)
        ]

    def enter(self, session: Session) -> None:
        session.inside, session.thrown_out, session.announced = True, False, False

    def throw_out(self, user: str, *, other_than: Session | None = None) -> int:
        others = self.seated(user, other_than=other_than)
        for other in others:
            other.thrown_out = True
        return len(others)

    def sign_in_elsewhere(self, user: str) -> Session:
        """Somebody at another desk takes this account's seat; whoever had it is thrown out."""
        self.throw_out(user)
        other = self.begin("192.168.1.86")
        other.user = user
        self.enter(other)
        return other

    def _stale(self, session: Session) -> bool:
        return self._clock() - session.seen > self.timeout

    # ---- passwords and pictures ---------------------------------------------------------------------------

    def locked(self, user: str) -> bool:
        return self.failures.get(user, 0) >= WRONG_PASSWORDS_ALLOWED

    def check_password(self, user: str, password: str) -> bool:
        """Counts wrong ones, which lock the account; a right one starts the count anew."""
        if not self.locked(user) and self.passwords.get(user) == password:
            self.failures.pop(user, None)
            return True
        self.failures[user] = self.failures.get(user, 0) + 1
        return False

    def new_picture(self, session: Session, kind: str) -> bytes:
        session.answer = captcha.answer(self._rng)
        self._pictured = session
        return captcha.picture(session.answer, kind, self._rng)

    def check_captcha(self, session: Session, given: str) -> bool:
        """Each picture may be answered once, rightly or wrongly."""
        answer, session.answer = session.answer, ""
        return bool(answer) and given.strip().upper() == answer

    def last_answer(self) -> str:
        """Of the picture that was asked for last: for tests only."""
        return self._pictured.answer if self._pictured else ""

    def export(self) -> dict[str, dict[str, object]]:
        return {
            user: {
                "wrong_passwords": self.failures.get(user, 0),
                "locked": self.locked(user),
                "seats": [s.address for s in self.seated(user)],
            }
            for user in self.passwords
        }
