"""secret set, list, delete."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import typer

from bridge.cli import show
from bridge.cli.app import Invocation, command, group
from bridge.cli.console import out, print_json
from bridge.errors import UsageError

if TYPE_CHECKING:
    from bridge.secrets import Secrets
    from bridge.settings import Settings

secret = group("secret", "Keeps passwords where no file shows them.", "First steps")
Name = typer.Argument(help="As in bridge.toml behind `secret:`.", metavar="NAME")


def _open(ctx: typer.Context) -> tuple[Secrets, Settings]:
    from bridge.secrets import Secrets, os_keyring
    from bridge.settings import load_settings

    invocation: Invocation = ctx.obj
    settings = load_settings(invocation.config)
    return Secrets(settings.data_dir, keyring=os_keyring()), settings


@command(secret, "set", "bridge secret set k3-password", "cat pw.txt | bridge secret set k3-password --stdin")
def set_(
    ctx: typer.Context,
    name: str = Name,
    stdin: bool = typer.Option(False, "--stdin", help="Take the value from standard input instead of asking."),
) -> None:
    """Keeps a secret in the machine's keyring, or in an encrypted file where there is none."""
    from bridge.secrets import Secret
    from bridge.settings import SECRET_NAME

    if not re.fullmatch(SECRET_NAME, name):
        raise UsageError(
            f"{name!r} is no name for a secret", hint="Use letters, digits, - and _, e.g. k3-password."
        )
    secrets, settings = _open(ctx)
    if stdin:
        value = sys.stdin.read().rstrip("\r\n")
    elif sys.stdin.isatty():
        value = typer.prompt(f"{name} (not shown)", hide_input=True, confirmation_prompt="once more", err=True)
    else:
        raise UsageError(
            "there is no terminal to ask at", hint=f"Pipe the value into `bridge secret set {name} --stdin`."
        )
    place = secrets.keep(name, Secret(value))
    out().print(f"[green]kept[/green]  {name}  [dim]{place.where}[/dim]")
    if name not in settings.secret_names():
        out().print(f'[yellow]note[/yellow]  nothing in bridge.toml refers to it yet; write "secret:{name}" there')


@command(secret, "list", "bridge secret list", "bridge secret list --json")
def list_(
    ctx: typer.Context, as_json: bool = typer.Option(False, "--json", help="Print JSON for a program.")
) -> None:
    """Names and where they are kept; never a value."""
    secrets, settings = _open(ctx)
    needed = settings.secret_names()
    places = secrets.known(needed)
    if as_json:
        print_json([{"name": p.name, "where": p.where, "needed": p.name in needed} for p in places])
        return
    shown = show.table("secret", "kept in", "used")
    for place in places:
        where = f"[red]{place.where}[/red]" if place.where == "missing" else show.escape(place.where)
        shown.add_row(place.name, where, "yes" if place.name in needed else "[dim]no[/dim]")
    out().print(shown)


@command(secret, "delete", "bridge secret delete k3-password")
def delete(ctx: typer.Context, name: str = Name) -> None:
    """Removes a secret from keyring and file."""
    secrets, _ = _open(ctx)
    gone = secrets.forget(name)
    if not gone:
        raise UsageError(f"the secret {name!r} is in neither keyring nor file", hint="See `bridge secret list`.")
    for place in gone:
        out().print(f"[green]deleted[/green]  {name}  [dim]{place.where}[/dim]")
