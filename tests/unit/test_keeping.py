"""Backup and restore on real files; what `bridge install-service` writes, as its readers parse it."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path, PureWindowsPath
from shutil import which
from xml.etree import ElementTree as ET

import pytest

from bridge.errors import StoreError, StoreUnavailable, UsageError
from bridge.service import service
from bridge.store import SqlStore
from bridge.store.backup import back_up, put_back

NOW = datetime(2026, 11, 22, 8, tzinfo=UTC)
TASK = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "data" / "bridge.db"
    store = SqlStore(f"sqlite:///{path}")
    store.upgrade()
    store.close()
    return path


def note(database: Path, word: str) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("INSERT INTO meta (name, value, updated_at) VALUES (?, '1', '2026-01-01')", (word,))


def notes(database: Path) -> set[str]:
    with closing(sqlite3.connect(database)) as connection:
        return {row[0] for row in connection.execute("SELECT name FROM meta")}


def test_a_backup_taken_in_use_is_put_back_whole(database: Path, tmp_path: Path) -> None:
    note(database, "before")
    copy = tmp_path / "copy.db"
    with closing(sqlite3.connect(database)) as writer:
        writer.execute("INSERT INTO meta (name, value, updated_at) VALUES ('half', '1', '2026-01-01')")
        assert back_up(database, copy) == copy.stat().st_size  # another's transaction is open meanwhile
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    note(database, "after")
    former = put_back(copy, database, now=NOW)
    assert former is not None
    assert "before" in notes(database)
    assert not {"half", "after"} & notes(database)
    assert {"before", "after"} <= notes(former)
    store = SqlStore(f"sqlite:///{database}")
    store.upgrade()
    assert store.counts()["orders_active"] == 0
    store.close()
    assert sorted(p.name for p in database.parent.glob("*.part")) == []


def test_a_backup_overwrites_nothing_and_needs_something(database: Path, tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("x")
    with pytest.raises(UsageError, match="exists"):
        back_up(database, target)
    with pytest.raises(UsageError, match="no database"):
        back_up(tmp_path / "nothing.db", tmp_path / "copy.db")
    with pytest.raises(StoreUnavailable):
        back_up(database, tmp_path / "no-such-folder" / "copy.db")
    assert target.read_text() == "x"


def test_what_is_no_sound_database_is_not_put_in_place(database: Path, tmp_path: Path) -> None:
    note(database, "mine")
    stranger, broken = tmp_path / "stranger.db", tmp_path / "broken.db"
    with closing(sqlite3.connect(stranger)) as connection:
        connection.execute("CREATE TABLE t (x)")
    back_up(database, broken)
    content = bytearray(broken.read_bytes())
    content[4096 * 3 : 4096 * 9] = b"\xff" * (4096 * 6)
    broken.write_bytes(content)
    text = tmp_path / "text.db"
    text.write_text("no database at all, but long enough to be looked at" * 20)
    for bad in (stranger, broken, text):
        with pytest.raises(StoreError):
            put_back(bad, database, now=NOW)
    assert "mine" in notes(database)


@pytest.mark.parametrize("root", [True, False])
def test_the_systemd_unit(root: bool, tmp_path: Path) -> None:
    config = tmp_path / "厂 100% $HOME" / "bridge.toml"
    made = service("systemd", config, root=root, home=tmp_path)
    assert str(made.file).startswith("/etc/systemd/system" if root else str(tmp_path))
    assert "100%% $$HOME/bridge.toml" in made.text
    assert "Restart=always" in made.text
    assert any("enable --now rpa-bridge" in line for line in made.enable)
    assert any("disable --now rpa-bridge" in line for line in made.remove)
    assert all(("--user" in line) != root for line in made.enable if line.startswith("systemctl"))
    if which("systemd-analyze"):
        file = tmp_path / "rpa-bridge.service"
        file.write_text(made.text, encoding="utf-8")
        done = subprocess.run(
            ["systemd-analyze", "verify", str(file)], capture_output=True, text=True, check=False
        )
        assert "Unknown" not in done.stderr, done.stderr


def test_the_windows_task_is_xml_that_starts_the_bridge_with_the_machine(tmp_path: Path) -> None:
    config = tmp_path / 'Müller & "Söhne"' / "bridge.toml"
    made = service("windows", config, name="werk-2", root=False, home=tmp_path)
    task = ET.fromstring(made.text.encode(made.encoding))
    assert task.findtext(f"{TASK}Actions/{TASK}Exec/{TASK}Command") == sys.executable
    assert str(config) in (task.findtext(f"{TASK}Actions/{TASK}Exec/{TASK}Arguments") or "")
    assert task.find(f"{TASK}Triggers/{TASK}BootTrigger") is not None
    assert task.findtext(f"{TASK}Settings/{TASK}ExecutionTimeLimit") == "PT0S", "Windows would end it after 3 days"
    assert PureWindowsPath(made.file).name == "werk-2.xml"
    assert any(line.startswith('schtasks /Delete /TN "werk-2"') for line in made.remove)
