"""Sign-in that lasts: a session goes on over runs, or is begun anew once; a list that moved is read once more."""

from __future__ import annotations

import json
import stat

import pytest
from fault_world import SOURCE, World

from bridge.records import RunStatus

pytestmark = [pytest.mark.acceptance, pytest.mark.slow]
KEEP = {"sign_in.after_run": "keep", "sign_in.sign_out": []}


def test_a_session_is_kept_only_after_success_and_used_while_it_holds(world: World) -> None:
    world.configure(KEEP)
    file = world.data / "sessions" / f"{SOURCE}.json"
    world.erp.faults.set("http_500")
    assert world.sync().error is not None
    assert not file.exists(), "nothing was captured with it"
    world.erp.faults.clear()
    world.erp.end_sessions()
    assert world.sync().captcha_answers >= 1
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    world.move_on()
    again = world.sync()
    assert (again.error, again.captcha_answers, again.complete) == (None, 0, True), "it did not sign in"
    world.assert_right()
    world.erp.end_sessions()
    after = world.sync()
    assert (after.error, after.complete) == (None, True), "an old session is no hindrance"
    assert after.captcha_answers >= 1
    kept = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**kept, "owner": "another account"}), encoding="utf-8")
    world.erp.end_sessions()
    assert world.sync().captcha_answers >= 1, "nobody else's session is used"


def test_a_session_lost_in_mid_list_is_begun_anew_once(world: World) -> None:
    changes = world.move_on()
    world.erp.faults.set("session_loss", page=2, times=1)
    run = world.sync()
    assert (run.error, run.complete, run.rows) == (None, True, len(world.expected())), run
    assert run.added + run.changed == changes
    world.erp.faults.clear()
    world.assert_right()


def test_a_list_that_moved_is_read_once_more(world: World) -> None:
    world.erp.faults.set("insert_while_paging", times=1)
    run = world.sync()
    assert (run.error, run.status, run.complete) == (None, RunStatus.OK, True), run
    assert run.added == 1
    world.assert_right()
