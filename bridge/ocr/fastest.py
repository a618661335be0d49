"""Which way of running a net is fastest on this machine: tried once, at set-up, and remembered.

    python -m bridge.ocr.fastest            try, unless it is known already
    python -m bridge.ocr.fastest --again    try anew

Batches can be read side by side with few threads each, or one after the other with many; and ONNX Runtime may
have more than the processor to run on.  Which is faster differs from machine to machine.  A way whose readings
differ from the plain one's is not taken, however fast it is.  What was found holds for this processor, its number
of cores and this version of ONNX Runtime; where it is not known, or the file cannot be read, nets run the plain
way: batches side by side, one thread each.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from importlib import metadata
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np

from bridge.errors import ReadError, SetupError
from bridge.interfaces import Proposal, TextReader
from bridge.ocr.weights import find_weights, weights_root
from bridge.records import Image

FILE = "fastest.json"
MODELS = ("small", "tiny")
ROUNDS = 3
BY_FAR = 0.9
"""Share of the plain way's time that another way must stay below; less is this machine's noise."""
PLAIN = "CPUExecutionProvider"
_NOT_HERE = ("AzureExecutionProvider",)  # it sends pictures away


@dataclass(frozen=True, slots=True)
class Running:
    """Batches read at the same time, threads for each, and what ONNX Runtime runs on."""

    batches: int
    threads: int = 1
    provider: str = PLAIN

    def __str__(self) -> str:
        where = "" if self.provider == PLAIN else f" on {self.provider.removesuffix('ExecutionProvider')}"
        return f"{self.batches} × {self.threads}{where}"


def ways(cores: int, providers: Sequence[str] = (PLAIN,)) -> list[Running]:
    """All that use ``cores``, the plain one first."""
    shares = [Running(cores // t, t) for t in range(1, cores + 1) if cores % t == 0]
    return shares + [Running(1, 1, p) for p in providers if p != PLAIN and p not in _NOT_HERE]


def remembered(model: str, cores: int) -> Running:
    """The fastest way for a net on this machine; the plain one where nothing is known."""
    try:
        return Running(**(_kept() or {})["fastest"][f"{model} {cores}"])
    except (KeyError, TypeError):  # not tried yet: the plain way is right everywhere
        return Running(cores)


def try_all(
    model: str, cores: int, load: Callable[[Running], TextReader], providers: Sequence[str] = (PLAIN,)
) -> tuple[Running, dict[str, float | None]]:
    """The fastest way, and each one's seconds; None for one that failed or read otherwise than the plain one.

    load: makes a reader that runs so; may raise ReadError."""
    pictures = list(_pictures())
    seconds: dict[str, float | None] = {}
    best, plain_texts, limit = Running(cores), None, float("inf")
    for way in ways(cores, providers):
        try:
            reader = load(way)
            texts, took = _timed(reader, pictures)
        except ReadError:
            seconds[str(way)] = None
            continue
        if plain_texts is None:
            plain_texts, limit = texts, BY_FAR * took
        elif texts != plain_texts:
            seconds[str(way)] = None
            continue
        elif took < limit:
            best, limit = way, took
        seconds[str(way)] = took
    return best, seconds


def machine() -> dict[str, Any]:
    return {"processor": _processor(), "cores": os.cpu_count(), "onnxruntime": metadata.version("onnxruntime")}


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux
    return platform.processor() or platform.machine()


def _pictures() -> Iterator[Image]:
    """48 lines as lists have them, 3 to 30 characters."""
    rng = np.random.default_rng(48)
    for _ in range(48):
        text = "".join(rng.choice(list("0123456789ABCDEFGHKLMNPRSTUVWXYZ-. "), rng.integers(3, 31)))
        picture = np.full((32, 16 * len(text) + 8, 3), 255, np.uint8)
        cv2.putText(picture, text, (4, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.7, (0, 0, 0), 1, cv2.LINE_AA)
        yield picture


def _timed(reader: TextReader, pictures: list[Image]) -> tuple[list[str], float]:
    proposals: list[Proposal] = reader.read_lines(pictures)  # the first reading also loads what is loaded late
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        reader.read_lines(pictures)
        took.append(time.perf_counter() - began)
    return [p.text for p in proposals], median(took)


def _file() -> Path:
    return weights_root().parent / FILE


def _kept() -> dict[str, Any] | None:
    """What was found on this very machine; None if nothing was, or the file cannot be read."""
    try:
        kept: dict[str, Any] = json.loads(_file().read_text(encoding="utf-8"))
        whole = isinstance(kept["fastest"], dict) and isinstance(kept["seconds"], dict)
        return kept if whole and kept["machine"] == machine() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def ensure_tried(cores: int = 2, *, again: bool = False) -> dict[str, Running]:
    """The fastest way for each net, tried now if it is not known.  Raises SetupError without the weights."""
    kept = _kept() or {"machine": machine(), "fastest": {}, "seconds": {}}
    for model in MODELS:
        key = f"{model} {cores}"
        if again or key not in kept["fastest"]:
            best, seconds = try_all(model, cores, partial(_load, model), _providers())
            kept["fastest"][key], kept["seconds"][key] = asdict(best), seconds
            with suppress(OSError):  # what cannot be kept is tried again
                _file().write_text(json.dumps(kept, indent=1), encoding="utf-8")
    return {model: Running(**kept["fastest"][f"{model} {cores}"]) for model in MODELS}


def main(arguments: Sequence[str] | None = None) -> int:
    """Try how this machine reads fastest, and remember it."""
    parser = argparse.ArgumentParser(prog="python -m bridge.ocr.fastest", description=main.__doc__)
    parser.add_argument("--again", action="store_true", help="even if it is known already")
    parser.add_argument("--cores", type=int, default=2, help="[ocr] threads of bridge.toml (default %(default)s)")
    parser.add_argument("--offline", action="store_true", help=argparse.SUPPRESS)  # every step of set-up has it
    given = parser.parse_args(arguments)
    try:
        found = ensure_tried(given.cores, again=given.again)
    except SetupError as error:
        print(f"self-test: {error.message}", f"  next: {error.hint or ''}", sep="\n", file=sys.stderr)
        return error.exit_code
    print(f"{told(found)} (batches side by side × threads each)")
    return 0


def told(found: Mapping[str, Running]) -> str:
    return ", ".join(f"{model} net {way}" for model, way in found.items())


def _load(model: str, way: Running) -> TextReader:
    from bridge.ocr.engine import PaddleEngine

    weights = find_weights(f"PP-OCRv6_{model}_rec")
    return PaddleEngine(weights.folder, weights.model_name, running=way)


def _providers() -> list[str]:
    from bridge.ocr import runtime

    runtime.prepare()
    import onnxruntime

    return list(onnxruntime.get_available_providers())


if __name__ == "__main__":
    sys.exit(main())
