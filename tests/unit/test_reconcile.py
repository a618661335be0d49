"""Stored + observed → changes, questions, and what is missing.  One rule per test."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from builders import SOURCE, baseline, grid, lines, profile, reading, row, stored, unproven, usual
from hypothesis import given
from hypothesis import strategies as st

from bridge.breaks import BreakClass, Handling
from bridge.central import CentralRow, CentralSide, Owner
from bridge.parse.checks import check
from bridge.parse.orders import parse_grids
from bridge.reconcile import Breaker, reconcile, reconcile_line
from bridge.reconcile.near_keys import DoubtfulPart, NearKeys, edits, fold
from bridge.records import (
    KEY_SEP,
    BaselineRow,
    ChangeKind,
    ChangeSet,
    Doubt,
    Finding,
    ObservedList,
    OrderLine,
    Reading,
    ReviewKind,
    Scalar,
)

BY_LINE = profile(
    columns=[
        {"heading": "订单编号", "field": "order_no", "type": "code"},
        {"heading": "行号", "field": "line_no", "type": "integer"},
        {"heading": "状态", "field": "status", "type": "status"},
    ],
    key=["order_no", "line_no"],
    unit="line",
)
NO_BREAKER = Breaker(max_gone_percent=100, max_changed_percent=100)


def seen_now(
    found: Sequence[OrderLine], *, complete: bool = True, findings: Sequence[Finding] = ()
) -> ObservedList:
    return ObservedList(source=SOURCE, lines=tuple(found), complete=complete, findings=tuple(findings))


def run(
    before: dict[str, BaselineRow], found: Sequence[OrderLine], *, complete: bool = True, **options: Any
) -> ChangeSet:
    return reconcile(
        before,
        seen_now(found, complete=complete),
        **{"key_fields": ["order_no"], "breaker": NO_BREAKER} | options,  # type: ignore[arg-type]
    )


def by_line(*rows: tuple[str | Reading, str | Reading, str | Reading]) -> tuple[OrderLine, ...]:
    columns = ("order_no", "line_no", "status")
    return parse_grids(SOURCE, BY_LINE, [grid(*(row(*cells) for cells in rows), columns=columns)])


def one(**texts: str | Reading) -> OrderLine:
    return lines(usual(**texts))[0]


def order(number: str | Reading, **texts: str | Reading) -> OrderLine:
    return one(order_no=number, **texts)


# --- what changed -------------------------------------------------------------------------------------------


def test_a_proven_row_with_a_new_key_is_added_with_all_its_readings() -> None:
    line = one()
    (change,) = run({}, [line]).changes
    assert (change.kind, change.key, change.order_no) == (ChangeKind.ADDED, "SO-0100", "SO-0100")
    assert change.after == line.values()
    assert change.before == {}
    assert set(change.readings) == set(line.fields)


def test_a_changed_value_is_a_change_with_the_readings_of_the_changed_fields() -> None:
    line = one(status="已发货")
    (change,) = run(baseline(stored(one())), [line]).changes
    assert change.kind is ChangeKind.CHANGED
    assert change.changed_fields == ("status",)
    assert (change.before["status"], change.after["status"]) == ("已审核", "已发货")
    assert list(change.readings) == ["status"]
    assert change.readings["status"].text == "已发货"


def test_an_equal_row_is_no_change_wherever_in_the_list_it_stands() -> None:
    moved = replace(one(), page=7, row=19)
    result = run(baseline(stored(one())), [moved])
    assert (result.changes, result.reviews, result.unchanged, result.seen) == ((), (), 1, ("SO-0100",))


@pytest.mark.parametrize(
    ("before", "equal"),
    [(Decimal("1180.0"), True), (Decimal("1180.000"), True), (Decimal("1180.01"), False), ("1180.00", False),
     (1180, True), (None, False)],
)  # fmt: skip
def test_values_are_compared_by_their_type_and_value(before: Scalar, equal: bool) -> None:
    assert (reconcile_line(stored(one(), amount=before), one()) is None) is equal


def test_an_empty_text_and_no_value_are_the_same_emptiness() -> None:
    assert reconcile_line(stored(one(), customer=""), one(customer="")) is None
    assert reconcile_line(stored(one(), customer=""), one()) is not None


def test_a_field_that_is_read_for_the_first_time_is_a_change_and_one_no_longer_read_is_none() -> None:
    new = stored(one())
    new = replace(new, fields={n: v for n, v in new.fields.items() if n != "status"})
    change = reconcile_line(new, one())
    assert change is not None
    assert change.changed_fields == ("status",)
    assert reconcile_line(stored(one(), dropped="x"), one()) is None


def test_a_doubtful_line_can_never_become_a_change() -> None:
    with pytest.raises(ValueError, match="amount"):
        reconcile_line(None, one(amount=unproven("1,180.00")))


# --- what the store holds ------------------------------------------------------------------------------------

EDITED = datetime(2026, 3, 2, 8, tzinfo=UTC)


def central(
    line: OrderLine, *, owner: Owner | None = None, seen_at: datetime | None = None, **edits: Any
) -> CentralSide:
    """The store's row as the bridge wrote it, with someone's edits; status has this owner."""
    fields = {n: v for n, v in {**line.values(), **edits}.items() if v is not None}
    row = CentralRow(fields=fields, updated_by="crm", updated_at=EDITED)
    return CentralSide(rows={line.key: row}, owners={"status": owner} if owner else {}, seen_at=seen_at)


def test_a_change_in_the_erp_alone_flows_and_one_in_the_store_alone_stays_and_is_noted() -> None:
    before = baseline(stored(one()))
    result = run(before, [one(status="已发货")], central=central(one(), customer="另一家"))
    (change,) = result.changes
    assert (change.changed_fields, change.store_keeps, result.reviews) == (("status",), (), ())
    (note,) = result.notes
    assert (note.what.cls, note.what.field) == (BreakClass.STORE_DRIFTED, "customer")
    assert (note.what.params["store"], note.what.params["by"]) == ("另一家", "crm")


def test_numbers_and_dates_that_stand_as_text_in_the_store_are_the_same() -> None:
    result = run(baseline(stored(one())), [one()], central=central(one(), amount="1180.0"))
    assert (result.notes, result.unchanged) == ((), 1)


def test_where_both_changed_to_the_same_there_is_no_conflict() -> None:
    result = run(baseline(stored(one())), [one(status="已发货")], central=central(one(), status="已发货"))
    assert (len(result.changes), result.reviews) == (1, ())


def test_a_field_that_both_changed_is_asked_and_its_order_waits() -> None:
    found = [one(status="已发货"), order("SO-0777")]
    result = run(baseline(stored(one())), found, central=central(one(), status="已取消"))
    assert [c.key for c in result.changes] == ["SO-0777"]
    (item,) = result.reviews
    assert (item.kind, item.fields, dict(item.central)) == (
        ReviewKind.DOUBTFUL_ROW,
        ("status",),
        {"status": "已取消"},
    )
    (what,) = item.breaks
    assert (what.cls, what.handling) == (BreakClass.CONFLICT, Handling.ASK)
    assert [what.params[n] for n in ("old", "new", "store", "by")] == ["已审核", "已发货", "已取消", "crm"]
    again = run(baseline(stored(one())), found, central=central(one(), status="生产中"))
    assert again.reviews[0].fingerprint != item.fingerprint, "another value in the store is another question"


@pytest.mark.parametrize(
    ("owner", "seen_at", "asked", "keeps"),
    [
        (Owner.ERP, None, 0, ()),
        (Owner.STORE, None, 0, ("status",)),
        (Owner.ASK, EDITED + timedelta(hours=1), 1, ()),
        (Owner.NEWEST, EDITED + timedelta(hours=1), 0, ()),
        (Owner.NEWEST, EDITED - timedelta(hours=1), 1, ()),
        (Owner.NEWEST, None, 1, ()),
    ],
)
def test_the_owner_decides_a_conflict(
    owner: Owner, seen_at: datetime | None, asked: int, keeps: tuple[str, ...]
) -> None:
    store = central(one(), owner=owner, seen_at=seen_at, status="已取消")
    result = run(baseline(stored(one())), [one(status="已发货")], central=store)
    assert len(result.reviews) == asked
    assert [c.store_keeps for c in result.changes] == ([] if asked else [keeps])


def test_an_order_that_someone_entered_otherwise_before_the_erp_showed_it_is_asked() -> None:
    result = run({}, [one()], central=central(one(), customer="另一家"))
    assert (result.changes, result.reviews[0].fields) == ((), ("customer",))
    assert run({}, [one()], central=central(one())).reviews == ()


# --- doubtful rows ------------------------------------------------------------------------------------------


def test_a_doubtful_row_changes_nothing_is_asked_about_and_counts_as_seen() -> None:
    line = one(status="已发货", amount=unproven("1,190.00"))
    result = run(baseline(stored(one(), missing=1)), [line])
    assert result.changes == result.missing == ()
    assert result.seen == ("SO-0100",)
    (item,) = result.reviews
    assert (item.kind, item.key, item.fields) == (ReviewKind.DOUBTFUL_ROW, "SO-0100", ("amount",))
    assert item.before["status"] == "已审核"
    assert item.line == line
    assert "1,190.00" in item.reason


def test_a_doubtful_row_whose_proven_fields_equal_the_stored_ones_is_asked_about_too() -> None:
    result = run(baseline(stored(one())), [one(amount=unproven("1,180.00"))])
    assert [item.kind for item in result.reviews] == [ReviewKind.DOUBTFUL_ROW]
    assert result.unchanged == 0


def test_a_new_row_with_a_known_key_and_a_doubtful_field_is_not_added() -> None:
    result = run({}, [one(amount=unproven("1,180.00"))])
    assert result.changes == ()
    assert result.reviews[0].before == {}


def test_a_doubtful_row_holds_only_its_own_order() -> None:
    result = run({}, [one(amount=unproven("1,180.00")), order("SO-0777")])
    assert [change.key for change in result.changes] == ["SO-0777"]


def test_the_lines_of_an_order_go_together_or_wait_together() -> None:
    found = by_line(("SO-1", "1", "x"), ("SO-1", "2", unproven("x")), ("SO-2", "1", "x"))
    result = run({}, found, key_fields=BY_LINE.key)
    assert [change.order_no for change in result.changes] == ["SO-2"]
    assert [item.key for item in result.reviews] == [f"SO-1{KEY_SEP}2"]


def test_a_missing_line_of_an_order_with_a_doubtful_line_waits_with_it() -> None:
    before = baseline(*(stored(line, missing=1) for line in by_line(("SO-1", "1", "x"), ("SO-1", "22222", "x"))))
    held = run(before, by_line(("SO-1", "1", unproven("x"))), key_fields=BY_LINE.key)
    assert held.changes == held.missing == ()
    gone = run(before, by_line(("SO-1", "1", "x")), key_fields=BY_LINE.key)
    assert [change.kind for change in gone.changes] == [ChangeKind.GONE]


def test_a_line_with_a_doubtful_order_number_holds_the_orders_it_could_belong_to() -> None:
    found = by_line(
        ("SO-9999", "1", "x"), ("SO-01OO", "1", "x"), ("HT2024", "1", "x"), (unproven("SO-0100"), "2", "x"),
        ("HT2025", "1", "x"),
    )  # fmt: skip
    result = run({}, found, key_fields=BY_LINE.key)
    # Not the look-alike, and not the neighbours: they may be one order with it.
    assert [change.order_no for change in result.changes] == ["SO-9999"]


def test_a_line_with_a_doubtful_line_number_holds_its_order_only() -> None:
    found = by_line(("SO-1", "1", "x"), ("SO-1", unproven("2"), "x"), ("SO-2", "1", "x"))
    result = run({}, found, key_fields=BY_LINE.key)
    assert [change.order_no for change in result.changes] == ["SO-2"]


# --- doubtful keys ------------------------------------------------------------------------------------------


def test_a_row_whose_key_is_doubtful_is_never_new() -> None:
    result = run({}, [order(unproven("SO-0100"))])
    assert result.changes == ()
    assert [item.kind for item in result.reviews] == [ReviewKind.DOUBTFUL_KEY]


@pytest.mark.parametrize(
    ("key", "read"),
    [("SO-0100", "S0-O1QD"), ("AI1-77", "A1l-77"), ("S55-B8", "5SS-8B"), ("Z2-G6", "2Z-6G"), ("SO-0100", "SO-010"),
     ("SO-0138", "SO-0188"), ("SO-0100", "SO-01000"), ("XS202402-319-R1", "XS2O24O2-3I9-Rl")],
)  # fmt: skip
def test_a_stored_order_that_a_doubtful_key_could_be_is_neither_seen_nor_missing(key: str, read: str) -> None:
    before = baseline(stored(order(key), missing=1), stored(order("HT-9999"), missing=0))
    result = run(before, [order(unproven(read), customer="另一家")])
    assert result.seen == result.changes == ()
    assert result.missing == ("HT-9999",)
    assert result.reviews[0].could_be == (key,)


def test_a_stored_order_that_the_readings_alternatives_name_is_not_missing() -> None:
    before = baseline(stored(order("XX-7777")))
    result = run(before, [order(unproven("SO-0100", "XX-7777"), customer="另一家")])
    assert result.missing == ()
    assert result.reviews[0].could_be == ("XX-7777",)


def test_a_stored_order_whose_other_proven_fields_are_equal_is_not_missing() -> None:
    before = baseline(stored(order("XX-7777")), stored(order("YY-8888", customer="别家")))
    result = run(before, [order(unproven("SO-0100"))])
    assert result.missing == ("YY-8888",)
    assert result.reviews[0].could_be == ("XX-7777",)


@pytest.mark.parametrize(
    "key",
    [unproven(""), unproven("SO-0100", confidence=0.1), unproven("SO-01", doubts=(Doubt.CUT,)),
     unproven("#", doubts=(Doubt.NO_TEXT,))],
)  # fmt: skip
def test_while_a_key_is_illegible_no_stored_order_at_all_is_missing(key: Reading) -> None:
    before = baseline(stored(order("XX-7777"), missing=1), stored(order("YY-8888"), missing=1))
    result = run(before, [order(key, customer="另一家")])
    assert result.missing == result.changes == ()
    assert result.reviews[0].could_be == ("XX-7777", "YY-8888")


def test_a_proven_part_of_the_key_rules_out_the_orders_that_differ_in_it() -> None:
    before = baseline(*(stored(line) for line in by_line(("SO-1", "1", "x"), ("SO-2", "1", "x"))))
    result = run(before, by_line(("SO-1", unproven("", doubts=(Doubt.NO_TEXT,)), "y")), key_fields=BY_LINE.key)
    assert result.missing == (f"SO-2{KEY_SEP}1",)
    assert result.reviews[0].could_be == (f"SO-1{KEY_SEP}1",)


def test_a_cell_proven_to_be_empty_is_no_stored_order() -> None:
    result = run(baseline(stored(order("XX-7777"))), [order("", customer="另一家")])
    assert result.missing == ("XX-7777",)
    assert [item.kind for item in result.reviews] == [ReviewKind.DOUBTFUL_KEY]


def test_an_order_that_was_seen_is_not_what_a_doubtful_key_could_be() -> None:
    before = baseline(stored(order("SO-0100")), stored(order("SO-0101")))
    result = run(before, [order("SO-0100"), order(unproven("SO-0107"))])
    assert result.reviews[0].could_be == ("SO-0101",)


def test_likelier_orders_come_first_and_there_are_never_too_many() -> None:
    before = baseline(*(stored(order(f"SO-01{n:02}", customer=f"客户{n}")) for n in range(60)))
    result = run(before, [order(unproven("SO-01O7"))])
    assert result.reviews[0].could_be[0] == "SO-0107"
    assert len(result.reviews[0].could_be) == 20
    assert result.missing == ()


def test_a_duplicated_key_is_one_question_and_its_order_is_seen_and_unchanged() -> None:
    grids = [grid(usual(), usual(status="已发货"))]
    observed = check(
        source=SOURCE, profile=profile(), capture_complete=True, grids=grids,
        lines=parse_grids(SOURCE, profile(), grids),
    )  # fmt: skip
    before = baseline(stored(one()), stored(order("S0-0100", customer="别家")), stored(order("HT-9999")))
    result = reconcile(before, observed, key_fields=["order_no"], breaker=NO_BREAKER)
    assert [(item.kind, item.key) for item in result.reviews] == [(ReviewKind.DUPLICATE_KEY, "SO-0100")]
    assert result.seen == ("SO-0100",)
    assert result.changes == ()
    # One of the two may be a misread look-alike, which therefore is not missing.
    assert result.missing == ("HT-9999",)


# --- missing and gone ---------------------------------------------------------------------------------------


def test_an_unseen_order_is_missing_once_and_gone_at_the_second_complete_capture() -> None:
    first = run(baseline(stored(one())), [])
    assert (first.missing, first.changes) == (("SO-0100",), ())
    second = run(baseline(stored(one(), missing=1)), [])
    assert [(c.kind, c.key, c.before["status"]) for c in second.changes] == [
        (ChangeKind.GONE, "SO-0100", "已审核")
    ]
    assert second.missing == ()


@pytest.mark.parametrize("scope", ["open", "window"])
def test_from_a_filtered_list_an_unseen_order_has_left_and_is_not_gone(scope: str) -> None:
    (change,) = run(baseline(stored(one(), missing=1)), [], scope=scope).changes
    assert change.kind is ChangeKind.LEFT


def test_an_order_seen_again_before_it_is_gone_starts_anew() -> None:
    result = run(baseline(stored(one(), missing=1)), [one()])
    assert result.seen == ("SO-0100",)
    assert result.changes == ()


def test_an_incomplete_list_says_nothing_about_what_is_missing_but_its_proven_rows_count() -> None:
    before = baseline(stored(one(), missing=1), stored(order("SO-0101")))
    result = run(before, [order("SO-0101", status="已发货"), order("SO-0102")], complete=False)
    assert result.missing == ()
    assert [c.kind for c in result.changes] == [ChangeKind.CHANGED, ChangeKind.ADDED]


def test_nothing_goes_out_from_a_list_with_a_finding_that_stops() -> None:
    stop = Finding(code="layout", params={"text": "the heading 金额 moved"}, stop=True)
    observed = seen_now([order("SO-0102")], findings=[stop])
    result = reconcile(baseline(stored(one(), missing=1)), observed, key_fields=["order_no"])
    assert result.changes == result.seen == result.missing == ()
    assert [(item.kind, item.reason) for item in result.reviews] == [(ReviewKind.LAYOUT, stop.message)]


def test_an_order_reported_absent_is_not_reported_again_and_comes_back_when_seen() -> None:
    before = baseline(stored(one(), missing=2, absent=True))
    silent = run(before, [])
    assert silent.changes == silent.missing == ()
    (change,) = run(before, [one()]).changes
    assert change.kind is ChangeKind.BACK
    assert set(change.readings) == set(one().fields)


# --- the breaker --------------------------------------------------------------------------------------------


def many(n: int, **texts: str) -> list[OrderLine]:
    return [order(f"A{n:06}", **texts) for n in range(0, n * 1000, 1000)]


def test_too_many_orders_missing_at_once_hold_the_change_set() -> None:
    before = baseline(*(stored(line) for line in many(30)))
    breaker = Breaker(max_gone_percent=10, min_rows=20)
    result = run(before, many(30)[:26], breaker=breaker)
    assert result.held is not None
    assert "4 of 30" in result.held
    assert [item.kind for item in result.reviews] == [ReviewKind.BREAKER]
    assert run(before, many(30)[:27], breaker=breaker).held is None


def test_orders_about_to_be_gone_count_together_with_those_newly_missing() -> None:
    before = baseline(*(stored(line, missing=int(i < 2)) for i, line in enumerate(many(30))))
    assert run(before, many(30)[4:], breaker=Breaker(max_gone_percent=10)).held is not None


def test_too_many_orders_changed_at_once_hold_the_change_set() -> None:
    before = baseline(*(stored(line) for line in many(30)))
    now = many(16, status="已发货") + many(30)[16:]
    assert run(before, now, breaker=Breaker(max_changed_percent=50)).held is not None
    assert run(before, now, breaker=Breaker(max_changed_percent=54)).held is None


def test_the_breaker_does_not_trip_on_few_rows_or_on_a_first_sync() -> None:
    before = baseline(*(stored(line) for line in many(10)))
    assert run(before, [], breaker=Breaker(min_rows=20)).held is None
    assert run(before, [], breaker=Breaker(min_rows=10)).held is not None
    first = run({}, many(100), breaker=Breaker(min_rows=0))
    assert first.held is None
    assert len(first.changes) == 100


def test_orders_already_absent_do_not_count_for_the_breaker() -> None:
    absent = [replace(stored(line), absent=True) for line in many(100)[50:]]
    before = baseline(*(stored(line) for line in many(100)[:50]), *absent)
    assert run(before, many(100)[:44], breaker=Breaker(max_gone_percent=10)).held is not None


def test_a_person_can_let_a_held_change_set_through() -> None:
    before = baseline(*(stored(line, missing=1) for line in many(30)))
    result = run(before, [], breaker=Breaker(), released=True)
    assert result.held is None
    assert result.reviews == ()
    assert len(result.changes) == 30


def test_letting_one_change_set_through_is_no_leave_for_another() -> None:
    before = baseline(*(stored(line) for line in many(30)))
    first, again, other = (run(before, now, breaker=Breaker()) for now in (many(10), many(10), many(11)))
    assert first.reviews[-1].fingerprint == again.reviews[-1].fingerprint
    assert first.reviews[-1].fingerprint != other.reviews[-1].fingerprint


# --- the same question --------------------------------------------------------------------------------------


def test_the_same_question_has_the_same_fingerprint_wherever_its_row_stands() -> None:
    doubtful = one(amount=unproven("1,190.00"))
    fields = {
        n: replace(v, reading=replace(v.reading, page=3, row=9, shot="other", box=v.reading.box.moved(5, 500)))
        for n, v in doubtful.fields.items()
    }
    moved = replace(doubtful, page=3, row=9, fields=fields)
    before = baseline(stored(one()))
    assert run(before, [doubtful]).reviews[0].fingerprint == run(before, [moved]).reviews[0].fingerprint


@pytest.mark.parametrize(
    "other",
    [
        {"amount": unproven("1,130.00")}, {"amount": unproven("1,190.00", picture="other")},
        {"amount": unproven("1,190.00"), "order_no": "SO-0101"},
        {"amount": unproven("1,190.00"), "status": unproven("已审核")},
    ],
)  # fmt: skip
def test_another_text_picture_key_or_field_is_another_question(other: dict[str, Reading]) -> None:
    first = run({}, [one(amount=unproven("1,190.00"))]).reviews[0]
    assert run({}, [one(**other)]).reviews[0].fingerprint != first.fingerprint


def test_a_change_in_a_proven_field_does_not_ask_the_same_question_again() -> None:
    doubtful = unproven("1,190.00")
    first, second = (run({}, [one(amount=doubtful, status=s)]).reviews[0] for s in ("已审核", "已发货"))
    assert first.fingerprint == second.fingerprint


def test_rows_that_look_the_same_are_two_questions() -> None:
    twins = [order(unproven("SO-0100")), replace(order(unproven("SO-0100")), row=1)]
    assert len({item.fingerprint for item in run({}, twins).reviews}) == 2


# --- near keys ----------------------------------------------------------------------------------------------

texts = st.text(alphabet="SO0Q1Il5B8-37", min_size=1, max_size=9)


def levenshtein(a: str, b: str) -> int:
    """The textbook recurrence, as an independent measure."""
    if not a or not b:
        return len(a) + len(b)
    return min(
        levenshtein_cached(a[:-1], b) + 1,
        levenshtein_cached(a, b[:-1]) + 1,
        levenshtein_cached(a[:-1], b[:-1]) + (a[-1] != b[-1]),
    )


_cache: dict[tuple[str, str], int] = {}


def levenshtein_cached(a: str, b: str) -> int:
    if (a, b) not in _cache:
        _cache[a, b] = levenshtein(a, b)
    return _cache[a, b]


@given(a=texts, b=texts)
def test_bounded_distance_is_the_real_one_up_to_its_limit(a: str, b: str) -> None:
    assert edits(a, b) == min(levenshtein(a, b), 3)


@given(key=texts, read=st.lists(texts, min_size=1, max_size=4))
def test_the_index_finds_exactly_the_rows_that_comparing_all_would_find(key: str, read: list[str]) -> None:
    near = NearKeys(rows=[(DoubtfulPart(texts=(text,)),) for text in read])
    expected = {
        i
        for i, text in enumerate(read)
        if abs(len(text) - len(key)) <= 1 and levenshtein(fold(text), fold(key)) <= 2
    }
    assert near.rows_for((key,)) == expected


@given(key=st.text(alphabet="ABCDEFGH0123456789-", min_size=30, max_size=40), data=st.data())
def test_long_keys_are_found_with_two_misread_characters_anywhere(key: str, data: st.DataObject) -> None:
    read = list(key)
    for _ in range(2):
        read[data.draw(st.integers(0, len(read) - 1))] = "#"
    near = NearKeys(rows=[(DoubtfulPart(texts=("".join(read),)),)])
    assert near.rows_for((key,)) == {0}


# --- speed --------------------------------------------------------------------------------------------------


def test_twenty_thousand_rows_with_changes_doubts_and_losses_take_seconds() -> None:
    rng = random.Random(7)
    template = one()
    numbers = rng.sample(range(10**8), 20_000)

    def line(n: int, **changes: Any) -> OrderLine:
        number = reading(f"XS{n:08}", **changes)
        fields = template.fields | {
            "order_no": replace(template.fields["order_no"], value=number.text, reading=number),
            "customer": replace(template.fields["customer"], value=f"客户{n}"),
        }
        key_ok = number.proven
        return replace(template, key=number.text, order_no=number.text, key_ok=key_ok, fields=fields)

    before = baseline(*(stored(line(n)) for n in numbers))
    now = [line(n) for n in numbers[:19_000]]
    now += [line(n, proven=False, confidence=0.8) for n in numbers[19_000:19_500]]
    observed = seen_now(now)
    started = time.perf_counter()
    result = reconcile(before, observed, key_fields=["order_no"], breaker=NO_BREAKER)
    assert time.perf_counter() - started < 15  # about one second alone; the machine is shared
    assert result.unchanged == 19_000
    assert len(result.reviews) == 500
    doubtful = {f"XS{n:08}" for n in numbers[19_000:19_500]}
    assert not set(result.missing) & doubtful
    assert len(result.missing) > 400
