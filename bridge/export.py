"""Orders as JSON, CSV or Excel.

An order is what ``App.export_orders`` gives: ``{"source", "order_no", "key", "life", …, "fields": {name:
{"value", "text", "confidence", "read_by", "status"}}}``, and ``"type"`` where the column's is known.  Tables get
five columns for each field: value, text as displayed, confidence, who spoke for it, status.  Times are ISO 8601
with their zone.

Spreadsheets run what begins with = + - @ or a tab as a formula, and an ERP's cell may hold anything.  So in CSV
such a text gets a leading apostrophe (numbers stay as they are), and in Excel it is written as a text.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from bridge.errors import ConfigError
from bridge.formulas import guarded, looks_like_formula

Order = Mapping[str, Any]
FACETS = ("value", "text", "confidence", "read_by", "status")
NUMBERS = ("integer", "decimal", "money")
MAX_DECIMALS = 8
MAX_WIDTH = 48  # characters
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")


def as_json(orders: Sequence[Order]) -> bytes:
    return (json.dumps(list(orders), ensure_ascii=False, indent=2, default=_json) + "\n").encode()


def _json(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"no JSON form for {type(value).__name__}")


def as_csv(orders: Sequence[Order]) -> bytes:
    """UTF-8 with a byte order mark, which Excel needs to see Chinese."""
    headings, rows = _flat(orders)
    sheet = io.StringIO(newline="")
    writer = csv.writer(sheet)
    writer.writerow(headings)
    writer.writerows([guarded(cell) for cell, _ in row] for row in rows)
    return sheet.getvalue().encode("utf-8-sig")


def as_xlsx(orders: Sequence[Order]) -> bytes:
    """With filters, a frozen heading, and numbers as numbers where the column's type says so."""
    import xlsxwriter

    headings, rows = _flat(orders)
    file = io.BytesIO()
    book = xlsxwriter.Workbook(file, {"in_memory": True})
    sheet = book.add_worksheet("orders")
    quoted = book.add_format({"num_format": "@", "quote_prefix": True})
    number = {n: book.add_format({"num_format": "0." + "0" * n if n else "0"}) for n in range(MAX_DECIMALS + 1)}
    widths = [len(heading) for heading in headings]
    sheet.write_row(0, 0, headings, book.add_format({"bold": True, "bottom": 1}))
    for y, row in enumerate(rows, 1):
        for x, (cell, kind) in enumerate(row):
            text = "" if cell is None else str(cell)
            widths[x] = max(widths[x], sum(2 if ord(c) > 0x2E80 else 1 for c in text))
            if kind in NUMBERS and _fits_excel(text):
                sheet.write_number(y, x, float(text), number[len(text.partition(".")[2])])  # Excel knows no other
            else:
                sheet.write_string(y, x, text, quoted if looks_like_formula(text) else None)
    for x, width in enumerate(widths):
        sheet.set_column(x, x, min(width + 2, MAX_WIDTH))
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(len(rows), 1), max(len(headings) - 1, 0))
    book.close()
    return file.getvalue()


def _fits_excel(text: str) -> bool:
    """A number that Excel's 15 digits hold exactly; longer ones are written as text."""
    digits = sum(c.isdigit() for c in text)
    return bool(_NUMBER.fullmatch(text)) and digits <= 15 and len(text.partition(".")[2]) <= MAX_DECIMALS


FORMATS: Mapping[str, Callable[[Sequence[Order]], bytes]] = {"json": as_json, "csv": as_csv, "xlsx": as_xlsx}


def write(target: Path, content: bytes) -> None:
    """The whole file or nothing.  Raises ConfigError if it cannot be written."""
    new = target.with_name(f"{target.name}.{os.getpid()}.new")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        new.write_bytes(content)
        new.replace(target)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise ConfigError(
            f"{target} cannot be written: {error.strerror}",
            hint="Close it if Excel has it open, or name another file.",
        ) from None


def _flat(orders: Sequence[Order]) -> tuple[list[str], list[list[tuple[Any, str]]]]:
    """Headings, and rows of (cell, the column's type or "")."""
    own = list(dict.fromkeys(k for order in orders for k in order if k != "fields"))
    names = list(dict.fromkeys(name for order in orders for name in order["fields"]))
    headings = own + [name if facet == "value" else f"{name} ({facet})" for name in names for facet in FACETS]
    rows = []
    for order in orders:
        row: list[tuple[Any, str]] = [(_words(order.get(k)), "") for k in own]
        for name in names:
            field = order["fields"].get(name, {})
            for facet in FACETS:
                row.append((_words(field.get(facet)), field.get("type", "") if facet == "value" else ""))
        rows.append(row)
    return headings, rows


def _words(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return " + ".join(map(str, value)) if isinstance(value, list | tuple) else value
