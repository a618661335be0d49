"""How large a rate may be that was measured on a sample."""

from __future__ import annotations

_HALVINGS = 60


def upper_bound(wrong: int, asked: int, confidence: float = 0.95) -> float:
    """The rate that ``confidence`` of all samples with this outcome lie below: 0..1; 1.0 where nothing was asked.

    One-sided, exact for the binomial distribution: C. J. Clopper, E. S. Pearson, Biometrika 26 (1934) 404-413.  Of
    none wrong it is 1 - (1 - confidence) ** (1 / asked), about 3 / asked."""
    if asked == 0 or wrong >= asked:
        return 1.0
    low, high = wrong / asked, 1.0
    for _ in range(_HALVINGS):
        p = (low + high) / 2
        if _at_most(wrong, asked, p) > 1 - confidence:
            low = p
        else:
            high = p
    return high


def _at_most(k: int, n: int, p: float) -> float:
    """Probability of at most k of n at rate p (binomial)."""
    term = total = (1 - p) ** n
    for i in range(k):
        term *= (n - i) / (i + 1) * p / (1 - p)
        total += term
    return total
