"""The acceptance run's judgement: every way in which a value can be wrong is seen, and told apart."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
sys.path.insert(0, str(SCRIPTS))

from _against_truth import COLUMNS, LANGUAGES, Verdict, judge, truth_rows  # noqa: E402

SHOWN = {
    "zh": [
        ["2024-03-05", "", "SO-1", "上海机电", "C0001", "", "1,234.56", "1,234.56", "CNY"],
        ["2024-03-06", "2024-03-09", "SO-2", "Müller", "C0022", "样品", "780.00", "100.00", "EUR"],
    ],
    "en": [
        ["05.03.2024", "", "SO-1", "上海机电", "C0001", "", "1.234,56", "1.234,56", "CNY"],
        ["06.03.2024", "09.03.2024", "SO-2", "Müller", "C0022", "样品", "780,00", "100,00", "EUR"],
    ],
}
RIGHT: list[dict[str, Any]] = [
    {
        "order_date": "2024-03-05", "required_by": None, "order_no": "SO-1", "customer": "上海机电",
        "customer_no": "C0001", "description": None, "total": "1234.56", "amount": "1234.56", "currency": "CNY",
    },
    {
        "order_date": "2024-03-06", "required_by": "2024-03-09", "order_no": "SO-2", "customer": "Müller",
        "customer_no": "C0022", "description": "样品", "total": "780.00", "amount": "100.00", "currency": "EUR",
    },
]  # fmt: skip


def exported(values: Mapping[str, Any], *, waiting: bool = False) -> dict[str, Any]:
    fields = {name: {"value": v} for name, v in values.items() if name != "order_no" and v is not None}
    return {"order_no": values["order_no"], "waiting": waiting, "fields": fields}


def doubtful(values: Mapping[str, Any], *doubted: str, row: int, key_ok: bool = True) -> dict[str, Any]:
    fields = {
        name: {"value": v, "ok": name not in doubted, "doubts": ["unproven"] if name in doubted else []}
        for name, v in values.items()
    }
    return {"key_ok": key_ok, "page": 1, "row": row, "fields": fields}


def verdict(given: list[dict[str, Any]], waiting: list[dict[str, Any]] | None = None) -> Verdict:
    return judge(truth_rows({"rows": SHOWN["zh"]}, LANGUAGES["zh"]), given, waiting or [])


def test_both_languages_show_the_same_truth() -> None:
    chinese, english = (truth_rows({"rows": SHOWN[name]}, LANGUAGES[name]) for name in ("zh", "en"))
    assert chinese == english


def test_a_list_read_right_has_every_cell_right_and_no_fault() -> None:
    found = verdict([exported(row) for row in RIGHT])
    assert (found.unflagged, found.cells_right, found.cells) == (2, 18, 18)
    assert not found.silent
    assert not found.unseen


@pytest.mark.parametrize("name", [name for name in COLUMNS if name != "order_no"])
@pytest.mark.parametrize("wrong", ["1", None, "2024-03-07"])
def test_every_wrong_value_that_was_passed_on_is_a_silent_error(name: str, wrong: str | None) -> None:
    found = verdict([exported(RIGHT[0]), exported({**RIGHT[1], name: wrong})])
    assert [error.split(":")[0] for error in found.silent] == ["SO-2"]
    assert name in found.silent[0]
    assert found.cells_right == 17


def test_an_empty_cell_that_was_passed_on_filled_is_a_silent_error() -> None:
    assert len(verdict([exported({**RIGHT[0], "description": "样品"}), exported(RIGHT[1])]).silent) == 1


def test_a_doubted_wrong_value_is_flagged_and_a_wrong_one_beside_it_is_not() -> None:
    guess = {**RIGHT[1], "total": "730.00", "customer": "Muller"}
    found = verdict([exported(RIGHT[0])], [doubtful(guess, "total", "customer", row=1)])
    assert (found.unflagged, found.cells_right, found.silent) == (1, 16, [])
    assert found.flagged == ["SO-2: customer unproven; total unproven"]
    found = verdict([exported(RIGHT[0])], [doubtful(guess, "total", row=1)])
    assert len(found.silent) == 1
    assert "customer" in found.silent[0]


def test_a_row_with_a_doubtful_number_is_found_by_its_place() -> None:
    guess = {**RIGHT[1], "order_no": "S0-2"}
    found = verdict([exported(RIGHT[0])], [doubtful(guess, "order_no", row=1, key_ok=False)])
    assert (found.silent, found.unseen, found.cells_right) == ([], [], 17)


def test_a_number_that_the_list_does_not_have_is_a_silent_error() -> None:
    invented = {**RIGHT[1], "order_no": "S0-2"}
    for found in (verdict([exported(r) for r in (RIGHT[0], invented)]),
                  verdict([exported(RIGHT[0])], [doubtful(invented, "total", row=1)])):  # fmt: skip
        assert len(found.silent) == 1
        assert found.unseen == ["SO-2"]


def test_rows_that_were_not_read_or_read_twice_are_named() -> None:
    assert verdict([exported(RIGHT[0])]).unseen == ["SO-2"]
    twice = verdict([exported(row) for row in RIGHT], [doubtful(RIGHT[1], "total", row=1)])
    assert twice.silent == ["SO-2: read as 2 rows"]


def test_a_waiting_order_is_not_unflagged() -> None:
    assert verdict([exported(RIGHT[0]), exported(RIGHT[1], waiting=True)]).unflagged == 1


def test_a_truth_of_another_layout_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        truth_rows({"rows": [SHOWN["zh"][0][:8]]}, LANGUAGES["zh"])
