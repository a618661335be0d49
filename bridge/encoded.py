"""The frozen data of ``bridge.records`` as JSON, lossless; and the plain form that receivers and exports get."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from bridge.records import Box, Doubt, Reading, Scalar, Witness


def encode_scalar(value: Scalar) -> Any:
    """Lossless JSON form: str, bool and None as they are, the rest tagged (``{"decimal": "1180.00"}``)."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return {"int": str(value)}
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    raise TypeError(f"no JSON form for {type(value).__name__}")


def decode_scalar(data: Any) -> Scalar:
    """Inverse of :func:`encode_scalar`; raises ValueError on anything else."""
    if data is None or isinstance(data, str | bool):
        return data
    match data:
        case {"int": str(v)}:
            return int(v)
        case {"decimal": str(v)}:
            return Decimal(v)
        case {"date": str(v)}:
            return date.fromisoformat(v)
    raise ValueError(f"not an encoded scalar: {data!r}")


def encode_fields(fields: Mapping[str, Scalar]) -> dict[str, Any]:
    return {k: encode_scalar(v) for k, v in fields.items()}


def decode_fields(data: Mapping[str, Any]) -> dict[str, Scalar]:
    return {k: decode_scalar(v) for k, v in data.items()}


def plain_scalar(value: Scalar) -> str | int | bool | None:
    """The form receivers and exports get: decimals and dates as text, no tags."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date):
        return value.isoformat()
    return value


def reading_to_json(reading: Reading) -> dict[str, Any]:
    """A reading without its pixels, as it is stored and exported."""
    return {
        "text": reading.text,
        "proven": reading.proven,
        "confidence": round(reading.confidence, 4),
        "witnesses": [w.value for w in reading.witnesses],
        "doubts": [d.value for d in reading.doubts],
        "alternatives": list(reading.alternatives),
        "box": reading.box.as_list(),
        "shot": reading.shot,
        "picture": reading.picture,
        "page": reading.page,
        "row": reading.row,
    }


def reading_from_json(data: Mapping[str, Any]) -> Reading:
    x, y, w, h = data["box"]
    return Reading(
        text=data["text"],
        proven=data["proven"],
        confidence=data["confidence"],
        witnesses=tuple(Witness(v) for v in data["witnesses"]),
        doubts=tuple(Doubt(v) for v in data["doubts"]),
        alternatives=tuple(data["alternatives"]),
        box=Box(x=x, y=y, w=w, h=h),
        shot=data["shot"],
        picture=data["picture"],
        page=data["page"],
        row=data["row"],
    )
