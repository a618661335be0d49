"""Which stored keys could a doubtful row be?

A key that was read with doubt may be any stored key that looks like it.  The answer must rather name too many than
too few: a key that is not named may be called gone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations

MAX_EDITS = 2  # characters misread, lost or invented beyond look-alikes, per key part
_PREFIX = 24  # longer texts are found by their beginning and compared whole

# Groups of characters that readers take for one another; each folds to its first.
_GROUPS = (
    "0OoQDC〇",
    "1Il|!i丨",
    "5Ss$",
    "8B",
    "2Zz",
    "6Gb",
    "9gq",
    "4A",
    "7T",
    "UVuv",
    "-–—−_－",
    ".,·",
    "(（",
    ")）",
)
LOOKALIKES = {ord(c): g[0] for g in _GROUPS for c in g}
"""For ``str.translate``: each character → the first of its group."""


def fold(text: str) -> str:
    """Look-alikes → one character, case → upper: texts with the same fold may show the same picture."""
    return text.translate(LOOKALIKES).upper()


def edits(a: str, b: str) -> int:
    """Levenshtein distance, or ``MAX_EDITS + 1`` if it is more.

    What is equal at both ends decides nothing, and is most of the numbers of one series.  Once it is taken off,
    both ends differ, and for two edits few ways are left: no table is needed.
    """
    if len(a) < len(b):
        a, b = b, a
    if len(a) - len(b) > MAX_EDITS:
        return MAX_EDITS + 1
    start = next((i for i in range(len(b)) if a[i] != b[i]), len(b))
    same = next((i for i in range(len(b) - start) if a[-1 - i] != b[-1 - i]), len(b) - start)
    a, b = a[start : len(a) - same], b[start : len(b) - same]
    if len(a) <= MAX_EDITS:
        return len(a)
    one_more, two_more = len(a) == len(b) + 1, len(a) == len(b) + 2
    if two_more:
        near = a[1:-1] == b
    elif one_more:
        near = a[1:-1] in (b[:-1], b[1:])
    else:
        near = a[1:-1] == b[1:-1] or a[1:] == b[:-1] or a[:-1] == b[1:]
    return MAX_EDITS if near else MAX_EDITS + 1


@dataclass(frozen=True, kw_only=True, slots=True)
class DoubtfulPart:
    """One key field of a doubtful row.  ``texts``: the reading and its alternatives, first the best guess."""

    texts: tuple[str, ...] = ()
    exact: bool = False  # proven: it is this text and no other
    illegible: bool = False  # it may be anything


@dataclass
class NearKeys:
    """The doubtful rows of one list, indexed so that each stored key is looked up once.

    By Garbe's symmetric deletes (SymSpell, 2012): two texts within two edits have a form in common that each
    reaches by deleting at most two characters.  Cost per key: the deletions of its text, not the number of rows.
    """

    rows: Sequence[tuple[DoubtfulPart, ...]]  # one tuple per doubtful row, one part per key field
    _parts: list[_PartIndex] = field(init=False)

    def __post_init__(self) -> None:
        width = len(self.rows[0]) if self.rows else 0
        self._parts = [_PartIndex([row[i] for row in self.rows]) for i in range(width)]

    def rows_for(self, key: Sequence[str]) -> frozenset[int]:
        """Indices of the doubtful rows that this stored key could be; ``key``: its parts."""
        if len(key) != len(self._parts):
            return frozenset(range(len(self.rows)))  # another profile's key: nothing is known
        found: frozenset[int] | None = None
        for index, text in zip(self._parts, key, strict=True):
            fitting = index.rows_for(text)
            found = fitting if found is None else found & fitting
            if not found:
                break
        return found or frozenset()


class _PartIndex:
    def __init__(self, parts: Sequence[DoubtfulPart]) -> None:
        self._illegible = {i for i, p in enumerate(parts) if p.illegible}
        self._exact: dict[str, set[int]] = defaultdict(set)
        self._by_text: dict[str, set[int]] = defaultdict(set)  # folded text → rows
        self._by_deletion: dict[str, set[str]] = defaultdict(set)  # shortened text → folded texts
        for i, part in enumerate(parts):
            if part.exact:
                self._exact[part.texts[0]].add(i)
            elif not part.illegible:
                for text in part.texts:
                    self._by_text[fold(text)].add(i)
        for text in self._by_text:
            for short in _deletions(text):
                self._by_deletion[short].add(text)
        self._known: dict[str, frozenset[int]] = {}

    def rows_for(self, text: str) -> frozenset[int]:
        near = self._known.get(text)
        if near is None:
            near = self._known[text] = frozenset(self._near(text))
        return near

    def _near(self, text: str) -> set[int]:
        found = self._illegible | self._exact.get(text, set())
        folded = fold(text)
        if self._by_text:
            candidates: set[str] = set()
            for short in _deletions(folded):
                candidates |= self._by_deletion.get(short, set())
            for other in candidates:
                if abs(len(other) - len(folded)) <= 1 and edits(folded, other) <= MAX_EDITS:
                    found |= self._by_text[other]
        return found


def _deletions(text: str) -> set[str]:
    start = text[:_PREFIX]
    forms = {start}
    for n in range(1, MAX_EDITS + 1):
        for gone in combinations(range(len(start)), n):
            forms.add("".join(c for i, c in enumerate(start) if i not in gone))
    return forms
