"""USE CASE ``bridge run``: the clock, with everything that keeps it going for years: alarms and heartbeats,
figures for a monitor, a changed configuration, old pictures removed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bridge import beside, log
from bridge.day import day_reported
from bridge.digest import digested
from bridge.errors import BridgeError, ConfigError
from bridge.housekeeping import Housekeeping
from bridge.monitor import follow, served
from bridge.notify import Alarms
from bridge.reload import WatchedConfig
from bridge.scheduler import Ended, Plan, Scheduler, plan_of, stopped_by_signals
from bridge.secrets import Secret
from bridge.wiring import App

CLEAN_EVERY_S = 24 * 3600.0
STALE_INTERVALS = 3  # /healthz: a source is stale after so many of its intervals without a complete sync


class Unattended:
    """only: names of the sources to run, all of bridge.toml if empty.  Raises ConfigError if it is broken from the
    start or there is nothing to run."""

    def __init__(self, config: Path, only: Sequence[str] = ()) -> None:
        self._only = tuple(only)
        self._watched = WatchedConfig(config, self._told_of_config)
        if not (self._only or self._watched.settings.sources):
            raise ConfigError("there is no source in bridge.toml", hint="Write one with `bridge init`.")
        self._app = App(self._watched.settings)
        self._alarms: Alarms = self._app.alarms()
        self._cleaned_at = -CLEAN_EVERY_S
        self._cleaning = threading.Lock()

    def run(self) -> None:
        """Until a signal stops it."""
        self._told_of_config(None)  # it was broken when this program ran last, perhaps
        for last in (digested, day_reported):
            last(self._watched.settings.data_dir).begin(datetime.now(UTC))
        scheduler = Scheduler(
            self._plan(),
            now=lambda: datetime.now(UTC),
            monotonic=time.monotonic,
            look=self._look,
            on_end=self._ended,
        )
        with ExitStack() as stack:
            if (listen := self._watched.settings.run.listen) is not None:
                longest = max((self._watched.settings.interval_s(s) for s in self._sources()), default=0.0)
                address = stack.enter_context(served(listen, self._status, STALE_INTERVALS * longest / 60))
                log.event("monitor.started", f"{address}/healthz and {address}/metrics")
            stack.enter_context(stopped_by_signals(scheduler))
            scheduler.run()

    # --- what may change while it runs --------------------------------------------------------------------

    def _sources(self) -> Sequence[str]:
        return self._only or tuple(self._watched.settings.sources)

    def _plan(self) -> Plan:
        settings, config = self._watched.settings, self._watched.good
        plan = plan_of(settings, config, self._only)
        return replace(plan, jobs=(*plan.jobs, *beside.jobs(settings, config)))

    def _look(self) -> Plan | None:
        if not self._watched.changed():
            return None
        try:
            plan, app = self._plan(), App(self._watched.settings)
            self._alarms = app.alarms()
            self._app = app
        except BridgeError as e:  # a source of --source is gone, a secret of [notify] is not there
            log.event("config.broken", f"the old settings stay: {e}", level="ERROR", hint=e.hint)
            self._told_of_config(e)
            return None
        return plan

    def _told_of_config(self, error: BridgeError | None) -> None:
        alarms: Alarms | None = getattr(self, "_alarms", None)
        if alarms is None:
            return
        if error is None:
            alarms.works("bridge.toml")
        else:
            alarms.failed("bridge.toml", code=error.code, message=str(error), hint=error.hint)

    # --- after each run -----------------------------------------------------------------------------------

    def _ended(self, run: Ended) -> None:
        follow(self._alarms, self._heartbeat)(run)
        with self._cleaning:
            if time.monotonic() - self._cleaned_at < CLEAN_EVERY_S:
                return
            self._cleaned_at = time.monotonic()
            try:
                Housekeeping(self._app).clean_up()
            except BridgeError as e:
                log.event("clean_up.failed", str(e), level="ERROR", code=e.code)

    def _heartbeat(self, source: str) -> Secret | None:
        try:
            return self._app.heartbeat(source)
        except BridgeError as e:
            log.event("heartbeat.failed", str(e), level="WARNING", code=e.code)
            return None

    def _status(self) -> Mapping[str, Any]:
        state = self._app.status()
        return {**state, "sources": {n: s for n, s in state["sources"].items() if n in self._sources()}}
