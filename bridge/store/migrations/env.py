"""Alembic's entry.  Runs only from ``Database.upgrade``, inside the transaction that it hands in."""

from alembic import context

from bridge.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
