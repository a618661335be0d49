"""bridge.toml while `bridge run` runs: a change counts from the next run on, a broken file changes nothing.

The runs read the file themselves.  So that a broken one does not stop them, the last good one is kept beside it
(relative paths in it count from the same folder), and they are given that.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from bridge import log
from bridge.errors import ConfigError
from bridge.settings import Settings, load_settings
from bridge.whole_files import write_whole


class WatchedConfig:
    """on_broken: told once of each broken version, and with None when the file is good again."""

    def __init__(self, file: Path, on_broken: Callable[[ConfigError | None], None] = lambda error: None) -> None:
        """Raises ConfigError if the file is broken from the start."""
        self._file = file
        self._on_broken = on_broken
        self._seen = _stamp(file)
        self._broken = False
        self.settings: Settings = load_settings(file)
        self._keep()

    @property
    def good(self) -> Path:
        """The file that a run may read: the watched one, or its last good version while that is broken."""
        return self._last_good if self._broken and self._last_good.exists() else self._file

    @property
    def _last_good(self) -> Path:
        return self._file.with_name(f".{self._file.name}.last-good")

    def changed(self) -> bool:
        """Looks at the file; True if ``settings`` or ``good`` are others now."""
        stamp = _stamp(self._file)
        if stamp == self._seen:
            return False
        self._seen = stamp
        try:
            self.settings = load_settings(self._file)
        except ConfigError as e:
            first = not self._broken
            self._broken = True
            log.event("config.broken", f"the old settings stay: {e}", level="ERROR", hint=e.hint)
            self._on_broken(e)
            return first
        was_broken, self._broken = self._broken, False
        self._keep()
        log.event("config.reloaded", f"{self._file} counts from the next run on")
        if was_broken:
            self._on_broken(None)
        return True

    def _keep(self) -> None:
        """No secret stands in the file; still only the owner may read the copy, as addresses and names do."""
        try:
            write_whole(self._last_good, self._file.read_bytes())
        except OSError as e:
            words = f"{self._last_good} cannot be written ({e.strerror}): a broken bridge.toml would stop the runs"
            log.event("config.not_kept", words, level="WARNING")


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        s = file.stat()
    except OSError:
        return None  # about to be replaced, or gone: loading it says so
    return s.st_mtime_ns, s.st_size, s.st_ino
