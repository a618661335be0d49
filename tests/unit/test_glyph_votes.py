"""Which glyph a net's character votes for, where the net read more or fewer characters than there are glyphs."""

from __future__ import annotations

from bridge.interfaces import Proposal
from bridge.ocr.glyph_family import NOT_ONE
from bridge.ocr.glyph_fit import Placed
from bridge.ocr.glyph_votes import shared_out

SCALE = 2


def read(text: str, places: list[float]) -> Proposal:
    """places: of the characters' middles in the line's ink, device pixels."""
    characters = tuple((c, 0.99, x + 8) for c, x in zip(text, places, strict=True))
    return Proposal(text=text, confidence=0.99, characters=characters, alternatives=((),) * len(text))


def line(*ink: tuple[int, int]) -> tuple[tuple[Placed, ...], list[int]]:
    """A way of one glyph for each (first column, width)."""
    return tuple(Placed(i, x) for i, (x, _) in enumerate(ink)), [w for _, w in ink]


def votes(text: str, places: list[float], *ink: tuple[int, int]) -> str:
    way, widths = line(*ink)
    out = shared_out(way, read(text, places), widths, SCALE)
    assert [g for g, _, _ in out] == list(range(len(ink)))
    return "".join(c for _, c, _ in out)


def test_as_many_characters_as_glyphs_are_told_off() -> None:
    assert votes("HT2", [3, 9, 14], (0, 20), (24, 20), (47, 13)) == "HT2"


def test_two_characters_in_one_picture_name_neither_it_nor_its_neighbour() -> None:
    # "HT-2025" in a serif face as PP-OCRv6 small placed it (bench, borderless-serif13): T and - are one picture,
    # and the places would also fit T, then -2 in one.
    ink = ((0, 20), (21, 25), (47, 13), (62, 12), (76, 13), (91, 12))
    assert votes("HT-2025", [8.8, 32.7, 42.3, 56.6, 66.2, 85.3, 94.9], *ink) == "H??025"


def test_a_character_that_the_net_left_out_leaves_its_glyph_unnamed() -> None:
    ink = ((0, 12), (15, 12), (30, 12), (45, 12))
    found = votes("ABD", [6, 21, 51], *ink)
    assert found[2] == NOT_ONE
    assert found[0] == "A"
    assert found[3] == "D"


def test_no_glyph_gets_a_neighbours_character() -> None:
    narrow = tuple((7 * i, 4) for i in range(8))  # places are no better than this is narrow
    wanted = "iljtfI1"
    found = votes(wanted, [7 * i + 2 for i in range(7)], *narrow)
    assert all(c in (NOT_ONE, w) for c, w in zip(found, wanted, strict=False))


def test_nothing_read_names_nothing() -> None:
    assert votes("", [], (0, 12), (15, 12)) == NOT_ONE * 2
