"""First steps: demo, init, setup."""

from __future__ import annotations

from pathlib import Path

import typer

from bridge.cli.app import Invocation, app, command
from bridge.cli.console import err, out, print_json

PANEL = "First steps"


@command(app, "demo", "bridge demo", "bridge demo --folder /tmp/bridge-demo --keep", panel=PANEL)
def demo(
    folder: Path = typer.Option(Path("demo-data"), help="Where the demo puts its database, reports and logs."),
    keep: bool = typer.Option(False, "--keep", help="Keep what an earlier demo left there, and go on with it."),
    fast: bool = typer.Option(False, "--fast", help="A short list instead of 500 orders."),
) -> int:
    """Runs the whole main job against a sample ERP on this machine."""
    from bridge.demo import run_demo

    return run_demo(folder, keep, fast)


@command(app, "init", "bridge init", "bridge init --source k3 --url http://192.168.1.5:8080/erp/", panel=PANEL)
def init(
    ctx: typer.Context,
    source: str = typer.Option("erp", help="A short name for your ERP."),
    url: str = typer.Option("http://192.168.1.5:8080/", help="Address of its first page."),
    force: bool = typer.Option(False, "--force", help="Overwrite files that are there."),
) -> None:
    """Writes a commented bridge.toml and a profile to fill in."""
    from bridge.scaffold import write_scaffold

    invocation: Invocation = ctx.obj
    written = write_scaffold(invocation.config, source=source, url=url, force=force)
    for path in written:
        out().print(f"[green]written[/green]  {path}")
    out().print(
        f"[cyan]next[/cyan]     1. bridge secret set {source}-user, then bridge secret set {source}-password\n"
        f"         2. fill in {written[1]}: every key is explained there\n"
        f"         3. bridge check {source}"
    )


@command(app, "setup", "bridge setup", "bridge setup --offline", panel=PANEL)
def setup(
    offline: bool = typer.Option(False, "--offline", help="Fetch nothing; only check what is there."),
    as_json: bool = typer.Option(False, "--json", help="Print what was found as JSON."),
) -> None:
    """Makes sure of the browser and the OCR weights, fetches what is missing, and tries how this machine reads
    fastest."""
    from bridge.erp.find_browser import ensure_browser
    from bridge.ocr import fastest
    from bridge.ocr.weights import ensure_weights

    def tell(words: str) -> None:
        err().print(f"[dim]{words} …[/dim]")

    browser = ensure_browser(tell, offline=offline)
    weights = ensure_weights(progress=tell, offline=offline)
    ways = fastest.ensure_tried()
    if as_json:
        found = {name: {"folder": w.folder, "source": w.source, "sha256": w.sha256} for name, w in weights.items()}
        running = {model: str(way) for model, way in ways.items()}
        print_json({"browser": browser, "weights": found, "reading": running})
        return
    out().print(f"[green]ok[/green]  browser  {browser.kind} {browser.version}, {browser.found}")
    for name, one in weights.items():
        out().print(f"[green]ok[/green]  weights  {name} [dim]from {one.source}[/dim]")
    out().print(
        f"[green]ok[/green]  reading  {fastest.told(ways)} [dim](batches side by side × threads each)[/dim]"
    )
