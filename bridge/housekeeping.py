"""What a person, or the clock, does with what the bridge keeps: parked messages, replays, backups, pictures."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bridge import log
from bridge.errors import UsageError
from bridge.evidence import Cleaned
from bridge.faults import near
from bridge.store.backup import POSTGRES_HINT, back_up, put_back
from bridge.wiring import App, utc_now

if TYPE_CHECKING:
    from bridge.store.outbox import ParkedMessage


class Housekeeping:
    """Of one bridge.toml."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._settings = app.settings

    def parked(self, receiver: str | None = None) -> list[ParkedMessage]:
        """Messages that a receiver refused for good; each holds back the later ones of its order number."""
        return self._app.store.parked(receiver)

    def release_parked(self, ids: Sequence[int]) -> int:
        """Tries them again with the next push; returns how many were parked."""
        return self._app.store.release_parked(ids, now=utc_now())

    def drop_parked(self, ids: Sequence[int]) -> int:
        """Never sends them; returns how many were parked."""
        return self._app.store.drop_parked(ids)

    def replay(self, since: datetime, until: datetime | None = None, receiver: str | None = None) -> int:
        """Makes what was sent in this time due again, under the same message ids; returns how many that are.
        Raises UsageError for an unknown receiver."""
        known = self._settings.receivers
        if receiver is not None and receiver not in known:
            raise UsageError(f"no receiver {receiver!r} in bridge.toml{near(receiver, known)}")
        return self._app.store.replay(since=since, until=until, receiver=receiver, now=utc_now())

    def back_up(self, target: Path) -> int:
        """Copies the database; returns the copy's bytes.  Raises UsageError, StoreError."""
        return back_up(self._sqlite_file(), target)

    def restore(self, backup: Path) -> Path | None:
        """Puts a copy in place; returns where the former database went.  Raises RunBusy if a run is under way."""
        with ExitStack() as stack:
            for source in self._settings.sources:
                stack.enter_context(self._app.only_run_of(source))
            former = put_back(backup, self._sqlite_file(), now=utc_now())
            self._app.store.upgrade()
        return former

    def clean_up(self) -> Cleaned:
        """Removes the pictures that are older, or more, than bridge.toml allows; never one that an open question
        shows.  Raises StoreError."""
        limits, store = self._settings.evidence, self._app.store
        cleaned = self._app.evidence.retention(
            max_age_days=limits.max_age_days,
            max_bytes=int(limits.max_gb * 1e9),
            now=utc_now(),
            keep=store.evidence_in_use() | store.contract_pictures() | store.blind_pictures(),
        )
        words = f"{cleaned.deleted} pictures removed, {cleaned.left} left"
        log.event("evidence.cleaned", words, freed=cleaned.freed, left_bytes=cleaned.left_bytes)
        return cleaned

    def _sqlite_file(self) -> Path:
        url = self._settings.database_url
        if not url.startswith("sqlite:///"):
            raise UsageError("only a SQLite database is copied by this command", hint=POSTGRES_HINT)
        return Path(url.removeprefix("sqlite:///"))
