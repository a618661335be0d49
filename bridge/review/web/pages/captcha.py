"""A captcha that a run waits for: its picture, and a field to type what it says."""

from __future__ import annotations

from starlette.responses import Response

from bridge.reports.pictures import picture
from bridge.review.web.desk import Refused, Visit

LONGEST = 20  # characters of a captcha
ZOOMED_HEIGHT = 120  # css pixels at least: small noisy characters are what people misread


def listed(visit: Visit) -> Response:
    """The question, where there is one; else that there is none."""
    waiting = visit.desk.store.open_captchas(visit.now)
    if len(waiting) == 1:
        return visit.go(f"/captcha/{waiting[0].token}")
    return visit.page("captchas.html", waiting=waiting)


def one(visit: Visit, *, told: str = "", status: int = 200) -> Response:
    asked = visit.desk.store.captcha_question(visit.request.path_params["token"])
    if asked is None or (asked.answered_by is None and asked.until <= visit.now):
        return visit.refuse(404, visit.show.t("captcha_over"))
    png = visit.desk.app.evidence.png(asked.picture)
    shown = picture(png) if png is not None else None
    zoom = max(1, -(-ZOOMED_HEIGHT // shown.height)) if shown else 1
    left = max(0, round((asked.until - visit.now).total_seconds()))
    return visit.page("captcha.html", status=status, q=asked, shown=shown, zoom=zoom, left=left, told=told)


def shown_picture(visit: Visit) -> Response:
    asked = visit.desk.store.captcha_question(visit.request.path_params["token"])
    png = visit.desk.app.evidence.png(asked.picture) if asked is not None else None
    if png is None:
        raise Refused(404, "no_picture")
    return Response(png, media_type="image/png", headers={"cache-control": "no-store"})


def answer(visit: Visit) -> Response:
    token = visit.request.path_params["token"]
    text = "".join(visit.form.get("text", "").split())
    if not text or len(text) > LONGEST:
        return one(visit, told=visit.show.t("captcha_empty", n=LONGEST), status=400)
    if not visit.desk.store.answer_captcha(token, text, by=visit.user, now=visit.now):
        return visit.refuse(409, visit.show.t("captcha_over"))
    return visit.page("message.html", words=visit.show.t("captcha_thanks"))
