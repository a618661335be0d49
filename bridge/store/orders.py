"""The central orders table and its history.  Others read and write it too (docs/store.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from bridge.encoded import plain_scalar
from bridge.records import KEY_SEP, Change, ChangeKind, Scalar
from bridge.store.encoding import evidence, plain_fields
from bridge.store.in_lists import in_lists
from bridge.store.tables import DAYS, NUMBERS, order_events, orders

TEXTS = (
    "line_no", "customer", "customer_code", "sku", "product", "unit", "currency", "status", "contract_no",
    "tracking_no", "remark",
)  # fmt: skip
STANDARD = (*TEXTS, *NUMBERS, *DAYS)
_LIFE = {ChangeKind.GONE: "gone", ChangeKind.LEFT: "left"}


def place(fields: Mapping[str, Scalar], order_no: str) -> dict[str, Any]:
    """Where each field goes: the value for its standard column, or ``("extra", plain value)``.

    A field whose name is a standard column's but whose value is not of its type goes to ``extra``.
    """
    placed: dict[str, Any] = {}
    for name, value in fields.items():
        if name == "order_no" and value == order_no:
            continue  # a column of its own
        if name in STANDARD and value is None:
            placed[name] = None
        elif name in TEXTS and not isinstance(value, bool):
            placed[name] = str(plain_scalar(value))
        elif name in NUMBERS and isinstance(value, int | Decimal) and not isinstance(value, bool):
            placed[name] = Decimal(value)
        elif name in DAYS and isinstance(value, date):
            placed[name] = value
        else:
            placed[name] = ("extra", plain_scalar(value))
    return placed


class OrderWriter:
    """Writes changes within one transaction.  Only what changed in the ERP is written, so that other people's
    edits of other fields stay; an edit that has to give way is kept in the history."""

    def __init__(
        self,
        connection: Connection,
        source: str,
        keys: Sequence[str],
        *,
        run_id: str | None,
        by: str,
        now: datetime,
    ) -> None:
        self._connection = connection
        self._source, self._run_id, self._by, self._now = source, run_id, by, now
        self._rows: dict[str, Row[Any]] = {}
        self._events: list[dict[str, Any]] = []
        for part in in_lists(sorted(set(keys))):
            self._load(part)
        self._inserts: list[dict[str, Any]] = []

    def _load(self, keys: Sequence[str]) -> None:
        query = select(orders).where(orders.c.source == self._source, orders.c.key.in_(keys)).with_for_update()
        self._rows.update({row.key: row for row in self._connection.execute(query)})

    def apply(self, change: Change, stored: Mapping[str, Scalar]) -> int:
        """Writes one change; ``stored``: the proven fields after it.  Returns the order's new version."""
        row = self._rows.get(change.key)
        if row is None:
            version, overwritten = 1, {}
            self._inserts.append(self._new(change, stored))
        else:
            self._note_outside_edit(row, change)
            version = row.version + 1
            overwritten = self._update(row, change, version)
        names = () if change.kind in _LIFE else [n for n in change.changed_fields if n not in change.store_keeps]
        before, after = plain_fields(change.before), plain_fields(change.after)
        self._event(
            change,
            change.kind.value,
            by=self._by,
            version=version,
            changed={n: {"from": before.get(n), "to": after.get(n)} for n in names},
            overwritten=overwritten,
            evidence=evidence(change.readings),
        )
        return version

    def finish(self) -> None:
        if self._inserts:
            self._connection.execute(insert(orders), self._inserts)
        if self._events:
            self._connection.execute(insert(order_events), self._events)

    def _new(self, change: Change, stored: Mapping[str, Scalar]) -> dict[str, Any]:
        columns, extra = _apart(place(stored, change.order_no))
        columns.setdefault("line_no", "/".join(change.key.split(KEY_SEP)[1:]) or None)
        return {
            **dict.fromkeys(STANDARD),
            **columns,
            "extra": extra,
            "source": change.source,
            "key": change.key,
            "order_no": change.order_no,
            "life": _LIFE.get(change.kind, "active"),
            "first_seen_at": self._now,
            "updated_at": self._now,
            "updated_by": "bridge",
            "version": 1,
            "bridge_version": 1,
        }

    def _update(self, row: Row[Any], change: Change, version: int) -> dict[str, Any]:
        """Returns the outside values that gave way."""
        columns: dict[str, Any] = {}
        extra = dict(row.extra)
        overwritten: dict[str, Any] = {}
        if change.kind not in _LIFE:
            before = place(change.before, change.order_no)
            after = place(change.after, change.order_no)
            for name in change.changed_fields:
                if name in change.store_keeps or (name not in before and name not in after):
                    continue
                held = _held(row, name, before.get(name), after.get(name))
                if held not in (bare(before.get(name)), bare(after.get(name))):
                    overwritten[name] = plain_scalar(held)
                _put(columns, extra, name, before.get(name), after.get(name))
        self._connection.execute(
            update(orders)
            .where(orders.c.source == change.source, orders.c.key == change.key)
            .values(
                **columns,
                extra=extra,
                life=_LIFE.get(change.kind, "active"),
                updated_at=self._now,
                updated_by="bridge",
                version=version,
                bridge_version=version,
            )
        )
        self._load([change.key])
        return overwritten

    def _note_outside_edit(self, row: Row[Any], change: Change) -> None:
        """Our write makes version and bridge_version equal again; that someone else was here must not be
        forgotten with it."""
        if row.version == row.bridge_version:
            return
        edits = {}
        for name, was in place(change.before, change.order_no).items():
            if (held := _held(row, name, was, None)) != bare(was):
                edits[name] = {"from": plain_scalar(bare(was)), "to": plain_scalar(held)}
        self._event(
            change, "edited_outside", by=row.updated_by, version=row.version, at=row.updated_at, changed=edits
        )

    def _event(self, change: Change, event: str, *, by: str, version: int, **more: Any) -> None:
        self._events.append(
            {
                "source": change.source,
                "key": change.key,
                "order_no": change.order_no,
                "event": event,
                "at": self._now,
                "by": by,
                "run_id": self._run_id,
                "version": version,
                "changed": {},
                "overwritten": {},
                "evidence": {},
                **more,
            }
        )


def _apart(placed: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    columns = {n: v for n, v in placed.items() if not isinstance(v, tuple)}
    return columns, {n: v[1] for n, v in placed.items() if isinstance(v, tuple)}


def bare(placed: Any) -> Any:
    return placed[1] if isinstance(placed, tuple) else placed


def _held(row: Row[Any], name: str, before: Any, after: Any) -> Any:
    """What the table holds now for a field that ``place`` put where ``before`` or ``after`` say."""
    if isinstance(before, tuple) or isinstance(after, tuple):
        return row.extra.get(name)
    return getattr(row, name)


def _put(columns: dict[str, Any], extra: dict[str, Any], name: str, before: Any, after: Any) -> None:
    if isinstance(after, tuple):
        extra[name] = after[1]
        if before is not None and not isinstance(before, tuple):
            columns[name] = None  # it was of the column's type before
        return
    if name in STANDARD:
        columns[name] = after
    if isinstance(before, tuple):
        extra.pop(name, None)
