"""What keeps it going for years: install-service, backup, restore."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import typer

from bridge.cli.app import Invocation, app, command
from bridge.cli.console import err, out
from bridge.errors import UsageError

PANEL = "For years"


@command(app, "install-service", "bridge install-service", "bridge install-service --print", panel=PANEL)
def install_service(
    ctx: typer.Context,
    name: str = typer.Option("rpa-bridge", help="The service's name, where there are several."),
    kind: str = typer.Option(
        "windows" if sys.platform == "win32" else "systemd", help="systemd, or windows (Task Scheduler)."
    ),
    only_print: bool = typer.Option(False, "--print", help="Print the file; write nothing."),
) -> None:
    """Has the operating system start `bridge run`: a systemd unit, or a Windows task."""
    from bridge.service import service

    if kind not in ("systemd", "windows"):
        raise UsageError(f"--kind {kind}: choose systemd or windows")
    invocation: Invocation = ctx.obj
    invocation.settings("commands")  # a service of a broken configuration would only start again and again
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    made = service(
        "systemd" if kind == "systemd" else "windows",
        invocation.config.resolve(),
        name=name,
        root=root,
        home=Path.home(),
    )
    if only_print:
        sys.stdout.write(made.text)
    else:
        try:
            made.file.parent.mkdir(parents=True, exist_ok=True)
            made.file.write_text(made.text, encoding=made.encoding)
        except OSError as e:
            raise UsageError(f"{made.file} cannot be written: {e.strerror}", hint="Use --print.") from e
        err().print(f"[green]written[/green]  {made.file}", soft_wrap=True)
    for title, lines in (("start it", made.enable), ("remove it", made.remove)):
        for line in lines:
            err().print(f"[cyan]{title:<9}[/cyan]  {line}", soft_wrap=True)
            title = ""


@command(app, "backup", "bridge backup bridge-backup.db", panel=PANEL)
def backup(
    ctx: typer.Context,
    file: Path = typer.Argument(help="The copy to write; it must not exist yet.", metavar="FILE"),
) -> None:
    """Copies the database while it is in use.  Pictures and secrets are not in it."""
    from bridge.housekeeping import Housekeeping

    invocation: Invocation = ctx.obj
    size = Housekeeping(invocation.load()).back_up(file)
    out().print(f"[green]written[/green]  {file}  [dim]{size / 1e6:.1f} MB[/dim]", soft_wrap=True)


@command(app, "restore", "bridge restore bridge-backup.db", panel=PANEL)
def restore(
    ctx: typer.Context, file: Path = typer.Argument(help="What `bridge backup` wrote.", metavar="FILE")
) -> None:
    """Puts a copy in the database's place; the former one is set aside.  Stop `bridge run` first."""
    from bridge.housekeeping import Housekeeping

    invocation: Invocation = ctx.obj
    former = Housekeeping(invocation.load()).restore(file)
    out().print("[green]restored[/green]")
    if former is not None:
        out().print(f"the former database is now {former}", soft_wrap=True)
