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

    def active_values(self, source: str, field: str) -> list[tuple[str, str]]:
        """(order number, value of one field as text) of a source's active orders that have one."""
        t = orders.c
        columns = [t.order_no, t[field]] if field in (*STANDARD, "order_no") else [t.order_no, t.extra]
        query = select(*columns).where(t.source == source, t.life == "active")
        with self._database.read() as connection:
            found = [(no, v.get(field) if isinstance(v, dict) else v) for no, v in connection.execute(query)]
        return [(no, str(value)) for no, value in found if value not in (None, "")]
