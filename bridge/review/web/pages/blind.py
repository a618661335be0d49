"""The blind check: one cell's picture, and what a person reads in it before the accepted value is shown."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

from starlette.background import BackgroundTask
from starlette.responses import Response

from bridge import log
from bridge.errors import AlreadyDecided, BridgeError, UsageError
from bridge.interfaces import NoticeLevel
from bridge.reports.show import visible
from bridge.review.blind import LONGEST
from bridge.review.web.desk import Refused, Visit
from bridge.review.web.phrases import phrases
from bridge.store.blind import WAITING, BlindCheck, State


class _Who(TypedDict):
    by: str
    now: datetime


ZOOMED_HEIGHT = 120  # css pixels at least; a cell is some twenty high
WIDEST = 900


def blind(visit: Visit, *, told: str = "", bad: bool = False, status: int = 200) -> Response:
    """The next cell; the day's are drawn at the first visit of the day."""
    desk = visit.desk
    desk.blind.draw(visit.now.astimezone(desk.zone).date(), visit.now)
    waiting = desk.blind.waiting(visit.customers, visit.now)
    check = waiting[0] if waiting else None
    shown = desk.pictures.of(check.accepted.reading) if check is not None else None
    zoom = 1.0
    if shown is not None:
        zoom = max(1.0, min(ZOOMED_HEIGHT / shown.height, WIDEST / shown.width))
    return visit.page(
        "blind.html",
        status=status,
        c=check,
        shown=shown,
        zoom=zoom,
        left=len(waiting),
        told=told or _told(visit),
        bad=bad,
        longest=LONGEST,
        off=not desk.app.settings.review.blind_checks,
    )


def picture(visit: Visit) -> Response:
    check = _asked(visit)
    shot = visit.desk.pictures.of(check.accepted.reading)
    if shot is None:
        raise Refused(404, "no_picture")
    return Response(shot.png, media_type="image/png", headers={"cache-control": "no-store"})


def answer(visit: Visit) -> Response:
    check = _asked(visit)
    desk, who = visit.desk.blind, _Who(by=visit.user, now=visit.now)
    try:
        match visit.form.get("action"):
            case "read":
                agrees = desk.answer(check, visit.form.get("text", ""), **who)
                return visit.go("/blind?was=same" if agrees else "/blind")
            case "unreadable":
                desk.unreadable(check, **who)
                return visit.go("/blind?was=unreadable")
            case "theirs":
                desk.mistyped(check, **who)
                return visit.go("/blind?was=mistyped")
            case "mine":
                desk.insist(check, **who)
                gone = visit.go("/blind?was=wrong")
                gone.background = BackgroundTask(_tell, visit, check)
                return gone
            case _:
                raise Refused(400, "failed")
    except UsageError:
        return blind(visit, told=visit.show.t("blind_no_text", n=LONGEST), bad=True, status=422)
    except AlreadyDecided:
        return blind(visit, told=visit.show.t("blind_over"), bad=True, status=409)


def lift(visit: Visit) -> Response:
    """What proved a silent error counts again."""
    try:
        visit.desk.store.lift_distrust(visit.request.path_params["check"], by=visit.user, now=visit.now)
    except AlreadyDecided:
        return visit.refuse(409, visit.show.t("blind_over"))
    return visit.go("/dashboard")


def _asked(visit: Visit) -> BlindCheck:
    """Raises Refused where it waits for nobody, or is about a customer of somebody else."""
    check = visit.desk.store.blind_check(visit.request.path_params["check"])
    if check is None or (visit.customers and check.customer not in visit.customers):
        raise Refused(404, "not_there")
    if check.state not in WAITING:
        raise Refused(409, "blind_over")
    return check


def _told(visit: Visit) -> str:
    was = visit.request.query_params.get("was", "")
    return visit.show.t(f"blind_was_{was}") if was in (*_SAID,) else ""


_SAID = (State.SAME.value, State.UNREADABLE.value, State.MISTYPED.value, State.WRONG.value)


def _tell(visit: Visit, check: BlindCheck) -> None:
    """Everyone in ``notify.to`` hears of a silent error.  It stands on the dashboard whether they do or not."""
    app = visit.desk.app
    say = phrases(app.settings.reports.language)
    field = visible(visit.desk.name_of(app.settings.reports.language)(check.source, check.field))
    title = say("blind_alert", source=check.source, field=field)
    text = say(
        "blind_alert_text",
        order=visible(check.order_no),
        field=field,
        accepted=visible(check.accepted.reading.text[:100]),
        answer=visible((check.answer or "")[:100]),
        by=visible(visit.user),
        link=app.settings.review.link("/dashboard"),
    )
    try:
        app.notifier().send(title, text, level=NoticeLevel.FAILURE)
    except BridgeError as e:
        log.event("blind.not_told", str(e), level="WARNING", code=e.code)
