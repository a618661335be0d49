"""Stage *reconcile*: what the ERP showed last time + what it shows now → what changed.

Pure.  Only proven rows change anything.  One order's lines go together.  What was not seen is missing only if the
whole list was seen and no doubtful row could be it, and gone only if that happens twice in a row.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bridge.breaks import Break, BreakClass
from bridge.central import CentralSide, Owner
from bridge.reconcile.notes import overdue
from bridge.reconcile.questions import breaker_question, readable_key, row_questions, stopped
from bridge.reconcile.rules import Rules
from bridge.reconcile.same import same
from bridge.reconcile.three_way import compare
from bridge.reconcile.trust import could_be, held_orders, sort_out
from bridge.records import BaselineRow, Change, ChangeKind, ChangeSet, ObservedList, OrderLine
from bridge.sentences import break_sentence

GONE_AFTER = 2  # complete captures in a row
NOTHING_CENTRAL = CentralSide()
NO_RULES = Rules()


@dataclass(frozen=True, kw_only=True, slots=True)
class Breaker:
    """Too much at once is more likely a fault of the page than the truth: hold it and ask."""

    max_gone_percent: float = 10
    max_changed_percent: float = 30
    min_rows: int = 20  # below this many stored rows the percentages say nothing


def reconcile(
    baseline: Mapping[str, BaselineRow],
    observed: ObservedList,
    *,
    key_fields: Sequence[str],
    scope: Literal["all", "open", "window"] = "all",
    breaker: Breaker | None = None,
    released: bool = False,
    central: CentralSide = NOTHING_CENTRAL,
    rules: Rules = NO_RULES,
) -> ChangeSet:
    """The change set of one run.

    key_fields: the profile's ``key``.  scope: what a row's absence means (all → GONE, else LEFT).  released: a
    person has let a held change set through.  central: what the store holds; without it every change of the ERP
    flows.  rules: tolerances and the like.  Where ``held`` is set, neither changes nor missing may be applied.
    """
    stops = [f for f in observed.findings if f.stop]
    if stops:
        questions = tuple(stopped(observed.source, f.message) for f in stops)
        return ChangeSet(source=observed.source, reviews=questions)

    compared = compare(observed.lines, baseline, central, key_fields, rules)
    rows = sort_out(compared.lines, key_fields)
    # A dict keeps the order, so that equal runs give equal change sets.
    known = (*rows.proven, *rows.doubtful, *rows.duplicated)
    seen = dict.fromkeys(line.key for line in known if line.key in baseline)
    unseen = [row for key, row in baseline.items() if key not in seen]
    candidates, possible = could_be(rows, unseen, key_fields)
    guessed = held_orders(compared.lines, rows, key_fields)
    asked = {line.order_no for line in (*rows.doubtful, *rows.duplicated)}
    held = guessed | asked

    store_owned = frozenset(
        n for line in compared.lines[:1] for n in line.fields if central.owner(n) is Owner.STORE
    )
    changes: list[Change] = []
    waiting: list[Change] = []
    unchanged = changed = 0
    for line in rows.proven:
        quiet = line.key in compared.quiet
        change = None if quiet else _change(baseline.get(line.key), line, store_owned)
        unchanged += change is None
        changed += change is not None and change.kind is ChangeKind.CHANGED
        if change is not None and line.order_no not in guessed:
            (waiting if line.order_no in asked else changes).append(change)

    missing: list[str] = []
    lost: list[str] = []
    if observed.complete:
        for row in unseen:
            if row.absent or row.key in possible or row.order_no in held:
                continue
            lost.append(row.key)
            if row.missing + 1 < GONE_AFTER:
                missing.append(row.key)
                continue
            kind = ChangeKind.GONE if scope == "all" else ChangeKind.LEFT
            changes.append(
                Change(kind=kind, source=observed.source, key=row.key, order_no=row.order_no, before=row.fields)
            )

    reviews = row_questions(baseline, observed.source, rows, candidates, key_fields, compared)
    active = sum(not row.absent for row in baseline.values())
    why = None if released else _trips(breaker or Breaker(), active, len(lost), changed)
    if why is not None:
        reviews.append(breaker_question(observed.source, why, lost, changes))
    return ChangeSet(
        source=observed.source,
        changes=tuple(changes),
        reviews=tuple(reviews),
        seen=tuple(seen),
        missing=tuple(missing),
        unchanged=unchanged,
        waiting=tuple(waiting),
        notes=(*compared.notes, *overdue(compared.lines, rules)),
        held=break_sentence(why.cls, why.params, "en") if why is not None else None,
    )


def reconcile_line(
    row: BaselineRow | None, line: OrderLine, *, store_keeps: Collection[str] = ()
) -> Change | None:
    """What one proven line changes; ``row`` is the stored one of its key, None if there is none.
    store_keeps: fields in which the central store keeps its own value.

    Raises ValueError if the line is not ok: a doubtful value must never go out.
    """
    if not line.ok:
        doubtful = ", ".join(line.doubtful)
        raise ValueError(f"{readable_key(line.key)} is doubtful in {doubtful}: it cannot be a change")
    return _change(row, line, store_keeps)


def _change(row: BaselineRow | None, line: OrderLine, store_keeps: Collection[str]) -> Change | None:
    after = line.values()
    if row is None:
        kind, before, names = ChangeKind.ADDED, {}, list(after)
    else:
        # A field that the profile no longer reads is no change; one that is only another kind of empty neither.
        before = {n: None if row.fields[n] == "" else row.fields[n] for n in after if n in row.fields}
        names = [n for n in after if n not in before or not same(before[n], after[n])]
        kind = ChangeKind.BACK if row.absent else ChangeKind.CHANGED
        if not names and not row.absent:
            return None
        names = list(after) if row.absent else names
    return Change(
        kind=kind,
        source=line.source,
        key=line.key,
        order_no=line.order_no,
        before=before,
        after=after,
        readings={n: line.fields[n].reading for n in names},
        store_keeps=tuple(n for n in names if n in store_keeps) if row is not None else (),
    )


def _trips(breaker: Breaker, active: int, lost: int, changed: int) -> Break | None:
    """What holds the change set, or None.  A first sync has nothing to be held against."""
    if active == 0 or active < breaker.min_rows:
        return None
    limits = ((lost, breaker.max_gone_percent), (changed, breaker.max_changed_percent))
    if not any(n * 100 > limit * active for n, limit in limits):
        return None
    return Break(
        cls=BreakClass.TOO_MUCH,
        params={
            "active": str(active),
            "lost": str(lost),
            "gone_limit": f"{breaker.max_gone_percent:g}",
            "changed": str(changed),
            "changed_limit": f"{breaker.max_changed_percent:g}",
        },
    )
