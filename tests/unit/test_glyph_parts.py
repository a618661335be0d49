"""The pure parts of reading by glyphs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from bridge.interfaces import Proposal
from bridge.ocr.cells import Cell
from bridge.ocr.coverage import FAINT, Coverage, InkLine
from bridge.ocr.glyph_cut import Block, blocks, cuts_by_form, known_widths
from bridge.ocr.glyph_family import Glyph, State
from bridge.ocr.glyph_fit import Bank
from bridge.ocr.glyph_han import HanForms
from bridge.ocr.glyph_labels import BETTER, FIGURES, LIKE, Judge, unlike_too_little
from bridge.ocr.glyph_shape import Shapes, installed_faces
from bridge.ocr.glyph_space import Bearings, Pair, Spacing
from bridge.ocr.glyph_ways import explained, without_pieces

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


def test_a_faint_column_at_the_edge_of_a_picture_may_be_missing_and_no_other() -> None:
    a, b = picture(1), picture(2)
    bank = Bank([a, b])
    for at in (0, 1):  # before its first column, behind its last
        for ink, known in ((FAINT, True), (FAINT + 1, False)):
            edge = np.zeros((ROWS, 1), np.int16)
            edge[12] = ink
            line = beside(a, np.concatenate([edge, b] if at == 0 else [b, edge], axis=1), a)
            assert [[p.glyph for p in way] for way in bank.explain(line)] == ([[0, 1, 0]] if known else [])
            left = bank.begin(line, 9)[2]
            assert left is None if known else left == beside(a, edge).shape[1] - 1 + at * b.shape[1]


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


def ink(*lines: Coverage) -> list[InkLine]:
    """Their cells are asked nothing."""
    return [InkLine(Cell.__new__(Cell), line) for line in lines]


def shown(way: tuple[object, ...], glyphs: list[Glyph]) -> list[str]:
    return [glyphs[p.glyph].id for p in way]  # type: ignore[attr-defined]


def test_a_cut_a_column_off_is_no_second_reading() -> None:
    a, b, c = picture(1), picture(2), picture(3)
    touching = np.concatenate([a, b], axis=1)
    glyphs = [
        Glyph("a", a, clean=True),
        Glyph("b", b, clean=True),
        Glyph("short a", touching[:, :5], clean=False),
        Glyph("long b", touching[:, 5:], clean=False),
        Glyph("c", c, clean=False),
    ]
    lines = explained(ink(touching, beside(c, a)), glyphs)
    assert [len(line.ways) for line in lines] == [2, 1]
    lines, kept = without_pieces(lines, glyphs)
    assert [g.id for g in kept] == ["a", "b", "c"]  # c too was cut out of touching ink, but a line needs it
    assert [[shown(w, kept) for w in line.ways] for line in lines] == [[["a", "b"]], [["c", "a"]]]


def test_pieces_that_make_another_number_of_characters_stay_a_second_reading() -> None:
    a, b = picture(1), picture(2)
    whole = np.concatenate([a, b], axis=1)
    glyphs = [Glyph("a", a, clean=False), Glyph("b", b, clean=False), Glyph("ab", whole, clean=True)]
    lines, kept = without_pieces(explained(ink(whole), glyphs), glyphs)
    assert len(kept) == 3
    assert [shown(w, kept) for w in lines[0].ways] == [["ab"], ["a", "b"]]


def han(character: str, size: int = 13, face: int = 0) -> Coverage:
    """As another program than a browser would draw it."""
    sheet = Image.new("L", (3 * size, 28))
    ImageDraw.Draw(sheet).text(
        (size, 3), character, fill=255, font=ImageFont.truetype(str(installed_faces()[face]), size)
    )
    columns = np.flatnonzero(np.asarray(sheet).max(axis=0) > 5)
    return np.asarray(sheet)[:, columns[0] : columns[-1] + 1].astype(np.int16)


def judge_by_forms(*glyphs: Glyph) -> None:
    Judge(1.0, Shapes(), HanForms(), lambda glyph, character, rival: False).judge(glyphs)


ALIKE = [
    "审申",
    "束柬",
    "沟构",
    "货贷",
    "己已",
    "未末",
    "干千",
    "鑫盘",
    "人入",
    "日曰",
    "大太",
    "王玉",
    "天夭",
    "土士",
    "候侯",
    "拔拨",
]


@pytest.mark.parametrize("face", range(len(installed_faces())))
@pytest.mark.parametrize("pair", ALIKE)
def test_the_form_is_never_surely_the_wrong_han_character(pair: str, face: int) -> None:
    forms = HanForms()
    for shown_, read in ((pair[0], pair[1]), (pair[1], pair[0])):
        assert forms.fit(han(shown_, face=face), read)[1] < BETTER
        assert forms.likeness(han(shown_, face=face), shown_) > LIKE


def test_the_form_tells_most_han_characters_from_every_other() -> None:
    forms = HanForms()
    words = "沈阳逃袒挑阀门有限责任公司精密散热片电话确认后发货附检验报告不锈钢滤芯"
    sure = [c for c in words if forms.fit(han(c, face=1), c)[1] >= BETTER]
    assert len(sure) > 0.7 * len(words)


def test_where_the_nets_disagree_the_form_decides_and_where_both_are_wrong_nobody_does() -> None:
    torn = Glyph("1", han("审"), clean=True, votes={"net": Counter(申=9, 审=9), "second net": Counter(申=18)})
    wrong = Glyph("2", han("货"), clean=True, votes={"net": Counter(贷=9), "second net": Counter(贷=9)})
    judge_by_forms(torn, wrong)
    assert (torn.state, torn.label) == (State.SETTLED, "审")
    assert wrong.state is not State.SETTLED


def test_a_second_choice_that_the_form_does_not_exclude_is_held_against_the_first() -> None:
    """Both nets take 井 for 并, which its form does not exclude; what they have second, and how often, decides."""

    def taken(**second: int) -> Glyph:
        votes = {"net": Counter(并=9), "second net": Counter(并=9)}
        return Glyph("1", han("井"), clean=True, votes=votes, runners=Counter(second))

    for glyph, against in ((taken(), []), (taken(井=2), []), (taken(讲=9), []), (taken(井=9), ["井"])):
        assert unlike_too_little(glyph, "并", HanForms()) == against
        judge_by_forms(glyph)
        assert (glyph.state is State.SETTLED) == (not against)


def test_one_place_settles_a_character_that_looks_like_no_other() -> None:
    once = Glyph("1", han("逃"), clean=False, votes={"net": Counter(逃=1), "second net": Counter(逃=1)})
    lone = Glyph("2", han("袒"), clean=False, votes={"net": Counter(袒=1)})
    judge_by_forms(once, lone)
    assert once.state is State.SETTLED
    assert lone.state is State.OPEN


def test_touching_han_characters_are_cut_where_both_look_right() -> None:
    forms = HanForms()
    left, right = han("深"), han("圳")
    line = np.concatenate([left, right], axis=1)
    centres = left.shape[1] / 2, left.shape[1] + right.shape[1] / 2
    cuts = cuts_by_form(line, Block(0, line.shape[1], "深圳", ("", "")), centres, 13.0, forms.likeness)
    assert [c.character for c in cuts] == ["深", "圳"]
    assert np.array_equal(cuts[0].coverage, left)
    assert np.array_equal(cuts[1].coverage, right)


def judge(*glyphs: Glyph) -> None:
    Judge(1.0, Shapes([]), HanForms([]), lambda glyph, character, rival: False).judge(glyphs)


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


def read_next(seed: int, read: str, second: str, times: int = 20) -> Glyph:
    """Both nets read it as one character and have another second."""
    g = glyph(seed, {read: times})
    g.runners = Counter({second: 2 * times})
    return g


def test_what_both_nets_would_read_next_counts_where_the_first_has_another_picture() -> None:
    zero, capital = proven_zero(1), read_next(2, "0", "O")
    d, q, c, g, o = (glyph(3 + k, {ch: 9}) for k, ch in enumerate("DQCGo"))
    judge(zero, capital, d, q, c, g, o)
    assert (capital.state, capital.label) == (State.SETTLED, "O")
    for other in (read_next(2, "0", "O"), read_next(2, "0", "O")):
        judge(proven_zero(1), other)
    assert other.state is State.DISPUTED  # nothing says that it is no D
    unsure = read_next(2, "0", "O")
    unsure.runners["Q"] = 30
    judge(proven_zero(1), unsure, *(glyph(3 + k, {ch: 9}) for k, ch in enumerate("DQCGo")))
    assert unsure.state is State.DISPUTED
    judge(zero, capital)
    assert capital.state is State.SETTLED
    capital.votes["net"] += Counter({"C": 60})
    judge(zero, capital)
    assert capital.state is not State.SETTLED


def stood(g: Glyph, **where: int) -> Glyph:
    g.refuted = Counter(where)
    return g


def test_a_wide_letter_and_a_narrow_one_are_two_characters() -> None:
    narrow, wide_one = stood(glyph(1, {"k": 9}), narrow=9), stood(glyph(2, {"k": 9}), wide=9)
    other_case = glyph(3, {"K": 9}), stood(glyph(4, {"Ｋ": 9}), wide=9)
    judge(narrow, wide_one, *other_case)
    assert [g.label for g in (narrow, wide_one)] == ["k", "ｋ"]
    for lone in (stood(glyph(2, {"k": 9}), wide=9), stood(glyph(2, {"k": 9}), wide=9, narrow=1)):
        judge(stood(glyph(1, {"k": 9}), narrow=9), lone, *(glyph(3, {"K": 9}),))
    assert lone.state is State.DISPUTED  # it stood near another once


def test_a_sign_is_wide_if_the_better_net_calls_it_so_and_never_stood_like_a_narrow_one() -> None:
    signs = [
        glyph(1, {"（": 9}, {"(": 9}),
        stood(glyph(2, {"（": 9}, {"(": 9}), narrow=1),
        glyph(3, {"(": 9}, {"(": 9}),
    ]
    for g, label in zip(signs, ("（", "(", "("), strict=True):
        judge(g)
        assert (g.state, g.label) == (State.SETTLED, label)


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


def spacing_of(
    pairs: Sequence[tuple[str, str, float]],
    bearings: Bearings = lambda c: (),
    em: float | None = None,
    widths: Mapping[str, float] | None = None,
) -> Spacing:
    ink = widths or {}
    return Spacing.of([Pair(a, b, g, (ink.get(a, 0.0), ink.get(b, 0.0))) for a, b, g in pairs], bearings, em)


def test_spaces_are_told_by_the_gaps() -> None:
    pairs = [("A", "B", 1.0), ("B", "A", 1.5), ("A", "A", 1.0), ("B", "B", 1.5)] * 6 + [("A", "B", 5.0)] * 4
    spacing = spacing_of(pairs)
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

    texts = ("20 x 30 x 50 x 60", "SO-1025", "SO-1026", "SO-1036", "35.00")
    spacing = spacing_of([p for text in texts for p in pairs(text)])
    assert spacing.count("0", "x", 5.0) is None
    assert spacing.count("0", "x", 1.0) is None  # its bearing is not known
    assert spacing.count("S", "O", 1.0) == 0


def bearings(c: str) -> list[tuple[float, float]]:
    """Of two faces, the second one set closer."""
    return [(2.0, 2.0), (0.5, 0.5)] if "\u4e00" <= c <= "\u9fff" else [(1.5, 1.5), (1.0, 1.0)]


HAN = [("黄", "铜", 1.5), ("铜", "导", 1.5), ("导", "轨", 1.5)] * 5
"""Set half a pixel apart."""


def letters(own: float) -> list[tuple[str, str, float]]:
    """Codes whose letters keep so far from each other; none begins with a D, which 轨 always stands before."""
    return [(a, b, 2 * own + 0.5) for a, b in pairwise("ABC3E4F5A6CB3AF4E6B5C" * 2)] + [
        ("D", "5", 2 * own + 0.5)
    ] * 4


def test_a_character_that_stands_beside_a_space_always_has_no_bearing_of_its_own() -> None:
    spaced = [("轨", "D", 5.0)] * 6 + [("导", "5", 5.0)] * 3
    spacing = spacing_of([*HAN, *letters(1.0), *spaced], bearings)
    assert spacing.count("导", "轨", 1.5) == 0
    assert spacing.count("轨", "D", 5.0) == 1
    assert spacing.count("轨", "D", 2.0) == 0
    assert spacing.count("黄", "黄", 1.4) == 0  # met nowhere


def test_beside_a_character_that_bears_as_much_as_a_space_more_than_any_face_nothing_is_certain() -> None:
    """The list's face is no reference, and shows Φ beside a space nearly always."""
    unlike = [(a, b, 3 * k) for k, (a, b) in enumerate(pairwise("黄铜导轨黄导铜轨" * 4))]
    spacing = spacing_of([*unlike, *[("轨", "Φ", 9.0)] * 6, ("轨", "Φ", 2.0)], bearings, em=14.0)
    assert spacing.count("轨", "Φ", 9.0) is None
    spacing = spacing_of([*unlike, *[("轨", "Φ", 2.0)] * 6, ("轨", "Φ", 9.0)], bearings, em=14.0)
    assert spacing.count("轨", "Φ", 2.0) == 0


def test_a_space_is_as_wide_as_explains_the_gaps_and_not_half_of_it() -> None:
    close = [("A", "B", 1.0), ("B", "A", 1.0)] * 9

    def width(*gaps: float) -> float | None:
        return spacing_of([*close, *[("A", "B", 1.0 + g) for g in gaps]], em=14.0).one

    assert width(*[7.0] * 4, 14.0) == pytest.approx(7.0)
    assert width(*[3.0] * 6, *[6.0] * 3) == pytest.approx(3.0)
    assert width(*[7.0] * 4, 3.6, 3.5, 14.0) is None  # 7 or 3.5
    assert width(3.0, 4.5, 6.5, 8.0, 9.9) is None
    assert width(7.0, 7.0) is None


def test_in_a_face_of_one_width_every_character_keeps_its_own() -> None:
    """An i or a full stop keeps far from its neighbours there, as far as beside a space elsewhere."""
    widths = dict(zip("MWim.,-A3807", (6.4, 6.5, 1.2, 6.0, 1.2, 1.4, 3.0, 6.0, 5, 5, 5, 5), strict=True))

    def pairs(text: str, pitch: float = 6.6) -> list[tuple[str, str, float]]:
        middles = [i * pitch for i in range(len(text))]
        shown = [(c, x) for c, x in zip(text, middles, strict=True) if c != " "]
        return [(a, b, y - x - (widths[a] + widths[b]) / 2) for (a, x), (b, y) in pairwise(shown)]

    texts = ("3,807.00", "AM-380.7", "WiM-8", "M,A.i", "imWA-3", "0i 7.M A")
    spacing = spacing_of([p for t in texts for p in pairs(t)], bearings, 11.0, widths)
    for text in ("7.0", "i,3", "W.M"):
        assert [spacing.count(*p) for p in pairs(text)] == [0, 0]
    assert [spacing.count(*p) for p in pairs("7 .  0")] == [None, None]  # how wide a space is was seen twice only
    uneven = spacing_of([(a, b, 1.0) for t in texts for a, b in pairwise(t)], bearings, 11.0, widths)
    assert not uneven.even


def test_a_letter_seen_a_few_times_and_mostly_before_a_space_does_not_bear_it() -> None:
    """As n in bordered-noto13: "Orion S.p.A." stood in a list that had n before a space thrice in five times."""
    seen = [("n", "c", 1.0)] * 2 + [("n", "S", 3.0), ("n", "V", 4.0), ("n", "I", 5.0)]
    known = [(a, b, 1.0) for a in "cSVI" for b in "cSVI"] * 6
    spaced = [(a, b, 4.0) for a in "cS" for b in "cS"] * 2
    for_letters = [(0.3, 0.2), (0.4, 0.7)]

    def face(c: str) -> list[tuple[float, float]]:
        return bearings(c) if "\u4e00" <= c <= "\u9fff" else for_letters

    spacing = spacing_of([*HAN, *known, *spaced, *seen], face, em=13.0)
    assert spacing.one is not None
    assert spacing.count("n", "S", 3.0) is None
    assert spacing.count("n", "c", 1.0) == 0


def test_in_a_face_unlike_the_reference_a_wide_bearing_is_no_space() -> None:
    """Letters of one width: a narrow one keeps far from its neighbours.  D stands beside nothing else that would
    tell its bearing from a space."""
    close = [("轨", "D", 5.0)] * 6
    spacing = spacing_of([*HAN, *letters(2.5), *close], bearings)
    assert spacing.count("轨", "D", 5.0) is None


def latin(text: str, size: int = 26) -> Coverage:
    """A serif face that is none of the references' weights, as ink from the top of a line."""
    font = ImageFont.truetype(str(installed_faces()[1]), size)
    image = Image.new("L", (round(font.getlength(text)) + 8, 2 * ROWS))
    ImageDraw.Draw(image).text((4, 4), text, fill=255, font=font)
    out = np.asarray(image).astype(np.int16)
    inked = np.flatnonzero((out > 5).any(axis=0))
    return np.ascontiguousarray(out[:, inked[0] : inked[-1] + 1])


def read(text: str, centres: Sequence[float], margin: float) -> Proposal:
    characters = tuple((c, 0.99, x + margin) for c, x in zip(text, centres, strict=True))
    return Proposal(text=text, confidence=0.99, characters=characters, alternatives=((),) * len(text))


def test_ink_of_two_letters_is_not_taken_for_one_where_their_widths_are_known() -> None:
    # As clip-sharp12 has it: T and - touch, and where the net says that they stand T alone would fit as well.
    ink = np.zeros((ROWS, 79), np.int16)
    for a, b in ((0, 7), (8, 17), (18, 49)):
        ink[10:18, a:b] = 255
    proposal = read("HT-2026", [3.5, 12, 16, 20, 27, 34, 41], 4)
    widths = {"H": 7.0, "T": 6.5, "-": 3.0, "2": 7.0, "0": 7.0, "6": 7.0}
    assert [b.characters for b in blocks(ink, proposal, 4, 11.4, widths)] == ["H", "T-", "2026"]


def test_a_width_is_known_where_neither_the_character_nor_its_neighbours_touch_another() -> None:
    none = ("", "")
    touching = [Block(0, 7, "H", none), Block(8, 17, "T", none), Block(18, 49, "-2026", none)]
    apart = [Block(0, 7, "H", none), Block(8, 15, "A", none), Block(18, 25, "2", none)]
    assert known_widths([touching] * 3) == {"H": 7.0}
    assert known_widths([apart] * 3) == {"H": 7.0, "A": 7.0, "2": 7.0}
    assert known_widths([apart] * 2) == {}


def test_touching_letters_are_cut_where_both_look_right() -> None:
    shapes = Shapes()
    left, right = latin("W"), latin("L")
    line = np.concatenate([left, right], axis=1)
    centres = left.shape[1] / 2, left.shape[1] + right.shape[1] / 2 - 3  # a little off, as nets are
    cuts = cuts_by_form(line, Block(0, line.shape[1], "WL", ("", "")), centres, 26.0, shapes.likeness)
    # The faintest column of a serif may fall to either.
    assert [c.character for c in cuts] == ["W", "L"]
    assert abs(cuts[0].coverage.shape[1] - left.shape[1]) <= 1
    assert cuts[0].coverage.shape[1] + cuts[1].coverage.shape[1] == line.shape[1]


def test_a_letter_that_was_cut_badly_is_no_rival_of_the_one_that_was_cut_well() -> None:
    good = Glyph("good", latin("W"), True, votes={n: Counter({"W": 9}) for n in ("net", "second net")})
    worse = np.ascontiguousarray(good.coverage[:, 7:])
    bad = Glyph("bad", worse, False, votes={n: Counter({"W": 30}) for n in ("net", "second net")})
    Judge(2.0, Shapes(), HanForms(), lambda g, c, r: False).judge([good, bad])
    assert good.state is State.SETTLED
    assert bad.state is State.DISPUTED
