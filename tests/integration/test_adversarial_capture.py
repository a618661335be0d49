"""Lists of which a part would never be seen and that would still count as complete."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import Page

from bridge.erp.browser import BrowserOptions, open_browser
from bridge.erp.capture import ListCapture
from bridge.errors import CaptureIncomplete
from bridge.profiles import Profile, parse_profile
from bridge.records import CaptureSet

STYLE = "<style>td{height:24px}#box{height:300px;overflow:auto}</style>"
ROWS = "".join(f"<tr class=r><td>SO-{i:03}</td></tr>" for i in range(40))
BOX = f"<div id=box><table id=t><tr class=h><td>订单编号</td></tr>{ROWS}</table></div>"
GROWS = """<script>{
  let n = 40;
  box.onscroll = () => {
    if (box.scrollTop + box.clientHeight < box.scrollHeight - 60) return;
    for (let i = 0; i < 20 && n < 100; i++) {
      const number = 'SO-' + String(n++).padStart(3, '0');
      t.tBodies[0].insertAdjacentHTML('beforeend', `<tr class=r><td>${number}</td></tr>`);
    }
  };
}</script>"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with open_browser(BrowserOptions()) as browser:
        yield browser.new_context(viewport={"width": 800, "height": 600}).new_page()


def profile(at: str, **paging: Any) -> Profile:
    rules = {"where": {"at": at}, "rows": {"heading": "tr.h", "row": "tr.r"}, "paging": paging}
    columns = [{"heading": "订单编号", "field": "order_no", "type": "code"}]
    return parse_profile(
        {"name": "x", "browser": {"scale": 1}, "list": rules, "key": ["order_no"], "columns": columns}, "test"
    )


def captured(page: Page, of: Profile, *, page_help: bool = True) -> CaptureSet:
    """Captured from an open page: the session's part is only to say where the list is."""
    at = of.order_list.where.at
    assert at is not None
    assert at.css is not None
    css = at.css
    session: Any = SimpleNamespace(
        page=page,
        profile=of,
        source="test",
        evidence=SimpleNamespace(keep_png=lambda png: "0" * 64),
        now=lambda: datetime.now(UTC),
        check_state=lambda: None,
        list_element=lambda wait=True: page.locator(css),
        locate=lambda place: page.locator(place.css),
    )
    return ListCapture(session, page_help=page_help).run()


def test_rows_that_come_only_when_the_end_is_near_are_captured(page: Page) -> None:
    page.set_content(STYLE + BOX + GROWS)
    found = captured(page, profile("#box", kind="scroll"))
    seen = {f.text for shot in found.shots for cell in shot.cells for f in cell.fragments}
    assert {f"SO-{i:03}" for i in range(100)} <= seen


def test_a_box_that_never_ends_is_given_up(page: Page) -> None:
    page.set_content(STYLE + BOX + GROWS.replace("n < 100", "true"))
    with pytest.raises(CaptureIncomplete, match="still goes on after 6 views"):
        captured(page, profile("#box", kind="scroll", max_pages=6))


@pytest.mark.parametrize("page_help", [True, False])
def test_a_list_that_a_box_around_it_cuts_off_is_not_complete(page_help: bool, page: Page) -> None:
    page.set_content(STYLE + BOX)
    with pytest.raises(CaptureIncomplete, match="below the end of a box"):
        captured(page, profile("#t"), page_help=page_help)


def test_a_box_that_hides_nothing_does_no_harm(page: Page) -> None:
    page.set_content(STYLE + BOX.replace("id=box", "style='height:1500px;overflow:hidden'"))
    assert captured(page, profile("#t")).complete
