"""Text as displayed → typed values: what a program draws in the named format, and nothing else."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bridge.errors import ProfileError
from bridge.parse.dates import parse_date
from bridge.parse.numbers import number_style, parse_number
from bridge.parse.values import key_text, parse_value
from bridge.profiles import Column
from bridge.records import Doubt

STYLES = {"1,234.56": (",", "."), "1.234,56": (".", ","), "1234.56": ("", "."), "1 234,56": (" ", ",")}
DATE_FORMATS = {
    "%Y-%m-%d": lambda d: d.isoformat(),
    "%Y/%m/%d": lambda d: f"{d.year}/{d.month:02}/{d.day:02}",
    "%d.%m.%Y": lambda d: f"{d.day:02}.{d.month:02}.{d.year}",
    "%m/%d/%Y": lambda d: f"{d.month:02}/{d.day:02}/{d.year}",
    "%Y%m%d": lambda d: f"{d.year}{d.month:02}{d.day:02}",
    "%Y年%m月%d日": lambda d: f"{d.year}年{d.month:02}月{d.day:02}日",
    "%Y年%-m月%-d日": lambda d: f"{d.year}年{d.month}月{d.day}日",
    "%Y-%m-%d %H:%M": lambda d: f"{d.isoformat()} 23:59",
}

amounts = st.decimals(min_value=-(10**12), max_value=10**12, places=2)
dates = st.dates(min_value=date(1000, 1, 1))


def shown(value: Decimal, style: str) -> str:
    group, mark = STYLES[style]
    return f"{value:,.2f}".replace(",", "G").replace(".", mark).replace("G", group)


def column(type_: str, **keys: object) -> Column:
    return Column(heading="列", field="x", type=type_, **keys)


# --- numbers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", STYLES)
@given(value=amounts)
def test_a_number_drawn_in_a_style_is_read_back_as_the_same_number(style: str, value: Decimal) -> None:
    assert parse_number(shown(value, style), format=style, decimals=2) == (value, False)


@pytest.mark.parametrize("style", STYLES)
@given(text=st.text(min_size=1, max_size=12))
def test_garbage_is_never_a_number(style: str, text: str) -> None:
    value, _ = parse_number(text, format=style)
    if value is not None:
        assert any(c in "0123456789０１２３４５６７８９" for c in text)
        assert set(text) <= set(
            "0123456789０１２３４５６７８９ .,-−－()（）¥￥＄$€．，　\u00a0\u2009\u202f\u2007\t\n\r"
        )


@pytest.mark.parametrize("style", ["1,234.56", "1.234,56", "1 234,56"])
@given(value=st.decimals(min_value=1000, max_value=10**12, places=2), data=st.data())
def test_a_lost_or_invented_group_mark_makes_a_number_illegal(
    style: str, value: Decimal, data: st.DataObject
) -> None:
    text, group = shown(value, style), STYLES[style][0]
    places = [i for i, c in enumerate(text) if c == group]
    lost = data.draw(st.sampled_from(places))
    assert parse_number(text[:lost] + text[lost + 1 :], format=style, decimals=2) == (None, False)
    at = data.draw(st.integers(1, len(text) - 1))
    assert parse_number(text[:at] + group + text[at:], format=style, decimals=2) == (None, False)


@given(value=st.decimals(min_value=1000, max_value=10**12, places=2), data=st.data())
def test_a_lost_or_invented_digit_makes_a_grouped_number_illegal(value: Decimal, data: st.DataObject) -> None:
    text = f"{value:,.2f}"
    at = data.draw(st.integers(text.index(",") + 1, len(text) - 1))  # the first group may have one to three
    assume(text[at].isdigit())
    for changed in (text[:at] + text[at + 1 :], text[:at] + "7" + text[at:]):
        assert parse_number(changed, format="1,234.56", decimals=2) == (None, False)


@given(value=amounts, data=st.data())
def test_what_stays_legal_after_an_edit_is_exactly_what_is_drawn(value: Decimal, data: st.DataObject) -> None:
    """Nothing is repaired: the value drawn again is the edited text."""
    text = f"{value:,.2f}"
    at = data.draw(st.integers(0, len(text) - 1))
    changed = text[:at] + data.draw(st.text("0123456789,.", max_size=2)) + text[at + 1 :]
    read, _ = parse_number(changed, format="1,234.56", decimals=2)
    if read is not None:
        assert f"{read:,.2f}" == changed.replace("-0.00", "0.00")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-1.00", "-1.00"), ("−1.00", "-1.00"), ("(1.00)", "-1.00"), ("（１．００）", "-1.00"), ("¥1.00", "1.00"),
        ("￥ 1.00", "1.00"), ("-$1.00", "-1.00"), ("$-1.00", "-1.00"), ("1.00 €", "1.00"),
        ("（¥1.00）", "-1.00"),
        ("１，２３４．５６", "1234.56"), ("\u00a012.50\u00a0", "12.50"), ("12.50个", "12.50"),
        ("12.50 个", "12.50"),
        ("0.00", "0"), ("-0.00", "0"), ("999.99", "999.99"),
    ],
)  # fmt: skip
def test_signs_currencies_units_and_full_width_digits_are_understood(text: str, value: str) -> None:
    assert parse_number(text, format="1,234.56", decimals=2, unit="个") == (Decimal(value), False)


@pytest.mark.parametrize(
    "text",
    ["", " ", "-", "--", "1-", "-(1)", "--1", "1..0", "1.", ".5", "007", "0,123", "1,23", "1,2345", "12,34.56",
     "1e5", "1_000", "②", "٣", "一", "1²", "½", "NaN", "inf", "1 2", "1O0", "l00", "0x1F", "¥", "()", "1,000,",
     "+1", "1.00.00", "9" * 29, "9" * 5000],
)  # fmt: skip
def test_what_no_program_draws_as_a_number_is_none(text: str) -> None:
    assert parse_number(text, format="1,234.56") == (None, False)


def test_the_digits_after_the_mark_are_enforced_where_the_column_names_them() -> None:
    assert parse_number("12.5", format="1,234.56", decimals=2)[0] is None
    assert parse_number("12.500", format="1,234.56", decimals=2)[0] is None
    assert parse_number("12", format="1,234.56", decimals=2)[0] is None
    assert parse_number("12.5", format="1,234.56")[0] == Decimal("12.5")


def test_each_style_refuses_the_marks_of_the_others() -> None:
    assert parse_number("1.234,56", format="1,234.56") == (None, False)
    assert parse_number("1,234.56", format="1.234,56") == (None, False)
    assert parse_number("1.234", format="1.234,56") == (Decimal(1234), False)
    assert parse_number("1.234", format="1234.56") == (Decimal("1.234"), False)


def test_without_a_format_only_what_all_usual_styles_agree_on_is_sure() -> None:
    assert parse_number("1,234.56") == (Decimal("1234.56"), False)
    assert parse_number("1.234,56") == (Decimal("1234.56"), False)
    assert parse_number("12.50") == (Decimal("12.50"), False)
    assert parse_number("1234") == (Decimal(1234), False)
    value, guessed = parse_number("1.234")
    assert value in (Decimal("1.234"), Decimal(1234))
    assert guessed
    assert parse_value("1.234", column("decimal"))[1] == (Doubt.UNPROVEN,)
    assert parse_value("1,234", column("integer")) == (1234, ())


@pytest.mark.parametrize("example", ["1,234,56", "1.234.56", "12", "", "x", "1234.5"])
def test_a_number_format_that_is_none_is_a_fault_of_the_profile(example: str) -> None:
    with pytest.raises(ProfileError, match="no number format"):
        number_style(example)


# --- dates --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", DATE_FORMATS)
@given(day=dates)
def test_a_date_drawn_in_a_format_is_read_back_as_the_same_date(format_: str, day: date) -> None:
    assert parse_date(DATE_FORMATS[format_](day), format_) == (day, False)


@given(day=dates, other=st.sampled_from(sorted(DATE_FORMATS)), data=st.data())
def test_a_date_with_one_character_more_or_less_is_never_read_as_if_it_were_whole(
    day: date, other: str, data: st.DataObject
) -> None:
    text = day.isoformat()
    at = data.draw(st.integers(0, len(text) - 1))
    for changed in (text[:at] + text[at + 1 :], text[:at] + "1" + text[at:]):
        read, _ = parse_date(changed, "%Y-%m-%d")
        if read is not None:  # 2026-3-05 is 2026-03-05: the same digits, no other
            year, month, dom = (int(p) for p in changed.split("-"))
            assert read == date(year, month, dom)
            assert len(changed) == len(text) - 1


@pytest.mark.parametrize(
    ("text", "format_"),
    [
        ("2026-2-30", "%Y-%m-%d"), ("2026-02-30", "%Y-%m-%d"), ("2025-02-29", "%Y-%m-%d"),
        ("0000-00-00", "%Y-%m-%d"),
        ("2026-13-01", "%Y-%m-%d"), ("2026-00-10", "%Y-%m-%d"), ("2026/03/05", "%Y-%m-%d"),
        ("26-03-05", "%Y-%m-%d"),
        ("2026-03-05 10:00", "%Y-%m-%d"), ("2026-03-05 25:00", "%Y-%m-%d %H:%M"), ("2026305", "%Y%m%d"),
        ("2026年03月5日", "%Y年%-m月%-d日"), ("2026-03-0５x", "%Y-%m-%d"), ("２０２６-03-٠٥", "%Y-%m-%d"),
        ("", "%Y-%m-%d"),
    ],
)  # fmt: skip
def test_what_is_no_date_of_the_format_is_none(text: str, format_: str) -> None:
    assert parse_date(text, format_) == (None, False)


def test_leading_zeros_may_be_missing_only_where_one_reading_is_left() -> None:
    assert parse_date("2026年3月5日", "%Y年%m月%d日") == (date(2026, 3, 5), False)
    assert parse_date("2026年03月05日", "%Y年%m月%d日") == (date(2026, 3, 5), False)
    assert parse_date("2026111", "%Y%m%d") == (None, False)
    with pytest.raises(ProfileError, match="more than one way"):
        parse_date("2026111", "%Y%-m%-d")


def test_without_a_format_only_year_first_dates_are_sure() -> None:
    for text in ("2026-03-05", "2026/3/5", "2026.03.05", "2026年3月5日", "20260305", "2026-03-05 10:22:31"):
        assert parse_date(text) == (date(2026, 3, 5), False)
    assert parse_date("25.03.2026") == (date(2026, 3, 25), True)
    assert parse_date("05.03.2026") == (None, True)
    assert parse_value("25.03.2026", column("date")) == (date(2026, 3, 25), (Doubt.UNPROVEN,))
    assert parse_date("2026-02-30") == (None, False)


@pytest.mark.parametrize("format_", ["%Y-%m", "%Y-%m-%d %m", "%d %B %Y", "%Y-%j", "%Y-%m-%d %"])
def test_a_date_format_that_cannot_be_used_is_a_fault_of_the_profile(format_: str) -> None:
    with pytest.raises(ProfileError, match="cannot be used"):
        parse_date("2026-03-05", format_)


# --- columns ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("type_", ["code", "text", "integer", "decimal", "money", "date", "status"])
def test_an_empty_cell_is_none_and_never_zero_and_a_fault_only_where_required(type_: str) -> None:
    for text in ("", "  ", "\u3000", "\u00a0"):
        assert parse_value(text, column(type_)) == (None, ())
        assert parse_value(text, column(type_, required=True)) == (None, (Doubt.REQUIRED_EMPTY,))


def test_types_are_what_the_columns_say() -> None:
    assert parse_value("1,200", column("integer", format="1,234.56")) == (1200, ())
    assert parse_value("1.0", column("integer", format="1,234.56")) == (None, (Doubt.ILLEGAL,))
    money, doubts = parse_value("¥1,180.00", column("money", format="1,234.56", decimals=2))
    assert (money, type(money), doubts) == (Decimal("1180.00"), Decimal, ())
    assert str(money) == "1180.00"
    assert parse_value("12..5", column("decimal")) == (None, (Doubt.ILLEGAL,))


def test_a_code_is_folded_to_ascii_but_loses_nothing_inside() -> None:
    assert parse_value(" ＳＯ－０１ A  B ", column("code")) == ("SO-01 A  B", ())
    assert parse_value("②型", column("code")) == ("②型", ())
    assert parse_value("A\u200b1", column("code")) == ("A\u200b1", (Doubt.ILLEGAL,))


def test_pattern_and_alphabet_are_a_veto() -> None:
    strict = column("code", pattern=r"SO-\d{4}")
    assert parse_value("SO-0100", strict) == ("SO-0100", ())
    assert parse_value("SO-01OO", strict) == ("SO-01OO", (Doubt.ILLEGAL,))
    assert parse_value("xSO-0100", strict)[1] == (Doubt.ILLEGAL,)
    assert parse_value("SO-1", column("code", alphabet="SO-0123456789"))[1] == ()
    assert parse_value("SD-1", column("code", alphabet="SO-0123456789"))[1] == (Doubt.ILLEGAL,)


def test_text_is_kept_as_displayed_without_the_blanks_around_it() -> None:
    assert parse_value("\u3000鑫盛\u00a0五金  （上海）\u3000", column("text")) == ("鑫盛 五金  （上海）", ())
    assert parse_value("Mu\u0308ller", column("text")) == ("Müller", ())


def test_words_are_mapped_and_an_unknown_one_is_asked_about() -> None:
    words = {"已审核": "approved"}
    assert parse_value(" 已审核 ", column("status"), words) == ("approved", ())
    assert parse_value("已关闭", column("status"), words) == (None, (Doubt.UNKNOWN_WORD,))
    assert parse_value("已关闭", column("status")) == ("已关闭", ())
    assert parse_value("A-1", column("code"), {"Ａ－１": "sku-1"}) == ("sku-1", ())
    assert parse_value("", column("status"), words) == (None, ())


def test_a_key_is_made_of_the_erps_own_words_and_of_values() -> None:
    assert key_text(" SO-1 ", column("code")) == "SO-1"
    assert key_text("1,000", column("integer", format="1,234.56")) == "1000"
    assert key_text("2026年3月5日", column("date")) == "2026-03-05"
    assert key_text("12.50", column("decimal", format="1,234.56")) == "12.5"
    assert key_text("", column("integer")) == ""
