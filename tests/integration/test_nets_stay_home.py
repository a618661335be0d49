"""What the libraries of the nets do by themselves: they must leave nothing behind and call nobody."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from bridge.ocr.weights import find_weights

READS = """
import numpy as np
from bridge.ocr.detect import PaddleDetector
from bridge.reading import paddle
from bridge.ocr.weights import find_weights

paddle("tiny").read_lines([np.full((32, 64, 3), 255, np.uint8)])
weights = find_weights("PP-OCRv6_tiny_det")
PaddleDetector(weights.folder, weights.model_name).find_lines(np.full((64, 64, 3), 255, np.uint8))
print("read")
"""


READS_ON = """
import ctypes, random
import numpy as np, psutil
from bridge.ocr import runtime
from bridge.reading import paddle

net, rng = paddle("tiny"), random.Random(3)
noise = np.random.default_rng(3).integers(0, 256, (24, 400, 3)).astype(np.uint8)
memory = []
for _ in range(40):
    net.read_lines([noise[:, : rng.randrange(30, 400)] for _ in range(rng.randrange(1, 24))])
    ctypes.CDLL(None).malloc_trim(0)  # what is free is no growth
    memory.append(psutil.Process().memory_info().rss / 1e6)
print(runtime.one_heap(), max(memory[10:]) - min(memory[10:]))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the heaps are glibc's")
def test_reading_on_and_on_takes_no_more_memory() -> None:
    done = subprocess.run([sys.executable, "-c", READS_ON], capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    one_heap, spread_mb = done.stdout.split()[-2:]
    assert one_heap == "True"
    assert float(spread_mb) < 10


def test_onnx_runtime_keeps_no_events_and_no_device_id(tmp_path: Path) -> None:
    environ = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY" and not k.startswith("XDG_")}
    environ |= {
        "HOME": str(tmp_path),
        "LOCALAPPDATA": str(tmp_path),
        "BRIDGE_WEIGHTS": str(find_weights("PP-OCRv6_tiny_rec").folder.parent),
    }
    done = subprocess.run([sys.executable, "-c", READS], env=environ, capture_output=True, text=True, check=False)
    assert done.stdout.split()[-1:] == ["read"], done.stderr
    assert not [p for p in tmp_path.rglob("*") if "microsoft" in str(p).lower() or "onnxruntime" in p.name.lower()]
