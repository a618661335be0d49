"""What a comparison goes by beside the two lists and the store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from bridge.reconcile.elsewhere import Elsewhere, PlatformNumber
from bridge.reconcile.tolerance import Tolerance


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """tolerances: by field.  platform, elsewhere: how rows show a platform's number, and which of these numbers
    other sources have.  today: the day in the ERP's place, None where nothing can be late; due, status, shipped:
    the fields that say so."""

    tolerances: Mapping[str, Tolerance] = field(default_factory=dict)
    platform: PlatformNumber | None = None
    elsewhere: Mapping[str, Elsewhere] = field(default_factory=dict)
    today: date | None = None
    due: str = "due_date"
    status: str = "status"
    shipped: str = "ship_date"
