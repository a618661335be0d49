"""What the libraries of the nets do by themselves: they must leave nothing behind and call nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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
