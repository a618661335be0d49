"""Text as people see it: what leaves no trace in the picture is taken off before anything is compared."""

from __future__ import annotations

import unicodedata

_INVISIBLE = {
    *"\u2800\u3164\uffa0\u115f\u1160\u034f\u17b4\u17b5\u180b\u180c\u180d\u180f",
    *map(chr, range(0xFE00, 0xFE10)),
    *map(chr, range(0xE0100, 0xE01F0)),
}
"""Characters of no general category for it that still draw nothing: fillers, joiners, variation selectors."""


def visible(text: str) -> str:
    """The text without characters that draw nothing: format marks, fillers, control characters; every kind of
    white space becomes a plain space, runs are kept, ends are stripped."""
    out = []
    for ch in text:
        category = unicodedata.category(ch)
        if category == "Zs" or ch in "\t\n\r":
            out.append("\u3000" if ch == "\u3000" else " ")
        elif category not in ("Cf", "Cc", "Cs", "Co", "Cn") and ch not in _INVISIBLE:
            out.append(ch)
    return "".join(out).strip(" \u3000")


def is_han(character: str) -> bool:
    """Of one character, or of none."""
    return "\u4e00" <= character <= "\u9fff"


WORD_GOES_ON = "\u2060"
"""At the end of a line of page text: the page broke the line in the middle of a word."""


def joined(lines: list[str], *, told: bool = False) -> str:
    """Lines of a wrapped cell as one text.

    told: the page's text says how each line ended (a space, WORD_GOES_ON or neither); otherwise, and for lines
    that are elements of their own, a space is put only where both neighbours are Latin letters or digits.
    """
    out = ""
    gap: bool | None = None
    for line in lines:
        text = visible(line)
        if out and text and (gap if gap is not None else _latin(out[-1]) and _latin(text[0])):
            out += " "
        out += text
        gap = (False if line.endswith(WORD_GOES_ON) else True if line.endswith(" ") else None) if told else None
    return out


def _latin(ch: str) -> bool:
    return ch.isascii() and ch.isalnum()
