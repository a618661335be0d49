"""The report of a run over a real list, drawn by a real browser, opened in a real browser."""

import base64
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import numpy as np
import openpyxl
import pytest
from PIL import Image as Pillow
from playwright.sync_api import Browser, Page, sync_playwright
from report_sample import HOSTILE, LABELS, SCALE, Listing, a_run, list_in

from bridge.erp.find_browser import find_browser, launch_args
from bridge.evidence import FolderEvidence
from bridge.records import Box, Image
from bridge.reports.annotate import AMBER, GREEN, GREY, annotate
from bridge.reports.mismatch import MismatchReporter


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as p:
        started = p.chromium.launch(executable_path=find_browser().path, args=launch_args(is_root=is_root))
        yield started
        started.close()


@pytest.fixture(scope="module")
def listing(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Listing:
    return list_in(browser, FolderEvidence(tmp_path_factory.mktemp("evidence")))


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
