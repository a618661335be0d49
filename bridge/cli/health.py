"""doctor."""

from __future__ import annotations

import typer

from bridge.cli import show
from bridge.cli.app import Invocation, app, command
from bridge.cli.console import err, out, print_json

MARKS = {"ok": "[green]✓ ok[/green]", "warn": "[yellow]! warn[/yellow]", "fail": "[red]✗ fail[/red]"}


@command(app, "doctor", "bridge doctor", "bridge doctor --json", panel="First steps")
def doctor(
    ctx: typer.Context, as_json: bool = typer.Option(False, "--json", help="Print JSON for a program.")
) -> int:
    """Looks at this machine and the configuration, and says the next move for whatever is wrong."""
    from rich.table import Column, Table

    from bridge.doctor import examine
    from bridge.errors import SetupError

    invocation: Invocation = ctx.obj
    findings = []
    for finding in examine(invocation.config):
        findings.append(finding)
        if as_json:
            continue
        line = Table.grid(Column(width=6), Column(width=12), Column(overflow="fold"), padding=(0, 2))
        line.add_row(MARKS[finding.level], finding.subject, show.escape(finding.words))
        if finding.next:
            line.add_row("", "[cyan]next[/cyan]", f"[cyan]{show.escape(finding.next)}[/cyan]")
        out().print(line)
    failed = [f for f in findings if f.level == "fail"]
    if as_json:
        print_json({"ok": not failed, "findings": findings})
    else:
        err().print(f"[red]{len(failed)} to repair[/red]" if failed else "[green]ready[/green]")
    return SetupError.exit_code if failed else 0
