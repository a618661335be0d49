"""The reference pages are what the program says of itself."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from bridge import errors
from bridge.profiles import Profile

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "profile_docs.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("profile_docs", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["profile.md", "settings.md", "errors.md"])
def test_the_page_is_current(script: ModuleType, name: str) -> None:
    written = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert written == script.PAGES[name](), "run `python3 scripts/profile_docs.py`"


def test_a_page_that_is_not_current_fails_the_check(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script, "ROOT", tmp_path)
    assert script.main([]) == 0
    assert script.main(["--check"]) == 0
    page = tmp_path / "docs" / "profile.md"
    page.write_text(page.read_text(encoding="utf-8") + "x", encoding="utf-8")
    assert script.main(["--check"]) == 1
    assert "docs/profile.md is not current" in capsys.readouterr().err


def test_the_script_runs_as_the_readme_says() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), "--check"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_key_of_a_profile_stands_in_the_page(script: ModuleType) -> None:
    page = script.profile_page()
    for name, field in Profile.model_fields.items():
        assert f"| `{field.alias or name}` |" in page
    assert "| `whole_from` |" in page
    assert "shut_out" in page


def test_every_error_stands_in_the_page_with_its_exit_code(script: ModuleType) -> None:
    page = script.errors_page()
    kinds = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, errors.BridgeError)]
    assert len(kinds) > 30
    for kind in kinds:
        assert f"| `{kind.code}` | {kind.exit_code} |" in page


def test_the_drawn_tree_is_the_real_one() -> None:
    """Name and exit code of every class, as drawn in the docstring of bridge.errors."""
    drawn = {}
    for line in (errors.__doc__ or "").splitlines():
        words = line.replace("│", " ").replace("├──", " ").replace("└──", " ").split()
        if len(words) >= 3 and words[1] == "exit":
            drawn[words[0]] = int(words[2])
    real = {
        name: kind.exit_code
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.BridgeError)
    }
    assert drawn == real
    codes = [kind.code for name, kind in vars(errors).items() if name in real]
    assert len(set(codes)) == len(codes)
