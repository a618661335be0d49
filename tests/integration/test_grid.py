"""Cells found in pixels alone, against real pages in a real browser whose DOM tells where its cells are.

A page is right if every cell's ink lies within one found cell, the one of its row and column, and if nothing else
was taken for a row of the list.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from bridge.erp.find_browser import find_browser, launch_args
from bridge.errors import UnreadableImage
from bridge.ocr.grid import find_grid
from bridge.ocr.layout import RawGrid
from bridge.ocr.lines import split_lines
from bridge.ocr.pictures import background, cell_picture, ink
from bridge.records import Box, DrawnBy, Image, PageShot

# --- the pages ----------------------------------------------------------------------------------------------------

FONTS = (
    "DejaVu Sans", "Noto Sans CJK SC", "WenQuanYi Zen Hei", "AR PL UMing CN", "DejaVu Sans Mono", "Noto Serif CJK SC",
    "DejaVu Serif", "WenQuanYi Zen Hei Sharp",
)  # fmt: skip

STYLES = {
    "bordered": "table{border-collapse:collapse} td,th{border:1px solid #999}",
    "pale borders": "table{border-collapse:collapse} td,th{border:1px solid #e6ebf2} th{background:#f4f7fb}",
    "dotted": "table{border-collapse:collapse} td,th{border:1px dotted #bbb} th{background:#eee}",
    "gradient heading": "table{border-collapse:collapse} td,th{border:1px solid #c5d2e0}"
    " th{background:linear-gradient(#f4f8fd,#cfdff2)}",
    "zebra": "table{border-collapse:collapse} tr.e{background:#eef3fa} th{background:#336699;color:#fff}",
    "pale zebra": "table{border-collapse:collapse} tr.e{background:#f9f9f9} th{border-bottom:2px solid #ddd}",
    "rules": "table{border-collapse:collapse} td,th{border-bottom:1px solid #ddd}",
    "rules above": "table{border-collapse:collapse} td,th{border-top:1px solid #e4e4e4}",
    "borderless": "table{border-collapse:collapse}",
    "heading only": "table{border-collapse:collapse} th{background:#d8e2ee;border-right:1px solid #9ab}",
    "heading rule": "table{border-collapse:collapse} th{border-bottom:1px solid #333}",
    "spaced": "table{border-spacing:2px} th{background:#366;color:#fff} tr.e td{background:#e6e6fa}"
    " tr.o td{background:#ffe4e1}",
    "spaced white": "table{border-spacing:2px} th{background:#dde} tr.e td{background:#eef}",
    "dark": "body{background:#1e1e24;color:#dcdce2} table{border-collapse:collapse}"
    " td,th{border-bottom:1px solid #35353f} th{background:#2b2b36}",
    "dark bordered": "body{background:#202020;color:#e0e0e0} table{border-collapse:collapse}"
    " td,th{border:1px solid #484848}",
    "canvas": "",
}  # fmt: skip

CUSTOMERS = (
    "西安飞行器自动控制研究所", "O'Brien & Sons Hydraulics Ltd.", "温州瓯海鑫鑫阀门厂（普通合伙）", "株式会社イシダ工機",
    "沈阳铁西重型机器厂", "Pacific Rim Trading Co., Inc.", "王一", "武汉东湖高新光谷激光技术有限责任公司", "Müller Fördertechnik GmbH",
    "南京钟山实验学校",
)  # fmt: skip
NOTES = (
    "水泵房改造",
    "",
    "按图纸BJ-03加工",
    "",
    "紧急：停机待料，请当天发出",
    "Spare parts, next vessel",
    "二期技改项目用料",
    "",
)
STATUS = ("已审核", "未审核", "已发货", "关闭")


@dataclass(frozen=True, kw_only=True)
class Sample:
    style: str
    seed: int
    size: int = 13  # css px
    scale: float = 2.0
    rows: int = 20
    font: str = "DejaVu Sans"
    padding: tuple[int, int] = (3, 6)  # css px, vertical and horizontal
    wrap: bool = False
    valign: str = "middle"
    heading_align: str = "center"
    full_width: bool = False
    selected: bool = False
    total: bool = False
    title: bool = False
    footer: bool = False
    two_line_heading: bool = False
    empty_column: bool = False

    @property
    def name(self) -> str:
        extras = [
            n for n in ("wrap", "full_width", "selected", "total", "title", "footer", "two_line_heading", "empty_column")
            if getattr(self, n)
        ]  # fmt: skip
        return "-".join(
            [self.style, f"{self.size}px@{self.scale:g}", f"{self.rows}rows", self.font, self.valign, f"pad{self.padding}",
             f"th-{self.heading_align}", *extras, f"seed{self.seed}"]
        )  # fmt: skip


def table_of(s: Sample) -> tuple[list[str], list[str], list[list[str]]]:
    """Headings, alignments and rows of texts; "☐" is a checkbox, "⚙" a pair of links."""
    r = random.Random(s.seed)
    heads = ["☐", "订单号", "下单时间", "交货日期", "客户", "编号", "数量", "单位", "单价", "金额", "状态", "说明"]
    aligns = [
        "center",
        "left",
        "left",
        "center",
        "left",
        "left",
        "right",
        "left",
        "right",
        "right",
        "center",
        "left",
    ]
    if s.two_line_heading:
        heads[6], heads[8] = "数量\n(件)", "单价\n(元)"
    rows = []
    for i in range(s.rows):
        q, p = r.randint(1, 900), r.randint(100, 900_000) / 100
        rows.append(
            [
                "☐", r.choice(["SO-%06d", "XS2024-%04d", "10%05d"]) % r.randint(1000, 9999) if r.random() < 0.3 else f"SO-{10400 + i * 7:06d}",
                f"2026-0{r.randint(1, 9)}-{r.randint(10, 28)} 1{r.randint(0, 9)}:{r.randint(10, 59)}",
                f"2026-0{r.randint(1, 9)}-{r.randint(10, 28)}" if r.random() > 0.15 else "",
                r.choice(CUSTOMERS), f"C{r.randint(1, 30):04d}", str(q), r.choice(["个", "台", "PCS", "千克"]), f"{p:,.2f}",
                f"{q * p:,.2f}", r.choice(STATUS), r.choice(NOTES),
            ]
        )  # fmt: skip
    keep = [i for i in range(len(heads)) if i in (1, 4, 6, 9) or r.random() < 0.75]
    if s.style == "canvas" and 0 in keep:
        keep.remove(0)
    heads, aligns = [heads[i] for i in keep], [aligns[i] for i in keep]
    rows = [[row[i] for i in keep] for row in rows]
    if s.empty_column:
        at = r.randint(1, len(heads))
        heads.insert(at, "备用")
        aligns.insert(at, "left")
        for row in rows:
            row.insert(at, "")
    return heads, aligns, rows


def html_of(s: Sample) -> str:
    heads, aligns, rows = table_of(s)
    py, px = s.padding
    css = f"""body{{margin:8px;background:#fff;font-family:'{s.font}',sans-serif;font-size:{s.size}px}}
      td,th{{padding:{py}px {px}px;vertical-align:{s.valign};font-size:{s.size}px;white-space:nowrap}}
      th{{text-align:{s.heading_align}}} td.wrap{{white-space:normal;width:{s.size * 11}px;min-width:{s.size * 11}px}}
      input{{margin:0;width:13px;height:13px;vertical-align:middle}} {STYLES[s.style]}
      tr.sel td{{background:#ffe08a;color:#000}}"""
    out = [f"<!doctype html><meta charset=utf-8><style>{css}</style><body>"]
    if s.title:
        out.append(
            "<div style='background:#000;color:#fff;text-align:center;padding:2px'>销货单 / 华信机电</div><p>开启</p>"
        )
    out.append(f"<table id=t {'width=100%' if s.full_width else ''}><tr class=h>")
    out += [f"<th>{_inner(h)}</th>" for h in heads]
    out.append("</tr>")
    chosen = s.rows // 3 if s.selected else -1
    for n, row in enumerate(rows):
        kind = "sel" if n == chosen else "eo"[n % 2]
        out.append(f"<tr class={kind}>")
        for h, a, text in zip(heads, aligns, row, strict=True):
            wrap = "class=wrap" if s.wrap and h in ("客户", "说明") else ""
            out.append(f"<td {wrap} style='text-align:{a}'>{_inner(text)}</td>")
        out.append("</tr>")
    if s.total:
        out.append("<tr class=e>")
        for i, (h, a) in enumerate(zip(heads, aligns, strict=True)):
            if i == 0:
                out.append("<td colspan=2>合计</td>")
            elif i > 1:
                out.append(
                    f"<td style='text-align:{a}'>{'1,234,567.89' if h in ('金额', '数量') else '&nbsp;'}</td>"
                )
        out.append("</tr>")
    out.append("</table>")
    if s.footer:
        out.append(
            "<p>共500条 第1/10页 <a href=#>首页</a> <a href=#>上一页</a> <a href=#>下一页</a> 转到 1 页</p>"
        )
    return "".join(out)


def _inner(text: str) -> str:
    if text == "☐":
        return "<input type=checkbox>"
    return (text.replace("&", "&amp;").replace("\n", "<br>")) or "&nbsp;"


TRUTH = """() => [...document.querySelectorAll('#t tr')].map(tr => [...tr.cells].map(c => {
  const r = c.getBoundingClientRect(); return [r.left, r.top, r.width, r.height, c.colSpan]; }))"""

CANVAS = """([heads, aligns, rows, s]) => {
  const ctx0 = document.createElement('canvas').getContext('2d'), font = s.size + "px '" + s.font + "'";
  ctx0.font = font;
  const widths = heads.map((h, i) => Math.ceil(Math.max(...[h, ...rows.map(r => r[i])].map(t => ctx0.measureText(t).width)))
    + 2 * s.px);
  const H = Math.round(s.size * 1.35) + 2 * s.py, W = widths.reduce((a, b) => a + b, 0), k = s.scale;
  const c = document.createElement('canvas'); c.id = 't'; c.width = (W + 1) * k; c.height = (H * (rows.length + 1) + 1) * k;
  c.style.width = W + 1 + 'px'; c.style.height = H * (rows.length + 1) + 1 + 'px'; document.body.append(c);
  const g = c.getContext('2d'); g.scale(k, k); g.fillStyle = '#fff'; g.fillRect(0, 0, W + 1, c.height);
  const o = c.getBoundingClientRect(), cells = [];
  [heads, ...rows].forEach((row, n) => {
    let x = 0; const line = [];
    g.fillStyle = n == 0 ? '#dfe8f3' : n % 2 ? '#fff' : '#f5f9fd'; g.fillRect(0, n * H, W, H);
    row.forEach((t, i) => {
      g.fillStyle = '#123'; g.font = font; g.textBaseline = 'middle'; g.textAlign = aligns[i];
      const at = aligns[i] == 'left' ? x + s.px : aligns[i] == 'right' ? x + widths[i] - s.px : x + widths[i] / 2;
      g.fillText(t, at, n * H + H / 2 + 1);
      g.fillStyle = '#c8d4e2'; g.fillRect(x + widths[i] - 1, n * H, 1, H); g.fillRect(x, n * H + H - 1, widths[i], 1);
      line.push([o.left + x, o.top + n * H, widths[i], H, 1]); x += widths[i];
    });
    cells.push(line);
  });
  return cells; }"""


# --- the judge ----------------------------------------------------------------------------------------------------

Cells = list[list[tuple[int, int, int, int, int]]]  # x0, y0, x1, y1 in device pixels, columns spanned


@dataclass
class Rendered:
    image: Image
    cells: Cells
    scale: float
    body: Box | None = None
    y_offset: float = 0.0
    kept: list[int] = field(default_factory=list)

    @property
    def shot(self) -> PageShot:
        return PageShot(
            number=1, picture=self.image, scale=self.scale, sha256="", drawn_by=DrawnBy.PAGE, body=self.body,
            y_offset=self.y_offset,
        )  # fmt: skip


class Studio:
    """One browser, a page for each scale."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._pages: dict[float, Page] = {}

    def page(self, scale: float) -> Page:
        if scale not in self._pages:
            context = self._browser.new_context(device_scale_factor=scale, viewport={"width": 1250, "height": 300})
            self._pages[scale] = context.new_page()
        return self._pages[scale]

    def draw(self, s: Sample) -> Rendered:
        page = self.page(s.scale)
        if s.style == "canvas":
            page.set_content("<body style='margin:8px;background:#fff'></body>")
            heads, aligns, rows = table_of(s)
            style = {"size": s.size, "font": s.font, "px": s.padding[1], "py": s.padding[0], "scale": s.scale}
            cells = page.evaluate(CANVAS, [heads, aligns, rows, style])
        else:
            page.set_content(html_of(s))
            cells = page.evaluate(TRUTH)
        return Rendered(picture(page), device(cells, s.scale), s.scale)


def picture(page: Page) -> Image:
    png = page.screenshot(full_page=True)
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))


def device(cells: list[list[list[float]]], k: float) -> Cells:
    return [
        [(round(x * k), round(y * k), round((x + w) * k), round((y + h) * k), int(n)) for x, y, w, h, n in row]
        for row in cells
    ]


def ink_box(image: Image, rect: tuple[int, int, int, int], scale: float) -> tuple[int, int, int, int] | None:
    """The ink of a true cell, without its borders."""
    m = round(scale) + 1
    x0, y0, x1, y1 = rect[0] + m, rect[1] + m, rect[2] - m, rect[3] - m
    part = image[y0:y1, x0:x1]
    if not part.size:
        return None
    mask = _text(part)
    ys, xs = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return (x0 + int(xs[0]), y0 + int(ys[0]), x0 + int(xs[-1]) + 1, y0 + int(ys[-1]) + 1) if len(xs) else None


def _text(part: Image) -> np.ndarray:
    colour = background(part)
    mask = ink(part, colour)
    if np.ptp(part[:, 0].astype(int), axis=0).max() > 0 and (part[:, 0] == part[:, -1]).all():
        # A gradient: each pixel row has its own background.
        mask = np.abs(part.astype(int) - part[:, :1].astype(int)).max(axis=2) > 24
    return mask


def faults(r: Rendered, grid: RawGrid, *, first: int = 0) -> list[str]:
    """What is wrong with the grid, by the truth; ``first``: leading found rows that are no rows of the table."""
    out: list[str] = []
    truth = [r.cells[i] for i in r.kept] if r.kept else r.cells
    rows = grid.rows[first:]
    if len(rows) != len(truth):
        out.append(f"{len(rows)} rows instead of {len(truth)}")
    if grid.columns != len(truth[0]):
        out.append(f"{grid.columns} columns instead of {len(truth[0])}")
    for i, (row, found) in enumerate(zip(truth, rows, strict=False)):
        at = 0
        for x0, y0, x1, y1, span in row:
            box = ink_box(r.image, (x0, y0, x1, y1), r.scale)
            if box is not None:
                holders = [
                    j for j, c in enumerate(found)
                    if c and c.rect[0] <= box[0] and c.rect[1] <= box[1] and c.rect[2] >= box[2] and c.rect[3] >= box[3]
                ]  # fmt: skip
                if not any(at <= j < at + span for j in holders):
                    out.append(
                        f"row {i} column {at}: ink {box} is not in its cell {found[at].rect if at < len(found) and found[at] else None}"
                    )
                elif span == 1 and at + 1 < len(found) and found[at + 1] is None and at + 1 < len(truth[0]):
                    out.append(f"row {i} column {at}: merged with its neighbour")
            at += span
    return out


def first_row(r: Rendered, grid: RawGrid) -> int:
    """Found rows that end above the table: titles."""
    top = r.cells[0][0][1]
    return sum(max(c.rect[3] for c in row if c) <= top + 3 * r.scale for row in grid.rows)


# --- lists that must be found right ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def studio() -> Iterator[Studio]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(find_browser().path),
            args=launch_args(is_root=os.name == "posix" and os.geteuid() == 0),
        )
        yield Studio(browser)
        browser.close()


BOXED = (
    "bordered",
    "pale borders",
    "dotted",
    "gradient heading",
    "spaced",
    "spaced white",
    "dark bordered",
    "canvas",
)


def samples() -> list[Sample]:
    """Every style in three sizes; the other traits take turns, so that each meets most styles."""
    out = []
    for n, style in enumerate(STYLES):
        boxed = style in BOXED
        for m, (size, scale, rows) in enumerate(((13, 2.0, 20), (11, 1.0, 60), (16, 1.5, 5))):
            k = n * 3 + m
            out.append(
                Sample(
                    style=style, seed=k, size=size, scale=scale, rows=rows, font=FONTS[k % len(FONTS)],
                    padding=((1, 1), (3, 6), (1, 3))[m] if boxed else ((4, 8), (3, 6), (6, 12))[m],
                    wrap=boxed and m != 1, valign=("top", "middle")[k % 2], heading_align=("left", "center")[m % 2],
                    full_width=k % 3 == 0, selected=k % 4 == 0, total=k % 5 < 2, title=k % 3 == 1, footer=k % 4 == 1,
                    two_line_heading=k % 6 == 2, empty_column=k % 7 == 3,
                )
            )  # fmt: skip
    return out


@pytest.mark.parametrize("sample", samples(), ids=lambda s: s.name)
def test_every_cell_of_a_list_is_found(studio: Studio, sample: Sample) -> None:
    drawn = studio.draw(sample)
    grid = find_grid(drawn.shot)
    assert faults(drawn, grid, first=first_row(drawn, grid)) == []


@pytest.mark.parametrize("style", ["zebra", "rules", "borderless", "heading rule"])
@pytest.mark.parametrize("valign", ["top", "middle"])
def test_wrapped_cells_belong_to_their_row(studio: Studio, style: str, valign: str) -> None:
    drawn = studio.draw(Sample(style=style, seed=5, wrap=True, valign=valign, padding=(5, 8), rows=25))
    grid = find_grid(drawn.shot)
    assert faults(drawn, grid, first=first_row(drawn, grid)) == []


def test_rows_too_close_to_tell_from_wrapped_cells_are_refused(studio: Studio) -> None:
    """Without any space between rows the rest of a wrapped name looks like a row of its own."""
    page = studio.page(2.0)
    rows = "".join(
        f"<tr><td>SO-{i}<td>{'上海浦东机电设备有限公司<br>第二分公司' if i % 4 == 1 else '南京钟山实验学校'}<td>{i * 7}.00" for i in range(20)
    )  # fmt: skip
    page.set_content(
        "<style>td,th{padding:0 12px;vertical-align:top;font:13px/18px 'Noto Sans CJK SC';text-align:left}</style>"
        f"<table cellspacing=0><tr><th>订单号<th>客户<th>金额</tr>{rows}</table>"
    )
    with pytest.raises(UnreadableImage, match="wrapped cell"):
        find_grid(shot_of(picture(page), 2.0))


def test_what_stands_below_the_list_is_no_row(studio: Studio) -> None:
    for style in ("bordered", "zebra", "rules", "borderless"):
        drawn = studio.draw(Sample(style=style, seed=9, footer=True, padding=(4, 8)))
        grid = find_grid(drawn.shot)
        assert len(grid.rows) - first_row(drawn, grid) == len(drawn.cells), style
        assert len(grid.below) == 1, style


def test_a_footer_in_a_box_of_its_own_is_no_row(studio: Studio) -> None:
    """Its edge above is the list's, the one below the picture's: it looked like a row with a rule around it."""
    page = studio.page(2.0)
    rows = "".join(f"<tr><td>SO-{i}<td>华信机电<td>{i}<td>{i * 3}.50<td>备注{i}</tr>" for i in range(10, 30))
    page.set_content(
        "<style>table{border-collapse:collapse} td,th{border:1px solid #999;padding:3px 6px}"
        "#f{background:#eef3fd;border:1px solid #bcd;padding:4px;width:500px}</style><div id=t><table>"
        f"<tr><th>订单号<th>客户<th>数量<th>金额<th>备注</tr>{rows}</table>"
        "<div id=f>共500条　第1/10页　数量总计：462,385.20　金额总计：55,088,745.99</div></div>"
    )
    grid = find_grid(shot_of(picture(page), 2.0))
    assert len(grid.rows) == 21
    assert len(grid.below) == 1


def test_a_total_across_columns_is_one_cell_and_parts_no_other_row(studio: Studio) -> None:
    page = studio.page(2.0)
    rows = "".join(f"<tr><td>SO-{i}<td>华信<td>{i}<td>{i * 3}.50</tr>" for i in range(10, 22))
    page.set_content(
        "<style>table{border-collapse:collapse} td,th{border:1px solid #999;padding:3px 6px}</style><table id=t>"
        "<tr><th>订单号<th>客户<th>数量<th>金额</tr>"
        f"{rows}<tr><td colspan=3 align=center>本页合计，共十二条订单<td>569.00</tr></table>"
    )
    drawn = Rendered(picture(page), device(page.evaluate(TRUTH), 2.0), 2.0)
    grid = find_grid(drawn.shot)
    assert faults(drawn, grid) == []
    total = grid.rows[-1]
    assert total[1] is None
    assert total[3] is not None
    assert all(None not in row for row in grid.rows[:-1])


def test_one_heading_over_a_value_with_a_space_is_one_column(studio: Studio) -> None:
    page = studio.page(2.0)
    for font in ("DejaVu Sans", "DejaVu Sans Mono", "Noto Sans CJK SC", "AR PL UMing CN"):
        rows = "".join(f"<tr><td>A {1000 + i}<td>2026-03-{i} 12:{i}<td>{i}.50<td>千克</tr>" for i in range(10, 25))
        page.set_content(
            f"<style>td,th{{padding:4px 8px;font:13px '{font}';text-align:left}} td:nth-child(3){{text-align:right}}"
            f"</style><table cellspacing=0 id=t><tr><th>单号<th>时间<th>数量<th>单位</tr>{rows}</table>"
        )
        drawn = Rendered(picture(page), device(page.evaluate(TRUTH), 2.0), 2.0)
        assert faults(drawn, find_grid(drawn.shot)) == [], font


def test_wide_figures_at_the_end_of_the_longest_texts_are_no_columns(studio: Studio) -> None:
    """They stand a figure's width apart, and only two rows are so long."""
    page = studio.page(2.0)
    tails = ("Ｍ１６×１０８", "Ｍ１９×１１２") + ("76kW", "Φ8", "M9×11", " DN50") * 5
    rows = "".join(
        f"<tr><td>SO-{100 + i}<td>耐高温列散热片 {tail}<td>{i * 37 + 9}<td>{i * 7}.50</tr>"
        for i, tail in enumerate(tails)
    )
    page.set_content(
        "<style>td,th{padding:4px 8px;font:12px 'WenQuanYi Zen Hei';text-align:left} td:nth-child(3){text-align:right}"
        f"</style><table cellspacing=0 id=t><tr><th>单号<th>产品名称<th>数量<th>金额</tr>{rows}</table>"
    )
    drawn = Rendered(picture(page), device(page.evaluate(TRUTH), 2.0), 2.0)
    assert faults(drawn, find_grid(drawn.shot)) == []


def test_a_page_of_five_million_pixels_takes_little_time(studio: Studio) -> None:
    """Processor time, since the machine may be busy; the aim is 0.1 s."""
    drawn = studio.draw(Sample(style="zebra", seed=3, rows=36, padding=(5, 8), full_width=True))
    assert drawn.image.size > 3 * 5_000_000
    find_grid(drawn.shot)
    best = float("inf")
    for _ in range(5):
        start = time.process_time()
        find_grid(drawn.shot)
        best = min(best, time.process_time() - start)
    assert best < 0.4


# --- boxes that scroll ----------------------------------------------------------------------------------------------

BOX_STYLES = {
    "ruled": "td{border-bottom:1px solid #dbe5f1}",
    "zebra": "tr.e td{background:#eef3fa}",
    "borderless": "",
}


@pytest.mark.parametrize("wrap", [False, True])
@pytest.mark.parametrize("style", list(BOX_STYLES))
def test_rows_cut_by_the_edge_of_a_scrolling_box_are_left_to_other_shots(
    studio: Studio, style: str, wrap: bool
) -> None:
    page = studio.page(2.0)
    r = random.Random(11)
    rows = "".join(
        f"<tr class={'eo'[i % 2]}><td>SO-{1000 + i}<td>2026-03-{r.randint(10, 28)}"
        f"<td class=wrap>{r.choice(CUSTOMERS)}<td align=right>{r.randint(1, 99999) / 100:,.2f}"
        f"<td>{r.choice(STATUS)}</tr>"
        for i in range(60)
    )
    page.set_content(
        "<style>body{margin:0;background:#fff} #box{height:250px;overflow:auto;width:800px}"
        f"td,th{{padding:5px 10px;font:13px 'Noto Sans CJK SC';white-space:nowrap;vertical-align:top}} {BOX_STYLES[style]}"
        f".wrap{{white-space:{'normal' if wrap else 'nowrap'};{'width:130px;min-width:130px' if wrap else ''}}}"
        "th{position:sticky;top:0;background:#cfdff2;text-align:left}</style>"
        "<div id=box><table id=t cellspacing=0><tr><th>订单号<th>日期<th>客户<th>金额<th>状态</tr>"
        f"{rows}</table></div>"
    )
    seen: set[int] = set()
    top, end = 0.0, page.evaluate("box.scrollHeight - box.clientHeight")
    while True:
        page.evaluate("y => { box.scrollTop = y }", top)
        at = page.evaluate("box.scrollTop")
        cells = device(page.evaluate(TRUTH), 2.0)
        head = page.evaluate("document.querySelector('th').getBoundingClientRect().bottom")
        image = picture(page)[: 250 * 2, : 800 * 2]
        shot = PageShot(
            number=1, picture=image, scale=2.0, sha256="", drawn_by=DrawnBy.PAGE, y_offset=at, at_end=at >= end,
            body=Box(x=0, y=head, w=800, h=250 - head),
        )  # fmt: skip
        grid = find_grid(shot)
        # A row that has lost no more than two css pixels of its padding is whole.
        whole = [i for i in range(1, 61) if cells[i][0][1] >= head * 2 - 4 and cells[i][0][3] <= 504]
        found = []
        for row in grid.rows[1:]:
            inside = []
            for i in range(1, 61):
                x0, y0, x1, y1, _ = cells[i][0]
                visible = x0, max(y0, round(head * 2)), x1, min(y1, 500)
                box = ink_box(image, visible, 2.0) if visible[3] - visible[1] > 8 else None
                if box and row[0] and row[0].rect[1] < box[3] and box[1] < row[0].rect[3]:
                    inside.append(i)
            assert len(inside) == 1, f"a found row holds the rows {inside} at {at}"
            found += inside
        assert set(found) <= set(whole), f"cut rows were taken at {at}: {set(found) - set(whole)}"
        assert faults(Rendered(image, cells, 2.0, kept=[0, *found]), grid) == [], at
        seen.update(found)
        if at >= end:
            break
        top = at + 250 - head - 80
    assert seen == set(range(1, 61))


# --- what is no list ------------------------------------------------------------------------------------------------


def shot_of(image: Image, scale: float = 1.0) -> PageShot:
    return PageShot(number=3, picture=image, scale=scale, sha256="", drawn_by=DrawnBy.FOREIGN)


def _photo() -> Image:
    y, x = np.mgrid[0:600, 0:900]
    grain = np.random.default_rng(4).integers(0, 25, (600, 900, 3))
    return (np.stack([x / 5, y / 4, (x + y) / 9], axis=2) + grain).astype(np.uint8)


def _gradient() -> Image:
    return np.repeat(np.tile(np.linspace(0, 255, 900, dtype=np.uint8), (600, 1))[:, :, None], 3, axis=2)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.full((600, 800, 3), 255, np.uint8), "blank"),
        (np.zeros((600, 800, 3), np.uint8), "blank"),
        (np.full((12, 800, 3), 200, np.uint8), "only 800 × 12 pixels"),
        (np.zeros((1, 1, 3), np.uint8), "only 1 × 1 pixels"),
        (np.zeros((30_001, 40, 3), np.uint8), "more than any screen"),
        (_photo(), "no list was found"),
        (_gradient(), "blank|no list was found"),
        (np.random.default_rng(1).integers(0, 255, (500, 700, 3)).astype(np.uint8), "no list was found"),
    ],
    ids=["white", "black", "low", "one pixel", "huge", "photo", "gradient", "noise"],
)
def test_pictures_without_a_list_are_refused(image: Image, words: str) -> None:
    with pytest.raises(UnreadableImage, match=words) as caught:
        find_grid(shot_of(image))
    assert "page 3" in str(caught.value)
    assert caught.value.hint


LOGIN = """<body style='font:14px sans-serif;background:#eef'><h2>企业管理系统</h2><form><table>
<tr><td>用户名<td><input size=20 value=admin></tr><tr><td>密码<td><input type=password size=20 value=x></tr>
<tr><td>验证码<td><input size=6> <img width=60 height=20></tr>
<tr><td colspan=2><input type=submit value=登录> <input type=reset value=取消></tr></table></form>"""
TEXT = """<body style='font:14px/1.6 sans-serif;width:600px'><h1>通知</h1>""" + (
    "<p>各部门：根据公司安排，本系统将于本周六进行升级，届时无法登录。请提前保存数据，由此带来的不便敬请谅解。"
    "Contact the help desk, extension 2107, if orders are missing afterwards.</p>" * 6
)  # fmt: skip


@pytest.mark.parametrize("html", [LOGIN, TEXT], ids=["sign-in form", "plain text"])
@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_pages_without_a_list_are_refused(studio: Studio, html: str, scale: float) -> None:
    page = studio.page(scale)
    page.set_content(html)
    with pytest.raises(UnreadableImage) as caught:
        find_grid(shot_of(picture(page), scale))
    assert caught.value.hint


# --- lines within a cell ----------------------------------------------------------------------------------------------

LINES = (
    ["二"], ["吕"], ["一"], ["="], ["旦旦"], ["ijgq"], ["（合伙）"], ["2026-03-01 12:30"], ["-"], ["西安飞行器", "吕", "二"],
    ["王一", "二"], ["2026-03-01", "ijgq", "::"], ["Müller Förder-", "technik GmbH"],
)  # fmt: skip


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("font", ["DejaVu Sans", "Noto Sans CJK SC", "AR PL UMing CN", "WenQuanYi Zen Hei Sharp"])
def test_lines_of_a_cell(studio: Studio, font: str, scale: float) -> None:
    page = studio.page(scale)
    divs = "".join(
        f"<div style=\"padding:4px;width:300px;font:{size}px/{height} '{font}'\">{'<br>'.join(lines)}</div>"
        for size in (11, 13, 16) for height in ("1.25", "1.5") for lines in LINES
    )  # fmt: skip
    page.set_content(f"<body style='margin:0;background:#fff'>{divs}")
    boxes = page.evaluate(
        "() => [...document.querySelectorAll('div')].map(d => {"
        " const r = d.getBoundingClientRect(); return [r.left, r.top, r.right, r.bottom]; })"
    )
    image = picture(page)
    wrong = []
    for n, box in enumerate(boxes):
        wanted = LINES[n % len(LINES)]
        x0, y0, x1, y1 = (round(v * scale) for v in box)
        cell = cell_picture(image, (x0, y0, x1, y1), scale)
        found = split_lines(cell, scale)
        mask = ink(cell.image, cell.colour).any(axis=1)
        for a, b in found:
            mask[a:b] = False
        if len(found) != len(wanted) or mask.any():
            wrong.append((n, wanted, found))
    assert wrong == []


def test_a_blank_cell_has_no_lines() -> None:
    cell = cell_picture(np.full((20, 80, 3), 255, np.uint8), (0, 0, 80, 20), 1.0)
    assert split_lines(cell, 1.0) == []
