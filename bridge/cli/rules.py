"""Order-life rules: rules, rules check."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.markup import escape

from bridge.cli import show
from bridge.cli.app import Invocation, example, group
from bridge.cli.console import out, print_json
from bridge.errors import ConfigError

if TYPE_CHECKING:
    from bridge.life import Listed
    from bridge.sentences import Language

rules = group("rules", "Who is told when an order does not move as it should.", "Every day", does_itself=True)

Json = typer.Option(False, "--json", help="Print JSON for a program.")
ORDERS_SHOWN = 5


@rules.callback(invoke_without_command=True, epilog=example("bridge rules", "bridge rules --json"))
def list_(ctx: typer.Context, as_json: bool = Json) -> None:
    """Each rule: what it says, when it last fired, how many orders it fits, and whether it can ever fire."""
    if ctx.invoked_subcommand is not None:
        return
    from bridge.life import Life

    invocation: Invocation = ctx.obj
    loaded = invocation.load()
    life = Life(loaded)
    rows = life.listed()
    language = loaded.settings.reports.language
    if as_json:
        print_json([_as_json(row, language) for row in rows])
        return
    if life.file is None:
        out().print("no rules are given; docs/rules.md shows how to write some")
        return
    table = show.table("rule", "if", "then", "last fired", "fits now", "can it fire")
    for row in rows:
        last = f"{row.fired_at.astimezone():%Y-%m-%d %H:%M} ({row.fired}×)" if row.fired_at else "never"
        then = row.rule.then.alert
        table.add_row(
            escape(row.rule.name), escape(row.sentence), then, last, _fits(row), "\n".join(_can(row, language))
        )
    out().print(table)
    if life.told_to_nobody:
        out().print("[yellow]nobody is told[/yellow]  notify.to is empty in bridge.toml")


@rules.command("check", epilog=example("bridge rules check rules.yaml"))
def check(
    ctx: typer.Context, file: Path = typer.Argument(help="A rules file.", metavar="FILE"), as_json: bool = Json
) -> None:
    """Looks for faults in a rules file, without using it."""
    from bridge.rules.rule import load_rules
    from bridge.rules.words import say_rule

    language = _language(ctx.obj)
    said = {rule.name: say_rule(rule, language) for rule in load_rules(file)}
    if as_json:
        print_json({"file": str(file), "rules": said})
        return
    for name, sentence in said.items():
        out().print(f"[green]good[/green]  {escape(name)}: {escape(sentence)}", soft_wrap=True)


def _language(invocation: Invocation) -> Language:
    from bridge.settings import load_settings

    try:
        return load_settings(invocation.config).reports.language
    except ConfigError:  # the rules file may be written before the rest
        return "en"


def _fits(row: Listed) -> str:
    fits = sum(len(j.fits) for j in row.judged)
    doubt = sum(len(j.in_doubt) for j in row.judged)
    numbers = [o.order_no for j in row.judged for o in j.fits]
    words = str(fits)
    if numbers:
        words += f"  [dim]{escape(', '.join(numbers[:ORDERS_SHOWN]))}{' …' if fits > ORDERS_SHOWN else ''}[/dim]"
    return words + (f"\n[yellow]{doubt} in doubt[/yellow]" if doubt else "")


def _can(row: Listed, language: Language) -> list[str]:
    from bridge.rules.words import say_why

    words = ["[green]yes[/green]" if row.can_fire else "[red]never[/red]"]
    for source, why in row.why_never.items():
        before = "" if why.why.about_the_file else f"{source}: "
        words.append(f"{escape(before + say_why(why, language))}")
    words += [
        f"{escape(source)}: [yellow]{escape(', '.join(dead))}[/yellow] never occurs"
        for source, dead in row.dead.items()
        if source not in row.why_never
    ]
    return words


def _as_json(row: Listed, language: Language) -> dict[str, Any]:
    from bridge.rules.words import say_why

    return {
        "rule": row.rule.name,
        "if": row.rule.when.model_dump(exclude_none=True),
        "says": row.sentence,
        "then": row.rule.then.model_dump(exclude_none=True),
        "last_fired": row.fired_at,
        "fired": row.fired,
        "fits": [{"source": j.source, "order_no": o.order_no} for j in row.judged for o in j.fits],
        "in_doubt": [{"source": j.source, "order_no": o.order_no} for j in row.judged for o in j.in_doubt],
        "can_fire": row.can_fire,
        "never_in": [
            {"source": source or None, "why": why.why.value, "says": say_why(why, language)}
            for source, why in row.why_never.items()
        ],
        "words_that_never_occur": {s: list(words) for s, words in row.dead.items()},
    }
