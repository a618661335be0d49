"""Counts, sums, products and duplicates: what the list says about itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from builders import SOURCE, grid, profile, proven_by, reading, total_row, unproven, usual

from bridge.errors import ProfileError
from bridge.parse.checks import check
from bridge.parse.orders import parse_grids
from bridge.profiles import Profile
from bridge.records import Doubt, Finding, Grid, GridRow, ObservedList, Reading, RowKind, Witness

PRODUCT = {"product": {"quantity": "quantity", "price": "price", "amount": "amount"}}
WITH_PRODUCT = profile(checks=PRODUCT)
COUNTED = profile(order_list={"total": {"pattern": r"共(\d+)条"}})
SUMMED = profile(order_list={"not_orders": [{"text": "^合计$", "sums": ["amount"], "of": "list"}]})
PAGE_SUMMED = profile(order_list={"not_orders": [{"text": "小计", "sums": ["amount"], "of": "page"}]})
BLANK_TOTAL = profile(order_list={"total_row": {"sums": ["amount"]}})
ROUNDED_TOTAL = profile(order_list={"total_row": {"sums": ["amount"], "rounding": "0.005"}})


def checked(of: Profile, *grids: Grid, complete: bool = True, why: Sequence[Finding] = ()) -> ObservedList:
    return check(
        source=SOURCE,
        profile=of,
        capture_complete=complete,
        why_incomplete=why,
        grids=grids,
        lines=parse_grids(SOURCE, of, grids),
    )


def codes(observed: ObservedList) -> list[str]:
    return [f.code for f in observed.findings]


def sums(amount: str | Reading, word: str = "合计") -> GridRow:
    return total_row(word, "", "", "", amount, "", "")


def three(**texts: str | Reading) -> ObservedList:
    """One row checked against quantity × price = amount."""
    return checked(WITH_PRODUCT, grid(usual(**texts)))


# --- product ------------------------------------------------------------------------------------------------


def test_a_row_whose_product_fits_passes() -> None:
    observed = three()
    assert observed.lines[0].ok
    assert observed.complete
    assert codes(observed) == []


def test_a_product_rounds_half_up_to_the_decimals() -> None:
    assert three(quantity="0.5", price="0.01", amount="0.01").lines[0].ok
    assert not three(quantity="0.5", price="0.01", amount="0.00").lines[0].ok


def test_a_tolerance_lets_small_differences_pass() -> None:
    tolerant = profile(checks={"product": PRODUCT["product"] | {"tolerance": "0.01"}})
    assert checked(tolerant, grid(usual(amount="1,180.01"))).lines[0].ok
    assert not checked(tolerant, grid(usual(amount="1,180.02"))).lines[0].ok


def test_a_failing_product_holds_the_row_and_doubts_what_is_not_strongly_pinned() -> None:
    observed = three(amount=proven_by("1,130.00", Witness.NET, Witness.MEMORY))
    line = observed.lines[0]
    assert line.doubtful == ("amount",)
    assert line.fields["amount"].doubts == (Doubt.ARITHMETIC,)
    assert codes(observed) == ["arithmetic"]
    assert "590.00" in observed.findings[0].message
    assert observed.complete  # the list is whole; only this row waits


def test_a_failing_product_of_three_pinned_values_still_goes_to_a_person() -> None:
    assert three(amount="1,130.00").lines[0].doubtful == ("quantity", "price", "amount")


def test_what_a_person_has_confirmed_is_not_doubted_by_arithmetic() -> None:
    said = {n: proven_by(t, Witness.PERSON) for n, t in (("quantity", "2"), ("price", "590.00"))}
    assert three(**said, amount="1,130.00").lines[0].doubtful == ("amount",)
    observed = three(**said, amount=proven_by("1,130.00", Witness.PERSON))
    assert observed.lines[0].ok
    assert codes(observed) == ["arithmetic"]


@pytest.mark.parametrize(("name", "text"), [("quantity", "2"), ("price", "590.00"), ("amount", "1,180.00")])
def test_a_fitting_product_proves_the_one_unproven_field(name: str, text: str) -> None:
    line = three(**{name: unproven(text)}).lines[0]
    assert line.ok
    assert line.fields[name].reading.proven
    assert Witness.ARITHMETIC in line.fields[name].reading.witnesses


def test_it_proves_nothing_that_the_net_did_not_propose() -> None:
    by_page = unproven("1,180.00", witnesses=(Witness.PAGE_TEXT,))
    assert three(amount=by_page).lines[0].doubtful == ("amount",)
    assert three(amount=unproven("1,130.00", "1,190.00")).lines[0].doubtful == ("amount",)


def test_the_one_alternative_that_satisfies_the_equation_is_taken_and_proven() -> None:
    for misread in ("1,130.00", "1,18O.00"):
        line = three(amount=unproven(misread, "1,190.00", "1,180.00")).lines[0]
        assert line.ok
        assert line.fields["amount"].value == Decimal("1180.00")
        assert line.fields["amount"].reading.text == "1,180.00"
        assert misread in line.fields["amount"].reading.alternatives


def test_two_unproven_fields_are_no_proof() -> None:
    line = three(price=unproven("590.00"), amount=unproven("1,180.00")).lines[0]
    assert line.doubtful == ("price", "amount")


def test_an_unproven_field_that_does_not_fit_says_so_and_leaves_the_proven_ones_alone() -> None:
    line = three(amount=unproven("1,130.00")).lines[0]
    assert line.doubtful == ("amount",)
    assert Doubt.ARITHMETIC in line.fields["amount"].doubts


def test_an_equation_that_leaves_other_values_open_proves_nothing() -> None:
    # 0 × any price is 0.
    assert three(quantity="0", price=unproven("590.00"), amount="0.00").lines[0].doubtful == ("price",)
    # 0.01 × 590.00 and 0.01 × 590.01 are both 5.90.
    assert three(quantity="0.01", price=unproven("590.00"), amount="5.90").lines[0].doubtful == ("price",)


@pytest.mark.parametrize("doubt", [Doubt.CUT, Doubt.PAGE_TEXT_DIFFERS, Doubt.CONTRADICTION])
def test_arithmetic_does_not_clear_a_doubt_about_the_picture_or_the_page(doubt: Doubt) -> None:
    assert three(amount=unproven("1,180.00", doubts=(doubt,))).lines[0].doubtful == ("amount",)


def test_a_row_with_an_empty_part_has_no_product() -> None:
    assert three(price="").lines[0].ok


def test_a_product_of_columns_without_numbers_is_a_fault_of_the_profile() -> None:
    wrong = profile(checks={"product": PRODUCT["product"] | {"price": "customer"}})
    with pytest.raises(ProfileError, match="customer"):
        checked(wrong, grid(usual()))


# --- counts -------------------------------------------------------------------------------------------------


def counted(text: str | Reading, *grids_rows: Sequence[GridRow], of: Profile = COUNTED) -> ObservedList:
    total = text if isinstance(text, Reading) else reading(text)
    return checked(of, *(grid(*rows, page=i, total_count=total) for i, rows in enumerate(grids_rows, 1)))


def orders(*numbers: int) -> list[GridRow]:
    return [usual(order_no=f"SO-{n:04}") for n in numbers]


def test_as_many_rows_as_the_list_declares_is_complete() -> None:
    for text in ("共3条", "共 3 条", "共３条　第1/2页"):
        observed = counted(text, orders(1, 2), orders(3))
        assert observed.complete
        assert observed.declared_total == 3


def test_another_count_of_rows_is_incomplete_but_stops_nothing() -> None:
    observed = counted("共4条", orders(1, 2), orders(3))
    assert not observed.complete
    assert set(codes(observed)) == {"row_count"}
    assert observed.declared_total == 4
    assert not any(f.stop for f in observed.findings)
    assert "4" in observed.findings[0].message
    assert "3 rows" in observed.findings[0].message
    assert all(line.ok for line in observed.lines)


def test_pages_that_declare_different_totals_are_no_whole_list() -> None:
    first = grid(*orders(1, 2), total_count=reading("共4条"))
    second = grid(*orders(3), page=2, total_count=reading("共3条"))
    assert not checked(COUNTED, first, second).complete


def test_an_unproven_total_that_equals_the_rows_is_proven_by_them() -> None:
    observed = counted(unproven("共3条"), orders(1, 2, 3))
    assert observed.complete
    assert observed.declared_total == 3
    assert counted(unproven("共8条", "共3条"), orders(1, 2, 3)).complete


def test_an_unproven_total_that_differs_or_cannot_be_read_makes_the_list_incomplete() -> None:
    for text in ("共8条", "共B条", ""):
        observed = counted(unproven(text), orders(1, 2, 3))
        assert not observed.complete
        assert codes(observed) == ["count_unproven"]
        assert observed.declared_total is None


def test_a_missing_total_makes_a_list_incomplete_that_should_have_one() -> None:
    assert codes(checked(COUNTED, grid(*orders(1)))) == ["count_unproven"]


def test_counts_by_page_are_compared_page_by_page() -> None:
    by_page = profile(order_list={"total": {"pattern": r"本页(\d+)条", "per": "page"}})
    first = grid(*orders(1, 2), total_count=reading("本页2条"))
    second = grid(*orders(3), page=2, total_count=reading("本页1条"))
    assert checked(by_page, first, second).declared_total == 3
    assert checked(by_page, first, second).complete
    wrong = checked(by_page, first, replace(second, total_count=reading("本页2条")))
    assert [(f.code, f.page) for f in wrong.findings] == [("row_count", 2)]
    assert not checked(by_page, first, replace(second, total_count=None)).complete


def test_a_list_without_rows_is_complete_only_if_a_proven_count_says_zero() -> None:
    assert counted("共0条", []).complete
    for observed in (counted(unproven("共0条"), []), checked(profile(), grid())):
        assert not observed.complete
        assert "empty_list" in codes(observed)


def test_an_incomplete_capture_is_an_incomplete_list_and_says_why() -> None:
    observed = checked(
        profile(),
        grid(usual()),
        complete=False,
        why=[Finding(code="capture", params={"wording": "capture_stopped", "page": 2})],
    )
    assert not observed.complete
    assert observed.findings[0].message == "stopped after page 2, there are more"
    assert not checked(profile(), grid(usual()), complete=False).complete


def test_a_row_set_aside_that_no_rule_knows_makes_an_uncounted_list_incomplete() -> None:
    odd = total_row("SO-0102", "x", "1", "1.00", "1.00", "", "")
    assert codes(checked(profile(), grid(usual(), odd))) == ["unknown_row"]
    assert checked(COUNTED, grid(usual(), odd, total_count=reading("共1条"))).complete
    assert checked(profile(), grid(replace(odd, kind=RowKind.HEADING), usual())).complete


# --- sums ---------------------------------------------------------------------------------------------------


def amounts(*texts: str | Reading) -> list[GridRow]:
    return [usual(order_no=f"SO-{i:04}", amount=t) for i, t in enumerate(texts)]


def test_a_sum_that_fits_the_rows_of_all_pages_passes() -> None:
    observed = checked(
        SUMMED, grid(*amounts("1.00", "2.50")), grid(usual(amount="1,000.00"), sums("1,003.50"), page=2)
    )
    assert observed.complete


def test_a_proven_sum_that_differs_makes_the_list_incomplete_but_stops_nothing() -> None:
    observed = checked(SUMMED, grid(*amounts("1.00", "2.50"), sums("4.50")))
    assert codes(observed) == ["list_sum"]
    assert not observed.complete
    assert not observed.findings[0].stop
    assert "4.50" in observed.findings[0].message
    assert "3.50" in observed.findings[0].message


def test_an_unproven_sum_that_differs_says_nothing() -> None:
    assert checked(SUMMED, grid(*amounts("1.00", "2.50"), sums(unproven("4.50")))).complete


def test_sums_by_page_take_the_rows_of_their_page_only() -> None:
    first = grid(*amounts("1.00", "2.00"), sums("3.00", "小计"))
    second = grid(usual(amount="5.00", order_no="SO-9"), sums("5.00", "小计"), page=2)
    assert checked(PAGE_SUMMED, first, second).complete
    off = grid(usual(amount="5.00", order_no="SO-9"), sums("8.00", "小计"), page=2)
    assert [(f.code, f.page) for f in checked(PAGE_SUMMED, first, off).findings] == [("list_sum", 2)]


def test_a_total_row_without_a_word_is_known_by_its_blanks() -> None:
    assert checked(BLANK_TOTAL, grid(*amounts("1.00", "2.00"), sums("3.00", ""))).complete
    assert codes(checked(BLANK_TOTAL, grid(*amounts("1.00", "2.00"), sums("3.10", "")))) == ["list_sum"]


def test_a_sum_of_unrounded_values_may_be_off_by_each_rows_rounding_and_no_more() -> None:
    assert checked(ROUNDED_TOTAL, grid(*amounts("1.00", "2.00"), sums("2.99", ""))).complete
    assert checked(ROUNDED_TOTAL, grid(*amounts("1.00", "2.00"), sums("3.01", ""))).complete
    assert codes(checked(ROUNDED_TOTAL, grid(*amounts("1.00", "2.00"), sums("3.02", "")))) == ["list_sum"]


def test_a_sum_of_unrounded_values_proves_no_summand() -> None:
    """Rows of 1.004 and 2.504 show 1.00 and 2.50 and add up to 3.51: here the right reading seems one cent low."""
    observed = checked(ROUNDED_TOTAL, grid(*amounts("1.00", unproven("2.50", "2.51")), sums("3.51", "")))
    assert observed.lines[1].doubtful == ("amount",)
    assert observed.lines[1].fields["amount"].value == Decimal("2.50")


def test_a_sum_proves_the_one_unproven_summand() -> None:
    observed = checked(SUMMED, grid(*amounts("1.00", unproven("2.50"), ""), sums("3.50")))
    assert all(line.ok for line in observed.lines)
    assert Witness.ARITHMETIC in observed.lines[1].fields["amount"].reading.witnesses


def test_a_sum_corrects_the_one_unproven_summand_to_an_alternative_and_to_nothing_else() -> None:
    observed = checked(SUMMED, grid(*amounts("1.00", unproven("2.60", "2.50")), sums("3.50")))
    assert observed.lines[1].fields["amount"].value == Decimal("2.50")
    assert observed.lines[1].ok
    observed = checked(SUMMED, grid(*amounts("1.00", unproven("2.60", "2.80")), sums("3.50")))
    assert observed.lines[1].doubtful == ("amount",)


def test_a_sum_with_two_unproven_summands_or_an_unproven_sum_proves_nothing() -> None:
    two = checked(SUMMED, grid(*amounts(unproven("1.00"), unproven("2.50")), sums("3.50")))
    assert [line.doubtful for line in two.lines] == [("amount",), ("amount",)]
    weak = checked(SUMMED, grid(*amounts("1.00", unproven("2.50")), sums(unproven("3.50"))))
    assert weak.lines[1].doubtful == ("amount",)


def test_the_sum_of_a_list_proves_nothing_while_pages_are_missing() -> None:
    observed = checked(SUMMED, grid(*amounts("1.00", unproven("2.50")), sums("3.50")), complete=False)
    assert observed.lines[1].doubtful == ("amount",)
    assert codes(observed) == ["capture"]


def test_a_summand_proven_by_the_sum_proves_its_row_in_turn() -> None:
    both = profile(checks=PRODUCT, order_list={"not_orders": [{"text": "合计", "sums": ["amount"], "of": "list"}]})
    first = usual(order_no="SO-0001", price=unproven("590.00"), amount=unproven("1,180.00"))
    observed = checked(both, grid(first, usual(), sums("2,360.00")))
    assert all(line.ok for line in observed.lines)


def test_a_sum_of_a_column_without_numbers_is_a_fault_of_the_profile() -> None:
    wrong = profile(order_list={"not_orders": [{"text": "合计", "sums": ["customer"], "of": "list"}]})
    with pytest.raises(ProfileError, match="customer"):
        checked(wrong, grid(usual(), sums("1.00")))


# --- duplicates ---------------------------------------------------------------------------------------------


def test_a_key_twice_on_a_page_holds_both_rows_and_leaves_the_list_complete() -> None:
    observed = checked(profile(), grid(usual(), usual(status="已关闭"), usual(order_no="SO-0101")))
    assert codes(observed) == ["duplicate_key"]
    assert [line.key_ok for line in observed.lines] == [False, False, True]
    assert all(line.fields["order_no"].doubts == (Doubt.DUPLICATE_KEY,) for line in observed.lines[:2])
    assert observed.complete


def test_a_key_on_two_pages_means_that_the_list_moved() -> None:
    first = grid(*orders(1, 2), total_count=reading("共4条"))
    second = grid(*orders(2, 3), page=2, total_count=reading("共4条"))
    observed = checked(COUNTED, first, second)
    assert codes(observed) == ["page_overlap"]
    assert not observed.complete
    assert [line.ok for line in observed.lines] == [True, False, False, True]


def test_rows_with_a_doubtful_key_are_no_duplicates() -> None:
    observed = checked(profile(), grid(usual(), usual(order_no=unproven("SO-0100"))))
    assert codes(observed) == []
    assert observed.lines[0].ok
