"""What is known of one contract file: the object that ``bridge contract --json`` prints and the store keeps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from bridge.records import Box, Image


@dataclass(frozen=True, kw_only=True, slots=True)
class ContractResult:
    """promised_date: the last day promised, or None.  box: of the clause, in the pixels of page ``page`` as the
    file holds it (PDF: points, from the upper left).  offset_days: None where the term counts months.
    status: ok | needs_review | error; reason: why a person must look, or what the paper says instead of a date.
    clause_picture (over a page's end, too), page_picture: H × W × 3, RGB; None without a page."""

    file: str
    promised_date: date | None = None
    promised_dates: tuple[date, ...] = ()
    kind: str = "unreadable"  # absolute | relative | range | batches | none | unreadable
    base_event: str | None = None
    offset_days: int | None = None
    offset_months: int | None = None
    offset_unit: str | None = None  # calendar | working
    clause: str = ""
    page: int | None = None
    box: Box | None = None
    confidence: float = 0.0
    needs_review: bool = True
    reason: str = ""
    contract_no: str | None = None
    signing_date: date | None = None
    buyer: str | None = None
    seller: str | None = None
    pages: int = 0
    status: str = "error"
    error: dict[str, str] | None = None  # code, why, message, hint
    doubted: tuple[str, ...] = ()  # keys of the head that two readings read differently
    totals: tuple[Decimal, ...] = ()  # numbers that are said to be a total
    clause_picture: Image | None = field(default=None, repr=False, compare=False)  # upright, in its colours
    page_picture: Image | None = field(default=None, repr=False, compare=False)

    def as_json(self) -> dict[str, Any]:
        return {
            "file": self.file,
            "promised_date": self.promised_date.isoformat() if self.promised_date else None,
            "promised_dates": [d.isoformat() for d in self.promised_dates],
            "kind": self.kind,
            "base_event": self.base_event,
            "offset_days": self.offset_days,
            "offset_months": self.offset_months,
            "offset_unit": self.offset_unit,
            "clause": self.clause,
            "page": self.page,
            "box": self.box.as_list() if self.box else None,
            "confidence": round(self.confidence, 3),
            "needs_review": self.needs_review,
            "reason": self.reason,
            "contract_no": self.contract_no,
            "signing_date": self.signing_date.isoformat() if self.signing_date else None,
            "buyer": self.buyer,
            "seller": self.seller,
            "pages": self.pages,
            "status": self.status,
            "error": self.error,
            "doubted": list(self.doubted),
            "totals": [str(t) for t in self.totals],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ContractResult:
        """Inverse of ``as_json``; without the pictures."""
        box = data["box"]
        return cls(
            **{
                **data,
                "promised_date": _day(data["promised_date"]),
                "promised_dates": tuple(date.fromisoformat(d) for d in data["promised_dates"]),
                "box": Box(x=box[0], y=box[1], w=box[2], h=box[3]) if box else None,
                "signing_date": _day(data["signing_date"]),
                "doubted": tuple(data["doubted"]),
                "totals": tuple(Decimal(t) for t in data["totals"]),
            }
        )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
