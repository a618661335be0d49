"""Dates as displayed → date, by an explicit format; independent of the machine's language settings.

Directives: %Y %y %m %d %H %M %S and %%.  ``%m`` and ``%d`` take 3 as well as 03 where a character that is no digit
stands on both sides, because then there is only one way to read it; side by side (%Y%m%d) every one has its full
width.  ``%-m`` and ``%-d`` take 3 only.  A time of day must be legal but is not kept.
"""

from __future__ import annotations

import re
from datetime import date, time
from functools import lru_cache

from bridge.errors import ProfileError
from bridge.parse.text import fold_width, plain_spaces

_TIME = r"(?:[ T](?P<H>[0-9]{1,2}):(?P<M>[0-9]{2})(?::(?P<S>[0-9]{2}))?)?"
# Year first: nobody writes year-day-month, so these need no format.
_YEAR_FIRST = tuple(
    re.compile(p)
    for p in (
        rf"(?P<Y>[0-9]{{4}})(?P<sep>[-/.])(?P<m>[0-9]{{1,2}})(?P=sep)(?P<d>[0-9]{{1,2}}){_TIME}",
        rf"(?P<Y>[0-9]{{4}})年(?P<m>[0-9]{{1,2}})月(?P<d>[0-9]{{1,2}})日{_TIME}",
        r"(?P<Y>[0-9]{4})(?P<m>[0-9]{2})(?P<d>[0-9]{2})",
    )
)
_YEAR_LAST = re.compile(r"(?P<a>[0-9]{1,2})(?P<sep>[-/.])(?P<b>[0-9]{1,2})(?P=sep)(?P<Y>[0-9]{4})")


def parse_date(text: str, format: str | None = None) -> tuple[date | None, bool]:
    """Text as displayed → (date, guessed).

    (None, False): no legal date of this format.  Without a format only year-first forms are sure; a year-last
    text is (the one date it can be, True), or (None, True) where day and month could be swapped.
    Raises ProfileError if the format has an unknown directive or does not give year, month and day once each.
    """
    shown = plain_spaces(fold_width(text)).strip(" ")
    if format is not None:
        return _legal(_date_pattern(format).fullmatch(shown)), False
    for pattern in _YEAR_FIRST:
        if found := pattern.fullmatch(shown):
            return _legal(found), False
    if found := _YEAR_LAST.fullmatch(shown):
        a, b, year = int(found["a"]), int(found["b"]), int(found["Y"])
        could_be = {d for d in (_date(year, a, b), _date(year, b, a)) if d is not None}
        if could_be:
            return (could_be.pop() if len(could_be) == 1 else None), True
    return None, False


def _legal(found: re.Match[str] | None) -> date | None:
    if found is None:
        return None
    part = {k: int(v) for k, v in found.groupdict().items() if v is not None and k != "sep"}
    if "Y" not in part:
        part["Y"] = part["y"] + (2000 if part["y"] < 69 else 1900)  # the rule of POSIX strptime
    try:
        time(part.get("H", 0), part.get("M", 0), part.get("S", 0))
    except ValueError:
        return None
    return _date(part["Y"], part["m"], part["d"])


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


@lru_cache(maxsize=64)
def _date_pattern(format: str) -> re.Pattern[str]:
    tokens = re.findall(r"%-?.|[^%]|%", plain_spaces(fold_width(format)).strip(" "))
    marks = [t for t in tokens if len(t) > 1 and t != "%%"]
    names = [t[-1] for t in marks]
    unknown = [t for t in marks if t[-1] not in "YymdHMS" or t in ("%-Y", "%-y")]
    if unknown or "%" in tokens:
        raise _fault(format, f"{(unknown or ['%'])[0]} is not known here")
    if len(set(names)) != len(names) or sum(n in "Yy" for n in names) != 1 or not {"m", "d"} <= set(names):
        raise _fault(format, "it must give year, month and day once each")
    pattern = ""
    for i, token in enumerate(tokens):
        if len(token) == 1 or token == "%%":
            pattern += re.escape(token[-1])
            continue
        name = token[-1]
        apart = not any(_touches(t) for t in (*tokens[max(i - 1, 0) : i], *tokens[i + 1 : i + 2]))
        if token[1] == "-" and not apart:
            raise _fault(format, f"{token} next to digits can be read in more than one way")
        if name == "Y":
            digits = "[0-9]{4}"
        elif token[1] == "-":
            digits = "(?:0|[1-9][0-9]?)"
        else:
            digits = "[0-9]{1,2}" if apart and name != "y" else "[0-9]{2}"
        pattern += f"(?P<{name}>{digits})"
    return re.compile(pattern)


def _touches(neighbour: str) -> bool:
    return neighbour[-1].isdigit() or (len(neighbour) > 1 and neighbour != "%%")


def _fault(format: str, why: str) -> ProfileError:
    return ProfileError(
        f"columns: the date format {format!r} cannot be used: {why}",
        hint="Use %Y, %m and %d (also %y, %H, %M, %S), e.g. %Y-%m-%d; %-m and %-d are without a leading zero.",
    )
