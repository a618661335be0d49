"""The picture of a clause, whole, also where it goes on after a page's end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bridge.contracts.pages.upright import CleanPage
from bridge.records import Box, Image

PAPER, BREAK = 255, 150
GAP = 12  # pixels of paper above and below the line that stands for a page's end


def clause_picture(pages: Mapping[int, CleanPage], boxes: Sequence[tuple[int, Box]]) -> Image | None:
    """pages: by number, upright; boxes: (page, where the clause stands there) in reading order.  One below the
    other, with a grey line for each page's end.  H × W × 3, RGB; None if there is no such page."""
    parts = [pages[number].around(box) for number, box in boxes if number in pages]
    if not parts:
        return None
    width = max(p.shape[1] for p in parts)
    end = np.full((2 * GAP + 2, width, 3), PAPER, np.uint8)
    end[GAP : GAP + 2] = BREAK
    rows: list[Image] = []
    for part in parts:
        wide = np.full((part.shape[0], width, 3), PAPER, np.uint8)
        wide[:, : part.shape[1]] = part
        rows += [end, wide] if rows else [wide]
    return np.vstack(rows)
