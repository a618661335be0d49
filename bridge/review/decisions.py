"""USE CASE: a person answers an open question, and what follows from the answer goes out at once.

Answer, what it teaches, the baseline, the central order and the messages change in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bridge.errors import UsageError
from bridge.interfaces import Action, Clock, DecisionStore, Settlement, StoredReview
from bridge.parse.settle import settle
from bridge.profiles import Profile
from bridge.reconcile import reconcile_line
from bridge.records import (
    BaselineRow,
    Change,
    Doubt,
    FieldValue,
    OrderLine,
    ProvenPicture,
    ReviewKind,
    Witness,
)

CHOICES: Mapping[ReviewKind, tuple[Action, ...]] = {
    ReviewKind.DOUBTFUL_ROW: (Action.ACCEPT, Action.TYPE, Action.KEEP, Action.NOT_AN_ORDER, Action.DROP),
    # Without its key there is no stored row whose values could be kept.
    ReviewKind.DOUBTFUL_KEY: (Action.ACCEPT, Action.TYPE, Action.NOT_AN_ORDER, Action.DROP),
    # Two rows show the same key: one of them must be typed differently, or is no order.
    ReviewKind.DUPLICATE_KEY: (Action.TYPE, Action.NOT_AN_ORDER, Action.DROP),
    ReviewKind.BREAKER: (Action.RELEASE, Action.DROP),
    ReviewKind.LAYOUT: (Action.DROP,),
}
"""What can be answered to which question."""

# Such a picture does not show which text it is: another row's equal picture may be another text.
_TEACHES_NOTHING = frozenset({Doubt.CUT, Doubt.LOOKALIKE})


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    item: StoredReview
    action: Action
    change: Change | None  # what went out, None if nothing differs from what was stored
    messages: int


class Decide:
    """Every method that decides raises UsageError if the answer does not fit the question, AlreadyDecided if
    another person was faster, and StoreError; then nothing has changed.  ``by``: who decides.  ``batch``: a name
    for what is decided, and undone, with one key; without it each decision is a batch of its own."""

    def __init__(
        self,
        store: DecisionStore,
        *,
        profile_of: Callable[[str], Profile],
        receivers_of: Callable[[str], Sequence[str]],
        clock: Clock,
        store_owned_of: Callable[[str], Collection[str]] = lambda _source: (),
    ) -> None:
        """profile_of, receivers_of, store_owned_of (the fields that the store owns): by source name."""
        self._store_owned_of = store_owned_of
        self._store = store
        self._profile_of = profile_of
        self._receivers_of = receivers_of
        self._clock = clock

    def open(self, source: str | None = None) -> list[StoredReview]:
        """The open questions, oldest first."""
        return self._store.reviews(source)

    def choices(self, stored: StoredReview) -> tuple[Action, ...]:
        """What can be answered to this very question, as things stand."""
        line = stored.item.line
        possible = list(CHOICES[stored.item.kind])
        if line is not None and Action.ACCEPT in possible and not self._acceptable(line):
            possible.remove(Action.ACCEPT)
        if line is not None and any(Doubt.BOTH_CHANGED in v.doubts for v in line.fields.values()):
            possible.remove(Action.TYPE)
        if line is not None and Action.KEEP in possible and not {*line.doubtful} <= stored.item.before.keys():
            possible.remove(Action.KEEP)
        return tuple(possible)

    def _acceptable(self, line: OrderLine) -> bool:
        profile = self._profile_of(line.source)
        if any(Doubt.NO_TEXT in line.fields[n].doubts for n in line.doubtful):
            return False
        return settle(profile, line, _guesses(line, profile)).ok

    def accept(self, item_id: int, *, by: str, note: str = "", batch: str = "") -> Decided:
        """The best guesses are right."""
        item, line = self._row(item_id, Action.ACCEPT)
        nothing = [n for n in line.doubtful if Doubt.NO_TEXT in line.fields[n].doubts]
        if nothing:
            raise _refused(item, f"nothing legible was read in {_names(nothing)}, so there is nothing to accept")
        guesses = _guesses(line, self._profile_of(line.source))
        return self._settle_row(item, line, Action.ACCEPT, guesses, by, note, batch)

    def type_values(
        self, item_id: int, values: Mapping[str, str], *, by: str, note: str = "", batch: str = ""
    ) -> Decided:
        """The right values, as the ERP displays them (field → text, "" for a cell that is truly empty)."""
        item, line = self._row(item_id, Action.TYPE)
        if unknown := [n for n in values if n not in line.fields]:
            raise _refused(item, f"the row has no field {_names(unknown)}; it has {_names(line.fields)}")
        if both := [n for n, v in line.fields.items() if Doubt.BOTH_CHANGED in v.doubts]:
            raise _refused(
                item, f"{_names(both)} changed on both sides: accept the ERP's value or keep the store's"
            )
        typed = {name: text.strip() for name, text in values.items()}
        return self._settle_row(item, line, Action.TYPE, typed, by, note, batch)

    def keep(self, item_id: int, *, by: str, note: str = "", batch: str = "") -> Decided:
        """The doubtful fields keep their stored values; what else changed in the row goes out."""
        item, line = self._row(item_id, Action.KEEP)

        def change(row: BaselineRow | None) -> Change | None:
            missing = [n for n in line.doubtful if row is None or n not in row.fields]
            conflicts = [n for n, v in line.fields.items() if v.doubts == (Doubt.BOTH_CHANGED,)]
            if row is None or missing:
                raise _refused(item, f"there is no stored value of {_names(missing)} to keep")
            fields = {
                # What the ERP shows there is certain: it is noted as seen, and the store keeps its own.
                n: v if v.ok else _by_person(v, v.value if n in conflicts else row.fields[n])
                for n, v in line.fields.items()
            }
            keeps = {*conflicts, *self._store_owned_of(line.source)}
            return reconcile_line(row, replace(line, fields=fields), store_keeps=keeps)

        return self._settle(
            item, Settlement(action=Action.KEEP, by=by, note=note, key=line.key, batch=batch), change
        )

    def not_an_order(self, item_id: int, *, by: str, note: str = "", batch: str = "") -> Decided:
        return self._without_row(item_id, Action.NOT_AN_ORDER, by, note, batch)

    def release(self, item_id: int, *, by: str, note: str = "", batch: str = "") -> Decided:
        """The changes that the circuit breaker holds may be applied by the next run."""
        return self._without_row(item_id, Action.RELEASE, by, note, batch)

    def drop(self, item_id: int, *, by: str, note: str = "", batch: str = "") -> Decided:
        """Seen; nothing is to be done, and the same is not asked again."""
        return self._without_row(item_id, Action.DROP, by, note, batch)

    def undo(self, batch: str, *, by: str) -> list[int]:
        """Opens the questions of a batch again and takes back what followed; returns their numbers."""
        return self._store.undo(batch, by=by, now=self._clock())

    def _without_row(self, item_id: int, action: Action, by: str, note: str, batch: str) -> Decided:
        item = self._asked(item_id, action)
        return self._settle(item, Settlement(action=action, by=by, note=note, batch=batch), lambda _row: None)

    def _asked(self, item_id: int, action: Action) -> StoredReview:
        item = self._store.review(item_id)
        if action not in (choices := CHOICES[item.item.kind]):
            raise _refused(item, f"{action.value} is no answer to it; choose from {_names(choices)}")
        return item

    def _row(self, item_id: int, action: Action) -> tuple[StoredReview, OrderLine]:
        item = self._asked(item_id, action)
        if item.item.line is None:
            raise _refused(item, "it shows no row")
        return item, item.item.line

    def _settle_row(
        self,
        item: StoredReview,
        line: OrderLine,
        action: Action,
        answers: Mapping[str, str],
        by: str,
        note: str,
        batch: str,
    ) -> Decided:
        settled = settle(self._profile_of(line.source), line, answers)
        if not settled.ok:
            doubts = {n: tuple(settled.fields[n].doubts) or (Doubt.UNPROVEN,) for n in settled.doubtful}
            raise _refused(item, _still_doubtful(settled, answers), doubts=doubts)
        if item.item.kind is ReviewKind.DUPLICATE_KEY and settled.key == line.key:
            raise _refused(item, "another row shows this very key; type what the key of this one really is")
        keeps = self._store_owned_of(line.source)
        settlement = Settlement(
            action=action,
            by=by,
            note=note,
            values=dict(answers),
            key=settled.key,
            proofs=_proofs(line, settled, answers),
            words=_words(line, settled, answers),
            batch=batch,
        )
        return self._settle(item, settlement, lambda row: reconcile_line(row, settled, store_keeps=keeps))

    def _settle(
        self,
        item: StoredReview,
        settlement: Settlement,
        change: Callable[[BaselineRow | None], Change | None],
    ) -> Decided:
        found: list[Change | None] = [None]

        def noted(row: BaselineRow | None) -> Change | None:
            found[0] = change(row)
            return found[0]

        messages = self._store.settle(
            item.id,
            settlement,
            change=noted,
            receivers=self._receivers_of(item.item.source),
            now=self._clock(),
        )
        return Decided(item=item, action=settlement.action, change=found[0], messages=messages)


def _guesses(line: OrderLine, profile: Profile) -> dict[str, str]:
    """Field → text of all that an accepted row vouches for."""
    names = dict.fromkeys(line.doubtful)
    product = profile.checks.product
    if product is not None and any(Doubt.ARITHMETIC in v.doubts for v in line.fields.values()):
        # Whoever accepts a row whose figures do not fit says that the ERP shows them so, all three.
        names |= dict.fromkeys((product.quantity, product.price, product.amount))
    return {name: line.fields[name].reading.text for name in names}


def _by_person(value: FieldValue, stored: Any) -> FieldValue:
    reading = replace(value.reading, proven=True, witnesses=(Witness.PERSON,), doubts=())
    return replace(value, value=stored, reading=reading, doubts=())


def _proofs(line: OrderLine, settled: OrderLine, answers: Mapping[str, str]) -> tuple[ProvenPicture, ...]:
    """What the answers teach about pictures.  Where the reading was proven already, the answer was about its
    meaning; where our own word was typed, it was not about the picture either."""
    said: dict[str, set[str]] = {}
    for name, text in answers.items():
        value, after = line.fields[name], settled.fields[name]
        if value.reading.proven or not value.reading.picture or _TEACHES_NOTHING & {*value.doubts}:
            continue
        if after.reading.text == text:
            said.setdefault(value.reading.picture, set()).add(text)
    return tuple(
        ProvenPicture(source=line.source, picture=picture, text=texts.pop(), witnesses=(Witness.PERSON,))
        for picture, texts in said.items()
        if len(texts) == 1
    )


def _words(line: OrderLine, settled: OrderLine, answers: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """What the answers teach about words of the ERP that no mapping knew: asked once, it holds."""
    said: dict[str, dict[str, str]] = {}
    for name in answers:
        before, after = line.fields[name], settled.fields[name]
        unknown = Doubt.UNKNOWN_WORD in before.doubts and before.reading.proven
        if unknown and isinstance(after.value, str) and after.reading.text == before.reading.text:
            said[name] = {before.reading.text: after.value}
    return said


def _still_doubtful(line: OrderLine, answers: Mapping[str, str]) -> str:
    parts = []
    for name in line.doubtful:
        doubts = ", ".join(d.value for d in line.fields[name].doubts) or Doubt.UNPROVEN.value
        given = f"{answers[name]!r} is not possible there" if name in answers else "no value was given"
        parts.append(f"{name}: {given} ({doubts})")
    return "; ".join(parts)


def _refused(item: StoredReview, why: str, **where: object) -> UsageError:
    return UsageError(
        f"question {item.id} cannot be answered like that: {why}",
        hint="Nothing was changed; choose another answer, or type the values as the ERP displays them.",
        item=item.id,
        **where,
    )


def _names(names: Any) -> str:
    return ", ".join(str(n) for n in names) or "nothing"
