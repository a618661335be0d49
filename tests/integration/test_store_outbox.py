"""The outbox on real databases: order, leases, several workers at once."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import timedelta

import pytest
from store_samples import NOW, Runs, line, sql

from bridge.errors import UsageError
from bridge.records import OutboxMessage
from bridge.store import SqlStore


def _filled(store: SqlStore, orders: int, versions: int = 1) -> Runs:
    runs = Runs(store)
    for version in range(versions):
        runs(*(line(f"SO-{i}", status=f"s{version}") for i in range(orders)))
    return runs


def _lease(store: SqlStore, limit: int = 10, minutes: float = 60, receiver: str = "erp2") -> list[OutboxMessage]:
    return store.lease(receiver, now=NOW + timedelta(minutes=minutes), lease_s=60, limit=limit)


def test_one_message_per_order_number_in_the_order_of_commit(store: SqlStore) -> None:
    _filled(store, orders=3, versions=2)
    first = _lease(store)
    assert [m.order_no for m in first] == ["SO-0", "SO-1", "SO-2"]
    assert [m.attempts for m in first] == [1, 1, 1]
    assert _lease(store) == []
    store.mark_sent(first[1], now=NOW)
    (second,) = _lease(store)
    assert second.order_no == "SO-1"
    assert '"status":"s1"' in second.body
    assert store.pending("erp2") == {"pending": 2, "leased": 3, "sent": 1, "parked": 0}
    assert store.pending("nobody") == {"pending": 0, "leased": 0, "sent": 0, "parked": 0}
    assert store.oldest_unsent() == NOW + timedelta(minutes=10)


def test_receivers_do_not_wait_for_each_other(store: SqlStore) -> None:
    Runs(store, receivers=("a", "b"))(line("SO-1"))
    assert len(_lease(store, receiver="a")) == 1
    (message,) = _lease(store, receiver="b")
    assert message.receiver == "b"


def test_a_lease_that_ended_is_leased_again_under_the_same_id(store: SqlStore) -> None:
    _filled(store, orders=1)
    (first,) = _lease(store)
    assert _lease(store, minutes=60.9) == []
    (again,) = _lease(store, minutes=61)
    assert (again.message_id, again.body, again.attempts) == (first.message_id, first.body, 2)


def test_a_failed_message_waits_for_its_time(store: SqlStore, url: str) -> None:
    _filled(store, orders=1)
    (message,) = _lease(store)
    store.mark_failed(message, error="x" * 2000, retry_at=NOW + timedelta(minutes=70), now=NOW)
    assert _lease(store, minutes=69) == []
    (again,) = _lease(store, minutes=70)
    assert again.attempts == 2
    ((error,),) = sql(url, "SELECT last_error FROM outbox")
    assert error == "x" * 500


def test_a_late_workers_failure_does_not_undo_the_newer_attempt(store: SqlStore) -> None:
    _filled(store, orders=1)
    (late,) = _lease(store, minutes=60)
    (newer,) = _lease(store, minutes=62)
    store.mark_failed(late, error="timeout", retry_at=NOW, now=NOW)
    store.park(late, error="refused", now=NOW)
    assert store.pending()["leased"] == 1
    store.mark_sent(late, now=NOW)  # it did arrive, whoever sent it
    store.mark_failed(newer, error="timeout", retry_at=NOW, now=NOW)
    assert store.pending() == {"pending": 0, "leased": 0, "sent": 1, "parked": 0}


def test_a_parked_message_holds_back_its_order_until_a_person_acts(store: SqlStore) -> None:
    _filled(store, orders=2, versions=3)
    held, other = _lease(store)
    store.park(held, error="400 unknown customer", now=NOW)
    store.mark_sent(other, now=NOW)
    assert [m.order_no for m in _lease(store)] == ["SO-1"]
    (parked,) = store.parked()
    assert (parked.message.message_id, parked.error) == (held.message_id, "400 unknown customer")

    assert store.release_parked([held.id], now=NOW) == 1
    (again,) = _lease(store)
    assert again.message_id == held.message_id
    store.park(again, error="400", now=NOW)
    assert store.drop_parked([held.id]) == 1
    assert store.drop_parked([held.id]) == 0
    (next_,) = _lease(store)
    assert (next_.order_no, next_.id > held.id) == ("SO-0", True)
    assert store.pending()["parked"] == 0
    with pytest.raises(UsageError, match="no message was named"):
        store.drop_parked([])


def test_workers_at_once_never_get_the_same_message_and_keep_each_orders_order(url: str) -> None:
    orders, versions, workers = 8, 5, 4
    first = SqlStore(url)
    _filled(first, orders, versions)
    first.close()
    took: list[list[OutboxMessage]] = [[] for _ in range(workers)]
    sent: list[OutboxMessage] = []
    lock = threading.Lock()
    all_hold_some = threading.Barrier(workers)  # else one worker may have sent all before another has begun
    faults: list[BaseException] = []

    def work(mine: list[OutboxMessage]) -> None:
        try:
            store = SqlStore(url, wait_s=30)
            held = _lease(store, limit=orders // workers)
            all_hold_some.wait(30)
            for message in held:
                mine.append(message)
                with lock:
                    sent.append(message)
                store.mark_sent(message, now=NOW)
            while True:
                with lock:
                    if len(sent) == orders * versions:
                        break
                for message in _lease(store, limit=2):
                    mine.append(message)
                    with lock:
                        sent.append(message)
                    store.mark_sent(message, now=NOW)
            store.close()
        except BaseException as e:  # noqa: BLE001  (a thread's fault must reach the test)
            faults.append(e)

    threads = [threading.Thread(target=work, args=(mine,)) for mine in took]
    for t in threads:
        t.start()
    for t in threads:
        t.join(120)
    assert not faults
    assert not any(t.is_alive() for t in threads)
    times = Counter(m.message_id for m in sent)
    assert len(times) == orders * versions
    assert set(times.values()) == {1}
    for order in {m.order_no for m in sent}:
        ids = [m.id for m in sent if m.order_no == order]
        assert ids == sorted(ids)
    assert all(took)


def test_the_lease_of_a_long_queue_uses_the_index_of_the_unsent(url: str) -> None:
    store = SqlStore(url)
    _filled(store, orders=3)
    store.close()
    if url.startswith("sqlite"):
        plan = sql(
            url,
            "EXPLAIN QUERY PLAN SELECT * FROM outbox WHERE outbox.state IN ('pending', 'leased', 'parked') AND "
            "outbox.receiver = 'erp2' AND NOT EXISTS (SELECT 1 FROM outbox AS earlier WHERE "
            "earlier.receiver = outbox.receiver AND earlier.source = outbox.source AND "
            "earlier.order_no = outbox.order_no AND earlier.id < outbox.id AND "
            "earlier.state IN ('pending', 'leased', 'parked')) ORDER BY outbox.id",
        )
        said = " ".join(row.detail for row in plan)
        assert "ix_outbox_next" in said
        assert "ix_outbox_order" in said


def test_a_replay_sends_a_range_again_under_the_same_ids_and_in_order(store: SqlStore) -> None:
    _filled(store, orders=2, versions=2)
    first = []
    for hour in range(4):
        (message, *_) = _lease(store, limit=1, minutes=60 * (hour + 1))
        store.mark_sent(message, now=NOW + timedelta(hours=hour + 1))
        first.append(message)
    assert store.replay(since=NOW + timedelta(hours=9), now=NOW) == 0
    assert store.replay(since=NOW, receiver="nobody", now=NOW) == 0
    replayed = store.replay(since=NOW + timedelta(hours=1), until=NOW + timedelta(hours=4), now=NOW)
    assert (replayed, store.pending("erp2")["sent"]) == (3, 1)
    again = []
    while messages := _lease(store, limit=1, minutes=600):
        store.mark_sent(messages[0], now=NOW + timedelta(hours=10))
        again += messages
    assert [m.id for m in again] == sorted(m.id for m in first[:3])
    assert {m.message_id for m in again} == {m.message_id for m in first[:3]}
    assert [m.attempts for m in again] == [1, 1, 1]
