"""What contracts promise: contract."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bridge.cli import show
from bridge.cli.app import app, command
from bridge.cli.console import out, print_json, progress
from bridge.errors import ContractFileError

if TYPE_CHECKING:
    from bridge.contracts.result import ContractResult

STYLE = {"ok": "green", "needs_review": "yellow", "error": "red"}


@command(
    app,
    "contract",
    "bridge contract signed.pdf",
    "bridge contract contracts/ --json",
    panel="Every day",
)
def contract(
    paths: list[Path] = typer.Argument(
        help="Scans or photos of contracts, or folders of them.", metavar="FILE..."
    ),
    as_json: bool = typer.Option(False, "--json", help="Print JSON for a program: a list, one object per file."),
) -> int:
    """Finds the promised delivery date in scanned contracts; keeps nothing."""
    from bridge.reading import contract_reader

    reader = contract_reader()
    results = []
    with progress(quiet=as_json) as tell:
        for file in _files(paths):
            results.append(reader.read(file, tell))
    if as_json:
        print_json([r.as_json() for r in results])
    else:
        _show(results)
    return ContractFileError.exit_code if any(r.status == "error" for r in results) else 0


def _files(paths: Sequence[Path]) -> Iterator[Path]:
    from bridge.contracts.pages.files import contract_files

    for path in paths:
        yield from contract_files(path)


def _show(results: Sequence[ContractResult]) -> None:
    shown = show.table("file", "promised", "kind", "counts from", "contract", "status")
    for r in results:
        days = ", ".join(d.isoformat() for d in r.promised_dates) or "-"
        shown.add_row(
            show.escape(Path(r.file).name),
            days,
            r.kind if r.status != "error" else "-",
            _term(r),
            show.escape(r.contract_no or ""),
            f"[{STYLE[r.status]}]{r.status}[/{STYLE[r.status]}]",
        )
    out().print(shown)
    for r in results:
        if r.clause:
            out().print(
                f"[cyan]clause[/cyan]  {show.escape(Path(r.file).name)}, page {r.page}: {show.escape(r.clause)}"
            )
        if r.reason:
            style = STYLE[r.status]
            out().print(f"[{style}]why[/{style}]     {show.escape(Path(r.file).name)}: {show.escape(r.reason)}")
        if r.error:
            out().print(f"[cyan]next[/cyan]    {show.escape(r.error['hint'])}")


def _term(r: ContractResult) -> str:
    if r.offset_months is not None:
        return f"{r.base_event or '?'} + {r.offset_months} months"
    return "" if r.offset_days is None else f"{r.base_event or '?'} + {r.offset_days} {r.offset_unit} days"
