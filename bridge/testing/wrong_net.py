"""A recogniser that is wrong on purpose: what it misreads must never pass, nor be learned."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from bridge.interfaces import Proposal, TextReader
from bridge.records import Image


class WrongNet:
    """Satisfies ``interfaces.TextReader``: another net's readings with some characters always taken for others, at
    full confidence.

    confusions: character → what it is read as.  share: how often, 0..1, by a generator of its own.  where: which
    texts it misreads, e.g. those of one column; all if not given.
    """

    def __init__(
        self,
        net: TextReader,
        confusions: Mapping[str, str],
        *,
        share: float = 1.0,
        where: Callable[[str], bool] = lambda text: True,
        seed: int = 0,
    ) -> None:
        self._net = net
        self._confusions = dict(confusions)
        self._share = share
        self._where = where
        self._random = random.Random(seed)
        self.misread = 0  # characters so far

    def read_lines(self, images: Sequence[Image], *, alphabet: str | None = None) -> list[Proposal]:
        return [self._spoilt(p) for p in self._net.read_lines(images, alphabet=alphabet)]

    def _spoilt(self, p: Proposal) -> Proposal:
        if not self._where(p.text):
            return p
        characters = []
        for c, probability, x in p.characters:
            wrong = self._confusions.get(c)
            if wrong is not None and self._random.random() < self._share:
                self.misread += 1
                characters.append((wrong, 0.999, x))
            else:
                characters.append((c, probability, x))
        return replace(
            p,
            text="".join(c for c, _, _ in characters),
            confidence=min((q for _, q, _ in characters), default=0.0),
            characters=tuple(characters),
        )
