"""The runs: begun, finished, given up; and what they add up to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update

from bridge.records import RunStatus, RunSummary
from bridge.store.database import Database
from bridge.store.encoding import summary_from_json, summary_to_json
from bridge.store.reading_tables import memory
from bridge.store.tables import orders, outbox, review_items, runs


@dataclass(frozen=True, kw_only=True, slots=True)
class SourceFigures:
    """How a source has been doing over its last finished runs."""

    source: str
    runs: int
    by_status: Mapping[str, int] = field(default_factory=dict)
    last_run: RunSummary | None = None
    last_complete: datetime | None = None  # when the last run finished that was complete and committed
    completeness: float | None = None  # share of the runs that were complete; None without runs
    captcha_solved: float | None = None  # share of the captcha answers that were taken; None without any
    straight_through: float | None = None  # share of the rows without a flag; None without rows
    seconds: Mapping[str, float] = field(default_factory=dict)  # mean per stage


class Runs:
    """Satisfies ``begin_run`` and ``finish_run`` of ``interfaces.Store``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin_run(self, source: str, run_id: str, started_at: datetime) -> None:
        """Notes the run as running; runs of this source still marked so are marked as killed and can no longer
        commit."""
        t = runs.c
        with self._database.write(lock=f"source:{source}") as connection:
            connection.execute(
                update(runs)
                .where(t.source == source, t.status == RunStatus.RUNNING.value)
                .values(status=RunStatus.KILLED.value, finished_at=started_at)
            )
            connection.execute(
                insert(runs).values(
                    id=run_id, source=source, status=RunStatus.RUNNING.value, started_at=started_at
                )
            )

    def finish_run(self, summary: RunSummary) -> None:
        """Keeps the summary.  A run that was never begun (``--dry-run``) is noted whole."""
        values = {
            "status": summary.status.value,
            "finished_at": summary.finished_at,
            "summary": summary_to_json(summary),
        }
        with self._database.write() as connection:
            done = connection.execute(update(runs).where(runs.c.id == summary.run_id).values(**values))
            if done.rowcount == 0:
                started = summary.started_at or summary.finished_at
                if started is None:
                    raise ValueError("a run's summary without times cannot be kept")
                connection.execute(
                    insert(runs).values(id=summary.run_id, source=summary.source, started_at=started, **values)
                )

    def run(self, run_id: str) -> RunSummary | None:
        with self._database.read() as connection:
            row = connection.execute(select(runs).where(runs.c.id == run_id)).one_or_none()
        return run_summary(row) if row is not None else None

    def last_runs(self, limit: int, source: str | None = None) -> list[RunSummary]:
        """The newest first."""
        query = select(runs).order_by(runs.c.started_at.desc(), runs.c.id.desc()).limit(limit)
        if source is not None:
            query = query.where(runs.c.source == source)
        with self._database.read() as connection:
            return [run_summary(row) for row in connection.execute(query)]

    def sources(self) -> list[str]:
        """Every source that ever ran."""
        with self._database.read() as connection:
            return list(connection.execute(select(runs.c.source).distinct().order_by(runs.c.source)).scalars())

    def figures(self, source: str, runs_back: int = 96) -> SourceFigures:
        """Over the last ``runs_back`` runs (96: a day of quarter hours)."""
        past = self.last_runs(runs_back, source)
        counted = (RunStatus.OK, RunStatus.PARTIAL)
        complete = [r for r in past if r.complete and r.status in counted and not r.dry_run]
        real = [r for r in past if not r.dry_run and r.status is not RunStatus.RUNNING]
        answers = sum(r.captcha_answers for r in real)
        rows = sum(r.rows for r in complete)
        by_status: dict[str, int] = {}
        for r in past:
            by_status[r.status.value] = by_status.get(r.status.value, 0) + 1
        stages: dict[str, list[float]] = {}
        for r in complete:
            for stage, seconds in r.seconds.items():
                stages.setdefault(stage, []).append(seconds)
        return SourceFigures(
            source=source,
            runs=len(past),
            by_status=by_status,
            last_run=past[0] if past else None,
            last_complete=complete[0].finished_at if complete else None,
            completeness=sum(r.complete for r in real) / len(real) if real else None,
            captcha_solved=sum(r.captcha_solved for r in real) / answers if answers else None,
            straight_through=sum(r.straight_through for r in complete) / rows if rows else None,
            seconds={stage: sum(s) / len(s) for stage, s in stages.items()},
        )

    def counts(self, source: str | None = None) -> dict[str, int]:
        """orders_active, orders_gone, orders_left, reviews_open, remembered, outbox_pending, outbox_parked."""
        of = [
            ("orders_active", orders, orders.c.life == "active"),
            ("orders_gone", orders, orders.c.life == "gone"),
            ("orders_left", orders, orders.c.life == "left"),
            ("reviews_open", review_items, review_items.c.state == "open"),
            ("remembered", memory, memory.c.retracted.is_(False)),
            ("outbox_pending", outbox, outbox.c.state.in_(("pending", "leased"))),
            ("outbox_parked", outbox, outbox.c.state == "parked"),
        ]
        counted = {}
        with self._database.read() as connection:
            for name, table, condition in of:
                query = select(func.count()).select_from(table).where(condition)
                if source is not None:
                    query = query.where(table.c.source == source)
                counted[name] = connection.execute(query).scalar_one()
        return counted


def run_summary(row: Any) -> RunSummary:
    if row.summary is not None:
        return summary_from_json(row.summary)
    return RunSummary(
        run_id=row.id,
        source=row.source,
        status=RunStatus(row.status),
        complete=False,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )
