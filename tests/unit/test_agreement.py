"""How sure two nets must be of a free text: calibrated by what was proven without them."""

from __future__ import annotations

import pytest

from bridge.bound import upper_bound
from bridge.memories import Outcomes
from bridge.ocr.agreement import STEPS, NetTrust, step_of


def test_nothing_seen_lets_nothing_pass() -> None:
    assert NetTrust({}).least("customer") is None


def test_as_many_right_ones_as_the_wanted_rate_asks_for_let_pass_from_their_step_on() -> None:
    trust = NetTrust({"customer": {0.99: Outcomes(right=3000)}})
    assert upper_bound(0, 3000) <= 1e-3
    assert trust.least("customer") == 0.9  # whatever is lower has shown no wrong one
    assert NetTrust({"customer": {0.99: Outcomes(right=2000)}}).least("customer") is None
    assert trust.least("product") is None  # a column for itself


def test_wrong_ones_raise_the_bar_above_them() -> None:
    trust = NetTrust({"customer": {0.999: Outcomes(right=4000), 0.95: Outcomes(right=50)}})
    assert trust.least("customer") == 0.9
    for _ in range(3):
        trust.saw("customer", 0.96, right=False)
    assert trust.least("customer") == 0.98
    for _ in range(3):
        trust.saw("customer", 1.0, right=False)
    assert trust.least("customer") is None


def test_more_right_ones_lower_it_again() -> None:
    trust = NetTrust({"c": {0.999: Outcomes(right=3000, wrong=2)}})
    assert trust.least("c") is None
    for _ in range(5000):
        trust.saw("c", 0.9995, right=True)
    assert trust.least("c") == 0.9


def test_only_what_is_new_is_kept_and_only_once() -> None:
    trust = NetTrust({"c": {0.9: Outcomes(right=7)}})
    trust.saw("c", 0.91, right=True)
    trust.saw("c", 0.5, right=True)  # nobody would believe it
    assert trust.fresh() == {"c": {0.9: Outcomes(right=1)}}
    assert trust.fresh() == {}


@pytest.mark.parametrize(("probability", "step"), [(0.89, None), (0.9, 0.9), (0.9499, 0.9), (1.0, STEPS[-1])])
def test_a_probability_counts_for_the_step_below_it(probability: float, step: float | None) -> None:
    assert step_of(probability) == step
