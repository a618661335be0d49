"""Profiles: every fault in one message, by its dotted path, with the nearest right word."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from pydantic import BaseModel

from bridge.errors import ProfileError
from bridge.profile_files import load_profile
from bridge.profiles import Profile, parse_profile
from bridge.settings import shipped_selectors

TEMPLATE = shipped_selectors() / "template.yaml"


def minimal() -> dict[str, Any]:
    return {
        "name": "x",
        "list": {"where": {"at": "table"}},
        "key": ["no"],
        "columns": [{"heading": "单号", "field": "no", "type": "code"}],
    }


def faults(data: Any) -> list[str]:
    with pytest.raises(ProfileError) as caught:
        parse_profile(data, "x.yaml")
    first, *rest = caught.value.message.splitlines()
    assert first == f"profile x.yaml has {len(rest)} fault(s):"
    return [line.strip() for line in rest]


def test_the_least_that_is_needed() -> None:
    profile = parse_profile(minimal(), "x.yaml")
    assert profile.order_list.where.at is not None
    assert profile.order_list.where.at.css == "table"
    assert profile.column("no").name == "单号"


@pytest.mark.parametrize(
    ("more", "throws"),
    [
        ({}, False),
        ({"shut_out": ["被迫下线"]}, True),
        ({"seat_taken": {"marks": ["在线"], "then": "give_up"}}, False),
        ({"seat_taken": {"marks": ["在线"], "then": "take"}}, True),
    ],
)
def test_an_erp_that_throws_people_out_is_known(more: dict[str, Any], throws: bool) -> None:
    profile = parse_profile(minimal() | {"sign_in": {"signed_in": ["ok"]} | more}, "x.yaml")
    assert profile.sign_in is not None
    assert profile.sign_in.throws_out is throws


def test_a_list_is_looked_at_as_closely_as_its_witnesses_need() -> None:
    profile = parse_profile(minimal(), "test")
    assert (profile.scale(page_help=True), profile.scale(page_help=False)) == (1, 2)
    given = parse_profile({**minimal(), "browser": {"scale": 1.5}}, "test")
    assert (given.scale(page_help=True), given.scale(page_help=False)) == (1.5, 1.5)


@pytest.mark.parametrize(
    ("more", "helps"),
    [({}, True), ({"page_help": False}, False), ({"where": {"at": "#c", "drawn": "canvas"}}, False)],
)
def test_only_a_page_of_cells_helps(more: dict[str, Any], helps: bool) -> None:
    data = minimal()
    assert parse_profile({**data, "list": {**data["list"], **more}}, "test").order_list.helps is helps


def test_all_faults_come_at_once() -> None:
    data = minimal()
    data["liste"] = 1
    data["list"]["paging"] = {"kind": "nxt"}
    data["list"]["where"]["at"] = {"ccs": "table"}
    data["sign_in"] = {"signed_in": ["ok"], "steps": [{"fill": {"at": "#a", "valu": "1"}}, {"click": {"nth": -1}}]}
    data["columns"].append({"heading": "数量", "field": "n", "typ": "integer", "decimals": 12})
    assert sorted(faults(data)) == [
        "columns.1.decimals: Input should be less than or equal to 8",
        "columns.1.typ: unknown key; did you mean 'type'?",
        "list.paging.kind: must be 'one_page', 'next', 'scroll' or 'load_more', not 'nxt'; did you mean 'next'?",
        "list.where.at.ccs: unknown key; did you mean 'css'?",
        "liste: unknown key; did you mean 'list'?",
        "sign_in.steps.0.fill.valu: unknown key; did you mean 'value'?",
        "sign_in.steps.0.fill.value: this key is needed",
        "sign_in.steps.1.click.nth: Input should be greater than or equal to 0",
    ]


def test_faults_between_keys_name_the_keys() -> None:
    data = minimal()
    data["columns"] += [{"heading": "单号", "field": "no"}, {"after": "nope", "field": "m"}]
    data["key"] = ["n"]
    data["mappings"] = {"statu": {}}
    (line,) = faults(data)
    for words in (
        "the field 'no' is given twice",
        "the heading '单号' is given twice",
        "key: 'n' is no column's field; did you mean 'no'?",
        "mappings.statu: no column has this field",
        "after 'nope' names no heading",
    ):
        assert words in line


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"list": {"where": {}}}, "list.where: give either `at` or `region`"),
        (
            {"list": {"where": {"at": "t"}, "total": {"pattern": "共(条"}}},
            "list.total.pattern: not a valid pattern",
        ),
        ({"list": {"where": {"at": "t"}, "total": {"pattern": "共条"}}}, "list.total.pattern: needs 1 group"),
        ({"list": {"where": {"at": "t"}, "paging": {"kind": "next"}}}, "paging.kind next needs `next`"),
        ({"list": {"where": {"at": "t"}, "scope": {"kind": "window"}}}, "list.scope.days: needed"),
        ({"sign_in": {"signed_in": []}}, "sign_in.signed_in:"),
        ({"sign_in": {"signed_in": ["a"], "steps": [{"goto": "/", "press": "Enter"}]}}, "exactly one thing"),
        ({"columns": [{"heading": "日期", "field": "no", "type": "date", "format": "yyyy"}]}, "written with %Y"),
        ({"columns": [{"heading": "日期", "type": "code"}]}, "`field` is missing"),
        ({"name": "Not A Name"}, "name:"),
    ],
)
def test_what_makes_no_sense_is_refused(change: dict[str, Any], words: str) -> None:
    assert any(words in line for line in faults({**minimal(), **change}))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"name: x\n  list: [", "is not valid YAML: line 2"),
        ("name: 单号".encode("gbk"), "is not UTF-8 (byte 6)"),
        (b"", "is empty or no mapping"),
        (b"- a\n- b\n", "is empty or no mapping"),
        (b"!!python/object/apply:os.system ['echo x']", "is not valid YAML"),
    ],
)
def test_files_that_are_no_profile(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    assert words in caught.value.message
    assert str(path) in caught.value.message
    assert caught.value.hint


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="does not exist") as caught:
        load_profile(tmp_path / "x.yaml")
    assert "bridge init" in caught.value.hint


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(yaml.safe_dump(minimal(), allow_unicode=True), encoding="utf-8-sig")
    assert load_profile(path).name == "x"


@pytest.mark.parametrize("path", sorted(shipped_selectors().glob("*.yaml")), ids=lambda p: p.stem)
def test_every_shipped_profile_is_valid_and_named_like_its_file(path: Path) -> None:
    assert load_profile(path).name == path.stem


def test_the_template_names_every_key_of_the_schema() -> None:
    text = TEMPLATE.read_text(encoding="utf-8")
    missing = [f"{m.__name__}.{key}" for m in models(Profile) for key in keys(m) if key not in text]
    assert not missing


def keys(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


def models(model: type[BaseModel], seen: set[type[BaseModel]] | None = None) -> Iterator[type[BaseModel]]:
    seen = set() if seen is None else seen
    if model in seen:
        return
    seen.add(model)
    yield model
    for field in model.model_fields.values():
        for inner in _inside(field.annotation):
            yield from models(inner, seen)


def _inside(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _inside(argument)


def test_a_fault_says_on_which_line_it_is(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(
        "# my ERP\nname: x\nlist:\n  where: {at: table}\nkey: [num]\ncolumns:\n"
        "  - {heading: 单号, field: num, type: code}\n  - heading: 数量\n    field: n\n    typ: integer\n",
        encoding="utf-8",
    )
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    assert caught.value.message.splitlines()[1:] == ["  line 10: columns.1.typ: unknown key; did you mean 'type'?"]
    path.write_text(path.read_text(encoding="utf-8").replace("typ:", "type:"), encoding="utf-8")
    assert load_profile(path).place("columns.1.decimals") == f"columns.1.decimals ({path}, line 8)"
    assert parse_profile(minimal(), "x").place("columns.0") == "columns.0"


def test_aliases_of_aliases_do_not_take_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    laughs = "\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40))
    path.write_text(f"a0: &a0 [x]\n{laughs}\nself: &s {{again: *s}}\n", encoding="utf-8")
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    assert "line 1: a0: unknown key" in caught.value.message
