"""The figures of the on-time report: what counts, what is late, and what is left out."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from PIL import Image

from bridge.beside import AGAIN_S, Daily
from bridge.contracts.kept import Ask, Link, LinkHow, LinkState, Stated, StoredContract
from bridge.evidence import FolderEvidence
from bridge.promises import reported
from bridge.records import Box, Doubt, FieldValue, Reading, Witness
from bridge.reports.on_time import LeftOut, OnTime, PromisedOrder, Rate, Verdict, is_out, on_time, week
from bridge.reports.on_time_files import OnTimeReport, plot
from bridge.reports.on_time_words import LEFT_OUT, PHRASES, VERDICTS

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 5, 11, 18, 0, tzinfo=UTC)  # two in the morning of the twelfth
DUE = date(2026, 5, 10)


def at(month: int, day: int, hour: int = 12) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=ZONE)


def value(name: str, shown: Any, *, ok: bool = True, shot: str = "") -> FieldValue:
    doubts = () if ok else (Doubt.UNPROVEN,)
    reading = Reading(
        text=str(shown), proven=ok, confidence=1.0, witnesses=(Witness.NET,), doubts=doubts, shot=shot,
        box=Box(x=2, y=2, w=40, h=12),
    )  # fmt: skip
    return FieldValue(field=name, value=shown, reading=reading, doubts=doubts)


LAST_LOOK = at(5, 11, 20)


@dataclass(frozen=True)
class Seen:
    at: datetime
    not_yet: datetime | None
    fields: Mapping[str, FieldValue] = field(default_factory=lambda: {"status": value("status", "已发货")})


@dataclass(frozen=True)
class Order:
    key: str
    status: str | None = "new"
    ship_date: date | None = None
    is_shipped: bool = False
    seen: Seen | None = None
    complete: bool = True
    life: str = "active"
    customer: str = "上海鑫盛机电有限公司"
    fields: Mapping[str, FieldValue] = field(default_factory=lambda: {"status": value("status", "生产中")})
    last_seen: datetime | None = LAST_LOOK
    source: str = "demo"
    line_no: str | None = None

    @property
    def order_no(self) -> str:
        return self.key


def contract(number: int, *orders: str, due: date | None = DUE, **more: Any) -> StoredContract:
    stated = (
        Stated(kind="absolute", day=due)
        if due
        else Stated(kind="relative", event="payment", offset=9, unit="calendar")
    )
    links = tuple(
        Link(source="demo", key=k, order_no=k, how=LinkHow.CONTRACT_NO, state=LinkState.LINKED) for k in orders
    )
    given: dict[str, Any] = {
        "id": number, "content": "c", "file": "a.pdf", "received_at": NOW, "version": 1, "stated": stated, "due": due,
        "clause": "交货日期：2026年5月10日", "page": 1, "reason": "", "confidence": 1.0, "contract_no": f"HT-{number}",
        "signing_date": None, "buyer": "", "seller": "", "totals": (), "doubted": (), "picture": "", "page_picture": "",
        "sure": True, "links": links,
    }  # fmt: skip
    return StoredContract(**{**given, **more})


def report(orders: list[Order], contracts: list[StoredContract] | None = None, now: datetime = NOW) -> OnTime:
    made = contracts if contracts is not None else [contract(1, *(o.key for o in orders))]
    return on_time(made, orders, as_of=now, zone_of=lambda s: ZONE, at_risk_days=3, orders=100)


def only(order: Order, **how: Any) -> PromisedOrder:
    (found,) = report([order], **how).orders
    return found


def left(order: Order, **how: Any) -> LeftOut:
    made = report([order], **how)
    assert made.orders == ()
    ((why, n),) = made.left_out.items()
    assert n == 1
    return why


def shipped(first: datetime, before: datetime | None, **more: Any) -> Order:
    return Order("SO-1", status="shipped", is_shipped=True, seen=Seen(first, before), **more)


def test_shipped_on_the_promised_day_until_its_very_end_is_on_time() -> None:
    late_that_day = datetime(2026, 5, 10, 23, 59, tzinfo=ZONE)
    assert only(shipped(late_that_day, at(5, 9))).verdict is Verdict.ON_TIME
    a_minute_later = only(shipped(late_that_day + timedelta(minutes=1), at(5, 9)))
    assert (a_minute_later.verdict, a_minute_later.days_late) == (Verdict.LATE, 1)


def test_a_late_capture_says_that_it_may_have_been_in_time() -> None:
    assert only(shipped(at(5, 11, 8), at(5, 10, 20))).uncertain
    assert not only(shipped(at(5, 12, 8), at(5, 11, 20))).uncertain
    made = report([shipped(at(5, 11, 8), at(5, 10, 20))])
    assert (made.total.judged, made.total.on_time, made.total.uncertain) == (1, 0, 1)


def test_the_ship_date_column_beats_every_capture() -> None:
    order = shipped(at(5, 20), at(5, 1), ship_date=DUE, fields={"ship_date": value("ship_date", DUE)})
    found = only(order, now=at(5, 21))
    assert (found.verdict, found.by_capture, found.uncertain) == (Verdict.ON_TIME, False, False)
    assert found.shown_by is not None
    assert found.shown_by[0] == "ship_date"


def test_what_says_nothing_of_punctuality_is_left_out_and_counted() -> None:
    assert left(shipped(at(5, 1), None)) is LeftOut.FIRST_SIGHT
    assert left(Order("a", status="cancelled")) is LeftOut.CANCELLED
    assert left(Order("a", status="closed")) is LeftOut.CLOSED
    assert left(Order("a", life="gone")) is LeftOut.GONE
    assert left(Order("a", life="left")) is LeftOut.LEFT
    assert left(Order("a", fields={"status": value("status", "已发货", ok=False)})) is LeftOut.IN_DOUBT
    assert left(Order("a", last_seen=at(5, 10, 23))) is LeftOut.NOT_SEEN_SINCE
    assert left(Order("a", last_seen=None)) is LeftOut.NOT_SEEN_SINCE
    assert left(shipped(at(5, 11), at(5, 9), ship_date=date(2026, 6, 1))) is LeftOut.IN_DOUBT
    assert left(Order("a"), contracts=[contract(1, "a", due=None)]) is LeftOut.OPEN_TERM
    assert left(Order("a"), contracts=[contract(1, "a", asks=(Ask.CONFLICT,))]) is LeftOut.NOT_SURE
    assert (
        left(Order("a"), contracts=[contract(1, "a"), contract(2, "a", sure=False, asks=(Ask.PROMISE,))])
        is LeftOut.NOT_SURE
    )
    none = contract(1, "a", due=None, stated=Stated(kind="none"))
    assert left(Order("a"), contracts=[none]) is LeftOut.NO_DATE
    assert only(Order("a"), contracts=[none, contract(2, "a")]).verdict is Verdict.OVERDUE


def test_an_order_counts_from_the_end_of_its_promised_day_in_its_zone() -> None:
    still = datetime(2026, 5, 10, 15, 59, tzinfo=UTC)  # 23:59 in Shanghai
    order = Order("a", last_seen=still)
    assert only(order, now=still).verdict is Verdict.AT_RISK
    after = still + timedelta(minutes=2)
    assert only(replace(order, last_seen=after), now=after).verdict is Verdict.OVERDUE
    early = shipped(at(5, 8), at(5, 7))
    assert only(early, now=still).verdict is Verdict.AHEAD
    assert report([early], now=still).total.judged == 0
    assert only(early, now=after).verdict is Verdict.ON_TIME
    assert only(order, now=at(5, 6)).verdict is Verdict.WAITING


def test_a_replaced_contract_binds_nothing() -> None:
    old, new = contract(1, "a", superseded_by=2), contract(2, "a", due=date(2026, 6, 1))
    assert only(Order("a"), contracts=[old, new]).promised == date(2026, 6, 1)


def test_rates_by_day_week_month_and_customer_add_up() -> None:
    orders = [
        replace(shipped(at(5, 9), at(5, 8)), key="a"), replace(shipped(at(5, 11), at(5, 11)), key="b", customer="B"),
        Order("c"), replace(shipped(at(4, 30), at(4, 29)), key="d"),
    ]  # fmt: skip
    made = report(orders, [contract(1, "a", "b", "c"), contract(2, "d", due=date(2026, 4, 30))])
    assert (made.total.judged, made.total.on_time, made.total.share) == (4, 2, 0.5)
    for rates in (made.days, made.weeks, made.months, made.customers):
        assert (sum(r.judged for r in rates), sum(r.on_time for r in rates)) == (4, 2)
    assert [(r.name, r.share) for r in made.months] == [("2026-04", 1.0), ("2026-05", 1 / 3)]
    assert [o.order.key for o in made.of(Verdict.OVERDUE, Verdict.LATE)] == ["c", "b"]
    assert made.without_contract == 96
    assert week(date(2027, 1, 1)) == "2026-W53"


def test_what_means_shipped() -> None:
    out = is_out(["shipped", "done"], date(2026, 5, 10))
    assert out({"status": "shipped"})
    assert out({"status": "new", "tracking_no": "SF1"})
    assert out({"status": "new", "ship_date": "2026-05-10"})
    assert not out({"status": "new", "ship_date": "2026-05-11"})
    assert not out({"status": "part_shipped", "tracking_no": "SF1", "ship_date": "2026-05-01"})
    assert not out({"status": "closed"})
    assert not out({})


def png(size: tuple[int, int]) -> bytes:
    memory = io.BytesIO()
    Image.new("RGB", size, "white").save(memory, "PNG")
    return memory.getvalue()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_files_hold_the_late_order_with_both_pictures_and_nothing_that_runs(
    tmp_path: Path, language: Any
) -> None:
    evidence = FolderEvidence(tmp_path / "evidence")
    clause, shot = evidence.keep_png(png((300, 60))), evidence.keep_png(png((200, 80)))
    hostile = '<script>alert(1)</script>=HYPERLINK("x")\u202e'
    order = Order("=1+1", customer=hostile, fields={"status": value("status", hostile, shot=shot)})
    made = report([order], [contract(1, "=1+1", picture=clause, clause=hostile, contract_no=hostile)])
    writer = OnTimeReport(evidence, language=language, name_of=lambda s, f: "<b>状态", zone=ZONE)
    page = writer.write(made, tmp_path / "reports")
    assert page.name == "on-time-2026-05-12.html"
    html = page.read_text(encoding="utf-8")
    assert html.count("data:image/png;base64,") == 2
    assert "<script" not in html
    assert "<b>状态" not in html
    assert PHRASES["def_2"][0 if language == "zh" else 1] in unescape(html)
    data = json.loads(page.with_suffix(".json").read_text(encoding="utf-8"))
    assert [(o["order_no"], o["verdict"], o["days_late"]) for o in data["orders"]] == [("=1+1", "overdue", 2)]
    assert data["total"] == {"name": "", "judged": 1, "on_time": 0, "uncertain": 0, "rate": 0.0}
    book = openpyxl.load_workbook(page.with_suffix(".xlsx"))
    late = book.worksheets[1]
    assert late["A2"].value == "=1+1"
    assert late["A2"].data_type == "s"
    assert len(late._images) == 2
    assert len(list((tmp_path / "reports").iterdir())) == 3


def test_an_empty_report_says_so(tmp_path: Path) -> None:
    writer = OnTimeReport(FolderEvidence(tmp_path), language="en", name_of=lambda s, f: f, zone=ZONE)
    html = writer.write(report([], []), tmp_path / "r").read_text(encoding="utf-8")
    assert PHRASES["no_sample"][1] in html
    assert plot([]) == {}


def test_no_line_of_the_trend_leads_over_a_week_without_orders() -> None:
    def rate(name: str) -> Rate:
        return Rate(name=name, judged=2, on_time=1, uncertain=0)

    drawn = plot([rate(n) for n in ("2025-W52", "2026-W01", "2026-W04", "2026-W05", "2026-W06")])
    assert [p["label"] for p in drawn["points"]] == ["2025-W52", "2026-W01", "2026-W04", "2026-W05", "2026-W06"]
    assert [len(line.split()) for line in drawn["lines"]] == [2, 3]
    assert drawn["points"][2]["x"] - drawn["points"][1]["x"] == pytest.approx(3 * 840 / 7, abs=0.2)
    years = plot([rate("2023-W01"), rate("2026-W06")])
    assert [p["label"] for p in years["points"]] == ["2026-W06"]


def test_every_word_is_there_in_both_languages() -> None:
    assert set(VERDICTS) == set(Verdict)
    assert set(LEFT_OUT) == set(LeftOut)
    for table in (VERDICTS, LEFT_OUT, PHRASES):
        assert all(zh.strip() and en.strip() for zh, en in table.values())


def test_the_nightly_report_is_due_once_a_night_and_made_up_for(tmp_path: Path) -> None:
    now, elapsed = [at(5, 11, 1)], [0.0]
    due = Daily(at(1, 1, 2).time(), ZONE, reported(tmp_path), lambda: now[0], lambda: elapsed[0])

    def later(moment: datetime) -> bool:
        elapsed[0] += AGAIN_S
        now[0] = moment
        return due()

    assert due()  # the first night of all
    reported(tmp_path).note(now[0])
    assert not later(at(5, 11, 1))
    assert later(at(5, 11, 2))
    assert not due()  # asked at once again: the run that was started is given its time
    assert later(at(5, 11, 3))  # and it failed: tried again
    reported(tmp_path).note(now[0])
    assert not later(at(5, 12, 1))
    assert later(at(5, 14, 17))  # the machine was off for days
    reported(tmp_path).note(at(12, 31))  # written while the clock was wrong
    assert later(at(5, 15, 2))
    (tmp_path / "on-time-reported").write_text("rubbish", encoding="utf-8")
    assert later(at(5, 15, 2))
