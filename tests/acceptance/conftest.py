"""Worlds to break: one synced for the whole run, and copies of it for each test or file."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.register_assert_rewrite("fault_world")

from fault_world import SECRETS, SIGNING, World, copy_of, start_erp  # noqa: E402
from outside import Outside  # noqa: E402

from bridge import log  # noqa: E402
from bridge.testing.receivers import Receiver  # noqa: E402


@pytest.fixture(scope="session")
def own_folder() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="faults-", dir="/tmp") as own:
        yield own


@contextmanager
def _surroundings(own: str) -> Iterator[None]:
    """Secrets by environment, and a temporary folder of our own: whatever browser names it is ours."""
    before = os.environ.get("BRIDGE_SECRET_ERP")  # a file's may be around the session's, whose world is made late
    with pytest.MonkeyPatch.context() as m:
        for name, value in {**SECRETS, "TMPDIR": own}.items():
            m.setenv(name, value)
        m.setattr(tempfile, "tempdir", own)
        log.set_up(folder=None, name="tests", console_level="CRITICAL")
        yield
    assert os.environ.get("BRIDGE_SECRET_ERP") == before


@pytest.fixture(scope="module")
def own_machine(own_folder: str) -> Iterator[None]:
    """Ends with its file: a session's would go on into the folders that come after this one."""
    with _surroundings(own_folder):
        yield


@pytest.fixture(scope="session")
def seed(own_folder: str, tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world after its first good sync.  Only to be copied."""
    with _surroundings(own_folder):
        return _synced_world(tmp_path_factory.mktemp("seed"))


def _synced_world(folder: Path) -> World:
    world = World(folder=folder, erp=start_erp(), receiver=Receiver(log=folder / "receiver.jsonl", secret=SIGNING))
    world.configure()
    world.nets = {n: getattr(world.app, n) for n in ("net", "fast_net") if hasattr(world.app, n)}
    try:
        world.settle()
    finally:
        world.close()
    return world


@pytest.fixture
def world(own_machine: None, seed: World, tmp_path: Path) -> Iterator[World]:
    made = copy_of(seed, tmp_path / "world")
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared(own_machine: None, seed: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One world for all tests of a file whose faults leave nothing behind."""
    made = copy_of(seed, tmp_path_factory.mktemp("shared") / "world")
    yield made
    made.close()


@pytest.fixture
def world_with(own_machine: None, seed: World, tmp_path: Path) -> Iterator[Callable[..., World]]:
    """``world_with(seat="kick")``: as ``world``, with variants of the ERP."""
    made: list[World] = []

    def make(**erp: Any) -> World:
        made.append(copy_of(seed, tmp_path / f"world{len(made)}", **erp))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    made = Outside()
    monkeypatch.setenv("BRIDGE_SECRET_OPS", f"json://127.0.0.1:{made.port}/alarm")
    monkeypatch.setenv("BRIDGE_SECRET_BEAT", f"http://127.0.0.1:{made.port}/ping/secret-key-of-the-heartbeat")
    yield made
    made.close()
