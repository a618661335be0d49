"""What people hand in: pictures that are none, profiles and settings with mistakes, secrets that are not there.

Through the command line, as a person or a program meets it: exit code, words on stderr, JSON on stdout.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from fault_world import SELECTORS, SOURCE, World

from bridge.cli import main

pytestmark = pytest.mark.acceptance

Told = Callable[..., dict[str, Any]]


@pytest.fixture
def told(capsys: pytest.CaptureFixture[str]) -> Told:
    """``told(code, exits, *arguments)``: runs the command, checks both forms of the error, returns the JSON."""

    def run(code: str, exits: int, *arguments: str) -> dict[str, Any]:
        assert main([*arguments, "--json"]) == exits
        caught = capsys.readouterr()
        error: dict[str, Any] = json.loads(caught.out)["error"]
        assert (error["code"], error["exit_code"]) == (code, exits), error
        assert "Traceback" not in caught.err
        flat = " ".join(caught.err.split())
        assert error["message"].split("\n")[0][:40] in flat
        return error

    return run


# --- bridge read --------------------------------------------------------------------------------------------


def _png(path: Path, image: np.ndarray) -> Path:
    assert cv2.imwrite(str(path), image)
    return path


def _blank(folder: Path) -> Path:
    return _png(folder / "blank.png", np.full((900, 1440, 3), 255, np.uint8))


def _tiny(folder: Path) -> Path:
    return _png(folder / "tiny.png", np.zeros((1, 1, 3), np.uint8))


def _no_table(folder: Path) -> Path:
    rng = np.random.default_rng(7)
    small = rng.integers(0, 255, (30, 48, 3), dtype=np.uint8)
    return _png(folder / "photo.png", cv2.resize(small, (960, 600), interpolation=cv2.INTER_CUBIC))


def _cut_off(folder: Path) -> Path:
    whole = _no_table(folder).read_bytes()
    (folder / "cut.png").write_bytes(whole[:200])
    return folder / "cut.png"


def _text(folder: Path) -> Path:
    (folder / "text.png").write_text("订单编号,数量\nDD1,2\n", encoding="utf-8")
    return folder / "text.png"


def _empty(folder: Path) -> Path:
    (folder / "empty.png").write_bytes(b"")
    return folder / "empty.png"


def _huge(folder: Path) -> Path:
    """A few hundred bytes that say they are 60,000 × 60,000 pixels (11 GB once unpacked)."""
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    path = folder / "huge.png"
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(b"\0" * 9999))
        + chunk(b"IEND", b"")
    )
    return path


def _missing(folder: Path) -> Path:
    return folder / "nowhere.png"


def _folder(folder: Path) -> Path:
    return folder


@pytest.mark.parametrize(
    "picture",
    [_blank, _tiny, _no_table, _cut_off, _text, _empty, _huge, _missing, _folder],
    ids=lambda f: f.__name__,
)
def test_a_picture_that_is_no_list(own_machine: None, told: Told, tmp_path: Path, picture: Any) -> None:
    path = picture(tmp_path)
    error = told("unreadable_image", 7, "read", str(path), "--profile", str(SELECTORS / "sample-erp.yaml"))
    assert error["hint"]


# --- profiles, settings, secrets ----------------------------------------------------------------------------


def sync(world: World) -> tuple[str, ...]:
    return ("--config", str(world.folder / "bridge.toml"), "sync", SOURCE)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_a_profile_that_is_no_yaml(world: World, told: Told) -> None:
    edit(world.folder / "profile.yaml", "columns:", "columns: [")
    with world.unmoved():
        error = told("profile", 3, *sync(world))
    assert "not valid YAML" in error["message"]
    assert "line " in error["message"]
    assert world.erp.counters()["signin"] == {}


def test_a_profile_with_unknown_keys_names_them_all(world: World, told: Told) -> None:
    edit(world.folder / "profile.yaml", "unit: order", "unit: order\nunitt: order")
    edit(world.folder / "profile.yaml", "kind: next", "knid: next")
    with world.unmoved():
        error = told("profile", 3, *sync(world))
    assert "unitt" in error["message"]
    assert "list.paging.knid" in error["message"]
    assert error["hint"]


def test_settings_with_an_unknown_key(world: World, told: Told) -> None:
    edit(world.folder / "bridge.toml", "profile =", "profil =")
    with world.unmoved():
        error = told("config", 3, *sync(world))
    assert "sources.demo.profil" in error["message"]


def test_settings_that_are_no_toml(world: World, told: Told) -> None:
    edit(world.folder / "bridge.toml", "[sources.demo]", "[sources.demo")
    with world.unmoved():
        error = told("config", 3, *sync(world))
    assert "line " in error["message"]


def test_a_source_that_there_is_not(world: World, told: Told) -> None:
    with world.unmoved():
        error = told("config", 3, "--config", str(world.folder / "bridge.toml"), "sync", "dmeo")
    assert "demo" in error["message"]


@pytest.mark.parametrize("name", ["ERP", "SIGNING"])
def test_a_secret_that_is_not_there(world: World, told: Told, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delenv(f"BRIDGE_SECRET_{name}")
    with world.unmoved():
        error = told("secret_missing", 3, *sync(world))
    assert name.lower() in error["message"]
    assert f"bridge secret set {name.lower()}" in error["hint"]
    assert world.erp.counters()["signin"] == {}, "checked before a browser opens"


def test_a_good_configuration_gives_the_run_as_json(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*sync(world), "--json"]) == 0
    run = json.loads(capsys.readouterr().out)
    assert (run["status"], run["complete"], run["error_code"]) == ("ok", True, None)
    assert set(run["seconds"]) >= {"sign_in", "capture", "read", "parse", "check", "reconcile", "commit", "push"}
