"""The page's own text as a witness, drawn back.

The page's visible text of a cell is drawn at the same place, in the same style, by the same browser, in a page
of our own with installed fonts only.  Equal pixels in the whole cell mean: this text, and nothing else, is what
the screen shows.  Whatever the page hides, covers, transforms, reorders or draws in a font of its own differs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bridge.interfaces import DrawSpec, Redrawer
from bridge.ocr.normal import WORD_GOES_ON, joined, visible
from bridge.ocr.pictures import CellPicture, same_on_shade, same_pixels
from bridge.records import Box, Doubt, Fragment, Image, PageCell

_RGB = re.compile(r"rgb\((\d+), (\d+), (\d+)\)$")
MIN_SIZE_PX = 7.0
"""Smaller text leaves too few pixels to be told apart from nothing."""
MIN_CONTRAST = 40
"""Of 255; less may hide in the background."""
ASIDE = 2.0
"""css pixels by which ink may reach out of its text's box."""


@dataclass(frozen=True, slots=True)
class PageText:
    """The page's claim about one cell.

    doubt: PAGE_TEXT_DIFFERS where some of a line is smaller, raised or lowered, and means something else than side
    by side (10³ is not 103); CUT where some of it stands outside the cell, whose picture says nothing of it then.
    """

    text: str
    fragments: tuple[Fragment, ...]
    cut: bool
    doubt: Doubt | None = None


def page_text(cell: PageCell, colour: tuple[int, int, int]) -> PageText | None:
    """What the page says the cell shows, or None where its text is not fit to be a witness: transparent, tiny or
    in the background's colour.  colour: the background in the picture."""
    bounds = cell.clip or cell.box
    shown: list[Fragment] = []
    for f in cell.fragments:
        text = visible(f.text)
        if not text:
            continue
        if not _fit(f, colour):
            return None
        if f.box.x2 <= bounds.x or f.box.y2 <= bounds.y:
            continue  # moved out to the left or above: hidden, not cut
        if cell.clip is None and (f.box.x >= bounds.x2 or f.box.y >= bounds.y2):
            continue
        shown.append(replace(f, text=_drawable(f.text)))
    cut = cell.clip is not None
    doubt = Doubt.PAGE_TEXT_DIFFERS if any(_uneven(line) for line in _by_line(shown)) else None
    if doubt is None and not cut and any(_reaches_out(f.box, bounds) for f in shown):
        doubt = Doubt.CUT
    return PageText(_as_text(shown), tuple(shown), cut, doubt)


def _reaches_out(text: Box, cell: Box) -> bool:
    """Sideways at all; up and down by half, for a glyph's box is often higher than its line."""
    middle = text.y + text.h / 2
    return text.x < cell.x - ASIDE or text.x2 > cell.x2 + ASIDE or not cell.y <= middle <= cell.y2


def explains(text: PageText, picture: CellPicture, scale: float) -> bool:
    """Does all ink stand where the page says that text stands?"""
    if not text.fragments:
        return picture.blank
    x0, y0 = picture.rect[0] / scale, picture.rect[1] / scale
    boxes = [f.box for f in text.fragments]
    return (
        x0 + picture.ink_x[0] / scale >= min(b.x for b in boxes) - ASIDE
        and x0 + picture.ink_x[1] / scale <= max(b.x2 for b in boxes) + ASIDE
        and y0 + picture.ink_y[0] / scale >= min(b.y for b in boxes) - ASIDE
        and y0 + picture.ink_y[1] / scale <= max(b.y2 for b in boxes) + ASIDE
    )


def _uneven(line: Sequence[Fragment]) -> bool:
    first = line[0]
    for f in line[1:]:
        same = f.style.family == first.style.family
        if abs(f.style.size_px - first.style.size_px) > 0.05 * first.style.size_px:
            return True
        # Other families have other heights; within one the glyph boxes of a line stand level.
        if abs(f.box.y2 - first.box.y2) > (1 if same else 0.25 * first.style.size_px):
            return True
    return False


def _fit(f: Fragment, colour: tuple[int, int, int]) -> bool:
    m = _RGB.match(f.style.color)
    if not m or f.style.size_px < MIN_SIZE_PX:
        return False
    return max(abs(int(v) - c) for v, c in zip(m.groups(), colour, strict=True)) >= MIN_CONTRAST


def _drawable(text: str) -> str:
    """Leading and trailing spaces are kept: they move what follows, and a line that ended in the middle of a word
    keeps its mark (U+2060, which draws nothing); other marks that draw nothing are left out."""
    mark = WORD_GOES_ON if text.endswith(WORD_GOES_ON) else ""
    body = text.removesuffix(WORD_GOES_ON)
    lead = len(body) - len(body.lstrip())
    tail = len(body.rstrip())
    return body[:lead] + visible(body) + body[max(tail, lead) :] + mark


def _as_text(fragments: Sequence[Fragment]) -> str:
    """Fragments → text: those on one line side by side, with a space where they stand apart; lines joined."""
    return joined([_line(sorted(line, key=lambda f: f.box.x)) for line in _by_line(fragments)], told=True)


def _by_line(fragments: Sequence[Fragment]) -> list[list[Fragment]]:
    lines: list[list[Fragment]] = []
    for f in sorted(fragments, key=lambda f: (f.box.y + f.box.h / 2, f.box.x)):
        if lines and f.box.y + f.box.h / 2 < lines[-1][0].box.y2:
            lines[-1].append(f)
        else:
            lines.append([f])
    return lines


def _line(fragments: Sequence[Fragment]) -> str:
    out = ""
    end: float | None = None
    for f in fragments:
        if end is not None and f.box.x - end > f.style.size_px * 0.15 and not out.endswith(" "):
            out += " "
        out += f.text
        end = f.box.x2
    return out


def spec(cell: PageCell, picture: CellPicture, scale: float, fragments: Sequence[Fragment]) -> DrawSpec:
    """The cell as it would be drawn if these fragments were all it shows."""
    x0, y0, x1, y1 = picture.rect
    r, g, b = picture.colour
    return DrawSpec(
        box=Box(x=x0 / scale, y=y0 / scale, w=(x1 - x0) / scale, h=(y1 - y0) / scale),
        fragments=tuple(fragments),
        background=f"rgb({r}, {g}, {b})",
        clip=cell.clip,
        ellipsis=cell.ellipsis,
    )


def drawn_equal(
    redrawer: Redrawer, specs: Sequence[DrawSpec], pictures: Sequence[CellPicture], scale: float
) -> list[bool]:
    """For each spec: does drawing it give the picture?  One page, one screenshot for all of them."""
    if not specs:
        return []
    drawn = redrawer.draw(specs, scale=scale)
    return [
        same_pixels(d, p.image) or _same_on_shade(d, p, s) for d, p, s in zip(drawn, pictures, specs, strict=True)
    ]


def _same_on_shade(drawn: Image, picture: CellPicture, spec: DrawSpec) -> bool:
    colours = {f.style.color for f in spec.fragments}
    m = _RGB.match(colours.pop()) if len(colours) == 1 else None
    if m is None:
        return False
    r, g, b = (int(v) for v in m.groups())
    return same_on_shade(drawn, picture.image, picture.colour, (r, g, b))
