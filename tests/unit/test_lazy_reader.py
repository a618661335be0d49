"""A net is loaded when it is first asked, or beside other work where it surely will be."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import pytest

from bridge.errors import ReadError
from bridge.interfaces import Proposal
from bridge.reading import LazyReader
from bridge.records import Image

LINE = np.zeros((20, 60, 3), np.uint8)


class Net:
    def read_lines(self, images: Sequence[Image], *, alphabet: str | None = None) -> list[Proposal]:
        return [Proposal(text="x", confidence=1.0) for _ in images]


def test_it_is_loaded_once_and_beside_other_work() -> None:
    go_on = threading.Event()
    loaded: list[str] = []

    def load() -> Net:
        assert go_on.wait(10)
        loaded.append(threading.current_thread().name)
        return Net()

    reader = LazyReader(load)
    reader.begin()
    reader.begin()
    assert loaded == []  # and nobody waits for it
    go_on.set()
    assert [p.text for p in reader.read_lines([LINE, LINE])] == ["x", "x"]
    reader.begin()
    assert loaded == ["load the net"]


def test_nobody_who_asks_nothing_pays_for_it() -> None:
    assert LazyReader(lambda: pytest.fail("not needed")).read_lines([]) == []


def test_what_failed_beside_other_work_fails_when_it_is_asked() -> None:
    tries: list[int] = []

    def load() -> Net:
        tries.append(1)
        raise ReadError("no weights")

    reader = LazyReader(load)
    reader.begin()
    with pytest.raises(ReadError, match="no weights"):
        reader.read_lines([LINE])
    assert len(tries) == 2
