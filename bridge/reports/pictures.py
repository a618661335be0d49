"""The pictures of cells, taken from the evidence once and shared by the page and the sheets."""

from __future__ import annotations

import base64
import struct
from dataclasses import dataclass

from bridge.interfaces import Evidence
from bridge.records import Reading

MARGIN = 6
"""Pixels of the shot around the cell: enough to see that nothing was cut off by the box."""

READABLE = 44
"""Height in css pixels that a picture of one text line should at least have."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    png: bytes
    width: int  # pixels
    height: int

    @property
    def zoom(self) -> int:
        """Whole-number magnification for the screen, so that pixels stay square and sharp."""
        return max(1, min(4, -(-READABLE // self.height)))

    @property
    def uri(self) -> str:
        return "data:image/png;base64," + base64.b64encode(self.png).decode("ascii")


class Pictures:
    """Crops by reading.  ``None`` where the picture was cleaned away or the reading has no place."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._known: dict[tuple[str, float, float, float, float], Picture | None] = {}

    def of(self, reading: Reading) -> Picture | None:
        box = reading.box
        if not reading.shot or box.w <= 0 or box.h <= 0:
            return None
        place = (reading.shot, box.x, box.y, box.w, box.h)
        if place not in self._known:
            png = self._evidence.crop(reading.shot, box, margin=MARGIN)
            self._known[place] = None if png is None else picture(png)
        return self._known[place]


def picture(png: bytes) -> Picture | None:
    """The PNG with its size from the IHDR chunk (PNG specification §11.2.2); None if it is no PNG."""
    if png[:8] != b"\x89PNG\r\n\x1a\n" or len(png) < 24:
        return None
    width, height = struct.unpack(">II", png[16:24])
    return Picture(png=png, width=width, height=height) if width and height else None
