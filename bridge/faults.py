"""pydantic's validation errors in the words of the file that a person has to edit.

Profiles and bridge.toml share this: one line per fault, the dotted path as it is written in the file, and for a
wrong word the nearest right one.  The value itself is never repeated, except where only fixed words are legal: it
may be a password that stands in the wrong place.
"""

from __future__ import annotations

import difflib
import types
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError


def fault_lines(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """One line per fault, ``dotted.path: what is wrong``; ``model`` is the one that was validated."""
    return [_line(fault, model) for fault in error.errors(include_url=False)]


def near(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'x'?`` with the nearest known word, or nothing."""
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""


def _line(fault: Any, model: type[BaseModel]) -> str:
    path, parent = _follow(fault["loc"], model)
    words = _words(fault, parent)
    return f"{path}: {words}" if path else words


def _words(fault: Any, parent: Any) -> str:
    match fault["type"]:
        case "extra_forbidden":
            return f"unknown key{near(str(fault['loc'][-1]), _fields(parent))}"
        case "missing":
            return "this key is needed"
        case "literal_error" | "enum":
            legal = fault["ctx"]["expected"]
            words = legal.replace(" or ", ", ").replace("'", "").split(", ")
            return f"must be {legal}, not {fault['input']!r}{near(str(fault['input']), words)}"
        case "union_tag_not_found":
            return f"{fault['ctx']['discriminator'].strip(chr(39))}: this key is needed"
        case "union_tag_invalid":
            legal = fault["ctx"]["expected_tags"]
            words = legal.replace("'", "").split(", ")
            return f"kind must be one of {legal}, not {fault['ctx']['tag']!r}{near(fault['ctx']['tag'], words)}"
    return str(fault["msg"]).removeprefix("Value error, ")


def _follow(loc: tuple[Any, ...], model: type[BaseModel]) -> tuple[str, Any]:
    """The dotted path of a fault, without the labels that pydantic adds for unions and validators; and what stands
    at the path without its last step."""
    path: list[str] = []
    parent: Any = model
    here: Any = model
    for step in loc:
        fields = _fields(here)
        if isinstance(step, int):
            path.append(str(step))
            parent, here = here, _inner(here, list, tuple)
        elif step in fields:
            path.append(step)
            parent, here = here, fields[step]
        elif (member := _tagged(here, step)) is not None:
            here = member
        elif (value := _inner(here, dict)) is not None and step != "[key]":
            path.append(step)
            parent, here = here, value
        elif fields:
            path.append(step)
            parent, here = here, None
    return ".".join(path), parent


def _members(annotation: Any) -> list[Any]:
    """What an annotation may be, with Annotated, Optional and Union taken apart."""
    if get_origin(annotation) is Annotated:
        return _members(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return [m for arg in get_args(annotation) if arg is not type(None) for m in _members(arg)]
    return [annotation]


def _fields(annotation: Any) -> dict[str, Any]:
    """Key → annotation, where exactly one model can stand."""
    members = _members(annotation)
    if len(members) != 1 or not (isinstance(members[0], type) and issubclass(members[0], BaseModel)):
        return {}
    return {f.alias or name: f.annotation for name, f in members[0].model_fields.items()}


def _inner(annotation: Any, *containers: type) -> Any:
    """The annotation of a container's items or values, or None."""
    for member in _members(annotation):
        if get_origin(member) in containers:
            return get_args(member)[-1]
    return None


def _tagged(annotation: Any, tag: str) -> Any:
    """The member of a union of models that has ``tag`` as the fixed word of one of its fields, or None."""
    members = _members(annotation)
    for member in members if len(members) > 1 else []:
        for field in _fields(member).values():
            if get_origin(field) is Literal and tag in get_args(field):
                return member
    return None
