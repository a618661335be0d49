"""Write requirements.lock anew from pyproject.toml: every package with its hashes, for every platform at once.

    python3 scripts/lock.py                    # keep what is locked, add or drop what pyproject.toml changed
    python3 scripts/lock.py --upgrade          # take the newest versions that pyproject.toml allows
    python3 scripts/lock.py -P httpx           # only this one

Needs the ``.venv`` that scripts/test.py makes (uv is in it). No address of a package index is written into
the lock, so it installs from whatever index pip is set up for.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from _setup import EXIT_SETUP, LOCK_NAME, ROOT, venv_python


def main(arguments: list[str]) -> int:
    """Run uv with the project's settings; ``arguments`` go to ``uv pip compile``. Returns the exit code."""
    beside_python = venv_python(ROOT / ".venv").with_name("uv")
    uv = shutil.which(str(beside_python)) or shutil.which("uv")
    if uv is None:
        print(
            "lock: uv was not found.\n  next: run `python3 scripts/test.py --setup-only` first.", file=sys.stderr
        )
        return EXIT_SETUP
    lock = ROOT / LOCK_NAME
    command = [
        uv,
        "pip",
        "compile",
        "pyproject.toml",
        "--extra",
        "dev",
        "--universal",
        "--python-version",
        "3.11",
        "--generate-hashes",
        "--no-annotate",
        "--quiet",
        "--output-file",
        LOCK_NAME,
        "--custom-compile-command",
        "python3 scripts/lock.py",
    ]
    done = subprocess.run([*command, *arguments], cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
    if done.returncode == 0:
        forbid_addresses(lock)
    return done.returncode


def forbid_addresses(lock: Path) -> None:
    """Refuse a lock that names a host: it would send every user to the index of whoever made it."""
    text = lock.read_text(encoding="utf-8")
    if "://" in text:
        line = next(number for number, line in enumerate(text.splitlines(), 1) if "://" in line)
        lock.unlink()
        raise SystemExit(f"lock: line {line} of {lock.name} named an address; the file was removed.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
