"""Proven changes go into baseline, central orders, history and outbox."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from bridge.encoded import decode_fields, encode_fields
from bridge.records import KEY_SEP, BaselineRow, Change, ChangeKind, Scalar
from bridge.store.encoding import evidence, plain_fields
from bridge.store.orders import OrderWriter
from bridge.store.tables import baseline, outbox

NewId = Callable[[], str]


def load_baseline(
    connection: Connection, source: str, keys: Sequence[str] | None = None
) -> dict[str, BaselineRow]:
    t = baseline.c
    query = select(t.key, t.order_no, t.fields, t.missing, t.absent).where(t.source == source)
    if keys is not None:
        query = query.where(t.key.in_(keys))
    return {
        row.key: BaselineRow(
            key=row.key,
            order_no=row.order_no,
            fields=decode_fields(row.fields),
            missing=row.missing,
            absent=row.absent,
        )
        for row in connection.execute(query)
    }


def apply_changes(
    connection: Connection,
    source: str,
    changes: Sequence[Change],
    rows: Mapping[str, BaselineRow],
    *,
    run_id: str | None,
    by: str,
    receivers: Sequence[str],
    now: datetime,
    new_id: NewId,
) -> int:
    """Writes proven changes to baseline, orders, history and outbox; returns the number of messages.

    rows: the baseline as it stands in this transaction, of the changes' keys at least.
    """
    fresh = [c for change in changes if (c := rebased(change, rows.get(change.key))) is not None]
    writer = OrderWriter(connection, source, [c.key for c in fresh], run_id=run_id, by=by, now=now)
    messages: list[dict[str, Any]] = []
    for change in fresh:
        row = rows.get(change.key)
        here = change.kind not in (ChangeKind.GONE, ChangeKind.LEFT)
        stored = change.after if here else change.before
        _move_baseline(connection, change, row, stored, here, run_id, now)
        if change.kind is ChangeKind.CHANGED and {*change.changed_fields} <= {*change.store_keeps}:
            continue  # the store keeps all of it: nothing changed for anyone
        version = writer.apply(change, stored)
        for receiver in receivers:
            messages.append(_message(change, stored, version, receiver, run_id, now, new_id()))
    writer.finish()
    if messages:
        connection.execute(insert(outbox), messages)
    return len(messages)


def rebased(change: Change, row: BaselineRow | None) -> Change | None:
    """The change against the baseline as it stands now: a decision or another run may have moved it since the
    change was found.  None where nothing is left of it; ``before`` and ``after`` of the result are whole rows."""
    if change.kind in (ChangeKind.GONE, ChangeKind.LEFT):
        if row is None or row.absent:
            return None
        return replace(change, before=row.fields, after={})
    if row is None:
        return replace(change, kind=ChangeKind.ADDED, before={}, after={**change.before, **change.after})
    dropped = change.before.keys() - change.after.keys() if change.after else set()
    after = {n: v for n, v in {**row.fields, **change.after}.items() if n not in dropped}
    if row.absent:
        return replace(change, kind=ChangeKind.BACK, before=row.fields, after=after)
    if after == row.fields:
        return None
    return replace(change, kind=ChangeKind.CHANGED, before=row.fields, after=after)


def _move_baseline(
    connection: Connection,
    change: Change,
    row: BaselineRow | None,
    fields: Mapping[str, Scalar],
    here: bool,
    run_id: str | None,
    now: datetime,
) -> None:
    t = baseline.c
    values = {
        "order_no": change.order_no,
        "fields": encode_fields(fields),
        "missing": 0 if here or row is None else row.missing + 1,
        "absent": not here,
        "run_id": run_id,
        "updated_at": now,
    }
    if row is None:
        connection.execute(insert(baseline).values(source=change.source, key=change.key, **values))
    else:
        connection.execute(update(baseline).where(t.source == change.source, t.key == change.key).values(**values))


def _message(
    change: Change,
    stored: Mapping[str, Scalar],
    version: int,
    receiver: str,
    run_id: str | None,
    now: datetime,
    message_id: str,
) -> dict[str, Any]:
    """The outbox row; its body is what the receiver gets, byte for byte (docs/store.md)."""
    changed = change.changed_fields if change.kind in (ChangeKind.CHANGED, ChangeKind.BACK) else ()
    changed = tuple(n for n in changed if n not in change.store_keeps)
    body = {
        "type": f"order.{change.kind.value}",
        "id": message_id,
        "occurred_at": now.isoformat(),
        "source": change.source,
        "run_id": run_id,
        "order_no": change.order_no,
        "key": change.key.split(KEY_SEP),
        "version": version,
        "fields": plain_fields(stored),
        "previous": plain_fields({n: change.before.get(n) for n in changed}),
        "changed": list(changed if change.kind is not ChangeKind.ADDED else change.after),
        "evidence": evidence(change.readings),
    }
    return {
        "message_id": message_id,
        "receiver": receiver,
        "source": change.source,
        "order_no": change.order_no,
        "body": json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")),
        "state": "pending",
        "attempts": 0,
        "next_attempt_at": now,
        "created_at": now,
    }
