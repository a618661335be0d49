"""The central store is edited by others while the ERP changes, too: through whole syncs."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest
from fault_world import SOURCE, World

from bridge.breaks import BreakClass
from bridge.errors import UsageError
from bridge.interfaces import StoredReview
from bridge.records import RunStatus

pytestmark = pytest.mark.acceptance


def edited(world: World, number: str, **values: str) -> None:
    """What another program does: it knows the table, and nothing of us."""
    sets = ", ".join(f"{name} = ?" for name in values)
    with closing(sqlite3.connect(world.database)) as connection, connection:
        done = connection.execute(
            f"UPDATE orders SET {sets}, updated_by = 'crm' WHERE order_no = ?", (*values.values(), number)
        )
        assert done.rowcount == 1


def numbers(world: World) -> list[str]:
    return [row["fields"]["order_no"] for row in world.erp.truth("classic")["rows"]]


def received(world: World, number: str) -> dict[str, Any]:
    return world.received()[number]


def conflict(world: World) -> StoredReview:
    (asked,) = [r for r in world.app.open_reviews(SOURCE) if r.item.breaks]
    assert [b.cls for b in asked.item.breaks] == [BreakClass.CONFLICT]
    return asked


@pytest.mark.slow
def test_the_erp_and_the_store_change_one_field(world: World) -> None:
    kept, taken = numbers(world)[3], numbers(world)[7]
    for number in (kept, taken):
        edited(world, number, remark="CRM：加急")
    drifted = world.sync()
    assert (drifted.error, drifted.changed, drifted.doubtful) == (None, 0, 0), drifted
    assert world.app.open_reviews(SOURCE) == [], "what only the store changed stays, and asks nothing"

    before = received(world, kept)["remark"]
    world.erp.edit(kept, remark="ERP：改期")
    run = world.sync()
    assert (run.error, run.changed, run.doubtful, run.status) == (None, 0, 1, RunStatus.PARTIAL), run
    asked = conflict(world)
    assert (asked.item.order_no, dict(asked.item.central)) == (kept, {"remark": "CRM：加急"})
    assert received(world, kept)["remark"] == before
    with pytest.raises(UsageError, match="changed on both sides"):
        world.app.decide(asked.id, "type", values={"remark": "x"}, by="li")
    assert world.app.decide(asked.id, "keep", values={}, by="li") == 0
    world.erp.edit(taken, remark="ERP：改期")
    again = world.sync()
    assert (again.error, again.changed, again.doubtful) == (None, 0, 1), again
    assert world.stored()[kept]["remark"] == "CRM：加急"
    assert world.app.decide(conflict(world).id, "accept", values={}, by="li") == 1
    world.app.push()
    assert world.stored()[taken]["remark"] == received(world, taken)["remark"] == "ERP：改期"
    assert world.app.open_reviews(SOURCE) == []


@pytest.mark.slow
@pytest.mark.parametrize(("owner", "stays"), [("erp", "ERP：改期"), ("store", "CRM：加急")])
def test_the_owner_of_a_field_decides_without_a_person(world: World, owner: str, stays: str) -> None:
    number = numbers(world)[5]
    world.configure(source=f'owner = {{ remark = "{owner}" }}')
    edited(world, number, remark="CRM：加急")
    world.erp.edit(number, remark="ERP：改期")
    run = world.sync()
    assert (run.error, run.doubtful, run.pushed) == (None, 0, int(owner == "erp")), run
    assert world.stored()[number]["remark"] == stays
    assert world.app.open_reviews(SOURCE) == []
