"""The house rules: clean tools, files of one thought, nothing of one machine in the repository, whole packages."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MOST_LINES = 500
MOST_BYTES = 2_000_000
TOOLS = {
    "ruff check": ["-m", "ruff", "check", "."],
    "ruff format": ["-m", "ruff", "format", "--check", "."],
    "mypy": ["-m", "mypy"],
    "import direction": ["-c", "from importlinter.cli import lint_imports_command as main; main()"],
}
# Put together from halves, so that this file does not find itself.
MACHINE_PATHS = re.compile(
    "|".join(["/wor" + "k/", "/tmp/" + "exp", "/hom" + r"e/\w", "/roo" + "t/", r"[A-Z]:\\Us" + "ers"])
)
REGISTRIES = re.compile(
    "|".join(
        re.escape(a + b)
        for a, b in (
            ("pypi.", "org"), ("python", "hosted"), ("tuna.tsinghua", ".edu"), ("mirrors.", "aliyun"),
            ("npmjs", ".org"), ("hugging", "face.co"), ("model", "scope.cn"), ("proxy.golang", ".org"),
            ("deb.debian", ".org"),
        )
    )
)  # fmt: skip


def tracked() -> list[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        pytest.skip("not a git checkout")
    return [path for name in done.stdout.decode().split("\0") if name and (path := ROOT / name).is_file()]


def text_of(path: Path) -> str:
    """Its text; "" for what is no UTF-8, such as pictures."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@pytest.mark.slow
@pytest.mark.parametrize("tool", TOOLS)
def test_the_tools_have_nothing_to_say(tool: str) -> None:
    done = subprocess.run([sys.executable, *TOOLS[tool]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_files_hold_one_thought() -> None:
    lines = {p.relative_to(ROOT).as_posix(): len(text_of(p).splitlines()) for p in (ROOT / "bridge").rglob("*.py")}
    assert {name: n for name, n in lines.items() if n > MOST_LINES} == {}


def test_nothing_of_one_machine_and_no_registry_is_named() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in tracked()
        for number, line in enumerate(text_of(path).splitlines(), 1)
        if MACHINE_PATHS.search(line) or REGISTRIES.search(line)
    ]
    assert found == []


def test_no_large_file_and_no_rubbish_is_tracked() -> None:
    files = tracked()
    assert [str(p) for p in files if p.stat().st_size > MOST_BYTES] == []
    rubbish = re.compile(r"\.(log|pyc|db|sqlite|tmp|bak|orig|rej)$|/__pycache__/|bridge-data|demo-data")
    assert [str(p) for p in files if rubbish.search(p.relative_to(ROOT).as_posix())] == []


def test_no_two_test_files_have_one_name() -> None:
    # pytest imports them by their base name: in one process it then refuses the second.
    names = [p.name for p in tracked() if p.name.startswith("test_")]
    assert [name for name in names if names.count(name) > 1] == []


@pytest.mark.slow
def test_an_installed_package_has_everything_that_is_not_python(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(installed)
    wanted = {
        p.relative_to(ROOT / "bridge").as_posix()
        for p in tracked()
        if p.is_relative_to(ROOT / "bridge") and p.suffix != ".py"
    }
    assert {"scaffold.toml", "erp/page_cells.js"} <= wanted
    assert [name for name in wanted if not (installed / "bridge" / name).is_file()] == []
    code = """if True:
        from pathlib import Path
        from bridge.profile_files import load_profile
        from bridge.settings import find_profile, shipped_selectors
        print(shipped_selectors())
        print(*sorted(p.name for p in shipped_selectors().glob("*.yaml")))
        print(load_profile(find_profile("sample-erp", Path("."))).name)
    """
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    folder, names, loaded = ran.stdout.splitlines()
    assert Path(folder) == installed / "bridge" / "selectors"
    assert names.split() == sorted(p.name for p in (ROOT / "selectors").glob("*.yaml"))
    assert loaded == "sample-erp"
