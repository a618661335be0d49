"""The site: routes, and what stands before every page (who is it, may they, is the form ours, how often)."""

from __future__ import annotations

import hmac
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from functools import partial
from urllib.parse import parse_qsl, quote, urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bridge import log
from bridge.errors import BridgeError, StoreBusy
from bridge.interfaces import Role
from bridge.review.web.desk import COOKIE, Desk, Refused, Visit
from bridge.review.web.pages import (
    blind,
    captcha,
    contracts,
    dashboard,
    deciding,
    mappings,
    orders,
    queue,
    signing_in,
)

Page = Callable[[Visit], Response]
Upload = tuple[str, bytes]

LARGEST_FORM = 64_000
"""Bytes; the longest answer is a cell that was typed."""
LARGEST_FILE = 3_000_000
"""Bytes of a form with a file: a table of 100,000 words as Excel keeps it."""

_STATIC = "max-age=3600"
HEADERS = {
    # Everything comes from this server, nothing runs but its own script, and no other page may frame it.
    "content-security-policy": (
        "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # with no-referrer a form of our own would come from "null"
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


def site(desk: Desk, *, hosts: list[str]) -> Starlette:
    """hosts: the names under which the page may be asked for; any other is refused, so that no foreign page can
    reach it under a name of its own (DNS rebinding)."""

    def get(path: str, page: Page, role: Role | None = Role.VIEWER) -> Route:
        return Route(path, _endpoint(desk, page, role), methods=["GET"])

    def post(path: str, page: Page, role: Role | None = Role.OPERATOR, largest: int = LARGEST_FORM) -> Route:
        return Route(path, _endpoint(desk, page, role, largest), methods=["POST"])

    static = StaticFiles(packages=[("bridge.review.web", "static")])
    return Starlette(
        routes=[
            get("/", queue.home),
            get("/sign-in", signing_in.form, None),
            post("/sign-in", signing_in.sign_in, None),
            post("/sign-out", signing_in.sign_out, Role.VIEWER),
            get("/language", signing_in.language, None),
            get("/queue", queue.queue),
            get("/items/{item:int}", queue.card),
            get("/items/{item:int}/picture/{field}/{when}", queue.picture),
            post("/items/{item:int}/decide", deciding.decide),
            post("/items/{item:int}/later", deciding.later),
            post("/items/{item:int}/assign", deciding.assign),
            post("/undo", deciding.undo),
            get("/orders", orders.find),
            get("/order", orders.order),
            get("/observations/{observation:int}/picture/{field}", orders.picture),
            get("/contracts", contracts.listed),
            get("/contracts/{contract:int}", contracts.one),
            get("/contracts/{contract:int}/picture/{which}", contracts.shown_picture),
            post("/contracts/{contract:int}/decide", contracts.decide),
            get("/blind", blind.blind, Role.OPERATOR),
            get("/blind/{check:int}/picture", blind.picture, Role.OPERATOR),
            post("/blind/{check:int}", blind.answer),
            post("/blind/{check:int}/lift", blind.lift, Role.ADMINISTRATOR),
            get("/captcha", captcha.listed),
            get("/captcha/{token}", captcha.one),
            get("/captcha/{token}/picture", captcha.shown_picture),
            post("/captcha/{token}", captcha.answer),
            get("/mappings", mappings.mappings, Role.OPERATOR),
            post("/mappings", mappings.change),
            get("/mappings/file", mappings.give, Role.OPERATOR),
            post("/mappings/file", mappings.take, largest=LARGEST_FILE),
            get("/dashboard", dashboard.dashboard),
            Mount("/static", static),
        ],
        middleware=[
            Middleware(_Headers),
            Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False),
        ],
        exception_handlers={404: _not_found(desk)},
    )


class _Headers:
    """Security headers on every answer; pages are kept by nobody."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
                headers.setdefault(
                    "cache-control", _STATIC if scope["path"].startswith("/static/") else "no-store"
                )
            await send(message)

        await self._app(scope, receive, with_headers)


def _endpoint(
    desk: Desk, page: Page, role: Role | None, largest: int = LARGEST_FORM
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        form: Mapping[str, str] | None = {}
        upload: Upload | None = None
        if request.method == "POST":
            try:
                body = await _body(request, largest)
                form, upload = (None, None) if body is None else await _form(request, body)
            except (ClientDisconnect, MultiPartException):
                return Response(status_code=400)
        return await run_in_threadpool(partial(_answer, desk, page, role, request, form, upload))

    return endpoint


async def _body(request: Request, largest: int) -> bytes | None:
    """None for one that is too large."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > largest:
            return None
    return bytes(body)


async def _form(request: Request, body: bytes) -> tuple[Mapping[str, str], Upload | None]:
    """The fields of the form, and the file that came with it.  Raises MultiPartException."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)), None

    async def once() -> AsyncGenerator[bytes, None]:
        yield body

    fields: dict[str, str] = {}
    upload: Upload | None = None
    async with AsyncExitStack() as stack:
        parts = await MultiPartParser(request.headers, once(), max_files=1, max_fields=20).parse()
        stack.push_async_callback(parts.close)
        for name, value in parts.items():
            if isinstance(value, str):
                fields[name] = value
            elif value.filename:
                upload = value.filename, await value.read()
    return fields, upload


def _answer(
    desk: Desk,
    page: Page,
    role: Role | None,
    request: Request,
    form: Mapping[str, str] | None,
    upload: Upload | None = None,
) -> Response:
    visit = Visit(desk=desk, request=request, form=form or {}, who=None, now=desk.clock(), upload=upload)
    try:
        _guard(visit, role, form)
        return page(visit)
    except Refused as e:
        if e.status == 401 and not visit.by_script:
            return visit.go(f"/sign-in?next={quote(_path(request))}")
        return visit.refuse(e.status, visit.show.t(e.phrase))
    except StoreBusy:
        return visit.refuse(503, visit.show.t("busy"))
    except BridgeError as e:
        log.event("review.error", str(e), level="ERROR", code=e.code, path=request.url.path)
        return visit.refuse(500, f"{visit.show.t('failed')} {visit.show.plain(e.message, 300)}")


def _guard(visit: Visit, role: Role | None, form: Mapping[str, str] | None) -> None:
    """Raises Refused."""
    request = visit.request
    address = request.client.host if request.client else ""
    if not visit.desk.requests.take(address, time.monotonic()):
        raise Refused(429, "too_fast")
    visit.who = visit.desk.doorkeeper.who(request.cookies.get(COOKIE))
    if form is None:
        raise Refused(413, "failed")
    if request.method == "POST":
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != request.headers.get("host"):
            raise Refused(403, "stale_form")
    if role is None:
        return
    if visit.who is None:
        raise Refused(401, "sign_in")
    if request.method == "POST":
        given = request.headers.get("x-csrf-token") or form.get("csrf", "")
        if not _equal(given, visit.who.csrf):
            raise Refused(403, "stale_form")
    if not visit.may(role):
        raise Refused(403, "viewer_only" if role is Role.OPERATOR else "forbidden")


def _equal(given: str, kept: str) -> bool:
    return hmac.compare_digest(given.encode(), kept.encode())


def _path(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _not_found(desk: Desk) -> Callable[[Request, Exception], Awaitable[Response]]:
    def page(visit: Visit) -> Response:
        return visit.refuse(404, visit.show.t("not_there"))

    async def handler(request: Request, _error: Exception) -> Response:
        return await run_in_threadpool(partial(_answer, desk, page, None, request, {}))

    return handler
