"""What can go wrong before the list is there: sign-in, network, certificates.  Each through a whole sync.

After each: the error's own words and code, nothing moved in store, outbox and receiver, no browser left.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from fault_world import PASSWORD, SOURCE, USER, World

from bridge.cli.show import exit_code
from bridge.errors import SignInRefused
from bridge.records import RunStatus, RunSummary

pytestmark = pytest.mark.acceptance


@pytest.fixture
def shared(shared: World) -> Iterator[World]:
    """The file's world, put in order again after each test."""
    yield shared
    shared.erp.faults.clear()
    shared.erp.end_sessions()
    shared.configure()


def failed(run: RunSummary, code: str, exits: int, *words: str) -> None:
    """The run's summary is the error that a person and a program need."""
    assert (run.error_code, run.status, run.complete) == (code, RunStatus.FAILED, False), run
    assert exit_code(run) == exits
    assert run.hint
    for word in words:
        assert word in (run.error or ""), run.error


def signed_in(world: World) -> dict[str, int]:
    counted: dict[str, int] = world.erp.counters()["signin"]
    return counted


# --- name and password --------------------------------------------------------------------------------------


def test_a_wrong_password_is_sent_once_until_it_is_changed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRIDGE_SECRET_ERP", "not-it")
    world.forget_app()
    with world.unmoved():
        failed(world.sync(), "sign_in_refused", 6, "refused the name or password")
        assert signed_in(world) == {"wrong_password": 1}
    world.forget_app()
    with world.unmoved():
        failed(world.sync(), "sign_in_refused", 6, "not tried again")
        assert signed_in(world) == {"wrong_password": 1}, "the account would be locked after a few runs"
    assert "not-it" not in "".join(p.read_text() for p in (world.data / "refused").iterdir())

    with pytest.raises(SignInRefused, match="refused the name or password"):
        world.app.check(SOURCE)  # a person asks: once more, and remembered again
    assert signed_in(world) == {"wrong_password": 2}
    failed(world.sync(), "sign_in_refused", 6, "not tried again")

    monkeypatch.setenv("BRIDGE_SECRET_ERP", PASSWORD)
    world.forget_app()
    world.move_on()
    world.settle()
    assert signed_in(world)["wrong_password"] == 2


# --- captcha and seat ---------------------------------------------------------------------------------------


def test_wrong_captchas_end_at_the_limit_and_cost_no_password(shared: World) -> None:
    shared.erp.faults.set("captcha_unreadable")
    before = signed_in(shared).get("wrong_captcha", 0)
    with shared.unmoved():
        failed(shared.sync(), "captcha_failed", 6, "wrong 3 times")
    assert signed_in(shared)["wrong_captcha"] - before == 3
    assert shared.erp.accounts()[USER]["wrong_passwords"] == 0


def test_one_wrong_captcha_is_no_failure(shared: World) -> None:
    shared.erp.faults.set("captcha_unreadable", times=1)
    before = signed_in(shared).get("wrong_captcha", 0)
    assert shared.sync().error is None
    assert signed_in(shared)["wrong_captcha"] - before == 1


def test_a_person_on_the_seat_is_left_alone(shared: World) -> None:
    person = shared.erp.sign_in_elsewhere(USER)
    with shared.unmoved():
        failed(shared.sync(), "seat_taken", 6, "seat is taken")
    assert not person.thrown_out
    assert shared.erp.accounts()[USER]["seats"] == [person.address]


def test_thrown_out_in_mid_list(shared: World) -> None:
    shared.erp.faults.set("seat_lost", page=2)
    with shared.unmoved():
        failed(shared.sync(), "seat_taken", 6, "thrown the bridge out")


def test_session_lost_in_mid_list(shared: World) -> None:
    """Every time: after one new sign-in it gives up."""
    shared.erp.faults.set("session_loss", page=2)
    with shared.unmoved():
        failed(shared.sync(), "session_lost", 5, "session is over")
    assert shared.erp.faults.active()["session_loss"]["fired"] == 2


# --- network ------------------------------------------------------------------------------------------------


def test_500_at_the_list(shared: World) -> None:
    shared.erp.faults.set("http_500")
    with shared.unmoved():
        failed(shared.sync(), "source_unavailable", 5, "order_list.asp answered HTTP 500")


def test_500_in_mid_list(shared: World) -> None:
    shared.erp.faults.set("http_500", page=2)
    with shared.unmoved():
        failed(shared.sync(), "source_unavailable", 5, "answered HTTP 500")


def test_500_at_the_sign_in(shared: World) -> None:
    shared.erp.faults.set("http_500", where="signin")
    with shared.unmoved():
        failed(shared.sync(), "source_unavailable", 5, "answered HTTP 500")


def test_maintenance_instead_of_the_list(shared: World) -> None:
    shared.configure({"browser.timeout_s": 3.0})
    shared.erp.faults.set("maintenance", where="list")
    with shared.unmoved():
        failed(shared.sync(), "navigation_failed", 5, "list.where.ready")


def test_maintenance_instead_of_the_sign_in(shared: World) -> None:
    shared.configure({"browser.timeout_s": 3.0})
    shared.erp.faults.set("maintenance")
    with shared.unmoved():
        failed(shared.sync(), "navigation_failed", 5, "sign_in.steps.0")


@pytest.mark.parametrize(("fault", "page"), [("hang", None), ("hang", 2), ("drop_connection", 2)])
def test_no_answer(shared: World, fault: str, page: int | None) -> None:
    shared.configure({"browser.timeout_s": 3.0})
    shared.erp.faults.set(fault, page=page)
    with shared.unmoved():
        started = time.monotonic()
        failed(shared.sync(), "source_unavailable", 5, "order_list.asp")
    assert time.monotonic() - started < 25, "the profile says 3 s, Playwright's own limit is 30"


def test_a_slow_page_is_waited_for(shared: World) -> None:
    shared.erp.faults.set("slow_page", page=2, seconds=3.0)
    run = shared.sync()
    assert (run.error, run.complete, run.rows) == (None, True, len(shared.expected()))


def test_nobody_listens(shared: World) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # not listening: refused, and nobody else gets the port meanwhile
        url = shared.erp.url
        shared.erp.url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        try:
            shared.configure()
            with shared.unmoved():
                failed(shared.sync(), "source_unavailable", 5, "ERR_CONNECTION_REFUSED")
        finally:
            shared.erp.url = url


def test_a_redirect_to_another_host_is_stopped(shared: World) -> None:
    shared.erp.faults.set("redirect")
    with shared.unmoved():
        run = shared.sync()
        failed(run, "guard_violation", 5, "read-only guard stopped GET http://localhost")
    assert run.guard_blocked >= 1


# --- certificates -------------------------------------------------------------------------------------------


def issue(folder: Path, name: str, signer: Any = None) -> tuple[Path, Path, Any]:
    """(certificate, key, signer for others); self-signed without a signer."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    issuer, with_key = signer or (subject, key)
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .issuer_name(issuer)
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.BasicConstraints(ca=signer is None, path_length=None), critical=True)
        .add_extension(names, critical=False)
        .sign(with_key, hashes.SHA256())
    )
    cert_file, key_file = folder / f"{name}.pem", folder / f"{name}.key"
    cert_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return cert_file, key_file, (subject, key)


def test_a_certificate_counts_only_through_its_authority(world_with: Callable[..., World], tmp_path: Path) -> None:
    authority, _, signer = issue(tmp_path, "authority")
    stranger, _, _ = issue(tmp_path, "stranger")
    certificate, key, _ = issue(tmp_path, "erp", signer)
    world = world_with(tls=(certificate, key))
    assert world.erp.url.startswith("https://")
    with world.unmoved():
        failed(world.sync(), "certificate", 5, "not trusted")
    world.configure(source=f'ca_file = "{stranger}"')
    with world.unmoved():
        failed(world.sync(), "certificate", 5, "does not pass the check")
    assert signed_in(world) == {}, "no password before the certificate is trusted"
    world.configure(source=f'ca_file = "{authority}"')
    world.move_on()
    world.settle()


def test_after_all_these_a_good_run_makes_everything_right(shared: World) -> None:
    shared.move_on()
    shared.settle()
