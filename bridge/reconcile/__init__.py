"""Stage *reconcile*: stored + observed → ChangeSet.  Pure: no I/O, no clock, no settings."""

from bridge.reconcile.changes import GONE_AFTER, Breaker, reconcile, reconcile_line

__all__ = ["GONE_AFTER", "Breaker", "reconcile", "reconcile_line"]
