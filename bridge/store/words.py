"""Mapping tables that people keep: field → word in the ERP → our word, beside those of the profile."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from bridge.store import audit
from bridge.store.database import Database, source_lock
from bridge.store.tables import meta

Words = Mapping[str, Mapping[str, str]]
"""field → word in the ERP → our word."""


class MappingTables:
    def __init__(self, database: Database) -> None:
        self._database = database

    def mappings(self, source: str) -> dict[str, dict[str, str]]:
        """What people said of this source's words, sorted by field and word."""
        with self._database.read() as connection:
            return _load(connection, source)

    def import_mappings(
        self, source: str, words: Words, *, replace: bool, by: str, now: datetime
    ) -> tuple[int, int]:
        """One transaction: adds words, or changes what they mean; with ``replace`` words that are not given are
        forgotten, in the fields that are given.  Returns how many were added or changed, and forgotten."""
        with self._database.write(lock=source_lock(source)) as connection:
            known = _load(connection, source)
            forgotten: dict[str, list[str]] = {}
            new = {f: {w: o for w, o in t.items() if known.get(f, {}).get(w) != o} for f, t in words.items()}
            for field, table in words.items():
                lost = [w for w in known.get(field, {}) if w not in table] if replace else []
                forgotten |= {field: lost} if lost else {}
                kept = {} if replace else known.get(field, {})
                known[field] = {**kept, **table}
            _save(connection, source, known, now)
            details = {"source": source, "words": {f: t for f, t in new.items() if t}, "forgotten": forgotten}
            if details["words"] or forgotten:
                audit.append(connection, at=now, actor=by, action="mappings", details=details)
            return sum(map(len, new.values())), sum(map(len, forgotten.values()))

    def forget_mapping(self, source: str, field: str, word: str, *, by: str, now: datetime) -> bool:
        """Takes back what people said of one word; False if they said nothing of it."""
        with self._database.write(lock=source_lock(source)) as connection:
            known = _load(connection, source)
            if known.get(field, {}).pop(word, None) is None:
                return False
            _save(connection, source, known, now)
            details = {"source": source, "words": {}, "forgotten": {field: [word]}}
            audit.append(connection, at=now, actor=by, action="mappings", details=details)
            return True


def learn_words(connection: Connection, source: str, words: Words, now: datetime) -> dict[str, dict[str, Any]]:
    """Keeps what a decision says of words; returns what they meant before, None where nothing was known."""
    known = _load(connection, source)
    before = {f: {w: known.get(f, {}).get(w) for w in table} for f, table in words.items() if table}
    if before:
        _save(connection, source, {**known, **{f: {**known.get(f, {}), **words[f]} for f in before}}, now)
    return before


def forget_words(
    connection: Connection, source: str, before: Mapping[str, Mapping[str, Any]], now: datetime
) -> None:
    """Takes back what ``learn_words`` kept."""
    known = _load(connection, source)
    for field, table in before.items():
        for word, ours in table.items():
            if ours is None:
                known.get(field, {}).pop(word, None)
            else:
                known.setdefault(field, {})[word] = ours
    if before:
        _save(connection, source, known, now)


def _load(connection: Connection, source: str) -> dict[str, dict[str, str]]:
    value = connection.execute(select(meta.c.value).where(meta.c.name == _name(source))).scalar_one_or_none()
    return {field: dict(table) for field, table in (value or {}).items()}


def _save(connection: Connection, source: str, words: Words, now: datetime) -> None:
    value = {f: dict(sorted(words[f].items())) for f in sorted(words) if words[f]}
    connection.execute(delete(meta).where(meta.c.name == _name(source)))
    connection.execute(insert(meta).values(name=_name(source), value=value, updated_at=now))


def _name(source: str) -> str:
    return f"mappings:{source}"
