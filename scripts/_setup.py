"""Everything between a fresh checkout and a program that can run; shared by demo.py, test.py and lock.py.

Standard library only, and only syntax that Python 3.7 can read, so that a wrong Python gets a sentence
instead of a traceback. The steps, each skipped when it is done already:

1. ``.venv`` with every package of requirements.lock (by hash) and this project itself, editable
2. fonts for Chinese pages (Debian and Ubuntu, as root), and what else the caller needs
3. a browser: ``python -m bridge.erp.find_browser``
4. the OCR weights: ``python -m bridge.ocr.weights``
5. how this machine reads fastest: ``python -m bridge.ocr.fastest``
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK_NAME = "requirements.lock"
LOWEST, HIGHEST = (3, 11), (3, 13)  # as requires-python in pyproject.toml; a test compares them
NEEDED_MB = 2500  # 1.2 GB of packages, their downloads, the weights, some room
EXIT_SETUP = 4  # the exit code of bridge.errors.SetupError
EXIT_STOPPED = 130  # as shells count Ctrl-C
INSTALL_LIMIT_S = 3600
FETCH_LIMIT_S = 3600
QUIET_TICK_S = 20  # without a terminal, a sign of life this often
FONTS = ("fonts-noto-cjk", "fonts-wqy-zenhei", "fonts-arphic-uming")


class Stop(Exception):
    """Set-up cannot go on. part: which part of it. hint: what the reader does next."""

    def __init__(self, part: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.part, self.message, self.hint = part, message, hint


# ---- The way in --------------------------------------------------------------------------------------------


def launch(
    about: str,
    arguments: Sequence[str],
    command: Callable[[Path], Sequence[str]],
    extra: Callable[[Path, bool], None] | None = None,
) -> int:
    """Set up, then become the program. Returns its exit code, or EXIT_SETUP, or EXIT_STOPPED.

    about:     the text of ``--help``.
    arguments: the command line; our own flags may stand anywhere before a ``--``, the rest goes to the program.
    command:   the program's command line, given the environment's Python.
    extra:     one more step of set-up, given the environment's Python and whether we are offline.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    own, rest = split_flags(arguments)
    if "--help" in own:
        print(about.strip())
        return 0
    try:
        check_python(sys.version_info[:2])
        python = prepare(offline="--offline" in own, extra=extra)
    except Stop as stop:
        print(f"\n{stop.part}: {stop.message}\n  next: {stop.hint}", file=sys.stderr)
        return EXIT_SETUP
    except KeyboardInterrupt:
        print("\nStopped. Run the same command again to go on.", file=sys.stderr)
        return EXIT_STOPPED
    if "--setup-only" in own:
        return 0
    return become([*command(python), *rest])


def split_flags(arguments: Sequence[str]) -> tuple[set[str], list[str]]:
    """Our own flags, and everything that is passed on (all of it after a ``--``)."""
    known = {"--offline": "--offline", "--setup-only": "--setup-only", "--help": "--help", "-h": "--help"}
    own: set[str] = set()
    rest: list[str] = []
    for place, argument in enumerate(arguments):
        if argument == "--":
            rest += arguments[place + 1 :]
            break
        if argument in known:
            own.add(known[argument])
        else:
            rest.append(argument)
    return own, rest


def check_python(version: tuple[int, ...]) -> None:
    """Refuse a Python that the locked packages do not exist for, and name one that is there, if any."""
    if LOWEST <= version <= HIGHEST:
        return
    script = "scripts/" + Path(sys.argv[0]).name
    hint = "install Python 3.13 and run this again with it."
    for minor in range(HIGHEST[1], LOWEST[1] - 1, -1):
        name = f"python3.{minor}"
        if works(name):
            hint = f"run `{name} {script}`."
            break
    else:
        if os.name == "nt":
            hint = f"install Python 3.13 and run `py -3.13 {script}`."
    raise Stop(
        "Python",
        "this is Python {}, and Python {} to {} is needed.".format(
            *(".".join(str(part) for part in number[:2]) for number in (version, LOWEST, HIGHEST))
        ),
        hint,
    )


def works(program: str) -> bool:
    """True if ``program`` is a Python that starts (a version manager may leave a name that does not)."""
    try:
        return (
            subprocess.run([program, "-c", ""], stderr=subprocess.DEVNULL, timeout=30, check=False).returncode == 0
        )
    except (OSError, subprocess.TimeoutExpired):
        return False


def become(command: Sequence[str]) -> int:
    """Run ``command`` in the foreground and pass its exit code and Ctrl-C through."""
    sys.stdout.flush()
    child = subprocess.Popen(command, cwd=str(ROOT))
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:
            continue  # the terminal sent it to the child as well; the child says how it ends


# ---- The steps ---------------------------------------------------------------------------------------------


def prepare(*, offline: bool, extra: Callable[[Path, bool], None] | None = None, root: Path = ROOT) -> Path:
    """Do every step that is not done yet. Returns the environment's Python. Raises Stop."""
    venv = root / ".venv"
    with only_one(root, venv):
        python = install_packages(root, venv, offline=offline)
        ensure_fonts(python, offline=offline)
        if extra is not None:
            extra(python, offline)
        flags = ["--offline"] if offline else []
        for part, module in (
            ("browser", "bridge.erp.find_browser"),
            ("weights", "bridge.ocr.weights"),
            ("reading", "bridge.ocr.fastest"),
        ):
            told = run_step(part, [str(python), "-m", module, *flags], venv, limit_s=FETCH_LIMIT_S, cwd=root)
            if told:
                print(f"{part}: {told[-1]}", flush=True)
    return python


def venv_python(venv: Path) -> Path:
    """The environment's Python, by this system's layout."""
    return venv / "Scripts" / "python.exe" if os.name == "nt" else venv / "bin" / "python"


def install_packages(root: Path, venv: Path, *, offline: bool) -> Path:
    """Bring ``.venv`` to exactly what the lock says. Returns its Python. Raises Stop.

    The stamp is removed before anything changes and written after everything is in, so an installation that
    was broken off is never taken for a whole one: it starts again from an empty environment, and quickly,
    because pip keeps its downloads.
    """
    python, stamp = venv_python(venv), venv / "installed.json"
    wanted = {
        "lock": digest(root / LOCK_NAME),
        "project": digest(root / "pyproject.toml"),
        "python": platform.python_version(),
        "root": str(root),  # an environment that was moved or copied does not work
    }
    present = read_stamp(stamp)
    if present == wanted and python.exists():
        return python
    if offline:
        raise Stop("packages", "the packages in .venv are not those of the lock, and --offline was given.",
                   "run this once without --offline.")  # fmt: skip
    same_packages = {**present, "project": wanted["project"]} == wanted and python.exists()
    try:
        if stamp.exists():
            stamp.unlink()
    except OSError as error:
        raise not_writable(venv, error) from error
    if not same_packages:
        check_room(root)
        make_venv(venv)
        pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input"]
        run_step(
            "packages",
            [*pip, "install", "--progress-bar", "off", "--no-warn-script-location", "--only-binary", ":all:",
             "--require-hashes", "-r", str(root / LOCK_NAME)],
            venv, limit_s=INSTALL_LIMIT_S, cwd=root, about="a few minutes the first time, 1.2 GB on disk",
        )  # fmt: skip
    run_step(
        "project",
        [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--no-deps",
         "--no-build-isolation", "-e", str(root)],
        venv, limit_s=INSTALL_LIMIT_S, cwd=root,
    )  # fmt: skip
    stamp.write_text(json.dumps(wanted, indent=2) + "\n", encoding="utf-8")
    return python


def make_venv(venv: Path) -> None:
    """An empty environment in place of whatever stands there. Raises Stop.

    Debian keeps what it takes in a package of its own; as root that is installed.
    """
    if importlib.util.find_spec("ensurepip") is None and may_use_apt():
        run_apt("venv module", Path(sys.executable), [f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"])
    command = [sys.executable, "-m", "venv", "--clear", str(venv)]
    run_step("environment", command, venv, limit_s=300, cwd=venv.parent)


def ensure_fonts(python: Path, *, offline: bool) -> None:
    """Fonts for Chinese pages. Windows and macOS have them; on Debian as root they are installed."""
    if not sys.platform.startswith("linux") or has_chinese_font():
        return
    advice = f"install a Chinese font, for example: {sudo_line(FONTS)}"
    if offline or not may_use_apt():
        raise Stop("fonts", "no Chinese font was found, so Chinese pages would show empty boxes.", advice)
    run_apt("fonts", python, FONTS)


def has_chinese_font() -> bool:
    """True if fontconfig, which the browser asks too, knows a font with Chinese characters."""
    try:
        done = subprocess.run(
            ["fc-list", ":lang=zh", "family"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return False
    return bool(done.stdout.strip())


def ensure_postgres(python: Path, offline: bool) -> None:
    """PostgreSQL's server programs, for the tests that run on it; they start a cluster of their own.

    Without them those tests are skipped, so this says what to do and goes on.
    """
    if shutil.which("initdb") or any(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        return
    if offline or not may_use_apt():
        print("PostgreSQL: not found, so the tests on it are skipped. To have them, on Debian or Ubuntu: "
              + sudo_line(["postgresql"]), flush=True)  # fmt: skip
        return
    run_apt("PostgreSQL", python, ["postgresql"])


def may_use_apt() -> bool:
    """True for root on Debian and its children."""
    return shutil.which("apt-get") is not None and hasattr(os, "geteuid") and os.geteuid() == 0


def sudo_line(packages: Sequence[str]) -> str:
    """The line that a person types to install Debian packages."""
    return "sudo apt-get update && sudo apt-get install -y " + " ".join(packages)


def run_apt(part: str, python: Path, packages: Sequence[str]) -> None:
    """Install Debian packages as root. Raises Stop."""
    run_step(
        part, [str(python), "-m", "bridge.debian", *packages], ROOT / ".venv", limit_s=FETCH_LIMIT_S, cwd=ROOT
    )


# ---- One step: a program with a name, a clock, a log, and words for its failure ----------------------------


def run_step(
    part: str, command: Sequence[str], venv: Path, *, limit_s: float, cwd: Path, about: str = ""
) -> list[str]:
    """Run ``command`` and show that it lives. Returns the lines it printed, without pip's noise.

    Its output goes to ``<part>.log`` in the environment. A step that takes less than a second shows nothing.
    Raises Stop with the reason, read from the log, and with the log's path.
    """
    log = venv.with_name(".venv-logs") / (part.lower() + ".log")
    environment = {**os.environ, "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"}
    for name in ("PYTHONHOME", "PYTHONPATH", "PIP_USER", "PIP_TARGET", "PIP_PREFIX"):  # they lead out of .venv
        environment.pop(name, None)
    try:
        log.parent.mkdir(exist_ok=True)
        with log.open("wb") as output:
            child = subprocess.Popen(
                command, cwd=str(cwd), env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
            try:
                code = watch(part, child, log, limit_s, about)
            except BaseException:
                child.kill()
                child.wait()
                raise
    except OSError as error:
        raise not_writable(log.parent, error) from error
    lines = telling_lines(log)
    if code == 0:
        return lines
    if code is None:
        raise Stop(part, f"the step did not end within {limit_s / 60:.0f} minutes.",
                   f"run this again; the log is {log}")  # fmt: skip
    raise failure(part, lines, log)


def watch(part: str, child: subprocess.Popen[bytes], log: Path, limit_s: float, about: str) -> int | None:
    """Wait for ``child`` and show the seconds go by. Returns its exit code, or None if the limit ended it."""
    terminal = sys.stdout.isatty()
    start, told = time.monotonic(), 0.0
    name = f"{part} ({about})" if about else part
    while True:
        try:
            code = child.wait(timeout=0.2 if terminal else 1.0)
        except subprocess.TimeoutExpired:
            code = None
        passed = time.monotonic() - start
        if code is not None:
            break
        if passed > limit_s:
            child.kill()
            child.wait()
            break
        if terminal and passed > 0.5:
            width = shutil.get_terminal_size().columns - 1
            latest = newest_words(telling_lines(log))
            show("\r" + f"{name} {passed:3.0f} s  {latest}"[:width].ljust(width))
        elif not terminal and (told == 0.0 or passed - told >= QUIET_TICK_S):
            show(f"{name} ...\n" if told == 0.0 else f"{part} ... {passed:.0f} s\n")
            told = passed
    if terminal and passed > 0.5:
        show("\r" + " " * (shutil.get_terminal_size().columns - 1) + "\r")
    if passed > 1.0:
        show("{}: {} after {:.0f} s\n".format(part, "done" if code == 0 else "failed", passed))
    return code


def show(words: str) -> None:
    sys.stdout.write(words)
    sys.stdout.flush()


def telling_lines(log: Path) -> list[str]:
    """The lines of a log that tell a person something."""
    noise = r"\s*(WARNING: Location 'file:|WARNING: Running pip as|\[notice\]|Ignoring .*: markers )"
    lines = log.read_bytes().decode("utf-8", "replace").splitlines()
    return [line.rstrip() for line in lines if line.strip() and not re.match(noise, line)]


def newest_words(lines: list[str]) -> str:
    """What a running program does just now, in short. pip names all packages, then stays silent for a while."""
    chatter = r"\s+(Attempting|Found existing|Uninstalling|Successfully uninstalled|Preparing)"
    for line in reversed(lines):
        if not re.match(chatter, line):
            return re.sub(r" \(from .*|: .*", "", line.strip())
    return ""


REASONS = (
    (r"No space left on device|not enough space on the disk|Errno 28",
     "the disk is full.",
     f"free {NEEDED_MB} MB, then run this again."),
    (r"ensurepip is not|No module named '?(venv|ensurepip)",
     "this Python has no venv module.",
     "on Debian or Ubuntu: sudo apt-get install -y python3-venv; elsewhere use Python's own installer."),
    (r"DO NOT MATCH THE HASHES",
     "the package index served a file that is not the locked one.",
     "try again without a mirror (unset PIP_INDEX_URL), and do not go on if it stays so."),
    (r"SSLError|CERTIFICATE_VERIFY_FAILED",
     "the connection to the package index is not trusted (a proxy that opens TLS?).",
     "give your company's certificate with PIP_CERT=/path/to/ca.pem, then run this again."),
    (r"Name or service not known|Temporary failure in name resolution|getaddrinfo|NewConnectionError"
     r"|ConnectionError|Network is unreachable|timed out|ProxyError|Could not fetch URL"
     r"|No matching distribution found",
     "the package index could not be reached, or it lacks a package.",
     "check the network; behind a proxy set HTTPS_PROXY, with a company mirror set PIP_INDEX_URL; "
     "then run this again: what was downloaded is kept."),
    (r"Permission denied|Access is denied|Read-only file system|WinError 5\b|WinError 32\b",
     "a file could not be written, or is in use.",
     "close programs that use this folder, or put the checkout into a folder of your own."),
)  # fmt: skip


def failure(part: str, lines: list[str], log: Path) -> Stop:
    """What a failed step tells its reader: the reason in words where the log shows a known one, else its end."""
    tail = "\n".join("    " + line for line in lines[-6:])
    last = [line for line in lines if line.lstrip().startswith("next: ")]
    if last:  # one of our own programs: it has said it all
        words = "\n".join(line for line in lines if line not in last)
        return Stop(part, words.split(f"{part}: ", 1)[-1], last[-1].split("next: ", 1)[1])
    for pattern, words, hint in REASONS:
        if any(re.search(pattern, line) for line in lines):
            return Stop(part, f"{words}\n{tail}\n    (all of it: {log})", hint)
    return Stop(part, f"the step failed.\n{tail}", f"look into {log}, then run this again.")


# ---- Small things ------------------------------------------------------------------------------------------


@contextlib.contextmanager
def only_one(root: Path, venv: Path) -> Iterator[None]:
    """Hold the checkout against a second set-up in it, by a file lock that ends with this process."""
    path = venv.with_name(".venv.lock")
    try:
        file = path.open("a+b")
    except OSError as error:
        raise not_writable(root, error) from error
    with file:
        waiting = False
        while not try_lock(file.fileno()):
            if not waiting:
                show("Waiting for another set-up in this folder ...\n")
                waiting = True
            time.sleep(0.5)
        yield


def try_lock(descriptor: int) -> bool:
    """Take the lock if it is free; it goes when the file is closed."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def check_room(root: Path) -> None:
    """Raise Stop if the packages would not fit."""
    free_mb = shutil.disk_usage(str(root)).free // 1_000_000
    if free_mb < NEEDED_MB:
        raise Stop(
            "disk", f"{root} has {free_mb} MB free, and about {NEEDED_MB} MB are needed.",
            "free some room or put the checkout on another disk.",
        )  # fmt: skip


def not_writable(folder: Path, error: OSError) -> Stop:
    return Stop("folder", f"{folder} cannot be written: {error.strerror or error}.",
                "put the checkout into a folder that you may write, then run this again.")  # fmt: skip


def digest(path: Path) -> str:
    """sha256 of a file of the checkout. Raises Stop if it is missing."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise Stop("checkout", f"{path} cannot be read: {error.strerror or error}.",
                   "get a whole copy of this repository.") from error  # fmt: skip


def read_stamp(stamp: Path) -> dict[str, str]:
    """What is installed; empty if nothing is, or if the stamp is not whole."""
    try:
        content = json.loads(stamp.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
