"""The clock: real processes with real grandchildren, killed at the deadline; no fakes."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import textwrap
import threading
import time as clock
import types
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psutil
import pytest
import schedule

from bridge.errors import ConfigError
from bridge.processes import kill_all, start_marked
from bridge.reload import WatchedConfig
from bridge.scheduler import Ended, Job, Opening, Plan, Scheduler, sync_job, within
from bridge.settings import Days, load_settings

# A child that starts a child of its own, and an orphan in a session of its own as Playwright's browser is; then
# all three hang.  The pids stand in the file given.
HUNG_FAMILY = """
    import json, os, subprocess, sys, time
    sleep = [sys.executable, "-c",
             "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"]
    grandchild = subprocess.Popen(sleep)
    orphan = subprocess.run(
        [sys.executable, "-c", "import subprocess as s, sys; print(s.Popen(sys.argv[1:], start_new_session=True,"
         " stdout=s.DEVNULL, stderr=s.DEVNULL).pid)", *sleep],
        stdout=subprocess.PIPE, check=True)
    pids = [os.getpid(), grandchild.pid, int(orphan.stdout)]
    with open(sys.argv[1] + ".new", "w") as f:
        json.dump(pids, f)
    os.replace(sys.argv[1] + ".new", sys.argv[1])
    time.sleep(600)
"""


def python(code: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-c", textwrap.dedent(code), *arguments)


def job(*command: str, source: str = "demo", interval_s: float = 3600, kill_after_s: float = 60) -> Job:
    return Job(source=source, command=command, interval_s=interval_s, kill_after_s=kill_after_s)


def alive(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def until(condition: Callable[[], bool], limit_s: float = 30) -> None:
    end = clock.monotonic() + limit_s
    while not condition():
        assert clock.monotonic() < end, "it did not happen in time"
        threading.Event().wait(0.02)


class Running:
    """A scheduler in a thread, and what it told."""

    def __init__(self, *jobs: Job, **options: Any) -> None:
        self.ended: list[Ended] = []
        self.plan = Plan(jobs=jobs, parallel=options.pop("parallel", 2), jitter_s=options.pop("jitter_s", 0.0))
        self.scheduler = Scheduler(
            self.plan,
            now=lambda: datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
            monotonic=clock.monotonic,
            on_end=self.ended.append,
            **options,
        )
        self.thread = threading.Thread(target=self.scheduler.run)
        self.thread.start()

    def stop(self) -> None:
        self.scheduler.stop()
        self.thread.join(40)
        assert not self.thread.is_alive()


@pytest.fixture
def run() -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def start(*jobs: Job, **options: Any) -> Running:
        started.append(Running(*jobs, **options))
        return started[-1]

    yield start
    for running in started:
        running.stop()


def test_a_hung_run_is_killed_at_its_deadline_with_its_whole_family(
    run: Callable[..., Running], tmp_path: Path
) -> None:
    pids_file = tmp_path / "pids.json"
    running = run(job(*python(HUNG_FAMILY, str(pids_file)), kill_after_s=4))
    until(pids_file.exists)
    pids = json.loads(pids_file.read_text())
    assert all(alive(pid) for pid in pids)
    until(lambda: bool(running.ended))
    assert not any(alive(pid) for pid in pids)
    (ended,) = running.ended
    assert ended.exit_code is None
    assert ended.leftover >= 3
    assert 4 <= ended.seconds < 20


def test_what_a_run_leaves_behind_when_it_ends_by_itself_is_killed_too(
    run: Callable[..., Running], tmp_path: Path
) -> None:
    pids_file = tmp_path / "pids.json"
    dies = textwrap.dedent(HUNG_FAMILY).replace("time.sleep(600)\n", "os._exit(9)\n")
    assert dies != textwrap.dedent(HUNG_FAMILY)
    running = run(job(*python(dies, str(pids_file))))
    until(lambda: bool(running.ended))
    pids = json.loads(pids_file.read_text())
    assert not any(alive(pid) for pid in pids)
    assert (running.ended[0].exit_code, running.ended[0].leftover) == (9, 2)


def test_strangers_are_left_alone(tmp_path: Path) -> None:
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with (tmp_path / "out").open("wb") as out:
        marked = start_marked(python("import time; time.sleep(600)"), stdout=out, stderr=out, environ=os.environ)
        assert kill_all(marked) == 1
    try:
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_the_summary_of_a_run_is_read_from_its_output(run: Callable[..., Running]) -> None:
    running = run(job(*python("""print('{"status": "ok", "rows": 500}')""")))
    until(lambda: bool(running.ended))
    assert running.ended[0].summary == {"status": "ok", "rows": 500}
    assert running.ended[0].exit_code == 0


def test_runs_come_again_by_the_interval_and_never_two_at_once(
    run: Callable[..., Running], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    code = """
        import sys, time
        with open(sys.argv[1], "a") as f:
            f.write("in "); f.flush()
            time.sleep(1.6)
            f.write("out ")
    """
    running = run(job(*python(code, str(log)), interval_s=1, kill_after_s=30))
    until(lambda: len(running.ended) >= 2)
    running.stop()
    words = log.read_text().split()
    assert words == ["in", "out"] * (len(words) // 2)
    assert len(words) >= 4


def test_two_sources_run_side_by_side_and_one_that_hangs_does_not_hold_the_other(
    run: Callable[..., Running],
) -> None:
    hung = job(*python("import time; time.sleep(600)"), source="hung", kill_after_s=300)
    running = run(hung, job(*python("print('{}')"), source="fine"))
    until(lambda: any(e.source == "fine" for e in running.ended))
    assert [e.source for e in running.ended] == ["fine"]


def test_nothing_starts_outside_the_business_hours(run: Callable[..., Running]) -> None:
    closed = run(
        replace(job(*python("print('{}')"), interval_s=0.2), opening=Opening(hours=(time(8), time(11)), zone=UTC))
    )
    open_ = run(
        replace(job(*python("print('{}')"), interval_s=0.2), opening=Opening(hours=(time(8), time(13)), zone=UTC))
    )
    until(lambda: len(open_.ended) >= 2)
    assert closed.ended == []


SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("moment", "days", "is_open"),
    [
        ("2026-10-01 10:00", "china", False),  # National Day, a Thursday
        ("2026-10-10 10:00", "china", True),  # a Saturday that is worked for it (调休)
        ("2026-10-10 10:00", "weekdays", False),
        ("2026-10-11 10:00", "china", False),  # the Sunday after
        ("2026-10-11 10:00", "all", True),
        ("2026-09-30 10:00", "china", True),
        ("2026-09-30 07:59", "china", False),
        ("2031-01-01 10:00", "china", True),  # of that year the library knows nothing
        ("2031-01-04 10:00", "china", True),
    ],
)
def test_the_chinese_working_calendar(moment: str, days: Days, is_open: bool) -> None:
    opening = Opening(hours=(time(8), time(20)), days=days, zone=SHANGHAI)
    local = datetime.fromisoformat(moment).replace(tzinfo=SHANGHAI)
    assert opening.is_open(local.astimezone(UTC)) is is_open


def test_a_night_belongs_to_the_day_on_which_it_began() -> None:
    opening = Opening(hours=(time(22), time(6)), days="weekdays", zone=SHANGHAI)
    assert opening.is_open(datetime(2026, 11, 28, 3, tzinfo=SHANGHAI))  # Saturday, of Friday's night
    assert not opening.is_open(datetime(2026, 11, 30, 3, tzinfo=SHANGHAI))  # Monday, of Sunday's night
    assert not opening.is_open(datetime(2026, 11, 28, 23, tzinfo=SHANGHAI))


def test_no_more_runs_at_once_than_allowed(run: Callable[..., Running], tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = """
        import sys, time
        with open(sys.argv[1], "a") as f:
            f.write("in "); f.flush()
            time.sleep(0.4)
            f.write("out "); f.flush()
    """
    jobs = [job(*python(code, str(log)), source=f"s{i}") for i in range(3)]
    running = run(*jobs, parallel=1)
    until(lambda: len(running.ended) == 3)
    assert log.read_text().split() == ["in", "out"] * 3


def test_a_stop_reaches_those_who_still_wait_for_their_turn(run: Callable[..., Running]) -> None:
    sleeps = python("import time; time.sleep(600)")
    running = run(job(*sleeps, source="a"), job(*sleeps, source="b"), parallel=1)
    waiting = run(job(*sleeps, source="late", interval_s=3600), jitter_s=500, draw=lambda: 1.0)
    until(lambda: running.scheduler.under_way() == ["a", "b"])
    running.stop()
    waiting.stop()
    assert [(e.stopped, e.exit_code is None or e.exit_code < 0) for e in running.ended] == [(True, True)]
    assert waiting.ended == []


def test_the_jitter_never_reaches_the_next_turn(run: Callable[..., Running]) -> None:
    running = run(job(*python("print('{}')"), interval_s=2, kill_after_s=1.9), jitter_s=900, draw=lambda: 1.0)
    until(lambda: len(running.ended) >= 2, limit_s=20)


class Wall:
    """A wall clock that can be set, for the scheduler and for ``schedule`` beneath it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.offset = timedelta(0)
        wall = self

        class Datetime(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
                return datetime.now(tz) + wall.offset

        monkeypatch.setattr(schedule.datetime, "datetime", Datetime)
        self.now = Datetime.now


@pytest.mark.parametrize("jump", [timedelta(days=-3), timedelta(days=3), timedelta(hours=-1)])
def test_a_clock_that_is_set_neither_stops_the_runs_nor_doubles_them(
    run: Callable[..., Running], monkeypatch: pytest.MonkeyPatch, jump: timedelta
) -> None:
    monkeypatch.setattr("bridge.scheduler.LONGEST_WAIT_S", 0.05)
    fake = types.SimpleNamespace(**{n: getattr(schedule.datetime, n) for n in dir(schedule.datetime)})
    monkeypatch.setattr(schedule, "datetime", fake)
    wall = Wall(monkeypatch)
    running = run(job(*python("print('{}')"), interval_s=1.0), wall=wall.now)
    until(lambda: len(running.ended) >= 1)
    before, began = len(running.ended), clock.monotonic()
    wall.offset = jump
    until(lambda: len(running.ended) >= before + 3, limit_s=15)
    assert len(running.ended) - before <= clock.monotonic() - began + 2


def test_a_new_plan_counts_from_the_next_run_on(
    run: Callable[..., Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bridge.scheduler.LONGEST_WAIT_S", 0.05)
    plans: list[Plan] = []
    first = job(*python("print('{}')"), source="kept", interval_s=3600)
    running = run(first, look=lambda: plans.pop() if plans else None)
    until(lambda: len(running.ended) == 1)
    plans.append(Plan(jobs=(first, job(*python("print('{}')"), source="new", interval_s=3600))))
    until(lambda: len(running.ended) == 2)
    assert [e.source for e in running.ended] == ["kept", "new"], "a turn that is not due is not repeated"


def test_a_broken_configuration_keeps_the_last_good_one(tmp_path: Path) -> None:
    config = tmp_path / "bridge.toml"
    config.write_text("[run]\ninterval_minutes = 30\n", encoding="utf-8")
    told: list[ConfigError | None] = []
    watched = WatchedConfig(config, told.append)
    assert not watched.changed()
    assert watched.good == config
    config.write_text("[run]\ninterval = \n", encoding="utf-8")
    assert watched.changed()
    assert not watched.changed()
    assert watched.settings.run.interval_minutes == 30
    assert load_settings(watched.good, {}).run.interval_minutes == 30
    assert stat.S_IMODE(watched.good.stat().st_mode) == 0o600
    config.unlink()
    assert not watched.changed(), "still the last good one"
    config.write_text("[run]\ninterval_minutes = 45\n", encoding="utf-8")
    assert watched.changed()
    assert (watched.settings.run.interval_minutes, watched.good) == (45, config)
    assert [type(t) for t in told] == [ConfigError, ConfigError, type(None)]


@pytest.mark.parametrize(
    ("at", "inside"),
    [("21:59", False), ("22:00", True), ("23:59", True), ("00:00", True), ("05:59", True), ("06:00", False)],
)
def test_hours_may_run_over_midnight(at: str, inside: bool) -> None:
    assert within((time(22), time(6)), time.fromisoformat(at)) is inside


def test_the_kill_comes_after_the_runs_own_deadline_and_before_the_next_turn() -> None:
    made = sync_job("demo", config=Path("x/bridge.toml"), interval_s=900, deadline_s=720)
    assert 720 < made.kill_after_s < 900
    assert made.command[1:] == ("-m", "bridge", "--config", str(Path("x/bridge.toml")), "sync", "demo", "--json")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly_and_the_run_may_close_its_browser_first(number: int, tmp_path: Path) -> None:
    child = textwrap.dedent(f"""
        import signal, sys, time
        def end(*_):
            open({str(tmp_path / "signed-out")!r}, "w").close()
            sys.exit(0)
        signal.signal(signal.SIGTERM, end)
        open({str(tmp_path / "ready")!r}, "w").close()
        time.sleep(600)
    """)
    code = f"""
        import sys, time
        from datetime import datetime, UTC
        from bridge.scheduler import Job, Plan, Scheduler, stopped_by_signals
        command = (sys.executable, "-c", {child!r})
        s = Scheduler(Plan(jobs=(Job(source="demo", command=command, interval_s=900, kill_after_s=600),)),
                      now=lambda: datetime.now(UTC), monotonic=time.monotonic)
        with stopped_by_signals(s):
            s.run()
    """
    process = subprocess.Popen(python(code), stderr=subprocess.DEVNULL)
    until((tmp_path / "ready").exists)
    process.send_signal(number)
    assert process.wait(30) == 0
    assert (tmp_path / "signed-out").exists()
