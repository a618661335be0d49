"""The blind check as people do it: a real browser, a real server, one cell's picture, the keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from review_sample import CUSTOMERS, Desktop, displayed, order
from test_review_in_browser import HOSTILE, browser, signed_in

from bridge.interfaces import Role
from bridge.records import RunStatus, RunSummary
from bridge.review.web.phrases import phrases

assert browser
SAY = phrases("zh")


@pytest.fixture
def desk(browser: Browser, tmp_path: Path) -> Iterator[Desktop]:
    made = Desktop(folder=tmp_path, browser=browser)
    made.sync(made.list_of([order(n) for n in range(8)]))
    made.app.store.finish_run(
        RunSummary(
            run_id="run-1", source="demo", status=RunStatus.OK, complete=True, started_at=made.now, finished_at=made.now
        )
    )  # fmt: skip
    with made.open():
        yield made
    made.close()


def truth(desk: Desktop) -> Any:
    """What waits first."""
    return desk.app.store.waiting_checks()[0]


def answered(page: Page, text: str) -> None:
    page.keyboard.type(text)
    page.keyboard.press("Enter")


def test_five_cells_by_keyboard_and_the_figures_on_the_dashboard(
    desk: Desktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[tuple[str, str]] = []

    class Notifier:
        def send(self, title: str, text: str, **_how: Any) -> list[str]:
            told.append((title, text))
            return []

    monkeypatch.setattr(desk.app, "notifier", Notifier)
    page = signed_in(desk, "li", "/blind")
    first = truth(desk)
    assert first.accepted.reading.text not in page.content(), "the value is not shown before the answer"
    assert page.locator(".shot img").evaluate("i => i.decode().then(() => i.naturalWidth > 0)")
    expect(page.locator("#text")).to_be_focused()
    answered(page, first.accepted.reading.text)
    expect(page.get_by_role("status")).to_have_text(SAY("blind_was_same"))
    answered(page, "something else")
    expect(page.locator("h1")).to_have_text(SAY("blind_which"))
    page.keyboard.press("2")
    expect(page.get_by_role("status")).to_have_text(SAY("blind_was_mistyped"))
    page.keyboard.press("Escape")
    expect(page.get_by_role("status")).to_have_text(SAY("blind_was_unreadable"))
    wrong = truth(desk)
    answered(page, "A-WRONG-ONE")
    expect(page.locator("h1")).to_have_text(SAY("blind_which"))
    page.keyboard.press("1")
    expect(page.get_by_role("status")).to_have_text(SAY("blind_was_wrong"))
    assert [r.item.order_no for r in desk.app.store.reviews()] == [wrong.order_no]
    answered(page, truth(desk).accepted.reading.text)
    expect(page.locator("h1")).to_have_text(SAY("blind_none"))
    ((title, text),) = told
    assert "demo" in title
    assert wrong.order_no in text
    assert "A-WRONG-ONE" in text
    page.goto(f"{desk.url}/dashboard")
    cells = page.locator("#blind tbody tr td").all_inner_texts()
    assert cells[:6] == ["demo", "4", "1", "25.00 %", "< 75.14 %", "1"]
    expect(page.locator(".caught")).to_contain_text("A-WRONG-ONE")
    assert page.get_by_role("button", name=SAY("blind_lift")).count() == 0, "that is for an administrator"
    boss = signed_in(desk, "wang", "/dashboard")
    boss.get_by_role("button", name=SAY("blind_lift")).click()
    expect(boss.locator(".caught")).to_contain_text(SAY("blind_lifted", name="wang"))
    assert desk.app.store.verify_audit().faults == ()


def test_who_may_and_whose_orders(desk: Desktop) -> None:
    desk.add_user("sun", Role.OPERATOR, (CUSTOMERS[2],))
    page = signed_in(desk, "li", "/blind")
    looks = signed_in(desk, "chen", "/orders")
    assert looks.request.get(f"{desk.url}/blind").status == 403
    assert looks.locator("nav a[href='/blind']").count() == 0
    theirs = signed_in(desk, "sun", "/blind")
    other = next(c for c in desk.app.store.waiting_checks() if c.customer != CUSTOMERS[2])
    assert theirs.request.get(f"{desk.url}/blind/{other.id}/picture").status == 404
    csrf = theirs.locator("meta[name=csrf]").get_attribute("content") or ""
    answer = theirs.request.post(
        f"{desk.url}/blind/{other.id}", form={"csrf": csrf, "action": "read", "text": "x"}
    )
    assert answer.status == 404
    csrf = page.locator("meta[name=csrf]").get_attribute("content") or ""
    here = f"{desk.url}/blind/{other.id}"
    for form in ({"action": "nonsense"}, {"action": "read", "text": ""}, {"action": "mine"}, {"action": "theirs"}):
        assert 400 <= page.request.post(here, form={"csrf": csrf, **form}).status < 500, form
    assert page.request.post(f"{here}/lift", form={"csrf": csrf}).status == 403
    assert desk.app.store.blind_check(other.id) == other
    assert page.request.post(here, form={"csrf": csrf, "action": "unreadable"}).status == 200
    assert page.request.post(here, form={"csrf": csrf, "action": "unreadable"}).status == 409


def test_hostile_answers_stay_words(desk: Desktop) -> None:
    page = signed_in(desk, "li", "/blind", viewport={"width": 390, "height": 844})
    csrf = page.locator("meta[name=csrf]").get_attribute("content") or ""
    checks = desk.app.store.waiting_checks()
    for check, text in zip(checks, HOSTILE[:3], strict=False):
        page.request.post(f"{desk.url}/blind/{check.id}", form={"csrf": csrf, "action": "read", "text": text})
        page.goto(f"{desk.url}/blind")
        expect(page.locator("h1")).to_have_text(SAY("blind_which"))
        assert page.locator("img[src=x]").count() == 0
        assert page.title() != "owned"
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        page.request.post(f"{desk.url}/blind/{check.id}", form={"csrf": csrf, "action": "mine"})
    boss = signed_in(desk, "wang", "/dashboard")
    assert boss.locator("img[src=x]").count() == 0
    assert boss.locator(".caught li").count() == 3


def test_a_list_without_a_complete_run_has_nothing_to_check(browser: Browser, tmp_path: Path) -> None:
    made = Desktop(folder=tmp_path, browser=browser)
    made.sync(made.list_of([order(0)]))
    assert displayed(order(0)["sku"]) == "B8O0-I1l5"
    with made.open():
        page = signed_in(made, "li", "/blind")
        expect(page.locator("h1")).to_have_text(SAY("blind_none"))
    made.close()
