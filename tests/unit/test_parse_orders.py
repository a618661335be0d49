"""Grids of readings → lines with typed fields."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from builders import COLUMNS, SOURCE, USUAL, grid, lines, profile, reading, row, total_row, unproven, usual

from bridge.errors import LayoutChanged
from bridge.parse.orders import parse_grids
from bridge.parse.settle import settle
from bridge.records import KEY_SEP, Doubt, Grid, GridRow, OrderLine, Witness

LINE_COLUMNS: list[dict[str, Any]] = [
    {"heading": "订单编号", "field": "order_no", "type": "code"},
    {"heading": "行号", "field": "line_no", "type": "integer"},
    {"heading": "状态", "field": "status", "type": "status"},
]
BY_LINE = profile(columns=LINE_COLUMNS, key=["order_no", "line_no"], unit="line")


def by_line(*rows: GridRow) -> tuple[OrderLine, ...]:
    return parse_grids(SOURCE, BY_LINE, [grid(*rows, columns=("order_no", "line_no", "status"))])


def test_a_row_becomes_a_line_with_typed_fields_that_carry_their_readings() -> None:
    (line,) = lines(usual())
    assert line.ok
    assert (line.source, line.key, line.order_no, line.page, line.row) == (SOURCE, "SO-0100", "SO-0100", 1, 0)
    assert line.values() == {
        "order_no": "SO-0100",
        "customer": "上海鑫盛五金",
        "quantity": Decimal(2),
        "price": Decimal("590.00"),
        "amount": Decimal("1180.00"),
        "due_date": date(2026, 3, 5),
        "status": "已审核",
    }
    assert line.fields["amount"].reading.text == "1,180.00"


def test_headings_and_totals_are_no_lines_and_rows_are_counted_without_them() -> None:
    heading = total_row(*USUAL)
    found = lines(heading, usual(), total_row("合计", *USUAL[1:]), usual(order_no="SO-0101"))
    assert [(line.key, line.row) for line in found] == [("SO-0100", 0), ("SO-0101", 1)]


def test_columns_stand_where_the_grid_says_and_ignored_ones_are_left_out() -> None:
    ignored = [{"heading": "选择", "type": "ignore"}, *COLUMNS[:1], COLUMNS[6]]
    order = ("status", None, "order_no")
    found = parse_grids(SOURCE, profile(columns=ignored), [grid(row("已审核", "x", "SO-1"), columns=order)])
    assert found[0].values() == {"order_no": "SO-1", "status": "已审核"}


def test_an_unproven_cell_is_a_doubtful_field_with_its_best_guess() -> None:
    (line,) = lines(usual(amount=unproven("1,180.00"), customer=reading("鑫", proven=False)))
    assert line.key_ok
    assert not line.ok
    assert line.doubtful == ("customer", "amount")
    assert line.fields["amount"].value == Decimal("1180.00")
    assert line.fields["amount"].doubts == line.fields["customer"].doubts == (Doubt.UNPROVEN,)


def test_a_proven_text_that_is_no_legal_value_is_doubtful_all_the_same() -> None:
    (line,) = lines(usual(due_date="2026-02-30"))
    assert (line.fields["due_date"].value, line.fields["due_date"].doubts) == (None, (Doubt.ILLEGAL,))
    assert not line.ok


def test_a_proven_blank_is_a_value_and_an_unproven_blank_is_a_doubt() -> None:
    (line,) = lines(usual(customer="", status=unproven("")))
    assert line.fields["customer"].ok
    assert line.fields["customer"].value is None
    assert line.doubtful == ("status",)


def test_the_key_may_be_trusted_only_if_all_its_fields_are_proven() -> None:
    good, bad = by_line(row("SO-1", "1", "x"), row("SO-1", unproven("2"), "x"))
    assert (good.key, good.key_ok, good.order_no) == (f"SO-1{KEY_SEP}1", True, "SO-1")
    assert (bad.key, bad.key_ok, bad.order_no) == (f"SO-1{KEY_SEP}2", False, "SO-1")


def test_a_row_without_a_key_is_doubtful_even_if_its_column_is_not_required() -> None:
    (line,) = by_line(row("SO-1", "", "x"))
    assert not line.key_ok
    assert line.fields["line_no"].doubts == (Doubt.REQUIRED_EMPTY,)


def test_a_separator_hidden_in_a_cell_cannot_forge_a_key() -> None:
    (line,) = by_line(row(f"SO-1{KEY_SEP}7", "1", "x"))
    assert line.key.count(KEY_SEP) == 1
    assert not line.key_ok


def test_mapped_words_become_ours_and_unknown_ones_are_doubtful() -> None:
    mapped = profile(mappings={"status": {"已审核": "approved"}})
    known, unknown = lines(usual(), usual(order_no="SO-2", status="已关闭"), of=mapped)
    assert known.values()["status"] == "approved"
    assert unknown.fields["status"].doubts == (Doubt.UNKNOWN_WORD,)


@pytest.mark.parametrize("columns", [("order_no", None), ("order_no", "status", "status")])
def test_a_page_that_lacks_a_column_or_shows_it_twice_stops_with_its_headings(columns: tuple[str, ...]) -> None:
    with pytest.raises(LayoutChanged, match="page 3: the column '状态'"):
        parse_grids(
            SOURCE, profile(columns=[COLUMNS[0], COLUMNS[6]]), [grid(row("a", "b", "c"), page=3, columns=columns)]
        )


# --- views of one scrolling box -----------------------------------------------------------------------------


def view(page: int, *rows: tuple[float, str, object]) -> Grid:
    cells = [row(no, *USUAL[1:6], status, y=y) for y, no, status in rows]  # type: ignore[arg-type]
    return grid(*cells, page=page)


def test_a_row_that_two_views_of_a_scrolling_box_show_is_one_line_in_its_better_reading() -> None:
    first = view(1, (0, "SO-1", "x"), (22, "SO-2", "x"), (44, "SO-3", unproven("y")))
    second = view(2, (44.5, "SO-3", "y"), (66.5, "SO-4", "x"))
    found = parse_grids(SOURCE, profile(order_list={"paging": {"kind": "scroll"}}), [first, second])
    assert [line.key for line in found] == ["SO-1", "SO-2", "SO-3", "SO-4"]
    assert all(line.ok for line in found)


def test_views_whose_proven_values_differ_stay_two_lines() -> None:
    found = parse_grids(
        SOURCE, profile(), [view(1, (0, "SO-1", "x"), (22, "SO-2", "x")), view(2, (22, "SO-2", "y"))]
    )
    assert [line.key for line in found] == ["SO-1", "SO-2", "SO-2"]


def test_rows_in_the_same_place_of_two_pages_are_two_lines() -> None:
    turned = profile(order_list={"paging": {"kind": "next", "next": "#next"}})
    pages = [view(1, (0, "SO-1", "x"), (22, "SO-2", "x")), view(2, (0, "SO-2", "x"), (22, "SO-3", "x"))]
    assert len(parse_grids(SOURCE, turned, pages)) == 4


def test_without_places_equal_rows_of_two_pages_stay_apart() -> None:
    assert len(parse_grids(SOURCE, profile(), [grid(usual()), grid(usual(), page=2)])) == 2


# --- a person's answers -------------------------------------------------------------------------------------


def test_an_answer_is_typed_like_a_reading_and_proves_the_field() -> None:
    (line,) = lines(usual(amount=unproven("1,18O.00")))
    settled = settle(profile(), line, {"amount": "1,180.00"})
    assert settled.ok
    assert settled.fields["amount"].value == Decimal("1180.00")
    assert settled.fields["amount"].reading.witnesses == (Witness.PERSON,)
    assert settled.fields["amount"].reading.picture == line.fields["amount"].reading.picture


def test_an_illegal_answer_stays_doubtful() -> None:
    (line,) = lines(usual(amount=unproven("1,18O.00")))
    assert settle(profile(), line, {"amount": "1180"}).doubtful == ("amount",)


def test_an_answered_key_gives_the_line_its_name() -> None:
    (line,) = lines(usual(order_no=unproven("S0-0100")))
    settled = settle(profile(), line, {"order_no": "SO-0100"})
    assert (settled.key, settled.order_no, settled.key_ok) == ("SO-0100", "SO-0100", True)


def test_our_own_word_answers_an_unknown_word_only_if_the_erps_word_is_proven() -> None:
    mapped = profile(mappings={"status": {"已审核": "approved"}})
    (line,) = lines(usual(status="审核通过"), of=mapped)
    settled = settle(mapped, line, {"status": "approved"})
    assert settled.ok
    assert settled.values()["status"] == "approved"
    assert settled.fields["status"].reading.text == "审核通过"
    (line,) = lines(usual(status=unproven("审核通过")), of=mapped)
    assert not settle(mapped, line, {"status": "approved"}).ok


def test_an_answer_that_breaks_the_arithmetic_is_noticed_and_one_that_mends_it_frees_the_row() -> None:
    product = {"product": {"quantity": "quantity", "price": "price", "amount": "amount"}}
    checked = profile(checks=product)
    (line,) = lines(usual(quantity=unproven("3")), of=checked)
    assert settle(checked, line, {"quantity": "2"}).ok
    assert Doubt.ARITHMETIC in settle(checked, line, {"quantity": "3"}).fields["amount"].doubts
