"""What the pages share, and one visit to a page: who asks, in which language, with which form."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bridge.errors import BridgeError
from bridge.interfaces import Role
from bridge.reports.words import Language, say_field
from bridge.review.blind import BlindCheckDesk
from bridge.review.web.access import Doorkeeper, RateLimit
from bridge.review.web.breaks import Break, OpenBreaks, break_of, may_see
from bridge.review.web.card import Cards, PictureCache
from bridge.review.web.phrases import role_name
from bridge.review.web.show import Shows
from bridge.wiring import App, utc_now

if TYPE_CHECKING:
    from bridge.interfaces import Clock, StoredReview
    from bridge.store.accounts import SignedIn

COOKIE = "bridge_session"
LANGUAGE_COOKIE = "bridge_language"
_RANK = {Role.VIEWER: 0, Role.OPERATOR: 1, Role.ADMINISTRATOR: 2}
TRIES, TRIES_MINUTES = 8, 5
REQUESTS_A_MINUTE = 3000  # of one address: far more than hands can do, far less than a flood


class Refused(Exception):
    """The visit ends here: ``status`` and a phrase that says why."""

    def __init__(self, status: int, phrase: str) -> None:
        super().__init__(phrase)
        self.status, self.phrase = status, phrase


@dataclass(kw_only=True)
class Desk:
    """Everything that lasts longer than one request."""

    app: App
    clock: Clock = utc_now
    zone: tzinfo | None = None
    session_lasts: timedelta = timedelta(hours=12)
    sign_ins: RateLimit = field(default_factory=lambda: RateLimit(TRIES, TRIES_MINUTES * 60))
    requests: RateLimit = field(default_factory=lambda: RateLimit(REQUESTS_A_MINUTE, 60))

    def __post_init__(self) -> None:
        zone = self.app.settings.run.timezone
        self.zone = self.zone or (ZoneInfo(zone) if zone else None)
        self.store = self.app.store
        self.doorkeeper = Doorkeeper(self.store, self.clock, self.session_lasts)
        self.pictures = PictureCache(self.app.evidence)
        self.breaks = OpenBreaks(self.store)
        self.cards = Cards(self.store, self.pictures, self.app.decisions.choices)
        self.templates = Environment(
            loader=PackageLoader("bridge.review.web", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.blind = BlindCheckDesk(
            self.store,
            sources=self.app.settings.sources,
            profile_of=self.app.profile,
            has_picture=lambda reading: self.pictures.of(reading) is not None,
            a_day=self.app.settings.review.blind_checks,
        )
        self._labels: dict[str, Mapping[str, str]] = {}

    def name_of(self, language: Language) -> Callable[[str, str], str]:
        """The heading that the operator knows from the ERP; else our own word."""

        def name(source: str, field_name: str) -> str:
            return self.labels(source).get(field_name) or say_field(field_name, language)

        return name

    def labels(self, source: str) -> Mapping[str, str]:
        if source not in self._labels:
            try:
                columns = self.app.profile(source).columns
                self._labels[source] = {c.field: c.name for c in columns if c.field}
            except BridgeError:  # the source was taken out of bridge.toml; its questions are still there
                self._labels[source] = {}
        return self._labels[source]


@dataclass(kw_only=True)
class Visit:
    """One request."""

    desk: Desk
    request: Request
    form: Mapping[str, str]
    who: SignedIn | None
    now: datetime
    upload: tuple[str, bytes] | None = None  # a file that came with the form: name and content

    @property
    def user(self) -> str:
        assert self.who is not None
        return self.who.user.name

    @property
    def customers(self) -> tuple[str, ...]:
        assert self.who is not None
        return self.who.user.customers

    def may(self, role: Role) -> bool:
        return self.who is not None and _RANK[self.who.user.role] >= _RANK[role]

    @cached_property
    def language(self) -> Language:
        chosen = self.request.cookies.get(LANGUAGE_COOKIE)
        if chosen == "zh":
            return "zh"
        return "en" if chosen == "en" else self.desk.app.settings.reports.language

    @cached_property
    def show(self) -> Shows:
        return Shows(self.language, self.desk.zone, self.desk.name_of(self.language), self.now)

    @property
    def by_script(self) -> bool:
        return self.request.headers.get("x-requested-with") == "fetch"

    # --- answers --------------------------------------------------------------------------------------------

    def render(self, template: str, **values: Any) -> str:
        return self.desk.templates.get_template(template).render(
            t=self.show.t,
            show=self.show,
            lang="zh-CN" if self.language == "zh" else "en",
            who=self.who.user if self.who else None,
            role=role_name(self.who.user.role, self.language) if self.who else "",
            csrf=self.who.csrf if self.who else "",
            may_decide=self.may(Role.OPERATOR),
            whole=not (self.who and self.who.user.customers),
            path=self.request.url.path,
            here=self.request.url.path + (f"?{self.request.url.query}" if self.request.url.query else ""),
            **values,
        )

    def page(self, template: str, *, status: int = 200, **values: Any) -> Response:
        html = self.render(template, **values)
        return HTMLResponse(html.encode("utf-8", "backslashreplace"), status_code=status)

    def data(self, status: int = 200, **values: Any) -> Response:
        # ASCII only: a lone surrogate of a hostile text has no UTF-8.
        return Response(json.dumps(values, ensure_ascii=True), status, media_type="application/json")

    def go(self, to: str) -> Response:
        return RedirectResponse(to, status_code=303)

    def refuse(self, status: int, words: str) -> Response:
        """For a script as data, for a person as a page."""
        if self.by_script:
            return self.data(status, words=words)
        return self.page("message.html", status=status, words=words)

    # --- what may be seen -----------------------------------------------------------------------------------

    def review(self, item_id: int) -> tuple[StoredReview, Break]:
        """Raises Refused where there is none that this person may see."""
        found = self.desk.store.reviews_of([item_id])
        if not found:
            raise Refused(404, "not_there")
        asked = break_of(found[0])
        if not may_see(asked, self.customers):
            raise Refused(404, "not_there")
        return found[0], asked
