"""Glyphs as they are kept, and back."""

from __future__ import annotations

import zlib
from collections import Counter

import numpy as np

from bridge.memories import GlyphPicture
from bridge.ocr.coverage import Coverage
from bridge.ocr.glyph_family import Glyph, State


def to_record(g: Glyph) -> GlyphPicture:
    return GlyphPicture(
        id=g.id,
        rows=g.coverage.shape[0],
        columns=g.coverage.shape[1],
        pixels=zlib.compress(np.ascontiguousarray(g.coverage, np.uint8).tobytes()),
        clean=g.clean,
        label=g.label,
        state=g.state.value,
        votes={net: dict(counter) for net, counter in g.votes.items()},
        runners=dict(g.runners),
        proofs=g.proofs,
        against=g.against,
        refuted=dict(g.refuted),
        seen=g.seen,
        spent=g.spent,
    )


def from_record(r: GlyphPicture) -> Glyph:
    return Glyph(
        id=r.id,
        coverage=coverage_of(r),
        clean=r.clean,
        votes={net: Counter(counter) for net, counter in r.votes.items()},
        label=r.label,
        state=State(r.state),
        proofs=r.proofs,
        against=r.against,
        refuted=Counter(r.refuted),
        runners=Counter(r.runners),
        seen=r.seen,
        spent=r.spent,
    )


def coverage_of(r: GlyphPicture) -> Coverage:
    """Rows × columns, 0..255."""
    pixels = np.frombuffer(zlib.decompress(r.pixels), np.uint8)
    return pixels.reshape(r.rows, r.columns).astype(np.int16)
