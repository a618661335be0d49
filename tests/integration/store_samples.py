"""Both databases as one fixture, and short ways to make the records that the store's tests need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from postgres_server import NoServer, server
from sqlalchemy import create_engine, text

from bridge.encoded import plain_scalar
from bridge.reconcile import Breaker, reconcile
from bridge.records import (
    KEY_SEP,
    Box,
    ChangeSet,
    Doubt,
    FieldValue,
    ObservedList,
    OrderLine,
    Reading,
    Scalar,
    Witness,
)
from bridge.store import SqlStore

NOW = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
KEYS = ("order_no", "line_no")


@cache
def _template() -> str:
    database = server().new_database()
    _make_tables(server().url(database))
    return database


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables, on both servers."""
    yield from _database(request.param, tmp_path, with_tables=False)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with the tables in it, on both servers."""
    yield from _database(request.param, tmp_path, with_tables=True)


def _database(kind: str, folder: Path, *, with_tables: bool) -> Iterator[str]:
    if kind == "sqlite":
        address = f"sqlite:///{folder / 'bridge.db'}"
        if with_tables:
            _make_tables(address)
        yield address
        return
    try:
        server()
    except NoServer as e:
        pytest.skip(str(e))
    database = server().new_database(_template() if with_tables else None)
    yield server().url(database)
    server().drop(database)


def _make_tables(address: str) -> None:
    store = SqlStore(address)
    store.upgrade()
    store.close()


@pytest.fixture
def store(url: str) -> Iterator[SqlStore]:
    opened = SqlStore(url, lambda: NOW, wait_s=10)
    yield opened
    opened.close()


def sql(url: str, statement: str, **values: Any) -> list[Any]:
    """What another program does in the database, past the bridge."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    try:
        with engine.begin() as connection:
            result = connection.execute(text(statement), values)
            return list(result.all()) if result.returns_rows else []
    finally:
        engine.dispose()


def reading(shown: str, *, proven: bool = True, doubts: tuple[Doubt, ...] = ()) -> Reading:
    return Reading(
        text=shown,
        proven=proven,
        confidence=1.0 if proven else 0.6,
        witnesses=(Witness.NET, Witness.REDRAW) if proven else (Witness.NET,),
        doubts=doubts,
        box=Box(x=1, y=2, w=30, h=12),
        shot="5" * 64,
        picture=f"pic-{shown}",
        page=1,
    )


def value(name: str, v: Scalar, *, doubt: Doubt | None = None) -> FieldValue:
    shown = "" if v is None else str(plain_scalar(v))
    doubts = (doubt,) if doubt is not None else ()
    return FieldValue(field=name, value=v, reading=reading(shown, proven=not doubts, doubts=doubts), doubts=doubts)


def line(
    no: str, line_no: str = "1", *, doubtful: Mapping[str, Doubt] | None = None, **fields: Scalar
) -> OrderLine:
    doubtful = doubtful or {}
    values = {"order_no": no, "line_no": line_no, **fields}
    return OrderLine(
        source="demo",
        key=KEY_SEP.join((no, line_no)),
        order_no=no,
        key_ok=not {"order_no", "line_no"} & doubtful.keys(),
        fields={n: value(n, v, doubt=doubtful.get(n)) for n, v in values.items()},
        page=1,
        row=0,
    )


def key(no: str, line_no: str = "1") -> str:
    return KEY_SEP.join((no, line_no))


class Runs:
    """Runs of the stages reconcile and commit, one after the other, ten minutes apart."""

    def __init__(self, store: SqlStore, receivers: tuple[str, ...] = ("erp2",)) -> None:
        self.store = store
        self.receivers = receivers
        self._numbers = count(1)
        self.now = NOW

    def begin(self) -> str:
        run_id = f"run-{next(self._numbers)}"
        self.now += timedelta(minutes=10)
        self.store.begin_run("demo", run_id, self.now)
        return run_id

    def find(self, observed: ObservedList, *, breaker: Breaker | None = None) -> ChangeSet:
        released = self.store.released("demo") is not None
        return reconcile(
            self.store.baseline("demo"), observed, key_fields=KEYS, breaker=breaker, released=released
        )

    def __call__(self, *lines: OrderLine, complete: bool = True, breaker: Breaker | None = None) -> Any:
        run_id = self.begin()
        observed = seen(*lines, complete=complete)
        changes = self.find(observed, breaker=breaker)
        return self.store.commit(run_id, observed, changes, receivers=self.receivers, now=self.now)


def seen(*lines: OrderLine, complete: bool = True) -> ObservedList:
    return ObservedList(source="demo", lines=lines, complete=complete)
