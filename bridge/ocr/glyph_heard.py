"""Which lines have spoken for characters, from run to run: each speaks once.

What is doubtful is read again, by the same nets from the same picture.  Counted again, one line that both nets
misread would after a few runs be the several that it takes to settle a character.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from bridge.memories import HEARD, KeptRead, ReadMemory
from bridge.ocr.glyph_ways import Line


class Heard:
    """Of one source.  reads: None, or one that keeps nothing, knows of this run only."""

    def __init__(self, source: str, reads: ReadMemory | None) -> None:
        self._source = source
        self._reads = reads
        self._run: set[str] = set()

    def first_time(self, face: str, lines: Sequence[Line]) -> list[Line]:
        """Those whose picture has not spoken before; from now on they have.  Lines that are not made of characters
        say nothing yet."""
        keyed = [(_key(face, line), line) for line in lines if line.ways]
        known = set(self._run)
        if self._reads is not None:
            known |= set(self._reads.recall(self._source, list({key for key, _ in keyed})).bodies)
        new = [(key, line) for key, line in keyed if key not in known]
        fresh = list(dict.fromkeys(key for key, _ in new))
        if self._reads is not None and fresh:
            kept = [KeptRead(key=key, body=b"", sure=True, lasting=True) for key in fresh]
            self._reads.keep_reads(self._source, "", kept, ())
        self._run |= set(fresh)
        return [line for _, line in new]


def _key(face: str, line: Line) -> str:
    picture = line.ink.coverage
    made = hashlib.blake2b(f"{picture.shape}".encode() + picture.tobytes(), digest_size=12)
    return f"{HEARD}{face}|{made.hexdigest()}"
