"""The text reader, with what it said of each very picture kept on disk: it is loaded only for new ones.

Torture and soak read the same few pictures in hundreds of processes, each of which would load the net for them.
"""

from __future__ import annotations

import hashlib
import os
import pickle
from collections.abc import Callable, Sequence
from pathlib import Path

from bridge.interfaces import Proposal, TextReader
from bridge.records import Image


class RememberedNet:
    """Satisfies ``interfaces.TextReader``.  folder: one small file per picture; processes may share it."""

    def __init__(self, load: Callable[[], TextReader], folder: Path) -> None:
        self._load = load
        self._folder = folder
        self._reader: TextReader | None = None

    def read_lines(self, images: Sequence[Image], *, alphabet: str | None = None) -> list[Proposal]:
        found: list[Proposal] = []
        for image in images:
            digest = hashlib.sha256(f"{image.shape} {alphabet} ".encode() + image.tobytes()).hexdigest()
            file = self._folder / digest
            if not file.exists():
                self._keep(file, image, alphabet)
            found.append(pickle.loads(file.read_bytes()))
        return found

    def _keep(self, file: Path, image: Image, alphabet: str | None) -> None:
        if self._reader is None:
            self._reader = self._load()
        proposal = self._reader.read_lines([image], alphabet=alphabet)[0]
        self._folder.mkdir(parents=True, exist_ok=True)
        half = file.with_suffix(f".{os.getpid()}")
        half.write_bytes(pickle.dumps(proposal))
        os.replace(half, file)
