"""bridge.toml as it stands in the file, with the environment laid over it.

A key is overridden as ``BRIDGE__SOURCES__DEMO__URL=…``: two underscores between the steps, any case, an underscore
for a dash; lists and tables are written as JSON.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bridge.errors import ConfigError

ENV_PREFIX = "BRIDGE__"


def read_toml(path: Path) -> dict[str, Any]:
    """The file's tables; raises ConfigError if it is missing, not UTF-8 or not TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigError(
            f"there is no {path}",
            hint="Write one with `bridge init`, or name another with --config FILE.",
        ) from None
    except UnicodeDecodeError as e:
        raise ConfigError(
            f"{path} is not UTF-8 (byte {e.start})", hint="Save the file as UTF-8 in your editor."
        ) from None
    except tomllib.TOMLDecodeError as e:
        raise ConfigError(
            f"{path} is not valid TOML: {e}",
            hint='Texts stand in quotes (url = "http://…"); in Windows paths use / or single quotes.',
        ) from None
    except OSError as e:
        raise ConfigError(f"{path} cannot be read: {e.strerror}") from e


def lay_over(data: dict[str, Any], environ: Mapping[str, str]) -> dict[str, str]:
    """Puts the variables into ``data``; returns dotted path → variable, for the messages."""
    variables: dict[str, str] = {}
    for variable in sorted(environ):
        if not variable.upper().startswith(ENV_PREFIX):
            continue
        *parents, last = (part.lower() for part in variable[len(ENV_PREFIX) :].split("__"))
        here, path = data, []
        for step in parents:
            path.append(_existing_key(here, step))
            child = here.setdefault(path[-1], {})
            if not isinstance(child, dict):
                raise ConfigError(
                    f"the environment variable {variable} goes below {'.'.join(path)}, which is no table",
                    hint="Correct or unset the variable.",
                )
            here = child
        path.append(_existing_key(here, last))
        here[path[-1]] = _value(environ[variable], variable)
        variables[".".join(path)] = variable
    return variables


def _existing_key(table: Mapping[str, Any], step: str) -> str:
    """The key of ``table`` that an environment variable means: dashes cannot stand in a variable's name."""
    return next((key for key in table if key.replace("-", "_") == step), step)


def _value(text: str, variable: str) -> Any:
    if not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return json.loads(text)
    except json.JSONDecodeError as e:
        raise ConfigError(
            f"the environment variable {variable} is not valid JSON: {e.msg}",
            hint="Correct or unset the variable.",
        ) from None


def name_variable(line: str, variables: Mapping[str, str]) -> str:
    """A fault's line, with the variable that its key came from."""
    variable = variables.get(line.partition(":")[0])
    return f"{line} (from the environment variable {variable})" if variable else line
