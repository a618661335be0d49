"""Contracts: what they promise, the orders they bind, the events their terms count from."""

import sqlalchemy as sa
from alembic import op

from bridge.store.types import BigId, Json, UtcDateTime

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "contracts",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("as_read", Json, nullable=False),
        sa.Column("stated", Json, nullable=False),
        sa.Column("sure", sa.Boolean(), nullable=False),
        sa.Column("due", sa.Date()),
        sa.Column("contract_no", sa.Text(), nullable=False),
        sa.Column("signing_date", sa.Date()),
        sa.Column("buyer", sa.Text(), nullable=False),
        sa.Column("picture", sa.Text(), nullable=False),
        sa.Column("page_picture", sa.Text(), nullable=False),
        sa.Column("asks", Json, nullable=False),
        sa.Column("settled_by", sa.Text()),
        sa.Column("settled_at", UtcDateTime()),
        sa.Column("superseded_by", BigId),
        sa.Column("replaced_by_person", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_contracts"),
        sa.UniqueConstraint("content", name="uq_contracts_content"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "contract_links",
        sa.Column("contract", BigId, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        _contract("contract_links"),
        sa.PrimaryKeyConstraint("contract", "source", "key", name="pk_contract_links"),
    )
    op.create_index("ix_contract_links_key", "contract_links", ["source", "key"])
    op.create_table(
        "contract_events",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("contract", BigId, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("earliest", sa.Date()),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        _contract("contract_events"),
        sa.PrimaryKeyConstraint("id", name="pk_contract_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_contract_events_contract", "contract_events", ["contract"])
    op.create_table(
        "contract_entries",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("contract", BigId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("details", Json, nullable=False),
        _contract("contract_entries"),
        sa.PrimaryKeyConstraint("id", name="pk_contract_entries"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_contract_entries_contract", "contract_entries", ["contract"])


def _contract(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["contract"], ["contracts.id"], name=f"fk_{table}_contract_contracts")
