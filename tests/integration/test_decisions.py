"""People's decisions, from the question that a real commit filed to the message that goes out."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from store_samples import NOW, Runs, key, line, seen, sql

from bridge.errors import AlreadyDecided, UsageError
from bridge.interfaces import StoredReview
from bridge.profiles import Checks, Column, ColumnType, Product, parse_profile
from bridge.reconcile import Breaker
from bridge.records import ChangeKind, Doubt, OrderLine, ReviewKind, Scalar, Witness
from bridge.review.decisions import CHOICES, Decide
from bridge.store import SqlStore

PROFILE = parse_profile(
    {
        "name": "demo",
        "list": {"where": {"at": "table"}},
        "unit": "line",
        "key": ["order_no", "line_no"],
        "columns": [
            {"heading": "单号", "field": "order_no", "type": "code", "required": True},
            {"heading": "行", "field": "line_no", "type": "code", "required": True},
            {"heading": "品名", "field": "sku", "type": "code"},
            {"heading": "数量", "field": "quantity", "type": "decimal"},
            {"heading": "金额", "field": "amount", "type": "money"},
            {"heading": "状态", "field": "status", "type": "status"},
        ],
        "mappings": {"status": {"未发": "open", "已发": "shipped"}},
    },
    "test",
)

LATER = NOW + timedelta(days=1)


def _decide(store: SqlStore, *, with_arithmetic: bool = False) -> Decide:
    product = Product(quantity="quantity", price="price", amount="amount")
    columns = (*PROFILE.columns, Column(heading="单价", field="price", type=ColumnType.MONEY))
    checked = PROFILE.model_copy(update={"columns": columns, "checks": Checks(product=product)})
    profile = checked if with_arithmetic else PROFILE
    return Decide(store, profile_of=lambda _s: profile, receivers_of=lambda _s: ["erp2"], clock=lambda: LATER)


def _row(no: str = "SO-1", *, doubtful: Mapping[str, Doubt] | None = None, **fields: Scalar) -> OrderLine:
    """With the ERP's words for the status, as parse makes them: displayed 未发, meaning open."""
    made = line(no, doubtful=doubtful, **{"sku": "A1", "status": "open", **fields})
    status = made.fields["status"]
    words = {"open": "未发", "shipped": "已发"}
    shown = replace(status.reading, text=words.get(str(status.value), str(status.value)))
    return replace(made, fields={**made.fields, "status": replace(status, reading=shown)})


def _asked(runs: Runs, *rows: OrderLine) -> StoredReview:
    runs(*rows)
    (item,) = runs.store.reviews("demo")
    return item


def _last_body(url: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(sql(url, "SELECT body FROM outbox ORDER BY id DESC LIMIT 1")[0].body)
    return body


def _messages(url: str) -> int:
    return len(sql(url, "SELECT 1 FROM outbox"))


def test_accepting_the_guess_sends_the_order_and_teaches_the_picture(store: SqlStore, url: str) -> None:
    runs = Runs(store)
    row = _row(doubtful={"sku": Doubt.UNPROVEN})
    item = _asked(runs, row)
    assert _messages(url) == 0
    decided = _decide(store).accept(item.id, by="li", note="clear enough")
    assert decided.change is not None
    assert (decided.change.kind, decided.messages) == (ChangeKind.ADDED, 1)
    body = _last_body(url)
    assert (body["type"], body["fields"]["sku"], body["run_id"]) == ("order.added", "A1", None)
    assert "person" in body["evidence"]["sku"]["witnesses"]
    assert store.baseline("demo")[key("SO-1")].fields["sku"] == "A1"
    assert Witness.PERSON in store.lookup("demo", ["pic-A1"])["pic-A1"].witnesses
    assert store.reviews() == []
    (kept,) = sql(url, 'SELECT action, "by", note, "change" FROM decisions')
    assert tuple(kept) == ("accept", "li", "clear enough", "added")
    (event,) = sql(url, 'SELECT event, "by" FROM order_events')
    assert tuple(event) == ("added", "li")


def test_the_same_is_not_asked_again_and_not_sent_again(store: SqlStore, url: str) -> None:
    runs = Runs(store)
    row = _row(doubtful={"sku": Doubt.LOOKALIKE})
    item = _asked(runs, row)
    _decide(store).type_values(item.id, {"sku": "AI"}, by="li")
    assert _last_body(url)["fields"]["sku"] == "AI"
    for _ in range(3):
        assert runs(row).reviews_new == 0
    assert runs(_row(sku="AI")).outbox == 0
    assert _messages(url) == 1


def test_something_else_that_changes_in_a_decided_row_is_asked_about(store: SqlStore, url: str) -> None:
    """Else a change that is proven would be held back for ever by a doubt that was answered."""
    runs = Runs(store)
    item = _asked(runs, _row(doubtful={"sku": Doubt.LOOKALIKE}, amount=5))
    _decide(store).accept(item.id, by="li")
    assert runs(_row(doubtful={"sku": Doubt.LOOKALIKE}, amount=7)).reviews_new == 1


def test_an_answer_lets_out_the_row_as_the_erp_shows_it_now(store: SqlStore, url: str) -> None:
    """The question stays the same while something proven beside it moves on."""
    runs = Runs(store)
    first = _asked(runs, _row(doubtful={"sku": Doubt.UNPROVEN}, status="open"))
    again = _asked(runs, _row(doubtful={"sku": Doubt.UNPROVEN}, status="shipped"))
    assert again.id == first.id
    _decide(store).accept(again.id, by="li")
    assert _last_body(url)["fields"]["status"] == "shipped"


@pytest.mark.parametrize("doubt", [Doubt.LOOKALIKE, Doubt.CUT])
def test_a_picture_that_could_be_several_texts_teaches_nothing(store: SqlStore, doubt: Doubt) -> None:
    item = _asked(Runs(store), _row(doubtful={"sku": doubt}))
    _decide(store).type_values(item.id, {"sku": "AI-LONG"}, by="li")
    assert store.lookup("demo", ["pic-A1"]) == {}


def test_typed_values_are_parsed_like_the_column(store: SqlStore, url: str) -> None:
    runs = Runs(store)
    runs(_row(quantity=Decimal("5")))
    item = _asked(runs, _row(quantity=Decimal("8"), doubtful={"quantity": Doubt.UNPROVEN}))
    decided = _decide(store).type_values(item.id, {"quantity": " 1,200.5 "}, by="li")
    assert decided.change is not None
    assert decided.change.kind is ChangeKind.CHANGED
    body = _last_body(url)
    assert (body["fields"]["quantity"], body["previous"]) == ("1200.5", {"quantity": "5"})
    assert store.lookup("demo", ["pic-8"])["pic-8"].text == "1,200.5"


def test_an_illegal_value_is_refused_and_changes_nothing(store: SqlStore, url: str) -> None:
    item = _asked(Runs(store), _row(quantity=8, doubtful={"quantity": Doubt.UNPROVEN, "sku": Doubt.UNPROVEN}))
    decide = _decide(store)
    with pytest.raises(UsageError, match=r"quantity: 'many' is not possible there.*illegal"):
        decide.type_values(item.id, {"quantity": "many", "sku": "A1"}, by="li")
    with pytest.raises(UsageError, match="sku: no value was given"):
        decide.type_values(item.id, {"quantity": "8"}, by="li")
    with pytest.raises(UsageError, match="no field colour"):
        decide.type_values(item.id, {"colour": "red"}, by="li")
    assert [open_.id for open_ in decide.open()] == [item.id]
    assert _messages(url) == 0
    assert sql(url, "SELECT 1 FROM decisions") == []
    assert store.lookup("demo", ["pic-8", "pic-A1"]) == {}


@pytest.mark.parametrize("read_for_sure", [True, False])
def test_our_own_word_is_an_answer_but_no_text_of_a_picture(
    store: SqlStore, url: str, read_for_sure: bool
) -> None:
    row = _row(status="己发", doubtful={"status": Doubt.UNKNOWN_WORD})
    status = row.fields["status"]
    status = replace(status, reading=replace(status.reading, proven=read_for_sure))
    item = _asked(Runs(store), replace(row, fields={**row.fields, "status": status}))
    decide = _decide(store)
    if read_for_sure:
        decide.type_values(item.id, {"status": "shipped"}, by="li")
        assert _last_body(url)["fields"]["status"] == "shipped"
    else:  # what the ERP shows is not known yet
        with pytest.raises(UsageError, match="unknown_word"):
            decide.type_values(item.id, {"status": "shipped"}, by="li")
        assert _messages(url) == 0
    assert store.lookup("demo", ["pic-己发"]) == {}


def test_arithmetic_that_is_wrong_in_the_erp_itself_can_be_accepted(store: SqlStore, url: str) -> None:
    figures = {"quantity": Decimal("2"), "price": Decimal("3.00"), "amount": Decimal("7.00")}
    row = _row(doubtful={"amount": Doubt.ARITHMETIC}, **figures)
    amount = row.fields["amount"]
    proven = replace(amount, reading=replace(amount.reading, proven=True, doubts=()))
    item = _asked(Runs(store), replace(row, fields={**row.fields, "amount": proven}))
    decide = _decide(store, with_arithmetic=True)
    with pytest.raises(UsageError, match="price: no value was given"):
        decide.type_values(item.id, {"amount": "7.00"}, by="li")
    decide.accept(item.id, by="li")
    assert _last_body(url)["fields"]["amount"] == "7.00"


def test_nothing_legible_cannot_be_accepted(store: SqlStore) -> None:
    item = _asked(Runs(store), _row(sku=None, doubtful={"sku": Doubt.NO_TEXT}))
    with pytest.raises(UsageError, match="nothing legible"):
        _decide(store).accept(item.id, by="li")


def test_keeping_the_stored_value_lets_the_rows_other_changes_out(store: SqlStore, url: str) -> None:
    runs = Runs(store)
    runs(_row(status="open"))
    item = _asked(runs, _row(sku="AI", status="shipped", doubtful={"sku": Doubt.UNPROVEN}))
    _decide(store).keep(item.id, by="li")
    body = _last_body(url)
    assert (body["changed"], body["fields"]["sku"], body["fields"]["status"]) == (["status"], "A1", "shipped")
    assert store.lookup("demo", ["pic-AI"]) == {}


def test_there_is_nothing_to_keep_of_a_new_order(store: SqlStore) -> None:
    item = _asked(Runs(store), _row(doubtful={"sku": Doubt.UNPROVEN}))
    with pytest.raises(UsageError, match="no stored value of sku"):
        _decide(store).keep(item.id, by="li")
    assert len(store.reviews()) == 1


def test_a_doubtful_key_is_settled_by_typing_it(store: SqlStore, url: str) -> None:
    runs = Runs(store)
    runs(_row("SO-1", status="open"))
    item = _asked(runs, _row("S0-1", status="shipped", doubtful={"order_no": Doubt.LOOKALIKE}))
    assert item.item.kind is ReviewKind.DOUBTFUL_KEY
    decided = _decide(store).type_values(item.id, {"order_no": "SO-1"}, by="li")
    assert decided.change is not None
    assert (decided.change.kind, decided.change.key) == (ChangeKind.CHANGED, key("SO-1"))
    assert set(store.baseline("demo")) == {key("SO-1")}
    assert _last_body(url)["changed"] == ["status"]


def test_what_is_no_order_is_never_sent_and_not_asked_again(store: SqlStore, url: str) -> None:
    runs = Runs(store)
    row = _row("合计", doubtful={"order_no": Doubt.ILLEGAL})
    item = _asked(runs, row)
    decided = _decide(store).not_an_order(item.id, by="li")
    assert (decided.change, decided.messages) == (None, 0)
    assert store.not_orders("demo") == {item.item.fingerprint}
    assert runs(row).reviews_new == 0
    assert _messages(url) == 0


def test_two_rows_with_one_key_need_another_key(store: SqlStore) -> None:
    runs = Runs(store)
    twins = [_row("SO-1", sku=sku, doubtful={"order_no": Doubt.DUPLICATE_KEY}) for sku in ("A1", "B2")]
    proven = [
        replace(t, fields={**t.fields, "order_no": replace(f, reading=replace(f.reading, proven=True, doubts=()))})
        for t in twins
        for f in [t.fields["order_no"]]
    ]
    item = _asked(runs, *proven)
    assert item.item.kind is ReviewKind.DUPLICATE_KEY
    decide = _decide(store)
    with pytest.raises(UsageError, match="accept is no answer"):
        decide.accept(item.id, by="li")
    with pytest.raises(UsageError, match="another row shows this very key"):
        decide.type_values(item.id, {"order_no": "SO-1"}, by="li")
    decided = decide.type_values(item.id, {"order_no": "SO-7"}, by="li")
    assert decided.change is not None
    assert decided.change.key == key("SO-7")


def test_a_released_hold_is_applied_by_the_next_run_and_only_by_that(store: SqlStore, url: str) -> None:
    runs = Runs(store)
    tight = Breaker(max_changed_percent=10, min_rows=1)
    runs(_row(status="open"), breaker=tight)
    item = _asked_held(runs, tight)
    _decide(store).release(item.id, by="li")
    assert store.released("demo") == item.item.fingerprint
    assert runs(_row(status="shipped"), complete=False, breaker=tight).outbox == 1
    assert store.released("demo") is not None  # an incomplete list does not use it up
    assert runs(_row(status="shipped"), breaker=tight).outbox == 0
    assert store.released("demo") is None
    held_again = runs(_row(status="open"), breaker=tight)
    assert (held_again.outbox, held_again.reviews_new) == (0, 1)


def _asked_held(runs: Runs, tight: Breaker) -> StoredReview:
    assert runs(_row(status="shipped"), breaker=tight).outbox == 0
    (item,) = runs.store.reviews("demo")
    assert item.item.kind is ReviewKind.BREAKER
    return item


def test_a_hold_that_was_dropped_is_not_asked_again_until_the_list_was_well(store: SqlStore) -> None:
    runs = Runs(store)
    tight = Breaker(max_changed_percent=10, min_rows=1)
    runs(_row(status="open"))
    item = _asked_held(runs, tight)
    _decide(store).drop(item.id, by="li")
    assert runs(_row(status="shipped"), breaker=tight).reviews_new == 0
    runs(_row(status="open"), breaker=tight)
    assert runs(_row(status="shipped"), breaker=tight).reviews_new == 1


def test_a_hold_is_not_answered_like_a_row_nor_a_row_like_a_hold(store: SqlStore) -> None:
    runs = Runs(store)
    item = _asked(runs, _row(doubtful={"sku": Doubt.UNPROVEN}))
    with pytest.raises(UsageError, match="release is no answer to it; choose from accept, type, keep"):
        _decide(store).release(item.id, by="li")
    with pytest.raises(UsageError, match="no question 4711"):
        _decide(store).drop(4711, by="li")
    assert set(CHOICES) == set(ReviewKind)


def test_the_second_of_two_people_is_told_who_was_first(store: SqlStore, url: str) -> None:
    item = _asked(Runs(store), _row(doubtful={"sku": Doubt.UNPROVEN}))
    _decide(store).accept(item.id, by="li")
    with pytest.raises(AlreadyDecided, match="decided already, by li"):
        _decide(store).type_values(item.id, {"sku": "AI"}, by="wang")
    assert _messages(url) == 1
    assert len(sql(url, "SELECT 1 FROM decisions")) == 1


def test_of_two_people_at_the_same_instant_one_wins(url: str) -> None:
    store = SqlStore(url)
    item = _asked(Runs(store), _row(doubtful={"sku": Doubt.UNPROVEN}))
    store.close()
    start = threading.Barrier(4)
    answers: list[str] = []

    def answer(name: str) -> None:
        mine = SqlStore(url, wait_s=30)
        start.wait(30)
        try:
            _decide(mine).accept(item.id, by=name)
            answers.append("won")
        except AlreadyDecided:
            answers.append("late")
        mine.close()

    threads = [threading.Thread(target=answer, args=(f"p{i}",)) for i in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    assert sorted(answers) == ["late", "late", "late", "won"]
    assert _messages(url) == 1


def test_a_question_that_became_idle_cannot_be_answered(store: SqlStore, url: str) -> None:
    runs = Runs(store)
    item = _asked(runs, _row(doubtful={"sku": Doubt.UNPROVEN}))
    runs(_row())
    with pytest.raises(AlreadyDecided, match="has become idle"):
        _decide(store).type_values(item.id, {"sku": "XX"}, by="li")
    assert _last_body(url)["fields"]["sku"] == "A1"


def test_a_run_that_was_under_way_while_a_person_decided_sends_nothing_twice(store: SqlStore, url: str) -> None:
    runs = Runs(store)
    item = _asked(runs, _row(doubtful={"sku": Doubt.UNPROVEN}))
    run_id = runs.begin()
    observed = seen(_row())
    found = runs.find(observed)  # before the decision: still a new order
    assert [c.kind for c in found.changes] == [ChangeKind.ADDED]
    _decide(store).accept(item.id, by="li")
    result = store.commit(run_id, observed, found, receivers=["erp2"], now=runs.now)
    assert result.outbox == 0
    assert _messages(url) == 1
