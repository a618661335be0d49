"""A silent error that the spot check finds, through whole syncs: asked at once, run after run, until it is decided."""

from __future__ import annotations

import pytest
from fault_world import SOURCE, World

from bridge.interfaces import Action
from bridge.records import Doubt
from bridge.review.blind import BlindCheckDesk
from bridge.wiring import utc_now

pytestmark = pytest.mark.acceptance


@pytest.mark.slow
def test_what_a_person_insists_on_is_asked_by_every_run_until_it_is_decided(world: World) -> None:
    app, now = world.app, utc_now()
    desk = BlindCheckDesk(
        app.store,
        sources=[SOURCE],
        profile_of=app.profile,
        has_picture=lambda r: app.evidence.crop(r.shot, r.box) is not None,
        a_day=12,
    )
    assert desk.draw(now.date(), now) == 12
    check = next(c for c in desk.waiting((), now) if c.field not in app.profile(SOURCE).key)
    assert not desk.answer(check, "A-WRONG-ONE", by="li", now=now)
    desk.insist(check, by="li", now=now)
    (asked,) = app.open_reviews(SOURCE)
    assert (asked.item.order_no, asked.item.fields) == (check.order_no, (check.field,))

    run = world.sync()
    assert (run.error, run.doubtful, run.changed) == (None, 1, 0), run
    (again,) = app.open_reviews(SOURCE)
    assert again.id == asked.id, "the same question"
    assert again.item.line is not None
    assert Doubt.READ_OTHERWISE in again.item.line.fields[check.field].doubts

    app.decide(asked.id, Action.ACCEPT.value, values={}, by="wang")
    assert app.store.measured()[0].wrong == 0, "somebody with both before them says that the value was right"
    run = world.sync()
    assert (run.error, run.doubtful, run.changed) == (None, 0, 0), run
    world.assert_right()
