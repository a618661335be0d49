"""Reports over all runs: report on-time, digest, day."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import typer

from bridge.cli import show
from bridge.cli.app import Invocation, command, group
from bridge.cli.console import out, print_json

if TYPE_CHECKING:
    from bridge.reports.on_time import OnTime

report = group("report", "What many runs add up to.", "Every day")


@command(report, "on-time", "bridge report on-time", "bridge report on-time --json")
def on_time(
    ctx: typer.Context,
    as_json: bool = typer.Option(False, "--json", help="Print where it is and its figures as JSON."),
) -> None:
    """Promised against shipped: how many in time, which late, which at risk; HTML, Excel and JSON."""
    from bridge.promises import Promises

    invocation: Invocation = ctx.obj
    made, page = Promises(invocation.load("report")).write_on_time()
    if as_json:
        print_json({"status": "ok", "report": str(page), **_figures(made)})
        return
    total = made.total
    share = f"{total.share * 100:.1f} %" if total.share is not None else "-"
    lines = [("on time", f"{share}  [dim]{total.on_time} of {total.judged} whose promised day is over[/dim]")]
    lines += [(name.replace("_", " "), str(n)) for name, n in _figures(made)["orders"].items() if n]
    lines += [("left out", f"{n}  {why.replace('_', ' ')}") for why, n in _figures(made)["left_out"].items()]
    show.facts([*lines, ("report", show.escape(str(page)))])


@command(report, "digest", "bridge report digest", "bridge report digest --send")
def digest(
    ctx: typer.Context,
    send: bool = typer.Option(False, "--send", help="Send it to everyone in notify.to, too."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON for a program."),
) -> None:
    """The five things that matter since yesterday; `bridge run` sends it each morning."""
    from bridge.digest import digest as made_of
    from bridge.digest import digested
    from bridge.errors import DeliveryFailed
    from bridge.wiring import utc_now

    invocation: Invocation = ctx.obj
    app, now = invocation.load("report"), utc_now()
    made = made_of(app, now)
    failed: list[str] = []
    if send:
        notifier = app.notifier()
        failed = list(notifier.send(made.title, made.text, level=made.level))
        if failed and len(failed) == len(notifier.names):
            raise DeliveryFailed(f"nobody took the digest: {', '.join(failed)}")
        digested(app.settings.data_dir).note(now)
    if as_json:
        print_json(
            {"title": made.title, "lines": made.lines, "link": made.link, "good": made.good, "failed": failed}
        )
        return
    out().print(f"[bold]{show.escape(made.title)}[/bold]", soft_wrap=True)
    for line in (*made.lines, made.link):
        out().print(show.escape(line), soft_wrap=True)


@command(report, "day", "bridge report day", "bridge report day --date 2026-11-21 --json")
def day(
    ctx: typer.Context,
    date: datetime | None = typer.Option(None, formats=["%Y-%m-%d"], help="Which day; without it: yesterday."),
    as_json: bool = typer.Option(False, "--json", help="Print where it is and its figures as JSON."),
) -> None:
    """Every difference of one day, over all runs and sources: HTML, Excel, CSV and JSON."""
    from bridge.day import write_day
    from bridge.reports.day import STATES
    from bridge.wiring import utc_now

    invocation: Invocation = ctx.obj
    made, page = write_day(invocation.load("report"), utc_now(), date.date() if date is not None else None)
    counts = {state: len(made.of(state)) for state in STATES}
    if as_json:
        classes = {cls.value: sum(by.values()) for cls, by in made.classes}
        told = {"status": "ok", "day": made.day, "report": str(page), "counts": counts}
        print_json({**told, "classes": classes, "runs": len(made.runs)})
        return
    lines = [("day", made.day.isoformat()), ("runs", str(len(made.runs)))]
    lines += [(state.replace("_", " "), str(n)) for state, n in counts.items()]
    show.facts([*lines, ("report", show.escape(str(page)))])


def _figures(made: OnTime) -> dict[str, dict[str, int]]:
    from bridge.reports.on_time import Verdict

    return {
        "orders": {v.value: len(made.of(v)) for v in Verdict},
        "left_out": {
            **{why.value: n for why, n in made.left_out.items()},
            "without_contract": made.without_contract,
        },
    }
