"""The browser's own screenshot, which a busy browser refuses now and then."""

from __future__ import annotations

from typing import Any, cast

import pytest
from playwright.sync_api import CDPSession
from playwright.sync_api import Error as PlaywrightError

from bridge.erp import redraw
from bridge.records import Box

NO_FRAME = "CDPSession.send: Protocol error (Page.captureScreenshot): Unable to capture screenshot"
REGION = Box(x=1, y=2, w=30, h=40)


class Busy:
    """A protocol session that fails so many times first."""

    def __init__(self, times: int, message: str) -> None:
        self.left = times
        self.message = message
        self.asked = 0

    def send(self, method: str, params: dict[str, Any]) -> dict[str, str]:
        self.asked += 1
        assert params["clip"] == {"x": 1, "y": 2, "width": 30, "height": 40, "scale": 1}
        if self.left:
            self.left -= 1
            raise PlaywrightError(self.message)
        return {"data": "cG5n"}


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redraw, "WAITS_FOR_A_FRAME_S", (0.0, 0.0, 0.0))


@pytest.mark.parametrize("times", [0, 1, 3])
def test_a_browser_without_a_frame_is_asked_again(times: int) -> None:
    busy = Busy(times, NO_FRAME)
    assert redraw.screenshot(cast(CDPSession, busy), REGION) == "cG5n"
    assert busy.asked == times + 1


def test_not_for_ever() -> None:
    busy = Busy(99, NO_FRAME)
    with pytest.raises(PlaywrightError, match="Unable to capture"):
        redraw.screenshot(cast(CDPSession, busy), REGION)
    assert busy.asked == 4


def test_a_browser_that_died_is_not_asked_again() -> None:
    busy = Busy(99, "Target page, context or browser has been closed")
    with pytest.raises(PlaywrightError, match="closed"):
        redraw.screenshot(cast(CDPSession, busy), REGION)
    assert busy.asked == 1
