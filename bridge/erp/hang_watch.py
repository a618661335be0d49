"""A browser that stops answering is ended, so that the call which waits for it fails instead of waiting for ever.

Playwright limits how long it looks for an element or loads a page, but not how long a script, a picture or a
question such as "is it visible" may take.  Seen: the browser's process for graphics died while a frame was being
loaded, was started anew, and the frame never answered again (scripts/soak.py --syncs 8 --seed 14726435).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bridge import log

LOOK_EVERY_S = 1.0


class _Watch:
    """Counts only while a call waits: Playwright's event loop stands still while our own code works, and so does
    this.  What was already waiting when it began (Playwright's own connection) waits by its nature."""

    def __init__(self, loop: asyncio.AbstractEventLoop, limit_s: float, end: Callable[[], None]) -> None:
        self._loop, self._limit_s, self._end = loop, limit_s, end
        self._ours = asyncio.all_tasks(loop)
        self._waited: dict[asyncio.Task[object], float] = {}  # seconds for which each call has been seen waiting
        self._next = loop.call_later(LOOK_EVERY_S, self._look)

    def _look(self) -> None:
        waiting = asyncio.all_tasks(self._loop) - self._ours
        self._waited = {task: self._waited.get(task, -LOOK_EVERY_S) + LOOK_EVERY_S for task in waiting}
        if max(self._waited.values(), default=0.0) < self._limit_s:
            self._next = self._loop.call_later(LOOK_EVERY_S, self._look)
            return
        log.event(
            "browser.hung", f"the browser did not answer for {self._limit_s:g} s and is ended", level="WARNING"
        )
        self._end()

    def stop(self) -> None:
        self._next.cancel()


@contextmanager
def ended_if_hung(limit_s: float, end: Callable[[], None]) -> Iterator[None]:
    """Calls ``end`` once if one call to Playwright waits for longer than ``limit_s``.

    Only after ``sync_playwright().start()``, in the same thread: its event loop is looked at.
    end: kills the browser; the call that waits, and each later one, then raises Playwright's error for a closed
    target.
    """
    watch = _Watch(asyncio.get_running_loop(), limit_s, end)
    try:
        yield
    finally:
        watch.stop()
