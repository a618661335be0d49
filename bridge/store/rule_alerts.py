"""What order-life rules have told: each spell of a rule fitting an order once, whatever becomes of clocks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from bridge.store.database import Database
from bridge.store.in_lists import in_lists
from bridge.store.tables import rule_alerts


@dataclass(frozen=True, kw_only=True, slots=True)
class Fitting:
    """A rule that fits an order now."""

    rule: str
    key: str
    order_no: str
    spell: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleAlert:
    id: int
    rule: str
    source: str
    key: str
    order_no: str
    fired_at: datetime
    told_at: datetime | None  # None: no channel has taken it yet


class RuleAlerts:
    def __init__(self, database: Database) -> None:
        self._database = database

    def note_fitting(
        self, source: str, fitting: Iterable[Fitting], in_doubt: Collection[tuple[str, str]], now: datetime
    ) -> int:
        """Keeps what fits and was not told before, ends the alerts of what fits no more, and opens again what fits
        again; returns how many are new.

        in_doubt: (rule, key) of which nobody can say; their alerts stay as they are.
        """
        here = {(f.rule, f.key, f.spell): f for f in fitting}
        with self._database.write(lock=f"rules:{source}") as connection:
            known = _known(connection, source, sorted({f.key for f in here.values()}))
            over = [
                row.id
                for told, row in known.items()
                if row.ended_at is None and told not in here and (row.rule, row.key) not in in_doubt
            ]
            again = [row.id for told, row in known.items() if row.ended_at is not None and told in here]
            for part in in_lists(over):
                connection.execute(update(rule_alerts).where(rule_alerts.c.id.in_(part)).values(ended_at=now))
            for part in in_lists(again):
                connection.execute(update(rule_alerts).where(rule_alerts.c.id.in_(part)).values(ended_at=None))
            new = [
                {
                    "rule": f.rule,
                    "source": source,
                    "key": f.key,
                    "order_no": f.order_no,
                    "spell": f.spell,
                    "fired_at": now,
                }
                for told, f in here.items()
                if told not in known
            ]
            if new:
                connection.execute(insert(rule_alerts), new)
        return len(new)

    def untold(self, source: str) -> list[RuleAlert]:
        """Those that nobody was told of and that still stand, in order of firing."""
        return self._alerts(
            rule_alerts.c.source == source, rule_alerts.c.told_at.is_(None), rule_alerts.c.ended_at.is_(None)
        )

    def open_alerts(self, source: str | None = None) -> list[RuleAlert]:
        here = [] if source is None else [rule_alerts.c.source == source]
        return self._alerts(rule_alerts.c.ended_at.is_(None), *here)

    def mark_told(self, ids: Sequence[int], now: datetime) -> None:
        with self._database.write() as connection:
            for part in in_lists(ids):
                connection.execute(update(rule_alerts).where(rule_alerts.c.id.in_(part)).values(told_at=now))

    def last_fired(self) -> dict[str, tuple[datetime, int]]:
        """Rule → when it last fired, and how often it ever did."""
        t = rule_alerts.c
        query = select(t.rule, func.max(t.fired_at).label("at"), func.count().label("times")).group_by(t.rule)
        with self._database.read() as connection:
            return {row.rule: (row.at, row.times) for row in connection.execute(query)}

    def _alerts(self, *conditions: object) -> list[RuleAlert]:
        t = rule_alerts.c
        columns = (t.id, t.rule, t.source, t.key, t.order_no, t.fired_at, t.told_at)
        query = select(*columns).where(*conditions).order_by(t.id)  # type: ignore[arg-type]
        with self._database.read() as connection:
            return [RuleAlert(**row) for row in connection.execute(query).mappings()]


def _known(connection: Connection, source: str, keys: Sequence[str]) -> dict[tuple[str, str, str], Any]:
    """(rule, key, spell) → its row: of these orders all, of the others those that stand."""
    t = rule_alerts.c
    query = select(t.id, t.rule, t.key, t.spell, t.ended_at).where(t.source == source)
    rows = list(connection.execute(query.where(t.ended_at.is_(None))))
    for part in in_lists(keys):
        rows += connection.execute(query.where(t.key.in_(part), t.ended_at.is_not(None)))
    return {(row.rule, row.key, row.spell): row for row in rows}
