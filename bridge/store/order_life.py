"""What is known of each active order just now, and how certainly: what order-life rules go by.

The central table says what an order is; the last reading of its row says which of that is in doubt, and what the
ERP shows already but has not flowed yet, because another part of the order waits for a person.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from bridge.contracts.kept import UNCERTAIN, LinkState
from bridge.interfaces import Action
from bridge.reconcile.same import same
from bridge.records import ChangeKind, ReviewKind, Scalar
from bridge.rules.judge import OrderNow, Standing
from bridge.rules.rule import STATUS
from bridge.store.apply import load_baseline
from bridge.store.database import Database
from bridge.store.encoding import change_from_json, value_from_json
from bridge.store.in_lists import in_lists
from bridge.store.orders import STANDARD
from bridge.store.tables import (
    baseline,
    contract_links,
    contracts,
    decisions,
    meta,
    observations,
    order_events,
    orders,
    review_items,
)
from bridge.store.together import WAITING, held_name

_STANDS = (Action.ACCEPT.value, Action.TYPE.value, Action.KEEP.value)
"""Decisions after which the stored value of what was doubtful is certain."""


@dataclass(kw_only=True, slots=True)
class _Row:
    """What the last reading adds to one order."""

    doubtful: set[str] = field(default_factory=set)
    unsure: bool = False
    newer: dict[str, Scalar] = field(default_factory=dict)


class OrderLife:
    def __init__(self, database: Database) -> None:
        self._database = database

    def orders_now(
        self, source: str, run_id: str, fields: Collection[str], store_owned: Collection[str] = ()
    ) -> list[OrderNow]:
        """The active orders of a source, with these fields, as of its last complete run.  Without how long they
        have been in their status; see ``standings``.  store_owned: fields whose value in the store stays, whatever
        the ERP shows."""
        standard = [orders.c[n] for n in sorted({*fields, "customer"} & {*STANDARD})]
        extra = [orders.c.extra] if {*fields} - {*STANDARD} else []
        t, b = orders.c, baseline.c
        query = (
            select(t.key, t.order_no, *standard, *extra)
            .join_from(orders, baseline, (b.source == t.source) & (b.key == t.key))
            .where(t.source == source, t.life == "active", b.absent.is_(False))
            .order_by(t.key)
        )
        with self._database.read() as connection:
            added = _readings(connection, source, run_id, fields)
            promised = _promised(connection, source)
            found = []
            for row in connection.execute(query).mappings():
                values = {"order_no": row["order_no"], **{c.name: row[c.name] for c in standard}}
                if extra:
                    values |= {n: v for n, v in row["extra"].items() if n in fields}
                reading = added.get(row["key"]) or _Row(unsure=True)
                values |= {n: v for n, v in reading.newer.items() if n not in store_owned}
                found.append(
                    OrderNow(
                        source=source,
                        key=row["key"],
                        order_no=row["order_no"],
                        values=values,
                        doubtful=frozenset(reading.doubtful),
                        unsure=reading.unsure,
                        promised=promised.get(row["key"]),
                    )
                )
            return found

    def standings(self, source: str, statuses: Mapping[str, str]) -> dict[str, Standing]:
        """How long orders have been in their status.  statuses: key → the status as it is now."""
        found: dict[str, Standing] = {}
        with self._database.read() as connection:
            for part in in_lists(sorted(statuses)):
                events = _status_events(connection, source, part)
                seen = _otherwise_seen(connection, source, part)
                found |= {k: _standing(statuses[k], events.get(k, ()), seen.get(k)) for k in part}
        return found

    def held_fields(self, source: str, fields: Collection[str]) -> frozenset[str]:
        """Those of these fields that some order of the source holds a value of."""
        t = orders.c
        found = set()
        with self._database.read() as connection:
            for name in fields:
                if name in STANDARD:
                    query = select(t.key).where(t.source == source, t[name].is_not(None))
                else:
                    query = select(t.key).where(t.source == source, t.extra[name].as_string().is_not(None))
                if connection.execute(query.limit(1)).first() is not None:
                    found.add(name)
        return frozenset(found)

    def status_words(self, source: str) -> frozenset[str]:
        """The words that active orders have as their status."""
        t = orders.c
        query = select(t.status).where(t.source == source, t.life == "active", t.status.is_not(None)).distinct()
        with self._database.read() as connection:
            return frozenset(connection.execute(query).scalars())

    def has_promises(self, source: str) -> bool:
        """Does a contract bind any order of the source?"""
        query = select(contract_links.c.key).where(contract_links.c.source == source).limit(1)
        with self._database.read() as connection:
            return connection.execute(query).first() is not None


def _readings(connection: Connection, source: str, run_id: str, fields: Collection[str]) -> dict[str, _Row]:
    """By key, of the rows that the run surely saw; what is not here was not seen."""
    t = observations.c
    here = (t.source == source, t.current, t.key_ok, t.last_run == run_id)
    rows: dict[str, _Row] = {}
    for key in connection.execute(select(t.key).where(*here)).scalars():
        rows[key] = _Row(unsure=key in rows)  # two rows that both say they are it
    _add_doubts(connection, source, fields, here, rows)
    for key, names, kind in _asked(connection, source):
        if key in rows:
            rows[key].doubtful |= names
            rows[key].unsure |= kind != ReviewKind.DOUBTFUL_ROW
    held = select(meta.c.value).where(meta.c.name == held_name(source))
    for change in map(change_from_json, connection.execute(held).scalar_one_or_none() or ()):
        if change.key in rows and change.kind in (ChangeKind.CHANGED, ChangeKind.BACK):
            rows[change.key].newer |= {n: change.after.get(n) for n in change.changed_fields if n in fields}
    d = decisions.c
    waits = select(d.key).where(d.source == source, d.change == WAITING, d.undone_at.is_(None))
    for key in connection.execute(waits).scalars():
        if key in rows:  # decided, and what was decided has not gone out yet
            rows[key].unsure = True
    return rows


def _add_doubts(
    connection: Connection, source: str, fields: Collection[str], here: Sequence[Any], rows: Mapping[str, _Row]
) -> None:
    t = observations.c
    query = select(t.key, t.first_seen, t.readings).where(*here, t.ok.is_(False))
    doubted = connection.execute(query).all()
    keys = [row.key for row in doubted]
    settled = _settled(connection, source, keys)
    stored = {k: b for part in in_lists(keys) for k, b in load_baseline(connection, source, part).items()}
    for row in doubted:
        last = stored.get(row.key)
        for name, data in row.readings.items():
            if name not in fields:
                continue
            value = value_from_json(name, data)
            if not value.ok:
                said = settled.get(row.key)
                if said is None or said < row.first_seen:
                    rows[row.key].doubtful.add(name)
            elif last is not None and name in last.fields and not same(last.fields[name], value.value):
                rows[row.key].newer[name] = value.value


def _asked(connection: Connection, source: str) -> Iterator[tuple[str, frozenset[str], ReviewKind]]:
    t = review_items.c
    query = select(t.key, t.fields, t.kind).where(t.source == source, t.state == "open", t.key.is_not(None))
    for row in connection.execute(query):
        yield row.key, frozenset(row.fields), ReviewKind(row.kind)


def _settled(connection: Connection, source: str, keys: Sequence[str]) -> dict[str, datetime]:
    """When a person last said what these rows are, by key."""
    t = review_items.c
    found: dict[str, datetime] = {}
    for part in in_lists(sorted(set(keys))):
        query = select(t.key, t.closed_at).where(
            t.source == source, t.key.in_(part), t.state == "decided", t.binding, t.decision.in_(_STANDS)
        )
        for row in connection.execute(query):
            if row.closed_at is not None:
                found[row.key] = max(row.closed_at, found.get(row.key, row.closed_at))
    return found


def _promised(connection: Connection, source: str) -> dict[str, date]:
    """The earliest day that contracts beyond doubt promise, by key."""
    n, c = contract_links.c, contracts.c
    query = (
        select(n.key, c.due, c.asks)
        .join_from(contract_links, contracts, n.contract == c.id)
        .where(
            n.source == source,
            n.state == LinkState.LINKED.value,
            c.superseded_by.is_(None),
            c.sure,
            c.due.is_not(None),
        )
    )
    days: dict[str, date] = {}
    uncertain = {a.value for a in UNCERTAIN}
    for row in connection.execute(query):
        if not uncertain & {*row.asks}:
            days[row.key] = min(row.due, days.get(row.key, row.due))
    return days


# --- how long in its status -----------------------------------------------------------------------------------


def _status_events(connection: Connection, source: str, keys: Sequence[str]) -> dict[str, list[Any]]:
    """(id, at, to) of every change of the status, oldest first, by key."""
    t = order_events.c
    to = t.changed[(STATUS, "to")].as_string()
    query = (
        select(t.key, t.id, t.at, to.label("to"))
        .where(t.source == source, t.key.in_(keys), to.is_not(None))
        .order_by(t.id)
    )
    found: dict[str, list[Any]] = {}
    for row in connection.execute(query):
        found.setdefault(row.key, []).append(row)
    return found


def _otherwise_seen(connection: Connection, source: str, keys: Sequence[str]) -> dict[str, datetime]:
    """Where no event says when an order came into its status (someone outside wrote it, or it has not flowed yet):
    the last time that anything of its row changed, by key.  Too late rather than too early."""
    t, o = orders.c, observations.c
    found = {
        row.key: row.updated_at
        for row in connection.execute(select(t.key, t.updated_at).where(t.source == source, t.key.in_(keys)))
    }
    seen = select(o.key, o.first_seen).where(o.source == source, o.key.in_(keys), o.current, o.key_ok)
    for row in connection.execute(seen):
        found[row.key] = max(row.first_seen, found.get(row.key, row.first_seen))
    return found


def _standing(status: str, events: Sequence[Any], otherwise: datetime | None) -> Standing:
    """The spell is named after the last event that made the status something else: that event stays the same,
    whether the one that brought it here is written sooner, later or never."""
    before, entered = 0, None
    for event in events:
        if event.to != status:
            before, entered = event.id, None
        elif entered is None:
            entered = event.at
    return Standing(since=entered if entered is not None else otherwise, spell=f"{status}@{before}")
