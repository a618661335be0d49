"""How a value from an ERP is shown so that it is harmless, honest and readable.

Harmless: markup is escaped, nothing of a value can change the text around it.  Honest: characters that a screen
would hide (control characters, direction marks, odd spaces) are shown as symbols, because two values that look
alike and are not are what this product is about.  Readable: differing characters are marked, long text is cut
with the rest one click away.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from difflib import SequenceMatcher

from markupsafe import Markup, escape

from bridge.records import KEY_SEP, Scalar

SHOWN = 240
"""Characters of a value shown at once; the rest stands in a ``details`` element."""

SHOWN_WHOLE = 20_000
"""Characters of a value that the page carries at all; report.json has every one."""

_COMPARED = 400
"""Beyond so many differing characters a finer comparison helps nobody, and its cost grows with the square."""

_ALIKE = 1 / 3
"""Texts that share less than this are different texts; letters they happen to share say nothing."""

Span = tuple[int, int]

_NAMED = {
    "\n": "↵", "\t": "⇥", "\u00a0": "⍽", "\u00ad": "⟦SHY⟧", "\u200b": "⟦ZWSP⟧", "\u200c": "⟦ZWNJ⟧",
    "\u200d": "⟦ZWJ⟧", "\u200e": "⟦LRM⟧", "\u200f": "⟦RLM⟧", "\u061c": "⟦ALM⟧", "\u202a": "⟦LRE⟧",
    "\u202b": "⟦RLE⟧", "\u202c": "⟦PDF⟧", "\u202d": "⟦LRO⟧", "\u202e": "⟦RLO⟧", "\u2066": "⟦LRI⟧",
    "\u2067": "⟦RLI⟧", "\u2068": "⟦FSI⟧", "\u2069": "⟦PDI⟧", "\ufeff": "⟦BOM⟧", "\x7f": "␡",
}  # fmt: skip
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"}
_SPACES = " \u3000"  # the two that everybody types and can tell apart


def symbol(char: str) -> str | None:
    """The visible stand-in for a character that a screen would hide; None for an ordinary one."""
    if char in _NAMED:
        return _NAMED[char]
    if char < " ":
        return chr(0x2400 + ord(char))
    if char not in _SPACES and unicodedata.category(char) in _HIDDEN:
        return f"⟦U+{ord(char):04X}⟧"
    return None


def visible(text: str) -> str:
    """The text with symbols for what a screen would hide; for sinks that take plain text.

    More than two combining marks on one letter are shown as code points: piled up, they paint over other lines.
    """
    if text.isascii() and text.isprintable():  # nearly every cell
        return text
    return "".join(shown for shown, _ in _pieces(text))


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """(what to show, is it a stand-in) for each character."""
    marks = 0
    for char in text:
        marks = marks + 1 if unicodedata.combining(char) else 0
        if marks > 2:
            yield f"⟦U+{ord(char):04X}⟧", True
        elif (stand_in := symbol(char)) is not None:
            yield stand_in, True
        else:
            yield char, False


def key_text(key: str) -> str:
    """A composite key as people read it."""
    return " · ".join(key.split(KEY_SEP))


def scalar_text(value: Scalar) -> str:
    """A typed value as text, the same for old and new so that they can be compared."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "✓" if value else "✗"
    if isinstance(value, int | Decimal):
        return f"{value:,f}" if isinstance(value, Decimal) else f"{value:,d}"
    if isinstance(value, date):
        return value.isoformat()
    return value


# --- which characters differ ------------------------------------------------------------------------------


def differing(a: str, b: str) -> tuple[list[Span], list[Span]]:
    """The spans of ``a`` and of ``b`` that the other does not have, in order."""
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    end = 0
    while end < min(len(a), len(b)) - start and a[-1 - end] == b[-1 - end]:
        end += 1
    x, y = a[start : len(a) - end], b[start : len(b) - end]
    if len(x) + len(y) > _COMPARED or not (x and y):
        return _spans([(start, start + len(x))]), _spans([(start, start + len(y))])
    opcodes = SequenceMatcher(None, x, y, autojunk=False).get_opcodes()
    equal = start + end + sum(i2 - i1 for tag, i1, i2, _, _ in opcodes if tag == "equal")
    if equal < _ALIKE * max(len(a), len(b)):
        return [(0, len(a))], [(0, len(b))]
    left: list[Span] = []
    right: list[Span] = []
    for tag, i1, i2, j1, j2 in opcodes:
        if tag != "equal":
            left.append((start + i1, start + i2))
            right.append((start + j1, start + j2))
    return _spans(left), _spans(right)


def doubtful_spans(text: str, others: Iterable[str]) -> list[Span]:
    """The characters of a best guess that at least one of the alternatives reads differently."""
    marked = {i for other in others for start, end in differing(text, other)[0] for i in range(start, end)}
    return [(i, i + 1) for i in sorted(marked)]


def _spans(spans: Iterable[Span]) -> list[Span]:
    return [(a, b) for a, b in spans if b > a]


# --- HTML -------------------------------------------------------------------------------------------------


def value_html(text: str, marks: Iterable[Span] = (), *, mark: str = "mark", more: str = "{n}") -> Markup:
    """A value as safe HTML: escaped, isolated from the direction of the text around it, marked, cut.

    marks: spans of ``text`` to wrap in the element ``mark`` (mark, del, ins).
    more:  words of the fold for long text, with ``{n}`` for the number of characters.
    """
    flags = [False] * len(text)
    for start, end in marks:
        flags[start:end] = [True] * (min(end, len(text)) - start)
    if len(text) <= SHOWN:
        return Markup("<bdi>{}</bdi>").format(_marked(text, flags, mark))
    whole, flags_whole = text[:SHOWN_WHOLE], flags[:SHOWN_WHOLE]
    rest = "" if len(text) <= SHOWN_WHOLE else " …"
    return Markup(
        '<bdi>{}</bdi>…<details class="long"><summary>{}</summary><div><bdi>{}</bdi>{}</div></details>'
    ).format(
        _marked(text[:SHOWN], flags[:SHOWN], mark),
        more.format(n=f"{len(text):,}"),
        _marked(whole, flags_whole, mark),
        rest,
    )


def _marked(text: str, flags: list[bool], mark: str) -> Markup:
    if mark not in ("mark", "del", "ins"):
        raise ValueError(f"no marking element: {mark!r}")
    parts: list[str] = []
    inside = False
    for (shown, stand_in), flag in zip(_pieces(text), flags, strict=True):
        if flag != inside:
            parts.append(f"<{mark}>" if flag else f"</{mark}>")
            inside = flag
        safe = str(escape(shown))
        parts.append(f'<span class="sym">{safe}</span>' if stand_in else safe)
    if inside:
        parts.append(f"</{mark}>")
    return Markup("".join(parts))
