"""What touches a source or a receiver: check, sync, run, read, push."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bridge.cli import show
from bridge.cli.app import Invocation, app, command
from bridge.cli.console import out, print_json, progress
from bridge.errors import BridgeError, DeliveryFailed, UsageError

if TYPE_CHECKING:
    from bridge.records import RunSummary
    from bridge.wiring import App

PANEL = "Every day"
Source = typer.Argument(help="A source of bridge.toml.", metavar="SOURCE")
PixelsOnly = typer.Option(False, "--pixels-only", help="Read from the picture alone, without the page's help.")
Json = typer.Option(False, "--json", help="Print JSON for a program.")


@command(app, "check", "bridge check k3", "bridge check k3 --pixels-only", panel=PANEL)
def check(ctx: typer.Context, source: str = Source, pixels_only: bool = PixelsOnly, as_json: bool = Json) -> None:
    """Signs in, reads one page and shows what the bridge sees; changes nothing."""
    invocation: Invocation = ctx.obj
    loaded = invocation.load(f"check-{source}")
    with progress(quiet=as_json) as tell:
        result = loaded.check(source, pixels_only=pixels_only, progress=tell)
    if as_json:
        print_json(result)
        return
    show.rows(result.headings, result.rows)
    for message in result.messages:
        out().print(f"[yellow]note[/yellow]     {show.escape(message)}")
    out().print(f"[green]picture[/green]  {result.annotated}", soft_wrap=True)
    out().print(f"[cyan]next[/cyan]     look at the picture; if it is right: bridge sync {source} --dry-run")


@command(app, "sync", "bridge sync k3", "bridge sync k3 --dry-run --json", panel=PANEL)
def sync(
    ctx: typer.Context,
    source: str = Source,
    dry_run: bool = typer.Option(False, "--dry-run", help="Read and compare, but keep and send nothing."),
    pixels_only: bool = PixelsOnly,
    as_json: bool = Json,
) -> int:
    """Reads the whole list once, keeps what is proven and passes the changes on."""
    invocation: Invocation = ctx.obj
    loaded = invocation.load(f"sync-{source}")
    with progress(quiet=as_json) as tell:
        summary = loaded.sync(source, dry_run=dry_run, pixels_only=pixels_only, progress=tell)
    if not dry_run:
        _hold_contracts_against(loaded)
        _judge_by_rules(loaded, summary)
    if as_json:
        print_json(summary)
    else:
        show.summary(summary)
    return show.exit_code(summary)


def _hold_contracts_against(loaded: App) -> None:
    """The orders may have changed what contracts bind, and when their terms began."""
    from bridge import log
    from bridge.promises import Promises

    try:
        Promises(loaded).refresh()
    except BridgeError as e:  # the run itself is done; the next one does this again
        log.event("contracts.not_refreshed", str(e), level="WARNING", code=e.code)


def _judge_by_rules(loaded: App, summary: RunSummary) -> None:
    from bridge import log
    from bridge.life import Life

    try:
        Life(loaded).after(summary)
    except BridgeError as e:  # nobody can be told, so it is not told either; the run itself is done
        log.event("rules.failed", str(e), level="ERROR", code=e.code, hint=e.hint)


@command(app, "run", "bridge run", "bridge run --source k3", panel=PANEL)
def run(
    ctx: typer.Context,
    source: list[str] = typer.Option([], "--source", help="Only this source; may be given several times."),
) -> None:
    """Syncs every source every 15 minutes, until it is stopped."""
    from bridge.unattended import Unattended

    invocation: Invocation = ctx.obj
    invocation.settings("run")
    Unattended(invocation.config, source).run()


@command(
    app,
    "read",
    "bridge read screen.png --profile selectors/k3.yaml",
    "bridge read screen.png --source k3",
    panel=PANEL,
)
def read(
    ctx: typer.Context,
    image: Path = typer.Argument(help="A screenshot of a list.", metavar="IMAGE"),
    profile: Path | None = typer.Option(
        None, "--profile", help="The profile that says what the columns are; nothing is kept."
    ),
    source: str | None = typer.Option(
        None, help="As a list of this source of bridge.toml: uses and keeps what is known of its characters."
    ),
    scale: float | None = typer.Option(
        None,
        min=1,
        max=4,
        help="Device pixels per css pixel that it was taken with; else `browser.scale`, or 2.  1 for the bridge's "
        "own pictures of lists that are read with the page's help.",
    ),
    as_json: bool = Json,
) -> None:
    """Reads a list from a picture file; no browser."""
    from bridge.wiring import App

    if (profile is None) == (source is None):
        raise UsageError("give either --profile or --source", hint="E.g. --profile selectors/k3.yaml")
    invocation: Invocation = ctx.obj
    if profile is not None:
        result = App.read_image(image, profile, scale)
    else:
        result = invocation.load().read_image_of(image, str(source), scale)
    if as_json:
        print_json(result)
    else:
        show.rows(result["headings"], result["rows"])


@command(app, "push", "bridge push", "bridge push --parked", "bridge push --since 2026-11-20", panel=PANEL)
def push(
    ctx: typer.Context,
    receiver: str | None = typer.Option(None, help="Only to this receiver of bridge.toml."),
    parked: bool = typer.Option(False, "--parked", help="Show what receivers refused for good; send nothing."),
    release: list[int] = typer.Option([], metavar="ID", help="Try this parked message again; may be repeated."),
    drop: list[int] = typer.Option([], metavar="ID", help="Never send this parked message; may be repeated."),
    since: datetime | None = typer.Option(
        None, formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="Send again what was sent from then on, same ids."
    ),
    until: datetime | None = typer.Option(
        None, formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M"], help="With --since: only what was sent before."
    ),
    as_json: bool = Json,
) -> int:
    """Sends what waits in the outbox and is due."""
    from bridge.housekeeping import Housekeeping

    invocation: Invocation = ctx.obj
    loaded = invocation.load("push")
    keeping = Housekeeping(loaded)
    if parked:
        waiting = keeping.parked(receiver)
        if as_json:
            print_json(waiting)
        else:
            show.parked(waiting)
        return 0
    if until is not None and since is None:
        raise UsageError("--until needs --since", hint="bridge push --since 2026-11-20 --until 2026-11-21")
    told = []
    if drop:
        told.append(f"{keeping.drop_parked(drop)} dropped")
    if release:
        told.append(f"{keeping.release_parked(release)} released")
    if since is not None:
        end = until.astimezone() if until is not None else None
        told.append(f"{keeping.replay(since.astimezone(), end, receiver)} to be sent again")
    result = loaded.push(receiver=receiver)
    if as_json:
        print_json(result)
    else:
        for words in told:
            out().print(words)
        show.push(result)
    return DeliveryFailed.exit_code if result.failed or result.parked else 0
