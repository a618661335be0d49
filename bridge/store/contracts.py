"""Contracts in the database: each file once, what people said of it, and what follows from it and the orders.

What follows (links by number, replaced contracts, days of open terms) is worked out anew from all that is there,
in one transaction, whenever something changes: it never depends on what came first.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, insert, select, update

from bridge.contracts.kept import ContractEntry, Link, LinkHow, LinkState, Stated, StoredContract
from bridge.errors import UsageError
from bridge.store.contract_follow import NO_RULES, EventRules, changes, refresh
from bridge.store.contract_rows import (
    as_seen,
    clean,
    day_of,
    link_row,
    load,
    note,
    one,
    rise,
    stated_json,
    stated_of,
    storable,
)
from bridge.store.database import Database
from bridge.store.tables import contract_entries, contract_events, contract_links, contracts, orders

LOCK = "contracts"


class Contracts:
    def __init__(self, database: Database) -> None:
        self._database = database

    # --- keeping --------------------------------------------------------------------------------------------

    def contract_of(self, content: str) -> StoredContract | None:
        """The contract that was read from a file of this sha256."""
        with self._database.read() as connection:
            found = load(connection, contracts.c.content == content)
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
                    "file": storable(file),
                    "received_at": now,
                    "version": 1,
                    "as_read": clean(as_read),
                    "stated": stated_json(stated_of(as_read)),
                    "sure": as_read["status"] == "ok",
                    "contract_no": storable(as_read["contract_no"] or ""),
                    "signing_date": day_of(as_read["signing_date"]),
                    "buyer": storable(as_read["buyer"] or ""),
                    "picture": picture,
                    "page_picture": page_picture,
                    "asks": [],
                    "replaced_by_person": False,
                }
                known, fresh = (
                    connection.execute(insert(contracts).values(values).returning(contracts.c.id)).scalar_one(),
                    True,
                )
                refresh(connection, rules, now)
            else:
                fresh = False
            return load(connection, contracts.c.id == known)[0], fresh

    def refresh_contracts(self, rules: EventRules = NO_RULES) -> int:
        """Works out anew what follows from the orders as they stand now; returns how many contracts changed."""
        with self._database.read() as connection:
            if connection.execute(select(contracts.c.id).limit(1)).scalar() is None:
                return 0
            if not changes(connection, rules):  # as nearly always: then nobody has to wait for us
                return 0
        with self._database.write(lock=LOCK) as connection:
            return refresh(connection, rules, rules.clock())

    # --- looking --------------------------------------------------------------------------------------------

    def contract(self, number: int) -> StoredContract:
        """Raises UsageError if there is none of this number."""
        with self._database.read() as connection:
            return one(connection, number)

    def contracts(self, *, waiting: bool = False) -> list[StoredContract]:
        """All of them, or those that wait for a person; the newest first."""
        with self._database.read() as connection:
            found = load(connection, None)
        return [c for c in reversed(found) if c.asks or not waiting]

    def rows_of_order(self, order_no: str) -> list[tuple[str, str]]:
        """(source, key) of every row of this order number."""
        query = select(orders.c.source, orders.c.key).where(orders.c.order_no == order_no)
        with self._database.read() as connection:
            return [(r.source, r.key) for r in connection.execute(query.order_by(orders.c.source, orders.c.key))]

    def contract_entries(self, number: int) -> list[ContractEntry]:
        """What became of a contract, by people and by itself, the newest first."""
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
            before = as_seen(connection, number, version)
            if stated is None and before.stated.kind == "unreadable":
                raise UsageError("nothing was read that could be confirmed", hint="Enter the date, or say none.")
            given = stated or before.stated
            values = {
                "stated": stated_json(given), "sure": True, "settled_by": by, "settled_at": now,
                "version": before.version + 1,
            }  # fmt: skip
            connection.execute(update(contracts).where(contracts.c.id == number).values(values))
            told = {"stated": stated_json(given), "was": stated_json(before.stated)}
            note(connection, number, "confirm" if stated is None else "correct", told, by=by, now=now)
            refresh(connection, rules, now)
            return one(connection, number)

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
            before = as_seen(connection, number, version)
            wanted = (before.stated.event or "").split("+")
            if event not in wanted or not before.stated.is_term:
                what = f"counts from {before.stated.event}" if before.stated.is_term else "is no open term"
                raise UsageError(f"the promise of contract {number} {what}, not from {event!r}")
            row = {"contract": number, "event": event, "day": day, "how": "person", "by": by, "at": now}
            connection.execute(insert(contract_events).values(row))
            rise(connection, before)
            told = {"event": event, "day": day.isoformat()}
            note(connection, number, "event", told, by=by, now=now)
            refresh(connection, rules, now)
            return one(connection, number)

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
            before = as_seen(connection, number, version)
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
            connection.execute(insert(contract_links).values(link_row(number, link)))
            rise(connection, before)
            told = {"source": source, "key": key, "order_no": order_no}
            note(connection, number, "link" if linked else "unlink", told, by=by, now=now)
            refresh(connection, rules, now)
            return one(connection, number)

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
            before = as_seen(connection, number, version)
            if by_contract is not None:
                after = one(connection, by_contract)
                if number in {by_contract, after.superseded_by}:
                    raise UsageError("a contract cannot replace itself")
            values = {
                "superseded_by": by_contract, "replaced_by_person": by_contract is not None,
                "version": before.version + 1,
            }  # fmt: skip
            connection.execute(update(contracts).where(contracts.c.id == number).values(values))
            note(connection, number, "replace", {"by_contract": by_contract}, by=by, now=now)
            refresh(connection, rules, now)
            return one(connection, number)
