"""One request of one browser: its session, its fields, and the refusals that come before any page."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from samples.erp import html
from samples.erp.accounts import Session
from samples.erp.world import World

COOKIE = "ASPSESSIONIDCQRTBSQA"


@dataclass(frozen=True, kw_only=True)
class Visit:
    world: World
    session: Session
    fields: html.Fields
    method: str
    path: str
    notice_read: bool  # the browser has closed the announcement layer


Handler = Callable[[Visit], Response]
Endpoint = Callable[[Request], object]


def open_page(world: World, handler: Handler) -> Endpoint:
    """For pages that need no sign-in; a browser without a session gets one."""

    async def endpoint(request: Request) -> Response:
        given = await html.fields(request)
        with world.lock:
            session = world.accounts.find(request.cookies.get(COOKIE))
            new = session or world.accounts.begin(_address(request))
            return _keep(handler(_visit(world, request, new, given)), new, fresh=session is None)

    return endpoint


def inner_page(world: World, handler: Handler) -> Endpoint:
    """For pages behind the sign-in; others are told why not, with HTTP 200 inside whatever frame they are."""

    async def endpoint(request: Request) -> Response:
        given = await html.fields(request)
        with world.lock:
            session = world.accounts.find(request.cookies.get(COOKIE))
            fresh = False
            if session is None and world.variants.login == "basic":
                session, fresh = _basic(world, request), True
                if session is None:
                    return _ask_basic()
            refusal = refused(world, session)
            if refusal is not None or session is None:
                return refusal or html.message("会话已过期，请重新登录", sign_in=True)
            return _keep(handler(_visit(world, request, session, given)), session, fresh=fresh)

    return endpoint


def refused(world: World, session: Session | None) -> Response | None:
    """The page that a session sees which may not go on."""
    if session is not None and session.thrown_out:
        world.accounts.end(session)
        return html.message("您的账号已在别处登录，您被迫下线", sign_in=True)
    if session is None or not session.inside:
        return html.message("会话已过期，请重新登录", sign_in=True)
    return None


def _visit(world: World, request: Request, session: Session, given: html.Fields) -> Visit:
    return Visit(
        world=world,
        session=session,
        fields=given,
        method=request.method,
        path=request.url.path,
        notice_read=request.cookies.get("notice") == "read",
    )


def _keep(response: Response, session: Session, *, fresh: bool) -> Response:
    if fresh:
        response.set_cookie(COOKIE, session.key, path="/")
    return response


def _address(request: Request) -> str:
    return request.client.host if request.client else "127.0.0.1"


def _basic(world: World, request: Request) -> Session | None:
    """A session for HTTP basic credentials; no seats are counted here."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(encoded).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    if not world.accounts.check_password(user, password):
        world.count("signin", "wrong_password")
        return None
    session = world.accounts.begin(_address(request))
    session.user = user
    world.accounts.enter(session)
    world.count("signin", "ok")
    return session


def _ask_basic() -> Response:
    response = html.message("HTTP 401 - 未经授权：由于凭据无效，访问被拒绝", title="您未被授权查看该页")
    response.status_code = 401
    response.headers["WWW-Authenticate"] = 'Basic realm="HuaYu ERP"'
    return response
