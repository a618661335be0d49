"""Lists that no browser of ours drew, read by their glyphs: no wrong value passes, however wrong the nets are."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from html import escape

import cv2
import numpy as np
import pytest
from playwright.sync_api import Browser
from test_reading import browser  # noqa: F401  (fixture)

from bridge.interfaces import Proposal, TextReader
from bridge.memories import GlyphPicture, Outcomes
from bridge.ocr.coverage import TOLERANCE
from bridge.ocr.reader import ScreenReader
from bridge.ocr.text_gamma import as_black
from bridge.profiles import parse_profile
from bridge.reading import paddle
from bridge.records import DrawnBy, Grid, Image, PageShot, RowKind, Witness
from bridge.testing.wrong_net import WrongNet

FIELDS = ("order_no", "sku", "quantity", "price", "amount", "status")
HEADINGS = ("订单编号", "存货编码", "数量", "单价", "金额", "状态")
STATUS = ("待审核", "已审核", "申请中", "已完成")
MONEY = {"type": "money", "format": "1,234.56", "decimals": 2}
PROFILE = parse_profile(
    {
        "name": "glyphs",
        "browser": {"scale": 2},
        "list": {"where": {"at": "table"}},
        "key": ["order_no"],
        "columns": [
            {"heading": "订单编号", "field": "order_no", "type": "code", "cut": {"may_be": False}},
            {"heading": "存货编码", "field": "sku", "type": "code", "cut": {"may_be": False}},
            {"heading": "数量", "field": "quantity", "type": "integer", "cut": {"may_be": False}},
            {"heading": "单价", "field": "price", **MONEY, "cut": {"may_be": False}},
            {"heading": "金额", "field": "amount", **MONEY, "cut": {"may_be": False}},
            {"heading": "状态", "field": "status", "type": "status", "cut": {"may_be": False}},
        ],
        "checks": {"product": {"quantity": "quantity", "price": "price", "amount": "amount"}},
    },
    "test",
)
ROWS = 24
POISON: dict[str, tuple[Mapping[str, str], float, str]] = {
    "O is 0": ({"O": "0"}, 1.0, ""),
    "0 is O in codes": ({"0": "O"}, 1.0, "S"),
    "审 is 申": ({"审": "申"}, 1.0, ""),
    "8 is 3": ({"8": "3"}, 1.0, ""),
    "figures at random": (dict(zip("0123456789", "6782053149", strict=True)), 0.4, ""),
    "letters at random": ({"S": "5", "B": "8", "Z": "2", "D": "O", "I": "l"}, 0.5, ""),
}
"""What is read as what, how often, and how the texts begin that are misread."""


class Kept:
    """A net that is asked once for each picture."""

    def __init__(self, net: TextReader) -> None:
        self._net = net
        self._known: dict[bytes, Proposal] = {}
        self.asked = 0

    def read_lines(self, images: Sequence[Image], *, alphabet: str | None = None) -> list[Proposal]:
        self.asked += len(images)
        keys = [hashlib.sha1(str(i.shape).encode() + np.ascontiguousarray(i).tobytes()).digest() for i in images]
        new = [n for n, k in enumerate(keys) if k not in self._known]
        for n, p in zip(new, self._net.read_lines([images[n] for n in new], alphabet=alphabet), strict=True):
            self._known[keys[n]] = p
        return [self._known[k] for k in keys]


class GlyphsInMemory:
    """Remembers glyphs, and no cells: so every cell is read anew."""

    def __init__(self) -> None:
        self.kept: dict[str, GlyphPicture] = {}
        self.agreed: Mapping[str, Mapping[float, Outcomes]] = {}

    def lookup(self, source: str, pictures: Sequence[str]) -> dict[str, object]:
        return {}

    def learn(self, proofs: Sequence[object]) -> None:
        pass

    def glyphs(self, source: str, face: str) -> list[GlyphPicture]:
        return list(self.kept.values())

    def keep_glyphs(self, source: str, face: str, learned: Sequence[GlyphPicture]) -> None:
        self.kept.update({g.id: g for g in learned})

    def agreements(self, source: str) -> dict[str, dict[float, Outcomes]]:
        return {}

    def keep_agreements(self, source: str, fresh: Mapping[str, Mapping[float, Outcomes]]) -> None:
        self.agreed = fresh


def rows(seed: int) -> list[tuple[str, ...]]:
    r = random.Random(seed)
    out = []
    for _ in range(ROWS):
        quantity, price = r.randrange(2, 5000), Decimal(r.randrange(100, 300_000)) / 100
        sku = "".join(r.choice("O0QDIl1S5B8Z2G6") for _ in range(8))
        if r.random() < 0.6:
            sku = f"{r.choice('ABDS')}{r.choice('OGZT')}-{r.randrange(10_000):04d}"
        number = f"SO{r.randrange(10**8):08d}"
        amounts = f"{quantity:,}", f"{price:,.2f}", f"{quantity * price:,.2f}"
        out.append((number, sku, *amounts, r.choice(STATUS)))
    return out


def shot(browser: Browser, lines: Sequence[tuple[str, ...]]) -> PageShot:  # noqa: F811
    body = "".join("<tr>" + "".join(f"<td>{escape(c)}" for c in line) for line in lines)
    style = (
        "body{margin:8px;font:14px 'WenQuanYi Zen Hei'}table{border-collapse:collapse;white-space:nowrap}"
        "td,th{border:1px solid #bbb;padding:3px 8px;font-weight:400}"
    )
    head = "".join(f"<th>{h}" for h in HEADINGS)
    page = browser.new_page(device_scale_factor=2, viewport={"width": 900, "height": 600})
    page.set_content(f"<!doctype html><meta charset=utf-8><style>{style}</style><table><tr>{head}{body}</table>")
    png = page.screenshot(full_page=True)
    page.close()
    image = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    rgb = cv2.cvtColor(image, cv2.COLOR_BGR2RGB).astype(np.uint8)
    return PageShot(
        number=1, picture=rgb, scale=2, sha256=hashlib.sha256(png).hexdigest(), drawn_by=DrawnBy.FOREIGN
    )


class World:
    """Two lists of one source that share no order, and the nets."""

    def __init__(self, browser: Browser) -> None:  # noqa: F811
        self.truth = [rows(5), rows(6)]
        self.shots = [shot(browser, t) for t in self.truth]
        self.small, self.tiny = Kept(paddle("small")), Kept(paddle("tiny"))

    def read(self, which: int, memory: GlyphsInMemory, small: TextReader, tiny: TextReader) -> Grid:
        reader = ScreenReader(PROFILE, "demo", small, memory, None, fast=tiny, glyphs=memory)  # type: ignore[arg-type]
        return reader.read(self.shots[which])

    def passed(self, which: int, grid: Grid) -> tuple[int, list[tuple[str, str, str]]]:
        """How many cells are proven, and those that are wrong: (field, shown, read)."""
        data = [row for row in grid.rows if row.kind is RowKind.DATA]
        assert len(data) == ROWS
        proven, wrong = 0, []
        for row, line in zip(data, self.truth[which], strict=True):
            for field, cell, shown in zip(FIELDS, row.cells, line, strict=True):
                proven += cell.proven
                if cell.proven and cell.text != shown:
                    wrong.append((field, shown, cell.text))
        return proven, wrong


def test_text_covers_the_same_in_every_colour(browser: Browser) -> None:  # noqa: F811
    colours = ("#000000", "#333333", "#0b57d0", "#c62828", "#1a7f4b", "#dddddd", "#ffffff")
    page = browser.new_page(viewport={"width": 600, "height": 300})
    lines = "".join(
        f"<div style='height:30px;color:{c};background:{'#fff' if c < '#d' else '#202020'}'>审核已发货SO2025金额龍gR</div>"
        for c in colours
    )
    page.set_content(f"<body style='margin:0;font:13px \"Noto Sans CJK SC\"'>{lines}")
    image = cv2.imdecode(np.frombuffer(page.screenshot(), np.uint8), cv2.IMREAD_COLOR)[..., ::-1].astype(
        np.float32
    )
    page.close()
    covers = []
    for i, c in enumerate(colours):
        line = image[30 * i : 30 * i + 30]
        colour = int(c[1:3], 16), int(c[3:5], 16), int(c[5:7], 16)
        ground = line[0, -1]
        away = np.array(colour, np.float32) - ground
        covers.append(((line - ground) @ away / (away @ away) * 255, colour))
    black = covers[0][0]
    assert max(np.abs(c - black).max() for c, _ in covers) > 3 * TOLERANCE
    assert max(np.abs(as_black(c, colour) - black).max() for c, colour in covers) <= TOLERANCE


@pytest.fixture(scope="module")
def world(browser: Browser) -> Iterator[World]:  # noqa: F811
    return World(browser)


@pytest.mark.slow
def test_what_one_list_taught_reads_the_next_one(world: World) -> None:
    memory = GlyphsInMemory()
    first = world.read(0, memory, world.small, world.tiny)
    proven, wrong = world.passed(0, first)
    assert wrong == []
    assert proven > 0.6 * ROWS * len(FIELDS)
    world.small.asked = 0
    second = world.read(1, memory, world.small, world.tiny)
    proven, wrong = world.passed(1, second)
    assert wrong == []
    assert proven > 0.6 * ROWS * len(FIELDS)
    numbers = [c for row in second.rows for c in row.cells[2:5]]
    assert sum(c.proven and Witness.GLYPHS in c.witnesses for c in numbers) > 0.95 * len(numbers)
    assert world.small.asked < 0.75 * ROWS * len(FIELDS)  # many cells were looked up


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "both"), [*((k, True) for k in POISON), ("审 is 申", False), ("8 is 3", False)])
def test_a_wrong_net_poisons_nothing(kind: str, both: bool, world: World) -> None:
    confusions, share, begin = POISON[kind]
    memory = GlyphsInMemory()

    def wrong_net(net: TextReader, seed: int) -> WrongNet:
        return WrongNet(net, confusions, share=share, where=lambda t: t.startswith(begin), seed=seed)

    small = wrong_net(world.small, 1)
    tiny: TextReader = wrong_net(world.tiny, 2) if both else world.tiny
    for which in (0, 1):
        _, wrong = world.passed(which, world.read(which, memory, small, tiny))
        assert wrong == []
    assert small.misread > 0
