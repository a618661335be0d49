"""Remembering over runs that the ERP refused these very credentials.

Programs like these lock an account after a few wrong passwords, and an unattended sync would try one every quarter
of an hour.  So a refused pair of name and password is not sent again; another password is.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import datetime
from pathlib import Path

from bridge import log
from bridge.errors import SignInRefused

# RFC 7914 parameters for interactive use, about 16 MB and 50 ms: whoever gets hold of the file must not find the
# password by trying.
_COST = {"n": 2**14, "r": 8, "p": 1}


class Refusals:
    """file: of one source; holds the time and a salted hash, never the password."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def stop_if_known(self, source: str, user: str, password: str) -> None:
        """Raises SignInRefused if this pair was the last that was refused."""
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            salt, digest = bytes.fromhex(kept["salt"]), kept["digest"]
            at = datetime.fromisoformat(kept["at"])
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError) as e:
            log.event("sign_in.refusals_unreadable", str(e), level="WARNING", file=str(self._file))
            return
        if _digest(salt, user, password) != digest:
            return
        raise SignInRefused(
            f"sign_in: not tried again, the ERP refused this name and password at {at:%Y-%m-%d %H:%M} UTC",
            hint="Set the right password with `bridge secret set NAME`; if it is right and the ERP was put in "
            f"order, `bridge check {source}` tries it once more.",
            source=source,
        )

    def note(self, user: str, password: str, now: datetime) -> None:
        salt = secrets.token_bytes(16)
        kept = {"at": now.isoformat(), "salt": salt.hex(), "digest": _digest(salt, user, password)}
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(json.dumps(kept), encoding="utf-8")
        except OSError as e:  # the refusal itself is what must be told
            log.event("sign_in.refusal_not_kept", str(e), level="ERROR", file=str(self._file))

    def forget(self) -> None:
        """The credentials were good, or a person wants them tried again."""
        try:
            self._file.unlink(missing_ok=True)
        except OSError as e:
            log.event("sign_in.refusal_not_forgotten", str(e), level="WARNING", file=str(self._file))


def _digest(salt: bytes, user: str, password: str) -> str:
    return hashlib.scrypt(f"{user}\x1f{password}".encode(), salt=salt, dklen=32, **_COST).hex()
