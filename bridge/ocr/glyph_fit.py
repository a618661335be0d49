"""Explaining a line of text by glyph pictures: a search for pictures which, put one after the other, give every
pixel of the line, and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from bridge.ocr.coverage import FAINT, TOLERANCE, Coverage

MAX_STEPS = 600
"""Pictures tried for one line; a line that needs more is left unexplained."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Picture ``glyph`` (index in the bank) with its first inked column at x."""

    glyph: int
    x: int


Way = tuple[Placed, ...]


def composed(a: Coverage, b: Coverage) -> Coverage:
    """Two layers of one colour, one over the other."""
    if not a.any():
        return b
    out = a + b - (a.astype(np.int32) * b + 127) // 255
    return out.astype(np.int16)


class Bank:
    """Glyph pictures of one face, ready to be searched.  Every picture's first and last column have ink.

    first: those to be tried before the others; among each kind those with most ink come first."""

    def __init__(self, pictures: Sequence[Coverage], first: Sequence[bool] | None = None) -> None:
        self.pictures = list(pictures)
        self._firsts = np.stack([p[:, 0] for p in pictures]) if pictures else np.zeros((0, 1), np.int16)
        early = first if first is not None else [True] * len(self.pictures)
        self._order = [(not e, -int(p.sum())) for e, p in zip(early, self.pictures, strict=True)]
        self._starting: dict[bytes, list[int]] = {}

    def _at(self, line: Coverage, x: int, tail: Coverage) -> list[tuple[int, Coverage]]:
        """Pictures that can start at column x, in the order they are tried, each with the tail that it leaves.

        tail: what the pictures before cover from column x on."""
        if not self.pictures:
            return []
        column = np.ascontiguousarray(line[:, x])
        over = tail.shape[1] and tail[:, 0].any()
        key = column.tobytes()
        fits = None if over else self._starting.get(key)
        if fits is None:
            first = (
                composed(np.broadcast_to(tail[:, 0], self._firsts.shape), self._firsts) if over else self._firsts
            )
            fits = np.flatnonzero(np.abs(first - column).max(axis=1) <= TOLERANCE).tolist()
            fits.sort(key=lambda i: self._order[i])
            if not over:
                self._starting[key] = fits
        out = []
        for i in fits:
            p = self.pictures[i]
            w = p.shape[1]
            if x + w > line.shape[1]:
                continue
            k = min(w, tail.shape[1])
            new = p
            if k:
                new = np.concatenate([composed(tail[:, :k], p[:, :k]), p[:, k:], tail[:, k:]], axis=1)
            # Other glyphs may only add to it.
            if (new > line[:, x : x + new.shape[1]] + TOLERANCE).any():
                continue
            out.append((i, new))
        return out

    def explain(self, line: Coverage, *, most: int = 4, least: int = 1) -> list[Way]:
        """Every way to put the line together of ``least`` pictures or more, at most ``most`` of them.  A faint
        column that no picture begins with is left out.

        Empty if there is none or the search grew too long: then nothing is known, not even that the first way
        found is the only one."""
        found: list[Way] = []
        dead: set[tuple[int, bytes]] = set()
        inked, strong = (np.asarray((line > least_ink).any(axis=0)) for least_ink in (TOLERANCE, FAINT))
        steps = 0

        def search(start: int, tail: Coverage, way: Way) -> bool:
            nonlocal steps
            x, rest = _next(line, inked, start, tail)
            if x is None:
                if len(way) >= least:
                    found.append(way)
                return True
            state = (x, rest.tobytes())
            if state in dead:
                return False
            any_way = False
            for i, after in self._at(line, x, rest):
                steps += 1
                if steps > MAX_STEPS or len(found) >= most:
                    return True
                any_way |= search(x, after, (*way, Placed(i, x)))
            if not any_way and not strong[x]:
                any_way = search(x + 1, rest[:, 1:], way)
            if not any_way:
                dead.add(state)
            return any_way

        search(0, line[:, :0], ())
        return found if steps <= MAX_STEPS else []

    def begin(self, line: Coverage, count: int) -> tuple[list[Placed], Coverage, int | None]:
        """The greedy way from the left, ``count`` pictures at most: those put down, what they cover from the first
        unexplained column on, and that column (None: all is explained)."""
        inked, strong = (np.asarray((line > least_ink).any(axis=0)) for least_ink in (TOLERANCE, FAINT))
        way: list[Placed] = []
        x, tail = _next(line, inked, 0, line[:, :0])
        while x is not None and len(way) < count:
            found = self._at(line, x, tail)
            if found:
                way.append(Placed(found[0][0], x))
                x, tail = _next(line, inked, x, found[0][1])
            elif not strong[x]:
                x, tail = _next(line, inked, x + 1, tail[:, 1:])
            else:
                break
        return way, tail, x


def _next(line: Coverage, inked: np.ndarray, start: int, tail: Coverage) -> tuple[int | None, Coverage]:
    """First column that the tail, which begins at ``start``, does not explain, and the tail from there."""
    w = tail.shape[1]
    if w:
        off = (np.abs(line[:, start : start + w] - tail) > TOLERANCE).any(axis=0)
        at = int(off.argmax())
        if off[at]:
            return start + at, tail[:, at:]
    rest = inked[start + w :]
    at = int(rest.argmax()) if len(rest) else 0
    return (start + w + at, tail[:, :0]) if len(rest) and rest[at] else (None, tail[:, :0])
