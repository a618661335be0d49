"""What `bridge run` does beside the syncs, each in a process of its own: contracts that lie in the inbox."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from bridge.contracts.intake import Settled
from bridge.promises import INBOX_LOCK, TAKE_IN_S
from bridge.scheduler import Job
from bridge.settings import Settings

LOOK_S = 15.0
AGAIN_S = 900.0  # a file that could not be moved is tried again after this
INBOX_KILL_S = TAKE_IN_S + 420  # the last file may take five minutes, and its pages a little more


def jobs(settings: Settings, config: Path, monotonic: Callable[[], float] = time.monotonic) -> tuple[Job, ...]:
    """config: the file that the runs themselves read."""
    inbox = settings.contracts.inbox
    if inbox is None:
        return ()
    return (
        Job(
            source=INBOX_LOCK,
            command=(sys.executable, "-m", "bridge", "--config", str(config), "inbox", "--json"),
            interval_s=LOOK_S,
            kill_after_s=INBOX_KILL_S,
            wanted=Settled(inbox, settings.contracts.settle_seconds, monotonic, AGAIN_S),
            aside=True,
        ),
    )
