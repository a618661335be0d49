"""A captcha that the net cannot read is handed to a person: a question in the store, a link in an alert."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from bridge import log
from bridge.errors import BridgeError
from bridge.interfaces import Clock, NoticeLevel, Notifier, PersonAtHand
from bridge.sentences import Language
from bridge.settings import Review, Settings

if TYPE_CHECKING:
    from bridge.store import SqlStore

_TEXTS: dict[Language, tuple[str, str]] = {
    "zh": (
        "{source}：请输入登录验证码",
        "bridge 读不清 {source} 的登录验证码，正在等人输入。请在 {minutes} 分钟内打开：\n{link}",
    ),
    "en": (
        "{source}: please type the sign-in captcha",
        "The bridge cannot read the captcha of {source} and waits for you.  Open within {minutes} min:\n{link}",
    ),
}


def person_at_hand(
    settings: Settings,
    source: str,
    store: Callable[[], SqlStore],
    notifier: Callable[[], Notifier],
    clock: Clock,
) -> PersonAtHand | None:
    """None where nobody would be told.  Half of the run's time at most: the list is still to be read."""
    wait_s = min(60 * settings.source(source).captcha_minutes, settings.deadline_s(source) / 2)
    if not settings.notify.to or wait_s <= 0:
        return None
    desk = PeoplesCaptchaDesk(
        store(),
        notifier(),
        source=source,
        review=settings.review,
        language=settings.reports.language,
        clock=clock,
    )
    return PersonAtHand(desk=desk, wait_s=wait_s)


class PeoplesCaptchaDesk:
    """Satisfies ``interfaces.CaptchaDesk``.

    review: where the page is.
    """

    def __init__(
        self, store: SqlStore, notifier: Notifier, *, source: str, review: Review, language: Language, clock: Clock
    ) -> None:
        self._store = store
        self._notifier = notifier
        self._source = source
        self._review = review
        self._language = language
        self._clock = clock

    def ask(self, picture: str, *, wait_s: float) -> str:
        now = self._clock()
        token = self._store.ask_captcha(self._source, picture, now=now, until=now + timedelta(seconds=wait_s))
        title, text = _TEXTS[self._language]
        facts = {
            "source": self._source,
            "minutes": max(1, round(wait_s / 60)),
            "link": self._review.link(f"/captcha/{token}"),
        }
        failed = self._notifier.send(title.format(**facts), text.format(**facts), level=NoticeLevel.WARNING)
        log.event(
            "captcha.asked", "a person is asked to read the captcha", level="WARNING", untold=", ".join(failed)
        )
        return token

    def answer(self, token: str) -> str | None:
        return self._store.captcha_answer(token)

    def close(self, token: str) -> None:
        try:
            self._store.close_captcha(token)
        except BridgeError as e:  # it ends by itself; the sign-in goes on
            log.event("captcha.not_closed", str(e), level="WARNING")
