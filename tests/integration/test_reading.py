"""Reading real pixels: lists drawn by a real browser, with the page's help and without, and pages that lie."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from bridge.erp.browser import BrowserOptions, open_browser
from bridge.erp.page_cells import arrange, cells_under, shifted
from bridge.erp.redraw import BrowserRedrawer
from bridge.erp.screen import Screen, place_of
from bridge.errors import LayoutChanged
from bridge.ocr.font_reading import FontReader
from bridge.ocr.pictures import same_pixels
from bridge.ocr.reader import ScreenReader
from bridge.profiles import Profile, parse_profile
from bridge.records import Doubt, DrawnBy, Grid, PageShot, ProvenPicture, Reading, RowKind, Witness
from bridge.store import SqlStore
from bridge.wiring import LazyReader, paddle

SCALE = 2.0
PROFILE = parse_profile(
    {
        "name": "reading",
        "list": {
            "where": {"at": "table"},
            "rows": {"heading": "tr.h", "row": "tr.r"},
            "not_orders": [{"text": "合计"}],
        },
        "key": ["order_no"],
        "columns": [
            {"heading": "订单编号", "field": "order_no", "type": "code", "cut": {"may_be": False}},
            {"heading": "客户名称", "field": "customer", "cut": {"may_be": False}},
            {"heading": "存货编码", "field": "sku", "type": "code", "cut": {"may_be": False}},
            {"heading": "金额", "field": "amount", "type": "money", "cut": {"may_be": False}},
            {"heading": "备注", "field": "remark", "cut": {"whole_from": "none"}},
        ],
    },
    "test",
)
ROWS = [
    ("SO-010480", "苏州恒力精密机械有限公司", "BX-O0I1-8B", "1,234.50", ""),
    ("XS202402-319", "O'Brien & Sons Ltd.", "Z2S5-l1I", "88.00", "急单"),
    ("HT2406/B860", "佛山市千灯审计事务所", "QD-0O0O-11", "960.10", "月结30天"),
    ("DD20260115O01", "温州瓯海鑫鑫阀门厂（普通合伙）", "5S-B8-2Z", "12,000.00", "客户自提"),
    ("202601260318", "兰州石化公司物资供应处", "GZ6C-0D", "7.77", ""),
    ("SO-010508", "宁波北仑港务机械", "B8B8-O0", "19,602.11", "样品"),
]


class Memory:
    """The proven pictures of one test."""

    def __init__(self) -> None:
        self.known: dict[str, ProvenPicture] = {}

    def lookup(self, source: str, pictures: Sequence[str]) -> dict[str, ProvenPicture]:
        return {p: self.known[p] for p in pictures if p in self.known}

    def learn(self, proofs: Sequence[ProvenPicture]) -> None:
        self.known.update({p.picture: p for p in proofs})


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser(BrowserOptions()) as opened:
        yield opened


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1200, "height": 700}, device_scale_factor=SCALE)
    yield context.new_page()
    context.close()


@pytest.fixture(scope="module")
def nets() -> tuple[LazyReader, LazyReader]:
    return LazyReader(lambda: paddle("small")), LazyReader(lambda: paddle("tiny"))


def html(rows: Sequence[Sequence[str]], headings: Sequence[str] = (), *, css: str = "") -> str:
    """A bordered list; cells are HTML."""
    heads = headings or [c.heading for c in PROFILE.columns]
    head = "".join(f"<td>{h}</td>" for h in heads)
    body = "".join("<tr class=r>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in rows)
    return (
        "<!doctype html><meta charset=utf-8><style>body{margin:8px;font:12px sans-serif}"
        "table{border-collapse:collapse}td{border:1px solid #99a;padding:3px 6px;white-space:nowrap}"
        f".h td{{background:#dde}}{css}</style><table><tr class=h>{head}</tr>{body}</table>"
    )


def shot_of(page: Page, content: str, *, page_help: bool) -> PageShot:
    page.set_content(content)
    table = page.locator("table").first
    box = place_of(table)
    assert box is not None
    picture = Screen(page, SCALE).still_picture(box, 10, lambda: None)[0]
    found = [
        shifted(c, -picture.region.x, -picture.region.y)
        for c in cells_under(table, PROFILE.order_list.rows, (0, 0))
    ]
    cells, heads = arrange(found)
    return PageShot(
        number=1,
        picture=picture.image,
        scale=SCALE,
        sha256="0" * 64,
        drawn_by=DrawnBy.PAGE,
        cells=cells if page_help else (),
        header_rows=heads,
    )


def read(
    page: Page,
    browser: Browser,
    nets: tuple[Any, Any],
    content: str,
    *,
    page_help: bool = True,
    memory: Memory | None = None,
    profile: Profile = PROFILE,
) -> Grid:
    redrawer = BrowserRedrawer(browser)
    try:
        reader = ScreenReader(profile, "test", nets[0], memory or Memory(), redrawer, fast=nets[1])
        return reader.read(shot_of(page, content, page_help=page_help))
    finally:
        redrawer.close()


def readings(grid: Grid) -> list[dict[str, Reading]]:
    return [
        {name: r for name, r in zip(grid.columns, row.cells, strict=True) if name}
        for row in grid.rows
        if row.kind is RowKind.DATA
    ]


def test_with_the_pages_help_every_cell_is_proven_by_drawing_it_back(page, browser, nets) -> None:
    got = readings(read(page, browser, nets, html(ROWS)))
    assert [[r.text for r in row.values()] for row in got] == [list(row) for row in ROWS]
    assert all(r.proven for row in got for r in row.values())
    assert got[0]["sku"].witnesses == (Witness.PAGE_TEXT, Witness.REDRAW)
    assert got[0]["remark"].witnesses == (Witness.BLANK,)


def test_from_pixels_alone_nothing_wrong_is_proven_and_most_is_proven(page, browser, nets) -> None:
    got = readings(read(page, browser, nets, html(ROWS), page_help=False))
    assert len(got) == len(ROWS)
    cells = [
        (r, truth)
        for row, want in zip(got, ROWS, strict=True)
        for r, truth in zip(row.values(), want, strict=True)
    ]
    assert [(r.text, truth) for r, truth in cells if r.proven and r.text != truth] == []
    assert sum(r.proven for r, _ in cells) >= 0.8 * len(cells)
    assert {Witness.NET, Witness.REDRAW} <= {w for r, _ in cells for w in r.witnesses}


class Counted:
    """Passes everything on, and counts how much is asked of one method."""

    def __init__(self, thing: Any, method: str, counts: list[int]) -> None:
        self._thing, self._method, self._counts = thing, method, counts

    def __getattr__(self, name: str) -> Any:
        wanted = getattr(self._thing, name)
        if name != self._method:
            return wanted

        def counted(*given: Any, **how: Any) -> Any:
            self._counts.append(len(given[-1]))
            return wanted(*given, **how)

        return counted


def test_the_next_run_searches_neither_fonts_nor_headings(page, browser, nets, tmp_path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'bridge.db'}")
    store.upgrade()
    fonts: list[list[int]] = []
    lines: list[list[int]] = []
    for rows, size in ((ROWS[:3], 12), ([*ROWS[:3], ROWS[4]], 12), (ROWS[:3], 15)):
        fonts.append([])
        lines.append([])
        redrawer = BrowserRedrawer(browser)
        fast = Counted(nets[1], "read_lines", lines[-1])
        reader = ScreenReader(
            PROFILE, "test", nets[0], store, Counted(redrawer, "measure", fonts[-1]), fast=fast, reads=store
        )
        content = html(rows, css=f"table{{table-layout:fixed;width:1100px;font-size:{size}px}}")
        grid = reader.read(shot_of(page, content, page_help=False))
        redrawer.close()
        assert len(readings(grid)) == len(rows)
    store.close()
    proven = [r.proven for row in readings(grid) for r in row.values()]
    assert sum(proven) >= 0.7 * len(proven)  # another size: found anew, though fonts are known already
    assert max(fonts[2]) > 1000
    assert max(fonts[0]) > 1000  # every font of this machine
    assert max(fonts[1], default=0) < 10
    assert sum(lines[0]) > 3 * len(ROWS[0])
    assert sum(lines[1]) <= 2 * len(ROWS[4])  # the new row's cells, and what stayed doubtful


AMOUNTS = [f"{n:,.2f}" for n in (63179.9, 92554.29, 25879.36, 67255.8, 7.77, 960.1, 19602.11, 480.5, 31000, 1.03)]


@pytest.mark.parametrize("align", ["right", "center"])
@pytest.mark.parametrize("canvas", [True, False])
def test_text_set_from_its_end_or_middle_is_proven(align: str, canvas: bool, page, browser, nets) -> None:
    """On pages with a language, too: the same font has other figures for it."""
    rows = [(f"SO-01{i:04}", "华信机械", f"BX-{i}", amount, "") for i, amount in enumerate(AMOUNTS)]
    if canvas:
        shot = canvas_shot(page, rows, align)
    else:
        content = html(rows, css=f"td:nth-child(4){{text-align:{align};min-width:150px}}")
        shot = shot_of(page, content.replace("<html", '<html lang="zh-CN"'), page_help=False)
    redrawer = BrowserRedrawer(browser)
    try:
        grid = ScreenReader(PROFILE, "test", nets[0], Memory(), redrawer, fast=nets[1]).read(shot)
    finally:
        redrawer.close()
    got = [row["amount"] for row in readings(grid)]
    assert [(r.text, r.proven) for r in got] == [(a, True) for a in AMOUNTS]


def proven_of(browser: Browser, nets: tuple[Any, Any], shot: PageShot) -> list[dict[str, str]]:
    redrawer = BrowserRedrawer(browser)
    try:
        grid = ScreenReader(PROFILE, "test", nets[0], Memory(), redrawer, fast=nets[1]).read(shot)
    finally:
        redrawer.close()
    return [{name: r.text for name, r in row.items() if r.proven} for row in readings(grid)]


CANVAS_ROWS = [(f"SO-01{i:04}", "华信机械", f"BX-{i}7", amount, "加急") for i, amount in enumerate(AMOUNTS)]


def as_read(rows: Sequence[Sequence[str]]) -> list[dict[str, str]]:
    return [dict(zip([c.field for c in PROFILE.columns], row, strict=True)) for row in rows]


def test_a_canvas_that_does_not_know_of_the_devices_scale_is_proven(page, browser, nets) -> None:
    shot = canvas_shot(page, CANVAS_ROWS, "left", k="1")
    assert proven_of(browser, nets, shot) == as_read(CANVAS_ROWS)


def test_what_a_canvas_list_showed_reads_its_next_page(page, browser, nets) -> None:
    def rows(first: int) -> list[tuple[str, ...]]:
        words = ("华信机械", "机械加工", "信华", "加急 2026")
        return [
            (
                f"SO-{n * 7919 % 99999:05}",
                words[n % 4],
                f"BX-{n * 31 % 997}",
                f"{n * 1.37:,.2f}",
                "加急" if n % 2 else "",
            )
            for n in range(first, first + 25)
        ]

    asked: list[int] = []
    redrawer = BrowserRedrawer(browser)
    reader = ScreenReader(PROFILE, "test", nets[0], Memory(), redrawer, fast=Counted(nets[1], "read_lines", asked))
    try:
        reader.read(canvas_shot(page, rows(100), "right"))
        before = sum(asked)
        got = readings(reader.read(canvas_shot(page, rows(125), "right")))
    finally:
        redrawer.close()
    assert [{name: r.text for name, r in row.items()} for row in got] == as_read(rows(125))
    assert all(r.proven for row in got for r in row.values())
    assert sum(asked) - before < 10 < before
    assert sum(r.witnesses == (Witness.GLYPHS, Witness.REDRAW) for row in got for r in row.values()) > 60


def test_what_the_glyphs_of_a_font_misread_goes_to_the_net(page, browser, nets, monkeypatch) -> None:
    def lying(self: FontReader, font: Any, lines: Sequence[Any]) -> list[str]:
        return ["SO-O1OOO1" for _ in lines]

    monkeypatch.setattr(FontReader, "read", lying)
    rows = [(f"SO-01{i:04}", "华信机械", f"BX-{i}7", f"{i}.50", "加急") for i in range(100, 126)]
    assert proven_of(browser, nets, canvas_shot(page, rows, "left")) == as_read(rows)


@pytest.mark.parametrize(("ground", "ink"), [("#fff", "#6030a0"), ("#1f2329", "#80d8a0")])
def test_small_type_that_shows_its_colour_nowhere_whole_is_proven(ground, ink, browser, nets) -> None:
    """A serif of 12 px at one device pixel per css pixel: every stroke is thinner than a pixel."""
    context = browser.new_context(viewport={"width": 1200, "height": 700}, device_scale_factor=1)
    try:
        font = '12px "AR PL UMing CN"'
        shot = canvas_shot(context.new_page(), CANVAS_ROWS, "left", ground=ground, ink=ink, font=font, scale=1)
        assert proven_of(browser, nets, shot) == as_read(CANVAS_ROWS)
    finally:
        context.close()


def test_two_spaces_that_a_font_draws_as_one_ideographic_are_for_a_person(page, browser, nets) -> None:
    rows = [(*row[:4], "加急  月结") for row in CANVAS_ROWS]
    got = proven_of(browser, nets, canvas_shot(page, rows, "left", font='14px "AR PL UMing CN"'))
    assert not [row for row in got if "remark" in row]
    assert all(row["order_no"] for row in got)
    narrower = proven_of(browser, nets, canvas_shot(page, rows, "left"))  # where a space is less than half an em
    assert narrower == as_read(rows)


def canvas_shot(
    page: Page,
    rows: Sequence[Sequence[str]],
    align: str,
    *,
    k: str = "devicePixelRatio",
    ground: str = "#fff",
    ink: str = "#111",
    font: str = '13px "Noto Sans CJK SC"',
    scale: float = SCALE,
) -> PageShot:
    """The list drawn by script on a page in Chinese; amounts set as ``align`` says.  k: the canvas's own pixels per
    css pixel."""
    lines = json.dumps([[c.heading for c in PROFILE.columns], *rows], ensure_ascii=False)
    page.set_content(
        "<!doctype html><html lang=zh-CN><meta charset=utf-8><body style='margin:0'><canvas id=c></canvas><script>"
        f"{{ const rows = {lines}, at = [0, 120, 300, 400, 540, 640], k = {k}, h = 24;"
        "c.width = 641 * k; c.height = (rows.length * h + 1) * k; c.style.width = '641px';"
        f"const g = c.getContext('2d'); g.scale(k, k); g.fillStyle = '{ground}'; g.fillRect(0, 0, 641, 9999);"
        f"g.font = '{font}'; g.fillStyle = '#88a';"
        "rows.forEach((_, i) => g.fillRect(0, i * h, 641, 1)); g.fillRect(0, rows.length * h, 641, 1);"
        f"at.forEach(x => g.fillRect(x, 0, 1, rows.length * h)); g.fillStyle = '{ink}';"
        "rows.forEach((row, i) => row.forEach((text, j) => {"
        f"  const a = i && j == 3 ? '{align}' : 'left'; g.textAlign = a;"
        "  g.fillText(text, a == 'left' ? at[j] + 6 : a == 'right' ? at[j + 1] - 6 : (at[j] + at[j + 1]) / 2,"
        "    i * h + 17); })); }</script>"
    )
    box = place_of(page.locator("canvas"))
    assert box is not None
    picture = Screen(page, scale).still_picture(box, 10, lambda: None)[0]
    return PageShot(number=1, picture=picture.image, scale=scale, sha256="0" * 64, drawn_by=DrawnBy.CANVAS)


def test_a_list_that_is_about_to_be_filled_does_not_stand_still(page) -> None:
    """Frames come within a millisecond here: two equal ones alone would show the list before its answer came."""
    page.set_content("<table style='font:20px sans-serif'><tr><td style='width:200px'>&nbsp;</td></tr></table>")
    box = place_of(page.locator("table"))
    assert box is not None
    screen = Screen(page, SCALE)
    empty = screen.still_picture(box, 10, lambda: None)[0].image
    for _ in range(5):
        page.evaluate(
            "() => { const td = document.querySelector('td'); td.textContent = '\\u00a0';"
            "setTimeout(() => { td.textContent = 'SO-1' }, 40) }"
        )
        assert (screen.still_picture(box, 10, lambda: None)[0].image != empty).any()


def test_an_unchanged_list_is_remembered_and_no_net_is_asked(page, browser, nets) -> None:
    memory = Memory()
    read(page, browser, nets, html(ROWS), memory=memory)

    class NoNet:
        def read_lines(self, images: Sequence[Any], *, alphabet: str | None = None) -> list[Any]:
            assert not images, "the net was asked about a picture that was proven before"
            return []

    again = readings(read(page, browser, (NoNet(), NoNet()), html(ROWS), memory=memory))
    assert [[r.text for r in row.values()] for row in again] == [list(row) for row in ROWS]
    assert again[2]["customer"].witnesses[0] is Witness.MEMORY


LIES = {
    "covered": "<span style='position:relative'>S"
    "<span style='position:absolute;left:0;background:#fff'>5</span></span>X1",
    "hidden span": "BX<span style='font-size:0'>9</span>-77",
    "transparent": "BX<span style='color:transparent'>9</span>-77",
    "white on white": "BX<span style='color:#fff'>9</span>-77",
    "moved out of sight": "BX-77<span style='position:absolute;left:-9999px'>9</span>",
    "transform": "<span style='text-transform:uppercase'>bx-o0</span>",
    "security": "<span style='-webkit-text-security:disc'>bx-77</span>",
    "bidi": "<span style='unicode-bidi:bidi-override;direction:rtl'>77-XB</span>",
    "pseudo": "<span class=p>BX-7</span>",
    "zero width": "BX\u200b-\u206077",
    "letters swapped by a font of the page": "<span style='font-family:Lie'>BX-05</span>",
}
SHOWN = {
    "covered": "5X1",
    "hidden span": "BX-77",
    "transparent": ("BX-77", "BX -77"),
    "white on white": ("BX-77", "BX -77"),
    "moved out of sight": "BX-77",
    "transform": "BX-O0",
    "security": "•••••",
    "bidi": "BX-77",
    "pseudo": "BX-79",
    "zero width": "BX-77",
    "letters swapped by a font of the page": "BX-05",
}


@pytest.mark.parametrize("lie", LIES)
def test_a_page_whose_text_lies_is_caught(lie: str, page, browser, nets) -> None:
    """What passes unflagged is what the screen shows; anything else is flagged."""
    rows = [(ROWS[0][0], ROWS[0][1], LIES[lie], ROWS[0][3], ""), *ROWS[1:4]]
    got = readings(read(page, browser, nets, html(rows, css=".p::after{content:'9'}")))
    sku = got[0]["sku"]
    shown = SHOWN[lie] if isinstance(SHOWN[lie], tuple) else (SHOWN[lie],)
    assert not sku.proven or sku.text in shown
    assert all(r.proven for r in got[1].values()), "one lie must not spoil the other rows"


def test_a_heading_that_is_gone_stops_the_list_and_names_the_yaml_line(page, browser, nets) -> None:
    headings = ["订单编号", "客户名称", "物料编码", "金额", "备注"]
    with pytest.raises(LayoutChanged) as caught:
        read(page, browser, nets, html(ROWS, headings))
    assert "columns.2" in str(caught.value)
    assert "存货编码" in str(caught.value)
    assert "物料编码" in str(caught.value)


def test_columns_are_found_by_heading_wherever_they_stand(page, browser, nets) -> None:
    moved = [(r[3], r[0], r[1], r[2], r[4]) for r in ROWS]
    got = readings(read(page, browser, nets, html(moved, ["金额", "订单编号", "客户名称", "存货编码", "备注"])))
    assert [row["order_no"].text for row in got] == [r[0] for r in ROWS]
    assert [row["amount"].text for row in got] == [r[3] for r in ROWS]


def test_a_cut_cell_is_whole_only_from_where_the_profile_says(page, browser, nets) -> None:
    text = "急单：停机待料请当天发出"
    cut = f"<div style='width:60px;overflow:hidden;text-overflow:ellipsis' title='{text}'>{text}</div>"
    content = html([(*ROWS[0][:4], cut), *ROWS[1:]])
    flagged = readings(read(page, browser, nets, content))[0]["remark"]
    assert not flagged.proven

    columns = [c.model_dump(exclude_defaults=True, mode="json") for c in PROFILE.columns[:4]]
    columns.append({"heading": "备注", "field": "remark", "cut": {"whole_from": "title"}})
    rules = {"where": {"at": "table"}, "rows": {"heading": "tr.h", "row": "tr.r"}}
    profile = parse_profile({"name": "reading", "list": rules, "key": ["order_no"], "columns": columns}, "test")
    whole = readings(read(page, browser, nets, content, profile=profile))[0]["remark"]
    assert whole.proven
    assert whole.text == "急单：停机待料请当天发出"
    assert Witness.TOOLTIP in whole.witnesses


def test_ink_that_reaches_out_of_a_cut_cells_text_to_the_left_is_drawn_so(page, browser, nets) -> None:
    """送 begins left of its own box: what cuts it is the padding's edge, not where the text begins."""
    css = "td:last-child{max-width:110px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}"
    texts = ("送货上门，源球泅扒孜整机", "先发样品，近足诽剿惊整机", "源球泅扒孜整机送货上门")
    content = html([(*row[:4], text) for row, text in zip(ROWS, texts, strict=False)], css=css)
    got = readings(read(page, browser, nets, content))
    assert [row["remark"].doubts for row in got] == [(Doubt.CUT,)] * 3
    assert all(Witness.REDRAW in row["remark"].witnesses for row in got)


def test_what_only_a_person_can_settle_is_not_looked_at_in_the_next_run(page, browser, nets, tmp_path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'bridge.db'}")
    store.upgrade()
    cut = "<div style='width:60px;overflow:hidden;text-overflow:ellipsis'>急单：停机待料请当天发出</div>"
    shot = shot_of(page, html([(*ROWS[0][:4], cut), *ROWS[1:]]), page_help=True)
    drawn: list[list[int]] = []
    for _ in range(2):
        redrawer = BrowserRedrawer(browser)
        drawn.append([])
        counted = Counted(redrawer, "draw", drawn[-1])
        grid = ScreenReader(PROFILE, "test", nets[0], store, counted, fast=nets[1], reads=store).read(shot)
        redrawer.close()
        assert readings(grid)[0]["remark"].doubts == (Doubt.CUT,)
    store.close()
    assert sum(drawn[0]) > 0 == sum(drawn[1])


def test_a_net_that_is_always_wrong_proves_nothing_and_teaches_nothing(page, browser, nets) -> None:
    class Wrong:
        def read_lines(self, images: Sequence[Any], *, alphabet: str | None = None) -> list[Any]:
            honest = nets[1].read_lines(images, alphabet=alphabet)
            swap = str.maketrans("0O1I5S8B2Z千审", "O0I1S5B8Z2干申")
            return [replace(p, text=p.text.translate(swap), confidence=0.999) for p in honest]

    memory = Memory()
    plain = [(r[0], r[1], r[2], r[3], r[4]) for r in ROWS]
    got = readings(read(page, browser, (Wrong(), Wrong()), html(plain), page_help=False, memory=memory))
    truth = {text for row in ROWS for text in row}
    assert [r.text for row in got for r in row.values() if r.proven and r.text and r.text not in truth] == []
    known = {c.heading for c in PROFILE.columns}
    assert [p.text for p in memory.known.values() if p.text not in truth | known] == []


def test_the_same_text_drawn_at_another_time_gives_the_same_pixels(page, browser, nets) -> None:
    first = shot_of(page, html(ROWS), page_help=True)
    second = shot_of(page, html(ROWS), page_help=True)
    assert same_pixels(first.image, second.image)
    other = shot_of(page, html([("SO-O10480", *ROWS[0][1:]), *ROWS[1:]]), page_help=True)
    assert not same_pixels(first.image, other.image)
