"""Memories for readings that must leave no trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bridge.interfaces import CellMemory, GlyphPicture


class Forgetful:
    """A memory that is asked but taught nothing: for runs that keep nothing."""

    def __init__(self, memory: CellMemory) -> None:
        self.lookup = memory.lookup
        self.glyphs = memory.glyphs

    def learn(self, proofs: Sequence[Any]) -> None:
        del proofs

    def keep_glyphs(self, source: str, face: str, learned: Sequence[Any]) -> None:
        del source, face, learned


class NoMemory:
    """Knows nothing and keeps nothing."""

    def lookup(self, source: str, pictures: Sequence[str]) -> dict[str, Any]:
        del source, pictures
        return {}

    def learn(self, proofs: Sequence[Any]) -> None:
        del proofs

    def glyphs(self, source: str, face: str) -> list[GlyphPicture]:
        del source, face
        return []

    def keep_glyphs(self, source: str, face: str, learned: Sequence[Any]) -> None:
        del source, face, learned
