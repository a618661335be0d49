"""What a person sees: progress and messages on stderr, results on stdout, JSON for programs."""

from __future__ import annotations

import dataclasses
import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

    from bridge.interfaces import Progress

STAGE_WORDS = {
    "sign_in": "sign in",
    "capture": "capture",
    "read": "read",
    "parse": "parse",
    "check": "check",
    "reconcile": "reconcile",
    "commit": "commit",
    "push": "push",
    "report": "report",
}


def speak_utf8() -> None:
    """Windows consoles and pipes of other encodings get what they can show instead of an exception."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            if stream.isatty():
                stream.reconfigure(errors="replace")
            else:
                stream.reconfigure(encoding="utf-8", errors="replace")


def out() -> Console:
    """For results."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=not sys.stdout.isatty())


def err() -> Console:
    """For progress, messages and errors."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=not sys.stderr.isatty())


def print_json(data: object) -> None:
    print(json.dumps(data, default=_plain, ensure_ascii=False, indent=2))


def _plain(value: object) -> Any:
    """json's ``default``: records become objects, money and dates text."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, set | frozenset):
        return sorted(value)
    raise TypeError(f"no JSON form for {type(value).__name__}")


@contextmanager
def progress(*, quiet: bool = False) -> Iterator[Progress]:
    """A callback for the use cases: one line per stage, live at a terminal, plain otherwise.

    quiet: say nothing (``--json`` into a pipe).
    """
    if quiet and not sys.stderr.isatty():
        yield lambda stage, done, total: None
    elif sys.stderr.isatty():
        with _bars() as bars:
            yield _Live(bars)
    else:
        yield _Lines()


def _bars() -> Bars:
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    return Progress(
        SpinnerColumn(finished_text="[green]✓[/green]"),
        TextColumn("{task.description:<10}"),
        BarColumn(bar_width=28, complete_style="cyan", finished_style="green"),
        TextColumn("{task.fields[count]:>9}"),
        TimeElapsedColumn(),
        console=err(),
        transient=False,
    )


class _Live:
    """One bar per stage.  A stage is over when it says so (done = total) or when the next one begins."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, stage: str, done: int, total: int) -> None:
        if stage not in self._tasks:
            for earlier in self._tasks.values():
                self._finish(earlier)
            words = STAGE_WORDS.get(stage, stage)
            self._tasks[stage] = self._bars.add_task(words, total=total or None, count="")
        count = f"{done}/{total}" if total > 1 else ""
        self._bars.update(self._tasks[stage], completed=done, total=total or None, count=count)

    def _finish(self, task: TaskID) -> None:
        total = self._bars.tasks[task].total or 1
        self._bars.update(task, total=total, completed=total)


class _Lines:
    """A line when a stage begins, and then at most one every ten seconds: for log files and CI."""

    EVERY_S = 10.0

    def __init__(self) -> None:
        self._stage = ""
        self._told = 0.0

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if stage == self._stage and now - self._told < self.EVERY_S:
            return
        self._stage, self._told = stage, now
        count = f" {done}/{total}" if total > 1 and done else ""
        print(f"{STAGE_WORDS.get(stage, stage)}{count} …", file=sys.stderr, flush=True)
