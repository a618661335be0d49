"""Several readings of one contract → one promise, and whether they agree.  Pure."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.contracts.clauses import find_mentions, find_silences
from bridge.contracts.dates import day_first
from bridge.contracts.document import Document
from bridge.contracts.head import find_parties, find_signing
from bridge.contracts.mentions import Mention, Parties, Signing
from bridge.contracts.promise import Promise, decide


@dataclass(frozen=True, kw_only=True)
class Understood:
    """One reading, understood."""

    promise: Promise
    signing: Signing
    parties: Parties
    mentions: tuple[Mention, ...]


def understand(document: Document) -> Understood:
    mentions = find_mentions(document)
    signing = find_signing(document, mentions)
    promise = decide(
        mentions,
        signing,
        find_silences(document, mentions),
        day_first=day_first([p.text for p in document.passages]),
    )
    return Understood(promise=promise, signing=signing, parties=find_parties(document), mentions=tuple(mentions))


def agrees(first: Promise, other: Promise) -> bool:
    return first.meaning == other.meaning


def contradicts(first: Promise, other: Promise) -> bool:
    """Both are dates or terms, and not the same; a reading that saw nothing contradicts nobody."""
    said = other.day is not None or other.offset is not None or other.months is not None
    return said and not agrees(first, other)
