"""Lists of which a part would never be seen and that would still count as complete."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from bridge.erp import places
from bridge.erp.browser import BrowserOptions, open_browser
from bridge.erp.capture import _NATURE, ListCapture
from bridge.erp.traffic import Traffic
from bridge.errors import CaptureIncomplete, SessionLost
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
def browser() -> Iterator[Browser]:
    with open_browser(BrowserOptions(), url="http://127.0.0.1/") as opened:
        yield opened


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """One for each test: what a page's script does to its window outlives ``set_content``."""
    context = browser.new_context(viewport={"width": 800, "height": 600})
    yield context.new_page()
    context.close()


@pytest.fixture
def slow() -> Iterator[str]:
    """A server that takes as many seconds as it is asked to."""

    class Slow(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            time.sleep(float(self.path.partition("?")[2] or 0))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


def profile(at: str, timeout_s: float = 20, rest: dict[str, Any] | None = None, **paging: Any) -> Profile:
    where = {"at": at, "busy": "#busy"}
    rules = {"where": where, "rows": {"heading": "tr.h", "row": "tr.r"}, "paging": paging, **(rest or {})}
    columns = [{"heading": "订单编号", "field": "order_no", "type": "code"}]
    return parse_profile(
        {
            "name": "x",
            "browser": {"scale": 1, "timeout_s": timeout_s},
            "list": rules,
            "key": ["order_no"],
            "columns": columns,
        },
        "test",
    )


def captured(page: Page, of: Profile, *, page_help: bool = True, **session_parts: Any) -> CaptureSet:
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
        visible=lambda *marks: places.visible(page, *marks),
        fetching=Traffic(page.context).fetching,
        click=lambda place, path: page.locator(place.css).click(),
        check_network=lambda path: None,
        why=lambda path, otherwise: otherwise,
    )
    vars(session).update(session_parts)
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


def test_a_list_that_a_script_puts_another_in_the_place_of_is_looked_at_anew(page: Page) -> None:
    page.set_content(STYLE + BOX)
    page.evaluate(
        """() => { box.onscroll = () => {
          const top = box.scrollTop, other = box.cloneNode(true);
          if (top > 100 && !window.replaced) { window.replaced = 1; box.replaceWith(other); other.scrollTop = top; }
        } }"""
    )
    found = captured(page, profile("#box", kind="scroll"))
    assert page.evaluate("window.replaced") == 1
    seen = {f.text for shot in found.shots for cell in shot.cells for f in cell.fragments}
    assert {f"SO-{i:03}" for i in range(40)} <= seen


def test_a_list_that_moves_in_the_window_is_pictured_where_it_stands(page: Page) -> None:
    page.set_content(
        f"<div id=above></div>{STYLE}<table id=t><tr class=h><td>订单编号</td></tr>{ROWS[:200]}</table>"
    )
    page.evaluate(
        """() => {
          const r = Element.prototype.getBoundingClientRect; let n = 0;
          Element.prototype.getBoundingClientRect = function () {
            if (++n === 2) above.style.height = '40px';  // a bar comes in above once the list has been found
            return r.call(this);
          };
        }"""
    )
    (shot,) = captured(page, profile("#t")).shots
    assert isinstance(shot.picture, bytes), "a page waits as PNG: a list may have hundreds"
    first = shot.cells[0]
    assert (first.box.y, round(shot.image.shape[0])) == (
        pytest.approx(1, abs=3),
        pytest.approx(page.evaluate("t.offsetHeight"), abs=8),
    )
    x0, y0, x1, y1 = (int(v) for v in (first.box.x, first.box.y, first.box.x2, first.box.y2))
    assert shot.image[y0:y1, x0:x1].min() < 128  # its text is there


def test_a_list_that_vanishes_while_it_is_looked_at_is_told(page: Page) -> None:
    page.set_content(f"{STYLE}<table id=t><tr class=h><td>订单编号</td></tr>{ROWS[:200]}</table>")
    page.evaluate(
        "() => { const r = Range.prototype.getClientRects;"
        " Range.prototype.getClientRects = function () { t.remove(); return r.call(this); } }"
    )
    page.set_default_timeout(500)
    try:
        with pytest.raises(CaptureIncomplete, match="the list: not done in time while its picture was taken"):
            captured(page, profile("#t"))
    finally:
        page.set_default_timeout(30_000)


def numbers(found: CaptureSet) -> list[str]:
    """Of all pages, in order."""
    return [f.text for shot in found.shots for c in shot.cells if c.kind.value == "data" for f in c.fragments]


def test_rows_that_are_fetched_once_the_end_was_looked_at_for_a_while_are_captured(page: Page, slow: str) -> None:
    page.goto(slow)
    late = GROWS.replace(
        "for (let i", "clearTimeout(box.t); box.t = setTimeout(async () => { await fetch('/rows?1.5'); for (let i"
    )
    late = late.replace("\n    }\n  };", "\n    } }, 300);\n  };").replace("n < 100", "n < 60")
    assert "300);" in late
    page.set_content(STYLE + BOX + late)
    assert {f"SO-{i:03}" for i in range(60)} <= set(numbers(captured(page, profile("#box", kind="scroll"))))


def test_a_page_whose_rows_take_four_seconds_is_waited_for(page: Page, slow: str) -> None:
    turn = (
        "show(''); next.className = 'off'; fetch('/rows?4').then(() => {"
        " show(rows(n).join('')); next.className = n === 3 ? 'off' : ''; });"
    )
    page.goto(slow)
    page.set_content(STYLE + TURNS.replace("TURN", turn))
    found = captured(page, profile("#t", kind="next", next="#next", last=[{"css": "#next.off"}]))
    assert numbers(found) == [f"SO-{n}{i}" for n in (1, 2, 3) for i in range(8)]


def test_a_program_that_asks_all_the_time_is_waited_for_once(page: Page, slow: str) -> None:
    page.goto(slow)
    page.set_content(STYLE + TURNS.replace("TURN", "show(rows(n).join('')); next.hidden = n === 3;"))
    page.evaluate("() => { const ask = () => fetch('/news?0.5').then(ask); ask(); setTimeout(ask, 250) }")
    began = time.monotonic()
    found = captured(page, profile("#t", kind="next", next="#next", timeout_s=6))
    assert numbers(found) == [f"SO-{n}{i}" for n in (1, 2, 3) for i in range(8)]
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("told", ["<td>A</td><td>B</td>", ""])
def test_a_clock_in_a_row_is_no_row_on_its_way(page: Page, told: str) -> None:
    page.set_content(STYLE + TURNS.replace("${n}${i}</td>", f"${{n}}${{i}}</td>{told}<td class=c>0</td>"))
    page.evaluate(
        "() => setInterval(() => document.querySelectorAll('.c').forEach(c => { c.textContent++ }), 700)"
    )
    of = profile("#t", timeout_s=8)
    if told:
        assert captured(page, of).complete
    else:  # it could as well say that the list is loading
        with pytest.raises(CaptureIncomplete, match="never stood still"):
            captured(page, of)


TALL = "<p style='height:100px'></p>" + "<table id=t><tr><td>x</td></tr></table>"


@pytest.mark.parametrize(
    ("outer", "inner", "told"),
    [
        # The frame is higher than the window, the list in it is not.
        ("<iframe id=f style='height:1500px'></iframe>", TALL, False),
        ("<iframe id=f style='height:1500px'></iframe>", "<p style='height:1000px'></p>" + TALL, True),
        # What the body hides it hands on to the window.
        ("", "<style>body{overflow-x:hidden}#t{float:left}</style>" + TALL, False),
        ("", "<style>html{overflow:hidden}body{overflow:auto;height:50px}</style>" + TALL, True),
        ("<iframe id=f style='height:60px'></iframe>", "<style>html{overflow:hidden}</style>" + TALL, True),
    ],
)
def test_what_hides_an_end_of_a_list_is_known(page: Page, outer: str, inner: str, told: bool) -> None:
    page.set_content("<!doctype html>" + (outer or inner))
    if outer:
        page.evaluate("html => { f.srcdoc = '<!doctype html>' + html }", inner)
        page.wait_for_timeout(300)
    hidden, scrolls, beyond = page.frames[-1].locator("#t").evaluate(_NATURE)
    assert not scrolls
    assert (hidden or beyond) is told


@pytest.mark.parametrize("ms", [90, 400])
def test_rows_that_come_a_moment_after_the_end_was_reached_are_captured(page: Page, ms: int) -> None:
    late = GROWS.replace("for (let i", "setTimeout(() => { for (let i").replace(
        "\n    }\n  };", f"\n    }} }}, {ms});\n  }};"
    )
    assert f"{ms});" in late
    page.set_content(STYLE + BOX + late)
    found = captured(page, profile("#box", kind="scroll"))
    assert {f"SO-{i:03}" for i in range(100)} <= set(numbers(found))
    assert [s.at_end for s in found.shots][-1]


VIRTUAL = """<p id=busy hidden>…</p><div id=box style="height:240px;overflow:auto"><div id=lane style="height:1200px">
<table id=t style="border-spacing:0;position:sticky;top:0"></table></div></div><script>
const row = n => `<tr class=r><td style="height:20px;padding:0">SO-${String(n).padStart(3, '0')}</td></tr>`;
const show = () => {
  const from = Math.round(box.scrollTop / 20);
  lane.innerHTML = `<table style="border-spacing:0;position:absolute;top:${from * 20}px">`
    + [...Array(Math.min(12, 60 - from)).keys()].map(i => row(from + i)).join('') + '</table>';
};
show();
lane.style.position = 'relative';
box.onscroll = () => { LATE };
</script>"""


@pytest.mark.parametrize(
    "late",
    [
        "lane.innerHTML = ''; busy.hidden = false; setTimeout(() => { show(); busy.hidden = true; }, 400);",
        "lane.innerHTML = ''; fetch('/rows?0.4').then(show);",
    ],
)
def test_a_grid_that_fetches_the_rows_in_view_is_waited_for(page: Page, slow: str, late: str) -> None:
    page.goto(slow)
    page.set_content(VIRTUAL.replace("LATE", late))
    found = captured(page, profile("#box", kind="scroll"))
    assert {f"SO-{i:03}" for i in range(60)} <= set(numbers(found))


def test_a_table_replaced_within_the_box_that_scrolls_is_found_again(page: Page) -> None:
    page.set_content(STYLE + BOX)
    page.evaluate(
        """() => { box.onscroll = () => {
          if (!window.replaced) { window.replaced = 1; t.replaceWith(t.cloneNode(true)); }
        } }"""
    )
    found = captured(page, profile("#t", kind="scroll", scroll_at="#box"))
    assert page.evaluate("window.replaced") == 1
    assert {f"SO-{i:03}" for i in range(40)} <= set(numbers(found))


def test_arrays_that_a_library_teaches_a_json_of_their_own_do_no_harm(page: Page) -> None:
    page.set_content(STYLE + BOX)
    page.evaluate("() => { Array.prototype.toJSON = function () { return '[' + this.join(', ') + ']'; } }")
    assert {f"SO-{i:03}" for i in range(40)} <= set(numbers(captured(page, profile("#box", kind="scroll"))))


TURNS = """<div style="height:600px"><table id=t></table></div><a id=next href="#">下一页</a><p id=pager></p><script>
const rows = n => [...Array(8).keys()].map(i => `<tr class=r><td>SO-${n}${i}</td></tr>`);
const show = html => { t.innerHTML = '<tr class=h><td>订单编号</td></tr>' + html; };
let n = 1;
show(rows(1).join('')); pager.textContent = '第1/3页';
next.onclick = () => {
  n += 1;
  TURN
};
</script>"""


@pytest.mark.parametrize(
    "turn",
    [
        # In two goes; the pager first.
        "pager.textContent = `第${n}/3页`; show(rows(n).slice(0, 3).join(''));"
        " setTimeout(() => show(rows(n).join('')), 50);",
        # Emptied, and rows and pager come together, or the pager after them.
        "show(''); setTimeout(() => { show(rows(n).join('')); pager.textContent = `第${n}/3页`; }, 300);",
        "show(rows(n).join('')); setTimeout(() => { pager.textContent = `第${n}/3页`; }, 300);",
        # The pager at once, the rows much later.
        "pager.textContent = `第${n}/3页`; setTimeout(() => show(rows(n).join('')), 900);",
        # The pager tells nothing for a while.
        "pager.textContent = ''; show(rows(n).join(''));"
        " setTimeout(() => { pager.textContent = `第${n}/3页`; }, 300);",
    ],
)
def test_a_page_counts_once_it_is_there(page: Page, turn: str) -> None:
    page.set_content(STYLE + TURNS.replace("TURN", turn))
    pages = {"kind": "next", "next": "#next", "page_of": r"第(\d+)/(\d+)页", "page_of_at": "#pager"}
    assert numbers(captured(page, profile("#t", **pages))) == [f"SO-{n}{i}" for n in (1, 2, 3) for i in range(8)]


@pytest.mark.parametrize(
    "turn",
    [
        # Emptied, with the way on greyed while the rows are on their way.
        "show(''); next.hidden = true; setTimeout(() => { show(rows(n).join('')); next.hidden = n === 3; }, 500);",
        # The rows stay, and the way on is off for a moment.
        "next.hidden = true; show(rows(n).join('')); setTimeout(() => { next.hidden = n === 3; }, 200);",
    ],
)
def test_a_page_that_is_on_its_way_is_not_the_last(page: Page, turn: str) -> None:
    page.set_content(STYLE + "<p id=busy hidden>正在加载</p>" + TURNS.replace("TURN", turn))
    found = captured(page, profile("#t", kind="next", next="#next"))
    assert numbers(found) == [f"SO-{n}{i}" for n in (1, 2, 3) for i in range(8)]


def test_a_page_that_is_empty_for_a_while_is_not_the_last_though_its_mark_says_so(page: Page) -> None:
    turn = (
        "show(''); next.className = 'off';"
        " setTimeout(() => { show(rows(n).join('')); next.className = n === 3 ? 'off' : ''; }, 500);"
    )
    page.set_content(STYLE + TURNS.replace("TURN", turn))
    found = captured(page, profile("#t", kind="next", next="#next", last=[{"css": "#next.off"}]))
    assert numbers(found) == [f"SO-{n}{i}" for n in (1, 2, 3) for i in range(8)]


def test_a_list_that_is_still_loading_when_it_is_left_is_not_taken_for_the_next_page(page: Page) -> None:
    shows = "show(rows(n).join('')); next.hidden = n === 3;"
    page.set_content(
        STYLE + "<p id=busy hidden>正在加载</p>" + TURNS.replace("TURN", f"setTimeout(() => {{ {shows} }}, 300);")
    )
    real = page.locator("#next")

    def busy_for_a_while() -> None:
        page.evaluate("() => { busy.hidden = false; setTimeout(() => { busy.hidden = true; }, 200); }")

    found = captured(
        page,
        profile("#t", kind="next", next="#next"),
        click=lambda place, path: (real.click(), None)[1],
        evidence=SimpleNamespace(keep_png=lambda png: (busy_for_a_while(), "0" * 64)[1]),
    )
    assert numbers(found) == [f"SO-{n}{i}" for n in (1, 2, 3) for i in range(8)]


def test_a_list_that_opens_where_it_was_left_is_read_from_its_first_page(page: Page) -> None:
    turn = "show(rows(n).join('')); next.hidden = n === 3; first.hidden = n === 1;"
    script = "first.onclick = () => { n = 1; setTimeout(() => { TURN }, 400); }; n = 2; TURN".replace("TURN", turn)
    page.set_content(
        STYLE + "<a id=first href='#'>首页</a>" + TURNS.replace("TURN", turn) + f"<script>{script}</script>"
    )
    found = captured(page, profile("#t", kind="next", next="#next", first="#first"))
    assert numbers(found) == [f"SO-{n}{i}" for n in (1, 2, 3) for i in range(8)]


def test_a_list_that_grows_is_captured_once(page: Page) -> None:
    turn = "show([1, 2, 3].slice(0, n).flatMap(rows).join('')); next.hidden = n === 3;"
    page.set_content(STYLE + TURNS.replace("TURN", turn))
    found = captured(page, profile("#t", kind="load_more", next="#next"))
    assert numbers(found) == [f"SO-{n}{i}" for n in (1, 2, 3) for i in range(8)]


def test_a_count_that_stands_on_some_pages_only_is_no_fault_of_the_others(page: Page) -> None:
    page.set_content(
        STYLE + TURNS.replace("TURN", "show(rows(n).join('')); pager.hidden = true; next.hidden = n === 3;")
    )
    rest = {"total": {"pattern": r"共(\d+)条", "at": "#pager"}}
    page.evaluate("() => { pager.textContent = '共24条' }")
    found = captured(page, profile("#t", kind="next", next="#next", timeout_s=3, rest=rest))
    assert [s.total_text for s in found.shots] == ["共24条", None, None]


LONG = f"<table id=t><tr class=h><td>订单编号</td></tr>{ROWS * 2}</table>"


@pytest.mark.parametrize(
    "html",
    [
        STYLE + f"<style>html{{overflow:hidden;height:100%}}body{{overflow:auto;height:100%}}</style>{LONG}",
        STYLE + f"<div id=t style='height:300px;overflow:hidden'>{LONG.replace('id=t', '')}</div>",
    ],
)
def test_a_list_of_which_an_end_is_hidden_is_not_complete(page: Page, html: str) -> None:
    page.set_content(html)
    with pytest.raises(CaptureIncomplete):
        captured(page, profile("#t"))


def test_a_list_in_a_box_that_is_scrolled_down_is_not_complete(page: Page) -> None:
    page.set_content(STYLE + BOX)
    page.evaluate("() => { box.scrollTop = 9999 }")
    with pytest.raises(CaptureIncomplete):
        captured(page, profile("#t"))


END = "<p id=end hidden>没有更多数据</p>"
EMPTY = "show(n < 3 ? rows(n).join('') : ''); end.hidden = n < 3;"


def test_a_page_that_stays_empty_is_told(page: Page) -> None:
    page.set_content(STYLE + END + TURNS.replace("TURN", EMPTY))
    with pytest.raises(CaptureIncomplete, match="page 3 of the list shows no rows"):
        captured(page, profile("#t", timeout_s=1, kind="next", next="#next"))


def test_an_empty_page_that_says_that_the_list_ends_is_its_last(page: Page) -> None:
    page.set_content(STYLE + END + TURNS.replace("TURN", EMPTY))
    found = captured(page, profile("#t", kind="next", next="#next", last=[{"css": "#end"}]))
    assert found.complete
    assert numbers(found) == [f"SO-{n}{i}" for n in (1, 2) for i in range(8)]


def test_a_list_that_ends_because_the_session_does_is_not_complete(page: Page) -> None:
    page.set_content(STYLE + TURNS.replace("TURN", "show(''); next.remove();"))
    asked: list[int] = []

    def over() -> None:
        asked.append(1)
        if not page.locator("#next").count() and len(asked) > 2:  # the mark comes a moment later
            raise SessionLost("the session is over")

    with pytest.raises(SessionLost):
        captured(page, profile("#t", kind="next", next="#next"), check_state=over)
