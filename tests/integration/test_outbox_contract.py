"""The rules of ``interfaces.OutboxStore``, kept by the database and by the shipped fake alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bridge.interfaces import OutboxStore
from bridge.outbox.body import read_body
from bridge.records import Change, ChangeKind, ChangeSet, ObservedList, OutboxMessage
from bridge.store import SqlStore
from bridge.testing.memory_outbox import MemoryOutbox

NOW = datetime(2025, 3, 1, 8, 0, tzinfo=UTC)
SOON = NOW + timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class Box:
    store: OutboxStore
    add: Callable[..., None]  # add(order number, receiver="a"): one change of that order

    def lease(self, receiver: str = "a", *, now: datetime = SOON, limit: int = 100) -> list[OutboxMessage]:
        return self.store.lease(receiver, now=now, lease_s=60, limit=limit)

    def orders(self, receiver: str = "a", *, now: datetime = SOON, limit: int = 100) -> list[str]:
        return [m.order_no for m in self.lease(receiver, now=now, limit=limit)]


@pytest.fixture(params=["memory", "sqlite"])
def box(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Box]:
    if request.param == "memory":
        memory = MemoryOutbox()
        yield Box(
            store=memory,
            add=lambda no, receiver="a": memory.add(receiver=receiver, order_no=no, body="{}", now=NOW),
        )
        return
    store = SqlStore(f"sqlite:///{tmp_path / 'bridge.db'}")
    store.upgrade()
    counter = iter(range(1000))

    def add(no: str, receiver: str = "a") -> None:
        commit_change(store, no, f"state {next(counter)}", receiver)

    yield Box(store=store, add=add)
    store.close()


def commit_change(store: SqlStore, no: str, status: str, receiver: str) -> None:
    change = Change(
        kind=ChangeKind.CHANGED, source="demo", key=no, order_no=no, after={"order_no": no, "status": status}
    )
    run_id = f"run {no} {status}"
    store.begin_run("demo", run_id, NOW)
    store.commit(
        run_id,
        ObservedList(source="demo", lines=(), complete=True),
        ChangeSet(source="demo", changes=(change,)),
        receivers=[receiver],
        now=NOW,
    )


def test_messages_come_in_order_of_commit_and_up_to_the_limit(box: Box) -> None:
    for no in ("C", "A", "B"):
        box.add(no)
    assert box.orders(limit=2) == ["C", "A"]
    assert box.orders(limit=2) == ["B"]
    assert box.orders() == []


def test_one_per_order_number_and_the_next_only_after_it_was_sent(box: Box) -> None:
    for no in ("A", "A", "B"):
        box.add(no)
    first, other = box.lease()
    assert (first.order_no, other.order_no) == ("A", "B")
    assert box.lease() == []
    box.store.mark_sent(first, now=SOON)
    (second,) = box.lease()
    assert second.order_no == "A"
    assert second.id > first.id
    assert second.message_id != first.message_id


def test_receivers_do_not_wait_for_each_other(box: Box) -> None:
    box.add("A", "a")
    box.add("A", "b")
    assert box.orders("a") == ["A"]
    assert box.orders("b") == ["A"]
    assert box.orders("c") == []


def test_a_lease_records_the_attempt_and_ends_by_itself(box: Box) -> None:
    box.add("A")
    (first,) = box.lease()
    assert first.attempts == 1
    assert box.lease(now=SOON + timedelta(seconds=59)) == []
    (again,) = box.lease(now=SOON + timedelta(seconds=60))
    assert again.attempts == 2
    assert (again.id, again.message_id, again.body) == (first.id, first.message_id, first.body)


def test_a_failed_message_waits_and_holds_back_its_order_only(box: Box) -> None:
    for no in ("A", "A", "B"):
        box.add(no)
    first, other = box.lease()
    box.store.mark_sent(other, now=SOON)
    retry_at = SOON + timedelta(hours=1)
    box.store.mark_failed(first, error="down", retry_at=retry_at, now=SOON)
    box.add("B")
    assert box.orders(now=retry_at - timedelta(seconds=1)) == ["B"]
    (again,) = box.lease(now=retry_at)
    assert (again.id, again.attempts) == (first.id, 2)


def test_a_parked_message_stays_and_holds_back_its_order_only(box: Box) -> None:
    for no in ("A", "A", "B"):
        box.add(no)
    first, other = box.lease()
    box.store.park(first, error="410", now=SOON)
    box.store.mark_sent(other, now=SOON)
    assert box.lease(now=SOON + timedelta(days=365)) == []
    assert box.store.pending("a") == {"pending": 1, "leased": 0, "sent": 1, "parked": 1}


def test_a_late_report_of_an_older_attempt_changes_nothing_but_sent_is_sent(box: Box) -> None:
    box.add("A")
    (old,) = box.lease()
    later = SOON + timedelta(seconds=61)
    (new,) = box.lease(now=later)
    box.store.mark_failed(old, error="slow", retry_at=later, now=later)
    box.store.park(old, error="slow", now=later)
    assert box.lease(now=later) == []  # the newer attempt still holds it
    box.store.mark_sent(old, now=later)
    box.store.mark_failed(new, error="down", retry_at=later, now=later)
    assert box.lease(now=later + timedelta(days=1)) == []
    assert box.store.pending()["sent"] == 1


def test_counts_by_state(box: Box) -> None:
    assert box.store.pending() == {"pending": 0, "leased": 0, "sent": 0, "parked": 0}
    for no in ("A", "B", "C", "D"):
        box.add(no)
    box.add("A", "b")
    first, second, _ = box.lease(limit=3)
    box.store.mark_sent(first, now=SOON)
    box.store.park(second, error="410", now=SOON)
    assert box.store.pending("a") == {"pending": 1, "leased": 1, "sent": 1, "parked": 1}
    assert box.store.pending() == {"pending": 2, "leased": 1, "sent": 1, "parked": 1}


def test_what_the_store_writes_is_what_the_transports_read(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'bridge.db'}")
    store.upgrade()
    commit_change(store, "SO-1", "open", "a")
    commit_change(store, "SO-1", "closed", "a")
    bodies = []
    for _ in range(2):
        (message,) = store.lease("a", now=SOON, lease_s=60, limit=1)
        store.mark_sent(message, now=SOON)
        bodies.append(read_body(message.body))
    store.close()
    first, second = bodies
    assert (first.kind, first.key, first.order_no, first.source) == ("added", ("SO-1",), "SO-1", "demo")
    assert (second.kind, second.fields["status"], second.previous) == ("changed", "closed", {"status": "open"})
    assert second.version > first.version
