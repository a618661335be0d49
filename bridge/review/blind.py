"""USE CASE: a few cells a day that nobody was asked about are asked of a person who is not shown the value.

What the person reads is compared as the product compares.  A silent error that the person insists on becomes a
question of its own and is counted, and what proved it proves nothing alone in that column from then on
(``bridge.reconcile.distrust``).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import TYPE_CHECKING

from bridge.errors import AlreadyDecided, BridgeError, UsageError
from bridge.parse.text import has_invisible
from bridge.parse.values import displayed, parse_value
from bridge.profiles import ColumnType, Profile
from bridge.reconcile import same
from bridge.records import Reading, RunStatus, Witness
from bridge.store.blind import AcceptedRow, BlindCheck, State

if TYPE_CHECKING:
    from bridge.store import SqlStore

LONGEST = 500  # characters of an answer
CODES_WEIGH = 3
"""How much more often a column of codes is drawn than another: a wrong character there is another thing's name."""
TRIES = 60  # rows that are looked at for one cell
RUNS_BACK = 200


class BlindCheckDesk:
    """a_day: cells drawn per day, 0: none.  has_picture: is the picture of this reading still kept?"""

    def __init__(
        self,
        store: SqlStore,
        *,
        sources: Iterable[str],
        profile_of: Callable[[str], Profile],
        has_picture: Callable[[Reading], bool],
        a_day: int,
    ) -> None:
        self._store = store
        self._sources = sorted(sources)
        self._profile_of = profile_of
        self._has_picture = has_picture
        self._a_day = a_day

    def draw(self, day: date, now: datetime) -> int:
        """Draws the day's cells if that was not done yet; returns how many are new.

        Cells that wait from days before count: nobody gets a pile, and what was drawn is not drawn away."""
        if not self._a_day or self._store.blind_drawn(day):
            return 0
        wanted = self._a_day - len(self._store.waiting_checks())
        salt = self._store.blind_salt(now)
        turns = [_Turn(self, source, random.Random(f"{salt}|{day}|{source}")) for source in self._sources]
        random.Random(f"{salt}|{day}").shuffle(turns)
        drawn: list[tuple[str, AcceptedRow, str]] = []
        while turns and len(drawn) < wanted:
            turn = turns.pop(0)
            if (cell := turn.next()) is not None:
                drawn.append((turn.source, *cell))
                turns.append(turn)
        return self._store.add_checks(day, drawn)

    def waiting(self, customers: Sequence[str], now: datetime) -> list[BlindCheck]:
        """What this person is asked, what was begun first.  Those whose picture or column is gone are over."""
        left = []
        for check in self._store.waiting_checks(customers):
            profile = self._profile(check.source)
            if profile is None:
                continue
            if check.field not in _weights(profile) or not self._has_picture(check.accepted.reading):
                with suppress(AlreadyDecided):
                    self._void(check, now)
                continue
            left.append(check)
        return left

    def answer(self, check: BlindCheck, text: str, *, by: str, now: datetime) -> bool:
        """Is it what was accepted?  Raises UsageError for what no screen shows, AlreadyDecided."""
        text = text.strip()
        if not text or len(text) > LONGEST or has_invisible(text, also_format=True):
            raise UsageError("that is no text that a screen shows")
        agrees = self._agrees(check, text)
        self._store.answer_check(check.id, State.SAME if agrees else State.DIFFERS, text, by=by, now=now)
        return agrees

    def unreadable(self, check: BlindCheck, *, by: str, now: datetime) -> None:
        """Raises AlreadyDecided."""
        if check.state is State.DIFFERS:
            self._settle(check, State.UNREADABLE, by=by, now=now)
        else:
            self._store.answer_check(check.id, State.UNREADABLE, None, by=by, now=now)

    def mistyped(self, check: BlindCheck, *, by: str, now: datetime) -> None:
        """The accepted value is right.  Raises AlreadyDecided."""
        self._settle(check, State.MISTYPED, by=by, now=now)

    def insist(self, check: BlindCheck, *, by: str, now: datetime) -> None:
        """The accepted value is wrong.  Raises AlreadyDecided."""
        self._settle(check, State.WRONG, by=by, now=now)

    def _settle(self, check: BlindCheck, state: State, *, by: str, now: datetime) -> None:
        key_fields = self._profile_of(check.source).key
        self._store.settle_check(check.id, state, key_fields=key_fields, by=by, now=now)

    def _agrees(self, check: BlindCheck, text: str) -> bool:
        """Texts as they are compared everywhere; numbers and dates by what they mean."""
        column = self._profile_of(check.source).column(check.field)
        accepted = check.accepted.reading.text
        if displayed(text, column) == displayed(accepted, column):
            return True
        if column.type in (ColumnType.CODE, ColumnType.TEXT, ColumnType.STATUS):
            return False
        typed, doubts = parse_value(text, column)
        return typed is not None and not doubts and same(typed, parse_value(accepted, column)[0])

    def _void(self, check: BlindCheck, now: datetime) -> None:
        if check.state is State.DIFFERS:
            self._settle(check, State.VOID, by="bridge", now=now)
        else:
            self._store.answer_check(check.id, State.VOID, None, by="bridge", now=now)

    def _profile(self, source: str) -> Profile | None:
        try:
            return self._profile_of(source)
        except BridgeError:  # the source was taken out of bridge.toml, or its profile is broken just now
            return None


class _Turn:
    """One source's draws of a day."""

    def __init__(self, desk: BlindCheckDesk, source: str, rng: random.Random) -> None:
        self.source = source
        self._desk = desk
        self._rng = rng
        self._weights = _weights(desk._profile(source))
        self._unused = dict(self._weights)
        self._taken: set[tuple[str, str]] = set()
        begun = self._last_complete()
        self._rows = desk._store.accepted_rows(source, begun) if begun is not None and self._weights else []

    def next(self) -> tuple[AcceptedRow, str] | None:
        """A cell, of a column that was not drawn before while there is one; None if none is found."""
        if not self._rows:
            return None
        fresh, used = dict(self._unused), {n: w for n, w in self._weights.items() if n not in self._unused}
        while columns := fresh or used:
            (name,) = self._rng.choices(list(columns), list(columns.values()))
            del columns[name]
            for number in self._rng.sample(self._rows, min(TRIES, len(self._rows))):
                row = self._desk._store.accepted_row(number)
                if row is not None and self._fits(row, name):
                    self._unused.pop(name, None)
                    self._taken.add((row.key, name))
                    return row, name
        return None

    def _fits(self, row: AcceptedRow, name: str) -> bool:
        if name not in row.fields or (row.key, name) in self._taken:
            return False
        reading = row.fields[name].reading
        return (
            Witness.TOOLTIP not in reading.witnesses  # the picture shows a part of it only
            and self._desk._has_picture(reading)
            and not self._desk._store.was_checked(self.source, row.key, name, reading.text)
        )

    def _last_complete(self) -> datetime | None:
        counted = (RunStatus.OK, RunStatus.PARTIAL)
        for run in self._desk._store.last_runs(RUNS_BACK, self.source):
            if run.complete and run.status in counted and not run.dry_run:
                return run.started_at
        return None


def _weights(profile: Profile | None) -> Mapping[str, int]:
    """field → how often it is drawn."""
    if profile is None:
        return {}
    read = [c for c in profile.columns if c.field and c.type is not ColumnType.IGNORE]
    return {c.field: CODES_WEIGH if c.type is ColumnType.CODE else 1 for c in read if c.field}
