"""One order of a sales platform that stands in two sources."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as attribute


@dataclass(frozen=True, kw_only=True, slots=True)
class PlatformNumber:
    """How a source's rows show the platform's own order number.

    field: where it stands.  pattern: two groups, platform prefix and number, or one, the number, and then
    ``prefix`` is the platform.  names: what a source calls a platform → its usual prefix.
    """

    field: str
    pattern: re.Pattern[str]
    prefix: str = ""
    names: Mapping[str, str] = attribute(default_factory=dict)

    def of(self, text: str) -> str | None:
        """The number as ``TB123``, equal in all sources; None where the text shows none."""
        found = self.pattern.fullmatch(text.strip())
        if found is None or not all(found.groups()):
            return None
        prefix, number = found.groups() if self.pattern.groups == 2 else (self.prefix, found[1])
        return (self.names.get(prefix, prefix) + number).upper()


@dataclass(frozen=True, kw_only=True, slots=True)
class Elsewhere:
    """Where a platform order is known from."""

    source: str
    order_no: str
