"""What the words of an ERP mean: mappings list, import, export."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from pathlib import Path

import typer
from rich.markup import escape

from bridge.cli import show
from bridge.cli.app import Invocation, command, group
from bridge.cli.console import err, out, print_json

mappings = group("mappings", "What an ERP's words mean: SKUs, customers, status words.", "Every day")


@command(mappings, "list", "bridge mappings list k3", "bridge mappings list k3 --json")
def list_(
    ctx: typer.Context,
    source: str = typer.Argument(help="Name of the source."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON for a program."),
) -> None:
    """Every word that has a meaning, and who gave it: the profile, or people."""
    invocation: Invocation = ctx.obj
    from bridge.mappings import rows_of

    loaded = invocation.load()
    rows = rows_of(loaded.profile(source), loaded.store.mappings(source))
    if as_json:
        print_json(rows)
        return
    table = show.table("field", "word in the ERP", "our word", "from")
    for row in rows:
        table.add_row(*(escape(str(row[n])) for n in ("field", "word", "ours", "from")))
    out().print(table)


@command(mappings, "export", "bridge mappings export k3 -o words.xlsx")
def export(
    ctx: typer.Context,
    source: str = typer.Argument(help="Name of the source."),
    target: Path = typer.Option(..., "--output", "-o", metavar="FILE", help="A .csv or .xlsx file."),
) -> None:
    """Writes all words, those of the profile too, to edit them in Excel and import them again."""
    invocation: Invocation = ctx.obj
    from bridge import export as files
    from bridge.mappings import content

    words = invocation.load().profile_in_use(source).mappings
    files.write(target, content(words, target))
    many = show.count(sum(map(len, words.values())), "word")
    err().print(f"[green]written[/green]  {escape(str(target))}  [dim]{many}[/dim]")


@command(
    mappings, "import", "bridge mappings import k3 words.xlsx", "bridge mappings import k3 skus.csv --replace"
)
def import_(
    ctx: typer.Context,
    source: str = typer.Argument(help="Name of the source."),
    file: Path = typer.Argument(help="A .csv or .xlsx file with the columns field, word, ours."),
    replace: bool = typer.Option(
        False, "--replace", help="Forget what people said of words that are not in the file, in its fields."
    ),
) -> None:
    """Takes over the words of a file; in a field that gets its first words, unknown ones are asked from now on."""
    invocation: Invocation = ctx.obj
    from bridge.mappings import read

    loaded = invocation.load()
    words = read(file, loaded.profile(source))
    added, forgotten = loaded.store.import_mappings(
        source, words, replace=replace, by=getpass.getuser(), now=datetime.now(UTC)
    )
    many = show.count(added, "word")
    out().print(f"[green]imported[/green]  {many} added or changed, {forgotten} forgotten")
