"""What `bridge run` does beside the syncs, each in a process of its own: contracts, the daily reports."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from datetime import time as clock_time
from pathlib import Path
from zoneinfo import ZoneInfo

from bridge.contracts.intake import Settled
from bridge.day import day_reported
from bridge.digest import digested
from bridge.promises import INBOX_LOCK, TAKE_IN_S, reported
from bridge.scheduler import Job
from bridge.settings import Settings

LOOK_S = 15.0
AGAIN_S = 900.0  # a report that failed is tried again after this
INBOX_AGAIN_S = 120.0  # what a run left in the inbox, for want of time or because it failed, is looked at again
INBOX_KILL_S = TAKE_IN_S + 420  # the last file may take five minutes, and its pages a little more
REPORT_KILL_S = 1800.0
REPORT = "report.on-time"
DIGEST = "report.digest"
DAY = "report.day"


def utc_now() -> datetime:
    return datetime.now(UTC)


class Daily:
    """Is today's report due?  It is from the hour on until one was made; a day that was slept through is made up
    for.  zone: None for this machine's own.  last: when the last one was made."""

    def __init__(
        self,
        at: clock_time,
        zone: tzinfo | None,
        last: Callable[[], datetime | None],
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._at, self._zone, self._last = at, zone, last
        self._now, self._monotonic = now, monotonic
        self._tried = -AGAIN_S

    def __call__(self) -> bool:
        if self._monotonic() - self._tried < AGAIN_S:
            return False
        now = self._now().astimezone(self._zone)
        hour = now.replace(hour=self._at.hour, minute=self._at.minute, second=0, microsecond=0)
        if hour > now:
            hour -= timedelta(days=1)
        last = self._last()
        # One that speaks of the future was written while the machine's clock was wrong.
        if last is not None and hour <= last <= now + timedelta(hours=1):
            return False
        self._tried = self._monotonic()
        return True


def jobs(
    settings: Settings,
    config: Path,
    *,
    now: Callable[[], datetime] = utc_now,
    monotonic: Callable[[], float] = time.monotonic,
) -> tuple[Job, ...]:
    """The digest where someone is to be told, the day's report where there are sources, the rest where an inbox is
    named.  config: the file that the runs themselves read."""
    program = (sys.executable, "-m", "bridge", "--config", str(config))
    zone = ZoneInfo(settings.run.timezone) if settings.run.timezone else None
    folder = settings.data_dir
    made: list[Job] = []
    if settings.notify.to and settings.notify.digest_at:
        at = clock_time.fromisoformat(settings.notify.digest_at)
        made.append(
            Job(
                source=DIGEST,
                command=(*program, "report", "digest", "--send", "--json"),
                interval_s=LOOK_S,
                kill_after_s=REPORT_KILL_S,
                wanted=Daily(at, zone, digested(folder), now, monotonic),
                aside=True,
            )
        )
    if settings.sources and settings.reports.day_at:
        at = clock_time.fromisoformat(settings.reports.day_at)
        made.append(
            Job(
                source=DAY,
                command=(*program, "report", "day", "--json"),
                interval_s=LOOK_S,
                kill_after_s=REPORT_KILL_S,
                wanted=Daily(at, zone, day_reported(folder), now, monotonic),
                aside=True,
            )
        )
    given = settings.contracts
    if given.inbox is None:
        return tuple(made)
    return (
        *made,
        Job(
            source=INBOX_LOCK,
            command=(*program, "inbox", "--json"),
            interval_s=LOOK_S,
            kill_after_s=INBOX_KILL_S,
            wanted=Settled(given.inbox, given.settle_seconds, monotonic, INBOX_AGAIN_S),
            aside=True,
        ),
        Job(
            source=REPORT,
            command=(*program, "report", "on-time", "--json"),
            interval_s=LOOK_S,
            kill_after_s=REPORT_KILL_S,
            wanted=Daily(clock_time.fromisoformat(given.report_at), zone, reported(folder), now, monotonic),
            aside=True,
        ),
    )
