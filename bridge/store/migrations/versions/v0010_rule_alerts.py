"""What order-life rules have told."""

import sqlalchemy as sa
from alembic import op

from bridge.store.types import BigId, UtcDateTime

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_OPEN = sa.text("ended_at IS NULL")


def upgrade() -> None:
    op.create_table(
        "rule_alerts",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("spell", sa.Text(), nullable=False),
        sa.Column("fired_at", UtcDateTime(), nullable=False),
        sa.Column("told_at", UtcDateTime()),
        sa.Column("ended_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_rule_alerts"),
        sa.UniqueConstraint("rule", "source", "key", "spell", name="uq_rule_alerts_rule_source_key_spell"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_rule_alerts_source_key", "rule_alerts", ["source", "key"])
    op.create_index(
        "ix_rule_alerts_open", "rule_alerts", ["source", "rule"], sqlite_where=_OPEN, postgresql_where=_OPEN
    )
