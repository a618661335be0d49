"""How often nets that agreed were right, in a real database."""

from __future__ import annotations

from bridge.memories import Outcomes
from bridge.store import SqlStore


def test_what_is_kept_adds_up_per_source_and_column(store: SqlStore) -> None:
    assert store.agreements("demo") == {}
    store.keep_agreements("demo", {"customer": {0.9: Outcomes(3, 1), 0.999: Outcomes(5, 0)}})
    store.keep_agreements("demo", {"customer": {0.9: Outcomes(2, 0)}, "product": {0.95: Outcomes(0, 1)}})
    store.keep_agreements("other", {"customer": {0.9: Outcomes(9, 9)}})
    assert store.agreements("demo") == {
        "customer": {0.9: Outcomes(5, 1), 0.999: Outcomes(5, 0)},
        "product": {0.95: Outcomes(0, 1)},
    }
    store.keep_agreements("demo", {})
    assert set(store.agreements("demo")) == {"customer", "product"}
