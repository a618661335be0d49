"""report.json: the run's differences in full, every doubtful or changed cell with how it was read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from bridge.breaks import Break
from bridge.encoded import plain_scalar, reading_to_json
from bridge.records import KEY_SEP, Change, Finding, OrderLine, ReviewItem, RunSummary, Scalar
from bridge.reports.view import RunView

FORMAT = 1


def json_bytes(view: RunView, reviews: tuple[ReviewItem, ...]) -> bytes:
    data = {
        "report": FORMAT,
        "run": summary_json(view.summary),
        "held": view.held,
        "findings": [_finding(f) for f in view.findings],
        "reviews": [_review(r) for r in reviews],
        "doubtful": [_line(r.line) for r in view.doubtful],
        "changes": [
            _change(c)
            for c in (*(o.change for o in view.changed), *view.added, *view.back, *view.gone, *view.left)
        ],
        "missing": [key.split(KEY_SEP) for key in view.missing],
        "notes": [{"key": n.key.split(KEY_SEP), "order_no": n.order_no, **_break(n.what)} for n in view.notes],
        "classes": {cls.value: n for cls, n in view.classes},
        "unchanged": view.unchanged,
    }
    # Lone surrogates have no UTF-8; their \uXXXX form is valid JSON and loses nothing.
    return json.dumps(data, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace")


def summary_json(summary: RunSummary) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, Mapping):
            return dict(value)
        return list(value) if isinstance(value, tuple) else value

    return {f.name: plain(getattr(summary, f.name)) for f in fields(summary)}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "message": finding.message,
        "params": dict(finding.params),
        "stop": finding.stop,
        "page": finding.page,
        "row": finding.row,
        "fields": list(finding.fields),
    }


def _break(what: Break) -> dict[str, Any]:
    return {
        "class": what.cls.value,
        "handling": what.handling.value,
        "field": what.field or None,
        "params": dict(what.params),
    }


def _values(values: Mapping[str, Scalar]) -> dict[str, Any]:
    return {name: plain_scalar(value) for name, value in values.items()}


def _line(line: OrderLine) -> dict[str, Any]:
    return {
        "key": line.key.split(KEY_SEP),
        "order_no": line.order_no,
        "key_ok": line.key_ok,
        "page": line.page,
        "row": line.row,
        "fields": {
            name: {
                "value": plain_scalar(v.value),
                "ok": v.ok,
                "doubts": [d.value for d in v.doubts],
                "reading": reading_to_json(v.reading),
            }
            for name, v in line.fields.items()
        },
    }


def _change(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind.value,
        "order_no": change.order_no,
        "key": change.key.split(KEY_SEP),
        "fields": list(change.changed_fields),
        "before": _values(change.before),
        "after": _values(change.after),
        "readings": {name: reading_to_json(r) for name, r in change.readings.items()},
    }


def _review(item: ReviewItem) -> dict[str, Any]:
    return {
        "kind": item.kind.value,
        "key": item.key.split(KEY_SEP) if item.key is not None else None,
        "order_no": item.order_no,
        "fingerprint": item.fingerprint,
        "reason": item.reason,
        "class": item.breaks[0].cls.value if item.breaks else None,
        "breaks": [_break(b) for b in item.breaks],
        "fields": list(item.fields),
        "page": item.line.page if item.line else None,
        "row": item.line.row if item.line else None,
        "before": _values(item.before),
        "store": _values(item.central),
        "could_be": [key.split(KEY_SEP) for key in item.could_be],
    }
