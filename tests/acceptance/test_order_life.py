"""Order-life rules through real syncs: the sample ERP's days pass, and people are told of each order once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from fault_world import SIGNING, SOURCE, World, start_erp
from outside import Outside
from typer.testing import CliRunner

from bridge import life as life_module
from bridge import wiring
from bridge.cli import commands as _commands
from bridge.cli.app import Invocation
from bridge.cli.app import app as program
from bridge.testing.receivers import Receiver

assert _commands
pytestmark = [pytest.mark.acceptance, pytest.mark.slow]
ZONE = ZoneInfo("Asia/Shanghai")
SETTINGS = 'rules = "rules.yaml"\n[notify]\nto = ["secret:ops"]\n[reports]\nlanguage = "en"\n'
RULES = """\
rules:
- {name: stuck, if: {status: approved, status_for_hours: 48}, then: {alert: warning, say: Ask the workshop.}}
- {name: soon, if: {status: [new, approved], due_within_days: 3}, then: {alert: info}}
- {name: late, if: {past_due_days: 1}, then: {alert: failure}}
- {name: parcel, if: {status: shipped, empty: contract_no}, then: {alert: warning}}
"""


class Days:
    """The bridge's clock, which goes with the ERP's."""

    def __init__(self, world: World) -> None:
        self.world, self.moment = world, datetime(2026, 3, 16, 9, tzinfo=ZONE)

    def __call__(self) -> datetime:
        self.moment += timedelta(seconds=1)
        return self.moment

    def pass_(self, days: int) -> None:
        told = self.world.erp.advance(0, days)
        self.moment = datetime.combine(date.fromisoformat(told["clock"]), self.moment.time(), ZONE)


@pytest.fixture
def world(own_machine: None, outside: Outside, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A small ERP that shows every order, and nothing read of it yet."""
    folder = tmp_path_factory.mktemp("life")
    made = World(
        folder=folder,
        erp=start_erp(count=2, closed=0, scope="all"),
        receiver=Receiver(log=folder / "receiver.jsonl", secret=SIGNING),
    )
    (folder / "rules.yaml").write_text(RULES, encoding="utf-8")
    made.configure(profile={"list.scope": {"kind": "all"}}, top=SETTINGS)
    yield made
    made.close()


def test_orders_that_do_not_move_are_told_once(
    world: World, outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = Days(world)
    monkeypatch.setattr(wiring, "utc_now", days)
    monkeypatch.setattr(life_module, "utc_now", days)
    monkeypatch.setattr(Invocation, "load", lambda *_: world.app)

    def sync() -> list[tuple[str, str]]:
        """One `bridge sync`; title and type of what was told."""
        outside.notices.clear()
        done = CliRunner().invoke(
            program, ["--config", str(world.folder / "bridge.toml"), "sync", SOURCE, "--json"]
        )
        assert done.exit_code == 0, done.output
        return [(n["title"], n["type"]) for n in outside.notices]

    for row in world.erp.truth("classic")["rows"]:
        world.erp.edit(row["fields"]["order_no"], status="已完成")
    world.erp.add(
        order_no="SO-STUCK", status="已审核", due_date="2026-03-21", contract_no="HT-1", customer="甲<b>公司"
    )
    world.erp.add(order_no="SO-MOVES", status="已审核", due_date="2026-06-01", contract_no="")
    assert sync() == []

    days.pass_(2)  # 48 hours for the one, and three days until it is due
    world.erp.edit("SO-MOVES", status="生产中")
    assert sync() == [
        ("demo · Rule 'stuck': order SO-STUCK", "warning"),
        ("demo · Rule 'soon': order SO-STUCK", "info"),
    ]
    assert "甲<b>公司 · approved since 2026-03-16 09:00" in outside.notices[0]["message"]
    assert "Ask the workshop." in outside.notices[0]["message"]

    world.forget_app()  # another process tells none of it again
    world.erp.edit("SO-MOVES", status="已发货")
    assert sync() == [("demo · Rule 'parcel': order SO-MOVES", "warning")]
    days.pass_(4)
    assert sync() == [("demo · Rule 'late': order SO-STUCK", "failure")]
    world.erp.edit("SO-STUCK", status="已发货")
    assert sync() == []

    listed = CliRunner().invoke(program, ["--config", str(world.folder / "bridge.toml"), "rules", "--json"])
    rows = {r["rule"]: r for r in json.loads(listed.output)}
    assert {n: (r["fired"], [o["order_no"] for o in r["fits"]], r["can_fire"]) for n, r in rows.items()} == {
        "stuck": (1, [], True),
        "soon": (1, [], True),
        "late": (1, [], True),
        "parcel": (1, ["SO-MOVES"], True),
    }
    assert [a.rule for a in world.app.store.open_alerts()] == ["parcel"]
