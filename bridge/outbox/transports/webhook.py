"""Signed HTTP POST as Standard Webhooks 1.0 says (https://www.standardwebhooks.com).

``webhook-id`` is the message id and the body is the message's body, byte for byte the same in every attempt;
timestamp and signature are the attempt's own.  A receiver that answers 2xx has taken the message, unless its
JSON answer carries an ``errcode`` other than 0 (企业微信 and 钉钉 report their errors so).  Redirects are not
followed: a signed body goes to the address that a person wrote down, and nowhere else.
"""

from __future__ import annotations

import binascii
import json
import ssl
import threading
from base64 import b64decode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import httpx
from pydantic import Field, model_validator
from standardwebhooks.webhooks import Webhook

from bridge.errors import ConfigError, DeliveryError, DeliveryFailed, DeliveryRefused
from bridge.interfaces import Clock
from bridge.outbox.backoff import parse_retry_after
from bridge.outbox.transports.options import Options, SecretLookup, check_options, excerpt
from bridge.records import OutboxMessage
from bridge.secrets import Secret

_ANSWER_LIMIT = 64 * 1024  # bytes of an answer that are looked at
_TRY_LATER = {408, 409, 425, 429}  # 409: the receiver is still busy with this very id; beside all of 5xx


class WebhookOptions(Options):
    url: str | None = Field(None, description="Where to POST; https, or http on a trusted network.")
    url_secret: str | None = Field(None, description="Instead of url: secret:NAME, where an address holds a key.")
    secret: str = Field(description="secret:NAME of the signing key (whsec_… or base64, 24 to 64 bytes).")
    ca_file: Path | None = Field(None, description="PEM of the authority to trust instead of the system's.")
    timeout_s: float = Field(10.0, gt=0, le=60, description="Longest silence while connecting or answering.")
    total_s: float = Field(30.0, gt=0, le=120, description="Longest time for one whole attempt.")
    proxy: str | None = Field(None, description="http://host:port; the environment's proxies are not used.")
    errcode: str = Field("errcode", description="Key of a JSON answer that must be 0; '' = status only.")

    @model_validator(mode="after")
    def _one_address(self) -> Self:
        if (self.url is None) == (self.url_secret is None):
            raise ValueError("give either url or url_secret")
        return self


def build(name: str, options: Mapping[str, Any], secret_lookup: SecretLookup) -> WebhookTransport:
    checked = check_options(WebhookOptions, name, options)
    url = checked.url if checked.url is not None else secret_lookup(checked.url_secret or "").reveal()
    return WebhookTransport(name, checked, url=url, secret=secret_lookup(checked.secret))


class WebhookTransport:
    def __init__(
        self,
        name: str,
        options: WebhookOptions,
        *,
        url: str,
        secret: Secret,
        clock: Clock = lambda: datetime.now(UTC),
    ) -> None:
        """clock: for the timestamp that is signed; receivers refuse one that is minutes off their own."""
        self.name = name
        self._options = options
        self._url = url
        self._place = _place(name, url)
        self._signer = Webhook(_key(name, options.secret, secret.reveal()))
        parts = urlsplit(url)
        secrets = (
            url,
            parts.query,
            *(v for _, v in parse_qsl(parts.query)),
            *parts.path.split("/"),
            secret.reveal(),
        )
        self._hidden = sorted({s for s in secrets if len(s) >= 8}, key=len, reverse=True)
        self._clock = clock
        self._tls = _tls(name, options.ca_file)
        self._client = self._new_client()

    def send(self, message: OutboxMessage) -> None:
        """Raises DeliveryFailed or DeliveryRefused; no address, header or secret stands in their texts."""
        now = self._clock().astimezone(UTC)
        headers = {
            "content-type": "application/json; charset=utf-8",
            "accept-encoding": "identity",  # so that the limit on the answer is one on what arrives
            "user-agent": "bridge",
            "webhook-id": message.message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(message.message_id, now, message.body),
        }
        content = message.body.encode()
        with (
            self._mapped_errors(),
            self._time_limit(),
            self._client.stream("POST", self._url, content=content, headers=headers) as response,
        ):
            answer = _read_start(response)
        self._judge(response, answer, now)

    def close(self) -> None:
        self._client.close()

    def _judge(self, response: httpx.Response, answer: bytes, now: datetime) -> None:
        status = response.status_code
        said = f": {text}" if (text := self._excerpt(answer)) else ""
        where = f"receiver {self.name} at {self._place}"
        if 200 <= status < 300:
            code = _body_code(answer, self._options.errcode)
            if code is not None and str(code) != "0":
                raise DeliveryFailed(f"{where} answered {status} but {self._options.errcode} {code}{said}")
            return
        phrase = f"{status} {httpx.codes.get_reason_phrase(status)}".strip()
        if 300 <= status < 400:
            target = urlsplit(response.headers.get("location", "")).hostname
            to = f" to {excerpt(target)}" if target else ""
            raise DeliveryRefused(
                f"{where} redirects ({phrase}{to}); redirects are not followed",
                hint=f"Write the final address as receivers.{self.name}.url, then release the parked messages.",
            )
        if status in _TRY_LATER or status >= 500:
            retry_after = parse_retry_after(response.headers.get("retry-after"), now=now)
            raise DeliveryFailed(f"{where} answered {phrase}{said}", retry_after=retry_after)
        hint = "Look at the receiver's log for this message id, then release or drop the parked message."
        if status == HTTPStatus.GONE:
            hint = f"The receiver wants no more messages; fix or remove receivers.{self.name}."
        raise DeliveryRefused(f"{where} answered {phrase}{said}", hint=hint)

    def _excerpt(self, answer: bytes) -> str:
        """The answer's beginning.  An error page may repeat the address it was asked for, key and all."""
        text = answer.decode("utf-8", "replace")
        for hidden in self._hidden:
            text = text.replace(hidden, "***")
        return excerpt(text)

    @contextmanager
    def _mapped_errors(self) -> Iterator[None]:
        where = f"receiver {self.name} at {self._place}"
        try:
            yield
        except httpx.TimeoutException:
            raise DeliveryFailed(f"{where} gave no answer within {self._options.timeout_s:g} s") from None
        except httpx.ConnectError as e:
            raise self._no_connection(where, e) from None
        except (httpx.TransportError, httpx.StreamError, httpx.DecodingError, OSError) as e:
            raise DeliveryFailed(
                f"{where}: the connection broke before the answer was complete ({type(e).__name__})"
            ) from None

    def _no_connection(self, where: str, error: httpx.ConnectError) -> DeliveryError:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, ssl.SSLError):
            cause = cause.__cause__ or cause.__context__
        if cause is None:
            return DeliveryFailed(f"{where} cannot be reached: {excerpt(str(error))}")
        why = getattr(cause, "verify_message", "") or cause.reason or "TLS failed"
        # Failed, not refused: nothing is wrong with the message, and a renewed certificate lets it through.
        return DeliveryFailed(
            f"{where}: its certificate is not trusted ({excerpt(str(why))})",
            hint=f"Give its authority as receivers.{self.name}.ca_file, or renew the certificate.",
        )

    @contextmanager
    def _time_limit(self) -> Iterator[None]:
        # httpx limits each silence, not the whole: an answer that drips one byte at a time would never end,
        # and the send would outlive its lease.  Closing the client makes the pending read fail.
        client = self._client
        timer = threading.Timer(self._options.total_s, client.close)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            if client.is_closed:
                self._client = self._new_client()

    def _new_client(self) -> httpx.Client:
        return httpx.Client(
            timeout=self._options.timeout_s,
            verify=self._tls,
            follow_redirects=False,
            trust_env=False,  # no proxy and no .netrc log-in that nobody wrote into bridge.toml
            proxy=self._options.proxy,
        )


def _read_start(response: httpx.Response) -> bytes:
    got = bytearray()
    for chunk in response.iter_bytes():
        got += chunk
        if len(got) >= _ANSWER_LIMIT:
            break
    return bytes(got[:_ANSWER_LIMIT])


def _body_code(answer: bytes, key: str) -> object:
    """The error code in a JSON answer, or None if it has none."""
    try:
        data = json.loads(answer) if key else None
    except ValueError:
        return None
    return data.get(key) if isinstance(data, dict) else None


def _place(name: str, url: str) -> str:
    """Scheme, host and port: what may be shown of an address.  Raises ConfigError."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        httpx.URL(url)
    except (ValueError, httpx.InvalidURL):
        parts, port = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(
            f"receivers.{name}.url: no http or https address", hint="For example https://erp.example/hooks/bridge"
        )
    if parts.username or parts.password:
        raise ConfigError(
            f"receivers.{name}.url: holds a log-in", hint="Keep the address as a secret and name it as url_secret."
        )
    return f"{parts.scheme}://{parts.hostname}{port}"


def _key(name: str, reference: str, secret: str) -> bytes:
    """The signing key.  standardwebhooks would decode any text, dropping what is not base64, and sign with
    the rest; so the text is checked here.  Raises ConfigError."""
    try:
        key = b64decode(secret.strip().removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not 24 <= len(key) <= 64:
        raise ConfigError(
            f"receivers.{name}.secret: {reference} is no base64 text of 24 to 64 bytes",
            hint="Ask the receiver for it; it looks like whsec_MfKQ…",
        )
    return key


def _tls(name: str, ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    except (OSError, ssl.SSLError) as e:
        raise ConfigError(f"receivers.{name}.ca_file: {ca_file} cannot be used: {e}") from None
