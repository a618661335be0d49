"""The list's own count: 共N条, from its own place or from below the rows."""

from __future__ import annotations

import re

from bridge.interfaces import TextReader
from bridge.memories import Memory
from bridge.ocr.cells import rect_box
from bridge.ocr.layout import RawGrid
from bridge.ocr.lines import split_lines
from bridge.ocr.pictures import CellPicture, cell_picture, for_the_net
from bridge.profiles import TotalCount
from bridge.records import Doubt, PageShot, ProvenPicture, Reading, Witness

SURE = 0.9
"""Least probability of each character where the net reads alone.  A count read wrong can only hold a run back,
never let one through: the rows must match it."""


def read_count(
    shot: PageShot, grid: RawGrid, rule: TotalCount | None, *, source: str, net: TextReader, memory: Memory
) -> Reading | None:
    """The text around the count, or None where the profile names none or nothing stands there."""
    if rule is None:
        return None
    if shot.total_image is not None:
        h, w = shot.total_image.shape[:2]
        pictures = [cell_picture(shot.total_image, (0, 0, w, h), shot.scale, salt="total")]
    else:
        pictures = [cell_picture(shot.image, c.rect, shot.scale, salt="total") for c in grid.below]
    found = [_reading(shot, p, rule, source, net, memory) for p in pictures if not p.blank]
    return next((r for r in found if re.search(rule.pattern, r.text)), found[0] if found else None)


def _reading(
    shot: PageShot, picture: CellPicture, rule: TotalCount, source: str, net: TextReader, memory: Memory
) -> Reading:
    known = memory.lookup(source, [picture.key]).get(picture.key)
    if known is not None:
        text, confidence = known.text, 1.0
    else:
        rows = split_lines(picture, shot.scale)
        lines = net.read_lines([for_the_net(picture, shot.scale, r) for r in rows])
        text = " ".join(p.text for p in lines)
        confidence = min((p.confidence for p in lines), default=0.0)
    seen, claimed = re.search(rule.pattern, text), re.search(rule.pattern, shot.total_text or "")
    agree = bool(seen and claimed and seen.group(1) == claimed.group(1))
    proven = agree or bool(seen and shot.total_text is None and confidence >= SURE)
    if agree and known is None:
        memory.learn([ProvenPicture(source=source, picture=picture.key, text=text, witnesses=(Witness.NET,))])
    return Reading(
        text=shot.total_text if shot.total_text and claimed else text,
        proven=proven,
        confidence=confidence,
        witnesses=(Witness.NET, Witness.PAGE_TEXT) if agree else (Witness.NET,),
        doubts=() if proven else (Doubt.UNPROVEN,),
        box=rect_box(picture.rect),
        shot=shot.sha256,
        picture=picture.key,
        page=shot.number,
    )
