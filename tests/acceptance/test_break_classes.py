"""Each class of break, through real syncs of the sample ERP.

One world for the file: a few syncs, each with many classes at once, so that all of them cost a few runs.  The list
shows the whole book, so that what vanishes from it is gone; at the end it shows the open orders only.
"""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fault_world import SOURCE, World, copy_of, start_erp, write_profile

from bridge.breaks import HANDLING, BreakClass, Handling
from bridge.records import RunSummary
from samples.erp.server import SampleErp

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]

ALL = {"list.scope": {"kind": "all"}}
SETTINGS = """\
breaker = {{ max_gone_percent = 100, max_changed_percent = 100 }}
owner = {{ remark = "store" }}
tolerance = {{ quantity = "0.5", amount = "40", due_date = "2 days", customer = "text" }}
platform = {{ pattern = '(TB|JD)-?(\\d+)' }}

[sources.shop]
url = "{shop}"
profile = "shop.yaml"
user = "bridge"
password = "secret:erp"
platform = {{ pattern = '(淘宝)(\\d+)', names = {{ "淘宝" = "TB" }} }}
"""
DUPLICATE = "SO-010041"
FIRST = {
    BreakClass.NEW: "SO-900001",
    BreakClass.CHANGED: "SO-010052",
    BreakClass.NOT_SEEN: "202602240051",
    BreakClass.STORE_DRIFTED: "XS202602-049",
    BreakClass.CONFLICT: "SO-010048",
    BreakClass.STORE_KEPT: "SO-010047",
    BreakClass.DUPLICATE_KEY: DUPLICATE,
    BreakClass.DUPLICATE_ELSEWHERE: "TB-88001234",
    BreakClass.ARITHMETIC: "SO-010040",
    BreakClass.UNKNOWN_CUSTOMER: "SO-010039",
    BreakClass.UNKNOWN_SKU: "XS202601-037",
    BreakClass.UNKNOWN_STATUS: "XS202601-036",
    BreakClass.UNKNOWN_WORD: "XS202601-028",
    BreakClass.MISREAD: "DD20260121O33",
}
"""The order that shows each class in the first sync."""
SMALL = {"quantity": "HT2512/D010", "due_date": "202601250035", "customer": "SO-010009"}
TOO_BIG = "202601250034"
NOT_DUE = "XS202511-008"
SAME_SKU = "SO-010024"
USED = {*FIRST.values(), *SMALL.values(), TOO_BIG, NOT_DUE, SAME_SKU}
# In the second sync the page's text lies in some cells of the contract column, so that only one witness is left.  In
# the third and fourth the list shows open orders only, and the page lies about some order numbers.
EVERY = 8
RENAMED, UNPROVEN = "XS299901-001", "SO-900100"
OF_OTHER_TESTS = {BreakClass.LAYOUT, BreakClass.TOO_MUCH}  # test_faults_of_the_list.py


@dataclass
class Ran:
    """What one sync said of each order: order number → the breaks, as in report.json."""

    run: RunSummary
    breaks: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    missing: set[str] = field(default_factory=set)
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    received: dict[str, dict[str, Any]] = field(default_factory=dict)

    def classes(self, number: str) -> set[BreakClass]:
        return {BreakClass(b["class"]) for b in self.breaks[number]}

    def only(self, number: str, cls: BreakClass) -> dict[str, Any]:
        (what,) = [b for b in self.breaks[number] if b["class"] == cls]
        return what


@dataclass
class Tour:
    world: World
    shop: SampleErp
    profile: dict[str, Any]
    runs: list[Ran] = field(default_factory=list)
    unlike: str = ""
    alike: str = ""
    renamed: str = ""

    def sync(self) -> Ran:
        run = self.world.sync()
        assert (run.error, run.complete) == (None, True), run.why_not
        assert run.report is not None
        told = json.loads(Path(run.report).with_name("report.json").read_text(encoding="utf-8"))
        ran = Ran(run=run, missing={key[0] for key in told["missing"]})
        for one in (
            *told["notes"],
            *(b | {"order_no": r["order_no"]} for r in told["reviews"] for b in r["breaks"]),
        ):
            ran.breaks[one["order_no"]].append(one)
        kinds = {"added": BreakClass.NEW}
        for change in told["changes"]:
            ran.changes[change["order_no"]] = change
            cls = kinds.get(change["kind"]) or BreakClass(change["kind"])
            ran.breaks[change["order_no"]].append({"class": cls, "field": None})
        for number in ran.missing:
            ran.breaks[number].append({"class": BreakClass.NOT_SEEN, "field": None})
        ran.received = self.world.received()
        self.runs.append(ran)
        return ran


def edited(world: World, number: str, **values: str) -> None:
    """What another program does to the order table."""
    sets = ", ".join(f"{name} = ?" for name in values)
    with closing(sqlite3.connect(world.database)) as connection, connection:
        done = connection.execute(
            f"UPDATE orders SET {sets}, updated_by = 'crm' WHERE order_no = ?", (*values.values(), number)
        )
        assert done.rowcount == 1


@pytest.fixture(scope="module")
def tour(own_machine: None, seed: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tour]:
    world = copy_of(seed, tmp_path_factory.mktemp("tour") / "world", scope="all")
    shop = start_erp(seed=9, count=1, closed=0)
    shop.add(order_no="淘宝88001234", customer="线上客户")
    one = Tour(world=world, shop=shop, profile=_mapped(world))
    try:
        world.configure(profile={**ALL, **one.profile}, source=SETTINGS.format(shop=shop.url))
        write_profile(world.folder / "shop.yaml")
        assert world.app.sync("shop").error is None
        _first(world)
        one.sync()
        yield one
    finally:
        shop.stop()
        world.close()


@pytest.fixture(scope="module")
def second(tour: Tour) -> Ran:
    erp = tour.world.erp
    number = FIRST[BreakClass.UNKNOWN_SKU]
    (asked,) = [r for r in tour.world.app.open_reviews(SOURCE) if r.item.order_no == number]
    assert tour.world.app.decide(asked.id, "type", values={"sku": "OUR-7431"}, by="li") == 1
    erp.edit(SAME_SKU, sku="NEW-7431")
    for i in range(EVERY):  # the newest stand first, so that the first of these is lied about
        erp.add(order_no=f"SO-90010{i}", **KNOWN, contract_no="HY2026-W1088")
    lied = [n for n, row in _lied(tour.world).items() if row["contract_no"] and n not in USED and n != UNPROVEN]
    tour.unlike, tour.alike = lied[:2]
    erp.edit(tour.unlike, contract_no="QX-5108-77")
    erp.edit(tour.alike, contract_no=_lied(tour.world)[tour.alike]["contract_no"].replace("0", "O"))
    erp.faults.set("lying_text", column="合同号", every=EVERY)
    return tour.sync()


@pytest.fixture(scope="module")
def fourth(tour: Tour, second: Ran) -> Ran:
    """Twice the same: what is not there is missing first, and gone or left the second time."""
    world = tour.world
    world.erp.vary(scope="open")
    world.configure(profile=tour.profile, source=SETTINGS.format(shop=tour.shop.url))
    world.erp.faults.clear()
    world.erp.add(order_no=FIRST[BreakClass.NOT_SEEN], **KNOWN)
    tour.renamed = next(n for n in _lied(world) if n not in USED)
    world.erp.edit(tour.renamed, order_no=RENAMED)
    world.erp.faults.set("lying_text", column="订单编号", every=EVERY)
    tour.sync()
    return tour.sync()


def _lied(world: World) -> dict[str, dict[str, Any]]:
    """The orders about which the page will lie, by number, as the list stands."""
    rows = [row["fields"] for row in world.erp.truth("classic")["rows"]]
    return {row["order_no"]: row for row in rows[EVERY - 1 :: EVERY]}


KNOWN = {"sku": "C85-S85Q", "customer": "成都隆博五金有限公司", "product": "304耐高温水泵"}


def _mapped(world: World) -> dict[str, Any]:
    """Mapping tables that know every word of today."""
    rows = [row["fields"] for row in world.erp.truth("classic")["rows"]]
    words = {f"mappings.{n}": {row[n]: row[n] for row in rows} for n in ("customer", "sku", "product")}
    words["mappings.customer"]["正腾・TRITEC纺织机械(株)"] = "正腾・TRITEC纺织机械(株)"
    return words


def _first(world: World) -> None:
    erp = world.erp
    erp.edit(FIRST[BreakClass.CHANGED], qty="23")
    erp.delete(FIRST[BreakClass.NOT_SEEN])
    edited(world, FIRST[BreakClass.STORE_DRIFTED], contract_no="CRM-1")
    edited(world, FIRST[BreakClass.CONFLICT], contract_no="CRM-2")
    erp.edit(FIRST[BreakClass.CONFLICT], contract_no="HY2026-X7777")
    erp.edit(FIRST[BreakClass.STORE_KEPT], remark="改期发货")
    edited(world, FIRST[BreakClass.STORE_KEPT], remark="CRM：加急")
    erp.edit(FIRST[BreakClass.ARITHMETIC], amount="52.98")
    erp.edit(FIRST[BreakClass.UNKNOWN_CUSTOMER], customer="从未见过的客户")
    erp.edit(FIRST[BreakClass.UNKNOWN_SKU], sku="NEW-7431")
    erp.edit(FIRST[BreakClass.UNKNOWN_STATUS], status="待评审")
    erp.edit(FIRST[BreakClass.UNKNOWN_WORD], product="从未见过的产品")
    erp.edit(FIRST[BreakClass.MISREAD], contract_no="HY2O26-N1978")  # a letter for a digit, with two witnesses
    erp.edit(SMALL["quantity"], qty="100.1")  # and 25.76 more in the amount
    erp.edit(SMALL["due_date"], due_date="2026-04-04")
    erp.edit(SMALL["customer"], customer="正腾・TRITEC纺织机械(株)")
    erp.edit(TOO_BIG, due_date="2026-03-09")
    erp.edit(NOT_DUE, due_date="2099-01-20")
    for number in (FIRST[BreakClass.NEW], FIRST[BreakClass.DUPLICATE_ELSEWHERE]):
        erp.add(order_no=number, **KNOWN)
    # On one page with the first: on another it would be a list that moved while it was read.
    erp.add(order_no=DUPLICATE, order_date="2026-02-01", **KNOWN)


# --- the first sync -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("cls", FIRST, ids=str)
def test_a_class_is_found_on_its_order_and_handled_as_it_says(tour: Tour, cls: BreakClass) -> None:
    number, ran = FIRST[cls], tour.runs[0]
    assert cls in ran.classes(number), ran.breaks[number]
    asked = {r.item.order_no for r in tour.world.app.open_reviews(SOURCE)}
    went_out = number in ran.changes
    match HANDLING[cls]:
        case Handling.ASK:
            assert (number in asked, went_out) == (True, False)
        case Handling.PASS_ON:
            assert (number in asked, went_out) == (False, True)
        case _:
            assert (number in asked, went_out and cls is not BreakClass.STORE_KEPT) == (False, False)


def test_what_waits_has_not_reached_the_receiver(tour: Tour) -> None:
    told = tour.runs[0].received
    assert FIRST[BreakClass.DUPLICATE_ELSEWHERE] not in told
    assert told[FIRST[BreakClass.UNKNOWN_SKU]]["sku"] != "NEW-7431"
    assert told[FIRST[BreakClass.MISREAD]]["contract_no"] == "HY2026-N1978"
    assert told[FIRST[BreakClass.NEW]]["sku"] == "C85-S85Q"


def test_an_order_of_another_source_says_which_it_is(tour: Tour) -> None:
    what = tour.runs[0].only(FIRST[BreakClass.DUPLICATE_ELSEWHERE], BreakClass.DUPLICATE_ELSEWHERE)
    facts = what["params"]
    assert (facts["number"], facts["source"], facts["order_no"]) == ("TB88001234", "shop", "淘宝88001234")


@pytest.mark.parametrize("name", SMALL)
def test_a_difference_within_its_tolerance_is_noted_and_not_passed_on(tour: Tour, name: str) -> None:
    number, ran = SMALL[name], tour.runs[0]
    fields = {b["field"] for b in ran.breaks[number] if b["class"] == BreakClass.WITHIN_TOLERANCE}
    assert fields == ({"quantity", "amount"} if name == "quantity" else {name})
    assert number not in ran.changes


def test_a_difference_beyond_its_tolerance_is_a_change(tour: Tour) -> None:
    assert tour.runs[0].changes[TOO_BIG]["fields"] == ["due_date"]
    assert tour.runs[0].received[TOO_BIG]["due_date"] == "2026-03-09"


def test_what_is_past_its_date_and_not_shipped_is_noted(tour: Tour) -> None:
    late = {n for n, breaks in tour.runs[0].breaks.items() if BreakClass.OVERDUE in {b["class"] for b in breaks}}
    rows = {r["fields"]["order_no"]: r["fields"] for r in tour.world.erp.truth("classic", scope="all")["rows"]}
    assert NOT_DUE not in late
    assert TOO_BIG in late
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat()
    assert all(rows[n]["due_date"] < today for n in late if n in rows)
    assert not [n for n in late if n in rows and rows[n]["status"] in ("已发货", "已完成", "已关闭", "已取消")]


# --- the second ---------------------------------------------------------------------------------------------


def test_the_second_sync_asks_nothing_anew_and_says_what_is_gone(tour: Tour, second: Ran) -> None:
    gone = FIRST[BreakClass.NOT_SEEN]
    assert BreakClass.GONE in second.classes(gone)
    assert gone in tour.runs[0].received
    assert gone not in second.received
    open_ = [r.item.order_no for r in tour.world.app.open_reviews(SOURCE)]
    asked = [FIRST[c] for c in FIRST if HANDLING[c] is Handling.ASK and c is not BreakClass.UNKNOWN_SKU]
    assert [n for n in asked if open_.count(n) != 1] == []


def test_a_word_that_was_explained_once_is_not_asked_again(tour: Tour, second: Ran) -> None:
    assert [second.received[n]["sku"] for n in (FIRST[BreakClass.UNKNOWN_SKU], SAME_SKU)] == ["OUR-7431"] * 2
    assert BreakClass.UNKNOWN_SKU not in {c for n in second.breaks for c in second.classes(n)}


def test_probably_my_reading_is_kept_apart_from_really_different(tour: Tour, second: Ran) -> None:
    assert second.only(tour.alike, BreakClass.MISREAD)["field"] == "contract_no"
    assert second.only(tour.unlike, BreakClass.DIFFERENT)["field"] == "contract_no"
    assert second.only(UNPROVEN, BreakClass.UNPROVEN)["field"] == "contract_no"
    for number in (tour.alike, tour.unlike):
        assert second.received[number] == tour.runs[0].received[number]


# --- the third and the fourth -------------------------------------------------------------------------------


def test_a_doubtful_key_is_never_new_and_no_order_that_it_could_be_is_gone(tour: Tour, fourth: Ran) -> None:
    third = tour.runs[2]
    numbers = {row["fields"]["order_no"] for row in tour.world.erp.truth("classic")["rows"]}
    nameless = {n for n in third.breaks if BreakClass.KEY_UNPROVEN in third.classes(n)}
    assert len(nameless) > 2
    for ran in (third, fourth):
        # What waited for one witness, and has it now, is new; nothing that has no certain number is.
        assert {n for n, c in ran.changes.items() if c["kind"] == "added"} <= {UNPROVEN}
        assert RENAMED not in ran.received
        lost = ran.missing | {n for n, c in ran.changes.items() if c["kind"] in ("gone", "left")}
        assert lost & {*numbers, tour.renamed} == set(), "the renamed row equals it in all its other fields"


def test_a_row_that_left_the_scope_is_not_gone(tour: Tour, fourth: Ran) -> None:
    left = {n for n, c in fourth.changes.items() if c["kind"] == "left"}
    closed = {row["fields"]["order_no"] for row in tour.world.erp.truth("closed")["rows"]}
    assert left & closed
    assert [c for c in fourth.changes.values() if c["kind"] == "gone"] == []


def test_every_class_was_met(tour: Tour, fourth: Ran) -> None:
    met = {c for ran in tour.runs for n in ran.breaks for c in ran.classes(n)}
    assert {*BreakClass} - met - OF_OTHER_TESTS == set()
