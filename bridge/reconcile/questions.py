"""What a run asks people.  The same question has the same fingerprint in every run."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from bridge.breaks import Break, BreakClass
from bridge.reconcile.classes import breaks_of, shown
from bridge.reconcile.three_way import Compared
from bridge.reconcile.trust import Rows
from bridge.records import (
    KEY_SEP,
    BaselineRow,
    Change,
    ChangeSet,
    Doubt,
    FieldValue,
    ObservedList,
    OrderLine,
    ReviewItem,
    ReviewKind,
    Scalar,
)
from bridge.sentences import break_sentence


def row_questions(
    baseline: Mapping[str, BaselineRow],
    source: str,
    rows: Rows,
    could_be: Mapping[int, tuple[str, ...]],
    key_fields: Sequence[str],
    compared: Compared,
) -> list[ReviewItem]:
    """One question for each doubtful row, and one for each key that several rows have.

    could_be: ``id(line)`` → stored keys, for the rows whose key is doubtful.
    """
    items: list[ReviewItem] = []
    for line in rows.doubtful:
        stored = baseline.get(line.key)
        before = stored.fields if stored else {}
        item = _line_item(ReviewKind.DOUBTFUL_ROW, line, key_fields, before=before, compared=compared)
        items.append(item)
    twins: dict[str, list[OrderLine]] = defaultdict(list)
    for line in rows.duplicated:
        twins[line.key].append(line)
    for key, lines in twins.items():
        places = ", ".join(f"{line.page}/{line.row + 1}" for line in lines)
        what = Break(
            cls=BreakClass.DUPLICATE_KEY,
            params={"key": readable_key(key), "n": str(len(lines)), "places": places},
        )
        stored = baseline.get(key)
        items.append(
            ReviewItem(
                kind=ReviewKind.DUPLICATE_KEY,
                source=source,
                key=key,
                order_no=lines[0].order_no,
                fingerprint=_fingerprint(source, "duplicate", key, sorted(_texts(line) for line in lines)),
                reason=break_sentence(what.cls, what.params, "en"),
                breaks=(what,),
                fields=lines[0].doubtful,
                line=lines[0],
                before=stored.fields if stored else {},
            )
        )
    items += [
        _line_item(ReviewKind.DOUBTFUL_KEY, line, key_fields, could_be=could_be.get(id(line), ()))
        for line in rows.nameless
    ]
    return _distinct(items)


def question(line: OrderLine, key_fields: Sequence[str], before: Mapping[str, Scalar]) -> ReviewItem:
    """What is asked about one doubtful row, as the next run will ask it.  before: the stored row of its key."""
    if line.key_ok:
        return _line_item(ReviewKind.DOUBTFUL_ROW, line, key_fields, before=before)
    return _line_item(ReviewKind.DOUBTFUL_KEY, line, key_fields, could_be=(line.key,) if before else ())


def _line_item(
    kind: ReviewKind,
    line: OrderLine,
    key_fields: Sequence[str],
    *,
    before: Mapping[str, Scalar] | None = None,
    could_be: tuple[str, ...] = (),
    compared: Compared | None = None,
) -> ReviewItem:
    found = compared.asked.get(line.key, {}) if compared is not None else {}
    store = compared.store.get(line.key, {}) if compared is not None else {}
    asked: list[object] = [
        (n, line.fields[n].reading.picture, line.fields[n].reading.text) for n in sorted(line.doubtful)
    ]
    # Another value in the store is another question.
    asked += [(n, "store", shown(value)) for n, value in sorted(store.items())]
    # Where nothing of the key was read, the rest of the row is all that tells it from other rows.
    rest = [] if line.key.replace(KEY_SEP, "") else _texts(line)
    why = ", ".join(f"{n} ({_doubts(line.fields[n])}: {line.fields[n].reading.text!r})" for n in line.doubtful)
    return ReviewItem(
        kind=kind,
        source=line.source,
        key=line.key,
        order_no=line.order_no,
        fingerprint=_fingerprint(line.source, kind.value, line.key, [asked, rest]),
        reason=f"{readable_key(line.key)}, page {line.page} row {line.row + 1}, is not proven: {why}",
        breaks=breaks_of(line, before or {}, key_fields, found=found),
        fields=line.doubtful,
        line=line,
        before=before or {},
        could_be=could_be,
        central=store,
    )


def without(
    observed: ObservedList, changes: ChangeSet, said: Collection[str], stored: Collection[str]
) -> ObservedList:
    """The list without the rows that a person called no order; the same object if there are none.

    said: fingerprints of the questions answered so.  Of rows with the same key it does not say which was meant.
    stored: keys that are known; such a row stays, as without it the order would be taken for gone.
    """
    asked = [r for r in changes.reviews if r.fingerprint in said and r.kind is not ReviewKind.DUPLICATE_KEY]
    lines = [r.line for r in asked if r.line is not None and not (r.line.key_ok and r.line.key in stored)]
    places = {(line.page, line.row) for line in lines}
    if not places:
        return observed
    return replace(observed, lines=tuple(line for line in observed.lines if (line.page, line.row) not in places))


def _distinct(items: Iterable[ReviewItem]) -> list[ReviewItem]:
    """Rows that look exactly the same ask the same question, but each of them once."""
    count: dict[str, int] = defaultdict(int)
    out = []
    for item in items:
        count[item.fingerprint] += 1
        if (n := count[item.fingerprint]) > 1:
            item = replace(item, fingerprint=_fingerprint(item.source, "again", item.fingerprint, [n]))
        out.append(item)
    return out


def stopped(source: str, message: str) -> ReviewItem:
    """The list as a whole cannot be used; ``message`` is the finding's."""
    return ReviewItem(
        kind=ReviewKind.LAYOUT,
        source=source,
        key=None,
        order_no=None,
        fingerprint=_fingerprint(source, "layout", message, []),
        reason=message,
        breaks=(Break(cls=BreakClass.LAYOUT, params={"text": message}),),
    )


def breaker_question(source: str, what: Break, lost: Sequence[str], changes: Sequence[Change]) -> ReviewItem:
    """Asks about exactly these changes: letting them through is no leave for others."""
    held = [sorted(lost), sorted((c.key, c.kind, str(sorted(c.after.items()))) for c in changes)]
    return ReviewItem(
        kind=ReviewKind.BREAKER,
        source=source,
        key=None,
        order_no=None,
        fingerprint=_fingerprint(source, "breaker", "", held),
        reason=break_sentence(what.cls, what.params, "en"),
        breaks=(what,),
    )


def _fingerprint(source: str, kind: str, key: str, parts: Sequence[object]) -> str:
    text = json.dumps([source, kind, key, parts], ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _texts(line: OrderLine) -> list[str]:
    return [line.fields[name].reading.text for name in sorted(line.fields)]


def _doubts(value: FieldValue) -> str:
    return ", ".join(value.doubts) or Doubt.UNPROVEN


def readable_key(key: str) -> str:
    """A key for sentences."""
    return key.replace(KEY_SEP, " / ").strip() or "a row without a key"
