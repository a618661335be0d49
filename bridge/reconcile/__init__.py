"""Stage *reconcile*: stored + observed → ChangeSet.  Pure: no I/O, no clock, no settings."""

from bridge.reconcile.changes import GONE_AFTER, Breaker, reconcile, reconcile_line
from bridge.reconcile.classes import same_picture
from bridge.reconcile.elsewhere import Elsewhere, PlatformNumber
from bridge.reconcile.questions import without
from bridge.reconcile.rules import Rules
from bridge.reconcile.tolerance import Tolerance

__all__ = [
    "GONE_AFTER",
    "Breaker",
    "Elsewhere",
    "PlatformNumber",
    "Rules",
    "Tolerance",
    "reconcile",
    "reconcile_line",
    "same_picture",
    "without",
]
