"""The classes of differences that a run can find, and what happens to each by itself.

A *break* is one difference between what the ERP shows, what it showed last time and what the central store holds,
or one reason why a value cannot be used.  Its words, in Chinese and English, are in ``bridge.sentences`` and
``bridge.reports.words``: here are only codes and facts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as attribute
from enum import StrEnum
from types import MappingProxyType


class Handling(StrEnum):
    """What happens to a break without a person."""

    PASS_ON = "pass_on"  # it goes out
    ASK = "ask"  # its order waits for a person
    WAIT = "wait"  # one more complete capture decides
    NOTE = "note"  # it stands in the report, nothing else


class BreakClass(StrEnum):
    """In order of weight: where several concern one row, the first names the row."""

    LAYOUT = "layout"  # the list as a whole cannot be used
    TOO_MUCH = "too_much"  # the circuit breaker
    DUPLICATE_KEY = "duplicate_key"  # several rows of one list
    DUPLICATE_ELSEWHERE = "duplicate_elsewhere"  # the same platform order in another source
    KEY_UNPROVEN = "key_unproven"
    CONFLICT = "conflict"  # the ERP and the store both changed the field, each to something else
    ARITHMETIC = "arithmetic"
    UNKNOWN_CUSTOMER = "unknown_customer"  # no mapping knows the word
    UNKNOWN_SKU = "unknown_sku"
    UNKNOWN_STATUS = "unknown_status"
    UNKNOWN_WORD = "unknown_word"  # of any other mapped field
    DIFFERENT = "different"  # not proven, and unlike the value before by more than look-alikes
    UNPROVEN = "unproven"  # not proven; nothing before, or the same
    MISREAD = "misread"  # probably our reading: look-alikes only, or the very same picture
    NEW = "new"
    CHANGED = "changed"
    GONE = "gone"  # two complete captures did not show it
    LEFT = "left"  # left the list's scope
    BACK = "back"
    NOT_SEEN = "not_seen"  # one complete capture did not show it
    STORE_DRIFTED = "store_drifted"  # someone else edited the store; the ERP shows what it showed
    STORE_KEPT = "store_kept"  # the ERP changed a field that the store owns
    WITHIN_TOLERANCE = "within_tolerance"
    OVERDUE = "overdue"  # the promised date passed without shipment


HANDLING: Mapping[BreakClass, Handling] = MappingProxyType(
    dict.fromkeys(BreakClass, Handling.ASK)
    | dict.fromkeys(
        (BreakClass.NEW, BreakClass.CHANGED, BreakClass.GONE, BreakClass.LEFT, BreakClass.BACK), Handling.PASS_ON
    )
    | {BreakClass.NOT_SEEN: Handling.WAIT}
    | dict.fromkeys(
        (
            BreakClass.STORE_DRIFTED,
            BreakClass.STORE_KEPT,
            BreakClass.WITHIN_TOLERANCE,
            BreakClass.OVERDUE,
        ),
        Handling.NOTE,
    )
)
"""What happens to each class by itself."""

WEIGHT: Mapping[BreakClass, int] = MappingProxyType({c: i for i, c in enumerate(BreakClass)})


@dataclass(frozen=True, kw_only=True, slots=True)
class Break:
    """One difference.  params: the facts of its sentence (``bridge.sentences``), as displayed."""

    cls: BreakClass
    field: str = ""  # "" where it is not about one field
    params: Mapping[str, str] = attribute(default_factory=dict)

    @property
    def handling(self) -> Handling:
        return HANDLING[self.cls]


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """A break that asks nothing: it stands in the report with its order."""

    key: str
    order_no: str
    what: Break
