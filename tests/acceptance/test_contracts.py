"""Whole contracts through the real nets: the small samples that are kept in the repository."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from bridge.cli import commands as _commands  # registers them
from bridge.cli.app import app
from bridge.contracts.pages.files import open_pages
from bridge.reading import contract_reader
from scripts.bench_contracts import score, summary

assert _commands
GOLDEN = Path(__file__).parents[2] / "samples" / "contracts" / "golden"
TRUTH = json.loads((GOLDEN / "truth.json").read_text(encoding="utf-8"))
KEYS = frozenset(
    [
        "file",
        "promised_date",
        "promised_dates",
        "kind",
        "base_event",
        "offset_days",
        "offset_unit",
        "clause",
        "page",
        "box",
        "confidence",
        "needs_review",
        "reason",
        "contract_no",
        "signing_date",
        "buyer",
        "seller",
        "status",
        "error",
    ]
)
pytestmark = [pytest.mark.acceptance, pytest.mark.slow]


@pytest.fixture(scope="module")
def reader():  # type: ignore[no-untyped-def]
    return contract_reader()


@pytest.mark.parametrize("file", TRUTH)
def test_a_sample_is_right_or_waits_for_a_person_and_is_never_false(reader, file: str) -> None:  # type: ignore[no-untyped-def]
    got = reader.read(GOLDEN / file).as_json()
    result = score(file, TRUTH[file], got, 1.0, 1.0)
    assert result.right, got
    assert not result.false
    assert (got["contract_no"], got["signing_date"]) == (TRUTH[file]["contract_no"], TRUTH[file]["signing_date"])
    assert summary([result])["groups"]["all"]["right"] == 1


def test_upside_down_is_the_same_contract_and_its_clause_is_shown_where_it_stands(reader, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    upright = GOLDEN / "form-paid_7-fax.tiff"
    with Image.open(upright) as picture:
        picture.convert("L").rotate(180).save(tmp_path / "turned.png")
    a, b = reader.read(upright), reader.read(tmp_path / "turned.png")
    assert (
        (b.kind, b.base_event, b.offset_days)
        == (a.kind, a.base_event, a.offset_days)
        == ("relative", "payment", 7)
    )
    (raw,) = open_pages(tmp_path / "turned.png")
    h, w = (raw.scale * side for side in raw.image.shape[:2])
    assert a.box is not None
    assert b.box is not None
    assert abs((w - b.box.x2) - a.box.x) < 0.02 * w
    assert abs((h - b.box.y2) - a.box.y) < 0.02 * h


def test_a_broken_file_does_not_stop_the_batch(tmp_path: Path) -> None:
    (tmp_path / "a-broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    (tmp_path / "b.txt").write_text("交货日期：2026年3月15日", encoding="utf-8")
    shutil.copy(GOLDEN / "order_table-lines-clean.pdf", tmp_path / "c.pdf")
    done = CliRunner().invoke(app, ["contract", str(tmp_path), "--json"], standalone_mode=False)
    printed = json.loads(done.stdout)
    assert [p["status"] for p in printed] == ["error", "error", "ok"]
    assert all(set(p) >= KEYS for p in printed)
    assert printed[2]["promised_dates"] == TRUTH["order_table-lines-clean.pdf"]["promised_dates"]
    assert done.return_value == 15
