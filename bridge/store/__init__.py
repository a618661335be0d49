"""The database: SQLite by default, PostgreSQL by changing one URL.  SQLAlchemy and Alembic, and only here."""

from bridge.store.store import SqlStore

__all__ = ["SqlStore"]
