"""The one place where errors become words and exit codes.

0 done · 1-14 the error's class, see ``bridge.errors`` and docs/errors.md · 70 a fault of this program, with a
crash report · 130 Ctrl-C · 143 SIGTERM.
"""

from __future__ import annotations

import itertools
import os
import platform
import signal
import sys
import tempfile
import traceback
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

import typer
from typer.exceptions import TyperException

import bridge
from bridge.cli.app import CONFIG_NAME, ORDER, app
from bridge.cli.console import err, print_json, speak_utf8
from bridge.errors import BridgeError, UsageError

INTERNAL_ERROR = 70  # EX_SOFTWARE of sysexits.h
INTERRUPTED = 130  # 128 + SIGINT, as shells say it
TERMINATED = 143  # 128 + SIGTERM


class _Terminated(BaseException):
    """SIGTERM: unwinds everything like Ctrl-C, so that the browser is closed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; returns the exit code and never raises."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in given
    speak_utf8()
    former = signal.signal(signal.SIGTERM, _terminate)
    try:
        return _run(given or ["--help"])
    except BridgeError as error:
        show(error, as_json=as_json)
        return error.exit_code
    except _Terminated:
        err().print("[yellow]stopped by SIGTERM[/yellow]")
        return TERMINATED
    except KeyboardInterrupt:
        err().print("[yellow]stopped[/yellow]")
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001  the outermost boundary
        show(_crash(error, given), as_json=as_json)
        return INTERNAL_ERROR
    finally:
        signal.signal(signal.SIGTERM, former)


def _terminate(number: int, frame: FrameType | None) -> None:
    raise _Terminated


def _run(arguments: list[str]) -> int:
    from bridge.cli import commands  # noqa: F401  registers them

    try:
        code = app(args=arguments, prog_name="bridge", standalone_mode=False)
    except TyperException as error:
        if not error.format_message():  # a group without its command has just shown its help
            return UsageError.exit_code
        raise UsageError(error.format_message(), hint=_usage_hint(arguments)) from None
    except typer.Abort:
        raise KeyboardInterrupt from None
    if code == INTERRUPTED:  # typer turns Ctrl-C into this
        raise KeyboardInterrupt
    return code if isinstance(code, int) else 0


def _usage_hint(arguments: list[str]) -> str:
    named = [word for word in arguments if word in ORDER][:1]
    return f"See `{' '.join(['bridge', *named, '--help'])}`."


def show(error: BridgeError, *, as_json: bool) -> None:
    """The error for a person (stderr), and with ``--json`` also for a program (stdout)."""
    from rich.markup import escape

    from bridge.secrets import redact

    message, hint = redact(error.message), redact(error.hint)
    if as_json:
        print_json({"error": error_json(error)})
    first, *rest = message.split("\n")
    console = err()
    console.print(f"[bold red]error[/bold red]  {escape(first)}")
    for line in rest:
        console.print(f"       {escape(line)}")
    if hint:
        console.print(f"[cyan]next[/cyan]   {escape(hint)}")


def error_json(error: BridgeError) -> dict[str, object]:
    """What a program gets to know of an error; no secret is in it."""
    from bridge.secrets import redact

    return {
        "code": error.code,
        "message": redact(error.message),
        "hint": redact(error.hint) or None,
        "retryable": error.retryable,
        "exit_code": error.exit_code,
        "where": {k: redact(str(v)) for k, v in error.where.items()},
    }


class InternalError(BridgeError):
    """A fault of this program; only made here."""

    code, exit_code = "internal", INTERNAL_ERROR


def _crash(error: Exception, arguments: Sequence[str]) -> InternalError:
    """Writes the crash report and says where it is; the report holds no secret and no values of variables."""
    from bridge.secrets import redact

    now = datetime.now(UTC)
    text = "\n".join(
        [
            f"bridge {bridge.__version__}, Python {platform.python_version()}, {platform.platform()}",
            f"{now.isoformat(timespec='seconds')}  bridge {' '.join(arguments)}",
            "",
            "".join(traceback.format_exception(error)),
        ]
    )
    folder = _crash_folder(arguments)
    path = folder / f"crash-{now:%Y%m%d-%H%M%S}-{os.getpid()}.txt"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(redact(text), encoding="utf-8")
        where = f"Please send {path} to the makers; no secret is in it."
    except OSError as e:
        where = f"The crash report could not be written ({e.strerror})."
    return InternalError(
        f"a fault of the bridge itself: {type(error).__name__}: {error}", hint=where, command=" ".join(arguments)
    )


def _crash_folder(arguments: Sequence[str]) -> Path:
    """Beside the configuration, as the settings may be what is broken; else the machine's temporary folder."""
    config = Path(os.environ.get("BRIDGE_CONFIG", CONFIG_NAME))
    for flag, value in itertools.pairwise(arguments):
        if flag in ("--config", "-c"):
            config = Path(value)
    home = config.resolve().parent
    return home / "bridge-data" / "crashes" if config.is_file() else Path(tempfile.gettempdir())
