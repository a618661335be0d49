"""The central orders as an export shows them: each value with how it was read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, select

from bridge.encoded import decode_fields, plain_scalar
from bridge.records import KEY_SEP, FieldValue
from bridge.store.database import Database
from bridge.store.encoding import value_from_json
from bridge.store.observations import latest
from bridge.store.orders import STANDARD, bare, place
from bridge.store.tables import baseline, orders, review_items


class Export:
    def __init__(self, database: Database) -> None:
        self._database = database

    def export_orders(self, source: str | None = None) -> list[dict[str, Any]]:
        """One dict per row of the central table, by source, order number and key::

            {"source", "order_no", "line_no", "key": [parts], "life", "version", "edited_outside": bool,
             "first_seen_at", "updated_at", "updated_by", "waiting": bool,
             "fields": {name: {"value", "text", "confidence", "read_by": [witness…], "status"}}}

        value: as the central table holds it, plain.  text: as the ERP displayed it last, None if unread.
        waiting: a question about this row is open.  status of a field:
        ``proven``; ``doubtful``: the last reading waits for a person, the value is older; ``decided``: by a
        person; ``edited``: someone else wrote the value; ``differs``: read differently, but held back;
        ``unread``: no reading of it is kept.
        """
        known = select(baseline.c.source, baseline.c.key, baseline.c.fields)
        asked = select(review_items.c.source, review_items.c.key).where(review_items.c.state == "open")
        query = select(orders).order_by(orders.c.source, orders.c.order_no, orders.c.key)
        if source is not None:
            known = known.where(baseline.c.source == source)
            asked = asked.where(review_items.c.source == source)
            query = query.where(orders.c.source == source)
        with self._database.read() as connection:
            readings = latest(connection, source)
            waiting = {(r.source, r.key) for r in connection.execute(asked)}
            proven = {(r.source, r.key): decode_fields(r.fields) for r in connection.execute(known)}
            return [
                _exported(
                    row,
                    place(proven.get((row.source, row.key), {}), row.order_no),
                    {n: value_from_json(n, v) for n, v in readings.get((row.source, row.key), {}).items()},
                    (row.source, row.key) in waiting,
                )
                for row in connection.execute(query)
            ]


def _exported(
    row: Row[Any], proven: Mapping[str, Any], readings: Mapping[str, FieldValue], waiting: bool
) -> dict[str, Any]:
    held = {name: getattr(row, name) for name in STANDARD} | dict(row.extra)
    if "line_no" not in proven:
        del held["line_no"]  # made from the key, not read
    names = [n for n in dict.fromkeys((*readings, *proven, *held)) if n in proven or held.get(n) is not None]
    return {
        "source": row.source,
        "order_no": row.order_no,
        "line_no": row.line_no,
        "key": row.key.split(KEY_SEP),
        "life": row.life,
        "version": row.version,
        "edited_outside": row.version != row.bridge_version,
        "first_seen_at": row.first_seen_at,
        "updated_at": row.updated_at,
        "updated_by": row.updated_by,
        "waiting": waiting,
        "fields": {
            name: _field(name, held.get(name), proven, readings.get(name), waiting, row.order_no) for name in names
        },
    }


def _field(
    name: str, held: Any, proven: Mapping[str, Any], read: FieldValue | None, waiting: bool, order_no: str
) -> dict[str, Any]:
    if held != bare(proven.get(name)):
        status = "edited" if name in proven else "unread"
    elif read is None:
        status = "unread"
    elif not read.ok:
        status = "doubtful" if waiting else "decided"
    else:
        same = bare(place({name: read.value}, order_no).get(name)) == held
        status = "proven" if same else "differs"
    return {
        "value": plain_scalar(held),
        "text": read.reading.text if read is not None else None,
        "confidence": read.reading.confidence if read is not None else None,
        "read_by": [w.value for w in read.reading.witnesses] if read is not None else [],
        "status": status,
    }
