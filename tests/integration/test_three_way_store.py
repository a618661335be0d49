"""The central store's side of the comparison, on both databases: from another program's edit to the answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from store_samples import KEYS, Runs, key, seen, sql
from test_decisions import _decide, _row

from bridge.breaks import BreakClass
from bridge.central import CentralSide, Owner
from bridge.errors import UsageError
from bridge.interfaces import Action
from bridge.reconcile import reconcile
from bridge.records import ChangeSet, OrderLine
from bridge.store import SqlStore


def _run(runs: Runs, row: OrderLine, owners: Mapping[str, Owner] | None = None) -> tuple[ChangeSet, Any]:
    run_id, observed = runs.begin(), seen(row)
    central = CentralSide(rows=runs.store.central("demo"), owners=owners or {})
    changes = reconcile(runs.store.baseline("demo"), observed, key_fields=KEYS, central=central)
    return changes, runs.store.commit(run_id, observed, changes, receivers=("erp2",), now=runs.now)


def _edited(url: str, sku: str) -> None:
    sql(url, "UPDATE orders SET sku = :sku, updated_by = 'crm'", sku=sku)


def _sku(url: str) -> str:
    return str(sql(url, "SELECT sku FROM orders")[0].sku)


def test_a_conflict_is_asked_kept_and_not_asked_again(store: SqlStore, url: str) -> None:
    runs, decide = Runs(store), _decide(store)
    _run(runs, _row(sku="A1"))
    _edited(url, "CRM")
    changes, result = _run(runs, _row(sku="A1"))
    assert ([n.what.cls for n in changes.notes], result.outbox) == ([BreakClass.STORE_DRIFTED], 0)
    assert _run(runs, _row(sku="A2"))[1].outbox == 0
    (asked,) = store.reviews("demo")
    assert (asked.item.central, asked.item.breaks[0].cls) == ({"sku": "CRM"}, BreakClass.CONFLICT)
    assert Action.TYPE not in decide.choices(asked)
    assert decide.keep(asked.id, by="li").messages == 0
    assert (_sku(url), store.baseline("demo")[key("SO-1")].fields["sku"]) == ("CRM", "A2")
    for _ in range(2):
        changes, result = _run(runs, _row(sku="A2"))
        assert (changes.changes, result.outbox, result.reviews_new) == ((), 0, 0)


def test_accepting_the_erp_keeps_the_others_value_in_the_history(store: SqlStore, url: str) -> None:
    runs = Runs(store)
    _run(runs, _row(sku="A1"))
    _edited(url, "CRM")
    _run(runs, _row(sku="A2"))
    (asked,) = store.reviews("demo")
    decide = _decide(store)
    assert decide.accept(asked.id, by="li", batch="b1").messages == 1
    assert _sku(url) == "A2"
    with pytest.raises(UsageError, match="another system's value gave way"):
        decide.undo("b1", by="li")
    (event,) = sql(url, "SELECT overwritten FROM order_events WHERE event = 'changed'")
    assert "CRM" in str(event.overwritten)


def test_a_field_that_the_store_owns_moves_nobody(store: SqlStore, url: str) -> None:
    runs, owners = Runs(store), {"sku": Owner.STORE}
    _run(runs, _row(sku="A1"))
    _edited(url, "CRM")
    assert _run(runs, _row(sku="A2"), owners)[1].outbox == 0
    changes, result = _run(runs, _row(sku="A3", status="shipped"), owners)
    assert (result.outbox, changes.changes[0].store_keeps, _sku(url)) == (1, ("sku",), "CRM")
    assert '"changed":["status"]' in sql(url, "SELECT body FROM outbox ORDER BY id DESC LIMIT 1")[0].body


def test_undoing_a_kept_conflict_asks_it_again(store: SqlStore, url: str) -> None:
    runs, decide = Runs(store), _decide(store)
    _run(runs, _row(sku="A1"))
    _edited(url, "CRM")
    _run(runs, _row(sku="A2"))
    (asked,) = store.reviews("demo")
    decide.keep(asked.id, by="li", batch="b1")
    assert decide.undo("b1", by="li") == [asked.id]
    assert (_sku(url), store.baseline("demo")[key("SO-1")].fields["sku"]) == ("CRM", "A1")
    assert [r.id for r in store.reviews("demo")] == [asked.id]
