"""Stage *reconcile*: stored + observed → ChangeSet.  Pure: no I/O, no clock, no settings."""

from bridge.reconcile.changes import GONE_AFTER, Breaker, reconcile, reconcile_line
from bridge.reconcile.classes import same_picture
from bridge.reconcile.distrust import Distrust, ReadOtherwise, doubted, read_otherwise, way_of
from bridge.reconcile.elsewhere import Elsewhere, PlatformNumber
from bridge.reconcile.questions import question, without
from bridge.reconcile.rules import Rules
from bridge.reconcile.same import same
from bridge.reconcile.tolerance import Tolerance

__all__ = [
    "GONE_AFTER",
    "Breaker",
    "Distrust",
    "Elsewhere",
    "PlatformNumber",
    "ReadOtherwise",
    "Rules",
    "Tolerance",
    "doubted",
    "question",
    "read_otherwise",
    "reconcile",
    "reconcile_line",
    "same",
    "same_picture",
    "way_of",
    "without",
]
