"""The first schema: observations, baseline, central orders; runs, reviews, decisions, outbox, memory."""

import sqlalchemy as sa
from alembic import op

from bridge.store.types import BigId, ExactDecimal, Json, UtcDateTime

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    current = sa.text("current")
    is_open = sa.text("state = 'open'")
    unsent = sa.text("state IN ('pending', 'leased', 'parked')")
    op.create_table(
        "baseline",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("fields", Json, nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("absent", sa.Boolean(), nullable=False),
        sa.Column("run_id", sa.Text()),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("source", "key", name="pk_baseline"),
    )
    op.create_table(
        "contradictions",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("picture", sa.Text(), nullable=False),
        sa.Column("known_text", sa.Text(), nullable=False),
        sa.Column("known_witnesses", Json, nullable=False),
        sa.Column("new_text", sa.Text(), nullable=False),
        sa.Column("new_witnesses", Json, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("settled_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_contradictions"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_contradictions_source_picture", "contradictions", ["source", "picture"])
    op.create_table(
        "memory",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("picture", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("witnesses", Json, nullable=False),
        sa.Column("seen", sa.Integer(), nullable=False),
        sa.Column("retracted", sa.Boolean(), nullable=False),
        sa.Column("learned_at", UtcDateTime(), nullable=False),
        sa.Column("last_seen", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("source", "picture", name="pk_memory"),
    )
    op.create_index("ix_memory_last_seen", "memory", ["source", "last_seen"])
    op.create_table(
        "meta",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", Json, nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_meta"),
    )
    op.create_table(
        "observations",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("key_ok", sa.Boolean(), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("readings", Json, nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.Column("first_run", sa.Text(), nullable=False),
        sa.Column("last_run", sa.Text(), nullable=False),
        sa.Column("first_seen", UtcDateTime(), nullable=False),
        sa.Column("last_seen", UtcDateTime(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_observations"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_observations_current",
        "observations",
        ["source", "key"],
        sqlite_where=current,
        postgresql_where=current,
    )
    op.create_index("ix_observations_source_key", "observations", ["source", "key"])
    op.create_table(
        "order_events",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("run_id", sa.Text()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed", Json, nullable=False),
        sa.Column("overwritten", Json, nullable=False),
        sa.Column("evidence", Json, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_order_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_order_events_source_key", "order_events", ["source", "key", "id"])
    op.create_table(
        "orders",
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("line_no", sa.Text()),
        sa.Column("customer", sa.Text()),
        sa.Column("customer_code", sa.Text()),
        sa.Column("sku", sa.Text()),
        sa.Column("product", sa.Text()),
        sa.Column("quantity", ExactDecimal()),
        sa.Column("unit", sa.Text()),
        sa.Column("unit_price", ExactDecimal()),
        sa.Column("amount", ExactDecimal()),
        sa.Column("currency", sa.Text()),
        sa.Column("order_date", sa.Date()),
        sa.Column("due_date", sa.Date()),
        sa.Column("ship_date", sa.Date()),
        sa.Column("status", sa.Text()),
        sa.Column("contract_no", sa.Text()),
        sa.Column("tracking_no", sa.Text()),
        sa.Column("remark", sa.Text()),
        sa.Column("extra", Json, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("life", sa.Text(), server_default=sa.text("'active'"), nullable=False),
        sa.Column("first_seen_at", UtcDateTime(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.Column("updated_at", UtcDateTime(), server_default=sa.text("CURRENT_TIMESTAMP"), nullable=False),
        sa.Column("updated_by", sa.Text(), server_default=sa.text("'outside'"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("bridge_version", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("source", "key", name="pk_orders"),
        *_checks(),
    )
    op.create_index("ix_orders_order_no", "orders", ["order_no"])
    op.create_index("ix_orders_updated_at", "orders", ["updated_at"])
    op.create_table(
        "outbox",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("order_no", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", UtcDateTime(), nullable=False),
        sa.Column("lease_until", UtcDateTime()),
        sa.Column("last_error", sa.Text()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("sent_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("message_id", name="uq_outbox_message_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_next", "outbox", ["receiver", "id"], sqlite_where=unsent, postgresql_where=unsent)
    op.create_index(
        "ix_outbox_order",
        "outbox",
        ["receiver", "source", "order_no", "id"],
        sqlite_where=unsent,
        postgresql_where=unsent,
    )
    op.create_index("ix_outbox_state", "outbox", ["state", "receiver"])
    op.create_table(
        "review_items",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text()),
        sa.Column("order_no", sa.Text()),
        sa.Column("fingerprint", sa.Text(), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("fields", Json, nullable=False),
        sa.Column("line", Json),
        sa.Column("before", Json, nullable=False),
        sa.Column("could_be", Json, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("binding", sa.Boolean(), nullable=False),
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_run", sa.Text(), nullable=False),
        sa.Column("last_seen", UtcDateTime(), nullable=False),
        sa.Column("closed_at", UtcDateTime()),
        sa.Column("decided_by", sa.Text()),
        sa.Column("decision", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_review_items"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_review_items_fingerprint", "review_items", ["source", "fingerprint"])
    op.create_index("ix_review_items_state", "review_items", ["state", "source", "id"])
    op.create_index(
        "uq_review_items_open",
        "review_items",
        ["source", "fingerprint"],
        unique=True,
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime()),
        sa.Column("committed_at", UtcDateTime()),
        sa.Column("committed", Json),
        sa.Column("summary", Json),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index("ix_runs_source_started_at", "runs", ["source", "started_at"])
    op.create_table(
        "decisions",
        sa.Column("id", BigId, autoincrement=True, nullable=False),
        sa.Column("item_id", BigId, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("values", Json, nullable=False),
        sa.Column("key", sa.Text()),
        sa.Column("change", sa.Text()),
        sa.ForeignKeyConstraint(["item_id"], ["review_items.id"], name="fk_decisions_item_id"),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_decisions_item_id", "decisions", ["item_id"])

    for statement in _SQLITE_TRIGGER if _on_sqlite() else _POSTGRES_TRIGGER:
        op.execute(statement)


def _on_sqlite() -> bool:
    return op.get_context().dialect.name == "sqlite"


def _checks() -> list[sa.CheckConstraint]:
    """PostgreSQL's types refuse what is no number, day or moment; SQLite has to be told."""
    rules = {"ck_orders_life": "life IN ('active', 'gone', 'left')"}
    if not _on_sqlite():
        rules["ck_orders_extra_object"] = "json_typeof(extra) = 'object'"
    else:
        rules["ck_orders_extra"] = "json_type(extra) = 'object'"
        for c in ("quantity", "unit_price", "amount"):
            rules[f"ck_orders_{c}"] = (
                f"{c} IS NULL OR ({c} GLOB '*[0-9]*' AND {c} NOT GLOB '*[^-0-9.]*' AND {c} NOT GLOB '?*-*' "
                f"AND {c} NOT GLOB '*.*.*')"
            )
        for c in ("order_date", "due_date", "ship_date"):
            rules[f"ck_orders_{c}"] = f"date({c}, '+0 days') IS {c}"
        for c in ("first_seen_at", "updated_at"):
            rules[f"ck_orders_{c}"] = (
                f"datetime({c}) IS NOT NULL AND {c} GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'"
            )
    return [sa.CheckConstraint(rule, name=name) for name, rule in rules.items()]


# Whoever changes an order raises its version.  A writer that forgets is helped: the bridge sees every edit by
# ``version`` being unlike ``bridge_version``.  The bridge raises the version itself, so this never fires for it.
_SQLITE_TRIGGER = (
    """
    CREATE TRIGGER orders_version AFTER UPDATE ON orders FOR EACH ROW WHEN NEW.version <= OLD.version
    BEGIN
        UPDATE orders SET
            version = OLD.version + 1,
            bridge_version = OLD.bridge_version,
            updated_at = strftime('%Y-%m-%d %H:%M:%f', 'now') || '000',
            updated_by = CASE WHEN NEW.updated_by IS OLD.updated_by THEN 'outside' ELSE NEW.updated_by END
        WHERE source = NEW.source AND key = NEW.key;
    END
    """,
)
_POSTGRES_TRIGGER = (
    """
    CREATE FUNCTION orders_version() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.version <= OLD.version THEN
            NEW.version := OLD.version + 1;
            NEW.bridge_version := OLD.bridge_version;
            NEW.updated_at := clock_timestamp();
            IF NEW.updated_by = OLD.updated_by THEN
                NEW.updated_by := 'outside';
            END IF;
        END IF;
        RETURN NEW;
    END
    $$
    """,
    """
    CREATE TRIGGER orders_version BEFORE UPDATE ON orders
    FOR EACH ROW EXECUTE FUNCTION orders_version()
    """,
)
