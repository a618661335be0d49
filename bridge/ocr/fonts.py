"""Which font drew the pixels: found once by drawing back what the net read surely, then remembered.

Only fonts that this machine has can be found; a list in another font stays unproven and goes to people.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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

FAMILIES = (
    "sans-serif", "Arial", "SimSun", "Microsoft YaHei", "Tahoma", "Verdana", "Helvetica", "Segoe UI", "SimHei",
    "serif", "Times New Roman", "NSimSun", "monospace", "Courier New", "Consolas", "Georgia", "Calibri", "KaiTi",
    "FangSong", "PingFang SC", "Noto Sans CJK SC", "Noto Serif CJK SC", "WenQuanYi Zen Hei",
    "WenQuanYi Zen Hei Sharp", "WenQuanYi Micro Hei", "AR PL UMing CN", "AR PL UKai CN", "DejaVu Sans",
    "DejaVu Serif", "DejaVu Sans Mono", "Liberation Sans", "Liberation Serif", "Liberation Mono",
    "Roboto", "Ubuntu",
)  # fmt: skip
GENERIC = {"serif", "sans-serif", "monospace"}
CJK = (
    "SimSun", "Microsoft YaHei", "WenQuanYi Zen Hei", "Noto Sans CJK SC", "Noto Serif CJK SC", "AR PL UMing CN",
    "WenQuanYi Micro Hei",
)  # fmt: skip
SIZES = (12, 13, 14, 13.3333, 11, 16, 15, 10, 9, 14.6667, 10.6667, 12.5, 11.5, 13.5, 18, 9.3333, 10.5, 17, 20)
"""css pixels, commonest first; the thirds are whole points."""

FEW = 6
"""So many fonts are tried from their end and middle too."""
BACKDROP = 6
"""css pixels around a drawn line."""


@dataclass(frozen=True, slots=True)
class Font:
    family: str  # CSS font-family list
    size_px: float  # css pixels
    weight: str = "400"
    canvas: bool = False
    lang: str = ""

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
    height = round(font.size_px * 2)
    width = int(target.image.shape[1] / scale + extra * font.size_px) + 2 * BACKDROP
    x = BACKDROP + style.phase / PHASES / scale
    if style.align != "start":
        room = width - 2 * BACKDROP
        x += room if style.align == "end" else room // 2
    y = BACKDROP + round(font.size_px * 1.4) if font.canvas else BACKDROP
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


def candidates(redrawer: Redrawer, *, canvas: bool) -> list[Font]:
    """Every font worth trying on this machine."""
    real = [*redrawer.installed([f for f in FAMILIES if f not in GENERIC])]
    named = [f'"{f}"' for f in real]
    lists = [f if f in GENERIC else f'"{f}"' for f in FAMILIES if f in GENERIC or f in real]
    pairs = [f"{latin}, {c}" for latin in lists for c in named if c.strip('"') in CJK and c != latin]
    return [
        Font(family, size, weight, canvas, lang)
        for lang in ("", "zh-CN")
        for family in [*lists, *pairs]
        for size in SIZES
        for weight in ("400", "700")
    ]


def places(scale: float, *, aligns: Sequence[Align] = ALIGNS) -> list[tuple[int, Align]]:
    """Where a line may stand: at scale 1 glyphs stand on whole pixels, and few phases make a difference."""
    step = 1 if scale > 1 else PHASES // 4
    return [(p, a) for a in aligns for p in range(0, PHASES, step)]


def find_font(
    redrawer: Redrawer, samples: Sequence[tuple[str, Ink]], fonts: Iterable[Font], scale: float, *, most: int = 24
) -> Style | None:
    """The style in which one of the samples comes out to the pixel, or None.

    samples: (text as the net surely read it, its ink).  Fonts whose ink would be of another size are not drawn;
    most: fonts drawn for each sample.
    """
    every = list(fonts)
    if not samples or not every:
        return None
    extents = redrawer.measure([t for t, _ in samples], [f.css for f in every])
    for i, (text, target) in enumerate(samples):
        h, w = target.image.shape[0] / scale, target.image.shape[1] / scale
        near = sorted(
            (abs(e[i].ink_w - w) + abs(e[i].ink_h - h), n)
            for n, e in enumerate(extents)
            if abs(e[i].ink_w - w) <= 1.6 and abs(e[i].ink_h - h) <= 2.1
        )
        # Names that stand for one face measure alike; a Han character may still differ between them, and the
        # figures of one face between languages.
        faces = {(extents[n][i], every[n].lang): n for _, n in reversed(near)}
        distinct = [n for _, n in near if n in set(faces.values()) or not text.isascii()][:most]
        attempts = [
            Attempt(text, Style(every[n], p, align), target)
            for n in distinct
            for p, align in places(scale, aligns=ALIGNS if len(distinct) <= FEW else ("start",))
        ]
        for a, d in zip(attempts, draw(redrawer, attempts, scale), strict=True):
            if equal(d, target):
                return a.style
    return None
