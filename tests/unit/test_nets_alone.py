"""What lets a free text pass that two nets read and no glyph proves."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from bridge.forgetful import NoMemory
from bridge.memories import Outcomes
from bridge.ocr.cells import Cell
from bridge.ocr.coverage import Coverage, InkLine
from bridge.ocr.glyph_family import Glyph, State
from bridge.ocr.glyph_fit import Placed
from bridge.ocr.glyph_shape import installed_faces, simplified
from bridge.ocr.glyph_space import Pair, Spacing
from bridge.ocr.glyph_ways import Line
from bridge.ocr.glyphs import GlyphReader
from bridge.profiles import parse_profile
from bridge.reading import LazyReader

PROFILE = parse_profile(
    {
        "name": "names",
        "list": {"where": {"at": "#list", "drawn": "foreign"}},
        "key": ["customer"],
        "columns": [{"heading": "客户", "field": "customer", "type": "text"}],
    },
    "names",
)


def drawn(character: str) -> Coverage:
    """As a page of the mainland shows it."""
    face = installed_faces()[0]
    sheet = Image.new("L", (40, 28))
    font = ImageFont.truetype(str(face), 13, index=simplified(face))
    ImageDraw.Draw(sheet).text((13, 3), character, fill=255, font=font)
    columns = np.flatnonzero(np.asarray(sheet).max(axis=0) > 5)
    return np.asarray(sheet)[:, columns[0] : columns[-1] + 1].astype(np.int16)


class Trusting(NoMemory):
    """A source whose proven cells have shown the nets to be right."""

    def agreements(self, source: str) -> dict[str, dict[float, Outcomes]]:
        return {"customer": {0.999: Outcomes(right=5000)}}


def passes(memory: NoMemory, shown: str, read: str) -> bool:
    """Is ``read`` believed where ``shown`` stands, none of whose characters is settled?"""
    reader = GlyphReader("names", PROFILE, memory, LazyReader(lambda: pytest.fail("no net is asked")))
    pictures = [drawn(c) for c in shown]
    votes = [{n: Counter({c: 1}) for n in ("net", "second net")} for c in read]
    glyphs = [
        Glyph(str(i), p, clean=True, votes=v, state=State.OPEN)
        for i, (p, v) in enumerate(zip(pictures, votes, strict=True))
    ]
    ends = np.cumsum([p.shape[1] + 1 for p in pictures])
    way = tuple(Placed(i, int(e) - p.shape[1] - 1) for i, (e, p) in enumerate(zip(ends, pictures, strict=True)))
    cell: Cell = None  # type: ignore[assignment]  # nobody looks at it
    line = Line(InkLine(cell, np.zeros((28, int(ends[-1])), np.int16)), [way])
    spacing = Spacing.of([Pair(a, b, 1.0) for a in read for b in read] * 3)
    trust = reader._trust.least("customer")
    return reader._plain(line, read, glyphs, spacing, 1.0, trusted=trust is not None)


@pytest.mark.parametrize("memory", [NoMemory(), Trusting()])
def test_names_whose_form_is_as_read_pass(memory: NoMemory) -> None:
    assert passes(memory, "逃靳捕", "逃靳捕")


def test_a_rare_character_that_both_nets_take_for_a_common_one_waits_for_a_person() -> None:
    """杭州靳迸捕 in Noto Sans Mono CJK, which both nets read 靳进捕 with 0.98 and more."""
    assert not passes(NoMemory(), "靳迸捕", "靳进捕")


def test_a_look_alike_waits_even_where_the_nets_are_trusted() -> None:
    assert not passes(Trusting(), "逃审捕", "逃申捕")
