"""Calendar and working days.  The day after the base event is day 1.

Working days are those of the Chinese state calendar: public holidays are free, 调休 weekends are worked.
"""

from __future__ import annotations

from datetime import date, timedelta

import chinese_calendar


def after(base: date, offset: int, unit: str) -> date | None:
    """The ``offset``-th day after ``base``; None if the calendar does not know a year it would need.

    unit: calendar or working.
    """
    if unit == "calendar":
        return base + timedelta(days=offset)
    day, left = base, offset
    try:
        while left > 0:
            day += timedelta(days=1)
            left -= chinese_calendar.is_workday(day)
    except NotImplementedError:
        return None
    return day


def months_after(base: date, months: int) -> date:
    """The same day ``months`` later, or that month's last (Civil Code §202: the corresponding day)."""
    years, month = divmod(base.year * 12 + base.month - 1 + months, 12)
    first = date(years, month + 1, 1)
    following = date(years + (month + 1) // 12, (month + 1) % 12 + 1, 1)
    return first + timedelta(days=min(base.day, (following - first).days) - 1)
