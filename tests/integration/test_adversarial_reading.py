"""Pages that would make a wrong value pass as a right one, each named by the hole it was found through."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Page
from test_reading import ROWS, Memory, browser, html, nets, page, read, readings, shot_of  # noqa: F401  (fixtures)

from bridge.erp.redraw import BrowserRedrawer
from bridge.interfaces import Proposal
from bridge.ocr.fonts import Font, Ink, Style, ink_of, line_spec
from bridge.ocr.found_fonts import FoundFonts
from bridge.ocr.pixel_proof import Line, PixelProver
from bridge.ocr.reader import ScreenReader
from bridge.profiles import Profile, parse_profile
from bridge.records import Doubt, Grid, PageShot, RowKind

COLUMNS: list[dict[str, Any]] = [
    {"heading": "订单编号", "field": "order_no", "type": "code", "cut": {"may_be": False}},
    {"heading": "客户名称", "field": "customer", "cut": {"may_be": False}},
    {"heading": "金额", "field": "amount", "type": "money", "cut": {"may_be": False}},
    {"heading": "备注", "field": "remark", "cut": {"may_be": False}},
]
SHADE = "td{background:linear-gradient(#fdfeff,#d8e4f2)}"
HEADINGS = "<td>订单编号<td>客户名称<td>金额<td>备注"

NO_FONTS = FoundFonts("test", 1.0, canvas=False, reads=None)


def profile(columns: list[dict[str, Any]] = COLUMNS, **rules: Any) -> Profile:
    places = {"where": {"at": "table"}, "rows": {"heading": "tr.h", "row": "tr.r"}}
    return parse_profile(
        {"name": "reading", "list": {**places, **rules}, "key": ["order_no"], "columns": columns}, "test"
    )


def table(*rows: str, headings: str = HEADINGS) -> str:
    body = "".join(f"<tr class=r>{row}</tr>" for row in rows)
    return html([]).split("<table>")[0] + f"<table><tr class=h>{headings}</tr>{body}</table>"


def passed(grid: Grid) -> list[dict[str, str]]:
    """What would go on as good, row by row."""
    return [{name: r.text for name, r in row.items() if r.proven} for row in readings(grid)]


@pytest.mark.parametrize("span", [2, 3, 4, 5])
def test_a_cell_that_spans_rows_swallows_none_of_them(span: int, page: Page, browser: Browser, nets: Any) -> None:  # noqa: F811
    columns = [{"heading": "组", "type": "ignore"}, *COLUMNS]
    rows = [f"<td>SO-{i}<td>甲公司<td>{i}.00<td>x" for i in range(1, span + 2)]
    content = table(
        f"<td rowspan={span}>A{rows[0]}",
        *rows[1:span],
        f"<td>B{rows[span]}",
        headings="<td>组" + HEADINGS,
    )
    got = passed(read(page, browser, nets, content, profile=profile(columns)))
    want = [(f"SO-{i}", f"{i}.00") for i in range(1, span + 2)]
    assert [(row["order_no"], row["amount"]) for row in got] == want


def test_two_cells_under_one_heading_are_not_certain(page: Page, browser: Browser, nets: Any) -> None:  # noqa: F811
    content = table(
        "<td>SO-1<td>甲公司<td>1.00<td>25.00<td>note",
        headings="<td>订单编号<td>客户名称<td colspan=2>金额<td>备注",
    )
    (row,) = readings(read(page, browser, nets, content, profile=profile()))
    assert not row["amount"].proven
    assert row["order_no"].proven


def test_a_cell_that_stands_aside_from_its_heading_is_not_certain(page: Page, browser: Browser, nets: Any) -> None:  # noqa: F811
    """Headings in a table of their own, each a little wider than its column: far to the right they are one off."""
    fixed = "<table style='table-layout:fixed;width:{}px'><tr class={}>{}</tr></table>"
    columns = [{"heading": f"列{c}", "field": f"f{c}", "cut": {"may_be": False}} for c in "甲乙丙丁戊己庚辛"]
    columns[0]["field"] = "order_no"
    heads = "".join(f"<td>{c['heading']}" for c in columns)
    cells = "".join(f"<td>V{i}" for i in range(8))
    outer = "<table><tr><td style='border:0;padding:0'>{}</td></tr></table>"
    tables = fixed.format(640, "h", heads) + fixed.format(560, "r", cells)
    content = html([]).split("<table>")[0] + outer.format(tables)
    (row,) = readings(read(page, browser, nets, content, profile=profile(columns)))
    wrong = {name: r.text for i, (name, r) in enumerate(row.items()) if r.proven and r.text != f"V{i}"}
    assert wrong == {}


def test_headings_repeated_in_the_list_are_no_order(page: Page, browser: Browser, nets: Any) -> None:  # noqa: F811
    content = table("<td>SO-1<td>甲公司<td>1.00<td>x", HEADINGS, "<td>SO-2<td>乙公司<td>2.00<td>")
    grid = read(page, browser, nets, content, profile=profile())
    assert [row["order_no"] for row in passed(grid)] == ["SO-1", "SO-2"]
    assert [row.kind for row in grid.rows] == [RowKind.DATA, RowKind.HEADING, RowKind.DATA]


def test_a_row_with_a_key_is_no_total_however_blank_its_start(page: Page, browser: Browser, nets: Any) -> None:  # noqa: F811
    content = table("<td>*<td>1.00<td>SO-1", "<td><td>2.00<td>SO-2", headings="<td><td>金额<td>订单编号")
    rules = profile([COLUMNS[2], COLUMNS[0]], total_row={"sums": ["amount"]})
    got = passed(read(page, browser, nets, content, profile=rules))
    assert [row["order_no"] for row in got] == ["SO-1", "SO-2"]


@pytest.mark.parametrize(
    "cell",
    [
        "10<sup>3</sup>",
        "1,234.00<sup>1</sup>",
        "10<span style='font-size:8px;vertical-align:3px'>3</span>.00",
        "10<span style='vertical-align:4px'>3</span>.00",
    ],
)
def test_a_raised_figure_is_not_one_of_the_number(cell: str, page: Page, browser: Browser, nets: Any) -> None:  # noqa: F811
    content = table(f"<td>SO-1<td>甲公司<td>{cell}<td>x")
    (row,) = readings(read(page, browser, nets, content, profile=profile()))
    assert not row["amount"].proven
    assert row["customer"].proven


def test_parts_of_one_size_on_one_line_are_one_text(page: Page, browser: Browser, nets: Any) -> None:  # noqa: F811
    content = table("<td>SO-<b>1</b><td>甲<a style='color:#00c'>公司</a><td>1.00<td>x")
    (row,) = passed(read(page, browser, nets, content, profile=profile()))
    assert row == {"order_no": "SO-1", "customer": "甲公司", "amount": "1.00", "remark": "x"}


def test_text_that_goes_on_under_another_cell_is_not_certain(page: Page, browser: Browser, nets: Any) -> None:  # noqa: F811
    """The cell's picture is as drawn, but shows the first half only."""
    hidden = f"<div style='width:30px;white-space:pre'>BX-77{' ' * 45}9</div>"
    style = (
        "<style>table{table-layout:fixed;width:500px}td:nth-child(3){position:relative;background:#fff}"
        ".r td:nth-child(2){overflow:visible}</style>"
    )
    content = table(f"<td>SO-1<td>{hidden}<td>1.00<td>x") + style
    (row,) = readings(read(page, browser, nets, content, profile=profile()))
    assert not row["customer"].proven
    assert row["amount"].proven


def test_from_pixels_a_space_may_hide_where_a_line_broke(page: Page, browser: Browser, nets: Any) -> None:  # noqa: F811
    wrapped = "<div style='width:66px;white-space:normal'>苏州恒力 ABC机械</div>"
    rows = [*ROWS[:4], (ROWS[5][0], wrapped, *ROWS[5][2:])]
    got = readings(read(page, browser, nets, html(rows), page_help=False))
    assert not got[4]["customer"].proven or got[4]["customer"].text == "苏州恒力 ABC机械"


def test_net_and_page_text_do_not_agree_away_other_ink(page: Page, browser: Browser, nets: Any) -> None:  # noqa: F811
    """A faint minus before the number, which the net overlooks and the page's text does not have."""
    rows = [(*ROWS[0][:3], "<span class=x>88.00</span>", ""), *ROWS[1:3]]
    got = readings(read(page, browser, nets, html(rows, css=".x::before{content:'-';color:#ddd}")))
    assert not got[0]["amount"].proven
    assert got[1]["amount"].proven


def test_marks_that_draw_nothing_make_no_other_key(page: Page, browser: Browser, nets: Any) -> None:  # noqa: F811
    content = table("<td>SO-1\ufe0f<td>甲\u034f公司\U000e0100<td>1.00\u17b4<td>x\u180b")
    (row,) = passed(read(page, browser, nets, content, profile=profile()))
    assert set(row.values()) <= {"SO-1", "甲公司", "1.00", "x"}


def test_faint_characters_are_told_apart_no_better_than_they_are(browser: Browser) -> None:  # noqa: F811
    """Ｉ and l in light grey differ by less than the pixels' tolerance, in black by more."""
    redrawer = BrowserRedrawer(browser)
    families = redrawer.installed(["WenQuanYi Zen Hei", "DejaVu Sans Mono"]) or ["monospace"]
    white, grey = (255, 255, 255), (215, 215, 215)
    blank = Ink(np.zeros((8, 8, 3), np.uint8), white, grey)
    try:
        for family in families:
            font = Font(f'"{family}"', 11)
            text = "A-5ll32"
            (drawn,) = redrawer.draw([line_spec(text, Style(font), blank, 1.0, extra=6)], scale=1.0)
            line = Line(Ink(ink_of(drawn, white).image, white, grey), 0, 0, Proposal(text=text, confidence=1.0))
            prover = PixelProver(redrawer, 1.0, NO_FONTS, canvas=False)
            (proof,) = prover.prove([line])
            if proof.text is None:
                continue
            other = text.replace("l", "Ｉ")
            (twin,) = redrawer.draw([line_spec(other, Style(proof.font or font), blank, 1.0, extra=6)], scale=1.0)
            again = Line(Ink(ink_of(twin, white).image, white, grey), 0, 0, Proposal(text=text, confidence=1.0))
            (wrong,) = PixelProver(redrawer, 1.0, NO_FONTS, canvas=False).prove([again], repair=False)
            assert wrong.text is None or any("Ｉ" in t for _, t in wrong.twins)
    finally:
        redrawer.close()


LONG = "交期不可延误，加急，需贴条码，按图纸生产"


@pytest.mark.parametrize(
    ("cell", "page_help"),
    [
        (
            f"<div style='width:120px;overflow:hidden;white-space:nowrap;text-overflow:ellipsis'>{LONG}</div>",
            False,
        ),
        ("交期不可延误…", False),
        ("交期不可延误...", False),
        ("交期不可延误…", True),
        ("SKU-100..", True),
    ],
)
def test_a_text_that_ends_with_dots_goes_on_somewhere(
    cell: str,
    page_help: bool,
    page: Page,  # noqa: F811
    browser: Browser,  # noqa: F811
    nets: Any,  # noqa: F811
) -> None:
    """Six different remarks were cut to one and the same picture, which drew back equal."""
    content = table(
        f"<td>SO-1<td>甲公司<td>1.00<td>{cell}",
        *"<td>SO-2<td>乙公司<td>2.00<td>加急",
        "<td>SO-3<td>丙公司<td>3.00<td>客户自提",
    )
    columns = [*COLUMNS[:3], {"heading": "备注", "field": "remark"}]
    first, *rest = readings(read(page, browser, nets, content, profile=profile(columns), page_help=page_help))
    assert not first["remark"].proven
    assert Doubt.CUT in first["remark"].doubts
    assert any(row["remark"].proven for row in rest)


def test_a_tooltip_that_begins_as_shown_is_the_whole(page: Page, browser: Browser, nets: Any) -> None:  # noqa: F811
    cut = {"whole_from": "title"}
    columns = [*COLUMNS[:3], {"heading": "备注", "field": "remark", "cut": cut}]
    content = table(
        f"<td>SO-1<td>甲公司<td>1.00<td title='{LONG}'>交期不可延误…",
        f"<td>SO-2<td>乙公司<td>2.00<td title='{LONG}'>交期可以延误…",
    )
    good, bad = readings(read(page, browser, nets, content, profile=profile(columns)))
    assert (good["remark"].text, good["remark"].proven) == (LONG, True)
    assert not bad["remark"].proven


def test_text_on_a_ground_that_changes_from_row_to_row_is_proven(page: Page, browser: Browser, nets: Any) -> None:  # noqa: F811
    """Headings of old programs: without this every run loaded the nets for them alone."""
    rows = [f"<td>SO-10{i}<td>甲公司<td>{i}.00<td>x" for i in range(3)]
    shot = shot_of(page, table(*rows).replace("<table>", f"<style>{SHADE}</style><table>"), page_help=True)
    got = passed(read_shot(shot, browser, nets))
    assert [(r["order_no"], r["customer"]) for r in got] == [(f"SO-10{i}", "甲公司") for i in range(3)]


@pytest.mark.parametrize(
    ("shown", "told"),
    [("SO-1O0", "SO-100"), ("SO-18", "SO-1B"), ("SO-1l", "SO-1I"), ("千家", "干家"), ("a.b", "a,b")],
)
def test_nor_does_such_a_ground_hide_a_lie(
    shown: str,
    told: str,
    page: Page,  # noqa: F811
    browser: Browser,  # noqa: F811
    nets: Any,  # noqa: F811
) -> None:
    content = table(f"<td>{shown}<td>甲公司<td>1.00<td>x", "<td>SO-2<td>乙公司<td>2.00<td>y")
    shot = shot_of(page, content.replace("<table>", f"<style>{SHADE}</style><table>"), page_help=True)
    lying = tuple(
        replace(c, fragments=tuple(replace(f, text=told if f.text == shown else f.text) for f in c.fragments))
        for c in shot.cells
    )
    assert lying != shot.cells
    first, second = readings(read_shot(replace(shot, cells=lying), browser, nets))
    assert not first["order_no"].proven
    assert second["order_no"].proven


def read_shot(shot: PageShot, browser: Browser, nets: Any) -> Grid:  # noqa: F811
    redrawer = BrowserRedrawer(browser)
    try:
        return ScreenReader(profile(), "test", nets[0], Memory(), redrawer, fast=nets[1]).read(shot)
    finally:
        redrawer.close()
