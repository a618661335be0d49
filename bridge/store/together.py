"""One order's lines go out together: what is decided of one waits until nothing of its order is asked any more.

Two things wait: the changes that people's decisions made (in ``decisions.undo``, the kind of change is then
``WAITING``), and the proven changes of other lines that the last run held back for the order's sake (in ``meta``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from bridge.encoded import encode_fields
from bridge.records import KEY_SEP, Change, ObservedList, ProvenPicture
from bridge.store.apply import apply_changes, load_baseline
from bridge.store.encoding import change_from_json, change_to_json
from bridge.store.tables import decisions, meta, review_items
from bridge.store.undo import found_before

WAITING = "waiting"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sending:
    """Where changes go out: one transaction, its receivers and its moment."""

    connection: Connection
    source: str
    receivers: Sequence[str]
    now: datetime
    new_id: Callable[[], str]

    def send(self, change: Change, *, by: str) -> list[str]:
        """Applies one change; returns the ids of its messages."""
        ids: list[str] = []

        def noted() -> str:
            ids.append(self.new_id())
            return ids[-1]

        rows = load_baseline(self.connection, self.source, [change.key])
        apply_changes(
            self.connection, self.source, [change], rows,
            run_id=None, by=by, receivers=self.receivers, now=self.now, new_id=noted,
        )  # fmt: skip
        return ids


def asked_about(connection: Connection, source: str, order_no: str) -> bool:
    """Whether a question about this order is open."""
    t = review_items.c
    query = select(t.id).where(t.source == source, t.order_no == order_no, t.state == "open").limit(1)
    return connection.execute(query).first() is not None


def decided(
    sending: Sending, change: Change | None, key: str, *, by: str, proofs: Sequence[ProvenPicture]
) -> tuple[dict[str, Any], list[str], bool]:
    """A decided row goes out, or waits for its order's other rows.

    Returns what taking the decision back needs, the ids of the messages, and whether it waits.
    """
    connection, source = sending.connection, sending.source
    row = load_baseline(connection, source, [key]).get(key)
    was = found_before(connection, source, key, row, proofs)
    _drop_waiting(connection, source, key)  # what is said now takes the place of what was said before
    # Where a row is a whole order, another row's question is about another order.
    waits = change is not None and KEY_SEP in change.key and asked_about(connection, source, change.order_no)
    ids = [] if change is None or waits else sending.send(change, by=by)
    left = load_baseline(connection, source, [key]).get(key)
    was |= {"after": encode_fields(left.fields) if left is not None else None, "messages": ids}
    was["store_keeps"] = list(change.store_keeps) if change is not None else []
    if change is not None and waits:
        was[WAITING] = change_to_json(change)
    return was, ids, waits


def hold(connection: Connection, source: str, changes: Sequence[Change], now: datetime) -> None:
    """Keeps the proven changes that a run held back, instead of those of the run before."""
    name = held_name(source)
    connection.execute(delete(meta).where(meta.c.name == name))
    if changes:
        value = [change_to_json(c) for c in changes]
        connection.execute(insert(meta).values(name=name, value=value, updated_at=now))


def release(sending: Sending, orders: Sequence[str] | None = None) -> int:
    """Sends what waits of these orders, or of all, if nothing of them is asked any more; returns the number of
    messages."""
    connection, source = sending.connection, sending.source
    sent = 0
    for decision in _waiting(connection, source):
        order_no = decision.key.split(KEY_SEP)[0]
        if (orders is not None and order_no not in orders) or asked_about(connection, source, order_no):
            continue
        change = change_from_json(decision.undo[WAITING])
        row = load_baseline(connection, source, [change.key]).get(change.key)
        found = {**found_before(connection, source, change.key, row, ()), "memory": decision.undo["memory"]}
        ids = sending.send(change, by=decision.by)
        left = load_baseline(connection, source, [change.key])[change.key]
        kept = {n: v for n, v in decision.undo.items() if n != WAITING}
        undo = {**kept, "before": found["before"], "after": encode_fields(left.fields), "messages": ids}
        connection.execute(
            update(decisions).where(decisions.c.id == decision.id).values(change=change.kind.value, undo=undo)
        )
        sent += len(ids)
    return sent + _send_held(sending, orders)


def overtaken(connection: Connection, observed: ObservedList) -> None:
    """Forgets decided changes of rows that this run read without doubt, or that a whole list no longer shows."""
    here = {line.key: line for line in observed.lines}
    for decision in _waiting(connection, observed.source):
        line = here.get(decision.key)
        if (line is None and observed.complete) or (line is not None and line.ok):
            _drop(connection, decision)


def _send_held(sending: Sending, orders: Sequence[str] | None) -> int:
    name = held_name(sending.source)
    connection = sending.connection
    held: list[Any] = (
        connection.execute(select(meta.c.value).where(meta.c.name == name)).scalar_one_or_none() or []
    )
    free = {c["order_no"] for c in held if orders is None or c["order_no"] in orders}
    free = {no for no in free if not asked_about(connection, sending.source, no)}
    if not free:
        return 0
    sent = 0
    for data in held:
        if data["order_no"] in free:
            sent += len(sending.send(change_from_json(data), by="bridge"))
    rest = [c for c in held if c["order_no"] not in free]
    connection.execute(update(meta).where(meta.c.name == name).values(value=rest, updated_at=sending.now))
    return sent


def _waiting(connection: Connection, source: str) -> Sequence[Any]:
    t = decisions.c
    query = select(decisions).where(t.source == source, t.change == WAITING, t.undone_at.is_(None)).order_by(t.id)
    return connection.execute(query).all()


def _drop_waiting(connection: Connection, source: str, key: str) -> None:
    for decision in _waiting(connection, source):
        if decision.key == key:
            _drop(connection, decision)


def _drop(connection: Connection, decision: Any) -> None:
    undo: Mapping[str, Any] = {n: v for n, v in decision.undo.items() if n != WAITING}
    connection.execute(update(decisions).where(decisions.c.id == decision.id).values(change=None, undo=undo))


def held_name(source: str) -> str:
    return f"held:{source}"
