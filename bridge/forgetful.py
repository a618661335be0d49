"""Memories for readings that must leave no trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bridge.memories import CellMemory, GlyphPicture, Recalled


class Forgetful:
    """A memory that is asked but taught nothing: for runs that keep nothing."""

    def __init__(self, memory: CellMemory) -> None:
        self.lookup = memory.lookup
        self.glyphs = memory.glyphs
        self.recall = memory.recall
        self.agreements = memory.agreements

    def learn(self, proofs: Sequence[Any]) -> None:
        del proofs

    def keep_glyphs(self, source: str, face: str, learned: Sequence[Any]) -> None:
        del source, face, learned

    def keep_agreements(self, source: str, fresh: Any) -> None:
        del source, fresh

    def keep_reads(self, source: str, epoch: str, fresh: Sequence[Any], used: Sequence[str]) -> None:
        del source, epoch, fresh, used


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

    def agreements(self, source: str) -> dict[str, Any]:
        del source
        return {}

    def keep_agreements(self, source: str, fresh: Any) -> None:
        del source, fresh

    def recall(self, source: str, keys: Sequence[str]) -> Recalled:
        del source, keys
        return Recalled(epoch="", bodies={})

    def keep_reads(self, source: str, epoch: str, fresh: Sequence[Any], used: Sequence[str]) -> None:
        del source, epoch, fresh, used
