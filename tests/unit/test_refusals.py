"""A refused name and password is not sent again, over runs and processes."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.erp.refusals import Refusals
from bridge.errors import SignInRefused

AT = datetime(2026, 11, 22, 1, 30, tzinfo=UTC)


def test_only_the_pair_that_was_refused_is_stopped(tmp_path: Path) -> None:
    file = tmp_path / "refused" / "k3.json"
    Refusals(file).stop_if_known("k3", "bridge", "wrong")
    Refusals(file).note("bridge", "wrong", AT)
    with pytest.raises(SignInRefused, match="2026-11-22 01:30") as e:
        Refusals(file).stop_if_known("k3", "bridge", "wrong")
    assert "bridge check k3" in e.value.hint
    Refusals(file).stop_if_known("k3", "bridge", "right")
    Refusals(file).stop_if_known("k3", "other", "wrong")
    assert "wrong" not in file.read_text(encoding="utf-8")
    Refusals(file).forget()
    Refusals(file).stop_if_known("k3", "bridge", "wrong")


def test_a_damaged_file_stops_nothing(tmp_path: Path) -> None:
    file = tmp_path / "k3.json"
    for text in ("", "{}", "[]", '{"at": "x", "salt": "zz", "digest": ""}'):
        file.write_text(text)
        Refusals(file).stop_if_known("k3", "bridge", "wrong")


def test_a_refusal_that_cannot_be_kept_is_still_told_by_the_caller(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    Refusals(tmp_path / "file" / "k3.json").note("bridge", "wrong", AT)
