"""What a message says, read back for the receivers that want columns instead of JSON.  Pure.

``bridge.store`` writes it (docs/store.md)::

    {"type": "order.changed",              added | changed | gone | left | back
     "id": "5f0c…",                        the idempotency key, also in the webhook-id header
     "occurred_at": "2025-01-31T08:00:00+00:00",
     "source": "demo", "run_id": "…",
     "order_no": "SO-1", "key": ["SO-1", "1"],
     "version": 7,                         of the row; rises with every change
     "fields": {"status": "closed", …},    the whole row as it stands, or as it stood last
     "previous": {"status": "open"},       of the changed fields
     "changed": ["status"], "evidence": {…}}

Numbers with fractions and dates are texts (``"1180.00"``, ``"2025-01-31"``): no receiver has to guess a float.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridge.errors import DeliveryRefused

Plain = str | int | bool | None
"""A value as receivers get it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Body:
    kind: str  # added | changed | gone | left | back
    source: str
    key: tuple[str, ...]
    order_no: str
    version: int
    fields: Mapping[str, Plain]
    previous: Mapping[str, Plain]

    @property
    def key_text(self) -> str:
        return "|".join(self.key)


def read_body(text: str) -> Body:
    """Raises DeliveryRefused if the text has not that shape: sending it again would not help."""
    try:
        data = json.loads(text)
    except ValueError as e:
        raise DeliveryRefused(f"the message body is not JSON: {e}") from None
    match data:
        case {
            "type": str(kind),
            "source": str(source),
            "key": list(key),
            "order_no": str(order_no),
            "version": int(version),
            "fields": dict(fields),
            "previous": dict(previous),
        } if all(isinstance(k, str) for k in key) and _plain(fields) and _plain(previous):
            return Body(
                kind=kind.removeprefix("order."),
                source=source,
                key=tuple(key),
                order_no=order_no,
                version=version,
                fields=fields,
                previous=previous,
            )
    raise DeliveryRefused(
        "the message body lacks type, source, key, order_no, version, fields or previous, or one has another form",
        hint="It was written by another version of the program; bridge/outbox/body.py says what this one reads.",
    )


def _plain(fields: dict[Any, Any]) -> bool:
    return all(v is None or isinstance(v, str | int) for v in fields.values())
