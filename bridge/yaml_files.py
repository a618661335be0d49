"""YAML files that people write: their data, and the line of each key for the messages about their faults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bridge.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Origin:
    """The file some data came from.  lines: dotted path → line, from 1."""

    file: str
    lines: Mapping[str, int]

    def line(self, path: str) -> int | None:
        """The line of the key, or of the nearest one around it that is written."""
        while path not in self.lines:
            if "." not in path:
                return None
            path = path.rpartition(".")[0]
        return self.lines[path]

    def with_line(self, fault: str) -> str:
        """A fault that begins with its dotted path (``bridge.faults``), with the line before it."""
        line = self.line(fault.partition(":")[0])
        return f"line {line}: {fault}" if line else fault


def read_yaml(path: Path, kind: str, *, error: type[ConfigError], missing: str) -> tuple[Any, Origin]:
    """The data of a UTF-8 file, and where it stands.  kind: what it is called in messages.  missing: the next move
    where there is no such file.

    Raises ``error``: file missing, not readable, not UTF-8, not YAML.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise error(f"{kind} {path} does not exist", hint=missing) from None
    except UnicodeDecodeError as e:
        raise error(
            f"{kind} {path} is not UTF-8 (byte {e.start})", hint="Save the file as UTF-8 in your editor."
        ) from None
    except OSError as e:
        raise error(f"{kind} {path} cannot be read: {e.strerror}") from e
    try:
        data, tree = _parsed(text)
    except yaml.YAMLError as e:
        mark = getattr(e, "problem_mark", None)
        line = f" line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise error(
            f"{kind} {path} is not valid YAML:{line} {getattr(e, 'problem', '') or ''}".rstrip(),
            hint="Mind the indentation, and put texts that contain : or # in quotes.",
        ) from None
    return data, Origin(str(path), dict(_lines(tree, "", set())))


def _parsed(text: str) -> tuple[Any, yaml.Node | None]:
    """By libyaml where there is one, in a twentieth of the time; by PyYAML itself to tell where a fault is."""
    quick = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(text, Loader=quick), yaml.compose(text, Loader=quick)
    except yaml.YAMLError:
        return yaml.safe_load(text), yaml.compose(text, Loader=yaml.SafeLoader)


def _lines(node: yaml.Node | None, path: str, seen: set[int]) -> Iterator[tuple[str, int]]:
    """seen: nodes that were told already; aliases of aliases would else never end."""
    if node is None or id(node) in seen:
        return
    seen.add(id(node))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = f"{path}.{key.value}".lstrip(".")
            yield here, key.start_mark.line + 1
            yield from _lines(value, here, seen)
    elif isinstance(node, yaml.SequenceNode):
        for i, item in enumerate(node.value):
            here = f"{path}.{i}".lstrip(".")
            yield here, item.start_mark.line + 1
            yield from _lines(item, here, seen)
