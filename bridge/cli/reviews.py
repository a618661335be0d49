"""What waits for a person: the review page, review list, review decide."""

from __future__ import annotations

import getpass
from functools import cache

import typer

from bridge.cli import show
from bridge.cli.app import Invocation, command, example, group
from bridge.cli.console import err, out, print_json
from bridge.errors import UsageError

review = group(
    "review", "What waits for a person: the page on which it is decided.", "Every day", does_itself=True
)

DECIDED = {
    "accept": "the best guesses are right",
    "type": "the values given are right",
    "keep": "the stored values stay",
    "not_an_order": "the row is no order",
    "release": "the held changes may be applied",
    "drop": "seen, nothing is to be done",
}


@review.callback(invoke_without_command=True, epilog=example("bridge review", "bridge review --port 8322"))
def page(
    ctx: typer.Context,
    host: str | None = typer.Option(None, help="Address to listen on; without it: `review.host` of bridge.toml."),
    port: int | None = typer.Option(None, help="Without it: `review.port` of bridge.toml.", min=1, max=65535),
) -> None:
    """Opens the review page, until it is stopped; its sub-commands work without it."""
    if ctx.invoked_subcommand is not None:
        return
    from datetime import timedelta

    from bridge.review.web.desk import Desk
    from bridge.review.web.serve import bound, is_loopback, server

    invocation: Invocation = ctx.obj
    loaded = invocation.load("review")
    given = loaded.settings.review
    host, port = host or given.host, port or given.port
    desk = Desk(app=loaded, session_lasts=timedelta(hours=given.session_hours))
    nobody = not loaded.store.users()
    with bound(host, port) as listening:
        err().print(f"[green]open[/green]  http://{host}:{port}/   [dim](Ctrl-C ends it)[/dim]")
        if nobody:
            err().print(
                "[cyan]next[/cyan]  make the first account: bridge review user add NAME --role administrator"
            )
        if not is_loopback(host):
            err().print(
                "[yellow]note[/yellow]  other machines can reach this page, and http is open to all: put a proxy "
                "with TLS before it, and name its address in `review.names`"
            )
        server(desk, host, tuple(given.names)).run(sockets=[listening])


@command(review, "list", "bridge review list", "bridge review list --source k3 --json")
def list_(
    ctx: typer.Context,
    source: str | None = typer.Option(None, help="Only this source's questions."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON for a program."),
) -> None:
    """The open questions, oldest first."""
    invocation: Invocation = ctx.obj
    loaded = invocation.load()
    items = loaded.open_reviews(source)
    if as_json:
        print_json(items)
    else:
        show.reviews(items, loaded.settings.reports.language, cache(loaded.name_of))


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
