"""When something that comes once a day was done last, in a small file of its own."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from bridge.errors import StoreUnavailable
from bridge.whole_files import write_whole


class LastTime:
    """file: holds one moment with its zone."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def __call__(self) -> datetime | None:
        """None if it was never done, or nobody knows when."""
        try:
            return datetime.fromisoformat(self._file.read_text(encoding="utf-8").strip())
        except (OSError, ValueError):
            return None

    def begin(self, now: datetime) -> None:
        """Where it was never done it is due at its next hour, not at once.  Raises StoreUnavailable."""
        if self() is None and self._file.parent.is_dir():
            self.note(now)

    def note(self, at: datetime) -> None:
        """Raises StoreUnavailable."""
        try:
            write_whole(self._file, at.isoformat().encode())
        except OSError as e:
            raise StoreUnavailable(f"{self._file} cannot be written: {e.strerror or e}") from e
