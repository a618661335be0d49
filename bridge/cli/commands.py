"""Imports every file of commands, which registers them."""

from __future__ import annotations

from bridge.cli import contracts, health, orders, reviews, secret, starting, syncing  # noqa: F401
