"""Profile files: YAML text → validated Profile that knows the line of each of its keys."""

from __future__ import annotations

from pathlib import Path

from bridge.errors import ProfileError
from bridge.profiles import Profile, parse_profile
from bridge.yaml_files import read_yaml


def load_profile(path: Path) -> Profile:
    """Reads and validates one profile file (UTF-8 YAML).

    Raises ProfileError with every fault found and its line: file missing, not YAML, unknown keys, wrong values.
    """
    missing = "Write one with `bridge init`, or fix `profile` in bridge.toml."
    return parse_profile(*read_yaml(path, "profile", error=ProfileError, missing=missing))
