"""Dates in running text: where they stand, and what is known of each (the year may have to come from the contract).

A stretch of time is given by its last day: 中旬 ends on the 20th, a month or quarter on its last day.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date

from bridge.contracts.numerals import HAN, number, year

Y = rf"(?:(?:19|20)[0-9]{{2}}|[二2一贰壹][{HAN}0-9O]{{3}})"
M = rf"(?:1[0-2]|0?[1-9]|[{HAN}]{{1,2}})"
D = rf"(?:3[01]|[12][0-9]|0?[1-9]|[{HAN}]{{1,3}})"
DAY_SIGN = "[日号曰]"  # 曰 is how a poor scan shows 日
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_ORD = r"(?:st|nd|rd|th)?"
_QUARTERS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4}


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A date in a text, [start, end).

    year: None if it is not stated.  month, day: of the last day meant; day None: the month's last.
    other: the date it could be as well (12/05/2026), None where there is only one way to read it.
    span: more than a day was meant (中旬, 第二季度).  until: the end of a range that begins with it.
    """

    start: int
    end: int
    year: int | None
    month: int
    day: int | None
    span: bool = False
    other: tuple[int, int] | None = None  # month, day
    until: Found | None = None

    def last(self, year: int | None = None) -> date | None:
        """The day meant, in ``year`` if none is stated; None if there is no such day."""
        y = self.year if self.year is not None else year
        if y is None:
            return None
        try:
            return date(y, self.month, self.day if self.day is not None else monthrange(y, self.month)[1])
        except ValueError:
            return None

    @property
    def legal(self) -> bool:
        return 1 <= self.month <= 12 and self.last(self.year or 2028) is not None


_PARTS = {"上": 10, "初": 10, "中": 20}

Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], Found | None]]


def _made(
    m: re.Match[str], y: int | None, month: int | None, day: int | None, *, span: bool = False
) -> Found | None:
    if month is None:
        return None
    return Found(start=m.start(), end=m.end(), year=y, month=month, day=day, span=span)


def _ymd(m: re.Match[str]) -> Found | None:
    y = year(m["y"]) if m["y"] else None
    if m["y"] and y is None:
        return None
    day = number(m["d"])
    return None if day is None else _made(m, y, number(m["m"]), day)


def _part_of_month(m: re.Match[str]) -> Found | None:
    y = year(m["y"]) if m["y"] else None
    if m["y"] and y is None:
        return None
    part = m["part"] or ""
    day = 20 if part == "上中旬" else None if part == "中下旬" else _PARTS.get(part[:1])
    return _made(m, y, number(m["m"]), day, span=True)


def _quarter_of(m: re.Match[str]) -> Found | None:
    q = number(m["q"] or m["q2"])
    return _made(m, year(m["y"]) if m["y"] else None, q * 3, None, span=True) if q and q <= 4 else None


def _half(m: re.Match[str]) -> Found | None:
    return _made(m, year(m["y"]), 6 if m["half"] == "上" else 12, None, span=True)


def _month_name(m: re.Match[str]) -> int:
    return _MONTHS.index(m["mon"][:3].lower()) + 1


def _named(m: re.Match[str]) -> Found | None:
    y = m.groupdict().get("y")
    return _made(m, year(y) if y else None, _month_name(m), int(m["d"]))


def _named_part(m: re.Match[str]) -> Found | None:
    part = (m["part"] or "").lower()
    day = 10 if part.startswith(("early", "beginning")) else 20 if part.startswith("mid") else None
    return _made(m, year(m["y"]), _month_name(m), day, span=True)


def _english_quarter(m: re.Match[str]) -> Found | None:
    q = int(m["q"]) if m["q"] else _QUARTERS[m["w"].lower()]
    return _made(m, year(m["y"]), q * 3, None, span=True)


def _numeric(m: re.Match[str]) -> Found | None:
    """Day and month in unknown order; dots mean day first."""
    a, b, y = int(m["a"]), int(m["b"]), year(m["y"])
    ways = [(month, day) for month, day in ((b, a), (a, b)) if 1 <= month <= 12 and 1 <= day <= 31]
    if not ways or y is None:
        return None
    month, day = ways[0]
    sure = len(ways) == 1 or a == b or m["s"] == "."
    return Found(
        start=m.start(), end=m.end(), year=y, month=month, day=day, other=None if sure else ways[1]
    )  # fmt: skip


def _rule(pattern: str, make: Callable[[re.Match[str]], Found | None]) -> Rule:
    return re.compile(pattern, re.IGNORECASE | re.ASCII), make


_S = r"[\s_]?"  # forms are filled in over a line
_EDGE, _EDGE_AFTER = r"(?<![0-9A-Za-z./-])", r"(?![0-9A-Za-z]|[./-][0-9])"
RULES: tuple[Rule, ...] = (
    _rule(
        rf"(?<![0-9])(?P<y>{Y}|[0-9]{{2}}){_S}{_S}年{_S}{_S}(?P<m>{M}){_S}{_S}月{_S}份?{_S}(?P<d>{D}){_S}{_S}{DAY_SIGN}",
        _ymd,
    ),
    _rule(rf"(?P<y>{Y})年?(?:第{_S}(?P<q>[1-4一二三四])|(?P<q2>[1-4一二三四])){_S}季度?(?:末|底)?", _quarter_of),
    _rule(rf"(?P<y>{Y})年{_S}(?P<half>[上下])半年", _half),
    _rule(
        rf"(?P<y>{Y})年{_S}(?P<m>{M})月份?{_S}(?P<part>上中旬|中下旬|上旬|中旬|下旬|初|中|底|末)?(?!{_S}[0-9{HAN}]{{1,3}}{_S}{DAY_SIGN})",
        _part_of_month,
    ),
    _rule(rf"(?P<y>{Y})年{_S}(?P<half>[底末内])", lambda m: _made(m, year(m["y"]), 12, 31, span=True)),
    _rule(
        rf"{_EDGE}(?P<y>(?:19|20)[0-9]{{2}}){_S}(?P<s>[-/.]){_S}(?P<m>1[0-2]|0?[1-9]){_S}(?P=s){_S}"
        rf"(?P<d>3[01]|[12][0-9]|0?[1-9])(?![0-9]|[./][0-9])",
        _ymd,
    ),
    _rule(
        r"(?<![0-9A-Za-z-])(?P<y>20[0-9]{2})(?P<m>0[1-9]|1[0-2])(?P<d>0[1-9]|[12][0-9]|3[01])(?![0-9A-Za-z-])",
        _ymd,
    ),
    _rule(
        rf"{_EDGE}(?P<d>[0-3]?[0-9]){_ORD}{_S}(?:of{_S})?[-/. ]?{_S}(?P<mon>{_MONTH})[-/, ]*{_S}(?P<y>(?:19|20)[0-9]{{2}})",
        _named,
    ),
    _rule(
        rf"\b(?P<mon>{_MONTH}){_S}[-/]?{_S}(?P<d>[0-3]?[0-9]){_ORD}{_S}[-,/.]?{_S}(?P<y>(?:19|20)[0-9]{{2}})(?![0-9])",
        _named,
    ),
    _rule(
        rf"(?:(?P<part>end|middle|mid|early|late|beginning)[- ]?(?:of)?{_S})?\b(?P<mon>{_MONTH}),?{_S}(?P<y>20[0-9]{{2}})(?![0-9])",
        _named_part,
    ),
    _rule(
        rf"\b(?:Q(?P<q>[1-4])|(?P<w>first|second|third|fourth|[1-4](?:st|nd|rd|th)){_S}quarter)"
        rf"{_S}(?:of|,|/|-)?{_S}(?P<y>20[0-9]{{2}})",
        _english_quarter,
    ),
    _rule(
        rf"{_EDGE}(?P<a>[0-3]?[0-9])(?P<s>[-/.])(?P<b>[0-3]?[0-9])(?P=s)(?P<y>(?:19|20)[0-9]{{2}}){_EDGE_AFTER}",
        _numeric,
    ),
    _rule(rf"{_EDGE}(?P<a>[0-3]?[0-9])(?P<s>/)(?P<b>[0-3]?[0-9])(?P=s)(?P<y>[0-9]{{2}}){_EDGE_AFTER}", _numeric),
    # No year of their own.
    _rule(rf"(?<![0-9{HAN}年])(?P<y>)(?P<m>{M}){_S}{_S}月{_S}份?{_S}(?P<d>{D}){_S}{DAY_SIGN}", _ymd),
    _rule(
        rf"(?<![0-9{HAN}个年])(?P<y>)(?P<m>{M}){_S}月份?{_S}(?P<part>上中旬|中下旬|上旬|中旬|下旬|初|底|末)",
        _part_of_month,
    ),
    # 2026年4月、5月、6月
    _rule(rf"(?<=[、和及,])(?P<y>)(?P<part>)(?P<m>{M}){_S}月份?(?=[、和及,。各内底前交供]|$)", _part_of_month),
    _rule(rf"(?<![0-9{HAN}])(?P<y>)(?P<q>)第?(?P<q2>[1-4一二三四])季度(?:末|底)?", _quarter_of),
    _rule(rf"{_EDGE}(?P<d>[0-3]?[0-9]){_ORD}{_S}[- ]?{_S}(?P<mon>{_MONTH})(?![a-z])", _named),
    _rule(rf"\b(?P<mon>{_MONTH}){_S}(?P<d>[0-3]?[0-9]){_ORD}(?![0-9])", _named),
)


# After a date: to, and the rest of a second date whose beginning is the first one's.
_TO = rf"{_S}(?:之?间)?{_S}(?:至|到|-+|~|—|to|and|until|through){_S}"
_REST_DAY = re.compile(rf"{_TO}(?P<d>{D}){_S}{DAY_SIGN}", re.IGNORECASE)
_REST_NUMERIC = re.compile(rf"{_TO}(?P<m>1[0-2]|0?[1-9])(?P<s>[./-])(?P<d>3[01]|[12][0-9]|0?[1-9])(?![0-9])", re.I)
_REST_MONTH = re.compile(rf"{_TO}(?P<m>{M}){_S}月份?{_S}(?P<part>上旬|中旬|下旬|初|中|底|末)?", re.IGNORECASE)
_JOINED = re.compile(_TO, re.IGNORECASE)


def find_dates(text: str) -> list[Found]:
    """All dates of a text in normal form, in order; a range is one, its end in ``until``."""
    taken: list[Found] = []
    for pattern, make in RULES:
        for m in pattern.finditer(text):
            if any(m.start() < t.end and t.start < m.end() for t in taken):
                continue
            found = make(m)
            if found is not None and found.legal:
                taken.append(found)
    return list(_ranges(text, sorted(taken, key=lambda f: f.start)))


def _ranges(text: str, found: list[Found]) -> Iterator[Found]:
    i = 0
    while i < len(found):
        first = found[i]
        following = found[i + 1] if i + 1 < len(found) else None
        if following is not None and _JOINED.fullmatch(text[first.end : following.start]):
            # 5 至 10 March 2026: the year stands with the second
            begin = first if first.year is not None else replace(first, year=following.year)
            end = following if following.year is not None else replace(following, year=first.year)
            yield replace(begin, end=following.end, until=end)
            i += 2
            continue
        if (m := _REST_DAY.match(text, first.end)) and (day := number(m["d"])):
            until = replace(first, start=m.start("d"), end=m.end(), day=day)
            yield replace(first, end=m.end(), until=until if until.legal else None)
        elif first.span and (m := _REST_MONTH.match(text, first.end)) and (month := number(m["m"])):
            day = _PARTS.get((m["part"] or "")[:1])
            until = replace(first, start=m.start("m"), end=m.end(), month=month, day=day)
            yield replace(first, end=m.end(), until=until if until.legal else None)
        elif m := _REST_NUMERIC.match(text, first.end):
            until = replace(first, start=m.start("m"), end=m.end(), month=int(m["m"]), day=int(m["d"]))
            yield replace(first, end=m.end(), until=until if until.legal else None)
        else:
            yield first
        i += 1


def day_first(texts: list[str]) -> bool | None:
    """Does the document write day/month/year?  True or False by evidence (a part above 12), None without any or
    with evidence for both."""
    seen = set()
    for text in texts:
        for m in re.finditer(rf"{_EDGE}([0-3]?[0-9])[-/]([0-3]?[0-9])[-/](?:19|20)?[0-9]{{2}}{_EDGE_AFTER}", text):
            a, b = int(m[1]), int(m[2])
            if a > 12 >= b:
                seen.add(True)
            elif b > 12 >= a:
                seen.add(False)
    return seen.pop() if len(seen) == 1 else None
