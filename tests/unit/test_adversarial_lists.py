"""Lists that would lose a row and still count as complete, each named by the hole it was found through."""

from __future__ import annotations

import pytest
from builders import SOURCE, grid, profile, row, total_row, usual

from bridge.parse.checks import check
from bridge.parse.numbers import parse_number
from bridge.parse.orders import parse_grids
from bridge.profiles import Profile
from bridge.records import Grid, GridRow, ObservedList

SET_ASIDE = profile(order_list={"not_orders": [{"text": "合计"}]})
BOX = profile(order_list={"paging": {"kind": "scroll"}})


def checked(of: Profile, *grids: Grid) -> ObservedList:
    lines = parse_grids(SOURCE, of, grids)
    return check(source=SOURCE, profile=of, capture_complete=True, grids=grids, lines=lines)


def test_an_order_whose_remark_says_total_is_not_lost_without_a_word() -> None:
    said = total_row("SO-0101", "合计机械厂", "2", "590.00", "1,180.00", "2026-03-05", "已审核")
    observed = checked(SET_ASIDE, grid(usual(), said))
    assert not observed.complete
    assert [f.code for f in observed.findings] == ["unknown_row"]
    assert "SO-0101" in observed.findings[0].message


@pytest.mark.parametrize("cells", [("合计", "", "4"), ("", "合计", "4"), ("本页合计", "2 单", "4")])
def test_a_total_is_still_a_total(cells: tuple[str, str, str]) -> None:
    assert checked(SET_ASIDE, grid(usual(), total_row(*cells, "", "1,180.00", "", ""))).complete


def order(number: int, y: float) -> GridRow:
    return row(*(f"SO-{number:04}" if i == 0 else t.text for i, t in enumerate(usual().cells)), y=y)


def test_a_row_higher_than_two_views_overlap_is_missed() -> None:
    """Rows at 0…60, then one of 100 css pixels that both views cut, then rows from 180 on."""
    views = grid(order(1, 0), order(2, 20), order(3, 40), page=1), grid(order(5, 180), order(6, 200), page=2)
    observed = checked(BOX, *views)
    assert not observed.complete
    assert [f.code for f in observed.findings] == ["view_gap"]


def test_views_that_share_a_row_lost_none() -> None:
    views = grid(order(1, 0), order(2, 20), order(3, 40), page=1), grid(order(3, 41), order(4, 60), page=2)
    observed = checked(BOX, *views)
    assert observed.complete
    assert len(observed.lines) == 4


def test_the_next_page_is_no_view_of_the_same_box() -> None:
    paged = profile(order_list={"paging": {"kind": "next", "next": "#next"}})
    views = grid(order(1, 22), order(2, 42), page=1), grid(order(3, 24), page=2)
    assert checked(paged, *views).complete


def test_an_amount_in_another_currency_is_no_value_of_the_column() -> None:
    assert parse_number("¥88.00", unit="¥")[0] is not None
    assert parse_number("￥88.00", unit="¥")[0] is not None
    assert parse_number("$88.00", unit="¥") == (None, False)
    assert parse_number("88.00 €", unit="$") == (None, False)
