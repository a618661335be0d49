"""The read-only guard against real pages in a real browser.

One page tries everything that a page can do to reach the server.  Two browsers visit it: with the guard off it
all arrives (so the page's attempts are real), with the guard on nothing does.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

from bridge.erp.browser import BrowserOptions, new_context, open_browser
from bridge.erp.guard import Guard
from bridge.errors import GuardViolation
from bridge.profiles import Profile, parse_profile

SETTLE_MS = 1500  # what arrives late must have had its chance; only ever waited to show that nothing came

PAGE = """<!doctype html><meta charset=utf-8><title>list</title>
<link rel=preload as=image href="/bad?preload"><link rel=prefetch href="/bad?prefetch">
<link rel=icon href="/bad?icon"><link rel=stylesheet href="/bad?stylesheet">
<script type=speculationrules>{
 "prerender": [{"source": "list", "urls": ["/bad?prerender"], "eagerness": "immediate"}],
 "prefetch": [{"source": "list", "urls": ["/bad?specprefetch"], "eagerness": "immediate"}]}</script>
<img src="/bad?img"><iframe src="/bad?iframe"></iframe><object data="/bad?object"></object><video src="/bad?video">
</video><iframe srcdoc="<img src='/bad?srcdoc'>"></iframe>
<a id=delete href="/list?action=delete&id=1">删除</a>
<a id=next href="/list?action=list&page=2">下一页</a>
<a id=redirect href="/list?action=list&page=away">下一页</a>
<a id=ping href="#x" ping="/bad?ping">x</a>
<a id=download href="/bad?download" download>x</a>
<a id=localfile href="data:application/octet-stream,x" download=x.bin>x</a>
<a id=blank href="/list?action=list&page=away" target=_blank>x</a>
<a id=opener href="javascript:window.open('/bad?window')">x</a>
<a id=empty href="javascript:void(window.open(''))">x</a>
<a id=elsewhere href="http://localhost:%(port)d/bad?elsewhere">x</a>
<form id=post method=post action="/list" target=_blank><input name=action value=delete></form>
<form id=multi method=post action="/list" enctype="multipart/form-data"><input name=action value=list>
<input name=ACTION value=delete></form>
<button id=ask onclick="window.said = confirm('really?'); if (said) location = '/bad?confirmed'">x</button>
<script>
navigator.sendBeacon('/bad?beacon', 'x');
fetch('/bad?keepalive', {method: 'POST', body: 'x', keepalive: true});
fetch('/list', {method: 'POST', headers: {'content-type': 'application/json'}, body: '{"action": "delete"}'});
fetch('/list?action=list&page=away');
var x = new XMLHttpRequest(); x.open('DELETE', '/bad?xhr'); x.send();
new EventSource('/bad?events');
new WebSocket('ws://' + location.host + '/bad?socket');
new Worker('/worker.js'); new SharedWorker('/worker.js');
new Worker(URL.createObjectURL(new Blob(["fetch('" + location.origin + "/bad?blobfetch');" +
  "new WebSocket('ws://" + location.host + "/bad?blobsocket')"])));
if (navigator.serviceWorker) navigator.serviceWorker.register('/service.js').catch(() => 0);
window.addEventListener('pagehide', () => { navigator.sendBeacon('/bad?pagehide', 'x');
  fetch('/bad?hidefetch', {keepalive: true}); });
</script>"""
WORKER = b"fetch('/bad?worker'); new WebSocket('ws://' + location.host + '/bad?workersocket');"


class Erp(ThreadingHTTPServer):
    """Notes every request that reaches it, as ``METHOD path?query body``."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.seen: list[str] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def arrived(self) -> set[str]:
        """The names of those that should not have come: ``beacon``, ``delete``, …"""
        names = {line.partition("/bad?")[2].split()[0] for line in self.seen if "/bad?" in line}
        return names | {"delete" for line in self.seen if "delete" in line}


class Answers(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Erp

    def log_message(self, format: str, *args: Any) -> None: ...

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        self.server.seen.append(f"{self.command} {self.path} {body.decode('latin-1')}")
        if "page=away" in self.path:
            self._send(b"", status=302, Location="/list?action=delete&id=7&via=redirect")
        elif self.path == "/worker.js" or self.path == "/service.js":
            self._send(WORKER, kind="text/javascript")
        elif self.path == "/":
            page = (PAGE % {"port": self.server.server_port}).encode()
            policy = "font-src 'none'; report-uri /bad?report"
            self._send(page, Content_Security_Policy_Report_Only=policy, Link="</bad?header>; rel=prefetch")
        else:
            self._send(b"<title>ok</title>ok")

    do_POST = do_HEAD = do_PUT = do_DELETE = do_OPTIONS = do_GET

    def _send(self, body: bytes, *, status: int = 200, kind: str = "text/html", **headers: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)


def profile() -> Profile:
    return parse_profile(
        {
            "name": "attacks",
            "browser": {"scale": 1},
            "list": {
                "where": {"at": "body"},
                "open": [{"click": "#delete"}, {"click": {"css": "#delete", "text": "下一页"}}],
                "paging": {"kind": "next", "next": {"css": "#next", "text": "下一页"}},
            },
            "key": ["no"],
            "columns": [{"heading": "No", "field": "no"}],
            "allow": {
                "requests": [
                    {"method": "GET", "path": "/", "actions": [""]},
                    {"method": "GET", "path": "/list", "actions": ["", "list"]},
                    {"method": "POST", "path": "/list", "actions": ["list"]},
                    {"method": "GET", "path": "/worker.js"},
                    {"method": "GET", "path": "/service.js"},
                ]
            },
        },
        "test",
    )


@dataclass
class Visit:
    arrived: set[str]
    seen: list[str]
    guard: Guard
    stayed: bool = True  # a stopped navigation left the page where it was
    windows: int = 1
    said: object = None
    refusals: list[GuardViolation] = field(default_factory=list)


def visit(*, off: bool) -> Visit:
    erp = Erp()
    with open_browser(BrowserOptions(), url=erp.url) as browser:
        look = profile().browser
        page = new_context(browser, look, 1).new_page()
        guard = Guard(profile(), erp.url, off=off)
        guard.attach(browser, page)
        page.goto(erp.url)
        result = Visit(arrived=set(), seen=erp.seen, guard=guard)
        page.evaluate("document.getElementById('post').submit()")
        for name in ("ping", "download", "localfile", "blank", "opener", "empty", "ask"):
            page.locator(f"#{name}").click()
        page.wait_for_timeout(SETTLE_MS)
        if not off:
            result.said = page.evaluate("window.said")
            result.refusals = list(_refused_clicks(page, guard))
            for name in ("delete", "redirect", "elsewhere"):
                page.locator(f"#{name}").click()
                page.wait_for_timeout(300)
                result.stayed &= page.url.rstrip("/").partition("#")[0].rstrip("/") == erp.url
            page.evaluate("document.getElementById('multi').submit()")
            with pytest.raises(PlaywrightError, match="ERR_ABORTED"):
                page.goto(f"{erp.url}/list?action=list&page=away")
            guard.guarded_click(page.locator("#next"), "list.paging.next")
        else:
            page.goto(f"{erp.url}/list?action=list&page=away")
        page.wait_for_timeout(SETTLE_MS)
        result.windows = len(page.context.pages)
    result.arrived = erp.arrived()
    erp.shutdown()
    return result


def _refused_clicks(page: Page, guard: Guard) -> Iterator[GuardViolation]:
    for path in ("list.open.0.click", "list.open.1.click", "list.paging.first"):
        with pytest.raises(GuardViolation) as e:
            guard.guarded_click(page.locator("#delete"), path)
        yield e.value


@pytest.fixture(scope="module")
def guarded() -> Visit:
    return visit(off=False)


@pytest.fixture(scope="module")
def unguarded() -> Visit:
    return visit(off=True)


WALLED_OFF = {"prerender", "specprefetch", "socket", "workersocket", "blobsocket"}  # when the browser is opened
SEEN_BY_THE_GUARD = {
    "preload", "prefetch", "stylesheet", "img", "iframe", "object", "video", "srcdoc", "ping", "window", "beacon",
    "keepalive", "xhr", "events", "worker", "blobfetch", "pagehide", "hidefetch", "header", "delete", "confirmed",
}  # fmt: skip


def test_the_attempts_are_real(unguarded: Visit) -> None:
    assert unguarded.arrived >= SEEN_BY_THE_GUARD
    assert any("via=redirect" in line for line in unguarded.seen)


def test_nothing_that_is_not_named_reaches_the_server(guarded: Visit) -> None:
    assert guarded.arrived == set()


def test_the_walls_stand_even_without_the_guard(unguarded: Visit) -> None:
    assert not unguarded.arrived & WALLED_OFF
    assert "elsewhere" not in unguarded.arrived


def test_what_is_named_goes_through(guarded: Visit) -> None:
    assert "GET /list?action=list&page=2 " in guarded.seen
    assert "GET /worker.js " in guarded.seen


def test_a_redirect_is_stopped_before_it_reaches_the_server(guarded: Visit) -> None:
    assert sum("page=away" in line for line in guarded.seen) >= 3  # fetch, new window, address
    assert not any("via=redirect" in line for line in guarded.seen)


def test_a_stopped_navigation_leaves_the_page_on_the_screen(guarded: Visit) -> None:
    assert guarded.stayed


def test_windows_that_are_not_named_are_closed(guarded: Visit) -> None:
    assert guarded.windows == 1
    assert any(b.kind == "window" for b in guarded.guard.blocked)


def test_confirm_is_answered_with_no(guarded: Visit, unguarded: Visit) -> None:
    assert guarded.said is False
    assert ("confirm", "really?") in guarded.guard.dialogs
    assert "confirmed" in unguarded.arrived


def test_clicks_on_something_else_than_the_profile_says_are_refused(guarded: Visit) -> None:
    css_only, other_text, no_place = (str(e) for e in guarded.refusals)
    assert "list.open.0.click" in css_only
    assert "删除" in css_only
    assert "下一页" in other_text
    assert "no place" in no_place


def test_every_block_is_counted_and_told_without_its_query(guarded: Visit) -> None:
    told = guarded.guard.blocked
    assert guarded.guard.count >= len(told) >= len(SEEN_BY_THE_GUARD)
    assert {"request", "window", "dialog", "click"} <= {b.kind for b in told}
    assert any(b.method == "POST" and b.path == "/list" and "delete" in b.reason for b in told)
    assert not any("?" in b.path or "id=" in str(b) for b in told if b.kind == "request")
