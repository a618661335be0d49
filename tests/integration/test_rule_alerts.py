"""Order-life rules over a real store: certain values only, each spell once, one message a rule."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from store_samples import NOW, Runs, key, line, seen, sql
from typer.testing import CliRunner

from bridge import life as life_module
from bridge import wiring
from bridge.cli import commands as _commands
from bridge.cli.app import app as program
from bridge.interfaces import NoticeLevel
from bridge.life import Life
from bridge.records import Doubt, OrderLine, RunStatus, RunSummary
from bridge.rules.judge import Standing
from bridge.store import SqlStore
from bridge.store.rule_alerts import Fitting
from bridge.wiring import App

assert _commands
CONFIG = """\
data_dir = "data"
rules = "rules.yaml"
[sources.demo]
url = "http://127.0.0.1:9/"
profile = "profile.yaml"
[reports]
language = "en"
"""
PROFILE = """\
name: demo
key: [order_no, line_no]
unit: line
list: {where: {at: "#orders"}}
columns:
  - {heading: 编号, field: order_no, type: code, required: true}
  - {heading: 行, field: line_no, type: code, required: true}
  - {heading: 客户, field: customer}
  - {heading: 交期, field: due_date, type: date}
  - {heading: 状态, field: status, type: status}
  - {heading: 备注, field: remark}
mappings: {status: {待审: new, 已审: approved, 已发: shipped}}
"""
RULES = """\
rules:
- name: stuck
  if: {status: approved, status_for_hours: 48}
  then: {alert: warning, say: Ask the workshop.}
- name: late
  if: {past_due_days: 1}
  then: {alert: failure}
"""
HOUR = timedelta(hours=1)


class Told:
    """Stands for the channels; ``deaf``: takes nothing."""

    names: Sequence[str] = ("ops",)

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, NoticeLevel]] = []
        self.deaf = False

    def send(self, title: str, text: str, *, level: NoticeLevel = NoticeLevel.INFO) -> Sequence[str]:
        if self.deaf:
            return self.names
        self.sent.append((title, text, level))
        return ()

    def rules(self) -> list[str]:
        """Since the last look."""
        titles = [title for title, _, _ in self.sent]
        self.sent.clear()
        return titles


class Plant:
    """Runs of a list, each followed by the rules, at a time that is set by hand."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, rules: str = RULES) -> None:
        self.folder = folder
        (folder / "profile.yaml").write_text(PROFILE, encoding="utf-8")
        (folder / "bridge.toml").write_text(CONFIG, encoding="utf-8")
        self.write_rules(rules)
        self.told, self.now = Told(), NOW
        monkeypatch.setattr(life_module, "utc_now", lambda: self.now)
        monkeypatch.setattr(App, "notifier", lambda _: self.told)
        self.restart()

    def write_rules(self, text: str) -> None:
        (self.folder / "rules.yaml").write_text(text, encoding="utf-8")

    def restart(self) -> None:
        self.app = App.load(self.folder / "bridge.toml")
        runs = getattr(self, "runs", None)
        self.runs = Runs(self.app.store, ())
        if runs is not None:
            self.runs._numbers = runs._numbers

    def sync(self, *lines: OrderLine, after: timedelta = HOUR, complete: bool = True) -> list[str]:
        """A run of this list, ``after`` the last one; what was told."""
        self.run(*lines, after=after, complete=complete)
        return self.told.rules()

    def run(self, *lines: OrderLine, after: timedelta = HOUR, complete: bool = True) -> None:
        self.now += after
        self.runs.now = self.now - timedelta(minutes=10)
        self.run_id = self.runs.begin()
        observed = seen(*lines, complete=complete)
        changes = self.runs.find(observed)
        self.app.store.commit(self.run_id, observed, changes, receivers=(), now=self.now)
        self.judge(complete=complete)

    def judge(self, *, complete: bool = True) -> None:
        status = RunStatus.OK if complete else RunStatus.PARTIAL
        run = RunSummary(
            run_id=self.run_id, source="demo", status=status, complete=complete,
            started_at=self.now, finished_at=self.now,
        )  # fmt: skip
        self.app.store.finish_run(run)
        Life(self.app).after(run)

    def listed(self) -> dict[str, tuple[list[str], list[str]]]:
        """Rule → (orders that it fits, orders in doubt)."""
        return {
            row.rule.name: (
                [o.order_no for j in row.judged for o in j.fits],
                [o.order_no for j in row.judged for o in j.in_doubt],
            )
            for row in Life(self.app).listed()
        }


@pytest.fixture
def plant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Plant]:
    made = Plant(tmp_path, monkeypatch)
    yield made
    made.app.store.close()


def test_each_spell_is_told_once_whatever_restarts_and_clocks_do(plant: Plant) -> None:
    approved, new = line("A", status="approved", customer="上海"), line("A", status="new")
    assert plant.sync(approved) == []
    assert plant.sync(approved, after=47 * HOUR) == []
    assert plant.sync(approved, after=HOUR) == ["demo · Rule 'stuck': order A"]
    assert plant.sync(approved, after=HOUR) == []
    plant.restart()
    assert plant.sync(approved, after=HOUR) == []
    assert plant.sync(approved, after=-60 * HOUR) == []  # the clock is set back; the alert ends for now …
    assert plant.app.store.open_alerts() == []
    assert plant.sync(approved, after=80 * HOUR) == []  # … and is not told again when it fits again
    assert plant.sync(new) == []
    assert plant.sync(approved) == []
    assert plant.sync(approved, after=49 * HOUR) == ["demo · Rule 'stuck': order A"]  # another stay


def test_alerts_of_one_rule_come_in_one_message(plant: Plant) -> None:
    lines = [line(f"A{i:02}", status="approved", customer="=cmd|'\u202e\n" + "长" * 99) for i in range(13)]
    plant.sync(*lines)
    plant.run(*lines, after=48 * HOUR)
    ((title, text, level),) = plant.told.sent
    assert (title, level) == ("demo · Rule 'stuck': 13 orders", NoticeLevel.WARNING)
    first, say, *orders, more, link = text.splitlines()
    assert first == "if it has been 'approved' for 48 h"
    assert (say, more, link) == ("Ask the workshop.", "… and 3 more", "http://127.0.0.1:8321/dashboard")
    assert len(orders) == 10
    assert orders[0].startswith("A00 · =cmd|'⟦RLO⟧↵长")
    assert all(len(o) < 120 for o in orders)


def test_what_nobody_took_is_told_after_the_next_sync(plant: Plant) -> None:
    late = line("A", status="new", due_date=(NOW - 5 * 24 * HOUR).date())
    plant.told.deaf = True
    assert plant.sync(late) == []
    plant.told.deaf = False
    assert plant.sync(late) == ["demo · Rule 'late': order A"]
    assert plant.sync(late) == []


def test_what_ended_before_anybody_took_it_is_not_told(plant: Plant) -> None:
    plant.told.deaf = True
    plant.sync(line("A", status="new", due_date=date(2026, 2, 1)))
    plant.told.deaf = False
    assert plant.sync(line("A", status="shipped", due_date=date(2026, 2, 1))) == []


def test_a_doubtful_value_neither_fires_nor_ends_an_alert(plant: Plant) -> None:
    due = date(2026, 2, 1)
    doubted = line("A", status="shipped", due_date=due, doubtful={"status": Doubt.UNPROVEN})
    assert plant.sync(line("A", status="shipped", due_date=due), line("B", status="new", due_date=due)) == [
        "demo · Rule 'late': order B"
    ]
    b = line("B", status="shipped", due_date=due, doubtful={"status": Doubt.UNPROVEN})
    assert plant.sync(doubted, b) == []
    assert plant.listed()["late"] == ([], ["A", "B"])
    assert [a.order_no for a in plant.app.store.open_alerts()] == ["B"]
    # One that nobody could say is told once it is certain.
    assert plant.sync(line("A", status="new", due_date=due), b) == ["demo · Rule 'late': order A"]
    assert plant.sync(line("A", status="new", due_date=due), line("B", status="shipped", due_date=due)) == []
    assert [a.order_no for a in plant.app.store.open_alerts()] == ["A"]


def test_a_doubt_elsewhere_in_the_row_hides_nothing_that_is_certain(plant: Plant) -> None:
    """The row waits for a person, so the store still says `new`; the list surely says `shipped`."""
    due = date(2026, 2, 1)
    plant.sync(line("A", status="new", due_date=date(2027, 1, 1), remark="x"))
    waits = line("A", status="shipped", due_date=due, remark="y", doubtful={"remark": Doubt.UNPROVEN})
    assert plant.sync(waits) == []
    assert plant.listed()["late"] == ([], [])
    moved = line("A", status="new", due_date=due, remark="y", doubtful={"remark": Doubt.UNPROVEN})
    assert plant.sync(moved) == ["demo · Rule 'late': order A"]


def test_a_persons_word_makes_it_certain(plant: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    due = date(2026, 2, 1)
    plant.sync(line("A", status="new", due_date=date(2027, 1, 1)))
    doubted = line("A", status="new", due_date=due, doubtful={"due_date": Doubt.UNPROVEN})
    assert plant.sync(doubted) == []
    (asked,) = plant.app.store.reviews()
    monkeypatch.setattr(wiring, "utc_now", lambda: plant.now)
    plant.app.decide(asked.id, "accept", values={}, by="王")
    plant.judge()
    assert plant.told.rules() == ["demo · Rule 'late': order A"]


def test_what_the_last_whole_list_did_not_show_is_not_judged(plant: Plant) -> None:
    due = date(2026, 2, 1)
    b = line("B", status="new", due_date=date(2027, 1, 1))
    plant.sync(line("A", status="new", due_date=NOW.date()), b)
    assert plant.sync(b, after=72 * HOUR) == []
    assert plant.listed()["late"] == ([], ["A"])
    assert plant.sync(line("A", status="new", due_date=due), b, complete=False) == []
    assert plant.sync(line("A", status="new", due_date=due), b) == ["demo · Rule 'late': order A"]
    plant.sync(b)
    plant.sync(b)
    assert plant.app.store.open_alerts() == []  # gone


def test_a_new_promised_date_is_told_anew(plant: Plant) -> None:
    assert plant.sync(line("A", status="new", due_date=date(2026, 2, 1))) == ["demo · Rule 'late': order A"]
    assert plant.sync(line("A", status="new", due_date=date(2026, 2, 2))) == ["demo · Rule 'late': order A"]
    assert plant.sync(line("A", status="approved", due_date=date(2026, 2, 2))) == []


def test_another_program_may_write_the_status(plant: Plant) -> None:
    late = line("A", status="new", due_date=date(2026, 2, 1))
    plant.sync(late)
    update = "UPDATE orders SET status = 'shipped', version = version + 1, updated_by = 'wms'"
    sql(f"sqlite:///{plant.folder / 'data' / 'bridge.db'}", update)
    assert plant.sync(late) == []
    assert plant.listed()["late"] == ([], [])


def test_a_broken_rules_file_is_told_once_and_stops_no_sync(plant: Plant) -> None:
    late = line("A", status="new", due_date=date(2026, 2, 1))
    plant.write_rules("rules:\n- name: late\n  if: {past_due: 1}\n  then: {alert: info}\n")
    (told,) = plant.sync(late)
    assert told.startswith("rules.yaml · demo: ")
    assert plant.sync(late) == []
    plant.write_rules(RULES)
    assert plant.sync(late) == ["demo · Rule 'late': order A", "rules.yaml · demo: works again"]
    (plant.folder / "rules.yaml").unlink()
    (told,) = plant.sync(late)
    assert told.startswith("rules.yaml · demo: ")


def test_bridge_rules_lists_them(plant: Plant) -> None:
    plant.write_rules(
        RULES
        + """\
- {name: lost parcel, if: {status: shipped, empty: tracking_no}, then: {alert: info}}
- {name: elsewhere, if: {source: k3, status: [new, nwe]}, then: {alert: info}}
"""
    )
    plant.sync(line("A", status="new", due_date=date(2026, 2, 1)))
    how = ["--config", str(plant.folder / "bridge.toml"), "rules"]
    shown = CliRunner().invoke(program, how, env={"COLUMNS": "200", "NO_COLOR": "1"})
    assert shown.exit_code == 0, shown.output
    words = " ".join(shown.output.split())
    assert "late if it is at least 1 d past due and not out failure" in words
    assert "no column delivers tracking_no" in words
    assert "bridge.toml has no source k3" in words
    assert "nobody is told" in words
    rows = {r["rule"]: r for r in json.loads(CliRunner().invoke(program, [*how, "--json"]).output)}
    assert [(n, r["can_fire"]) for n, r in rows.items()] == [
        ("stuck", True), ("late", True), ("lost parcel", False), ("elsewhere", False),
    ]  # fmt: skip
    assert rows["late"]["fits"] == [{"source": "demo", "order_no": "A"}]
    assert (rows["late"]["fired"], rows["stuck"]["last_fired"]) == (1, None)
    assert [w["why"] for w in rows["lost parcel"]["never_in"]] == ["no_field"]
    good = CliRunner().invoke(program, ["rules", "check", str(plant.folder / "rules.yaml")])
    assert good.output.count("good") == 4


# --- both databases -------------------------------------------------------------------------------------------


def test_the_store_tells_a_spell_once_and_knows_how_long(store: SqlStore) -> None:
    runs = Runs(store, ())
    for status in ("new", "approved", "approved"):
        runs(line("A", status=status, x_note="1"), line("B", status="new"))
    approved_at = NOW + timedelta(minutes=20)
    first = store.standings("demo", {key("A"): "approved", key("B"): "new"})
    assert (first[key("A")].since, first[key("B")].since) == (approved_at, NOW + timedelta(minutes=10))
    assert first[key("B")].spell == "new@0"
    unflowed = store.standings("demo", {key("A"): "shipped"})[key("A")]
    runs(line("A", status="shipped", x_note="1"), line("B", status="new"))
    flowed = store.standings("demo", {key("A"): "shipped"})[key("A")]
    assert flowed == Standing(since=NOW + timedelta(minutes=40), spell=unflowed.spell)
    assert flowed.spell != first[key("A")].spell

    found = {o.key: o for o in store.orders_now("demo", "run-4", ["status", "x_note", "due_date"])}
    assert found[key("A")].values["status"] == "shipped"
    assert (found[key("A")].values["x_note"], found[key("B")].is_empty("x_note")) == ("1", True)
    assert all(o.unsure for o in store.orders_now("demo", "run-3", ["status"]))
    assert store.held_fields("demo", ["x_note", "status", "sku", "x_other"]) == {"x_note", "status"}
    assert store.status_words("demo") == {"shipped", "new"}

    fits = Fitting(rule="r", key=key("A"), order_no="A", spell="s")
    at = datetime(2026, 3, 3, tzinfo=UTC)
    assert [store.note_fitting("demo", [fits], (), at) for _ in range(2)] == [1, 0]
    assert store.note_fitting("other", [fits], (), at) == 1
    assert [a.order_no for a in store.untold_alerts("demo")] == ["A"]
    store.mark_told([a.id for a in store.untold_alerts("demo")], at)
    assert store.note_fitting("demo", [], [("r", key("A"))], at) == 0
    assert len(store.open_alerts("demo")) == 1
    store.note_fitting("demo", [], (), at)
    assert store.open_alerts("demo") == []
    assert store.note_fitting("demo", [fits], (), at) == 0
    assert store.untold_alerts("demo") == []
    assert store.last_fired() == {"r": (at, 2)}
