"""Stage *commit*: all that a run or a decision changes, in one transaction.

Killing the process at any instant and running again loses nothing and repeats nothing: a change is whatever
differs from the baseline, the baseline moves in the transaction that writes the messages, and every change is
measured again against the baseline as it stands then.  A run that has committed says so in ``runs``.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from bridge.errors import StoreBusy, StoreError
from bridge.interfaces import CommitResult
from bridge.records import BaselineRow, ChangeSet, ObservedList, RunStatus
from bridge.store.apply import NewId, apply_changes, load_baseline
from bridge.store.database import Database, source_lock
from bridge.store.in_lists import in_lists
from bridge.store.observations import last_picture, note_observations
from bridge.store.reviews import file_reviews, release_name
from bridge.store.tables import baseline, meta, runs
from bridge.store.together import Sending, hold, overtaken, release


def new_message_id() -> str:
    return uuid.uuid4().hex


class Commits:
    """Satisfies ``baseline`` and ``commit`` of ``interfaces.Store``."""

    def __init__(self, database: Database, new_id: NewId = new_message_id) -> None:
        self._database = database
        self._new_id = new_id

    def last_picture(self, source: str) -> str | None:
        with self._database.read() as connection:
            return last_picture(connection, source)

    def baseline(self, source: str) -> dict[str, BaselineRow]:
        """Key → the last proven observation; also the absent ones."""
        with self._database.read() as connection:
            return load_baseline(connection, source)

    def commit(
        self,
        run_id: str,
        observed: ObservedList,
        changes: ChangeSet,
        *,
        receivers: Sequence[str],
        now: datetime,
    ) -> CommitResult:
        """See ``interfaces.Store.commit``.  Of a held change set only the observations and the questions that
        are not about single rows are kept.  A run commits once; asking again returns the first result.

        Raises StoreBusy if another run of this source has begun since, and StoreError.
        """
        source = observed.source
        with self._database.write(lock=source_lock(source)) as connection:
            if (done := _committed(connection, run_id)) is not None:
                return done
            note_observations(connection, run_id, source, observed.lines, now)
            messages = 0
            trusted = changes.held is None and not any(f.stop for f in observed.findings)
            if changes.held is None:
                rows = load_baseline(connection, source)
                _count_missing(connection, source, changes, now)
                messages = apply_changes(
                    connection,
                    source,
                    changes.changes,
                    rows,
                    run_id=run_id,
                    by="bridge",
                    receivers=receivers,
                    now=now,
                    new_id=self._new_id,
                )
                hold(connection, source, changes.waiting, now)
                overtaken(connection, observed)
                if observed.complete and trusted:
                    connection.execute(delete(meta).where(meta.c.name == release_name(source)))
            new, closed = file_reviews(connection, run_id, observed, changes, now, trusted=trusted)
            if trusted:
                messages += release(
                    Sending(
                        connection=connection, source=source, receivers=receivers, now=now, new_id=self._new_id
                    )
                )
            result = CommitResult(outbox=messages, reviews_new=new, reviews_closed=closed)
            connection.execute(
                update(runs).where(runs.c.id == run_id).values(committed_at=now, committed=asdict(result))
            )
            return result


def _count_missing(connection: Connection, source: str, changes: ChangeSet, now: datetime) -> None:
    t = baseline.c
    for part in in_lists(changes.seen):
        connection.execute(
            update(baseline).where(t.source == source, t.key.in_(part), t.missing > 0).values(missing=0)
        )
    for part in in_lists(changes.missing):
        connection.execute(
            update(baseline)
            .where(t.source == source, t.key.in_(part))
            .values(missing=t.missing + 1, updated_at=now)
        )


def _committed(connection: Connection, run_id: str) -> CommitResult | None:
    row = connection.execute(select(runs.c.status, runs.c.committed).where(runs.c.id == run_id)).one_or_none()
    if row is None:
        raise StoreError(f"run {run_id} was never begun; nothing was committed", run_id=run_id)
    if row.committed is not None:
        return CommitResult(**row.committed)
    if row.status == RunStatus.KILLED:
        raise StoreBusy(
            f"run {run_id} was given up when another run of its source began; nothing was committed",
            hint="The other run takes its place.",
            run_id=run_id,
        )
    return None
