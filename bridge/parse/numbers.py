"""Numbers as an ERP displays them → Decimal.

A style is written like its own example: ``1,234.56``, ``1.234,56``, ``1234.56``, ``1 234,56``.  A text is a number
only if it is exactly what a program would draw in that style: groups of three where they belong and nowhere else,
no needless leading zero, digits on both sides of the decimal mark.  That strictness is the point: a separator or
digit lost in reading makes the text illegal instead of a different number.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from bridge.errors import ProfileError
from bridge.parse.text import fold_width, plain_spaces

MAX_DIGITS = 28  # what Decimal computes without rounding; no ERP shows more

# The styles that a column without `format` may be in; the first that fits is the guess where they disagree.
_USUAL = ("1,234.56", "1.234,56", "1234.56", "1 234,56", "1 234.56", "1234,56")

_FOLD = str.maketrans({"−": "-", "￥": "¥"})


@dataclass(frozen=True, kw_only=True, slots=True)
class NumberStyle:
    group: str  # between groups of three digits; "" where the style has none
    decimal: str  # "" where the style has whole numbers only


@lru_cache(maxsize=64)
def number_style(example: str) -> NumberStyle:
    """``1,234.56`` → its marks.  Raises ProfileError if the example is not 1234.56 or 1234 with marks."""
    found = re.fullmatch(r"1([^0-9]?)234(?:([^0-9])56)?", plain_spaces(fold_width(example)))
    if found is None or found[1] == found[2]:
        raise ProfileError(
            f"columns: {example!r} is no number format",
            hint="Write how the ERP would show 1234.56: 1,234.56 or 1.234,56 or 1234.56 or 1 234,56.",
        )
    return NumberStyle(group=found[1], decimal=found[2] or "")


def parse_number(
    text: str, *, format: str | None = None, decimals: int | None = None, unit: str | None = None
) -> tuple[Decimal | None, bool]:
    """Text as displayed → (value, guessed).

    decimals: exactly so many digits after the mark, or any number if None.  unit: taken off on either side.
    (None, False): no number of this style.  guessed: no format was given and the usual styles disagree.
    """
    shown = plain_spaces(fold_width(text)).translate(_FOLD).strip(" ")
    if format is not None:
        return _in_style(shown, number_style(format), decimals, unit), False
    values = [v for v in (_in_style(shown, number_style(s), decimals, unit) for s in _USUAL) if v is not None]
    return (values[0], len(set(values)) > 1) if values else (None, False)


def _in_style(shown: str, style: NumberStyle, decimals: int | None, unit: str | None) -> Decimal | None:
    found = _pattern(style, unit).fullmatch(shown)
    if found is None:
        return None
    number = found["plain"] or found["bracketed"]
    whole, _, fraction = number.partition(style.decimal) if style.decimal else (number, "", "")
    if style.group:
        whole = whole.replace(style.group, "")
    if (decimals is not None and len(fraction) != decimals) or len(whole) + len(fraction) > MAX_DIGITS:
        return None
    value = Decimal(f"{whole}.{fraction}" if fraction else whole)
    negative = bool(found["minus"] or found["minus_after_sign"] or found["bracketed"])
    return -value if negative and value else value


@lru_cache(maxsize=256)
def _pattern(style: NumberStyle, unit: str | None) -> re.Pattern[str]:
    group = re.escape(style.group)
    whole = rf"(?:0|[1-9][0-9]{{0,2}}(?:{group}[0-9]{{3}})*)" if group else r"(?:0|[1-9][0-9]*)"
    number = whole + (rf"(?:{re.escape(style.decimal)}[0-9]+)?" if style.decimal else "")
    word = plain_spaces(fold_width(unit)).translate(_FOLD).strip(" ") if unit else ""
    # A unit that touches the number with a digit of its own (m2 before, 2nd behind) cannot be told apart from it.
    # Where the unit is a currency, an amount in another one is no value of this column.
    signs = re.escape(word) if word and word in "¥$€" else "[¥$€]"
    before = rf"(?:(?:{signs}{_or(word if not word[-1:].isdigit() else '')}) ?)?"
    behind = rf"(?: ?(?:{signs}{_or(word if not word[:1].isdigit() else '')}))?"
    plain = rf"(?P<minus>- ?)?{before}(?(minus)|(?P<minus_after_sign>-)?)(?P<plain>{number}){behind}"
    bracketed = rf"{before}\({before}(?P<bracketed>{number}){behind}\){behind}"
    return re.compile(rf"{plain}|{bracketed}")


def _or(word: str) -> str:
    return f"|{re.escape(word)}" if word else ""
