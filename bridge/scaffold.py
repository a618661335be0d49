"""``bridge init``: a commented bridge.toml and a profile to fill in."""

from __future__ import annotations

import re
from pathlib import Path

from bridge.errors import UsageError
from bridge.settings import shipped_selectors

TOML = Path(__file__).with_name("scaffold.toml")


def write_scaffold(config: Path, *, source: str, url: str, force: bool) -> list[Path]:
    """Writes bridge.toml and beside it selectors/<source>.yaml; returns both paths.

    Raises UsageError, with nothing written, if one of them is there and ``force`` is off.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", source):
        raise UsageError(f"{source!r} is no name for a source", hint="Use a-z, 0-9, - and _, e.g. --source k3.")
    if not re.fullmatch(r"https?://[^\s\"\\]+", url):
        raise UsageError(f"{url!r} is no web address", hint="E.g. --url http://192.168.1.5:8080/erp/")
    profile = config.parent / "selectors" / f"{source}.yaml"
    there = [str(path) for path in (config, profile) if path.exists()]
    if there and not force:
        raise UsageError(
            f"{' and '.join(there)} is there already; nothing was written", hint="Overwrite with --force."
        )
    words = {"{source}": source, "{url}": url, "{profile}": f"selectors/{source}.yaml"}
    settings = TOML.read_text(encoding="utf-8")
    for word, value in words.items():
        settings = settings.replace(word, value)
    template = (shipped_selectors() / "template.yaml").read_text(encoding="utf-8")
    _write(config, settings)
    (config.parent / "outgoing").mkdir(exist_ok=True)  # the folder receiver never makes one: it may be a share
    _write(profile, re.sub(r"^name: template\b", f"name: {source}", template, flags=re.MULTILINE))
    return [config, profile]


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{path} cannot be written: {error.strerror}", hint="Choose a folder of your own."
        ) from None
