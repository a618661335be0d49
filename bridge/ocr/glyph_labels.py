"""Which character a glyph's picture is: decided by evidence that does not rest on one reading of one cell.

Pictures of one character in one face, a subpixel apart, are a *family*: the ink of each of their rows is the same.
A family's character is settled by
- arithmetic: rows of the list whose quantity × price = amount holds with this figure and with no other there;
- two unlike nets that agree over several places, where no other character it could be is left: look-alikes are
  out if they have a family of their own (two pictures of one face are two characters), if they would be higher or
  lower, if the reference faces draw them otherwise (``glyph_shape``), or if the list's words know only it.
A family of which one net reads a figure that has another picture is what both nets would read next, under the same
conditions.  Nets read a letter or figure that is as wide as a Han character (Ａ) as the narrow one; the width is
told by where it stands (``glyph_width``), and the two are different characters here.
Two families that claim one character dispute it, and neither has it until something better than votes decides.
What is settled stays, and new evidence against it retracts it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from bridge.ocr.glyph_family import (
    BARS,
    DISSENT,
    NOT_ONE,
    PLACES,
    SAME,
    Family,
    Glyph,
    State,
    apart,
    apart_in_any_tint,
    depth,
    families,
    height,
)
from bridge.ocr.glyph_han import HanForms
from bridge.ocr.glyph_shape import MARGIN, Shapes
from bridge.ocr.lookalikes import drawn_alike, others
from bridge.ocr.normal import is_han
from bridge.parse.text import fold_width

APART = 0.25
"""css pixels by which a row differs at least between look-alikes (measured); what lies between is not certain."""
SILENT = 1 / 3
"""Share of a character's lines in which a net may have read another number of characters."""
LEFT_OVER = 0.3
"""Share of the readings that must be left when the characters that are out are not counted."""
REFUTED = 2
"""Rows that must refute every other figure."""
LIKE = 0.7
"""Least fit of a Han character to a reference face: measured at 13 px, 0.75 and more of its own form, 0.71 of 99 %
of the others."""
BEATEN = 0.03
"""By which another Han character may fit better than the one that both nets read in several places."""
BETTER = 0.04
"""By which it must fit better than every other where the nets read it in one place only.  Measured: of 6,000
pictures (250 characters, 3 faces, 12 and 14 px, the 4 nearest wrong characters of each) one was 0.052 ahead of the
right one, one 0.033, and of the right ones nine in ten are 0.04 ahead."""
FAR_BETTER = 0.05
"""By which it must fit better than what else the nets read, where they do not agree; and better than any other."""
FAR_LESS = 0.25
"""By which a badly cut letter fits worse than the same one cut well: 0.3 and more were measured."""
SECOND_SHARE = 0.3
"""Of a picture's readings in which a second choice must come, to be held against the first."""
NEXT = 0.8
"""Of a picture's readings in which a second choice must come, to be taken where the first is out."""
AGAINST = 8
"""Readings against a settled character, more than for it, that retract it."""


ONE_NET = "one of the nets"
FOLLOWING = "what two nets would read next"
FIGURES = "0123456789"
MARKS = ".,"
SEPARATORS = "-/."
_COMMON = range(0xB0, 0xD8)
"""First bytes of GB 2312 level 1, the 3,755 commonest characters."""
_LOW = "acemnorsuvwxz"
_DEEP = "gjpqy"


def unlike_too_little(g: Glyph, label: str, forms: HanForms) -> list[str]:
    """The nets' second choices for a Han character that its form does not tell from their first.

    Nets that learned from the same pages take the same rare character for the same common one, and it is then
    their second choice wherever it stands."""
    own = forms.likeness(g.coverage, label)
    often = SECOND_SHARE * g.all_votes().total()
    second = [c for c, n in g.runners.items() if n >= often and c != label and is_han(c)]
    return [c for c in second if own - forms.likeness(g.coverage, c) < BETTER]


Words = Callable[[Glyph, str, str], bool]
"""Do the list's own words know the picture as the first character and not as the second?"""


def _for_it(g: Glyph) -> int:
    """Votes for its label, or for the figure that two nets read in its place."""
    names = {fold_width(g.label), *(FIGURES if FOLLOWING in g.proofs else ())}
    return sum(n for c, n in g.all_votes().items() if fold_width(c) in names)


class Judge:
    """Settles, disputes and retracts.  shapes, forms: of reference faces; words: see ``Words``."""

    def __init__(self, scale: float, shapes: Shapes, forms: HanForms, words: Words) -> None:
        self._scale = scale
        self._shapes = shapes
        self._forms = forms
        self._words = words

    def judge(self, glyphs: Sequence[Glyph]) -> None:
        """Sets label, state, proofs and ``against`` of every glyph by its votes and rows of arithmetic."""
        for g in glyphs:
            self._retract(g)
        found = families(glyphs, self._scale)
        for f in found:
            if proof := self._by_rows(f):
                self._settle(f, (proof,))
        self._figures = {f.label: f for f in found if f.label in "0123456789" and f.settled}
        claims: dict[str, list[Family]] = defaultdict(list)
        judged: list[tuple[Family, str]] = []
        for f in found:
            label = f.label if f.settled else self._by_form(f) or self._after_those_out(f) or self._next(f)
            if label != f.label:
                f.label = label
            if label:
                claims[label].append(f)
            judged.append((f, label))
        for f, label in judged:
            if f.settled:
                self._settle(f, ())
            elif not label:
                self._dispute(f, "is none of the characters read")
            else:
                self._decide(f, claims)

    # --- evidence -----------------------------------------------------------------------------------------------

    @staticmethod
    def _by_rows(f: Family) -> str | None:
        """Do rows of the list hold with this character, and with no other that can stand in its place?"""
        places = FIGURES if f.label in FIGURES else MARKS if f.label in MARKS else ""
        refuted = f.refuted
        if places and all(refuted[d] >= REFUTED for d in places if d != f.label):
            return "arithmetic"
        return "dates" if f.label in SEPARATORS and refuted["date"] >= PLACES else None

    def _after_those_out(self, f: Family) -> str:
        """The likeliest character, those left out whose own picture is another one."""
        votes = sum(f.votes.values(), Counter())
        left = Counter({c: n for c, n in votes.items() if not self._is_figure_elsewhere(f, c)})
        label = left.most_common(1)[0][0] if left else ""
        if label and (label == f.label or left.total() >= LEFT_OVER * votes.total()):
            return label
        return ""

    def _next(self, f: Family) -> str:
        """What both nets would read next, where they read a figure that has another picture: O for 0."""
        votes = sum(f.votes.values(), Counter())
        out = sum(n for c, n in votes.items() if self._is_figure_elsewhere(f, c))
        second = Counter({c: n for c, n in f.runners.items() if not self._is_figure_elsewhere(f, c)})
        label, n = second.most_common(1)[0] if second else ("", 0)
        sure = out >= (1 - DISSENT) * votes.total() and n >= (1 - DISSENT) * second.total()
        return label if sure and n >= NEXT * votes.total() else ""

    def _by_form(self, f: Family) -> str:
        """Where the nets do not agree on a Han character: the one of theirs that looks like it by far."""
        read = {c for counter in f.votes.values() for c, n in counter.items() if n >= PLACES and is_han(c)}
        if len(read) < 2 or not self._forms:
            return ""
        fits = {c: self._forms.fit(f.best.coverage, c) for c in read}
        best, second = sorted(read, key=lambda c: -fits[c][0])[:2]
        clear = fits[best][0] - fits[second][0] >= FAR_BETTER and fits[best][1] > 0
        return best if clear and fits[best][0] >= LIKE else ""

    def _is_figure_elsewhere(self, f: Family, c: str) -> bool:
        """Is c a figure that arithmetic has settled with another picture?"""
        own = self._figures.get(c)
        return (
            own is not None
            and own is not f
            and all(apart_in_any_tint(g.profile, f.profile, self._scale) > SAME for g in own.glyphs)
        )

    def _decide(self, f: Family, claims: Mapping[str, Sequence[Family]]) -> None:
        label = f.label
        if label in self._figures and self._figures[label] is not f:
            return self._dispute(f, f"another picture is {label} by arithmetic")
        han = is_han(label)
        votes = f.votes
        if label == self._by_form(f):
            return self._settle(f, (ONE_NET, "not what the other reads: its form"))
        if len(votes) < 2:
            return self._open(f)
        fit, better = self._forms.fit(f.best.coverage, label) if han and self._forms else (1.0, 0.0)
        if fit < LIKE or better < -BEATEN:
            return self._dispute(f, f"does not look like {label}")
        rivals = [
            o
            for o in claims[label]
            if o is not f and self._counts(o, f) and not self._tinted(o, f) and not self._cut_worse(o, f, label)
        ]
        # Two pictures of a Han character that nothing looks like, or that look like nothing else: each was cut out
        # of touching ink.
        if rivals and not (han and (better >= BETTER or not others(label))):
            return self._dispute(f, f"two pictures are read as {label}")
        least = 1 if better >= BETTER else PLACES if others(label) or not han else PLACES - 1
        following = label == self._next(f)
        if any((c.total() if following else c[label]) < least for c in votes.values()):
            return self._open(f)
        for net, counter in votes.items() if not following else ():
            # A few lines in which a net read more or fewer characters than there are say nothing of this one.
            silent = NOT_ONE if counter[NOT_ONE] <= SILENT * counter.total() else ""
            left = Counter(
                {c: n for c, n in counter.items() if c != silent and not self._is_figure_elsewhere(f, c)}
            )
            if left[label] < (1 - DISSENT) * left.total() or left.most_common(1)[0][0] != label:
                other = next((c for c, _ in left.most_common() if c != label), NOT_ONE)
                return self._dispute(f, f"{net} also reads {other}")
        proofs = ["two nets" if not following else FOLLOWING]
        for rival in self._could_be(f, votes):
            why = self._out(f, rival, claims)
            if why is None:
                return self._dispute(f, f"could be {rival}")
            proofs.append(f"not {rival}: {why}")
        self._settle(f, tuple(proofs))

    @staticmethod
    def _counts(other: Family, f: Family) -> bool:
        """Does a family that claims the same character make it doubtful?  Settled ones always; pieces that were
        cut badly out of touching ink are few."""
        if other.settled:
            return True
        share = other.strength / max(1, f.strength)
        return share >= (0.1 if any(g.clean for g in other.glyphs) else 0.34)

    def _tinted(self, other: Family, f: Family) -> bool:
        """Is it the same picture in another colour?  Of a bar that is not known: others differ by no more."""
        if fold_width(f.label) in BARS:
            return False
        return apart_in_any_tint(other.profile, f.profile, self._scale) <= SAME

    def _cut_worse(self, other: Family, f: Family, label: str) -> bool:
        """Was another picture of the letter or figure cut out of touching ink, and looks far less like it?"""
        if is_han(label) or not label.isalnum() or any(g.clean for g in other.glyphs):
            return False
        theirs, mine = (self._shapes.likeness(x.best.coverage, label) for x in (other, f))
        return mine >= LIKE and mine - theirs >= FAR_LESS

    def _could_be(self, f: Family, votes: Mapping[str, Counter[str]]) -> list[str]:
        read = {c for counter in votes.values() for c, n in counter.items() if n >= max(2, 0.03 * counter.total())}
        if f.label == self._next(f):
            read |= {f.as_wide(o) for c in read for o in others(fold_width(c)) if self._matters(o)}
            read |= {c for c, n in f.runners.items() if n >= 2}
        alike = {f.as_wide(c) for c in drawn_alike(fold_width(f.label))} if f.label.isalnum() else set()
        if is_han(f.label) and self._forms:
            read |= {c for g in f.glyphs for c in unlike_too_little(g, f.label, self._forms)}
        if fold_width(f.label) in "KkPpYyMmNn":
            alike = {f.label.swapcase()}
        return sorted(c for c in (read - {NOT_ONE}) | {c for c in alike if self._matters(c)} if c != f.label)

    @staticmethod
    def _matters(c: str) -> bool:
        """Can it stand in a list, as itself?  Rare Han characters are for people to bring up."""
        if fold_width(c).isascii():
            return c.isalnum() or fold_width(c) == "|"
        try:
            code = c.encode("gb2312")
        except UnicodeEncodeError:
            return False
        return len(code) == 2 and code[0] in _COMMON

    def _out(self, f: Family, rival: str, claims: Mapping[str, Sequence[Family]]) -> str | None:
        """Why the family is not the rival, or None if it may be."""
        if self._is_figure_elsewhere(f, rival):
            return "a figure with another picture"
        if any(
            o is not f and o.strength >= 2 * PLACES and apart(o.profile, f.profile, self._scale) >= APART
            for o in claims.get(rival, ())
        ):
            return "has another picture"
        if self._words(f.best, f.label, rival):
            return "the list's words"
        return self._unlike(f.best, f.label, rival)

    def _unlike(self, glyph: Glyph, label: str, rival: str) -> str | None:
        """Why the picture is the label rather than the rival, by height, depth or form; None if it may be both."""
        one_letter = fold_width(label).isascii() and label.lower() == rival.lower()
        if self._figures and label.isascii() and rival.isascii():
            figure = max(1.0, float(np.median([height(f.best, self._scale) for f in self._figures.values()])))
            if (label in _LOW) != (rival in _LOW):
                # Capitals and figures are of one height; small letters without a stem are lower.
                share = height(glyph, self._scale) / figure
                return "its height" if ((share <= 0.86) if label in _LOW else (share >= 0.92)) else None
            if (label in _DEEP) != (rival in _DEEP):
                share = depth(glyph, self._scale) / figure
                if (share >= 0.15) if label in _DEEP else (share <= 0.05):
                    return "its depth"
                one_letter = False  # a serif J is as deep as a j: that it is another form must be clear
        margin = 0.01 if one_letter else MARGIN
        if self._shapes and self._shapes.prefers(glyph.coverage, label, rival, margin=margin):
            return "its form"
        return None

    # --- verdicts -----------------------------------------------------------------------------------------------

    @staticmethod
    def _settle(f: Family, proofs: tuple[str, ...]) -> None:
        proofs = proofs or next((g.proofs for g in f.glyphs if g.proofs), ())
        for g in f.glyphs:
            if g.state is State.SETTLED:
                continue
            votes = f.called(g)
            # One picture of the family that is read otherwise is for itself.
            outvoted = votes.total() - votes[f.label] > max(1, votes[f.label])
            if outvoted and proofs[:1] not in (("arithmetic",), (ONE_NET,), (FOLLOWING,)):
                g.state, g.against = State.DISPUTED, "read otherwise than its family"
                continue
            g.state, g.label, g.proofs, g.against = State.SETTLED, f.label, proofs, ""
            g.spent = votes.total() - _for_it(g)
            g.changed = True

    @staticmethod
    def _dispute(f: Family, why: str) -> None:
        for g in f.glyphs:
            g.state, g.label, g.proofs, g.against, g.changed = State.DISPUTED, f.label, (), why, True

    @staticmethod
    def _open(f: Family) -> None:
        for g in f.glyphs:
            g.state, g.label, g.proofs, g.against, g.changed = State.OPEN, f.label, (), "", True

    @staticmethod
    def _retract(g: Glyph) -> None:
        """Takes a settled character back if the nets have since read otherwise, by far."""
        if g.state is not State.SETTLED or "arithmetic" in g.proofs or "person" in g.proofs:
            return
        mine = _for_it(g)
        against = g.all_votes().total() - mine - g.spent
        if against >= AGAINST and against > mine:
            g.state, g.against, g.proofs, g.changed = (
                State.DISPUTED,
                f"was {g.label}, read otherwise since",
                (),
                True,
            )
