"""The mismatch report's files: what stands in them, and that hostile text and broken disks do no harm."""

import csv
import errno
import json
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any, Literal
from zipfile import ZipFile
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from PIL import Image as Pillow

from bridge.errors import StoreUnavailable
from bridge.records import (
    KEY_SEP,
    Box,
    Change,
    ChangeKind,
    ChangeSet,
    Doubt,
    FieldValue,
    Finding,
    ObservedList,
    OrderLine,
    Reading,
    ReviewItem,
    ReviewKind,
    RunStatus,
    RunSummary,
    Scalar,
    Witness,
)
from bridge.reports import mismatch
from bridge.reports.mismatch import MismatchReporter
from bridge.reports.show import visible

START = datetime(2026, 5, 6, 1, 15, 2, tzinfo=UTC)
HOSTILE = (
    "<script>alert(1)</script>", "=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "＝1+1", "\t=1+1", "a\u202eb",
    "x\x00\x07y", "\ud800", "'quoted\"", "{{ 7*7 }}", "漢" * 10_000, "e" + "\u0301" * 50, "\ufeff", "a\u2003b",
)  # fmt: skip


class Kept:
    """Evidence of one shot, half of which was cleaned away."""

    def keep_png(self, png: bytes) -> str:
        raise AssertionError("a report keeps nothing")

    def png(self, sha256: str) -> bytes | None:
        return None

    def crop(self, shot: str, box: Box, margin: int = 4) -> bytes | None:
        if shot != "kept":
            return None
        out = BytesIO()
        Pillow.new("RGB", (int(box.w) + 2 * margin, int(box.h) + 2 * margin), (200, 220, 240)).save(out, "PNG")
        return out.getvalue()


def value(
    field: str, v: Scalar, *doubts: Doubt, text: str | None = None, shot: str = "kept", **more: Any
) -> FieldValue:
    reading = Reading(
        text=str(v) if text is None else text, proven=not doubts, confidence=0.8 if doubts else 1.0,
        witnesses=(Witness.NET,), doubts=doubts, box=Box(x=10, y=20, w=100, h=30), shot=shot, page=2, row=4,
        **more,
    )  # fmt: skip
    return FieldValue(field=field, value=v, reading=reading, doubts=doubts)


def line(*values: FieldValue, key: str = "SO-1", row: int = 4, key_ok: bool = True) -> OrderLine:
    no = key.split(KEY_SEP)[0]
    return OrderLine(
        source="demo", key=key, order_no=no, key_ok=key_ok, fields={v.field: v for v in values}, page=2, row=row
    )


def asked(row: OrderLine, kind: ReviewKind = ReviewKind.DOUBTFUL_ROW, **more: Any) -> ReviewItem:
    return ReviewItem(
        kind=kind, source="demo", key=row.key, order_no=row.order_no, fingerprint="f", reason="", line=row, **more
    )


def change(kind: ChangeKind, key: str, before: Mapping[str, Scalar], after: Mapping[str, Scalar]) -> Change:
    return Change(kind=kind, source="demo", key=key, order_no=key.split(KEY_SEP)[0], before=before, after=after)


def summary(**more: Any) -> RunSummary:
    facts: dict[str, Any] = {
        "run_id": "r1", "source": "demo", "status": RunStatus.OK, "complete": True, "rows": 2, "pages": 1,
        "straight_through": 1, "doubtful": 1, "started_at": START, "finished_at": START + timedelta(seconds=9),
        "seconds": {"read": 2.5},
    }  # fmt: skip
    return RunSummary(**(facts | more))


def write(
    folder: Path, *, run: RunSummary | None = None, lines: tuple[OrderLine, ...] = (),
    findings: tuple[Finding, ...] = (), language: Literal["zh", "en"] = "zh", **changes: Any,
) -> Path:  # fmt: skip
    reporter = MismatchReporter(folder, Kept(), zone=ZoneInfo("Asia/Shanghai"), language=language)
    observed = ObservedList(source="demo", lines=lines, complete=True, findings=findings)
    return reporter.write(run or summary(), observed, ChangeSet(source="demo", **changes))


def rows_of(html: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(html.with_name("report.csv").read_text(encoding="utf-8-sig"))))


def book(html: Path) -> openpyxl.Workbook:
    return openpyxl.load_workbook(html.with_name("report.xlsx"))


# --- the folder -------------------------------------------------------------------------------------------


def test_the_folder_is_named_after_source_time_and_run(tmp_path: Path) -> None:
    path = write(tmp_path)
    assert path == tmp_path / "demo" / "20260506-091502-r1" / "report.html"
    assert sorted(p.name for p in path.parent.iterdir()) == [
        "report.csv",
        "report.html",
        "report.json",
        "report.xlsx",
    ]
    assert list(path.parent.parent.iterdir()) == [path.parent]


def test_no_name_leads_out_of_the_reports_folder(tmp_path: Path) -> None:
    path = write(tmp_path / "r", run=summary(source="../../etc", run_id="..\\..\\x:y"))
    assert path.parent.parent.parent == tmp_path / "r"
    assert path.is_file()


def test_a_second_report_of_the_run_replaces_the_first(tmp_path: Path) -> None:
    write(tmp_path, run=summary(pushed=0))
    path = write(tmp_path, run=summary(pushed=77))
    assert json.loads(path.with_name("report.json").read_bytes())["run"]["pushed"] == 77
    assert list(path.parent.parent.iterdir()) == [path.parent]


def test_what_a_killed_run_left_behind_is_cleaned_up(tmp_path: Path) -> None:
    stale = tmp_path / "demo" / f"{mismatch.UNFINISHED}20260101-000000-r0"
    stale.mkdir(parents=True)
    (stale / "report.html").write_text("half")
    path = write(tmp_path)
    assert not stale.exists()
    assert path.is_file()


def test_a_full_disk_leaves_nothing_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Path.write_bytes

    def full(self: Path, data: bytes) -> int:
        if self.name == "report.html":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(self, data)

    first = write(tmp_path, run=summary(pushed=1))
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(StoreUnavailable) as e:
        write(tmp_path, run=summary(pushed=2))
    assert "No space left on device" in e.value.message
    assert "demo" in e.value.message
    assert "reports.folder" in e.value.hint
    assert list(first.parent.parent.iterdir()) == [first.parent]
    assert json.loads(first.with_name("report.json").read_bytes())["run"]["pushed"] == 1


def test_a_file_in_the_way_is_an_error_with_the_path(tmp_path: Path) -> None:
    (tmp_path / "reports").write_text("I am a file")
    with pytest.raises(StoreUnavailable, match=r"Not a directory|File exists") as e:
        write(tmp_path / "reports")
    assert str(tmp_path / "reports") in e.value.message


# --- what is asked ----------------------------------------------------------------------------------------


def test_a_doubtful_row_without_a_question_is_shown_all_the_same(tmp_path: Path) -> None:
    odd = line(value("order_no", "SO-9"), value("qty", 3, Doubt.UNPROVEN), key="SO-9")
    fine = line(value("order_no", "SO-8"), key="SO-8", row=5)
    html = write(tmp_path, lines=(odd, fine)).read_text(encoding="utf-8")
    assert html.count('class="card rowcard"') == 1
    assert "SO-9" in html
    assert "SO-8" not in html


def test_a_doubtful_key_names_the_orders_it_could_be(tmp_path: Path) -> None:
    row = line(value("order_no", "SO-1", Doubt.LOOKALIKE), key="SO-1", key_ok=False)
    item = asked(row, ReviewKind.DOUBTFUL_KEY, could_be=("S0-1", f"SO-l{KEY_SEP}2"))
    html = write(tmp_path, lines=(row,), reviews=(item,)).read_text(encoding="utf-8")
    assert "S0-1" in html
    assert "SO-l" in html
    assert KEY_SEP not in html
    assert "订单号待确认" in html


def test_a_duplicate_key_shows_the_picture_of_the_key(tmp_path: Path) -> None:
    """No field of the row is doubtful by itself; the question is about its number."""
    row = line(value("order_no", "SO-1"), value("qty", 3), key="SO-1")
    path = write(tmp_path, reviews=(asked(row, ReviewKind.DUPLICATE_KEY),))
    sheet = book(path)["待处理"]
    assert [c.value for c in sheet[2]][:3] == [1, "SO-1", "订单号重复"]
    assert sheet[2][4].value == "订单号"
    assert path.read_text(encoding="utf-8").count("data:image/png") == 1


def test_a_picture_that_was_cleaned_away_is_said_to_be(tmp_path: Path) -> None:
    row = line(value("qty", 3, Doubt.UNPROVEN, shot="gone"))
    html = write(tmp_path, reviews=(asked(row),)).read_text(encoding="utf-8")
    assert "图片已按保留期限清理" in html


def test_beyond_the_cap_rows_are_listed_without_pictures_and_counted(tmp_path: Path) -> None:
    rows = tuple(line(value("qty", n, Doubt.CUT), key=f"SO-{n}", row=n) for n in range(7))
    reporter = MismatchReporter(tmp_path, Kept(), zone=UTC, language="en", pictured=3)
    observed = ObservedList(source="demo", lines=rows, complete=True)
    path = reporter.write(summary(doubtful=7), observed, ChangeSet(source="demo"))
    html = path.read_text(encoding="utf-8")
    assert html.count("data:image/png") == 3
    assert "The first 3 rows have pictures; the other 4 are listed below" in html
    assert all(f"SO-{n}" in html for n in range(7))
    sheet = book(path)["Doubtful"]
    assert sheet.max_row == 8
    assert len(sheet._images) == 3


def test_held_changes_are_never_called_done(tmp_path: Path) -> None:
    changes = (change(ChangeKind.ADDED, "SO-1", {}, {"order_no": "SO-1"}),)
    html = write(
        tmp_path,
        run=summary(status=RunStatus.HELD),
        changes=changes,
        held="60 % of the orders vanished",
        language="en",
    ).read_text(encoding="utf-8")
    assert "60 % of the orders vanished" in html
    assert "bridge review decide N --release" in html
    assert "Proven new orders" not in html


def test_a_failed_run_says_why_and_what_to_do(tmp_path: Path) -> None:
    run = summary(
        status=RunStatus.FAILED, complete=False, why_not=("page 3 is missing",), rows=0, straight_through=0,
        error="the ERP said 500 on page 3", error_code="source_unavailable", hint="Open it in a browser.",
    )  # fmt: skip
    html = write(tmp_path, run=run, language="en").read_text(encoding="utf-8")
    for words in (
        "failed",
        "page 3 is missing",
        "the ERP said 500 on page 3",
        "Open it in a browser.",
        "stored nothing",
    ):
        assert words in html
    assert "0.0 %" not in html  # of no rows there is no share


def test_findings_and_run_questions_stand_in_the_page_and_the_sheet(tmp_path: Path) -> None:
    breaker = ReviewItem(
        kind=ReviewKind.BREAKER, source="demo", key=None, order_no=None, fingerprint="b", reason="too many at once"
    )
    finding = Finding(code="list_sum", params={"text": "shows 10.00, gives 12.00"}, page=3)
    path = write(tmp_path, findings=(finding,), reviews=(breaker,))
    summary_sheet = " ".join(str(c.value) for row in book(path)["概况"] for c in row)
    for text in (path.read_text(encoding="utf-8"), summary_sheet):
        for words in ("合计对不上", "shows 10.00, gives 12.00", "too many at once", "变化过大"):
            assert words in text


# --- Excel, CSV, JSON -------------------------------------------------------------------------------------


def test_cells_have_types(tmp_path: Path) -> None:
    after = {
        "order_no": "00123",
        "qty": 7,
        "price": Decimal("1180.00"),
        "due_date": date(2026, 5, 6),
        "sku": "1E5",
    }
    path = write(tmp_path, changes=(change(ChangeKind.ADDED, "00123", {}, after),))
    sheet = book(path)["新增"]
    heads = [c.value for c in sheet[1]]
    cells = dict(zip(heads, sheet[2], strict=True))
    assert (cells["订单号"].value, cells["订单号"].data_type) == ("00123", "s")
    assert (cells["存货编码"].value, cells["存货编码"].data_type) == ("1E5", "s")
    assert (cells["数量"].value, cells["数量"].data_type) == (7, "n")
    assert (cells["单价"].value, cells["单价"].number_format) == (1180, "#,##0.00")
    assert cells["交货日期"].value == datetime(2026, 5, 6)  # noqa: DTZ001 - Excel knows no zones
    assert cells["交货日期"].is_date
    assert sheet.freeze_panes == "C2"
    assert sheet.auto_filter.ref == "A1:G2"


def test_a_number_that_excel_would_round_goes_in_as_text(tmp_path: Path) -> None:
    amount = Decimal("12345678901234567.89")
    path = write(tmp_path, changes=(change(ChangeKind.ADDED, "A", {}, {"amount": amount}),))
    assert book(path)["新增"]["C2"].value == "12345678901234567.89"


def test_sheets_are_all_there_and_named_in_the_language(tmp_path: Path) -> None:
    assert book(write(tmp_path)).sheetnames == ["概况", "待处理", "变更", "新增", "消失"]
    assert book(write(tmp_path, language="en")).sheetnames == ["Summary", "Doubtful", "Changes", "Added", "Gone"]


def test_the_same_run_gives_the_same_workbook(tmp_path: Path) -> None:
    """No clock in it: the time of the run is the time of the file."""
    path = write(tmp_path)
    assert ZipFile(path.with_name("report.xlsx")).read("docProps/core.xml").count(b"2026-05-06T01:15:11Z") >= 1


@pytest.mark.parametrize("text", HOSTILE, ids=lambda t: repr(t[:12]))
def test_hostile_text_is_harmless_everywhere(tmp_path: Path, text: str) -> None:
    row = line(
        value("order_no", text), value("customer", text, Doubt.UNPROVEN, alternatives=(text + "2",)), key=text
    )
    path = write(
        tmp_path,
        run=summary(why_not=(text,), complete=False, error=text, error_code="x", hint=text),
        lines=(row,),
        findings=(Finding(code=text[:20], params={"text": text}),),
        reviews=(asked(row, before={"customer": text}, could_be=(text,)),),
        changes=(
            change(ChangeKind.CHANGED, text, {"customer": text}, {"customer": text[::-1] + "!"}),
            change(ChangeKind.ADDED, text, {}, {"customer": text}),
            change(ChangeKind.GONE, text, {"customer": text}, {}),
        ),
        missing=(text,),
        held=text,
    )
    html = path.read_text(encoding="utf-8")
    assert "<script>alert" not in html
    assert "\u202e" not in html
    assert "\x00" not in html
    for sheet in book(path):
        for cells in sheet:
            for cell in cells:
                assert cell.data_type != "f"
                if isinstance(cell.value, str):
                    assert len(cell.value) <= 32_767
                    assert visible(cell.value.replace("\n", "")) == cell.value.replace("\n", "")
    for record in rows_of(path):
        for cell in record.values():
            assert not cell.lstrip().startswith(tuple("=+-@＝"))
            assert visible(cell) == cell
    kept = json.loads(path.with_name("report.json").read_bytes())
    assert kept["doubtful"][0]["fields"]["customer"]["reading"]["text"] == text
    assert kept["changes"][0]["before"]["customer"] == text


def test_a_formula_stays_text_after_editing_in_excel(tmp_path: Path) -> None:
    path = write(tmp_path, changes=(change(ChangeKind.ADDED, "=1+1", {}, {"memo": "=1+1", "remark": "plain"}),))
    sheet = book(path)["新增"]
    assert sheet["C2"].quotePrefix
    assert not sheet["D2"].quotePrefix


def test_csv_says_each_difference_once(tmp_path: Path) -> None:
    row = line(value("qty", 3, Doubt.ARITHMETIC, text="3", alternatives=("8",)))
    path = write(
        tmp_path,
        reviews=(asked(row, before={"qty": 8}),),
        changes=(
            change(ChangeKind.CHANGED, f"SO-2{KEY_SEP}1", {"a": 1, "b": 2}, {"a": 1, "b": Decimal("-2.50")}),
        ),
        missing=("SO-3",),
        language="en",
    )
    assert path.with_name("report.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    doubtful, changed, missing = rows_of(path)
    assert (doubtful["kind"], doubtful["old"], doubtful["new"], doubtful["proven"]) == ("doubtful", "8", "3", "no")
    assert (doubtful["page"], doubtful["row"], doubtful["alternatives"]) == ("2", "5", "8")
    assert doubtful["why"] == "quantity × price ≠ amount"
    assert (changed["field"], changed["old"], changed["new"], changed["proven"]) == ("b", "2", "-2.50", "yes")
    assert changed["key"] == "SO-2 · 1"
    assert (missing["kind"], missing["key"]) == ("missing", "SO-3")


def test_json_has_every_reading_in_full(tmp_path: Path) -> None:
    row = line(value("qty", 3, Doubt.CUT), value("price", Decimal("1.50")))
    data = json.loads(write(tmp_path, reviews=(asked(row),)).with_name("report.json").read_bytes())
    assert data["run"]["started_at"] == "2026-05-06T01:15:02+00:00"
    assert data["run"]["status"] == "ok"
    fields = data["doubtful"][0]["fields"]
    assert fields["price"]["value"] == "1.50"
    assert fields["qty"]["reading"]["box"] == [10, 20, 100, 30]
    assert fields["qty"]["doubts"] == ["cut"]


def test_labels_from_the_profile_win_over_our_own_words(tmp_path: Path) -> None:
    reporter = MismatchReporter(tmp_path, Kept(), zone=UTC, labels={"qty": "订货量<"})
    row = line(value("qty", 3, Doubt.CUT), value("price", Decimal(1)))
    observed = ObservedList(source="demo", lines=(replace(row, key="K"),), complete=True)
    html = reporter.write(summary(), observed, ChangeSet(source="demo")).read_text(encoding="utf-8")
    assert "订货量&lt;" in html
    assert "单价" in html
