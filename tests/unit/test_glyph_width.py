"""Narrow and wide characters that nets read alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from bridge.ocr.cells import Cell
from bridge.ocr.coverage import InkLine
from bridge.ocr.glyph_family import NARROW, WIDE, Glyph, Known, State, families
from bridge.ocr.glyph_fit import Placed, Way
from bridge.ocr.glyph_han import HanForms
from bridge.ocr.glyph_heard import Heard
from bridge.ocr.glyph_labels import Judge
from bridge.ocr.glyph_shape import Shapes, installed_faces, simplified
from bridge.ocr.glyph_ways import Line
from bridge.ocr.glyph_width import may_be_wide, measure
from bridge.records import ProvenPicture, Witness
from bridge.store import SqlStore

EM = 12.0


def set_in(text: str, **advances: float) -> tuple[Way, list[Glyph], list[str]]:
    """The text with each character in the middle of its advance, ems; a space is 0.25, others are squares."""
    way: list[Placed] = []
    glyphs: list[Glyph] = []
    labels: list[str] = []
    pen = 0.0
    for c in text:
        advance = EM * advances.get(c, 0.25 if c == " " else 1.0)
        if c != " ":
            ink = np.full((28, 4), 200, np.int16)
            glyphs.append(Glyph(str(len(glyphs)), ink, clean=True, votes={"net": Counter({c: 3})}))
            way.append(Placed(len(way), round(pen + advance / 2 - 2)))
            labels.append(c)
        pen += advance
    return tuple(way), glyphs, labels


def measured(text: str, **advances: float) -> list[tuple[int, int]]:
    way, glyphs, _ = set_in(text, **advances)
    line = Line(InkLine(Cell.__new__(Cell), np.zeros((28, 300), np.int16)), [way])
    measure([line], glyphs, 1.0, EM)
    return [(g.refuted[NARROW], g.refuted[WIDE]) for g in glyphs]


NARROW_ONES = {"k": 0.55, "W": 0.9, "5": 0.55, "(": 0.35, ".": 0.3}


def test_where_a_letter_stands_says_how_wide_it_is() -> None:
    assert measured("轴kW", **NARROW_ONES)[1:] == [(1, 0), (1, 0)]
    assert measured("轴kW")[1:] == [(0, 1), (0, 1)]
    assert measured("轴5 k", **NARROW_ONES)[1:] == [(1, 0), (1, 0)]
    assert measured("5.5", **NARROW_ONES) == [(1, 0)] * 3
    assert measured("5.5") == [(0, 1)] * 3
    assert measured("司(北", **NARROW_ONES)[1] == (1, 0)
    assert measured("司(北")[1] == (0, 0)  # or narrow, and beside spaces


@pytest.mark.parametrize(
    ("text", "advances", "may_be"),
    [
        ("轴kW", NARROW_ONES, False),
        ("轴kW", {}, True),
        ("轴5 k", NARROW_ONES, False),
        ("司(北", NARROW_ONES, False),
        ("司(北", {}, True),
        ("５.５", {}, True),
        ("５.５", NARROW_ONES, False),
        ("北京", {}, False),
        ("DＮ２", {}, True),  # a D that has the same picture narrow and wide
        ("DＮ２", {"D": 0.6}, False),
    ],
)
def test_narrow_characters_that_stand_like_wide_ones_are_no_certain_reading(
    text: str, advances: dict[str, float], may_be: bool
) -> None:
    way, glyphs, labels = set_in(text, **advances)
    assert may_be_wide(way, glyphs, labels, EM) is may_be


def test_a_settled_letter_is_known_again_a_subpixel_apart() -> None:
    ink = np.zeros((28, 6), np.int16)
    ink[10:20, 1:3] = 255
    g = Glyph("1", ink, clean=True, label="I", state=State.SETTLED)
    moved = np.zeros((28, 6), np.int16)
    moved[10:20, 1], moved[10:20, 2], moved[10:20, 3] = 128, 255, 127
    cut_wrong = moved.copy()
    cut_wrong[14, 5] = 200
    known = Known([g], 1.0)
    assert known(moved, "I")
    assert not known(moved, "l")
    assert not known(cut_wrong, "I")
    g.state = State.OPEN
    assert not Known([g], 1.0)(moved, "I")


def test_a_collection_is_read_for_mainland_china(tmp_path: Path) -> None:
    """The first font of Noto's collections is Japan's."""
    noto = [f for f in installed_faces() if f.name.startswith("Noto")]
    if not noto:
        pytest.skip("no collection on this machine")
    assert all(simplified(f) > 0 for f in noto)
    assert simplified(tmp_path / "none.ttc") == 0


def bar(strength: float, votes: Mapping[str, int], number: int) -> Glyph:
    """strength: pixels of ink in each row."""
    ink = np.zeros((28, 3), np.int16)
    ink[5:20, 1] = round(255 * strength)
    both = {"net": Counter(votes), "second net": Counter(votes)}
    return Glyph(str(number), ink, clean=True, votes=both)


def test_bars_that_differ_by_a_tenth_of_their_strength_are_two_characters() -> None:
    """I and l of WenQuanYi Zen Hei, 12 px: of one height, 2.04 and 1.86 pixels of ink in a row."""
    capital, small = bar(0.51, {"I": 5}, 1), bar(0.465, {"I": 2, "l": 1}, 2)
    assert len(families([capital, small], 0.5)) == 2
    assert len(families([capital, bar(0.512, {"I": 4}, 3)], 0.5)) == 1
    Judge(0.5, Shapes([]), HanForms([]), lambda g, a, b: False).judge([capital, small])
    assert small.state is not State.SETTLED


def test_a_line_speaks_once_however_often_it_is_read(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'bridge.db'}")
    store.upgrade()
    cell = Cell.__new__(Cell)
    one, two = (Line(InkLine(cell, np.full((28, 9), n, np.int16)), [(Placed(0, 0),)]) for n in (1, 2))
    unexplained = Line(InkLine(cell, np.full((28, 9), 3, np.int16)), [])
    for reads in (store, None):
        heard = Heard("erp", reads)
        assert heard.first_time("2", [one, unexplained]) == [one]
        assert heard.first_time("2", [one, two, two]) == [two, two]  # once each, wherever they stand on this page
        assert heard.first_time("1", [one]) == [one]  # of another scale
    store.learn([ProvenPicture(source="erp", picture="p", text="x", witnesses=(Witness.PERSON,))])
    assert Heard("erp", store).first_time("2", [one, two]) == []  # in the next run, whatever was taken back
    assert Heard("other", store).first_time("2", [one]) == [one]
    store.close()
