"""The benchmark of the comparison runs, on short lists, and finds each class as often as it was made."""

import json
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "bench_reconcile.py"


def test_each_class_is_found_as_often_as_it_was_made() -> None:
    arguments = [sys.executable, str(SCRIPT), "--orders", "3000", "--limit", "60", "--json"]
    done = subprocess.run(arguments, capture_output=True, encoding="utf-8", timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["wrong"] == {}
    assert set(result["classes"].values()) == {30}
    assert len(result["classes"]) == 12
    assert (result["unchanged"], result["stored"], result["observed"]) == (2730, 2940, 2940)
    assert result["cpu_seconds"] < 5  # 0.1 s alone
