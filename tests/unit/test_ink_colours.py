"""A text whose strokes are thinner than a pixel shows its colour nowhere whole."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.ocr.font_search import looks_enlarged
from bridge.ocr.fonts import Attempt, Drawn, Font, Ink, Style
from bridge.ocr.ink_colours import InkColours, recoloured

STYLE = Style(Font("serif", 12))
WHITE = (255, 255, 255)
VIOLET = (96, 48, 160)
COVERED = np.random.default_rng(3).uniform(0, 0.8, (9, 20, 1))
"""Share of each pixel that is ink; none is whole."""


def picture(colour: tuple[int, int, int], ground: tuple[int, int, int] = WHITE) -> np.ndarray:
    return np.rint(np.array(ground) + COVERED * np.subtract(colour, ground)).astype(np.uint8)


def ink_of(colour: tuple[int, int, int], ground: tuple[int, int, int] = WHITE) -> Ink:
    whole = picture(colour, ground)
    far = whole.reshape(-1, 3)[np.abs(whole.astype(int) - ground).sum(axis=2).argmax()]
    return Ink(whole, ground, (int(far[0]), int(far[1]), int(far[2])))


@pytest.mark.parametrize(("colour", "ground"), [(VIOLET, WHITE), ((128, 216, 160), (31, 35, 41))])
def test_the_colour_is_fitted_to_a_drawing_of_the_same_shape(colour, ground) -> None:
    target = ink_of(colour, ground)
    assert target.text_colour != colour
    fitted = recoloured(Attempt("生产中", STYLE, target), Drawn(picture(target.text_colour, ground), 0))
    assert fitted is not None
    assert np.abs(np.subtract(fitted.target.text_colour, colour)).max() <= 1


def test_no_colour_is_fitted_to_single_strokes_which_it_would_make_alike() -> None:
    target = ink_of(VIOLET)
    for text in ("l", "ll|", "1 1 1", "--"):
        assert recoloured(Attempt(text, STYLE, target), Drawn(picture(target.text_colour), 0)) is None


def test_no_colour_makes_another_shape_the_target() -> None:
    target = ink_of(VIOLET)
    other = np.ascontiguousarray(picture(target.text_colour)[:, ::-1])
    assert recoloured(Attempt("生产中", STYLE, target), Drawn(other, 0)) is None
    assert recoloured(Attempt("生产中", STYLE, target), Drawn(other[:, :-1], 0)) is None


def test_a_colour_that_came_out_is_tried_in_what_may_be_a_blend_of_it() -> None:
    colours = InkColours()
    faint = ink_of(VIOLET)
    assert colours.likely(faint) == faint
    colours.met(Ink(faint.image, WHITE, VIOLET))
    colours.met(Ink(faint.image, WHITE, (16, 112, 48)))
    assert colours.likely(faint).text_colour == VIOLET
    red = Ink(faint.image, WHITE, (190, 60, 60))
    assert colours.likely(red) == red  # of another hue
    darker = Ink(faint.image, WHITE, (40, 0, 100))
    assert colours.likely(darker) == darker  # beyond any that is known
    elsewhere = Ink(faint.image, (31, 35, 41), VIOLET)
    assert colours.likely(elsewhere) == elsewhere  # on another background


def test_an_enlarged_picture_has_no_sharp_step() -> None:
    sharp = np.full((8, 12, 3), 255, np.uint8)
    sharp[2:6, 3:5] = 0
    assert not looks_enlarged(Ink(sharp, WHITE, (0, 0, 0)))
    ramp = np.array([255, 191, 64, 0, 0, 64, 191, 255], np.uint8)
    soft = np.minimum(255, ramp[:, None].astype(int) + ramp[None, :]).astype(np.uint8)
    assert looks_enlarged(Ink(np.repeat(soft[..., None], 3, 2), WHITE, (0, 0, 0)))


def test_of_colours_that_cannot_be_told_apart_the_fullest_is_the_texts() -> None:
    """A line whose darkest pixel was a blend came out first, within the pixels' tolerance."""
    colours = InkColours()
    image = np.zeros((2, 2, 3), np.uint8)
    for _ in range(9):
        colours.met(Ink(image, WHITE, (36, 36, 36)))
    assert colours.likely(Ink(image, WHITE, (34, 34, 34))).text_colour == (34, 34, 34)
    assert colours.likely(Ink(image, WHITE, (60, 60, 60))).text_colour == (36, 36, 36)
    colours.met(Ink(image, WHITE, (34, 34, 34)))
    assert colours.likely(Ink(image, WHITE, (36, 36, 36))).text_colour == (34, 34, 34)
    assert colours.likely(Ink(image, WHITE, (60, 60, 60))).text_colour == (34, 34, 34)
    colours.met(Ink(image, WHITE, (20, 20, 20)))  # another text's colour
    assert colours.likely(Ink(image, WHITE, (36, 36, 36))).text_colour == (34, 34, 34)
