"""The self-test that finds how a machine reads fastest."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from bridge.errors import ReadError
from bridge.interfaces import Proposal
from bridge.ocr import fastest
from bridge.ocr.fastest import PLAIN, Running, remembered, try_all, ways
from bridge.records import Image


class Net:
    """A reader that takes so long and reads so."""

    def __init__(self, seconds: float, text: str = "A") -> None:
        self.seconds, self.text = seconds, text

    def read_lines(self, images: Sequence[Image], *, alphabet: str | None = None) -> list[Proposal]:
        time.sleep(self.seconds)
        return [Proposal(text=self.text, confidence=1.0) for _ in images]


def test_all_ways_to_use_the_cores_the_plain_one_first() -> None:
    assert ways(4) == [Running(4, 1), Running(2, 2), Running(1, 4)]
    assert ways(1) == [Running(1, 1)]


def test_the_net_is_never_run_where_pictures_leave_the_machine() -> None:
    offered = ["AzureExecutionProvider", PLAIN, "OpenVINOExecutionProvider"]
    assert [w.provider for w in ways(2, offered)] == [PLAIN, PLAIN, "OpenVINOExecutionProvider"]


def test_a_way_that_is_faster_by_far_is_taken() -> None:
    best, seconds = try_all("small", 2, lambda way: Net(0.02 if way.threads == 2 else 0.06))
    assert best == Running(1, 2)
    assert set(seconds) == {"2 × 1", "1 × 2"}


def test_a_little_faster_is_noise() -> None:
    best, _ = try_all("small", 2, lambda way: Net(0.295 if way.threads == 2 else 0.3))
    assert best == Running(2, 1)


def test_a_way_that_reads_otherwise_or_fails_is_not_taken_however_fast_it_is() -> None:
    def load(way: Running) -> Net:
        if way.provider != PLAIN:
            raise ReadError("no such device")
        return Net(0.0, "B") if way.threads == 2 else Net(0.05)

    best, seconds = try_all("small", 2, load, [PLAIN, "CUDAExecutionProvider"])
    assert best == Running(2, 1)
    assert seconds["1 × 2"] is None
    assert seconds["1 × 1 on CUDA"] is None


def kept(folder: Path, **changes: object) -> None:
    way = {"batches": 1, "threads": 2, "provider": PLAIN}
    whole = {"machine": fastest.machine(), "fastest": {"small 2": way}, "seconds": {}}
    (folder / fastest.FILE).write_text(json.dumps(whole | changes), encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(fastest, "weights_root", lambda: tmp_path / "weights")
    return tmp_path


def test_what_was_found_is_remembered_for_this_machine_only(folder: Path) -> None:
    assert remembered("small", 2) == Running(2)
    kept(folder)
    assert remembered("small", 2) == Running(1, 2)
    assert remembered("small", 4) == Running(4)
    kept(folder, machine={**fastest.machine(), "cores": 99})
    assert remembered("small", 2) == Running(2)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"machine": {}}'])
def test_a_file_that_cannot_be_read_means_the_plain_way(folder: Path, text: str) -> None:
    (folder / fastest.FILE).write_text(text, encoding="utf-8")
    assert remembered("small", 2) == Running(2)


def test_a_file_that_lost_a_part_is_as_none(folder: Path) -> None:
    kept(folder, fastest=None)
    assert remembered("small", 2) == Running(2)
