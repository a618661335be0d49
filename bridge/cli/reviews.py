"""What waits for a person: review list, review decide."""

from __future__ import annotations

import getpass

import typer

from bridge.cli import show
from bridge.cli.app import Invocation, command, group
from bridge.cli.console import out, print_json
from bridge.errors import UsageError

review = group("review", "Lists and decides what waits for a person.", "Every day")

DECIDED = {
    "accept": "the best guesses are right",
    "type": "the values given are right",
    "keep": "the stored values stay",
    "not_an_order": "the row is no order",
    "release": "the held changes may be applied",
    "drop": "seen, nothing is to be done",
}


@command(review, "list", "bridge review list", "bridge review list --source k3 --json")
def list_(
    ctx: typer.Context,
    source: str | None = typer.Option(None, help="Only this source's questions."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON for a program."),
) -> None:
    """The open questions, oldest first."""
    invocation: Invocation = ctx.obj
    items = invocation.load().open_reviews(source)
    if as_json:
        print_json(items)
    else:
        show.reviews(items)


@command(
    review,
    "decide",
    "bridge review decide 17 --accept",
    "bridge review decide 17 --set quantity=120 --note 'asked Ms Wang'",
)
def decide(
    ctx: typer.Context,
    item: int = typer.Argument(help="Number of the question, from `bridge review list`.", metavar="ITEM"),
    accept: bool = typer.Option(False, "--accept", help="The best guesses are right."),
    values: list[str] = typer.Option([], "--set", metavar="FIELD=VALUE", help="The right value; repeatable."),
    keep: bool = typer.Option(False, "--keep", help="The doubtful fields keep their stored values."),
    not_an_order: bool = typer.Option(False, "--not-an-order", help="The row is no order."),
    release: bool = typer.Option(False, "--release", help="Held changes may be applied by the next run."),
    drop: bool = typer.Option(False, "--drop", help="Seen; nothing is to be done."),
    by: str = typer.Option("", "--by", help="Who decides; without it: the user of this machine."),
    note: str = typer.Option("", "--note", help="Why, for the ones who come later."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON for a program."),
) -> None:
    """Settles one question; what follows from it goes out with the next push."""
    given = {
        "accept": accept,
        "type": bool(values),
        "keep": keep,
        "not_an_order": not_an_order,
        "release": release,
        "drop": drop,
    }
    chosen = [name for name, on in given.items() if on]
    if len(chosen) != 1:
        raise UsageError(
            f"give exactly one decision, not {len(chosen)}",
            hint="One of --accept, --set FIELD=VALUE, --keep, --not-an-order, --release, --drop.",
        )
    typed = dict(_pair(value) for value in values)
    invocation: Invocation = ctx.obj
    loaded = invocation.load()
    result = loaded.decide(item, chosen[0], values=typed, by=by or getpass.getuser(), note=note)
    if as_json:
        print_json({"item": item, "action": chosen[0], "messages": result})
    else:
        out().print(f"[green]decided[/green]  {item}: {DECIDED[chosen[0]]}")
        if result:
            words = show.count(result, "message")
            out().print(
                f"[cyan]next[/cyan]     bridge push   [dim]({words} to go out; else with the next sync)[/dim]"
            )


def _pair(text: str) -> tuple[str, str]:
    field, equals, value = text.partition("=")
    if not (field and equals):
        raise UsageError(f"--set {text}: write FIELD=VALUE", hint="E.g. --set quantity=120")
    return field, value
