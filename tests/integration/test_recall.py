"""Rows and pages met before are not read again, and are read anew as soon as anything they rest on has changed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from store_samples import NOW, url  # noqa: F401

from bridge.interfaces import Proposal
from bridge.memories import PAGE, KeptRead
from bridge.ocr.layout import RawCell
from bridge.ocr.reader import ScreenReader
from bridge.ocr.recall import Recall
from bridge.profiles import Profile, parse_profile
from bridge.records import (
    Box,
    DrawnBy,
    Fragment,
    Grid,
    Image,
    PageCell,
    PageShot,
    ProvenPicture,
    RowKind,
    TextStyle,
    Witness,
)
from bridge.store import SqlStore
from bridge.store.database import Database
from bridge.store.memory import dispute
from bridge.store.reads import Reads, read_anew

WIDTH, HEIGHT = 60, 20
HEADINGS = ("新程", "客华", "达博")
STYLE = TextStyle(family="sans-serif", size_px=12)


class Net:
    """A counting stand-in for the recogniser: it says what the page says of the picture's darkness, or nothing."""

    def __init__(self, texts: dict[int, str]) -> None:
        self._texts = texts
        self.asked = 0

    def read_lines(self, images: Sequence[Image], *, alphabet: str | None = None) -> list[Proposal]:
        del alphabet
        self.asked += len(images)
        return [Proposal(text=self._texts.get(int(i.min()), ""), confidence=0.99) for i in images]


def profile(**more: Any) -> Profile:
    kinds = zip(HEADINGS, "abc", ("integer", "text", "money"), strict=True)
    columns = [{"heading": h, "field": f, "type": t, "cut": {"may_be": False}} for h, f, t in kinds]
    return parse_profile(
        {"name": "p", "list": {"where": {"at": "table"}}, "key": ["a"], "columns": columns} | more, "t"
    )


class List:
    """Cells of one dark shade each: a shade stands for its text, in the picture and in the page."""

    def __init__(self) -> None:
        self.texts: dict[int, str] = {}

    def shot(self, rows: Sequence[Sequence[str]], *, claims: dict[tuple[int, int], str] | None = None) -> PageShot:
        """claims: what the page says of a cell where that is not what the picture shows."""
        table = [HEADINGS, *rows]
        image = np.full((HEIGHT * len(table), WIDTH * len(HEADINGS), 3), 255, np.uint8)
        cells = []
        for r, row in enumerate(table):
            for c, text in enumerate(row):
                y, x = r * HEIGHT, c * WIDTH
                image[y + 6 : y + 14, x + 8 : x + 40] = self._shade(text)
                box = Box(x=x, y=y, w=WIDTH, h=HEIGHT)
                said = (claims or {}).get((r, c), text)
                inner = Box(x=x + 8, y=y + 6, w=32, h=8)
                kind = RowKind.HEADING if r == 0 else RowKind.DATA
                fragments = (Fragment(text=said, box=inner, style=STYLE),)
                cells.append(PageCell(row=r, col=c, kind=kind, box=box, fragments=fragments))
        return PageShot(
            number=1, picture=image, scale=1.0, sha256="0" * 64, drawn_by=DrawnBy.PAGE, cells=tuple(cells)
        )

    def _shade(self, text: str) -> int:
        known = {t: s for s, t in self.texts.items()}
        shade = known.get(text, 10 + 2 * len(self.texts))
        self.texts[shade] = text
        return shade


class Rig:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = NOW
        self.store = SqlStore(f"sqlite:///{folder / 'bridge.db'}", clock=lambda: self.now)
        self.list = List()
        self.net = Net(self.list.texts)
        self.profile = profile()

    def read(self, shot: PageShot, nets: str = "small, tiny") -> tuple[Grid, int]:
        """Each time as a new run; what was read, and how many pictures the net was shown."""
        before = self.net.asked
        reader = ScreenReader(self.profile, "erp", self.net, self.store, None, reads=self.store, nets=nets)
        return reader.read(shot), self.net.asked - before


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    made.store.upgrade()
    yield made
    made.store.close()


ROWS = [("101", "恒达", "12.00"), ("102", "新华", "7.50"), ("103", "海康", "1.00")]


def texts(grid: Grid) -> list[tuple[str, ...]]:
    return [tuple(c.text for c in r.cells) for r in grid.rows]


def test_the_same_page_is_not_read_again_and_says_the_same(rig: Rig) -> None:
    shot = rig.list.shot(ROWS)
    first, asked = rig.read(shot)
    assert texts(first) == ROWS
    assert all(c.proven for r in first.rows for c in r.cells)
    assert asked > 0
    again, asked = rig.read(replace(shot, number=3, sha256="1" * 64))
    assert asked == 0
    assert texts(again) == ROWS
    for was, now in zip(first.rows, again.rows, strict=True):
        assert (now.kind, now.y_offset) == (was.kind, was.y_offset)
        for a, b in zip(was.cells, now.cells, strict=True):
            assert b == replace(a, witnesses=(Witness.MEMORY, *a.witnesses), shot="1" * 64, page=3)
    assert again.columns == first.columns
    assert [h.text for h in again.headings] == list(HEADINGS)


def test_rows_are_known_at_another_place_and_only_the_new_one_is_read(rig: Rig) -> None:
    rig.read(rig.list.shot(ROWS))
    moved = [("109", "嘉腾", "3.00"), *ROWS]
    grid, asked = rig.read(rig.list.shot(moved))
    assert texts(grid) == moved
    assert asked == 3  # the new row's cells
    for number, row in enumerate(grid.rows):
        assert [(c.row, c.box.y // HEIGHT, c.page) for c in row.cells] == [(number, number + 1, 1)] * 3
        assert Witness.MEMORY in row.cells[0].witnesses or number == 0
    assert [r.y_offset for r in grid.rows] == [HEIGHT * (i + 1) for i in range(4)]


def test_rows_of_a_foreign_picture_are_read_with_their_page(rig: Rig) -> None:
    """What a character is, and where spaces stand, all rows of its page tell together."""
    recall = Recall("erp", rig.profile, rig.store)
    shot = replace(rig.list.shot(ROWS), drawn_by=DrawnBy.FOREIGN)
    for _ in range(2):
        assert recall.page(shot) is None
        ((key, known),) = recall.rows(shot, [[RawCell((0, 0, WIDTH, HEIGHT))]], [None], "")
        assert known is None
        recall.keep_row(key, RowKind.DATA, [], 0, sure=True)


def test_another_picture_in_one_cell_is_another_row(rig: Rig) -> None:
    shot = rig.list.shot(ROWS)
    rig.read(shot)
    image = shot.image.copy()
    image[HEIGHT + 7, 12] = 200  # one pixel
    grid, asked = rig.read(replace(shot, picture=image))
    assert asked == 1
    assert Witness.MEMORY not in grid.rows[0].cells[0].witnesses


def test_a_page_that_says_otherwise_is_not_taken_for_the_one_before(rig: Rig) -> None:
    """The pixels are the same, but the page's text now lies, or did."""
    rig.read(rig.list.shot(ROWS))
    grid, _ = rig.read(rig.list.shot(ROWS, claims={(1, 0): "107"}))
    assert not grid.rows[0].cells[0].proven
    assert [r.cells[0].proven for r in grid.rows[1:]] == [True, True]


def test_whatever_a_page_says_otherwise_gives_it_another_name(rig: Rig) -> None:
    shot = rig.list.shot(ROWS)
    cells = list(shot.cells)
    cell, (fragment,) = cells[5], cells[5].fragments
    box = cell.box
    others: list[PageCell] = [
        replace(cell, col=3),
        replace(cell, kind=RowKind.OTHER),
        *(replace(cell, box=replace(box, **{side: getattr(box, side) + 0.01})) for side in ("x", "y", "w", "h")),
        *(replace(cell, clip=replace(box, **{side: 0.5})) for side in ("x", "y", "w", "h")),
        replace(cell, clip=box),
        replace(cell, ellipsis=True),
        replace(cell, frozen=True),
        replace(cell, background="rgb(0, 0, 0)"),
        replace(cell, whole_text=""),
        replace(cell, fragments=()),
        replace(cell, fragments=(fragment, fragment)),
        replace(cell, fragments=(replace(fragment, text="\ud800"),)),
        replace(cell, fragments=(replace(fragment, box=box),)),
        replace(cell, fragments=(replace(fragment, style=replace(STYLE, lang="ja")),)),
    ]
    pages = [[*cells[:5], other, *cells[6:]] for other in others]
    moved = [*cells[:5], replace(cell, fragments=()), replace(cells[6], fragments=(fragment, *cells[6].fragments))]
    pages += [[*moved, *cells[7:]], cells[:-1], [*cells[:5], cells[6], cells[5], *cells[7:]]]
    recall = Recall("erp", rig.profile, rig.store)
    names = [recall._page_key(replace(shot, cells=tuple(said))) for said in (cells, *pages)]
    assert len(set(names)) == len(names)
    image = shot.image.copy()
    image[-1, -1, 2] ^= 1
    assert (
        recall._page_key(replace(shot, picture=image)) != names[0] == recall._page_key(replace(shot, sha256="1"))
    )


def test_other_rules_of_the_profile_read_anew(rig: Rig) -> None:
    rig.read(rig.list.shot(ROWS))
    rig.profile = profile(list={"where": {"at": "table"}, "not_orders": [{"text": "102"}]})
    grid, _ = rig.read(rig.list.shot(ROWS))
    assert [r.kind for r in grid.rows] == [RowKind.DATA, RowKind.OTHER, RowKind.DATA]


@pytest.mark.parametrize("by", ["person", "contradiction"])
def test_what_changes_the_memory_makes_all_be_read_anew(rig: Rig, by: str) -> None:
    shot = rig.list.shot(ROWS)
    first, _ = rig.read(shot)
    cell = first.rows[1].cells[1]
    witnesses = (Witness.PERSON,) if by == "person" else (Witness.NET, Witness.REDRAW)
    rig.store.learn([ProvenPicture(source="erp", picture=cell.picture, text="新龙", witnesses=witnesses)])
    grid, _ = rig.read(shot)
    if by == "person":
        assert grid.rows[1].cells[1].text == "新龙"
    else:  # in dispute: it needs its own witnesses again
        assert Witness.MEMORY not in grid.rows[1].cells[1].witnesses
    other = ProvenPicture(source="other", picture=cell.picture, text="新", witnesses=(Witness.PERSON,))
    rig.store.learn([other])
    rig.read(shot)
    assert rig.read(shot)[1] == 0  # another source's is nothing to this one


def test_other_nets_read_anew(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    shot = rig.list.shot(ROWS)
    rig.read(shot)
    kept: list[int] = []
    keep = rig.store.keep_reads
    monkeypatch.setattr(
        rig.store, "keep_reads", lambda *how: (kept.append(len(how[2])), keep(*how))[1], raising=False
    )
    rig.read(shot)
    assert sum(kept) == 0
    rig.read(shot, nets="medium, tiny")
    assert sum(kept) > 0


def test_a_dry_run_leaves_no_trace_but_may_look(rig: Rig) -> None:
    from bridge.forgetful import Forgetful

    shot = rig.list.shot(ROWS)
    memory = Forgetful(rig.store)
    for _ in range(2):
        before = rig.net.asked
        ScreenReader(rig.profile, "erp", rig.net, memory, None, reads=memory).read(shot)
        assert rig.net.asked > before
    rig.read(shot)
    before = rig.net.asked
    ScreenReader(rig.profile, "erp", rig.net, memory, None, reads=memory).read(shot)
    assert rig.net.asked == before


def test_doubt_is_tried_again_ever_more_rarely(rig: Rig) -> None:
    shot = rig.list.shot(ROWS, claims={(1, 0): "107"})
    tried = []
    for hours in (0, 0.25, 0.5, 1.5, 2, 6, 8, 31):
        rig.now = NOW + timedelta(hours=hours)
        grid, asked = rig.read(shot)
        assert not grid.rows[0].cells[0].proven
        tried.append(asked > 0)
    # at once, in the next run, after one more hour, after four more, after a day
    assert tried == [True, True, False, True, False, True, False, True]


def test_a_doubtful_row_stays_due_though_the_list_moves_on(rig: Rig) -> None:
    claims = {(1, 0): "107"}
    for hours in (0, 0.25):
        rig.now = NOW + timedelta(hours=hours)
        rig.read(rig.list.shot(ROWS, claims=claims))
    moved, claims = [("109", "嘉腾", "3.00"), *ROWS], {(2, 0): "107"}
    # The new row; the doubtful one, for the new one taught much; nothing; the doubtful one.
    for hours, asked_again in ((0.5, True), (0.75, True), (1, False), (5, True)):
        rig.now = NOW + timedelta(hours=hours)
        grid, asked = rig.read(rig.list.shot(moved, claims=claims))
        assert not grid.rows[1].cells[0].proven
        assert (asked > 0) is asked_again


def test_equal_rows_of_one_page_are_one_to_the_memory(rig: Rig) -> None:
    twice = [ROWS[0], ROWS[1], ROWS[0]]
    for _ in range(2):
        grid, asked = rig.read(rig.list.shot(twice))
        assert texts(grid) == twice
    assert asked == 0


def test_a_clock_that_was_ahead_holds_nothing_back(rig: Rig) -> None:
    shot = rig.list.shot(ROWS, claims={(1, 0): "107"})
    rig.now = NOW + timedelta(days=3650)
    for _ in range(4):
        rig.read(shot)
    assert rig.read(shot)[1] == 0
    rig.now = NOW
    assert rig.read(shot)[1] > 0


def test_what_a_person_disputes_is_read_anew_though_no_picture_of_it_is_kept(rig: Rig) -> None:
    """Cut cells and empty ones are not learned one by one, but their rows are."""
    shot = rig.list.shot(ROWS)
    rig.read(shot)
    before = rig.store.recall("erp", []).epoch
    with Database(f"sqlite:///{rig.folder / 'bridge.db'}").write() as connection:
        dispute(connection, "erp", "of an empty cell", "7.00", rig.now)
    assert rig.store.recall("erp", []).epoch != before
    grid, _ = rig.read(shot)
    assert texts(grid) == ROWS


def test_a_picture_in_dispute_does_not_shake_everything_in_each_run(rig: Rig) -> None:
    def prove(text: str) -> str:
        proof = ProvenPicture(source="erp", picture="p", text=text, witnesses=(Witness.NET, Witness.REDRAW))
        rig.store.learn([proof])
        return rig.store.recall("erp", []).epoch

    before = prove("甲")
    shaken = prove("乙")
    assert shaken != before
    assert prove("甲") == prove("乙") == shaken


def test_two_who_shake_it_at_once_both_come_through(url: str) -> None:  # noqa: F811
    one, two = Database(url), Database(url)
    if one.sqlite:
        pytest.skip("SQLite knows one writer at a time anyway")
    begun = threading.Event()

    def second() -> None:
        with two.write() as connection:
            begun.set()
            read_anew(connection, "erp", NOW)

    other = threading.Thread(target=second)
    with one.write() as connection:
        read_anew(connection, "erp", NOW)
        other.start()
        begun.wait(10)
        time.sleep(0.2)  # until it waits for us
    other.join(10)
    assert not other.is_alive()
    store = SqlStore(url)
    assert store.recall("erp", []).epoch != ""
    for thing in (one, two, store):
        thing.close()


def kept(store: SqlStore, *keys: str, learned: int = 0) -> dict[str, bytes]:
    return dict(store.recall("erp", keys, lambda: learned).bodies)


def test_what_was_kept_comes_back_until_something_shook_it(url: str) -> None:  # noqa: F811
    now: list[datetime] = [NOW]
    store = SqlStore(url, clock=lambda: now[0])
    epoch = store.recall("erp", ["a"]).epoch
    sure, unsure = KeptRead(key="a", body=b"\x00one", sure=True), KeptRead(key="b", body=b"two", sure=False)
    store.keep_reads("erp", epoch, [sure, unsure], [])
    assert kept(store, "a", "b", "c") == {"a": b"\x00one", "b": b"two"}
    assert kept(store, "a", "b", "c", learned=1) == {"a": b"\x00one"}  # what was doubtful may be clear now
    store.keep_reads("erp", epoch, [replace(unsure, learned=100)], ["a"])
    assert kept(store, "a", "b", learned=110) == {"a": b"\x00one", "b": b"two"}
    assert kept(store, "a", "b", learned=111) == {"a": b"\x00one"}
    now[0] += timedelta(hours=2)
    assert kept(store, "a", "b") == {"a": b"\x00one"}
    store.learn([ProvenPicture(source="erp", picture="p", text="x", witnesses=(Witness.PERSON,))])
    assert kept(store, "a", "b") == {}
    store.keep_reads("erp", epoch, [sure], [])  # by a run that began to read before the person spoke
    assert kept(store, "a") == {}
    store.close()


def test_what_was_not_met_for_longest_makes_room(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'bridge.db'}"
    store = SqlStore(address)
    store.upgrade()
    store.close()
    database, now = Database(address), [NOW]
    reads = Reads(database, lambda: now[0], limit=10, pages=2)
    for i in range(10):
        reads.keep_reads("erp", "", [KeptRead(key=f"k{i}", body=b"", sure=True)], [])
        now[0] += timedelta(days=2)
    aged = reads.recall("erp", ["k0", "k9"]).aged
    assert set(aged) == {"k0", "k9"}
    reads.keep_reads("erp", "", [KeptRead(key="new", body=b"", sure=True)], ["k0"])
    assert reads.recall("erp", ["k0", "k9"]).aged == ["k9"]  # noted once a day, not at each meeting
    left = set(reads.recall("erp", [f"k{i}" for i in range(10)] + ["new"]).bodies)
    assert left == {"k0", "new", *(f"k{i}" for i in range(3, 10))}
    for i in range(5):  # pages go sooner, and take no row's room
        reads.keep_reads("erp", "", [KeptRead(key=f"{PAGE}{i}", body=b"", sure=True)], [])
        now[0] += timedelta(days=2)
    assert set(reads.recall("erp", [f"{PAGE}{i}" for i in range(5)]).bodies) == {f"{PAGE}3", f"{PAGE}4"}
    assert set(reads.recall("erp", list(left)).bodies) == left
    database.close()
