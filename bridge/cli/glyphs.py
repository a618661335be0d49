"""What is believed of single characters: shown, drawn as a sheet, forgotten."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import typer

from bridge.cli import show
from bridge.cli.app import Invocation, app, command
from bridge.cli.console import out, print_json
from bridge.errors import UsageError

SHOWN = 40
STYLES = {"settled": "green", "disputed": "yellow", "open": "dim", "forgotten": "red"}


@command(
    app,
    "glyphs",
    "bridge glyphs --source k3 --sheet glyphs.html",
    "bridge glyphs --source k3 --forget 3fa9",
    panel="Every day",
)
def glyphs(
    ctx: typer.Context,
    source: str | None = typer.Option(None, help="Only this source's."),
    sheet: Path | None = typer.Option(
        None, "--sheet", metavar="FILE", help="Write a picture sheet: .html with the proofs, or .png."
    ),
    forget: str | None = typer.Option(
        None, "--forget", metavar="ID", help="Never believe this picture again (needs --source)."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print JSON for a program."),
) -> None:
    """The characters known by their pictures: how often seen, what proves them, what speaks against them."""
    from bridge.reports import glyph_sheet

    if sheet is not None and sheet.suffix not in glyph_sheet.KINDS:
        raise UsageError(f"--sheet {sheet}: the name must end in .html or .png", hint="E.g. --sheet glyphs.html")
    if forget is not None and source is None:
        raise UsageError("--forget needs --source", hint="E.g. bridge glyphs --source k3 --forget 3fa9")
    invocation: Invocation = ctx.obj
    loaded = invocation.load()
    if forget is not None and source is not None:
        loaded.forget_glyph(source, forget)
        out().print(f"[green]forgotten[/green]  {show.escape(forget)}; it will be asked about from now on")
        return
    found = loaded.all_glyphs(source)
    if sheet is not None:
        glyph_sheet.write(sheet, found, language=loaded.settings.reports.language)
        out().print(f"[green]written[/green]  {sheet}  [dim]{len(found)} pictures[/dim]", soft_wrap=True)
        return
    if as_json:
        print_json([{"source": s, "face": f, **glyph_sheet.facts(g)} for s, f, g in found])
        return
    if not found:
        out().print("no glyphs yet; they are learned from lists that no browser of ours drew (drawn: foreign)")
        return
    counts = Counter(g.state for _, _, g in found)
    out().print(", ".join(f"[{STYLES[s]}]{counts[s]} {s}[/{STYLES[s]}]" for s in STYLES if counts[s]))
    table = show.table("id", "source", "scale", "character", "state", "seen", "why")
    doubtful_first = sorted(found, key=lambda x: (x[2].state != "disputed", -x[2].seen))
    for s, f, g in doubtful_first[:SHOWN]:
        why = g.against or ", ".join(g.proofs[:3])
        table.add_row(
            g.id[:8], s, f, show.escape(g.label), f"[{STYLES[g.state]}]{g.state}", str(g.seen), show.escape(why)
        )
    out().print(table)
    if len(found) > SHOWN:
        out().print(f"[dim]… and {len(found) - SHOWN} more; all of them: --sheet glyphs.html[/dim]")
