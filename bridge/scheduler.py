"""``bridge run``: the clock.  Starts each source's sync every N minutes as a process of its own, and ends it if it
does not end by itself.

One run per source at a time; a run that is still under way when its turn comes again is not started twice, and
missed turns do not pile up.  A run has two deadlines, both below the interval: at the first it ends itself, at the
second it is killed from outside with everything it started.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import IO, Any

import schedule

from bridge import log
from bridge.errors import SignInRefused
from bridge.processes import Marked, ask_to_end, kill_all, start_marked

GRACE_S = 20.0  # from asking a run to end until it is killed, when the bridge itself stops
STDERR_TAIL = 2000  # characters of a failed run's last words that are logged
# The machine's clock may be set or the machine may sleep, so it is looked at again; on Windows Ctrl-C does not
# interrupt a waiting main thread, so there it is more often.
LONGEST_WAIT_S = 1.0 if sys.platform == "win32" else 60.0
_STOP, _ENDED = "stop", "ended"
_COUNTS = ("run_id", "complete", "pages", "rows", "added", "changed", "gone", "doubtful", "pushed", "push_failed")


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One source's turn."""

    source: str
    command: tuple[str, ...]  # prints the run's summary as JSON on stdout
    interval_s: float
    kill_after_s: float  # hard deadline, below the interval


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How one run ended.  ``summary`` is what it printed, {} if nothing legible."""

    source: str
    exit_code: int | None  # None: it did not end by itself
    seconds: float
    summary: Mapping[str, Any]
    leftover: int  # processes that had to be killed

    @property
    def error_code(self) -> str | None:
        """Of an error that was printed instead of a summary, or stands in the summary."""
        error = self.summary.get("error")
        return error.get("code") if isinstance(error, dict) else self.summary.get("error_code")

    @property
    def message(self) -> str | None:
        error = self.summary.get("error")
        return error.get("message") if isinstance(error, dict) else error


@dataclass(frozen=True, kw_only=True, slots=True)
class _Run:
    thread: threading.Thread
    inbox: SimpleQueue[str]  # what the run's thread waits for


def sync_job(source: str, *, config: Path, interval_s: float, deadline_s: float) -> Job:
    """The job of one source.  It is killed halfway between its own deadline and its next turn."""
    return Job(
        source=source,
        command=(sys.executable, "-m", "bridge", "--config", str(config), "sync", source, "--json"),
        interval_s=interval_s,
        kill_after_s=(deadline_s + interval_s) / 2,
    )


class Scheduler:
    """now: the time where the business hours count.  hours: start and end of the day, None for round the clock
    (an end before the start runs over midnight).  on_end: told of every run that ended."""

    def __init__(
        self,
        jobs: Sequence[Job],
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        hours: tuple[time, time] | None = None,
        on_end: Callable[[Ended], None] = lambda ended: None,
    ) -> None:
        self._jobs = tuple(jobs)
        self._now = now
        self._monotonic = monotonic
        self._hours = hours
        self._on_end = on_end
        self._clock = schedule.Scheduler()
        self._inbox: SimpleQueue[str] = SimpleQueue()
        self._runs: dict[str, _Run] = {}
        self._paused: set[str] = set()

    def run(self) -> None:
        """Until ``stop``: every source at once, then by its interval.  Returns with no process left."""
        sources = [job.source for job in self._jobs]
        log.event("schedule.started", f"{len(sources)} source(s): {', '.join(sources)}; Ctrl-C stops")
        for job in self._jobs:
            self._clock.every(job.interval_s).seconds.do(self._turn, job)
            self._turn(job)
        while not self._stopping(self._clock.idle_seconds):
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

    def _stopping(self, idle_s: float | None) -> bool:
        """Waits for the next turn; True if a stop came first."""
        wait_s = LONGEST_WAIT_S if idle_s is None else min(max(idle_s, 0.0), LONGEST_WAIT_S)
        try:
            return self._inbox.get(timeout=wait_s) == _STOP
        except Empty:
            return False

    def _turn(self, job: Job) -> None:
        run = self._runs.get(job.source)
        if job.source in self._paused:
            why = "the ERP refused the sign-in; change the secret, then start `bridge run` again"
            log.event("run.skipped", why, source=job.source, level="WARNING")
        elif not within(self._hours, self._now().time()):
            log.event("run.skipped", "outside the business hours", source=job.source, level="DEBUG")
        elif run is not None and run.thread.is_alive():
            log.event("run.skipped", "the previous run is still under way", source=job.source, level="WARNING")
        else:
            inbox: SimpleQueue[str] = SimpleQueue()
            thread = threading.Thread(target=self._one, args=(job, inbox), name=f"run-{job.source}")
            self._runs[job.source] = _Run(thread=thread, inbox=inbox)
            thread.start()

    def _one(self, job: Job, inbox: SimpleQueue[str]) -> None:
        ended = self._supervise(job, inbox)
        if ended.error_code == SignInRefused.code:
            self._paused.add(job.source)  # another attempt could lock the account
        self._on_end(ended)

    def _supervise(self, job: Job, inbox: SimpleQueue[str]) -> Ended:
        """Starts the run and waits for its end, its deadline or our stop; whatever it leaves behind is killed."""
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            started = self._monotonic()
            marked = start_marked(job.command, stdout=out, stderr=err, environ=os.environ)
            threading.Thread(target=_tell_the_end, args=(marked, inbox), daemon=True).start()
            log.event("run.started", source=job.source, pid=marked.process.pid)
            by_itself = _ends(marked, inbox, job.kill_after_s)
            leftover = kill_all(marked)
            ended = Ended(
                source=job.source,
                exit_code=marked.process.returncode if by_itself else None,
                seconds=round(self._monotonic() - started, 1),
                summary=_summary(out),
                leftover=leftover,
            )
            _report(ended, err)
        return ended


def _tell_the_end(marked: Marked, inbox: SimpleQueue[str]) -> None:
    marked.process.wait()
    inbox.put(_ENDED)


def _ends(marked: Marked, inbox: SimpleQueue[str], limit_s: float) -> bool:
    """True if the run ended, False if it must be killed.  A stop gives it GRACE_S to close its browser."""
    try:
        if inbox.get(timeout=limit_s) == _ENDED:
            return True
        ask_to_end(marked)
        return inbox.get(timeout=GRACE_S) == _ENDED
    except Empty:
        return False


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
