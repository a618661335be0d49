"""Accounts of the review page: review user add, list, password, remove."""

from __future__ import annotations

import getpass
import re
import sys

import typer

from bridge.cli import show
from bridge.cli.app import Invocation, command, group
from bridge.cli.console import out, print_json
from bridge.cli.reviews import review
from bridge.errors import UsageError

user = group("user", "Accounts of the review page.", within=review)

_NAME = re.compile(r"[\w.@-]{1,40}")
ROLES = ("administrator", "operator", "viewer")
Name = typer.Argument(help="The name to sign in with.", metavar="NAME")


@command(user, "add", "bridge review user add wang --role administrator", "bridge review user add li")
def add(
    ctx: typer.Context,
    name: str = Name,
    role: str = typer.Option("operator", help="administrator, operator or viewer."),
    customer: list[str] = typer.Option([], "--customer", help="Sees only this customer's orders; repeatable."),
) -> None:
    """Adds an account; asks for its password, or reads it from a pipe."""
    from bridge.interfaces import Role
    from bridge.review.web.access import hashed
    from bridge.wiring import utc_now

    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name for an account", hint="Up to 40 letters, digits, and . @ - _")
    if role not in ROLES:
        raise UsageError(f"there is no role {role!r}", hint=f"Choose from {', '.join(ROLES)}.")
    invocation: Invocation = ctx.obj
    store = invocation.load().store
    if name in {u.name for u in store.users()}:
        raise UsageError(
            f"there is an account {name!r} already", hint=f"Another password: bridge review user password {name}"
        )
    password = hashed(_asked(name))
    store.add_user(
        name, role=Role(role), password=password, customers=customer, by=getpass.getuser(), now=utc_now()
    )
    out().print(f"[green]added[/green]  {show.escape(name)}, {role}")
    out().print("[cyan]next[/cyan]   bridge review")


@command(user, "list", "bridge review user list")
def list_(ctx: typer.Context, as_json: bool = typer.Option(False, "--json", help="Print JSON.")) -> None:
    """The accounts; no password is in it."""
    invocation: Invocation = ctx.obj
    users = invocation.load().store.users()
    if as_json:
        print_json(users)
        return
    shown = show.table("name", "role", "customers", "since")
    for u in users:
        customers = ", ".join(u.customers) or "all"
        shown.add_row(show.escape(u.name), u.role.value, show.escape(customers), f"{u.created_at:%Y-%m-%d}")
    out().print(shown)


@command(user, "password", "bridge review user password li")
def password(ctx: typer.Context, name: str = Name) -> None:
    """Gives an account another password and signs it out everywhere."""
    from bridge.review.web.access import hashed
    from bridge.wiring import utc_now

    invocation: Invocation = ctx.obj
    store = invocation.load().store
    if name not in {u.name for u in store.users()}:
        raise UsageError(f"there is no account {name!r}", hint="`bridge review user list` shows them.")
    store.set_password(name, hashed(_asked(name)), by=getpass.getuser(), now=utc_now())
    out().print(f"[green]changed[/green]  {show.escape(name)} signs in with the new password from now on")


@command(user, "remove", "bridge review user remove li")
def remove(ctx: typer.Context, name: str = Name) -> None:
    """Removes an account; what it decided stays."""
    from bridge.wiring import utc_now

    invocation: Invocation = ctx.obj
    invocation.load().store.remove_user(name, by=getpass.getuser(), now=utc_now())
    out().print(f"[green]removed[/green]  {show.escape(name)}")


def _asked(name: str) -> str:
    """The password, twice at a terminal; else the first line that is piped in."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    given: str = typer.prompt(f"Password of {name}", hide_input=True, confirmation_prompt=True)
    return given
