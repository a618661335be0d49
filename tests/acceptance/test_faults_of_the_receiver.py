"""A receiver that is down, slow or says no: the sync itself goes on, and what is not delivered waits."""

from __future__ import annotations

import json

import pytest
from fault_world import World

from bridge import log
from bridge.cli import main
from bridge.cli.show import exit_code
from bridge.records import RunStatus, RunSummary

pytestmark = pytest.mark.acceptance


def told(run: RunSummary, code: str, words: str) -> None:
    """The receiver's fault is told, and is none of the list's."""
    assert (run.status, run.error_code, exit_code(run), run.why_not) == (RunStatus.OK, code, 10, ()), run
    assert words in (run.error or "")
    assert run.hint


@pytest.mark.parametrize(
    "how",
    [
        {"kind": "status", "status": 500},
        {"kind": "accept_then_drop"},
        {"kind": "hang"},
    ],
    ids=lambda how: "-".join(str(v) for v in how.values()),
)
def test_a_receiver_that_fails_gets_everything_later(world: World, how: dict[str, object]) -> None:
    world.configure(receiver="timeout_s = 1\ntotal_s = 2")
    wanted = world.move_on()
    world.receiver.misbehave(times=None, **how)  # type: ignore[arg-type]
    run = world.sync()
    assert (run.complete, run.pushed) == (True, 0), run
    assert run.push_failed > 0
    told(run, "delivery_failed", "not delivered")
    waiting = world.app.store.pending()
    assert waiting["pending"] + waiting.get("leased", 0) == run.added + run.changed == wanted
    world.receiver.behave()
    world.time_passes()
    world.settle()
    assert world.receiver.ledger.repeats == (run.push_failed if how["kind"] == "accept_then_drop" else 0)


def test_a_receiver_that_is_down_gets_everything_later(world: World) -> None:
    world.move_on()
    world.receiver.close()
    run = world.sync()
    assert (run.complete, run.pushed) == (True, 0), run
    told(run, "delivery_failed", "not delivered")
    world.reopen_receiver()
    world.time_passes()
    world.settle()


def test_a_slow_receiver_is_waited_for(world: World) -> None:
    world.receiver.misbehave("slow", seconds=1.0)
    world.move_on()
    run = world.sync()
    assert (run.error, run.push_failed) == (None, 0), run
    assert run.pushed == run.added + run.changed
    world.settle()


@pytest.mark.parametrize("status", [400, 410])
def test_a_refusal_is_parked_for_a_person_and_the_others_go_out(
    world: World, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    world.move_on()
    world.receiver.misbehave("status", status=status, times=1)
    run = world.sync()
    assert (run.complete, run.push_failed) == (True, 1), run
    told(run, "delivery_refused", "1 message refused for good")
    assert run.pushed == run.added + run.changed - 1
    (parked,) = world.app.store.parked()
    assert str(status) in parked.error
    world.forget_app()
    config = str(world.folder / "bridge.toml")
    assert main(["--config", config, "push", "--parked", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert str(status) in listed["error"]
    assert main(["--config", config, "push", "--release", str(listed["message"]["id"])]) == 0
    assert "1 released" in capsys.readouterr().out
    log.set_up(folder=None, name="tests", console_level="CRITICAL")
    world.settle()


def test_a_dead_receiver_does_not_hold_up_another(world: World) -> None:
    (world.folder / "outgoing").mkdir()
    world.configure(receiver='[receivers.files]\nkind = "folder"\nfolder = "outgoing"')
    world.move_on()
    world.receiver.misbehave("status", status=503, times=None)
    run = world.sync()
    assert run.pushed == run.added + run.changed, run
    assert list((world.folder / "outgoing").iterdir())
    world.receiver.behave()
    world.time_passes()
    world.settle()
