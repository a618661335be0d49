"""The delivery promise of each sample: its words and what they mean.

The wording patterns follow public templates as facts, in words of our own; the sources are named in
``samples/README.md``.  A promise may be given as words for running text, as a value for a form, or both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import chinese_calendar

from samples.contracts.words import Parties, chinese, small, ymd


@dataclass(frozen=True, kw_only=True)
class Promise:
    """words: the clause's body in running text.  ``[[…]]`` marks what a person fills in by hand, ``||`` where
    the layout may break it over a line or a page.  label: its heading in a form.  rows: a date per order line."""

    words: str
    kind: str
    label: str = "交货日期"
    day: date | None = None
    days: tuple[date, ...] = ()
    base: str | None = None
    offset: int | None = None
    unit: str | None = None
    rows: tuple[str, ...] = ()
    must_flag: bool = False


def at(signed: date, after: int) -> date:
    return signed + timedelta(days=after)


def working(start: date, days: int) -> date:
    day = start
    while days:
        day += timedelta(days=1)
        days -= chinese_calendar.is_workday(day)
    return day


def absolute(day: date, words: str, label: str = "交货日期") -> Promise:
    return Promise(words=words, kind="absolute", label=label, day=day, days=(day,))


def relative(
    words: str, base: str, offset: int, unit: str = "calendar", day: date | None = None, label: str = "交货期"
) -> Promise:
    return Promise(
        words=words, kind="relative", label=label, base=base, offset=offset, unit=unit, day=day,
        days=(day,) if day else (),
    )  # fmt: skip


def none(words: str) -> Promise:
    return Promise(words=words, kind="none", label="交货日期")


def month_end(year: int, month: int) -> date:
    return (date(year + month // 12, month % 12 + 1, 1)) - timedelta(days=1)


def later(signed: date, months: int) -> tuple[int, int]:
    year, month = divmod(signed.year * 12 + signed.month - 1 + months, 12)
    return year, month + 1


Make = Callable[[Parties], Promise]


def _batches(p: Parties) -> Promise:
    a, b, c = at(p.signed, 30), at(p.signed, 51), at(p.signed, 75)
    return Promise(
        words=f"分三批交货：第一批300件于{ymd(a)}前交付，第二批300件于{ymd(b)}前交付，||第三批余量于{ymd(c)}前交清。",
        kind="batches", day=c, days=(a, b, c),
    )  # fmt: skip


def _batches_same_year(p: Parties) -> Promise:
    a, b = at(p.signed, 20), at(p.signed, 34)
    return Promise(
        words=f"货物分两批发运，首批于{ymd(a)}发货，余下部分于{b.month}月{b.day}日发货。",
        kind="batches", day=b, days=(a, b),
    )  # fmt: skip


def _range(p: Parties) -> Promise:
    a, b = at(p.signed, 25), at(p.signed, 40)
    return Promise(words=f"{ymd(a)}至{ymd(b)}之间陆续交货。", kind="range", day=b, days=(a, b))


def _short_range(p: Parties) -> Promise:
    a = date(p.signed.year, p.signed.month, 1) + timedelta(days=40)
    a, b = a.replace(day=10), a.replace(day=20)
    return Promise(words=f"{a.year}年{a.month}月10日-20日", kind="range", day=b, days=(a, b))


def _middle(p: Parties) -> Promise:
    y, m = later(p.signed, 2)
    return absolute(date(y, m, 20), f"{y}年{m}月中旬交货。")


def _no_year_end(p: Parties) -> Promise:
    y, m = later(p.signed, 1)
    return absolute(month_end(y, m), f"{m}月底前全部交清。")


def _first_ten(p: Parties) -> Promise:
    y, m = later(p.signed, 2)
    return absolute(date(y, m, 10), f"卖方应于{y}年{m}月上旬将货物运抵买方工厂。")


def _quarter(p: Parties) -> Promise:
    y, m = later(p.signed, 3)
    q = (m + 2) // 3
    return absolute(month_end(y, q * 3), f"{y}年第{small(q)}季度内完成供货。")


def _whole_month(p: Parties) -> Promise:
    y, m = later(p.signed, 2)
    return absolute(month_end(y, m), f"{y}年{m}月交货。")


def _no_later(p: Parties) -> Promise:
    d = at(p.signed, 48)
    return Promise(
        words=f"图纸确认后25日内交货，最迟不晚于{ymd(d)}。",
        kind="absolute", day=d, days=(d,), base="drawings", offset=25, unit="calendar",
    )  # fmt: skip


def _amended(p: Parties) -> Promise:
    old, new = at(p.signed, 10), at(p.signed, 41)
    return absolute(new, f"原合同约定的交货日期{ymd(old)}，经双方协商变更为{ymd(new)}，其他条款不变。")


def _postponed(p: Parties) -> Promise:
    old, new = at(p.signed, 7), at(p.signed, 28)
    return absolute(new, f"因买方场地未就绪，交货时间由{ymd(old)}||顺延至{ymd(new)}。")


def _promised_beats(p: Parties) -> Promise:
    asked, given = at(p.signed, 18), at(p.signed, 26)
    return absolute(given, f"客户要求到货日期：{asked:%Y-%m-%d}；我司承诺交货日期：{given:%Y-%m-%d}。")


def _lines(p: Parties) -> Promise:
    days = tuple(at(p.signed, n) for n in (21, 28, 35))
    return Promise(
        words="",
        kind="batches",
        day=days[-1],
        days=days,
        rows=tuple(f"{d:%Y-%m-%d}" for d in days),
        label="交货日期",
    )


def _lines_same(p: Parties) -> Promise:
    d = at(p.signed, 33)
    return Promise(words="", kind="absolute", day=d, days=(d,), rows=(f"{d:%Y/%m/%d}",) * 3, label="要求交期")


def _merged(p: Parties) -> Promise:
    d = at(p.signed, 29)
    return Promise(words="", kind="absolute", day=d, days=(d,), rows=(f"{d:%Y.%m.%d}",), label="交货期")


def _merged_relative(p: Parties) -> Promise:
    return Promise(
        words="", kind="relative", base="payment", offset=20, unit="calendar", rows=("款到后20天",), label="交货期"
    )


def _by_hand(p: Parties) -> Promise:
    d = at(p.signed, 37)
    return absolute(d, f"卖方应于[[{d.year}]]年[[{d.month}]]月[[{d.day}]]日前将全部货物交付买方。")


def _form_by_hand(p: Parties) -> Promise:
    d = at(p.signed, 31)
    return absolute(d, f"[[{d.year}.{d.month}.{d.day}]]", label="交货时间")


def _blank(p: Parties) -> Promise:
    return none("交货日期：＿＿＿＿年＿＿月＿＿日前。")


def _dmy(p: Parties) -> Promise:
    d = at(p.signed, 45)
    return absolute(d, f"The goods shall be delivered on or before {d.day} {d:%B} {d.year}.", "Delivery date")


PROMISES: dict[str, Make] = {
    # absolute
    "before": lambda p: absolute(d := at(p.signed, 35), f"卖方应于{ymd(d)}前||将全部货物交付至买方指定地点。"),
    "label": lambda p: absolute(d := at(p.signed, 22), f"交货日期：{ymd(d)}。"),
    "chinese": lambda p: absolute(d := at(p.signed, 40), f"交货时间：{chinese(d)}||前交齐。"),
    "dots": lambda p: absolute(d := at(p.signed, 27), f"供货期限为{d.year}.{d.month}.{d.day}，逾期按违约处理。"),
    "iso": lambda p: absolute(d := at(p.signed, 19), f"{d:%Y-%m-%d}"),
    "padded": lambda p: absolute(d := at(p.signed, 24), f"交（提）货时间：{d:%Y} 年 {d:%m} 月 {d:%d} 日。"),
    "no_year": lambda p: absolute(d := at(p.signed, 26), f"到货时间：{d.month}月{d.day}日前送达买方仓库。"),
    "arrive": lambda p: absolute(d := at(p.signed, 32), f"货物应在{ymd(d)}之前||运抵买方工地。"),
    "finish": lambda p: absolute(d := at(p.signed, 60), f"完工日期为{ymd(d)}，当日具备发运条件。", "完工日期"),
    "no_later": _no_later,
    "middle": _middle,
    "month_end": _no_year_end,
    "first_ten": _first_ten,
    "quarter": _quarter,
    "whole_month": _whole_month,
    # relative
    "signed_30": lambda p: relative("合同签订后30日内||交货。", "signing", 30, day=at(p.signed, 30)),
    "effective_45": lambda p: relative(
        "自合同生效之日起45天||内完成交货。", "effective", 45, day=at(p.signed, 45)
    ),
    "signed_chinese": lambda p: relative(
        "本合同签订之日起二十日内供货完毕。", "signing", 20, day=at(p.signed, 20)
    ),
    "signed_working": lambda p: relative(
        "合同签订后15个工作日内发货。", "signing", 15, "working", day=working(p.signed, 15)
    ),
    "prepaid_15": lambda p: relative("卖方在收到预付款后15个工作日||内发货。", "payment", 15, "working"),
    "paid_7": lambda p: relative("款到发货，卖方收到全部货款后7天内发出。", "payment", 7),
    "drawings_25": lambda p: relative("买方书面确认图纸后25天内交货。", "drawings", 25),
    "sample_10": lambda p: relative(
        "样品经买方确认合格后10个工作日内交付首批及全部货物。", "samples", 10, "working"
    ),
    "notice_5": lambda p: relative("卖方在接到买方发货通知后5日内发货。", "notice", 5),
    "span": lambda p: relative("预付款到账后30-45天交货。", "payment", 45),
    "weeks": lambda p: relative("合同签订后6周内交货。", "signing", 42, day=at(p.signed, 42)),
    # ranges and batches
    "range": _range,
    "short_range": _short_range,
    "batches": _batches,
    "batches_short": _batches_same_year,
    "lines": _lines,
    "lines_same": _lines_same,
    "merged": _merged,
    "merged_relative": _merged_relative,
    # amendments
    "amended": _amended,
    "postponed": _postponed,
    "promised_beats": _promised_beats,
    # by hand
    "by_hand": _by_hand,
    "form_by_hand": _form_by_hand,
    # none
    "silent": lambda p: none(""),
    "later": lambda p: none("具体交货时间由双方另行协商确定。"),
    "by_notice": lambda p: none("交货时间以买方书面通知为准。"),
    "blank": _blank,
    "form_blank": lambda p: none(""),
    "liability": lambda p: none("如卖方不能按期交货，应提前3日书面通知买方。"),
    # English
    "en_before": _dmy,
    "en_us": lambda p: absolute(
        d := at(p.signed, 38), f"Shipment shall be effected no later than {d:%B} {d.day}, {d.year}.", "Ship by"
    ),
    "en_label": lambda p: absolute(d := at(p.signed, 30), f"{d:%d}-{d:%b}-{d.year}", "Delivery Date"),
    "en_required": lambda p: absolute(d := at(p.signed, 33), f"{d:%b} {d.day}, {d.year}", "Required by"),
    "en_day_first": lambda p: absolute(d := date(2026, 7, 23), f"{d:%d/%m/%Y}", "Delivery date"),
    "en_promised": lambda p: absolute(d := at(p.signed, 36), f"{d.day} {d:%b} {d.year}", "Promised delivery"),
    "en_days": lambda p: relative(
        "The Seller shall deliver the goods within 45 days after the date of signing of this Contract.",
        "signing",
        45,
        day=at(p.signed, 45),
    ),
    "en_deposit": lambda p: relative(
        "Delivery time: within 30 working days after receipt of the deposit.", "payment", 30, "working"
    ),
    "en_silent": lambda p: none(""),
}
