"""The web application: its addresses, and the faults that replace whole answers."""

import asyncio
import inspect
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from samples.erp import control, desk, html, lists, signin
from samples.erp.visit import inner_page, open_page
from samples.erp.world import World

SIGN_IN_PATHS = ("/login.asp", "/captcha.asp")


def build(world: World, token: str) -> ASGIApp:
    """The ERP with its faults around it; `/_control/` stands outside of both."""
    open_pages = {"/": signin.home, "/login.asp": signin.sign_in, "/captcha.asp": signin.picture}
    inner = {
        "/main.asp": desk.frames,
        "/top.asp": desk.banner,
        "/menu.asp": desk.menu,
        "/welcome.asp": desk.welcome,
        "/notice.asp": desk.notice,
        "/stub.asp": desk.stub,
        "/logout.asp": signin.sign_out,
        "/order_view.asp": lists.order_view,
        "/order_new.asp": lists.new_order,
        **{path: lists.pages(kind) for path, kind in lists.PATHS.items()},
    }
    methods = ["GET", "POST"]
    routes = [Route(path, open_page(world, handler), methods=methods) for path, handler in open_pages.items()]
    routes += [Route(path, inner_page(world, handler), methods=methods) for path, handler in inner.items()]
    application = Starlette(routes=[*routes, *control.routes(world, token)])
    return Faulty(application, world)


class Faulty:
    """Lets requests through to the application unless a fault that concerns whole answers fires."""

    def __init__(self, application: ASGIApp, world: World) -> None:
        self._application = application
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/_control/"):
            await self._application(scope, receive, send)
            return
        request = Request(scope)
        facts = _facts(request)
        faults = self._world.faults
        with self._world.lock:
            slow = faults.fires("slow_page", **facts)
            hangs = faults.fires("hang", **facts)
            drops = faults.fires("drop_connection", **facts)
            answer = self._instead(request, facts)
        if slow:
            await asyncio.sleep(float(slow["seconds"]))
        if hangs:
            await _until_gone(receive)
        elif drops:
            await _drop(receive, send)
        else:
            await (answer or self._application)(scope, receive, send)

    def _instead(self, request: Request, facts: dict[str, Any]) -> Response | None:
        faults = self._world.faults
        if faults.fires("maintenance", **facts):
            return html.message("系统正在维护升级，请稍后再访问", title="系统维护")
        if fault := faults.fires("http_500", **facts):
            return html.page("error.html", status=int(fault["status"]), path=request.url.path)
        if request.url.hostname != "localhost" and (fault := faults.fires("redirect", **facts)):
            elsewhere = fault["to"] or str(request.url.replace(hostname="localhost"))
            return html.go(elsewhere)
        return None


def _facts(request: Request) -> dict[str, Any]:
    """Where a request goes, as faults name it. The page is known only if the query says it."""
    path = request.url.path
    kind = lists.PATHS.get(path)
    where = "list" if kind else "signin" if path in SIGN_IN_PATHS else "other"
    facts: dict[str, Any] = {"where": where}
    if kind:
        page = request.query_params.get("page", "1")
        facts |= {"kind": kind, "page": int(page) if page.isdigit() else 1}
    return facts


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _drop(receive: Receive, send: Send) -> None:
    """Closes the connection without an answer. uvicorn keeps the transport on the object behind `receive`."""
    cycle = inspect.getattr_static(receive, "__self__", None) or getattr(receive, "__self__", None)
    transport = getattr(cycle, "transport", None)
    if transport is not None:
        transport.abort()
        return
    # Another server: promise a body and break the promise.
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"99999")]})
    await send({"type": "http.response.body", "body": b"", "more_body": True})
