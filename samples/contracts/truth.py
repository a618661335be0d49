"""What a contract promises, as its author knows it."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any

HELD_BACK = 5  # one in so many is not looked at while the parser is written


@dataclass(frozen=True, kw_only=True)
class Truth:
    """kind: absolute | relative | range | batches | none.  A relative term without a date is rightly open.

    handwritten: the date was filled in by hand, so an unflagged answer is wrong even where its date is right.
    must_flag: another reason why only a person may pass it.
    """

    kind: str
    promised_date: date | None = None
    promised_dates: tuple[date, ...] = ()
    base_event: str | None = None
    offset_days: int | None = None
    offset_unit: str | None = None
    handwritten: bool = False
    must_flag: bool = False
    contract_no: str = ""
    signing_date: date | None = None
    buyer: str = ""
    seller: str = ""
    tags: tuple[str, ...] = field(default=())

    def as_json(self) -> dict[str, Any]:
        return {
            name: value.isoformat()
            if isinstance(value, date)
            else [v.isoformat() if isinstance(v, date) else v for v in value]
            if isinstance(value, tuple)
            else value
            for name, value in asdict(self).items()
        }


def held_back(name: str) -> bool:
    """The fixed rule: by the name's hash, so that neither order nor number of the samples moves it."""
    return hashlib.sha256(name.encode()).digest()[0] % HELD_BACK == 0
