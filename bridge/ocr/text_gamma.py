"""The same glyph in another colour: browsers thicken dark text and thin light text, and this undoes it.

Skia maps the coverage of every glyph pixel by a table that depends on the luminance of the text's colour, so a
glyph in grey on black is not the glyph in black on white.  Tables as in Skia's SkMaskGamma.cpp, with the contrast
and exponent that Chromium sets where fonts are drawn by FreeType (SK_GAMMA_CONTRAST, SK_GAMMA_EXPONENT); measured,
in 11 colours: pictures of one text differ by up to 18 of 255 as they are, by up to 4 after.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

CONTRAST, EXPONENT = 0.2, 1.2
_BITS = 3
"""Of the luminance, by which Skia tells tables apart."""
_SHARES = (0.2126, 0.7152, 0.0722)
"""Of red, green and blue in the luminance."""


def as_black(coverage: NDArray[np.float32], colour: tuple[int, int, int]) -> NDArray[np.float32]:
    """What black text would cover where text of this colour covers so much; 0..255 both."""
    step = _step(colour)
    if step == 0:
        return coverage
    return np.interp(coverage, _table(step), _table(0)).astype(np.float32)


def _step(colour: tuple[int, int, int]) -> int:
    linear = sum(s * (c / 255) ** EXPONENT for s, c in zip(_SHARES, colour, strict=True))
    return round(255 * float(linear ** (1 / EXPONENT))) >> (8 - _BITS)


@lru_cache
def _table(step: int) -> NDArray[np.float64]:
    """Coverage as drawn for each coverage 0..255, rising.  step: of luminance, 0..7."""
    luminance = (step << 5 | step << 2 | step >> 1) / 255
    ground = 1 - luminance  # Skia's guess
    linear, linear_ground = luminance**EXPONENT, ground**EXPONENT
    raw = np.linspace(0, 1, 256)
    covered = raw + (1 - raw) * CONTRAST * linear_ground * raw
    if abs(ground - luminance) >= 1 / 256:
        shown = (linear * covered + (1 - covered) * linear_ground) ** (1 / EXPONENT)
        covered = (shown - ground) / (luminance - ground)
    table: NDArray[np.float64] = 255 * covered
    return table
