"""Alembic's entry.  Runs only from ``Database.upgrade``, inside the transaction that it hands in."""

from alembic import context

from bridge.store import reading_tables, tables  # noqa: F401 - they fill it
from bridge.store.metadata import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
