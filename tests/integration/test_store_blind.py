"""Blind checks in real databases: what is drawn, what an answer does, what follows for the next runs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from store_samples import KEYS, NOW, Runs, key, line, seen

from bridge.errors import AlreadyDecided, UsageError
from bridge.interfaces import Action, Settlement
from bridge.parse.settle import settle
from bridge.profiles import Profile
from bridge.reconcile import doubted, reconcile, reconcile_line
from bridge.records import Doubt, ProvenPicture, RunStatus, RunSummary, Witness
from bridge.review.blind import BlindCheckDesk
from bridge.store import SqlStore
from bridge.store.blind import State

PROFILE = Profile.model_validate(
    {
        "name": "demo", "list": {"where": {"at": "table"}}, "unit": "line", "key": list(KEYS),
        "columns": [
            {"heading": "A", "field": "order_no", "type": "code"}, {"heading": "B", "field": "line_no", "type": "code"},
            {"heading": "C", "field": "sku", "type": "code"}, {"heading": "D", "field": "amount", "type": "money"},
        ],
    }
)  # fmt: skip
DAY = NOW.date()
AMOUNTS = [f"{1180 + n}.50" for n in range(20)]


def synced(store: SqlStore, *lines: Any, complete: bool = True) -> None:
    runs = Runs(store)
    runs._numbers = iter(range(len(store.last_runs(99)) + 1, 99))  # type: ignore[assignment]
    runs.now = NOW + timedelta(hours=len(store.last_runs(99)))
    runs.begin()
    run = f"run-{len(store.last_runs(99))}"
    observed = seen(*lines, complete=complete)
    observed = doubted(observed, store.baseline("demo"), store.distrusted("demo"), KEYS)
    changes = reconcile(store.baseline("demo"), observed, key_fields=KEYS)
    store.commit(run, observed, changes, receivers=("erp2",), now=runs.now)
    store.finish_run(
        RunSummary(
            run_id=run, source="demo", status=RunStatus.OK, complete=complete, started_at=runs.now,
            finished_at=runs.now,
        )
    )  # fmt: skip


def orders(number: int = 20) -> list[Any]:
    return [line(f"SO-{n}", sku=f"B8O0-{n}", customer=f"C{n % 2}", amount=AMOUNTS[n]) for n in range(number)]


def desk(store: SqlStore, a_day: int = 5, without: Collection[str] = ()) -> BlindCheckDesk:
    return BlindCheckDesk(
        store, sources=["demo"], profile_of=lambda _: PROFILE, has_picture=lambda r: r.text not in without,
        a_day=a_day,
    )  # fmt: skip


def wrong_one(store: SqlStore, answer: str = "B800-1") -> Any:
    """A check of SO-1's SKU that a person insists on."""
    store.learn([ProvenPicture(source="demo", picture="pic-B8O0-1", text="B8O0-1", witnesses=(Witness.NET,))])
    row = next(
        r for n in store.accepted_rows("demo", NOW) if (r := store.accepted_row(n)) and r.order_no == "SO-1"
    )
    store.add_checks(DAY, [("demo", row, "sku")])
    (check,) = store.waiting_checks()
    asker = desk(store)
    assert not asker.answer(check, answer, by="li", now=NOW + timedelta(days=1))
    asker.insist(check, by="li", now=NOW + timedelta(days=1))
    return check


def test_a_days_cells_are_spread_over_columns_and_drawn_once(store: SqlStore) -> None:
    synced(store, *orders())
    assert desk(store).draw(DAY, NOW) == 5
    assert desk(store).draw(DAY, NOW) == 0
    drawn = store.waiting_checks()
    assert {c.field for c in drawn} == {"order_no", "line_no", "sku", "amount"}
    assert len({(c.key, c.field) for c in drawn}) == 5
    # What waits counts: nobody gets a pile.
    assert desk(store).draw(DAY + timedelta(days=1), NOW) == 0
    store.answer_check(drawn[0].id, State.SAME, "x", by="li", now=NOW)
    assert desk(store).draw(DAY + timedelta(days=2), NOW) == 1


def test_the_same_day_and_salt_draw_the_same(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    synced(store, *orders())
    found: list[list[Any]] = []
    monkeypatch.setattr(store, "add_checks", lambda day, drawn: found.append([(r.key, f) for _, r, f in drawn]))
    monkeypatch.setattr(store, "blind_drawn", lambda day: False)
    for day in (DAY, DAY, DAY + timedelta(days=1)):
        desk(store, 10).draw(day, NOW)
    monkeypatch.setattr(store, "blind_salt", lambda now: "another")
    desk(store, 10).draw(DAY, NOW)
    assert found[0] == found[1]
    assert found[0] != found[2]
    assert found[0] != found[3]


def test_only_what_nobody_was_asked_about_is_drawn(store: SqlStore) -> None:
    by_person = line("SO-1", sku="A")
    sku = by_person.fields["sku"]
    told = replace(sku, reading=replace(sku.reading, witnesses=(Witness.MEMORY, Witness.PERSON)))
    by_person = replace(by_person, fields={**by_person.fields, "sku": told})
    synced(store, by_person, line("SO-2", sku="B", doubtful={"sku": Doubt.UNPROVEN}), line("SO-3", sku="C"))
    desk(store, 20, without=("C",)).draw(DAY, NOW)
    # SO-2 waits for a person; the picture of C is gone; no cell is drawn twice.
    assert {(c.order_no, c.field) for c in store.waiting_checks()} == {
        ("SO-1", "order_no"), ("SO-1", "line_no"), ("SO-3", "order_no"), ("SO-3", "line_no"),
    }  # fmt: skip


def test_nothing_is_drawn_where_it_is_switched_off_or_nothing_was_read_whole(store: SqlStore) -> None:
    synced(store, *orders(), complete=False)
    assert desk(store).draw(DAY, NOW) == 0
    synced(store, *orders())
    assert desk(store, 0).draw(DAY, NOW) == 0
    assert store.waiting_checks() == []


@pytest.mark.parametrize(
    ("field", "answer", "agrees"),
    [
        ("sku", "B8O0-1", True), ("sku", " Ｂ8O0-1 ", True), ("sku", "B800-1", False), ("sku", "b8O0-1", False),
        ("amount", "1,181.5", True), ("amount", "1181.50", True), ("amount", "1181.05", False), ("amount", "x", False),
    ],
)  # fmt: skip
def test_an_answer_is_compared_as_the_product_compares(
    store: SqlStore, field: str, answer: str, agrees: bool
) -> None:
    synced(store, *orders(3))
    row = next(
        r for n in store.accepted_rows("demo", NOW) if (r := store.accepted_row(n)) and r.order_no == "SO-1"
    )
    store.add_checks(DAY, [("demo", row, field)])
    (check,) = store.waiting_checks()
    assert desk(store).answer(check, answer, by="li", now=NOW) is agrees
    assert [m.asked for m in store.measured()] == [1 if agrees else 0]
    with pytest.raises(AlreadyDecided):
        desk(store).answer(check, answer, by="wang", now=NOW)


@pytest.mark.parametrize("answer", ["", "   ", "x\0y", "a\u202eb", "长" * 501])
def test_what_no_screen_shows_is_no_answer(store: SqlStore, answer: str) -> None:
    synced(store, *orders(3))
    desk(store).draw(DAY, NOW)
    check = store.waiting_checks()[0]
    with pytest.raises(UsageError):
        desk(store).answer(check, answer, by="li", now=NOW)
    assert store.blind_check(check.id) == check


def test_a_silent_error_is_asked_about_at_once_and_by_every_run_until_it_is_decided(store: SqlStore) -> None:
    synced(store, *orders(3))
    wrong_one(store)
    (asked,) = store.reviews()
    assert (asked.item.order_no, asked.item.fields) == ("SO-1", ("sku",))
    assert asked.item.line is not None
    assert asked.item.line.fields["sku"].reading.alternatives == ("B800-1",)
    assert store.lookup("demo", ["pic-B8O0-1"]) == {}, "the remembered picture is believed no more"
    (measured,) = store.measured()
    assert (measured.asked, measured.wrong) == (1, 1)
    assert [e.action for e in store.audit(2)] == ["blind.wrong", "blind.differs"]
    synced(store, *orders(3))
    assert [r.id for r in store.reviews()] == [asked.id], "the same question, not another one"


def test_the_decision_puts_the_value_right_and_is_not_asked_again(store: SqlStore) -> None:
    synced(store, *orders(3))
    wrong_one(store, "X800-1")
    _decide(store, Action.TYPE, {"sku": "X800-1"})
    assert store.baseline("demo")[key("SO-1")].fields["sku"] == "X800-1"
    assert store.measured()[0].wrong == 1
    synced(store, *orders(3))
    assert [r.item.order_no for r in store.reviews()] == []


@pytest.mark.parametrize(("action", "values"), [(Action.ACCEPT, {}), (Action.TYPE, {"sku": "B8O0-1"})])
def test_a_later_decision_for_the_accepted_value_takes_the_error_back(
    store: SqlStore, action: Action, values: dict[str, str]
) -> None:
    synced(store, *orders(3))
    wrong_one(store)
    assert store.distrusted("demo").ways
    _decide(store, action, values)
    assert (store.measured()[0].asked, store.measured()[0].wrong) == (1, 0)
    assert not store.distrusted("demo")


def test_what_proved_it_holds_back_new_values_until_somebody_lifts_it(store: SqlStore) -> None:
    synced(store, *orders(3))
    check = wrong_one(store)
    synced(store, *orders(3), line("SO-9", sku="NEW-1"))
    assert {r.item.order_no for r in store.reviews()} == {"SO-1", "SO-9"}
    assert key("SO-9") not in store.baseline("demo")
    store.lift_distrust(check.id, by="wang", now=NOW)
    with pytest.raises(AlreadyDecided):
        store.lift_distrust(check.id, by="wang", now=NOW)
    synced(store, *orders(3), line("SO-9", sku="NEW-1"))
    assert {r.item.order_no for r in store.reviews()} == {"SO-1"}
    assert key("SO-9") in store.baseline("demo")
    assert store.measured()[0].wrong == 1, "it stays counted"


def test_people_mistype_too(store: SqlStore) -> None:
    synced(store, *orders(3))
    desk(store, 2).draw(DAY, NOW)
    first, second = store.waiting_checks()
    desk(store).answer(first, "zzz", by="li", now=NOW)
    assert store.waiting_checks()[0].state is State.DIFFERS, "what was begun comes first"
    desk(store).mistyped(first, by="li", now=NOW)
    desk(store).unreadable(second, by="li", now=NOW)
    (measured,) = store.measured()
    assert (measured.asked, measured.wrong, measured.unreadable, measured.waiting) == (1, 0, 1, 0)
    assert store.reviews() == []
    with pytest.raises(AlreadyDecided):
        desk(store).insist(first, by="li", now=NOW)


def test_whoever_sees_some_customers_only_is_asked_about_theirs(store: SqlStore) -> None:
    synced(store, *orders())
    desk(store, 20).draw(DAY, NOW)
    mine = desk(store).waiting(("C1",), NOW)
    assert mine
    assert {c.customer for c in mine} == {"C1"}


def test_a_check_whose_picture_or_column_is_gone_is_over(store: SqlStore) -> None:
    synced(store, *orders())
    desk(store, 8).draw(DAY, NOW)
    before = desk(store).waiting((), NOW)
    gone = before[0].accepted.reading.text
    after = desk(store, without=(gone,)).waiting((), NOW)
    assert {c.id for c in before} - {c.id for c in after} == {
        c.id for c in before if c.accepted.reading.text == gone
    }
    assert store.blind_pictures() == {"5" * 64}


def _decide(store: SqlStore, action: Action, values: dict[str, str]) -> None:
    stored = store.reviews()[0]
    made = stored.item.line
    assert made is not None
    answers = values or {"sku": made.fields["sku"].reading.text}
    settled = settle(PROFILE, replace(made, fields={n: made.fields[n] for n in (*KEYS, "sku", "amount")}), answers)
    store.settle(
        stored.id,
        Settlement(action=action, by="wang", values=answers, key=settled.key),
        change=lambda row: reconcile_line(row, settled),
        receivers=("erp2",),
        now=NOW + timedelta(days=2),
    )


def test_a_day_is_a_day(store: SqlStore) -> None:
    assert not store.blind_drawn(date(2026, 1, 1))
    assert store.blind_salt(NOW) == store.blind_salt(NOW)
