"""What a column tells of texts that it cuts exactly between two characters."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from bridge.forgetful import Forgetful
from bridge.memories import HEARD, KeptRead
from bridge.ocr.cells import Cell, reading_of
from bridge.ocr.cut_columns import CutColumns
from bridge.ocr.doubts import may_hide
from bridge.ocr.layout import RawCell
from bridge.ocr.pictures import cell_picture
from bridge.profiles import Column, ColumnType, CutRule
from bridge.records import Doubt, DrawnBy, PageShot, ProvenPicture, Witness
from bridge.store import SqlStore

HEIGHT, WIDTH = 20, 112
REMARK = Column(heading="备注", field="remark", type=ColumnType.TEXT)
CODE = Column(heading="货号", field="sku", type=ColumnType.CODE)
Row = tuple[int, str]
"""Where the text's ink ends, and what came of it: proven, torn, misread, or by a person."""


def page(
    rows: Sequence[Row], drawn: DrawnBy = DrawnBy.CANVAS, column: Column = REMARK
) -> tuple[PageShot, list[Cell]]:
    image = np.full((HEIGHT * len(rows), WIDTH, 3), 255, np.uint8)
    for i, (end, _) in enumerate(rows):
        image[HEIGHT * i + 5 : HEIGHT * i + 15, 6:end] = 10 + i
    shot = PageShot(number=1, picture=image, scale=1.0, sha256="0" * 64, drawn_by=drawn, cells=())
    cells = []
    for i, (_, how) in enumerate(rows):
        rect = (0, HEIGHT * i, WIDTH, HEIGHT * (i + 1))
        c = Cell(RawCell(rect), cell_picture(image, rect, 1.0), column, 0)
        witnesses = {"person": (Witness.PERSON,), "proven": (Witness.NET, Witness.REDRAW)}.get(how, ())
        doubts = () if witnesses else (Doubt.UNPROVEN,)
        c.reading = reading_of(shot, c, "…" if how == "marked" else "文", witnesses, doubts=doubts)
        c.torn = how == "torn"
        cells.append(c)
    return shot, cells


def doubtful(
    rows: Sequence[Row],
    columns: CutColumns | None = None,
    drawn: DrawnBy = DrawnBy.CANVAS,
    column: Column = REMARK,
) -> list[int]:
    """Rows that the column made doubtful."""
    shot, cells = page(rows, drawn, column)
    (columns or CutColumns("erp", None)).judge(shot, cells, [[c.raw] for c in cells])
    return [i for i, c in enumerate(cells) if c.reading is not None and Doubt.CUT in c.reading.doubts]


def test_a_text_that_ends_where_another_is_cut_through_may_have_more() -> None:
    """So has that one: what a person types for the visible part must not be remembered for its picture."""
    assert doubtful([(100, "torn"), (100, "proven"), (92, "proven"), (80, "proven")]) == [0, 1, 2]
    # A character may be cut where it has no ink, so texts may end behind it.
    assert doubtful([(98, "torn"), (101, "proven")]) == [0, 1]


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([(100, "misread"), (100, "proven")], id="a misread text says nothing"),
        pytest.param([(70, "torn"), (100, "proven"), (70, "proven")], id="texts go on behind it"),
        pytest.param([(80, "torn"), (80, "proven")], id="the cell has room left"),
        pytest.param([(100, "torn"), (100, "marked"), (100, "proven")], id="what it cuts it marks"),
    ],
)
def test_else_it_is_whole(rows: list[Row]) -> None:
    shot, cells = page(rows)
    CutColumns("erp", None).judge(shot, cells, [[c.raw] for c in cells])
    assert all(
        c.reading is not None and c.reading.proven
        for c, (_, how) in zip(cells, rows, strict=True)
        if how == "proven"
    )


def test_what_a_person_has_said_stays() -> None:
    assert doubtful([(100, "torn"), (100, "person")]) == [0]


def test_codes_are_of_one_length_so_two_of_them_must_be_cut_through() -> None:
    assert doubtful([(100, "torn"), (100, "proven")], column=CODE) == []
    assert doubtful([(100, "torn"), (99, "torn"), (100, "proven")], column=CODE) == [0, 1, 2]
    right = CODE.model_copy(update={"align": "right"})
    assert doubtful([(100, "torn"), (99, "torn"), (100, "proven")], column=right) == []


def test_what_was_cut_through_in_a_row_of_before_counts_only_at_the_columns_end() -> None:
    shot, cells = page([(100, "proven"), (60, "torn"), (60, "proven")])
    CutColumns("erp", None).judge(shot, cells[1:], [[c.raw] for c in cells])  # the first row was recalled
    assert cells[2].reading is not None
    assert cells[2].reading.proven


def test_a_foreign_picture_needs_two_that_end_alike() -> None:
    foreign = DrawnBy.FOREIGN
    assert doubtful([(100, "misread"), (99, "misread"), (98, "proven")], drawn=foreign) == [0, 1, 2]
    assert doubtful([(100, "misread"), (90, "misread"), (98, "proven")], drawn=foreign) == []
    assert doubtful([(100, "misread"), (99, "misread"), (98, "proven")], drawn=foreign, column=CODE) == []


def test_a_cell_over_several_columns_neither_tells_nor_forbids_anything() -> None:
    shot, cells = page([(106, "proven"), (100, "torn"), (95, "proven")])
    other = RawCell((108, 0, 112, 60))
    rows = [[cells[0].raw, None], [cells[1].raw, other], [cells[2].raw, other]]
    CutColumns("erp", None).judge(shot, cells, rows)
    assert [c.reading is not None and Doubt.CUT in c.reading.doubts for c in cells] == [False, True, True]


def test_marks_of_one_pixel_do_not_tell_how_high_a_line_is() -> None:
    shot, cells = page([(100, "torn"), (95, "proven"), *[(14, "proven")] * 5])
    for c in cells[2:]:
        image = shot.image[c.raw.rect[1] : c.raw.rect[3]]
        image[:] = 255
        image[10, 6:14] = 0
        c.picture = cell_picture(shot.image, c.raw.rect, 1.0)
    CutColumns("erp", None).judge(shot, cells, [[c.raw] for c in cells])
    assert cells[1].reading is not None
    assert Doubt.CUT in cells[1].reading.doubts


def test_a_column_that_cuts_is_known_to_the_next_run_until_a_text_goes_on_behind_it(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'bridge.db'}")
    store.upgrade()
    first = CutColumns("erp", store)
    assert doubtful([(90, "torn"), (60, "proven")], first) == []
    assert doubtful([(100, "torn"), (60, "proven")], first) == [0]
    assert first.known != first.said  # what was read before this was known is read anew
    person = ProvenPicture(source="erp", picture="p", text="x", witnesses=(Witness.PERSON,))
    store.learn([person])  # all else is read anew from now on
    second = CutColumns("erp", store)
    assert second.known == first.said
    assert doubtful([(98, "proven"), (60, "proven")], second) == [0]
    assert doubtful([(104, "proven"), (98, "proven")], second) == [0, 1]  # no room for one more character
    third = CutColumns("erp", store)
    for c in third._columns.values():
        c.edges = {80}
    assert doubtful([(100, "proven"), (78, "proven")], third) == []
    assert doubtful([(80, "torn"), (78, "proven")], third) == []  # it was passed once
    assert CutColumns("other", store).known == "{}"
    store.close()


def test_a_dry_run_knows_it_too_when_it_reads_its_pages_once_more(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'bridge.db'}")
    store.upgrade()
    try:
        dry = Forgetful(store)
        first = CutColumns("erp", dry)
        doubtful([(100, "torn"), (100, "proven"), (92, "proven")], first)
        heard = KeptRead(key=f"{HEARD}x", body=b"", sure=True, lasting=True)
        dry.keep_reads("erp", "", [heard, KeptRead(key="a row", body=b"", sure=True)], ())
        assert first.known == "{}"
        assert CutColumns("erp", dry).known == first.said != "{}"
        assert not dry.recall("erp", ["a row", heard.key]).bodies  # what they taught is gone
        assert CutColumns("erp", store).known == "{}"
    finally:
        store.close()


def test_by_its_pixels_a_text_may_go_on_behind_a_mark_or_the_cells_end() -> None:
    _, (full, short) = page([(WIDTH - 1, "proven"), (60, "proven")])
    assert [may_hide(full, "文", 1.0), may_hide(short, "文", 1.0)] == [True, False]
    assert [may_hide(short, text, 1.0) for text in ("电话确认…", "电话确认...", "确认⋯ ")] == [True] * 3


def test_a_column_of_which_the_profile_says_that_nothing_is_cut_is_believed() -> None:
    never = REMARK.model_copy(update={"cut": CutRule(may_be=False)})
    assert doubtful([(100, "torn"), (100, "proven")], column=never) == []
