"""The two commands' set-up: real environments from a tiny local index, and faults put in on purpose."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import textwrap
import time
import tomllib
import zipfile
from pathlib import Path
from types import ModuleType

import psutil
import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = ROOT / "scripts"


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"scripts_{name}", SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


setup = load("_setup")


# ---- The lock ----------------------------------------------------------------------------------------------


def locked() -> dict[str, str]:
    return dict(re.findall(r"^([a-z0-9-]+)==([^\s;]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE))


def test_the_lock_holds_every_dependency_and_names_no_host() -> None:
    text = (ROOT / "requirements.lock").read_text()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    names = {re.split(r"[<>=\[]", line)[0].lower().replace("_", "-") for line in wanted}
    assert names <= set(locked())
    assert "://" not in text
    assert "--index" not in text
    assert text.count("==") == text.count("== ") + len(
        re.findall(r"^\S+==.*\\\n +--hash=sha256:", text, re.MULTILINE)
    )


def test_the_locks_traps_stay_closed() -> None:
    packages = locked()
    assert packages["opencv-python"] == packages["opencv-contrib-python"] == "4.10.0.84"
    assert not {"torch", "paddlepaddle", "opencv-python-headless"} & set(packages)
    assert {"colorama", "pywin32-ctypes", "win32-setctime"} <= set(packages), (
        "what only Windows needs is locked too"
    )


def test_a_lock_that_names_a_host_is_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    lock = tmp_path / "requirements.lock"
    lock.write_text("a==1\n--index-url https://packages.example/simple\n")
    with pytest.raises(SystemExit, match=r"line 2 of requirements\.lock"):
        load("lock").forbid_addresses(lock)
    assert not lock.exists()


# ---- The command line --------------------------------------------------------------------------------------


def test_the_accepted_pythons_are_those_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    low, high = setup.LOWEST, setup.HIGHEST
    assert project["requires-python"] == f">={low[0]}.{low[1]},<{high[0]}.{high[1] + 1}"


@pytest.mark.parametrize("version", [(3, 9), (3, 10), (3, 14), (4, 0)])
def test_another_python_is_refused_with_a_sentence(version: tuple[int, int]) -> None:
    with pytest.raises(setup.Stop) as caught:
        setup.check_python(version)
    assert f"this is Python {version[0]}.{version[1]}, and Python 3.11 to 3.13 is needed" in caught.value.message
    assert "Python 3.13" in caught.value.hint or "run `python3.1" in caught.value.hint


def test_our_flags_are_ours_and_the_rest_is_passed_on() -> None:
    own, rest = setup.split_flags(["-q", "--offline", "tests/unit", "-h", "--", "--help", "--offline"])
    assert own == {"--offline", "--help"}
    assert rest == ["-q", "tests/unit", "--help", "--offline"]


@pytest.mark.parametrize("script", ["demo.py", "test.py"])
def test_help_sets_nothing_up(script: str, tmp_path: Path) -> None:
    shutil.copytree(SCRIPTS, tmp_path / "scripts")
    done = run_script(tmp_path, script, "--help")
    assert done.returncode == 0
    assert f"python3 scripts/{script} --offline" in done.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scripts"]


def test_half_a_checkout_gets_words(tmp_path: Path) -> None:
    shutil.copytree(SCRIPTS, tmp_path / "scripts")
    done = run_script(tmp_path, "demo.py")
    assert done.returncode == 4
    assert re.search(r"checkout: .*requirements\.lock cannot be read", done.stderr)
    assert "  next: " in done.stderr
    assert "Traceback" not in done.stderr


def test_offline_without_an_environment_gets_words(tmp_path: Path) -> None:
    shutil.copytree(SCRIPTS, tmp_path / "scripts")
    for name in ("requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    done = run_script(tmp_path, "test.py", "--offline")
    assert done.returncode == 4
    assert "--offline was given" in done.stderr
    assert "run this once without --offline" in done.stderr
    assert not (tmp_path / ".venv").exists()


def run_script(root: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, str(root / "scripts" / script), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


# ---- One step ----------------------------------------------------------------------------------------------


def step(tmp_path: Path, program: str, limit_s: float = 30) -> list[str]:
    command = [sys.executable, "-c", textwrap.dedent(program)]
    lines: list[str] = setup.run_step("packages", command, tmp_path / ".venv", limit_s=limit_s, cwd=tmp_path)
    return lines


@pytest.mark.parametrize(
    ("printed", "reason", "advice"),
    [
        ("ERROR: [Errno 28] No space left on device", "disk is full", "free"),
        ("Failed to establish: [Errno -3] Temporary failure in name resolution", "not be reached", "HTTPS_PROXY"),
        ("ERROR: No matching distribution found for paddleocr==3.7.0", "not be reached", "PIP_INDEX_URL"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "not the locked one", "mirror"),
        ("SSLError(SSLCertVerificationError(1, 'CERTIFICATE_VERIFY_FAILED'))", "not trusted", "PIP_CERT"),
        ("ensurepip is not available.", "no venv module", "apt-get install -y python3-venv"),
        ("PermissionError: [WinError 5] Access is denied", "not be written", "close programs"),
        ("something never seen before", "the step failed", "packages.log"),
    ],
)
def test_a_failed_step_says_why_and_what_to_do(tmp_path: Path, printed: str, reason: str, advice: str) -> None:
    with pytest.raises(setup.Stop) as caught:
        step(tmp_path, f"import sys; print({printed!r}); sys.exit(1)")
    assert caught.value.part == "packages"
    assert reason in caught.value.message
    assert printed in caught.value.message, "the program's own words are shown as well"
    assert advice in caught.value.hint
    assert "packages.log" in caught.value.message + caught.value.hint


def test_our_own_programs_words_are_passed_on_as_they_are(tmp_path: Path) -> None:
    with pytest.raises(setup.Stop) as caught:
        step(
            tmp_path,
            "import sys; print('fetching'); print('packages: none there.\\n  next: do this.'); sys.exit(4)",
        )
    assert (caught.value.message, caught.value.hint) == ("none there.", "do this.")


def test_a_step_without_end_is_ended(tmp_path: Path) -> None:
    with pytest.raises(setup.Stop, match="did not end"):
        step(tmp_path, "import os, time; open('pid', 'w').write(str(os.getpid())); time.sleep(60)", limit_s=1)
    assert not psutil.pid_exists(int((tmp_path / "pid").read_text()))


def test_pips_noise_is_not_shown(tmp_path: Path) -> None:
    noise = "WARNING: Location 'file:///somewhere/simple/six/' is ignored: it is neither a file nor a directory."
    assert step(tmp_path, f"print({noise!r}); print('Collecting six')") == ["Collecting six"]


def test_a_long_step_shows_that_it_lives(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(setup, "QUIET_TICK_S", 1)
    step(tmp_path, "import time; time.sleep(3.2)")
    told = capsys.readouterr().out.splitlines()
    assert told[0] == "packages ..."
    assert re.fullmatch(r"packages \.\.\. \d s", told[1])
    assert re.fullmatch(r"packages: done after \d s", told[-1])


def test_what_is_being_done_is_said_in_short() -> None:
    lines = ["Collecting six==1.17.0 (from -r requirements.lock (line 3))"]
    assert setup.newest_words(lines) == "Collecting six==1.17.0"
    lines += ["Installing collected packages: six, numpy", "  Attempting uninstall: six"]
    assert setup.newest_words(lines) == "Installing collected packages"
    assert setup.newest_words([]) == ""


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(setup.Stop, match="cannot be written") as caught:
        setup.prepare(offline=True, root=tmp_path / "file")
    assert "folder" in caught.value.hint


def test_too_little_room_is_said_before_the_download(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(setup, "NEEDED_MB", 10**12)
    (tmp_path / "requirements.lock").touch()
    (tmp_path / "pyproject.toml").touch()
    with pytest.raises(setup.Stop, match="MB free"):
        setup.install_packages(tmp_path, tmp_path / ".venv", offline=False)
    assert not (tmp_path / ".venv").exists()


def test_a_second_setup_waits_for_the_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    program = f"""
        import importlib.util, pathlib, time
        spec = importlib.util.spec_from_file_location("setup", {str(SCRIPTS / "_setup.py")!r})
        setup = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(setup)
        root = pathlib.Path({str(tmp_path)!r})
        with setup.only_one(root, root / ".venv"):
            print("held", flush=True)
            time.sleep(1.5)
            (root / "first").touch()
    """
    first = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True)
    assert first.stdout is not None
    assert first.stdout.readline() == "held\n"
    with setup.only_one(tmp_path, tmp_path / ".venv"):
        assert (tmp_path / "first").exists()
    assert "Waiting for another set-up" in capsys.readouterr().out
    assert first.wait(timeout=10) == 0


# ---- The environment, for real, from a tiny local index -----------------------------------------------------

BACKEND = """
import pathlib, zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "tinyproject-1.0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder) / name, "w") as wheel:
        wheel.writestr("tinyproject.pth", str(pathlib.Path.cwd()))
        info = "tinyproject-1.0.dist-info/"
        wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: tinyproject\\nVersion: 1.0\\n")
        wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr(info + "RECORD", "")
    return name
"""


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with one dependency, which is the only package of the only index."""
    root, index = tmp_path / "check out", tmp_path / "index"
    root.mkdir()
    index.mkdir()
    wheel = index / "tinydep-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("tinydep.py", "answer = 42\n")
        info = "tinydep-1.0.dist-info"
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: tinydep\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    (root / "backend.py").write_text(BACKEND)
    (root / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "tinyproject"\nversion = "1.0"\n'
    )
    write_lock(root, hashlib.sha256(wheel.read_bytes()).hexdigest())
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return root


def write_lock(root: Path, digest: str) -> None:
    (root / "requirements.lock").write_text(f"tinydep==1.0 \\\n    --hash=sha256:{digest}\n")


def answer(python: Path) -> str:
    done = subprocess.run(
        [python, "-c", "import tinydep; print(tinydep.answer)"], capture_output=True, check=False
    )
    return done.stdout.decode().strip()


@pytest.mark.slow
def test_an_environment_is_made_once_and_again_after_it_was_broken_off(checkout: Path) -> None:
    venv = checkout / ".venv"
    python = setup.install_packages(checkout, venv, offline=False)
    assert answer(python) == "42"

    start = time.monotonic()
    assert setup.install_packages(checkout, venv, offline=True) == python
    assert time.monotonic() - start < 0.5, "nothing to do is done at once"

    # Broken off in the middle: pip has begun to take tinydep out, the stamp is gone.
    (venv / "installed.json").unlink()
    next(venv.rglob("tinydep.py")).unlink()
    assert answer(python) == ""
    setup.install_packages(checkout, venv, offline=False)
    assert answer(python) == "42"

    # Only the project's own data changed: the environment is not made anew.
    marker = venv / "still-the-same"
    marker.touch()
    with (checkout / "pyproject.toml").open("a") as project:
        project.write('description = "changed"\n')
    setup.install_packages(checkout, venv, offline=False)
    assert marker.exists()


@pytest.mark.slow
def test_a_package_that_is_not_the_locked_one_is_refused(checkout: Path) -> None:
    good = (checkout / "requirements.lock").read_text()
    write_lock(checkout, "0" * 64)
    with pytest.raises(setup.Stop, match="not the locked one"):
        setup.install_packages(checkout, checkout / ".venv", offline=False)
    assert not (checkout / ".venv" / "installed.json").exists()

    (checkout / "requirements.lock").write_text(good)
    assert answer(setup.install_packages(checkout, checkout / ".venv", offline=False)) == "42"


@pytest.mark.parametrize(("root_on_debian", "asked"), [(True, [["python3.11-venv"]]), (False, [])])
def test_debian_without_its_venv_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, root_on_debian: bool, asked: list[list[str]]
) -> None:
    installed: list[list[str]] = []
    monkeypatch.setattr(setup.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(setup, "may_use_apt", lambda: root_on_debian)
    monkeypatch.setattr(setup, "run_apt", lambda part, python, packages: installed.append(packages))
    monkeypatch.setattr(setup, "run_step", lambda *_, **__: [])
    monkeypatch.setattr(setup.sys, "version_info", (3, 11, 2))
    setup.make_venv(tmp_path / ".venv")
    assert installed == asked
