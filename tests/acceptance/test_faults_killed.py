"""`bridge sync` killed with -9 in each of its stages, as a program of its own.

The ERP has moved on before, so there are changes to lose.  After the next runs no change is lost, none has come
under two message ids (the receiver's ledger names every broken promise), and no browser is left.
"""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fault_world import SOURCE, World, browsers

from bridge.records import STAGES, RunStatus

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
OWN_SEAT = {
    "sign_in.seat_taken.then": "take"
}  # a killed run leaves its seat taken; the account is the bridge's own
BETWEEN_SEND_AND_MARK = "push.answered"


def start(world: World) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "bridge", "--config", str(world.folder / "bridge.toml"), "sync", SOURCE]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def events(world: World) -> list[dict[str, Any]]:
    log = world.data / "logs" / f"sync-{SOURCE}.jsonl"
    if not log.exists():
        return []
    whole = log.read_text(encoding="utf-8").rpartition("\n")[0]
    return [json.loads(line) for line in whole.splitlines()]


def kill_at(world: World, event: str, nth: int = 1, limit_s: float = 150.0) -> None:
    """Starts a sync and ends it with SIGKILL the moment its log says ``event`` for the nth time."""
    process = start(world)
    end = time.monotonic() + limit_s
    try:
        while sum(e["event"] == event for e in events(world)) < nth:
            assert process.poll() is None, f"it ended before {event}: {(process.stdout or [b''])}"
            assert time.monotonic() < end, f"{event} never came: {[e['event'] for e in events(world)]}"
            time.sleep(0.001)
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    assert process.returncode == -signal.SIGKILL


def no_process_soon(limit_s: float = 20.0) -> None:
    """The browser goes with the program that drove it; its folder may stay until the next run sweeps it."""
    end = time.monotonic() + limit_s
    while left := [b for b in browsers() if not b.startswith("bridge-browser-")]:
        assert time.monotonic() < end, left
        time.sleep(0.1)


def outbox(world: World) -> dict[str, str]:
    """message id → state"""
    with closing(sqlite3.connect(world.database)) as connection:
        return dict(connection.execute("SELECT message_id, state FROM outbox"))


@pytest.mark.parametrize("event", [*(f"{stage}.started" for stage in STAGES), BETWEEN_SEND_AND_MARK])
def test_killed(world: World, event: str) -> None:
    world.configure(OWN_SEAT)
    changes = world.move_on()
    before = outbox(world)
    kill_at(world, event)
    no_process_soon()
    ids = outbox(world)
    stage = event.partition(".")[0]
    if stage in STAGES[: STAGES.index("commit")]:
        assert ids == before, "nothing is told before the commit"
    if stage in ("push", "report"):
        assert len(ids) > len(before), "the commit is whole"
    world.time_passes()
    world.settle()
    after = outbox(world)
    assert ids.keys() <= after.keys()
    assert set(after.values()) == {"sent"}
    assert world.receiver.ledger.repeats <= 1
    killed = [r for r in world.app.store.last_runs(9, SOURCE) if r.status is RunStatus.KILLED]
    assert len(killed) == 1
    told = [m for m in after if m not in before]
    assert len(told) == changes, "each change under one id"


def test_a_killed_run_leaves_its_seat_taken_until_the_erp_frees_it(world: World) -> None:
    """With a profile that throws nobody out the next run says so, and waits for the ERP's own time limit."""
    world.move_on()
    kill_at(world, "capture.started")
    no_process_soon()
    run = world.sync()
    assert run.error_code == "seat_taken", run
    world.erp.end_sessions()
    world.settle()


def test_killed_again_and_again(world: World) -> None:
    """Three kills in a row lose no more than one."""
    world.configure(OWN_SEAT)
    for event in ("commit.started", "push.sending", "read.started"):
        world.erp.add()
        seen = sum(e["event"] == event for e in events(world))
        kill_at(world, event, nth=seen + 1)
    no_process_soon()
    world.time_passes()
    world.settle()
