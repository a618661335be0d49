"""The benchmark of the review page runs, on a short list; its figures at full length are in its own output."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "bench_review.py"


@pytest.mark.slow
def test_the_benchmark_measures_every_page() -> None:
    arguments = [sys.executable, str(SCRIPT), "--orders", "400", "--breaks", "40"]
    done = subprocess.run(arguments, capture_output=True, encoding="utf-8", timeout=240, check=False)
    assert done.returncode in (0, 1), done.stderr  # 1: a machine that others use was slow
    for page in (
        "queue, grouped by confusion",
        "decision",
        "search by SKU",
        "order with its time line",
        "dashboard",
    ):
        assert page in done.stdout
    assert "limit 300 ms" in done.stdout
