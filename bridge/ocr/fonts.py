"""A line of text drawn back: in which font it is set, where it stands, and what ink came out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bridge.interfaces import Align, DrawSpec, Redrawer
from bridge.ocr.pictures import ink, same_pixels
from bridge.records import Box, Fragment, Image, TextStyle

PHASES = 32
"""Places tried within one device pixel: the place decides which glyphs round where.  The browser lays text out in
1/64 css pixels, which at scale 2 are 1/32 device pixels, so these are all there are for what a page lays out.
What a script draws from its end or middle starts anywhere; that end or middle is a whole or half pixel on most
lists."""
ALIGNS: tuple[Align, ...] = ("start", "end", "center")

Place = tuple[int, Align]
LIKELY: tuple[Place, ...] = tuple((p, a) for a in ALIGNS for p in (0, PHASES // 2))
"""Where most lines stand: at a whole or half pixel.  Tried before all others."""

BACKDROP = 3
"""css pixels around a drawn line."""
HALF_LINE, BASELINE = 0.8, 1.2
"""Ems of half a line's height, and from its top to the baseline: room for the ink of any usual face.  What a
sheet costs is its area."""


@dataclass(frozen=True, slots=True)
class Font:
    family: str  # CSS font-family list
    size_px: float  # css pixels
    weight: str = "400"
    canvas: bool = False
    lang: str = ""
    enlarged: bool = False  # drawn at one pixel per css pixel by a page that does not know of the device's scale

    @property
    def css(self) -> str:
        return f"{self.weight} {self.size_px}px {self.family}"


@dataclass(frozen=True, slots=True)
class Style:
    """How a line is set.  phase: in 1/PHASES device pixels, where its start, end or middle (align) stands."""

    font: Font
    phase: int = 0
    align: Align = "start"


@dataclass(frozen=True, slots=True)
class Ink:
    """The ink of one text line, cut out exactly, with its colours."""

    image: Image
    colour: tuple[int, int, int]  # behind the text
    text_colour: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Drawn:
    image: Image  # the ink's bounding box, H × W × 3; 0 × 0 × 3 if nothing was drawn
    top: int  # device pixels from the line's origin to the ink's top


def css_colour(c: tuple[int, int, int]) -> str:
    return f"rgb({c[0]}, {c[1]}, {c[2]})"


def line_spec(text: str, style: Style, target: Ink, scale: float, extra: float = 1.5) -> DrawSpec:
    """One line drawn ``phase``/PHASES device pixels right of a whole one, wide enough for the target's ink."""
    font = style.font
    height = 2 * round(font.size_px * HALF_LINE)
    width = int(target.image.shape[1] / scale + extra * font.size_px) + 2 * BACKDROP
    x = BACKDROP + style.phase / PHASES / (1 if font.enlarged else scale)
    if style.align != "start":
        room = width - 2 * BACKDROP
        x += room if style.align == "end" else room // 2
    y = BACKDROP + round(font.size_px * BASELINE) if font.canvas else BACKDROP
    return DrawSpec(
        box=Box(x=0, y=0, w=width, h=height + 2 * BACKDROP),
        fragments=(
            Fragment(
                text=text,
                box=Box(x=x, y=y, w=width, h=height),
                style=TextStyle(
                    family=font.family,
                    size_px=font.size_px,
                    weight=font.weight,
                    color=css_colour(target.text_colour),
                    lang=font.lang,
                ),
            ),
        ),
        background=css_colour(target.colour),
        canvas=font.canvas,
        enlarged=font.enlarged,
        align=style.align,
    )


def ink_of(picture: Image, colour: tuple[int, int, int]) -> Drawn:
    mask = ink(picture, colour)
    ys, xs = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not len(xs):
        return Drawn(picture[:0, :0], 0)
    return Drawn(picture[ys[0] : ys[-1] + 1, xs[0] : xs[-1] + 1], int(ys[0]))


@dataclass(frozen=True, slots=True)
class Attempt:
    text: str
    style: Style
    target: Ink


def draw(redrawer: Redrawer, attempts: Sequence[Attempt], scale: float) -> list[Drawn]:
    if not attempts:
        return []
    pictures = redrawer.draw([line_spec(a.text, a.style, a.target, scale) for a in attempts], scale=scale)
    return [ink_of(p, a.target.colour) for p, a in zip(pictures, attempts, strict=True)]


def equal(drawn: Drawn, target: Ink) -> bool:
    return same_pixels(drawn.image, target.image)


def places(scale: float, *, aligns: Sequence[Align] = ALIGNS) -> list[Place]:
    """Where a line may stand: at scale 1 glyphs stand on whole pixels, and few phases make a difference."""
    step = 1 if scale > 1 else PHASES // 4
    return [(p, a) for a in aligns for p in range(0, PHASES, step)]
