"""A contract in the inbox, its order shipped late in the sample ERP, and the nightly report: the same late order with
both pictures.  The clock is compressed: the bridge's days pass between two lines."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from fault_world import SIGNING, World, start_erp
from PIL import Image

from bridge import promises as promises_module
from bridge import wiring
from bridge.beside import Daily
from bridge.promises import Promises, reported
from bridge.testing.receivers import Receiver

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "samples" / "contracts" / "golden"
CONTRACT, NUMBER, BUYER = "order_table-lines-clean.pdf", "CG-202606-012", "嘉兴立信轴承有限公司"
PROMISED = date(2026, 8, 1)
ZONE = ZoneInfo("Asia/Shanghai")
CONTRACTS = '[contracts]\ninbox = "inbox"\nsettle_seconds = 0.2\n[run]\ntimezone = "Asia/Shanghai"'
WHOLE_LIST = {"list.scope": {"kind": "all"}}


class Clock:
    """The bridge's clock, set by hand; between two looks a second passes."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 7, 1, tzinfo=ZONE)

    def __call__(self) -> datetime:
        self.moment += timedelta(seconds=1)
        return self.moment

    def to(self, month: int, day: int, hour: int) -> None:
        self.moment = datetime(2026, month, day, hour, tzinfo=ZONE)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(wiring, "utc_now", made)
    monkeypatch.setattr(promises_module, "utc_now", made)
    return made


@pytest.fixture
def world(own_machine: None, tmp_path: Path) -> Iterator[World]:
    """A small ERP whose list keeps shipped orders, and nothing read of it yet."""
    made = World(
        folder=tmp_path,
        erp=start_erp(count=6, closed=2, scope="all"),
        receiver=Receiver(log=tmp_path / "receiver.jsonl", secret=SIGNING),
    )
    (tmp_path / "inbox").mkdir()
    made.configure(profile=WHOLE_LIST, receiver=CONTRACTS)
    yield made
    made.close()


def ordered(world: World, contract_no: str, customer: str) -> str:
    """A new order in the ERP; its number."""
    world.erp.add(contract_no=contract_no, customer=customer, status="生产中")
    (row,) = [r for r in world.erp.truth("classic")["rows"] if r["fields"]["contract_no"] == contract_no]
    return str(row["fields"]["order_no"])


def test_a_late_order_stands_in_the_nightly_report_with_the_clause_and_the_cell(
    world: World, clock: Clock
) -> None:
    number = ordered(world, NUMBER, BUYER)
    clock.to(7, 20, 9)
    assert world.sync().error is None

    shutil.copy(GOLDEN / CONTRACT, world.folder / "inbox" / "采购合同.pdf")
    contracts = Promises(world.app)
    (taken,) = contracts.empty_inbox()
    assert (taken.outcome, taken.moved_to) == ("kept", world.folder / "inbox" / "done" / "采购合同.pdf")
    assert taken.contract is not None
    assert (taken.contract.due, taken.contract.asks) == (PROMISED, ())
    assert [n.order_no for n in taken.contract.linked] == [number]

    for day in (1, 2):
        clock.to(8, day, 20)
        assert world.sync().error is None
    clock.to(8, 3, 9)
    world.erp.edit(number, status="已发货")
    assert world.sync().error is None

    due = Daily(clock_time(2), ZONE, reported(world.data), clock, time.monotonic)
    clock.to(8, 4, 2)
    assert due()
    report, page = contracts.write_on_time()
    assert page == world.data / "reports" / "on-time" / "on-time-2026-08-04.html"
    (late,) = report.orders
    assert (late.order.order_no, late.verdict, late.promised, late.shipped) == (
        number,
        "late",
        PROMISED,
        date(2026, 8, 3),
    )
    assert (late.earliest, late.uncertain, late.complete, late.days_late) == (date(2026, 8, 2), False, True, 2)

    html = page.read_text(encoding="utf-8")
    clause, cell = (base64.b64decode(d) for d in re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", html))
    assert number in html
    assert clause == world.app.evidence.png(taken.contract.picture)
    assert "2026" in " ".join(words_of(world, clause))
    assert "已发货" in "".join(words_of(world, cell, whole=True))
    told = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert [(o["order_no"], o["verdict"], o["contract_no"]) for o in told["orders"]] == [(number, "late", NUMBER)]
    assert told["total"] == {"name": "", "judged": 1, "on_time": 0, "uncertain": 0, "rate": 0.0}
    assert not Daily(clock_time(2), ZONE, reported(world.data), clock, time.monotonic)()


def words_of(world: World, png: bytes, *, whole: bool = False) -> list[str]:
    """What the nets read on a picture of the report.  whole: it is one line."""
    from bridge.reading import LazyFinder

    picture = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))
    if whole:
        return [p.text for p in world.app.net.read_lines([picture])]
    boxes = LazyFinder(2).find_lines(picture)
    crops = [picture[int(b.y) : int(b.y2), int(b.x) : int(b.x2)] for b in boxes]
    return [p.text for p in world.app.net.read_lines(crops)]


def test_bridge_run_watches_the_inbox_and_writes_the_report(world: World) -> None:
    inbox = world.folder / "inbox"
    world.erp.stop()  # the syncs fail, and disturb nobody
    (inbox / "broken.pdf").write_bytes(b"%PDF-1.7 and then nothing")
    running = subprocess.Popen(
        [sys.executable, "-m", "bridge", "--config", str(world.folder / "bridge.toml"), "run"],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        said, reports = inbox / "failed" / "broken.pdf.error.txt", world.data / "reports" / "on-time"
        waited = time.monotonic() + 90
        while time.monotonic() < waited and not (said.exists() and list(reports.glob("on-time-*.html"))):
            time.sleep(0.3)
        assert "broken PDF" in said.read_text(encoding="utf-8")
        assert (inbox / "failed" / "broken.pdf").is_file()
        assert len(list(reports.glob("on-time-*"))) == 3
    finally:
        running.send_signal(signal.SIGTERM)
        _, shown = running.communicate(timeout=60)
    assert running.returncode == 0, shown.decode()
