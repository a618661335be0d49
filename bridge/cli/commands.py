"""Imports every file of commands, which registers them."""

from __future__ import annotations

from bridge.cli import (  # noqa: F401
    audit,
    contracts,
    glyphs,
    health,
    keeping,
    mappings,
    orders,
    promises,
    reports,
    reviews,
    rules,
    secret,
    starting,
    syncing,
    users,
)
