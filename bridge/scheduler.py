"""``bridge run``: the clock.  Starts each source's sync every N minutes as a process of its own, and ends it if it
does not end by itself.

One run per source at a time; a run that is still under way when its turn comes again is not started twice, and
missed turns do not pile up.  A run has two deadlines, both below the interval: at the first it ends itself, at the
second it is killed from outside with everything it started.  Turns are kept by elapsed time: when somebody sets
the machine's clock, nothing is missed and nothing comes twice.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any

import schedule

from bridge import log
from bridge.processes import Marked, ask_to_end, kill_all, start_marked
from bridge.settings import Days, Settings
from bridge.working_days import is_known, is_working_day

GRACE_S = 20.0  # from asking a run to end until it is killed, when the bridge itself stops
STDERR_TAIL = 2000  # characters of a failed run's last words that are logged
# The machine's clock may be set, the machine may sleep, the configuration may change: so all is looked at again.
# On Windows Ctrl-C does not interrupt a waiting main thread, so there it is more often.
LONGEST_WAIT_S = 1.0 if sys.platform == "win32" else 10.0
JUMP_S = 2.0  # wall and elapsed time further apart than this since the last look: the clock was set
SLOT_LOOK_S = 0.2  # a run that waits for another source's to end looks this often
_STOP, _ENDED = "stop", "ended"
_COUNTS = ("run_id", "complete", "pages", "rows", "added", "changed", "gone", "doubtful", "pushed", "push_failed")


@dataclass(frozen=True, kw_only=True, slots=True)
class Opening:
    """When runs are started.  hours: start and end of the day, None for round the clock (an end before the start
    runs over midnight and belongs to the day on which it began).  zone: None for this machine's own."""

    hours: tuple[time, time] | None = None
    days: Days = "all"
    zone: tzinfo | None = None

    def is_open(self, now: datetime) -> bool:
        """now: timezone-aware."""
        local = now.astimezone(self.zone)
        if not within(self.hours, local.time()):
            return False
        began_yesterday = self.hours is not None and self.hours[0] > self.hours[1] and local.time() < self.hours[1]
        return is_working_day((local - timedelta(days=began_yesterday)).date(), self.days)


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One source's turn, or that of something that is done beside them; its name then has a dot."""

    source: str
    command: tuple[str, ...]  # prints the run's summary as JSON on stdout
    interval_s: float
    kill_after_s: float  # hard deadline, below the interval
    opening: Opening = Opening()
    wanted: Callable[[], bool] | None = None  # asked at each turn; None: always
    aside: bool = False  # takes none of the places that syncs wait for


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """Everything that is to be kept going.  jitter_s: each run waits a random part of it first (never so long that
    it could meet its next turn).  parallel: runs under way at once."""

    jobs: tuple[Job, ...]
    jitter_s: float = 0.0
    parallel: int = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How one run ended.  ``summary`` is what it printed, {} if nothing legible."""

    source: str
    exit_code: int | None  # None: it did not end by itself
    seconds: float
    summary: Mapping[str, Any]
    leftover: int  # processes that had to be killed
    stopped: bool = False  # because the bridge itself stops; says nothing about the source

    @property
    def error_code(self) -> str | None:
        """Of an error that was printed instead of a summary, or stands in the summary."""
        error = self.summary.get("error")
        return error.get("code") if isinstance(error, dict) else self.summary.get("error_code")

    @property
    def hint(self) -> str | None:
        error = self.summary.get("error")
        return error.get("hint") if isinstance(error, dict) else self.summary.get("hint")

    @property
    def message(self) -> str | None:
        error = self.summary.get("error")
        return error.get("message") if isinstance(error, dict) else error


@dataclass(frozen=True, kw_only=True, slots=True)
class _Run:
    thread: threading.Thread
    inbox: SimpleQueue[str]  # what the run's thread waits for


def sync_job(
    source: str, *, config: Path, interval_s: float, deadline_s: float, opening: Opening | None = None
) -> Job:
    """The job of one source.  It is killed halfway between its own deadline and its next turn."""
    return Job(
        source=source,
        command=(sys.executable, "-m", "bridge", "--config", str(config), "sync", source, "--json"),
        interval_s=interval_s,
        kill_after_s=(deadline_s + interval_s) / 2,
        opening=opening or Opening(),
    )


def plan_of(settings: Settings, config: Path, only: Sequence[str] = ()) -> Plan:
    """The settings as a plan; config: the file that the runs themselves read.  Raises ConfigError for a source of
    ``only`` that there is not."""
    for name in only:
        settings.source(name)
    jobs = [
        sync_job(
            name,
            config=config,
            interval_s=settings.interval_s(name),
            deadline_s=settings.deadline_s(name),
            opening=Opening(
                hours=settings.business_hours(name), days=settings.working_days(name), zone=settings.zone(name)
            ),
        )
        for name in only or settings.sources
    ]
    return Plan(jobs=tuple(jobs), jitter_s=settings.run.jitter_seconds, parallel=settings.run.parallel)


class Scheduler:
    """now: timezone-aware, for the business hours.  wall: the same clock that ``schedule`` looks at.
    look: a new plan, or None where nothing has changed; asked at least every LONGEST_WAIT_S.  on_end: told of
    every run that ended, in the run's own thread."""

    def __init__(
        self,
        plan: Plan,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        wall: Callable[[], datetime] = lambda: datetime.now(),  # noqa: DTZ005  as schedule does
        draw: Callable[[], float] = random.random,
        look: Callable[[], Plan | None] = lambda: None,
        on_end: Callable[[Ended], None] = lambda ended: None,
    ) -> None:
        self._plan = plan
        self._now = now
        self._monotonic = monotonic
        self._wall = wall
        self._draw = draw
        self._look = look
        self._on_end = on_end
        self._clock = schedule.Scheduler()
        self._inbox: SimpleQueue[str] = SimpleQueue()
        self._runs: dict[str, _Run] = {}
        self._busy: set[str] = set()  # sources that have one of the plan's parallel places
        self._places = threading.Lock()
        self._warned_of: set[int] = set()
        self._last_look = (wall(), monotonic())

    def run(self) -> None:
        """Until ``stop``: every source at once, then by its interval.  Returns with no process left."""
        sources = [job.source for job in self._plan.jobs if job.wanted is None]
        log.event("schedule.started", f"{len(sources)} source(s): {', '.join(sources)}; Ctrl-C stops")
        self._follow(self._plan, known={})
        while not self._stopping(self._clock.idle_seconds):
            self._follow_the_wall_clock()
            if (plan := self._look()) is not None:
                self._change_to(plan)
            self._clock.run_pending()
        for run in self._runs.values():
            run.inbox.put(_STOP)
        for run in self._runs.values():
            run.thread.join()
        log.event("schedule.stopped", "nothing is left running")

    def stop(self) -> None:
        """Asks the runs under way to end, and ``run`` to return.  Safe in a signal handler: a SimpleQueue is
        reentrant, the lock of an Event is not."""
        self._inbox.put(_STOP)

    def under_way(self) -> list[str]:
        """The sources whose run is under way or about to start."""
        return sorted(name for name, run in self._runs.items() if run.thread.is_alive())

    # --- the plan -----------------------------------------------------------------------------------------

    def _change_to(self, plan: Plan) -> None:
        """The next runs go by the new plan; runs under way are left alone, and nobody's turn is lost."""
        known = {
            job: turn.next_run
            for job in self._plan.jobs
            for turn in self._clock.get_jobs(job.source)
            if turn.next_run is not None
        }
        self._clock.clear()
        self._plan = plan
        self._follow(plan, known={job.source: (job.interval_s, at) for job, at in known.items()})
        sources = [job.source for job in plan.jobs if job.wanted is None]
        log.event("schedule.changed", f"{len(sources)} source(s): {', '.join(sources)}")

    def _follow(self, plan: Plan, known: Mapping[str, tuple[float, datetime]]) -> None:
        for job in plan.jobs:
            turn = self._clock.every(job.interval_s).seconds.do(self._turn, job).tag(job.source)
            former = known.get(job.source)
            if former is not None and former[0] == job.interval_s:
                turn.next_run = former[1]
            elif former is None:
                self._turn(job)

    def _follow_the_wall_clock(self) -> None:
        """``schedule`` goes by the wall clock.  Where that was set, the turns are set with it."""
        wall, elapsed = self._wall(), self._monotonic()
        jump = (wall - self._last_look[0]).total_seconds() - (elapsed - self._last_look[1])
        self._last_look = (wall, elapsed)
        if abs(jump) < JUMP_S:
            return
        log.event("clock.jumped", f"the machine's clock was set by {jump:+.0f} s", level="WARNING", seconds=jump)
        for turn in self._clock.get_jobs():
            if turn.next_run is not None:
                turn.next_run += timedelta(seconds=jump)

    def _stopping(self, idle_s: float | None) -> bool:
        """Waits for the next turn; True if a stop came first."""
        wait_s = LONGEST_WAIT_S if idle_s is None else min(max(idle_s, 0.0), LONGEST_WAIT_S)
        try:
            return self._inbox.get(timeout=wait_s) == _STOP
        except Empty:
            return False

    # --- one turn -----------------------------------------------------------------------------------------

    def _turn(self, job: Job) -> None:
        run = self._runs.get(job.source)
        if not self._is_open(job):
            log.event("run.skipped", "outside the business hours", source=job.source, level="DEBUG")
        elif run is not None and run.thread.is_alive():
            level = "WARNING" if job.wanted is None else "DEBUG"
            log.event("run.skipped", "the previous run is still under way", source=job.source, level=level)
        elif job.wanted is not None and not job.wanted():
            return
        else:
            inbox: SimpleQueue[str] = SimpleQueue()
            thread = threading.Thread(target=self._one, args=(job, inbox), name=f"run-{job.source}")
            self._runs[job.source] = _Run(thread=thread, inbox=inbox)
            thread.start()

    def _is_open(self, job: Job) -> bool:
        now = self._now()
        year = now.astimezone(job.opening.zone).year
        if job.opening.days == "china" and not is_known(year) and year not in self._warned_of:
            self._warned_of.add(year)
            words = f"the installed chinesecalendar knows no holidays of {year}: every day counts as a working day"
            log.event("calendar.unknown_year", words, level="WARNING", hint="pip install -U chinesecalendar")
        return job.opening.is_open(now)

    def _one(self, job: Job, inbox: SimpleQueue[str]) -> None:
        room_s = (job.interval_s - job.kill_after_s) / 2  # so that the kill comes before the next turn
        if _stop_within(inbox, self._draw() * min(self._plan.jitter_s, max(room_s, 0.0))):
            return
        if not job.aside and not self._take_place(job.source, inbox):
            return
        try:
            ended = self._supervise(job, inbox)
        finally:
            with self._places:
                self._busy.discard(job.source)
        try:
            self._on_end(ended)
        except Exception as e:  # noqa: BLE001  whoever listens must not end the clock
            log.event("run.listener_failed", f"{type(e).__name__}: {e}", level="ERROR", source=job.source)

    def _take_place(self, source: str, inbox: SimpleQueue[str]) -> bool:
        """Waits for one of the parallel places; False if a stop came first."""
        while True:
            with self._places:
                if len(self._busy) < self._plan.parallel:
                    self._busy.add(source)
                    return True
            if _stop_within(inbox, SLOT_LOOK_S):
                return False

    def _supervise(self, job: Job, inbox: SimpleQueue[str]) -> Ended:
        """Starts the run and waits for its end, its deadline or our stop; whatever it leaves behind is killed."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            started = self._monotonic()
            marked = start_marked(job.command, stdout=out, stderr=err, environ=os.environ)
            threading.Thread(target=_tell_the_end, args=(marked, inbox), daemon=True).start()
            log.event("run.started", source=job.source, pid=marked.process.pid)
            by_itself, stopped = _ends(marked, inbox, job.kill_after_s)
            leftover = kill_all(marked)
            ended = Ended(
                source=job.source,
                exit_code=marked.process.returncode if by_itself else None,
                seconds=round(self._monotonic() - started, 1),
                summary=_summary(out),
                leftover=leftover,
                stopped=stopped,
            )
            _report(ended, err)
        return ended


def _tell_the_end(marked: Marked, inbox: SimpleQueue[str]) -> None:
    marked.process.wait()
    inbox.put(_ENDED)


def _stop_within(inbox: SimpleQueue[str], seconds: float) -> bool:
    """Waits; True if a stop came meanwhile."""
    try:
        return inbox.get(timeout=max(seconds, 0.0)) == _STOP
    except Empty:
        return False


def _ends(marked: Marked, inbox: SimpleQueue[str], limit_s: float) -> tuple[bool, bool]:
    """Whether the run ended (else it must be killed), and whether it was asked to: a stop gives it GRACE_S to
    close its browser."""
    try:
        if inbox.get(timeout=limit_s) == _ENDED:
            return True, False
    except Empty:
        return False, False
    ask_to_end(marked)
    try:
        return inbox.get(timeout=GRACE_S) == _ENDED, True
    except Empty:
        return False, True


def _summary(out: IO[bytes]) -> Mapping[str, Any]:
    """The JSON object that the run printed, {} where there is none."""
    out.seek(0)
    try:
        printed = json.loads(out.read().decode("utf-8", "replace"))
    except json.JSONDecodeError:
        return {}
    return printed if isinstance(printed, dict) else {}


def _report(ended: Ended, err: IO[bytes]) -> None:
    counts = {k: ended.summary[k] for k in _COUNTS if k in ended.summary}
    facts = {"source": ended.source, "seconds": ended.seconds, "leftover": ended.leftover, **counts}
    if ended.exit_code == 0:
        log.event("run.finished", f"{ended.summary.get('status', 'done')}", **facts)
        return
    words = ended.message or "no word from the run itself"
    if ended.exit_code is None:
        log.event(
            "run.killed", f"did not end in time; {ended.leftover} process(es) killed", level="ERROR", **facts
        )
        return
    err.seek(0)
    last = err.read().decode("utf-8", "replace")[-STDERR_TAIL:]
    log.event("run.failed", words, level="ERROR", exit_code=ended.exit_code, **facts)
    log.event("run.stderr", last, level="DEBUG", source=ended.source)


def within(hours: tuple[time, time] | None, at: time) -> bool:
    """Is ``at`` within the business hours?  The end is not included; 22:00-06:00 runs over midnight."""
    if hours is None:
        return True
    start, end = hours
    return start <= at < end if start <= end else (at >= start or at < end)


@contextmanager
def stopped_by_signals(scheduler: Scheduler) -> Iterator[None]:
    """SIGINT, SIGTERM and Windows' Ctrl-Break stop the scheduler cleanly; the former handlers come back after."""
    names = ("SIGINT", "SIGTERM", "SIGBREAK")
    signals = [getattr(signal, name) for name in names if hasattr(signal, name)]
    former = {s: signal.signal(s, lambda number, frame: scheduler.stop()) for s in signals}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
