"""Half- and full-width letters, digits and signs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.ocr.width_forms import narrow, other_widths, wide


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E)))
def test_narrow_undoes_wide(text: str) -> None:
    assert narrow(wide(text)) == text
    assert narrow(text) == text


@pytest.mark.parametrize(
    ("read", "at", "shown"),
    [
        ("耐高温迢接头  DN80", 6, "耐高温迢接头 ＤＮ８０"),
        ("重型联轴器7.6L", 5, "重型联轴器  ７．６Ｌ"),
        ("耐高温导轨 ５２２ m m", 10, "耐高温导轨 ５２２ｍｍ"),
        ("尼龙翰导轨 Ｍ３×91", 9, "尼龙翰导轨 Ｍ３×９１"),
        ("接头ＤＮ８０", 3, "接头DN80"),
    ],
)
def test_what_a_net_wrote_in_one_width_may_be_shown_in_the_other(read: str, at: int, shown: str) -> None:
    assert shown in other_widths(read, at)


@pytest.mark.parametrize(("text", "at"), [("华信机械", 1), ("", 0), ("华信 ", 2), ("A1", 2)])
def test_where_there_is_no_run_there_is_no_other_width(text: str, at: int) -> None:
    assert other_widths(text, at) == []


@given(st.text("ab1.×中 　Ａ１", max_size=12), st.integers(0, 12))
def test_nothing_but_widths_and_spaces_changes(text: str, at: int) -> None:
    def bare(t: str) -> str:
        return "".join(narrow(t).split())

    for other in other_widths(text, min(at, len(text))):
        assert other != text
        assert bare(other) == bare(text)
