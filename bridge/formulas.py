"""Texts that a spreadsheet would run instead of showing them (OWASP, "CSV Injection")."""

from __future__ import annotations

import re

_STARTS = tuple("=+-@\t\r\n＝＋－＠")
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?")


def looks_like_formula(text: str) -> bool:
    """Also for a number with its sign; see ``guarded``."""
    return text.startswith(_STARTS) or text.lstrip().startswith(_STARTS)


def guarded(value: object) -> str:
    """The text of a CSV cell, with an apostrophe before what looks like a formula; plain numbers stay numbers,
    None is empty."""
    text = "" if value is None else str(value)
    return f"'{text}" if looks_like_formula(text) and not _NUMBER.fullmatch(text) else text
