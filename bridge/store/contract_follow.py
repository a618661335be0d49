"""What follows from the contracts and the orders together: links, replaced contracts, days of open terms."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal

from sqlalchemy import Connection, and_, select

from bridge.contracts.kept import Ask, BaseEvent, Link, LinkHow, LinkState, Stated, StoredContract
from bridge.contracts.matching import OrderRef, Orders, Paper, due, families, folded
from bridge.interfaces import Clock
from bridge.store.contract_rows import load, write_follow_up
from bridge.store.shipping import first_change
from bridge.store.tables import orders


@dataclass(frozen=True, kw_only=True, slots=True)
class EventRules:
    """Where orders show base events.  fields: event → field of the order that holds its day.
    statuses: event → the status word that means that it has happened.  zone: source → whose days count.
    clock: a day after today is a plan, and dates nothing."""

    fields: Mapping[str, str]
    statuses: Mapping[str, str]
    zone: Callable[[str], tzinfo | None]
    clock: Clock


NO_RULES = EventRules(fields={}, statuses={}, zone=lambda source: None, clock=lambda: datetime.now(UTC))


def refresh(connection: Connection, rules: EventRules, now: datetime) -> int:
    """Writes what follows from all that is there; returns how many contracts changed."""
    changed = changes(connection, rules)
    for before, after in changed:
        write_follow_up(connection, before, after, now)
    return len(changed)


def changes(connection: Connection, rules: EventRules) -> list[tuple[StoredContract, StoredContract]]:
    """(as it stands, as it follows) of each contract that is not as it follows."""
    every = load(connection, None)
    papers = {c.id: _paper(c) for c in every}
    replaced, contradicting = families(list(papers.values()))
    known = Orders(_order_refs(connection, papers.values()))
    followed = {
        c.id: _worked_out(connection, c, papers[c.id], known, replaced, contradicting, rules) for c in every
    }
    _against_each_other(followed)
    return [(before, followed[before.id]) for before in every if followed[before.id] != before]


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
            name = rules.fields.get(event)
            day = _column_day(connection, link, name) if name else None
            if name and day and day <= rules.clock().astimezone(rules.zone(link.source)).date():
                found[BaseEvent(event=event, day=day, how=name)] = None
            if word := rules.statuses.get(event):
                seen = _status_days(connection, link, word, rules.zone(link.source))
                if seen is not None:
                    found[BaseEvent(event=event, day=seen[1], earliest=seen[0], how=f"status={word}")] = None
    return list(found)


def _column_day(connection: Connection, link: Link, name: str) -> date | None:
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


def _paper(c: StoredContract) -> Paper:
    return Paper(
        id=c.id,
        contract_no=c.contract_no,
        buyer=c.buyer,
        signing_date=c.signing_date,
        totals=c.totals,
        doubted=frozenset(c.doubted),
        stated=c.stated,
        sure=c.sure,
        replaced_by=c.superseded_by if c.replaced_by_person else None,
    )


def _order_refs(connection: Connection, papers: Iterable[Paper]) -> list[OrderRef]:
    """The orders that a contract may be about: of a hundred thousand a handful."""
    numbers: set[str] = set()
    amounts: set[Decimal] = set()
    for p in papers:
        if p.contract_no:
            numbers.add(folded(p.contract_no))
        amounts.update(p.totals)
    t = orders.c
    query = select(t.source, t.key, t.order_no, t.contract_no, t.customer, t.amount, t.order_date)
    return [
        OrderRef(
            source=source, key=key, order_no=order_no, contract_no=contract_no or "", customer=customer or "",
            amount=amount, order_date=order_date,
        )
        for source, key, order_no, contract_no, customer, amount, order_date in connection.execute(query)
        if (contract_no and folded(contract_no) in numbers) or amount in amounts or folded(order_no) in numbers
    ]  # fmt: skip
