"""The sample ERP is what the other tests trust, so it is tested itself: over real HTTP and in a real browser."""

import base64
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from playwright.sync_api import Browser, Dialog, Frame, Page, sync_playwright

from samples.erp import totp
from samples.erp.server import SampleErp

ROOT = Path(__file__).parents[2]
USER, PASSWORD = "bridge", "Br1dge-2026"
LIST = "/order_list.asp"


class Person:
    """Somebody with a browser's habits: cookies, redirects, forms in GBK."""

    def __init__(self, erp: SampleErp) -> None:
        self.erp = erp
        self.http = httpx.Client(base_url=erp.url, follow_redirects=True, timeout=5)

    def get(self, path: str) -> str:
        return text_of(self.http.get(path))

    def post(self, path: str, **fields: object) -> str:
        body = urlencode({k: str(v) for k, v in fields.items()}, encoding="gbk", errors="xmlcharrefreplace")
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return text_of(self.http.post(path, content=body, headers=headers))

    def sign_in(self, user: str = USER, password: str = PASSWORD, answer: str | None = None) -> str:
        self.http.get("/login.asp")
        self.http.get("/captcha.asp")
        code = self.erp.captcha() if answer is None else answer
        return self.post("/login.asp", action="login", txtUser=user, txtPwd=password, txtCode=code)


def text_of(response: httpx.Response) -> str:
    assert response.headers["content-type"].endswith("charset=gbk"), response.headers
    return response.content.decode("gbk")


def cells_of(page: str) -> list[list[str]]:
    """The texts of the order rows of a list page."""
    rows = re.findall(r'<tr class="row .*?</tr>', page, re.S)
    return [[plain(c) for c in re.findall(r"<td.*?>(.*?)</td>", row, re.S)] for row in rows]


def plain(cell: str) -> str:
    return unescape(re.sub(r"<[^>]*>", "", cell)).replace("\xa0", "").strip()


def headings_of(page: str) -> list[str]:
    return [plain(c) for c in re.findall(r"<th.*?>(.*?)</th>", page, re.S)]


def as_dicts(page: str) -> list[dict[str, str]]:
    headings = headings_of(page)
    rows = [dict(zip(headings, row, strict=True)) for row in cells_of(page)]
    return [{k: v for k, v in row.items() if k not in ("选择", "操作")} for row in rows]


def total_of(page: str) -> int:
    found = re.search(r'共<b id="total">(\d+)</b>条', page)
    assert found, page[:500]
    return int(found[1])


Start = Callable[..., SampleErp]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts ERPs; all are stopped after the test."""
    running: list[SampleErp] = []

    def begin(**options: Any) -> SampleErp:
        running.append(SampleErp(**{"count": 120, "closed": 40, **options}).start())
        return running[-1]

    yield begin
    for erp in running:
        erp.stop()


@pytest.fixture
def erp(start: Start) -> SampleErp:
    return start()


@pytest.fixture
def person(erp: SampleErp) -> Person:
    someone = Person(erp)
    assert "frameset" in someone.sign_in()
    return someone


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome", "msedge"))), None)
    switches = [
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        switches.append("--no-sandbox")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=switches)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(5000)
    yield context.new_page()
    context.close()


def sign_in(page: Page, erp: SampleErp) -> None:
    page.goto(erp.url)
    page.wait_for_function("document.getElementById('imgCode').naturalWidth > 0")
    page.fill("#txtUser", USER)
    page.fill("#txtPwd", PASSWORD)
    page.fill("#txtCode", erp.captcha())
    page.click("#btnLogin")
    frame(page, "mainFrame").wait_for_selector("text=待办事项")


def frame(page: Page, name: str) -> Frame:
    element = page.wait_for_selector(f"frame[name={name}]", state="attached")
    assert element
    found = element.content_frame()
    assert found
    return found


def open_list(page: Page, erp: SampleErp, entry: str) -> Frame:
    """By the menu, as a person would."""
    sign_in(page, erp)
    menu = frame(page, "menuFrame")
    menu.get_by_text("销售管理", exact=True).click()
    menu.get_by_text("订单查询", exact=True).click()
    menu.get_by_text(entry, exact=True).click()
    main = frame(page, "mainFrame")
    main.locator(".pos", has_text=re.compile(f"> {re.escape(entry)}$")).wait_for()
    return main


# ---- signing in -------------------------------------------------------------------------------------------


def test_sign_in_leads_to_the_frames_and_sign_out_away_from_them(erp: SampleErp) -> None:
    someone = Person(erp)
    assert 'name="mainFrame"' in someone.sign_in()
    assert "系统首页" in someone.get("/menu.asp")
    assert "验证码" in someone.get("/logout.asp")
    assert "会话已过期，请重新登录" in someone.get(LIST)
    assert erp.counters()["signin"] == {"ok": 1, "out": 1}


def test_wrong_captcha_is_told_apart_from_wrong_password_and_costs_no_attempt(erp: SampleErp) -> None:
    someone = Person(erp)
    assert "验证码错误" in someone.sign_in(answer="????")
    assert "用户名或密码错误，还可以尝试4次" in someone.sign_in(password="no")
    assert erp.accounts()[USER]["wrong_passwords"] == 1


def test_a_captcha_answers_once_and_a_new_picture_replaces_it(erp: SampleErp) -> None:
    someone = Person(erp)
    someone.sign_in(password="no")
    spent = {"action": "login", "txtUser": USER, "txtPwd": PASSWORD, "txtCode": ""}
    assert "验证码错误" in someone.post("/login.asp", **spent)
    someone.http.get("/captcha.asp")
    first = erp.captcha()
    assert someone.http.get("/captcha.asp").content[:4] == b"\x89PNG"
    assert "验证码错误" in someone.post("/login.asp", **{**spent, "txtCode": first})


def test_five_wrong_passwords_lock_the_account(erp: SampleErp) -> None:
    someone = Person(erp)
    said = [someone.sign_in(password="no") for _ in range(5)]
    assert "已被锁定" in said[4]
    assert "已被锁定" not in said[3]
    assert "已被锁定" in someone.sign_in()
    assert erp.accounts()[USER]["locked"] is True


def test_basic_credentials(start: Start) -> None:
    erp = start(login="basic")
    refused = httpx.get(erp.url + "/main.asp")
    assert refused.status_code == 401
    assert "Basic" in refused.headers["www-authenticate"]
    assert httpx.get(erp.url + "/main.asp", auth=(USER, "no")).status_code == 401
    assert "frameset" in httpx.get(erp.url + "/main.asp", auth=(USER, PASSWORD)).text
    assert erp.accounts()[USER]["wrong_passwords"] == 0


def test_totp_is_a_second_step(start: Start) -> None:
    erp = start(login="totp")
    someone = Person(erp)
    assert "动态口令" in someone.sign_in()
    assert "会话已过期" in someone.get(LIST)
    right = totp.code(erp.world.variants.totp_secret, time.time())
    wrong = "000000" if right != "000000" else "111111"
    assert "动态口令错误" in someone.post("/login.asp", action="code", txtOtp=wrong)
    assert "frameset" in someone.post("/login.asp", action="code", txtOtp=right)


def test_totp_agrees_with_the_examples_of_rfc_6238() -> None:
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert [totp.code(secret, at) for at in (59, 1111111109, 20000000000)] == ["287082", "081804", "353130"]


def test_captcha_off_and_curly(start: Start) -> None:
    bare = Person(start(captcha="off"))
    assert "txtCode" not in bare.get("/login.asp")
    assert "frameset" in bare.sign_in(answer="")
    assert "frameset" in Person(start(captcha="curly")).sign_in()


# ---- seats and sessions -----------------------------------------------------------------------------------


def test_seat_ask_forces_or_cancels(erp: SampleErp, person: Person) -> None:
    second = Person(erp)
    assert "该用户已在其他地方登录" in second.sign_in()
    assert "共<b" in person.get(LIST)
    assert "用户名" in second.post("/login.asp", action="cancel")
    assert "会话已过期" in second.get(LIST)
    second.sign_in()
    assert "frameset" in second.post("/login.asp", action="force")
    assert "您的账号已在别处登录，您被迫下线" in person.get(LIST)
    assert "会话已过期" in person.get(LIST)
    assert "共<b" in second.get(LIST)


def test_a_seat_cannot_be_forced_without_the_password(erp: SampleErp, person: Person) -> None:
    stranger = Person(erp)
    stranger.get("/login.asp")
    assert "frameset" not in stranger.post("/login.asp", action="force")
    assert "共<b" in person.get(LIST)


def test_seat_kick_and_off(start: Start) -> None:
    for seat, first_sees in (("kick", "被迫下线"), ("off", "共<b")):
        erp = start(seat=seat)
        first, second = Person(erp), Person(erp)
        first.sign_in()
        assert "frameset" in second.sign_in()
        assert first_sees in first.get(LIST)


def test_signing_out_frees_the_seat(erp: SampleErp, person: Person) -> None:
    person.get("/logout.asp")
    assert "frameset" in Person(erp).sign_in()


def test_session_times_out_with_http_200_and_frees_the_seat(start: Start) -> None:
    erp = start(session_seconds=0.2)
    someone = Person(erp)
    someone.sign_in()
    time.sleep(0.4)
    late = someone.http.get(LIST)
    assert late.status_code == 200
    assert "会话已过期，请重新登录" in text_of(late)
    assert "frameset" in Person(erp).sign_in()


# ---- the classic list -------------------------------------------------------------------------------------


def test_default_list_has_500_open_orders_and_at_least_13_columns(start: Start) -> None:
    truth = start(count=500, closed=300).truth()
    assert (truth["total"], truth["pages"], len(truth["headings"])) == (500, 10, 13)
    numbers = [row["fields"]["order_no"] for row in truth["rows"]]
    assert len(set(numbers)) == 500
    assert len({row["fields"]["customer"] for row in truth["rows"]}) > 250
    assert any(row["cut"] for row in truth["rows"])
    for row in truth["rows"]:
        fields = row["fields"]
        assert Decimal(fields["qty"]) * Decimal(fields["price"]) == Decimal(fields["amount"])
    for empty in ("交货日期", "合同号", "备注"):
        assert 0 < sum(not row["cells"][empty] for row in truth["rows"]) < 500


@pytest.mark.parametrize("size", [20, 50])
def test_paging_gives_exactly_the_truth(erp: SampleErp, person: Person, size: int) -> None:
    erp.vary(page_size=size)
    truth = erp.truth()
    seen, sums = [], []
    for number in range(1, truth["pages"] + 1):
        shown = person.get(f"{LIST}?action=list&page={number}")
        assert total_of(shown) == truth["total"] == 120
        seen += as_dicts(shown)
        total_row = [plain(c) for c in re.findall(r"<td.*?>(.*?)</td>", shown.split('<tr class="total">')[1])]
        sums.append({"qty": total_row[6], "amount": total_row[8]})
        assert "本页合计" in total_row
        assert truth["sums"]["amount"] in shown
    assert seen == [row["cells"] for row in truth["rows"]]
    assert sums == truth["page_sums"]


def test_pages_are_gbk_and_what_gbk_lacks_is_an_entity(erp: SampleErp, person: Person) -> None:
    strange = "・ĀБ\u202e😀<script>alert(1)</script>=1+1&amp;"
    erp.add(order_no="SO-9", customer=strange)
    answer = person.http.get(LIST)
    assert answer.headers["content-type"] == "text/html; charset=gbk"
    assert "订单编号".encode("gbk") in answer.content
    assert b"&#12539;" in answer.content
    assert "<script>alert(1)" not in text_of(answer)
    assert as_dicts(text_of(answer))[0]["客户名称"] == strange


def test_ten_thousand_characters(erp: SampleErp, person: Person) -> None:
    erp.add(order_no="SO-9", remark="长" * 10_000)
    assert as_dicts(person.get(LIST))[0]["备注"] == "长" * 10_000


def test_post_paging_variant_and_sum_of_the_whole_list(start: Start) -> None:
    erp = start(paging="post", total_row="grand")
    someone = Person(erp)
    someone.sign_in()
    shown = someone.post(LIST, action="list", page=2, size=50)
    assert "javascript:goPage(3)" in shown
    assert as_dicts(shown) == [row["cells"] for row in erp.truth()["rows"][50:100]]
    assert "本页合计" not in shown
    assert f">{erp.truth()['sums']['amount']}</td>" in shown


def test_order_lines_have_a_composite_key(erp: SampleErp, person: Person) -> None:
    truth = erp.truth("lines")
    keys = [(row["fields"]["order_no"], row["fields"]["line_no"]) for row in truth["rows"]]
    assert len(set(keys)) == len(keys) > 150
    assert len({number for number, _ in keys}) == 120
    shown = as_dicts(person.get("/order_lines.asp?page=2"))
    assert shown == [row["cells"] for row in truth["rows"][50:100]]


def test_closed_list_and_search_say_what_became_of_an_order(erp: SampleErp, person: Person) -> None:
    number = erp.truth()["rows"][0]["fields"]["order_no"]
    change = erp.edit(number, status="已完成")
    assert [left["order_no"] for left in change["left"]] == [number]
    assert number not in [row["订单编号"] for row in as_dicts(person.get(LIST))]
    assert number in [row["订单编号"] for row in as_dicts(person.get("/order_closed.asp"))]
    found = as_dicts(person.post(LIST, action="search", field="order_no", keyword=number))
    assert [row["状态"] for row in found if row["订单编号"] == number] == ["已完成"]
    erp.delete(number)
    assert "没有符合条件的记录" in person.post(LIST, action="search", field="order_no", keyword=number)
    by_name = erp.truth()["rows"][3]["cells"]["客户名称"]
    found = as_dicts(person.post(LIST, action="search", field="customer", keyword=by_name))
    assert {row["客户名称"] for row in found} == {by_name}


def test_order_page_shows_every_field_whole(erp: SampleErp, person: Person) -> None:
    row = next(row for row in erp.truth()["rows"] if row["cut"])
    shown = person.get(f"/order_view.asp?id={row['id']}")
    assert plain(row["cells"]["备注"]) in unescape(shown)


# ---- what changes data ------------------------------------------------------------------------------------


def test_delete_by_get_and_save_by_post_change_and_are_counted(erp: SampleErp, person: Person) -> None:
    first, second, third = (row["id"] for row in erp.truth()["rows"][:3])
    assert "成功删除1条" in person.get(f"{LIST}?action=delete&id={first}")
    assert "成功审核1条" in person.post(LIST, action="audit", id=second)
    assert "成功保存2条" in person.post(LIST, action="save", id=f"{second},{third}", status="生产中")
    assert "成功删除1条" in person.post("/order_box.asp", action="batch_delete", id=third)
    person.post("/order_new.asp", action="save", customer="测试")
    assert erp.counters()["changing"] == {
        "delete GET": 1, "audit POST": 1, "save POST": 1, "batch_delete POST": 1, "new POST": 1,
    }  # fmt: skip
    assert erp.counters()["changing_total"] == 5
    rows = erp.truth()["rows"]
    assert len(rows) == 119
    assert rows[0]["fields"]["customer"] == "测试"
    assert next(row for row in rows if row["id"] == second)["fields"]["status"] == "生产中"


def test_searching_and_listing_by_post_on_the_same_url_is_harmless(erp: SampleErp, person: Person) -> None:
    before = erp.truth()
    person.post(LIST, action="search", field="order_no", keyword="SO")
    person.post(LIST, action="list", page=2)
    person.get(LIST)
    assert erp.counters()["changing_total"] == 0
    assert erp.counters()["harmless"] == {"list GET": 1, "list POST": 1, "search POST": 1}
    assert erp.truth() == before


def test_nobody_deletes_without_a_session(erp: SampleErp) -> None:
    first = erp.truth()["rows"][0]["id"]
    assert "会话已过期" in Person(erp).get(f"{LIST}?action=delete&id={first}")
    assert erp.counters()["changing_total"] == 0


# ---- moving on --------------------------------------------------------------------------------------------


def test_advance_is_decided_by_the_seed() -> None:
    one, same, other = SampleErp(seed=7), SampleErp(seed=7), SampleErp(seed=8)
    assert one.truth() == same.truth() != other.truth()
    moves = [one.advance(20), one.advance(20)]
    assert moves == [same.advance(20), same.advance(20)]
    assert moves[0] != moves[1]
    assert one.truth() == same.truth()


def test_advance_says_exactly_what_changed() -> None:
    erp = SampleErp(seed=7)
    before = {row["id"]: row["fields"] for row in erp.truth()["rows"]}
    change = erp.advance(20)
    after = {row["id"]: row["fields"] for row in erp.truth()["rows"]}
    assert change["clock"] == erp.truth()["clock"] == "2026-03-17"
    assert [after[i] for i in sorted(after.keys() - before.keys())] == change["added"]
    gone = {before[i]["order_no"] for i in before.keys() - after.keys()}
    assert gone == {*change["removed"], *(left["order_no"] for left in change["left"])}
    assert len(change["removed"]) == 1
    assert change["left"]
    assert {left["why"] for left in change["left"]} == {"closed"}
    changed = {}
    for i in before.keys() & after.keys():
        if before[i] != after[i]:
            fields = {k: [before[i][k], after[i][k]] for k in before[i] if before[i][k] != after[i][k]}
            changed[before[i]["order_no"]] = fields
    assert changed == {c["order_no"]: c["fields"] for c in change["changed"]}
    assert {"status", "due_date", "qty", "amount"} <= {name for fields in changed.values() for name in fields}


def test_orders_leave_a_rolling_window_as_they_age() -> None:
    erp = SampleErp(seed=7, scope="window", window_days=30)
    oldest = erp.truth()["rows"][-1]["fields"]
    change = erp.advance(0, days=10)
    assert {left["why"] for left in change["left"]} == {"aged"}
    assert oldest["order_no"] in [left["order_no"] for left in change["left"]]
    assert min(row["fields"]["order_date"] for row in erp.truth()["rows"]) > "2026-02-24"
    assert erp.truth(scope="all")["total"] == 800


def test_edits_are_typed() -> None:
    erp = SampleErp(count=20, closed=0)
    number = erp.truth()["rows"][0]["fields"]["order_no"]
    fields = erp.edit(number, qty="3", price="1.50", due_date="")["changed"][0]["fields"]
    assert fields["amount"][1] == "4.50"
    assert erp.truth()["rows"][0]["cells"]["交货日期"] == ""
    assert erp.edit(number, amount="9.99")["changed"][0]["fields"] == {"amount": ["4.50", "9.99"]}
    with pytest.raises(KeyError):
        erp.edit("no such order", qty=1)
    with pytest.raises(ValueError, match="is no number"):
        erp.edit(number, qty="many")


# ---- lists without a table --------------------------------------------------------------------------------


def test_frames_popups_and_menu_lead_to_the_list(erp: SampleErp, page: Page) -> None:
    with page.expect_popup() as opened:
        main = open_list(page, erp, "销售订单列表")
    opened.value.get_by_text("关闭窗口").wait_for()
    assert main.locator("#noticeMask").is_visible()
    main.click("#btnCloseNotice")
    assert not main.locator("#noticeMask").is_visible()
    main.get_by_text("下一页").click()
    main.wait_for_selector("#pageNo:text-is('2')")
    assert not main.locator("#noticeMask").is_visible()
    shown = main.locator("#orderTable tr.row").evaluate_all("rows => rows.map(r => r.cells[2].innerText)")
    assert shown == [row["cells"]["订单编号"] for row in erp.truth()["rows"][50:100]]
    cut = "e => [e.scrollWidth > e.clientWidth, e.title]"
    cells = main.locator("#orderTable .cut").evaluate_all(f"all => all.map({cut})")
    wholes = [row["cells"]["备注"] for row in erp.truth()["rows"][50:100] if row["cells"]["备注"]]
    assert [title for _, title in cells] == wholes
    assert any(is_cut for is_cut, _ in cells)


def test_clicks_in_the_list_really_delete(start: Start, page: Page) -> None:
    erp = start(popup="none")
    main = open_list(page, erp, "销售订单列表")
    main.locator("a.del").first.click()
    main.wait_for_selector("#said")
    main.get_by_text("审核", exact=True).nth(1).click()
    main.wait_for_selector("#said:has-text('审核')")
    main.locator("input[name=chk]").nth(1).check()
    main.click("#btnSave")
    main.wait_for_selector("#said:has-text('保存')")
    assert erp.counters()["changing"] == {"audit POST": 1, "delete GET": 1, "save POST": 1}


def test_confirm_variant_asks_first(start: Start, page: Page) -> None:
    erp = start(popup="none", confirm="on")
    main = open_list(page, erp, "销售订单列表")
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", answer)
    main.locator("a.del").first.click()
    assert asked == ["确定要删除该订单吗？"]
    assert erp.counters()["changing_total"] == 0


def test_box_holds_only_visible_rows_and_scrolls_to_all(start: Start, page: Page) -> None:
    erp = start(popup="none")
    main = open_list(page, erp, "销售订单列表(表格框)")
    main.wait_for_selector("#laneRight .r")
    assert main.inner_text("#total") == "120"
    truth, seen = erp.truth("box"), {}
    step = "() => { const b = document.getElementById('bodyRight'); b.scrollTop += 300; return b.scrollTop; }"
    read = """() => [...document.querySelectorAll('#laneRight .r')].map(r => [
        document.querySelector(`#laneLeft .r[r="${r.getAttribute('r')}"]`), r
    ]).map(pair => pair.flatMap(r => [...r.querySelectorAll('.c')].map(c => c.textContent)))"""
    place = -1
    while True:
        main.wait_for_function("document.getElementById('state').innerHTML == ''")
        rows = main.evaluate(read)
        assert 20 < len(rows) < 40
        seen.update({row[0]: row for row in rows})
        if (now := main.evaluate(step)) == place:
            break
        place = now
        page.wait_for_timeout(20)
    assert list(seen.values()) == [list(row["cells"].values()) for row in truth["rows"]]
    wide = main.evaluate("[bodyRight.scrollWidth, bodyRight.clientWidth]")
    assert wide[0] > wide[1] * 1.5
    left = main.evaluate(
        "bodyRight.scrollLeft = 400; document.querySelector('#laneLeft .c').getBoundingClientRect().left"
    )
    page.wait_for_timeout(50)
    assert main.evaluate("document.querySelector('#laneLeft .c').getBoundingClientRect().left") == left
    assert main.evaluate("headRight.scrollLeft") == 400


def test_canvas_has_no_text_in_the_document(browser: Browser, start: Start) -> None:
    erp = start(popup="none")
    context = browser.new_context(viewport={"width": 1440, "height": 900}, device_scale_factor=2)
    page = context.new_page()
    main = open_list(page, erp, "销售订单列表(图形)")
    main.wait_for_function("document.getElementById('sheet').height > 1000")
    document = main.content() + main.evaluate("document.body.innerText")
    for row in erp.truth("canvas")["rows"]:
        for name in ("order_no", "customer", "sku", "product"):
            assert row["fields"][name] not in document
    assert "共120条" not in document
    sizes = main.evaluate("[sheet.width, parseFloat(sheet.style.width), sheet.height]")
    assert sizes[0] == 2 * sizes[1]
    first = main.locator("#sheet").screenshot()
    assert main.locator("#btnPrev").is_disabled()
    with page.expect_response(re.compile("action=blob&page=2")):
        main.click("#btnNext")
    main.click("#btnLast")
    main.wait_for_function("document.getElementById('btnNext').disabled")
    assert main.evaluate("sheet.height") < sizes[2]
    assert main.locator("#sheet").screenshot() != first
    width = main.evaluate("sheet.width")
    main.click("#btnFit")
    assert main.evaluate("sheet.width") > width
    erp.vary(dpr="ignore")
    main.evaluate("location.reload()")
    main.wait_for_function(
        "document.getElementById('sheet').width == parseInt(document.getElementById('sheet').style.width)"
    )
    context.close()


def test_canvas_blob_is_gbk_of_the_truth(erp: SampleErp, person: Person) -> None:
    erp.add(order_no="SO-9", customer="宏凯・😀%u0041")
    raw = base64.b64decode(person.get("/order_canvas.asp?action=blob&page=1")).decode("gbk")
    raw = re.sub("((?:%u[0-9A-F]{4})+)", lambda m: _utf16(m[1]), raw)
    rows = [line.split("\t")[1:] for line in raw.split("\n")[2:]]
    assert rows == [list(row["cells"].values()) for row in erp.truth("canvas")["rows"][:50]]


def _utf16(escapes: str) -> str:
    return bytes.fromhex(escapes.replace("%u", "")).decode("utf-16-be")


# ---- faults -----------------------------------------------------------------------------------------------


def test_http_500_fires_after_and_as_often_as_told(erp: SampleErp, person: Person) -> None:
    erp.faults.set("http_500", after=1, times=2)
    assert [person.http.get(LIST).status_code for _ in range(5)] == [200, 500, 500, 200, 200]
    erp.faults.set("http_500", page=3)
    assert [person.http.get(f"{LIST}?page={n}").status_code for n in (1, 2, 3)] == [200, 200, 500]
    erp.faults.set("http_500", where="signin")
    assert person.http.get("/login.asp").status_code == 500
    assert person.http.get(LIST).status_code == 200


def test_session_and_seat_are_lost_in_mid_list(erp: SampleErp, person: Person) -> None:
    erp.faults.set("session_loss", page=3, times=1)
    assert "共<b" in person.get(f"{LIST}?page=2")
    assert "会话已过期" in person.get(f"{LIST}?page=3")
    assert "frameset" in person.sign_in()
    assert "共<b" in person.get(f"{LIST}?page=3")
    erp.faults.set("seat_lost", page=2)
    assert "被迫下线" in person.get(f"{LIST}?page=2")
    assert "该用户已在其他地方登录" in person.sign_in()


def test_a_row_is_inserted_or_deleted_while_paging(erp: SampleErp, person: Person) -> None:
    erp.faults.set("insert_while_paging", times=1)
    first, second = person.get(f"{LIST}?page=1"), person.get(f"{LIST}?page=2")
    assert (total_of(first), total_of(second)) == (120, 121)
    assert as_dicts(second)[0]["订单编号"] == as_dicts(first)[-1]["订单编号"]
    erp.faults.set("delete_while_paging", times=1)
    first, second = person.get(f"{LIST}?page=1"), person.get(f"{LIST}?page=2")
    assert (total_of(first), total_of(second)) == (121, 120)
    assert erp.counters()["changing_total"] == 0


def test_columns_are_renamed_moved_and_added(erp: SampleErp, person: Person) -> None:
    usual = headings_of(person.get(LIST))
    erp.faults.set("rename_column", column="数量", to="订货数量")
    assert headings_of(person.get(LIST)) == ["订货数量" if h == "数量" else h for h in usual]
    erp.faults.clear("rename_column")
    erp.faults.set("move_column", column="数量", other="单价")
    moved = person.get(LIST)
    assert headings_of(moved).index("单价") == usual.index("数量")
    assert as_dicts(moved) == [row["cells"] for row in erp.truth()["rows"][:50]]
    erp.faults.clear()
    erp.faults.set("extra_column", times=1)
    assert set(headings_of(person.get(LIST))) - set(usual) == {"审批意见"}
    assert headings_of(person.get(LIST)) == usual


def test_totals_and_rows_are_wrong(erp: SampleErp, person: Person) -> None:
    erp.faults.set("empty_list", times=1)
    empty = person.get(LIST)
    assert total_of(empty) == 0
    assert cells_of(empty) == []
    erp.faults.set("wrong_total", by=3, times=1)
    assert total_of(person.get(LIST)) == 123
    erp.faults.set("wrong_sum", times=1)
    assert erp.truth()["page_sums"][0]["amount"] not in person.get(LIST)
    erp.faults.set("duplicate_row_across_pages", times=1)
    pages = [as_dicts(person.get(f"{LIST}?page={n}")) for n in (1, 2)]
    assert pages[0][-1] == pages[1][0]
    erp.faults.set("missing_row", times=1)
    assert len(as_dicts(person.get(f"{LIST}?page=2"))) == 49


def test_answers_that_never_come(erp: SampleErp, person: Person) -> None:
    erp.faults.set("slow_page", seconds=0.4, times=1)
    began = time.monotonic()
    person.get(LIST)
    assert time.monotonic() - began > 0.4
    erp.faults.set("hang", times=1)
    with pytest.raises(httpx.ReadTimeout):
        person.http.get(LIST, timeout=0.3)
    erp.faults.set("drop_connection", times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        person.http.get(LIST)
    assert "共<b" in person.get(LIST)


def test_maintenance_redirect_and_unreadable_captcha(erp: SampleErp, person: Person) -> None:
    erp.faults.set("maintenance", times=1)
    assert "系统正在维护升级" in person.get("/main.asp")
    erp.faults.set("redirect", times=1)
    away = person.http.get(LIST, follow_redirects=False)
    assert away.headers["location"] == erp.url.replace("127.0.0.1", "localhost") + LIST
    erp.faults.set("captcha_unreadable")
    assert "验证码错误" in Person(erp).sign_in()


def test_something_stands_in_the_way_of_page_2(start: Start, page: Page) -> None:
    erp = start(popup="none")
    main = open_list(page, erp, "销售订单列表")
    assert not main.locator("#noticeMask").is_visible()
    erp.faults.set("popup_in_midlist")
    erp.faults.set("dialog_in_midlist", dialog="confirm")
    with page.expect_event("dialog") as asked:
        page.on("dialog", lambda dialog: dialog.dismiss())
        main.get_by_text("下一页").click()
    assert asked.value.type == "confirm"
    main.wait_for_selector("#noticeMask")


@pytest.mark.parametrize("mode", ["overlay", "hidden_span", "pseudo", "text_transform", "bidi"])
def test_the_text_of_a_cell_lies_and_its_pixels_do_not(start: Start, browser: Browser, mode: str) -> None:
    page = browser.new_page(device_scale_factor=2)  # at 1 glyphs sit on whole pixels, and a split run moves them
    erp = start(popup="none", count=20, font="12px Arial, sans-serif")
    number = erp.truth()["rows"][0]["fields"]["order_no"]
    erp.edit(number, sku="A-80B1")
    main = open_list(page, erp, "销售订单列表")
    cell = main.locator("#orderTable tr.row").first.locator("td").nth(4)
    page.mouse.move(5, 5)
    honest_pixels = cell.screenshot()
    erp.faults.set("lying_text", mode=mode)
    page.mouse.move(5, 5)
    main.goto(main.url)
    assert cell.evaluate("e => e.textContent") != "A-80B1"
    if mode in ("hidden_span", "text_transform"):  # the others may place a glyph on another subpixel
        assert cell.screenshot() == honest_pixels
    page.close()


def test_an_unknown_fault_or_parameter_is_refused(erp: SampleErp) -> None:
    with pytest.raises(ValueError, match="no fault 'http_5000'"):
        erp.faults.set("http_5000")
    with pytest.raises(ValueError, match="has no colour"):
        erp.faults.set("hang", colour=1)


# ---- control, and running alone ---------------------------------------------------------------------------


def test_control_needs_its_token_and_does_what_the_methods_do(erp: SampleErp) -> None:
    bare = httpx.Client(base_url=erp.url)
    assert bare.get("/_control/truth").status_code == 403
    control = httpx.Client(base_url=erp.url, headers={"X-Control": erp.token})
    assert control.get("/_control/truth", params={"list": "lines"}).json() == erp.truth("lines")
    assert control.get("/_control/counters").json() == erp.counters()
    number = erp.truth()["rows"][0]["fields"]["order_no"]
    edited = control.post("/_control/edit", json={"order_no": number, "fields": {"remark": "改"}}).json()
    assert edited["changed"][0]["fields"]["remark"][1] == "改"
    assert control.post("/_control/advance", json={"n": 5}).json()["clock"] == "2026-03-17"
    assert "http_500" in control.post("/_control/faults", json={"http_500": {"times": 1}}).json()
    assert control.post("/_control/faults", json={"http_500": None}).json() == {}
    assert control.post("/_control/faults", json={"nonsense": {}}).status_code == 400
    control.post("/_control/variants", json={"scope": "all"})
    assert control.get("/_control/truth").json()["total"] == erp.truth(scope="all")["total"]


def test_it_runs_alone_and_keeps_its_state(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    command = [sys.executable, "-m", "samples.erp", "--count", "30", "--closed", "5", "--state", str(state)]
    truths = []
    for _ in range(2):
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            started = json.loads(process.stdout.readline())
            control = httpx.Client(base_url=started["url"], headers={"X-Control": started["token"]})
            truths.append(control.get("/_control/truth").json())
            control.post("/_control/advance", json={"n": 10})
            after = control.get("/_control/truth").json()
            process.send_signal(signal.SIGTERM)
            assert process.wait(10) == 0
        truths.append(after)
    assert truths[1] == truths[2]
    assert truths[0] != truths[1] != truths[3]


def test_product_and_sample_do_not_import_each_other() -> None:
    for folder, other in (("samples", "bridge"), ("bridge", "samples")):
        for file in (ROOT / folder).rglob("*.py"):
            lines = file.read_text(encoding="utf-8").splitlines()
            assert not [line for line in lines if re.match(rf"\s*(from|import) {other}\b", line)], file
