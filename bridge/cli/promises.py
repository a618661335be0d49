"""Contracts that are kept, and what they promise: inbox, promise list, decide, event, link, replace."""

from __future__ import annotations

import getpass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer

from bridge.cli import show
from bridge.cli.app import Invocation, app, command, group
from bridge.cli.console import out, print_json, progress
from bridge.errors import UsageError

if TYPE_CHECKING:
    from bridge.contracts.intake import Taken
    from bridge.contracts.kept import StoredContract
    from bridge.promises import Promises

PANEL = "Every day"
STYLE = {"kept": "green", "known": "cyan", "failed": "red", "waits": "yellow"}
Number = typer.Argument(help="Number of the contract, from `bridge promise list`.", metavar="CONTRACT")
By = typer.Option("", "--by", help="Who says so; without it: the user of this machine.")
Json = typer.Option(False, "--json", help="Print JSON for a program.")

promise = group("promise", "What contracts promise, and what people say of it.", PANEL)


@command(app, "inbox", "bridge inbox", "bridge inbox --json", panel=PANEL)
def inbox(ctx: typer.Context, as_json: bool = Json) -> None:
    """Takes in the contracts that lie in the inbox of bridge.toml, once; `bridge run` does so by itself.

    A file that cannot be read goes to the folder failed, with a text that says why; the others go on."""
    promises = _promises(ctx, "inbox")
    taken: list[Taken] = []
    with progress(quiet=as_json) as tell:
        for one in promises.empty_inbox(tell):
            taken.append(one)
    if as_json:
        print_json({"contracts": [t.as_json() for t in taken]})
    else:
        for t in taken:
            style = STYLE[t.outcome]
            out().print(f"[{style}]{t.outcome:<7}[/{style}]  {show.escape(t.path.name)}{_more(t)}")
        if not taken:
            out().print("nothing lies in the inbox")


def _more(taken: Taken) -> str:
    if taken.contract is not None:
        return f"  contract {taken.contract.id}: {_promised(taken.contract)}"
    if taken.result is not None and taken.result.error is not None:
        return f"  {show.escape(taken.result.error['message'])}"
    return "  it is still being copied" if taken.waits else ""


@command(promise, "list", "bridge promise list", "bridge promise list --waiting --json")
def list_(
    ctx: typer.Context,
    waiting: bool = typer.Option(False, "--waiting", help="Only those that wait for a person."),
    as_json: bool = Json,
) -> None:
    """The contracts that are kept, the newest first."""
    found = _promises(ctx).contracts(waiting=waiting)
    if as_json:
        print_json([_as_json(c) for c in found])
        return
    shown = show.table("contract", "number", "buyer", "promised", "orders", "waits for")
    for c in found:
        orders = ", ".join(dict.fromkeys(n.order_no for n in c.linked))
        asks = ", ".join(a.value for a in c.asks)
        if c.superseded_by is not None:
            asks = f"replaced by {c.superseded_by}"
        shown.add_row(
            str(c.id),
            show.escape(c.contract_no or "-"),
            show.escape(c.buyer or "-"),
            _promised(c),
            show.escape(orders or "-"),
            asks,
        )
    out().print(shown)


@command(
    promise,
    "decide",
    "bridge promise decide 3 --date 2026-05-10",
    "bridge promise decide 3 --confirm",
    "bridge promise decide 3 --none",
)
def decide(
    ctx: typer.Context,
    number: int = Number,
    confirm: bool = typer.Option(False, "--confirm", help="What was read is right."),
    day: datetime | None = typer.Option(None, "--date", formats=["%Y-%m-%d"], help="The promised day."),
    none: bool = typer.Option(False, "--none", help="The contract promises no day."),
    by: str = By,
    as_json: bool = Json,
) -> None:
    """Says what a contract promises."""
    if confirm + none + (day is not None) != 1:
        raise UsageError("give exactly one decision", hint="One of --confirm, --date 2026-05-10, --none.")
    promises, who = _promises(ctx), by or getpass.getuser()
    if day is not None:
        found = promises.correct(number, day.date(), by=who)
    else:
        found = (promises.confirm if confirm else promises.no_promise)(number, by=who)
    _told(found, as_json)


@command(promise, "event", "bridge promise event 3 payment 2026-03-05")
def event(
    ctx: typer.Context,
    number: int = Number,
    name: str = typer.Argument(
        help="What the term counts from, e.g. payment, drawings, signing.", metavar="EVENT"
    ),
    day: datetime = typer.Argument(formats=["%Y-%m-%d"], help="The day on which it happened.", metavar="DAY"),
    by: str = By,
    as_json: bool = Json,
) -> None:
    """Enters the day of what an open term counts from; the term becomes a date."""
    _told(_promises(ctx).event(number, name, day.date(), by=by or getpass.getuser()), as_json)


@command(promise, "link", "bridge promise link 3 SO-10021", "bridge promise link 3 SO-10021 --not")
def link(
    ctx: typer.Context,
    number: int = Number,
    order: str = typer.Argument(help="The order's number.", metavar="ORDER"),
    not_: bool = typer.Option(False, "--not", help="The contract does not bind this order."),
    by: str = By,
    as_json: bool = Json,
) -> None:
    """Says that a contract binds an order."""
    _told(_promises(ctx).link(number, order, by=by or getpass.getuser(), linked=not not_), as_json)


@command(promise, "replace", "bridge promise replace 3 --with 7", "bridge promise replace 3")
def replace(
    ctx: typer.Context,
    number: int = Number,
    other: int | None = typer.Option(None, "--with", help="The contract that holds in its place; none: it holds."),
    by: str = By,
    as_json: bool = Json,
) -> None:
    """Says that another contract holds in place of this one."""
    _told(_promises(ctx).replace(number, other, by=by or getpass.getuser()), as_json)


def _promises(ctx: typer.Context, log_name: str = "commands") -> Promises:
    from bridge.promises import Promises

    invocation: Invocation = ctx.obj
    return Promises(invocation.load(log_name))


def _told(contract: StoredContract, as_json: bool) -> None:
    if as_json:
        print_json(_as_json(contract))
        return
    out().print(f"[green]kept[/green]  contract {contract.id}: {_promised(contract)}")
    for ask in contract.asks:
        out().print(f"[yellow]waits[/yellow]  {ask.value}")


def _promised(c: StoredContract) -> str:
    """The day, or what it waits for."""
    if c.due is not None:
        return c.due.isoformat()
    if not c.sure:
        return f"{c.stated.day.isoformat()}?" if c.stated.day else "?"
    if not c.stated.says_something:
        return "no date"
    months = c.stated.months
    term = f"{months} months" if months is not None else f"{c.stated.offset} {c.stated.unit} days"
    return f"{c.stated.event or '?'} + {term}"


def _as_json(c: StoredContract) -> dict[str, Any]:
    return {
        "contract": c.id,
        "file": c.file,
        "contract_no": c.contract_no or None,
        "buyer": c.buyer or None,
        "promised_date": c.due if c.counts else None,
        "kind": c.stated.kind,
        "base_event": c.stated.event,
        "sure": c.sure,
        "settled_by": c.settled_by,
        "superseded_by": c.superseded_by,
        "waits_for": [a.value for a in c.asks],
        "orders": [
            {"source": n.source, "order_no": n.order_no, "how": n.how.value, "state": n.state.value, "by": n.by}
            for n in c.links
        ],
        "events": [{"event": e.event, "day": e.day, "how": e.how, "by": e.by, "sure": e.sure} for e in c.events],
    }
