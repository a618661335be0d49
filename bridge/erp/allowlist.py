"""May this request go out?  Pure: a request and the profile's rules in, a verdict out.

A legacy program lists, saves and deletes on one address and tells them apart by a field; so a request is judged by
method, path and the value of every action field, in the query and in the body alike.  What cannot be read for
certain (an odd path, an unknown kind of body) counts as forbidden: servers differ in how they read it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from bridge.profiles import Allow

_LOCAL = ("data", "blob", "about")
_OVERRIDES = ("x-http-method-override", "x-http-method", "x-method-override")
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A request that the browser wants to make.  ``body`` None: there is one, and it cannot be seen."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = b""


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Origin:
        parts = urlsplit(url)
        return cls(
            scheme=parts.scheme,
            host=(parts.hostname or "").lower(),
            port=parts.port or _PORTS.get(parts.scheme, 0),
        )


def why_not(
    asked: Asked, allow: Allow, home: Origin, *, sign_in_pages: frozenset[str] | None = None
) -> str | None:
    """None if the request may go out, else the reason in a few words (no query, no body in it).

    sign_in_pages: paths of the pages that the sign-in has been on so far, while it is under way; else None.
    During the sign-in two kinds of requests pass beyond the allow-list, both on the source's own host only:
    a GET or HEAD without any action value (frames, scripts, pictures), and a GET or POST to the very address of
    a page that a step of the sign-in has stood on (the form that is being filled in).  Nothing else: a profile
    names what its start page calls with an action.
    """
    if urlsplit(asked.url).scheme in _LOCAL:
        return None
    if Origin.of(asked.url) != home:
        return "another host"
    path = plain_path(asked.url)
    if path is None:
        return "a path that servers read differently"
    if method := _override(asked):
        return f"pretends to be {method[:12]}"
    values = action_values(asked, allow.action_fields)
    reasons = []
    for rule in allow.requests:
        if rule.method != asked.method or not path_matches(rule.path, path):
            continue
        if rule.actions is None:
            return None
        if values is None:
            reasons.append("a body that cannot be read")
            continue
        bad = next((v for v in values if not any(form in rule.actions for form in v.forms)), None)
        if bad is None:
            return None
        reasons.append(f"action {bad.forms[0][:40]!r}" if bad.forms[0] else "no action value")
    if sign_in_pages is not None and _part_of_sign_in(asked, path, values, sign_in_pages):
        return None
    return reasons[0] if reasons else "not in the allow-list"


def _part_of_sign_in(asked: Asked, path: str, values: list[Value] | None, pages: frozenset[str]) -> bool:
    if path in pages and asked.method in ("GET", "POST"):
        return True
    silent = values is not None and all(v.forms == ("",) for v in values)
    return silent and asked.method in ("GET", "HEAD")


# --- the path ---------------------------------------------------------------------------------------------


def plain_path(url: str) -> str | None:
    """The path as every server understands it, percent-decoded, without ``;parameters``.

    None if servers could disagree about it: encoded slashes, backslashes, dots that remain, double encoding,
    control characters.
    """
    raw = urlsplit(url).path or "/"
    if re.search(r"%2f|%5c|%00|\\", raw, re.IGNORECASE):
        return None
    decoded = unquote_to_bytes(raw).decode("utf-8", "replace")
    if re.search(r"%[0-9a-fA-F]{2}|[\x00-\x1f\x7f\ufffd]", decoded):
        return None
    segments = [segment.partition(";")[0] for segment in decoded.split("/")]
    if any(segment.strip() in (".", "..") for segment in segments):
        return None
    return "/".join(segments)


def path_matches(pattern: str, path: str) -> bool:
    """``*`` stands for any characters, slashes included; upper and lower case differ."""
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), path, re.DOTALL) is not None


# --- the action -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Value:
    """What an action field says.  ``forms``: as UTF-8 and as GBK; the page's character set is not known here."""

    forms: tuple[str, ...]

    @classmethod
    def of(cls, raw: bytes) -> Value:
        found = dict.fromkeys(_decoded(raw, charset) for charset in ("utf-8", "gbk"))
        return cls(tuple(text for text in found if text is not None) or (raw.decode("latin-1"),))


def action_values(asked: Asked, names: list[str]) -> list[Value] | None:
    """The values of all action fields, in query and body; ``[Value(("",))]`` if there is none at all.

    None if the body cannot be read for certain.
    """
    wanted = {name.lower().encode() for name in names}
    found = [
        value for name, raw in _pairs(urlsplit(asked.url).query.encode()) for value in _said(name, raw, wanted)
    ]
    fields = _body_fields(asked)
    if fields is None:
        return None
    found += [value for name, raw in fields for value in _said(name, raw, wanted)]
    return found or [Value(("",))]


def _said(name: bytes, raw: bytes, wanted: set[bytes]) -> Iterator[Value]:
    """``action``, ``ACTION``, ``action[]``; Struts says it in the name: ``action:delete``, ``action.delete``."""
    bare = name.strip(b" \t\r\n\x00").lower()
    head, _, tail = re.sub(rb"\[.*$", b"", bare).replace(b".", b":").partition(b":")
    if head not in wanted:
        return
    yield Value.of(raw)
    if tail:
        yield Value.of(tail)


def _pairs(encoded: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Fields of a query or form.  Some servers also split at ``;``: both readings are judged."""
    for separators in (rb"&", rb"[&;]"):
        for part in re.split(separators, encoded):
            name, _, value = part.partition(b"=")
            yield unquote_to_bytes(name.replace(b"+", b" ")), unquote_to_bytes(value.replace(b"+", b" "))


def _body_fields(asked: Asked) -> list[tuple[bytes, bytes]] | None:
    if asked.body is None:
        return None
    if not asked.body:
        return []
    declared = next((v for k, v in asked.headers.items() if k.lower() == "content-type"), "")
    kind = declared.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return list(_pairs(asked.body))
    if kind == "multipart/form-data":
        return _multipart(declared, asked.body)
    if kind == "application/json" or kind.endswith("+json"):
        return _json(asked.body)
    if kind == "text/plain":
        # A form with enctype=text/plain, or a beacon that carries a query or JSON: all three readings count.
        lines = [tuple(line.partition(b"=")[::2]) for line in asked.body.splitlines()]
        pairs = [(name, value) for name, value in lines]
        return [*pairs, *_pairs(asked.body), *(_json(asked.body) or [])]
    return None


def _multipart(declared: str, body: bytes) -> list[tuple[bytes, bytes]] | None:
    header = b"Content-Type: " + declared.encode("latin-1", "replace") + b"\r\n\r\n"
    parsed = BytesParser(policy=HTTP).parsebytes(header + body)
    if not parsed.is_multipart() or parsed.defects:
        return None
    fields = []
    for part in parsed.iter_parts():
        name = part.get_param("name", header="content-disposition")
        content = part.get_payload(decode=True)
        if not isinstance(name, str) or not isinstance(content, bytes):
            return None
        fields.append((name.encode(), content))
    return fields


def _json(body: bytes) -> list[tuple[bytes, bytes]] | None:
    try:
        # Pairs, not dicts: of a repeated key every value must be allowed.
        data = json.loads(body, object_pairs_hook=_Pairs)
    except ValueError:
        return None
    return list(_walk(data))


class _Pairs(list[Any]):
    """The (key, value) pairs of one JSON object."""


def _walk(data: Any) -> Iterator[tuple[bytes, bytes]]:
    if isinstance(data, _Pairs):
        for key, value in data:
            if isinstance(value, _Pairs):
                yield from _walk(value)
            elif isinstance(value, list):
                yield from ((str(key).encode(), _text(item)) for item in value if not isinstance(item, list))
                yield from _walk(value)
            else:
                yield str(key).encode(), _text(value)
    elif isinstance(data, list):
        for item in data:
            yield from _walk(item)


def _text(value: Any) -> bytes:
    return value.encode("utf-8", "replace") if isinstance(value, str) else json.dumps(value).encode()


def _decoded(raw: bytes, charset: str) -> str | None:
    try:
        return raw.decode(charset)
    except UnicodeDecodeError:
        return None


def _override(asked: Asked) -> str | None:
    """Another method than the real one, as frameworks accept it from a header or a ``_method`` field."""
    said = [v for k, v in asked.headers.items() if k.lower() in _OVERRIDES]
    fields = [*_pairs(urlsplit(asked.url).query.encode()), *(_body_fields(asked) or [])]
    said += [v.decode("latin-1") for k, v in fields if k.strip().lower() == b"_method"]
    return next((v for v in said if v.strip().upper() != asked.method), None)
