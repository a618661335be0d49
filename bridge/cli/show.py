"""Results as tables for people, and the exit code that a run's summary stands for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from bridge.cli.console import STAGE_WORDS, out
from bridge.errors import BridgeError, CaptureIncomplete, DeliveryFailed, HeldForPerson

if TYPE_CHECKING:
    from rich.table import Table

    from bridge.interfaces import PushResult, StoredReview
    from bridge.records import RunSummary
    from bridge.sentences import Language
    from bridge.store.outbox import ParkedMessage

STATUS_STYLE = {"ok": "green", "partial": "yellow", "held": "yellow", "running": "cyan"}
SHORT_STAGE_S = 0.5  # a stage below this is not worth a word
ROWS_SHOWN = 20
CELL_WIDTH = 22  # of the terminal; wider than any code, a long name is cut
CELL_GAP = 3


def exit_code(summary: RunSummary) -> int:
    """0 if the run did all it could; rows that wait for a person are its normal course."""
    if summary.error_code:
        return next(
            (c.exit_code for c in _all(BridgeError) if c.code == summary.error_code), BridgeError.exit_code
        )
    if summary.status == "held":
        return HeldForPerson.exit_code
    if summary.status in ("failed", "killed"):
        return BridgeError.exit_code
    if not summary.complete:
        return CaptureIncomplete.exit_code
    return DeliveryFailed.exit_code if summary.push_failed else 0


def _all(root: type[BridgeError]) -> Iterable[type[BridgeError]]:
    yield root
    for child in root.__subclasses__():
        yield from _all(child)


def table(*headings: str, title: str | None = None) -> Table:
    from rich import box
    from rich.table import Table

    made = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        made.add_column(heading, overflow="fold")
    return made


def facts(pairs: Sequence[tuple[str, str]]) -> None:
    """Two columns: what, and its value (rich markup).  The terminal wraps, so that a path can be copied whole."""
    width = max(len(name) for name, _ in pairs)
    for name, value in pairs:
        out().print(f"[dim]{name:<{width}}[/dim]  {value}", soft_wrap=True)


def summary(run: RunSummary) -> None:
    """One run, as a person wants to know it."""
    style = STATUS_STYLE.get(run.status, "red")
    seconds = sum(run.seconds.values())
    dry = "  [yellow]dry run: nothing was changed[/yellow]" if run.dry_run else ""
    out().print(f"[bold {style}]{run.status}[/bold {style}]  {run.source}  [dim]run {run.run_id}[/dim]{dry}")
    lines = [
        ("list", _list_words(run)),
        ("orders", _orders_words(run)),
        ("proven", _proven_words(run)),
        ("pushed", _pushed_words(run)),
        ("time", f"{seconds:.1f} s  [dim]{_longest(run.seconds)}[/dim]"),
    ]
    if run.guard_blocked:
        lines.append(("guard", f"[yellow]{run.guard_blocked} requests or clicks stopped[/yellow]"))
    if run.report:
        lines.append(("report", escape(run.report)))
    facts(lines)
    for why in run.why_not:
        out().print(f"[yellow]incomplete[/yellow]  {escape(why)}")
    if run.error:
        out().print(f"[red]error[/red]  {escape(run.error)}")
    if run.hint:
        out().print(f"[cyan]next[/cyan]   {escape(run.hint)}")
    elif run.doubtful:
        out().print(f"[cyan]next[/cyan]   bridge review list --source {run.source}")


def _list_words(run: RunSummary) -> str:
    total = f" of {run.declared_total}" if run.declared_total is not None else ""
    return f"{run.rows}{total} rows on {count(run.pages, 'page')}"


def _orders_words(run: RunSummary) -> str:
    waiting = f", {run.missing} not seen this time" if run.missing else ""
    return f"{run.added} added, {run.changed} changed, {run.gone} gone, {run.left} left the list{waiting}"


def _pushed_words(run: RunSummary) -> str:
    failed = f", [red]{run.push_failed} failed[/red] and will be tried again" if run.push_failed else ""
    return f"{count(run.pushed, 'message')}{failed}"


def _longest(seconds: Mapping[str, float]) -> str:
    """The stages that took their time."""
    return ", ".join(f"{STAGE_WORDS.get(k, k)} {v:.1f}" for k, v in seconds.items() if v >= SHORT_STAGE_S)


def count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _proven_words(run: RunSummary) -> str:
    share = f" ({100 * run.straight_through / run.rows:.1f} %)" if run.rows else ""
    waiting = f", [yellow]{run.doubtful} wait for a person[/yellow]" if run.doubtful else ""
    return f"{run.straight_through} rows{share}{waiting}"


def rows(headings: Sequence[str], lines: Sequence[Mapping[str, Any]]) -> None:
    """The first rows of a list, one line each.  A cell is a plain value, or an object with value, text and status.

    No value is broken over two lines: what is longer than any code is cut, and columns without room are named.
    """
    from rich.cells import cell_len

    first = [{h: _words(line.get(h)) for h in headings} for line in lines[:ROWS_SHOWN]]
    room, kept = out().width, list[str]()
    for heading in headings:
        widest = max((cell_len(w) for w in (heading, *(line[heading][0] for line in first))), default=0)
        room -= min(widest, CELL_WIDTH) + CELL_GAP
        if room < 0 and kept:
            break
        kept.append(heading)
    shown = table()
    for heading in kept:
        shown.add_column(heading, no_wrap=True, overflow="ellipsis", max_width=CELL_WIDTH)
    for line in first:
        shown.add_row(*(_cell(*line[heading]) for heading in kept))
    out().print(shown)
    if left := [h for h in headings if h not in kept]:
        out().print(f"[dim]no room here for: {escape(', '.join(left))}[/dim]")
    if len(lines) > ROWS_SHOWN:
        out().print(f"[dim]… and {len(lines) - ROWS_SHOWN} more rows[/dim]")


def _words(value: Any) -> tuple[str, bool]:
    """What a cell shows, and whether that is sure."""
    if not isinstance(value, Mapping):
        return "" if value is None else escape(str(value)), True
    best = value.get("value")
    words = escape(str(value.get("text", "") if best is None else best))
    return (words, True) if value.get("status", "ok") == "ok" else (f"{words} ?", False)


def _cell(words: str, sure: bool) -> str:
    return words if sure else f"[yellow]{words}[/yellow]"


def reviews(items: Sequence[StoredReview], language: Language, name_of: Callable[[str, str], str]) -> None:
    """name_of: source and field → what people there call it."""
    from bridge.reports.said import say_reason
    from bridge.reports.show import visible

    if not items:
        out().print("[green]nothing waits for a person[/green]")
        return
    shown = table("item", "source", "order", "question", "asked about", "since")
    for stored in items:
        item = stored.item
        shown.add_row(
            f"[bold]{stored.id}[/bold]",
            item.source,
            escape(visible(item.order_no or "?")),
            escape(visible(say_reason(item, language, partial(name_of, item.source)))),
            escape(", ".join(name_of(item.source, f) for f in item.fields)),
            f"{stored.created_at:%Y-%m-%d %H:%M}",
        )
    out().print(shown)
    out().print(
        "[cyan]next[/cyan]   bridge review decide ITEM --accept   [dim](or --set, --keep, --not-an-order)[/dim]"
    )


def push(result: PushResult) -> None:
    failed = f"[red]{result.failed} failed[/red], tried again later" if result.failed else "0 failed"
    parked = f"[yellow]{result.parked} parked[/yellow] for a person" if result.parked else "0 parked"
    out().print(f"[green]{result.sent} sent[/green], {failed}, {parked}, {result.left} left in the outbox")


def parked(messages: Sequence[ParkedMessage]) -> None:
    if not messages:
        out().print("[green]nothing is parked[/green]")
        return
    shown = table("id", "receiver", "order", "since", "attempts", "why")
    for parked in messages:
        m = parked.message
        since = f"{m.created_at.astimezone():%Y-%m-%d %H:%M}"
        shown.add_row(str(m.id), m.receiver, escape(m.order_no), since, str(m.attempts), escape(parked.error))
    out().print(shown)
    out().print("[cyan]next[/cyan]   bridge push --release ID   [dim]or --drop ID: it is never sent[/dim]")


def escape(text: str) -> str:
    """Foreign text made harmless for rich's markup and for the terminal."""
    from rich.markup import escape as no_markup

    return no_markup("".join(c if c.isprintable() or c == "\n" else "�" for c in text))
