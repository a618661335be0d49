"""One question as a card: both values, both pictures, the whole row, and what can be answered."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from bridge.interfaces import Action, Evidence, StoredReview
from bridge.records import Doubt, FieldValue, Reading, Scalar
from bridge.reports.pictures import MARGIN, Picture, picture
from bridge.reports.view import asked_fields


class PictureCache:
    """Crops of shots, the last ``most`` of them kept: the page asks for a picture right after its card."""

    def __init__(self, evidence: Evidence, most: int = 1000) -> None:
        self._evidence = evidence
        self._most = most
        self._kept: OrderedDict[tuple[str, tuple[float, ...]], Picture | None] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, reading: Reading) -> Picture | None:
        """None where there is no place, or the shot was cleaned away."""
        if not reading.shot or reading.box.w <= 0 or reading.box.h <= 0:
            return None
        place = (reading.shot, tuple(reading.box.as_list()))
        with self._lock:
            if place in self._kept:
                self._kept.move_to_end(place)
                return self._kept[place]
        png = self._evidence.crop(reading.shot, reading.box, margin=MARGIN)
        made = None if png is None else picture(png)
        if made is not None:
            with self._lock:
                self._kept[place] = made
                while len(self._kept) > self._most:
                    self._kept.popitem(last=False)
        return made


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One field that is asked about."""

    field: str
    value: FieldValue
    doubts: tuple[Doubt, ...]
    old: Scalar
    has_old: bool
    now: Picture | None
    then: Picture | None

    @property
    def text(self) -> str:
        return self.value.reading.text

    @property
    def alternatives(self) -> tuple[str, ...]:
        return self.value.reading.alternatives


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    stored: StoredReview
    asked: tuple[Asked, ...]
    choices: tuple[Action, ...]

    @property
    def digits(self) -> tuple[str, ...]:
        """Texts that one digit key answers with: only where a single field is in doubt."""
        doubtful = [a for a in self.asked if not a.value.ok]
        return doubtful[0].alternatives[:9] if len(doubtful) == 1 and Action.TYPE in self.choices else ()


class LastProven(Protocol):
    def last_proven(self, source: str, key: str, field: str) -> FieldValue | None: ...


class Cards:
    def __init__(
        self, store: LastProven, pictures: PictureCache, choices: Callable[[StoredReview], tuple[Action, ...]]
    ) -> None:
        self._store = store
        self._pictures = pictures
        self._choices = choices

    def card(self, stored: StoredReview) -> Card:
        item = stored.item
        line = item.line
        fields = asked_fields(line, item) if line is not None else ()
        return Card(
            stored=stored,
            choices=self._choices(stored),
            asked=tuple(self._asked(stored, name, line.fields[name]) for name in fields) if line else (),
        )

    def then(self, stored: StoredReview, field: str) -> FieldValue | None:
        """The last proven reading of that cell, where the row is known."""
        item = stored.item
        if item.key is None or field not in item.before:
            return None
        return self._store.last_proven(item.source, item.key, field)

    def _asked(self, stored: StoredReview, name: str, value: FieldValue) -> Asked:
        before = self.then(stored, name)
        return Asked(
            field=name,
            value=value,
            doubts=tuple(dict.fromkeys((*value.doubts, *value.reading.doubts))),
            old=stored.item.before.get(name),
            has_old=name in stored.item.before,
            now=self._pictures.of(value.reading),
            then=self._pictures.of(before.reading) if before is not None else None,
        )
