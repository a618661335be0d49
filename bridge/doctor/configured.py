"""What the configuration names: profiles, secrets, database, sources and receivers.  Nothing is sent to anyone: a
connection is opened and closed again."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from bridge.doctor.finding import Finding, fail, ok
from bridge.profile_files import load_profile
from bridge.rules.rule import load_rules
from bridge.secrets import Secrets, url_with_password
from bridge.settings import Settings

CONNECT_LIMIT_S = 5.0
PORTS = {"http": 80, "https": 443}


def secrets(settings: Settings, kept: Secrets) -> Iterator[Finding]:
    """Raises ConfigError if a place where secrets are kept is broken."""
    names = settings.secret_names()
    missing = [name for name in names if kept.find(name) is None]
    for name in missing:
        yield fail("secrets", f"{name} was not found", f"Run `bridge secret set {name}`.")
    if not missing:
        yield ok("secrets", f"{', '.join(names)}: found" if names else "none needed")


def database(settings: Settings, kept: Secrets) -> Iterator[Finding]:
    """Raises StoreError if it cannot be reached, written or understood."""
    from bridge.store.database import Database

    url = settings.database_url
    if settings.store.password is not None:
        url = url_with_password(url, kept.get(settings.store.password.name))
    database = Database(url)
    try:
        database.upgrade()
    finally:
        database.close()
    yield ok("database", f"{database.name}, schema up to date")


def source(settings: Settings, name: str) -> Iterator[Finding]:
    """Raises ProfileError."""
    given = settings.sources[name]
    profile = load_profile(given.profile)
    yield ok(name, f"profile {given.profile.name}: {len(profile.columns)} columns, key {' + '.join(profile.key)}")
    yield _connects(
        name, given.url, "Is the ERP running, and may this machine reach it? Open the address in a browser."
    )


def receiver(settings: Settings, name: str) -> Iterator[Finding]:
    options = settings.receivers[name].options
    if isinstance(address := options.get("url"), str) and urlsplit(address).hostname:
        yield _connects(name, address, "Is the receiver running, and may this machine reach it?")
    if isinstance(folder := options.get("folder"), str):
        yield _writable(name, Path(folder))


def rules(settings: Settings) -> Iterator[Finding]:
    """Raises RulesError."""
    if settings.rules is not None:
        yield ok("rules", f"{settings.rules.name}: {len(load_rules(settings.rules))} rules")


def inbox(settings: Settings) -> Iterator[Finding]:
    if (folder := settings.contracts.inbox) is not None:
        yield _writable("contracts", folder)


def _connects(subject: str, address: str, next: str) -> Finding:
    parts = urlsplit(address)
    host, port = parts.hostname or "", parts.port or PORTS.get(parts.scheme, 5432)
    try:
        socket.create_connection((host, port), timeout=CONNECT_LIMIT_S).close()
    except OSError as error:
        return fail(subject, f"{host}:{port} does not answer ({error.strerror or error})", next)
    return ok(subject, f"{host}:{port} answers")


def _writable(subject: str, folder: Path) -> Finding:
    """The bridge makes no such folder itself: one that is not there may be a share that is not mounted."""
    if not folder.is_dir():
        return fail(subject, f"{folder} does not exist", "Make the folder, or mount the share that it is.")
    if os.access(folder, os.W_OK):
        return ok(subject, f"{folder} can be written")
    return fail(
        subject, f"{folder} cannot be written", "Give the user that runs the bridge the right to write there."
    )
