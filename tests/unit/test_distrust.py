"""What blind checks have shown, held against a list; and the bound of the rate they measure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.bound import upper_bound
from bridge.reconcile import Distrust, ReadOtherwise, doubted, question, read_otherwise, reconcile, way_of
from bridge.records import (
    BaselineRow,
    Box,
    Doubt,
    FieldValue,
    ObservedList,
    OrderLine,
    Reading,
    ReviewKind,
    Witness,
)

PAGE = (Witness.PAGE_TEXT, Witness.REDRAW)
KEYS = ("order_no",)


def value(field: str, text: str, witnesses: tuple[Witness, ...] = PAGE) -> FieldValue:
    reading = Reading(
        text=text, proven=True, confidence=1.0, witnesses=witnesses, box=Box(x=1, y=2, w=3, h=4), picture=f"pic-{text}"
    )  # fmt: skip
    return FieldValue(field=field, value=text, reading=reading)


def line(no: str = "SO-1", sku: str = "B8O0", witnesses: tuple[Witness, ...] = PAGE) -> OrderLine:
    fields = {"order_no": value("order_no", no), "sku": value("sku", sku, witnesses)}
    return OrderLine(source="demo", key=no, order_no=no, key_ok=True, fields=fields, page=1, row=0)


def listed(*lines: OrderLine) -> ObservedList:
    return ObservedList(source="demo", lines=lines, complete=True)


STORED = {"SO-1": BaselineRow(key="SO-1", order_no="SO-1", fields={"order_no": "SO-1", "sku": "B8O0"})}
CELL = Distrust(cells={("SO-1", "sku"): ReadOtherwise(text="B8O0", answer="B800")})
WAY = Distrust(ways={"sku": frozenset({frozenset(PAGE)})})


def test_a_cell_that_was_read_otherwise_is_in_doubt_until_it_says_something_else() -> None:
    (row,) = doubted(listed(line()), STORED, CELL, KEYS).lines
    sku = row.fields["sku"]
    assert (sku.ok, sku.doubts, sku.reading.alternatives) == (
        False, (Doubt.READ_OTHERWISE, Doubt.LOOKALIKE), ("B800",)
    )  # fmt: skip
    assert row.key_ok
    for other in (line(sku="B800"), line("SO-2"), line(witnesses=(Witness.MEMORY, *PAGE, Witness.PERSON))):
        assert doubted(listed(other), STORED, CELL, KEYS).lines == (other,)


def test_only_the_pages_text_makes_a_look_alike_of_it() -> None:
    row = read_otherwise(line(witnesses=(Witness.NET, Witness.REDRAW)), "sku", CELL.cells["SO-1", "sku"], KEYS)
    assert row.fields["sku"].doubts == (Doubt.READ_OTHERWISE,)


@pytest.mark.parametrize(
    ("row", "doubts"),
    [
        (line(sku="X-1"), (Doubt.CAUGHT,)),  # changed
        (line("SO-2"), (Doubt.CAUGHT,)),  # new
        (line("SO-2", witnesses=(Witness.MEMORY, *PAGE)), (Doubt.CAUGHT,)),  # remembered from the same proof
        (line(), ()),  # it stands in the store like that
        (line(sku="X-1", witnesses=(*PAGE, Witness.ARITHMETIC)), ()),  # another witness joins them
        (line(sku="X-1", witnesses=(Witness.NET, Witness.REDRAW)), ()),
        (line(sku="X-1", witnesses=(Witness.MEMORY, *PAGE, Witness.PERSON)), ()),
    ],
)
def test_a_way_of_proving_that_failed_holds_back_what_is_new(row: OrderLine, doubts: tuple[Doubt, ...]) -> None:
    (found,) = doubted(listed(row), STORED, WAY, KEYS).lines
    assert found.fields["sku"].doubts == doubts
    assert found.fields["order_no"].ok


def test_a_key_in_doubt_is_no_key() -> None:
    distrust = Distrust(cells={("SO-1", "order_no"): ReadOtherwise(text="SO-1", answer="SO-l")})
    observed = doubted(listed(line()), STORED, distrust, KEYS)
    assert not observed.lines[0].key_ok
    changes = reconcile(STORED, observed, key_fields=KEYS)
    assert changes.changes == ()
    assert changes.missing == (), "the stored order may be this very row"


def test_the_question_asked_at_once_is_the_one_that_the_next_run_asks() -> None:
    row = read_otherwise(line(), "sku", CELL.cells["SO-1", "sku"], KEYS)
    asked = question(row, KEYS, STORED["SO-1"].fields)
    (again,) = reconcile(STORED, doubted(listed(line()), STORED, CELL, KEYS), key_fields=KEYS).reviews
    assert asked.kind is ReviewKind.DOUBTFUL_ROW
    assert (asked.fingerprint, asked.fields, asked.before) == (again.fingerprint, ("sku",), again.before)


def test_memory_is_no_witness_of_its_own() -> None:
    reading = replace(value("sku", "A").reading, witnesses=(Witness.MEMORY, *PAGE))
    assert way_of(reading) == frozenset(PAGE)


@pytest.mark.parametrize(
    ("wrong", "asked", "bound"),
    # Of none wrong: 1 - 0.05 ** (1 / n).  The others: R, binom.test(k, n, alternative = "less")$conf.int[2].
    [(0, 0, 1.0), (0, 1, 0.95), (0, 59, 0.04951), (0, 300, 0.009936), (1, 100, 0.046560), (5, 5, 1.0)],
)
def test_the_bound_is_the_exact_one(wrong: int, asked: int, bound: float) -> None:
    assert upper_bound(wrong, asked) == pytest.approx(bound, abs=5e-6)
