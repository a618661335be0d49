"""Contracts ↔ the rows of their tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from bridge.contracts.kept import Ask, BaseEvent, Link, LinkHow, LinkState, Stated, StoredContract
from bridge.errors import AlreadyDecided, UsageError
from bridge.store import audit as trail
from bridge.store.in_lists import in_lists
from bridge.store.tables import contract_entries, contract_events, contract_links, contracts

MOST_NUMBER = 2**63 - 1  # a larger one no database takes


BRIDGE = "bridge"
"""Who did what nobody did."""


def write_follow_up(connection: Connection, before: StoredContract, after: StoredContract, now: datetime) -> None:
    """Never the version: what follows by itself does not invalidate what a person is about to say."""
    values = {"due": after.due, "superseded_by": after.superseded_by, "asks": [a.value for a in after.asks]}
    connection.execute(update(contracts).where(contracts.c.id == after.id).values(values))
    if after.links != before.links:
        mine = contract_links.c.contract == after.id
        connection.execute(delete(contract_links).where(mine))
        if after.links:
            connection.execute(insert(contract_links), [link_row(after.id, n) for n in after.links])
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
    told = [
        {"contract": after.id, "at": now, "by": BRIDGE, "action": action, "details": details}
        for action, details in _followed(before, after)
    ]
    if told:
        connection.execute(insert(contract_entries), told)


def _followed(before: StoredContract, after: StoredContract) -> Iterator[tuple[str, dict[str, Any]]]:
    """What of it a reader of the history wants to know: (action, details)."""
    was = {(n.source, n.key): n for n in before.links}
    now = {(n.source, n.key): n for n in after.links}
    for at, link in now.items():
        if at not in was or was[at].state is not link.state:
            action = "bound" if link.state is LinkState.LINKED else "proposed"
            yield (
                action,
                {"source": link.source, "key": link.key, "order_no": link.order_no, "how": link.how.value},
            )
    for at in was.keys() - now.keys():
        yield "loosed", {"source": at[0], "key": at[1], "order_no": was[at].order_no}
    if before.superseded_by != after.superseded_by:
        yield "superseded", {"by_contract": after.superseded_by}
    if after.stated.is_term and before.due != after.due:
        yield "came_to", {"day": after.due.isoformat() if after.due else None}


def link_row(contract: int, link: Link) -> dict[str, Any]:
    return {
        "contract": contract,
        "source": link.source,
        "key": link.key,
        "order_no": link.order_no,
        "how": link.how.value,
        "state": link.state.value,
        "by": link.by,
    }


def load(connection: Connection, where: Any) -> list[StoredContract]:
    query = select(contracts).order_by(contracts.c.id)
    rows = connection.execute(query if where is None else query.where(where)).all()
    ids = [row.id for row in rows]
    links: dict[int, list[Link]] = defaultdict(list)
    events: dict[int, list[BaseEvent]] = defaultdict(list)
    for part in in_lists(ids):
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
        stated=stated_from(row.stated),
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
        replaced_by_person=row.replaced_by_person,
    )


def one(connection: Connection, number: int) -> StoredContract:
    found = load(connection, contracts.c.id == number) if 0 < number <= MOST_NUMBER else []
    if not found:
        raise UsageError(f"there is no contract {number}", hint="`bridge promise list` shows them.")
    return found[0]


def as_seen(connection: Connection, number: int, version: int | None) -> StoredContract:
    found = one(connection, number)
    if version is not None and found.version != version:
        who = found.settled_by or "somebody"
        raise AlreadyDecided(f"contract {number} was changed meanwhile ({who})", hint="Look at it again.")
    return found


def rise(connection: Connection, c: StoredContract) -> None:
    connection.execute(update(contracts).where(contracts.c.id == c.id).values(version=c.version + 1))


def note(
    connection: Connection, number: int, action: str, details: Mapping[str, Any], *, by: str, now: datetime
) -> None:
    row = {"contract": number, "at": now, "by": by, "action": action, "details": dict(details)}
    connection.execute(insert(contract_entries).values(row))
    told = {"contract": number, **details}
    trail.append(connection, at=now, actor=by, action=f"contract.{action}", details=told)


def stated_of(read: Mapping[str, Any]) -> Stated:
    """The promise as it was read.  A term from signing has its day in the paper itself."""
    return Stated(
        kind=read["kind"],
        day=day_of(read["promised_date"]),
        days=tuple(date.fromisoformat(d) for d in read["promised_dates"]),
        event=read["base_event"],
        offset=read["offset_days"],
        months=read["offset_months"],
        unit=read["offset_unit"],
    )


def stated_json(stated: Stated) -> dict[str, Any]:
    return {
        "kind": stated.kind,
        "day": stated.day.isoformat() if stated.day else None,
        "days": [d.isoformat() for d in stated.days],
        "event": stated.event,
        "offset": stated.offset,
        "months": stated.months,
        "unit": stated.unit,
    }


def stated_from(data: Mapping[str, Any]) -> Stated:
    return Stated(
        **{**data, "day": day_of(data["day"]), "days": tuple(date.fromisoformat(d) for d in data["days"])}
    )


def day_of(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def storable(text: str) -> str:
    """Without what PostgreSQL and UTF-8 refuse: NUL, and halves of surrogate pairs of odd file names."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def clean(data: Any) -> Any:
    if isinstance(data, str):
        return storable(data)
    if isinstance(data, Mapping):
        return {k: clean(v) for k, v in data.items()}
    return [clean(v) for v in data] if isinstance(data, list) else data
