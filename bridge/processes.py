"""Ending a process with everything it started, for good: hung browsers, OCR, whatever they started in turn.

A parent's children are not enough: a browser whose driver has died belongs to nobody any more.  So whoever may
have to be ended is started with a mark in its environment, which every descendant inherits.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any

import psutil

MARK = "BRIDGE_PROCESS_MARK"
KILL_ROUNDS = 20  # whoever still starts processes while being killed is met again in the next round
ROUND_S = 0.5
LOOK_S = 0.01


@dataclass(frozen=True, kw_only=True, slots=True)
class Marked:
    """A started process and the mark that its descendants carry."""

    process: subprocess.Popen[bytes]
    mark: str


def start_marked(
    command: Sequence[str], *, stdout: IO[bytes], stderr: IO[bytes], environ: Mapping[str, str]
) -> Marked:
    """Starts ``command`` in a session of its own: Ctrl-C at our terminal is ours to pass on."""
    mark = uuid.uuid4().hex
    options: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        options = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    process = subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        env={**environ, MARK: mark},
        **options,
    )
    return Marked(process=process, mark=mark)


def ask_to_end(marked: Marked) -> None:
    """SIGTERM (Ctrl-Break on Windows) to the process itself; it ends its own children."""
    if marked.process.poll() is not None:
        return
    if sys.platform == "win32":
        import signal

        marked.process.send_signal(signal.CTRL_BREAK_EVENT)
    else:
        marked.process.terminate()


def kill_all(marked: Marked) -> int:
    """Kills the process and all its descendants, orphans too; returns how many there were.

    Returns once none is left, or after KILL_ROUNDS rounds (a process in uninterruptible sleep cannot be killed).
    """
    killed: set[int] = set()
    for _ in range(KILL_ROUNDS):
        family = _family(marked)
        if not family:
            break
        for process in family:
            try:
                process.kill()
                killed.add(process.pid)
            except psutil.NoSuchProcess:
                continue
        wait_for_end(family, ROUND_S)
        marked.process.poll()  # collects our own child, which else stays as a zombie
    return len(killed)


def _family(marked: Marked) -> list[psutil.Process]:
    """The living: the process, its descendants, its session and whoever carries the mark."""
    root = marked.process.pid
    found: dict[int, psutil.Process] = {}
    if marked.process.poll() is None:
        try:
            parent = psutil.Process(root)
            found = {p.pid: p for p in (parent, *parent.children(recursive=True))}
        except psutil.NoSuchProcess:
            pass
    for process in psutil.process_iter():
        if process.pid not in found and (_in_session(process.pid, root) or _carries(process, marked.mark)):
            found[process.pid] = process
    found.pop(os.getpid(), None)
    return [p for p in found.values() if _alive(p)]


def _in_session(pid: int, leader: int) -> bool:
    if sys.platform == "win32":
        return False
    try:
        return os.getsid(pid) == leader
    except (ProcessLookupError, PermissionError):
        return False


def _carries(process: psutil.Process, mark: str) -> bool:
    try:
        return bool(process.environ().get(MARK) == mark)
    except (psutil.Error, OSError):  # another user's, or gone meanwhile
        return False


def wait_for_end(processes: Collection[psutil.Process], timeout: float) -> None:
    """Returns once none of them lives, or after timeout (seconds).

    Unlike psutil's own ``wait_procs`` not until each has left the process table: an orphan stays there as a zombie
    until the machine's first process collects it, and in a container that may be never.
    """
    deadline = time.monotonic() + timeout
    while any(_alive(p) for p in processes) and time.monotonic() < deadline:
        time.sleep(LOOK_S)


def _alive(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
