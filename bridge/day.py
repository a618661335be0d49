"""USE CASE ``bridge report day``: the differences of one whole day, over all runs and sources."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from zoneinfo import ZoneInfo

from bridge.errors import BridgeError
from bridge.last_time import LastTime
from bridge.reports.day import DayReport, day_report
from bridge.reports.day_files import DayFiles
from bridge.reports.words import say_field
from bridge.wiring import App

LAST = "day-reported"


def day_reported(data_dir: Path) -> LastTime:
    """When the last one was written."""
    return LastTime(data_dir / LAST)


def folder(reports: Path) -> Path:
    return reports / "day"


def write_day(app: App, now: datetime, day: date | None = None) -> tuple[DayReport, Path]:
    """The report and its page.  day: in ``run.timezone``; None: yesterday.  Raises StoreError."""
    zone = ZoneInfo(app.settings.run.timezone) if app.settings.run.timezone else None
    which = day or now.astimezone(zone).date() - timedelta(days=1)
    start, end = _midnight(which, zone), _midnight(which + timedelta(days=1), zone)
    store = app.store
    report = day_report(
        which,
        store.asked_between(start, end),
        store.changed_between(start, end),
        store.runs_between(start, end),
        as_of=now,
        last_proven=store.last_proven,
    )

    def heading(source: str, field: str) -> str:
        try:
            return app.name_of(source, field)
        except BridgeError:  # the source's profile is broken, or it was taken out of bridge.toml
            return say_field(field, app.settings.reports.language)

    writer = DayFiles(app.evidence, language=app.settings.reports.language, name_of=heading, zone=zone)
    page = writer.write(report, folder(app.settings.reports_dir))
    if day is None:
        day_reported(app.settings.data_dir).note(now)
    return report, page


def _midnight(day: date, zone: ZoneInfo | None) -> datetime:
    return datetime.combine(day, clock_time.min, zone).astimezone()
