"""The central store's side of a three-way comparison: what it holds, and who owns which field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

SHIPPED = ("shipped", "done", "closed", "cancelled")
"""Status words (after the profile's mapping) of orders that can no longer be late."""


class Owner(StrEnum):
    """Who decides about a field that the ERP and the store both changed."""

    ERP = "erp"  # the ERP's value goes in; the store's is kept in the history
    STORE = "store"  # the store's value stays, whatever the ERP shows
    NEWEST = "newest"  # the later change; where that cannot be known, a person
    ASK = "ask"


@dataclass(frozen=True, kw_only=True, slots=True)
class CentralRow:
    """One row of the central order table.  fields: those that are not null; what is kept in ``extra`` is plain."""

    fields: Mapping[str, Decimal | date | str | int | bool | None]
    updated_by: str
    updated_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class CentralSide:
    """All that the comparison needs to know of the store.

    owners: by field; ``*`` stands for all not named.  seen_at: until then the
    ERP certainly had not changed since the baseline; None if it is not known.
    """

    rows: Mapping[str, CentralRow] = field(default_factory=dict)
    owners: Mapping[str, Owner] = field(default_factory=dict)
    seen_at: datetime | None = None

    def owner(self, name: str) -> Owner:
        return self.owners.get(name, self.owners.get("*", Owner.ASK))
