"""All checks in order: the machine first, then what the configuration names."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from bridge.doctor import configured, machine
from bridge.doctor.finding import Finding, failed
from bridge.errors import BridgeError
from bridge.secrets import Secrets, os_keyring
from bridge.settings import Settings, load_settings


def examine(config: Path, environ: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """One finding after the other, as they are made; a check that fails does not stop the others."""
    settings, broken = _settings(config, environ)
    yield from _guarded("python", machine.python)
    yield from _guarded("packages", machine.packages)
    yield from _guarded("opencv", machine.opencv)
    yield from _guarded("weights", machine.weights)
    yield from _guarded("browser", lambda: machine.browser(settings.browser.path if settings else None))
    yield from _guarded("fonts", machine.fonts)
    yield from _guarded("clock", machine.clock)
    yield from _guarded("keyring", lambda: machine.keyring(environ))
    yield broken or Finding(level="ok", subject="settings", words=str(config))
    if settings is None:
        return
    secrets = Secrets(settings.data_dir, keyring=os_keyring(environ), environ=environ)
    yield from _guarded("disk", lambda: machine.disk(settings.data_dir))
    yield from _guarded("secrets", lambda: configured.secrets(settings, secrets))
    yield from _guarded("database", lambda: configured.database(settings, secrets))
    for name in settings.sources:
        yield from _guarded(name, lambda name=name: configured.source(settings, name))  # type: ignore[misc]
    for name in settings.receivers:
        yield from _guarded(name, lambda name=name: configured.receiver(settings, name))  # type: ignore[misc]
    yield from _guarded("rules", lambda: configured.rules(settings))
    yield from _guarded("contracts", lambda: configured.inbox(settings))


def _settings(config: Path, environ: Mapping[str, str]) -> tuple[Settings | None, Finding | None]:
    try:
        return load_settings(config, environ), None
    except BridgeError as error:
        return None, failed("settings", error)


def _guarded(subject: str, check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except BridgeError as error:
        yield failed(subject, error)
