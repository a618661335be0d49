"""The trail of what people decided: audit list, audit verify."""

from __future__ import annotations

import json

import typer

from bridge.cli import show
from bridge.cli.app import Invocation, command, group
from bridge.cli.console import out, print_json
from bridge.errors import TrailBroken

audit = group("audit", "Who decided what; checks that nothing of it was changed.", "Every day")
AS_JSON = typer.Option(False, "--json", help="Print JSON for a program.")


@command(audit, "list", "bridge audit list", "bridge audit list --limit 500 --json")
def list_(
    ctx: typer.Context,
    limit: int = typer.Option(50, help="How many of the newest entries.", min=1),
    as_json: bool = AS_JSON,
) -> None:
    """The newest entries first."""
    invocation: Invocation = ctx.obj
    entries = invocation.load().store.audit(limit)
    if as_json:
        print_json(entries)
        return
    shown = show.table("entry", "when (UTC)", "who", "did", "about")
    for e in entries:
        about = json.dumps(e.details, ensure_ascii=False)
        about = about if len(about) <= 200 else about[:199] + "…"
        shown.add_row(
            str(e.number), f"{e.at:%Y-%m-%d %H:%M:%S}", *(show.escape(t) for t in (e.actor, e.action, about))
        )
    out().print(shown)


@command(audit, "verify", "bridge audit verify", "bridge audit verify --end 4f0c…")
def verify(
    ctx: typer.Context,
    end: str | None = typer.Option(None, help="A hash printed earlier, which must still be in the trail."),
    as_json: bool = AS_JSON,
) -> None:
    """Walks the chain of hashes: no entry edited, removed, reordered.  Note the hash it prints somewhere else."""
    invocation: Invocation = ctx.obj
    checked = invocation.load().store.verify_audit(end)
    if as_json:
        print_json(checked)
    else:
        for fault in checked.faults[:20]:
            out().print(f"[red]fault[/red]  {show.escape(fault)}")
    if checked.faults:
        raise TrailBroken(f"the audit trail has {show.count(len(checked.faults), 'fault')}: {checked.faults[0]}")
    if not as_json:
        out().print(f"[green]whole[/green]  entries: {checked.entries}")
        out().print(f"end    {checked.end}", soft_wrap=True)
