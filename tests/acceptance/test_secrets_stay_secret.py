"""Known secrets are planted; good runs, failing runs and a crash follow; then every artefact is searched for them."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil
import pytest
from fault_world import PASSWORD, SIGNING, SOURCE, World, write_config

from bridge import log
from bridge.cli import main
from bridge.wiring import App

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
WRONG = "Wr0ng+Geheim/2026"
BEAT = "http://127.0.0.1:9/ping/beat-9f8e7d6c5b4a"
BOT = "json://127.0.0.1:9/bot-1a2b3c4d5e6f"
KEY_OF_BOT = "bot-1a2b3c4d5e6f"


def forms(secret: str) -> set[bytes]:
    """As it is, as in an address, as HTTP basic credentials would carry it."""
    return {
        secret.encode(),
        quote(secret, safe="").encode(),
        base64.b64encode(f"bridge:{secret}".encode()),
        base64.b64encode(secret.encode()).rstrip(b"="),
    }


PLANTED = {f for s in (PASSWORD, WRONG, SIGNING, BEAT, KEY_OF_BOT) for f in forms(s)}


class Watch:
    """Reads the process list all the time: no secret may stand on a command line."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        while not self._end.wait(0.3):
            for process in psutil.process_iter(["cmdline"]):
                self.seen.add("\0".join(process.info["cmdline"] or ()))

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._end.set()
        self._thread.join()


def sync(world: World, **environ: str) -> bytes:
    command = [
        sys.executable,
        "-m",
        "bridge",
        "--verbose",
        "--config",
        str(world.folder / "bridge.toml"),
        "sync",
        SOURCE,
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, env={**os.environ, **environ}, check=False)
    return done.stdout + done.stderr


def test_no_planted_secret_is_found_anywhere(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGE_SECRET_BEAT", BEAT)
    monkeypatch.setenv("BRIDGE_SECRET_OPS", BOT)
    world.configure({"sign_in.after_run": "keep", "sign_in.sign_out": []})
    config = write_config(
        world.folder, world.erp.url, world.receiver.url, source='heartbeat = "secret:beat"',
        receiver='[notify]\nto = ["secret:ops"]\n',
    )  # fmt: skip
    with Watch() as watch:
        world.move_on()
        world.receiver.misbehave("status", status=400, times=1)
        said = [sync(world)]
        world.erp.end_sessions()
        said.append(sync(world, BRIDGE_SECRET_ERP=WRONG))
    assert (world.data / "refused").exists(), "the wrong password was met"
    assert (world.data / "sessions" / f"{SOURCE}.json").exists()

    def crash(self: App, *args: Any, **kwargs: Any) -> None:
        self.secrets.get("erp")
        raise RuntimeError(f"the page said {PASSWORD} and {quote(PASSWORD)}")

    monkeypatch.setattr(App, "sync", crash)
    assert main(["--config", str(config), "sync", SOURCE]) == 70
    log.set_up(folder=None, name="tests", console_level="CRITICAL")
    app = world.app
    app.alarms().failed(SOURCE, code="x", message="a notice that no bot took")
    crashes = list((world.folder / "bridge-data" / "crashes").iterdir())
    assert len(crashes) == 1
    places = {f"output {i}": text for i, text in enumerate(said)}
    places |= {f"process {p.split(chr(0))[0]}": p.encode() for p in watch.seen}
    ours = Path(os.environ["TMPDIR"])
    for folder in (world.folder, ours):
        places |= {str(p): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert len(places) > 20
    assert [(name, f) for name, text in places.items() for f in PLANTED if f in text] == []
