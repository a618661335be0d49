"""A list that is not what it should be: headings, counts, rows that move, texts that lie.

Each through a whole sync.
What must hold after each run: nothing wrong is stored or pushed as good, nothing is called missing that was not
seen on a whole list, and the next good run makes everything right.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fault_world import KEPT, SOURCE, World, browsers

from bridge.cli.show import exit_code
from bridge.records import RunStatus, RunSummary

pytestmark = pytest.mark.acceptance


@pytest.fixture
def shared(shared: World) -> Iterator[World]:
    """The file's world, put in order again after each test."""
    yield shared
    shared.erp.faults.clear()
    shared.erp.end_sessions()
    shared.configure()


def refused(run: RunSummary, code: str, exits: int, *words: str) -> None:
    assert (run.error_code, run.status, run.complete) == (code, RunStatus.FAILED, False), run
    assert exit_code(run) == exits
    assert run.hint
    for word in words:
        assert word in (run.error or ""), run.error


def incomplete(run: RunSummary, *words: str) -> None:
    """The rows may count, but the list proves nothing about rows that it does not show."""
    assert (run.error, run.status, run.complete) == (None, RunStatus.PARTIAL, False), run
    assert exit_code(run) == 7
    assert (run.missing, run.gone, run.left) == (0, 0, 0)
    for word in words:
        assert any(word in why for why in run.why_not), run.why_not


def nothing_wrong(world: World) -> None:
    """What is stored, and what the receiver was told, is the ERP's truth wherever nobody is asked about it."""
    wanted = world.expected()
    waiting = {item.item.key for item in world.app.open_reviews(SOURCE)}
    for have in (world.stored(), world.received()):
        wrong = {k: (v, wanted.get(k)) for k, v in have.items() if k not in waiting and v != wanted.get(k)}
        assert wrong == {}
    assert world.receiver.faults == []
    assert browsers() == []


# --- headings and columns -----------------------------------------------------------------------------------


def test_a_renamed_heading_stops_the_list(shared: World) -> None:
    shared.erp.faults.set("rename_column")
    with shared.unmoved():
        run = shared.sync()
        refused(run, "layout_changed", 7, "'数量' is not there", "订货数量")
    # The page for whoever mends the profile: the line of the YAML file, the list now and as it was.
    lines = (shared.folder / "profile.yaml").read_text(encoding="utf-8").splitlines()
    told = re.search(r"columns\.\d+ \(.*profile\.yaml, line (\d+)\)", run.error or "")
    assert told, run.error
    assert "数量" in " ".join(lines[int(told[1]) - 1 :][:2])
    page = Path(run.report or "")
    assert page.name == "layout-changed.html"
    text = page.read_text(encoding="utf-8")
    assert f"line {told[1]}" in text
    now, before = (base64.b64decode(m) for m in re.findall(r'src="data:image/png;base64,([^"]+)"', text))
    assert now.startswith(b"\x89PNG")
    assert before.startswith(b"\x89PNG")
    assert now != before


def test_a_missing_heading_stops_the_list(shared: World) -> None:
    shared.erp.faults.set("rename_column", column="订单编号", to="")
    with shared.unmoved():
        refused(shared.sync(), "layout_changed", 7, "'订单编号' is not there")


def test_two_columns_that_changed_places_are_still_right(shared: World) -> None:
    shared.erp.faults.set("move_column")
    before = shared.kept()["baseline"]
    run = shared.sync()
    assert (run.error, run.complete, run.changed) == (None, True, 0), run
    assert shared.kept()["baseline"] == before
    nothing_wrong(shared)


def test_a_further_column_does_no_harm(shared: World) -> None:
    shared.erp.faults.set("extra_column")
    run = shared.sync()
    assert (run.error, run.complete, run.changed, run.rows) == (None, True, 0, len(shared.expected())), run
    nothing_wrong(shared)


# --- counts -------------------------------------------------------------------------------------------------


def test_an_empty_list_that_says_so_is_held(shared: World) -> None:
    """共0条 over no rows is a complete list; that everything vanished at once is for a person to believe."""
    shared.erp.faults.set("empty_list")
    before = shared.kept()
    run = shared.sync()
    assert (run.missing, run.gone, run.left, run.pushed) == (0, 0, 0, 0), run
    assert exit_code(run) != 0
    after = shared.kept()
    for table in ("baseline", "orders", "order_events", "outbox"):
        assert after[table] == before[table]
    second = shared.sync()
    assert (second.missing, second.gone, second.left, second.pushed) == (0, 0, 0, 0), second
    assert shared.kept()["baseline"] == before["baseline"]
    nothing_wrong(shared)


@pytest.mark.parametrize("by", [1, -1])
def test_a_count_that_disagrees_with_the_rows(shared: World, by: int) -> None:
    rows = len(shared.expected())
    shared.erp.faults.set("wrong_total", by=by)
    incomplete(shared.sync(), f"count of {rows + by}, read were {rows} rows")
    nothing_wrong(shared)


def test_a_row_that_is_not_shown_is_not_missing(shared: World) -> None:
    shared.erp.faults.set("missing_row", page=2)
    rows = len(shared.expected())
    for _ in range(2):  # not even the second time
        incomplete(shared.sync(), f"count of {rows}, read were {rows - 1} rows")
    nothing_wrong(shared)


def test_sums_that_disagree_prove_nothing_missing(shared: World) -> None:
    shared.erp.faults.set("wrong_sum")
    incomplete(shared.sync())
    nothing_wrong(shared)


# --- a list that moves while it is read ---------------------------------------------------------------------


def test_a_row_that_two_pages_show_waits(shared: World) -> None:
    shared.erp.faults.set("duplicate_row_across_pages", page=2)
    incomplete(shared.sync(), "2 times in the list")
    nothing_wrong(shared)


def test_an_order_that_arrives_while_paging(shared: World) -> None:
    """Each time the list is read; where it happens once, the second look is right (test_sessions.py)."""
    shared.erp.faults.set("insert_while_paging")
    incomplete(shared.sync())
    nothing_wrong(shared)
    shared.erp.faults.clear()
    shared.settle()


def test_an_order_that_goes_while_paging(shared: World) -> None:
    """Everything moves up, so one order slips from page 2 to page 1 unseen; it must not be missed."""
    shared.erp.faults.set("delete_while_paging", times=2)
    run = shared.sync()
    assert (run.complete, run.missing, run.gone, run.left) == (False, 0, 0, 0), run
    nothing_wrong_but_gone(shared)
    shared.erp.faults.clear()
    shared.settle()


def nothing_wrong_but_gone(world: World) -> None:
    wanted = world.expected()
    assert all(wanted[k] == v for k, v in world.stored().items() if k in wanted)
    assert set(wanted) <= set(world.stored())


# --- things in the way --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialog", ["alert", "confirm"])
def test_a_dialog_in_mid_list(shared: World, dialog: str) -> None:
    shared.erp.faults.set("dialog_in_midlist", dialog=dialog)
    run = shared.sync()
    assert (run.error, run.complete, run.changed) == (None, True, 0), run
    assert (run.guard_blocked > 0) == (dialog == "confirm")
    nothing_wrong(shared)


def test_an_announcement_over_the_list_hides_nothing_silently(shared: World) -> None:
    shared.erp.faults.set("popup_in_midlist")
    run = shared.sync()
    nothing_wrong(shared)
    assert run.changed == 0
    assert run.error is not None or run.doubtful or run.complete


# --- texts that lie -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lie",
    [
        {"mode": "overlay"},
        {"mode": "hidden_span"},
        {"mode": "pseudo"},
        {"mode": "text_transform"},
        {"mode": "bidi"},
        {"mode": "overlay", "column": "金额"},
        {"mode": "hidden_span", "column": "订单编号"},
    ],
    ids=lambda lie: "-".join(lie.values()),
)
def test_what_the_screen_shows_is_pushed_or_nothing(shared: World, lie: dict[str, Any]) -> None:
    shared.erp.faults.set("lying_text", **lie)
    before = {t: rows for t, rows in shared.kept().items() if t in ("baseline", "outbox")}
    run = shared.sync()
    assert run.error is None or run.error_code == "held", run
    after = shared.kept()
    assert {t: after[t] for t in before} == before, "the screen still shows the same, whatever the page says"
    nothing_wrong(shared)


def test_lies_met_on_the_first_sync(seed: World, world: World) -> None:
    """No memory, no baseline to compare with: still nothing but what the screen shows may come out."""
    world.forget_app()
    for name in KEPT:
        assert name in world.kept()
    for file in world.data.glob("bridge.db*"):
        file.unlink()
    world.receiver.close()
    (world.folder / "receiver.jsonl").unlink()
    world.reopen_receiver()
    world.erp.faults.set("lying_text", mode="overlay", every=2)
    run = world.sync()
    assert run.error is None
    assert run.doubtful > 0
    nothing_wrong(world)


def test_after_all_these_a_good_run_makes_everything_right(shared: World) -> None:
    shared.erp.advance(5)
    shared.settle()
