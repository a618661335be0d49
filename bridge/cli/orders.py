"""What the store knows: export, status."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import typer

from bridge.cli import show
from bridge.cli.app import Invocation, app, command, group
from bridge.cli.console import err, out, print_json
from bridge.errors import Stale, UsageError

PANEL = "Every day"
exports = group("export", "Gives out what the bridge knows.", PANEL)


@command(
    exports, "orders", "bridge export orders --format xlsx -o orders.xlsx", "bridge export orders --source k3"
)
def export_orders(
    ctx: typer.Context,
    source: str | None = typer.Option(None, help="Only this source's orders."),
    kind: str = typer.Option("json", "--format", help="json, csv or xlsx."),
    target: Path | None = typer.Option(
        None, "--output", "-o", metavar="FILE", help="Without it: standard output."
    ),
) -> None:
    """Every order: each field's value, its text as displayed, how sure and by whom it was read, its status."""
    from bridge import export

    if kind not in export.FORMATS:
        raise UsageError(f"--format {kind}: choose from {', '.join(export.FORMATS)}", hint="Try --format csv.")
    if kind == "xlsx" and target is None:
        raise UsageError("an Excel file does not go to the screen", hint="Name the file, e.g. -o orders.xlsx.")
    invocation: Invocation = ctx.obj
    orders = invocation.load().export_orders(source)
    content = export.FORMATS[kind](orders)
    if target is None:
        sys.stdout.write(content.decode("utf-8"))
        return
    export.write(target, content)
    err().print(f"[green]written[/green]  {target}  [dim]{len(orders)} orders[/dim]")


@command(app, "status", "bridge status", "bridge status --max-age 45m --json", panel=PANEL)
def status(
    ctx: typer.Context,
    max_age: str | None = typer.Option(
        None, "--max-age", metavar="AGE", help="Fail if a source's last complete sync is older: 45m, 2h, 1d."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print JSON for a program."),
) -> int:
    """How fresh each source is, what waits for a person and what for a receiver."""
    limit = _minutes(max_age) if max_age is not None else None
    invocation: Invocation = ctx.obj
    state = invocation.load().status()
    stale = [name for name, s in state["sources"].items() if _older(s["age_minutes"], limit)]
    if as_json:
        print_json({**state, "stale": stale})
    else:
        _show(state)
        for name in stale:
            err().print(f"[red]stale[/red]  {name}: no complete sync in the last {limit:g} minutes")
    return Stale.exit_code if stale else 0


def _minutes(age: str) -> float:
    """``45m``, ``2h``, ``1d``; a bare number is minutes."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([mhd]?)", age.strip().lower())
    if found is None:
        raise UsageError(f"--max-age {age}: no time", hint="Write for example 45m, 2h or 1d.")
    return float(found[1]) * {"": 1, "m": 1, "h": 60, "d": 24 * 60}[found[2]]


def _older(age: float | None, limit: float | None) -> bool:
    """Never synced counts as older; without a limit nothing is."""
    return limit is not None and (age is None or age > limit)


def _ago(minutes: float) -> str:
    if minutes < 120:
        return f"{minutes:.0f} min ago"
    return f"{minutes / 60:.0f} h ago" if minutes < 48 * 60 else f"{minutes / 60 / 24:.0f} days ago"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f} %"


def _show(state: dict[str, dict[str, Any]]) -> None:
    sources = show.table("source", "last run", "status", "last complete", "orders", "proven", "waiting", "captcha")
    for name, s in state["sources"].items():
        style = show.STATUS_STYLE.get(str(s["status"]), "red")
        age = s["age_minutes"]
        sources.add_row(
            name,
            f"{last.astimezone():%Y-%m-%d %H:%M}" if (last := s["last_run_at"]) else "never",
            f"[{style}]{s['status'] or '-'}[/{style}]",
            "never" if age is None else _ago(age),
            str(s["orders"]),
            _share(s["straight_through"]),
            f"[yellow]{s['waiting']}[/yellow]" if s["waiting"] else "0",
            _share(s["captcha_solved"]),
        )
    out().print(sources)
    receivers = show.table("receiver", "pending", "oldest", "sent", "parked")
    for name, r in state["receivers"].items():
        oldest = "-" if r["oldest_minutes"] is None else _ago(r["oldest_minutes"])
        receivers.add_row(name, str(r["pending"] + r["leased"]), oldest, str(r["sent"]), str(r["parked"]))
    if state["receivers"]:
        out().print(receivers)
