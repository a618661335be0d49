"""A database or a disk that does not do what it should.  Each through a whole sync with real files."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from fault_world import World

from bridge.cli import main
from bridge.cli.show import exit_code
from bridge.errors import BridgeError, StoreBusy
from bridge.records import RunStatus
from bridge.store import SqlStore
from bridge.wiring import utc_now

pytestmark = pytest.mark.acceptance

as_root = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="mounts and file attributes need root on Linux"
)


@contextmanager
def locked(database: Path) -> Iterator[None]:
    with closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def impatient(world: World) -> None:
    """A store that gives up waiting after a second; the rest of the app as it is."""
    world.forget_app()
    vars(world.app)["store"] = SqlStore(world.app.settings.database_url, utc_now, wait_s=1.0)


def sync(world: World) -> list[str]:
    return ["--config", str(world.folder / "bridge.toml"), "sync", "demo", "--json"]


def test_locked_from_the_start(world: World) -> None:
    impatient(world)
    with world.unmoved():
        with locked(world.database), pytest.raises(StoreBusy, match="locked by another process") as e:
            world.sync()
        assert e.value.hint
        assert world.erp.counters()["signin"] == {}, "no run without its note"
    world.move_on()
    world.settle()


def test_locked_when_the_run_commits(world: World) -> None:
    """The lock comes while the list is read: the run fails whole, and the next one has it all."""
    world.move_on()
    impatient(world)
    before, taken = world.kept(), len(world.receiver.requests)
    reading, held, done = threading.Event(), threading.Event(), threading.Event()

    def lock() -> None:
        if reading.wait(120):
            with locked(world.database):
                held.set()
                done.wait(120)

    def progress(stage: str, number: int, of: int) -> None:
        if stage == "read" and number == of:
            reading.set()
            assert held.wait(30)

    holder = threading.Thread(target=lock, daemon=True)
    holder.start()
    try:
        with pytest.raises(StoreBusy, match="locked"):
            world.sync(progress)  # the run's end cannot be noted either: only an exception is left to say so
    finally:
        done.set()
        holder.join()
    assert world.kept() == before
    assert len(world.receiver.requests) == taken
    world.settle()
    ended = [r.status for r in world.app.store.last_runs(10)]
    assert sum(status in (RunStatus.KILLED, RunStatus.FAILED) for status in ended) == 1


@as_root
def test_read_only(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    with small_disk(world.data, read_only=True):
        assert main(sync(world)) == 9
        told = capsys.readouterr()
        assert '"store_unavailable"' in told.out
        assert "read-only" in told.err.lower()
        assert world.erp.counters()["signin"] == {}
    world.move_on()
    world.settle()


@as_root
@pytest.mark.slow
@pytest.mark.parametrize("room_kb", [200, 1500])
def test_a_full_disk(world: World, room_kb: int) -> None:
    """Full before or while the pictures are kept; whichever part meets it says so, and nothing is half done."""
    world.move_on()
    with small_disk(world.data, room_kb=room_kb, world=world):
        before = world.kept()
        try:
            run = world.sync()
            told = (run.error_code, exit_code(run), run.error or "")
        except BridgeError as e:  # where not even the run's end could be noted
            told = (e.code, e.exit_code, str(e))
        assert told[:2] == ("store_unavailable", 9), told
        assert "room" in told[2], told
        after = world.kept()
        if after != before:  # the pictures found room, the report did not: then all of the commit is there
            assert len(after["outbox"]) > len(before["outbox"])
        world.forget_app()
    world.settle()


@as_root
def test_reports_that_find_no_room(world: World) -> None:
    """The run itself is done and its changes are out; only the report is missing, and the run says so."""
    world.move_on()
    folder = world.data / "reports"
    with small_disk(folder, room_kb=1, keep=False):
        run = world.sync()
    assert (run.error_code, run.status, exit_code(run)) == ("store_unavailable", RunStatus.PARTIAL, 9), run
    assert "report" in (run.error or "")
    assert run.pushed > 0
    world.settle()


def test_a_database_of_a_newer_program(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.forget_app()
    with closing(sqlite3.connect(world.database)) as connection, connection:
        (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert main(sync(world)) == 9
    assert '"store_too_new"' in capsys.readouterr().out
    with closing(sqlite3.connect(world.database)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    world.settle()


def test_a_database_that_is_none(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.forget_app()
    kept = world.database.read_bytes()
    for beside in world.data.glob("bridge.db-*"):
        beside.unlink()
    world.database.write_bytes(b"this is no database at all" * 400)
    assert main(sync(world)) == 9
    told = capsys.readouterr()
    assert '"store"' in told.out
    assert "damaged or no database" in told.err
    assert world.erp.counters()["signin"] == {}
    world.database.write_bytes(kept)
    world.settle()


@contextmanager
def small_disk(
    folder: Path, *, room_kb: int = 0, read_only: bool = False, keep: bool = True, world: World | None = None
) -> Iterator[None]:
    """``folder`` is a file system of its own meanwhile, with ``room_kb`` left in it, or read-only.

    What stands there is taken along and brought back; keep=False: it starts and ends empty.
    """
    if world is not None:
        world.forget_app()
    folder.mkdir(exist_ok=True)
    aside = folder.with_name(folder.name + "-aside")
    folder.rename(aside)
    folder.mkdir()
    size = _bytes(aside) if keep else 0
    blocks = (size // 4096 + (sum(1 for _ in aside.rglob("*")) if keep else 0) + 4) * 4096
    _run("mount", "-t", "tmpfs", "-o", f"size={blocks + room_kb * 1024}", "tmpfs", str(folder))
    try:
        if keep:
            _run("cp", "-a", f"{aside}/.", str(folder))
        if read_only:
            _run("mount", "-o", "remount,ro", str(folder))
        yield
        if read_only:
            _run("mount", "-o", "remount,rw", str(folder))
        if keep:
            _run("rm", "-rf", str(aside))
            _run("cp", "-a", str(folder), str(aside))
    finally:
        _run("umount", "-l", str(folder))
        folder.rmdir()
        aside.rename(folder)


def _bytes(folder: Path) -> int:
    return sum(-(-f.stat().st_size // 4096) * 4096 for f in folder.rglob("*") if f.is_file())


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
