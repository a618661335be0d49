"""Pages and rows that were read before, by their pictures: what they said, as the reader wrote it down."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bridge.interfaces import Clock
from bridge.memories import HEARD, PAGE, KeptRead, Recalled
from bridge.store.database import Database
from bridge.store.in_lists import in_lists
from bridge.store.reading_tables import glyphs, memory, reads
from bridge.store.tables import meta

LIMIT = 60_000
"""Rows kept per source: a list of 10,000 fits several times over, at about 500 bytes each."""
PAGES = 600
"""Pages kept per source: such a list fits three times over, at about 20 KB each.  One new order on top makes all
pages other ones, and those before are never met again; the rows are."""
AGAIN = (timedelta(hours=1), timedelta(hours=1), timedelta(hours=4))
LAST_AGAIN = timedelta(hours=24)
"""What stayed doubtful is tried anew after these, ever more rarely, for nothing of it has changed.  A person's
word makes all of it be read anew at once."""
MUCH_MORE = 1.1
"""What was doubtful is tried anew before that once so many times as many pictures are known: the next run after a
source's first, as a rule, and no run after one that saw few new things."""
YOUNG = timedelta(days=1)
LASTING = "lasting"
"""Epoch of what is known of a list whatever is taken back."""
SETTLED = "settled"
"""State of a character's picture that is believed."""


class Reads:
    """Satisfies ``memories.ReadMemory``."""

    def __init__(self, database: Database, clock: Clock, limit: int = LIMIT, pages: int = PAGES) -> None:
        self._database = database
        self._clock = clock
        self._limit = limit
        self._pages = pages

    def learned(self, source: str) -> int:
        """See ``memories.ReadMemory``."""
        cells = select(func.count()).where(memory.c.source == source, ~memory.c.retracted)
        characters = select(func.count()).where(glyphs.c.source == source, glyphs.c.state == SETTLED)
        with self._database.read() as connection:
            return sum(int(connection.execute(query).scalar_one()) for query in (cells, characters))

    def recall(self, source: str, keys: Sequence[str], learned: Callable[[], int] = lambda: 0) -> Recalled:
        """See ``memories.ReadMemory``."""
        now = self._clock()
        r = reads.c
        with self._database.read() as connection:
            epoch = _epoch(connection, source)
            # What was kept at a moment yet to come was kept while the clock was wrong.
            waits = (r.again_at > now) & (r.last_seen <= now)
            found = list(_rows(connection, source, keys, r.epoch.in_((epoch, LASTING)), or_(r.sure, waits)))
        found = [row for row in found if row.sure or row.learned * MUCH_MORE >= learned()]
        return Recalled(
            epoch=epoch,
            bodies={row.key: bytes(row.body) for row in found},
            aged=[row.key for row in found if row.last_seen < now - YOUNG],
        )

    def keep_reads(self, source: str, epoch: str, fresh: Sequence[KeptRead], used: Sequence[str]) -> None:
        """See ``memories.ReadMemory``.  Those not met for longest make room."""
        now = self._clock()
        r = reads.c
        mine = r.source == source
        fresh = list({f.key: f for f in fresh}.values())  # equal rows of one page are one
        with self._database.write(lock="reads") as connection:
            before = {row.key: row for row in _rows(connection, source, [f.key for f in fresh])}
            for part in in_lists(list(before)):
                connection.execute(delete(reads).where(mine, r.key.in_(part)))
            if fresh:
                connection.execute(
                    insert(reads), [_values(f, source, epoch, before.get(f.key), now) for f in fresh]
                )
            for part in in_lists(list(dict.fromkeys(used))):
                connection.execute(
                    update(reads).where(mine, r.key.in_(part), r.last_seen < now - YOUNG).values(last_seen=now)
                )
            if fresh:
                rows = mine & ~r.key.startswith(PAGE) & (r.epoch != LASTING)
                _make_room(connection, rows, self._limit)
                _make_room(connection, mine & r.key.startswith(HEARD), self._limit)
                _make_room(connection, mine & r.key.startswith(PAGE), self._pages)


def read_anew(connection: Connection, source: str, now: datetime) -> None:
    """Nothing read so far is taken for read any more, for what it rests on has changed.

    The new name is not counted up but made: of two that change it at once neither may be overlooked."""
    fresh = {"value": uuid.uuid4().hex, "updated_at": now}
    upsert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    made = upsert(meta).values(name=_name(source), **fresh)
    connection.execute(made.on_conflict_do_update(index_elements=[meta.c.name], set_=fresh))


def _name(source: str) -> str:
    return f"reads.epoch:{source}"


def _epoch(connection: Connection, source: str) -> str:
    query = select(meta.c.value).where(meta.c.name == _name(source))
    return str(connection.execute(query).scalar_one_or_none() or "")


def _rows(connection: Connection, source: str, keys: Sequence[str], *more: Any) -> Iterator[Row[Any]]:
    for part in in_lists(list(dict.fromkeys(keys))):
        yield from connection.execute(select(reads).where(reads.c.source == source, reads.c.key.in_(part), *more))


def _values(f: KeptRead, source: str, epoch: str, before: Row[Any] | None, now: datetime) -> dict[str, Any]:
    tries = 1 if before is None or before.epoch != epoch else before.tries + 1
    wait = AGAIN[tries - 1] if tries <= len(AGAIN) else LAST_AGAIN
    return {
        "source": source,
        "key": f.key,
        "epoch": LASTING if f.lasting else epoch,
        "sure": f.sure,
        "tries": tries,
        "again_at": now + wait,
        "learned": f.learned,
        "body": f.body,
        "last_seen": now,
    }


def _make_room(connection: Connection, mine: ColumnElement[bool], limit: int) -> None:
    if connection.execute(select(func.count()).where(mine)).scalar_one() <= limit:
        return
    # A tenth more than needed, so that this does not happen at every call.
    query = select(reads.c.key).where(mine).order_by(reads.c.last_seen.desc(), reads.c.key)
    old = list(connection.execute(query.offset(limit - limit // 10)).scalars())
    for part in in_lists(old):
        connection.execute(delete(reads).where(mine, reads.c.key.in_(part)))
