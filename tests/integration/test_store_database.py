"""Schema and faults: locked, read-only, full, away, too new."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, event
from store_samples import Runs, key, line, seen, sql

from bridge.errors import ConfigError, StoreBusy, StoreError, StoreTooNew, StoreUnavailable
from bridge.interfaces import DecisionStore, OutboxStore, Store
from bridge.memories import Memory
from bridge.store import SqlStore, migrations
from bridge.store.metadata import metadata

HEAD = ScriptDirectory(migrations.__path__[0]).get_current_head()


def test_it_is_all_that_the_protocols_ask(store: SqlStore) -> None:
    as_store: Store = store
    as_outbox: OutboxStore = store
    as_decisions: DecisionStore = store
    as_memory: Memory = store
    for part, protocol in (
        (as_store, Store),
        (as_outbox, OutboxStore),
        (as_decisions, DecisionStore),
        (as_memory, Memory),
    ):
        names = [n for n in vars(protocol) if not n.startswith("_")]
        assert names
        assert all(callable(getattr(part, n)) for n in names)


def test_the_migrations_make_the_tables_that_the_program_knows(empty_url: str) -> None:
    store = SqlStore(empty_url)
    store.upgrade()
    store.upgrade()  # nothing to do is no fault
    store.close()
    engine = create_engine(empty_url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection:
        # PostgreSQL cannot compare the JSON defaults.
        options = {"compare_server_default": engine.dialect.name == "sqlite"}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
        names = set(metadata.tables)
        assert context.get_current_heads() == (HEAD,)
    made = {row[0] for row in sql(empty_url, _CHECKS[engine.dialect.name])}
    known = " ".join(made)
    for table in names:
        for constraint in metadata.tables[table].constraints:
            where = getattr(constraint, "_ddl_if", None)
            if constraint.__visit_name__ == "check_constraint" and (
                where is None or where.dialect == engine.dialect.name
            ):
                assert str(constraint.name) in known
    engine.dispose()


_CHECKS = {
    "sqlite": "SELECT sql FROM sqlite_master WHERE type = 'table'",
    "postgresql": "SELECT conname FROM pg_constraint WHERE contype = 'c'",
}


def test_several_processes_may_start_at_once(empty_url: str) -> None:
    faults: list[BaseException] = []
    start = threading.Barrier(3)

    def begin() -> None:
        try:
            store = SqlStore(empty_url, wait_s=60)
            start.wait(30)
            store.upgrade()
            store.close()
        except BaseException as e:  # noqa: BLE001  (a thread's fault must reach the test)
            faults.append(e)

    threads = [threading.Thread(target=begin) for _ in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(120)
    assert faults == []
    assert sql(empty_url, "SELECT version_num FROM alembic_version") == [(HEAD,)]


def test_a_newer_schema_is_left_alone(store: SqlStore, url: str) -> None:
    sql(url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreTooNew, match="9999") as e:
        store.upgrade()
    assert "Update the program" in e.value.hint
    assert sql(url, "SELECT version_num FROM alembic_version") == [("9999",)]


def test_sqlite_runs_in_wal_mode_and_syncs_every_commit(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path}/new/folder/bridge.db")
    store.upgrade()
    with store._database.read() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    store.close()


def test_a_locked_database_is_busy_and_nothing_is_lost(url: str) -> None:
    store = SqlStore(url, wait_s=0.3)
    runs = Runs(store)
    run_id = runs.begin()
    holder = create_engine(url.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    if holder.dialect.name == "sqlite":
        take, give = ["BEGIN IMMEDIATE"], "ROLLBACK"
    else:
        take, give = ["BEGIN", "LOCK TABLE baseline IN ACCESS EXCLUSIVE MODE"], "ROLLBACK"
    observed = seen(line("SO-1", status="open"))
    changes = runs.find(observed)
    with holder.connect() as connection:
        for statement in take:
            connection.exec_driver_sql(statement)
        with pytest.raises(StoreBusy) as e:
            store.commit(run_id, observed, changes, receivers=["erp2"], now=runs.now)
        assert e.value.retryable
        assert "secret" not in str(e.value)
        connection.exec_driver_sql(give)
    holder.dispose()
    assert store.baseline("demo") == {}
    assert store.commit(run_id, observed, changes, receivers=["erp2"], now=runs.now).outbox == 1
    store.close()


def test_a_read_only_database_is_unavailable(url: str) -> None:
    if url.startswith("sqlite"):
        path = url.removeprefix("sqlite:///")
        store = SqlStore(f"sqlite:///file:{path}?mode=ro&uri=true")
    else:
        store = SqlStore(url + "?options=-c%20default_transaction_read_only%3Don")
    assert store.baseline("demo") == {}
    with pytest.raises(StoreUnavailable, match="read-only") as e:
        Runs(store).begin()
    assert e.value.retryable
    store.close()


def test_a_full_database_is_unavailable_and_whole(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'bridge.db'}"
    store = SqlStore(url)
    store.upgrade()
    runs = Runs(store)
    runs(line("SO-1", status="open"))

    @event.listens_for(store._database.engine, "connect")
    def _no_more_pages(connection: sqlite3.Connection, _record: object) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")

    store._database.engine.dispose()
    with pytest.raises(StoreUnavailable, match="no room left") as e:
        runs(line("SO-1", status="closed"), *(line(f"SO-{i}", remark="x" * 500) for i in range(2, 200)))
    assert "Free some disk space" in e.value.hint
    store.close()
    again = SqlStore(url)
    assert set(again.baseline("demo")) == {key("SO-1")}
    assert again.baseline("demo")[key("SO-1")].fields["status"] == "open"
    assert again.pending()["pending"] == 1
    again.close()


@pytest.mark.skipif(sys.platform != "linux", reason="mounts a small disk")
def test_a_full_disk_is_unavailable_and_whole(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"no right to mount a disk: {mounted.stderr.strip()}")
    try:
        store = SqlStore(f"sqlite:///{disk}/bridge.db")
        store.upgrade()
        runs = Runs(store)
        runs(line("SO-1", status="open"))
        with pytest.raises(StoreUnavailable) as e:
            runs(*(line(f"SO-{i}", remark="x" * 2000) for i in range(800)))
        assert e.value.retryable
        assert set(store.baseline("demo")) == {key("SO-1")}
        assert runs(line("SO-1", status="closed")).outbox == 1
        store.close()
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_server_that_is_away_is_unavailable_and_its_password_stays_secret() -> None:
    store = SqlStore("postgresql://bridge:hunter2@127.0.0.1:1/orders")
    with pytest.raises(StoreUnavailable) as e:
        store.upgrade()
    assert "127.0.0.1" in str(e.value)
    assert "hunter2" not in f"{e.value} {e.value.hint} {e.value.where} {e.value.__cause__} {store.name}"
    store.close()


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    path = tmp_path / "bridge.db"
    path.write_bytes(b"this is a letter, not a database" * 100)
    store = SqlStore(f"sqlite:///{path}")
    with pytest.raises(StoreError, match="damaged or no database"):
        store.upgrade()
    store.close()


def test_a_folder_that_cannot_be_made_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreUnavailable, match="cannot be made"):
        SqlStore(f"sqlite:///{tmp_path}/file/bridge.db")


@pytest.mark.parametrize("wrong", ["", "orders.db", "mysql://u:hunter2@h/d", "postgresql://u:hunter2@h:port/d"])
def test_a_url_that_is_none_is_a_fault_of_the_configuration(wrong: str) -> None:
    with pytest.raises(ConfigError) as e:
        SqlStore(wrong)
    assert "sqlite:///" in e.value.hint
    assert "hunter2" not in f"{e.value} {e.value.hint} {e.value.__cause__}"


def test_a_text_that_no_database_can_keep_is_a_clear_error(store: SqlStore) -> None:
    with pytest.raises(StoreError):
        Runs(store)(line("SO-1", status="half a pair: \ud83d"))
    assert store.baseline("demo") == {}
