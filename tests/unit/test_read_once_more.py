"""What a later page teaches of a column is held against the pages before, in the same run."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from bridge.sync import _observe, _Run

NOW = datetime(2026, 2, 10, tzinfo=UTC)


class FakeReader:
    """Learns on the second page."""

    def __init__(self, name: str, *, learns: bool) -> None:
        self._name = name
        self._learns = learns
        self.learned_late = False

    def read(self, shot: str) -> str:
        self.learned_late = self._learns and shot == "page 2"
        return f"{shot} by {self._name}"


@pytest.mark.parametrize("learns", [False, True])
def test_pages_are_read_once_more_by_a_reader_that_knows(learns: bool) -> None:
    readers = iter([FakeReader("the first", learns=learns), FakeReader("the second", learns=learns)])
    shots = ["page 1", "page 2"]
    session = SimpleNamespace(
        redrawer=None,
        guard_blocked=0,
        captcha_answers=(0, 0),
        sign_in=lambda: None,
        open_list=lambda: None,
        keep=lambda: None,
        capture=lambda progress: SimpleNamespace(shots=shots),
    )
    parts: Any = SimpleNamespace(
        clock=lambda: NOW,
        driver=SimpleNamespace(open=lambda: nullcontext(session)),
        profile=SimpleNamespace(sign_in=None),
        reader=lambda redrawer: next(readers),
    )
    run = _Run(run_id="r", started_at=NOW, deadline=None, dry_run=False, progress=None)
    _observe(parts, run)
    by = "the second" if learns else "the first"
    assert run.grids == [f"{shot} by {by}" for shot in shots]
