"""Pictures as PNG and back."""

from __future__ import annotations

import cv2
import numpy as np

from bridge.records import Image


def encode_png(image: Image) -> bytes:
    """H × W × 3 RGB → PNG bytes."""
    return bytes(cv2.imencode(".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR))[1])


def decode_png(png: bytes) -> Image:
    """PNG bytes → H × W × 3 RGB."""
    bgr = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)
    return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), np.uint8)
