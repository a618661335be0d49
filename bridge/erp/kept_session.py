"""A session that outlives its run, where the profile says ``after_run: keep``: cookies, localStorage and
sessionStorage, in a file that only the owner may read.

Whoever has the file is signed in.  So it is written only after a list was captured with it, used only for the same
address and account, and removed as soon as the ERP no longer takes it.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page
from playwright.sync_api import Error as PlaywrightError

from bridge import log

_READ_SESSION_STORAGE = "() => [location.origin, {...sessionStorage}]"
# Before any script of the page runs; what the page itself has set since is not overwritten.
_FILL_SESSION_STORAGE = """kept => {
  for (const [k, v] of Object.entries(kept[location.origin] ?? {}))
    if (sessionStorage.getItem(k) === null) sessionStorage.setItem(k, v);
}"""


class KeptSession:
    """file: of one source.  url, user: whose session it is."""

    def __init__(self, file: Path, *, url: str, user: str) -> None:
        self._file = file
        self._owner = hashlib.sha256(f"{url}\x1f{user}".encode()).hexdigest()

    def load(self) -> dict[str, Any] | None:
        """What ``restore`` takes, or None if there is nothing of this account."""
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            return kept if kept["owner"] == self._owner and {"state", "session_storage"} <= kept.keys() else None
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as e:
            log.event("session.unreadable", f"{type(e).__name__}; signing in anew", level="WARNING")
            return None

    @staticmethod
    def restore(context: BrowserContext, kept: dict[str, Any]) -> None:
        """Into a window that has shown nothing yet; cookies and localStorage come with ``storage_state``."""
        if kept["session_storage"]:
            context.add_init_script(f"({_FILL_SESSION_STORAGE})({json.dumps(kept['session_storage'])})")

    def save(self, page: Page) -> None:
        """Keeps what the window has.  A failure to do so is logged: the next run signs in anew."""
        stored: dict[str, dict[str, str]] = {}
        half = self._file.with_suffix(".part")
        try:
            for frame in page.frames:
                origin, items = frame.evaluate(_READ_SESSION_STORAGE)
                if items:
                    stored[origin] = items
            kept = {"owner": self._owner, "state": page.context.storage_state(), "session_storage": stored}
            self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(handle, "w", encoding="utf-8") as f:
                json.dump(kept, f)
            os.replace(half, self._file)
        except (OSError, PlaywrightError) as e:
            log.event("session.not_kept", f"{type(e).__name__}: the next run signs in anew", level="WARNING")

    def forget(self) -> None:
        try:
            self._file.unlink(missing_ok=True)
        except OSError as e:
            log.event("session.not_forgotten", str(e), level="WARNING")
