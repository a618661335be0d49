"""How sure two unlike nets must be of a free text that they both read, for it to pass without another proof.

Calibrated by source and column: where both read the same, and it would have passed, but the characters' pictures
have proven the cell without them, they were right or wrong.  The least probability that lets pass is the lowest at
which the rate of wrong ones is, with 95 % confidence, no more than is wanted: 3,000 of them without a wrong one,
for one in a thousand.  Before a column has shown that, nothing passes so.

Figures of other lists do not stand for it.  scripts/calibrate_nets.py --rows 100 (2026-11-23, the first seven of
its lists): 35 texts would have passed, and one of them was wrong (迸, which both nets read 进).
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping

from bridge.bound import upper_bound
from bridge.memories import Outcomes

STEPS = (0.9, 0.95, 0.98, 0.99, 0.995, 0.999)
"""Of the less sure net's least sure character."""
WANTED = 1e-3
"""Rate of wrong texts among those that pass so, at most."""


class NetTrust:
    """known: by column and step, as ``memories.AgreementMemory`` has it.  wanted: see ``WANTED``."""

    def __init__(self, known: Mapping[str, Mapping[float, Outcomes]], wanted: float = WANTED) -> None:
        self._known = {column: dict(steps) for column, steps in known.items()}
        self._fresh: dict[str, dict[float, Outcomes]] = defaultdict(dict)
        self._wanted = wanted
        self._least: dict[str, float | None] = {}

    def saw(self, column: str, probability: float, *, right: bool) -> None:
        """Both read the same, at least so sure of each character.  right: it was proven without them."""
        step = step_of(probability)
        if step is None:
            return
        one = Outcomes(int(right), int(not right))
        for steps in (self._known.setdefault(column, {}), self._fresh[column]):
            steps[step] = steps.get(step, Outcomes()) + one
        self._least.pop(column, None)

    def least(self, column: str) -> float | None:
        """The probability from which on they are believed there; None: never."""
        if column not in self._least:
            self._least[column] = self._calibrated(self._known.get(column, {}))
        return self._least[column]

    def fresh(self) -> dict[str, dict[float, Outcomes]]:
        """What was seen since the last call."""
        out, self._fresh = self._fresh, defaultdict(dict)
        return dict(out)

    def _calibrated(self, known: Mapping[float, Outcomes]) -> float | None:
        above, found = Outcomes(), None
        for step in reversed(STEPS):
            above += known.get(step, Outcomes())
            if upper_bound(above.wrong, above.right + above.wrong) <= self._wanted:
                found = step
        return found


def step_of(probability: float) -> float | None:
    i = bisect_right(STEPS, probability)
    return STEPS[i - 1] if i else None
