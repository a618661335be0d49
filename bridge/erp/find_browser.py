"""Which browser the bridge drives: one that is installed already, else one that can be fetched.

The order: ``BRIDGE_BROWSER`` (a path), Edge, Chrome, Chromium, the one that Playwright downloaded before.
``ensure_browser`` goes on with ``playwright install chromium`` and then, as root on Debian, apt-get's chromium.
Nothing here starts a browser window; on Windows and macOS the version is read from the installation's own files.

    python -m bridge.erp.find_browser [--offline]
"""

from __future__ import annotations

import argparse
import os
import plistlib
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from bridge import debian
from bridge.errors import SetupError

Kind = Literal["edge", "chrome", "chromium", "playwright"]
Progress = Callable[[str], None]

PLATFORM: str = sys.platform
DOWNLOAD_LIMIT_S = 900
VERSION_LIMIT_S = 20
ALTERNATIVES = (
    "Install Microsoft Edge, Google Chrome or Chromium, or set BRIDGE_BROWSER to the path of one; "
    "where Playwright's download is blocked by a proxy, set HTTPS_PROXY or PLAYWRIGHT_DOWNLOAD_HOST."
)

_NAMES: dict[Kind, tuple[str, ...]] = {
    "edge": ("microsoft-edge", "microsoft-edge-stable", "msedge"),
    "chrome": ("google-chrome", "google-chrome-stable", "chrome"),
    "chromium": ("chromium", "chromium-browser"),
}
_WINDOWS: dict[Kind, tuple[str, ...]] = {
    "edge": (r"Microsoft\Edge\Application\msedge.exe",),
    "chrome": (r"Google\Chrome\Application\chrome.exe",),
    "chromium": (r"Chromium\Application\chrome.exe",),
}
_MACOS: dict[Kind, tuple[str, ...]] = {
    "edge": ("Microsoft Edge.app/Contents/MacOS/Microsoft Edge",),
    "chrome": ("Google Chrome.app/Contents/MacOS/Google Chrome",),
    "chromium": ("Chromium.app/Contents/MacOS/Chromium",),
}
# Where a build of Playwright's keeps its program, by the names used since 2020.
_PLAYWRIGHT_PROGRAMS = (
    "chrome-linux64/chrome",
    "chrome-linux/chrome",
    "chrome-win64/chrome.exe",
    "chrome-win/chrome.exe",
    "chrome-mac*/*.app/Contents/MacOS/*",
)
# What Playwright 1.65 switches off (chromiumSwitches of its driver; tests/unit/test_find_browser.py compares).
# Chromium heeds only the last --disable-features, which is ours: so it names these, too.
_OFF_FOR_PLAYWRIGHT = (
    "AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "HttpsUpgrades",
    "HttpsFirstBalancedModeAutoEnable", "LensOverlay", "MediaRouter", "PaintHolding",
    "ThirdPartyStoragePartitioning", "AvoidCorsURLLoaderRestartOnRedirect", "TcpPortRandomizationWin",
    "OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch",
    "msForceBrowserSignIn", "msEdgeUpdateLaunchServicesPreferredVersion",
)  # fmt: skip
# The address bar's suggestions, which nobody sees here, are two web pages in each window, with a process of their
# own: more work than the page that is looked at.
_OFF_FOR_US = ("WebUIOmniboxPopup", "WebUIOmniboxAimPopup")


@dataclass(frozen=True, kw_only=True)
class Browser:
    """A browser of the Chromium family that can be driven."""

    kind: Kind
    path: Path  # the program itself, for Playwright's ``executable_path``
    version: str  # "156.0.8078.73"; "" where it cannot be learnt without starting the browser
    found: str  # how it was found, in words for people


def launch_args(*, is_root: bool) -> list[str]:
    """The command-line switches for every start: no calls home, no first-run pages, nothing that nobody sees.

    ``is_root``: Chromium refuses to start as root unless its sandbox is off, so it is off there and only there.
    """
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    # No screen waits for its next picture, so none is waited for: 13 ms a screenshot, not 30.
    quiet.append("--disable-frame-rate-limit")
    quiet.append("--disable-features=" + ",".join((*_OFF_FOR_PLAYWRIGHT, *_OFF_FOR_US)))
    return [*quiet, "--no-sandbox"] if is_root else quiet


def find_browser() -> Browser:
    """The browser to drive, without installing anything.

    Raises SetupError if ``BRIDGE_BROWSER`` names no program, or if there is no browser at all.
    """
    given = os.environ.get("BRIDGE_BROWSER")
    if given:
        return _given(Path(given).expanduser())
    for candidate in _installed():
        return candidate
    for candidate in _downloaded_by_playwright():
        return candidate
    raise SetupError("No browser was found on this machine.", hint=ALTERNATIVES, part="browser")


def ensure_browser(progress: Progress, *, offline: bool = False) -> Browser:
    """The browser to drive; fetches one if there is none.

    progress: called with one line of words before each long step.
    offline:  fetch nothing.
    Raises SetupError naming what was tried and the alternatives.
    """
    try:
        return find_browser()
    except SetupError:
        if offline or os.environ.get("BRIDGE_BROWSER"):
            raise
    tried = []
    for words, fetch in (("Playwright's own", _fetch_with_playwright), ("Debian's", _fetch_with_apt)):
        try:
            fetch(progress)
            return find_browser()
        except SetupError as error:
            tried.append(f"{words}: {error.message}")
    raise SetupError(
        "No browser was found on this machine, and none could be fetched.\n  " + "\n  ".join(tried),
        hint=ALTERNATIVES,
        part="browser",
    )


def _given(path: Path) -> Browser:
    if not path.is_file():
        raise SetupError(
            f"BRIDGE_BROWSER is set to {path}, and there is no such program.",
            hint="Correct BRIDGE_BROWSER, or unset it to use the installed browser.",
            part="browser",
        )
    name = path.name.lower()
    kind: Kind = "edge" if "edge" in name else "chromium" if "chromium" in name else "chrome"
    return Browser(kind=kind, path=path, version=_version(path), found="given by BRIDGE_BROWSER")


def _installed() -> Iterator[Browser]:
    for kind, names in _NAMES.items():
        for path in _well_known(kind):
            if path.is_file():
                yield Browser(kind=kind, path=path, version=_version(path), found=f"installed at {path}")
        for name in names:
            on_path = shutil.which(name)
            if on_path:
                path = Path(on_path)
                yield Browser(kind=kind, path=path, version=_version(path), found=f"on the PATH as {name}")


def _well_known(kind: Kind) -> Iterator[Path]:
    if PLATFORM == "win32":
        for variable in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA"):
            folder = os.environ.get(variable)
            if folder:
                yield from (Path(folder) / inside for inside in _WINDOWS[kind])
    elif PLATFORM == "darwin":
        for applications in (Path("/Applications"), Path.home() / "Applications"):
            yield from (applications / inside for inside in _MACOS[kind])


def _downloaded_by_playwright() -> Iterator[Browser]:
    """Complete builds in Playwright's folder, the newest first."""

    def revision(folder: Path) -> int:
        return int(folder.name.rpartition("-")[2])

    builds = [
        folder
        for folder in _playwright_folder().glob("chromium-*")
        if folder.name.rpartition("-")[2].isdigit() and (folder / "INSTALLATION_COMPLETE").exists()
    ]
    for build in sorted(builds, key=revision, reverse=True):
        for pattern in _PLAYWRIGHT_PROGRAMS:
            for path in build.glob(pattern):
                words = f"downloaded by Playwright ({build.name})"
                yield Browser(kind="playwright", path=path, version=_version(path), found=words)


def _playwright_folder() -> Path:
    """Where Playwright keeps its browsers; "0" means inside its own package (its documentation, "Browsers")."""
    given = os.environ.get("PLAYWRIGHT_BROWSERS_PATH")
    if given == "0":
        package = find_spec("playwright")
        inside = Path(package.origin).parent if package and package.origin else Path(sys.prefix)
        return inside / "driver" / "package" / ".local-browsers"
    if given:
        return Path(given)
    if PLATFORM == "win32":
        return Path(os.environ.get("LOCALAPPDATA", str(Path.home() / "AppData" / "Local"))) / "ms-playwright"
    if PLATFORM == "darwin":
        return Path.home() / "Library" / "Caches" / "ms-playwright"
    return Path(os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))) / "ms-playwright"


def _version(path: Path) -> str:
    """The browser's version, or "". Only on Linux is the program asked: there ``--version`` opens no window."""
    if PLATFORM == "win32":
        versions = [folder.name for folder in path.parent.glob("*.*.*.*") if folder.is_dir()]
        return max(versions, key=lambda name: [int(part) for part in re.findall(r"\d+", name)], default="")
    if PLATFORM == "darwin":
        facts = path.parent.parent / "Info.plist"
        if not facts.is_file():
            return ""
        return str(plistlib.loads(facts.read_bytes()).get("CFBundleShortVersionString", ""))
    try:
        done = subprocess.run(
            [str(path), "--version"], stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
            errors="replace", timeout=VERSION_LIMIT_S, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    match = re.search(r"\d+(\.\d+)+", done.stdout)
    return match.group() if match else ""


def _fetch_with_playwright(progress: Progress) -> None:
    progress("downloading Chromium with Playwright (about 180 MB)")
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8",
            errors="replace", timeout=DOWNLOAD_LIMIT_S, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise SetupError(f"the download did not end within {DOWNLOAD_LIMIT_S} s.") from error
    if done.returncode != 0:
        raise SetupError(f"`playwright install chromium` failed: {_reason(done.stdout)}")


def _reason(output: str) -> str:
    """The line of a tool's output that says why, without its stack."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    telling = [line for line in lines if re.search(r"error|failed|refused|denied", line, re.IGNORECASE)]
    return (telling or lines or ["it said nothing"])[0]


def _fetch_with_apt(progress: Progress) -> None:
    debian.install(["chromium"], progress)


def main(arguments: Sequence[str] | None = None) -> int:
    """Make sure of a browser and say which; returns an exit code and explains a failure on stderr."""
    parser = argparse.ArgumentParser(prog="python -m bridge.erp.find_browser", description=main.__doc__)
    parser.add_argument("--offline", action="store_true", help="fetch nothing; fail if no browser is there")
    options = parser.parse_args(arguments)
    try:
        browser = ensure_browser(lambda words: print(words, flush=True), offline=options.offline)
    except SetupError as error:
        print(f"browser: {error.message}", f"  next: {error.hint}", sep="\n", file=sys.stderr)
        return error.exit_code
    print(f"{browser.kind} {browser.version}, {browser.found}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
