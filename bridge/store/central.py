"""What the central order table holds, for the three-way comparison."""

from __future__ import annotations

from sqlalchemy import select

from bridge.central import CentralRow
from bridge.store.database import Database
from bridge.store.orders import STANDARD
from bridge.store.tables import orders


class Central:
    """Satisfies ``central`` of ``interfaces.Store``."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def central(self, source: str) -> dict[str, CentralRow]:
        """Key → the row as it stands now, whoever wrote it."""
        with self._database.read() as connection:
            rows = connection.execute(select(orders).where(orders.c.source == source)).mappings()
            return {
                row["key"]: CentralRow(
                    fields={**{n: row[n] for n in STANDARD if row[n] is not None}, **row["extra"]},
                    updated_by=row["updated_by"],
                    updated_at=row["updated_at"],
                )
                for row in rows
            }
