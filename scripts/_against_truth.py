"""What a sync of SQL-Ledger's list gave, against the list's own truth.  Pure: nothing is read or started here.

Three ways to be wrong are told apart: a *silent* error (a wrong value that nothing flags: never allowed), a row
that waits for a person (flagged: allowed, within a bar), and a row that the sync never saw.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

COLUMNS = (
    *("order_date", "required_by", "order_no", "customer", "customer_no", "description"),
    *("total", "amount", "currency"),
)
"""The profiles' fields in the order of the list's columns, which is the same in both languages."""

Typed = str | date | Decimal | None


@dataclass(frozen=True)
class Language:
    """How one user's pages show dates and amounts."""

    dates: str  # as for strptime
    thousands: str
    point: str


LANGUAGES = {
    "zh": Language(dates="%Y-%m-%d", thousands=",", point="."),
    "en": Language(dates="%d.%m.%Y", thousands=".", point=","),
}


@dataclass
class Verdict:
    """rows: of the truth.  cells_right: best guesses, proven or not, that are right, of rows × columns."""

    rows: int
    unflagged: int = 0
    cells_right: int = 0
    silent: list[str] = field(default_factory=list)  # one sentence for each silent error
    unseen: list[str] = field(default_factory=list)  # order numbers
    flagged: list[str] = field(default_factory=list)  # one line for each row that waits: which fields, and why

    @property
    def cells(self) -> int:
        return self.rows * len(COLUMNS)


def truth_rows(truth: Mapping[str, Any], language: Language) -> list[dict[str, Typed]]:
    """The rows of a truth file with typed values; an empty cell is None.  Raises ValueError on another layout."""
    return [
        {name: _shown(name, text, language) for name, text in zip(COLUMNS, row, strict=True)}
        for row in truth["rows"]
    ]


def _shown(name: str, text: str, language: Language) -> Typed:
    if text == "":
        return None
    if name in ("order_date", "required_by"):
        return datetime.strptime(text, language.dates).date()  # noqa: DTZ007 - a date has no zone
    if name in ("total", "amount"):
        return Decimal(text.replace(language.thousands, "").replace(language.point, "."))
    return text


def _given(name: str, value: Any) -> Typed:
    """A value as the bridge gives it out: ISO dates, plain decimals."""
    if value is None:
        return None
    try:
        if name in ("order_date", "required_by"):
            return date.fromisoformat(value)
        if name in ("total", "amount"):
            return Decimal(value)
    except (ValueError, ArithmeticError):
        pass  # then it stays the text it is, which no truth equals
    return str(value)


def judge(
    truth: Sequence[Mapping[str, Typed]],
    exported: Iterable[Mapping[str, Any]],
    doubtful: Iterable[Mapping[str, Any]],
) -> Verdict:
    """exported: of ``bridge export orders --format json``.  doubtful: the run's ``doubtful`` rows of report.json.

    What is exported was passed on as good, so every wrong value there is a silent error; so is one that a waiting
    row does not name among its doubts, and an order number that the list does not have.
    """
    verdict = Verdict(rows=len(truth))
    by_number = {row["order_no"]: row for row in truth}
    seen: list[Typed] = []
    for order in exported:
        number = order["order_no"]
        true = by_number.get(number)
        if true is None:
            verdict.silent.append(f"{number}: passed on, and the list has no such order")
            continue
        seen.append(number)
        verdict.unflagged += not order["waiting"]
        values = {name: cell["value"] for name, cell in order["fields"].items()}
        _compare(verdict, true, {**values, "order_no": number}, doubted=())
    for line in doubtful:
        number = line["fields"]["order_no"]["value"]
        # A row whose number is in doubt is found by its place.
        true = by_number.get(number) if line["key_ok"] else _at(truth, line["row"])
        if true is None:
            if line["key_ok"]:
                verdict.silent.append(f"{number}: its number is called proven, and the list has no such order")
            continue
        seen.append(true["order_no"])
        doubts = {name: cell["doubts"] or ["unproven"] for name, cell in line["fields"].items() if not cell["ok"]}
        if not line["key_ok"]:
            doubts.setdefault("order_no", ["key"])
        verdict.flagged.append(
            f"{true['order_no']}: " + "; ".join(f"{name} {', '.join(why)}" for name, why in doubts.items())
        )
        _compare(verdict, true, {n: cell["value"] for n, cell in line["fields"].items()}, doubted=tuple(doubts))
    verdict.silent += [
        f"{number}: read as {seen.count(number)} rows" for number in set(seen) if seen.count(number) > 1
    ]
    verdict.unseen = [str(number) for number in by_number if number not in seen]
    return verdict


def _at(truth: Sequence[Mapping[str, Typed]], row: int) -> Mapping[str, Typed] | None:
    return truth[row] if row < len(truth) else None


def _compare(
    verdict: Verdict, true: Mapping[str, Typed], values: Mapping[str, Any], *, doubted: Sequence[str]
) -> None:
    for name in COLUMNS:
        value = _given(name, values.get(name))
        if value == true[name]:
            verdict.cells_right += 1
        elif name not in doubted:
            verdict.silent.append(f"{true['order_no']}: {name} is {true[name]}, and was passed as {value}")
