"""What `bridge run` does beside the syncs, each in a process of its own: contracts, the nightly report."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from datetime import time as clock_time
from pathlib import Path
from zoneinfo import ZoneInfo

from bridge.contracts.intake import Settled
from bridge.promises import INBOX_LOCK, TAKE_IN_S, last_report
from bridge.scheduler import Job
from bridge.settings import Settings

LOOK_S = 15.0
AGAIN_S = 900.0  # a report that failed is tried again after this
INBOX_AGAIN_S = 120.0  # what a run left in the inbox, for want of time or because it failed, is looked at again
INBOX_KILL_S = TAKE_IN_S + 420  # the last file may take five minutes, and its pages a little more
REPORT_KILL_S = 1800.0
REPORT = "report.on-time"


def utc_now() -> datetime:
    return datetime.now(UTC)


class Nightly:
    """Is tonight's report due?  It is from the hour on until one was written; a night that was slept through is
    made up for.  zone: None for this machine's own."""

    def __init__(
        self,
        at: clock_time,
        zone: tzinfo | None,
        data_dir: Path,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
    ) -> None:
        self._at, self._zone, self._data_dir = at, zone, data_dir
        self._now, self._monotonic = now, monotonic
        self._tried = -AGAIN_S

    def __call__(self) -> bool:
        if self._monotonic() - self._tried < AGAIN_S:
            return False
        now = self._now().astimezone(self._zone)
        hour = now.replace(hour=self._at.hour, minute=self._at.minute, second=0, microsecond=0)
        if hour > now:
            hour -= timedelta(days=1)
        last = last_report(self._data_dir)
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
    """None where no inbox is named.  config: the file that the runs themselves read."""
    given = settings.contracts
    if given.inbox is None:
        return ()
    program = (sys.executable, "-m", "bridge", "--config", str(config))
    zone = ZoneInfo(settings.run.timezone) if settings.run.timezone else None
    return (
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
            wanted=Nightly(clock_time.fromisoformat(given.report_at), zone, settings.data_dir, now, monotonic),
            aside=True,
        ),
    )
