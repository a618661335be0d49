"""How much memory a process holds, measured the same way wherever growth is judged."""

from __future__ import annotations

import gc
import sys


def held_mb() -> float:
    """Of this process and all its children, in MB of 10^6 bytes.

    Rings of objects that nobody holds any more are freed first, and the C library returns what was freed: both
    else keep tens of MB until they see fit, more or less of them from sync to sync.
    """
    import psutil

    gc.collect()
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL("libc.so.6").malloc_trim(0)
    me = psutil.Process()
    return float(me.memory_info().rss + sum(c.memory_info().rss for c in me.children(recursive=True))) / 1e6


def slope(values: list[float], last: float) -> float:
    """Of the least-squares line over the last share of the values, per value."""
    import numpy as np

    chosen = values[len(values) - round(last * len(values)) :]
    return float(np.polyfit(range(len(chosen)), chosen, 1)[0])
