"""Which days count as working days: every day, Monday to Friday, or the Chinese calendar with its 调休.

The Chinese calendar is the State Council's yearly notice, which comes out the November before; chinesecalendar
carries the years up to its own release.  In a year that it does not know every day counts as a working day: a run
too many finds nothing new, a run too few leaves orders unseen.
"""

from __future__ import annotations

from datetime import date

import chinese_calendar

from bridge.settings import Days


def is_working_day(day: date, days: Days) -> bool:
    if days == "all":
        return True
    if days == "weekdays":
        return day.weekday() < 5
    return not is_known(day.year) or bool(chinese_calendar.is_workday(day))


def is_known(year: int) -> bool:
    """Does the Chinese calendar at hand say anything about this year?"""
    try:
        chinese_calendar.is_workday(date(year, 1, 1))
    except NotImplementedError:
        return False
    return True
