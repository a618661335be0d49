"""One page of one list, as it is displayed (with the faults that falsify it), and the truth behind it."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from samples.erp.book import Book
from samples.erp.columns import COLUMNS, Column, Row, looks_cut, quantity, text
from samples.erp.faults import Faults
from samples.erp.orders import Order


@dataclass(frozen=True, kw_only=True)
class Sums:
    qty: Decimal
    amount: Decimal

    def displayed(self) -> tuple[str, str]:
        return quantity(self.qty), f"{self.amount:,.2f}"


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a page shows."""

    kind: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    number: int
    pages: int
    size: int
    total: int
    sums: Sums  # of the whole list
    page_sums: Sums

    def cells(self, row: Row) -> list[str]:
        return [text(column, row) for column in self.columns]


def rows_of(kind: str, orders: list[Order]) -> list[Row]:
    if kind != "lines":
        return [Row(order=order, number=n) for n, order in enumerate(orders, start=1)]
    pairs = [(order, line) for order in orders for line in range(1, len(order.extra) + 2)]
    return [Row(order=order, number=n, line_no=line) for n, (order, line) in enumerate(pairs, start=1)]


def list_orders(book: Book, kind: str, scope: str | None = None) -> list[Order]:
    return book.in_scope("closed" if kind == "closed" else scope)


def summed(rows: list[Row] | tuple[Row, ...]) -> Sums:
    return Sums(qty=sum((r.qty for r in rows), Decimal(0)), amount=sum((r.amount for r in rows), Decimal(0)))


def columns_of(kind: str, faults: Faults) -> tuple[Column, ...]:
    """The list's columns, renamed, moved or added to by faults. Counts nothing."""
    columns = list(COLUMNS[kind])
    if fault := faults.peek("rename_column", kind=kind):
        columns = [replace(c, heading=fault["to"]) if c.heading == fault["column"] else c for c in columns]
    headings = [c.heading for c in columns]
    fault = faults.peek("move_column", kind=kind)
    if fault and fault["column"] in headings and fault["other"] in headings:
        a, b = headings.index(fault["column"]), headings.index(fault["other"])
        columns[a], columns[b] = columns[b], columns[a]
    fault = faults.peek("extra_column", kind=kind)
    if fault and fault["before"] in headings:
        extra = Column(key="fault", heading=fault["heading"], width=60, align="center", fixed_text=fault["text"])
        columns.insert([c.heading for c in columns].index(fault["before"]), extra)
    return tuple(columns)


def page_of(kind: str, orders: list[Order], *, number: int, size: int, faults: Faults) -> Page:
    """Page `number` (from 1; too high = the last) of these orders."""
    if faults.fires("empty_list", kind=kind):
        orders = []
    rows = rows_of(kind, orders)
    pages = max(1, -(-len(rows) // size))
    number = min(max(number, 1), pages)
    start = (number - 1) * size
    shown = rows[start : start + size]
    sums, page_sums, total = summed(rows), summed(shown), len(rows)
    if start and faults.fires("duplicate_row_across_pages", page=number, kind=kind):
        shown = [rows[start - 1], *shown]
    if shown and faults.fires("missing_row", page=number, kind=kind):
        del shown[len(shown) // 2]
    if fault := faults.fires("wrong_total", kind=kind):
        total += int(fault["by"])
    if fault := faults.fires("wrong_sum", kind=kind):
        page_sums = replace(page_sums, amount=page_sums.amount + Decimal(str(fault["by"])))
        sums = replace(sums, amount=sums.amount + Decimal(str(fault["by"])))
    columns = columns_of(kind, faults)
    for name in ("rename_column", "move_column", "extra_column"):
        faults.fires(name, kind=kind)
    return Page(
        kind=kind,
        columns=columns,
        rows=tuple(shown),
        number=number,
        pages=pages,
        size=size,
        total=total,
        sums=sums,
        page_sums=page_sums,
    )


def truth(book: Book, kind: str, *, scope: str | None = None, size: int = 50) -> dict[str, Any]:
    """The whole list in display order, without any fault.

    `rows[i]`: number, page, cells {heading: whole displayed text}, cut [headings, estimated], fields
    (typed: decimals and ISO dates as strings, None where empty). `sums` are displayed texts, `page_sums` by page.
    """
    if kind not in COLUMNS:
        raise ValueError(f"no list {kind!r}; there are: {', '.join(COLUMNS)}")
    rows = rows_of(kind, list_orders(book, kind, scope))
    columns = [c for c in COLUMNS[kind] if c.key not in ("check", "tools")]
    pages = [rows[start : start + size] for start in range(0, len(rows), size)] or [[]]
    exported = []
    for row in rows:
        cells = {c.heading: text(c, row) for c in columns}
        exported.append(
            {
                "id": row.order.id,
                "number": row.number,
                "page": (row.number - 1) // size + 1,
                "cells": cells,
                "cut": [c.heading for c in columns if looks_cut(c, cells[c.heading])],
                "fields": row.typed(with_line=kind == "lines"),
            }
        )
    return {
        "list": kind,
        "scope": "closed" if kind == "closed" else scope or book.scope,
        "clock": book.clock.isoformat(),
        "headings": [c.heading for c in columns],
        "total": len(rows),
        "pages": len(pages),
        "page_size": size,
        "sums": dict(zip(("qty", "amount"), summed(rows).displayed(), strict=True)),
        "page_sums": [dict(zip(("qty", "amount"), summed(p).displayed(), strict=True)) for p in pages],
        "rows": exported,
    }
