"""Latin letters, digits and signs come in two widths; nets write both alike, and what stands before them too."""

from __future__ import annotations

import re

_WIDE_FROM, _WIDE_TO, _APART = 0xFF01, 0xFF5E, 0xFEE0
"""Unicode's full-width forms of ASCII's ``!`` to ``~``, and how far apart they are."""
_RUN = re.compile("[!-~！-～×](?:[ \u3000]?[!-~！-～×])*")  # the times sign has one width, in runs of either
_BEFORE = ("", " ", "  ", "\u3000")


def wide(text: str) -> str:
    """In full-width forms; what has none stays."""
    return "".join(chr(ord(c) + _APART) if "!" <= c <= "~" else c for c in text)


def narrow(text: str) -> str:
    """In half-width forms; what has none stays."""
    return "".join(chr(ord(c) - _APART) if _WIDE_FROM <= ord(c) <= _WIDE_TO else c for c in text)


def other_widths(text: str, at: int) -> list[str]:
    """Texts in which what follows index ``at`` of a run of letters, digits and signs is of one width, with one
    of several spaces before it, and the run as a whole likewise.  Empty where there is no such run."""
    at = min(at + len(text[at:]) - len(text[at:].lstrip()), len(text))
    run = next((m for m in _RUN.finditer(text) if m.start() <= at < m.end()), None)
    if run is None:
        return []
    out = []
    for start in dict.fromkeys((at, run.start())):
        before = text[:start].rstrip()
        rest = re.sub(r"\s", "", text[start : run.end()])
        forms = [space + form for form in (wide(rest), narrow(rest)) for space in _BEFORE]
        out += [before + form + text[run.end() :] for form in forms]
    return [t for t in dict.fromkeys(out) if t != text]
