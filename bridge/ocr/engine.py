"""The recogniser: pictures of single text lines → proposals.

PaddleOCR loads the weights, prepares the pictures and runs the net (ONNX Runtime); the decoding is ours, because
its result is one text with one mean score, and reading truthfully needs every character's probability, its place
and its runners-up.  CTC greedy decoding as in Graves et al. 2006 (Connectionist Temporal Classification, §3.2).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray

from bridge.errors import ReadError
from bridge.interfaces import Proposal
from bridge.ocr import runtime
from bridge.ocr.fastest import Running
from bridge.records import Image

ALTERNATIVES = 5
"""Runners-up kept for each character."""
LEAST = 1e-6
"""Probability below which a character is no runner-up: of 18,000 the net gives nearly all less."""

SIDE_BY_SIDE = Running(2)
"""One thread a batch and batches side by side: a batch of few short lines is too little work to share, and the
threads that share it mostly spend as much again on waiting for each other."""
_BLANK = 0
_MAX_BATCH_PIXELS = 48 * 4000
"""Padded pixels of one batch: eight average cells; larger batches only take memory (measured, docs)."""


class PaddleEngine:
    """PaddleOCR's TextRecognition with its own decoding; satisfies ``interfaces.TextReader``.

    folder: holds ``inference.onnx`` and ``inference.yml``.  name: PaddleOCR's name of the model in it.
    running: see ``fastest``.
    Raises ReadError if the engine cannot be started or fails on a picture.
    """

    def __init__(self, folder: Path, name: str, *, running: Running = SIDE_BY_SIDE) -> None:
        runtime.prepare()
        try:
            from paddleocr import TextRecognition

            with _quick_yaml():
                self._net = TextRecognition(
                    model_name=name,
                    model_dir=str(folder),
                    engine="onnxruntime",
                    engine_config=runtime.options(running.threads, running.provider),
                ).paddlex_predictor
        except (ImportError, RuntimeError, ValueError, OSError, AssertionError) as e:
            raise ReadError(
                f"the OCR engine did not start with the weights in {folder}: {e}",
                hint="Run `bridge doctor`, then `bridge setup` to fetch the weights anew.",
            ) from e
        self.name = name
        self._side_by_side = (
            ThreadPoolExecutor(running.batches, thread_name_prefix=name) if running.batches > 1 else None
        )
        narrow = self._net.pre_tfs["ReisizeNorm"]
        # Short crops of list cells are not padded (faster, stack facts); captchas read better on a wide ground.
        self._prepare = type(narrow)(rec_image_shape=[3, 48, 48])
        self._prepare_wide = type(narrow)(rec_image_shape=[3, 48, 320])
        self._characters: list[str] = list(self._net.post_op.character)
        self._allowed: dict[str, NDArray[np.bool_]] = {}

    def read_lines(self, images: Sequence[Image], *, alphabet: str | None = None) -> list[Proposal]:
        """One proposal per picture, in order; a picture of any height, H × W × 3 RGB.  alphabet: decodes to its
        characters only, as captchas need it."""
        out: list[Proposal | None] = [None] * len(images)
        order = sorted(range(len(images)), key=lambda i: images[i].shape[1] / images[i].shape[0])
        batches = _batches(order, images)

        def read(batch: list[int]) -> list[Proposal]:
            return self._read_batch([images[i] for i in batch], alphabet)

        run = self._side_by_side.map if self._side_by_side is not None and len(batches) > 1 else map
        for batch, proposals in zip(batches, run(read, batches), strict=True):
            for i, proposal in zip(batch, proposals, strict=True):
                out[i] = proposal
        return [p for p in out if p is not None]

    def _read_batch(self, images: list[Image], alphabet: str | None) -> list[Proposal]:
        try:
            prepare = self._prepare if alphabet is None else self._prepare_wide
            prepared = prepare(imgs=[np.ascontiguousarray(i) for i in images])
            x = self._net.pre_tfs["ToBatch"](imgs=prepared)
            steps = np.asarray(self._net.runner(x=x)[0], dtype=np.float32)
        except (RuntimeError, ValueError, MemoryError) as e:
            raise ReadError(f"the OCR engine failed on a batch of {len(images)} pictures: {e}") from e
        if alphabet is not None:
            steps = steps * self._mask(alphabet)
            steps /= np.maximum(steps.sum(axis=2, keepdims=True), 1e-9)
        width = x[0].shape[-1]
        return [
            _decode(steps[i], self._characters, width * image.shape[0] / prepared[i].shape[1])
            for i, image in enumerate(images)
        ]

    def _mask(self, alphabet: str) -> NDArray[np.bool_]:
        if alphabet not in self._allowed:
            mask = np.fromiter((c in alphabet for c in self._characters), bool, len(self._characters))
            mask[_BLANK] = True
            self._allowed[alphabet] = mask
        return self._allowed[alphabet]


@contextmanager
def _quick_yaml() -> Iterator[None]:
    """PaddleX parses a model's description, some 18,000 characters' list, with PyYAML's Python parser; the same
    through libyaml takes a twentieth of the time (2 s a net on 2 cores)."""
    slow = yaml.FullLoader
    yaml.FullLoader = getattr(yaml, "CFullLoader", slow)  # type: ignore[misc]
    try:
        yield
    finally:
        yaml.FullLoader = slow  # type: ignore[misc]


def _batches(order: list[int], images: Sequence[Image]) -> list[list[int]]:
    """Neighbours in width together, until the padded batch is full."""
    batches: list[list[int]] = []
    current: list[int] = []
    for i in order:
        h, w = images[i].shape[:2]
        if current and (len(current) + 1) * 48 * (48 * w / h) > _MAX_BATCH_PIXELS:
            batches.append(current)
            current = []
        current.append(i)
    return [*batches, current] if current else batches


def _decode(steps: NDArray[np.float32], characters: Sequence[Any], width: float) -> Proposal:
    """steps: T × C probabilities.  width: of the padded picture in the original's pixels."""
    best = steps.argmax(axis=1)
    found: list[tuple[str, float, float]] = []
    others: list[tuple[tuple[str, float], ...]] = []
    t, n = 0, len(best)
    while t < n:
        c = best[t]
        end = t + 1
        while end < n and best[end] == c:
            end += 1
        if c != _BLANK:
            peak = t + int(steps[t:end, c].argmax())
            found.append((characters[c], float(steps[peak, c]), (peak + 0.5) / n * width))
            others.append(_runners_up(steps[t:end].max(axis=0), c, characters))
        t = end
    text = "".join(c for c, _, _ in found)
    return Proposal(
        text=text,
        confidence=min((p for _, p, _ in found), default=0.0),
        characters=tuple(found),
        alternatives=tuple(others),
    )


def _runners_up(
    probabilities: NDArray[np.float32], best: int, characters: Sequence[Any]
) -> tuple[tuple[str, float], ...]:
    likely = np.flatnonzero(probabilities > LEAST).tolist()
    ranked = sorted((i for i in likely if i not in (best, _BLANK)), key=lambda i: -probabilities[i])
    return tuple((characters[i], float(probabilities[i])) for i in ranked[:ALTERNATIVES])
