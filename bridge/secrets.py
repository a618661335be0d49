"""secret:NAME → the value, wherever it is kept; and keeping it without a person ever writing it into a file.

Looked for in this order: the environment (BRIDGE_SECRET_NAME, then BRIDGE_SECRET_NAME_FILE), the keyring of the
operating system, an encrypted file in ``data_dir``.  Whatever was once a Secret is removed from logs and crash
reports by ``redact``, whoever writes it there.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol
from urllib.parse import quote, quote_plus, urlsplit, urlunsplit

from bridge.errors import ConfigError, SecretMissing
from bridge.whole_files import write_whole

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

HIDDEN = "***"
SERVICE = "rpa-bridge"  # the keyring's name for us
KEY_VARIABLE = "BRIDGE_SECRET_KEY"
LOCK_LIMIT_S = 10
KEY_LENGTH = 32  # least characters of a key: it is hashed, not stretched, so it must not be guessable


# --- the value ------------------------------------------------------------------------------------------------


class Secret:
    """A value that never prints: ``str``, ``repr`` and formatting give ``***``.  Not picklable."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value
        _known.add(value)

    def reveal(self) -> str:
        """The value itself; only for the call that needs it."""
        return self._value

    def __repr__(self) -> str:
        return HIDDEN

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return HIDDEN

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not written anywhere")


# Process-wide on purpose: a value that one part has looked up may turn up in any other part's exception.
_known: set[str] = set()


def redact(text: str) -> str:
    """``text`` with every known secret replaced by ``***``, also as it looks in a URL, in JSON and in a repr.

    Values of up to three characters are only replaced where they stand alone: else they would blot out everything.
    """
    for value in sorted(_known, key=len, reverse=True):
        for form in _forms(value):
            if len(form) > 3:
                text = text.replace(form, HIDDEN)
            else:
                text = re.sub(rf"(?<![^\W_]){re.escape(form)}(?![^\W_])", HIDDEN, text)
    return text


def _forms(value: str) -> list[str]:
    if not value:
        return []
    written = {
        value,
        quote(value, safe=""),
        quote(value),
        quote_plus(value),
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        repr(value)[1:-1],
    }
    return sorted(written, key=len, reverse=True)


def url_with_password(url: str, password: Secret) -> str:
    """``scheme://user@host/…`` → ``scheme://user:password@host/…``, for the call that opens the connection."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    if not at:
        raise ConfigError(f"the address {url} names no user that the password could belong to")
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(password.reveal(), safe='')}@{host}"))


# --- where it is kept -----------------------------------------------------------------------------------------


class Keyring(Protocol):
    """What is used of the operating system's keyring."""

    name: str

    def get(self, secret: str) -> str | None: ...

    def set(self, secret: str, value: str) -> None: ...

    def delete(self, secret: str) -> None: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A secret's name and where it was found; never its value."""

    name: str
    where: str  # in words for people


class Secrets:
    """Finds and keeps secrets.

    data_dir: where the encrypted file is.  keyring: the operating system's, or None where none is usable
    (``os_keyring()``).
    """

    def __init__(
        self, data_dir: Path, *, keyring: Keyring | None, environ: Mapping[str, str] = os.environ
    ) -> None:
        self._environ = environ
        self._keyring = keyring
        self._file = SecretFile(data_dir, environ)
        self._index = data_dir / "secret-names.json"  # a keyring cannot be asked which names it holds

    def get(self, name: str) -> Secret:
        """The value of ``NAME`` or ``secret:NAME``.

        Raises SecretMissing naming every place that was looked at, ConfigError if a place is broken.
        """
        name = name.removeprefix("secret:")
        found, looked = self._look(name)
        if found is not None:
            return Secret(found[0])
        raise SecretMissing(
            f"the secret {name!r} was not found; looked at:\n" + "\n".join(f"  {place}" for place in looked),
            hint=f"Run `bridge secret set {name}`.",
            secret=name,
        )

    def find(self, name: str) -> Place | None:
        """Where it is kept, or None."""
        found, _ = self._look(name.removeprefix("secret:"))
        return Place(name=name.removeprefix("secret:"), where=found[1]) if found is not None else None

    def keep(self, name: str, value: Secret) -> Place:
        """Keeps it in the keyring, or in the encrypted file where there is none."""
        if not value:
            raise ConfigError(f"the secret {name!r} would be empty; nothing was kept")
        if self._keyring is not None:
            self._keyring.set(name, value.reveal())
            self._file.delete(name)
            where = self._keyring.name
        else:
            self._file.set(name, value.reveal())
            where = f"encrypted file {self._file.path}"
        self._note({*self._noted(), name})
        return Place(name=name, where=where)

    def forget(self, name: str) -> list[Place]:
        """Removes it from keyring and file; returns where it was.  What the environment holds stays."""
        gone = []
        if self._keyring is not None and self._keyring.get(name) is not None:
            self._keyring.delete(name)
            gone.append(Place(name=name, where=self._keyring.name))
        if self._file.delete(name):
            gone.append(Place(name=name, where=f"encrypted file {self._file.path}"))
        self._note(self._noted() - {name})
        return gone

    def known(self, also: Iterable[str] = ()) -> list[Place]:
        """Every known name with its place, sorted; of ``also`` those without a place too, as missing."""
        places = []
        for name in sorted({*self._noted(), *self._file.names(), *also}):
            places.append(self.find(name) or Place(name=name, where="missing"))
        return places

    def _look(self, name: str) -> tuple[tuple[str, str] | None, list[str]]:
        """(value, where) or None, and the places that were looked at."""
        variable = "BRIDGE_SECRET_" + name.upper().replace("-", "_")
        looked = [f"environment variable {variable}"]
        if value := self._environ.get(variable):
            return (value, looked[0]), looked
        if path := self._environ.get(f"{variable}_FILE"):
            looked.append(f"file {path} (from {variable}_FILE)")
            return (_read_value(Path(path), f"{variable}_FILE"), looked[-1]), looked
        looked.append(f"file named by {variable}_FILE (not set)")
        if self._keyring is not None:
            looked.append(self._keyring.name)
            if (kept := self._keyring.get(name)) is not None:
                return (kept, looked[-1]), looked
        else:
            looked.append("keyring (none usable on this machine)")
        looked.append(f"encrypted file {self._file.path}" + ("" if self._file.path.exists() else " (not there)"))
        if (kept := self._file.get(name)) is not None:
            return (kept, looked[-1]), looked
        return None, looked

    def _noted(self) -> set[str]:
        return set(json.loads(self._index.read_text(encoding="utf-8"))) if self._index.exists() else set()

    def _note(self, names: set[str]) -> None:
        write_whole(self._index, json.dumps(sorted(names)).encode())


def _read_value(path: Path, variable: str) -> str:
    try:
        value = path.read_text(encoding="utf-8-sig").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as e:
        reason = e.strerror if isinstance(e, OSError) else "not UTF-8"
        raise ConfigError(
            f"{variable} names {path}, which cannot be read: {reason}", hint="Correct the variable or the file."
        ) from None
    if not value:
        raise ConfigError(f"{variable} names {path}, which is empty", hint="Write the secret into that file.")
    return value


# --- the operating system's keyring ---------------------------------------------------------------------------


class OsKeyring:
    """A backend of the ``keyring`` package; its errors become ConfigError."""

    def __init__(self, backend: KeyringBackend) -> None:
        self._backend = backend
        self.name = f"keyring ({backend.name})"

    def get(self, secret: str) -> str | None:
        with self._mapped():
            return self._backend.get_password(SERVICE, secret)

    def set(self, secret: str, value: str) -> None:
        with self._mapped():
            self._backend.set_password(SERVICE, secret, value)

    def delete(self, secret: str) -> None:
        with self._mapped():
            self._backend.delete_password(SERVICE, secret)

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        from keyring.errors import KeyringError

        try:
            yield
        except KeyringError as e:
            raise ConfigError(
                f"the {self.name} refused: {type(e).__name__}",
                hint="Unlock it, or give the secret by environment; BRIDGE_KEYRING=off leaves the keyring alone.",
            ) from None


def os_keyring(environ: Mapping[str, str] = os.environ) -> OsKeyring | None:
    """The machine's keyring, or None where there is none worth trusting (keyring's own priority below 1: plain
    files, null and fail backends) or ``BRIDGE_KEYRING=off``."""
    if environ.get("BRIDGE_KEYRING", "").lower() == "off":
        return None
    import keyring

    backend = keyring.get_keyring()
    return OsKeyring(backend) if backend.priority >= 1 else None


# --- the encrypted file ---------------------------------------------------------------------------------------


class SecretFile:
    """name → value, as one Fernet token (AES-128-CBC with HMAC-SHA256) in ``secrets.enc``.

    The key is BRIDGE_SECRET_KEY, else ``secrets.key`` beside it.  Both files are readable for their owner only.
    """

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        self.path = folder / "secrets.enc"
        self._key_path = folder / "secrets.key"
        self._environ = environ

    def names(self) -> set[str]:
        return set(self._load())

    def get(self, name: str) -> str | None:
        return self._load().get(name)

    def set(self, name: str, value: str) -> None:
        with self._alone():
            self._save({**self._load(), name: value})

    def delete(self, name: str) -> bool:
        """True if it was there."""
        if not self.path.exists():
            return False
        with self._alone():
            kept = self._load()
            there = kept.pop(name, None) is not None
            if there:
                self._save(kept)
        return there

    @contextmanager
    def _alone(self) -> Iterator[None]:
        from filelock import FileLock, Timeout

        self.path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.path.with_suffix(".lock"))
        try:
            lock.acquire(timeout=LOCK_LIMIT_S)
        except Timeout:
            raise ConfigError(
                f"{self.path} is being changed by another process", hint="Run the command again in a moment."
            ) from None
        try:
            yield
        finally:
            lock.release()

    def _load(self) -> dict[str, str]:
        if not self.path.exists():
            return {}
        from cryptography.fernet import Fernet, InvalidToken

        try:
            plain = Fernet(self._key(make=False)).decrypt(self.path.read_bytes())
        except InvalidToken:
            raise ConfigError(
                f"{self.path} does not open with this key ({self._key_words()})",
                hint=f"Bring back the right key; or remove {self.path} and set the secrets anew.",
            ) from None
        kept: dict[str, str] = json.loads(plain)
        return kept

    def _save(self, kept: Mapping[str, str]) -> None:
        from cryptography.fernet import Fernet

        token = Fernet(self._key(make=True)).encrypt(json.dumps(kept).encode())
        write_whole(self.path, token)

    def _key(self, *, make: bool) -> bytes:
        """Fernet's form of the key; any text of KEY_LENGTH characters or more will do."""
        text = self._environ.get(KEY_VARIABLE)
        if not text:
            if make and not self._key_path.exists():
                write_whole(self._key_path, base64.urlsafe_b64encode(os.urandom(32)))
            text = self._read_key()
        if len(text) < KEY_LENGTH:
            raise ConfigError(
                f"the key for {self.path} is too short ({self._key_words()})",
                hint=f"Use at least {KEY_LENGTH} random characters.",
            )
        return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest())

    def _read_key(self) -> str:
        if not self._key_path.exists():
            raise ConfigError(
                f"{self.path} is there, but not its key {self._key_path}",
                hint=f"Bring the key back, set {KEY_VARIABLE}, or remove {self.path} and set the secrets anew.",
            )
        if os.name == "posix" and self._key_path.stat().st_mode & 0o077:
            raise ConfigError(f"{self._key_path} can be read by others", hint=f"Run `chmod 600 {self._key_path}`.")
        return self._key_path.read_text(encoding="ascii").strip()

    def _key_words(self) -> str:
        return f"from {KEY_VARIABLE}" if self._environ.get(KEY_VARIABLE) else str(self._key_path)
