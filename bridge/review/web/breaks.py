"""The open questions as the queue shows them: what each is about, in groups, those with most at stake first.

What a question asks never changes, so it is loaded once and kept; only its place in the queue is asked each time.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol

from bridge.interfaces import StoredReview
from bridge.records import Doubt, FieldValue, OrderLine, ReviewKind
from bridge.reports.show import differing, scalar_text
from bridge.reports.view import asked_fields
from bridge.store.queue import Standing

Grouping = Literal["confusion", "kind", "customer"]
Sorting = Literal["money", "age"]

_DIFFERENT_TEXTS = frozenset({Doubt.LOOKALIKE, Doubt.CUT, Doubt.DUPLICATE_KEY, Doubt.ARITHMETIC})
"""With these an equal picture may stand for another text, or the question is about more than the picture."""

_FEW = 4
"""A confusion is some single characters; texts that differ in more are different texts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Confusion:
    """What is taken for what: ``("sku", Doubt.UNPROVEN, "0/O")``; pair: "" where no characters are at issue."""

    field: str
    doubt: Doubt
    pair: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Break:
    """One open question."""

    id: int
    source: str
    kind: ReviewKind
    order_no: str
    customer: str
    customer_ok: bool
    money: Decimal | None
    fields: tuple[str, ...]
    confusion: Confusion | None
    same: tuple[object, ...] | None  # equal: the same pictures ask the same; None: no other question is the same
    created_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A question with its place in the queue."""

    asked: Break
    assigned_to: str | None
    later: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """key: a ``Confusion``, a ``ReviewKind`` or a customer's name."""

    key: Confusion | ReviewKind | str
    places: tuple[Place, ...]
    later: bool

    @property
    def money(self) -> Decimal:
        return sum((p.asked.money or Decimal(0) for p in self.places), Decimal(0))


class QueueStore(Protocol):
    def standing(self) -> list[Standing]: ...

    def reviews_of(self, ids: Sequence[int]) -> list[StoredReview]: ...


class OpenBreaks:
    """The queue.  Threads may share it."""

    def __init__(self, store: QueueStore) -> None:
        self._store = store
        self._known: dict[int, Break] = {}
        self._lock = threading.Lock()

    def places(self, now: datetime, *, customers: Collection[str] = ()) -> list[Place]:
        """Every open question that may be seen, oldest first.

        customers: only rows that certainly belong to one of these; empty: everything.
        """
        standing = self._store.standing()
        with self._lock:
            new = [s.id for s in standing if s.id not in self._known]
            self._known |= {stored.id: break_of(stored) for stored in self._store.reviews_of(new)}
            open_ids = {s.id for s in standing}
            self._known = {i: b for i, b in self._known.items() if i in open_ids}
            known = self._known
        return [
            Place(
                asked=known[s.id],
                assigned_to=s.assigned_to,
                later=s.later_until is not None and s.later_until > now,
            )
            for s in standing
            if s.id in known and may_see(known[s.id], customers)
        ]


def may_see(asked: Break, customers: Collection[str]) -> bool:
    return not customers or (asked.customer_ok and asked.customer in customers)


def break_of(stored: StoredReview) -> Break:
    item = stored.item
    line = item.line
    fields = asked_fields(line, item) if line is not None else ()
    customer = line.fields.get("customer") if line is not None else None
    return Break(
        id=stored.id,
        source=item.source,
        kind=item.kind,
        order_no=item.order_no or "",
        customer=scalar_text(customer.value) or customer.reading.text if customer is not None else "",
        customer_ok=customer is not None and customer.ok,
        money=_money(line) if line is not None else None,
        fields=fields,
        confusion=_confusion(stored, fields) if line is not None and fields else None,
        same=_same(stored, fields) if line is not None else None,
        created_at=stored.created_at,
    )


def _money(line: OrderLine) -> Decimal | None:
    """What is at stake: the row's amount, as far as it is known."""
    amount = _number(line, "amount", "total")
    if amount is not None:
        return amount
    quantity, price = _number(line, "quantity", "qty"), _number(line, "unit_price", "price")
    return quantity * price if quantity is not None and price is not None else None


def _number(line: OrderLine, *names: str) -> Decimal | None:
    for name in names:
        value = line.fields[name].value if name in line.fields else None
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return Decimal(value)
    return None


def _confusion(stored: StoredReview, fields: Sequence[str]) -> Confusion:
    line = stored.item.line
    assert line is not None
    doubtful = [n for n in fields if not line.fields[n].ok]
    name = (doubtful or list(fields))[0]
    value = line.fields[name]
    doubt = next(iter((*value.doubts, *value.reading.doubts)), Doubt.UNPROVEN)
    others = list(value.reading.alternatives)
    if name in stored.item.before:
        others.append(scalar_text(stored.item.before[name]))
    return Confusion(field=name, doubt=doubt, pair=_pair(value, others))


def _pair(value: FieldValue, others: Iterable[str]) -> str:
    """The characters at issue, the same whichever of them was read."""
    text = value.reading.text
    for other in others:
        if other and other != text:
            mine, theirs = differing(text, other)
            a = "".join(text[i:j] for i, j in mine)
            b = "".join(other[i:j] for i, j in theirs)
            if 0 < len(a) <= _FEW and 0 < len(b) <= _FEW:
                return "/".join(sorted((a, b)))
    return ""


def _same(stored: StoredReview, fields: Sequence[str]) -> tuple[object, ...] | None:
    line = stored.item.line
    assert line is not None
    if stored.item.kind is not ReviewKind.DOUBTFUL_ROW or not fields:
        return None
    asked: list[object] = []
    for name in fields:
        value = line.fields[name]
        if not value.reading.picture or _DIFFERENT_TEXTS & {*value.doubts, *value.reading.doubts}:
            return None
        asked.append((name, value.reading.picture, value.reading.text, stored.item.before.get(name)))
    return (stored.item.source, *asked)


def same_as(place: Place, places: Iterable[Place]) -> tuple[int, ...]:
    """The other questions that the same pictures ask."""
    if place.asked.same is None:
        return ()
    return tuple(p.asked.id for p in places if p.asked.same == place.asked.same and p.asked.id != place.asked.id)


def groups(places: Iterable[Place], by: Grouping, sort: Sorting) -> list[Group]:
    """Groups with the most at stake (or the oldest) first, within a group likewise; what was put off last."""
    made: dict[tuple[bool, object], list[Place]] = {}
    for place in places:
        made.setdefault((place.later, _group_key(place.asked, by)), []).append(place)
    result = [
        Group(key=key, places=tuple(sorted(members, key=lambda p: _rank(p.asked, sort))), later=later)  # type: ignore[arg-type]
        for (later, key), members in made.items()
    ]
    return sorted(
        result,
        key=lambda g: (
            g.later,
            # What stops a whole list comes before any single row.
            g.places[0].asked.confusion is not None,
            -g.money if sort == "money" else 0,
            min(p.asked.created_at for p in g.places),
            g.places[0].asked.id,
        ),
    )


def _group_key(asked: Break, by: Grouping) -> Confusion | ReviewKind | str:
    if asked.confusion is None or by == "kind":
        return asked.kind
    return asked.customer if by == "customer" else asked.confusion


def _rank(asked: Break, sort: Sorting) -> tuple[Decimal, datetime, int]:
    money = -(asked.money or Decimal(0)) if sort == "money" else Decimal(0)
    return money, asked.created_at, asked.id
