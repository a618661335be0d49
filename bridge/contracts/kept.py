"""A contract as it is kept: what was read, what a person said, which orders it binds, what it waits for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any


class Ask(StrEnum):
    """Why a contract waits for a person."""

    PROMISE = "promise"  # the date could not be made sure
    UNMATCHED = "unmatched"  # no order fits
    CHOOSE = "choose"  # orders that may fit, none of them surely
    CONFLICT = "conflict"  # another contract says otherwise, and it is not sure which one holds
    EVENT = "event"  # when the term begins is known only roughly, or its orders differ
    CALENDAR = "calendar"  # working days of a year whose holidays are not known yet


UNCERTAIN = frozenset({Ask.PROMISE, Ask.CONFLICT, Ask.EVENT, Ask.CALENDAR})
"""While one of them is open, nobody may go by the promised date."""


class LinkState(StrEnum):
    LINKED = "linked"
    PROPOSED = "proposed"
    REFUSED = "refused"  # a person said that it is not this order


class LinkHow(StrEnum):
    CONTRACT_NO = "contract_no"
    ORDER_NO = "order_no"
    BUYER_AMOUNT_DATE = "buyer_amount_date"
    PERSON = "person"


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    source: str
    key: str
    order_no: str
    how: LinkHow
    state: LinkState
    by: str = ""  # the person, "" for the bridge


@dataclass(frozen=True, kw_only=True, slots=True)
class BaseEvent:
    """day: on which it happened.  how: ``person``, or where in the order it was seen (``paid_date``,
    ``status=paid``).  earliest: before ``day`` where only a span of days is known; such an event dates nothing."""

    event: str
    day: date
    how: str = "person"
    by: str = ""
    earliest: date | None = None

    @property
    def sure(self) -> bool:
        return self.earliest is None or self.earliest == self.day


@dataclass(frozen=True, kw_only=True, slots=True)
class Stated:
    """What a contract states.  day: the last day, None for a term that is still open, and for no promise.
    kind, event, offset, months and unit: as in ``ContractResult``."""

    kind: str
    day: date | None = None
    days: tuple[date, ...] = ()
    event: str | None = None
    offset: int | None = None
    months: int | None = None
    unit: str | None = None

    @property
    def is_term(self) -> bool:
        return self.day is None and (self.offset is not None or self.months is not None)

    @property
    def says_something(self) -> bool:
        return self.day is not None or self.is_term


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredContract:
    """stated: the promise as read, or as a person gave it.  due: the day it comes to, None while open.
    settled_by: who confirmed or gave it, None where nobody was asked or nobody has answered yet."""

    id: int
    content: str  # sha256 of the file
    file: str  # its name
    received_at: datetime
    version: int  # rises with every decision: two people cannot both decide what they saw
    stated: Stated
    due: date | None
    clause: str
    page: int | None
    reason: str
    confidence: float
    contract_no: str
    signing_date: date | None
    buyer: str
    seller: str
    totals: tuple[Decimal, ...]
    doubted: tuple[str, ...]
    picture: str  # sha256 of the clause's picture, "" if there is none
    page_picture: str
    sure: bool  # the promise needs nobody, or a person has given it
    settled_by: str | None = None
    settled_at: datetime | None = None
    superseded_by: int | None = None
    asks: tuple[Ask, ...] = ()
    links: tuple[Link, ...] = ()
    events: tuple[BaseEvent, ...] = ()
    as_read: Mapping[str, Any] = field(default_factory=dict)
    replaced_by_person: bool = False

    @property
    def counts(self) -> bool:
        """Is it beyond doubt what it promises?  An order that is not bound yet is no doubt about the promise."""
        return self.superseded_by is None and not UNCERTAIN & set(self.asks)

    @property
    def linked(self) -> tuple[Link, ...]:
        return tuple(n for n in self.links if n.state is LinkState.LINKED)


@dataclass(frozen=True, kw_only=True, slots=True)
class ContractEntry:
    """One thing that a person did to a contract, or that followed by itself (``by`` is then ``bridge``)."""

    at: datetime
    by: str
    action: str
    details: Mapping[str, Any]
