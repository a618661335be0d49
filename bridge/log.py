"""Logging with loguru: a short line for the person at the console, a JSON line with every field in ``logs/``.

An event has a stable name (``run.finished``) and fields; prose comes second::

    with log.fields(run_id=run_id, source="demo"):
        log.event("capture.page", "page 3 of 26", stage="capture", page=3)

No known secret passes: every record is redacted before it reaches a sink, tracebacks included.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import traceback
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loguru import logger

from bridge.errors import StoreUnavailable
from bridge.secrets import redact

if TYPE_CHECKING:
    from loguru import Record

ROTATION = "10 MB"
RETENTION = "30 days"
_CONSOLE = "<dim>{time:HH:mm:ss}</dim> <level>{level: <7}</level> {message}"
_FIRST = ("run_id", "source", "stage")  # on the console these come before the other fields
_LIBRARIES = ("sqlalchemy", "alembic", "httpx", "httpcore", "uvicorn", "asyncio", "apprise", "schedule", "urllib3")


def set_up(*, folder: Path | None, name: str, console_level: str = "WARNING") -> None:
    """Replaces whatever was set up before.

    folder: of the JSON lines file ``<name>.jsonl``; None: console only.  name: one per kind of process (``run``,
    ``sync-demo``), so that no two rotate the same file.  console_level: least level shown on stderr.
    Raises StoreUnavailable if the file cannot be written: what nobody can look up later must not run unattended.
    """
    logger.remove()
    logger.configure(patcher=_clean)
    logger.add(
        _to_stderr,
        format=_console_format,
        level=console_level,
        colorize=sys.stderr.isatty() and "NO_COLOR" not in os.environ,
        backtrace=False,
        diagnose=False,
    )
    if folder is not None:
        try:
            _to_file(folder, name)
        except OSError as e:
            raise StoreUnavailable(
                f"the log cannot be written to {folder}: {e.strerror or e}",
                hint="Make room on the disk and let this program's account write there, or change `data_dir`.",
                folder=str(folder),
            ) from e
    for library in _LIBRARIES:
        logging.getLogger(library).setLevel(logging.WARNING)
    logging.basicConfig(handlers=[_FromLibraries()], level=logging.WARNING, force=True)


def _to_file(folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    logger.add(
        folder / f"{name}.jsonl",
        format=lambda record: "{extra[_json]}\n",  # to a plain text loguru would add the exception itself
        level="DEBUG",
        rotation=ROTATION,
        retention=RETENTION,
        encoding="utf-8",
        opener=lambda path, flags: os.open(path, flags, 0o600),
        backtrace=False,
        diagnose=False,
    )


def _to_stderr(line: str) -> None:
    """Looks stderr up anew for each line: a progress display may have put its own in place."""
    sys.stderr.write(line)


def event(name: str, words: str = "", *, level: str = "INFO", **fields: object) -> None:
    """Logs one event; ``name`` is stable and dotted (``stage.what``), ``words`` are for people."""
    logger.bind(event=name, **fields).log(level, words)


def fields(**given: object) -> AbstractContextManager[None]:
    """Adds these fields to every event inside the ``with``."""
    return logger.contextualize(**given)


def _clean(record: Record) -> None:
    """loguru's patcher: takes the secrets out and renders the record once, for both sinks."""
    record["message"] = redact(record["message"])
    for key, value in list(record["extra"].items()):
        record["extra"][key] = _cleaned(value)
    error = record["exception"]
    trace = redact("".join(traceback.format_exception(error.type, error.value, error.traceback))) if error else ""
    record["exception"] = None  # else loguru would print it itself, with what we have just taken out
    extra = dict(record["extra"])
    line = {
        "time": record["time"].isoformat(timespec="milliseconds"),
        "level": record["level"].name.lower(),
        "event": extra.pop("event", "message"),
        "message": record["message"],
        **extra,
        "process": record["process"].id,
    }
    record["extra"]["_json"] = json.dumps({**line, "trace": trace} if trace else line, ensure_ascii=False)
    record["extra"]["_trace"] = f"\n{trace.rstrip()}" if trace else ""


def _cleaned(value: object) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {redact(str(k)): _cleaned(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_cleaned(v) for v in value]
    return redact(str(value))


def _console_format(record: Record) -> str:
    """loguru calls this for the template; ``{…}`` in it are filled in by loguru afterwards."""
    shown = {k: v for k, v in record["extra"].items() if not k.startswith("_") and k != "event"}
    names = [*(n for n in _FIRST if n in shown), *(n for n in shown if n not in _FIRST)]
    record["extra"]["_fields"] = "  ".join(f"{n}={shown[n]}" for n in names)
    words = "{message}" if record["message"] else "{extra[event]}"
    return _CONSOLE.replace("{message}", words) + "  <dim>{extra[_fields]}</dim>{extra[_trace]}\n"


class _FromLibraries(logging.Handler):
    """Passes the standard library's log records on (loguru's documentation, "Entirely compatible")."""

    def emit(self, record: logging.LogRecord) -> None:
        level = record.levelname if record.levelname in ("WARNING", "ERROR", "CRITICAL") else "INFO"
        logger.bind(event="library", logger=record.name).opt(exception=record.exc_info).log(
            level, record.getMessage()
        )
