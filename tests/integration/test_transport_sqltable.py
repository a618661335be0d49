"""The table transport against real SQLite files and a real PostgreSQL."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bridge.errors import DeliveryFailed, DeliveryRefused
from bridge.interfaces import Transport
from bridge.outbox.transports import build_transport
from bridge.records import OutboxMessage
from bridge.secrets import Secret

START = datetime(2025, 3, 1, tzinfo=UTC)
COLUMNS = {
    "order_no": "no",
    "customer": "cust",
    "amount": "amt",
    "due": "due_on",
    "qty": "qty",
    "@kind": "state",
}
SCHEMA = "no varchar(40) {key}, cust varchar(80), amt numeric(14,2), due_on date, qty integer, state varchar(10)"


def message(number: int, *, no: str = "SO-1", kind: str = "changed", **fields: object) -> OutboxMessage:
    body = {
        "type": f"order.{kind}",
        "source": "demo",
        "order_no": no,
        "key": [no],
        "version": number,
        "fields": {
            "order_no": no,
            "customer": "上海一厂",
            "amount": "1180.10",
            "due": "2025-04-01",
            "qty": 3,
            **fields,
        },
        "previous": {},
    }
    return OutboxMessage(
        id=number,
        message_id=f"msg_{number}",
        receiver="db",
        source="demo",
        order_no=no,
        body=json.dumps(body, ensure_ascii=False),
        created_at=START + timedelta(minutes=number),
        attempts=1,
    )


# --- databases ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL of our own on the loopback; the server refuses to run as root."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin")) or [
        Path(p).parent for p in (shutil.which("initdb"),) if p
    ]
    if not found:
        pytest.skip("PostgreSQL is not installed")
    bin_ = found[-1]
    # Not below pytest's own folder, which only its owner may enter.
    home = Path("/tmp") / f"bridge-sqltable-{os.getpid()}"
    home.mkdir(mode=0o755)
    as_user: list[str] = []
    if os.geteuid() == 0:
        shutil.chown(home, "postgres")
        as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]

    def run(*command: str) -> None:
        subprocess.run([*as_user, *command], check=True, cwd=home, stdout=subprocess.DEVNULL)

    data = str(home / "data")
    run(str(bin_ / "initdb"), "-D", data, "-A", "trust", "-U", "bridge", "-E", "UTF8", "--no-sync")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={home} -c fsync=off"
    run(str(bin_ / "pg_ctl"), "-D", data, "-w", "-l", str(home / "log"), "-o", options, "start")
    try:
        yield f"postgresql+psycopg://bridge@127.0.0.1:{port}/postgres"
    finally:
        run(str(bin_ / "pg_ctl"), "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(home)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    if request.param == "sqlite":
        engine = sa.create_engine(f"sqlite:///{tmp_path / 'other.db'}")
    else:
        engine = sa.create_engine(request.getfixturevalue("postgres"))
        with engine.begin() as tx:
            tx.execute(sa.text("drop schema public cascade"))
            tx.execute(sa.text("create schema public"))
    yield engine
    engine.dispose()


def make_table(database: sa.Engine, key: str = "primary key") -> None:
    run(database, f"create table orders ({SCHEMA.format(key=key)}, theirs varchar(10) default 'own')")


def run(database: sa.Engine, sql: str) -> None:
    with database.begin() as tx:
        tx.execute(sa.text(sql))


def rows(database: sa.Engine, sql: str = "select * from orders order by no") -> list[dict[str, Any]]:
    with database.begin() as tx:
        return [dict(r) for r in tx.execute(sa.text(sql)).mappings()]


def into(database: sa.Engine, **options: object) -> Transport:
    given = {
        "url": database.url.render_as_string(hide_password=False),
        "table": "orders",
        "columns": COLUMNS,
        "key": ["no"],
        "timeout_s": 0.5,
        **options,
    }
    return build_transport("db", "sqltable", given, Secret)


# --- tests --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["primary key", "unique", "not null"])
def test_a_row_is_added_and_then_changed(database: sa.Engine, key: str) -> None:
    make_table(database, key)
    transport = into(database)
    transport.send(message(1, kind="added"))
    transport.send(message(2, customer="北京二厂", amount="0.10"))
    transport.send(message(3, no="SO-2", kind="added", amount="", qty=None, due=None))
    transport.close()
    first, second = rows(database)
    assert (first["cust"], first["qty"], first["state"], first["theirs"]) == ("北京二厂", 3, "changed", "own")
    assert Decimal(str(first["amt"])) == Decimal("0.10")
    assert first["due_on"] in (date(2025, 4, 1), "2025-04-01")  # SQLite knows texts only
    assert (second["no"], second["amt"], second["due_on"], second["qty"]) == ("SO-2", None, None, None)


def test_money_keeps_every_digit(database: sa.Engine) -> None:
    run(database, "create table orders (no varchar(40) primary key, amt varchar(40))")
    transport = into(database, columns={"order_no": "no", "amount": "amt"})
    transport.send(message(1, amount="12345678901234567890.10"))
    transport.close()
    assert rows(database)[0]["amt"] == "12345678901234567890.10"


def test_a_repeated_send_has_no_second_effect(database: sa.Engine) -> None:
    make_table(database)
    transport = into(database)
    transport.send(message(1, kind="added"))
    run(database, "update orders set cust = 'edited there'")
    transport.send(message(1, kind="added"))
    transport.close()
    into(database).send(message(1, kind="added"))
    assert rows(database)[0]["cust"] == "edited there"
    assert len(rows(database, "select * from bridge_delivered")) == 1


def test_an_older_message_never_overwrites_a_newer_one(database: sa.Engine) -> None:
    make_table(database)
    transport = into(database)
    transport.send(message(7, customer="new"))
    transport.send(message(3, customer="old"))
    transport.send(message(4, no="SO-2", customer="another row"))
    transport.close()
    assert [r["cust"] for r in rows(database)] == ["new", "another row"]


def test_a_gone_row_is_kept_and_marked_or_deleted(database: sa.Engine) -> None:
    make_table(database)
    keeping, deleting = into(database), into(database, on_gone="delete")
    keeping.send(message(1, kind="added"))
    keeping.send(message(2, kind="gone"))
    assert [r["state"] for r in rows(database)] == ["gone"]
    keeping.send(message(3, no="SO-9", kind="gone"))
    assert len(rows(database)) == 1  # what is gone is not added
    deleting.send(message(4, kind="gone"))
    assert rows(database) == []
    deleting.send(message(5, kind="back"))
    assert [r["state"] for r in rows(database)] == ["back"]
    keeping.close()
    deleting.close()


@pytest.mark.skipif(os.name == "nt", reason="fork")
@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_around_the_commit_the_effect_comes_once(tmp_path: Path, moment: str) -> None:
    database = sa.create_engine(f"sqlite:///{tmp_path / 'other.db'}")
    make_table(database)
    run(database, "create table effects (no text)")
    for event in ("insert", "update"):
        run(
            database,
            f"create trigger t{event} after {event} on orders begin insert into effects values (new.no); end",
        )
    database.dispose()
    child = os.fork()
    if child == 0:
        try:
            _die_at_commit(database, before=moment == "before")
        finally:
            os._exit(0 if sys.exc_info()[0] is None else 1)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert len(rows(database, "select * from effects")) == (0 if moment == "before" else 1)
    transport = into(database)
    transport.send(message(1, kind="added"))
    transport.close()
    assert len(rows(database, "select * from effects")) == 1
    database.dispose()


def _die_at_commit(database: sa.Engine, *, before: bool) -> None:
    transport = into(database)
    engine: sa.Engine = transport._engine  # type: ignore[attr-defined]
    commit = engine.dialect.do_commit

    def do_commit(connection: Any) -> None:
        done = connection.execute("select count(*) from orders").fetchone()[0] == 1
        if done and before:
            os.kill(os.getpid(), signal.SIGKILL)
        commit(connection)
        if done:
            os.kill(os.getpid(), signal.SIGKILL)

    engine.dialect.do_commit = do_commit  # type: ignore[method-assign]
    transport.send(message(1, kind="added"))


def test_a_missing_table_is_named_and_heals(database: sa.Engine) -> None:
    transport = into(database)
    with pytest.raises(DeliveryFailed, match="receiver db, table orders does not exist") as caught:
        transport.send(message(1))
    assert "receivers.db.table" in caught.value.hint
    make_table(database)
    transport.send(message(1))
    transport.close()
    assert len(rows(database)) == 1


def test_a_missing_column_is_named_and_heals(database: sa.Engine) -> None:
    make_table(database)
    transport = into(database, columns={**COLUMNS, "note": "remark"})
    with pytest.raises(DeliveryFailed, match="has no column remark; it has no, cust") as caught:
        transport.send(message(1, note="x"))
    assert "receivers.db.columns" in caught.value.hint
    run(database, "alter table orders add remark varchar(10)")
    transport.send(message(1, note="x"))
    transport.close()
    assert rows(database)[0]["remark"] == "x"


def test_a_value_of_the_wrong_kind_is_refused_whole(database: sa.Engine) -> None:
    make_table(database)
    transport = into(database)
    with pytest.raises(DeliveryRefused, match="column amt: '12,5' is no Decimal"):
        transport.send(message(1, amount="12,5"))
    with pytest.raises(DeliveryRefused, match="key column no would be empty"):
        transport.send(message(2, order_no=None))
    transport.close()
    assert rows(database) == []
    assert rows(database, "select * from bridge_delivered") == []


def test_what_the_table_forbids_is_refused_and_leaves_nothing(database: sa.Engine) -> None:
    run(database, "create table orders (no varchar(40) primary key, qty integer check (qty < 10))")
    transport = into(database, columns={"order_no": "no", "qty": "qty"})
    with pytest.raises(DeliveryRefused, match="table orders does not accept the row"):
        transport.send(message(1, qty=99))
    transport.send(message(1, qty=9))  # corrected there or here: the same message may come again
    transport.close()
    assert rows(database) == [{"no": "SO-1", "qty": 9}]


def test_a_locked_table_is_a_failure_after_the_limit(database: sa.Engine) -> None:
    make_table(database)
    transport = into(database)
    transport.send(message(1))
    with database.connect() as other:
        if database.dialect.name == "sqlite":
            other.exec_driver_sql("begin immediate")
        else:
            other.execute(sa.text("lock table orders in access exclusive mode"))
        with pytest.raises(DeliveryFailed, match="lock"):
            transport.send(message(2))
        other.rollback()
    transport.send(message(2))
    transport.close()


@pytest.mark.parametrize("url", ["postgresql+psycopg://bridge@127.0.0.1:1/x", "sqlite:////nowhere/at/all.db"])
def test_a_database_out_of_reach_is_a_failure_without_its_password(url: str) -> None:
    options = {"url": url, "table": "orders", "columns": COLUMNS, "key": ["no"]}
    if url.startswith("postgresql"):
        options["password"] = "secret:db"
    transport = build_transport("db", "sqltable", options, lambda _: Secret("hunter2-sample"))
    with pytest.raises(DeliveryFailed, match="receiver db, table orders: ") as caught:
        transport.send(message(1))
    assert "hunter2-sample" not in str(caught.value) + caught.value.hint
    transport.close()
