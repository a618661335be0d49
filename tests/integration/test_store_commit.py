"""Stage *commit* on real databases: what one run changes, and that it changes it once."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from store_samples import NOW, Runs, key, line, seen, sql

from bridge.errors import StoreBusy, StoreError
from bridge.interfaces import CommitResult
from bridge.reconcile import Breaker
from bridge.records import Change, ChangeKind, ChangeSet, Doubt, ReviewKind, RunStatus, RunSummary
from bridge.store import SqlStore


def _orders(url: str) -> dict[str, object]:
    rows = sql(url, "SELECT * FROM orders ORDER BY key")
    return {row.order_no: row for row in rows}


def _bodies(url: str) -> list[dict[str, object]]:
    return [json.loads(row.body) for row in sql(url, "SELECT body FROM outbox ORDER BY id")]


def test_a_new_order_reaches_baseline_orders_history_and_every_receiver(store: SqlStore, url: str) -> None:
    runs = Runs(store, receivers=("erp2", "files"))
    due = date(2026, 4, 1)
    result = runs(line("SO-1", customer="华东贸易", amount=Decimal("1180.00"), due_date=due, grade="甲"))

    assert result == CommitResult(outbox=2, reviews_new=0, reviews_closed=0)
    kept = store.baseline("demo")[key("SO-1")]
    assert kept.fields["amount"] == Decimal("1180.00")
    assert str(kept.fields["amount"]) == "1180.00"
    order = _orders(url)["SO-1"]
    assert order.customer == "华东贸易"
    assert str(order.amount) == "1180.00"
    assert str(order.due_date) == "2026-04-01"
    assert (order.line_no, order.life, order.version, order.bridge_version) == ("1", "active", 1, 1)
    extra = json.loads(order.extra) if isinstance(order.extra, str) else order.extra
    assert extra == {"grade": "甲"}
    first, second = _bodies(url)
    assert first["type"] == "order.added"
    assert first["key"] == ["SO-1", "1"]
    assert first["run_id"] == "run-1"
    assert first["fields"]["amount"] == "1180.00"
    assert first["evidence"]["amount"]["witnesses"] == ["net", "redraw"]
    assert first["id"] != second["id"]
    events = sql(url, "SELECT event, by, version FROM order_events")
    assert [tuple(e) for e in events] == [("added", "bridge", 1)]


def test_money_keeps_every_digit_and_its_zeros(store: SqlStore) -> None:
    amounts = ["0.10", "12345678901234567890.123456", "-3.00", "0.1000000000000000055511151231257827"]
    runs = Runs(store)
    runs(*(line(f"SO-{i}", amount=Decimal(a)) for i, a in enumerate(amounts)))
    exported = {row["order_no"]: row["fields"]["amount"]["value"] for row in store.export_orders()}
    assert [exported[f"SO-{i}"] for i in range(len(amounts))] == amounts


def test_an_unchanged_run_writes_nothing_but_moves_the_observation(store: SqlStore, url: str) -> None:
    runs = Runs(store)
    runs(line("SO-1", status="open"))
    assert runs(line("SO-1", status="open")).outbox == 0
    (row,) = sql(url, "SELECT first_run, last_run, times FROM observations")
    assert tuple(row) == ("run-1", "run-2", 2)
    runs(line("SO-1", status="closed"))
    rows = sql(url, "SELECT first_run, last_run, current FROM observations ORDER BY id")
    assert [(r.first_run, r.last_run, bool(r.current)) for r in rows] == [
        ("run-1", "run-2", False),
        ("run-3", "run-3", True),
    ]


def test_a_change_says_what_it_was_before(store: SqlStore, url: str) -> None:
    runs = Runs(store)
    runs(line("SO-1", status="open", amount=Decimal("5.00")))
    runs(line("SO-1", status="closed", amount=Decimal("5.00")))
    body = _bodies(url)[-1]
    assert body["type"] == "order.changed"
    assert body["changed"] == ["status"]
    assert body["previous"] == {"status": "open"}
    assert body["fields"]["status"] == "closed"
    assert body["version"] == 2
    assert _orders(url)["SO-1"].version == 2


def test_gone_needs_two_complete_captures_and_an_order_may_come_back(store: SqlStore, url: str) -> None:
    runs = Runs(store)
    a, b = line("SO-1", status="open"), line("SO-2", status="open")
    runs(a, b)
    assert runs(a, complete=False).outbox == 0
    assert store.baseline("demo")[key("SO-2")].missing == 0
    assert runs(a).outbox == 0
    assert store.baseline("demo")[key("SO-2")].missing == 1
    assert runs(a, b).outbox == 0
    assert store.baseline("demo")[key("SO-2")].missing == 0
    runs(a)
    assert runs(a).outbox == 1
    assert _orders(url)["SO-2"].life == "gone"
    assert store.baseline("demo")[key("SO-2")].absent
    gone = _bodies(url)[-1]
    assert (gone["type"], gone["fields"]["status"], gone["changed"]) == ("order.gone", "open", [])
    assert runs(a).outbox == 0
    runs(a, line("SO-2", status="closed"))
    back = _bodies(url)[-1]
    assert (back["type"], back["previous"]) == ("order.back", {"status": "open"})
    assert _orders(url)["SO-2"].life == "active"


def test_a_held_run_keeps_what_was_seen_and_the_question_only(store: SqlStore, url: str) -> None:
    runs = Runs(store)
    runs(line("SO-1", status="open"), line("SO-2", status="open"))
    tight = Breaker(max_changed_percent=10, min_rows=1)
    result = runs(
        line("SO-1", status="closed"),
        line("SO-2", status="closed"),
        line("SO-3", status="open", doubtful={"status": Doubt.UNPROVEN}),
        breaker=tight,
    )
    assert result == CommitResult(outbox=0, reviews_new=1, reviews_closed=0)
    (item,) = store.open_reviews()
    assert item.kind is ReviewKind.BREAKER
    assert _orders(url)["SO-1"].status == "open"
    assert store.baseline("demo")[key("SO-1")].fields["status"] == "open"
    assert len(sql(url, "SELECT 1 FROM observations WHERE last_run = 'run-2'")) == 3


def test_a_run_commits_once_however_often_it_is_asked(store: SqlStore, url: str) -> None:
    runs = Runs(store)
    run_id = runs.begin()
    observed = seen(line("SO-1", status="open"))
    changes = runs.find(observed)
    first = store.commit(run_id, observed, changes, receivers=["erp2"], now=runs.now)
    again = store.commit(run_id, observed, changes, receivers=["erp2"], now=runs.now)
    assert first == again
    assert len(_bodies(url)) == 1
    assert len(sql(url, "SELECT 1 FROM order_events")) == 1


def test_a_run_that_was_given_up_can_no_longer_commit(store: SqlStore, url: str) -> None:
    runs = Runs(store)
    hung = runs.begin()
    runs(line("SO-1", status="open"))
    observed = seen(line("SO-1", status="closed"))
    with pytest.raises(StoreBusy, match="given up"):
        store.commit(hung, observed, runs.find(observed), receivers=["erp2"], now=runs.now)
    assert len(_bodies(url)) == 1
    assert store.run(hung).status is RunStatus.KILLED


def test_a_run_that_never_began_cannot_commit(store: SqlStore) -> None:
    with pytest.raises(StoreError, match="never begun"):
        store.commit("nobody", seen(), ChangeSet(source="demo"), receivers=[], now=NOW)


def test_a_stale_change_is_measured_against_the_baseline_of_now(store: SqlStore, url: str) -> None:
    """Between reconcile and commit someone else may have applied the very change, or another one."""
    runs = Runs(store)
    runs(line("SO-1", status="open"))
    run_id = runs.begin()
    observed = seen(line("SO-1", status="closed"))
    stale = runs.find(observed)
    sql(url, """UPDATE baseline SET fields = '{"order_no": "SO-1", "line_no": "1", "status": "closed"}'""")
    assert store.commit(run_id, observed, stale, receivers=["erp2"], now=runs.now).outbox == 0

    run_id = runs.begin()
    sql(url, """UPDATE baseline SET fields = '{"order_no": "SO-1", "line_no": "1", "status": "paused"}'""")
    store.commit(run_id, observed, stale, receivers=["erp2"], now=runs.now)
    assert _bodies(url)[-1]["previous"] == {"status": "paused"}


def test_an_added_order_that_is_known_by_now_is_not_added_twice(store: SqlStore, url: str) -> None:
    runs = Runs(store)
    change = Change(
        kind=ChangeKind.ADDED,
        source="demo",
        key=key("SO-1"),
        order_no="SO-1",
        after={"order_no": "SO-1", "status": "open"},
    )
    for _ in range(2):
        run_id = runs.begin()
        store.commit(run_id, seen(), ChangeSet(source="demo", changes=(change,)), receivers=["erp2"], now=runs.now)
    assert len(_bodies(url)) == 1


# --- other writers of the central table ---------------------------------------------------------------------


def test_an_outside_edit_is_seen_by_its_version_even_if_the_writer_forgets_it(store: SqlStore, url: str) -> None:
    runs = Runs(store)
    runs(line("SO-1", status="open", remark="x"))
    before = _orders(url)["SO-1"]
    sql(url, "UPDATE orders SET remark = 'call first' WHERE order_no = 'SO-1'")
    order = _orders(url)["SO-1"]
    assert (order.version, order.bridge_version) == (2, 1)
    assert order.updated_by == "outside"
    assert order.updated_at != before.updated_at
    sql(url, "UPDATE orders SET remark = 'later', version = version + 1, updated_by = 'crm'")
    order = _orders(url)["SO-1"]
    assert (order.version, order.bridge_version, order.updated_by) == (3, 1, "crm")
    (exported,) = store.export_orders()
    assert exported["edited_outside"]
    assert exported["fields"]["remark"] == {
        "value": "later", "text": "x", "confidence": 1.0, "read_by": ["net", "redraw"], "status": "edited",
    }  # fmt: skip
    assert exported["fields"]["status"]["status"] == "proven"


def test_outside_edits_of_other_fields_survive_a_change_and_those_that_give_way_are_kept(
    store: SqlStore, url: str
) -> None:
    runs = Runs(store)
    runs(line("SO-1", status="open", remark="x", grade="A"))
    sql(url, "UPDATE orders SET remark = 'call first', status = 'urgent', updated_by = 'crm'")
    runs(line("SO-1", status="closed", remark="x", grade="B"))
    order = _orders(url)["SO-1"]
    assert (order.status, order.remark) == ("closed", "call first")
    assert order.version == order.bridge_version == 3
    events = sql(url, "SELECT event, by, changed, overwritten FROM order_events ORDER BY id")
    plain = [
        (e.event, e.by, *(json.loads(v) if isinstance(v, str) else v for v in (e.changed, e.overwritten)))
        for e in events[1:]
    ]
    assert plain == [
        (
            "edited_outside",
            "crm",
            {"status": {"from": "open", "to": "urgent"}, "remark": {"from": "x", "to": "call first"}},
            {},
        ),
        (
            "changed",
            "bridge",
            {"status": {"from": "open", "to": "closed"}, "grade": {"from": "A", "to": "B"}},
            {"status": "urgent"},
        ),
    ]


def test_an_order_that_another_system_wrote_first_is_taken_over(store: SqlStore, url: str) -> None:
    sql(
        url,
        "INSERT INTO orders (source, key, order_no, status, contract_no) "
        "VALUES ('demo', :k, 'SO-1', 'draft', 'C-7')",
        k=key("SO-1"),
    )
    Runs(store)(line("SO-1", status="open"))
    order = _orders(url)["SO-1"]
    assert (order.status, order.contract_no, order.version, order.bridge_version) == ("open", "C-7", 2, 2)


@pytest.mark.parametrize(
    "wrong",
    ["amount = 'zwölf'", "amount = '1.2.3'", "due_date = '2026-02-31'", "life = 'dead'", "extra = '[]'"],
)
def test_an_outside_writers_nonsense_is_refused_at_the_writer(store: SqlStore, url: str, wrong: str) -> None:
    Runs(store)(line("SO-1", status="open"))
    with pytest.raises(Exception, match=r"(?i)check|invalid|out of range"):
        sql(url, f"UPDATE orders SET {wrong}")


def test_values_of_another_type_than_the_column_go_to_extra(store: SqlStore) -> None:
    runs = Runs(store)
    runs(line("SO-1", quantity="about 5", due_date=date(2026, 4, 1)))
    runs(line("SO-1", quantity=Decimal("5"), due_date="soon"))
    (exported,) = store.export_orders()
    assert exported["fields"]["quantity"]["value"] == "5"
    assert exported["fields"]["due_date"]["value"] == "soon"
    assert {f["status"] for f in exported["fields"].values()} == {"proven"}


# --- questions ----------------------------------------------------------------------------------------------


def test_a_question_is_asked_once_and_closed_when_the_row_is_clean(store: SqlStore) -> None:
    runs = Runs(store)
    doubtful = line("SO-1", status="open", doubtful={"status": Doubt.LOOKALIKE})
    assert runs(doubtful).reviews_new == 1
    assert runs(doubtful).reviews_new == 0
    (stored,) = store.reviews("demo")
    assert (stored.run_id, stored.item.line) == ("run-1", doubtful)
    assert stored.last_seen > stored.created_at
    assert store.evidence_in_use() == {"5" * 64, "pic-open", "pic-SO-1", "pic-1"}
    assert runs(line("SO-1", status="open")).reviews_closed == 1
    assert store.open_reviews() == []
    assert store.review(stored.id).state == "superseded"
    assert store.baseline("demo")[key("SO-1")].fields["status"] == "open"


def test_another_doubt_about_the_same_row_replaces_the_question(store: SqlStore) -> None:
    runs = Runs(store)
    runs(line("SO-1", status="open", doubtful={"status": Doubt.UNPROVEN}))
    result = runs(line("SO-1", status="0pen", doubtful={"status": Doubt.UNPROVEN}))
    assert (result.reviews_new, result.reviews_closed) == (1, 1)
    assert [item.line.fields["status"].value for item in store.open_reviews()] == ["0pen"]


def test_a_question_about_a_key_ends_only_with_a_complete_list(store: SqlStore) -> None:
    runs = Runs(store)
    runs(line("SO-1", status="open"), line("S0-2", status="open", doubtful={"order_no": Doubt.LOOKALIKE}))
    assert runs(line("SO-1", status="open"), complete=False).reviews_closed == 0
    assert runs(line("SO-1", status="open")).reviews_closed == 1


def test_runs_are_kept_and_added_up(store: SqlStore) -> None:
    runs = Runs(store)
    for rows, straight in ((100, 90), (100, 80)):
        run_id = runs.begin()
        store.finish_run(
            RunSummary(
                run_id=run_id,
                source="demo",
                status=RunStatus.OK,
                complete=True,
                rows=rows,
                straight_through=straight,
                seconds={"read": 2.0 if straight == 90 else 4.0},
                why_not=("a",),
                started_at=runs.now,
                finished_at=runs.now,
            )
        )
    newest, _ = store.last_runs(2)
    assert newest == store.run("run-2")
    assert (newest.why_not, newest.started_at, newest.status) == (("a",), runs.now, RunStatus.OK)
    runs.begin()
    figures = store.figures("demo")
    assert figures.straight_through == pytest.approx(0.85)
    assert figures.seconds == {"read": pytest.approx(3.0)}
    assert figures.by_status == {"ok": 2, "running": 1}
    assert figures.last_complete == newest.finished_at
    assert store.counts("demo")["orders_active"] == 0


# --- kill -9 ------------------------------------------------------------------------------------------------

_KILLED = """
import os, signal, sys
sys.path[:0] = {paths!r}
from sqlalchemy import event
from sqlalchemy.engine import Engine
from store_samples import Runs, line
from bridge.store import SqlStore

store = SqlStore({url!r})
runs = Runs(store)
runs._numbers = iter([{number}])
run_id = runs.begin()
left = {statements}

@event.listens_for(Engine, "before_cursor_execute")
def die(*_):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)

@event.listens_for(Engine, "commit")
def die_at_commit(_):
    if {at_commit}:
        os.kill(os.getpid(), signal.SIGKILL)

from store_samples import seen
observed = seen(line("SO-1", status="closed"), line("SO-2", status="new"))
from bridge.records import Change, ChangeKind, ChangeSet
changes = runs.find(observed) if not {at_commit} else ChangeSet(source="demo", changes=(
    Change(kind=ChangeKind.CHANGED, source="demo", key="SO-1\\x1f1", order_no="SO-1",
           before={{"status": "open"}}, after={{"status": "closed"}}),))
store.commit(run_id, observed, changes, receivers=["erp2"], now=runs.now)
"""


def _killed(url: str, number: int, statements: int, at_commit: bool = False) -> int:
    here = Path(__file__).parent
    code = _KILLED.format(
        paths=[str(here), str(here.parents[1])], url=url, number=number, statements=statements, at_commit=at_commit
    )
    return subprocess.run([sys.executable, "-c", code], timeout=60, env={**os.environ}).returncode


@pytest.mark.slow
def test_a_kill_in_the_middle_of_commit_leaves_all_or_nothing(store: SqlStore, url: str) -> None:
    runs = Runs(store)
    runs(line("SO-1", status="open"))

    def state() -> tuple[object, ...]:
        return (
            sql(url, "SELECT key, fields FROM baseline ORDER BY key"),
            sql(url, "SELECT key, status, version FROM orders ORDER BY key"),
            sql(url, "SELECT message_id FROM outbox"),
            sql(url, "SELECT id FROM order_events"),
            sql(url, "SELECT content, times FROM observations ORDER BY id"),
        )

    before = str(state())
    killed = 0
    assert _killed(url, 50, 10_000, at_commit=True) == -signal.SIGKILL
    assert str(state()) == before
    for statements in range(2, 60, 4):
        code = _killed(url, 100 + statements, statements)
        if code == 0:
            break
        assert code == -signal.SIGKILL
        assert str(state()) == before
        killed += 1
    else:
        pytest.fail("the commit never got through")
    assert killed >= 3
    types = [b["type"] for b in _bodies(url)]
    assert sorted(types) == ["order.added", "order.added", "order.changed"]
