"""``bridge doctor``: looks at the machine and the configuration.  Changes nothing, but for bringing the database
up to date, as every command does."""

from __future__ import annotations

from bridge.doctor.examine import examine
from bridge.doctor.finding import Finding

__all__ = ["Finding", "examine"]
