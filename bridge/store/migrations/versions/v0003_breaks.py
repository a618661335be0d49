"""Questions carry their break classes, and what the store holds where it is in conflict."""

import sqlalchemy as sa
from alembic import op

from bridge.store.types import Json

revision = "0003"
down_revision = "0002"
branch_labels = depends_on = None


def upgrade() -> None:
    op.add_column("review_items", sa.Column("breaks", Json, nullable=False, server_default=sa.text("'[]'")))
    op.add_column("review_items", sa.Column("central", Json, nullable=False, server_default=sa.text("'{}'")))
