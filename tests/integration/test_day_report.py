"""The day's report over a real store: each difference once, as it stands now, harmless in every format."""

from __future__ import annotations

import csv
import io
import json
from datetime import date, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from store_samples import NOW, Runs, line
from test_digest import app_in
from typer.testing import CliRunner

from bridge.beside import DAY, jobs
from bridge.cli import commands as _commands
from bridge.cli.app import app as program
from bridge.day import day_reported, write_day
from bridge.interfaces import Action, Settlement
from bridge.records import Doubt, RunStatus, RunSummary
from bridge.reports.day import DECIDED, OPEN, PASSED_ON, DayEntry
from bridge.settings import load_settings
from bridge.wiring import App

assert _commands
DAY_OF_RUNS = date(2026, 3, 2)  # in Shanghai, where the runs of NOW are
EVIL = '=HYPERLINK("x")<script>alert(1)</script>\u202eabc'


@pytest.fixture
def app(tmp_path: Path) -> App:
    """Two runs on one day: something new, something changed, something asked."""
    app = app_in(tmp_path)
    runs = Runs(app.store, ())
    runs(line("SO-1", status="new", customer="甲"), line("SO-2", sku="A1"), line("SO-3", status="new"))
    runs(
        line("SO-1", status="approved", customer="甲"),
        line("SO-2", sku="A2", doubtful={"sku": Doubt.UNPROVEN}),
        line("SO-3", status="approved"),
    )
    runs(
        line("SO-1", status="shipped", customer=EVIL),
        line("SO-2", sku="A2", doubtful={"sku": Doubt.UNPROVEN}),
        line("SO-3", status="new"),
        line("SO-4", sku=EVIL, doubtful={"sku": Doubt.NO_TEXT}),
    )
    for n, status in ((1, RunStatus.OK), (2, RunStatus.PARTIAL), (3, RunStatus.FAILED)):
        at = NOW + timedelta(minutes=10 * n)
        app.store.finish_run(
            RunSummary(
                run_id=f"run-{n}", source="demo", status=status, complete=True, started_at=at, finished_at=at
            )
        )
    return app


def told(entries: tuple[DayEntry, ...]) -> dict[str, list[tuple[str, str, str]]]:
    return {e.order_no: [(f.name, f.old, f.new) for f in e.fields] for e in entries}


def test_each_difference_stands_once_with_what_became_of_it(app: App) -> None:
    made, page = write_day(app, NOW + timedelta(hours=20), DAY_OF_RUNS)
    assert page.name == "day-2026-03-02.html"
    assert told(made.of(OPEN)) == {"SO-2": [("sku", "A1", "A2")], "SO-4": [("sku", "", EVIL)]}
    # All three were new on that day, so nothing of them is a change of the day before.
    assert set(told(made.of(PASSED_ON))) == {"SO-1", "SO-2", "SO-3"}
    assert [r.run_id for r in made.runs] == ["run-1", "run-2", "run-3"]
    assert {cls.value: by for cls, by in made.classes}["new"] == {"demo": 3}

    illegible = next(r for r in app.store.reviews() if r.item.order_no == "SO-4")
    said = Settlement(action=Action.DROP, by="王")
    app.store.settle(illegible.id, said, change=None, receivers=(), now=NOW + timedelta(hours=20))
    later = Runs(app.store, ())
    later._numbers = iter(range(4, 99))  # type: ignore[assignment]
    later.now = NOW + timedelta(hours=30)
    later(
        line("SO-1", status="done", customer=EVIL),
        line("SO-2", sku="A2"),
        line("SO-3", status="approved"),
        line("SO-4", sku=EVIL, doubtful={"sku": Doubt.NO_TEXT}),
    )
    next_day, _ = write_day(app, NOW + timedelta(hours=40), DAY_OF_RUNS + timedelta(days=1))
    assert told(next_day.of("superseded")) == {"SO-2": [("sku", "A1", "A2")]}
    assert told(next_day.of(PASSED_ON)) == {
        "SO-1": [("status", "shipped", "done")],
        "SO-2": [("sku", "A1", "A2")],
        "SO-3": [("status", "new", "approved")],
    }
    (decided,) = next_day.of(DECIDED)
    assert (decided.order_no, decided.by, decided.decision) == ("SO-4", "王", Action.DROP)
    assert next_day.of(OPEN) == ()
    again, _ = write_day(app, NOW + timedelta(hours=40), DAY_OF_RUNS)
    assert {e.order_no: e.state for e in again.entries if e.item} == {"SO-2": "superseded", "SO-4": "decided"}


def test_all_four_formats_are_harmless_and_say_the_same(app: App) -> None:
    made, page = write_day(app, NOW + timedelta(hours=20), DAY_OF_RUNS)
    html = page.read_text(encoding="utf-8")
    assert "<script>" not in html
    assert "\u202e" not in html
    assert "http" not in html.replace("http-equiv", "")
    data = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert data["counts"] == {"open": 2, "decided": 0, "superseded": 0, "passed_on": 3}
    assert len(data["differences"]) == len(made.entries) == 5
    rows = list(csv.DictReader(io.StringIO(page.with_suffix(".csv").read_bytes().decode("utf-8-sig"))))
    assert len(rows) == 5
    assert not [v for row in rows for v in row.values() if v.startswith(("=", "+", "@"))]
    book = openpyxl.load_workbook(page.with_suffix(".xlsx"))
    sheet = book["Differences"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref, sheet.max_row) == ("C2", "A1:N6", 6)
    assert not [c.value for row in sheet.iter_rows() for c in row if c.data_type == "f"]
    assert [s.title for s in book] == ["Summary", "Differences", "runs"]


def test_a_day_without_anything_is_a_report_too(tmp_path: Path) -> None:
    made, page = write_day(app_in(tmp_path), NOW)
    assert (made.day, made.entries) == (date(2026, 3, 1), ())
    assert "no run on this day" in page.read_text(encoding="utf-8")


def test_the_command_and_when_it_is_due(app: App, tmp_path: Path) -> None:
    config = tmp_path / "bridge.toml"
    done = CliRunner().invoke(
        program, ["--config", str(config), "report", "day", "--date", "2026-03-02", "--json"]
    )
    assert (json.loads(done.output)["counts"]["open"], done.exit_code) == (2, 0)
    now, elapsed = [datetime.fromisoformat("2026-03-02T23:00+08:00")], [0.0]
    last = day_reported(app.settings.data_dir)
    assert last() is None  # a day that was asked for is not the nightly one
    last.begin(now[0])
    made = jobs(load_settings(config), config, now=lambda: now[0], monotonic=lambda: elapsed[0])
    (wanted,) = (j.wanted for j in made if j.source == DAY)
    assert wanted is not None
    assert not wanted()
    now[0] += timedelta(hours=2)
    assert wanted()
    _, page = write_day(app, now[0])
    assert page.name == "day-2026-03-02.html"
    elapsed[0] += 3600
    assert not wanted()
