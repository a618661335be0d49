"""Records ↔ the JSON that the tables keep."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from bridge.breaks import Break, BreakClass
from bridge.encoded import (
    decode_fields,
    decode_scalar,
    encode_fields,
    encode_scalar,
    plain_scalar,
    reading_from_json,
    reading_to_json,
)
from bridge.records import (
    Change,
    ChangeKind,
    Doubt,
    FieldValue,
    OrderLine,
    Reading,
    ReviewItem,
    ReviewKind,
    RunStatus,
    RunSummary,
    Scalar,
)


def plain_fields(values: Mapping[str, Scalar]) -> dict[str, str | int | bool | None]:
    return {name: plain_scalar(v) for name, v in values.items()}


def value_to_json(value: FieldValue) -> dict[str, Any]:
    return {
        "value": encode_scalar(value.value),
        "doubts": [d.value for d in value.doubts],
        "reading": reading_to_json(value.reading),
    }


def value_from_json(field: str, data: Mapping[str, Any]) -> FieldValue:
    return FieldValue(
        field=field,
        value=decode_scalar(data["value"]),
        reading=reading_from_json(data["reading"]),
        doubts=tuple(Doubt(d) for d in data["doubts"]),
    )


def line_to_json(line: OrderLine) -> dict[str, Any]:
    return {
        "source": line.source,
        "key": line.key,
        "order_no": line.order_no,
        "key_ok": line.key_ok,
        "page": line.page,
        "row": line.row,
        "fields": {name: value_to_json(v) for name, v in line.fields.items()},
    }


def line_from_json(data: Mapping[str, Any]) -> OrderLine:
    return OrderLine(
        source=data["source"],
        key=data["key"],
        order_no=data["order_no"],
        key_ok=data["key_ok"],
        page=data["page"],
        row=data["row"],
        fields={name: value_from_json(name, v) for name, v in data["fields"].items()},
    )


def item_from_row(row: Mapping[str, Any]) -> ReviewItem:
    return ReviewItem(
        kind=ReviewKind(row["kind"]),
        source=row["source"],
        key=row["key"],
        order_no=row["order_no"],
        fingerprint=row["fingerprint"],
        reason=row["reason"],
        fields=tuple(row["fields"]),
        line=line_from_json(row["line"]) if row["line"] is not None else None,
        before=decode_fields(row["before"]),
        could_be=tuple(row["could_be"]),
        breaks=tuple(
            Break(cls=BreakClass(b["class"]), field=b["field"], params=b["params"]) for b in row["breaks"]
        ),
        central=decode_fields(row["central"]),
    )


def item_to_row(item: ReviewItem) -> dict[str, Any]:
    return {
        "kind": item.kind.value,
        "source": item.source,
        "key": item.key,
        "order_no": item.order_no,
        "fingerprint": item.fingerprint,
        "content": proven_content(item.line),
        "reason": item.reason,
        "fields": list(item.fields),
        "line": line_to_json(item.line) if item.line is not None else None,
        "before": encode_fields(item.before),
        "could_be": list(item.could_be),
        "breaks": [{"class": b.cls.value, "field": b.field, "params": dict(b.params)} for b in item.breaks],
        "central": encode_fields(item.central),
    }


def change_to_json(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind.value,
        "source": change.source,
        "key": change.key,
        "order_no": change.order_no,
        "before": encode_fields(change.before),
        "after": encode_fields(change.after),
        "readings": {name: reading_to_json(r) for name, r in change.readings.items()},
        "store_keeps": list(change.store_keeps),
    }


def change_from_json(data: Mapping[str, Any]) -> Change:
    return Change(
        kind=ChangeKind(data["kind"]),
        source=data["source"],
        key=data["key"],
        order_no=data["order_no"],
        before=decode_fields(data["before"]),
        after=decode_fields(data["after"]),
        readings={name: reading_from_json(r) for name, r in data["readings"].items()},
        store_keeps=tuple(data["store_keeps"]),
    )


def digest(data: Any) -> str:
    text = json.dumps(data, ensure_ascii=True, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def observed_content(line: OrderLine) -> str:
    """Equal as long as a row says the same.  Where it stood, its exact pixels and who vouched are left out:
    they differ from run to run and say nothing new."""
    return digest(
        [
            line.key_ok,
            [
                [name, v.reading.text, v.reading.proven, encode_scalar(v.value), sorted(v.doubts)]
                for name, v in line.fields.items()
            ],
        ]
    )


def proven_content(line: OrderLine | None) -> str:
    """Of a doubtful row: what was certain about it."""
    if line is None:
        return ""
    return digest({name: encode_scalar(v.value) for name, v in line.fields.items() if v.ok})


def evidence(readings: Mapping[str, Reading]) -> dict[str, Any]:
    """What a receiver learns about how each value was read."""
    return {
        name: {
            "text": r.text,
            "confidence": round(r.confidence, 4),
            "witnesses": [w.value for w in r.witnesses],
            "picture": r.picture,
        }
        for name, r in readings.items()
    }


_TUPLES = ("why_not",)
_TIMES = ("started_at", "finished_at")


def summary_to_json(summary: RunSummary) -> dict[str, Any]:
    data = {f.name: getattr(summary, f.name) for f in fields(summary)}
    for name in _TIMES:
        data[name] = data[name].isoformat() if data[name] is not None else None
    for name in _TUPLES:
        data[name] = list(data[name])
    data["seconds"] = {k: round(v, 4) for k, v in summary.seconds.items()}
    data["witnesses"] = dict(summary.witnesses)
    data["status"] = summary.status.value
    return data


def summary_from_json(data: Mapping[str, Any]) -> RunSummary:
    known = {f.name for f in fields(RunSummary)}
    values = {k: v for k, v in data.items() if k in known}
    values["status"] = RunStatus(values["status"])
    for name in _TIMES:
        values[name] = datetime.fromisoformat(values[name]) if values.get(name) is not None else None
    for name in _TUPLES:
        values[name] = tuple(values.get(name, ()))
    return RunSummary(**values)
