"""Pictures of one character in one face: a *family*.

Each subpixel at which a character stands gives another picture; the ink of each of their rows is the same.  A wide
form (Ａ) is another character than the narrow one (A), though nets call both by one name: what a family is called,
and where its pictures stood (``glyph_width``), says which of them it is.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from bridge.ocr.coverage import ABOVE, Coverage
from bridge.ocr.normal import is_han
from bridge.parse.text import fold_width

SAME = 0.12
"""css pixels of ink by which the rows of one character's pictures differ at most: 0.03 to 0.08 were measured."""
BARS = "Il|"
"""A face may draw them all as bars of one height that differ by nothing but their strength."""
SAME_BAR = 0.03
"""The same as SAME for bars, whose rows have the same ink at every subpixel: 0.005 css pixels were measured at
scale 2, and 0.09 between I and l (WenQuanYi Zen Hei, 12 px)."""
TINTS = (1.0, 0.92, 0.94, 0.96, 0.98, 1.02, 1.04, 1.06, 1.08)
"""Shares by which the ink of coloured text is off: up to 0.06 was measured (AR PL UMing, 14 px, links)."""
PLACES = 3
"""Lines in which each net must have read a character."""
DISSENT = 0.1
"""Share of other readings that a settled character may have, characters that are out not counted."""
NOT_ONE = "?"
"""The vote for a picture in whose place a net read no character, or more than one, or another may be meant."""
NARROW, WIDE = "narrow", "wide"
"""Among what was refuted: places where the picture stood as only a narrow, or as only a wide character does."""


class State(StrEnum):
    OPEN = "open"  # too little is known
    SETTLED = "settled"
    DISPUTED = "disputed"  # evidence speaks for two characters, or two pictures claim one
    FORGOTTEN = "forgotten"  # a person said so; it is never believed again


@dataclass(slots=True, eq=False)
class Glyph:
    """A picture and what is known of it.  votes: by net, the characters read in its place, one vote a line."""

    id: str
    coverage: Coverage
    clean: bool
    votes: dict[str, Counter[str]] = field(default_factory=dict)
    label: str = ""
    state: State = State.OPEN
    proofs: tuple[str, ...] = ()
    against: str = ""  # why it is disputed
    refuted: Counter[str] = field(default_factory=Counter)  # other character → rows that refute it; see WIDE
    runners: Counter[str] = field(default_factory=Counter)  # second choices of the nets
    seen: int = 0
    changed: bool = False
    spent: int = 0  # votes against it when it was settled

    @property
    def profile(self) -> NDArray[np.float64]:
        """Ink of each row in pixels: the same at every subpixel."""
        return np.asarray(self.coverage.sum(axis=1) / 255)

    def all_votes(self) -> Counter[str]:
        return sum(self.votes.values(), Counter())


@dataclass(slots=True, eq=False)
class Family:
    """label, votes: of wide characters if it is wide, else of narrow ones, whatever the nets called them."""

    glyphs: list[Glyph]
    label: str
    profile: NDArray[np.float64]
    wide: bool = False

    @property
    def votes(self) -> dict[str, Counter[str]]:
        out: dict[str, Counter[str]] = defaultdict(Counter)
        for g in self.glyphs:
            for net, counter in g.votes.items():
                out[net] += self._all_as_wide(counter)
        return out

    @property
    def runners(self) -> Counter[str]:
        """How often which character was a net's second choice."""
        return sum((self._all_as_wide(g.runners) for g in self.glyphs), Counter())

    def called(self, g: Glyph) -> Counter[str]:
        """The votes of one of its pictures."""
        return self._all_as_wide(g.all_votes())

    def _all_as_wide(self, counter: Counter[str]) -> Counter[str]:
        out = Counter[str]()
        for c, n in counter.items():
            out[self.as_wide(c)] += n
        return out

    def as_wide(self, c: str) -> str:
        """The character as wide as the family's are."""
        return widened(c) if self.wide else fold_width(c)

    def widen(self, narrow_too: bool) -> None:
        """Makes it a wide one if it stands like one.  narrow_too: the list has a narrow one that is read the
        same."""
        stood = self.refuted
        called_wide = self.label != fold_width(self.label)
        self.wide = (
            called_wide
            if self.settled
            else not stood[NARROW] and (called_wide or (narrow_too and stood[WIDE] >= PLACES))
        )
        self.label = self.as_wide(self.label)

    @property
    def settled(self) -> bool:
        return any(g.state is State.SETTLED for g in self.glyphs)

    @property
    def refuted(self) -> Counter[str]:
        return sum((g.refuted for g in self.glyphs), Counter())

    @property
    def strength(self) -> int:
        return sum(c[self.label] for c in self.votes.values())

    @property
    def best(self) -> Glyph:
        return max(self.glyphs, key=lambda g: (g.clean, g.all_votes().total()))


def families(glyphs: Iterable[Glyph], scale: float) -> list[Family]:
    """The glyphs by character and picture."""
    out: list[Family] = []
    ranked = sorted(glyphs, key=lambda g: (g.state is not State.SETTLED, -g.clean, -g.all_votes().total()))
    by_label: dict[str, list[Family]] = defaultdict(list)
    for g in ranked:
        settled = g.state is State.SETTLED
        label = g.label if settled else _called(g)
        if label in ("", NOT_ONE) or g.state is State.FORGOTTEN:
            continue
        alike = [f for f in by_label[fold_width(label)] if f.label == label or (not settled and _may_be(g, f))]
        near = [(apart(g.profile, f.profile, scale), f) for f in alike if _of_like_width(g, f, scale)]
        best = min(near, key=lambda n: n[0], default=None)
        if best is not None and best[0] <= same(label):
            best[1].glyphs.append(g)
        else:
            f = Family([g], label, g.profile)
            by_label[fold_width(label)].append(f)
            out.append(f)
    for alike in by_label.values():
        for f in alike:
            f.widen(any(o.refuted[NARROW] >= PLACES for o in alike if o is not f))
    return out


def same(label: str) -> float:
    """css pixels by which the rows of pictures of this character may differ."""
    return SAME_BAR if fold_width(label) in BARS else SAME


class Known:
    """The settled characters, to tell one of them a subpixel apart.  ``glyph_grow.Familiar``."""

    def __init__(self, glyphs: Iterable[Glyph], scale: float) -> None:
        self._scale = scale
        self._by_label: dict[str, list[Glyph]] = defaultdict(list)
        for g in glyphs:
            if g.state is State.SETTLED and not is_han(g.label):
                self._by_label[g.label].append(g)

    def __call__(self, picture: Coverage, character: str) -> bool:
        profile, width = picture.sum(axis=1) / 255, picture.shape[1]
        near = (g for g in self._by_label[character] if abs(g.coverage.shape[1] - width) <= 1 + self._scale)
        return any(apart(g.profile, profile, self._scale) <= same(character) for g in near)


def _called(g: Glyph) -> str:
    """What the nets read, wide if the better one calls it so: the other calls wide signs narrow."""
    name = read_as(g)
    better = g.votes.get("net", Counter())
    if better and (best := better.most_common(1)[0])[1] >= (1 - DISSENT) * better.total():
        name = best[0] if fold_width(best[0]) == fold_width(name) else name
    return name


def _may_be(g: Glyph, f: Family) -> bool:
    """A picture that is called narrow, of a family known as wide: does it stand like one?"""
    return f.label == widened(_called(g)) and g.refuted[WIDE] > 0 and not g.refuted[NARROW]


def widened(character: str) -> str:
    """ASCII as wide as a Han character; others as they are."""
    return chr(ord(character) + 0xFEE0) if len(character) == 1 and "!" <= character <= "~" else character


def apart(a: NDArray[np.float64], b: NDArray[np.float64], scale: float) -> float:
    """css pixels by which the ink of the most unlike row differs."""
    return float(np.abs(a - b).max()) / scale


def apart_in_any_tint(a: NDArray[np.float64], b: NDArray[np.float64], scale: float) -> float:
    """As ``apart``, where one of them may be a few hundredths fainter throughout.

    Thin strokes of small type reach their colour nowhere, so how much ink coloured text has is known that well."""
    return min(apart(a * k, b, scale) for k in TINTS)


def _of_like_width(g: Glyph, f: Family, scale: float) -> bool:
    return bool(abs(g.coverage.shape[1] - f.best.coverage.shape[1]) <= 1 + scale)


def read_as(g: Glyph) -> str:
    """What the nets read most often in its place; "" if nothing yet."""
    votes = g.all_votes()
    return votes.most_common(1)[0][0] if votes else ""


def height(g: Glyph, scale: float) -> float:
    """css pixels from the baseline to the top of the ink."""
    rows = np.flatnonzero((g.coverage >= 96).any(axis=1))
    return (round(ABOVE * scale) - int(rows[0])) / scale if len(rows) else 0.0


def depth(g: Glyph, scale: float) -> float:
    """css pixels from the baseline to the end of the ink; none is 0."""
    rows = np.flatnonzero((g.coverage >= 96).any(axis=1))
    return max(0, int(rows[-1]) + 1 - round(ABOVE * scale)) / scale if len(rows) else 0.0
