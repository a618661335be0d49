"""In which styles a list's columns were drawn, and which texts came out in none, kept from run to run.

They prove nothing: a line is proven only where its own picture comes out.  They save the search.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple

from bridge.memories import KeptRead, ReadMemory
from bridge.ocr.fonts import Font, Style

Found = Mapping[int, Sequence[Style]]
"""Group of lines → styles, the commonest first."""
FORMAT = 2


class FoundFonts:
    """Of one source, at one scale.  reads: None keeps nothing."""

    def __init__(self, source: str, scale: float, *, canvas: bool, reads: ReadMemory | None) -> None:
        self._source = source
        self._reads = reads
        self._key = f"fonts|{FORMAT}|{scale:g}|{canvas}"
        self._kept: Found = {}
        self._epoch = ""

    def load(self) -> Found:
        if self._reads is None:
            return {}
        found = self._reads.recall(self._source, [self._key])
        self._epoch = found.epoch
        body = found.bodies.get(self._key)
        if body is not None:
            self._kept = {int(g): [_style(s) for s in styles] for g, styles in json.loads(body).items()}
        return self._kept

    def save(self, found: Found) -> None:
        """Where there are others than before; that one of them became commoner is not worth a write."""
        if self._reads is None or _sets(found) == _sets(self._kept):
            return
        body = json.dumps({g: [astuple(s) for s in styles] for g, styles in found.items()}).encode()
        self._reads.keep_reads(self._source, self._epoch, [KeptRead(key=self._key, body=body, sure=True)], ())
        self._kept = found

    def in_vain(self, group: int, text: str, fonts: int) -> bool:
        """Was every font of this machine searched for it not long ago, when so many of the list's were known?
        Like all doubt, that is repeated ever more rarely."""
        key = self._vain_key(group, text, fonts)
        return self._reads is not None and key in self._reads.recall(self._source, [key]).bodies

    def save_in_vain(self, group: int, texts: Sequence[str], fonts: int) -> None:
        if self._reads is not None:
            kept = [KeptRead(key=self._vain_key(group, t, fonts), body=b"", sure=False) for t in texts]
            self._reads.keep_reads(self._source, self._epoch, kept, ())

    def _vain_key(self, group: int, text: str, fonts: int) -> str:
        return f"vain|{self._key}|{group}|{fonts}|{text}"


def _sets(found: Found) -> dict[int, frozenset[Style]]:
    return {group: frozenset(styles) for group, styles in found.items()}


def _style(kept: list[object]) -> Style:
    font, phase, align = kept
    return Style(Font(*font), phase, align)  # type: ignore[arg-type,misc]
