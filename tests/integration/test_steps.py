"""The steps of a profile in a real browser: what they do, how they wait, and what they say when they cannot."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import cv2
import numpy as np
import pytest

from bridge.erp.browser import BrowserOptions, new_context, open_browser
from bridge.erp.guard import Guard
from bridge.erp.session import ErpDriver, ErpSession
from bridge.erp.steps import Credentials
from bridge.errors import BridgeError, GuardViolation, NavigationFailed, ProfileError, SourceUnavailable
from bridge.profiles import Profile
from bridge.records import Box

PAGES = {
    "/": """<title>start</title><frameset cols="50%,50%"><frame name=menu src=/menu><frame name=outer src=/outer>
        </frameset>""",
    "/menu": """<meta charset=utf-8><a href=/list target=inner>订单</a> <a href=/list target=inner>订单列表</a>
        <div style="display:none"><b>folded</b></div><b>folded</b><span id=s>
        <a href="/go?action=delete" target=inner id=del>清理</a></span>
        <a href=/broken target=inner id=broken>broken</a>
        <a href=# id=pop onclick="window.open('/popup')">window</a>
        <a href=# id=late
          onclick="setTimeout(() => document.body.innerHTML += '<i id=came>here</i>', 700)">late</a>""",
    "/outer": "<iframe name=inner src=/form width=400 height=400></iframe>",
    "/form": """<meta charset=utf-8><form><input id=user><input id=pass type=password><input id=day>
        <input type=checkbox id=box1><input type=checkbox id=box2 checked>
        <select id=kind><option value=a>全部<option value=o>未完成</select>
        <div id=notice>公告 <button type=button onclick="this.parentNode.remove()">关闭</button></div>
        <u id=tip onmouseover="this.innerText='seen'">tip</u>
        <button type=button id=trap>删除</button></form>
        <script>setTimeout(() => document.getElementById('kind').disabled = false, 300)</script>""",
    "/list": "<meta charset=utf-8><table id=t><tr><td>1</table><div id=busy>loading</div>"
    "<script>setTimeout(() => busy.remove(), 500)</script>",
    "/popup": "<title>popup</title><b id=inpop>notice</b><input id=inwin>",
    "/slow": "",
    "/broken": "",
}


class Site(BaseHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None: ...

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path == "/slow":
            time.sleep(4)
        self.send_response(500 if path == "/broken" else 200)
        self.send_header("content-type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(PAGES.get(path, "").encode())


class Pictures:
    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def keep_png(self, png: bytes) -> str:
        name = hashlib.sha256(png).hexdigest()
        self.kept[name] = png
        return name

    def png(self, sha256: str) -> bytes | None:
        return self.kept.get(sha256)

    def crop(self, shot: str, box: Box, margin: int = 4) -> bytes | None:
        raise NotImplementedError


def profile(*steps: dict[str, Any], timeout_s: float = 2.0) -> Profile:
    return Profile.model_validate(
        {
            "name": "steps",
            "browser": {"scale": 1, "timeout_s": timeout_s, "timezone": "Asia/Shanghai"},
            "list": {"open": list(steps), "where": {"at": {"css": "frame[name=menu]"}}},
            "key": ["no"],
            "columns": [{"heading": "No", "field": "no"}],
            "allow": {
                "action_fields": ["action"],
                "requests": [{"path": p, "actions": [""]} for p in PAGES],
                "windows": ["/popup"],
            },
        }
    )


class Desk:
    """One browser for all tests of this module; each test gets the start page anew, with steps of its own."""

    def __init__(self, url: str, browser: Any) -> None:
        self.url, self.browser, self.pictures = url, browser, Pictures()
        self.first = profile()
        self.page = new_context(browser, self.first.browser, 1).new_page()
        self.guard = Guard(self.first, url)
        self.guard.attach(browser, self.page)

    def run(self, *steps: dict[str, Any], **look: Any) -> ErpSession:
        """A session on the start page that has done these steps as its way to the list."""
        given = profile(*steps, **look)
        driver = ErpDriver(
            source="site",
            profile=given,
            url=self.url,
            credentials=Credentials(user="me", password="t0p-S3cret"),
            evidence=self.pictures,
            clock=lambda: datetime(2026, 3, 1, 20, 0, tzinfo=UTC),
        )
        for other in self.page.context.pages[1:]:
            other.close()
        # The places that may be clicked are those of this test's steps.
        self.guard._profile = given
        session = ErpSession(driver, self.browser, self.page, self.guard)
        session.sign_in()
        session.open_list()
        return session

    def value(self, css: str, attribute: str = "value") -> Any:
        frame = self.page.frame(name="inner")
        assert frame is not None
        return frame.locator(css).evaluate(f"e => e.{attribute}")


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/"
    with open_browser(BrowserOptions(), url=url) as browser:
        yield Desk(url, browser)
    server.shutdown()


def inner(css: str | None = None, **more: Any) -> dict[str, Any]:
    return {"css": css, "frame": ["outer", "inner"], **more}


# --- doing --------------------------------------------------------------------------------------------------


def test_fields_in_nested_frames_are_filled(desk: Desk) -> None:
    desk.run(
        {"fill": {"at": inner("#user"), "value": "{user}"}},
        {"fill": {"at": {"css": "#day", "frame": "inner"}, "value": "{today:%d.%m.%Y}"}},
        {"check": inner("#box1")},
        {"uncheck": inner("#box2")},
        {"select": {"at": inner("#kind"), "option": "未完成"}},
        {"hover": inner("#tip")},
        {"click": inner("#user")},
        {"press": "End"},
        {"press": "x"},
    )
    assert desk.value("#user") == "mex"
    assert desk.value("#day") == "02.03.2026"  # the day in the ERP's time zone, not in UTC
    assert (desk.value("#box1", "checked"), desk.value("#box2", "checked")) == (True, False)
    assert desk.value("#kind") == "o"
    assert desk.value("#tip", "innerText") == "seen"


def test_exact_text_tells_an_entry_from_a_longer_one(desk: Desk) -> None:
    contains = {"css": "a", "text": "订单", "frame": "menu"}
    session = desk.run({"wait": contains})
    places = [profile({"click": {**contains, **more}}).order_list.open[0].click for more in (
        {"exact": True}, {"nth": 1}, {"text": "订单列表"})]  # fmt: skip
    assert [session.locate(p).inner_text() for p in places if p] == ["订单", "订单列表", "订单列表"]


def test_what_is_hidden_does_not_count(desk: Desk) -> None:
    folded = {"wait": {"css": "b", "text": "folded", "frame": "menu"}}
    session = desk.run(folded)
    place = profile(folded).order_list.open[0].wait
    assert place is not None
    assert session.locate(place).evaluate("e => e.parentNode.tagName") == "BODY"


def test_waiting_follows_the_page_and_nothing_else(desk: Desk) -> None:
    start = time.monotonic()
    desk.run(
        {"click": {"css": "#late", "frame": "menu"}},
        {"wait": {"css": "#came", "frame": "menu"}},
        {"click": {"text": "订单列表", "frame": "menu"}},
        {"wait": inner("#busy")},
        {"wait_gone": inner("#busy")},
        timeout_s=20,
    )
    assert time.monotonic() - start < 15


def test_notices_and_windows_are_closed_and_may_be_missing(desk: Desk) -> None:
    session = desk.run(
        {"close": inner("#notice button")},
        {"close": inner("#notice button")},
        {"click": inner("#nothing"), "optional": True},
        {"click": {"css": "#pop", "frame": "menu"}},
        {"fill": {"at": {"css": "#inwin", "window": "popup"}, "value": "x"}},
        {"close_popups": True},
        {"close_popups": True},
    )
    assert len(session.page.context.pages) == 1
    frame = desk.page.frame(name="inner")
    assert frame is not None
    assert frame.locator("#notice").count() == 0


def test_unless_skips_what_is_done_already(desk: Desk) -> None:
    desk.run({"fill": {"at": inner("#user"), "value": "x"}, "unless": inner("#tip")})
    assert desk.value("#user") == ""


# --- not being able to --------------------------------------------------------------------------------------


def test_a_missing_place_is_told_with_its_path_and_a_picture(desk: Desk) -> None:
    with pytest.raises(NavigationFailed) as e:
        desk.run({"wait": inner("#tip")}, {"click": {"css": "input[type=submit]", "frame": "menu"}})
    assert str(e.value).startswith(
        "list.open.1.click: nothing matches 'input[type=submit]' in frame 'menu' within 2 s"
    )
    assert e.value.where["picture"] in desk.pictures.kept
    assert e.value.where["step"] == "list.open.1.click"


def test_a_missing_frame_is_told_too(desk: Desk) -> None:
    with pytest.raises(NavigationFailed, match=r"list\.open\.0\.wait.*frame 'outer > nowhere'"):
        desk.run({"wait": {"css": "p", "frame": ["outer", "nowhere"]}})


def test_a_selector_that_is_none_is_told(desk: Desk) -> None:
    with pytest.raises(NavigationFailed, match="not a valid selector"):
        desk.run({"click": {"css": "a[[", "frame": "menu"}})


def test_secrets_stand_in_no_error_and_in_no_picture(desk: Desk) -> None:
    with pytest.raises(BridgeError) as e:
        desk.run(
            {"fill": {"at": inner("#pass"), "value": "{password}"}},
            {"fill": {"at": inner("#tip"), "value": "{password}"}},
        )
    error: BaseException | None = e.value
    while error is not None:
        assert "S3cret" not in f"{error!r} {error} {getattr(error, 'where', '')}"
        error = error.__cause__ or error.__context__
    png = np.frombuffer(desk.pictures.kept[e.value.where["picture"]], np.uint8)
    picture = cv2.imdecode(png, cv2.IMREAD_COLOR)
    frame = desk.page.frame(name="inner")
    assert frame is not None
    box = frame.locator("#pass").bounding_box()
    assert box is not None
    assert picture is not None
    field = picture[int(box["y"]) + 3 : int(box["y"]) + 15, int(box["x"]) + 3 : int(box["x"]) + 100]
    assert np.unique(field).size == 1  # one flat colour: not even the number of dots can be seen


def test_a_secret_cannot_be_sent_as_an_address(desk: Desk) -> None:
    with pytest.raises(ProfileError, match=r"list\.open\.0\.goto"):
        desk.run({"goto": "/menu?x={password}"})


def test_an_erp_that_answers_500_or_nothing_is_unavailable(desk: Desk) -> None:
    with pytest.raises(SourceUnavailable, match="HTTP 500"):
        desk.run({"goto": "/broken"})
    with pytest.raises(SourceUnavailable, match=r"/slow has not arrived within 2 s"):
        desk.run({"goto": "/slow"})


@pytest.mark.parametrize("after_click_ms", [0, 400])
def test_a_500_that_came_before_the_next_step_began_is_not_forgotten(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, after_click_ms: int
) -> None:
    """On a slow machine the click returns when the answer is there already."""
    click = desk.guard.guarded_click

    def slow(*given: Any, **more: Any) -> None:
        click(*given, **more)
        desk.page.wait_for_timeout(after_click_ms)

    monkeypatch.setattr(desk.guard, "guarded_click", slow)
    with pytest.raises(SourceUnavailable, match="/broken answered HTTP 500"):
        desk.run(
            {"click": {"css": "#broken", "frame": "menu"}},
            {"close": inner("#no_such_notice")},
            {"wait": inner("#t")},
        )


def test_what_the_guard_stops_is_told_with_the_line_that_would_allow_it(desk: Desk) -> None:
    with pytest.raises(GuardViolation) as e:
        desk.run({"click": {"css": "#del", "frame": "menu"}}, {"wait": inner("#t")})
    assert "GET /go" in str(e.value)
    assert "allow.requests" in e.value.hint


def test_a_button_that_changes_data_is_not_clicked_by_accident(desk: Desk) -> None:
    with pytest.raises(GuardViolation, match="删除"):
        desk.run({"click": inner("#trap")})
    desk.run({"click": inner("#trap", text="删除")})  # named on purpose


def test_a_click_from_outside_must_be_the_profiles_own(desk: Desk) -> None:
    session = desk.run({"click": inner("#user")})
    other = profile({"click": inner("#trap")}).order_list.open[0].click
    assert other is not None
    with pytest.raises(GuardViolation, match=r"list\.open\.0\.click"):
        session.click(other, "list.open.0.click")
