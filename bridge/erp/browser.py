"""Opening a browser that can do nothing but this one source, and leaving nothing of it behind.

Four walls are set up before the first page exists, because the guard's interception (``bridge.erp.guard``)
does not see everything that a browser sends (measured with Chromium 156, tests/integration/test_guard.py):

- no other host: names and addresses other than the source's do not resolve at all;
- no web sockets, from pages or workers: they alone fall through to a SOCKS proxy that does not exist;
- no speculation (prefetch, prerender): switched off in the profile folder's preferences;
- no downloads, by the same preferences.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

import psutil
from playwright.sync_api import Browser, BrowserContext, Playwright, StorageState, sync_playwright
from playwright.sync_api import Error as PlaywrightError

from bridge import profiles
from bridge.erp.find_browser import find_browser, launch_args
from bridge.erp.hang_watch import ended_if_hung
from bridge.erp.trust import checked_key
from bridge.errors import SetupError
from bridge.processes import wait_for_end

# How long closing may take before the browser's processes are ended from outside.
CLOSING_LIMIT_S = 10.0
# How long one call may wait; what a profile allows for one page or element comes on top.
ANSWER_LIMIT_S = 40.0
_FOLDER = "bridge-browser-"
# Chromium makes a socket in its temporary folder, with some 46 bytes of its own; 107 are allowed (unix(7)).
_LONGEST_TMPDIR, _SHORT_TMPDIR = 60, "/tmp"
_PREFERENCES = {
    "net": {"network_prediction_options": 2},  # 2 = never prefetch, prerender or preconnect
    "download_restrictions": 3,  # 3 = block all downloads
    "credentials_enable_service": False,
    "profile": {"password_manager_enabled": False},
}


@dataclass(frozen=True, kw_only=True)
class BrowserOptions:
    """executable: None = the one that ``find_browser`` finds.
    ca_file: PEM with the ERP's own certificate authority; see ``bridge.erp.trust``.
    proxy: "host:port" of an HTTP proxy on the way to the ERP; None = straight.
    patience_s: the longest wait that is asked of the browser for one page or element; one that does not answer for
    ``ANSWER_LIMIT_S`` more is ended."""

    executable: Path | None = None
    headless: bool = True
    ca_file: Path | None = None
    proxy: str | None = None
    patience_s: float = 20.0


@contextmanager
def open_browser(options: BrowserOptions, *, url: str | None = None) -> Iterator[Browser]:
    """A running browser that reaches only the host of ``url`` (None: no host at all).

    However the block is left, no process and no folder of this browser remains; a hung one is killed.
    Raises SetupError if there is no browser or it does not start; ConfigError, CertificateError and
    SourceUnavailable as ``checked_key``.
    """
    executable = options.executable or find_browser().path
    pin = checked_key(url, options.ca_file) if url and options.ca_file else None
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=f"{_FOLDER}{os.getpid()}-"))
    scratch = folder / "t"
    try:
        if len(os.fsencode(scratch)) > _LONGEST_TMPDIR and sys.platform != "win32":
            scratch = Path(tempfile.mkdtemp(prefix=f"{_FOLDER}{os.getpid()}-", dir=_SHORT_TMPDIR))
        scratch.mkdir(exist_ok=True)
        _write_preferences(folder)
        with _driver() as playwright:
            window = _launch(playwright, options, executable, (folder, scratch), _walls(url, options.proxy, pin))
            processes = _tree(folder)
            try:
                browser = window.browser
                if browser is None:
                    raise SetupError("this Playwright hands out no browser for a profile folder; it is too old")
                limit_s = options.patience_s + ANSWER_LIMIT_S
                with ended_if_hung(limit_s, lambda: _kill(_tree(folder) | processes)):
                    yield browser
            finally:
                with _killed_if_hung(folder, processes):
                    _close(window)
                _kill(_tree(folder) | processes)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(scratch, ignore_errors=True)


def new_context(
    browser: Browser, look: profiles.Browser, scale: float, storage_state: dict[str, Any] | None = None
) -> BrowserContext:
    """A window of its own, as the profile's ``browser`` part says.  scale: device pixels per css pixel.
    storage_state: cookies and localStorage in Playwright's form; None: nothing is remembered."""
    width, height = look.viewport
    return browser.new_context(
        storage_state=cast(StorageState, storage_state) if storage_state is not None else None,
        viewport={"width": width, "height": height},
        screen={"width": width, "height": height},
        device_scale_factor=scale,
        locale=look.locale,
        timezone_id=look.timezone,
        accept_downloads=False,
        ignore_https_errors=False,
        service_workers="block",
    )


def _walls(url: str | None, proxy: str | None, pin: str | None) -> list[str]:
    via = f"http={proxy};https={proxy}" if proxy else "http=direct://;https=direct://"
    hosts = [host for host in (_host(url), _host(f"//{proxy}" if proxy else None)) if host]
    allowed = "".join(f", EXCLUDE {host}" for host in hosts)
    flags = [
        f"--host-resolver-rules=MAP * ~NOTFOUND{allowed}",
        # Web sockets take the SOCKS entry; port 9 (discard, RFC 863) has nobody listening.
        f"--proxy-server={via};socks=127.0.0.1:9",
        # Loopback is no exception from the line above.
        "--proxy-bypass-list=<-loopback>",
        "--force-webrtc-ip-handling-policy=disable_non_proxied_udp",
    ]
    if pin:
        flags.append(f"--ignore-certificate-errors-spki-list={pin}")
    return flags


def _host(url: str | None) -> str | None:
    host = urlsplit(url).hostname if url else None
    return f"[{host}]" if host and ":" in host else host


def _write_preferences(folder: Path) -> None:
    (folder / "Default").mkdir()
    (folder / "Default" / "Preferences").write_text(json.dumps(_PREFERENCES), encoding="utf-8")


@contextmanager
def _driver() -> Iterator[Playwright]:
    """Playwright's helper process."""
    before = _children()
    try:
        playwright = sync_playwright().start()
    except Exception as e:  # a bare one if its helper process ends while it starts
        _kill({p for p in _children() - before if _is_driver(p)})
        raise SetupError(f"Playwright does not start: {e}", hint="Install it again, see `bridge doctor`.") from e
    helpers = {p for p in _children() - before if _is_driver(p)}
    try:
        yield playwright
    finally:
        timer = threading.Timer(CLOSING_LIMIT_S, _kill, [helpers])
        timer.start()
        try:
            with suppress(PlaywrightError):  # it was killed because it hung; that is what was wanted
                playwright.stop()
        finally:
            timer.cancel()
            _kill(helpers)


def _launch(
    playwright: Playwright,
    options: BrowserOptions,
    executable: Path,
    folders: tuple[Path, Path],
    walls: list[str],
) -> BrowserContext:
    """folders: of the profile, and for temporary files."""
    folder, scratch = folders
    is_root = sys.platform != "win32" and os.geteuid() == 0
    try:
        return playwright.chromium.launch_persistent_context(
            folder,
            executable_path=executable,
            headless=options.headless,
            args=[*launch_args(is_root=is_root), *walls],
            env=_surroundings(scratch),
            accept_downloads=False,
            # A stop signal goes to the program, which then leaves this block; not past it to the browser.
            handle_sigint=False,
            handle_sigterm=False,
            handle_sighup=False,
        )
    except PlaywrightError as e:
        _kill(_tree(folder))
        raise SetupError(
            f"the browser {executable} does not start: {_why(str(e))}",
            hint="Start it by hand once, or set BRIDGE_BROWSER to another one; `bridge doctor` tells more.",
            part="browser",
        ) from e


def _surroundings(scratch: Path) -> dict[str, str | float | bool]:
    """The program's own, with a temporary folder that goes with the browser: killed, Chromium leaves files there,
    and at times (13 in some 5,000 starts) also when it is closed."""
    return {**os.environ, **dict.fromkeys(("TMPDIR", "TMP", "TEMP"), str(scratch))}


def _why(message: str) -> str:
    """Playwright's first line, and what the browser itself said last."""
    own = re.findall(r"\[err\] .*?(?:ERROR|FATAL):\S* ?(.+)", message)
    return f"{message.splitlines()[0]} ({own[-1].strip()})" if own else message.splitlines()[0]


def _close(window: BrowserContext) -> None:
    with suppress(PlaywrightError):  # crashed or killed meanwhile: there is nothing left to close
        window.close()


# --- processes --------------------------------------------------------------------------------------------


@contextmanager
def _killed_if_hung(folder: Path, processes: set[psutil.Process]) -> Iterator[None]:
    timer = threading.Timer(CLOSING_LIMIT_S, lambda: _kill(_tree(folder) | processes))
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _tree(folder: Path) -> set[psutil.Process]:
    """Every process that names this profile folder, and all their children."""
    found: set[psutil.Process] = set()
    for process in psutil.process_iter(["cmdline"]):
        if any(str(folder) in word for word in process.info["cmdline"] or ()):
            found.add(process)
            try:
                found.update(process.children(recursive=True))
            except psutil.NoSuchProcess:
                continue
    return found


def _children() -> set[psutil.Process]:
    return set(psutil.Process().children())


def _is_driver(process: psutil.Process) -> bool:
    try:
        return "run-driver" in process.cmdline()
    except psutil.Error:
        return False


def _kill(processes: set[psutil.Process]) -> None:
    """Ends those that still live.  psutil compares start times, so a reused id is never hit."""
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    wait_for_end(processes, CLOSING_LIMIT_S)


def _sweep() -> None:
    """Removes the folders of browsers whose program was killed with -9; its browser went with it."""
    for place in {tempfile.gettempdir(), _SHORT_TMPDIR}:
        for folder in Path(place).glob(f"{_FOLDER}*"):
            owner = re.match(rf"{_FOLDER}(\d+)-", folder.name)
            if owner and not psutil.pid_exists(int(owner[1])):
                shutil.rmtree(folder, ignore_errors=True)
