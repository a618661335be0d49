"""Text as displayed + column → (typed value, doubts)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache

from bridge.parse.dates import parse_date
from bridge.parse.numbers import parse_number
from bridge.parse.text import code_text, fold_width, free_text, has_invisible, plain_spaces
from bridge.profiles import Column, ColumnType
from bridge.records import Doubt, Scalar

NUMBERS = frozenset({ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.MONEY})


def parse_value(
    text: str, column: Column, mapping: Mapping[str, str] | None = None
) -> tuple[Scalar, tuple[Doubt, ...]]:
    """One cell's text → (value, doubts).

    value: str, int (integer columns), Decimal (decimal, money), date, or None for an empty cell and where nothing
    legal was read; with doubts it is the best guess.  mapping: word in the ERP → our word, for code, text and
    status columns.  Doubts: REQUIRED_EMPTY, ILLEGAL, UNKNOWN_WORD, and UNPROVEN for a guess at the format.
    Raises ProfileError if the column's format is none.
    """
    shown = displayed(text, column)
    if not shown:
        return None, (Doubt.REQUIRED_EMPTY,) if column.required else ()
    value, doubts = _typed(shown, column)
    if not _allowed(shown, column) and Doubt.ILLEGAL not in doubts:
        doubts = (*doubts, Doubt.ILLEGAL)
    if mapping is not None and isinstance(value, str):
        if (ours := mapping.get(shown)) is None:  # as a rule it stands there in this very form
            ours = next((o for word, o in mapping.items() if displayed(word, column) == shown), None)
        if ours is None:
            return None, (*doubts, Doubt.UNKNOWN_WORD)
        value = ours
    return value, doubts


def displayed(text: str, column: Column) -> str:
    """The text in the form in which it is compared; "" for an empty cell."""
    match column.type:
        case ColumnType.CODE:
            return code_text(text)
        case ColumnType.TEXT | ColumnType.STATUS | ColumnType.IGNORE:
            return free_text(text)
        case _:
            return plain_spaces(fold_width(text)).strip(" ")


def key_text(text: str, column: Column) -> str:
    """The text that stands for a field in a key: the ERP's own word (a mapping may be edited later, keys may
    not), and for numbers and dates the value, so that 1,000 and 1000 name the same row."""
    shown = displayed(text, column)
    if column.type in NUMBERS or column.type is ColumnType.DATE:
        value, _ = _typed(shown, column) if shown else (None, ())
        if isinstance(value, Decimal):
            return format(value.normalize(), "f")
        return value.isoformat() if isinstance(value, date) else str(value) if value is not None else shown
    return shown


def _typed(shown: str, column: Column) -> tuple[Scalar, tuple[Doubt, ...]]:
    value: Scalar
    match column.type:
        case ColumnType.CODE | ColumnType.TEXT | ColumnType.STATUS | ColumnType.IGNORE:
            bad = has_invisible(shown, also_format=column.type is ColumnType.CODE)
            return shown, (Doubt.ILLEGAL,) if bad else ()
        case ColumnType.DATE:
            value, guessed = parse_date(shown, column.format)
        case ColumnType.INTEGER:
            number, guessed = parse_number(shown, format=column.format, decimals=0, unit=column.unit)
            value = None if number is None else int(number)
        case _:
            value, guessed = parse_number(shown, format=column.format, decimals=column.decimals, unit=column.unit)
    if guessed:
        return value, (Doubt.UNPROVEN,)
    return value, () if value is not None else (Doubt.ILLEGAL,)


def _allowed(shown: str, column: Column) -> bool:
    """The column's pattern and alphabet: a veto only, for a wrong value may match them as well."""
    if column.pattern is not None and _compiled(column.pattern).fullmatch(shown) is None:
        return False
    return column.alphabet is None or set(shown) <= set(column.alphabet)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)
