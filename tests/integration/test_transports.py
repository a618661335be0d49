"""The webhook over real HTTP and TLS, and the registry of transports."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from standardwebhooks.webhooks import Webhook

from bridge.errors import ConfigError, DeliveryFailed, DeliveryRefused, SecretMissing
from bridge.interfaces import Transport
from bridge.outbox.transports import KINDS, build_transport
from bridge.outbox.transports.webhook import WebhookOptions, WebhookTransport
from bridge.records import OutboxMessage
from bridge.secrets import Secret
from bridge.testing.receivers import Receiver

KEY = "whsec_dGhyb3ctYXdheSBzYW1wbGUga2V5IG9mIHRoZSB0ZXN0cw=="
SECRETS = {"secret:hook": KEY, "secret:short": "whsec_c2hvcnQ=", "secret:words": "not base64 at all!"}


def lookup(reference: str) -> Secret:
    if reference not in SECRETS:
        raise SecretMissing(f"the secret {reference} was not found")
    return Secret(SECRETS[reference])


def change(number: int, *, order: str = "SO-1", status: str = "打开", **more: object) -> OutboxMessage:
    """Message ``number``: as the store writes it, the first of its row adds it."""
    body = {
        "type": "order.added" if number == 1 else "order.changed",
        "id": f"msg_{number:04d}",
        "source": "demo",
        "order_no": order,
        "key": [order],
        "version": number,
        "fields": {"order_no": order, "status": status, "amount": "1180.00"},
        "previous": {},
        **more,
    }
    return OutboxMessage(
        id=number,
        message_id=f"msg_{number:04d}",
        receiver="hook",
        source="demo",
        order_no=order,
        body=json.dumps(body, ensure_ascii=False),
        created_at=datetime(2025, 3, 1, 12, 0, number % 60, tzinfo=UTC),
        attempts=1,
    )


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with Receiver(log=tmp_path / "receiver.jsonl", secret=KEY) as r:
        yield r


def webhook(url: str, **options: object) -> Transport:
    return build_transport("hook", "webhook", {"url": url, "secret": "secret:hook", **options}, lookup)


@pytest.fixture
def hook(receiver: Receiver) -> Iterator[Transport]:
    transport = webhook(receiver.url, timeout_s=0.5, total_s=1.5)
    yield transport
    transport.close()


# --- what goes out ------------------------------------------------------------------------------------------


def test_the_receiver_gets_the_body_byte_for_byte_and_can_verify_it(receiver: Receiver, hook: Transport) -> None:
    message = change(1)
    hook.send(message)
    assert receiver.bodies == [message.body.encode()]
    headers = receiver.requests[0]
    assert headers["webhook-id"] == message.message_id
    assert headers["content-type"].startswith("application/json")
    Webhook(KEY).verify(receiver.bodies[0], headers)
    assert receiver.ledger.effects == [message.message_id]
    assert receiver.faults == []


def test_each_attempt_has_the_same_id_and_body_and_its_own_timestamp(receiver: Receiver, tmp_path: Path) -> None:
    times = iter([datetime.now(UTC) - timedelta(seconds=100), datetime.now(timezone(timedelta(hours=8)))])
    transport = WebhookTransport(
        "hook",
        WebhookOptions(url=receiver.url, secret="secret:hook"),
        url=receiver.url,
        secret=Secret(KEY),
        clock=lambda: next(times),
    )
    transport.send(change(1))
    transport.send(change(1))
    transport.close()
    first, second = receiver.requests
    assert first["webhook-id"] == second["webhook-id"]
    assert receiver.bodies[0] == receiver.bodies[1]
    assert 98 <= int(second["webhook-timestamp"]) - int(first["webhook-timestamp"]) <= 105
    assert first["webhook-signature"] != second["webhook-signature"]
    assert receiver.ledger.repeats == 1
    assert receiver.faults == []  # the second clock is not in UTC; its signature is right all the same


def test_another_key_is_refused_and_the_refusal_reaches_us(tmp_path: Path) -> None:
    other = "whsec_" + "QUJD" * 12
    with Receiver(log=tmp_path / "other.jsonl", secret=other) as receiver:
        transport = webhook(receiver.url)
        with pytest.raises(DeliveryRefused, match="401"):
            transport.send(change(1))
        transport.close()
        assert [f.code for f in receiver.faults] == ["bad_request"]
        assert receiver.ledger.effects == []


# --- what comes back ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [408, 409, 425, 429, 500, 502, 503, 599])
def test_these_are_tried_again(receiver: Receiver, hook: Transport, status: int) -> None:
    receiver.misbehave("status", status=status)
    with pytest.raises(DeliveryFailed, match=f"receiver hook at http://127.0.0.1:.* answered {status}") as caught:
        hook.send(change(1))
    assert caught.value.retry_after is None
    hook.send(change(1))
    assert receiver.ledger.effects == ["msg_0001"]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413, 422])
def test_these_are_refusals(receiver: Receiver, hook: Transport, status: int) -> None:
    receiver.misbehave("status", status=status, text="line one\r\n\x1b[31mline\u202e two" + "x" * 5000)
    with pytest.raises(DeliveryRefused) as caught:
        hook.send(change(1))
    text = str(caught.value)
    assert f"answered {status}" in text
    assert "line one [31mline twoxxx" in text
    assert len(text) < 300
    assert caught.value.hint


def test_410_says_that_the_receiver_wants_no_more(receiver: Receiver, hook: Transport) -> None:
    receiver.misbehave("status", status=410)
    with pytest.raises(DeliveryRefused) as caught:
        hook.send(change(1))
    assert "remove receivers.hook" in caught.value.hint


def test_retry_after_in_seconds_and_as_a_date(receiver: Receiver, hook: Transport) -> None:
    receiver.misbehave("status", status=429, retry_after="120")
    receiver.misbehave("status", status=503, retry_after=format_datetime(datetime.now(UTC) + timedelta(hours=1)))
    receiver.misbehave("status", status=503, retry_after="after lunch")
    waits = []
    for _ in range(3):
        with pytest.raises(DeliveryFailed) as caught:
            hook.send(change(1))
        waits.append(caught.value.retry_after)
    assert waits[0] == 120
    assert waits[1] == pytest.approx(3600, abs=5)
    assert waits[2] is None


def test_an_errcode_in_a_200_is_a_failure(receiver: Receiver, hook: Transport) -> None:
    receiver.misbehave("errcode", errcode=45009, text="api freq out of limit")
    with pytest.raises(DeliveryFailed, match=r"200 but errcode 45009.*api freq out of limit"):
        hook.send(change(1))
    hook.send(change(1))  # the receiver's own {"errcode": 0}
    assert receiver.ledger.effects == ["msg_0001"]


def test_a_redirect_is_not_followed(receiver: Receiver, hook: Transport) -> None:
    receiver.misbehave("redirect")
    with pytest.raises(
        DeliveryRefused, match=r"redirects \(307 .* to 127.0.0.1\); redirects are not followed"
    ) as e:
        hook.send(change(1))
    assert len(receiver.requests) == 1
    assert "abcdefgh" not in str(e.value) + e.value.hint


def test_a_hanging_receiver_costs_the_timeout_only(receiver: Receiver, hook: Transport) -> None:
    receiver.misbehave("hang")
    began = time.monotonic()
    with pytest.raises(DeliveryFailed, match="no answer within"):
        hook.send(change(1))
    assert time.monotonic() - began < 5


def test_an_endless_answer_is_cut_off_and_the_next_message_goes_out(receiver: Receiver, hook: Transport) -> None:
    receiver.misbehave("drip")  # never silent for timeout_s, so only the limit on the whole attempt ends it
    began = time.monotonic()
    with pytest.raises(DeliveryFailed):
        hook.send(change(1))
    assert 1 < time.monotonic() - began < 6
    hook.send(change(1))
    assert receiver.ledger.effects == ["msg_0001"]


def test_a_slow_receiver_is_waited_for(receiver: Receiver, hook: Transport) -> None:
    receiver.misbehave("slow", seconds=0.2)
    hook.send(change(1))
    assert receiver.ledger.effects == ["msg_0001"]


def test_dropped_before_the_answer_is_a_failure_and_the_repeat_no_fault(
    receiver: Receiver, hook: Transport
) -> None:
    receiver.misbehave("drop")
    receiver.misbehave("accept_then_drop")
    for _ in range(2):
        with pytest.raises(DeliveryFailed, match="connection broke"):
            hook.send(change(1))
    hook.send(change(1))
    assert (receiver.ledger.effects, receiver.ledger.repeats) == (["msg_0001"], 1)
    assert receiver.faults == []


def test_nobody_listens() -> None:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    transport = webhook(f"http://127.0.0.1:{port}/hook")
    with pytest.raises(DeliveryFailed, match=f"127.0.0.1:{port} cannot be reached"):
        transport.send(change(1))
    transport.close()


def test_no_message_holds_the_key_of_an_address(receiver: Receiver, tmp_path: Path) -> None:
    address = receiver.url + "?key=693axxx6-7aoc-4bc4-97a0"
    transport = build_transport(
        "hook", "webhook", {"url_secret": "secret:u", "secret": "secret:k"},
        {"secret:u": Secret(address), "secret:k": Secret(KEY)}.__getitem__,
    )  # fmt: skip
    for text in (f"no route {address}", "key 693axxx6-7aoc-4bc4-97a0 unknown"):
        receiver.misbehave("status", status=404, text=text)
        with pytest.raises(DeliveryRefused) as caught:
            transport.send(change(1))
        assert "693axxx6" not in str(caught.value) + caught.value.hint + repr(caught.value.where)
        assert "***" in str(caught.value)
    transport.close()


# --- TLS ----------------------------------------------------------------------------------------------------


def certificate(folder: Path, host: str = "127.0.0.1") -> tuple[Path, Path]:
    """A self-signed certificate for one address, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bridge test")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, key_file = folder / f"{host}.pem", folder / f"{host}.key"
    pem.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return pem, key_file


def test_an_untrusted_certificate_stops_the_message_and_says_what_to_do(tmp_path: Path) -> None:
    pem, key = certificate(tmp_path)
    with Receiver(log=tmp_path / "r.jsonl", secret=KEY, certificate=(pem, key)) as receiver:
        careful = webhook(receiver.url)
        with pytest.raises(DeliveryFailed, match="certificate is not trusted") as caught:
            careful.send(change(1))
        assert "receivers.hook.ca_file" in caught.value.hint
        assert receiver.bodies == []
        told = webhook(receiver.url, ca_file=str(pem))
        told.send(change(1))
        assert receiver.ledger.effects == ["msg_0001"]
        careful.close()
        told.close()


def test_a_certificate_for_another_host_is_not_trusted(tmp_path: Path) -> None:
    pem, key = certificate(tmp_path, host="127.0.0.9")
    with Receiver(log=tmp_path / "r.jsonl", secret=KEY, certificate=(pem, key)) as receiver:
        transport = webhook(receiver.url, ca_file=str(pem))
        with pytest.raises(DeliveryFailed, match=r"not trusted.*127.0.0.1"):
            transport.send(change(1))
        transport.close()
        assert receiver.bodies == []


# --- options ------------------------------------------------------------------------------------------------


def test_every_kind_can_be_built(tmp_path: Path) -> None:
    options = {
        "webhook": {"url": "https://erp.example/hook", "secret": "secret:hook"},
        "folder": {"folder": str(tmp_path)},
        "sqltable": {"url": "sqlite://", "table": "orders", "columns": {"order_no": "no"}, "key": ["no"]},
    }
    assert options.keys() == KINDS.keys()
    for kind, given in options.items():
        transport = build_transport("r1", kind, given, lookup)
        assert transport.name == "r1"
        transport.close()


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("webhok", {}, ["receivers.r1.kind", "did you mean 'webhook'"]),
        ("webhook", {"urll": "x"}, ["receivers.r1.urll: unknown key", "'url'", "receivers.r1.secret: this key"]),
        ("webhook", {"secret": "secret:hook"}, ["receivers.r1: give either url or url_secret"]),
        ("webhook", {"url": "ftp://x", "secret": "secret:hook"}, ["receivers.r1.url", "no http or https"]),
        ("webhook", {"url": "http://[::1", "secret": "secret:hook"}, ["receivers.r1.url", "no http or https"]),
        ("webhook", {"url": "https://a:b@x", "secret": "secret:hook"}, ["receivers.r1.url: holds a log-in"]),
        ("webhook", {"url": "https://x", "secret": "secret:short"}, ["receivers.r1.secret", "24 to 64 bytes"]),
        ("webhook", {"url": "https://x", "secret": "secret:words"}, ["receivers.r1.secret", "no base64"]),
        ("webhook", {"url": "https://x", "secret": "secret:hook", "ca_file": "/nope"}, ["ca_file: /nope"]),
        ("folder", {}, ["receivers.r1.folder: this key is needed"]),
        ("folder", {"folder": "x", "format": "xml"}, ["receivers.r1.format"]),
        ("sqltable", {"url": "sqlite://", "table": "t", "columns": {"a": "b"}, "key": ["c"]}, ["r1.key: c"]),
        ("sqltable", {"url": "nodb://", "table": "t", "columns": {"a": "b"}, "key": ["b"]}, ["r1.url", "nodb"]),
    ],
)
def test_wrong_options_are_named_with_their_path(kind: str, options: dict[str, object], words: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        build_transport("r1", kind, options, lookup)
    for word in words:
        assert word in str(caught.value)


def test_a_password_in_a_database_address_is_refused_and_not_repeated() -> None:
    options = {"url": "postgresql://bridge:hunter2@db/x", "table": "t", "columns": {"a": "b"}, "key": ["b"]}
    with pytest.raises(ConfigError, match="holds a password") as caught:
        build_transport("r1", "sqltable", options, lookup)
    assert "hunter2" not in str(caught.value) + caught.value.hint


def test_a_missing_secret_is_told_before_anything_is_sent() -> None:
    with pytest.raises(SecretMissing):
        webhook("https://x", secret="secret:nobody")


def test_sends_from_a_thread_that_is_not_the_builder(receiver: Receiver, hook: Transport) -> None:
    thread = threading.Thread(target=hook.send, args=(change(1),))
    thread.start()
    thread.join()
    assert receiver.ledger.effects == ["msg_0001"]
