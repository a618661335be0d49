"""Mapping tables on the review page: a real browser, edited, searched, taken in from files and given out."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest
from playwright.sync_api import Browser, Page, expect
from review_sample import CUSTOMERS, Desktop
from test_review_in_browser import HOSTILE, browser, signed_in

from bridge.interfaces import Role
from bridge.mappings import HEADINGS
from bridge.review.web.phrases import phrases

assert browser
SAY = phrases("zh")
PROFILE_WORDS = "mappings:\n  sku: {A1: OUR-1, B2: OUR-2}\n"


@pytest.fixture
def desk(browser: Browser, tmp_path: Path) -> Iterator[Desktop]:
    made = Desktop(folder=tmp_path, browser=browser)
    profile = tmp_path / "profile.yaml"
    profile.write_text(profile.read_text(encoding="utf-8") + PROFILE_WORDS, encoding="utf-8")
    with made.open():
        yield made
    made.close()


def add(page: Page, word: str, ours: str) -> None:
    page.locator(".add [name=word]").fill(word)
    page.locator(".add [name=ours]").fill(ours)
    page.keyboard.press("Enter")


def said(desk: Desktop) -> dict[str, dict[str, str]]:
    return desk.app.store.mappings("demo")


def test_words_are_added_changed_searched_and_forgotten(desk: Desktop) -> None:
    page = signed_in(desk, "li", "/mappings")
    page.get_by_role("link", name="客户名称").click()
    expect(page.locator(".table")).to_contain_text(SAY("words_first"))
    add(page, " 上海鑫盛 ", "C-001")
    expect(page.get_by_role("status")).to_have_text(SAY("words_kept"))
    assert said(desk) == {"customer": {"上海鑫盛": "C-001"}}
    page.locator(".edit input[name=ours]").fill("C-002")
    page.keyboard.press("Enter")
    expect(page.locator(".edit input[name=ours]")).to_have_value("C-002")
    expect(page.get_by_role("status")).to_have_text(SAY("words_kept"))
    assert said(desk) == {"customer": {"上海鑫盛": "C-002"}}
    page.get_by_role("link", name="存货编码").click()
    expect(page.locator("tbody tr")).to_have_count(2)
    page.fill("[name=q]", "our-2")
    page.keyboard.press("Enter")
    expect(page.locator("tbody tr")).to_have_count(1)
    # A word of the profile is overruled, and then as it was.
    page.locator(".edit input[name=ours]").fill("OUR-9")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name=SAY("words_restore"))).to_have_count(1)
    page.get_by_role("button", name=SAY("words_restore")).click()
    expect(page.get_by_role("status")).to_have_text(SAY("words_forgotten"))
    assert said(desk) == {"customer": {"上海鑫盛": "C-002"}}
    assert [e.action for e in desk.app.store.audit(4)] == ["mappings"] * 4
    assert desk.app.store.audit(1)[0].details["forgotten"] == {"sku": ["B2"]}


def test_a_file_goes_out_is_edited_and_comes_in_again(desk: Desktop, tmp_path: Path) -> None:
    page = signed_in(desk, "wang", "/mappings?source=demo&field=sku")
    with page.expect_download() as started:
        page.get_by_role("link", name="Excel").click()
    file = tmp_path / started.value.suggested_filename
    started.value.save_as(file)
    assert file.name == "demo.xlsx"
    book = openpyxl.load_workbook(file)
    assert [[c.value for c in row] for row in book.active.iter_rows()] == [
        HEADINGS, ["sku", "A1", "OUR-1"], ["sku", "B2", "OUR-2"],
    ]  # fmt: skip
    book.active.append(["sku", "'=C3", "OUR-3"])
    book.save(file)
    page.set_input_files("[type=file]", file)
    page.get_by_role("button", name=SAY("words_take")).click()
    expect(page.get_by_role("status")).to_have_text(SAY("words_taken", added=3, forgotten=0))
    assert said(desk)["sku"]["=C3"] == "OUR-3"
    csv = page.request.get(f"{desk.url}/mappings/file?source=demo&as=.csv")
    assert "sku,'=C3,OUR-3" in csv.text()
    page.set_input_files(
        "[type=file]", {"name": "w.csv", "mimeType": "text/csv", "buffer": b"field,word,ours\nsku,A1,X\n"}
    )
    page.get_by_label(SAY("words_replace")).check()
    page.get_by_role("button", name=SAY("words_take")).click()
    expect(page.get_by_role("status")).to_have_text(SAY("words_taken", added=1, forgotten=2))
    assert said(desk) == {"sku": {"A1": "X"}}


def _bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)
    return out.getvalue()


BAD_FILES = {
    "w.csv": b"field,word,ours\nnothing,A,B\n",
    "two.csv": b"field,word,ours\nsku,A,B\nsku,A,C\n",
    "gbk.csv": "field,word,ours\nsku,编码,B\n".encode("gbk"),
    "hidden.csv": "field,word,ours\nsku,A\u202e,B\n".encode(),
    "no.xlsx": b"not a workbook",
    "bomb.xlsx": _bomb(),
    "words.txt": b"field,word,ours\n",
}


def test_what_cannot_be_taken_in_changes_nothing_and_says_why(desk: Desktop) -> None:
    page = signed_in(desk, "li", "/mappings")
    csrf = page.locator("meta[name=csrf]").get_attribute("content") or ""
    fields = {"csrf": csrf, "source": "demo", "field": "sku"}
    for name, data in BAD_FILES.items():
        file = {"name": name, "mimeType": "text/csv", "buffer": data}
        answer = page.request.post(f"{desk.url}/mappings/file", multipart={**fields, "file": file})
        assert answer.status == 422, name
        assert SAY("words_not", why="") in answer.text(), name
    big = {"name": "big.csv", "mimeType": "text/csv", "buffer": b"x" * 4_000_000}
    assert page.request.post(f"{desk.url}/mappings/file", multipart={**fields, "file": big}).status == 413
    assert page.request.post(f"{desk.url}/mappings/file", multipart=fields).status == 422
    assert page.request.post(f"{desk.url}/mappings/file", multipart={"source": "demo"}).status == 403
    for form in (
        {"field": "order_no", "word": "a", "ours": "b"}, {"field": "x", "word": "a", "ours": "b"},
        {"word": " ", "ours": "b"}, {"word": "a", "ours": ""}, {"word": "a\0", "ours": "b"}, {"word": "a", "ours": "b" * 501},
        {"word": "never said", "action": "forget"}, {"source": "nowhere", "word": "a", "ours": "b"},
    ):  # fmt: skip
        assert 400 <= page.request.post(f"{desk.url}/mappings", form={**fields, **form}).status < 500, form
    assert said(desk) == {}


def test_hostile_words_stay_words(desk: Desktop) -> None:
    words = {text[:600]: text[:600] for text in HOSTILE}
    desk.app.store.import_mappings("demo", {"customer": words}, replace=False, by="x", now=desk.now)
    page = signed_in(desk, "li", "/mappings?source=demo&field=customer", viewport={"width": 390, "height": 844})
    expect(page.locator("tbody tr")).to_have_count(len(words))
    assert page.title() != "owned"
    assert page.locator("img[src=x]").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    csrf = page.locator("meta[name=csrf]").get_attribute("content") or ""
    form = {"csrf": csrf, "source": "demo", "field": "sku", "word": HOSTILE[0], "ours": HOSTILE[1]}
    page.request.post(f"{desk.url}/mappings", form=form)
    assert said(desk)["sku"] == {HOSTILE[0]: HOSTILE[1]}
    page.goto(f"{desk.url}/mappings?source=demo&field=sku&q={HOSTILE[0]}")
    assert page.title() != "owned"
    expect(page.locator("tbody tr")).to_have_count(1)


def test_who_may(desk: Desktop) -> None:
    desk.add_user("sun", Role.OPERATOR, (CUSTOMERS[0],))
    for name in ("chen", "sun"):
        page = signed_in(desk, name, "/orders")
        assert page.locator("nav a[href='/mappings']").count() == 0
        for path in ("/mappings", "/mappings/file?source=demo"):
            assert page.request.get(desk.url + path).status == 403
        csrf = page.locator("meta[name=csrf]").get_attribute("content") or ""
        form = {"csrf": csrf, "source": "demo", "field": "sku", "word": "a", "ours": "b"}
        assert page.request.post(f"{desk.url}/mappings", form=form).status == 403
    assert said(desk) == {}
