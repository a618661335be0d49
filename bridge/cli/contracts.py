"""What contracts promise: contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bridge.cli import show
from bridge.cli.app import Invocation, app, command
from bridge.cli.console import out, print_json, progress
from bridge.errors import ContractFileError, UsageError

if TYPE_CHECKING:
    from bridge.contracts.kept import StoredContract
    from bridge.contracts.result import ContractResult
    from bridge.interfaces import Progress

STYLE = {"ok": "green", "needs_review": "yellow", "error": "red"}


@command(
    app,
    "contract",
    "bridge contract signed.pdf",
    "bridge contract contracts/ --json",
    "bridge contract signed.pdf --store",
    panel="Every day",
)
def contract(
    ctx: typer.Context,
    paths: list[Path] = typer.Argument(
        help="Scans or photos of contracts, or folders of them.", metavar="FILE..."
    ),
    store: bool = typer.Option(False, "--store", help="Keep them, and bind them to their orders."),
    as_json: bool = typer.Option(False, "--json", help="Print JSON for a program: a list, one object per file."),
) -> int:
    """Finds the promised delivery date in scanned contracts; keeps nothing unless told so."""
    results = []
    with progress(quiet=as_json) as tell:
        read = _keeping(ctx.obj) if store else _reading()
        for file in _files(paths):
            results.append(read(file, tell))
    if as_json:
        print_json([r.as_json() for r in results])
    else:
        _show(results)
    return ContractFileError.exit_code if any(r.status == "error" for r in results) else 0


def _reading() -> Callable[[Path, Progress], ContractResult]:
    from bridge.reading import contract_reader

    return contract_reader().read


def _keeping(invocation: Invocation) -> Callable[[Path, Progress], ContractResult]:
    from bridge.promises import Promises

    promises = Promises(invocation.load("contract"))

    def keep(file: Path, tell: Progress) -> ContractResult:
        taken = promises.take(file, tell)
        if taken.waits:
            raise UsageError(f"{file} changed while it was read", hint="Try again once it is copied.")
        if taken.result is not None:
            return taken.result
        assert taken.contract is not None  # it was read before
        return known_result(file, taken.contract)

    return keep


def known_result(file: Path, contract: StoredContract) -> ContractResult:
    """What was read when the file first came."""
    from bridge.contracts.result import ContractResult

    return ContractResult.from_json({**contract.as_read, "file": str(file)})


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
