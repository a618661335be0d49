"""Upsert into a table of another SQL database.

In one transaction with the row, ``bridge_delivered`` notes the message id, so a repeated send has no second
effect, and the row's latest message, so an older one never overwrites a newer one.  The bridge creates that one
table; the target table is the other system's and is never altered.  Where a unique index covers the key columns
the database's own upsert is used (SQLite, PostgreSQL, MySQL/MariaDB), else update-then-insert.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

import sqlalchemy as sa
from pydantic import Field
from sqlalchemy.dialects import mysql, postgresql, sqlite

from bridge.errors import ConfigError, DeliveryFailed, DeliveryRefused
from bridge.outbox.body import Body, Plain, read_body
from bridge.outbox.transports.options import Options, SecretLookup, check_options, excerpt
from bridge.records import OutboxMessage

_META: Mapping[str, Callable[[OutboxMessage, Body], str]] = {
    "@message_id": lambda m, b: m.message_id,
    "@kind": lambda m, b: b.kind,
    "@source": lambda m, b: b.source,
    "@key": lambda m, b: b.key_text,
    "@order_no": lambda m, b: b.order_no,
}


class SqlTableOptions(Options):
    url: str = Field(description="SQLAlchemy address without a password, e.g. postgresql+psycopg://user@host/db")
    password: str | None = Field(None, description="secret:NAME of the database password.")
    table: str
    db_schema: str | None = Field(None, alias="schema")
    columns: dict[str, str] = Field(
        min_length=1, description=f"field → column; beside the ERP's fields also {', '.join(_META)}."
    )
    key: list[str] = Field(min_length=1, description="Columns that name a row; they must be mapped.")
    on_gone: Literal["keep", "delete"] = Field("keep", description="What becomes of a row gone from the ERP.")
    delivered_table: str = "bridge_delivered"
    timeout_s: float = Field(10.0, gt=0, le=60, description="Longest wait for a connection or a lock.")


def build(name: str, options: Mapping[str, Any], secret_lookup: SecretLookup) -> SqlTableTransport:
    checked = check_options(SqlTableOptions, name, options)
    if missing := [k for k in checked.key if k not in checked.columns.values()]:
        raise ConfigError(f"receivers.{name}.key: {', '.join(missing)} is no column in receivers.{name}.columns")
    try:
        url = sa.make_url(checked.url)
        if url.password is not None:
            raise ConfigError(
                f"receivers.{name}.url: holds a password",
                hint=f"Keep it with `bridge secret set NAME` and write receivers.{name}.password = NAME.",
            )
        if checked.password is not None:
            url = url.set(password=secret_lookup(checked.password).reveal())
        engine = sa.create_engine(
            url,
            hide_parameters=True,
            pool_pre_ping=True,
            # Two messages of one row at once (a lease that ran out) must see each other's note, or one must fail.
            isolation_level="SERIALIZABLE",
            connect_args=_limits(url, checked.timeout_s),
        )
    except (sa.exc.ArgumentError, sa.exc.NoSuchModuleError, ImportError) as e:
        raise ConfigError(f"receivers.{name}.url: {excerpt(str(e))}") from None
    return SqlTableTransport(name, checked, engine)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Facts:
    """What the database says of the target table."""

    types: Mapping[str, sa.types.TypeEngine[Any]]  # by column
    unique: bool  # a unique index covers exactly the key columns


class SqlTableTransport:
    def __init__(self, name: str, options: SqlTableOptions, engine: sa.Engine) -> None:
        self.name = name
        self._options = options
        self._engine = engine
        self._facts: _Facts | None = None
        self._where = f"receiver {name}, table {options.table}"
        self._delivered = sa.Table(
            options.delivered_table,
            sa.MetaData(schema=options.db_schema),
            sa.Column("message_id", sa.String(128), primary_key=True),
            sa.Column("row_key", sa.String(64), nullable=False, index=True),  # hash of the key columns' values
            # Text, not a timestamp: sorts the same in every database.  A restored outbox starts its ids again,
            # so the time of the commit comes first.
            sa.Column("committed", sa.String(64), nullable=False),
        )

    def send(self, message: OutboxMessage) -> None:
        """Raises DeliveryFailed (unreachable, locked, table or column missing) or DeliveryRefused (the table
        does not accept this row)."""
        body = read_body(message.body)
        with self._mapped_errors():
            types = self._column_types()
        with self._mapped_errors(), self._engine.begin() as tx:
            row = {
                column: self._value(column, types[column], value, tx.dialect.name)
                for column, value in self._picked(message, body).items()
            }
            if empty := [k for k in self._options.key if row.get(k) is None]:
                raise DeliveryRefused(f"{self._where}: the key column {', '.join(empty)} would be empty")
            self._apply(tx, message, body, row)

    def close(self) -> None:
        self._engine.dispose()

    def _picked(self, message: OutboxMessage, body: Body) -> dict[str, Plain]:
        """column → value.  Fields that the message does not carry leave their column alone."""
        fields = body.fields
        meta = {c: _META[f](message, body) for f, c in self._options.columns.items() if f in _META}
        return meta | {c: fields[f] for f, c in self._options.columns.items() if f in fields}

    def _apply(self, tx: sa.Connection, message: OutboxMessage, body: Body, row: dict[str, Any]) -> None:
        t = self._delivered
        names = [self._options.table, *(str(row[k]) for k in self._options.key)]
        row_key = hashlib.sha256("\x1f".join(names).encode()).hexdigest()
        committed = f"{message.created_at.astimezone(UTC).isoformat(timespec='microseconds')}#{message.id:020d}"
        if tx.scalar(sa.select(t.c.message_id).where(t.c.message_id == message.message_id)):
            return
        # First the note: of two attempts at once its primary key lets only one through to the row.
        tx.execute(t.insert().values(message_id=message.message_id, row_key=row_key, committed=committed))
        newest = tx.scalar(sa.select(sa.func.max(t.c.committed)).where(t.c.row_key == row_key))
        if newest != committed:
            return
        if body.kind != "gone":
            self._upsert(tx, row)
        elif self._options.on_gone == "delete":
            tx.execute(sa.delete(self._target(row)).where(self._same_row(row)))
        else:
            self._update(tx, row)

    def _upsert(self, tx: sa.Connection, row: dict[str, Any]) -> None:
        table, keys = self._target(row), self._options.key
        rest = {c: v for c, v in row.items() if c not in keys}
        dialect = tx.dialect.name if rest and self._facts and self._facts.unique else ""
        if dialect in ("sqlite", "postgresql"):
            insert = (sqlite if dialect == "sqlite" else postgresql).insert(table).values(row)
            tx.execute(insert.on_conflict_do_update(index_elements=keys, set_=rest))
        elif dialect in ("mysql", "mariadb"):
            tx.execute(mysql.insert(table).values(row).on_duplicate_key_update(rest))
        elif not self._update(tx, row):
            tx.execute(sa.insert(table).values(row))

    def _update(self, tx: sa.Connection, row: dict[str, Any]) -> bool:
        """Sets what is no key; tells whether the row exists.  Counted, since MySQL's rowcount leaves out rows
        that already hold these values."""
        table = self._target(row)
        if rest := {c: v for c, v in row.items() if c not in self._options.key}:
            tx.execute(sa.update(table).where(self._same_row(row)).values(rest))
        return bool(tx.scalar(sa.select(sa.func.count()).select_from(table).where(self._same_row(row))))

    def _target(self, row: Mapping[str, Any]) -> sa.TableClause:
        # Untyped columns: values go as `_value` made them, never through a float.
        return sa.table(self._options.table, *(sa.column(c) for c in row), schema=self._options.db_schema)

    def _same_row(self, row: Mapping[str, Any]) -> sa.ColumnElement[bool]:
        return sa.and_(*(sa.column(k) == row[k] for k in self._options.key))

    # --- what the database says of the table; asked once, and again after a fault

    def _column_types(self) -> Mapping[str, sa.types.TypeEngine[Any]]:
        if self._facts is None:
            self._facts = self._ask()
        types = self._facts.types
        if lacking := [c for c in self._options.columns.values() if c not in types]:
            self._facts = None
            raise DeliveryFailed(
                f"{self._where} has no column {', '.join(lacking)}; it has {', '.join(types)}",
                hint=f"Correct receivers.{self.name}.columns, or add the column.",
            )
        return types

    def _ask(self) -> _Facts:
        table, schema = self._options.table, self._options.db_schema
        with self._engine.begin() as tx:
            self._delivered.metadata.create_all(tx)
            asked = sa.inspect(tx)
            types = {c["name"]: c["type"] for c in asked.get_columns(table, schema)}
            covers: list[list[Any]] = [asked.get_pk_constraint(table, schema)["constrained_columns"]]
            covers += [u["column_names"] for u in asked.get_unique_constraints(table, schema)]
            covers += [i["column_names"] for i in asked.get_indexes(table, schema) if i["unique"]]
        return _Facts(types=types, unique=any(set(c) == set(self._options.key) for c in covers))

    def _value(self, column: str, kind: sa.types.TypeEngine[Any], value: Plain, dialect: str) -> Any:
        try:
            wanted = kind.python_type
        except NotImplementedError:
            return value
        if not isinstance(value, str):
            return json.dumps(value) if wanted is str and value is not None else value
        if wanted in _MADE and not value:
            return None
        try:
            made = _MADE[wanted](value) if wanted in _MADE else value
        except (ValueError, InvalidOperation):
            raise DeliveryRefused(
                f"{self._where}, column {column}: {excerpt(value, 40)!r} is no {wanted.__name__}",
                hint=f"Map another field to it in receivers.{self.name}.columns.",
            ) from None
        # SQLite has no decimals or dates of its own; given the text it keeps it exactly, or as its column says.
        return str(made) if dialect == "sqlite" and isinstance(made, Decimal | date) else made

    @contextmanager
    def _mapped_errors(self) -> Iterator[None]:
        try:
            yield
        except sa.exc.NoSuchTableError:
            raise DeliveryFailed(
                f"{self._where} does not exist", hint=f"Create it, or correct receivers.{self.name}.table."
            ) from None
        except (sa.exc.IntegrityError, sa.exc.DataError) as e:
            raise DeliveryRefused(f"{self._where} does not accept the row: {excerpt(str(e.orig))}") from None
        except sa.exc.SQLAlchemyError as e:
            self._facts = None  # the table may have been altered since
            said = getattr(e, "orig", None) or e
            raise DeliveryFailed(
                f"{self._where}: {excerpt(str(said))}",
                hint=f"The bridge must reach the database, read and write {self._options.table}, and create "
                f"{self._options.delivered_table} beside it.",
            ) from None


_MADE: Mapping[type, Callable[[str], Any]] = {
    Decimal: Decimal,
    float: Decimal,
    int: int,
    date: date.fromisoformat,
    datetime: datetime.fromisoformat,
}


def _limits(url: sa.URL, timeout_s: float) -> dict[str, Any]:
    """Connection arguments that keep one send well inside its lease; each driver calls them otherwise."""
    match url.get_backend_name():
        case "sqlite":
            return {"timeout": timeout_s}
        case "postgresql":
            ms = int(timeout_s * 1000)
            return {
                "connect_timeout": max(int(timeout_s), 2),
                "options": f"-c lock_timeout={ms} -c statement_timeout={2 * ms}",
            }
        case "mysql" | "mariadb":
            return {"connect_timeout": max(int(timeout_s), 1)}
    return {}
