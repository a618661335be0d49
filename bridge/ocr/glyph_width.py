"""Narrow and wide characters that nets read alike: A and Ａ, ( and （.

A wide one stands alone in a square as large as a Han character, so two of them, side by side, are a square apart;
narrow ones are not, unless a space parts them.  Their pictures may be alike otherwise, so where a picture stands
is the witness: never as near as narrow ones, and several times a square apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from bridge.ocr.glyph_family import NARROW, WIDE, Glyph, read_as
from bridge.ocr.glyph_fit import Way
from bridge.ocr.glyph_space import fills_a_square
from bridge.ocr.glyph_ways import Line
from bridge.ocr.normal import is_han
from bridge.parse.text import fold_width

NEAR = 0.85
"""Ems between the middles of two narrow characters, at most, where no space parts them."""
SQUARE = (0.92, 1.08)
"""Ems between the middles of two wide ones."""
BETWEEN_HAN = 1.8
"""Ems between the middles of the Han characters on both sides of a narrow one, at most."""


def measure(lines: Sequence[Line], glyphs: Sequence[Glyph], scale: float, em: float) -> None:
    """Counts for each picture of an ASCII character, narrow or wide, where it stood.  em: css pixels."""
    done: set[bytes] = set()
    for line in lines:
        key = line.ink.coverage.tobytes()
        if len(line.ways) != 1 or key in done:
            continue
        done.add(key)
        _measure_line(line.ways[0], glyphs, scale * em)


def may_be_wide(way: Way, glyphs: Sequence[Glyph], labels: Sequence[str], em: float) -> bool:
    """Do characters that are known as narrow ones stand like wide ones?

    Letters and figures if two or more of them in a row are a square apart, all of them, or if one is from a wide
    one; a sign if it takes up a square between two characters that do.  labels: one for each of the way's.  em:
    pixels."""
    middles = _middles(way, glyphs)
    mixed = (
        (y - x) / em
        for (a, x), (b, y) in pairwise(zip(labels, middles, strict=True))
        if (_letter(a) and _wide_letter(b)) or (_wide_letter(a) and _letter(b))
    )
    if any(SQUARE[0] <= step <= SQUARE[1] for step in mixed):
        return True
    steps: list[float] = []
    rows: list[list[float]] = []
    for (a, x), (b, y) in pairwise(zip(labels, middles, strict=True)):
        if _letter(a) and _letter(b):
            steps.append((y - x) / em)
        else:
            rows.append(steps)
            steps = []
    if any(s and all(SQUARE[0] <= d <= SQUARE[1] for d in s) for s in (*rows, steps)):
        return True
    return any(
        _narrow(c)
        and not c.isalnum()
        and fills_a_square(a)
        and fills_a_square(b)
        and 2 * SQUARE[0] <= (middles[i + 2] - middles[i]) / em <= 2 * SQUARE[1]
        for i, (a, c, b) in enumerate(zip(labels, labels[1:], labels[2:], strict=False))
    )


def _measure_line(way: Way, glyphs: Sequence[Glyph], em: float) -> None:
    seen = [glyphs[p.glyph] for p in way]
    shown = [fold_width(read_as(g)) for g in seen]
    middles = _middles(way, glyphs)
    for i in range(len(way)):
        # A sign's ink stands aside in its square, so two letters or figures with one between them tell of it.
        for j in (i + 1, i + 2):
            between = shown[i + 1 : j]
            if j < len(way) and _letter(shown[i]) and _letter(shown[j]) and not any(map(_letter, between)):
                if not all(map(_narrow, between)):
                    continue
                step = (middles[j] - middles[i]) / em / (j - i)
                kind = NARROW if step <= NEAR else WIDE if SQUARE[0] <= step <= SQUARE[1] else ""
                for g in seen[i : j + 1] if kind else ():
                    g.refuted[kind] += 1
        if 0 < i < len(way) - 1 and _narrow(shown[i]) and is_han(shown[i - 1]) and is_han(shown[i + 1]):
            seen[i].refuted[NARROW] += middles[i + 1] - middles[i - 1] <= BETWEEN_HAN * em


def _middles(way: Way, glyphs: Sequence[Glyph]) -> list[float]:
    return [p.x + glyphs[p.glyph].coverage.shape[1] / 2 for p in way]


def _letter(character: str) -> bool:
    return _narrow(character) and character.isalnum()


def _wide_letter(character: str) -> bool:
    return "\uff01" <= character <= "\uff5e" and character.isalnum()


def _narrow(character: str) -> bool:
    return len(character) == 1 and "!" <= character <= "~"
