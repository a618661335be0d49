"""Orders are counted, and found overdue, from an index alone: the rows themselves are wide."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_orders_due_date", "orders")
    op.create_index("ix_orders_due_date", "orders", ["life", "due_date", "source", "ship_date", "status"])
