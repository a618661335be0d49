"""How much was known when something was read: what was doubtful is read anew once much more is.

What was kept before says nothing of it and is let go: it is read once more.
"""

import sqlalchemy as sa
from alembic import op

from bridge.store.types import UtcDateTime

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_table("reads")
    op.create_table(
        "reads",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("epoch", sa.Text(), nullable=False),
        sa.Column("sure", sa.Boolean(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("again_at", UtcDateTime(), nullable=False),
        sa.Column("learned", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("last_seen", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("source", "key", name="pk_reads"),
    )
    op.create_index("ix_reads_last_seen", "reads", ["source", "last_seen"])
