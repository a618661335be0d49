"""The report of a run over a real list, drawn by a real browser, opened in a real browser."""

import base64
import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import openpyxl
import pytest
from PIL import Image as Pillow
from playwright.sync_api import Browser, Page, sync_playwright

from bridge.records import (
    KEY_SEP,
    Box,
    Change,
    ChangeKind,
    ChangeSet,
    Doubt,
    FieldValue,
    Finding,
    Grid,
    GridRow,
    Image,
    ObservedList,
    OrderLine,
    Reading,
    ReviewItem,
    ReviewKind,
    RowKind,
    RunStatus,
    RunSummary,
    Scalar,
    Witness,
)
from bridge.reports.annotate import AMBER, GREEN, GREY, annotate
from bridge.reports.mismatch import MismatchReporter

SCALE = 2
FIELDS = ("number", "order_no", "customer", "sku", "product", "quantity", "price", "amount", "due_date", "status")
HEADINGS = ("序号", "订单编号", "客户名称", "存货编码", "产品名称", "数量", "单价", "金额", "交货日期", "状态")
LABELS = dict(zip(FIELDS, HEADINGS, strict=True))
CUSTOMERS = (
    "上海鑫盛机电有限公司",
    "宁波恒泰紧固件贸易有限公司",
    "苏州市科凯精密模具标准件有限责任公司（华东）",
    "Bortec & Monlux GmbH",
)
SKUS = ("B8O0-I1l5", "8E0Q 215-S5B8O", "03.17.0042", "OQD/M12l", "CP8B00417")
PRODUCTS = ("不锈钢内六角螺栓", "镀锌法兰弯头", "304双头球阀", "尼龙快插接头")
HOSTILE = '<script>document.title="owned"</script><img src=x onerror=alert(1)>'

CSS = """
body { margin: 12px; font: 12px "SimSun", "Noto Sans CJK SC", "WenQuanYi Zen Hei", sans-serif; background: #fff }
table { border-collapse: collapse; width: 1180px } th { background: #d6e4f2 }
td, th { border: 1px solid #9db4cc; padding: 3px 5px } tr:nth-child(odd) td { background: #f4f8fc }
.r { text-align: right } tr.sum td { background: #fdf6d8; font-weight: bold }
"""


class KeptPictures:
    """Evidence in memory: real PNGs, really cropped."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def keep_png(self, png: bytes) -> str:
        name = hashlib.sha256(png).hexdigest()
        self._kept[name] = png
        return name

    def png(self, sha256: str) -> bytes | None:
        return self._kept.get(sha256)

    def crop(self, shot: str, box: Box, margin: int = 4) -> bytes | None:
        if shot not in self._kept:
            return None
        out = BytesIO()
        corners = (int(box.x) - margin, int(box.y) - margin, int(box.x2) + margin, int(box.y2) + margin)
        with Pillow.open(BytesIO(self._kept[shot])) as picture:
            picture.crop(corners).save(out, "PNG")
        return out.getvalue()


@dataclass(frozen=True, kw_only=True)
class Listing:
    evidence: KeptPictures
    shot: str
    image: Image
    lines: tuple[OrderLine, ...]
    grid: Grid


def order(n: int) -> dict[str, Scalar]:
    quantity, price = 10 + n * 7, Decimal(350 + n * 1217) / 100
    return {
        "number": n + 1,
        "order_no": f"SO-{10021 + n:06d}",
        "customer": CUSTOMERS[n % 4] if n != 5 else HOSTILE,
        "sku": SKUS[n % 5],
        "product": PRODUCTS[n % 4],
        "quantity": quantity,
        "price": price,
        "amount": quantity * price,
        "due_date": date(2026, 5, 4) + timedelta(days=n),
        "status": ("已审核", "生产中", "待发货")[n % 3],
    }


def displayed(value: Scalar) -> str:
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    return f"{value:,d}" if isinstance(value, int) else str(value)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    path = os.environ.get("BRIDGE_BROWSER") or shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as p:
        started = p.chromium.launch(executable_path=path, args=["--no-sandbox", *quiet])
        yield started
        started.close()


@pytest.fixture(scope="module")
def listing(browser: Browser) -> Listing:
    """A list of orders as an old ERP shows it, with the boxes of its cells from the DOM."""
    orders = [order(n) for n in range(24)]

    def row(cells: list[str], tag: str = "td", css: str = "") -> str:
        right = ["", "", "", "", "", "r", "r", "r", "", ""]
        inner = "".join(
            f'<{tag} class="{k}">{c.replace("&", "&amp;").replace("<", "&lt;")}</{tag}>'
            for c, k in zip(cells, right, strict=True)
        )
        return f'<tr class="{css}">{inner}</tr>'

    total = ["", "合计", "", "", "", "", "", displayed(sum((o["amount"] for o in orders), Decimal(0))), "", ""]
    rows = [row([displayed(v) for v in o.values()]) for o in orders]
    page = browser.new_page(viewport={"width": 1210, "height": 900}, device_scale_factor=SCALE)
    page.set_content(
        f"<style>{CSS}</style><table>{row(list(HEADINGS), 'th')}{''.join(rows)}{row(total, css='sum')}</table>"
    )
    png = page.screenshot(full_page=True)
    boxes = page.evaluate(
        "[...document.querySelectorAll('tr')].map(r => [...r.children].map(c => {"
        "const b = c.getBoundingClientRect(); return [b.x, b.y, b.width, b.height]; }))"
    )
    page.close()
    evidence = KeptPictures()
    shot = evidence.keep_png(png)
    with Pillow.open(BytesIO(png)) as picture:
        image = np.asarray(picture.convert("RGB"))

    def read(text: str, box: list[float], row_number: int) -> Reading:
        x, y, w, h = box
        return Reading(
            text=text, proven=True, confidence=1.0, witnesses=(Witness.PAGE_TEXT, Witness.NET),
            box=Box(x=x, y=y, w=w, h=h).scaled(SCALE), shot=shot, page=1, row=row_number,
        )  # fmt: skip

    lines = []
    for n, values in enumerate(orders):
        readings = [read(displayed(v), b, n) for v, b in zip(values.values(), boxes[n + 1], strict=True)]
        fields = {
            f: FieldValue(field=f, value=values[f], reading=r) for f, r in zip(FIELDS, readings, strict=True)
        }
        no = str(values["order_no"])
        lines.append(OrderLine(source="demo", key=no, order_no=no, key_ok=True, fields=fields, page=1, row=n))
    lines = doubted(lines)
    grid = Grid(
        page=1,
        shot=shot,
        columns=(None, *FIELDS[1:]),
        headings=tuple(read(h, b, 0) for h, b in zip(HEADINGS, boxes[0], strict=True)),
        rows=(
            *(GridRow(kind=RowKind.DATA, cells=tuple(v.reading for v in line.fields.values())) for line in lines),
            GridRow(
                kind=RowKind.OTHER, cells=tuple(read(t, b, 24) for t, b in zip(total, boxes[-1], strict=True))
            ),
        ),
    )
    return Listing(evidence=evidence, shot=shot, image=image, lines=tuple(lines), grid=grid)


def doubted(lines: list[OrderLine]) -> list[OrderLine]:
    """The list as a run leaves it: most rows proven, some cells doubtful in different ways."""

    def doubt(n: int, field: str, why: Doubt, **changes: object) -> None:
        line = lines[n]
        reading = replace(line.fields[field].reading, proven=False, doubts=(why,), **changes)  # type: ignore[arg-type]
        value = FieldValue(field=field, value=reading.text or None, reading=reading, doubts=(why,))
        lines[n] = replace(line, fields={**line.fields, field: value})

    doubt(2, "sku", Doubt.UNPROVEN, text="03.17.0O42", alternatives=("03.17.0042", "03.17.0Q42"), confidence=0.71)
    doubt(5, "customer", Doubt.PAGE_TEXT_DIFFERS, alternatives=(HOSTILE.replace("x", "\u202ey"),), confidence=0.5)
    doubt(8, "amount", Doubt.ARITHMETIC, text="6,672.98", alternatives=("6,672.96",), confidence=0.93)
    doubt(8, "quantity", Doubt.ARITHMETIC, confidence=0.97)
    doubt(11, "order_no", Doubt.LOOKALIKE, alternatives=("SO-O10032", "S0-010032"), confidence=0.88)
    lines[11] = replace(lines[11], key_ok=False)
    doubt(14, "product", Doubt.CUT, text="304双头球", confidence=0.99)
    return lines


def review(line: OrderLine, kind: ReviewKind, **more: object) -> ReviewItem:
    return ReviewItem(
        kind=kind, source="demo", key=line.key, order_no=line.order_no, fingerprint=line.key,
        reason=more.pop("reason", ""), fields=line.doubtful, line=line, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def a_run(listing: Listing, *, more_added: int = 0) -> tuple[RunSummary, ObservedList, ChangeSet]:
    lines = listing.lines
    now = {line.order_no: line.values() for line in lines}

    def changed(n: int, **before: Scalar) -> Change:
        line = lines[n]
        return Change(
            kind=ChangeKind.CHANGED, source="demo", key=line.key, order_no=line.order_no,
            before={**now[line.order_no], **before}, after=now[line.order_no],
            readings={f: v.reading for f, v in line.fields.items()},
        )  # fmt: skip

    def whole(n: int, kind: ChangeKind) -> Change:
        values = order(n)
        no = str(values["order_no"])
        sides = {"before": values} if kind in (ChangeKind.GONE, ChangeKind.LEFT) else {"after": values}
        return Change(kind=kind, source="demo", key=no, order_no=no, **sides)  # type: ignore[arg-type]

    changes = ChangeSet(
        source="demo",
        changes=(
            changed(1, due_date=date(2026, 4, 28), status="已审核"),
            changed(3, amount=Decimal("1198.60"), quantity=30),
            changed(6, customer="苏州市科凯精密模具标准件有限公司（华东）"),
            *(whole(n, ChangeKind.ADDED) for n in range(20, 24)),
            *(whole(n, ChangeKind.ADDED) for n in range(1000, 1000 + more_added)),
            whole(40, ChangeKind.GONE),
            whole(41, ChangeKind.LEFT),
            whole(19, ChangeKind.BACK),
        ),
        reviews=(
            review(lines[2], ReviewKind.DOUBTFUL_ROW, before=order(2)),
            review(lines[5], ReviewKind.DOUBTFUL_ROW, before={**order(5), "customer": "Bortec & Monlux GmbH"}),
            review(lines[8], ReviewKind.DOUBTFUL_ROW, before=order(8)),
            review(
                lines[11],
                ReviewKind.DOUBTFUL_KEY,
                could_be=("SO-010032", "SO-O10032"),
                reason="两个已有订单与它形近",
            ),
        ),
        missing=(f"SO-010099{KEY_SEP}1", "SO-010100"),
        unchanged=12,
    )
    observed = ObservedList(
        source="demo", lines=lines, complete=True, declared_total=24,
        findings=(Finding(code="list_sum", message="金额合计 38,112.44，列表合计行显示 38,112.46，相差 0.02"),),
    )  # fmt: skip
    started = datetime(2026, 5, 6, 1, 15, 2, tzinfo=UTC)
    summary = RunSummary(
        run_id="r7f3a2", source="demo", status=RunStatus.PARTIAL, complete=True, pages=1,
        rows=24, declared_total=24, added=4 + more_added, changed=3, gone=1, left=1, missing=2, doubtful=5,
        straight_through=19, pushed=8,
        guard_blocked=0, started_at=started, finished_at=started + timedelta(seconds=48),
        seconds={"sign_in": 3.2, "capture": 12.9, "read": 24.4, "parse": 0.1, "check": 0.1, "reconcile": 0.3,
                 "commit": 0.6, "push": 2.2, "report": 1.4},
        witnesses={"page_text": 180, "redraw": 31, "memory": 22, "blank": 4, "arithmetic": 3},
    )  # fmt: skip
    return summary, observed, changes


@pytest.fixture(scope="module")
def report(listing: Listing, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return reporter(listing, tmp_path_factory.mktemp("reports")).write(*a_run(listing))


def reporter(listing: Listing, folder: Path) -> MismatchReporter:
    return MismatchReporter(folder, listing.evidence, zone=ZoneInfo("Asia/Shanghai"), labels=LABELS)


@pytest.fixture
def opened(browser: Browser, report: Path) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(report.as_uri())
    yield page
    page.close()


def test_at_the_top_stands_what_happened(opened: Page) -> None:
    top = opened.locator(".top").inner_text()
    for words in (
        "demo",
        "部分完成",
        "2026-05-06 09:15:02",
        "79.2 %",
        "19 / 24",
        "列表已读全",
        "读了 1 页 24 行",
        "识别 24.4 秒",
    ):
        assert words in top
    tiles = dict(
        zip(
            opened.locator(".tile dt").all_inner_texts(), opened.locator(".tile dd").all_inner_texts(), strict=True
        )
    )
    assert tiles == {
        "待处理": "5",
        "变更": "3",
        "新增": "4",
        "消失": "1",
        "离开列表": "1",
        "暂未看到": "2",
        "已推送": "8",
        "保护拦下": "0",
    }
    assert "bridge review list --source demo" in top


def test_each_doubtful_cell_shows_its_own_picture(opened: Page, listing: Listing) -> None:
    """What the browser decodes is, pixel for pixel, the cell of the shot with its margin."""
    asked = [(line, f) for line in listing.lines for f in line.doubtful]
    images = opened.locator("#doubtful .shot img")
    assert images.count() == len(asked) == 6
    for i, (line, name) in enumerate(asked):
        size = images.nth(i).evaluate("e => e.decode().then(() => [e.naturalWidth, e.naturalHeight])")
        box = line.fields[name].reading.box
        x, y, w, h = int(box.x) - 6, int(box.y) - 6, size[0], size[1]
        drawn = images.nth(i).evaluate(
            "e => { const c = document.createElement('canvas'); c.width = e.naturalWidth;"
            "c.height = e.naturalHeight; c.getContext('2d').drawImage(e, 0, 0); return c.toDataURL(); }"
        )
        with Pillow.open(BytesIO(base64.b64decode(drawn.partition(",")[2]))) as picture:
            shown = np.asarray(picture.convert("RGB"))
        assert w >= box.w + 11
        assert np.array_equal(shown, listing.image[y : y + h, x : x + w])


def test_the_differing_characters_are_marked(opened: Page) -> None:
    card = opened.locator("#d1")
    assert card.locator(".guess mark").all_inner_texts() == ["O"]
    assert card.locator(".alt mark").all_inner_texts() == ["0", "Q"]
    assert "只有一个依据" in card.inner_text()
    assert "第 1 页第 3 行" in card.inner_text()
    assert "苏州市科凯精密模具标准件有限责任公司（华东）" in card.locator(".whole").inner_text()
    due = opened.locator("#changed .pair").first
    assert due.locator("del").all_inner_texts() == ["4", "28"]
    assert due.locator("ins").all_inner_texts() == ["5", "05"]


def test_hostile_text_is_shown_and_does_nothing(browser: Browser, listing: Listing, tmp_path: Path) -> None:
    summary, observed, changes = a_run(listing)
    summary = replace(
        summary, source="demo<b>", why_not=('"><svg onload=document.title="owned">',), complete=False
    )
    path = reporter(listing, tmp_path).write(summary, observed, changes)
    page = browser.new_page()
    asked: list[str] = []
    page.on("dialog", lambda d: (asked.append(d.message), d.dismiss()))
    page.on("request", lambda r: asked.append(r.url) if not r.url.startswith(("file:", "data:")) else None)
    page.goto(path.as_uri(), wait_until="load")
    assert page.title().startswith("核对报告 · demo<b>")
    assert asked == []
    assert page.locator("script").count() == 1
    assert page.locator("img[src='x'], svg").count() == 0
    assert HOSTILE in page.locator("#d2 .guess").inner_text()
    assert "⟦RLO⟧" in page.locator("#d2 .alt").inner_text()
    assert "\u202e" not in page.content()
    page.close()


def test_the_page_runs_no_script_but_its_own(opened: Page) -> None:
    """The policy in the page stops even a script that got in somehow."""
    with pytest.raises(Exception, match="Content Security Policy"):
        opened.add_script_tag(content="document.title = 'owned'")
    assert opened.title() != "owned"


def test_without_script_everything_is_there(browser: Browser, report: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(report.as_uri())
    assert page.locator("#doubtful .rowcard").count() == 5
    assert not page.locator("#filter").is_visible()
    page.locator("#added summary").click()
    assert not page.locator("#added table").is_visible()  # it was open: four rows only
    context.close()


@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_sticks_out_at_any_width(
    browser: Browser, listing: Listing, tmp_path: Path, language: Literal["zh", "en"]
) -> None:
    made = MismatchReporter(tmp_path, listing.evidence, zone=ZoneInfo("UTC"), language=language)
    page = browser.new_page()
    page.goto(made.write(*a_run(listing, more_added=20)).as_uri())
    for width in (360, 390, 768, 1440):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        out = page.evaluate(
            "w => [...document.querySelectorAll('main *, .top *')].filter(e => !e.closest('.scroll') &&"
            " e.getBoundingClientRect().right > w + 1).map(e => e.outerHTML.slice(0, 80))",
            width,
        )
        assert out == []
    page.close()


def test_dark_and_light_text_can_be_read(browser: Browser, report: Path) -> None:
    """Contrast of the text that matters against what is behind it: WCAG AA, 4.5 to 1."""
    for scheme in ("light", "dark"):
        page = browser.new_page(color_scheme=scheme)  # type: ignore[arg-type]
        page.goto(report.as_uri())
        for css in (
            ".guess bdi",
            ".guess mark",
            "del",
            "ins",
            ".tag",
            ".where",
            ".pill",
            ".tile dt",
            ".answer li b",
            ".note p",
        ):
            ink, behind = page.locator(css).first.evaluate(
                "e => { const ink = getComputedStyle(e).color; let b = e, c;"
                "do { c = getComputedStyle(b).backgroundColor; b = b.parentElement; }"
                "while (b && c === 'rgba(0, 0, 0, 0)');"
                "return [ink, c]; }"
            )
            assert contrast(ink, behind) >= 4.5, (scheme, css, ink, behind)
        page.close()


def contrast(a: str, b: str) -> float:
    """WCAG 2.2, "contrast ratio", of two ``rgb()`` colours."""

    def light(colour: str) -> float:
        parts = [int(v) / 255 for v in re.findall(r"\d+", colour)[:3]]
        r, g, b_ = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * r + 0.7152 * g + 0.0722 * b_

    x, y = sorted((light(a), light(b)))
    return (y + 0.05) / (x + 0.05)


def test_by_keyboard_alone(opened: Page) -> None:
    opened.keyboard.press("Tab")
    assert opened.evaluate("document.activeElement.className") == "skip"
    opened.keyboard.press("Enter")
    assert opened.evaluate("location.hash") == "#doubtful"
    opened.keyboard.press("j")
    opened.keyboard.press("j")
    assert opened.evaluate("document.activeElement.id") == "d2"
    opened.keyboard.press("k")
    assert opened.evaluate("document.activeElement.id") == "d1"
    opened.keyboard.press("/")
    opened.keyboard.type("OQD/M12l")
    assert opened.locator("#d3").is_visible()
    assert not opened.locator("#d1").is_visible()
    assert "/ " in opened.locator("#filter-count").inner_text()


def test_a_first_sync_of_500_stays_light(browser: Browser, listing: Listing, tmp_path: Path) -> None:
    path = reporter(listing, tmp_path).write(*a_run(listing, more_added=500))
    assert path.stat().st_size < 400_000
    page = browser.new_page()
    page.goto(path.as_uri())
    assert not page.locator("#added table").is_visible()
    page.locator("#added summary").click()
    assert page.locator("#added tbody tr").count() == 100
    assert "504 条中的前 100 条" in page.locator("#added .limit").inner_text()
    assert page.locator("#added img").count() == 0
    page.close()
    sheet = openpyxl.load_workbook(path.with_name("report.xlsx"))["新增"]
    assert sheet.max_row == 1 + 504 + 1  # heading, added, one that came back


def test_on_paper_the_cards_stand_and_the_tools_do_not(opened: Page) -> None:
    opened.emulate_media(media="print")
    assert not opened.locator("nav").is_visible()
    assert opened.locator("#d1").is_visible()
    assert opened.pdf().startswith(b"%PDF")


def test_annotated_picture_frames_each_cell_and_covers_none(listing: Listing) -> None:
    with Pillow.open(BytesIO(annotate(listing.image, listing.grid, scale=SCALE))) as picture:
        image = np.asarray(picture.convert("RGB"))
    for line in (listing.lines[1], listing.lines[2], listing.lines[14]):
        down = found_below(image, listing.image, line.fields["order_no"].reading.box)
        for name, value in line.fields.items():
            colour = GREY if name == "number" else GREEN if value.ok else AMBER
            assert frame(image, listing.image, value.reading.box, down) == colour, (line.order_no, name)
    for row in (listing.grid.headings, listing.grid.rows[-1].cells):
        down = found_below(image, listing.image, row[7].box)
        assert {frame(image, listing.image, cell.box, down) for cell in row} == {GREY}


def test_annotated_picture_says_what_was_read_below_the_cell(listing: Listing) -> None:
    """Another reading changes the picture only in its column, below its cell."""
    first = listing.grid.rows[0]
    wrong = replace(first, cells=(*first.cells[:3], replace(first.cells[3], text="B8OO-I1l5"), *first.cells[4:]))
    a, b = (
        np.asarray(Pillow.open(BytesIO(annotate(listing.image, grid, scale=SCALE))).convert("RGB"))
        for grid in (listing.grid, replace(listing.grid, rows=(wrong, *listing.grid.rows[1:])))
    )
    ys, xs = np.nonzero((a != b).any(axis=2))
    box = first.cells[3].box
    assert len(ys)
    assert box.x <= xs.min() <= xs.max() < box.x2
    assert ys.min() > box.y2


def found_below(annotated: Image, shot: Image, box: Box) -> int:
    """How many pixels further down the cell stands in the annotated picture."""
    x, y, x2, y2 = round(box.x), round(box.y), round(box.x2), round(box.y2)
    inside = shot[y + 5 : y2 - 5, x + 5 : x2 - 5]
    for down in range(annotated.shape[0] - y2):
        if np.array_equal(annotated[y + 5 + down : y2 - 5 + down, x + 5 : x2 - 5], inside):
            return down
    raise AssertionError(f"the cell at {box.as_list()} is nowhere in the picture")


def frame(annotated: Image, shot: Image, box: Box, down: int) -> tuple[int, ...]:
    """The colour of the cell's left edge; its inside has to be as it is in the shot."""
    x, y, x2, y2 = round(box.x), round(box.y), round(box.x2), round(box.y2)
    at = annotated[y + down : y2 + down, x:x2]
    assert np.array_equal(at[5:-5, 5:-5], shot[y + 5 : y2 - 5, x + 5 : x2 - 5])
    colours = {tuple(int(v) for v in pixel) for pixel in at[8:-8, 1]}
    assert len(colours) == 1
    return colours.pop()
