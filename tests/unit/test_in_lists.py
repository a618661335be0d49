"""Values for IN (…): all of them, in few lengths."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bridge.store.in_lists import LONGEST, in_lists


@given(st.lists(st.integers(), max_size=2 * LONGEST + 3))
def test_the_lists_hold_all_values_and_nothing_else(values: list[int]) -> None:
    parts = list(in_lists(values))
    assert [v for part in parts for v in dict.fromkeys(part)] == [
        v for start in range(0, len(values), LONGEST) for v in dict.fromkeys(values[start : start + LONGEST])
    ]
    assert all(part for part in parts)


def test_there_are_few_lengths() -> None:
    lengths = {len(part) for n in range(2 * LONGEST) for part in in_lists(range(n))}
    assert lengths == {1 << i for i in range(10)}
    assert max(lengths) == LONGEST
