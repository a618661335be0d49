"""The engine: pragmas, transactions, schema version, and the only place that knows what drivers raise."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from bridge.errors import ConfigError, StoreBusy, StoreError, StoreTooNew, StoreUnavailable

_MIGRATIONS = Path(__file__).parent / "migrations"
_WRITES = "bridge_writes"


class Database:
    """One database, SQLite or PostgreSQL.  Threads may share it.

    wait_s: how long a statement waits for another process' lock before it gives up with StoreBusy.
    """

    def __init__(self, url: str, *, wait_s: float = 15.0) -> None:
        self.url = _checked(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self.name = self.url.render_as_string(hide_password=True)
        options: dict[str, Any] = {"pool_pre_ping": True}
        if self.sqlite:
            self._make_folder()
            options = {"connect_args": {"timeout": wait_s}}
        else:
            waits = f"-c lock_timeout={int(wait_s * 1000)} -c timezone=UTC"
            own = self.url.query.get("options", "")
            options["connect_args"] = {
                "connect_timeout": 10,
                "application_name": "bridge",
                "options": f"{own} {waits}".strip(),
            }
        self.engine = create_engine(
            self.url,
            hide_parameters=True,  # customers' data must not end up in a traceback
            json_serializer=partial(json.dumps, ensure_ascii=False),
            **options,
        )
        if self.sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One transaction that only reads: a consistent picture.  Raises StoreError and its subclasses."""
        with self._mapped(), self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self, lock: str | None = None) -> Iterator[Connection]:
        """One transaction that writes, all or nothing.

        lock: writers that name the same lock go one after the other (SQLite knows one writer at a time
        anyway).  Raises StoreError and its subclasses.
        """
        with (
            self._mapped(),
            self.engine.connect().execution_options(**{_WRITES: True}) as connection,
            connection.begin(),
        ):
            if lock is not None and not self.sqlite:
                number = zlib.crc32(lock.encode())
                connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": number})
            yield connection

    def upgrade(self) -> None:
        """Brings the schema up to date; safe when several processes start at once.

        Raises StoreTooNew where a newer program has been here.
        """
        scripts = ScriptDirectory(str(_MIGRATIONS))
        head = scripts.get_current_head()
        with self.read() as connection:
            if self._revision(connection, scripts) == head:
                return
        with self.write(lock="bridge-schema") as connection:
            if self._revision(connection, scripts) == head:  # another process was faster
                return
            config = Config()
            config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def _revision(self, connection: Connection, scripts: ScriptDirectory) -> str | None:
        heads = MigrationContext.configure(connection).get_current_heads()
        known = {s.revision for s in scripts.walk_revisions()}
        if unknown := sorted(set(heads) - known):
            raise StoreTooNew(
                f"the database {self.name} has the schema {', '.join(unknown)}, which this program does not know",
                database=self.name,
            )
        return heads[0] if heads else None

    def _make_folder(self) -> None:
        path = self.url.database
        if not path or path == ":memory:" or path.startswith("file:"):
            return
        try:
            Path(path).absolute().parent.mkdir(parents=True, exist_ok=True)
        except OSError as e:
            raise StoreUnavailable(
                f"the folder of the database {self.name} cannot be made: {e.strerror}",
                hint="Check the path and the rights of the user that runs the bridge.",
                database=self.name,
            ) from e

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as e:
            raise _sqlite_error(e, self.name) if self.sqlite else _postgres_error(e, self.name) from e
        except SQLAlchemyError as e:
            raise StoreError(
                f"the database {self.name} could not be used: {_first_line(e)}", database=self.name
            ) from e
        except UnicodeError as e:
            raise StoreError(
                f"a text cannot be stored in {self.name}: {e.reason if hasattr(e, 'reason') else e}",
                database=self.name,
            ) from e


def _checked(url: str) -> URL:
    hint = "Write sqlite:///path/to/bridge.db or postgresql://user@host/name."
    try:
        parsed = make_url(url)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        parsed.get_dialect()
    except (ArgumentError, NoSuchModuleError, ValueError):
        # The text itself stays out of the message: it may hold a password.
        raise ConfigError("the database's URL is not valid", hint=hint) from None
    if parsed.drivername not in ("sqlite", "sqlite+pysqlite", "postgresql+psycopg"):
        raise ConfigError(f"databases of the kind {parsed.drivername} are not supported", hint=hint)
    return parsed


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    # The driver's own transaction control begins too late (at the first write): we say BEGIN ourselves.
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode = WAL")
    # FULL, not NORMAL: after a power cut NORMAL may forget the last commits, and a forgotten commit whose
    # messages are already out would be repeated under new message ids.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    # IMMEDIATE takes the write lock before the first read, so what was read is still true when we write.
    writes = connection.get_execution_options().get(_WRITES)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _first_line(error: BaseException) -> str:
    """What the driver said, without the statement and its values."""
    said = str(getattr(error, "orig", None) or error).strip()
    return said.splitlines()[0] if said else type(error).__name__


_FREE_SPACE = "Free some disk space; nothing was changed and nothing is lost."


def _sqlite_error(error: DBAPIError, name: str) -> StoreError:
    code = getattr(error.orig, "sqlite_errorcode", None)
    said = _first_line(error)
    match code & 0xFF if isinstance(code, int) else None:
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return StoreBusy(
                f"the database {name} is locked by another process",
                hint="It is tried again; if it stays so, look for a program that keeps the file open.",
                database=name,
            )
        case sqlite3.SQLITE_READONLY:
            return StoreUnavailable(
                f"the database {name} is read-only ({said})",
                hint="Give the user that runs the bridge the right to write the file and its folder.",
                database=name,
            )
        case sqlite3.SQLITE_FULL:
            return StoreUnavailable(f"no room left for the database {name}", hint=_FREE_SPACE, database=name)
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_IOERR:
            return StoreUnavailable(
                f"the database {name} cannot be opened or written ({said})",
                hint="Check that the disk is there and has room, and who may write the file and its folder.",
                database=name,
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return StoreError(
                f"the file {name} is damaged or no database ({said})",
                hint="Restore the last backup.",
                database=name,
            )
    return StoreError(f"the database {name} refused: {said}", database=name)


def _postgres_error(error: DBAPIError, name: str) -> StoreError:
    state: str = getattr(error.orig, "sqlstate", None) or ""
    said = _first_line(error)
    if state in ("55P03", "40P01", "40001", "57014"):  # lock timeout, deadlock, serialization, cancelled
        return StoreBusy(f"the database {name} is busy ({said})", database=name)
    if state in ("53100", "53200"):
        return StoreUnavailable(f"no room left for the database {name} ({said})", hint=_FREE_SPACE, database=name)
    if state == "25006":
        return StoreUnavailable(
            f"the database {name} is read-only ({said})",
            hint="Is it a standby, or set default_transaction_read_only?",
            database=name,
        )
    # Classes 08 connection, 53 resources, 57P server shutting down, 58 its disk; no state: never connected.
    if not state or state[:2] in ("08", "53", "58") or state.startswith("57P") or error.connection_invalidated:
        return StoreUnavailable(
            f"the database {name} cannot be reached ({said})",
            hint="Check that the server runs, and host, port, user and password of its URL.",
            database=name,
        )
    return StoreError(f"the database {name} refused: {said}", database=name)


def source_lock(source: str) -> str:
    """One writer per source: else two could give one order number's messages ids in the wrong order."""
    return f"source:{source}"
