"""Differences too small to be told on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from bridge.records import Scalar

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


@dataclass(frozen=True, kw_only=True, slots=True)
class Tolerance:
    """How much one field may differ from what was last passed on.  Exactly one is given."""

    amount: Decimal | None = None  # of numbers, in the field's own unit
    days: int | None = None  # of dates
    text: bool = False  # of texts: width, case and the number of spaces do not count

    def covers(self, old: Scalar, new: Scalar) -> bool:
        """Whether the two are the same as far as this tolerance goes.  Nothing covers what is empty on one side,
        or of another type."""
        if self.amount is not None:
            return _number(old) and _number(new) and abs(Decimal(new) - Decimal(old)) <= self.amount  # type: ignore[arg-type]
        if self.days is not None:
            return isinstance(old, date) and isinstance(new, date) and abs((new - old).days) <= self.days
        return isinstance(old, str) and isinstance(new, str) and normalised(old) == normalised(new) != ""


def normalised(text: str) -> str:
    """Full-width forms as ASCII, case folded, each run of spaces as one.  No compatibility forms beyond that:
    NFKC would make 10² and 102 the same."""
    return " ".join(text.translate(_FULL_WIDTH).casefold().split())


def _number(value: Scalar) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool)
