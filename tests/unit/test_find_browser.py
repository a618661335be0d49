"""Finding a browser: the order, the versions, and what is said when there is none."""

from __future__ import annotations

import plistlib
import re
import sys
from pathlib import Path

import playwright
import pytest

from bridge import debian
from bridge.erp import find_browser as module
from bridge.erp.find_browser import ensure_browser, find_browser, launch_args
from bridge.errors import SetupError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the fake browsers are shell scripts")


@pytest.fixture(autouse=True)
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without any browser; returns the one folder on its PATH."""
    programs = tmp_path / "bin"
    programs.mkdir()
    monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path / "playwright"))
    monkeypatch.delenv("BRIDGE_BROWSER", raising=False)
    monkeypatch.setattr(module, "PLATFORM", "linux")
    return programs


def program(path: Path, says: str) -> Path:
    """A program that prints ``says``, and leaves a mark that it was started."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n: > '{path}.started'\necho '{says}'\n")
    path.chmod(0o755)
    return path


def playwright_build(root: Path, revision: str, *, complete: bool = True) -> Path:
    build = root / "playwright" / f"chromium-{revision}"
    path = program(build / "chrome-linux64" / "chrome", f"Google Chrome for Testing {revision}.0.1.2")
    if complete:
        (build / "INSTALLATION_COMPLETE").touch()
    return path


def test_edge_goes_before_chrome_before_chromium_before_playwrights_own(bare: Path, tmp_path: Path) -> None:
    own = playwright_build(tmp_path, "1255")
    assert (find_browser().kind, find_browser().path) == ("playwright", own)
    program(bare / "chromium", "Chromium 156.0.8078.73 built on Debian")
    assert (find_browser().kind, find_browser().version) == ("chromium", "156.0.8078.73")
    program(bare / "google-chrome", "Google Chrome 157.0.1.2")
    assert find_browser().kind == "chrome"
    program(bare / "microsoft-edge-stable", "Microsoft Edge 158.0.1.2")
    browser = find_browser()
    assert (browser.kind, browser.path) == ("edge", bare / "microsoft-edge-stable")
    assert "PATH" in browser.found


def test_the_given_browser_goes_before_all(bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(bare / "chromium", "Chromium 156.0.8078.73")
    given = program(tmp_path / "portable" / "msedge", "Microsoft Edge 150.0.1.2")
    monkeypatch.setenv("BRIDGE_BROWSER", str(given))
    browser = find_browser()
    assert (browser.kind, browser.path, browser.version) == ("edge", given, "150.0.1.2")
    assert "BRIDGE_BROWSER" in browser.found


def test_a_given_browser_that_is_not_there_is_an_error_and_not_replaced(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(bare / "chromium", "Chromium 156.0.8078.73")
    monkeypatch.setenv("BRIDGE_BROWSER", str(tmp_path / "typo"))
    for find in (find_browser, lambda: ensure_browser(print)):
        with pytest.raises(SetupError, match=r"BRIDGE_BROWSER is set to .*typo"):
            find()


def test_of_playwrights_builds_the_newest_complete_one_is_taken(tmp_path: Path) -> None:
    playwright_build(tmp_path, "999")
    newest = playwright_build(tmp_path, "1255")
    playwright_build(tmp_path, "1300", complete=False)
    assert find_browser().path == newest


def test_playwrights_folder_inside_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", "0")
    with pytest.raises(SetupError, match="No browser"):
        find_browser()
    assert module._playwright_folder().parts[-4:] == ("playwright", "driver", "package", ".local-browsers")


def test_on_windows_the_version_is_read_without_starting_the_browser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PLATFORM", "win32")
    monkeypatch.setenv("PROGRAMFILES(X86)", str(tmp_path))
    monkeypatch.setitem(module._WINDOWS, "edge", ("Microsoft/Edge/Application/msedge.exe",))
    edge = program(tmp_path / "Microsoft" / "Edge" / "Application" / "msedge.exe", "a window opens")
    for version in ("99.0.1150.30", "130.0.2849.46"):
        (edge.parent / version).mkdir()
    browser = find_browser()
    assert (browser.kind, browser.path, browser.version) == ("edge", edge, "130.0.2849.46")
    assert not edge.with_name("msedge.exe.started").exists()


def test_on_macos_the_version_is_read_without_starting_the_browser(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PLATFORM", "darwin")
    monkeypatch.setenv("HOME", str(tmp_path))
    inside = tmp_path / "Applications" / "Google Chrome.app" / "Contents"
    chrome = program(inside / "MacOS" / "Google Chrome", "a window opens")
    (inside / "Info.plist").write_bytes(plistlib.dumps({"CFBundleShortVersionString": "157.0.1.2"}))
    browser = find_browser()
    assert (browser.kind, browser.version) == ("chrome", "157.0.1.2")
    assert not chrome.with_name("Google Chrome.started").exists()


@pytest.mark.parametrize("body", ["exit 1", "exec /nowhere/chromium", "echo no number"])
def test_a_version_that_cannot_be_learnt_is_empty(bare: Path, body: str) -> None:
    (bare / "chromium").write_text(f"#!/bin/sh\n{body}\n")
    (bare / "chromium").chmod(0o755)
    assert find_browser().version == ""


def test_no_browser_and_none_to_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    """Playwright's download host is a closed port, and this PATH has no apt-get."""
    monkeypatch.setenv("PLAYWRIGHT_DOWNLOAD_HOST", "http://127.0.0.1:9")
    words: list[str] = []
    with pytest.raises(SetupError) as caught:
        ensure_browser(words.append)
    assert (
        "Playwright's own: `playwright install chromium` failed: Error: connect ECONNREFUSED"
        in caught.value.message
    )
    assert "Debian's: Cannot install chromium: this machine has no apt-get" in caught.value.message
    assert "Edge" in caught.value.hint
    assert "BRIDGE_BROWSER" in caught.value.hint
    assert caught.value.where == {"part": "browser"}
    assert any("downloading" in line for line in words)


def test_offline_fetches_nothing() -> None:
    words: list[str] = []
    with pytest.raises(SetupError, match="No browser was found"):
        ensure_browser(words.append, offline=True)
    assert words == []


def test_the_command_explains_instead_of_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert module.main(["--offline"]) == 4
    error = capsys.readouterr().err
    assert error.startswith("browser: No browser was found")
    assert "\n  next: Install Microsoft Edge" in error


def test_the_sandbox_is_off_as_root_only() -> None:
    assert "--no-sandbox" in launch_args(is_root=True)
    quiet = launch_args(is_root=False)
    assert "--no-sandbox" not in quiet
    assert {"--disable-background-networking", "--disable-component-update", "--no-first-run"} < set(quiet)


def test_nothing_that_playwright_switches_off_comes_back_on() -> None:
    # Chromium heeds only the last --disable-features, and ours comes after Playwright's.
    switches = Path(playwright.__file__).parent / "driver" / "package" / "lib" / "coreBundle.js"
    theirs = switches.read_text(encoding="utf-8").partition("disabledFeatures = [")[2].partition("]")[0]
    features = set(re.findall(r'^\s*"(\w+)",?$', theirs, re.MULTILINE))
    assert len(features) > 10
    (ours,) = (a for a in launch_args(is_root=False) if a.startswith("--disable-features="))
    assert features < set(ours.partition("=")[2].split(","))


def apt_get(folder: Path, body: str) -> None:
    (folder / "apt-get").write_text(f'#!/bin/sh\n/bin/echo "$@" >> "{folder}/asked"\n{body}\n')
    (folder / "apt-get").chmod(0o755)


@pytest.fixture
def as_root_on_debian(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(debian, "is_root", lambda: True)
    monkeypatch.setattr(debian, "LISTS", tmp_path / "lists")
    if not Path("/var/lib/dpkg").is_dir():
        pytest.skip("not a Debian")


@pytest.mark.usefixtures("as_root_on_debian")
def test_apt_get_refreshes_its_lists_only_where_there_are_none(bare: Path, tmp_path: Path) -> None:
    apt_get(bare, "exit 0")
    debian.install(["chromium"], print)
    assert [line.split()[2] for line in (bare / "asked").read_text().splitlines()] == ["update", "install"]
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "some_main_binary-amd64_Packages.lz4").touch()
    debian.install(["chromium"], print)
    assert [line.split()[2] for line in (bare / "asked").read_text().splitlines()][2:] == ["install"]


@pytest.mark.usefixtures("as_root_on_debian")
def test_what_apt_get_says_reaches_the_reader(bare: Path) -> None:
    apt_get(bare, "/bin/echo 'E: Unable to locate package chromium'; exit 100")
    with pytest.raises(SetupError, match="E: Unable to locate package chromium"):
        debian.install(["chromium"], print)


def test_without_root_the_exact_line_is_said(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not Path("/var/lib/dpkg").is_dir():
        pytest.skip("not a Debian")
    apt_get(bare, "exit 0")
    monkeypatch.setattr(debian, "is_root", lambda: False)
    with pytest.raises(SetupError) as caught:
        debian.install(["chromium"], print)
    assert caught.value.hint == "Run: sudo apt-get update && sudo apt-get install -y chromium"
    assert not (bare / "asked").exists()
