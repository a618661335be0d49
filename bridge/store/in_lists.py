"""Values for ``column IN (…)``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")

LONGEST = 512  # values in one list: well below SQLite's limit of bound values


def in_lists(values: Sequence[T]) -> Iterator[list[T]]:
    """The values in lists of at most ``LONGEST``, each filled up with its last one to a power of two.

    Each length of a list is a statement of its own, and the drivers keep the prepared ones, up to 128 a connection
    in sqlite3 and hundreds of KB each for a long list: with any length a process grew by tens of MB in a thousand
    syncs.  Filling up is the known cure (Hibernate's ``in_clause_parameter_padding``).
    """
    for start in range(0, len(values), LONGEST):
        part = list(values[start : start + LONGEST])
        full = 1 << (len(part) - 1).bit_length()
        yield part + part[-1:] * (full - len(part))
