"""The READMEs: both in step, and every command in them is run, in their order, in one folder, as a reader would.

The reader's ERP is the sample ERP here, and his profile the one that is shipped for it; the rest is as written.
"""

from __future__ import annotations

import base64
import json
import os
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from standardwebhooks.webhooks import Webhook

from bridge.cli import commands as _commands  # registers them
from bridge.cli.app import app
from bridge.outbox.transports import build_transport
from bridge.secrets import Secret
from bridge.testing.receivers import Receiver
from samples.erp.server import SampleErp

assert _commands
ROOT = Path(__file__).parents[2]
ENGLISH, CHINESE = ROOT / "README.md", ROOT / "README.zh.md"
SIGNING = "whsec_" + base64.b64encode(bytes(range(24))).decode()
ANSWERS = {"k3-user": "bridge", "k3-password": "Br1dge-2026", "shop-signing": SIGNING}
DOCUMENTS = [
    ENGLISH,
    CHINESE,
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").glob("*.md")),
]


def blocks(path: Path, *languages: str) -> list[tuple[str, str]]:
    """(language, content) of the fenced blocks, in order; all of them, or those of these languages."""
    found = re.findall(r"^```(\w*)\n(.*?)^```$", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return [(language, text) for language, text in found if not languages or language in languages]


def play(path: Path) -> list[tuple[str, str]]:
    """What the reader does: ("sh", one command) or ("toml", a piece of bridge.toml)."""
    return [
        (language, part)
        for language, text in blocks(path, "sh", "toml")
        for part in (text.splitlines() if language == "sh" else [text])
        if part.strip()
    ]


# --- in step --------------------------------------------------------------------------------------------------


def test_both_languages_have_the_same_shape() -> None:
    def shape(path: Path) -> list[object]:
        text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
        marks = re.findall(r"^(#+) |^\*\*(\d+)\.|(^\|)|^(- )|\]\(((?!README)[^)]+)\)", text, re.MULTILINE)
        return [next(part for part in mark if part) for mark in marks]

    assert shape(ENGLISH) == shape(CHINESE)
    assert len(re.findall(r"^\*\*\d+\.", ENGLISH.read_text(encoding="utf-8"), re.MULTILINE)) == 10


def test_both_languages_give_the_same_commands_settings_and_output() -> None:
    assert blocks(ENGLISH) == blocks(CHINESE)


def test_every_command_of_the_program_is_named() -> None:
    named = set(re.findall(r"^\| `bridge ([\w-]+)", ENGLISH.read_text(encoding="utf-8"), re.MULTILINE))
    known = {c.name for c in app.registered_commands} | {g.name for g in app.registered_groups}
    assert named == known


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: p.name)
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    targets = [t for t in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in t]
    missing = [t for t in targets if t.split("#")[0] and not (document.parent / t.split("#")[0]).exists()]
    assert missing == []
    for target in targets:
        name, _, anchor = target.partition("#")
        if anchor and (place := document.parent / name if name else document).suffix == ".md":
            headings = re.findall(r"^#+ (.+)$", place.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


# --- receivers ------------------------------------------------------------------------------------------------


def test_the_documented_check_of_a_signature_works() -> None:
    ((_, code),) = blocks(ROOT / "docs" / "receivers.md", "python")
    space: dict[str, Any] = {}
    exec(code, space)
    now, body = datetime.now(UTC), '{"order_no": "订单-1"}'
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": "v1,bm8= " + Webhook(SIGNING).sign("msg_1", now, body),
    }
    verify = space["verify"]
    assert verify(SIGNING, headers, body.encode())
    assert not verify(SIGNING, headers, body.replace("1", "2").encode())
    assert not verify(SIGNING, {**headers, "webhook-id": "msg_2"}, body.encode())
    assert not verify("whsec_" + base64.b64encode(bytes(24)).decode(), headers, body.encode())
    old = str(int(now.timestamp()) - 301)
    stale = {"webhook-signature": Webhook(SIGNING).sign("msg_1", datetime.fromtimestamp(int(old), UTC), body)}
    assert not verify(SIGNING, {**headers, **stale, "webhook-timestamp": old}, body.encode())


def test_the_documented_receivers_are_valid() -> None:
    kinds = set()
    for _, text in blocks(ROOT / "docs" / "receivers.md", "toml"):
        for name, given in tomllib.loads(text)["receivers"].items():
            kinds.add(kind := given.pop("kind"))
            build_transport(name, kind, given, lambda reference: Secret(SIGNING)).close()
    assert kinds == {"webhook", "folder", "sqltable"}


# --- the scripts ----------------------------------------------------------------------------------------------


SCRIPTS = sorted(
    {part for document in (ENGLISH, ROOT / "CONTRIBUTING.md") for _, part in play(document) if "scripts/" in part}
)


@pytest.mark.parametrize("command", SCRIPTS)
def test_a_script_is_there_and_explains_what_is_written(command: str) -> None:
    """Set-up and the long acceptance runs are CI's own, and run there."""
    program, path, *flags = shlex.split(command)
    assert program == "python3"
    done = subprocess.run(
        [sys.executable, path, "--help"], cwd=ROOT, capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    explained = shlex.split(done.stdout.replace("'", ""))
    assert [word for word in (path, *flags) if word not in explained] == []


# --- the commands ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Where the reader sits."""

    folder: Path
    erp: SampleErp
    shop: Receiver

    def environment(self) -> dict[str, str]:
        clean = {k: v for k, v in os.environ.items() if not k.startswith("BRIDGE_SECRET")}
        return {**clean, "PYTHONPATH": str(ROOT), "BRIDGE_KEYRING": "off", "NO_COLOR": "1", "COLUMNS": "160"}

    def run(self, command: str) -> str:
        """Types the command; returns what it printed, and fails the test if it fails."""
        done = subprocess.run(
            [sys.executable, "-m", *shlex.split(command)], cwd=self.folder, env=self.environment(), check=False,
            stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
        )  # fmt: skip
        assert done.returncode == 0, f"{command}: exit code {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def answer(self, command: str, answer: str) -> None:
        """Types the command at a terminal, and the answer each time it is asked for."""
        import pty

        child, terminal = pty.fork()
        if child == 0:
            os.chdir(self.folder)
            os.execvpe(sys.executable, [sys.executable, "-m", *shlex.split(command)], self.environment())
        shown = b""
        # The space comes once the terminal has stopped showing what is typed; earlier typing is thrown away.
        for prompt in (b"(not shown): ", b"once more: ", None):
            while prompt is None or prompt not in shown:
                ready, _, _ = select.select([terminal], [], [], 60)
                assert ready, f"{command}: nothing more than {shown.decode()!r}"
                try:
                    more = os.read(terminal, 1024)
                except OSError:  # Linux says so when the other side closes
                    more = b""
                shown += more
                if not more:
                    break
            if prompt is not None:
                os.write(terminal, answer.encode() + b"\n")
        os.close(terminal)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, shown.decode()
        assert answer.encode() + b"\r\n" not in shown  # it was not echoed

    def logged(self, name: str) -> list[dict[str, Any]]:
        path = self.folder / "bridge-data" / "logs" / f"{name}.jsonl"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with SampleErp(seed=7, count=20) as erp, Receiver(log=tmp_path / "shop.jsonl", secret=SIGNING) as shop:
        folder = tmp_path / "reader"
        folder.mkdir()
        yield Desk(folder=folder, erp=erp, shop=shop)


def init(desk: Desk, command: str) -> None:
    desk.run(command)
    config, profile = desk.folder / "bridge.toml", desk.folder / "selectors" / "k3.yaml"
    written = config.read_text(encoding="utf-8")
    assert 'url = "http://192.168.1.5:8080/"' in written
    config.write_text(written.replace("http://192.168.1.5:8080/", desk.erp.url), encoding="utf-8")
    assert "\nname: k3" in profile.read_text(encoding="utf-8")
    ours = (ROOT / "selectors" / "sample-erp.yaml").read_text(encoding="utf-8")
    profile.write_text(ours.replace("name: sample-erp", "name: k3"), encoding="utf-8")


def secret(desk: Desk, command: str) -> None:
    desk.answer(command, ANSWERS[command.split()[-1]])


def check(desk: Desk, command: str) -> None:
    shown = desk.run(command)
    (picture,) = (desk.folder / "bridge-data" / "checks").iterdir()
    assert str(picture) in shown
    assert "give the bridge one of its own" in " ".join(shown.split())  # the sample ERP can throw people out
    # The reader's screenshot for `bridge read` is the page as it was kept.
    shot = max((desk.folder / "bridge-data" / "evidence").rglob("*.png"), key=lambda p: p.stat().st_size)
    shutil.copy(shot, desk.folder / "screen.png")


def dry_run(desk: Desk, command: str) -> None:
    shown = desk.run(command)
    assert "20 of 20 rows" in shown
    assert "dry run: nothing was changed" in shown
    assert list((desk.folder / "outgoing").iterdir()) == []


def first_sync(desk: Desk, command: str) -> None:
    shown = desk.run(command)
    assert "20 added" in shown
    assert "40 messages" in shown
    assert len(list((desk.folder / "outgoing").glob("*.jsonl"))) == 20
    assert desk.shop.faults == []
    # From here on some cells say another thing than they show: something to decide tomorrow morning.
    desk.erp.faults.set("lying_text", column="存货编码", every=5)


def clock(desk: Desk, command: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", *shlex.split(command)], cwd=desk.folder, env=desk.environment(),
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    for line in process.stderr:
        if "leftover=" in line:  # told of each run that ended
            break
    process.send_signal(signal.SIGTERM)
    process.stderr.read()
    assert process.wait(60) == 0
    finished = [e for e in desk.logged("run") if e["event"] == "run.finished"]
    assert [e["doubtful"] for e in finished] == [4]


def questions(desk: Desk, command: str) -> None:
    shown = desk.run(command)
    assert re.findall(r"^ *(\d+) +k3 ", shown, re.MULTILINE) == ["1", "2", "3", "4"]


def status(desk: Desk, command: str) -> None:
    assert re.search(r"^ *k3 .* 20 ", desk.run(command), re.MULTILINE)


def export(desk: Desk, command: str) -> None:
    desk.run(command)
    sheet = openpyxl.load_workbook(desk.folder / "orders.xlsx").active
    assert sheet is not None
    assert sheet.max_row == 21


def decided(desk: Desk, command: str) -> None:
    number = command.split()[3]
    assert f"decided  {number}:" in desk.run(command)
    shown = desk.run("bridge review list")
    assert number not in re.findall(r"^ *(\d+) +k3 ", shown, re.MULTILINE)


def activate(desk: Desk, command: str) -> None:
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        from _setup import venv_python
    finally:
        sys.path.remove(str(ROOT / "scripts"))
    assert venv_python(ROOT / ".venv").with_name("activate") == ROOT / command.split()[1]


def settings(desk: Desk, text: str) -> None:
    (given,) = tomllib.loads(text)["receivers"].values()
    with (desk.folder / "bridge.toml").open("a", encoding="utf-8") as config:
        config.write("\n" + text.replace(given["url"], desk.shop.url))


def runs(desk: Desk, command: str) -> None:
    desk.run(command)


STAGE: dict[str, Callable[[Desk, str], None]] = {
    r"source \.venv/bin/activate": activate,
    r"bridge init --source k3 --url \S+": init,
    r"bridge secret set [\w-]+": secret,
    r"bridge check k3": check,
    r"bridge sync k3 --dry-run": dry_run,
    r"bridge doctor": runs,
    r"bridge sync k3": first_sync,
    r"bridge run": clock,
    r"bridge review list": questions,
    r"bridge review decide .+": decided,
    r"bridge status( --max-age \d+m)?": status,
    r"bridge export orders .+": export,
    r"bridge push|bridge setup --offline": runs,
    r"bridge read screen\.png --profile selectors/k3\.yaml": runs,
}


@pytest.mark.acceptance
@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="as on Linux: a terminal of its own, SIGTERM")
@pytest.mark.timeout(600)
def test_every_command_works_as_written(desk: Desk) -> None:
    parts = play(ENGLISH)
    assert len(parts) > 20
    for language, part in parts:
        if part in SCRIPTS:
            continue
        if language == "toml":
            settings(desk, part)
            continue
        acts = [act for pattern, act in STAGE.items() if re.fullmatch(pattern, part)]
        assert len(acts) == 1, f"README: this test does not know how to play {part!r}"
        acts[0](desk, part)
    assert desk.shop.faults == []
    assert desk.erp.counters()["changing_total"] == 0
