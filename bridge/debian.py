"""apt-get, the one outside program of Debian and Ubuntu that set-up may use, and only as root.

python -m bridge.debian fonts-noto-cjk     # installs, or says the exact line a person must run
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bridge.errors import SetupError

INSTALL_LIMIT_S = 1800
UPDATE_LIMIT_S = 300
LISTS = Path("/var/lib/apt/lists")

Progress = Callable[[str], None]


def has_apt() -> bool:
    """True on Debian and its children: apt-get is there and dpkg keeps the books."""
    return shutil.which("apt-get") is not None and Path("/var/lib/dpkg").is_dir()


def is_root() -> bool:
    """True if this process may install packages. Always False on Windows."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def sudo_line(packages: Sequence[str]) -> str:
    """The line that a person types to install ``packages``."""
    return f"sudo apt-get update && sudo apt-get install -y {' '.join(packages)}"


def install(packages: Sequence[str], progress: Progress) -> None:
    """Install Debian ``packages`` without recommendations; refreshes the package lists first if there are none.

    Raises SetupError: not a Debian, not root (the hint is the sudo line), or apt-get failed (its last lines).
    """
    names = " ".join(packages)
    if not has_apt():
        raise SetupError(
            f"Cannot install {names}: this machine has no apt-get.",
            hint="Install the same with this system's own package manager.",
        )
    if not is_root():
        raise SetupError(f"Cannot install {names}: this needs root.", hint=f"Run: {sudo_line(packages)}")
    if not any(LISTS.glob("*_Packages*")):
        progress("refreshing the package lists (apt-get update)")
        _apt_get(["update"], UPDATE_LIMIT_S)
    progress(f"installing {names} (apt-get)")
    _apt_get(["install", "-y", "--no-install-recommends", *packages], INSTALL_LIMIT_S)


def _apt_get(arguments: Sequence[str], limit_s: float) -> None:
    command = ["apt-get", "-o", "DPkg::Lock::Timeout=120", *arguments]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    try:
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            encoding="utf-8", errors="replace", timeout=limit_s, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise SetupError(
            f"`{' '.join(command)}` did not end within {limit_s:.0f} s.",
            hint="Check the network and the package sources of this machine, then run this again.",
        ) from error
    if done.returncode != 0:
        last = "\n".join(done.stdout.strip().splitlines()[-4:])
        raise SetupError(
            f"`{' '.join(command)}` failed:\n{last}",
            hint="Check the network and the package sources of this machine, then run this again.",
        )


def main(packages: Sequence[str]) -> int:
    """Install ``packages``; returns an exit code and explains a failure on stderr."""
    try:
        install(packages, lambda words: print(words, flush=True))
    except SetupError as error:
        print(f"packages: {error.message}", f"  next: {error.hint}", sep="\n", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
