"""Tolerances, look-alike changes, platform orders of two sources, late orders.  One rule per test."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from builders import SOURCE, baseline, lines, profile, stored, unproven, usual

from bridge import comparing
from bridge.breaks import Break, BreakClass
from bridge.central import CentralRow, CentralSide
from bridge.errors import ConfigError
from bridge.reconcile import (
    Breaker,
    Elsewhere,
    PlatformNumber,
    Rules,
    Tolerance,
    reconcile,
    same_picture,
    without,
)
from bridge.records import BaselineRow, ChangeKind, ChangeSet, ObservedList, OrderLine, Scalar
from bridge.settings import load_settings

TB = PlatformNumber(field="order_no", pattern=re.compile(r"(TB|JD)-?(\d+)"))
SHOP = {"TB1": Elsewhere(source="shop", order_no="淘宝1")}
OPEN = profile(mappings={"status": {"已审核": "approved", "已发货": "shipped"}})


def one(**texts: Any) -> OrderLine:
    return lines(usual(**texts), of=OPEN)[0]


def run(
    before: dict[str, BaselineRow], *found: OrderLine, central: CentralSide | None = None, **rules: Any
) -> ChangeSet:
    observed = ObservedList(source=SOURCE, lines=found, complete=True)
    return reconcile(
        before,
        observed,
        key_fields=["order_no"],
        breaker=Breaker(max_gone_percent=100, max_changed_percent=100),
        central=central or CentralSide(),
        rules=Rules(**rules),
    )


def classes(changes: ChangeSet) -> list[tuple[BreakClass, str]]:
    return [(n.what.cls, n.what.field) for n in changes.notes]


def asked(changes: ChangeSet) -> list[Break]:
    return [b for r in changes.reviews for b in r.breaks]


# --- tolerances ---------------------------------------------------------------------------------------------

CENTS, DAYS, TEXT = Tolerance(amount=Decimal("0.05")), Tolerance(days=2), Tolerance(text=True)


@pytest.mark.parametrize(
    ("tolerance", "old", "new", "covered"),
    [
        (CENTS, Decimal("10"), Decimal("10.05"), True),
        (CENTS, Decimal("10"), Decimal("9.94"), False),
        (CENTS, Decimal("10"), None, False),
        (CENTS, None, Decimal("0"), False),
        (CENTS, "10", "10", False),
        (CENTS, True, Decimal("1"), False),
        (DAYS, date(2026, 3, 5), date(2026, 3, 3), True),
        (DAYS, date(2026, 3, 5), date(2026, 3, 8), False),
        (DAYS, date(2026, 3, 5), None, False),
        (TEXT, "ＡＢＣ（上海） x", "abc(上海)  X ", True),
        (TEXT, "10²", "102", False),
        (TEXT, "", " ", False),
        (TEXT, "ab", "a b", False),
    ],
)
def test_what_a_tolerance_covers(tolerance: Tolerance, old: Scalar, new: Scalar, covered: bool) -> None:
    assert tolerance.covers(old, new) is covered
    assert tolerance.covers(new, old) is covered


def test_small_differences_are_noted_and_do_not_move_the_baseline() -> None:
    rules = {"tolerances": {"amount": CENTS}}
    before = baseline(stored(one(), amount=Decimal("1179.96")))
    result = run(before, one(), **rules)
    assert (result.changes, result.unchanged, classes(result)) == (
        (),
        1,
        [(BreakClass.WITHIN_TOLERANCE, "amount")],
    )
    # What is passed on stays what it was: the next small step is measured from there.
    far = baseline(stored(one(), amount=Decimal("1179.94")))
    assert run(far, one(), **rules).changes[0].changed_fields == ("amount",)


def test_where_anything_else_changed_the_whole_row_goes_out_as_it_is_shown() -> None:
    before = baseline(stored(one(), amount=Decimal("1179.96"), status="new"))
    (change,) = run(before, one(), tolerances={"amount": CENTS}).changes
    assert (change.changed_fields, change.after["amount"]) == (("amount", "status"), Decimal("1180.00"))


def test_a_doubtful_row_and_one_that_comes_back_have_no_tolerance() -> None:
    tolerances = {"amount": CENTS}
    before = stored(one(), amount=Decimal("1179.96"))
    assert run(baseline(before), one(customer=unproven("x")), tolerances=tolerances).notes == ()
    (back,) = run(baseline(replace(before, absent=True)), one(), tolerances=tolerances).changes
    assert back.kind is ChangeKind.BACK


def test_a_small_difference_is_no_conflict_with_what_the_store_changed() -> None:
    row = CentralRow(
        fields={**one().values(), "amount": Decimal("900")},
        updated_by="crm",
        updated_at=datetime(2026, 3, 2, tzinfo=UTC),
    )
    before = baseline(stored(one(), amount=Decimal("1179.96")))
    result = run(before, one(), central=CentralSide(rows={one().key: row}), tolerances={"amount": CENTS})
    assert (result.changes, result.reviews) == ((), ())
    assert classes(result) == [(BreakClass.WITHIN_TOLERANCE, "amount"), (BreakClass.STORE_DRIFTED, "amount")]


# --- probably my reading -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("old", "new", "misread"), [("上海O1", "上海01", True), ("上海81", "上海01", False)])
def test_a_proven_change_of_look_alikes_only_is_asked(old: str, new: str, misread: bool) -> None:
    result = run(baseline(stored(one(customer=old))), one(customer=new))
    assert [(b.cls, b.field) for b in asked(result)] == ([(BreakClass.MISREAD, "customer")] if misread else [])
    assert len(result.changes) == (0 if misread else 1)


def test_a_number_that_is_written_otherwise_looks_like_nothing() -> None:
    assert run(baseline(stored(one(), quantity=Decimal("3"))), one(quantity="2")).reviews == ()


@pytest.mark.parametrize(
    ("last", "cls"),
    [
        (("老客户", "p1"), BreakClass.MISREAD),
        (("老客户", "p2"), BreakClass.DIFFERENT),
        (("前客户", "p1"), BreakClass.DIFFERENT),  # the picture of another value than the one that stands
        (None, BreakClass.DIFFERENT),
    ],
)
def test_the_very_picture_of_the_value_before_is_probably_my_reading(
    last: tuple[Scalar, str] | None, cls: BreakClass
) -> None:
    before = baseline(stored(one(), customer="老客户"))
    result = run(before, one(customer=unproven("新客商", picture="p1")))
    assert [b.cls for b in asked(result)] == [BreakClass.DIFFERENT]
    assert [b.cls for b in asked(same_picture(result, lambda key, field: last))] == [cls]


# --- two sources ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number"),
    [("TB-123", "TB123"), (" JD9 ", "JD9"), ("tb123", None), ("TB123 (1)", None), ("123", None)],
)
def test_a_platforms_number(text: str, number: str | None) -> None:
    assert TB.of(text) == number


def test_a_platforms_number_without_or_with_another_prefix() -> None:
    bare = PlatformNumber(field="order_no", pattern=re.compile(r"(\d{4})"), prefix="TB")
    named = PlatformNumber(field="order_no", pattern=re.compile(r"(淘宝|京东)(\d+)"), names={"淘宝": "TB"})
    assert (bare.of("1234"), named.of("淘宝1234"), named.of("京东1")) == ("TB1234", "TB1234", "京东1")


def test_a_new_order_that_another_source_has_waits_and_one_that_was_told_is_noted() -> None:
    found = one(order_no="TB-1")
    result = run({}, found, platform=TB, elsewhere=SHOP)
    assert (result.changes, [b.cls for b in asked(result)]) == ((), [BreakClass.DUPLICATE_ELSEWHERE])
    told = run(baseline(stored(found)), found, platform=TB, elsewhere=SHOP)
    assert (told.reviews, classes(told)) == ((), [(BreakClass.DUPLICATE_ELSEWHERE, "order_no")])
    again = run(baseline(stored(found, absent=True)), found, platform=TB, elsewhere=SHOP)
    assert (again.changes, len(again.reviews)) == ((), 1)
    assert len(run({}, one(order_no="TB-2"), platform=TB, elsewhere=SHOP).changes) == 1


# --- late ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "today", "late"),
    [
        ({}, date(2026, 3, 6), True),
        ({}, date(2026, 3, 5), False),  # the day itself is not over
        ({}, None, False),
        ({"status": "已发货"}, date(2026, 4, 1), False),
        ({"status": "别的词"}, date(2026, 4, 1), False),  # asked as an unknown word; it may say shipped
        ({"due_date": ""}, date(2026, 4, 1), False),
        ({"due_date": unproven("2026-03-05")}, date(2026, 4, 1), False),
    ],
)
def test_an_order_is_late_after_its_day_as_far_as_that_is_certain(
    texts: Mapping[str, Any], today: date | None, late: bool
) -> None:
    result = run({}, one(**texts), today=today)
    assert [n.what.params["days"] for n in result.notes if n.what.cls is BreakClass.OVERDUE] == (
        ["1"] if late else []
    )


# --- rows that are no orders ---------------------------------------------------------------------------------


def test_a_row_that_a_person_called_no_order_holds_nothing_back() -> None:
    before = baseline(stored(one()))
    observed = ObservedList(source=SOURCE, lines=(one(order_no=unproven("S0-O1OO")),), complete=True)

    def again(seen: ObservedList) -> ChangeSet:
        return reconcile(before, seen, key_fields=["order_no"])

    changes = again(observed)
    assert changes.missing == ()
    assert without(observed, changes, {"another question"}, before) is observed
    rest = without(observed, changes, {changes.reviews[0].fingerprint}, before)
    assert (rest.lines, again(rest).missing) == ((), (one().key,))


def test_a_known_order_is_not_made_to_vanish_by_calling_its_row_none() -> None:
    before = baseline(stored(one()))
    observed = ObservedList(source=SOURCE, lines=(one(customer=unproven("x")),), complete=True)
    changes = reconcile(before, observed, key_fields=["order_no"])
    said = {r.fingerprint for r in changes.reviews}
    assert without(observed, changes, said, before) is observed
    assert without(observed, changes, said, ()).lines == ()


def test_of_two_rows_with_one_key_no_order_does_not_say_which() -> None:
    twins = lines(usual(), usual(customer="另一家"), of=OPEN)
    doubted = tuple(
        replace(
            t,
            key_ok=False,
            fields={**t.fields, "order_no": replace(t.fields["order_no"], doubts=("duplicate_key",))},
        )
        for t in twins
    )
    observed = ObservedList(source=SOURCE, lines=doubted, complete=True)
    changes = reconcile({}, observed, key_fields=["order_no"])
    assert without(observed, changes, {r.fingerprint for r in changes.reviews}, ()) is observed


# --- bridge.toml ---------------------------------------------------------------------------------------------

TOML = """
[sources.demo]
url = "http://127.0.0.1:9/"
profile = "template"
{lines}
"""


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("tolerance = { amonut = 1 }", "no field 'amonut'"),
        ('tolerance = { amount = "2 days" }', "holds money"),
        ("tolerance = { due_date = 2 }", "holds date"),
        ('tolerance = { order_no = "text" }', "part of the key"),
        ('tolerance = { status = "text" }', "holds status"),
    ],
)
def test_a_tolerance_that_does_not_fit_its_field_is_refused(tmp_path: Path, given: str, words: str) -> None:
    (tmp_path / "bridge.toml").write_text(TOML.format(lines=given), encoding="utf-8")
    settings = load_settings(tmp_path / "bridge.toml", {})
    with pytest.raises(ConfigError, match=words):
        comparing.tolerances(settings, "demo", OPEN)


def test_tolerances_are_read_by_their_kind(tmp_path: Path) -> None:
    given = 'tolerance = { amount = 0.05, quantity = "1", due_date = "2 days", customer = "text" }'
    (tmp_path / "bridge.toml").write_text(TOML.format(lines=given), encoding="utf-8")
    found = comparing.tolerances(load_settings(tmp_path / "bridge.toml", {}), "demo", OPEN)
    assert found == {"amount": CENTS, "quantity": Tolerance(amount=Decimal(1)), "due_date": DAYS, "customer": TEXT}


@pytest.mark.parametrize("pattern", ["(TB", r"\d+", r"(\d+)", "(A)(B)(C)"])
def test_a_platform_pattern_needs_its_groups(tmp_path: Path, pattern: str) -> None:
    (tmp_path / "bridge.toml").write_text(TOML.format(lines=f"platform.pattern = '{pattern}'"), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"platform.*pattern"):
        load_settings(tmp_path / "bridge.toml", {})
