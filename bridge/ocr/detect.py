"""The text detector: a picture of a page → where its lines of text are.

PaddleOCR's TextDetection; the net is DB (Liao et al. 2020, Real-time Scene Text Detection).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bridge.errors import ReadError
from bridge.ocr import runtime
from bridge.records import Box, Image


class PaddleDetector:
    """Satisfies ``interfaces.LineFinder``.

    folder: holds ``inference.onnx`` and ``inference.yml``.  name: PaddleOCR's name of the model in it.
    side: the picture is made no longer than this (pixels) for the search.
    Raises ReadError if the engine cannot be started or fails on a picture.
    """

    def __init__(self, folder: Path, name: str, *, threads: int = 2, side: int = 1152) -> None:
        runtime.prepare()
        self._side = side
        try:
            from paddleocr import TextDetection

            self._net = TextDetection(
                model_name=name,
                model_dir=str(folder),
                engine="onnxruntime",
                engine_config=runtime.options(threads),
            )
        except (ImportError, RuntimeError, ValueError, OSError, AssertionError) as e:
            raise ReadError(
                f"the text detector did not start with the weights in {folder}: {e}",
                hint="Run `bridge doctor`, then `bridge setup` to fetch the weights anew.",
            ) from e

    def find_lines(self, image: Image) -> list[Box]:
        """Upright boxes in the picture's pixels, in no order; image: H × W × 3 RGB, uint8, lying straight."""
        try:
            (found,) = self._net.predict(
                np.ascontiguousarray(image[:, :, ::-1]), limit_side_len=self._side, limit_type="max", batch_size=1
            )
        except (RuntimeError, ValueError, MemoryError) as e:
            raise ReadError(
                f"the text detector failed on a picture of {image.shape[1]} × {image.shape[0]}: {e}"
            ) from e
        boxes = []
        for polygon in found["dt_polys"]:
            points = np.asarray(polygon, np.float64)
            (x, y), (x2, y2) = points.min(axis=0), points.max(axis=0)
            boxes.append(Box(x=float(x), y=float(y), w=float(x2 - x), h=float(y2 - y)))
        return boxes
