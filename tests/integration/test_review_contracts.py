"""Contracts on the review page: a real browser, a real server, the clause's picture beside the date."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, expect
from review_sample import CUSTOMERS, NOW, Desktop, order
from test_review_in_browser import HOSTILE, browser, signed_in

from bridge.contracts import extract
from bridge.contracts.kept import Ask
from bridge.contracts.result import ContractResult
from bridge.interfaces import Role
from bridge.reports.promise_reasons import REASONS, say_why
from bridge.reports.promise_words import ASKS, ASKS_MORE, EVENTS, HOWS, PHRASES, STATES, contract_phrases

assert browser
SAY = contract_phrases("zh")
UNSURE = ContractResult(
    file="a.pdf", promised_date=date(2026, 5, 10), promised_dates=(date(2026, 5, 10),), kind="absolute",
    clause="交货日期：2026年5月10日前交货至需方仓库。", page=1, confidence=0.4, needs_review=True,
    reason="the date is written by hand", contract_no="HT-2026-0108", signing_date=date(2026, 3, 1),
    buyer=CUSTOMERS[0], seller="宁波某某五金厂", pages=1, status="needs_review", totals=(Decimal("18000"),),
)  # fmt: skip


def drawn(words: str) -> bytes:
    image = Image.fromarray(np.full((120, 900, 3), 246, np.uint8))
    ImageDraw.Draw(image).text((20, 45), words, fill=(30, 30, 40), font_size=28)
    memory = io.BytesIO()
    image.save(memory, "PNG")
    return memory.getvalue()


@pytest.fixture
def desk(browser: Browser, tmp_path: Path) -> Iterator[Desktop]:
    made = Desktop(folder=tmp_path, browser=browser)
    orders = [{**order(n), "contract_no": f"HT-2026-01{8 + n:02d}", "customer": CUSTOMERS[0]} for n in range(3)]
    made.sync(made.list_of(orders))
    with made.open():
        yield made
    made.close()


def keep(desk: Desktop, read: ContractResult = UNSURE, content: str = "a") -> int:
    evidence = desk.app.evidence
    kept, _ = desk.app.store.keep_contract(
        content=content * 64, file=f"{content}-采购合同.pdf", as_read=read.as_json(), now=NOW,
        picture=evidence.keep_png(drawn("Delivery: before 2026-05-10")), page_picture=evidence.keep_png(drawn("page")),
    )  # fmt: skip
    return kept.id


def say_date(page: Page, day: str) -> None:
    page.locator("form", has=page.get_by_role("button", name=SAY("save"))).get_by_label(SAY("correct")).fill(day)
    page.get_by_role("button", name=SAY("save")).first.click()


def test_a_date_that_is_not_certain_is_confirmed_beside_its_picture(desk: Desktop) -> None:
    keep(desk, replace(UNSURE, contract_no="HT-2026-0108"))
    page = signed_in(desk, "li", "/contracts")
    page.get_by_role("link", name="a-采购合同.pdf").click()
    expect(page.locator(".date")).to_have_text("2026-05-10？")
    expect(page.locator(".ask")).to_contain_text("日期是手写的")
    assert page.locator(".look img").first.evaluate("i => i.decode().then(() => i.naturalWidth)") == 900
    page.get_by_role("button", name=SAY("confirm")).click()
    expect(page.locator(".date")).to_have_text("2026-05-10")
    kept = desk.app.store.contract(1)
    assert (kept.due, kept.settled_by, kept.asks) == (date(2026, 5, 10), "li", ())
    page.goto(f"{desk.url}/contracts")
    expect(page.locator("main")).to_contain_text(SAY("none_waiting"))


def test_it_is_corrected_or_said_to_promise_nothing(desk: Desktop) -> None:
    keep(desk)
    page = signed_in(desk, "li", "/contracts/1")
    say_date(page, "2026-06-01")
    expect(page.locator(".date")).to_have_text("2026-06-01")
    page.get_by_role("button", name=SAY("none")).click()
    expect(page.locator(".date")).to_have_text(SAY("no_date"))
    assert [e.action for e in desk.app.store.contract_entries(1)] == ["correct", "correct", "bound"]
    expect(page.locator(".did li").first).to_contain_text(SAY("did_none"))


def test_an_open_term_gets_its_day(desk: Desktop) -> None:
    keep(desk, replace(
        UNSURE, promised_date=None, promised_dates=(), kind="relative", base_event="payment", offset_days=10,
        offset_unit="calendar", status="ok", needs_review=False,
    ))  # fmt: skip
    page = signed_in(desk, "li", "/contracts/1")
    expect(page.locator(".date")).to_have_text("收到款项后 10 天")
    page.get_by_label(SAY("event_day", event="收到款项")).fill("2026-05-01")
    page.get_by_role("button", name=SAY("save")).last.click()
    expect(page.locator(".date")).to_have_text("2026-05-11")


def test_an_order_is_chosen_or_refused_and_shows_its_promise(desk: Desktop) -> None:
    keep(desk, replace(UNSURE, contract_no="HT-2O26-01O9", status="ok", needs_review=False))
    page = signed_in(desk, "li", "/contracts/1")
    page.get_by_role("button", name=SAY("is_it")).click()
    expect(page.locator(".link")).to_contain_text("SO-010022")
    assert desk.app.store.contract(1).asks == ()
    page.get_by_role("link", name="SO-010022").click()
    expect(page.locator(".facts")).to_contain_text("2026-05-10")
    entry = page.locator(".time li.contract")
    expect(entry).to_contain_text("2026-05-10")
    assert entry.locator("img").evaluate("i => i.decode().then(() => i.naturalWidth)") == 900
    expect(page.locator(".time li.promise").first).to_contain_text(SAY("did_link", order="SO-010022"))
    expect(page.locator(".time li.promise").first).to_contain_text("li")
    page.goto(f"{desk.url}/contracts/1")
    page.get_by_role("button", name=SAY("is_not")).click()
    assert desk.app.store.contract(1).asks == (Ask.UNMATCHED,)
    page.get_by_label(SAY("other_order")).fill("SO-XXX")
    page.get_by_role("button", name=SAY("bind")).click()
    expect(page.get_by_role("alert")).to_contain_text("SO-XXX")


def test_who_is_second_overwrites_nothing_and_is_told(desk: Desktop) -> None:
    keep(desk)
    page = signed_in(desk, "li", "/contracts/1")
    other = signed_in(desk, "zhao", "/contracts/1")
    say_date(page, "2026-06-01")
    say_date(other, "2026-07-01")
    expect(other.get_by_role("alert")).to_have_text(SAY("changed_meanwhile"))
    assert desk.app.store.contract(1).due == date(2026, 6, 1)


IMPOSSIBLE: tuple[dict[str, Any], ...] = (
    {"action": "correct", "day": "0001-01-01"}, {"action": "correct", "day": "x"}, {"action": "replace", "with": "1e9"},
    {"action": "replace", "with": "1"}, {"action": "event", "event": "payment", "day": "2026-05-01"},
    {"action": "link", "source": "demo", "key": "nothing"}, {"action": "nonsense"}, {"version": "x"}, {"version": "7"},
)  # fmt: skip


def test_what_is_not_possible_changes_nothing(desk: Desktop) -> None:
    keep(desk)
    before = desk.app.store.contract(1)
    page = signed_in(desk, "li", "/contracts/1")
    csrf = page.locator("meta[name=csrf]").get_attribute("content")
    for form in IMPOSSIBLE:
        sent = {"csrf": csrf, "version": "1", "action": "confirm", **form}
        answer = page.request.post(f"{desk.url}/contracts/1/decide", form=sent)
        assert 400 <= answer.status < 500, form
        assert desk.app.store.contract(1) == before


def test_a_viewer_looks_and_an_account_of_one_customer_sees_its_orders_promises_only(desk: Desktop) -> None:
    keep(desk)
    page = signed_in(desk, "chen", "/contracts/1")
    assert page.get_by_role("button", name=SAY("confirm")).count() == 0
    csrf = page.locator("meta[name=csrf]").get_attribute("content")
    answer = page.request.post(
        f"{desk.url}/contracts/1/decide", form={"csrf": csrf or "", "version": "1", "action": "confirm"}
    )
    assert answer.status == 403
    desk.add_user("sun", Role.OPERATOR, (CUSTOMERS[0],))
    desk.add_user("qian", Role.OPERATOR, (CUSTOMERS[1],))
    theirs, others = signed_in(desk, "sun", "/orders"), signed_in(desk, "qian", "/orders")
    assert theirs.request.get(f"{desk.url}/contracts").status == 404
    assert theirs.request.get(f"{desk.url}/contracts/1").status == 404
    assert theirs.request.get(f"{desk.url}/contracts/1/picture/clause").status == 200
    assert others.request.get(f"{desk.url}/contracts/1/picture/clause").status == 404
    alike = replace(UNSURE, contract_no="HT-2O26-01O9", buyer="another customer's name")
    keep(desk, alike, "b")
    bound, proposed = "/order?source=demo&key=SO-010021", "/order?source=demo&key=SO-010022"
    assert "HT-2026-0108" in theirs.request.get(desk.url + bound).text()
    assert "HT-2O26-01O9" not in theirs.request.get(desk.url + proposed).text()
    assert "HT-2O26-01O9" in page.request.get(desk.url + proposed).text()


def test_hostile_words_of_a_contract_stay_words(desk: Desktop) -> None:
    for i, text in enumerate(HOSTILE):
        keep(desk, replace(UNSURE, clause=text, buyer=text, contract_no=None, reason=text), chr(97 + i))
    page = signed_in(desk, "li", "/contracts")
    for i in range(len(HOSTILE)):
        page.goto(f"{desk.url}/contracts/{i + 1}")
        assert page.title() != "owned"
        assert page.locator("img[src=x]").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_every_reason_of_the_contract_reader_has_its_chinese_words() -> None:
    folder = Path(extract.__file__).parent
    source = "".join((folder / name).read_text(encoding="utf-8") for name in ("promise.py", "extract.py"))
    said = set(re.findall(r'reasons(?:\.append\(|=\(| = \[)\s*"([a-z][^"]+)"', source))
    assert len(said) > 20
    assert said <= set(REASONS)
    assert [r for r in REASONS if r not in source] == []
    assert say_why("the date is written by hand; new words", "zh") == "日期是手写的；new words"
    assert say_why("the date is written by hand", "en") == "the date is written by hand"


def test_every_word_is_there_in_both_languages() -> None:
    for table in (ASKS, ASKS_MORE, EVENTS, HOWS, STATES, PHRASES):
        assert all(zh.strip() and en.strip() for zh, en in table.values())
    assert set(ASKS) == set(ASKS_MORE) == set(Ask)
