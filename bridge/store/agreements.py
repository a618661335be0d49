"""How often two nets that agreed on a text were right, by source, column and how sure they were."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import insert, select, update

from bridge.memories import Outcomes
from bridge.store.database import Database
from bridge.store.reading_tables import agreements


class Agreements:
    """Satisfies ``memories.AgreementMemory``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def agreements(self, source: str) -> dict[str, dict[float, Outcomes]]:
        """See ``memories.AgreementMemory``."""
        out: dict[str, dict[float, Outcomes]] = {}
        with self._database.read() as connection:
            for row in connection.execute(select(agreements).where(agreements.c.source == source)):
                out.setdefault(row.column_name, {})[row.step] = Outcomes(row.right, row.wrong)
        return out

    def keep_agreements(self, source: str, fresh: Mapping[str, Mapping[float, Outcomes]]) -> None:
        """See ``memories.AgreementMemory``."""
        if not fresh:
            return
        a = agreements.c
        with self._database.write(lock="memory") as connection:
            for column, steps in fresh.items():
                for step, more in steps.items():
                    here = (a.source == source, a.column_name == column, a.step == step)
                    added = {"right": a.right + more.right, "wrong": a.wrong + more.wrong}
                    if not connection.execute(update(agreements).where(*here).values(added)).rowcount:
                        values = {"source": source, "column_name": column, "step": step}
                        connection.execute(insert(agreements).values(**values, right=more.right, wrong=more.wrong))
