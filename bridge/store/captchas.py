"""Captchas that a person is asked to read while a run waits."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, insert, select, update

from bridge.store.database import Database
from bridge.store.tables import captcha_questions


@dataclass(frozen=True, kw_only=True, slots=True)
class CaptchaQuestion:
    token: str
    source: str
    picture: str  # sha256
    until: datetime
    answered_by: str | None


class Captchas:
    """A question lives as long as its run waits; what is over is removed with the next question."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def ask_captcha(self, source: str, picture: str, *, now: datetime, until: datetime) -> str:
        token = secrets.token_urlsafe(12)
        t = captcha_questions.c
        with self._database.write() as connection:
            connection.execute(delete(captcha_questions).where(t.until < now - timedelta(hours=1)))
            connection.execute(
                insert(captcha_questions).values(
                    token=token, source=source, picture=picture, asked_at=now, until=until
                )
            )
        return token

    def answer_captcha(self, token: str, text: str, *, by: str, now: datetime) -> bool:
        """False if nobody waits for it any more, or someone was faster."""
        t = captcha_questions.c
        with self._database.write() as connection:
            done = connection.execute(
                update(captcha_questions)
                .where(t.token == token, t.answer.is_(None), t.until > now)
                .values(answer=text, answered_by=by, answered_at=now)
            )
            return done.rowcount == 1

    def captcha_answer(self, token: str) -> str | None:
        with self._database.read() as connection:
            answer: str | None = connection.execute(
                select(captcha_questions.c.answer).where(captcha_questions.c.token == token)
            ).scalar_one_or_none()
            return answer

    def close_captcha(self, token: str) -> None:
        with self._database.write() as connection:
            connection.execute(delete(captcha_questions).where(captcha_questions.c.token == token))

    def captcha_question(self, token: str) -> CaptchaQuestion | None:
        """Open or answered; None once its run has gone on."""
        return next((q for q in self._questions(captcha_questions.c.token == token)), None)

    def open_captchas(self, now: datetime) -> Sequence[CaptchaQuestion]:
        """Those that a run waits for, the oldest first."""
        t = captcha_questions.c
        return self._questions(t.until > now, t.answer.is_(None))

    def _questions(self, *conditions: ColumnElement[bool]) -> list[CaptchaQuestion]:
        t = captcha_questions.c
        query = (
            select(t.token, t.source, t.picture, t.until, t.answered_by).where(*conditions).order_by(t.asked_at)
        )
        with self._database.read() as connection:
            return [
                CaptchaQuestion(
                    token=r.token, source=r.source, picture=r.picture, until=r.until, answered_by=r.answered_by
                )
                for r in connection.execute(query)
            ]
