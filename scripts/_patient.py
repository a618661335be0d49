"""The bridge of a soak: one process that does all its syncs and tells after each what it holds by then.

All in one process is harder than `bridge run`, where each sync has its own: whatever is not given back adds up.
The sample ERP, the receiver and what the soak itself remembers live outside, so that only the bridge is counted.

As a process: reads one JSON object a line, ``{"skip_s": …}`` (how far its clock is ahead by then); after each sync
prints one, with the fields of ``Told``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """How a sync ended, and what is there after it: memory with all children, the rest of this process."""

    outcome: str  # error code, or status
    complete: bool
    missing: int
    memory_mb: float
    handles: int
    threads: int
    temporary_files: int


class Patient:
    """``with closing(Patient(config, source, scratch)) as patient: patient.sync(ahead)``."""

    def __init__(self, config: Path, source: str, scratch: Path) -> None:
        """scratch: an empty folder for its temporary files."""
        environ = {**os.environ, "TMPDIR": str(scratch)}
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(config), source],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environ,
            text=True,
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def sync(self, ahead: timedelta) -> Told:
        """Raises RuntimeError if it ended instead."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"skip_s": ahead.total_seconds()}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the bridge's process ended by itself with exit code {self._process.wait()}")
        return Told(**json.loads(line))

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)


def _load_the_nets(app: Any) -> None:
    """A net is loaded at the first picture that needs it, perhaps late in the run; that is no growth."""
    import numpy as np

    for net in (app.net, app.fast_net):
        net.read_lines([np.full((32, 64, 3), 255, np.uint8)])


def _tell(run: Any) -> Told:
    import psutil
    from _memory import held_mb

    me = psutil.Process()
    return Told(
        outcome=run.error_code or run.status.value,
        complete=run.complete,
        missing=run.missing,
        memory_mb=held_mb(),
        handles=me.num_fds(),
        threads=me.num_threads(),
        temporary_files=sum(len(files) for _, _, files in os.walk(tempfile.gettempdir())),
    )


def main(config: Path, source: str) -> int:
    from bridge import log, wiring

    ahead = timedelta()
    wiring.utc_now = lambda: datetime.now(UTC) + ahead
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else is printed must not stand among the answers
    log.set_up(folder=None, name="soak", console_level="CRITICAL")
    app = wiring.App.load(config)
    _load_the_nets(app)
    for line in sys.stdin:
        ahead = timedelta(seconds=json.loads(line)["skip_s"])
        print(json.dumps(asdict(_tell(app.sync(source)))), file=answers, flush=True)
    app.store.close()
    return 0


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
