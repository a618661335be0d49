"""Text as displayed → the one form in which it is stored and compared."""

from __future__ import annotations

import unicodedata

# Full-width ASCII is the same character drawn wide.  The rest of NFKC is not wanted: it makes ② a 2.
_WIDE = {c: c - 0xFEE0 for c in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_SPACES = dict.fromkeys((0x09, 0x0A, 0x0D, 0xA0, 0x2007, 0x2009, 0x202F), 0x20)


def fold_width(text: str) -> str:
    """Full-width letters, digits, signs and the ideographic space → ASCII; nothing else changes."""
    return text if text.isascii() else text.translate(_WIDE)


def plain_spaces(text: str) -> str:
    """No-break, figure, thin spaces, tabs and line ends → space; runs stay runs."""
    # Of what is printable only the space is blank.
    return text if text.isprintable() else text.translate(_SPACES)


def code_text(text: str) -> str:
    """A code: every character counts, inner spaces too."""
    return unicodedata.normalize("NFC", plain_spaces(fold_width(text)).strip(" "))


def free_text(text: str) -> str:
    """Free text: as displayed, without the blanks around it."""
    return unicodedata.normalize("NFC", plain_spaces(text).strip(" \u3000"))


def has_invisible(text: str, *, also_format: bool) -> bool:
    """Does it hold control characters (or, with ``also_format``, zero-width and direction marks)?  No screen
    shows them, so they cannot be part of a value that was read from one."""
    if text.isprintable():  # then it holds none of them
        return False
    unseen = {"Cc", "Cs", "Co"} | ({"Cf"} if also_format else set())
    return any(unicodedata.category(c) in unseen for c in text)
