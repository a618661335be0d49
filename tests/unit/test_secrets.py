"""Secrets: the order of places, what lies on disk, and that no value shows."""

from __future__ import annotations

import copy
import json
import pickle
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import keyring.backend
import keyring.errors
import pytest
from filelock import FileLock

from bridge import secrets as module
from bridge.errors import ConfigError, SecretMissing
from bridge.secrets import OsKeyring, Secret, SecretFile, Secrets, os_keyring, redact, url_with_password

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")


class Ring(keyring.backend.KeyringBackend):
    """A keyring of keyring's own kind, in memory."""

    priority = 5  # type: ignore[assignment]

    def __init__(self, *, locked: bool = False) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = locked

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise keyring.errors.KeyringLocked("locked")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[(service, username)] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[(service, username)]


@pytest.fixture(autouse=True)
def _forget_known_values() -> Iterator[None]:
    before = set(module._known)
    yield
    module._known.clear()
    module._known.update(before)


def test_the_order_is_environment_file_variable_keyring_encrypted_file(tmp_path: Path) -> None:
    ring = OsKeyring(Ring())
    mounted = tmp_path / "mounted"
    mounted.write_text("from a file\n", encoding="utf-8")
    SecretFile(tmp_path, {}).set("k3-password", "encrypted")
    environ = {"BRIDGE_SECRET_K3_PASSWORD": "plain", "BRIDGE_SECRET_K3_PASSWORD_FILE": str(mounted)}

    def value() -> str:
        return Secrets(tmp_path, keyring=ring, environ=environ).get("secret:k3-password").reveal()

    ring.set("k3-password", "ring")
    assert value() == "plain"
    del environ["BRIDGE_SECRET_K3_PASSWORD"]
    assert value() == "from a file"
    del environ["BRIDGE_SECRET_K3_PASSWORD_FILE"]
    assert value() == "ring"
    ring.delete("k3-password")
    assert value() == "encrypted"


def test_a_missing_one_names_every_place_and_the_command(tmp_path: Path) -> None:
    with pytest.raises(SecretMissing) as caught:
        Secrets(tmp_path, keyring=OsKeyring(Ring()), environ={}).get("k3-password")
    message = caught.value.message
    for place in ("BRIDGE_SECRET_K3_PASSWORD", "BRIDGE_SECRET_K3_PASSWORD_FILE", "keyring (", "secrets.enc"):
        assert place in message
    assert caught.value.hint == "Run `bridge secret set k3-password`."
    with pytest.raises(SecretMissing, match="none usable"):
        Secrets(tmp_path, keyring=None, environ={}).get("k3-password")


def test_keeping_listing_and_forgetting_with_a_keyring(tmp_path: Path) -> None:
    ring = Ring()
    kept = Secrets(tmp_path, keyring=OsKeyring(ring), environ={})
    kept.keep("a", Secret("value-of-a"))
    assert ring.kept == {("rpa-bridge", "a"): "value-of-a"}
    assert [(p.name, p.where.split(" ")[0]) for p in kept.known(["b"])] == [("a", "keyring"), ("b", "missing")]
    assert "value-of-a" not in repr(kept.known())
    assert [p.name for p in kept.forget("a")] == ["a"]
    assert kept.forget("a") == []
    assert kept.known() == []


def test_without_a_keyring_it_lies_encrypted_and_survives_a_new_process(tmp_path: Path) -> None:
    Secrets(tmp_path, keyring=None, environ={}).keep("a", Secret("value-of-a 中文"))
    assert Secrets(tmp_path, keyring=None, environ={}).get("a").reveal() == "value-of-a 中文"
    for path in tmp_path.iterdir():
        assert b"value-of-a" not in path.read_bytes()
    assert json.loads((tmp_path / "secret-names.json").read_text()) == ["a"]


@posix
def test_the_files_are_for_the_owner_only(tmp_path: Path) -> None:
    Secrets(tmp_path, keyring=None, environ={}).keep("a", Secret("v"))
    for name in ("secrets.enc", "secrets.key"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    (tmp_path / "secrets.key").chmod(0o644)
    with pytest.raises(ConfigError, match="can be read by others") as caught:
        Secrets(tmp_path, keyring=None, environ={}).get("a")
    assert "chmod 600" in caught.value.hint


def test_the_key_may_come_from_the_environment(tmp_path: Path) -> None:
    environ = {"BRIDGE_SECRET_KEY": "k" * 32}
    Secrets(tmp_path, keyring=None, environ=environ).keep("a", Secret("value-of-a"))
    assert not (tmp_path / "secrets.key").exists()
    assert Secrets(tmp_path, keyring=None, environ=environ).get("a").reveal() == "value-of-a"
    with pytest.raises(ConfigError, match="does not open with this key"):
        Secrets(tmp_path, keyring=None, environ={"BRIDGE_SECRET_KEY": "x" * 32}).get("a")
    with pytest.raises(ConfigError, match="too short"):
        Secrets(tmp_path, keyring=None, environ={"BRIDGE_SECRET_KEY": "short"}).get("a")
    with pytest.raises(ConfigError, match="but not its key"):
        Secrets(tmp_path, keyring=None, environ={}).get("a")


def test_a_damaged_file_is_said_to_be_so_and_left_alone(tmp_path: Path) -> None:
    kept = Secrets(tmp_path, keyring=None, environ={})
    kept.keep("a", Secret("v"))
    (tmp_path / "secrets.enc").write_bytes(b"garbage")
    for act in (lambda: kept.get("a"), lambda: kept.keep("b", Secret("w"))):
        with pytest.raises(ConfigError, match="does not open"):
            act()
    assert (tmp_path / "secrets.enc").read_bytes() == b"garbage"


def test_two_processes_do_not_lose_each_others_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOCK_LIMIT_S", 0.05)
    kept = Secrets(tmp_path, keyring=None, environ={})
    with FileLock(tmp_path / "secrets.lock"), pytest.raises(ConfigError, match="another process"):
        kept.keep("a", Secret("v"))
    kept.keep("a", Secret("v"))
    assert kept.get("a").reveal() == "v"


def test_a_file_variable_that_leads_nowhere_is_named(tmp_path: Path) -> None:
    environ = {"BRIDGE_SECRET_A_FILE": str(tmp_path / "nope")}
    with pytest.raises(ConfigError, match=r"BRIDGE_SECRET_A_FILE names .*nope"):
        Secrets(tmp_path, keyring=None, environ=environ).get("a")


def test_a_locked_keyring_is_an_error_of_ours(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="KeyringLocked"):
        Secrets(tmp_path, keyring=OsKeyring(Ring(locked=True)), environ={}).get("a")


def test_an_empty_value_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="empty"):
        Secrets(tmp_path, keyring=None, environ={}).keep("a", Secret(""))
    assert not (tmp_path / "secrets.enc").exists()


def test_the_keyring_can_be_left_alone_and_weak_ones_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("keyring.get_keyring", lambda: Ring())
    assert os_keyring({}) is not None
    assert os_keyring({"BRIDGE_KEYRING": "off"}) is None
    monkeypatch.setattr(Ring, "priority", 0.5)
    assert os_keyring({}) is None


def test_a_secret_does_not_print() -> None:
    secret = Secret("value-of-a")
    assert f"{secret} {secret!r} {secret:>30} {[secret]}" == "*** *** *** [***]"
    assert secret == Secret("value-of-a")
    assert secret != Secret("other")
    for attempt in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            attempt(secret)


@pytest.mark.parametrize(
    ("value", "text", "clean"),
    [
        ("p@ss w/ö", "go p@ss w/ö on", "go *** on"),
        ("p@ss w/ö", "u=p%40ss%20w%2F%C3%B6&x", "u=***&x"),
        ("p@ss w/ö", "u=p%40ss+w%2F%C3%B6&x", "u=***&x"),
        ("p@ss w/ö", '{"p": "p@ss w/\\u00f6"}', '{"p": "***"}'),
        ('a"b\\c', json.dumps({"p": 'a"b\\c'}), '{"p": "***"}'),
        ("a'b\"c", repr("a'b\"c"), "'***'"),
        ("xyz", "xyz, but not xyzzy", "***, but not xyzzy"),
    ],
)
def test_redact_finds_a_value_in_its_usual_disguises(value: str, text: str, clean: str) -> None:
    Secret(value)
    assert redact(text) == clean


def test_the_longer_secret_is_taken_out_first() -> None:
    Secret("hunter")
    Secret("hunter2")
    assert redact("hunter2 hunter") == "*** ***"


def test_a_password_is_put_into_an_address_in_the_right_form() -> None:
    url = url_with_password("postgresql+psycopg://bridge@host:5432/db?x=1", Secret("p@:/w"))
    assert url == "postgresql+psycopg://bridge:p%40%3A%2Fw@host:5432/db?x=1"
    with pytest.raises(ConfigError, match="names no user"):
        url_with_password("postgresql://host/db", Secret("p"))
