"""Memories for readings that must leave no trace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from bridge.memories import HEARD, CellMemory, GlyphPicture, KeptRead, Recalled


class Forgetful:
    """A memory that is asked but taught nothing: for runs that keep nothing.

    Only what a list does to its texts is known until the end of the run, so that pages are read once more with it
    as in any other run.  Which lines were heard is not: what they taught is gone."""

    def __init__(self, memory: CellMemory) -> None:
        self.lookup = memory.lookup
        self.glyphs = memory.glyphs
        self.learned = memory.learned
        self.agreements = memory.agreements
        self._recall = memory.recall
        self._of_this_run: dict[tuple[str, str], bytes] = {}

    def recall(self, source: str, keys: Sequence[str], learned: Callable[[], int] = lambda: 0) -> Recalled:
        found = self._recall(source, keys, learned)
        own = {k: self._of_this_run[source, k] for k in keys if (source, k) in self._of_this_run}
        return replace(found, bodies={**found.bodies, **own})

    def learn(self, proofs: Sequence[Any]) -> None:
        del proofs

    def keep_glyphs(self, source: str, face: str, learned: Sequence[Any]) -> None:
        del source, face, learned

    def keep_agreements(self, source: str, fresh: Any) -> None:
        del source, fresh

    def keep_reads(self, source: str, epoch: str, fresh: Sequence[KeptRead], used: Sequence[str]) -> None:
        del epoch, used
        self._of_this_run |= {(source, f.key): f.body for f in fresh if f.lasting and not f.key.startswith(HEARD)}


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

    def learned(self, source: str) -> int:
        del source
        return 0

    def recall(self, source: str, keys: Sequence[str], learned: Callable[[], int] = lambda: 0) -> Recalled:
        del source, keys, learned
        return Recalled(epoch="", bodies={})

    def keep_reads(self, source: str, epoch: str, fresh: Sequence[Any], used: Sequence[str]) -> None:
        del source, epoch, fresh, used
