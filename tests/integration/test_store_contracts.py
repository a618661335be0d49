"""Contracts in real databases: each file once, what follows from the orders, and what people say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from store_samples import NOW, Runs, key, line

from bridge.contracts.kept import Ask, LinkHow, LinkState, Stated
from bridge.contracts.result import ContractResult
from bridge.errors import AlreadyDecided, UsageError
from bridge.records import Doubt, RunStatus
from bridge.store import SqlStore
from bridge.store.contract_follow import EventRules
from bridge.store.timeline import Happened

SHANGHAI = ZoneInfo("Asia/Shanghai")
RULES = EventRules(
    fields={"payment": "paid_date"},
    statuses={"drawings": "drawings_ok"},
    zone=lambda source: SHANGHAI,
    clock=lambda: datetime(2026, 11, 22, tzinfo=UTC),
)
READ = ContractResult(
    file="a.pdf", promised_date=date(2026, 5, 10), promised_dates=(date(2026, 5, 10),), kind="absolute", clause="交货日期",
    page=1, confidence=0.98, needs_review=False, contract_no="HT-2026-0108", signing_date=date(2026, 3, 1),
    buyer="上海鑫盛机电有限公司", pages=1, status="ok",
)  # fmt: skip
OPEN = replace(
    READ, promised_date=None, promised_dates=(), kind="relative", base_event="payment", offset_days=10, offset_unit="calendar"
)  # fmt: skip


def keep(store: SqlStore, read: ContractResult = READ, content: str = "a", rules: EventRules = RULES) -> Any:
    return store.keep_contract(
        content=content * 64, file=f"{content}.pdf", as_read=read.as_json(), picture="", page_picture="", now=NOW, rules=rules
    )[0]  # fmt: skip


def on_the_line(store: SqlStore, no: str, customers: tuple[str, ...] = ()) -> list[str]:
    """What the order's time line tells of contracts, oldest first."""
    history = store.order_history("demo", key(no), customers=customers)
    assert history is not None
    told = [e for e in history.entries if e.happened in (Happened.CONTRACT, Happened.PROMISE)]
    return [e.what for e in sorted(told, key=lambda e: (e.more["contract"].id, e.happened, e.id))]


def order(no: str, contract_no: str | None = None, **fields: Any) -> Any:
    return line(no, contract_no=contract_no, customer=fields.pop("customer", "上海鑫盛机电有限公司"), **fields)


def run(runs: Runs, *lines: Any, complete: bool = True, at: datetime | None = None) -> None:
    """A run with its summary, as a sync makes it."""
    if at is not None:
        runs.now = at - timedelta(minutes=10)
    runs(*lines, complete=complete)
    (begun,) = runs.store.last_runs(1)
    runs.store.finish_run(replace(begun, status=RunStatus.OK, complete=complete, finished_at=runs.now))


def test_the_same_file_twice_is_one_contract_and_comes_back_as_it_was(store: SqlStore) -> None:
    first = keep(store)
    again, fresh = store.keep_contract(
        content="a" * 64, file="copy.pdf", as_read=OPEN.as_json(), picture="p", page_picture="", now=NOW
    )
    assert (fresh, again) == (False, first)
    assert store.contract_of("a" * 64) == first
    assert (first.due, first.stated.kind, first.contract_no) == (date(2026, 5, 10), "absolute", "HT-2026-0108")
    assert store.contract_of("b" * 64) is None


def test_hostile_text_is_kept_and_comes_back(store: SqlStore) -> None:
    kept = keep(store, replace(READ, clause="交货\0日期\ud800 <script>", buyer="x\0y"))
    assert kept.clause == "交货日期? <script>"
    assert kept.buyer == "xy"


def test_orders_of_the_exact_number_are_linked_whichever_comes_first(store: SqlStore) -> None:
    assert keep(store).asks == (Ask.UNMATCHED,)
    run(Runs(store), order("SO-1", "HT-2026-0108"), order("SO-2", "HT-2026-0108"), order("SO-3", "HT-2026-0109"))
    assert store.refresh_contracts(RULES) == 1
    found = store.contract(1)
    assert [(n.order_no, n.how, n.state) for n in found.links] == [
        ("SO-1", LinkHow.CONTRACT_NO, LinkState.LINKED),
        ("SO-2", LinkHow.CONTRACT_NO, LinkState.LINKED),
    ]
    assert found.asks == ()
    assert store.refresh_contracts(RULES) == 0
    assert on_the_line(store, "SO-1") == ["received", "bound"]
    assert on_the_line(store, "SO-3") == []


def test_a_number_that_is_only_alike_is_a_question(store: SqlStore) -> None:
    run(Runs(store), order("SO-1", "HT-2O26-O1O8"))
    found = keep(store)
    assert found.asks == (Ask.CHOOSE,)
    assert [n.state for n in found.links] == [LinkState.PROPOSED]
    assert found.linked == ()
    linked = store.link_contract(1, "demo", key("SO-1"), version=found.version, by="li", now=NOW, rules=RULES)
    assert linked.asks == ()
    assert [(n.how, n.by) for n in linked.linked] == [(LinkHow.PERSON, "li")]


def test_what_a_person_refused_is_not_linked_again(store: SqlStore) -> None:
    run(Runs(store), order("SO-1", "HT-2026-0108"))
    keep(store)
    after = store.link_contract(1, "demo", key("SO-1"), linked=False, version=None, by="li", now=NOW, rules=RULES)
    assert (after.linked, after.asks) == ((), (Ask.UNMATCHED,))
    store.refresh_contracts(RULES)
    assert store.contract(1).linked == ()
    assert on_the_line(store, "SO-1") == ["received", "bound", "unlink"]


def test_an_orders_time_line_tells_what_became_of_its_promises(store: SqlStore) -> None:
    run(Runs(store), order("SO-1", "HT-2026-0108"), order("SO-2", "HT-2026-0108"))
    keep(store, OPEN)
    store.note_event(1, "payment", date(2026, 3, 2), version=None, by="li", now=NOW, rules=RULES)
    keep(store, replace(READ, contract_no="HT-9"), "b")
    store.replace_contract(1, 2, version=None, by="wang", now=NOW, rules=RULES)
    store.link_contract(2, "demo", key("SO-1"), version=None, by="li", now=NOW, rules=RULES)
    first = ["received", "bound", "event", "came_to", "replace"]
    assert on_the_line(store, "SO-1") == [*first, "received", "link"]
    assert on_the_line(store, "SO-2") == first, "what was said of the other order stands on its own line"


def test_an_account_of_one_customer_sees_only_promises_that_surely_bind_the_order(store: SqlStore) -> None:
    run(Runs(store), order("SO-1", "HT-2O26-O1O8"))
    keep(store)
    assert on_the_line(store, "SO-1") == ["received", "proposed"]
    assert on_the_line(store, "SO-1", ("上海鑫盛机电有限公司",)) == []


def test_the_number_of_another_buyer_is_a_question(store: SqlStore) -> None:
    run(Runs(store), order("SO-1", "HT-2026-0108", customer="Bortec & Monlux GmbH"))
    assert keep(store).asks == (Ask.CHOOSE,)


def test_without_numbers_buyer_amount_and_date_link_if_all_are_the_same_and_alone(store: SqlStore) -> None:
    read = replace(READ, contract_no=None, totals=(Decimal("12"), Decimal("1180.00")))
    same = {"amount": Decimal("1180.00"), "order_date": date(2026, 3, 1)}
    runs = Runs(store)
    run(runs, order("SO-1", **same), order("SO-2", amount=Decimal("1180.01"), order_date=date(2026, 3, 1)))
    assert [(n.order_no, n.how) for n in keep(store, read).linked] == [("SO-1", LinkHow.BUYER_AMOUNT_DATE)]
    run(runs, order("SO-1", **same), order("SO-4", **same))
    store.refresh_contracts(RULES)
    assert (store.contract(1).asks, store.contract(1).linked) == ((Ask.CHOOSE,), ())
    other_day = keep(store, replace(read, signing_date=date(2026, 3, 2)), "b")
    assert other_day.asks == (Ask.CHOOSE,)


def test_an_amendment_signed_later_takes_the_place_of_the_contract_in_whatever_order_they_come(
    store: SqlStore,
) -> None:
    later = replace(
        READ, promised_date=date(2026, 6, 1), promised_dates=(date(2026, 6, 1),), signing_date=date(2026, 4, 1)
    )
    new = keep(store, later, "b")
    old = keep(store, READ, "a")
    assert (old.superseded_by, store.contract(new.id).superseded_by) == (new.id, None)
    assert old.asks == ()


def test_an_amendment_that_nobody_confirmed_puts_both_to_a_person(store: SqlStore) -> None:
    keep(store, READ, "a")
    keep(store, replace(READ, promised_date=None, promised_dates=(), kind="unreadable", status="needs_review",
                        signing_date=date(2026, 4, 1)), "b")  # fmt: skip
    assert Ask.CONFLICT in store.contract(1).asks
    assert Ask.CONFLICT in store.contract(2).asks
    done = store.decide_contract(2, stated=Stated(kind="none"), version=1, by="li", now=NOW, rules=RULES)
    assert (done.asks, done.superseded_by) == ((), None)
    assert Ask.CONFLICT not in store.contract(1).asks


def test_the_same_paper_scanned_twice_is_one_promise(store: SqlStore) -> None:
    keep(store, READ, "a")
    assert keep(store, READ, "b").superseded_by == 1
    assert store.contract(1).superseded_by is None


def test_another_buyers_contract_may_have_the_same_number(store: SqlStore) -> None:
    keep(store, READ, "a")
    other = keep(store, replace(READ, buyer="Bortec & Monlux GmbH"), "b")
    assert (other.superseded_by, Ask.CONFLICT in other.asks) == (None, False)
    later = keep(
        store, replace(READ, buyer=None, signing_date=date(2026, 4, 1), promised_date=date(2026, 6, 1)), "c"
    )
    assert (later.superseded_by, Ask.CONFLICT in later.asks) == (None, True)
    assert store.contract(1).superseded_by is None


def test_a_head_that_two_readings_read_differently_replaces_nothing(store: SqlStore) -> None:
    keep(store, READ, "a")
    doubted = replace(
        READ, signing_date=date(2026, 4, 1), promised_date=date(2026, 6, 1), doubted=("signing_date",)
    )
    assert Ask.CONFLICT in keep(store, doubted, "b").asks
    assert store.contract(1).superseded_by is None


def test_a_day_that_is_to_come_or_that_no_calendar_has_dates_nothing(store: SqlStore) -> None:
    runs = Runs(store)
    run(runs, order("SO-1", "HT-2026-0108", paid_date=date(2026, 11, 23)))
    assert (keep(store, OPEN).due, keep(store, OPEN).events) == (None, ())
    for number, day in enumerate((date(9999, 12, 31), date(9999, 12, 30))):
        months = {"offset_days": None, "offset_months": 2, "offset_unit": None} if number else {}
        kept = keep(store, replace(OPEN, contract_no=f"HT-9999-{number}", **months), "bc"[number])
        told = store.note_event(kept.id, "payment", day, version=None, by="li", now=NOW)
        assert (told.due, Ask.EVENT in told.asks) == (None, True)


def test_two_contracts_of_one_order_that_differ_are_a_question(store: SqlStore) -> None:
    run(Runs(store), order("SO-2026-77", "HT-2026-0108"))
    keep(store, READ, "a")
    keep(store, replace(READ, contract_no="SO-2026-77", promised_date=date(2026, 7, 1)), "b")
    assert store.contract(1).asks == store.contract(2).asks == (Ask.CONFLICT,)
    store.replace_contract(1, 2, version=None, by="li", now=NOW, rules=RULES)
    assert store.contract(1).superseded_by == 2
    assert store.contract(2).asks == ()
    with pytest.raises(UsageError, match="itself"):
        store.replace_contract(2, 1, version=None, by="li", now=NOW, rules=RULES)


def test_an_open_term_becomes_a_date_when_the_orders_column_shows_its_event(store: SqlStore) -> None:
    runs = Runs(store)
    run(runs, order("SO-1", "HT-2026-0108"), order("SO-2", "HT-2026-0108"))
    assert (keep(store, OPEN).due, keep(store, OPEN).asks) == (None, ())
    run(runs, order("SO-1", "HT-2026-0108", paid_date=date(2026, 3, 5)), order("SO-2", "HT-2026-0108"))
    store.refresh_contracts(RULES)
    assert store.contract(1).due == date(2026, 3, 15)
    run(
        runs,
        order("SO-1", "HT-2026-0108", paid_date=date(2026, 3, 5)),
        order("SO-2", "HT-2026-0108", paid_date=date(2026, 3, 6)),
    )
    store.refresh_contracts(RULES)
    assert (store.contract(1).due, store.contract(1).asks) == (None, (Ask.EVENT,))
    told = store.note_event(1, "payment", date(2026, 3, 6), version=None, by="li", now=NOW, rules=RULES)
    assert (told.due, told.asks) == (date(2026, 3, 16), ())
    told = store.note_event(1, "payment", date(2026, 3, 7), version=None, by="li", now=NOW, rules=RULES)
    assert told.due == date(2026, 3, 17)


def test_a_status_dates_its_event_only_if_it_changed_within_one_day(store: SqlStore) -> None:
    read = replace(OPEN, base_event="drawings")
    runs = Runs(store)
    first = datetime(2026, 3, 5, 1, 0, tzinfo=UTC)  # nine in the morning in Shanghai
    run(runs, order("SO-1", "HT-2026-0108", status="new"), at=first)
    keep(store, read)
    run(runs, order("SO-1", "HT-2026-0108", status="drawings_ok"), at=first + timedelta(hours=6))
    store.refresh_contracts(RULES)
    assert store.contract(1).due == date(2026, 3, 15)

    run(runs, order("SO-1", "HT-2026-0108", status="new"), at=first + timedelta(hours=7))
    run(runs, order("SO-1", "HT-2026-0108", status="drawings_ok"), at=first + timedelta(hours=31))
    store.refresh_contracts(RULES)
    assert (store.contract(1).due, store.contract(1).asks) == (None, (Ask.EVENT,))
    (event,) = store.contract(1).events
    assert (event.earliest, event.day) == (date(2026, 3, 5), date(2026, 3, 6))


def test_a_status_that_was_there_at_first_sight_dates_nothing(store: SqlStore) -> None:
    run(Runs(store), order("SO-1", "HT-2026-0108", status="drawings_ok"))
    kept = keep(store, replace(OPEN, base_event="drawings"))
    assert (kept.due, kept.events) == (None, ())


def test_a_term_from_two_events_counts_from_the_later(store: SqlStore) -> None:
    kept = keep(store, replace(OPEN, base_event="payment+drawings"))
    kept = store.note_event(1, "payment", date(2026, 3, 20), version=kept.version, by="li", now=NOW)
    assert kept.due is None
    kept = store.note_event(1, "drawings", date(2026, 3, 2), version=kept.version, by="li", now=NOW)
    assert kept.due == date(2026, 3, 30)
    with pytest.raises(UsageError, match="samples"):
        store.note_event(1, "samples", date(2026, 3, 2), version=None, by="li", now=NOW)


def test_working_days_of_a_year_without_a_known_calendar_are_a_question(store: SqlStore) -> None:
    keep(store, replace(OPEN, offset_unit="working"))
    told = store.note_event(1, "payment", date(2039, 3, 2), version=None, by="li", now=NOW)
    assert (told.due, Ask.CALENDAR in told.asks) == (None, True)


def test_an_unsure_promise_has_no_day_until_a_person_says_so(store: SqlStore) -> None:
    unsure = replace(READ, status="needs_review", needs_review=True, confidence=0.4)
    kept = keep(store, unsure)
    assert (kept.due, Ask.PROMISE in kept.asks) == (None, True)
    done = store.decide_contract(1, version=1, by="li", now=NOW)
    assert (done.due, done.settled_by) == (date(2026, 5, 10), "li")
    with pytest.raises(AlreadyDecided):
        store.decide_contract(1, stated=Stated(kind="none"), version=1, by="wang", now=NOW)
    given = Stated(kind="absolute", day=date(2026, 5, 1), days=(date(2026, 5, 1),))
    assert store.decide_contract(1, stated=given, version=2, by="wang", now=NOW).due == date(2026, 5, 1)
    assert [(e.by, e.action) for e in store.contract_entries(1)] == [("wang", "correct"), ("li", "confirm")]


def test_what_was_unreadable_cannot_be_confirmed(store: SqlStore) -> None:
    keep(store, replace(READ, kind="unreadable", promised_date=None, promised_dates=(), status="needs_review"))
    with pytest.raises(UsageError, match="nothing was read"):
        store.decide_contract(1, version=1, by="li", now=NOW)
    with pytest.raises(UsageError, match="no contract 7"):
        store.contract(7)
    with pytest.raises(UsageError, match="no contract"):
        store.contract(10**40)


def shipped(values: Any) -> bool:
    return values.get("status") == "shipped"


def test_shipped_is_dated_by_the_first_complete_capture_that_shows_it(store: SqlStore) -> None:
    runs, t = Runs(store), datetime(2026, 3, 5, 1, 0, tzinfo=UTC)
    run(runs, order("SO-1", status="new"), order("SO-2", status="shipped"), at=t)
    run(runs, order("SO-1", status="new"), order("SO-2", status="shipped"), at=t + timedelta(days=1))
    run(runs, order("SO-1", status="shipped"), complete=False, at=t + timedelta(days=2))
    (one, two) = store.shippings([("demo", key("SO-1")), ("demo", key("SO-2")), ("demo", "none")], shipped)
    assert one.seen is not None
    assert (one.seen.at, one.complete) == (t + timedelta(days=2), False)
    run(runs, order("SO-1", status="shipped"), order("SO-2", status="shipped"), at=t + timedelta(days=3))
    (one, two) = store.shippings([("demo", key("SO-1")), ("demo", key("SO-2"))], shipped)
    assert one.seen is not None
    assert (one.seen.at, one.seen.not_yet, one.complete) == (t + timedelta(days=3), t + timedelta(days=1), True)
    assert one.seen.fields["status"].reading.text == "shipped"
    assert two.seen is not None
    assert two.seen.not_yet is None
    run(runs, order("SO-1", status="new"), order("SO-2", status="shipped"), at=t + timedelta(days=4))
    (one, _) = store.shippings([("demo", key("SO-1")), ("demo", key("SO-2"))], shipped)
    assert (one.is_shipped, one.seen) == (False, None)


def test_a_doubtful_status_dates_nothing(store: SqlStore) -> None:
    runs, t = Runs(store), datetime(2026, 3, 5, 1, 0, tzinfo=UTC)
    run(runs, order("SO-1", status="new"), at=t)
    run(runs, order("SO-1", status="shipped", doubtful={"status": Doubt.UNPROVEN}), at=t + timedelta(days=1))
    run(runs, order("SO-1", status="shipped"), at=t + timedelta(days=2))
    (one,) = store.shippings([("demo", key("SO-1"))], shipped)
    assert one.seen is not None
    assert (one.seen.at, one.seen.not_yet) == (t + timedelta(days=2), t + timedelta(days=1))
