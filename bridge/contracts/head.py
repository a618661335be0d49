"""The contract's head: its number, its parties, the day it was signed.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from bridge.contracts.dates import day_first
from bridge.contracts.document import Document, Line, Passage
from bridge.contracts.mentions import Mention, Parties, Signing
from bridge.contracts.roles import Role

_NUMBER_LABEL = re.compile(
    r"(?P<a>合\s?同\s?编?\s?号|协议编?号|合同序号|\bcontract\s*(?:no|number|#)\.?)|"
    r"(?P<b>订\s?单\s?编?\s?号|采购单号|采购订单号?|单\s?据?\s?号|\b(?:P\.?O\.?|order|purchase order)\s*(?:no|number|#)\.?)|"
    r"(?P<c>编\s?号|\bref(?:erence)?\.?\s*(?:no)?\.?)",
    re.IGNORECASE | re.ASCII,
)
_NUMBER = re.compile(r"[\s:#.()No]*?(?P<n>[A-Za-z0-9(\[【][A-Za-z0-9\-_/.()\[\]【】〔〕号第字]{2,32})")
_BUYER = r"买\s?受?\s?[方人]|购\s?货?\s?[方]|购货单位|需\s?方|采购方|采购单位|定作方|订货方|客户名称|客户|\bbuyer|\bpurchaser|\bbill to|\bcustomer"
_SELLER = r"卖\s?方|供\s?方|供货\s?[方]|供货单位|供应商|供应方|出卖[方人]|销售方|销货单位|承揽方|\bseller|\bsupplier|\bvendor"
_PARTY = re.compile(
    rf"(?:(?P<buyer>{_BUYER})|(?P<seller>{_SELLER})|(?P<first>甲\s?方)|(?P<second>乙\s?方))"
    rf"\s?(?:[(（](?P<note>[^()（）]{{1,12}})[)）])?(?:名称|单位|公司)?\s?(?:[(（][^()]{{1,6}}[)）])?\s*[:]\s*"
    r"(?P<name>(?:[^:,;。\n]|,\s?(?=Ltd|Inc|LLC|Limited|Co\b)){2,60}?)(?=\s{2,}|\n|,(?!\s?(?:Ltd|Inc|LLC|Limited|Co\b))|[;。]|$|\s(?=[^\s:]{2,8}:))",
    re.IGNORECASE | re.ASCII,
)
_LABEL_ONLY = re.compile(
    rf".*:.*|(?:{_BUYER}|{_SELLER}|甲方|乙方|联\s?系\s?人|电\s?话|地\s?址).{{0,4}}", re.IGNORECASE
)
_SIGNATURE = re.compile(r"(?:^|\n|\s)\s*(?:签[订署约]?)?\s?(?:日\s?期|date)\s*[:]\s*$", re.IGNORECASE | re.ASCII)
_TOTAL = re.compile(
    r"(?:价税合计|合同(?:总?金额|总?价款?)|总\s?金额|总\s?价|总\s?计|合\s?计|\b(?:grand )?total(?: amount| price| value)?)"
    r"[^0-9\n]{0,24}?(?P<n>[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]{1,2})?|[0-9]+(?:\.[0-9]{1,2})?)",
    re.IGNORECASE | re.ASCII,
)
_ORDERED = re.compile(
    r"订单日期|下单|订货日期|订购|采购日期|\b(?:PO|order) date|order placed|date of order|date of issue", re.I
)


def find_parties(document: Document) -> Parties:
    number: tuple[int, str] = (9, "")
    names: dict[str, tuple[int, str]] = {}
    for passage in document.passages:
        for rank, value in _numbers(passage):
            if rank < number[0]:
                number = (rank, value)
        for who, rank, name in _names(passage):
            if rank < names.get(who, (9, ""))[0]:
                names[who] = (rank, name)
    return Parties(
        contract_no=number[1],
        buyer=names.get("buyer", (9, ""))[1],
        seller=names.get("seller", (9, ""))[1],
        totals=find_totals(document),
    )


def find_totals(document: Document) -> tuple[Decimal, ...]:
    """Every number that stands behind a total's label, in order: one of them is the contract's amount."""
    found: dict[Decimal, None] = {}
    for passage in document.passages:
        texts = [passage.text]
        if passage.table is not None and passage.left:
            texts.append(f"{passage.left} {passage.text}")
        for text in texts:
            found.update({Decimal(m["n"].replace(",", "")): None for m in _TOTAL.finditer(text)})
    return tuple(found)


def _numbers(passage: Passage) -> Iterator[tuple[int, str]]:
    text = passage.text
    for m in _NUMBER_LABEL.finditer(text):
        if (value := _NUMBER.match(text, m.end())) and _is_number(value["n"]):
            yield "abc".index(m.lastgroup or "c"), value["n"].strip("()")
    if passage.table is not None:
        for label in (passage.left, *passage.above):
            if (found := _NUMBER_LABEL.search(label)) and len(label) < 24:
                value = re.fullmatch(r"\s*([A-Za-z0-9(\[][A-Za-z0-9\-_/.()\[\]]{2,32})\s*", text)
                if value and _is_number(value[1]):
                    yield "abc".index(found.lastgroup or "c"), value[1]
                return


def _is_number(text: str) -> bool:
    return sum(c.isdigit() for c in text) >= 3


def _names(passage: Passage) -> Iterator[tuple[str, int, str]]:
    for m in _PARTY.finditer(passage.text):
        name = m["name"].strip(" _")
        if len(name) >= 2 and (who := _who(m)) and not re.fullmatch(r"[\s_()盖章签字]*", name):
            yield who, 0 if m["buyer"] or m["seller"] else 1, name
    if (
        passage.table is not None
        and 4 <= len(passage.text) <= 60
        and not _LABEL_ONLY.fullmatch(passage.text.strip())
    ):
        for label in (passage.left, *passage.above[:1]):
            named = _PARTY.fullmatch(label.strip(" :") + ": xx") if label else None
            if named and (who := _who(named)):
                yield who, 0, passage.text.strip()
                return


def _who(m: re.Match[str]) -> str | None:
    note = m["note"] or ""
    if m["buyer"] or m["seller"]:
        return "buyer" if m["buyer"] else "seller"
    if re.search(r"卖|供|销|出|承揽", note):
        return "seller"
    if re.search(r"买|购|需|采", note):
        return "buyer"
    return "buyer" if m["first"] else "seller"


def find_signing(document: Document, mentions: list[Mention]) -> Signing:
    """The day by the strongest label: signing, then the order's date, then the dates beside the signatures."""
    order = day_first([p.text for p in document.passages])
    ranked: dict[int, list[tuple[date, tuple[Line, ...]]]] = {}
    unsure: set[int] = set()
    for m in mentions:
        rank = _rank(document, m)
        if rank is None or m.date is None or m.date.until is not None or m.date.span:
            continue
        day = m.date.last()
        if m.date.other is not None and order is False:
            other = m.date.other
            day = date(m.date.year, *other) if m.date.year else None
        if day is None:
            continue
        if m.date.other is not None and order is None:
            unsure.add(rank)
        ranked.setdefault(rank, []).append((day, m.lines))
    if not ranked:
        return Signing(day=None)
    rank = min(ranked)
    days = ranked[rank]
    last = max(days, key=lambda d: d[0])
    return Signing(day=last[0], sure=len({d for d, _ in days}) == 1 and rank not in unsure, lines=last[1])


def _rank(document: Document, m: Mention) -> int | None:
    passage = document.passages[m.passage]
    before = passage.text[max(0, m.start - 24) : m.start]
    if m.role is Role.SIGNING and m.strong:
        label = before if passage.table is None else before + passage.left + "".join(passage.above[:1])
        return 1 if _ORDERED.search(label) else 0
    if m.role is Role.OTHER and _SIGNATURE.search(before):
        return 2
    return None
