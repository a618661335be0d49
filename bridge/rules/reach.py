"""Can a rule ever fire?  Most often it cannot because of a word or a field that no list ever shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bridge.faults import near
from bridge.profiles import Column, ColumnType, Profile
from bridge.rules.rule import DUE, SHIP_DATE, STATUS, Rule


class Why(StrEnum):
    """Why it never fires.  Their sentences are in ``bridge.rules.words``."""

    NO_SOURCE = "no_source"  # no such source in bridge.toml
    NO_SOURCES = "no_sources"  # bridge.toml has none at all
    PROFILE = "profile"  # its profile cannot be read
    NO_STATUS = "no_status"  # no column of the list is the status
    UNKNOWN_WORD = "unknown_word"  # no mapping of the status yields the word
    OUT_OF_SCOPE = "out_of_scope"  # an order in that status leaves the list
    OUT_ALREADY = "out_already"  # a date passes only for what is not out, and these words mean out
    NO_DATE = "no_date"  # neither column nor contract says when it is due
    NOTHING_SAYS_OUT = "nothing_says_out"
    NO_FIELD = "no_field"  # nobody delivers the field
    NEVER_EMPTY = "never_empty"  # part of the key, or required

    @property
    def about_the_file(self) -> bool:
        """Its sentence names no source's list."""
        return self in (Why.NO_SOURCE, Why.NO_SOURCES)


@dataclass(frozen=True, kw_only=True, slots=True)
class Unreachable:
    """Why a rule cannot fire in a source.  facts: of the sentence."""

    why: Why
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceFacts:
    """profile: with the words that people added; None where it cannot be read, ``fault`` says why.  stored: fields
    that some order of the source holds, whoever wrote them.  statuses: words that its active orders have.
    promised: contracts may bind its orders.  out: status words that mean that it is out."""

    source: str
    profile: Profile | None
    fault: str = ""
    stored: frozenset[str] = frozenset()
    statuses: frozenset[str] = frozenset()
    promised: bool = False
    out: frozenset[str] = frozenset()


def unreachable(rule: Rule, facts: SourceFacts) -> Unreachable | None:
    """Why the rule can never fire for orders of this source; None if it can."""
    if facts.profile is None:
        return Unreachable(why=Why.PROFILE, facts={"fault": facts.fault})
    return next(_reasons(rule, facts, facts.profile), None)


def no_such_source(name: str, sources: Sequence[str]) -> Unreachable:
    return Unreachable(why=Why.NO_SOURCE, facts={"source": name, "near": near(name, sources)})


def _reasons(rule: Rule, facts: SourceFacts, profile: Profile) -> Iterator[Unreachable]:
    columns = {c.field: c for c in profile.columns if c.field and c.type is not ColumnType.IGNORE}
    yield from _of_status(rule, facts, profile, columns)
    if rule.when.asks_for_date:
        if DUE not in columns and DUE not in facts.stored and not facts.promised:
            yield Unreachable(why=Why.NO_DATE)
        told = STATUS in profile.mappings or SHIP_DATE in columns
        if not told and not {STATUS, SHIP_DATE} & facts.stored - columns.keys():
            yield Unreachable(why=Why.NOTHING_SAYS_OUT)
    for name in (*(rule.when.empty or ()), *(rule.when.filled or ())):
        if name not in columns and name not in facts.stored:
            yield Unreachable(why=Why.NO_FIELD, facts={"field": name, "near": near(name, columns)})
    for name in rule.when.empty or ():
        if name in profile.key or (name in columns and columns[name].required):
            yield Unreachable(why=Why.NEVER_EMPTY, facts={"field": name})


def _of_status(
    rule: Rule, facts: SourceFacts, profile: Profile, columns: Mapping[str, Column]
) -> Iterator[Unreachable]:
    wanted = rule.when.status
    if wanted is None:
        return
    if STATUS not in columns:
        if STATUS not in facts.stored:
            yield Unreachable(why=Why.NO_STATUS)
        return
    if rule.when.asks_for_date and {*wanted} <= facts.out:
        yield Unreachable(why=Why.OUT_ALREADY, facts={"words": ", ".join(wanted)})
    yielded, staying = _words(facts, profile)
    if yielded is not None and not yielded & {*wanted}:
        guess = near(wanted[0], yielded)
        yield Unreachable(why=Why.UNKNOWN_WORD, facts={"words": ", ".join(wanted), "near": guess})
    elif staying is not None and not staying & {*wanted}:
        yield Unreachable(why=Why.OUT_OF_SCOPE, facts={"words": ", ".join(wanted)})


def dead_words(rule: Rule, facts: SourceFacts) -> tuple[str, ...]:
    """Of the status words that the rule names, those that no active order of the source can have."""
    if facts.profile is None or rule.when.status is None:
        return ()
    possible = _words(facts, facts.profile)
    return tuple(w for w in rule.when.status if any(p is not None and w not in p for p in possible))


def _words(facts: SourceFacts, profile: Profile) -> tuple[frozenset[str] | None, frozenset[str] | None]:
    """The words that the status can be, and of these the ones whose orders stay in the list; None: any."""
    table = profile.mappings.get(STATUS)
    if table is None:  # every word that the list shows is taken as it is
        return None, None
    yielded = facts.statuses.union(table.values())
    scope = profile.order_list.scope
    if scope.kind != "open" or not scope.open_words or scope.field not in (None, STATUS):
        return yielded, None
    return yielded, facts.statuses.union(table.get(word, word) for word in scope.open_words)
