"""Lines taken apart by the glyphs of a known font, drawn by the real browser."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from bridge.erp.browser import BrowserOptions, open_browser
from bridge.erp.redraw import BrowserRedrawer
from bridge.ocr import font_glyphs, font_reading
from bridge.ocr.font_glyphs import FontGlyphs
from bridge.ocr.font_reading import USUAL, FontLine, FontReader, _only, _Way
from bridge.ocr.fonts import PHASES, Font, Ink, Style, ink_of, line_spec

TEXTS = [
    "SO-010042",
    "2026-02-10",
    "2026年2月10日",
    "1,234.56",
    "-7.00",
    "华信机械 2.9L",
    "T-AV.8 WAVE",
    "Quartz Inc.",
    "lI1|O0",
    "加急(月结)",
    "．１２",
]
WIDE = np.zeros((8, 240, 3), np.uint8)
FACES = [('"Noto Sans CJK SC"', 13), ('"WenQuanYi Zen Hei"', 12), ('"DejaVu Sans"', 12), ('"AR PL UMing CN"', 14)]


@pytest.fixture(scope="module")
def redrawer() -> Iterator[BrowserRedrawer]:
    with open_browser(BrowserOptions()) as browser:
        made = BrowserRedrawer(browser)
        yield made
        made.close()


def drawn(
    redrawer: BrowserRedrawer,
    style: Style,
    scale: int,
    ground: tuple[int, int, int] = (255, 255, 255),
    ink: tuple[int, int, int] = (0, 0, 0),
    start_known: bool = True,
) -> list[FontLine]:
    """Each of TEXTS."""
    target = Ink(np.repeat(WIDE, scale, axis=1), ground, ink)
    pictures = redrawer.draw([line_spec(t, style, target, scale) for t in TEXTS], scale=scale)
    starts = (style.phase / PHASES,) if start_known else ()
    out = []
    for picture in pictures:
        found = ink_of(picture, ground)
        out.append(FontLine(Ink(found.image, ground, ink), (found.top,), starts))
    return out


COLOURS = [
    ((255, 255, 255), (0, 0, 0)),
    ((238, 244, 255), (0, 90, 180)),
    ((31, 35, 41), (230, 230, 230)),
]


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize(("family", "size"), FACES)
def test_most_lines_are_read_wherever_they_start(family: str, size: int, scale: int, redrawer) -> None:
    """What is not, is for the net; what is misread, is not drawn equal."""
    font = Font(family, size, "400", canvas=True)
    reader = FontReader(redrawer, scale)
    reader.met("".join(TEXTS), font)
    read = [
        (text, got)
        for phase in (0, 5, 16, 27)
        for ground, ink in COLOURS
        for known in (True, False)
        for text, got in zip(
            TEXTS, reader.read(font, drawn(redrawer, Style(font, phase), scale, ground, ink, known)), strict=True
        )
    ]
    assert sum(text == got for text, got in read) >= 0.9 * len(read)
    assert sum(got is not None and text != got for text, got in read) <= 0.02 * len(read)


def test_other_characters_heights_and_fonts_are_not_read(redrawer) -> None:
    font = Font('"Noto Sans CJK SC"', 13, "400", canvas=True)
    lines = drawn(redrawer, Style(font), 2)
    reader = FontReader(redrawer, 2)
    assert reader.read(font, lines) == [None] * len(TEXTS)  # nothing met yet
    reader.met("".join(TEXTS).replace("8", "").replace("械", ""), font)
    got = reader.read(font, lines)
    assert got[TEXTS.index("T-AV.8 WAVE")] != "T-AV.8 WAVE"
    assert got[TEXTS.index("华信机械 2.9L")] is None
    assert got[TEXTS.index("2026-02-10")] == "2026-02-10"
    reader.met("8械", font)  # drawn in addition
    assert reader.read(font, lines)[TEXTS.index("华信机械 2.9L")] == "华信机械 2.9L"
    high = [replace(line, tops=(line.tops[0] - 3,)) for line in lines]
    outside = [replace(line, tops=(-1, 4000)) for line in lines]
    assert reader.read(font, [*high, *outside]) == [None] * 2 * len(TEXTS)
    both = [replace(line, tops=(line.tops[0] - 3, line.tops[0])) for line in lines]
    assert reader.read(font, both) == reader.read(font, lines)
    other = Font('"AR PL UMing CN"', 14, "400", canvas=True)
    reader.met("".join(TEXTS), other)
    assert not set(reader.read(other, lines)) & set(TEXTS)
    enlarged = replace(font, enlarged=True)
    reader.met("".join(TEXTS), enlarged)
    assert reader.read(enlarged, lines) == [None] * len(TEXTS)


def test_characters_with_the_outline_of_others_are_not_taken_up(redrawer) -> None:
    """One wrong reading of the net would be the whole list's."""
    font = Font('"DejaVu Sans"', 13, "400", canvas=True)
    reader = FontReader(redrawer, 2)
    reader.met("".join(TEXTS).replace("A", "\u0391").replace("O", "\u041e").replace("-", "\u2212"), font)
    got = reader.read(font, drawn(redrawer, Style(font), 2))
    for text in ("SO-010042", "2026-02-10", "T-AV.8 WAVE", "lI1|O0"):
        assert got[TEXTS.index(text)] is None or got[TEXTS.index(text)].isascii()
    assert got[TEXTS.index("1,234.56")] == "1,234.56"


def test_a_very_long_line_is_left_to_the_net(redrawer) -> None:
    font = Font('"DejaVu Sans"', 13, "400", canvas=True)
    reader = FontReader(redrawer, 1)
    reader.met("0123456789", font)
    long = FontLine(Ink(np.zeros((10, 20_000, 3), np.uint8), (255, 255, 255), (0, 0, 0)), (9,), (0.0,))
    thin = FontLine(Ink(np.zeros((10, 1, 3), np.uint8), (255, 255, 255), (0, 0, 0)), (9,))
    assert reader.read(font, [long, thin])[0] is None


def test_usual_characters_are_read_that_no_line_showed_before(redrawer, monkeypatch) -> None:
    """Once nets would have had to read many lines: drawing them all costs as much."""
    font = Font('"Noto Sans CJK SC"', 13, "400", canvas=True)
    lines = drawn(redrawer, Style(font), 2)
    at = TEXTS.index("华信机械 2.9L")
    reader = FontReader(redrawer, 2)
    reader.met("".join(t for t in TEXTS if t.isascii()) + "9L", font)
    assert reader.read(font, lines)[at] is None
    monkeypatch.setattr(font_reading, "WORTH_ALL", 0)
    assert reader.read(font, lines)[at] == "华信机械 2.9L"
    assert reader.read(font, lines)[TEXTS.index("．１２")] is None  # not met, and not among the usual


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("size", [12, 12.5, 13, 16])
def test_characters_drawn_in_rows_are_as_drawn_singly(size: float, scale: int, redrawer, monkeypatch) -> None:
    font = Font('"Noto Sans CJK SC"', size, "400", canvas=True)
    few = USUAL[:150]
    in_rows = FontGlyphs(redrawer, font, scale).of(few)
    monkeypatch.setattr(font_glyphs, "ROW", 10**6)
    singly = FontGlyphs(redrawer, font, scale).of(few)
    for a, b in zip(in_rows.places, singly.places, strict=True):
        assert np.abs(a.flat - b.flat).max() <= 0.12
        assert (a.first == b.first).mean() >= 0.7  # a neighbour's faintest edge comes first at scale 1
    assert (in_rows.advance == singly.advance).all()


def test_of_two_texts_that_give_the_same_picture_neither_is_taken() -> None:
    best = _Way(0, text="1O", off=0.10, energy=20.0)
    assert _only([best, _Way(0, text="1O", off=0.11, energy=20.0)]) == "1O"
    assert _only([best, _Way(0, text="lO", off=0.11, energy=20.0)]) is None
    assert _only([best, _Way(0, text="lO", off=0.30, energy=20.0)]) == "1O"
    assert _only([best, _Way(0, text=".O", off=0.11, energy=12.0)]) == "1O"  # explains less
