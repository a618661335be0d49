"""The dashboard: is the picture fresh, how much needs nobody, what waits, what is late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from starlette.responses import Response

from bridge.bound import upper_bound
from bridge.interfaces import Role
from bridge.review.web.breaks import Place
from bridge.review.web.desk import Refused, Visit

RUNS = 60  # of the trend
DAYS = 14
LATE = 10
COLUMNS = 8

AGES: tuple[tuple[str, timedelta], ...] = (
    ("age_hour", timedelta(hours=1)),
    ("age_day", timedelta(days=1)),
    ("age_three", timedelta(days=3)),
    ("age_week", timedelta(days=7)),
    ("age_older", timedelta.max),
)
"""How long questions have waited: below each, in order."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceView:
    name: str
    orders: int
    waiting: int
    fresh: datetime | None  # when the last complete run ended
    old: bool  # longer ago than two intervals
    straight: float | None
    trend: tuple[float, ...]  # share of rows without a flag, oldest run first


def dashboard(visit: Visit) -> Response:
    if visit.customers:  # its figures are about everybody's orders
        raise Refused(403, "forbidden")
    desk = visit.desk
    places = desk.breaks.places(visit.now)
    today = visit.now.astimezone(desk.zone).date()
    first = today - timedelta(days=DAYS - 1)
    since = datetime.combine(first, datetime.min.time(), visit.now.astimezone(desk.zone).tzinfo)
    asked, settled = desk.store.asked_and_settled(since)
    late, worst = desk.store.overdue(today, LATE)
    days = [first + timedelta(days=n) for n in range(DAYS)]
    measured = desk.store.measured()
    return visit.page(
        "dashboard.html",
        measured=[(m, upper_bound(m.wrong, m.asked)) for m in measured],
        caught=desk.store.caught()[:LATE] if any(m.wrong for m in measured) else [],
        may_lift=visit.may(Role.ADMINISTRATOR),
        sources=[_source(visit, name) for name in desk.app.settings.sources],
        waiting=len(places),
        columns=Counter((p.asked.source, f) for p in places for f in p.asked.fields).most_common(COLUMNS),
        ages=ageing(places, visit.now),
        late=late,
        worst=worst,
        today=today,
        days=days,
        asked=per_day(asked, days, visit),
        settled=per_day(settled, days, visit),
    )


def _source(visit: Visit, name: str) -> SourceView:
    store = visit.desk.store
    figures, counts = store.figures(name), store.counts(name)
    runs = [r for r in store.last_runs(RUNS, name) if r.rows and r.complete and not r.dry_run]
    fresh = figures.last_complete
    interval = timedelta(seconds=visit.desk.app.settings.interval_s(name))
    return SourceView(
        name=name,
        orders=counts["orders_active"],
        waiting=counts["reviews_open"],
        fresh=fresh,
        old=fresh is None or visit.now - fresh > 2 * interval,
        straight=figures.straight_through,
        trend=tuple(r.straight_through / r.rows for r in reversed(runs)),
    )


def ageing(places: Iterable[Place], now: datetime) -> list[tuple[str, int]]:
    counted = Counter(next(name for name, most in AGES if now - p.asked.created_at < most) for p in places)
    return [(name, counted[name]) for name, _ in AGES]


def per_day(moments: Iterable[datetime], days: Sequence[date], visit: Visit) -> list[int]:
    counted = Counter(m.astimezone(visit.desk.zone).date() for m in moments)
    return [counted[day] for day in days]
