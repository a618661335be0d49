"""The lines of one order go out together, on both databases: decided ones, doubtful ones, proven ones."""

from __future__ import annotations

import json
from typing import Any

from store_samples import Runs, key, line, sql
from test_decisions import _decide

from bridge.interfaces import StoredReview
from bridge.records import Doubt, OrderLine, Scalar
from bridge.store import SqlStore


def _line(number: str, *, doubtful: bool = False, order: str = "SO-1", **fields: Scalar) -> OrderLine:
    return line(order, number, doubtful={"sku": Doubt.UNPROVEN} if doubtful else None, **{"sku": "A1", **fields})


def _sent(url: str) -> list[tuple[str, str]]:
    """(line number, sku) of each message, in order."""
    bodies: list[dict[str, Any]] = [json.loads(r.body) for r in sql(url, "SELECT body FROM outbox ORDER BY id")]
    return [(b["key"][1], b["fields"]["sku"]) for b in bodies]


def _questions(store: SqlStore) -> dict[str, StoredReview]:
    return {str(r.item.key).split("\x1f")[1]: r for r in store.reviews("demo")}


def test_a_decided_line_waits_for_its_doubtful_siblings_and_takes_the_proven_ones_along(
    store: SqlStore, url: str
) -> None:
    decide = _decide(store)
    Runs(store)(_line("1", doubtful=True), _line("2", doubtful=True), _line("3"), _line("9", order="SO-2"))
    assert _sent(url) == [("9", "A1")]
    asked = _questions(store)
    assert decide.accept(asked["1"].id, by="li").messages == 0
    assert _sent(url) == [("9", "A1")]
    assert store.baseline("demo").keys() == {key("SO-2", "9")}
    assert decide.accept(asked["2"].id, by="li").messages == 3
    assert sorted(_sent(url)[1:]) == [("1", "A1"), ("2", "A1"), ("3", "A1")]


def test_a_sibling_that_is_no_order_frees_the_others(store: SqlStore, url: str) -> None:
    decide = _decide(store)
    Runs(store)(_line("1", doubtful=True), _line("2", doubtful=True))
    asked = _questions(store)
    decide.accept(asked["1"].id, by="li")
    decide.not_an_order(asked["2"].id, by="li")
    assert _sent(url) == [("1", "A1")]


def test_a_run_that_reads_the_sibling_without_doubt_sends_what_waited(store: SqlStore, url: str) -> None:
    runs, decide = Runs(store), _decide(store)
    runs(_line("1", doubtful=True), _line("2", doubtful=True))
    decide.accept(_questions(store)["1"].id, by="li")
    runs(_line("1", doubtful=True), _line("2"))
    # To the run line 1 is as doubtful as before; but nothing is asked any more.
    assert sorted(_sent(url)) == [("1", "A1"), ("2", "A1")]
    assert store.reviews("demo") == []
    runs(_line("1", doubtful=True), _line("2", sku="B2"))
    assert _sent(url)[2:] == [("2", "B2")], "a doubt that was answered holds its order no longer"


def test_what_was_decided_gives_way_to_a_later_proven_reading(store: SqlStore, url: str) -> None:
    runs, decide = Runs(store), _decide(store)
    runs(_line("1", doubtful=True), _line("2", doubtful=True))
    decide.accept(_questions(store)["1"].id, by="li")
    runs(_line("1", sku="B2"), _line("2", doubtful=True))
    assert _sent(url) == []
    decide.accept(_questions(store)["2"].id, by="li")
    assert sorted(_sent(url)) == [("1", "B2"), ("2", "A1")], "never the older value"


def test_what_was_decided_of_a_line_that_is_gone_from_the_list_goes_nowhere(store: SqlStore, url: str) -> None:
    runs, decide = Runs(store), _decide(store)
    runs(_line("1", doubtful=True), _line("2", doubtful=True))
    decide.accept(_questions(store)["1"].id, by="li")
    runs(_line("2"))
    assert _sent(url) == [("2", "A1")]
    runs(_line("2"))
    assert _sent(url) == [("2", "A1")]


def test_an_incomplete_list_leaves_it_waiting(store: SqlStore, url: str) -> None:
    runs, decide = Runs(store), _decide(store)
    runs(_line("1", doubtful=True), _line("2", doubtful=True))
    decide.accept(_questions(store)["1"].id, by="li")
    runs(_line("2", doubtful=True), complete=False)
    assert _sent(url) == []
    decide.accept(_questions(store)["2"].id, by="li")
    assert sorted(_sent(url)) == [("1", "A1"), ("2", "A1")]


def test_undo_of_a_decision_that_waits_and_of_one_that_went_out_later(store: SqlStore, url: str) -> None:
    decide = _decide(store)
    Runs(store)(_line("1", doubtful=True), _line("2", doubtful=True))
    asked = _questions(store)
    decide.accept(asked["1"].id, by="li", batch="b1")
    assert decide.undo("b1", by="li") == [asked["1"].id]
    assert _questions(store).keys() == {"1", "2"}
    decide.accept(asked["2"].id, by="li", batch="b2")
    assert _sent(url) == []
    decide.accept(asked["1"].id, by="li", batch="b3")
    assert len(_sent(url)) == 2
    assert decide.undo("b2", by="li") == [asked["2"].id]
    assert store.baseline("demo").keys() == {key("SO-1", "1")}
    assert [r.state for r in sql(url, "SELECT state FROM outbox ORDER BY id")].count("dropped") == 1


def test_the_changes_of_known_lines_wait_too(store: SqlStore, url: str) -> None:
    runs, decide = Runs(store), _decide(store)
    runs(_line("1"), _line("2"), _line("3"))
    told = len(_sent(url))
    runs(_line("1", sku="B1"), _line("2", sku="B2", doubtful=True), _line("3", sku="B3", doubtful=True))
    assert len(_sent(url)) == told
    asked = _questions(store)
    decide.accept(asked["2"].id, by="li")
    assert len(_sent(url)) == told
    decide.keep(asked["3"].id, by="li")
    assert sorted(_sent(url)[told:]) == [("1", "B1"), ("2", "B2")]
    runs(_line("1", sku="B1"), _line("2", sku="B2"), _line("3"))
    assert len(_sent(url)) == told + 2, "nothing is told twice"


def test_a_row_that_may_be_the_orders_holds_its_other_lines_though_nothing_is_asked_of_it(
    store: SqlStore, url: str
) -> None:
    nameless = line("S0-1", "2", doubtful={"order_no": Doubt.UNPROVEN}, sku="A1")
    runs = Runs(store)
    runs(_line("1"), nameless)
    runs(_line("1"), nameless)
    assert _sent(url) == []
