"""A decision taken back: the question, the order, what was taught and what was told."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from store_samples import Runs, key, sql
from test_decisions import LATER, _asked, _decide, _last_body, _row

from bridge.errors import UsageError
from bridge.reconcile import Breaker
from bridge.records import Doubt
from bridge.review.decisions import Decide
from bridge.store import SqlStore


def _batch(url: str) -> str:
    return str(sql(url, "SELECT batch FROM decisions ORDER BY id DESC LIMIT 1")[0].batch)


def _sent(url: str) -> None:
    """The relay took everything."""
    sql(url, "UPDATE outbox SET state = 'sent', attempts = 1")


def _types(url: str) -> list[tuple[str, str]]:
    return [(json.loads(r.body)["type"], r.state) for r in sql(url, "SELECT body, state FROM outbox ORDER BY id")]


def test_a_new_order_that_nobody_was_told_of_never_was(store: SqlStore, url: str) -> None:
    runs = Runs(store)
    row = _row(doubtful={"sku": Doubt.UNPROVEN})
    item = _asked(runs, row)
    decide = _decide(store)
    decide.accept(item.id, by="li")
    assert decide.undo(_batch(url), by="li") == [item.id]
    assert [r.id for r in store.reviews()] == [item.id]
    assert store.baseline("demo") == {}
    assert sql(url, "SELECT 1 FROM orders") == []
    assert _types(url) == [("order.added", "dropped")]
    assert store.lookup("demo", ["pic-A1"]) == {}
    assert [tuple(r) for r in sql(url, 'SELECT event, "by" FROM order_events ORDER BY id')] == [
        ("added", "li"),
        ("undone", "li"),
    ]
    assert runs(row).reviews_new == 0  # it still stands
    decide.type_values(item.id, {"sku": "AI"}, by="li")
    assert (_last_body(url)["type"], _last_body(url)["fields"]["sku"]) == ("order.added", "AI")


def test_a_change_that_was_told_is_followed_by_what_stood_before(store: SqlStore, url: str) -> None:
    runs = Runs(store)
    runs(_row(status="open"))
    item = _asked(runs, _row(sku="AI", status="shipped", doubtful={"sku": Doubt.UNPROVEN}))
    before = store.baseline("demo")[key("SO-1")]
    decide = _decide(store)
    decide.accept(item.id, by="li")
    _sent(url)
    decide.undo(_batch(url), by="wang")
    assert store.baseline("demo")[key("SO-1")] == before
    body = _last_body(url)
    assert (body["type"], body["fields"]["sku"], body["fields"]["status"]) == ("order.changed", "A1", "open")
    assert [s for _, s in _types(url)] == ["sent", "sent", "pending"]
    (order,) = sql(url, "SELECT sku, status, version FROM orders")
    assert tuple(order) == ("A1", "open", 3)


def test_a_change_that_nobody_was_told_of_is_taken_back_in_silence(store: SqlStore, url: str) -> None:
    runs = Runs(store)
    runs(_row(status="open"))
    _sent(url)
    item = _asked(runs, _row(sku="AI", doubtful={"sku": Doubt.UNPROVEN}))
    decide = _decide(store)
    decide.accept(item.id, by="li")
    decide.undo(_batch(url), by="li")
    assert _types(url) == [("order.added", "sent"), ("order.changed", "dropped")]
    assert sql(url, "SELECT sku FROM orders")[0].sku == "A1"


def test_a_new_order_that_was_told_is_told_to_be_gone(store: SqlStore, url: str) -> None:
    runs = Runs(store)
    item = _asked(runs, _row(doubtful={"sku": Doubt.UNPROVEN}))
    decide = _decide(store)
    decide.accept(item.id, by="li")
    _sent(url)
    decide.undo(_batch(url), by="li")
    assert _types(url)[-1] == ("order.gone", "pending")
    decide.accept(item.id, by="li")
    assert _types(url)[-1] == ("order.back", "pending")


def test_a_decision_that_something_newer_rests_on_is_not_undone(store: SqlStore, url: str) -> None:
    runs = Runs(store)
    item = _asked(runs, _row(doubtful={"sku": Doubt.LOOKALIKE}))
    decide = _decide(store)
    decide.accept(item.id, by="li")
    batch = _batch(url)
    runs(_row(status="shipped"))
    kept = store.baseline("demo")
    with pytest.raises(UsageError, match="has changed since"):
        decide.undo(batch, by="li")
    assert store.baseline("demo") == kept
    assert store.reviews() == []


def test_what_is_undone_once_is_undone(store: SqlStore, url: str) -> None:
    item = _asked(Runs(store), _row("合计", doubtful={"order_no": Doubt.ILLEGAL}))
    decide = _decide(store)
    decide.not_an_order(item.id, by="li")
    decide.undo(_batch(url), by="li")
    assert store.not_orders("demo") == frozenset()
    with pytest.raises(UsageError, match="undone already"):
        decide.undo(_batch(url), by="li")
    with pytest.raises(UsageError, match="no such decision"):
        decide.undo("4711", by="li")


def test_what_a_person_taught_before_comes_back(store: SqlStore, url: str) -> None:
    runs = Runs(store)
    first = _asked(runs, _row("SO-1", sku="A1", doubtful={"sku": Doubt.UNPROVEN}))
    decide = _decide(store)
    decide.accept(first.id, by="li")
    second = _asked(runs, _row("SO-1", sku="A1"), _row("SO-2", sku="A1", doubtful={"sku": Doubt.CONTRADICTION}))
    decide.type_values(second.id, {"sku": "AI"}, by="zhao")
    assert store.lookup("demo", ["pic-A1"])["pic-A1"].text == "AI"
    decide.undo(_batch(url), by="zhao")
    assert store.lookup("demo", ["pic-A1"])["pic-A1"].text == "A1"


def test_a_release_is_taken_back_only_before_a_run_used_it(store: SqlStore, url: str) -> None:
    runs, tight = Runs(store), Breaker(max_changed_percent=10, min_rows=1)
    runs(_row(status="open"))
    runs(_row(status="shipped"), breaker=tight)
    (item,) = store.reviews("demo")
    decide = _decide(store)
    decide.release(item.id, by="li")
    decide.undo(_batch(url), by="li")
    assert store.released("demo") is None
    decide.release(item.id, by="li")
    assert runs(_row(status="shipped"), breaker=tight).outbox == 1
    with pytest.raises(UsageError, match="cannot be undone"):
        decide.undo(_batch(url), by="li")


def test_one_key_decides_and_undoes_several(store: SqlStore, url: str) -> None:
    rows = [_row(f"SO-{n}", doubtful={"sku": Doubt.UNPROVEN}) for n in range(3)]
    Runs(store)(*rows)
    decide = _decide(store)
    for item in store.reviews():
        decide.accept(item.id, by="li", batch="one-key")
    assert len(store.baseline("demo")) == 3
    assert len(decide.undo("one-key", by="li")) == 3
    assert store.baseline("demo") == {}
    assert len(store.reviews()) == 3
    assert store.lookup("demo", ["pic-A1"]) == {}


# --- the audit trail -----------------------------------------------------------------------------------------

Tamper = Callable[[str], Any]


def _trail(store: SqlStore) -> Decide:
    """Five entries."""
    Runs(store)(*(_row(f"SO-{n}", doubtful={"sku": Doubt.UNPROVEN}) for n in range(5)))
    decide = _decide(store)
    for item in store.reviews():
        decide.accept(item.id, by="李", note="看过 \u202e")
    return decide


def test_every_decision_and_undo_is_in_the_trail(store: SqlStore, url: str) -> None:
    decide = _trail(store)
    decide.undo(_batch(url), by="wang")
    entries = store.audit(10)
    assert [(e.number, e.actor, e.action) for e in entries][:2] == [(6, "wang", "undo"), (5, "李", "accept")]
    assert entries[1].details["values"] == {"sku": "A1"}
    assert entries[1].at == LATER
    checked = store.verify_audit()
    assert (checked.entries, checked.faults, checked.end) == (6, (), entries[0].hash)
    assert store.verify_audit(entries[3].hash).faults == ()


def test_a_decision_that_fails_leaves_no_entry(store: SqlStore) -> None:
    item = _asked(Runs(store), _row(quantity=8, doubtful={"quantity": Doubt.UNPROVEN}))
    with pytest.raises(UsageError):
        _decide(store).type_values(item.id, {"quantity": "many"}, by="li")
    assert store.verify_audit().entries == 0


def _as_owner(url: str, *statements: str) -> None:
    """Someone who may change the schema, too: the triggers are no hindrance."""
    if url.startswith("sqlite"):
        for name in ("audit_no_update", "audit_no_delete"):
            sql(url, f"DROP TRIGGER {name}")
    else:
        sql(url, "DROP TRIGGER audit_append_only ON audit")
    for statement in statements:
        sql(url, statement)


@pytest.mark.parametrize(
    ("statements", "fault"),
    [
        (["UPDATE audit SET actor = 'zhao' WHERE number = 3"], "entry 3 was changed"),
        (["UPDATE audit SET details = '{}' WHERE number = 1"], "entry 1 was changed"),
        (["DELETE FROM audit WHERE number = 3"], "entry 3 was removed"),
        (["DELETE FROM audit WHERE number < 3"], "entries 1 to 2 were removed"),
        (["DELETE FROM audit WHERE number > 3"], "entries 4 to 5 were removed"),
        (["DELETE FROM audit"], "entries 1 to 5 were removed"),
        (
            [
                "UPDATE audit SET number = 99 WHERE number = 2",
                "UPDATE audit SET number = 2 WHERE number = 3",
                "UPDATE audit SET number = 3 WHERE number = 99",
            ],
            "entry 2 does not follow entry 1: replaced or reordered",
        ),
        (
            ["DELETE FROM audit WHERE number = 3", "UPDATE audit SET number = number - 1 WHERE number > 3"],
            "entry 3 does not follow entry 2: replaced or reordered",
        ),
        (["DELETE FROM meta WHERE name = 'audit-end'"], "the note of the trail's end is missing"),
    ],
)
def test_tampering_is_noticed(store: SqlStore, url: str, statements: list[str], fault: str) -> None:
    _trail(store)
    _as_owner(url, *statements)
    assert fault in " / ".join(store.verify_audit().faults)


def test_a_trail_that_was_shortened_with_its_end_is_noticed_by_the_hash_noted_elsewhere(
    store: SqlStore, url: str
) -> None:
    _trail(store)
    end = store.verify_audit().end
    _as_owner(url, "DELETE FROM audit", "DELETE FROM meta WHERE name = 'audit-end'")
    assert store.verify_audit().faults == ()
    assert "is no longer there" in store.verify_audit(end).faults[0]


@pytest.mark.parametrize("statement", ["UPDATE audit SET actor = 'zhao'", "DELETE FROM audit"])
def test_the_database_refuses_to_change_an_entry(store: SqlStore, url: str, statement: str) -> None:
    _trail(store)
    with pytest.raises(Exception, match="append-only"):
        sql(url, statement)
    assert store.verify_audit().faults == ()
