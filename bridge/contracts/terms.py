"""Terms that count from an event: 收到预付款后15个工作日内, within 45 days after signing."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bridge.contracts.numerals import HAN, number

# The event's name for programs → how contracts speak of it.  Order matters: what is more special comes first.
EVENTS: tuple[tuple[str, str], ...] = (
    ("lc", r"信用证|\bL/?C\b|letters? of credit"),
    ("samples", r"样品|封样|样板|样件|首件|产前样|打样|\bsamples?\b"),
    ("drawings", r"图纸|图样|设计方案|技术方案|技术资料|深化设计|\bdrawings?\b|\bartworks?\b|\bdesigns?\b"),
    ("materials", r"原材料|来料|毛坯|坯料|\bmaterials\b"),
    (
        "payment",
        r"预付款|预付|定金|订金|首付款?|货款|全款|进度款|款项|款到|到款|汇款|到账|到帐|付款|付清|支付|款后|"
        r"\bpayments?\b|\bdeposits?\b|\bdown[- ]payments?\b|\bprepayments?\b|\bfunds\b",
    ),
    ("notice", r"通知|要货计划|发货指令|\bnotices?\b|\bnotification\b|\brelease\b"),
    (
        "order",
        r"下单|接单|订单(?:确认|下达|发出|生效)|(?:收到|接到|确认|下达)[^,。;]{0,8}订单|\border\b|\bpurchase order\b|\bARO\b",
    ),
    ("effective", r"生效|effective|com(?:es?|ing) into (?:force|effect)"),
    (
        "signing",
        r"签订|签署|签定|签约|订立|签字|签章|盖章|会签|\bsign(?:ing|ed|ature)?\b|\bconclusion of\b|\bexecution of\b",
    ),
)
KNOWN_FROM_CONTRACT = ("signing", "effective")
_EVENT = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in EVENTS), re.IGNORECASE | re.ASCII)

_N = rf"(?:[0-9]{{1,3}}|[{HAN}]{{1,5}})"
_UNIT = (
    r"(?P<unit>个?\s?工作\s?日|个?\s?工作\s?天|个?\s?(?:日历|自然)\s?[天日]|个?\s?(?:星期|礼拜)|周|个\s?月|天|日)"
)
_CHINESE = re.compile(
    rf"(?<![0-9{HAN}.年月第/-])(?:(?P<low>{_N})\s?[天日]?\s?(?:-|~|至|到)\s?)?(?P<n>{_N})"
    rf"\s?(?:[(](?P<again>{_N})[)])?\s?(?:[(](?:大写[:]?)?[^()]{{1,4}}[)])?\s?{_UNIT}(?!期|常|后方)"
    r"\s?(?P<close>之内|以内|内|左右|之后|以后|后|前|之前|以前)?",
)
_WORDS = {
    w: i
    for i, w in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
            "twenty",
        ]
    )
} | {"thirty": 30, "forty": 40, "forty-five": 45, "fifty": 50, "sixty": 60, "ninety": 90}
_EN_N = rf"(?:[0-9]{{1,3}}|{'|'.join(sorted(_WORDS, key=len, reverse=True))})"
_ENGLISH = re.compile(
    rf"(?:(?P<within>within|in|no later than|not later than|not more than|max\.?|maximum)\s+)?(?:(?P<low>{_EN_N})\s?(?:-|~|to)\s?)?"
    rf"\b(?P<n>{_EN_N})\s?(?:[(]\s?(?P<again>{_EN_N})\s?[)])?\s?-?(?P<unit>(?:consecutive\s+)?(?:calendar|natural|working|business|work)?\s?-?"
    r"(?:days?|weeks?|wks?|months?))\b\s?(?:time\s)?(?P<link>after|from|of|upon|following|since|ARO\b|as of|counting from)?",
    re.IGNORECASE | re.ASCII,
)
# What ends the words that may name the event, and the event's words after an English term.
_CUT = re.compile(r"[。;:!?\n]|\.\s")
_VAGUE = re.compile(r"左右|大约|约(?=\s?[0-9])|预计|approx|about|around|circa", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Term:
    """[start, end) covers number and unit; ``since`` is where the words of its event begin.

    unit: calendar or working.  offset: days, or None where months are counted (``months``).
    event: the event's name (see EVENTS), several joined with "+"; "" if none is named.
    sure: False if the number stands there twice and differs, or is only about.
    """

    start: int
    end: int
    since: int
    offset: int | None
    unit: str
    event: str
    months: int | None = None
    sure: bool = True


def find_terms(text: str) -> list[Term]:
    """All terms of a text in normal form, in order, whatever they are terms of."""
    found = [t for m in _CHINESE.finditer(text) if (t := _chinese(text, m))]
    taken = [(t.start, t.end) for t in found]
    for m in _ENGLISH.finditer(text):
        if not any(m.start() < b and a < m.end() for a, b in taken) and (t := _english(text, m)):
            found.append(t)
    return sorted(found, key=lambda t: t.start)


def events_in(words: str) -> str:
    names = []
    for m in _EVENT.finditer(words):
        if m.lastgroup and m.lastgroup not in names:
            names.append(m.lastgroup)
    # 付款后 is said of the 预付款 as well; signing is named along with what takes effect by it
    if "effective" in names and "signing" in names:
        names.remove("signing")
    return "+".join(names)


def _chinese(text: str, m: re.Match[str]) -> Term | None:
    before = text[max(0, m.start() - 60) : m.start()]
    if re.search(r"(?:提前|每逾期|逾期|每|前|超过|迟延|延迟|逾|晚)\s?$", before) or m["close"] in (
        "前",
        "之前",
        "以前",
    ):
        return None  # how long before, or how much too late: not a term to deliver in
    if re.search(r"[0-9]\s?年\s?$|月\s?$|第\s?$|每月\s?$", before):
        return None  # a day of the month
    if m["unit"] == "日" and m["close"] is None and not re.search(r"后\s?(?:的|第)?\s?$", before):
        return None  # 12日 by itself is a day of some month
    value, low = number(m["n"]), m["low"]
    if value is None or (low and number(low) is None):
        return None
    again = number(m["again"]) if m["again"] else value
    start = _sentence_start(text, m.start())
    part = _nearest_part(text[start : m.start()])
    event = events_in(part)
    named = _EVENT.search(part)
    since = m.start() - len(part) + (named.start() if named else len(part))
    unit = m["unit"].replace(" ", "")
    return _term(
        m, since, value, unit, event, sure=again == value, vague=text[max(0, m.start() - 3) : m.end() + 2]
    )


def _sentence_start(text: str, at: int) -> int:
    first = max(0, at - 120)
    cuts = [c.end() for c in _CUT.finditer(text, first, at)]
    return cuts[-1] if cuts else first


def _nearest_part(words: str) -> str:
    """The end of the words, back to the last comma before which no event is named."""
    parts = words.split(",")
    for i in range(len(parts) - 1, -1, -1):
        if events_in(parts[i]):
            # two events joined over a comma: 收到预付款,并确认图纸后
            joined = i > 0 and re.match(r"\s*(?:且|并|及|和|以及)", parts[i]) and events_in(parts[i - 1])
            return ",".join(parts[i - 1 if joined else i :])
    return ""


def _english(text: str, m: re.Match[str]) -> Term | None:
    raw = m["n"].lower()
    value = int(raw) if raw.isdigit() else _WORDS[raw]
    before = text[max(0, m.start() - 40) : m.start()].lower()
    if re.search(r"(?:net|each|every|per|valid for|for a period of|delay of|warranty of)\s*$", before):
        return None
    link = m["link"]
    after = text[m.end() : m.end() + 80]
    if re.match(r"\s*(?:before|prior|in advance|notice|net)\b", after, re.IGNORECASE):
        return None
    if not link and not m["within"] and not re.search(r"[:]\s*$|time\s*$|^\s*$", before):
        return None
    words = after if link else ""
    if link and link.upper() == "ARO":
        words = "ARO"
    cut = re.search(r"[,;.]|\band the\b|\bthe (?:seller|buyer|goods)\b", words)
    event = events_in(words[: cut.start()] if cut else words)
    start = m.start()
    if not event and (lead := re.search(r"(?:after|upon|following|from)\s+([^,;.]{3,60}?),?\s*$", before)):
        event, start = events_in(lead[1]), m.start() - len(before) + lead.start()
    unit = re.sub(r"consecutive|\s|-", "", m["unit"].lower())
    again = m["again"]
    same = again is None or (int(again) if again.isdigit() else _WORDS[again.lower()]) == value
    term = _term(m, start, value, unit, event, sure=same, vague=before[-15:])
    end = m.end() + (cut.start() if cut else len(words))
    return None if term is None else Term(**{**{f: getattr(term, f) for f in term.__slots__}, "end": end})


def _term(
    m: re.Match[str], since: int, value: int, unit: str, event: str, *, sure: bool, vague: str
) -> Term | None:
    if not 0 < value <= 999:
        return None
    weeks = "星期" in unit or "礼拜" in unit or "周" in unit or unit.startswith(("week", "wk"))
    months = "月" in unit or "month" in unit
    working = "工作" in unit or unit.startswith(("work", "business"))
    return Term(
        start=m.start(),
        end=m.end(),
        since=since,
        offset=None if months else value * 7 if weeks else value,
        unit="working" if working else "calendar",
        event=event,
        months=value if months else None,
        sure=sure and not _VAGUE.search(vague),
    )
