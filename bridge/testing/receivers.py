"""A real HTTP receiver on the loopback, for `bridge demo`, the tests and the torture run.

It verifies the Standard Webhooks signature, keeps what it took (see ``receiver_ledger``), and can be told to
misbehave.  As a process::

    python -m bridge.testing.receivers --port 0 --log FILE --secret-env NAME

prints one JSON line with its address, serves until SIGTERM or Ctrl-C, then prints what it took and what was
wrong with it (exit code 1 if anything was).  ``GET /state`` tells the same while it runs, ``POST /misbehave``
takes one JSON object with the fields of :class:`Misbehaviour`.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, get_args

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from bridge.testing.receiver_ledger import Fault, Ledger

Kind = Literal["status", "slow", "hang", "drip", "drop", "accept_then_drop", "errcode", "redirect"]
_SIGNED = ("webhook-id", "webhook-timestamp", "webhook-signature")


@dataclass(frozen=True, kw_only=True, slots=True)
class Misbehaviour:
    """What the next ``times`` messages meet (None: all from now on).

    status: that status, not taken.  slow: taken and answered after ``seconds``.  hang: no answer.  drip: an
    endless answer, byte by byte.  drop: the connection is cut before anything is taken.  accept_then_drop: taken,
    then cut before the answer.  errcode: status 200 whose JSON says ``errcode``, not taken.  redirect: 307.
    """

    kind: Kind
    times: int | None = 1
    status: int = 500
    retry_after: str | None = None
    seconds: float = 1.0
    errcode: int = 45009
    text: str = "told to misbehave"  # of the answer

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"kind must be one of {', '.join(get_args(Kind))}, not {self.kind!r}")


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed while it spoke is everyday business here; nothing else is expected."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class Receiver:
    """``with Receiver(log=…, secret=…) as receiver: … receiver.url …``; listens from the constructor on."""

    def __init__(
        self, *, log: Path, secret: str, port: int = 0, certificate: tuple[Path, Path] | None = None
    ) -> None:
        """log: JSON Lines file, continued if it exists.  secret: as in ``webhook``.  port 0: a free one.
        certificate: PEM files of certificate and key; the receiver then speaks TLS."""
        self.ledger = Ledger(log)
        self.requests: list[dict[str, str]] = []  # headers of every message that arrived, names in lower case
        self.bodies: list[bytes] = []
        self._signer = Webhook(secret)
        self._plan: list[Misbehaviour] = []
        self._lock = threading.Lock()
        self.closing = threading.Event()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.receiver = self  # type: ignore[attr-defined]
        self._scheme = "http"
        if certificate is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*certificate)
            # The handshake belongs to the connection's own thread: a client that breaks it off must not end
            # the accepting one.
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
            self._scheme = "https"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}/hook"

    @property
    def faults(self) -> list[Fault]:
        return self.ledger.faults

    def misbehave(self, kind: Kind, **how: Any) -> None:
        """Adds to what the coming messages meet; fields as in :class:`Misbehaviour`."""
        with self._lock:
            self._plan.append(Misbehaviour(kind=kind, **how))

    def behave(self) -> None:
        """Forgets all misbehaviour that has not happened yet."""
        with self._lock:
            self._plan.clear()

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self.ledger.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def next_misbehaviour(self, headers: dict[str, str], body: bytes) -> Misbehaviour | None:
        """Notes the arrival and says what it meets."""
        with self._lock:
            self.requests.append(headers)
            self.bodies.append(body)
            if not self._plan:
                return None
            first = self._plan[0]
            left = None if first.times is None else first.times - 1
            if left is not None and left <= 0:
                self._plan.pop(0)
            else:
                self._plan[0] = Misbehaviour(**{f: getattr(first, f) for f in first.__slots__} | {"times": left})
            return first

    def take(self, headers: dict[str, str], body: bytes) -> tuple[int, str]:
        """Verifies and keeps one message; returns the status and the text of the answer."""
        message_id = headers.get("webhook-id", "")
        if missing := [h for h in _SIGNED if not headers.get(h)]:
            self.ledger.reject(message_id, f"headers missing: {', '.join(missing)}")
            return 400, "headers missing"
        try:
            text = body.decode()
            self._signer.verify(text, headers, json_parse=False)
        except (WebhookVerificationError, ValueError) as e:
            self.ledger.reject(message_id, f"signature refused: {e}")
            return 401, "signature refused"
        self.ledger.accept(message_id, text)
        return 200, '{"errcode": 0}'


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60  # seconds an idle connection may stay open
    disable_nagle_algorithm = True  # head and body of an answer are two packets; the second waited 40 ms

    @property
    def _receiver(self) -> Receiver:
        receiver: Receiver = self.server.receiver  # type: ignore[attr-defined]
        return receiver

    def do_GET(self) -> None:
        if self.path == "/state":
            self._answer(200, json.dumps(self._receiver.ledger.summary(), ensure_ascii=False))
        else:
            self._answer(404, "only /state can be read here")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        if self.path == "/misbehave":
            try:
                self._receiver.misbehave(**json.loads(body))
            except (TypeError, ValueError) as e:
                self._answer(400, str(e))
                return
            self._answer(200, "{}")
            return
        headers = {k.lower(): v for k, v in self.headers.items()}
        how = self._receiver.next_misbehaviour(headers, body)
        if how is None:
            self._answer(*self._receiver.take(headers, body))
        else:
            self._misbehave(how, headers, body)

    def _misbehave(self, how: Misbehaviour, headers: dict[str, str], body: bytes) -> None:
        closing = self._receiver.closing
        match how.kind:
            case "status":
                more = {"Retry-After": how.retry_after} if how.retry_after is not None else {}
                self._answer(how.status, how.text, **more)
            case "redirect":
                self._answer(307, "", Location=f"http://127.0.0.1:{self._receiver.port}/elsewhere?key=abcdefgh")
            case "errcode":
                self._answer(200, json.dumps({"errcode": how.errcode, "errmsg": how.text}))
            case "slow":
                closing.wait(how.seconds)
                self._answer(*self._receiver.take(headers, body))
            case "hang":
                closing.wait()
                self.close_connection = True
            case "drip":
                self._drip()
            case "drop":
                self._cut()
            case "accept_then_drop":
                self._receiver.take(headers, body)
                self._cut()

    def _drip(self) -> None:
        self.close_connection = True
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        try:
            while not self._receiver.closing.wait(0.05):
                self.wfile.write(b".")
        except OSError:
            return  # the client has left, as it should

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _answer(self, status: int, text: str, **headers: str) -> None:
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        try:
            self.wfile.write(content)
        except OSError:
            self.close_connection = True  # a client that did not wait for a slow answer

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on stderr: the ledger is the log."""


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bridge.testing.receivers", description=__doc__.split("\n")[0])
    parser.add_argument("--port", type=int, default=0, help="0: a free one")
    parser.add_argument("--log", type=Path, required=True, help="JSON Lines file of what was taken")
    parser.add_argument("--secret-env", required=True, help="environment variable that holds the signing key")
    given = parser.parse_args(argv)
    secret = os.environ.get(given.secret_env)
    if not secret:
        parser.error(f"the environment variable {given.secret_env} is not set")
    with Receiver(log=given.log, secret=secret, port=given.port) as receiver:
        end = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: end.set())
        print(json.dumps({"url": receiver.url, "pid": os.getpid(), "log": str(given.log)}), flush=True)
        end.wait()
        summary = receiver.ledger.summary()
    print(json.dumps(summary, ensure_ascii=False), flush=True)
    return 1 if summary["faults"] else 0


if __name__ == "__main__":
    sys.exit(main())
