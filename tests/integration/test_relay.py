"""The relay over real HTTP, out of a real database, through every way a receiver or the process can fail."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from loguru import logger

from bridge import log
from bridge.errors import StoreBusy, UsageError
from bridge.interfaces import OutboxStore, PushResult, Transport
from bridge.outbox.backoff import Backoff
from bridge.outbox.relay import OutboxRelay, RelayRules
from bridge.outbox.transports import build_transport
from bridge.records import Change, ChangeKind, ChangeSet, ObservedList, OutboxMessage
from bridge.secrets import Secret
from bridge.store import SqlStore
from bridge.testing.memory_outbox import MemoryOutbox
from bridge.testing.receivers import Receiver

KEY = "whsec_dGhyb3ctYXdheSBzYW1wbGUga2V5IG9mIHRoZSB0ZXN0cw=="
START = datetime(2025, 3, 1, 8, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def on(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    store = SqlStore(f"sqlite:///{tmp_path / 'bridge.db'}")
    store.upgrade()
    yield store
    store.close()


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with Receiver(log=tmp_path / "receiver.jsonl", secret=KEY) as r:
        yield r


@pytest.fixture
def hook(receiver: Receiver) -> Iterator[Transport]:
    transport = webhook(receiver.url)
    yield transport
    transport.close()


@pytest.fixture
def events() -> Iterator[list[dict[str, Any]]]:
    """The push's log events with their fields."""
    seen: list[dict[str, Any]] = []
    number = logger.add(lambda m: seen.append(dict(m.record["extra"])), level="DEBUG")
    yield seen
    logger.remove(number)


def webhook(url: str, name: str = "hook") -> Transport:
    return build_transport(
        name, "webhook", {"url": url, "secret": "secret:k", "timeout_s": 1}, lambda _: Secret(KEY)
    )


def relay(
    store: OutboxStore, clock: Clock, *transports: Transport, rules: RelayRules | None = None, draw: float = 0.5
) -> OutboxRelay:
    by_name = {t.name: t for t in transports}
    return OutboxRelay(store=store, transports=by_name, clock=clock, rules=rules, draw=lambda: draw)


def commit(store: SqlStore, clock: Clock, *orders: str, receivers: Sequence[str] = ("hook",)) -> None:
    """One run in which each named order changes; named twice, it changes in two runs."""
    again = [no for i, no in enumerate(orders) if no in orders[:i]]
    first = [no for i, no in enumerate(orders) if no not in orders[:i]]
    run_id = os.urandom(8).hex()
    changes = tuple(
        Change(kind=ChangeKind.CHANGED, source="demo", key=no, order_no=no, after={"order_no": no, "run": run_id})
        for no in first
    )
    store.begin_run("demo", run_id, clock())
    seen = ObservedList(source="demo", lines=(), complete=True)
    store.commit(run_id, seen, ChangeSet(source="demo", changes=changes), receivers=receivers, now=clock())
    if again:
        commit(store, clock, *again, receivers=receivers)


def orders(receiver: Receiver) -> list[str]:
    """Order numbers of what arrived, repeats and refusals included."""
    return [json.loads(b)["order_no"] for b in receiver.bodies]


# --- the good way -------------------------------------------------------------------------------------------


def test_everything_due_goes_out_in_order(
    store: SqlStore, clock: Clock, receiver: Receiver, hook: Transport, events: list[dict[str, Any]]
) -> None:
    commit(store, clock, "A", "B", "A", "C", "A")
    with log.fields(run_id="r1"):
        assert relay(store, clock, hook).push() == PushResult(sent=5)
    assert orders(receiver) == ["A", "B", "C", "A", "A"]
    assert receiver.faults == []
    assert len(receiver.ledger.effects) == 5
    assert store.pending("hook")["sent"] == 5
    names = [e["event"] for e in events if e["event"].startswith("push.")]
    assert names == ["push.sending", "push.answered", "push.sent"] * 5
    sent = next(e for e in events if e["event"] == "push.sent")
    assert (sent["receiver"], sent["order_no"], sent["attempt"], sent["run_id"]) == ("hook", "A", 1, "r1")
    assert sent["message_id"] == receiver.ledger.effects[0]
    assert relay(store, clock, hook).push() == PushResult()


def test_an_unknown_receiver_is_named_with_the_known_ones(store: SqlStore, clock: Clock, hook: Transport) -> None:
    with pytest.raises(UsageError, match="no receiver 'hok'") as caught:
        relay(store, clock, hook).push(receiver="hok")
    assert "hook" in caught.value.hint


def test_one_receiver_can_be_chosen_and_what_nobody_takes_is_left(
    store: SqlStore, clock: Clock, receiver: Receiver, hook: Transport
) -> None:
    commit(store, clock, "A", receivers=["hook", "other"])
    assert relay(store, clock, hook).push(receiver="hook") == PushResult(sent=1)
    assert relay(store, clock, hook).push() == PushResult(left=1)  # "other" is not configured


# --- receivers that fail ------------------------------------------------------------------------------------


def test_a_refused_message_is_parked_and_the_other_orders_go_on(
    store: SqlStore, clock: Clock, receiver: Receiver, hook: Transport, events: list[dict[str, Any]]
) -> None:
    commit(store, clock, "A", "B", "A", "C")
    receiver.misbehave("status", status=400, text="no such customer")
    assert relay(store, clock, hook).push() == PushResult(sent=2, parked=1, left=1)
    assert orders(receiver) == ["A", "B", "C"]  # the second of A waits behind the parked one
    (parked,) = store.parked("hook")
    assert (parked.message.order_no, "400 Bad Request: no such customer" in parked.error) == ("A", True)
    told = next(e for e in events if e["event"] == "push.parked")
    assert (told["receiver"], told["order_no"]) == ("hook", "A")
    clock.on(days=30)
    assert relay(store, clock, hook).push() == PushResult(left=1)
    store.release_parked([parked.message.id], now=clock())
    assert relay(store, clock, hook).push() == PushResult(sent=2)
    assert receiver.faults == []


@pytest.mark.parametrize(
    "how",
    [
        {"kind": "status", "status": 500},
        {"kind": "drop"},
        {"kind": "hang"},
        {"kind": "errcode"},
        {"kind": "accept_then_drop"},
    ],
    ids=lambda how: str(how["kind"]),
)
def test_a_failed_message_is_tried_again_later_and_holds_back_its_order_only(
    store: SqlStore,
    clock: Clock,
    receiver: Receiver,
    hook: Transport,
    events: list[dict[str, Any]],
    how: dict[str, Any],
) -> None:
    commit(store, clock, "A", "B", "A", "C")
    receiver.misbehave(**how)
    pusher = relay(store, clock, hook)
    assert pusher.push() == PushResult(sent=2, failed=1, left=2)
    assert orders(receiver) == ["A", "B", "C"]
    told = next(e for e in events if e["event"] == "push.failed")
    assert (told["receiver"], told["order_no"], told["attempt"]) == ("hook", "A", 1)
    clock.on(seconds=15)  # floor 1 + 0.5 · (30 - 1) = 15.5 s
    assert pusher.push() == PushResult(left=2)
    clock.on(seconds=1)
    assert pusher.push() == PushResult(sent=2)
    assert orders(receiver) == ["A", "B", "C", "A", "A"]
    assert receiver.requests[0]["webhook-id"] == receiver.requests[3]["webhook-id"]
    assert receiver.bodies[0] == receiver.bodies[3]
    assert len(receiver.ledger.effects) == 4
    assert receiver.faults == []


def test_retry_after_silences_the_receiver_until_then(
    store: SqlStore, clock: Clock, receiver: Receiver, hook: Transport
) -> None:
    commit(store, clock, "A", "B", "C")
    receiver.misbehave("status", status=429, retry_after="600")
    pusher = relay(store, clock, hook, draw=0.0)
    assert pusher.push() == PushResult(failed=1, left=3)
    clock.on(seconds=599)
    assert pusher.push() == PushResult(left=3)
    assert len(receiver.requests) == 1
    clock.on(seconds=2)
    assert pusher.push() == PushResult(sent=3)


def test_a_receiver_that_keeps_failing_is_left_alone_for_this_push(
    store: SqlStore, clock: Clock, receiver: Receiver, hook: Transport, events: list[dict[str, Any]]
) -> None:
    commit(store, clock, *(f"N{n}" for n in range(20)))
    receiver.misbehave("status", status=503, times=None)
    assert relay(store, clock, hook).push() == PushResult(failed=3, left=20)
    assert len(receiver.requests) == 3
    assert "push.paused" in [e["event"] for e in events]
    receiver.behave()
    assert relay(store, clock, hook).push() == PushResult(sent=17, left=3)


def test_a_receiver_that_refuses_everything_does_not_park_the_whole_outbox(
    store: SqlStore, clock: Clock, receiver: Receiver, hook: Transport
) -> None:
    commit(store, clock, *(f"N{n}" for n in range(20)))
    receiver.misbehave("status", status=401, times=None)
    assert relay(store, clock, hook).push() == PushResult(parked=3, left=17)


def test_failures_with_successes_between_do_not_stop_the_push(
    store: SqlStore, clock: Clock, receiver: Receiver, hook: Transport
) -> None:
    commit(store, clock, *(f"N{n}" for n in range(12)))
    for _ in range(3):
        receiver.misbehave("status", status=500, times=2)
        receiver.misbehave("slow", seconds=0)
    assert relay(store, clock, hook).push() == PushResult(sent=6, failed=6, left=6)


def test_one_receiver_down_does_not_stop_or_slow_the_other(
    store: SqlStore, clock: Clock, receiver: Receiver, hook: Transport, tmp_path: Path
) -> None:
    commit(store, clock, "A", "B", receivers=["hook", "files"])
    receiver.misbehave("hang", times=None)
    folder = tmp_path / "files"
    folder.mkdir()
    files = build_transport("files", "folder", {"folder": str(folder)}, Secret)
    assert relay(store, clock, hook, files).push() == PushResult(sent=2, failed=2, left=2)
    assert [json.loads(p.read_bytes())["order_no"] for p in sorted(folder.glob("*.jsonl"))] == ["A", "B"]


def test_a_message_that_wears_out_is_parked_only_if_the_receiver_takes_others(
    store: SqlStore, clock: Clock, receiver: Receiver, hook: Transport
) -> None:
    rules = RelayRules(park_after=3)
    commit(store, clock, "A")
    pusher = relay(store, clock, hook, rules=rules)
    for _ in range(5):
        receiver.misbehave("status", status=500)
        assert pusher.push() == PushResult(failed=1, left=1)
        clock.on(hours=2)
    commit(store, clock, "B")
    receiver.misbehave("status", status=500)
    assert pusher.push() == PushResult(sent=1, parked=1)
    assert "given up after 6 attempts" in store.parked("hook")[0].error


# --- time and the store ---------------------------------------------------------------------------------------


class SlowClock(Clock):
    """Each look at it costs a second."""

    def __call__(self) -> datetime:
        self.on(seconds=1)
        return self.now


def test_no_send_begins_after_the_deadline(store: SqlStore, receiver: Receiver, hook: Transport) -> None:
    clock = SlowClock()
    commit(store, clock, *(f"N{n}" for n in range(20)))
    began = clock.now
    result = relay(store, clock, hook).push(deadline=began + timedelta(seconds=12))
    assert 2 <= result.sent <= 6
    assert result.left == 20 - result.sent
    assert len(receiver.requests) == result.sent
    assert relay(store, clock, hook).push(deadline=clock.now) == PushResult(left=20 - result.sent)


def test_a_locked_database_is_told_after_the_other_receivers_had_their_turn(
    store: SqlStore, clock: Clock, receiver: Receiver, hook: Transport
) -> None:
    class Locked(MemoryOutbox):
        def lease(self, receiver: str, *, now: datetime, lease_s: float, limit: int) -> list[OutboxMessage]:
            if receiver == "first":
                raise StoreBusy("locked")
            return super().lease(receiver, now=now, lease_s=lease_s, limit=limit)

    outbox = Locked()
    outbox.add(receiver="hook", order_no="A", body=body("A", 1), now=START)
    with pytest.raises(StoreBusy):
        relay(outbox, clock, webhook(receiver.url, "first"), hook).push()
    assert orders(receiver) == ["A"]
    assert outbox.pending()["sent"] == 1


def body(no: str, version: int) -> str:
    """As the store writes it."""
    return json.dumps(
        {
            "type": "order.added" if version == 1 else "order.changed",
            "source": "demo",
            "order_no": no,
            "key": [no],
            "version": version,
            "fields": {"order_no": no, "step": version},
            "previous": {} if version == 1 else {"step": version - 1},
        }
    )


def test_an_outage_of_days_loses_nothing_and_does_not_thunder(clock: Clock, tmp_path: Path) -> None:
    """Three days of pushes every 15 minutes against a closed port, new changes all the while."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    outbox = MemoryOutbox()
    tried: list[str] = []
    inner = webhook(f"http://127.0.0.1:{port}/hook")

    class Counting:
        name = "hook"

        def send(self, message: OutboxMessage) -> None:
            tried.append(message.message_id)
            inner.send(message)

        def close(self) -> None:
            inner.close()

    rules = RelayRules(backoff=Backoff(base_s=30, cap_s=3600))
    pusher = relay(outbox, clock, Counting(), rules=rules)
    written = 0
    for push in range(3 * 96):
        if push % 4 == 0:
            for no in ("A", f"N{push}"):
                outbox.add(
                    receiver="hook", order_no=no, body=body(no, push // 4 + 1 if no == "A" else 1), now=clock()
                )
                written += 1
        before = len(tried)
        result = pusher.push()
        assert len(tried) - before <= 3
        assert (result.sent, result.parked, result.left) == (0, 0, written)
        clock.on(minutes=15)
    assert len(set(tried)) < len(tried)  # it did try again
    with Receiver(log=tmp_path / "back.jsonl", secret=KEY, port=port) as receiver:
        pushes = 0
        while outbox.pending()["sent"] < written:
            assert pusher.push().failed == 0
            clock.on(minutes=15)
            pushes += 1
            assert pushes <= 5  # all is out within the cap of an hour
        assert len(receiver.bodies) == len(receiver.ledger.effects) == written
        assert receiver.faults == []
    inner.close()


# --- killed -9 ------------------------------------------------------------------------------------------------

PUSH = """
    import os, signal, sys
    from datetime import UTC, datetime
    from bridge.outbox.relay import OutboxRelay
    from bridge.outbox.transports import build_transport
    from bridge.secrets import Secret
    from bridge.store import SqlStore

    database, url, key, moment, minutes = sys.argv[1:]
    store = SqlStore(database)
    transport = build_transport("hook", "webhook", {"url": url, "secret": "secret:k"}, lambda _: Secret(key))
    die = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
    send, mark = transport.send, store.mark_sent
    if moment == "before send":
        transport.send = die
    if moment == "between send and mark":
        store.mark_sent = die
    if moment == "after mark":
        store.mark_sent = lambda *a, **k: (mark(*a, **k), die())
    now = datetime(2025, 3, 1, 8, int(minutes), tzinfo=UTC)
    print(OutboxRelay(store=store, transports={"hook": transport}, clock=lambda: now).push().sent)
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
@pytest.mark.parametrize(
    ("moment", "arrived"), [("before send", 0), ("between send and mark", 1), ("after mark", 1)], ids=str
)
def test_killed_and_started_again_nothing_is_lost_and_nothing_counts_twice(
    store: SqlStore, clock: Clock, receiver: Receiver, tmp_path: Path, moment: str, arrived: int
) -> None:
    commit(store, clock, "A", "A", "B")

    def push(moment: str, minutes: int) -> subprocess.CompletedProcess[str]:
        address = f"sqlite:///{tmp_path / 'bridge.db'}"
        command = [sys.executable, "-c", textwrap.dedent(PUSH), address, receiver.url, KEY, moment, str(minutes)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert push(moment, 0).returncode == -signal.SIGKILL
    assert len(receiver.bodies) == arrived
    assert push("never", 1).returncode == 0  # the lease still holds: nothing of A may go
    assert "A" not in orders(receiver)[arrived:] or moment == "after mark"
    push("never", 10)
    assert store.pending() == {"pending": 0, "leased": 0, "sent": 3, "parked": 0}
    if moment == "between send and mark":
        first, again = [i for i, no in enumerate(orders(receiver)) if no == "A"][:2]
        assert receiver.requests[first]["webhook-id"] == receiver.requests[again]["webhook-id"]
        assert receiver.bodies[first] == receiver.bodies[again]
    assert len(receiver.ledger.effects) == 3
    assert receiver.ledger.repeats == (1 if moment == "between send and mark" else 0)
    assert receiver.faults == []


# --- the receiver itself is not blind -------------------------------------------------------------------------


def test_the_receiver_finds_each_fault_that_a_broken_outbox_would_make(tmp_path: Path, clock: Clock) -> None:
    def take(*steps: tuple[str, str]) -> list[str]:
        with Receiver(log=tmp_path / f"{os.urandom(4).hex()}.jsonl", secret=KEY) as receiver:
            transport = webhook(receiver.url)
            for number, (message_id, text) in enumerate(steps):
                transport.send(
                    OutboxMessage(
                        id=number, message_id=message_id, receiver="hook", source="demo", order_no="A", body=text,
                        created_at=START, attempts=1,
                    )
                )  # fmt: skip
            transport.close()
            assert len(receiver.bodies) == len(steps)
            return [f.code for f in receiver.faults]

    assert take(("1", body("A", 1)), ("1", body("A", 1)), ("2", body("A", 2))) == []
    assert take(("1", body("A", 1)), ("2", body("A", 1))) == ["two_keys"]
    assert take(("1", body("A", 1)), ("1", body("A", 2))) == ["two_bodies"]
    assert take(("1", body("A", 1)), ("3", body("A", 3)), ("2", body("A", 2))) == ["wrong_order", "wrong_order"]
    assert take(("2", body("A", 2))) == ["wrong_order"]
    assert take(("1", body("A", 1)), ("2", body("A", 2)), ("1", body("A", 1))) == ["wrong_order"]
    assert take(("1", "{}")) == ["bad_request"]


@pytest.mark.skipif(os.name == "nt", reason="SIGTERM ends a process there without a word")
def test_the_receiver_as_a_process_tells_its_address_and_what_was_wrong(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "bridge.testing.receivers",
        "--log",
        str(tmp_path / "r.jsonl"),
        "--secret-env",
        "K",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "K": KEY}) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        transport = webhook(told["url"])
        message = OutboxMessage(
            id=1, message_id="1", receiver="hook", source="demo", order_no="A", body=body("A", 1), created_at=START
        )
        transport.send(message)
        transport.close()
        process.send_signal(signal.SIGTERM)
        summary = json.loads(process.stdout.readline())
    assert process.returncode == 0
    assert summary == {"effects": 1, "repeats": 0, "rows": 1, "faults": []}
    with Receiver(log=tmp_path / "r.jsonl", secret=KEY) as again:
        assert again.ledger.effects == ["1"]  # what it took before it was stopped
