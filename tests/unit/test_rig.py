"""What the torture and the soak judge by: a false alarm there hides a true one."""

from __future__ import annotations

import sys
from decimal import Decimal
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[2] / "scripts")]

from _rig import digest  # noqa: E402


def test_states_of_an_order_are_the_same_if_their_values_are_equal() -> None:
    shown = {"quantity": Decimal("34.9"), "amount": Decimal("100"), "status": "审核"}
    stored = {"status": "审核", "quantity": Decimal("34.90"), "amount": Decimal("100.00")}
    assert shown == stored
    assert digest(shown) == digest(stored)
    for other in ({"quantity": Decimal("34.91")}, {"status": "申核"}, {"amount": None}, {"amount": "100"}):
        assert digest({**shown, **other}) != digest(shown)
