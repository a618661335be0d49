"""`bridge run` as a program of its own: a good run with its heartbeat and figures, then the ERP goes away, then
somebody breaks bridge.toml, then it is stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from fault_world import SOURCE, World, browsers, write_config
from outside import Outside

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
PORT_WORDS = "monitor.started"


def until(condition: Callable[[], object], what: str, limit_s: float = 180) -> None:
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, f"never: {what}"
        time.sleep(0.1)


def start(world: World) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "bridge", "--config", str(world.folder / "bridge.toml"), "run"]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0


def monitor(world: World) -> str:
    log = world.data / "logs" / "run.jsonl"
    started = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines() if PORT_WORDS in line]
    return str(started[-1]["message"]).split("/healthz")[0]


def test_it_is_heard_when_it_works_and_when_it_stops(world: World, outside: Outside) -> None:
    more = '[run]\njitter_seconds = 0\nlisten = "127.0.0.1:0"\n[notify]\nto = ["secret:ops"]\n[reports]\nlanguage = "en"\n'
    config = write_config(
        world.folder, world.erp.url, world.receiver.url, source='heartbeat = "secret:beat"', receiver=more
    )
    first = start(world)
    try:
        until(lambda: outside.beats, "a heartbeat")
        assert outside.beats == ["/ping/secret-key-of-the-heartbeat"]
        assert outside.notices == [], "nobody is told that all is well"
        url = monitor(world)
        assert httpx.get(f"{url}/healthz").json()["ok"] is True
        figures = httpx.get(f"{url}/metrics").text
        assert f'bridge_last_status{{source="{SOURCE}",status="ok"}} 1' in figures
        assert f'bridge_captcha_solved_ratio{{source="{SOURCE}"}} ' in figures
    finally:
        stop(first)
    world.erp.stop()
    second = start(world)
    try:
        until(lambda: outside.notices, "an alarm")
        assert outside.notices[0]["title"] == f"{SOURCE}: failed"
        assert "Next: " in outside.notices[0]["message"]
        assert len(outside.beats) == 1, "no heartbeat for a failed run"
        config.write_text(config.read_text(encoding="utf-8") + "\n[run\n", encoding="utf-8")
        until(lambda: len(outside.notices) > 1, "an alarm about bridge.toml")
        assert outside.notices[1]["title"] == "bridge.toml: failed"
        assert second.poll() is None
    finally:
        stop(second)
    assert browsers() == []
    logs = "".join(p.read_text(encoding="utf-8") for p in (world.data / "logs").glob("*.jsonl"))
    assert "secret-key-of-the-heartbeat" not in logs
    assert os.environ["BRIDGE_SECRET_OPS"] not in logs
