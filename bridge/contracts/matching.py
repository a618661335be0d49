"""Which orders a contract binds, which contract replaces which, and the day an open term comes to.  Pure.

What was read from a scan is compared with what the ERP's list proved: a number that is exactly the same in both is
right in both.  A number that is only alike (O and 0, I and 1) finds candidates, but a person chooses.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from difflib import SequenceMatcher
from functools import lru_cache

from bridge.contracts.kept import Ask, BaseEvent, Link, LinkHow, LinkState, Stated
from bridge.contracts.workdays import after, months_after

SHORTEST = 5
"""Characters of a number that can link by itself: "12" is a number of many things."""
MOST_PROPOSED = 12
ALIKE_NAMES = 0.5  # of two companies' names, without what all companies' names end with
_LOOKALIKES = str.maketrans("OQDIL", "00011")
_DASHES = str.maketrans("‐‑‒–—―−﹣－", "-" * 9)
_ASCII_FOLD = {**{c: None for c in range(128) if not chr(c).isalnum()}, **str.maketrans("OQDIL", "00011")}
_COMPANY = re.compile(
    r"有限责任公司|股份有限公司|有限公司|公司|集团|\b(?:co|ltd|limited|inc|llc|gmbh|corp|company)\b\.?",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderRef:
    """What of an order a contract is held against; one per row of the central table."""

    source: str
    key: str
    order_no: str
    contract_no: str = ""
    customer: str = ""
    amount: Decimal | None = None
    order_date: date | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Paper:
    """What of a contract decides.  sure: its promise needs nobody.  replaced_by: a person said so."""

    id: int
    contract_no: str
    buyer: str
    signing_date: date | None
    totals: tuple[Decimal, ...]
    doubted: frozenset[str]
    stated: Stated
    sure: bool
    replaced_by: int | None = None


@lru_cache(maxsize=4096)
def exact(number: str) -> str:
    """The number as two prints of it are the same: width, case of letters, kind of dash and spaces aside."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", number)).translate(_DASHES).upper()


def folded(number: str) -> str:
    """The number as a poor scan may show it: letters and digits alone, look-alikes as one."""
    if number.isascii():  # as nearly all are; a list may have a hundred thousand
        return number.upper().translate(_ASCII_FOLD)
    letters = "".join(c for c in exact(number) if c.isalnum())
    return letters.translate(_LOOKALIKES)


@lru_cache(maxsize=4096)
def company(name: str) -> str:
    plain = _COMPANY.sub("", unicodedata.normalize("NFKC", name))
    return "".join(c for c in plain if c.isalnum()).upper()


def same_company(a: str, b: str) -> bool:
    """May the two names be the same company's?  A short form is; an unknown name contradicts nobody."""
    one, other = company(a), company(b)
    if not one or not other:
        return True
    return one in other or other in one or SequenceMatcher(None, one, other).ratio() >= ALIKE_NAMES


class Orders:
    """The orders, findable by what contracts say of them."""

    def __init__(self, orders: Iterable[OrderRef]) -> None:
        self.all = {(o.source, o.key): o for o in orders}
        self._by_contract: dict[str, list[OrderRef]] = defaultdict(list)
        self._by_number: dict[str, list[OrderRef]] = defaultdict(list)
        self._by_amount: dict[Decimal, list[OrderRef]] = defaultdict(list)
        for o in self.all.values():
            if o.contract_no:
                self._by_contract[folded(o.contract_no)].append(o)
            self._by_number[folded(o.order_no)].append(o)
            if o.amount is not None:
                self._by_amount[o.amount].append(o)

    def match(self, paper: Paper) -> tuple[list[Link], Ask | None]:
        """The links that follow from the numbers, and what is to be asked if none of them is sure."""
        alike = folded(paper.contract_no)
        if len(alike) >= SHORTEST:
            for how, found in (
                (LinkHow.CONTRACT_NO, self._by_contract.get(alike, [])),
                (LinkHow.ORDER_NO, self._by_number.get(alike, [])),
            ):
                if found:
                    return _judged(paper, how, found)
        return self._by_the_rest(paper)

    def _by_the_rest(self, paper: Paper) -> tuple[list[Link], Ask | None]:
        """Buyer, amount and date: all three the same, and of one order alone."""
        if not paper.buyer:
            return [], Ask.UNMATCHED
        found = [
            o for total in paper.totals for o in self._by_amount.get(total, [])
            if o.customer and same_company(o.customer, paper.buyer)
        ]  # fmt: skip
        same = [
            o for o in found
            if company(o.customer) == company(paper.buyer) and o.order_date == paper.signing_date is not None
        ]  # fmt: skip
        doubted = paper.doubted & {"buyer", "signing_date", "totals"}
        # A contract with a number of its own that the ERP knows for another order is another contract.
        stranger = bool(paper.contract_no) and any(o.contract_no for o in same)
        if len(found) == len(same) == 1 and not doubted and not stranger:
            return _links(LinkHow.BUYER_AMOUNT_DATE, same, LinkState.LINKED), None
        if found:
            return _links(LinkHow.BUYER_AMOUNT_DATE, found[:MOST_PROPOSED], LinkState.PROPOSED), Ask.CHOOSE
        return [], Ask.UNMATCHED


def _judged(paper: Paper, how: LinkHow, found: Sequence[OrderRef]) -> tuple[list[Link], Ask | None]:
    """Sure if all that look like this number are exactly it, in one source, and of this buyer."""

    def number(o: OrderRef) -> str:
        return o.contract_no if how is LinkHow.CONTRACT_NO else o.order_no

    certain = (
        "contract_no" not in paper.doubted
        and all(exact(number(o)) == exact(paper.contract_no) for o in found)
        and len({o.source for o in found}) == 1
        and all(same_company(o.customer, paper.buyer) for o in found)
    )
    if certain:
        return _links(how, found, LinkState.LINKED), None
    return _links(how, found[:MOST_PROPOSED], LinkState.PROPOSED), Ask.CHOOSE


def _links(how: LinkHow, orders: Sequence[OrderRef], state: LinkState) -> list[Link]:
    return [Link(source=o.source, key=o.key, order_no=o.order_no, how=how, state=state) for o in orders]


def families(papers: Sequence[Paper]) -> tuple[dict[int, int], set[int]]:
    """Which contract is replaced by which, and which ones contradict each other with no telling who holds.

    Of two with the same number and buyer the one signed later holds, if both are sure and it promises something;
    equal promises of one day are one contract scanned twice.  Other buyers' contracts may have the same number.
    """
    replaced = {p.id: p.replaced_by for p in papers if p.replaced_by is not None}
    asked: set[int] = set()
    groups: dict[str, list[Paper]] = defaultdict(list)
    for p in papers:
        if p.id not in replaced and len(folded(p.contract_no)) >= SHORTEST:
            groups[folded(p.contract_no)].append(p)
    for group in groups.values():
        in_order = sorted(group, key=lambda p: (p.signing_date or date.min, p.id))
        for i, old in enumerate(in_order):
            for new in in_order[i + 1 :]:
                if _unrelated(old, new):
                    continue
                one, same = _one_contract(old, new), old.sure and new.sure and old.stated == new.stated
                if one and same and old.signing_date == new.signing_date:
                    replaced[new.id] = replaced.get(old.id, old.id)  # scanned twice
                elif one and old.signing_date and new.signing_date and old.signing_date < new.signing_date:
                    replaced[old.id] = new.id
                elif not {old.id, new.id} & replaced.keys() and not (
                    old.sure and new.sure and old.stated == new.stated
                ):
                    asked |= {old.id, new.id}
    return replaced, asked - set(replaced)


def _unrelated(a: Paper, b: Paper) -> bool:
    """Another buyer's contract, or a paper that surely promises nothing, says nothing of the other."""
    silent = (a.sure and not a.stated.says_something) or (b.sure and not b.stated.says_something)
    return silent or not same_company(a.buyer, b.buyer)


def _one_contract(a: Paper, b: Paper) -> bool:
    """Is it beyond doubt that both are papers of one contract, and what they say?"""
    return (
        a.sure
        and b.sure
        and exact(a.contract_no) == exact(b.contract_no)
        and bool(company(a.buyer))
        and company(a.buyer) == company(b.buyer)
        and not (a.doubted | b.doubted) & {"contract_no", "signing_date", "buyer"}
    )


def due(stated: Stated, events: Mapping[str, Sequence[BaseEvent]]) -> tuple[date | None, Ask | None]:
    """The day a promise comes to.  events: by name.  A term from several events counts from the last of them;
    what a person entered beats what the orders show."""
    if not stated.is_term:
        return stated.day, None
    days = []
    for name in (stated.event or "").split("+"):
        known = events.get(name, ())
        by_person = [e for e in known if e.how == "person"]
        told = {e.day for e in by_person[-1:]} or {e.day for e in known}
        if not told:
            return None, None  # open
        if len(told) > 1 or not all(e.sure for e in (by_person or known)):
            return None, Ask.EVENT
        days.append(told.pop())
    base = max(days)
    try:
        if stated.months is not None:
            return months_after(base, stated.months), None
        day = after(base, stated.offset or 0, stated.unit or "calendar")
    except (OverflowError, ValueError):  # 9999-12-31, as some programs write "never"
        return None, Ask.EVENT
    return day, None if day is not None else Ask.CALENDAR
