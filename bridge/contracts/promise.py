"""Mentions → what was promised.  Pure.

The conventions: the promised date is the last day promised; a term counts from the day after its event; a term
from signing or effectiveness uses the signing date; of several dates those that were superseded never count; a
promise beats a wish.  What is not certain is said in ``reasons``: every one of them means that a person must look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from bridge.contracts.document import Line
from bridge.contracts.mentions import Mention, Signing, Silence
from bridge.contracts.roles import Role
from bridge.contracts.terms import KNOWN_FROM_CONTRACT
from bridge.contracts.workdays import after, months_after

MOST_DAYS_AHEAD = 3 * 366  # a delivery later than this after signing is more likely a misreading


@dataclass(frozen=True, kw_only=True, slots=True)
class Promise:
    """kind: absolute | relative | range | batches | none | unreadable.

    reasons: why a person must look; empty if nothing speaks against it.  notes: what is said but needs nobody.
    ``months`` stands instead of ``offset`` where the term counts months.
    """

    kind: str
    day: date | None = None
    days: tuple[date, ...] = ()
    event: str | None = None
    offset: int | None = None
    unit: str | None = None
    months: int | None = None
    clause: str = ""
    lines: tuple[Line, ...] = ()
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def meaning(self) -> tuple[object, ...]:
        """What two readings must agree on."""
        return (self.kind, self.day, self.days, self.event, self.offset, self.unit, self.months)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Dated:
    mention: Mention
    first: date
    last: date


def decide(
    mentions: Sequence[Mention],
    signing: Signing,
    silences: Sequence[Silence] = (),
    *,
    day_first: bool | None = None,
) -> Promise:
    """day_first: do the document's dates such as 04/05/2026 begin with the day; None if nothing tells."""
    ours = [m for m in mentions if m.role is Role.DELIVERY]
    reasons: list[str] = []
    ours = _without_superseded(ours, reasons)
    if any(m.promised for m in ours):
        ours = [m for m in ours if not (m.required and not m.promised)]
    elif any(m.required for m in ours) and any(not m.required for m in ours):
        ours = [m for m in ours if not m.required]
        reasons.append("a wished and a stated delivery date stand side by side")
    dated = [d for m in ours if m.date and (d := _dated(m, signing, day_first, reasons))]
    terms = [m for m in ours if m.term is not None]
    definite = {d.last for d in dated if not d.mention.vague}
    if any(d.mention.vague and d.last not in definite for d in dated):
        reasons.append("the contract itself calls the date approximate or conditional")
    if terms and dated and any(d.mention.latest for d in dated):
        return _finish(_absolute([d for d in dated if d.mention.latest]), terms, signing, reasons)
    if dated:
        promise = _of_dates(dated, reasons)
        if terms:
            known = {_count(m, signing) for m in terms}
            if known != {promise.day}:
                reasons.append("a date and a term that counts from an event are both given")
        return _finish(promise, [], signing, reasons)
    if terms:
        return _finish(_of_terms(terms, signing, reasons), [], signing, reasons)
    if any(m.date for m in ours):
        first = next(m for m in ours if m.date)
        return Promise(kind="unreadable", clause=first.clause, lines=first.lines, reasons=_unique(reasons))
    return _silent(silences)


def _without_superseded(ours: list[Mention], reasons: list[str]) -> list[Mention]:
    old = [m for m in ours if m.old]
    if not old:
        return ours
    rest = [m for m in ours if not m.old]
    if not rest:
        reasons.append("only a superseded delivery date was found")
        return ours
    # Where an amendment gives its new date, what stands elsewhere in the same paper is what it amends.
    return [m for m in rest if m.new] or rest


def _dated(m: Mention, signing: Signing, day_first: bool | None, reasons: list[str]) -> _Dated | None:
    found = m.date
    assert found is not None
    ends = [found] if found.until is None else [found, found.until]
    days: list[date] = []
    for one in ends:
        if one.other is not None:
            if day_first is False:
                one = replace(one, month=one.other[0], day=one.other[1])
            elif day_first is None:
                reasons.append("day and month of the delivery date could be swapped")
        day = one.last()
        if day is None and one.year is None:
            day = _year_from_signing(one.last, signing, days[-1] if days else None)
            if day is None:
                reasons.append("the delivery date has no year, and no signing date gives it one")
        if day is None:
            return None
        days.append(day)
    if days[0] > days[-1]:
        reasons.append("the range ends before it begins")
    return _Dated(mention=m, first=days[0], last=max(days))


def _year_from_signing(last: object, signing: Signing, begun: date | None) -> date | None:
    """The first such day that is not before the contract was signed (or the range began)."""
    start = begun or signing.day
    if start is None or not callable(last):
        return None
    for year in (start.year, start.year + 1):
        day = last(year)
        if isinstance(day, date) and day >= start:
            return day
    return None


def _of_dates(dated: list[_Dated], reasons: list[str]) -> Promise:
    days = tuple(sorted({d.last for d in dated}))
    first = dated[0].mention
    if len(days) == 1:
        return _absolute(dated)
    same_column = first.column is not None and all(d.mention.column == first.column for d in dated)
    together = all(d.mention.passage == first.passage for d in dated)
    if not (same_column or (together and any(d.mention.batch for d in dated)) or _all_batches(dated)):
        strong = [d for d in dated if d.mention.strong]
        if strong and len({d.last for d in strong}) == 1 and len(strong) < len(dated):
            dated, days = strong, (strong[0].last,)
        reasons.append("several different delivery dates are given")
    last = max(dated, key=lambda d: d.last).mention
    clause = (
        last.clause if together and not same_column else " / ".join(dict.fromkeys(d.mention.clause for d in dated))
    )
    return Promise(
        kind="batches", day=days[-1], days=days, clause=clause,
        lines=_lines([d.mention for d in dated]),
    )  # fmt: skip


def _all_batches(dated: list[_Dated]) -> bool:
    return all(d.mention.batch for d in dated)


def _absolute(dated: list[_Dated]) -> Promise:
    best = next((d for d in dated if d.mention.strong), dated[0])
    lines = _lines([d.mention for d in dated if d.last == best.last])
    if best.first != best.last and best.mention.date and best.mention.date.until is not None:
        return Promise(
            kind="range", day=best.last, days=(best.first, best.last), clause=best.mention.clause, lines=lines
        )
    return Promise(kind="absolute", day=best.last, days=(best.last,), clause=best.mention.clause, lines=lines)


def _of_terms(terms: list[Mention], signing: Signing, reasons: list[str]) -> Promise:
    distinct = {(m.term.event, m.term.offset, m.term.months, m.term.unit): m for m in terms if m.term}
    if len(distinct) > 1:
        # A term whose event is named says more than one that is only repeated without it: 交货期 30天.
        named = {k: m for k, m in distinct.items() if k[0]}
        repeated = {k[1:] for k in named} >= {k[1:] for k in distinct}
        if len(named) == 1 and repeated:
            distinct = named
    chosen = list(distinct.values())
    batch = len(chosen) > 1 and all(m.batch for m in chosen)
    if len(chosen) > 1 and not batch:
        reasons.append("several different delivery terms are given")
    days = [_count(m, signing) for m in chosen]
    last = chosen[-1]
    if None not in days:
        last = max(zip(days, chosen, strict=True), key=lambda p: p[0] or date.min)[1]
    term = last.term
    assert term is not None
    if last.vague:
        reasons.append("the contract itself calls the term approximate, or states it in two ways")
    if not term.event:
        reasons.append("the term names no event that it counts from")
    known = tuple(sorted({d for d in days if d is not None})) if None not in days else ()
    if term.event in KNOWN_FROM_CONTRACT and not known:
        reasons.append(
            "the term counts from signing, and the signing date was not found"
            if signing.day is None
            else "the working-day calendar does not reach that far"
        )
    if term.event in KNOWN_FROM_CONTRACT and signing.day is not None and not signing.sure:
        reasons.append("the term counts from signing, and the signing date is not certain")
    return Promise(
        kind="batches" if batch else "relative",
        day=known[-1] if known else None,
        days=known,
        event=term.event or None,
        offset=term.offset,
        unit=term.unit,
        months=term.months,
        clause=last.clause,
        lines=_lines(chosen),
    )


def _count(m: Mention, signing: Signing) -> date | None:
    term = m.term
    if term is None or term.event not in KNOWN_FROM_CONTRACT or signing.day is None:
        return None
    if term.months is not None:
        return months_after(signing.day, term.months)
    return after(signing.day, term.offset or 0, term.unit)


def _finish(promise: Promise, terms: list[Mention], signing: Signing, reasons: list[str]) -> Promise:
    if terms and (term := terms[0].term):
        promise = replace(promise, event=term.event or None, offset=term.offset, unit=term.unit)
    if promise.day is not None and signing.day is not None:
        if promise.days and promise.days[0] < signing.day:
            reasons.append("the delivery date lies before the signing date")
        elif promise.day > signing.day + timedelta(days=MOST_DAYS_AHEAD):
            reasons.append("the delivery date lies more than three years after the signing date")
    return replace(promise, reasons=_unique(reasons))


def _silent(silences: Sequence[Silence]) -> Promise:
    for why, kind, reason in (
        ("unreadable", "unreadable", "a delivery label has a value that cannot be understood"),
        ("words", "none", "a delivery label has words, but no date or term"),
        ("blank", "none", "a delivery label has no date beside it"),
    ):
        if found := next((s for s in silences if s.why == why), None):
            return Promise(kind=kind, clause=found.clause, lines=found.lines, reasons=(reason,))
    if silences:
        first = silences[0]
        notes = ("the contract leaves the delivery date to a later agreement or notice",)
        return Promise(kind="none", clause=first.clause, lines=first.lines, notes=notes)
    return Promise(kind="none", notes=("the contract has no delivery clause",))


def _lines(mentions: Sequence[Mention]) -> tuple[Line, ...]:
    return tuple(dict.fromkeys(line for m in mentions for line in m.lines))


def _unique(reasons: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(reasons))
