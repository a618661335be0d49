"""The sample contracts: enough of them, each with a truth that holds together, and the same ones every time."""

from __future__ import annotations

from datetime import date
from random import Random

import pytest

from samples.contracts.cases import CASES
from samples.contracts.promises import PROMISES, working
from samples.contracts.truth import held_back
from samples.contracts.words import chinese, parties, small


def test_there_are_enough_and_no_two_of_one_name() -> None:
    assert len(CASES) >= 60
    assert len({c.file for c in CASES}) == len(CASES)
    who = parties(Random(1), date(2026, 3, 2))
    kinds = [PROMISES[c.promise](who).kind for c in CASES]
    assert kinds.count("none") >= 10
    assert 0.15 < sum(held_back(c.name) for c in CASES) / len(CASES) < 0.3


@pytest.mark.parametrize("name", PROMISES)
def test_the_promised_day_is_the_last_of_its_days(name: str) -> None:
    promise = PROMISES[name](parties(Random(name), date(2026, 3, 2)))
    assert promise.day == max(promise.days, default=None)
    assert promise.day is None or promise.day > date(2026, 3, 2)
    assert (promise.kind == "none") <= (promise.day is None and promise.base is None)


def test_the_spring_festival_is_no_working_time() -> None:
    # 2026: 15 to 23 February are free, the Saturdays 14 and 28 February are worked.
    assert working(date(2026, 2, 13), 1) == date(2026, 2, 14)
    assert working(date(2026, 2, 14), 1) == date(2026, 2, 24)
    assert working(date(2026, 2, 27), 1) == date(2026, 2, 28)


def test_chinese_numerals() -> None:
    assert chinese(date(2026, 10, 21)) == "二〇二六年十月二十一日"
    assert [small(n) for n in (1, 10, 11, 20, 31)] == ["一", "十", "十一", "二十", "三十一"]
