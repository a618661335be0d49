"""What the soak calls growth."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random

sys.path[:0] = [str(Path(__file__).parents[2] / "scripts")]

from soak import what_grew  # noqa: E402

Counted = list[tuple[float, int, int, int]]


def run(syncs: int, memory_per_1000: float = 0.0, handles_every: int = 0) -> Counted:
    """A run that warms up by 20 MB, with noise as it was seen."""
    rng, out = Random(3), []
    for n in range(syncs):
        memory = 300 + min(n, 20) + memory_per_1000 * n / 1000 + rng.uniform(-0.5, 0.5)
        out.append((memory, 16 + (n // handles_every if handles_every else 0), 5, 0))
    return out


def test_warming_up_and_noise_are_no_growth() -> None:
    assert what_grew(run(1000)) == []
    assert what_grew(run(1000, memory_per_1000=4.5)) == []
    assert what_grew(run(8)) == []


def test_more_than_5_mb_in_1000_syncs_is_growth() -> None:
    assert what_grew(run(1000, memory_per_1000=5.5)) == ["memory MB"]


def test_a_handle_in_500_syncs_is_growth_in_a_long_run_and_one_in_nearly_each_in_a_short_one() -> None:
    assert what_grew(run(1000, handles_every=500)) == ["handles"]
    assert what_grew(run(8, handles_every=1)) == ["handles"]


def test_what_comes_and_goes_is_no_growth() -> None:
    flickering: Counted = [(300.0, 16 + (n % 10 == 9), 5, n % 2) for n in range(1000)]
    assert what_grew(flickering[:-1]) == []
