"""Captchas that people are asked to read, on real databases."""

from __future__ import annotations

from datetime import timedelta

from store_samples import NOW

from bridge.store import SqlStore

SOON = NOW + timedelta(seconds=30)
UNTIL = NOW + timedelta(minutes=3)
PICTURE = "ab" * 32


def test_the_first_answer_counts(store: SqlStore) -> None:
    token = store.ask_captcha("demo", PICTURE, now=NOW, until=UNTIL)
    assert [(q.token, q.source, q.picture) for q in store.open_captchas(SOON)] == [(token, "demo", PICTURE)]
    assert store.captcha_answer(token) is None
    assert store.answer_captcha(token, "3479", by="li", now=SOON)
    assert not store.answer_captcha(token, "AAAA", by="wang", now=SOON)
    assert store.captcha_answer(token) == "3479"
    assert store.open_captchas(SOON) == []
    asked = store.captcha_question(token)
    assert asked is not None
    assert asked.answered_by == "li"


def test_an_answer_that_comes_too_late_is_none(store: SqlStore) -> None:
    token = store.ask_captcha("demo", PICTURE, now=NOW, until=UNTIL)
    assert not store.answer_captcha(token, "3479", by="li", now=UNTIL)
    assert store.captcha_answer(token) is None
    assert store.open_captchas(UNTIL) == []
    store.close_captcha(token)
    assert store.captcha_question(token) is None
    assert not store.answer_captcha(token, "3479", by="li", now=SOON)


def test_questions_of_runs_that_were_killed_do_not_pile_up(store: SqlStore) -> None:
    tokens = [store.ask_captcha("demo", PICTURE, now=NOW, until=UNTIL) for _ in range(3)]
    assert len(set(tokens)) == 3
    late = NOW + timedelta(hours=2)
    store.ask_captcha("demo", PICTURE, now=late, until=late + timedelta(minutes=3))
    assert all(store.captcha_question(t) is None for t in tokens)
