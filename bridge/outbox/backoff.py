"""When to try again.  Pure: the time and the random number are handed in.

The wait grows as ``base · 2^(attempt-1)`` up to a cap and is then drawn evenly from the whole range ("full
jitter", Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015): messages that failed
together do not come back together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Backoff:
    """All in seconds.  ``retry_after_cap_s`` bounds what a receiver may ask for: a mistyped header must not
    put a message to sleep for years."""

    floor_s: float = 1.0
    base_s: float = 30.0
    cap_s: float = 3600.0
    retry_after_cap_s: float = 86_400.0

    def __post_init__(self) -> None:
        if not 0 < self.floor_s <= self.base_s <= self.cap_s or self.retry_after_cap_s < 0:
            raise ValueError("a backoff needs 0 < floor_s <= base_s <= cap_s and retry_after_cap_s >= 0")

    def ceiling(self, attempt: int) -> float:
        """The longest wait after this attempt, without what the receiver asked for."""
        # Beyond 2^64 every base is past every cap; the shift must not grow with the attempts of a month.
        return min(self.cap_s, self.base_s * 2.0 ** min(attempt - 1, 64))

    def delay(self, attempt: int, *, random: float, retry_after: float | None = None) -> float:
        """Seconds to wait after attempt number ``attempt`` (1-based) has failed.

        random: evenly from [0, 1).  retry_after: seconds the receiver asked for; never undercut (up to the
        cap), and the jitter comes on top, so that not everything returns in that very second.
        Raises ValueError for an attempt below 1 or a random number outside [0, 1].
        """
        if attempt < 1:
            raise ValueError(f"attempts count from 1, not {attempt}")
        if not 0 <= random <= 1:
            raise ValueError(f"random must lie in [0, 1], not {random}")
        jitter = self.floor_s + random * (self.ceiling(attempt) - self.floor_s)
        if retry_after is None or math.isnan(retry_after):
            return jitter
        return min(max(retry_after, 0.0), self.retry_after_cap_s) + jitter


def parse_retry_after(header: str | None, *, now: datetime) -> float | None:
    """Seconds from a Retry-After header (RFC 9110 §10.2.3), or None without one that can be understood.

    Both forms: seconds (``120``) and an HTTP date, which counts from ``now``; a past date is 0.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text)  # hundreds of digits become inf, which the cap of Backoff takes care of
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError):
        return None
    # RFC 9110 wants GMT; a date without a zone (asctime form, or "-0000") is read as such.
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max((at - now).total_seconds(), 0.0)
