"""The tables.  Three things are kept apart: ``observations`` (everything ever read), ``baseline`` (the last
proven observation of each key) and ``orders`` (the central table that others read and write, docs/store.md).

A change here needs a migration in ``migrations/versions``; a test compares the two.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from bridge.store.metadata import metadata
from bridge.store.types import BigId, ExactDecimal, Json, UtcDateTime

meta = Table(
    "meta",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Json, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", Text, primary_key=True),
    Column("source", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("committed_at", UtcDateTime),  # set in the same transaction as all that the run changed
    Column("committed", Json),  # the CommitResult: asking twice gives the same answer and does nothing
    Column("summary", Json),
    Index("ix_runs_source_started_at", "source", "started_at"),
)

observations = Table(
    "observations",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False),
    Column("key", Text, nullable=False),  # best guess where key_ok is false
    Column("order_no", Text, nullable=False),
    Column("key_ok", Boolean, nullable=False),
    Column("ok", Boolean, nullable=False),  # key and all fields proven
    Column("content", Text, nullable=False),  # hash of what was read, without the place where it stood
    Column("readings", Json, nullable=False),  # field → reading, value and doubts, as first read like this
    Column("current", Boolean, nullable=False),  # the last time this key was seen, it was seen like this
    Column("first_run", Text, nullable=False),
    Column("last_run", Text, nullable=False),
    Column("first_seen", UtcDateTime, nullable=False),
    Column("last_seen", UtcDateTime, nullable=False),
    Column("times", Integer, nullable=False),
    Index("ix_observations_source_key", "source", "key"),
    Index(
        "ix_observations_current",
        "source",
        "key",
        sqlite_where=text("current"),
        postgresql_where=text("current"),
    ),
    sqlite_autoincrement=True,
)

baseline = Table(
    "baseline",
    metadata,
    Column("source", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("order_no", Text, nullable=False),
    Column("fields", Json, nullable=False),  # records.encode_fields
    Column("missing", Integer, nullable=False),
    Column("absent", Boolean, nullable=False),
    Column("run_id", Text),  # the run that proved it; null where a person's decision did
    Column("updated_at", UtcDateTime, nullable=False),
)

# PostgreSQL's types refuse what is no number, no day and no moment; SQLite takes anything unless it is told, and
# an outside writer's slip must be refused there, not found later by whoever reads.
_NUMBER = (
    "{0} IS NULL OR ({0} GLOB '*[0-9]*' AND {0} NOT GLOB '*[^-0-9.]*' AND {0} NOT GLOB '?*-*' "
    "AND {0} NOT GLOB '*.*.*')"
)
_DAY = "date({0}, '+0 days') IS {0}"  # without the sum SQLite lets 31 February pass
_MOMENT = "datetime({0}) IS NOT NULL AND {0} GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]*'"
NUMBERS = ("quantity", "unit_price", "amount")
DAYS = ("order_date", "due_date", "ship_date")
MOMENTS = ("first_seen_at", "updated_at")

orders = Table(
    "orders",
    metadata,
    Column("source", Text, primary_key=True),
    Column("key", Text, primary_key=True),  # key fields joined with U+001F
    Column("order_no", Text, nullable=False),
    Column("line_no", Text),
    Column("customer", Text),
    Column("customer_code", Text),
    Column("sku", Text),
    Column("product", Text),
    Column("quantity", ExactDecimal),
    Column("unit", Text),
    Column("unit_price", ExactDecimal),
    Column("amount", ExactDecimal),
    Column("currency", Text),
    Column("order_date", Date),
    Column("due_date", Date),
    Column("ship_date", Date),
    Column("status", Text),
    Column("contract_no", Text),
    Column("tracking_no", Text),
    Column("remark", Text),
    Column("extra", Json, nullable=False, server_default=text("'{}'")),  # other fields, plain values
    Column("life", Text, nullable=False, server_default=text("'active'")),
    Column("first_seen_at", UtcDateTime, nullable=False, server_default=text("CURRENT_TIMESTAMP")),
    Column("updated_at", UtcDateTime, nullable=False, server_default=text("CURRENT_TIMESTAMP")),
    Column("updated_by", Text, nullable=False, server_default=text("'outside'")),
    Column("version", Integer, nullable=False, server_default=text("1")),
    Column("bridge_version", Integer, nullable=False, server_default=text("0")),
    Index("ix_orders_order_no", "order_no"),
    Index("ix_orders_due_date", "life", "due_date", "source", "ship_date", "status"),
    Index("ix_orders_updated_at", "updated_at"),
    CheckConstraint("life IN ('active', 'gone', 'left')", name="life"),
    CheckConstraint("json_type(extra) = 'object'", name="extra").ddl_if(dialect="sqlite"),
    CheckConstraint("json_typeof(extra) = 'object'", name="extra_object").ddl_if(dialect="postgresql"),
    *(CheckConstraint(_NUMBER.format(c), name=c).ddl_if(dialect="sqlite") for c in NUMBERS),
    *(CheckConstraint(_DAY.format(c), name=c).ddl_if(dialect="sqlite") for c in DAYS),
    *(CheckConstraint(_MOMENT.format(c), name=c).ddl_if(dialect="sqlite") for c in MOMENTS),
)

order_events = Table(
    "order_events",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("order_no", Text, nullable=False),
    Column("event", Text, nullable=False),  # added | changed | gone | left | back
    Column("at", UtcDateTime, nullable=False),
    Column("by", Text, nullable=False),  # 'bridge', or the person whose decision it was
    Column("run_id", Text),
    Column("version", Integer, nullable=False),  # of the order after the event
    Column("changed", Json, nullable=False),  # field → {"from": …, "to": …}, plain values
    Column("overwritten", Json, nullable=False),  # field → the outside writer's value that gave way
    Column("evidence", Json, nullable=False),  # field → reading
    Index("ix_order_events_source_key", "source", "key", "id"),
    sqlite_autoincrement=True,
)

_IS_OPEN = text("state = 'open'")

review_items = Table(
    "review_items",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text),
    Column("order_no", Text),
    Column("fingerprint", Text, nullable=False),
    Column("content", Text, nullable=False),  # hash of the row's proven values: what else the person saw
    Column("reason", Text, nullable=False),
    Column("fields", Json, nullable=False),
    Column("line", Json),  # the whole OrderLine with its readings
    Column("before", Json, nullable=False),
    Column("could_be", Json, nullable=False),
    Column("breaks", Json, nullable=False, server_default=text("'[]'")),  # class, field, facts
    Column("central", Json, nullable=False, server_default=text("'{}'")),  # records.encode_fields
    Column("state", Text, nullable=False),  # open | decided | superseded
    Column("binding", Boolean, nullable=False),  # decided, and not to be asked again
    Column("run_id", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_run", Text, nullable=False),
    Column("last_seen", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    Column("decided_by", Text),
    Column("decision", Text),
    Column("assigned_to", Text),  # a user's name: whose question it is
    Column("later_until", UtcDateTime),  # put off until then; it still waits, at the queue's end
    Index(
        "uq_review_items_open",
        "source",
        "fingerprint",
        unique=True,
        sqlite_where=_IS_OPEN,
        postgresql_where=_IS_OPEN,
    ),
    Index("ix_review_items_fingerprint", "source", "fingerprint"),
    Index("ix_review_items_state", "state", "source", "id"),
    Index("ix_review_items_key", "source", "key"),
    Index("ix_review_items_created_at", "created_at"),
    sqlite_autoincrement=True,
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("item_id", BigId, ForeignKey("review_items.id"), nullable=False),
    Column("source", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("note", Text, nullable=False),
    Column("values", Json, nullable=False),  # field → text as the person gave it
    Column("key", Text),  # of the settled row
    Column("change", Text),  # the kind of change that went out, null if none did
    Column("batch", Text),  # decisions that were made with one key
    Column("undo", Json),  # what stood there before; see ``store.undo``
    Column("undone_at", UtcDateTime),
    Column("undone_by", Text),
    Index("ix_decisions_item_id", "item_id"),
    Index("ix_decisions_batch", "batch"),
    Index("ix_decisions_at", "at"),
    sqlite_autoincrement=True,
)

_UNSENT = text("state IN ('pending', 'leased', 'parked')")

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),  # order of commit within one order number
    Column("message_id", Text, nullable=False, unique=True),
    Column("receiver", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("order_no", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", Text, nullable=False),  # pending | leased | sent | parked | dropped
    Column("attempts", Integer, nullable=False),
    Column("next_attempt_at", UtcDateTime, nullable=False),
    Column("lease_until", UtcDateTime),
    Column("last_error", Text),
    Column("created_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime),
    # The lease asks two things of the unsent only: what comes next, and is anything of that order before it.
    Index("ix_outbox_next", "receiver", "id", sqlite_where=_UNSENT, postgresql_where=_UNSENT),
    Index(
        "ix_outbox_order",
        "receiver",
        "source",
        "order_no",
        "id",
        sqlite_where=_UNSENT,
        postgresql_where=_UNSENT,
    ),
    Index("ix_outbox_state", "state", "receiver"),
    Index("ix_outbox_order_no", "source", "order_no"),
    sqlite_autoincrement=True,
)

contracts = Table(
    "contracts",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("content", Text, nullable=False, unique=True),  # sha256 of the file: the same file is one contract
    Column("file", Text, nullable=False),
    Column("received_at", UtcDateTime, nullable=False),
    Column("version", Integer, nullable=False),
    Column("as_read", Json, nullable=False),  # what `bridge contract --json` says of the file
    Column("stated", Json, nullable=False),  # the promise as read, or as a person gave it
    Column("sure", Boolean, nullable=False),
    Column("due", Date),  # the day the promise comes to
    Column("contract_no", Text, nullable=False),
    Column("signing_date", Date),
    Column("buyer", Text, nullable=False),
    Column("picture", Text, nullable=False),  # sha256 of the clause's picture
    Column("page_picture", Text, nullable=False),
    Column("asks", Json, nullable=False),  # contracts.kept.Ask
    Column("settled_by", Text),
    Column("settled_at", UtcDateTime),
    Column("superseded_by", BigId),
    Column("replaced_by_person", Boolean, nullable=False),
    sqlite_autoincrement=True,
)

contract_links = Table(
    "contract_links",
    metadata,
    Column("contract", BigId, ForeignKey("contracts.id"), primary_key=True),
    Column("source", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("order_no", Text, nullable=False),
    Column("how", Text, nullable=False),  # contracts.kept.LinkHow
    Column("state", Text, nullable=False),  # contracts.kept.LinkState
    Column("by", Text, nullable=False),
    Index("ix_contract_links_key", "source", "key"),
)

# The last entry of a person for an event holds; what the orders show is worked out anew each time.
contract_events = Table(
    "contract_events",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("contract", BigId, ForeignKey("contracts.id"), nullable=False),
    Column("event", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("earliest", Date),
    Column("how", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_contract_events_contract", "contract"),
    sqlite_autoincrement=True,
)

contract_entries = Table(
    "contract_entries",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("contract", BigId, ForeignKey("contracts.id"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("by", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("details", Json, nullable=False),
    Index("ix_contract_entries_contract", "contract"),
    sqlite_autoincrement=True,
)

users = Table(
    "users",
    metadata,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),  # interfaces.Role
    Column("password", Text, nullable=False),  # argon2id, with its parameters and salt
    Column("customers", Json, nullable=False),  # names; empty: all
    Column("created_at", UtcDateTime, nullable=False),
)

user_sessions = Table(
    "user_sessions",
    metadata,
    Column(
        "token", Text, primary_key=True
    ),  # sha256 of what the browser holds: a copy of the table signs nobody in
    Column("user", Text, ForeignKey("users.name", ondelete="CASCADE"), nullable=False),
    Column("csrf", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Index("ix_user_sessions_user", "user"),
)

_OPEN_ALERT = text("ended_at IS NULL")

captcha_questions = Table(
    "captcha_questions",
    metadata,
    Column("token", Text, primary_key=True),  # the last part of the page's address
    Column("source", Text, nullable=False),
    Column("picture", Text, nullable=False),  # sha256, kept as evidence
    Column("asked_at", UtcDateTime, nullable=False),
    Column("until", UtcDateTime, nullable=False),  # nobody waits longer
    Column("answer", Text),
    Column("answered_by", Text),
    Column("answered_at", UtcDateTime),
)

# What order-life rules have told.  One row for each spell of a rule fitting an order: it is told once.
rule_alerts = Table(
    "rule_alerts",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("rule", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("order_no", Text, nullable=False),
    Column("spell", Text, nullable=False),  # rules.judge.spell_of
    Column("fired_at", UtcDateTime, nullable=False),
    Column("told_at", UtcDateTime),  # null: no channel has taken it yet
    Column("ended_at", UtcDateTime),  # null: as far as is known the rule still fits
    UniqueConstraint("rule", "source", "key", "spell"),
    Index("ix_rule_alerts_source_key", "source", "key"),
    Index("ix_rule_alerts_open", "source", "rule", sqlite_where=_OPEN_ALERT, postgresql_where=_OPEN_ALERT),
    sqlite_autoincrement=True,
)

blind_checks = Table(
    "blind_checks",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("order_no", Text, nullable=False),
    Column("customer", Text),  # whose order: who may not see it is not asked
    Column("field", Text, nullable=False),
    Column("observation", BigId, nullable=False),
    Column("accepted", Json, nullable=False),  # encoding.value_to_json: what nobody was asked about
    Column("day", Date, nullable=False),  # on which it was drawn
    Column("state", Text, nullable=False),  # store.blind.State
    Column("answer", Text),  # what the person read; never changed once it is given
    Column("answered_by", Text),
    Column("answered_at", UtcDateTime),
    Column("lifted_by", Text),  # who trusts that way of proving again
    Column("lifted_at", UtcDateTime),
    Index("ix_blind_checks_source_state", "source", "state"),
    Index("ix_blind_checks_day", "day"),
    sqlite_autoincrement=True,
)

# Append-only: triggers refuse to change or remove an entry, and each entry's hash covers the one before.
audit = Table(
    "audit",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),  # 1, 2, 3, … without a gap
    Column("at", UtcDateTime, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("details", Text, nullable=False),  # JSON text, hashed as it stands
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
)
