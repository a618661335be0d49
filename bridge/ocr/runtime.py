"""How the nets are run: nothing of it leaves this machine, and nothing piles up."""

from __future__ import annotations

import ctypes
import os
import sys

_M_ARENA_MAX = -8  # glibc's malloc.h
_M_MMAP_THRESHOLD = -3
LARGE = 4 << 20
"""Bytes: a picture of a list is 7 to 27 million, one of a cell some thousand."""


def prepare() -> None:
    """Everything that must be set before the first net is loaded."""
    stay_home()
    one_heap()
    large_apart()


def stay_home() -> None:
    """Call before PaddleOCR or ONNX Runtime is first imported.

    ONNX Runtime (seen with 1.31.1) else keeps a database of events with the program's path and a device id in the
    user's cache and a thread that sends them to its maker; PaddleX asks its model hubs which of them is nearest.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    os.environ.setdefault("PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK", "True")


def one_heap() -> bool:
    """Lets all threads share one heap; False where the C library knows no such thing (it is glibc's).

    Else each thread that reads a batch frees what it took into a heap of its own, full of holes that no other
    thread fills (measured, both nets, 120 reads of 1 to 23 lines: 323 to 350 MB, against 252.4 at every look).
    """
    return _mallopt(_M_ARENA_MAX, 1)


def large_apart() -> bool:
    """Gives what is large back to the system as soon as it is freed; False as of ``one_heap``.

    Else the C library takes the first picture of a page that is freed for a sign that all such are best kept in
    the heap, where small things that stay are put between them.
    """
    return _mallopt(_M_MMAP_THRESHOLD, LARGE)


def _mallopt(what: int, value: int) -> bool:
    if not sys.platform.startswith("linux"):
        return False
    try:
        return bool(ctypes.CDLL(None).mallopt(what, value))
    except (OSError, AttributeError):
        return False


def options(threads: int, provider: str = "CPUExecutionProvider") -> dict[str, object]:
    """For PaddleOCR's ``engine_config``: nothing is kept from one picture to the next.

    Else ONNX Runtime keeps a plan of the memory for every width and number of lines ever read, and an arena that
    grows whenever a batch is larger than those before (measured, both nets, 120 reads of 1 to 23 lines: 419 to
    451 MB, in steps that never end, against 345 to 365 MB; a tenth more processor time).
    """
    return {
        "intra_op_num_threads": threads,
        "enable_mem_pattern": False,
        "enable_cpu_mem_arena": False,
        "providers": [provider],
    }
