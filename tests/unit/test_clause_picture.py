"""The picture that a person sees beside a promised date."""

from __future__ import annotations

import numpy as np

from bridge.contracts.pages.clause import BREAK, clause_picture
from bridge.contracts.pages.upright import CleanPage
from bridge.records import Box


def page(shade: int, mark: Box) -> CleanPage:
    colour = np.full((800, 600, 3), shade, np.uint8)
    colour[int(mark.y) : int(mark.y2), int(mark.x) : int(mark.x2)] = (200, 0, 0)
    return CleanPage(ink=colour, colour=colour, back=np.eye(3))


def test_a_clause_over_a_page_end_is_shown_whole() -> None:
    foot, head = Box(x=100, y=750, w=420, h=20), Box(x=80, y=40, w=200, h=22)
    pages = {1: page(240, foot), 2: page(230, head)}
    picture = clause_picture(pages, [(1, foot), (2, head)])
    assert picture is not None
    red = (picture == (200, 0, 0)).all(axis=2)
    assert red.sum() == 420 * 20 + 200 * 22
    line = np.flatnonzero((picture == BREAK).all(axis=(1, 2)))
    first, second = np.flatnonzero(red.any(axis=1))[[0, -1]]
    assert first < line[0] < second


def test_a_clause_on_one_page_has_no_line_through_it() -> None:
    place = Box(x=100, y=300, w=420, h=20)
    pages = {1: page(240, place)}
    picture = clause_picture(pages, [(1, place)])
    assert picture is not None
    assert np.array_equal(picture, pages[1].around(place))
    assert clause_picture(pages, []) is None
    assert clause_picture({}, [(1, place)]) is None
