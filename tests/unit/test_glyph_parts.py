"""The pure parts of reading by glyphs."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

import numpy as np

from bridge.ocr.coverage import Coverage
from bridge.ocr.glyph_fit import Bank
from bridge.ocr.glyph_labels import FIGURES, Glyph, Judge, State
from bridge.ocr.glyph_shape import Shapes
from bridge.ocr.glyph_space import Spacing

ROWS = 28


def picture(seed: int, width: int = 6) -> Coverage:
    """Noise with ink in its first and last column."""
    out = np.random.default_rng(seed).integers(0, 256, (ROWS, width)).astype(np.int16)
    out[:8] = out[20:] = 0
    return out


def beside(*parts: Coverage, gap: int = 1) -> Coverage:
    ground = np.zeros((ROWS, gap), np.int16)
    return np.concatenate([p for part in parts for p in (part, ground)], axis=1)[:, :-gap]


def test_a_line_is_explained_by_its_pictures_and_by_nothing_less() -> None:
    a, b, c = picture(1), picture(2), picture(3)
    bank = Bank([a, b])
    assert [[p.glyph for p in way] for way in bank.explain(beside(a, b, b))] == [[0, 1, 1]]
    assert bank.explain(beside(a, c)) == []
    one_pixel_off = beside(a, b)
    one_pixel_off[12, 9] = 255 - one_pixel_off[12, 9]
    assert bank.explain(one_pixel_off) == []


def test_every_way_is_found_so_that_a_composite_is_no_glyph_unseen() -> None:
    a, b = picture(1), picture(2)
    bank = Bank([a, b, beside(a, b)])
    assert {tuple(p.glyph for p in way) for way in bank.explain(beside(a, b))} == {(0, 1), (2,)}


def test_touching_and_overlapping_ink_is_put_together() -> None:
    a, b = picture(1), picture(2)
    line = np.concatenate([a, b[:, 1:]], axis=1)
    line[:, 5] = a[:, 5] + b[:, 0] - (a[:, 5].astype(int) * b[:, 0] + 127) // 255
    ways = Bank([a, b]).explain(line)
    assert [[p.x for p in way] for way in ways] == [[0, 5]]


def judge(*glyphs: Glyph) -> None:
    Judge(1.0, Shapes([]), lambda glyph, character, rival: False).judge(glyphs)


def glyph(seed: int, small: dict[str, int], tiny: dict[str, int] | None = None) -> Glyph:
    votes = {"net": Counter(small), "second net": Counter(tiny if tiny is not None else small)}
    return Glyph(id=str(seed), coverage=picture(seed), clean=True, votes=votes)


def proven_zero(seed: int) -> Glyph:
    g = glyph(seed, {"0": 20})
    g.refuted = Counter({d: 2 for d in FIGURES if d != "0"})
    return g


def test_a_figure_is_settled_by_the_lists_arithmetic_and_another_picture_is_not_it() -> None:
    zero, other = proven_zero(1), glyph(2, {"0": 50})
    judge(zero, other)
    assert (zero.state, zero.label) == (State.SETTLED, "0")
    assert other.state is State.DISPUTED


def test_two_nets_must_agree_and_one_is_not_enough() -> None:
    agreed, lone, split = glyph(1, {"京": 9}), glyph(2, {"货": 9}, {}), glyph(3, {"运": 9}, {"远": 9})
    lone.votes = {"net": Counter({"货": 9})}
    judge(agreed, lone, split)
    assert agreed.state is State.SETTLED
    assert lone.state is State.OPEN
    assert split.state is not State.SETTLED


def test_look_alikes_stay_doubtful_without_a_witness_against_them() -> None:
    claimed, first, second = glyph(1, {"申": 9}), glyph(2, {"I": 9}), glyph(3, {"I": 8})
    judge(claimed, first, second)
    assert {claimed.state, first.state, second.state} == {State.DISPUTED}


def test_what_was_settled_is_retracted_when_the_nets_read_otherwise_since() -> None:
    g = glyph(1, {"京": 9})
    judge(g)
    g.votes["net"]["凉"] += 30
    judge(g)
    assert g.state is not State.SETTLED


def test_spaces_are_told_by_the_gaps() -> None:
    pairs = [("A", "B", 1.0), ("B", "A", 1.5), ("A", "A", 1.0), ("B", "B", 1.5)] * 6 + [("A", "B", 5.0)] * 4
    spacing = Spacing.of(pairs)
    assert spacing.count("A", "B", 1.2) == 0
    assert spacing.count("A", "B", 5.1) == 1
    assert spacing.count("A", "B", 9.0) == 2
    assert spacing.count("A", "B", 2.9) is None
    assert spacing.count("A", "?", 1.0) is None


def test_a_character_that_is_always_beside_a_space_does_not_hide_it() -> None:
    def pairs(text: str) -> list[tuple[str, str, float]]:
        words = text.split(" ")
        return [(a, b, 1.0) for w in words for a, b in pairwise(w)] + [
            (a[-1], b[0], 5.0) for a, b in pairwise(words)
        ]

    spacing = Spacing.of([p for text in ("20 x 30 x 50 x 60", "SO-1025", "35.00") for p in pairs(text)])
    assert spacing.count("0", "x", 5.0) == 0  # what the row alone makes of it
    assert spacing.seems_wide(5.0)
    assert not spacing.seems_wide(1.0)
