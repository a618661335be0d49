"""The colour a text is written in, where no pixel shows it whole.

Small type has strokes thinner than a pixel: the pixel farthest from the background is still a blend of both, and
a text drawn back in that blend comes out too faint.  So where a drawing has the target's shape, the colour that
would make it the target's is fitted, channel by channel, by least squares; and what came out in one line of the
list is tried first in the others.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from bridge.interfaces import Redrawer
from bridge.ocr.fonts import Attempt, Drawn, Ink, draw, equal
from bridge.records import Image

Colour = tuple[int, int, int]

FAINTEST = 0.4
"""Least share of the way from the background to the text's colour that some pixel of a text goes."""
NEAR = 24
"""Grey levels that a fitted drawing may still be off its target; beyond, the two show different texts."""
FITS = 3
"""Drawings of one text in fitted colours: a browser blends light and dark colours by other curves, so the first
fit may be off by some levels still."""
ALIKE = 2
"""Grey levels by which two drawings may differ and count as equal (``pictures.same_pixels``)."""
VARIED = 3
"""Different characters of a text by which a colour may be fitted: of single strokes (l, |, -) a fitted colour
would make each the other."""


class InkColours:
    """Of one list.  Colours are red, green, blue, 0 to 255."""

    def __init__(self) -> None:
        self._known: dict[Colour, Counter[Colour]] = {}
        self._likely: dict[tuple[Colour, Colour], Colour] = {}

    def met(self, ink: Ink) -> None:
        """This line came out to the pixel."""
        self._known.setdefault(ink.colour, Counter())[ink.text_colour] += 1
        self._likely.clear()

    def likely(self, ink: Ink) -> Ink:
        """The same ink in the colour of the list's that its own may be a blend of, if there is one."""
        seen = ink.colour, ink.text_colour
        if seen not in self._likely:
            fits = [
                (-share, -n, c)
                for c, n in self._known.get(ink.colour, {}).items()
                if (share := _share(ink.text_colour, ink.colour, c)) is not None
            ]
            self._likely[seen] = self._fullest(*seen, min(fits)[2]) if fits else ink.text_colour
        return replace(ink, text_colour=self._likely[seen])

    def _fullest(self, ground: Colour, seen: Colour, colour: Colour) -> Colour:
        """Of the colours that a known one cannot be told from, itself and the seen one among them, the farthest
        from the ground: no blend goes beyond the text's colour, and the first that came out may have been one."""
        alike = (
            c
            for c in (seen, *self._known[ground])
            if max(abs(a - b) for a, b in zip(c, colour, strict=True)) <= ALIKE
        )
        return max(alike, key=lambda c: (sum(abs(a - b) for a, b in zip(c, ground, strict=True)), c))


def _share(seen: Colour, ground: Colour, colour: Colour) -> float | None:
    """How far on the way from the background to a colour another one lies; None where it lies elsewhere."""
    way = np.subtract(colour, ground, dtype=float)
    length = float(way @ way)
    if not length:
        return None
    share = float(np.subtract(seen, ground, dtype=float) @ way) / length
    off = np.abs(np.subtract(seen, ground, dtype=float) - share * way).max()
    return min(share, 1.0) if share >= FAINTEST and off <= 3 and share <= 1.01 else None


def recoloured(a: Attempt, d: Drawn) -> Attempt | None:
    """The attempt in the colour in which its drawing would be the target; None if that does not fit."""
    target: Image = a.target.image
    if d.image.shape != target.shape or not target.size or len(set(a.text) - {" "}) < VARIED:
        return None
    ground = np.array(a.target.colour, float)
    x, y = d.image.reshape(-1, 3) - ground, target.reshape(-1, 3) - ground
    norm = (x * x).sum(axis=0)
    times = np.where(norm > 0, (x * y).sum(axis=0) / np.maximum(norm, 1e-9), 1.0)
    if np.abs(x * times - y).max() > NEAR:
        return None
    fitted = ground + times * (np.array(a.target.text_colour, float) - ground)
    r, g, b = (min(255, max(0, math.floor(v + 0.5))) for v in fitted)
    if (r, g, b) == a.target.text_colour:
        return None
    return replace(a, target=replace(a.target, text_colour=(r, g, b)))


def draw_in_fitted_colours(
    redrawer: Redrawer, attempts: Sequence[Attempt], scale: float
) -> list[tuple[Attempt, Drawn]]:
    """Each attempt as it was drawn last, in order: where only its colour was off, that is in the fitted one."""
    out = list(zip(attempts, draw(redrawer, attempts, scale), strict=True))
    for _ in range(FITS):
        again = {i: r for i, (a, d) in enumerate(out) if not equal(d, a.target) and (r := recoloured(a, d))}
        for (i, a), d in zip(again.items(), draw(redrawer, list(again.values()), scale), strict=True):
            out[i] = (a, d)
    return out
