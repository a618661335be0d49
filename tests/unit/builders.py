"""Small builders for the unit tests: readings, grids, lines and stored rows without their pixels."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bridge.parse.orders import parse_grids
from bridge.profiles import Profile, parse_profile
from bridge.records import (
    BaselineRow,
    Box,
    Doubt,
    Grid,
    GridRow,
    OrderLine,
    Reading,
    RowKind,
    Scalar,
    Witness,
)

SOURCE = "demo"

COLUMNS: list[dict[str, Any]] = [
    {"heading": "订单编号", "field": "order_no", "type": "code", "required": True},
    {"heading": "客户", "field": "customer", "type": "text"},
    {"heading": "数量", "field": "quantity", "type": "decimal", "format": "1,234.56"},
    {"heading": "单价", "field": "price", "type": "decimal", "format": "1,234.56", "decimals": 2},
    {"heading": "金额", "field": "amount", "type": "money", "format": "1,234.56", "decimals": 2},
    {"heading": "交货日期", "field": "due_date", "type": "date", "format": "%Y-%m-%d"},
    {"heading": "状态", "field": "status", "type": "status"},
]
"""A usual order list; its fields in the order in which ``row`` takes their texts."""

USUAL = ("SO-0100", "上海鑫盛五金", "2", "590.00", "1,180.00", "2026-03-05", "已审核")


def profile(**changes: Any) -> Profile:
    """The usual profile; ``order_list`` and other keys replace the usual ones."""
    order_list = {"where": {"at": "#orders"}} | changes.pop("order_list", {})
    data = {"name": "demo", "key": ["order_no"], "columns": COLUMNS, "list": order_list} | changes
    return parse_profile(data, "tests")


def reading(text: str, *, page: int = 1, row: int = 0, **changes: Any) -> Reading:
    """A proven reading; its picture is made of its text, as the same text gives the same pixels."""
    return replace(
        Reading(
            text=text,
            proven=True,
            confidence=1.0,
            witnesses=(Witness.BLANK,) if not text else (Witness.NET, Witness.PAGE_TEXT),
            box=Box(x=10, y=20 + 22 * row, w=80, h=22),
            shot=f"shot{page}",
            picture=hashlib.sha256(text.encode()).hexdigest()[:12],
            page=page,
            row=row,
        ),
        **changes,
    )


def unproven(text: str, *alternatives: str, confidence: float = 0.8, **changes: Any) -> Reading:
    """What the net alone says."""
    return reading(
        text,
        **{
            "proven": False,
            "confidence": confidence,
            "witnesses": (Witness.NET,),
            "doubts": (Doubt.UNPROVEN,),
            "alternatives": alternatives,
        }
        | changes,
    )


def proven_by(text: str, *witnesses: Witness) -> Reading:
    return reading(text, witnesses=witnesses)


def row(*cells: str | Reading, kind: RowKind = RowKind.DATA, y: float = 0.0) -> GridRow:
    return GridRow(kind=kind, cells=tuple(c if isinstance(c, Reading) else reading(c) for c in cells), y_offset=y)


def usual(**texts: str | Reading) -> GridRow:
    """The usual row with some fields replaced."""
    names = [c["field"] for c in COLUMNS]
    assert set(texts) <= set(names)
    return row(*(texts.get(n, t) for n, t in zip(names, USUAL, strict=True)))


def total_row(*cells: str | Reading) -> GridRow:
    return row(*cells, kind=RowKind.OTHER)


def grid(*rows: GridRow, page: int = 1, columns: Sequence[str | None] | None = None, **changes: Any) -> Grid:
    names = tuple(columns) if columns is not None else tuple(c["field"] for c in COLUMNS)
    headings = tuple(reading(n or "") for n in names)
    return replace(Grid(page=page, shot=f"shot{page}", columns=names, headings=headings, rows=rows), **changes)


def lines(*rows: GridRow, page: int = 1, of: Profile | None = None) -> tuple[OrderLine, ...]:
    """Rows of the usual list as parsed lines."""
    return parse_grids(SOURCE, of or profile(), [grid(*rows, page=page)])


def stored(line: OrderLine, *, missing: int = 0, absent: bool = False, **values: Scalar) -> BaselineRow:
    """The line as the baseline keeps it, some fields with other values."""
    fields: Mapping[str, Scalar] = {**line.values(), **values}
    return BaselineRow(key=line.key, order_no=line.order_no, fields=fields, missing=missing, absent=absent)


def baseline(*rows: BaselineRow) -> dict[str, BaselineRow]:
    return {r.key: r for r in rows}
