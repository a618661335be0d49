"""When a text that drew back equal is still not certain: hidden parts, twins, lines joined."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from bridge.ocr.cells import Cell
from bridge.ocr.lookalikes import has_lookalikes
from bridge.ocr.pixel_proof import LineProof
from bridge.profiles import Column, ColumnType

NUMBERS = (ColumnType.INTEGER, ColumnType.DECIMAL, ColumnType.MONEY, ColumnType.DATE)


CUT_MARKS = ("…", "⋯", "...", "..")


def ends_cut(text: str) -> bool:
    """Does the text end with a mark that says there is more of it?  Whoever drew the mark, the browser or the ERP:
    the rest is not in the picture."""
    return text.rstrip().endswith(CUT_MARKS)


def continues(shown: str, whole: str) -> bool:
    """Is ``whole`` what is shown, or what a text shown as cut begins?"""
    beginning = shown.rstrip().rstrip("…⋯.").rstrip()
    return whole == shown or (ends_cut(shown) and bool(beginning) and whole.startswith(beginning))


def touches_edge(c: Cell, scale: float) -> bool:
    """Pixels alone: does the text fill its cell to the end, so that more of it may be hidden?  Text that is set to
    the right stands at the end anyway; it is hidden only if it fills the cell from its start."""
    if c.column is not None and not c.column.cut.may_be:
        return False
    left, right = c.picture.ink_x[0], c.picture.image.shape[1] - c.picture.ink_x[1]
    return right < 2 * scale and left < 8 * scale


def may_hide(c: Cell, text: str, scale: float) -> bool:
    """May there be more of this text than its cell shows, by a mark at its end, or by the pixels of a cell of
    which no page tells how wide it is?"""
    return ends_cut(text) or (c.raw.page is None and touches_edge(c, scale))


def _legal(column: Column | None, text: str, at: int, twins: str, *, whole: bool) -> bool:
    """Could one of the twins stand there too, by the column's type, alphabet and pattern?  A veto settles it.

    whole: the text is the cell's whole text, not one of its lines; only then the pattern speaks."""
    if column is None:
        return True
    for twin in twins:
        if column.type not in NUMBERS and (twin.isspace() or text[at].isspace()):
            return True  # several spaces may be one: no pattern was written with that in mind
        other = text[:at] + twin + text[at + 1 :]
        if column.type in NUMBERS and twin not in "0123456789.,-":
            continue
        if column.alphabet is not None and twin not in column.alphabet:
            continue
        if whole and column.pattern is not None and not re.fullmatch(column.pattern, other):
            continue
        return True
    return False


def twin_of(claim: str, guess: str, proofs: Sequence[LineProof]) -> bool:
    """Do claim and guess differ only where the font draws both alike?"""
    if len(proofs) != 1 or len(claim) != len(guess):
        return False
    twins = dict(proofs[0].twins)
    return all(a == b or a in twins.get(i, "") for i, (a, b) in enumerate(zip(claim, guess, strict=True)))


def join_is_certain(proofs: Sequence[LineProof]) -> bool:
    """Chinese on both sides of each break: beside Latin letters or digits a space may hide there."""
    texts = [(p.text or "").strip() for p in proofs]
    return all(a and b and ord(a[-1]) > 0x2E7F and ord(b[0]) > 0x2E7F for a, b in pairwise(texts))


def distinct(column: Column | None, text: str) -> bool:
    """May net and page text agree without drawing back?  Not where both could be fooled by one look-alike."""
    return (column is not None and column.type in NUMBERS) or not has_lookalikes(text)


def has_legal_twin(column: Column | None, proofs: Sequence[LineProof]) -> bool:
    """Does another legal text give the very same pictures?"""
    return any(_legal(column, p.text or "", i, t, whole=len(proofs) == 1) for p in proofs for i, t in p.twins)
