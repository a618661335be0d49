"""Profile files: YAML text → validated Profile that knows the line of each of its keys."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import yaml

from bridge.errors import ProfileError
from bridge.profiles import Origin, Profile, parse_profile


def load_profile(path: Path) -> Profile:
    """Reads and validates one profile file (UTF-8 YAML).

    Raises ProfileError with every fault found and its line: file missing, not YAML, unknown keys, wrong values.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ProfileError(
            f"profile {path} does not exist",
            hint="Write one with `bridge init`, or fix `profile` in bridge.toml.",
        ) from None
    except UnicodeDecodeError as e:
        raise ProfileError(
            f"profile {path} is not UTF-8 (byte {e.start})", hint="Save the file as UTF-8 in your editor."
        ) from None
    except OSError as e:
        raise ProfileError(f"profile {path} cannot be read: {e.strerror}") from e
    try:
        data = yaml.safe_load(text)
        tree = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as e:
        mark = getattr(e, "problem_mark", None)
        line = f" line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ProfileError(
            f"profile {path} is not valid YAML:{line} {getattr(e, 'problem', '') or ''}".rstrip(),
            hint="Mind the indentation, and put texts that contain : or # in quotes.",
        ) from None
    return parse_profile(data, Origin(str(path), dict(_lines(tree, "", set()))))


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
