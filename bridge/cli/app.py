"""The typer program: its global options, and what all commands share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer
from typer.core import TyperGroup

import bridge

if TYPE_CHECKING:
    from bridge.settings import Settings
    from bridge.wiring import App

Command = TypeVar("Command", bound=Callable[..., Any])

CONFIG_NAME = "bridge.toml"

ORDER = (
    *("demo", "init", "setup", "secret", "doctor"),
    *(
        "check",
        "sync",
        "run",
        "status",
        "review",
        "rules",
        "mappings",
        "audit",
        "export",
        "push",
        "read",
        "glyphs",
    ),
    *("contract", "inbox", "promise", "report"),
    *("install-service", "backup", "restore"),
)


class _InOrder(TyperGroup):
    """The commands as a newcomer meets them."""

    def list_commands(self, ctx: Any) -> list[str]:
        return sorted(super().list_commands(ctx), key=ORDER.index)


app = typer.Typer(
    name="bridge",
    cls=_InOrder,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Invocation:
    """The global options."""

    config: Path
    verbose: bool

    def load(self, log_name: str = "commands") -> App:
        """Everything wired together, logging included; raises ConfigError with all faults."""
        from bridge.wiring import App

        loaded = App.load(self.config)
        self._log(loaded.settings, log_name, "WARNING")
        return loaded

    def settings(self, log_name: str) -> Settings:
        """The settings alone, for commands that work through others; events are shown on the console."""
        from bridge.settings import load_settings

        settings = load_settings(self.config)
        self._log(settings, log_name, "INFO")
        return settings

    def _log(self, settings: Settings, name: str, level: str) -> None:
        from bridge import log

        log.set_up(folder=settings.logs_dir, name=name, console_level="DEBUG" if self.verbose else level)


def example(*lines: str) -> str:
    """The end of a command's help: lines that can be typed as they are."""
    return "[bold]Example[/bold]  " + "  or  ".join(f"[cyan]{line}[/cyan]" for line in lines)


def command(
    group: typer.Typer, name: str, *examples: str, panel: str | None = None
) -> Callable[[Command], Command]:
    """Registers a command with its examples."""
    return group.command(name, epilog=example(*examples), rich_help_panel=panel)


def group(
    name: str, words: str, panel: str | None = None, *, within: typer.Typer = app, does_itself: bool = False
) -> typer.Typer:
    """A command with sub-commands.  does_itself: it does something without any of them, too."""
    made = typer.Typer(no_args_is_help=not does_itself, help=words, rich_markup_mode="rich")
    within.add_typer(made, name=name, rich_help_panel=panel)
    return made


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"bridge {bridge.__version__}")
        raise typer.Exit


@app.callback(epilog=example("bridge demo", "bridge --config plant2/bridge.toml status"))
def _globals(
    ctx: typer.Context,
    config: Path = typer.Option(
        Path(CONFIG_NAME), "--config", "-c", envvar="BRIDGE_CONFIG", metavar="FILE", help="The configuration file."
    ),
    verbose: bool = typer.Option(False, "--verbose", help="Show every log event."),
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    """Reads order lists off ERP web pages that have no API, proves every value, and passes the changes on."""
    ctx.obj = Invocation(config=config, verbose=verbose)
