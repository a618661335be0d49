"""The rules by which a reading of a list is judged against the truth."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bridge.bound import upper_bound
from samples.screens.orders import COLUMNS, Row

KIND = {c.field: c.kind for c in COLUMNS}
_BETWEEN = re.compile(r"(?<=[\u2e80-\uffef]) +(?=[0-9A-Za-z])|(?<=[0-9A-Za-z]) +(?=[\u2e80-\uffef])")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reader says one cell shows; flagged: it says that it is not sure."""

    text: str
    flagged: bool


def same(kind: str, text: str, truth: str) -> bool:
    """Codes: every character counts, only full-width ASCII is folded.  Other columns: after NFKC, and a space
    between Chinese and Latin letters or digits does not count."""
    if kind == "code":
        return _half_width(text) == _half_width(truth)
    return _loose(text) == _loose(truth)


def _has_twin(kind: str, truth: str, twins: set[str]) -> bool:
    return any(t in truth and (kind == "code" or t.isspace() or not t.isascii()) for t in twins)


def _half_width(text: str) -> str:
    return "".join(chr(ord(c) - 0xFEE0) if "\uff01" <= c <= "\uff5e" else c for c in text)


def _loose(text: str) -> str:
    return _BETWEEN.sub("", unicodedata.normalize("NFKC", text)).strip()


@dataclass(slots=True)
class Score:
    """Counts over non-empty cells.  apart: cut cells and those another text draws alike, not in the others."""

    cells: int = 0
    code_cells: int = 0
    exact: int = 0
    exact_unflagged: int = 0
    flagged: int = 0
    silent: int = 0
    spaces: int = 0  # right but for a space between Chinese and Latin
    rows: int = 0
    rows_apart: int = 0  # flagged for nothing but cells that are counted apart
    straight: int = 0
    apart: int = 0
    apart_unflagged_wrong: int = 0
    silent_by: dict[str, int] = field(default_factory=dict)  # by column, typeface and scale
    wrong_by: dict[str, int] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)

    def page(
        self,
        where: str,
        rows: Sequence[Row],
        answers: Sequence[Mapping[str, Answer]],
        cut: set[tuple[int, str]],
        twins: set[str],
    ) -> None:
        """answers: one mapping per row of the page, in order; a row that was not found is empty.
        twins: what the font draws like something else: ASCII characters, which only codes need told apart, and
        others."""
        for i, row in enumerate(rows):
            got = answers[i] if i < len(answers) else {}
            self.rows += 1
            aside = {f for f, truth in row.items() if (i, f) in cut or _has_twin(KIND[f], truth, twins)}
            flagged = {f for f in row if f in got and got[f].flagged}
            self.straight += bool(got) and not flagged
            self.rows_apart += bool(flagged) and flagged <= aside
            for name, truth in row.items():
                if truth:
                    answer = got.get(name, Answer("", flagged=True))
                    self._cell(where, name, truth, answer, aside=name in aside)

    def _cell(self, where: str, name: str, truth: str, a: Answer, *, aside: bool) -> None:
        right = same(KIND[name], a.text, truth)
        if aside:
            self.apart += 1
            self.apart_unflagged_wrong += not right and not a.flagged
            return
        self.cells += 1
        self.code_cells += KIND[name] == "code"
        self.exact += right
        self.exact_unflagged += right and not a.flagged
        self.flagged += a.flagged
        self.spaces += right and a.text.strip() != truth and KIND[name] != "code"
        if not right:
            self.wrong_by[name] = self.wrong_by.get(name, 0) + 1
            if not a.flagged:
                self.silent += 1
                place = f"{name} {where}"
                self.silent_by[place] = self.silent_by.get(place, 0) + 1
                self.examples.append(f"{where} {name}: {a.text!r} is {truth!r}")

    def bound(self) -> float:
        """Upper 95 % bound of the silent-error rate: Clopper–Pearson; the rule of three where none was seen."""
        return upper_bound(self.silent, self.cells)
