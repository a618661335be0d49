"""The wait between two attempts: bounded, growing, spread, and never shorter than the receiver asked for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.outbox.backoff import Backoff, parse_retry_after

NOW = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)
attempts = st.integers(min_value=1, max_value=10**6)
draws = st.floats(min_value=0, max_value=1, exclude_max=True)
rules = st.builds(
    lambda floor, base, cap: Backoff(floor_s=floor, base_s=floor + base, cap_s=floor + base + cap),
    st.floats(0.01, 60),
    st.floats(0, 600),
    st.floats(0, 86_400),
)


@given(rules, attempts, draws)
def test_a_wait_lies_between_the_floor_and_the_cap(rule: Backoff, attempt: int, draw: float) -> None:
    wait = rule.delay(attempt, random=draw)
    assert rule.floor_s <= wait <= rule.cap_s * (1 + 1e-9)


@given(rules, attempts)
def test_the_longest_wait_doubles_until_the_cap(rule: Backoff, attempt: int) -> None:
    assert rule.ceiling(attempt + 1) == min(rule.cap_s, 2 * rule.ceiling(attempt))


@given(attempts)
def test_full_jitter_uses_the_whole_range(attempt: int) -> None:
    rule = Backoff()
    assert rule.delay(attempt, random=0.0) == rule.floor_s
    assert rule.delay(attempt, random=1.0) == pytest.approx(rule.ceiling(attempt))


@given(attempts, draws, st.floats(min_value=0, max_value=86_400))
def test_the_receiver_is_never_asked_sooner_than_it_said(attempt: int, draw: float, asked: float) -> None:
    assert asked < Backoff().delay(attempt, random=draw, retry_after=asked) <= asked + Backoff().cap_s


@given(attempts, draws, st.floats(allow_nan=True, allow_infinity=True))
def test_no_header_puts_a_message_to_sleep_for_ever(attempt: int, draw: float, asked: float) -> None:
    rule = Backoff()
    wait = rule.delay(attempt, random=draw, retry_after=asked)
    assert rule.floor_s <= wait <= rule.retry_after_cap_s + rule.cap_s


def test_first_attempts_by_hand() -> None:
    rule = Backoff(floor_s=1, base_s=30, cap_s=3600)
    assert [rule.ceiling(n) for n in (1, 2, 3, 7, 8, 9)] == [30, 60, 120, 1920, 3600, 3600]
    assert rule.delay(2, random=0.5) == 30.5


@pytest.mark.parametrize(("attempt", "draw"), [(0, 0.5), (-3, 0.5), (1, -0.1), (1, 1.5)])
def test_nonsense_is_refused(attempt: int, draw: float) -> None:
    with pytest.raises(ValueError, match=r"attempts count|random must"):
        Backoff().delay(attempt, random=draw)


@pytest.mark.parametrize("wrong", [{"floor_s": 0}, {"floor_s": 60}, {"base_s": 7200}, {"retry_after_cap_s": -1}])
def test_rules_that_contradict_each_other_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="floor_s"):
        Backoff(**wrong)


@given(st.integers(0, 10**6))
def test_retry_after_in_seconds(seconds: int) -> None:
    assert parse_retry_after(f" {seconds} ", now=NOW) == seconds


@given(st.integers(-(10**7), 10**7))
def test_retry_after_as_a_date(seconds: int) -> None:
    header = format_datetime(NOW + timedelta(seconds=seconds), usegmt=True)
    elsewhere = NOW.astimezone(timezone(timedelta(hours=8)))
    assert parse_retry_after(header, now=NOW) == parse_retry_after(header, now=elsewhere) == max(seconds, 0)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("Saturday, 01-Mar-25 12:01:00 GMT", 60),  # RFC 850
        ("Sat Mar  1 12:01:00 2025", 60),  # asctime
        ("Sat, 01 Mar 2025 20:01:00 +0800", 60),
    ],
)
def test_older_date_forms(header: str, seconds: int) -> None:
    assert parse_retry_after(header, now=NOW) == seconds


@given(st.none() | st.text(max_size=40))
def test_any_other_text_is_none_or_a_wait(header: str | None) -> None:
    wait = parse_retry_after(header, now=NOW)
    assert wait is None or wait >= 0


@pytest.mark.parametrize("header", [None, "", "soon", "-5", "1.5", "١٢", "Sat, 99 Foo 2025 12:00:00 GMT", "12 0"])
def test_what_cannot_be_understood_is_none(header: str | None) -> None:
    assert parse_retry_after(header, now=NOW) is None


def test_a_very_long_number_is_left_to_the_cap() -> None:
    assert parse_retry_after("9" * 400, now=NOW) == float("inf")
