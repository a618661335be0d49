"""Opening and losing a browser."""

from __future__ import annotations

import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Error as PlaywrightError

from bridge.erp.browser import BrowserOptions, open_browser
from bridge.erp.faults import mapped
from bridge.errors import SetupError, SourceUnavailable


def test_a_window_is_one_page_and_none_of_the_browser_s_own() -> None:
    with open_browser(BrowserOptions()) as browser:
        browser.new_page()
        everything = browser.new_browser_cdp_session().send("Target.getTargets", {"filter": [{}]})["targetInfos"]
    assert [t["url"] for t in everything if t["type"] == "page"] == ["about:blank"] * 2  # the profile's, and ours
    assert [t["url"] for t in everything if t["url"].startswith("chrome:")] == []


def test_a_helper_that_is_killed_while_it_starts_is_a_run_s_error_and_no_crash() -> None:
    killed: list[int] = []

    def kill() -> None:
        end = time.monotonic() + 20
        while not killed and time.monotonic() < end:
            for child in psutil.Process().children():
                if "run-driver" in child.cmdline():
                    child.kill()
                    killed.append(child.pid)
            time.sleep(0.01)

    killer = threading.Thread(target=kill)
    killer.start()
    with pytest.raises(SetupError, match="Playwright does not start"), open_browser(BrowserOptions()):
        pass
    killer.join()
    assert len(killed) == 1
    with open_browser(BrowserOptions()) as browser:  # and nothing is left that the next one trips over
        assert browser.is_connected()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX processes")
def test_what_a_killed_browser_leaves_in_its_temporary_folder_goes_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen in the soak: four empty files of Chromium's after 28 kills."""
    with tempfile.TemporaryDirectory(prefix="b-") as ours:
        monkeypatch.setattr("tempfile.tempdir", ours)
        with open_browser(BrowserOptions()):
            family = psutil.Process().children(recursive=True)
            chromium = [p for p in family if any("bridge-browser" in word for word in p.cmdline())]
            named = [p.environ().get("TMPDIR") for p in chromium]  # helpers of Chromium's show no surroundings
            scratch = {Path(place) for place in named if place}
            assert [s for s in scratch if not s.is_relative_to(ours)] == []
            for folder in scratch:
                (folder / ".org.chromium.Chromium.left").touch()
            for process in chromium:
                process.kill()
        assert scratch
        assert list(Path(ours).iterdir()) == []


def test_a_call_that_never_comes_back_ends_the_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Playwright limits no script; a sync had waited for one for ever."""
    monkeypatch.setattr("bridge.erp.browser.ANSWER_LIMIT_S", 1.0)
    with open_browser(BrowserOptions(patience_s=2.0)) as browser:
        page = browser.new_page()
        began = time.monotonic()
        with pytest.raises(PlaywrightError, match="closed") as raised:
            page.evaluate("() => new Promise(() => {})")
        assert 3.0 <= time.monotonic() - began < 20.0
        with pytest.raises(PlaywrightError, match="closed"):
            page.evaluate("1")
    assert isinstance(mapped(raised.value, "list.open"), SourceUnavailable)


def test_many_calls_and_long_pauses_between_them_are_no_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bridge.erp.browser.ANSWER_LIMIT_S", 1.0)
    with open_browser(BrowserOptions(patience_s=1.0)) as browser:
        page = browser.new_page()
        for _ in range(2):
            time.sleep(3)  # our own work; Playwright's event loop stands still
            page.evaluate("() => 1")
        end = time.monotonic() + 4
        while time.monotonic() < end:
            page.wait_for_timeout(100)
        assert page.evaluate("() => 2") == 2
