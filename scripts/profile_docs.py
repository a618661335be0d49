"""Write docs/profile.md, docs/settings.md and docs/errors.md from the schemas and the error tree themselves.

python3 scripts/profile_docs.py            # write them
python3 scripts/profile_docs.py --check    # exit 1 if one is not current
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path, PurePath
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from pydantic import BaseModel  # noqa: E402
from pydantic.fields import FieldInfo  # noqa: E402
from pydantic_core import PydanticUndefined  # noqa: E402

from bridge import errors, profiles, settings  # noqa: E402
from bridge.cli import boundary  # noqa: E402

WRITTEN = "<!-- Written by scripts/profile_docs.py from the program itself; change it there. -->\n"
SHORT_FORMS = {
    "At": "a place",
    "Mark": "a mark",
    "SecretRef": "`secret:NAME`",
}


def profile_page() -> str:
    return (
        f"# The profile\n{WRITTEN}\n"
        "One YAML file per ERP says everything that differs between ERPs. Start from "
        "[`selectors/template.yaml`](../selectors/template.yaml) (`bridge init` copies it), fill it in, and look "
        "at what the bridge sees with `bridge check SOURCE`. It is data only: nothing in it is executed. Unknown "
        "keys are refused, and all faults are shown at once, each with its dotted path.\n\n"
        'A **place** is a CSS selector, written short (`at: "#user"`) or as a mapping (see [At](#at)). A **mark** '
        "is a text, written short (`欢迎`), or a mapping (see [Mark](#mark)).\n\n"
        + "\n".join(_sections(profiles.Profile, "The file"))
    )


def settings_page() -> str:
    return (
        f"# bridge.toml\n{WRITTEN}\n"
        "`bridge init` writes a commented one. Relative paths count from its folder. Passwords never stand in it: "
        "write `secret:NAME` and keep the value with `bridge secret set NAME`; it is looked for in the "
        "environment (`BRIDGE_SECRET_NAME`, `BRIDGE_SECRET_NAME_FILE`), the operating system's keyring and an "
        "encrypted file in `data_dir`, in this order.\n\n"
        "The environment overrides single keys: `BRIDGE__SOURCES__K3__URL=http://…` is `url` of `[sources.k3]` "
        "(two underscores between the steps, any case, an underscore for a dash; lists as JSON).\n\n"
        + "\n".join(_sections(settings.Settings, "The file"))
    )


def errors_page() -> str:
    tree = (errors.__doc__ or "").partition("::\n")[2]
    lines = [
        f"# Exit codes and errors\n{WRITTEN}",
        "Every command ends with one of these codes; they stay the same from version to version. With `--json`",
        'the error is printed as `{"error": {"code", "message", "hint", "retryable", "exit_code", "where"}}`.\n',
        "| exit | meaning |",
        "|---|---|",
        "| 0 | done; rows that wait for a person are the normal course and do not change this |",
    ]
    by_exit: dict[int, list[str]] = {}
    for kind in _tree(errors.BridgeError):
        by_exit.setdefault(kind.exit_code, []).append(f"`{kind.code}`")
    lines += [f"| {code} | {', '.join(codes)} |" for code, codes in sorted(by_exit.items())]
    lines += [
        f"| {boundary.INTERNAL_ERROR} | a fault of the bridge itself; a crash report was written |",
        f"| {boundary.INTERRUPTED} | stopped with Ctrl-C |",
        f"| {boundary.TERMINATED} | stopped by SIGTERM |",
        "",
        "## What each means",
        "| code | exit | does waiting help | next |",
        "|---|---|---|---|",
    ]
    for kind in _tree(errors.BridgeError):
        waits = "yes" if kind.retryable else "no, a person acts"
        lines.append(f"| `{kind.code}` | {kind.exit_code} | {waits} | {kind.hint or 'as the message says'} |")
    drawn = "\n".join(line.removeprefix("    ") for line in tree.strip("\n").splitlines())
    lines += ["", "## The tree", "```", drawn.rstrip(), "```", ""]
    return "\n".join(lines)


def _tree(kind: type[errors.BridgeError]) -> Iterator[type[errors.BridgeError]]:
    yield kind
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from _tree(child)


def _sections(root: type[BaseModel], title: str) -> Iterator[str]:
    """One section per model, in the order in which the keys lead to them."""
    waiting, seen = [root], {root}
    while waiting:
        model = waiting.pop(0)
        yield f"## {title if model is root else model.__name__}"
        own = model.__dict__.get("__doc__")
        if own and model is not root:
            yield " ".join(own.split()).replace("``", "`") + "\n"
        yield "| key | what it says | value | if not given |\n|---|---|---|---|"
        found: list[type[BaseModel]] = []
        for name, field in model.model_fields.items():
            if not field.description:
                raise SystemExit(f"{model.__module__}.{model.__name__}.{name} has no description")
            values = _values(field.annotation, found)
            yield f"| `{field.alias or name}` | {_cell(field.description)} | {values} | {_default(field)} |"
        yield ""
        new = [m for m in dict.fromkeys(found) if m not in seen]
        seen.update(new)
        waiting = new + waiting


def _values(annotation: Any, found: list[type[BaseModel]]) -> str:
    """What may stand at a key, in words; models met on the way are added to ``found``."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _values(inner[0], found)
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(_values(a, found) for a in inner if a is not NoneType))
    if origin is Literal:
        return ", ".join(f"`{v}`" for v in inner)
    if origin is list:
        return f"list: {_values(inner[0], found)}"
    if origin is tuple:
        return f"[{', '.join(_values(a, found) for a in inner)}]"
    if origin is dict:
        return f"table: name → {_values(inner[1], found)}"
    if issubclass(annotation, Enum):
        return ", ".join(f"`{v.value}`" for v in annotation)
    if issubclass(annotation, BaseModel):
        words: str = SHORT_FORMS.get(annotation.__name__, annotation.__name__)
        if annotation.__name__ == "SecretRef":
            return words
        found.append(annotation)
        return f"[{words}](#{annotation.__name__.lower()})"
    if issubclass(annotation, PurePath):
        return "path"
    simple: dict[Any, str] = {bool: "true, false", int: "whole number", float: "number", str: "text"}
    return simple[annotation]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**needed**"
    value = field.default_factory() if field.default_factory else field.default  # type: ignore[call-arg]
    if value is None or value is PydanticUndefined or value in ("", [], {}) or isinstance(value, BaseModel):
        return "-"
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, list | tuple):
        return _cell(f"`[{', '.join(map(str, value))}]`")
    return _cell(f"`{value}`")


def _cell(text: str) -> str:
    """A text inside a Markdown table."""
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


PAGES = {"profile.md": profile_page, "settings.md": settings_page, "errors.md": errors_page}


def main(arguments: list[str]) -> int:
    stale = 0
    for name, page in PAGES.items():
        path = ROOT / "docs" / name
        text = page()
        if "--check" in arguments:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                print(f"docs/{name} is not current; run `python3 scripts/profile_docs.py`", file=sys.stderr)
                stale = 1
            continue
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
        print(f"written {path.relative_to(ROOT)}")
    return stale


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
