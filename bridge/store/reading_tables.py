"""The tables of what reading remembers: proven pictures, characters, pages and rows, and how far nets are to be
trusted.  A change here needs a migration, as in ``tables``.
"""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Integer, LargeBinary, Table, Text

from bridge.store.metadata import metadata
from bridge.store.types import BigId, Json, UtcDateTime

memory = Table(
    "memory",
    metadata,
    Column("source", Text, primary_key=True),
    Column("picture", Text, primary_key=True),
    Column("text", Text, nullable=False),
    Column("witnesses", Json, nullable=False),
    Column("seen", Integer, nullable=False),
    Column("retracted", Boolean, nullable=False),
    Column("learned_at", UtcDateTime, nullable=False),
    Column("last_seen", UtcDateTime, nullable=False),
    Index("ix_memory_last_seen", "source", "last_seen"),
)

glyphs = Table(
    "glyphs",
    metadata,
    Column("source", Text, primary_key=True),
    Column("face", Text, primary_key=True),  # the scale at which the picture was taken
    Column("picture", Text, primary_key=True),  # hash of the picture
    Column("format", Integer, nullable=False),  # of the picture; another program's is not used
    Column("rows", Integer, nullable=False),
    Column("columns", Integer, nullable=False),
    Column("pixels", LargeBinary, nullable=False),  # zlib of rows × columns bytes, 255 = the text's full colour
    Column("clean", Boolean, nullable=False),  # once seen apart from its neighbours
    Column("label", Text, nullable=False),
    Column("state", Text, nullable=False),  # open | settled | disputed | forgotten
    Column("votes", Json, nullable=False),  # net → character → lines
    Column("runners", Json, nullable=False),  # second choices of the nets
    Column("refuted", Json, nullable=False),  # other character → rows that refute it
    Column("proofs", Json, nullable=False),
    Column("against", Text, nullable=False),  # why it is disputed
    Column("seen", Integer, nullable=False),
    Column("spent", Integer, nullable=False),  # votes against it when it was settled
    Column("learned_at", UtcDateTime, nullable=False),
    Column("last_seen", UtcDateTime, nullable=False),
)

reads = Table(
    "reads",
    metadata,
    Column("source", Text, primary_key=True),
    Column("key", Text, primary_key=True),  # hash of all that the reading depends on
    Column("epoch", Text, nullable=False),  # another one than the source's in ``meta``: no longer believed
    Column("sure", Boolean, nullable=False),  # nothing in it is doubtful
    Column("tries", Integer, nullable=False),
    Column("again_at", UtcDateTime, nullable=False),  # from then on what is doubtful is read anew
    Column("learned", Integer, nullable=False),  # pictures that were known when the run that read it began
    Column("body", LargeBinary, nullable=False),
    Column("last_seen", UtcDateTime, nullable=False),
    Index("ix_reads_last_seen", "source", "last_seen"),
)

contradictions = Table(
    "contradictions",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("source", Text, nullable=False),
    Column("picture", Text, nullable=False),
    Column("known_text", Text, nullable=False),
    Column("known_witnesses", Json, nullable=False),
    Column("new_text", Text, nullable=False),
    Column("new_witnesses", Json, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime),  # when a person said what the picture shows
    Index("ix_contradictions_source_picture", "source", "picture"),
    sqlite_autoincrement=True,
)

agreements = Table(
    "agreements",
    metadata,
    Column("source", Text, primary_key=True),
    Column("column_name", Text, primary_key=True),
    Column("step", Float, primary_key=True),  # two nets that were at least so sure, and not as sure as the next
    Column("right", Integer, nullable=False),
    Column("wrong", Integer, nullable=False),
)
