"""Waiting for processes that were killed."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import psutil
import pytest

from bridge.processes import wait_for_end

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no zombies")


@pytest.fixture
def child() -> Iterator[subprocess.Popen[bytes]]:
    started = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield started
    started.kill()
    started.wait()


def test_who_was_killed_has_ended_though_nobody_collects_it(child: subprocess.Popen[bytes]) -> None:
    process = psutil.Process(child.pid)
    process.kill()
    began = time.monotonic()
    wait_for_end([process], 20)
    assert time.monotonic() - began < 10
    assert process.status() == psutil.STATUS_ZOMBIE  # it still stands in the process table


def test_who_lives_is_waited_for_no_longer_than_said(child: subprocess.Popen[bytes]) -> None:
    began = time.monotonic()
    wait_for_end([psutil.Process(child.pid)], 0.2)
    assert 0.2 <= time.monotonic() - began < 10
    assert child.poll() is None
