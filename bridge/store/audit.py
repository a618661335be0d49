"""The audit trail: who did what, each entry chained to the one before by its hash.

An entry is written in the transaction of what it tells of, so neither can be there without the other.  The hash
covers number, time, actor, action, details and the entry before; the chain's end is kept apart, in ``meta``.
Someone who may write the database can forge all of it together; so its end's hash is printed, to be kept apart.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, text

from bridge.store.database import Database
from bridge.store.tables import audit, meta

_END = "audit-end"
_START = "0" * 64
_LOCK = 0x61756474  # "audt", for PostgreSQL's advisory lock


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditEntry:
    number: int
    at: datetime
    actor: str
    action: str
    details: Mapping[str, Any]
    hash: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AuditCheck:
    """entries: how many stand there.  end: hash of the last.  faults: one sentence each, in order."""

    entries: int
    end: str
    faults: tuple[str, ...]


def append(connection: Connection, *, at: datetime, actor: str, action: str, details: Mapping[str, Any]) -> None:
    """Adds an entry within the transaction of what it tells of."""
    if connection.dialect.name != "sqlite":  # there a writing transaction is alone anyway
        connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK})
    last = connection.execute(
        select(audit.c.number, audit.c.hash).order_by(audit.c.number.desc()).limit(1)
    ).one_or_none()
    number, previous = (last.number + 1, last.hash) if last is not None else (1, _START)
    words = json.dumps(details, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    made = _hash(number, at, actor, action, words, previous)
    connection.execute(
        insert(audit).values(
            number=number, at=at, actor=actor, action=action, details=words, previous=previous, hash=made
        )
    )
    connection.execute(delete(meta).where(meta.c.name == _END))
    connection.execute(insert(meta).values(name=_END, value={"number": number, "hash": made}, updated_at=at))


def _hash(number: int, at: datetime, actor: str, action: str, details: str, previous: str) -> str:
    moment = at.astimezone(UTC).isoformat(timespec="microseconds")
    whole = json.dumps([number, moment, actor, action, details, previous], ensure_ascii=True)
    return hashlib.sha256(whole.encode("ascii")).hexdigest()


class AuditTrail:
    def __init__(self, database: Database) -> None:
        self._database = database

    def audit(self, limit: int) -> list[AuditEntry]:
        """The newest first."""
        query = select(audit).order_by(audit.c.number.desc()).limit(limit)
        with self._database.read() as connection:
            return [
                AuditEntry(
                    number=row.number,
                    at=row.at,
                    actor=row.actor,
                    action=row.action,
                    details=json.loads(row.details),
                    hash=row.hash,
                )
                for row in connection.execute(query)
            ]

    def verify_audit(self, expected_end: str | None = None) -> AuditCheck:
        """Walks the whole chain.  expected_end: a hash noted earlier that must still stand in it."""
        faults: list[str] = []
        number, previous, known = 0, _START, expected_end is None
        with self._database.read() as connection:
            end = connection.execute(select(meta.c.value).where(meta.c.name == _END)).scalar_one_or_none()
            for row in connection.execute(select(audit).order_by(audit.c.number).execution_options(yield_per=500)):
                if row.number != number + 1:
                    faults.append(_removed(number + 1, row.number - 1))
                elif row.previous != previous:
                    faults.append(f"entry {row.number} does not follow entry {number}: replaced or reordered")
                if row.hash != _hash(row.number, row.at, row.actor, row.action, row.details, row.previous):
                    faults.append(f"entry {row.number} was changed after it was written")
                number, previous = row.number, row.hash
                known = known or row.hash == expected_end
        if end is None and number:
            faults.append("the note of the trail's end is missing")
        if end is not None and (end["number"], end["hash"]) != (number, previous):
            faults.append(
                _removed(number + 1, end["number"])
                if end["number"] > number
                else f"the trail ends with entry {number}, which is not the end that was noted"
            )
        if not known:
            faults.append(f"the entry with the hash {expected_end} is no longer there")
        return AuditCheck(entries=number, end=previous, faults=tuple(faults))


def _removed(first: int, last: int) -> str:
    return f"entry {first} was removed" if first == last else f"entries {first} to {last} were removed"
