"""Which font drew the pixels: found once by drawing back what the net read surely, then remembered.

Only fonts that this machine has can be found; a list in another font stays unproven and goes to people.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from bridge.interfaces import Redrawer, TextExtent
from bridge.ocr.fonts import ALIGNS, LIKELY, Attempt, Font, Ink, Place, Style, equal, places
from bridge.ocr.ink_colours import draw_in_fitted_colours

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

FEW, SOME, MANY = 6, 24, 160
"""How many fonts are tried: at every place, at every place from the start, and where most lines stand."""
STEP = 0.6
"""Share of the way from background to ink that two neighbouring pixels of an enlarged picture differ at most."""
LIKELIEST: tuple[Place, ...] = ((0, "start"), (0, "end"))


def candidates(redrawer: Redrawer, *, canvas: bool, enlarged: bool = False) -> list[Font]:
    """Every font worth trying on this machine."""
    real = [*redrawer.installed([f for f in FAMILIES if f not in GENERIC])]
    named = [f'"{f}"' for f in real]
    lists = [f if f in GENERIC else f'"{f}"' for f in FAMILIES if f in GENERIC or f in real]
    pairs = [f"{latin}, {c}" for latin in lists for c in named if c.strip('"') in CJK and c != latin]
    return [
        Font(family, size, weight, canvas, lang, enlarged)
        for lang in ("", "zh-CN")
        for family in [*lists, *pairs]
        for size in SIZES
        for weight in ("400", "700")
    ]


def looks_enlarged(ink: Ink) -> bool:
    """Is this ink blurred as by enlarging a picture: does no pixel differ sharply from its neighbours?

    Enlarged twofold, linearly, a step from background to ink takes two pixels of at most half the way each; type
    that was drawn at this size has strokes that begin and end within one pixel somewhere."""
    way = np.abs(np.subtract(ink.text_colour, ink.colour)).max()
    framed = np.pad(ink.image.astype(np.int16), ((1, 1), (1, 1), (0, 0)), constant_values=0)
    framed[[0, -1]] = framed[:, [0, -1]] = ink.colour
    steps = max(int(np.abs(np.diff(framed, axis=axis)).max()) for axis in (0, 1))
    return bool(steps <= STEP * way)


def find_font(
    redrawer: Redrawer,
    samples: Sequence[tuple[str, Ink]],
    fonts: Iterable[Font],
    scale: float,
    *,
    deep: bool = True,
) -> Style | None:
    """The style in which one of the samples comes out to the pixel, or None.

    samples: (text as the net surely read it, its ink).  Fonts whose ink would be of another size are not drawn.
    Many fonts are tried where most lines start or end, then, if deep, few at every place.
    """
    every = list(fonts)
    if not samples or not every:
        return None
    extents = redrawer.measure([t for t, _ in samples], [f.css for f in every])
    near = [
        (text, target, _of_that_size(text, target, [e[i] for e in extents], every, scale))
        for i, (text, target) in enumerate(samples)
    ]
    rounds: list[tuple[int, Sequence[Place]]] = [(FEW, LIKELY), (MANY, LIKELIEST)]
    if deep:
        rounds += [(SOME, places(scale, aligns=ALIGNS[:1])), (FEW, places(scale))]
    tried: set[tuple[str, Style]] = set()
    for most, where in rounds:
        for text, target, ranked in near:
            styles = [Style(font, *p) for font in ranked[:most] for p in where]
            new = [s for s in styles if (text, s) not in tried]
            tried |= {(text, s) for s in new}
            attempts = [Attempt(text, s, target) for s in new]
            for a, d in draw_in_fitted_colours(redrawer, attempts, scale):
                if equal(d, target):
                    return a.style
    return None


def _of_that_size(
    text: str, target: Ink, extents: Sequence[TextExtent], every: Sequence[Font], scale: float
) -> list[Font]:
    """The fonts whose ink would be about as large, the nearest first."""
    h, w = target.image.shape[0] / scale, target.image.shape[1] / scale
    near = sorted(
        (abs(e.ink_w - w) + abs(e.ink_h - h), n)
        for n, e in enumerate(extents)
        if abs(e.ink_w - w) <= 1.6 and abs(e.ink_h - h) <= 2.1
    )
    # Names that stand for one face measure alike; a Han character may still differ between them, and the
    # figures of one face between languages.
    faces = {(extents[n], every[n].lang): n for _, n in reversed(near)}
    return [every[n] for _, n in near if n in set(faces.values()) or not text.isascii()]
