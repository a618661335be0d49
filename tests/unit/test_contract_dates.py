"""Dates and terms as contracts write them: what they mean, and what is none."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.contracts.dates import day_first, find_dates
from bridge.contracts.document import normal
from bridge.contracts.numerals import number, year
from bridge.contracts.terms import find_terms
from bridge.contracts.workdays import after, months_after
from samples.contracts.words import chinese, small

DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))


def days(text: str, year: int = 2026) -> list[str]:
    out = []
    for f in find_dates(normal(text)):
        out.append(str(f.last(year)) + ("" if f.until is None else f"..{f.until.last(year)}"))
    return out


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026年3月15日前", ["2026-03-15"]),
        ("二〇二六年三月十五日", ["2026-03-15"]),
        ("二零二六年十二月三十一日", ["2026-12-31"]),
        ("２０２６年３月１５日", ["2026-03-15"]),
        ("2026 年 03 月 05 日", ["2026-03-05"]),
        ("2026.3.15", ["2026-03-15"]),
        ("26年3月15日", ["2026-03-15"]),
        ("3月15日", ["2026-03-15"]),
        ("3月底前", ["2026-03-31"]),
        ("2028年2月底", ["2028-02-29"]),
        ("9月中旬", ["2026-09-20"]),
        ("9月上旬", ["2026-09-10"]),
        ("9月下旬", ["2026-09-30"]),
        ("第二季度", ["2026-06-30"]),
        ("2026年4季度", ["2026-12-31"]),
        ("2026年上半年", ["2026-06-30"]),
        ("2026年底", ["2026-12-31"]),
        ("2026年5月", ["2026-05-31"]),
        ("15-Mar-2026", ["2026-03-15"]),
        ("15th of March 2026", ["2026-03-15"]),
        ("Mar. 15, 2026", ["2026-03-15"]),
        ("end of March 2026", ["2026-03-31"]),
        ("Q2 2026", ["2026-06-30"]),
        ("23/07/2026", ["2026-07-23"]),
        ("07/23/2026", ["2026-07-23"]),
        ("2026年3月10日至20日", ["2026-03-10..2026-03-20"]),
        ("2026.3.10-3.20", ["2026-03-10..2026-03-20"]),
        ("2026-03-10～2026-03-20", ["2026-03-10..2026-03-20"]),
        ("2026年12月20日至2027年1月10日", ["2026-12-20..2027-01-10"]),
        ("2026年2月30日", []),
        ("13月5日", []),
        ("GB/T 1804-2000", []),
        ("XS202604-159", []),
        ("0574-8765 2310", []),
        ("RV063 1:20.5", []),
        ("DN50 PN16 2026件", []),
    ],
)
def test_dates(text: str, expected: list[str]) -> None:
    assert days(text) == expected


@given(DAYS)
def test_every_way_to_write_a_day_means_that_day(day: date) -> None:
    ways = [
        f"{day.year}年{day.month}月{day.day}日", f"{day:%Y年%m月%d日}", chinese(day), f"{day:%Y-%m-%d}", f"{day:%Y/%m/%d}",
        f"{day.year}.{day.month}.{day.day}", f"{day:%d-%b-%Y}", f"{day:%B} {day.day}, {day.year}", f"{day:%d.%m.%Y}",
        f"{day:%Y%m%d}", f" {day.year} 年 {day.month} 月 {day.day} 日",
    ]  # fmt: skip
    for way in ways:
        assert days(f"应于{way}前") == [day.isoformat()], way


@given(st.text(alphabet="0123456789年月日至-./ 一二三十〇第季度上中下旬底前Mar,", max_size=40))
def test_no_text_is_too_wild_and_what_is_found_is_a_day(text: str) -> None:
    for found in find_dates(normal(text)):
        assert 0 <= found.start < found.end <= len(text)
        assert found.last(2028) is not None


@given(st.integers(1, 99))
def test_numerals(value: int) -> None:
    assert number(small(value)) == value
    assert number(str(value)) == value


def test_years() -> None:
    assert [year(t) for t in ("2026", "二〇二六", "二零二六", "26", "二6", "0226")] == [
        2026,
        2026,
        2026,
        2026,
        2026,
        None,
    ]


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["23/07/2026"], True),
        (["07/23/2026"], False),
        (["07/05/2026"], None),
        (["23/07/2026", "07/23/2026"], None),
    ],
)
def test_day_first_by_evidence(texts: list[str], expected: bool | None) -> None:
    assert day_first(texts) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("合同签订后30日内", [(30, "calendar", "signing")]),
        ("合同签订后三十（30）日内", [(30, "calendar", "signing")]),
        ("收到预付款后15个工作日内", [(15, "working", "payment")]),
        ("自合同生效之日起45天", [(45, "calendar", "effective")]),
        ("款到发货，卖方收到全部货款后7天内", [(7, "calendar", "payment")]),
        ("图纸确认后25日", [(25, "calendar", "drawings")]),
        ("收到预付款且图纸确认后的20个日历天内", [(20, "calendar", "payment+drawings")]),
        ("合同签订后6周内", [(42, "calendar", "signing")]),
        ("预付款到账后30-45天", [(45, "calendar", "payment")]),
        ("接到买方发货通知后5日内", [(5, "calendar", "notice")]),
        ("within 45 days after the date of signing of this Contract", [(45, "calendar", "signing")]),
        ("within 30 working days after receipt of the deposit", [(30, "working", "payment")]),
        ("4-6 weeks ARO", [(42, "calendar", "order")]),
        (
            "within thirty (30) days from the date of this Contract coming into force",
            [(30, "calendar", "effective")],
        ),
        ("每逾期一日支付0.5%", []),
        ("应提前3日书面通知", []),
        ("2026年3月15日", []),
        ("每月25日前对账", []),
    ],
)
def test_terms(text: str, expected: list[tuple[int, str, str]]) -> None:
    text = normal(text)
    dates = find_dates(text)
    found = [t for t in find_terms(text) if not any(t.start < d.end and d.start < t.end for d in dates)]
    assert [(t.offset, t.unit, t.event) for t in found] == expected


def test_a_number_that_stands_there_twice_and_differs_is_not_sure() -> None:
    (term,) = find_terms(normal("合同签订后三十（20）日内"))
    assert not term.sure


@given(DAYS, st.integers(1, 400))
def test_the_day_after_the_event_is_day_one(day: date, offset: int) -> None:
    assert after(day, offset, "calendar") == day + timedelta(days=offset)


def test_working_days_follow_the_state_calendar() -> None:
    # 2026: the Spring Festival is 15 to 23 February; Saturday 14 and Saturday 28 February are worked.
    assert after(date(2026, 2, 13), 1, "working") == date(2026, 2, 14)
    assert after(date(2026, 2, 14), 1, "working") == date(2026, 2, 24)
    assert after(date(2090, 1, 1), 1, "working") is None


def test_months() -> None:
    assert months_after(date(2026, 1, 31), 1) == date(2026, 2, 28)
    assert months_after(date(2026, 11, 15), 2) == date(2027, 1, 15)
    assert months_after(date(2026, 10, 31), 2) == date(2026, 12, 31)
