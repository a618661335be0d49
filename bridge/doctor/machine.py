"""What this machine must have, whatever the configuration says."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from datetime import datetime
from importlib import metadata
from pathlib import Path

from bridge.doctor.finding import Finding, fail, ok, warn

DISTRIBUTION = "rpa-bridge"
PYTHON_FROM, PYTHON_BELOW = (3, 11), (3, 14)
OPENCV_WANTED = ("opencv-python", "opencv-contrib-python")
OPENCV_OTHERS = ("opencv-python-headless", "opencv-contrib-python-headless")
LITTLE_DISK, TOO_LITTLE_DISK = 2_000_000_000, 300_000_000  # bytes
BROWSER_LIMIT_S = 60
OLDEST_YEAR = 2025  # a machine whose clock battery is empty starts in 1970 or 2000


def python() -> Iterator[Finding]:
    found = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    if PYTHON_FROM <= sys.version_info[:2] < PYTHON_BELOW:
        yield ok("python", found)
    else:
        yield fail("python", found, "Install Python 3.11, 3.12 or 3.13 and set the bridge up with it.")


def packages() -> Iterator[Finding]:
    """Every required package in a version that fits."""
    from packaging.requirements import Requirement

    try:
        wanted = [Requirement(line) for line in metadata.requires(DISTRIBUTION) or []]
    except metadata.PackageNotFoundError:
        yield warn(
            "packages", "running from a folder that is not installed", "Run `python3 scripts/demo.py` once."
        )
        return
    wrong = []
    for requirement in wanted:
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{requirement.name} is missing")
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            wrong.append(f"{requirement.name} {version} does not fit {requirement.specifier}")
    if wrong:
        yield fail(
            "packages", "; ".join(wrong), "Run `pip install -r requirements.lock` in the bridge's environment."
        )
    else:
        yield ok("packages", f"{len(wanted)} required packages fit")


def opencv() -> Iterator[Finding]:
    """Two packages write the same cv2 folder: only equal versions are harmless."""
    versions = {name: _version(name) for name in (*OPENCV_WANTED, *OPENCV_OTHERS)}
    there = {name: version for name, version in versions.items() if version}
    again = "pip uninstall -y " + " ".join(there) + "; then `pip install -r requirements.lock`."
    if missing := [name for name in OPENCV_WANTED if name not in there]:
        yield fail("opencv", f"{', '.join(missing)} is missing", again)
    elif len(set(there.values())) > 1 or any(name in there for name in OPENCV_OTHERS):
        listed = ", ".join(f"{name} {version}" for name, version in there.items())
        yield fail("opencv", f"packages that overwrite each other: {listed}", again)
    else:
        yield ok("opencv", f"{there[OPENCV_WANTED[0]]}, both packages alike")


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def weights() -> Iterator[Finding]:
    """Raises WeightsMissing."""
    from bridge.ocr.weights import NEEDED, find_weights

    found = [find_weights(name) for name in NEEDED]
    yield ok("weights", f"{len(found)} models whole, from {', '.join(sorted({w.source for w in found}))}")


def browser(given: Path | None) -> Iterator[Finding]:
    """Starts it once, without a window, and lets it draw a page.  Raises SetupError where there is none."""
    from bridge.debian import is_root
    from bridge.erp.find_browser import find_browser, launch_args

    path, words = given, str(given)
    if path is None:
        found = find_browser()
        path, words = found.path, f"{found.kind} {found.version}, {found.found}"
    with tempfile.TemporaryDirectory(prefix="bridge-doctor-", ignore_cleanup_errors=True) as profile:
        command = [str(path), *launch_args(is_root=is_root()), "--headless", f"--user-data-dir={profile}"]
        command += ["--dump-dom", "data:text/html,<p>drawn"]
        try:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=BROWSER_LIMIT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            yield fail("browser", f"{words}: does not start ({type(error).__name__})", "Start it once by hand.")
            return
    if "drawn" in done.stdout:
        yield ok("browser", f"{words}; started and drew a page")
    else:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        yield fail("browser", f"{words}: started, but drew nothing: {last[:200]}", "Start it once by hand.")


def fonts() -> Iterator[Finding]:
    """Without Chinese fonts every Chinese character is drawn as the same empty box."""
    if sys.platform in ("win32", "darwin"):
        yield ok("fonts", "the system brings Chinese fonts")
        return
    install = "Install Chinese fonts, e.g. `apt-get install fonts-noto-cjk fonts-wqy-zenhei`."
    if shutil.which("fc-list") is None:
        yield warn("fonts", "fc-list is not there, so the fonts were not looked at", install)
        return
    listed = subprocess.run(
        ["fc-list", ":lang=zh-cn", "family"], capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    families = sorted({line.split(",")[0].strip() for line in listed.stdout.splitlines() if line.strip()})
    if families:
        more = f" and {len(families) - 3} more" if len(families) > 3 else ""
        yield ok("fonts", f"Chinese: {', '.join(families[:3])}{more}")
    else:
        yield fail("fonts", "no font with Chinese characters", install)


def clock() -> Iterator[Finding]:
    """One-time codes, signatures and due dates all hang on it."""
    now = datetime.now().astimezone()
    words = f"{now:%Y-%m-%d %H:%M:%S} {now.tzname()} (UTC{now:%z})"
    if now.year < OLDEST_YEAR:
        yield fail("clock", words, "Set the machine's clock.")
    elif _synchronised() is False:
        yield warn(
            "clock", f"{words}, not synchronised", "Switch time synchronisation on: `timedatectl set-ntp true`."
        )
    else:
        yield ok("clock", words)


def _synchronised() -> bool | None:
    """None where nobody knows (no systemd, a container, Windows)."""
    if shutil.which("timedatectl") is None:
        return None
    told = subprocess.run(
        ["timedatectl", "show", "--property=NTPSynchronized", "--value"],
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    return {"yes": True, "no": False}.get(told.stdout.strip())


def keyring(environ: Mapping[str, str]) -> Iterator[Finding]:
    from bridge.secrets import os_keyring

    found = os_keyring(environ)
    if found is not None:
        yield ok("keyring", found.name)
    else:
        yield ok("keyring", "none on this machine; secrets are kept in an encrypted file")


def disk(folder: Path) -> Iterator[Finding]:
    """Free space where the data is kept; the folder itself need not be there yet."""
    existing = next(p for p in (folder, *folder.parents) if p.exists())
    free = shutil.disk_usage(existing).free
    words = f"{free / 1e9:.1f} GB free for {folder}"
    if free < TOO_LITTLE_DISK:
        yield fail("disk", words, "Free some space, or move `data_dir` to another disk.")
    elif free < LITTLE_DISK:
        yield warn("disk", words, "Free some space, or lower evidence.max_gb.")
    else:
        yield ok("disk", words)
