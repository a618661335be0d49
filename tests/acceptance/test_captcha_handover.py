"""A captcha that the net cannot read: the alert's link, the review page in a real browser, and the run goes on."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from fault_world import SOURCE, World
from outside import Outside
from playwright.sync_api import expect

from bridge.erp.browser import BrowserOptions, open_browser
from bridge.interfaces import Proposal, Role
from bridge.review.web.access import hashed
from bridge.review.web.desk import Desk
from bridge.review.web.serve import bound, server
from bridge.wiring import App, utc_now

pytestmark = pytest.mark.acceptance
PASSWORD = "correct horse battery"  # a throw-away account of the tests


class Blind:
    """A net that reads captchas no better than noise; the list's cells it leaves to the real one."""

    def __init__(self, net: Any) -> None:
        self._net = net

    def begin(self) -> None:
        self._net.begin()

    def read_lines(self, images: Sequence[Any], *, alphabet: str | None = None) -> list[Proposal]:
        if alphabet is None:
            return list(self._net.read_lines(images))
        return [Proposal(text="3479", confidence=0.2) for _ in images]


@contextmanager
def review_page(app: App) -> Iterator[str]:
    listening = bound("127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    running = server(Desk(app=app), "127.0.0.1")
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    try:
        yield url
    finally:
        running.should_exit = True
        thread.join(20)


def configure(world: World, *, minutes: float) -> None:
    more = '[notify]\nto = ["secret:ops"]\n[reports]\nlanguage = "en"\n'
    world.configure(source=f"captcha_minutes = {minutes}", receiver=more)
    app = world.app
    vars(app)["net"] = Blind(app.net)


def test_a_person_types_it_and_the_run_goes_on(world: World, outside: Outside) -> None:
    configure(world, minutes=2)
    store = world.app.store
    store.add_user("li", role=Role.OPERATOR, password=hashed(PASSWORD), customers=(), by="test", now=utc_now())
    with review_page(App.load(world.folder / "bridge.toml")) as url, ThreadPoolExecutor(1) as pool:
        run = pool.submit(world.sync)
        end = time.monotonic() + 60
        while not outside.notices:
            assert not run.done(), run.result()
            assert time.monotonic() < end, "nobody was told"
            time.sleep(0.1)
        told = outside.notices[0]
        assert told["title"] == f"{SOURCE}: please type the sign-in captcha"
        link = told["message"].rsplit("\n", 1)[-1].replace("http://127.0.0.1:8321", url)
        with open_browser(BrowserOptions(), url=url) as browser:
            page = browser.new_page()
            page.goto(link)
            page.fill("input[name=name]", "li")
            page.fill("input[name=password]", PASSWORD)
            page.keyboard.press("Enter")
            picture = page.locator("figure.shot img")
            assert picture.evaluate("i => i.decode().then(() => i.naturalWidth)") > 20
            page.keyboard.type(world.erp.captcha())  # the field has the focus
            page.keyboard.press("Enter")
            expect(page.locator(".lead")).to_contain_text("Thank you")
        ended = run.result(timeout=120)
    assert ended.error is None, ended
    assert (ended.captcha_answers, ended.captcha_solved) == (1, 1)
    assert store.open_captchas(utc_now()) == []


def test_where_nobody_answers_the_run_ends_in_time_and_says_so(world: World, outside: Outside) -> None:
    configure(world, minutes=0.05)
    began = time.monotonic()
    with world.unmoved():
        run = world.sync()
    assert run.error_code == "captcha_failed"
    assert time.monotonic() - began < 90
    asked = [n for n in outside.notices if "captcha" in n["title"] and "type" in n["title"]]
    assert len(asked) == 1, "a person was asked, and once: who is not there for the first is not for the second"
    assert world.app.store.open_captchas(utc_now()) == []
