"""The nets that read, each loaded when it is first needed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from bridge.interfaces import LineFinder, Proposal, TextReader
from bridge.records import Box, Image

if TYPE_CHECKING:
    from bridge.contracts.extract import ContractReader
    from bridge.ocr.engine import PaddleEngine


class LazyReader:
    """A text reader that loads its net at the first picture: a run whose every cell is proven otherwise never
    pays for it."""

    def __init__(self, load: Callable[[], TextReader]) -> None:
        self._load = load
        self._reader: TextReader | None = None
        self._loading: threading.Thread | None = None

    def begin(self) -> None:
        """Loads the net beside other work, as it is going to be asked.  What fails then fails when it is asked."""
        if self._reader is None and self._loading is None:
            from bridge.ocr.runtime import prepare

            prepare()  # before a second thread takes memory
            # No daemon: at the program's end it must not be torn out of the middle of foreign code.
            self._loading = threading.Thread(target=self._load_beside, name="load the net")
            self._loading.start()

    def _load_beside(self) -> None:
        with suppress(Exception):
            self._reader = self._load()

    def read_lines(self, images: Sequence[Image], *, alphabet: str | None = None) -> list[Proposal]:
        if not images:
            return []
        if self._loading is not None:
            self._loading.join()
        if self._reader is None:
            self._reader = self._load()
        return self._reader.read_lines(images, alphabet=alphabet)


def paddle(model: str, threads: int = 2) -> PaddleEngine:
    """model: small or tiny.  threads: processor cores, used in the way that set-up found fastest."""
    from bridge.ocr.engine import PaddleEngine
    from bridge.ocr.fastest import remembered
    from bridge.ocr.weights import find_weights

    weights = find_weights(f"PP-OCRv6_{model}_rec")
    return PaddleEngine(weights.folder, weights.model_name, running=remembered(model, threads))


def contract_reader(threads: int = 2) -> ContractReader:
    """Reads contract files; its nets are loaded at the first page."""
    from bridge.contracts.extract import ContractReader

    return ContractReader(
        finder=LazyFinder(threads),
        quick=LazyReader(lambda: paddle("tiny", threads)),
        good=LazyReader(lambda: paddle("small", threads)),
    )


class LazyFinder:
    """A line finder that loads its net at the first page."""

    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._finder: LineFinder | None = None

    def find_lines(self, image: Image) -> list[Box]:
        if self._finder is None:
            from bridge.ocr.detect import PaddleDetector
            from bridge.ocr.weights import find_weights

            weights = find_weights("PP-OCRv6_small_det")
            self._finder = PaddleDetector(weights.folder, weights.model_name, threads=self._threads)
        return self._finder.find_lines(image)
