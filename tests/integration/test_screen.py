"""Pictures of a window, what is seen between two of them, and where frames and marks are."""

from __future__ import annotations

import html
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from bridge.erp import places
from bridge.erp.browser import BrowserOptions, open_browser
from bridge.erp.screen import Screen, frame_offset
from bridge.errors import CaptureIncomplete
from bridge.profile_steps import Mark
from bridge.records import Box

HOST = """<body style="margin:0"><div style="height:{above}px"></div>
<iframe name={name} style="margin-left:{left}px;border:{border}px solid" srcdoc="{inner}"></iframe>{more}</body>"""
INNERMOST = HOST.format(name="b", above=5, left=5, border=2, more="", inner="<p id=inside>会话已过期</p>")
FRAMED = HOST.format(
    name="a", above=31, left=17, border=3, more="<p id=word>欢迎</p>", inner=html.escape(INNERMOST)
)


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with open_browser(BrowserOptions()) as browser:
        yield browser.new_context(viewport={"width": 600, "height": 400}).new_page()


def test_what_was_seen_is_of_the_picture_that_stood_still(page: Page) -> None:
    page.set_content("<p id=n style='font-size:40px'>0</p>")
    screen = Screen(page, 1)
    seen: list[str] = []

    def look() -> str:
        said = page.inner_text("#n")
        seen.append(said)
        if said in ("0", "1"):  # the list goes on while it is looked at
            page.evaluate("n => { document.getElementById('n').textContent = n }", str(int(said) + 1))
        return said

    picture, said = screen.still_picture(Box(x=0, y=0, w=200, h=100), 10, look)
    assert (said, seen) == ("2", ["0", "1", "2"])
    assert (picture.image == screen.picture(Box(x=0, y=0, w=200, h=100)).image).all()


@pytest.mark.parametrize(("then", "looks"), [("7", 1), ("8", 2)])
def test_a_picture_taken_before_is_the_first_of_the_two_if_nothing_moved(
    page: Page, then: str, looks: int
) -> None:
    page.set_content("<p id=n style='font-size:40px'>7</p>")
    screen, region = Screen(page, 1), Box(x=0, y=0, w=200, h=100)
    first = screen.picture(region)
    page.evaluate("n => { document.getElementById('n').textContent = n }", then)
    seen: list[str] = []
    picture, _ = screen.still_picture(region, 10, lambda: seen.append(page.inner_text("#n")), first=first)
    assert seen == [then] * looks
    assert (picture.png == first.png) is (then == "7")
    elsewhere = screen.still_picture(Box(x=0, y=0, w=100, h=100), 10, lambda: None, first=first)[0]
    assert elsewhere.image.shape == (100, 100, 3)


def test_a_list_that_never_stands_still_is_told(page: Page) -> None:
    page.set_content("<p id=n>0</p>")
    counts = iter(range(1, 1000))

    def look() -> None:
        page.evaluate("n => { document.getElementById('n').textContent = n }", str(next(counts)))

    with pytest.raises(CaptureIncomplete, match="never stood still"):
        Screen(page, 1).still_picture(Box(x=0, y=0, w=200, h=100), 0.5, look)


def test_a_frame_in_a_frame_stands_where_its_hosts_say(page: Page) -> None:
    page.set_content(FRAMED)
    frame = page.frame("b")
    assert frame is not None
    inside = frame.locator("#inside")
    inside.wait_for()
    x, y = frame_offset(inside)
    assert (x, y) == (17 + 3 + 5 + 2, 31 + 3 + 5 + 2)
    placed = inside.bounding_box()
    assert placed is not None
    assert inside.evaluate("el => el.getBoundingClientRect().left") + x == placed["x"]
    assert inside.evaluate("el => el.getBoundingClientRect().top") + y == placed["y"]


def test_a_frame_whose_host_is_of_another_site_is_placed_by_the_browser(page: Page) -> None:
    page.set_content(FRAMED)
    frame = page.frame("b")
    assert frame is not None
    inside = frame.locator("#inside")
    inside.wait_for()
    # What its scripts are told of a host of another site.
    frame.evaluate("Object.defineProperty(window, 'frameElement', {value: null})")
    assert frame_offset(inside) == (27, 41)


@pytest.mark.parametrize(
    ("marks", "shown"),
    [
        ([Mark(text="会话已过期"), Mark(text="nobody")], True),
        ([Mark(text="nobody"), Mark(css="#nowhere")], False),
        ([Mark(css="p[["), Mark(css="#word")], True),
        ([Mark(css="p[["), Mark(css="#nowhere")], False),
        ([Mark(css="#word", frame="b"), Mark(css="#inside", frame="gone")], False),
        ([Mark(css="#inside", frame="gone"), Mark(css="#inside", frame="b")], True),
        ([], False),
    ],
)
def test_marks_are_looked_for_together_and_each_counts_alone(page: Page, marks: list[Mark], shown: bool) -> None:
    page.set_content(FRAMED)
    frame = page.frame("b")
    assert frame is not None
    frame.locator("#inside").wait_for()
    assert places.visible(page, *marks) is shown
