"""Runs `bridge` commands in processes of their own without loading the program anew each time.

A process that has imported everything waits for commands and forks a child for each, which runs the command line
as if it had been started afresh.  Torture and soak start the program hundreds of times; here a start costs
milliseconds instead of seconds.  POSIX only.

As a process: ``python -m bridge.testing.nursery`` reads one JSON object per line (see ``Nursery.start``).
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from bridge.processes import MARK
from bridge.testing.broken import BREAKS
from bridge.testing.remembered_net import RememberedNet

# What one run imports sooner or later; imported once before the first fork.  No PaddleOCR: its threads would not
# survive a fork, and a run whose pictures are all known never loads it.
_IMPORTED = (
    "bridge.cli.commands", "bridge.wiring", "bridge.sync", "bridge.erp.session", "bridge.erp.capture",
    "bridge.erp.redraw", "bridge.erp.refusals", "bridge.ocr.reader", "bridge.outbox.relay",
    "bridge.outbox.transports.webhook", "bridge.store", "bridge.reports.mismatch", "playwright.sync_api",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Child:
    """A started command.  stdout: file of what it prints; ``exit_code`` stands in a file once it ended."""

    pid: int
    mark: str
    stdout: Path
    ended: Path

    def alive(self) -> bool:
        try:
            return bool(psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False

    def exit_code(self) -> int | None:
        """None: it was killed, or is still running."""
        return int(self.ended.read_text()) if self.ended.exists() else None


class Nursery:
    """``with Nursery(folder, environ) as nursery: nursery.start(["sync", "demo"], mark="7")``."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self._folder = folder
        self._started = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bridge.testing.nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=dict(environ),
            start_new_session=True,
            text=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def start(self, arguments: Sequence[str], *, broken: str | None = None) -> Child:
        """arguments: as of `bridge`.  broken: name of a fault of ``bridge.testing.broken`` to run with."""
        self._started += 1
        mark = f"nursery-{self._process.pid}-{self._started}"
        out, ended = self._folder / f"out-{self._started}", self._folder / f"ended-{self._started}"
        order: dict[str, Any] = {"arguments": list(arguments), "mark": mark, "out": str(out), "ended": str(ended)}
        order |= {"net": str(self._folder / "net"), "broken": broken}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return Child(pid=int(self._process.stdout.readline()), mark=mark, stdout=out, ended=ended)

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def offspring(child: Child) -> list[psutil.Process]:
    """The living processes that the command started, orphans too; not the command itself."""
    found = []
    for process in psutil.process_iter():
        try:
            if (
                process.pid != child.pid
                and process.environ().get(MARK) == child.mark
                and process.status() != psutil.STATUS_ZOMBIE
            ):
                found.append(process)
        except (psutil.Error, OSError):
            continue  # another user's, or gone meanwhile
    return found


def main() -> int:
    for name in _IMPORTED:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system itself collects the children that ended
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _be_the_command(order)
        print(pid, flush=True)
    return 0


def _be_the_command(order: Mapping[str, Any]) -> None:
    """In the child: what a fresh process would find, then the command; never returns."""
    code = 70
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        nothing = os.open(os.devnull, os.O_RDONLY)
        out = os.open(order["out"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for number, target in ((nothing, 0), (out, 1), (out, 2)):
            os.dup2(number, target)
        os.environ[MARK] = order["mark"]  # inherited by whatever the command starts
        _remember_what_the_net_says(Path(order["net"]))
        if order["broken"]:
            BREAKS[order["broken"]]()
        from bridge.cli import main as command

        code = command(order["arguments"])
        sys.stdout.flush()
        ended = Path(order["ended"])
        ended.with_suffix(".new").write_text(str(code))
        os.replace(ended.with_suffix(".new"), ended)
    finally:
        os._exit(code)


def _remember_what_the_net_says(folder: Path) -> None:
    from bridge import wiring

    real = wiring.paddle

    def paddle(model: str, threads: int = 2) -> Any:
        return RememberedNet(lambda: real(model, threads), folder / model)

    wiring.paddle = paddle


if __name__ == "__main__":
    sys.exit(main())
