"""Signing in and out, and the language."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

from starlette.responses import Response

from bridge import log
from bridge.review.web.desk import COOKIE, LANGUAGE_COOKIE, TRIES_MINUTES, Visit

_A_YEAR_S = 365 * 86400


def form(visit: Visit) -> Response:
    if visit.who is not None:
        return visit.go(_inside(visit.request.query_params.get("next", "")))
    return _form(visit)


def _form(visit: Visit, *, status: int = 200, fault: str = "") -> Response:
    to = visit.form.get("next") or visit.request.query_params.get("next", "")
    return visit.page(
        "sign_in.html",
        status=status,
        fault=fault,
        to=_inside(to),
        name=visit.form.get("name", ""),
        no_accounts=not visit.desk.store.users(),
    )


def sign_in(visit: Visit) -> Response:
    """Tries are counted by address and by name: neither many names nor many addresses get further."""
    name = visit.form.get("name", "").strip()
    address = visit.request.client.host if visit.request.client else ""
    tries, now = visit.desk.sign_ins, time.monotonic()
    counted = (f"address:{address}", f"name:{name}")
    taken = [tries.take(c, now) for c in counted]
    if not all(taken):
        log.event("review.sign_in_limited", level="WARNING", user=name, address=address)
        return _form(visit, status=429, fault=visit.show.t("too_often", minutes=TRIES_MINUTES))
    token = visit.desk.doorkeeper.sign_in(name, visit.form.get("password", ""))
    if token is None:
        log.event("review.sign_in_refused", level="WARNING", user=name, address=address)
        return _form(visit, status=403, fault=visit.show.t("wrong"))
    for c in counted:
        tries.forget(c)
    log.event("review.signed_in", user=name)
    answer = visit.go(_inside(visit.form.get("next", "")))
    answer.set_cookie(
        COOKIE,
        token,
        max_age=int(visit.desk.session_lasts.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=visit.request.url.scheme == "https",
    )
    return answer


def sign_out(visit: Visit) -> Response:
    visit.desk.doorkeeper.sign_out(visit.request.cookies.get(COOKIE))
    answer = visit.go("/sign-in")
    answer.delete_cookie(COOKIE)
    return answer


def language(visit: Visit) -> Response:
    answer = visit.go(_inside(visit.request.query_params.get("next", "")))
    to = "en" if visit.language == "zh" else "zh"
    answer.set_cookie(LANGUAGE_COOKIE, to, max_age=_A_YEAR_S, httponly=True, samesite="lax")
    return answer


def _inside(to: str) -> str:
    """Only ways within this site: a foreign one after signing in would be a trap."""
    parts = urlsplit(to)
    plain = to.startswith("/") and not to.startswith("//") and "\\" not in to and to.isprintable()
    return to if plain and not parts.scheme and not parts.netloc else "/"
