"""Who is there: passwords, sessions, and how often one may try."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from bridge.errors import UsageError
from bridge.interfaces import Clock

if TYPE_CHECKING:
    from bridge.store.accounts import SignedIn

SHORTEST = 10
"""Characters of a password; length protects better than rules about signs."""

_HASHER = PasswordHasher()
_NOBODY = _HASHER.hash(secrets.token_hex())
# Each check takes 64 MiB for a moment: many at once must not eat the machine.
_ONE_AT_A_TIME = threading.BoundedSemaphore(2)


def hashed(password: str) -> str:
    """argon2id with its parameters and salt.  Raises UsageError for a password that is too short."""
    if len(password) < SHORTEST:
        raise UsageError(
            f"a password needs at least {SHORTEST} characters", hint="Several words in a row are good and easy."
        )
    return _HASHER.hash(password)


def matches(password: str, kept: str | None) -> bool:
    """Takes the same time for an account that does not exist."""
    with _ONE_AT_A_TIME:
        try:
            _HASHER.verify(kept or _NOBODY, password)
        except (VerificationError, InvalidHashError):
            return False
    return kept is not None


class SessionStore(Protocol):
    def password_of(self, name: str) -> str | None: ...

    def begin_session(self, token: str, user: str, csrf: str, *, now: datetime, expires_at: datetime) -> None: ...

    def session(self, token: str, *, now: datetime) -> SignedIn | None: ...

    def end_session(self, token: str) -> None: ...


class Doorkeeper:
    """Sessions live in the database, so that they survive a restart and end when an account is removed."""

    def __init__(self, store: SessionStore, clock: Clock, lasts: timedelta) -> None:
        self._store = store
        self._clock = clock
        self._lasts = lasts

    def sign_in(self, name: str, password: str) -> str | None:
        """What the browser keeps; None if name or password are wrong."""
        if not matches(password, self._store.password_of(name)):
            return None
        token = secrets.token_urlsafe(32)
        now = self._clock()
        self._store.begin_session(
            _kept(token), name, secrets.token_urlsafe(24), now=now, expires_at=now + self._lasts
        )
        return token

    def who(self, token: str | None) -> SignedIn | None:
        return self._store.session(_kept(token), now=self._clock()) if token else None

    def sign_out(self, token: str | None) -> None:
        if token:
            self._store.end_session(_kept(token))


def _kept(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class RateLimit:
    """At most ``most`` within ``seconds`` for each name; the names seen longest ago make room."""

    _NAMES = 10_000

    def __init__(self, most: int, seconds: float) -> None:
        self._most, self._seconds = most, seconds
        self._seen: OrderedDict[str, list[float]] = OrderedDict()
        self._lock = threading.Lock()

    def allows(self, name: str, now: float) -> bool:
        """Is there room for one more?  Takes none."""
        with self._lock:
            return len(self._recent(name, now)) < self._most

    def take(self, name: str, now: float) -> bool:
        """Takes one if there is room."""
        with self._lock:
            recent = self._recent(name, now)
            if len(recent) >= self._most:
                return False
            recent.append(now)
            self._seen[name] = recent
            self._seen.move_to_end(name)
            while len(self._seen) > self._NAMES:
                self._seen.popitem(last=False)
            return True

    def forget(self, name: str) -> None:
        with self._lock:
            self._seen.pop(name, None)

    def _recent(self, name: str, now: float) -> list[float]:
        return [t for t in self._seen.get(name, ()) if now - t < self._seconds]
