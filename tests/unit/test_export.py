"""Orders as JSON, CSV and Excel: nothing is lost, and nothing is run as a formula."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from bridge import export
from bridge.errors import ConfigError
from bridge.formulas import guarded


def field(value: Any, kind: str = "text", **more: Any) -> dict[str, Any]:
    return {
        "value": value,
        "text": value,
        "confidence": 0.9876,
        "read_by": ["net", "redraw"],
        "status": "ok",
        "type": kind,
        **more,
    }


ORDERS: list[dict[str, Any]] = [
    {
        "source": "k3",
        "order_no": "SO-0001",
        "fields": {
            "amount": field("1180.50", "money", text="1,180.50"),
            "sku": field("00123", "code"),
            "customer": field('=HYPERLINK("http://evil")'),
            "due": field("2026-12-01", "date"),
        },
    },
    {
        "source": "k3",
        "order_no": "SO-0002",
        "fields": {
            "amount": field("-3", "money"),
            "customer": field("@上海", status="doubtful"),
            "note": field(None),
            "big": field("12345678901234567890", "integer"),
        },
    },
]


def read_csv() -> list[dict[str, str]]:
    content = export.as_csv(ORDERS)
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_csv_has_five_columns_for_each_field() -> None:
    first, second = read_csv()
    assert first["order_no"] == "SO-0001"
    assert first["amount"] == "1180.50"
    assert first["amount (text)"] == "1,180.50"
    assert first["amount (confidence)"] == "0.9876"
    assert first["amount (read_by)"] == "net + redraw"
    assert second["customer (status)"] == "doubtful"
    assert second["sku"] == ""
    assert second["note"] == ""


def test_csv_runs_no_formula_and_keeps_numbers() -> None:
    first, second = read_csv()
    assert first["customer"] == '\'=HYPERLINK("http://evil")'
    assert second["customer"] == "'@上海"
    assert second["amount"] == "-3"


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1", "\n=1"])
def test_what_a_spreadsheet_would_run_is_guarded(text: str) -> None:
    assert guarded(text) == "'" + text


@pytest.mark.parametrize("text", ["-12.50", "+3", "SO-1", "a=b", "", "中文"])
def test_what_is_harmless_stays(text: str) -> None:
    assert guarded(text) == text


def test_excel_has_numbers_texts_filters_and_a_frozen_heading(tmp_path: Path) -> None:
    path = tmp_path / "sub" / "orders.xlsx"
    export.write(path, export.as_xlsx(ORDERS))
    sheet = openpyxl.load_workbook(path).active
    assert sheet is not None
    rows = list(sheet.iter_rows())
    at = {cell.value: i for i, cell in enumerate(rows[0])}
    first, second = rows[1], rows[2]
    assert (first[at["amount"]].value, first[at["amount"]].number_format) == (1180.5, "0.00")
    assert first[at["sku"]].value == "00123"
    assert (first[at["customer"]].value, first[at["customer"]].data_type) == ('=HYPERLINK("http://evil")', "s")
    assert first[at["customer"]].quotePrefix
    assert second[at["big"]].value == "12345678901234567890"
    assert second[at["amount"]].value == -3
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == f"A1:{rows[0][-1].column_letter}3"


def test_json_is_what_the_store_said() -> None:
    assert json.loads(export.as_json(ORDERS)) == ORDERS


@pytest.mark.parametrize("kind", sorted(export.FORMATS))
def test_no_orders_are_an_empty_file_of_its_kind(kind: str) -> None:
    assert export.FORMATS[kind]([])


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "orders.csv"
    target.mkdir()
    with pytest.raises(ConfigError, match="cannot be written"):
        export.write(target, b"x")
    assert [p.name for p in tmp_path.iterdir()] == ["orders.csv"]
