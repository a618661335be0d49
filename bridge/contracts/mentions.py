"""A date or term of a contract, with what it is said of: the product of ``clauses``, the food of ``promise``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bridge.contracts.dates import Found
from bridge.contracts.document import Line
from bridge.contracts.roles import Role
from bridge.contracts.terms import Term


@dataclass(frozen=True, kw_only=True, slots=True)
class Mention:
    """Either ``date`` or ``term`` is given.  clause: the sentence around it; lines: where it stands."""

    role: Role
    passage: int
    start: int
    clause: str
    lines: tuple[Line, ...]
    date: Found | None = None
    term: Term | None = None
    strong: bool = False  # its label stands right before it
    required: bool = False
    promised: bool = False
    latest: bool = False
    old: bool = False
    new: bool = False
    batch: bool = False
    vague: bool = False
    column: tuple[int, int] | None = None  # table and column, for a value under a heading


@dataclass(frozen=True, kw_only=True, slots=True)
class Silence:
    """A delivery label without a date.  why: blank, later (to be agreed), unreadable."""

    why: str
    clause: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Parties:
    contract_no: str = ""
    buyer: str = ""
    seller: str = ""
    totals: tuple[Decimal, ...] = ()  # what is said to be a total


@dataclass(frozen=True, kw_only=True, slots=True)
class Signing:
    """day: the contract's signing date.  sure: False where dates differ or only an order date stands there."""

    day: date | None
    sure: bool = True
    lines: tuple[Line, ...] = ()
