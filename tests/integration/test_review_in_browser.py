"""The review page as people use it: a real browser, a real server, real pictures."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from review_sample import CUSTOMERS, PASSWORD, Desktop, doubted, open_questions, order

from bridge.erp.find_browser import find_browser, launch_args
from bridge.interfaces import Role
from bridge.reconcile import Breaker
from bridge.records import Doubt
from bridge.review.web.desk import TRIES
from bridge.review.web.phrases import PHRASES

HOSTILE = (
    '<script>document.title="owned"</script>',
    '"><img src=x onerror=alert(1)>',
    '=HYPERLINK("http://evil.example/","x")',
    "\u202eDROP\u202c\u2066TABLE\u200b",
    "{{7*7}}${7*7}\x00\x07",
    "长" * 10_000,
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as p:
        started = p.chromium.launch(executable_path=find_browser().path, args=launch_args(is_root=is_root))
        yield started
        started.close()


@pytest.fixture
def desktop(browser: Browser, tmp_path: Path) -> Iterator[Desktop]:
    made = Desktop(folder=tmp_path, browser=browser)
    yield made
    made.close()


@pytest.fixture
def asked(desktop: Desktop) -> Iterator[Desktop]:
    """Fifty open questions, and the page open."""
    desktop.ask_fifty()
    with desktop.open():
        yield desktop


def signed_in(desktop: Desktop, name: str, to: str = "/queue", **how: Any) -> Page:
    context = desktop.browser.new_context(**how)
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.goto(desktop.url + to)
    page.fill("[name=name]", name)
    page.fill("[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{desktop.url}{to}**")
    return page


def shown(page: Page) -> str:
    """The order number on the card."""
    return page.locator("#card h1").inner_text() if page.locator("#card h1").count() else ""


def key_to_next(page: Page, key: str) -> None:
    """Presses and waits until another card, or none, is there."""
    before = page.locator("#card article").get_attribute("data-id")
    page.keyboard.press(key)
    page.wait_for_function(
        "b => { const a = document.querySelector('#card article'); return !a || a.dataset.id !== b; }", arg=before
    )


def saved(page: Page) -> None:
    page.wait_for_function("() => !document.querySelector('#told .soft')")


CLOCK = """() => {
  window.times = [];
  let pressed = 0;
  addEventListener('keydown', () => { pressed = performance.now(); }, true);
  new MutationObserver(() => requestAnimationFrame(() => requestAnimationFrame(
    () => { window.times.push(performance.now() - pressed); }))).observe(document.getElementById('card'), {childList: true});
}"""


@pytest.mark.slow
def test_fifty_mixed_questions_are_settled_with_a_key_or_two_each_and_not_asked_again(asked: Desktop) -> None:
    page = signed_in(asked, "li")
    page.evaluate(CLOCK)
    presses = 0
    while number := shown(page):
        kind = page.locator("#card .tag").first.inner_text()
        doubts = page.locator("#card .why").inner_text()
        page.wait_for_timeout(250)  # a glance; meanwhile the next cards are loaded
        if number.startswith("小计"):
            key = "n"
        elif page.locator("#card [name=same]").count():
            key = "Shift+A"
        elif kind == "订单号待确认" or "形近字" in doubts:
            key = "1"
        elif page.locator("#card h2").inner_text() == "交货日期":
            key = "s"
        else:
            key = "a"
        key_to_next(page, key)
        presses += 1 + ("Shift" in key)
    saved(page)
    assert page.locator("#done").is_visible()
    assert open_questions(asked) == {}
    assert page.locator("#told .bad").count() == 0
    assert presses <= 2 * 50
    times = sorted(page.evaluate("window.times"))
    print(f"next card after a key: median {times[len(times) // 2]:.0f} ms, slowest {times[-1]:.0f} ms")
    assert times[len(times) * 9 // 10] < 200  # a tenth may meet a machine that others use, too
    for _ in range(3):
        assert asked.sync(asked.lines) == 0
    assert open_questions(asked) == {}
    assert asked.app.store.verify_audit().faults == ()
    assert asked.app.store.audit(1)[0].actor == "li"
    page.context.close()


def test_a_decision_stays_and_undo_brings_the_question_back(asked: Desktop) -> None:
    page = signed_in(asked, "li")
    number = shown(page)
    key_to_next(page, "a")
    saved(page)
    assert number not in open_questions(asked).values()
    with page.expect_navigation():
        page.keyboard.press("u")
    assert shown(page) == number
    assert number in open_questions(asked).values()
    assert page.locator("#total").inner_text() == "50"
    assert "已撤销" in page.locator(".recent").inner_text()
    page.context.close()


def test_a_typed_value_is_checked_and_saved(asked: Desktop) -> None:
    page = signed_in(asked, "li")
    (item,) = [i for i, no in open_questions(asked).items() if no == "SO-010059"]  # a due date
    page.goto(f"{asked.url}/queue?item={item}")
    page.keyboard.press("t")
    assert page.evaluate("document.activeElement.name") == "v.due_date"
    page.keyboard.type("someday")
    page.keyboard.press("Enter")
    page.wait_for_selector("#told .bad")
    assert "交货日期：“someday”不行（不是合法的值" in page.locator("#told .bad").inner_text()
    assert shown(page) == "SO-010059"
    assert page.locator("[name='v.due_date']").input_value() == "someday"
    page.fill("[name='v.due_date']", "2026-07-01")
    key_to_next(page, "Enter")
    assert asked.app.store.baseline("demo")["SO-010059"].fields["due_date"].isoformat() == "2026-07-01"  # type: ignore[union-attr]
    page.context.close()


def test_the_second_of_two_operators_is_told_and_overwrites_nothing(asked: Desktop) -> None:
    li, zhao = signed_in(asked, "li"), signed_in(asked, "zhao")
    number = shown(li)
    assert shown(zhao) == number
    key_to_next(li, "a")
    saved(li)
    kept = asked.app.store.baseline("demo")
    key_to_next(zhao, "s")
    zhao.wait_for_selector("#told .bad")
    assert re.search(f"{number}：li 已经决定了（读数正确）", zhao.locator("#told .bad").inner_text())
    assert asked.app.store.baseline("demo") == kept
    assert [d.by for d in asked.app.store.made_decisions(5)] == ["li"]
    zhao.reload()
    assert zhao.locator("#total").inner_text() == "49"
    li.context.close()
    zhao.context.close()


def test_one_key_settles_the_identical_pictures_and_one_key_undoes_them(asked: Desktop) -> None:
    page = signed_in(asked, "li")
    same = [i for i, no in open_questions(asked).items() if "SO-010035" <= no <= "SO-010044"]
    page.goto(f"{asked.url}/queue?item={same[0]}")
    assert "9 行" in page.locator(".also").inner_text()
    key_to_next(page, "Shift+S")
    saved(page)
    assert len(open_questions(asked)) == 40
    assert page.locator("#total").inner_text() == "40"
    with page.expect_navigation():
        page.keyboard.press("u")
    assert len(open_questions(asked)) == 50
    page.context.close()


def test_put_off_and_given_away(asked: Desktop) -> None:
    page = signed_in(asked, "li")
    number = shown(page)
    key_to_next(page, "l")
    saved(page)
    page.reload()
    assert page.locator(".group.later li .no").all_inner_texts() == [number]
    page.locator("[name=to]").select_option("zhao")
    page.wait_for_selector("#told .good")
    page.context.close()
    theirs = signed_in(asked, "zhao", "/queue?whose=mine")
    assert theirs.locator("#total").inner_text() == "1"
    assert "转给" in theirs.locator("#card header").inner_text()
    theirs.context.close()


def test_a_held_list_is_let_through_by_pressing_twice(desktop: Desktop) -> None:
    lines = desktop.list_of([order(n) for n in range(30)])
    desktop.sync(lines)
    tight = Breaker(max_gone_percent=1, min_rows=1)
    desktop.sync(lines[:5], breaker=tight)
    desktop.sync(lines[:5], breaker=tight)
    with desktop.open():
        page = signed_in(desktop, "li")
        assert page.locator("#card .tag").first.inner_text() == "变化过大，已暂停"
        page.keyboard.press("r")
        assert "再按一次" in page.locator("[value=release]").inner_text()
        assert len(open_questions(desktop)) == 1
        key_to_next(page, "r")
        saved(page)
        assert desktop.app.store.released("demo") is not None
        page.context.close()


# --- who may what ---------------------------------------------------------------------------------------------


def test_a_viewer_looks_and_decides_nothing(asked: Desktop) -> None:
    page = signed_in(asked, "chen")
    assert page.locator("#card article").count() == 1
    assert page.locator("#decide").count() == 0
    page.keyboard.press("a")
    item = page.locator("#card article").get_attribute("data-id")
    csrf = page.locator("meta[name=csrf]").get_attribute("content")
    for path in (f"/items/{item}/decide", f"/items/{item}/later", f"/items/{item}/assign", "/undo"):
        answer = page.request.post(asked.url + path, form={"action": "accept", "csrf": csrf or ""})
        assert answer.status == 403
    assert len(open_questions(asked)) == 50
    page.context.close()


def test_sales_sees_only_its_customers(asked: Desktop) -> None:
    asked.add_user("sales", Role.OPERATOR, customers=(CUSTOMERS[2],))
    page = signed_in(asked, "sales")
    names = set(page.locator("#list li .of").all_inner_texts())
    assert names == {CUSTOMERS[2]}
    page.goto(f"{asked.url}/queue?by=customer")
    mine = int(page.locator("#total").inner_text())
    assert 0 < mine < 50
    seen = {int(i.get_attribute("data-id") or 0) for i in page.locator("#list li").all()}
    csrf = page.locator("meta[name=csrf]").get_attribute("content") or ""
    other = next(i for i in open_questions(asked) if i not in seen)
    assert page.request.get(f"{asked.url}/items/{other}").status == 404
    assert page.request.get(f"{asked.url}/items/{other}/picture/sku/now").status == 404
    form = {"action": "accept", "csrf": csrf}
    assert page.request.post(f"{asked.url}/items/{other}/decide", form=form).status == 404
    page.context.close()


def test_another_persons_decision_is_undone_by_an_administrator_only(asked: Desktop) -> None:
    li = signed_in(asked, "li")
    key_to_next(li, "a")
    saved(li)
    li.context.close()
    (made,) = asked.app.store.made_decisions(1)
    for name, status in (("zhao", 403), ("wang", 200)):
        page = signed_in(asked, name)
        csrf = page.locator("meta[name=csrf]").get_attribute("content") or ""
        answer = page.request.post(f"{asked.url}/undo", form={"batch": made.batch, "csrf": csrf})
        assert answer.status == status
        page.context.close()
    assert len(open_questions(asked)) == 50


def test_nothing_is_shown_or_taken_without_signing_in(asked: Desktop) -> None:
    item = next(iter(open_questions(asked)))
    with httpx.Client(base_url=asked.url) as client:
        for path in ("/queue", f"/items/{item}", f"/items/{item}/picture/sku/now"):
            answer = client.get(path)
            assert (answer.status_code, "SO-" in answer.text) == (303, False)
        posted = client.post(
            f"/items/{item}/decide", data={"action": "accept"}, headers={"x-requested-with": "fetch"}
        )
        assert posted.status_code == 401
        assert client.get("/queue", headers={"host": "evil.example"}).status_code == 400
        foreign = client.post(
            "/sign-in", data={"name": "li", "password": PASSWORD}, headers={"origin": "http://x"}
        )
        assert foreign.status_code == 403
        for to in ("//evil.example", "https://evil.example/", "/\\evil.example"):
            there = client.post("/sign-in", data={"name": "li", "password": PASSWORD, "next": to})
            assert (there.status_code, there.headers["location"]) == (303, "/")
        cookie = there.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=lax" in cookie.lower()
        mine = client.get("/queue")
        assert mine.headers["cache-control"] == "no-store"
        policy = mine.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert mine.headers["x-frame-options"] == "DENY"
        # Signed in, but the form is not from our page.
        assert client.post(f"/items/{item}/decide", data={"action": "accept"}).status_code == 403
        assert client.post("/sign-out", data={"csrf": "wrong"}).status_code == 403
        assert client.post("/sign-in", content=b"x" * 70_000).status_code == 413
        assert client.get("/items/999999999999").status_code == 404
    assert len(open_questions(asked)) == 50


def test_guessing_passwords_is_slowed_down_and_signing_out_ends_the_session(asked: Desktop) -> None:
    with httpx.Client(base_url=asked.url) as client:
        token = client.post("/sign-in", data={"name": "zhao", "password": PASSWORD}).cookies["bridge_session"]
        csrf = re.search('name="csrf" content="([^"]+)"', client.get("/queue").text)
        assert csrf is not None
        assert client.post("/sign-out", data={"csrf": csrf[1]}).status_code == 303
        client.cookies.set("bridge_session", token)
        assert client.get("/queue").status_code == 303
        codes = [
            client.post("/sign-in", data={"name": "li", "password": f"guess {n}"}).status_code
            for n in range(TRIES + 1)
        ]
        assert codes == [403] * TRIES + [429]
        assert client.post("/sign-in", data={"name": "li", "password": PASSWORD}).status_code == 429


def test_the_first_start_says_how_to_make_an_account(browser: Browser, desktop: Desktop) -> None:
    for name in ("wang", "li", "zhao", "chen"):
        desktop.app.store.remove_user(name, by="test", now=desktop.now)
    with desktop.open():
        page = browser.new_page()
        page.goto(desktop.url)
        assert "bridge review user add NAME --role administrator" in page.locator("main").inner_text()
        page.close()


# --- orders and dashboard -------------------------------------------------------------------------------------


def test_an_orders_time_line_tells_all_of_it_with_pictures(asked: Desktop) -> None:
    (item,) = [i for i, no in open_questions(asked).items() if no == "SO-010023"]
    asked.app.decisions.type_values(item, {"sku": "03.17.0O99"}, by="li", note="on the phone")
    page = signed_in(asked, "chen", "/orders")
    for words in ("so-010023", "03.17.0O99"):
        page.fill("[name=q]", words)
        page.keyboard.press("Enter")
        page.wait_for_url(f"**/orders?q={words}")
        expect(page.locator("tbody tr")).to_have_count(1)
    page.locator("tbody a").click()
    told = page.locator(".time li")
    assert [li.get_attribute("class").split()[0] for li in told.all()] == [  # type: ignore[union-attr]
        "sent", "event", "decided", "asked", "read", "sent", "event", "read",
    ]  # fmt: skip
    assert told.nth(1).locator("ins").inner_text() == "O99"
    assert "由 li" in told.nth(2).inner_text()
    assert "on the phone" in told.nth(2).inner_text()
    picture = told.nth(4).locator("img")
    assert picture.evaluate("e => e.decode().then(() => e.naturalWidth)") > 50
    page.goto(f"{asked.url}/orders?q=%25")
    assert "没有找到" in page.locator("main").inner_text()
    page.context.close()


def test_the_dashboard_shows_what_waits_and_what_is_late(asked: Desktop) -> None:
    asked.now = asked.now.replace(month=7)
    page = signed_in(asked, "chen", "/dashboard")
    words = page.locator("main").inner_text()
    assert "58 张在册 · 50 个待决定" in words
    assert page.locator(".bars dt").all_inner_texts().count("存货编码") == 1
    late = page.locator("tbody tr")
    assert late.count() == 10
    assert late.first.locator("a").inner_text() == "SO-010021"
    assert late.first.locator(".bad").inner_text() == "63"
    page.context.close()


def test_sales_sees_only_its_customers_orders_and_no_dashboard(asked: Desktop) -> None:
    asked.add_user("sales", Role.OPERATOR, customers=(CUSTOMERS[2],))
    page = signed_in(asked, "sales", "/orders")
    assert set(page.locator("tbody td:nth-child(2)").all_inner_texts()) == {CUSTOMERS[2]}
    assert "概览" not in page.locator("nav").inner_text()
    for path in ("/order?source=demo&key=SO-010021", "/observations/1/picture/sku"):
        assert page.request.get(asked.url + path).status == 404
    assert page.request.get(f"{asked.url}/dashboard").status == 403
    assert page.request.get(f"{asked.url}/order?source=demo&key=SO-010023").status == 200
    page.context.close()


# --- what it looks like ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_sticks_out_at_any_width(asked: Desktop, language: str) -> None:
    page = signed_in(asked, "li")
    if language == "en":
        page.locator(".me a").click()
    for width in (360, 390, 768, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        for path in ("/queue", "/orders", "/order?source=demo&key=SO-010023", "/dashboard"):
            page.goto(asked.url + path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
    assert page.locator("html").get_attribute("lang") == ("en" if language == "en" else "zh-CN")
    page.context.close()


def test_hostile_text_is_shown_and_does_nothing(desktop: Desktop) -> None:
    orders = [order(n) for n in range(len(HOSTILE))]
    desktop.sync(desktop.list_of(orders))
    for n, text in enumerate(HOSTILE):
        orders[n] |= {"customer": text, "product": text}
    lines = [
        doubted(doubted(line, "product", Doubt.UNPROVEN, others=(text + "1",)), "customer", Doubt.UNPROVEN)
        for line, text in zip(desktop.list_of(orders), HOSTILE, strict=True)
    ]
    strange = replace(doubted(lines[0], "order_no", Doubt.ILLEGAL, text=HOSTILE[0]))
    desktop.sync([*lines, strange])
    with desktop.open():
        page = signed_in(desktop, "li")
        said: list[str] = []
        page.on("dialog", lambda d: (said.append(d.message), d.dismiss()))
        page.on("pageerror", lambda e: said.append(str(e)))
        page.on("console", lambda m: said.append(m.text) if m.type == "error" else None)
        page.on("request", lambda r: said.append(r.url) if not r.url.startswith(desktop.url) else None)
        for by in ("confusion", "customer", "kind"):
            for item in open_questions(desktop):
                page.goto(f"{desktop.url}/queue?item={item}&by={by}")
                assert "owned" not in page.title()
                assert page.locator("main script, main img[src='x']").count() == 0
                assert "\u202e" not in page.locator("body").inner_text()
                assert page.evaluate("document.documentElement.scrollWidth") <= 1280
        for number in (o["order_no"] for o in orders):
            page.goto(f"{desktop.url}/order?source=demo&key={number}")
            assert page.locator("main script, main img[src='x']").count() == 0
            assert page.evaluate("document.documentElement.scrollWidth") <= 1280
        for text in HOSTILE:
            page.goto(f"{desktop.url}/orders?" + urlencode({"q": text[:300]}))
            page.goto(f"{desktop.url}/queue?" + urlencode({"item": text[:300], "by": text[:300]}))
            assert page.locator("main script, main img[src='x']").count() == 0
        assert said == []
        for _ in HOSTILE:
            # Invisible characters are no text that could be accepted.
            key_to_next(page, "a" if page.locator("[value=accept]").is_enabled() else "d")
        saved(page)
        assert said == []
        page.goto(f"{desktop.url}/queue")
        assert "49" not in page.locator(".recent").inner_text()
        page.context.close()


def test_every_sentence_is_there_in_both_languages() -> None:
    for name, (zh, en) in PHRASES.items():
        assert zh, name
        assert en, name
        if name != "other_language":
            assert not re.search("[\u4e00-\u9fff]", en), name
    source = "".join(
        p.read_text(encoding="utf-8")
        for p in (Path(__file__).parents[2] / "bridge/review/web").rglob("*")
        if p.suffix in (".py", ".html")
    )
    used = set(re.findall(r"""\bt\(["']([a-z_]+)["']""", source))
    formatted = re.findall(r"""\bt\(f["']([a-z_]+_)\{""", source)
    # The rest of the name is the value of an enum, or one of a few words.
    made_up = (*(n for n in used if n.endswith("_")), *formatted)
    assert used - set(made_up) <= set(PHRASES)
    rest = [n for n in PHRASES if not n.startswith(made_up)]
    assert [n for n in rest if not re.search(f"""["']{n}["']""", source.replace(f'    "{n}": (', ""))] == []
