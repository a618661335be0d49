"""Rows of a list as one reads them on the command line."""

from __future__ import annotations

from typing import Any

from bridge.encoded import plain_scalar
from bridge.profiles import Profile
from bridge.records import OrderLine


def plain_row(profile: Profile, line: OrderLine) -> dict[str, Any]:
    """One line by heading: the plain value where it is proven, else with its text and why it is not."""
    out: dict[str, Any] = {}
    for c in profile.columns:
        if c.field is None or c.field not in line.fields:
            continue
        v = line.fields[c.field]
        plain = plain_scalar(v.value)
        out[c.name] = (
            plain
            if v.ok
            else {
                "value": plain,
                "text": v.reading.text,
                "confidence": round(v.reading.confidence, 3),
                "alternatives": list(v.reading.alternatives),
                "status": ", ".join(d.value for d in v.doubts) or "unproven",
            }
        )
    return out
