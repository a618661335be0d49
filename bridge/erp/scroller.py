"""A box that scrolls: its measures, and the pictures of its parts put together.

Legacy grids keep their headings and first columns in place while the rest moves, and draw only the rows in view.
So the box is walked over in steps that overlap, and what moved is put where it belongs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from bridge.records import Box, Image

MEASURE = """el => {
  const r = el.getBoundingClientRect(), x = r.left + el.clientLeft, y = r.top + el.clientTop;
  let stickyLeft = 0, stickyTop = 0;
  for (const e of el.querySelectorAll('*')) {
    const cs = getComputedStyle(e);
    if (cs.position !== 'sticky') continue;
    const q = e.getBoundingClientRect();
    if (cs.left !== 'auto') stickyLeft = Math.max(stickyLeft, q.right - x);
    if (cs.top !== 'auto') stickyTop = Math.max(stickyTop, q.bottom - y);
  }
  return [x, y, el.clientWidth, el.clientHeight, el.scrollWidth, el.scrollHeight, el.scrollLeft, el.scrollTop,
          stickyLeft, stickyTop];
}"""
"""JavaScript: what ``Measures.of`` takes of an element."""

_OVERLAP = 80
"""css pixels that two steps share: more than one row, so that each row stands whole in one of them."""


@dataclass(frozen=True, slots=True)
class Measures:
    """css pixels of the window; ``moving`` is the part that really moves (without frozen headings and columns)."""

    moving: Box
    left: float
    top: float
    max_left: float
    max_top: float

    @classmethod
    def of(cls, told: Sequence[float], offset: tuple[float, float]) -> Measures:
        """told: as ``MEASURE`` answers.  offset: of the element's frame in the window, css pixels."""
        x, y, cw, ch, sw, sh, left, top, sticky_left, sticky_top = told
        dx, dy = offset
        return cls(
            moving=Box(x=x + dx + sticky_left, y=y + dy + sticky_top, w=cw - sticky_left, h=ch - sticky_top),
            left=left,
            top=top,
            max_left=max(0, sw - cw),
            max_top=max(0, sh - ch),
        )

    @property
    def at_end(self) -> bool:
        return self.top >= self.max_top - 1


def next_stop(m: Measures) -> float | None:
    """Where to scroll down to from here, so that the views overlap; None at the end."""
    return None if m.at_end else float(int(min(m.top + _step(m.moving.h), m.max_top)))


def _step(extent: float) -> float:
    return max(extent - _OVERLAP, extent / 2, 1)


def stops(extent: float, maximum: float) -> Iterator[float]:
    """Scroll positions from 0 to the maximum whose views overlap."""
    step = _step(extent)
    position = 0.0
    while position < maximum - 0.5:
        yield float(int(position))
        position += step
    yield float(int(maximum))


def compose(tiles: list[tuple[Image, float]], region: Box, moving: Box, scale: float) -> Image:
    """One wide picture from tiles taken at several scrollLefts.

    tiles: (picture of ``region``, scrollLeft in css pixels), the first at 0.  Only ``moving``'s columns move;
    headings above it move along.
    """
    first = tiles[0][0]
    if len(tiles) == 1:
        return first
    x0 = round((moving.x - region.x) * scale)
    x1 = round((moving.x2 - region.x) * scale)
    extra = round(max(left for _, left in tiles) * scale)
    out = np.empty((first.shape[0], first.shape[1] + extra, 3), np.uint8)
    out[:, : first.shape[1]] = first
    out[:, first.shape[1] :] = first[:, -1:]
    for picture, left in tiles[1:]:
        d = round(left * scale)
        out[:, x0 + d : x1 + d] = picture[:, x0:x1]
    # What stands right of the moving part (a scroll bar, a border) stays right of it.
    rest = first.shape[1] - x1
    if rest:
        out[:, -rest:] = first[:, x1:]
    return out
