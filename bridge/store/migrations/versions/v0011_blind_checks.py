"""Sampled blind checks of what was accepted without a person."""

import sqlalchemy as sa
from alembic import op

from bridge.store.types import BigId, Json, UtcDateTime

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "blind_checks",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("customer", sa.Text()),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("observation", BigId, nullable=False),
        sa.Column("accepted", Json, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text()),
        sa.Column("answered_by", sa.Text()),
        sa.Column("answered_at", UtcDateTime()),
        sa.Column("lifted_by", sa.Text()),
        sa.Column("lifted_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_blind_checks"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_blind_checks_source_state", "blind_checks", ["source", "state"])
    op.create_index("ix_blind_checks_day", "blind_checks", ["day"])
