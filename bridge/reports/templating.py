"""What the reports' pages have in common: their templates, their styles, and how their files come to be."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bridge.errors import StoreUnavailable
from bridge.whole_files import write_whole


@cache
def templates() -> Environment:
    """One for the process: compiling a template takes longer than filling it."""
    return Environment(
        loader=PackageLoader("bridge.reports", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def asset(environment: Environment, *names: str) -> Markup:
    """Our own stylesheets or scripts, one after the other, not values: they go in as they are."""
    loader = environment.loader
    assert loader is not None
    return Markup("".join(loader.get_source(environment, name)[0] for name in names))


def write_files(folder: Path, files: Mapping[str, bytes], *, what: str) -> None:
    """Each whole or not at all, in place of those of the same name.  what: the report, as people call it.

    Raises StoreUnavailable if the folder cannot be written."""
    try:
        for name, content in files.items():
            write_whole(folder / name, content, mode=0o644)
    except OSError as e:
        raise StoreUnavailable(
            f"{what} cannot be written to {folder}: {e.strerror or e}",
            hint="Make room on the disk and let this program's account write there.",
            folder=str(folder),
        ) from e
