"""A copy of the database while others use it, and putting one back.  SQLite; PostgreSQL has ``pg_dump``."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from bridge.errors import StoreError, StoreUnavailable, UsageError

POSTGRES_HINT = "For PostgreSQL use its own tools: pg_dump --format=custom, and pg_restore."


def back_up(database: Path, target: Path) -> int:
    """Writes a consistent copy, whole or not at all; returns its size in bytes.

    Raises UsageError if there is no database or the target exists, StoreUnavailable if it cannot be written.
    """
    if not database.is_file():
        raise UsageError(f"there is no database {database}", hint="It is made by the first sync.")
    if target.exists():
        raise UsageError(f"{target} exists", hint="Name another file; a backup overwrites nothing.")
    half = target.with_name(f"{target.name}.part")
    half.unlink(missing_ok=True)
    try:
        # The file is made first, so that nobody else may read what then comes into it.
        os.close(os.open(half, os.O_WRONLY | os.O_CREAT, 0o600))
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(half)) as copy:
            source.backup(copy)
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, which can be carried away alone
        check(half)
        os.replace(half, target)
        return target.stat().st_size
    except (OSError, sqlite3.Error) as e:
        raise StoreUnavailable(
            f"the backup {target} cannot be written: {e}", hint="Is there room, and may this account write there?"
        ) from e
    finally:
        half.unlink(missing_ok=True)


def put_back(backup: Path, database: Path, *, now: datetime) -> Path | None:
    """Puts the copy in the database's place; returns where the former one went, None if there was none.  Nobody
    may be using it.

    Raises UsageError if there is no such file, StoreError if it is no sound database of this program,
    StoreUnavailable if it cannot be put there; the former database is then as it was.
    """
    if not backup.is_file():
        raise UsageError(f"there is no file {backup}")
    check(backup)
    fresh = database.with_name(f"{database.name}.part")
    fresh.unlink(missing_ok=True)
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(fresh, os.O_WRONLY | os.O_CREAT, 0o600))
        with closing(sqlite3.connect(backup)) as source, closing(sqlite3.connect(fresh)) as copy:
            source.backup(copy)
        check(fresh)
        former = _set_aside(database, now)
        os.replace(fresh, database)
    except (OSError, sqlite3.Error) as e:
        raise StoreUnavailable(
            f"{database} cannot be replaced: {e}", hint="Is there room, and is `bridge run` stopped?"
        ) from e
    finally:
        fresh.unlink(missing_ok=True)
    return former


def _set_aside(database: Path, now: datetime) -> Path | None:
    """With its journal, which belongs to it and must not be taken for the new one's."""
    if not database.exists():
        return None
    former = database.with_name(f"{database.stem}-before-{now:%Y%m%d-%H%M%S}{database.suffix}")
    for end in ("-wal", "-shm", ""):
        part = database.with_name(database.name + end)
        if part.exists():
            os.replace(part, former.with_name(former.name + end))
    return former


def check(database: Path) -> None:
    """Raises StoreError if the file is no sound database of this program."""
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            sound = connection.execute("PRAGMA integrity_check").fetchone()[0]
            tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error as e:
        raise StoreError(f"{database} is no database: {e}") from None
    if sound != "ok":
        raise StoreError(f"{database} is damaged: {sound}", hint="Take another backup.")
    if not {"alembic_version", "orders", "outbox"} <= tables:
        raise StoreError(f"{database} is no database of the bridge")
