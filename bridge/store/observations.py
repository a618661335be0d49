"""Everything that was ever read, as intervals: a row that says the same as last time only moves its end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from bridge.records import OrderLine, Witness
from bridge.store.encoding import observed_content, value_from_json, value_to_json
from bridge.store.in_lists import in_lists
from bridge.store.reading_tables import memory
from bridge.store.tables import observations


def note_observations(
    connection: Connection, run_id: str, source: str, lines: Sequence[OrderLine], now: datetime
) -> None:
    """Keeps what a run saw.  Two rows that claim the same key are two rows here, unless they are equal."""
    seen = {(line.key, observed_content(line)): line for line in lines}
    t = observations.c
    known = {
        (row.key, row.content): row.id
        for row in connection.execute(select(t.id, t.key, t.content).where(t.source == source, t.current))
    }
    keys = {key for key, _ in seen}
    same = [known[pair] for pair in seen if pair in known]
    over = [id_ for pair, id_ in known.items() if pair[0] in keys and pair not in seen]
    for part in in_lists(same):
        connection.execute(
            update(observations).where(t.id.in_(part)).values(last_run=run_id, last_seen=now, times=t.times + 1)
        )
    for part in in_lists(over):
        connection.execute(update(observations).where(t.id.in_(part)).values(current=False))
    new = [_row(line, pair[1], run_id, now) for pair, line in seen.items() if pair not in known]
    if new:
        connection.execute(insert(observations), new)
    _touch_memory(connection, source, lines, now)


def latest(connection: Connection, source: str | None) -> dict[tuple[str, str], Any]:
    """(source, key) → field → ``value_to_json`` of the last observation of that key."""
    t = observations.c
    query = select(t.source, t.key, t.readings).where(t.current).order_by(t.id)
    if source is not None:
        query = query.where(t.source == source)
    return {(row.source, row.key): row.readings for row in connection.execute(query)}


def last_picture(connection: Connection, source: str) -> str | None:
    """sha256 of the shot in which something of the source was read as new last."""
    t = observations.c
    query = select(t.readings).where(t.source == source).order_by(t.first_seen.desc(), t.id).limit(1)
    readings = connection.execute(query).scalar_one_or_none() or {}
    shots = (value_from_json(name, v).reading for name, v in readings.items())
    return next((r.shot for r in shots if r.shot), None)


def _row(line: OrderLine, content: str, run_id: str, now: datetime) -> Mapping[str, Any]:
    return {
        "source": line.source,
        "key": line.key,
        "order_no": line.order_no,
        "key_ok": line.key_ok,
        "ok": line.ok,
        "content": content,
        "readings": {name: value_to_json(v) for name, v in line.fields.items()},
        "current": True,
        "first_run": run_id,
        "last_run": run_id,
        "first_seen": now,
        "last_seen": now,
        "times": 1,
    }


def _touch_memory(connection: Connection, source: str, lines: Sequence[OrderLine], now: datetime) -> None:
    """Remembered pictures that still appear stay young; once a day is enough for that."""
    used = {
        v.reading.picture
        for line in lines
        for v in line.fields.values()
        if Witness.MEMORY in v.reading.witnesses and v.reading.picture
    }
    statement = (
        update(memory)
        .where(
            memory.c.source == source,
            memory.c.picture.in_(bindparam("pictures", expanding=True)),
            memory.c.last_seen < now - timedelta(days=1),
        )
        .values(last_seen=now)
    )
    for part in in_lists(sorted(used)):
        connection.execute(statement, {"pictures": part})
