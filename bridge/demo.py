"""``bridge demo``: the whole main job against a sample ERP on this machine, told in plain words.

The sample ERP and the receiver are programs of their own, started here and ended here; the product itself never
imports the samples.
"""

from __future__ import annotations

import base64
import json
import os
import secrets as random_secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from bridge import log
from bridge.errors import SetupError, UsageError
from bridge.records import RunSummary
from bridge.secrets import Secret, Secrets
from bridge.wiring import App

MARKER = ".bridge-demo"
LISTS = ("sample-erp", "sample-erp-box", "sample-erp-canvas")
_USER, _PASSWORD = "bridge", "Br1dge-2026"  # the sample's own throw-away account

_CONFIG = """\
# Written by `bridge demo`.  The sample ERP listens only while the demo runs.
data_dir = "data"

[sources.demo]
url = "{url}"
profile = "{profile}"
user = "{user}"
password = "secret:demo-password"

[receivers.hub]
kind = "webhook"
url = "{hub}"
secret = "secret:demo-signing"

[receivers.files]
kind = "folder"
folder = "outgoing"

[reports]
language = "zh"
"""


@dataclass(frozen=True, slots=True)
class _Program:
    """A started helper program and the one line of JSON that it printed."""

    process: subprocess.Popen[str]
    said: dict[str, Any]


def run_demo(folder: Path, keep: bool, fast: bool) -> int:
    """Syncs the sample ERP's list, lets it move on, syncs again and says what happened.

    folder: everything goes there; an earlier demo's files are removed unless ``keep``.  fast: 60 orders, not 500.
    Returns the exit code.  Raises UsageError if the folder holds something else, SetupError if the samples are
    not there or do not start.
    """
    tell = Console(highlight=False, soft_wrap=not sys.stdout.isatty())
    root = _samples_root()
    _prepare(folder, keep)
    signing = "whsec_" + base64.b64encode(random_secrets.token_bytes(24)).decode()
    os.environ["BRIDGE_KEYRING"] = "off"  # a demo leaves nothing in the user's keyring
    with _sample_erp(root, 60 if fast else 500) as erp, _hub(root, folder, signing) as hub:
        config = folder / "bridge.toml"
        config.write_text(
            _CONFIG.format(url=erp.said["url"], profile="sample-erp", user=_USER, hub=hub.said["url"]),
            encoding="utf-8",
        )
        _keep_secrets(folder / "data", signing)
        (folder / "outgoing").mkdir(exist_ok=True)
        app = App.load(config)
        log.set_up(folder=app.settings.logs_dir, name="demo", console_level="ERROR")
        control = _Control(erp)
        tell.print("[bold]1. First sync[/bold]: the bridge signs in to the sample ERP and reads its order list.")
        first = _sync(app, tell)
        tell.print("\n[bold]2. The ERP moves on[/bold]: a working day passes there.")
        moved = control.advance()
        tell.print(
            f"   {len(moved['added'])} new orders, {len(moved['changed'])} changed, "
            f"{len(moved['removed'])} deleted, {len(moved['left'])} left the list."
        )
        tell.print("\n[bold]3. Second sync[/bold]: only what differs goes out.")
        second = _sync(app, tell)
        tell.print(
            "\n[bold]4. Third sync[/bold]: what was missing twice in a row has really left the list; "
            "once could have been an accident."
        )
        third = _sync(app, tell)
        harm = control.changing_requests()
        state = httpx.get(hub.said["url"].rsplit("/", 1)[0] + "/state", timeout=10).json()
        _tell_end(tell, folder, app, second, harm, state)
    good = all(r.error is None for r in (first, second, third)) and harm == 0 and not state.get("faults")
    return 0 if good else 1


def _sync(app: App, tell: Console) -> RunSummary:
    def progress(stage: str, done: int, total: int) -> None:
        status.update(f"   {stage} {done}" + (f" of {total}" if total else "") + " …")

    with tell.status("   starting the browser …") as status:
        run = app.sync("demo", progress=progress)
    if run.error:
        tell.print(f"   [red]{run.error}[/red]\n   {run.hint or ''}")
        return run
    seconds = sum(run.seconds.values())
    share = run.straight_through / run.rows if run.rows else 0.0
    tell.print(
        f"   {run.rows} orders on {run.pages} pages in {seconds:.1f} s, the page says {run.declared_total}: "
        + (
            "[green]complete[/green]."
            if run.complete
            else f"[yellow]incomplete[/yellow]: {'; '.join(run.why_not)}"
        )
    )
    tell.print(f"   {run.straight_through} rows proven ({share:.1%}), {run.doubtful} wait for a person.")
    tell.print(
        f"   {run.added} added, {run.changed} changed, {run.left} left the list, {run.missing} missing once; "
        f"{run.pushed} messages delivered, to a signed webhook and to a folder of files."
    )
    return run


def _from_here(place: str | Path) -> str:
    """As a person in this folder would type it."""
    path = Path(place)
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _tell_end(tell: Console, folder: Path, app: App, last: RunSummary, harm: int, state: dict[str, Any]) -> None:
    tell.print("\n[bold]What happened[/bold]")
    tell.print(f"   Requests that change data in the ERP: [bold]{harm}[/bold] (the ERP counted).")
    faults = state.get("faults") or []
    tell.print(
        f"   The receiver verified every signature and found {len(faults)} fault(s) in order or repetition."
    )
    tell.print("\n[bold]Where it is[/bold]")
    for name, place in (
        ("report", last.report or "none"),
        ("database", app.settings.data_dir / "bridge.db"),
        ("receiver's log", folder / "receiver.jsonl"),
        ("files for file-fed systems", folder / "outgoing"),
        ("pictures", app.settings.evidence_dir),
        ("log", app.settings.logs_dir),
    ):
        tell.print(f"   {name:<28}{_from_here(place)}", soft_wrap=True)
    tell.print("\n[bold]What next[/bold]")
    tell.print("   Open the report in a browser.  Then your own ERP, in ten steps: README.md, or begin with")
    tell.print("   [cyan]bridge init --source erp --url http://YOUR-ERP/[/cyan]")


class _Control:
    """The sample ERP's own switchboard, which no real ERP has."""

    def __init__(self, erp: _Program) -> None:
        self._http = httpx.Client(
            base_url=erp.said["url"], headers={"X-Control": erp.said["token"]}, timeout=30, trust_env=False
        )

    def advance(self) -> dict[str, Any]:
        moved: dict[str, Any] = self._http.post("/_control/advance", json={"n": 20}).raise_for_status().json()
        return moved

    def changing_requests(self) -> int:
        return int(self._http.get("/_control/counters").raise_for_status().json()["changing_total"])


def _samples_root() -> Path:
    root = Path(__file__).resolve().parent.parent
    if not (root / "samples" / "erp").is_dir():
        raise SetupError(
            "the sample ERP is not beside the program",
            hint="Run the demo from a checkout: python3 scripts/demo.py",
        )
    return root


def _prepare(folder: Path, keep: bool) -> None:
    if folder.exists() and any(folder.iterdir()) and not (folder / MARKER).exists():
        raise UsageError(
            f"{folder} holds something else than a demo", hint="Give another folder: bridge demo --folder NAME"
        )
    if not keep and folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).write_text("made by `bridge demo`; may be deleted\n", encoding="utf-8")


def _keep_secrets(data: Path, signing: str) -> None:
    data.mkdir(parents=True, exist_ok=True)
    kept = Secrets(data, keyring=None)
    kept.keep("demo-password", Secret(_PASSWORD))
    kept.keep("demo-signing", Secret(signing))


@contextmanager
def _sample_erp(root: Path, count: int) -> Iterator[_Program]:
    command = [sys.executable, "-m", "samples.erp", "--port", "0", "--seed", "7", "--count", str(count)]
    with _started(command, root, "the sample ERP", {}) as program:
        yield program


@contextmanager
def _hub(root: Path, folder: Path, signing: str) -> Iterator[_Program]:
    command = [
        *(sys.executable, "-m", "bridge.testing.receivers", "--port", "0"),
        *("--log", str((folder / "receiver.jsonl").resolve()), "--secret-env", "DEMO_SIGNING"),
    ]
    with _started(command, root, "the receiver", {"DEMO_SIGNING": signing}) as program:
        yield program


@contextmanager
def _started(command: list[str], cwd: Path, what: str, extra: dict[str, str]) -> Iterator[_Program]:
    """A helper program that prints one line of JSON once it listens; ended however the block is left."""
    process = subprocess.Popen(
        command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env={**os.environ, **extra}
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line:
            raise SetupError(f"{what} did not start", hint=f"Try it by hand: {' '.join(command[1:])}")
        yield _Program(process, json.loads(line))
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
