"""Contracts in the database: each file once, what people said of it, and what follows from it and the orders.

What follows (links by number, replaced contracts, days of open terms) is worked out anew from all that is there,
in one transaction, whenever something changes: it never depends on what came first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, and_, delete, insert, select, update

from bridge.contracts.kept import (
    Ask,
    BaseEvent,
    ContractEntry,
    Link,
    LinkHow,
    LinkState,
    Stated,
    StoredContract,
)
from bridge.contracts.matching import OrderRef, Orders, Paper, due, families
from bridge.errors import AlreadyDecided, UsageError
from bridge.store import audit as trail
from bridge.store.database import Database
from bridge.store.observations import chunks
from bridge.store.shipping import first_change
from bridge.store.tables import (
    contract_entries,
    contract_events,
    contract_links,
    contracts,
    orders,
)

LOCK = "contracts"


@dataclass(frozen=True, kw_only=True, slots=True)
class EventRules:
    """Where orders show base events.  fields: event → field of the order that holds its day.
    statuses: event → the status word that means that it has happened.  zone: source → whose days count."""

    fields: Mapping[str, str]
    statuses: Mapping[str, str]
    zone: Callable[[str], tzinfo | None]


NO_RULES = EventRules(fields={}, statuses={}, zone=lambda source: None)


class Contracts:
    def __init__(self, database: Database) -> None:
        self._database = database

    # --- keeping --------------------------------------------------------------------------------------------

    def contract_of(self, content: str) -> StoredContract | None:
        """The contract that was read from a file of this sha256."""
        with self._database.read() as connection:
            found = _load(connection, contracts.c.content == content)
            return found[0] if found else None

    def keep_contract(
        self,
        *,
        content: str,
        file: str,
        as_read: Mapping[str, Any],
        picture: str,
        page_picture: str,
        now: datetime,
        rules: EventRules = NO_RULES,
    ) -> tuple[StoredContract, bool]:
        """Keeps what was read from a file; (contract, is it new).  The same content again changes nothing.

        as_read: ``ContractResult.as_json``, of a file that could be read.  picture, page_picture: sha256 of kept
        pictures, "" for none."""
        with self._database.write(lock=LOCK) as connection:
            known = connection.execute(select(contracts.c.id).where(contracts.c.content == content)).scalar()
            if known is None:
                values = {
                    "content": content,
                    "file": _storable(file),
                    "received_at": now,
                    "version": 1,
                    "as_read": _clean(as_read),
                    "stated": _stated_json(_stated_of(as_read)),
                    "sure": as_read["status"] == "ok",
                    "contract_no": _storable(as_read["contract_no"] or ""),
                    "signing_date": _day(as_read["signing_date"]),
                    "buyer": _storable(as_read["buyer"] or ""),
                    "picture": picture,
                    "page_picture": page_picture,
                    "asks": [],
                    "replaced_by_person": False,
                }
                known, fresh = (
                    connection.execute(insert(contracts).values(values).returning(contracts.c.id)).scalar_one(),
                    True,
                )
                _refresh(connection, rules)
            else:
                fresh = False
            return _load(connection, contracts.c.id == known)[0], fresh

    def refresh_contracts(self, rules: EventRules = NO_RULES) -> int:
        """Works out anew what follows from the orders as they stand now; returns how many contracts changed."""
        with self._database.read() as connection:
            if connection.execute(select(contracts.c.id).limit(1)).scalar() is None:
                return 0
        with self._database.write(lock=LOCK) as connection:
            return _refresh(connection, rules)

    # --- looking --------------------------------------------------------------------------------------------

    def contract(self, number: int) -> StoredContract:
        """Raises UsageError if there is none of this number."""
        with self._database.read() as connection:
            return _one(connection, number)

    def contracts(self, *, waiting: bool = False) -> list[StoredContract]:
        """All of them, or those that wait for a person; the newest first."""
        with self._database.read() as connection:
            found = _load(connection, None)
        return [c for c in reversed(found) if c.asks or not waiting]

    def contracts_of(self, source: str, key: str) -> list[StoredContract]:
        """The contracts that bind this order or may do so, oldest first; replaced ones included."""
        t = contract_links.c
        bound = select(t.contract).where(t.source == source, t.key == key, t.state != LinkState.REFUSED.value)
        with self._database.read() as connection:
            return _load(connection, contracts.c.id.in_(bound))

    def contract_entries(self, number: int) -> list[ContractEntry]:
        """What people did to a contract, the newest first."""
        t = contract_entries.c
        query = select(contract_entries).where(t.contract == number).order_by(t.id.desc())
        with self._database.read() as connection:
            return [
                ContractEntry(at=r.at, by=r.by, action=r.action, details=r.details)
                for r in connection.execute(query)
            ]

    def contract_pictures(self) -> set[str]:
        """Every picture that a contract is shown with: a promise is proven by it for as long as it is kept."""
        t = contracts.c
        with self._database.read() as connection:
            return {name for row in connection.execute(select(t.picture, t.page_picture)) for name in row if name}

    # --- deciding -------------------------------------------------------------------------------------------

    def decide_contract(
        self,
        number: int,
        *,
        stated: Stated | None = None,
        version: int | None,
        by: str,
        now: datetime,
        rules: EventRules = NO_RULES,
    ) -> StoredContract:
        """The promise as a person says it is; None: as it was read.

        version: of the contract that the person saw; None: whatever stands there.  Raises AlreadyDecided if
        somebody was faster, UsageError if there is no such contract, or nothing to confirm."""
        with self._database.write(lock=LOCK) as connection:
            before = _seen(connection, number, version)
            if stated is None and before.stated.kind == "unreadable":
                raise UsageError("nothing was read that could be confirmed", hint="Enter the date, or say none.")
            given = stated or before.stated
            values = {
                "stated": _stated_json(given), "sure": True, "settled_by": by, "settled_at": now,
                "version": before.version + 1,
            }  # fmt: skip
            connection.execute(update(contracts).where(contracts.c.id == number).values(values))
            told = {"stated": _stated_json(given), "was": _stated_json(before.stated)}
            _note(connection, number, "confirm" if stated is None else "correct", told, by=by, now=now)
            _refresh(connection, rules)
            return _one(connection, number)

    def note_event(
        self,
        number: int,
        event: str,
        day: date,
        *,
        version: int | None,
        by: str,
        now: datetime,
        rules: EventRules = NO_RULES,
    ) -> StoredContract:
        """The day of a base event, entered by a person; a later entry takes its place.  Raises as
        ``decide_contract``, and UsageError for an event that the contract's term does not count from."""
        with self._database.write(lock=LOCK) as connection:
            before = _seen(connection, number, version)
            wanted = (before.stated.event or "").split("+")
            if event not in wanted or not before.stated.is_term:
                what = f"counts from {before.stated.event}" if before.stated.is_term else "is no open term"
                raise UsageError(f"the promise of contract {number} {what}, not from {event!r}")
            row = {"contract": number, "event": event, "day": day, "how": "person", "by": by, "at": now}
            connection.execute(insert(contract_events).values(row))
            _rise(connection, before)
            told = {"event": event, "day": day.isoformat()}
            _note(connection, number, "event", told, by=by, now=now)
            _refresh(connection, rules)
            return _one(connection, number)

    def link_contract(
        self,
        number: int,
        source: str,
        key: str,
        *,
        linked: bool = True,
        version: int | None,
        by: str,
        now: datetime,
        rules: EventRules = NO_RULES,
    ) -> StoredContract:
        """A person says that the contract binds this order, or that it does not.  Raises as ``decide_contract``,
        and UsageError for an order that there is not."""
        t = contract_links.c
        with self._database.write(lock=LOCK) as connection:
            before = _seen(connection, number, version)
            order_no = connection.execute(
                select(orders.c.order_no).where(orders.c.source == source, orders.c.key == key)
            ).scalar()
            if order_no is None:
                raise UsageError(f"there is no order {key!r} of {source}")
            connection.execute(
                delete(contract_links).where(t.contract == number, t.source == source, t.key == key)
            )
            state = LinkState.LINKED if linked else LinkState.REFUSED
            link = Link(source=source, key=key, order_no=order_no, how=LinkHow.PERSON, state=state, by=by)
            connection.execute(insert(contract_links).values(_link_row(number, link)))
            _rise(connection, before)
            told = {"source": source, "order_no": order_no}
            _note(connection, number, "link" if linked else "unlink", told, by=by, now=now)
            _refresh(connection, rules)
            return _one(connection, number)

    def replace_contract(
        self,
        number: int,
        by_contract: int | None,
        *,
        version: int | None,
        by: str,
        now: datetime,
        rules: EventRules = NO_RULES,
    ) -> StoredContract:
        """A person says that another contract holds in place of this one; None: that this one holds.
        Raises as ``decide_contract``, and UsageError where two would replace each other."""
        with self._database.write(lock=LOCK) as connection:
            before = _seen(connection, number, version)
            if by_contract is not None:
                after = _one(connection, by_contract)
                if number in {by_contract, after.superseded_by}:
                    raise UsageError("a contract cannot replace itself")
            values = {
                "superseded_by": by_contract, "replaced_by_person": by_contract is not None,
                "version": before.version + 1,
            }  # fmt: skip
            connection.execute(update(contracts).where(contracts.c.id == number).values(values))
            _note(connection, number, "replace", {"by_contract": by_contract}, by=by, now=now)
            _refresh(connection, rules)
            return _one(connection, number)


# --- what follows -------------------------------------------------------------------------------------------


def _refresh(connection: Connection, rules: EventRules) -> int:
    every = _load(connection, None)
    replaced_by_person = set(
        connection.execute(select(contracts.c.id).where(contracts.c.replaced_by_person)).scalars()
    )
    papers = {c.id: _paper(c, c.id in replaced_by_person) for c in every}
    replaced, contradicting = families(list(papers.values()))
    known = Orders(_order_refs(connection))
    changed = {
        c.id: _worked_out(connection, c, papers[c.id], known, replaced, contradicting, rules) for c in every
    }
    _against_each_other(changed)
    number = 0
    for before in every:
        after = changed[before.id]
        if after == before:
            continue
        number += 1
        _write(connection, before, after)
    return number


def _worked_out(
    connection: Connection,
    c: StoredContract,
    paper: Paper,
    known: Orders,
    replaced: Mapping[int, int],
    contradicting: set[int],
    rules: EventRules,
) -> StoredContract:
    by_person = tuple(n for n in c.links if n.how is LinkHow.PERSON)
    told = {(n.source, n.key) for n in by_person}
    found, ask = known.match(paper)
    links = (*by_person, *(n for n in found if (n.source, n.key) not in told))
    if any(n.state is LinkState.LINKED for n in links):
        ask = None
        links = tuple(n for n in links if n.state is not LinkState.PROPOSED)
    elif not any(n.state is LinkState.PROPOSED for n in links):
        ask = Ask.UNMATCHED
    entered = tuple(e for e in c.events if e.how == "person")
    linked = [n for n in links if n.state is LinkState.LINKED]
    events = (*entered, *_seen_in_orders(connection, linked, c.stated, rules))
    named: dict[str, list[BaseEvent]] = defaultdict(list)
    for e in events:
        named[e.event].append(e)
    day, event_ask = due(c.stated, named)
    superseded = replaced.get(c.id)
    asks: tuple[Ask, ...] = ()
    if superseded is None:
        wanted = (
            None if c.sure else Ask.PROMISE,
            # A paper that promises nothing binds no order to anything.
            ask if c.stated.says_something or not c.sure else None,
            Ask.CONFLICT if c.id in contradicting else None,
            event_ask if c.sure else None,
        )
        asks = tuple(a for a in wanted if a is not None)
    return replace(
        c,
        links=tuple(sorted(links, key=lambda n: (n.source, n.key))),
        events=events,
        due=day if c.sure else None,
        superseded_by=superseded,
        asks=asks,
    )


def _against_each_other(changed: dict[int, StoredContract]) -> None:
    """Two contracts of different numbers that bind one order to different days: a person decides which holds."""
    by_order: dict[tuple[str, str], list[int]] = defaultdict(list)
    for c in changed.values():
        if c.superseded_by is None and (c.stated.says_something or not c.sure):
            for n in c.linked:
                by_order[n.source, n.key].append(c.id)
    for ids in by_order.values():
        promises = {(changed[i].due, changed[i].stated if changed[i].due is None else None) for i in ids}
        if len(ids) > 1 and (len(promises) > 1 or not all(changed[i].sure for i in ids)):
            for i in ids:
                if Ask.CONFLICT not in changed[i].asks:
                    changed[i] = replace(changed[i], asks=(*changed[i].asks, Ask.CONFLICT))


def _seen_in_orders(
    connection: Connection, linked: Sequence[Link], stated: Stated, rules: EventRules
) -> list[BaseEvent]:
    """What the orders show of the events that the term counts from, each day once."""
    if not stated.is_term or not linked:
        return []
    found: dict[BaseEvent, None] = {}
    for event in (stated.event or "").split("+"):
        for link in linked:
            if (name := rules.fields.get(event)) and (day := _day_in(connection, link, name)):
                found[BaseEvent(event=event, day=day, how=name)] = None
            if word := rules.statuses.get(event):
                seen = _status_days(connection, link, word, rules.zone(link.source))
                if seen is not None:
                    found[BaseEvent(event=event, day=seen[1], earliest=seen[0], how=f"status={word}")] = None
    return list(found)


def _day_in(connection: Connection, link: Link, name: str) -> date | None:
    where = and_(orders.c.source == link.source, orders.c.key == link.key)
    row = connection.execute(select(orders).where(where)).one_or_none()
    if row is None:
        return None
    value = getattr(row, name) if name in orders.c else dict(row.extra).get(name)
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _status_days(connection: Connection, link: Link, word: str, zone: tzinfo | None) -> tuple[date, date] | None:
    """Between which days the status became this word; None if that was never seen happening."""
    seen = first_change(connection, link.source, link.key, lambda values: values.get("status") == word)
    if seen is None or seen.not_yet is None:
        return None
    return seen.not_yet.astimezone(zone).date(), seen.at.astimezone(zone).date()


def _paper(c: StoredContract, by_person: bool) -> Paper:
    return Paper(
        id=c.id,
        contract_no=c.contract_no,
        buyer=c.buyer,
        signing_date=c.signing_date,
        totals=c.totals,
        doubted=frozenset(c.doubted),
        stated=c.stated,
        sure=c.sure,
        replaced_by=c.superseded_by if by_person else None,
    )


def _order_refs(connection: Connection) -> list[OrderRef]:
    t = orders.c
    query = select(t.source, t.key, t.order_no, t.contract_no, t.customer, t.amount, t.order_date)
    return [
        OrderRef(
            source=r.source, key=r.key, order_no=r.order_no, contract_no=r.contract_no or "",
            customer=r.customer or "", amount=r.amount, order_date=r.order_date,
        )
        for r in connection.execute(query)
    ]  # fmt: skip


# --- rows ---------------------------------------------------------------------------------------------------


def _write(connection: Connection, before: StoredContract, after: StoredContract) -> None:
    """Never the version: what follows by itself does not invalidate what a person is about to say."""
    values = {"due": after.due, "superseded_by": after.superseded_by, "asks": [a.value for a in after.asks]}
    connection.execute(update(contracts).where(contracts.c.id == after.id).values(values))
    if after.links != before.links:
        mine = contract_links.c.contract == after.id
        connection.execute(delete(contract_links).where(mine))
        if after.links:
            connection.execute(insert(contract_links), [_link_row(after.id, n) for n in after.links])
    if after.events != before.events:
        t = contract_events.c
        connection.execute(delete(contract_events).where(t.contract == after.id, t.how != "person"))
        seen = [e for e in after.events if e.how != "person"]
        rows = [
            {"contract": after.id, "event": e.event, "day": e.day, "earliest": e.earliest, "how": e.how, "by": "",
             "at": after.received_at} for e in seen
        ]  # fmt: skip
        if rows:
            connection.execute(insert(contract_events), rows)


def _link_row(contract: int, link: Link) -> dict[str, Any]:
    return {
        "contract": contract,
        "source": link.source,
        "key": link.key,
        "order_no": link.order_no,
        "how": link.how.value,
        "state": link.state.value,
        "by": link.by,
    }


def _load(connection: Connection, where: Any) -> list[StoredContract]:
    query = select(contracts).order_by(contracts.c.id)
    rows = connection.execute(query if where is None else query.where(where)).all()
    ids = [row.id for row in rows]
    links: dict[int, list[Link]] = defaultdict(list)
    events: dict[int, list[BaseEvent]] = defaultdict(list)
    for part in chunks(ids):
        t = contract_links.c
        for r in connection.execute(select(contract_links).where(t.contract.in_(part)).order_by(t.source, t.key)):
            links[r.contract].append(
                Link(
                    source=r.source, key=r.key, order_no=r.order_no, how=LinkHow(r.how), state=LinkState(r.state),
                    by=r.by,
                )
            )  # fmt: skip
        e = contract_events.c
        for r in connection.execute(
            select(contract_events).where(e.contract.in_(part)).order_by(e.how != "person", e.id)
        ):
            made = BaseEvent(event=r.event, day=r.day, how=r.how, by=r.by, earliest=r.earliest)
            events[r.contract].append(made)
    return [_stored(row, tuple(links[row.id]), tuple(events[row.id])) for row in rows]


def _stored(row: Any, links: tuple[Link, ...], events: tuple[BaseEvent, ...]) -> StoredContract:
    read = row.as_read
    return StoredContract(
        id=row.id,
        content=row.content,
        file=row.file,
        received_at=row.received_at,
        version=row.version,
        stated=_stated_from(row.stated),
        due=row.due,
        clause=read["clause"],
        page=read["page"],
        reason=read["reason"],
        confidence=read["confidence"],
        contract_no=row.contract_no,
        signing_date=row.signing_date,
        buyer=row.buyer,
        seller=read["seller"] or "",
        totals=tuple(Decimal(t) for t in read["totals"]),
        doubted=tuple(read["doubted"]),
        picture=row.picture,
        page_picture=row.page_picture,
        sure=row.sure,
        settled_by=row.settled_by,
        settled_at=row.settled_at,
        superseded_by=row.superseded_by,
        asks=tuple(Ask(a) for a in row.asks),
        links=links,
        events=events,
        as_read=read,
    )


def _one(connection: Connection, number: int) -> StoredContract:
    found = _load(connection, contracts.c.id == number)
    if not found:
        raise UsageError(f"there is no contract {number}", hint="`bridge promise list` shows them.")
    return found[0]


def _seen(connection: Connection, number: int, version: int | None) -> StoredContract:
    found = _one(connection, number)
    if version is not None and found.version != version:
        who = found.settled_by or "somebody"
        raise AlreadyDecided(f"contract {number} was changed meanwhile ({who})", hint="Look at it again.")
    return found


def _rise(connection: Connection, c: StoredContract) -> None:
    connection.execute(update(contracts).where(contracts.c.id == c.id).values(version=c.version + 1))


def _note(
    connection: Connection, number: int, action: str, details: Mapping[str, Any], *, by: str, now: datetime
) -> None:
    row = {"contract": number, "at": now, "by": by, "action": action, "details": dict(details)}
    connection.execute(insert(contract_entries).values(row))
    told = {"contract": number, **details}
    trail.append(connection, at=now, actor=by, action=f"contract.{action}", details=told)


def _stated_of(read: Mapping[str, Any]) -> Stated:
    """The promise as it was read.  A term from signing has its day in the paper itself."""
    return Stated(
        kind=read["kind"],
        day=_day(read["promised_date"]),
        days=tuple(date.fromisoformat(d) for d in read["promised_dates"]),
        event=read["base_event"],
        offset=read["offset_days"],
        months=read["offset_months"],
        unit=read["offset_unit"],
    )


def _stated_json(stated: Stated) -> dict[str, Any]:
    return {
        "kind": stated.kind,
        "day": stated.day.isoformat() if stated.day else None,
        "days": [d.isoformat() for d in stated.days],
        "event": stated.event,
        "offset": stated.offset,
        "months": stated.months,
        "unit": stated.unit,
    }


def _stated_from(data: Mapping[str, Any]) -> Stated:
    return Stated(**{**data, "day": _day(data["day"]), "days": tuple(date.fromisoformat(d) for d in data["days"])})


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _storable(text: str) -> str:
    """Without what PostgreSQL and UTF-8 refuse: NUL, and halves of surrogate pairs of odd file names."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _clean(data: Any) -> Any:
    if isinstance(data, str):
        return _storable(data)
    if isinstance(data, Mapping):
        return {k: _clean(v) for k, v in data.items()}
    return [_clean(v) for v in data] if isinstance(data, list) else data
