"""The review page: accounts, sessions, the audit trail, who has which question, decisions that can be undone."""

import sqlalchemy as sa
from alembic import op

from bridge.store.types import Json, UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("customers", Json, nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_users"),
    )
    op.create_table(
        "user_sessions",
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("csrf", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.name"], name="fk_user_sessions_user_users", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token", name="pk_user_sessions"),
    )
    op.create_index("ix_user_sessions_user", "user_sessions", ["user"])
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit"),
    )
    _append_only("audit")
    op.add_column("review_items", sa.Column("assigned_to", sa.Text()))
    op.add_column("review_items", sa.Column("later_until", UtcDateTime()))
    op.create_index("ix_review_items_key", "review_items", ["source", "key"])
    op.create_index("ix_review_items_created_at", "review_items", ["created_at"])
    op.add_column("decisions", sa.Column("batch", sa.Text()))
    op.add_column("decisions", sa.Column("undo", Json))
    op.add_column("decisions", sa.Column("undone_at", UtcDateTime()))
    op.add_column("decisions", sa.Column("undone_by", sa.Text()))
    op.create_index("ix_decisions_batch", "decisions", ["batch"])
    op.create_index("ix_decisions_at", "decisions", ["at"])
    op.create_index("ix_outbox_order_no", "outbox", ["source", "order_no"])
    op.create_index("ix_orders_due_date", "orders", ["life", "due_date"])


def _append_only(table: str) -> None:
    """The database itself refuses to change or remove an entry; who gets past that breaks the chain of hashes."""
    if op.get_bind().dialect.name == "sqlite":
        for what in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{what.lower()} BEFORE {what} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION bridge_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION bridge_append_only()"
    )
