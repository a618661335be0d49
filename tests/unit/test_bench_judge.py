"""The rules by which readings are judged: a benchmark that is kind to its own project measures nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parents[2] / "scripts")]

from bench_judge import Answer, Score, same  # noqa: E402

from samples.screens import designs, orders  # noqa: E402

ROW = {"order_no": "SO-1", "customer": "华信 A", "sku": "O0I1", "remark": "", "amount": "1.00"}


def answers(**other: Answer) -> dict[str, Answer]:
    return {**{name: Answer(text, flagged=False) for name, text in ROW.items()}, **other}


@pytest.mark.parametrize(
    ("kind", "text", "truth", "equal"),
    [
        ("code", "SO-1", "SO-1", True),
        ("code", "ＳＯ-1", "SO-1", True),
        ("code", "S0-1", "SO-1", False),
        ("code", "SO -1", "SO-1", False),
        ("code", "so-1", "SO-1", False),
        ("text", "轴承M8", "轴承 M8", True),
        ("text", "轴承（大）", "轴承(大)", True),
        ("text", "轴 承", "轴承", False),
        ("text", "干线", "千线", False),
        ("money", "1,000.00", "1,000.00", True),
        ("money", "1.000.00", "1,000.00", False),
    ],
)
def test_what_counts_as_equal(kind: str, text: str, truth: str, equal: bool) -> None:
    assert same(kind, text, truth) is equal


def test_a_wrong_value_is_silent_only_if_nobody_was_asked() -> None:
    score = Score()
    bad = answers(sku=Answer("00I1", flagged=False), customer=Answer("华信 B", flagged=True))
    score.page("here", [ROW], [bad], set(), set())
    assert (score.cells, score.exact, score.silent, score.flagged, score.straight) == (4, 2, 1, 1, 0)
    assert score.silent_by == {"sku here": 1}


def test_a_row_that_was_not_found_is_flagged_and_not_straight() -> None:
    score = Score()
    score.page("here", [ROW, ROW], [answers()], set(), set())
    assert (score.rows, score.straight, score.exact, score.flagged, score.silent) == (2, 1, 4, 4, 0)


def test_cut_cells_and_twins_stand_apart_but_silence_about_them_is_counted() -> None:
    score = Score()
    got = answers(customer=Answer("华", flagged=False), sku=Answer("O0l1", flagged=True))
    score.page("here", [ROW], [got], {(0, "customer")}, {"I"})
    assert (score.cells, score.apart, score.apart_unflagged_wrong, score.silent) == (2, 2, 1, 0)


def test_the_bound_of_the_silent_rate() -> None:
    score = Score(cells=3000)
    assert score.bound() == pytest.approx(3.0 / 3000, rel=0.01)  # the rule of three
    score.silent = 3
    assert score.bound() == pytest.approx(7.754 / 3000, rel=0.01)  # Poisson's exact bound, near at such rates
    assert Score().bound() == 1.0


def test_lists_are_the_same_for_the_same_seed_and_share_no_order() -> None:
    design = designs.DESIGNS[0]
    first = orders.make_list(design, "hostile", 80, seed=3, number=0)
    assert first == orders.make_list(design, "hostile", 80, seed=3, number=0)
    second = orders.make_list(design, "hostile", 80, seed=3, number=1)
    assert not {r["order_no"] for r in first.rows} & {r["order_no"] for r in second.rows}
    later = orders.changed(first, 0.02, seed=3)
    moved = sum(a[f] != b[f] for a, b in zip(first.rows, later.rows, strict=True) for f in a)
    assert 0 < moved <= 0.02 * 80 * 12 + 1


@pytest.mark.parametrize(
    ("flagged", "aside", "expected"),
    [
        ((), (), (1, 0)),
        (("customer",), (), (0, 0)),
        (("customer",), ("customer",), (0, 1)),
        (("customer", "amount"), ("customer",), (0, 0)),
        ((), ("customer",), (1, 0)),
    ],
)
def test_a_row_flagged_for_cells_that_stand_apart_alone_stands_apart(
    flagged: tuple[str, ...], aside: tuple[str, ...], expected: tuple[int, int]
) -> None:
    score = Score()
    got = answers(**{f: Answer(ROW[f], flagged=True) for f in flagged})
    score.page("here", [ROW], [got], {(0, f) for f in aside}, set())
    assert (score.straight, score.rows_apart) == expected
