"""What is remembered of a source's pictures from run to run, as those who use it see it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bridge.records import ProvenPicture


class Memory(Protocol):
    """Proven pictures → text, per source, on disk, bounded."""

    def lookup(self, source: str, pictures: Sequence[str]) -> Mapping[str, ProvenPicture]: ...

    def learn(self, proofs: Sequence[ProvenPicture]) -> None:
        """Keeps what was proven.  A picture already known with another text is retracted, both texts are kept
        as a contradiction, and it is not offered again until a person settles it."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class GlyphPicture:
    """What is known of the picture of one character, for lists that no browser of ours drew."""

    id: str  # hash of the picture
    rows: int
    columns: int
    pixels: bytes  # zlib of rows × columns bytes: how much of each pixel the text's colour covers, 0..255
    clean: bool  # once seen with blank columns on both sides
    label: str  # the character, "" if none is likely
    state: str  # open | settled | disputed | forgotten
    votes: Mapping[str, Mapping[str, int]]  # net → character → lines
    proofs: tuple[str, ...] = ()
    against: str = ""  # why it is disputed
    refuted: Mapping[str, int] = field(default_factory=dict)  # other character → rows that refute it
    runners: Mapping[str, int] = field(default_factory=dict)  # second choices of the nets
    seen: int = 0
    spent: int = 0  # votes against it when it was settled


class GlyphMemory(Protocol):
    """Pictures of single characters, per source and face, on disk, bounded."""

    def glyphs(self, source: str, face: str) -> list[GlyphPicture]:
        """All of them, those a person made forgotten included."""
        ...

    def keep_glyphs(self, source: str, face: str, learned: Sequence[GlyphPicture]) -> None:
        """Keeps them in place of what was known of the same pictures; what a person made forgotten stays so."""
        ...


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How often something was right and how often wrong, by what was proven without it."""

    right: int = 0
    wrong: int = 0

    def __add__(self, other: Outcomes) -> Outcomes:
        return Outcomes(self.right + other.right, self.wrong + other.wrong)


class AgreementMemory(Protocol):
    """How often two nets that agreed were right, per source and column."""

    def agreements(self, source: str) -> Mapping[str, Mapping[float, Outcomes]]:
        """By column and step: the least probability that both nets had, rounded down to one of the steps."""
        ...

    def keep_agreements(self, source: str, fresh: Mapping[str, Mapping[float, Outcomes]]) -> None:
        """Adds to what is known."""
        ...


PAGE = "page|"
"""How the key of a whole page begins: pages are bounded apart from rows."""


HEARD = "heard|"
"""How the key of a line begins that has spoken for its characters: these are bounded apart, too."""


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptRead:
    """What a page or row said, for when its picture is met again.  sure: it is not to be looked at again.
    learned: as ``ReadMemory.learned`` said when the run began that read it.  lasting: no reading, but what is
    known of the list; it outlives what is taken back."""

    key: str  # hash of the pixels and of all else that the reading depends on; a page's begins with PAGE
    body: bytes
    sure: bool
    learned: int = 0
    lasting: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Recalled:
    epoch: str  # given back with what is kept: no longer believed if a person or a contradiction came between
    bodies: Mapping[str, bytes]
    aged: Sequence[str] = ()  # of them those to be given back as used: it was not noted for a day


class ReadMemory(Protocol):
    """Whole rows and pages that were read before, per source, on disk, bounded."""

    def learned(self, source: str) -> int:
        """How many pictures of the source's cells and characters are known and believed."""
        ...

    def recall(self, source: str, keys: Sequence[str], learned: Callable[[], int] = lambda: 0) -> Recalled:
        """Those known and believed.  What was doubtful is left out where it is time to try it anew, and where
        ``learned`` says much more than it did then; it is asked only where something doubtful is met."""
        ...

    def keep_reads(self, source: str, epoch: str, fresh: Sequence[KeptRead], used: Sequence[str]) -> None:
        """epoch: as ``recall`` gave it before these were read.  used: keys that were recalled and served."""
        ...


class LearnedMemory(GlyphMemory, AgreementMemory, Protocol):
    """What a list's own pictures have taught of it."""


class CellMemory(Memory, LearnedMemory, ReadMemory, Protocol):
    """All that is remembered of a source's cells."""
