"""bridge.toml: all faults at once, by their dotted paths, and the environment on top."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest
from pydantic import BaseModel

from bridge import settings as settings_module
from bridge.errors import ConfigError
from bridge.scaffold import TOML
from bridge.settings import Settings, find_profile, load_settings, shipped_selectors

GOOD = """
[sources.k3]
url = "http://127.0.0.1:8080/"
profile = "template"
user = "secret:k3-user"
password = "secret:k3-password"

[receivers.hub]
kind = "webhook"
url = "https://hub.example/orders"
secret = "secret:hub-signing"
ca_file = "certs/hub.pem"

[receivers.files]
kind = "folder"
folder = "outgoing"
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "bridge.toml"
    path.write_text(text, encoding="utf-8")
    return path


def faults(folder: Path, text: str, **environ: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_settings(write(folder, text), environ)
    return [line.strip() for line in caught.value.message.splitlines()[1:]]


def test_defaults_and_paths_count_from_the_folder_of_the_file(tmp_path: Path) -> None:
    got = load_settings(write(tmp_path, GOOD), {})
    assert got.data_dir == tmp_path / "bridge-data"
    assert got.database_url == f"sqlite:///{(tmp_path / 'bridge-data/bridge.db').as_posix()}"
    assert got.sources["k3"].profile == shipped_selectors() / "template.yaml"
    assert got.receivers["hub"].options["ca_file"] == str(tmp_path / "certs/hub.pem")
    assert got.receivers["files"].options == {"folder": str(tmp_path / "outgoing")}
    assert (got.interval_s("k3"), got.deadline_s("k3")) == (900, 720)
    assert got.secret_names() == ["hub-signing", "k3-password", "k3-user"]
    assert got.reports.language == "zh"
    assert got.sources["k3"].breaker.max_gone_percent == 10


def test_all_faults_come_at_once_with_path_and_nearest_key(tmp_path: Path) -> None:
    text = """
    data_di = "x"
    [store]
    url = "postgresql://u:pw@host/db"
    [sources.k3]
    url = "ftp://erp"
    profile = "templat"
    password = "hunter2"
    pasword = "secret:x"
    ca_file = "missing.pem"
    [sources.k3.breaker]
    max_gone_percent = 200
    [receivers.hub]
    kind = "webhook"
    secret = "hunter2"
    [reports]
    language = "fr"
    [run]
    hours = "8-20"
    timezone = "Asia/Shangai"
    """
    got = faults(tmp_path, text)
    for path, words in {
        "data_di": "unknown key; did you mean 'data_dir'?",
        "store.url": "holds a password",
        "sources.k3.url": "must be an address",
        "sources.k3.profile": "did you mean 'template'?",
        "sources.k3.password": "write secret:NAME here",
        "sources.k3.pasword": "unknown key; did you mean 'password'?",
        "sources.k3.ca_file": "there is no file",
        "sources.k3.breaker.max_gone_percent": "less than or equal to 100",
        "receivers.hub": "secret: write secret:NAME here",
        "reports.language": "must be 'zh' or 'en', not 'fr'",
        "run.hours": "match pattern",
        "run.timezone": "there is no time zone",
    }.items():
        matching = [line for line in got if line.startswith(f"{path}: ")]
        assert len(matching) == 1, (path, got)
        assert words in matching[0]
    assert len(got) == 12
    assert "hunter2" not in "".join(got)


def test_a_password_that_stands_in_the_file_is_in_no_part_of_the_error(tmp_path: Path) -> None:
    text = GOOD.replace('"secret:k3-password"', '"hunter2"').replace('"secret:hub-signing"', '"hunter3"')
    with pytest.raises(ConfigError) as caught:
        load_settings(write(tmp_path, text), {})
    error: BaseException | None = caught.value
    assert caught.value.__suppress_context__
    assert "hunter" not in f"{error!r} {caught.value.message} {caught.value.hint} {caught.value.where}"


def test_the_environment_overrides_and_is_named_in_faults(tmp_path: Path) -> None:
    environ = {
        "BRIDGE__SOURCES__K3__URL": "http://10.0.0.9/",
        "bridge__run__interval_minutes": "5",
        "BRIDGE__SOURCES__K3__PIXELS_ONLY": "true",
        "BRIDGE__RECEIVERS__HUB": '{"kind": "folder", "folder": "in"}',
        "BRIDGE_CONFIG": "not ours",
    }
    got = load_settings(write(tmp_path, GOOD), environ)
    assert got.sources["k3"].url == "http://10.0.0.9/"
    assert got.interval_s("k3") == 300
    assert got.sources["k3"].pixels_only is True
    assert got.receivers["hub"].kind == "folder"
    (line,) = faults(tmp_path, GOOD, BRIDGE__RUN__INTERVAL_MINUTES="soon")
    assert line.startswith("run.interval_minutes: ")
    assert "BRIDGE__RUN__INTERVAL_MINUTES" in line
    (line,) = faults(tmp_path, GOOD, BRIDGE__RUM__INTERVAL_MINUTES="5")
    assert line == "rum: unknown key; did you mean 'run'?"


def test_an_underscore_in_a_variable_may_stand_for_a_dash(tmp_path: Path) -> None:
    text = GOOD.replace("sources.k3", "sources.k3-east")
    got = load_settings(write(tmp_path, text), {"BRIDGE__SOURCES__K3_EAST__URL": "http://east/"})
    assert got.sources["k3-east"].url == "http://east/"


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"BRIDGE__RUN__X": "{broken"}, "not valid JSON"),
        ({"BRIDGE__DATA_DIR__X": "1"}, "goes below data_dir"),
    ],
)
def test_variables_that_make_no_sense_are_named(tmp_path: Path, environ: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        load_settings(write(tmp_path, 'data_dir = "x"\n'), environ)
    assert next(iter(environ)) in caught.value.message


@pytest.mark.parametrize(
    ("content", "words", "hint"),
    [
        (b"[sources\n", "not valid TOML", "quotes"),
        ("[a]\nb = '中'".encode("gbk"), "not UTF-8", "UTF-8"),
    ],
)
def test_files_that_cannot_be_read_say_where_and_what_to_do(
    tmp_path: Path, content: bytes, words: str, hint: str
) -> None:
    path = tmp_path / "bridge.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=words) as caught:
        load_settings(path, {})
    assert str(path) in caught.value.message
    assert hint in caught.value.hint


def test_a_missing_file_leads_to_init(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no") as caught:
        load_settings(tmp_path / "bridge.toml", {})
    assert "bridge init" in caught.value.hint


def test_windows_editors_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "bridge.toml"
    path.write_text('data_dir = "d"', encoding="utf-8-sig")
    assert load_settings(path, {}).data_dir == tmp_path / "d"


def test_the_deadline_is_below_the_interval(tmp_path: Path) -> None:
    (line,) = faults(tmp_path, GOOD.replace("user =", "deadline_minutes = 15\nuser ="))
    assert line.startswith("sources.k3.deadline_minutes: must be below the interval")
    text = GOOD.replace("user =", "deadline_minutes = 15\ninterval_minutes = 16\nuser =")
    assert load_settings(write(tmp_path, text), {}).deadline_s("k3") == 900


def test_an_unknown_source_names_the_nearest(tmp_path: Path) -> None:
    got = load_settings(write(tmp_path, GOOD), {})
    with pytest.raises(ConfigError, match="did you mean 'k3'"):
        got.source("k33")


def test_a_profile_of_the_users_own_goes_before_a_shipped_one(tmp_path: Path) -> None:
    own = tmp_path / "selectors" / "template.yaml"
    own.parent.mkdir()
    own.write_text("", encoding="utf-8")
    assert find_profile("template", tmp_path) == own
    assert find_profile("selectors/template.yaml", tmp_path) == own
    with pytest.raises(ValueError, match="there is no file"):
        find_profile("other.yaml", tmp_path)


def test_business_hours() -> None:
    source = {"url": "http://erp", "profile": "template"}
    sources = {"a": source, "b": {**source, "hours": "22:00-06:00", "days": "all", "timezone": "Asia/Tokyo"}}
    made = Settings.model_validate(
        {"run": {"hours": "08:00-20:30", "days": "china", "timezone": "Asia/Shanghai"}, "sources": sources}
    )
    assert made.business_hours("a") == (time(8), time(20, 30))
    assert made.business_hours("b") == (time(22), time(6))
    assert [made.working_days(n) for n in "ab"] == ["china", "all"]
    assert [str(made.zone(n)) for n in "ab"] == ["Asia/Shanghai", "Asia/Tokyo"]
    assert Settings.model_validate({"sources": {"a": source}}).business_hours("a") is None


def test_settings_are_frozen(tmp_path: Path) -> None:
    got = load_settings(write(tmp_path, GOOD), {})
    with pytest.raises(ValueError, match="frozen"):
        got.sources["k3"].url = "x"  # type: ignore[misc]


def test_the_written_bridge_toml_names_every_key() -> None:
    text = TOML.read_text(encoding="utf-8")

    def keys(model: type[BaseModel]) -> set[str]:
        return set(model.model_fields)

    models = [m for m in vars(settings_module).values() if isinstance(m, type) and issubclass(m, BaseModel)]
    own = [m for m in models if m.__module__ == settings_module.__name__ and m is not settings_module.SecretRef]
    assert Settings in own
    missing = {k for m in own for k in keys(m) if k not in text}
    assert not missing
