"""What the store gives out, in every file format of ``bridge export``."""

from __future__ import annotations

import csv
import io
import json
from datetime import datetime

from store_samples import Runs, line

from bridge import export
from bridge.store import SqlStore


def test_an_order_of_the_store_goes_into_json_with_its_times(store: SqlStore) -> None:
    Runs(store)(line("SO-1", remark="x"))
    (order,) = json.loads(export.as_json(store.export_orders()))
    assert order["key"][0] == "SO-1"
    assert order["fields"]["remark"]["read_by"] == ["net", "redraw"]
    assert datetime.fromisoformat(order["updated_at"]).tzinfo is not None


def test_an_order_of_the_store_goes_into_a_table_with_its_times_and_witnesses(store: SqlStore) -> None:
    Runs(store)(line("SO-1", remark="x"))
    content = export.as_csv(store.export_orders()).decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(content, newline=""))
    assert row["remark (read_by)"] == "net + redraw"
    assert row["key"].startswith("SO-1")
    assert datetime.fromisoformat(row["updated_at"]).tzinfo is not None
    assert export.as_xlsx(store.export_orders()).startswith(b"PK")
