"""Rows of an order list as they are displayed; the truth that a reader is measured against."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Literal

from samples.screens import words
from samples.screens.designs import Design

Variant = Literal["ordinary", "hostile"]
VARIANTS: tuple[Variant, ...] = ("ordinary", "hostile")
Kind = Literal["code", "text", "decimal", "money", "date", "status"]

FIRST_DAY = date(2025, 7, 1)


@dataclass(frozen=True, slots=True)
class Column:
    """field: our name.  headings: as displayed, one or two lines.  width: css pixels at 12 px type."""

    field: str
    headings: tuple[str, ...]
    kind: Kind
    width: int
    right: bool = False


COLUMNS = (
    Column("order_no", ("订单编号",), "code", 122),
    Column("customer", ("客户", "名称"), "text", 226),
    Column("sku", ("存货编码",), "code", 104),
    Column("product", ("产品名称",), "text", 178),
    Column("quantity", ("数量",), "decimal", 70, right=True),
    Column("unit_price", ("含税", "单价"), "money", 76, right=True),
    Column("amount", ("金额",), "money", 104, right=True),
    Column("order_date", ("下单", "日期"), "date", 100),
    Column("status", ("状态",), "status", 66),
    Column("contract_no", ("合同号",), "code", 116),
    Column("phone", ("联系电话",), "code", 104),
    Column("remark", ("备注",), "text", 200),
)
CUT_COLUMN = "remark"
CUT_WIDTH = 96

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class OrderList:
    """One list of one source.  number: which of the source's lists; lists of a source share no order."""

    design: Design
    variant: Variant
    rows: tuple[Row, ...]


def make_list(design: Design, variant: Variant, count: int, *, seed: int, number: int) -> OrderList:
    """The same arguments give the same rows.  Lists with other numbers use the same styles of codes."""
    style = random.Random(f"{seed}/{design.name}/style")
    styles = style.randrange(4), style.randrange(4), style.randrange(3)
    r = random.Random(f"{seed}/{design.name}/{variant}/{number}")
    rows = tuple(_row(r, design, styles, number * 4000 + i, hostile=variant == "hostile") for i in range(count))
    return OrderList(design, variant, rows)


def changed(orders: OrderList, share: float, *, seed: int) -> OrderList:
    """The same list, a while later: ``share`` of its cells changed: status, date, or quantity with amount."""
    r = random.Random(f"{seed}/{orders.design.name}/changed")
    rows = [dict(row) for row in orders.rows]
    left = round(share * len(rows) * len(COLUMNS))
    for i in r.sample(range(len(rows)), min(len(rows), left)):
        if left <= 0:
            break
        row = rows[i]
        what = r.randrange(3)
        if what == 0:
            row["status"] = r.choice([w for w in words.STATUS if w != row["status"]])
            left -= 1
        elif what == 1:
            row["order_date"] = words.day_between(r, FIRST_DAY, 400).strftime(orders.design.date)
            left -= 1
        else:
            price = Decimal(row["unit_price"].replace(",", ""))
            quantity = r.randint(1, 2000)
            row["quantity"], row["amount"] = f"{quantity:,}", f"{price * quantity:,.2f}"
            left -= 2
    return replace(orders, rows=tuple(rows))


def pages(orders: OrderList, size: int) -> list[Sequence[Row]]:
    return [orders.rows[i : i + size] for i in range(0, len(orders.rows), size)]


def _row(r: random.Random, design: Design, styles: tuple[int, int, int], n: int, *, hostile: bool) -> Row:
    day = words.day_between(r, FIRST_DAY, 400)
    quantity = r.choice((r.randint(1, 50), r.randint(50, 3000)))
    price = words.money(r, r.choice((4, 5)))
    return {
        "order_no": words.order_number(r, styles[0], day, n),
        "customer": words.customer(r, hostile=hostile),
        "sku": words.sku(r, styles[1], hostile=hostile),
        "product": words.product(r, hostile=hostile),
        "quantity": f"{quantity:,}",
        "unit_price": f"{price:,.2f}",
        "amount": f"{price * quantity:,.2f}",
        "order_date": day.strftime(design.date),
        "status": words.pick(r, words.STATUS),
        "contract_no": words.contract(r, styles[2], day) if r.random() < 0.8 else "",
        "phone": words.phone(r),
        "remark": words.remark(r),
    }
