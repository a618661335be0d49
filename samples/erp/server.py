"""Runs the sample ERP on loopback: in a thread of a test, or alone."""

import secrets
import socket
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import uvicorn

from samples.erp import app
from samples.erp.accounts import Session
from samples.erp.book import Change
from samples.erp.faults import Faults
from samples.erp.variants import Variants
from samples.erp.world import World


class SampleErp:
    """`with SampleErp(seed=7, scope="open") as erp:` serves `erp.url` until the block ends.

    seed     decides every order and every `advance`
    count    open orders at the start; closed: how many others there are besides
    port     0 = any free one
    token    for `/_control/`; made up if not given
    state    a JSON file that keeps orders, locks and counters over restarts
    tls      (certificate file, key file): https instead of http
    variants any field of `variants.Variants`, as keywords
    """

    def __init__(
        self,
        *,
        seed: int = 7,
        count: int = 500,
        closed: int = 300,
        port: int = 0,
        token: str = "",
        state: Path | None = None,
        tls: tuple[Path, Path] | None = None,
        **variants: Any,
    ) -> None:
        self.token = token or secrets.token_hex(16)
        self.world = World(
            seed=seed, count=count, closed=closed, variants=Variants().changed(**variants), state=state
        )
        self._port = port
        self._tls = tls
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.url = ""  # without a slash at the end; set by `start`

    # ---- life ---------------------------------------------------------------------------------------------

    def start(self) -> "SampleErp":
        """Listens on 127.0.0.1; returns when it answers. Raises OSError if the port is taken."""
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self._port))
        self._port = listener.getsockname()[1]
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"
        config = uvicorn.Config(
            app.build(self.world, self.token),
            log_level="critical",
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=1,
            ssl_certfile=self._tls[0] if self._tls else None,
            ssl_keyfile=self._tls[1] if self._tls else None,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="sample-erp", daemon=True
        )
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise RuntimeError("the sample ERP's server ended while it started")
            time.sleep(0.005)
        return self

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(timeout=10)
        self._server = self._thread = None

    def __enter__(self) -> "SampleErp":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # ---- what a test asks ---------------------------------------------------------------------------------

    @property
    def faults(self) -> Faults:
        return self.world.faults

    def truth(self, kind: str = "classic", scope: str | None = None) -> dict[str, Any]:
        """See `listing.truth`; kinds: classic, box, canvas, lines, closed."""
        return self.world.truth(kind, scope)

    def counters(self) -> dict[str, Any]:
        with self.world.lock:
            return self.world.counters()

    def accounts(self) -> dict[str, dict[str, object]]:
        with self.world.lock:
            return self.world.accounts.export()

    def captcha(self) -> str:
        """The answer to the picture that was asked for last."""
        with self.world.lock:
            return self.world.accounts.last_answer()

    # ---- what a test does ---------------------------------------------------------------------------------

    def advance(self, n: int = 20, days: int = 1) -> Change:
        """See `Book.advance`."""
        with self.world.lock:
            return self.world.changed(self.world.book.advance(n, days))

    def edit(self, order_no: str, /, **changes: Any) -> Change:
        with self.world.lock:
            return self.world.changed(self.world.book.edit(order_no, **changes))

    def delete(self, order_no: str) -> Change:
        with self.world.lock:
            return self.world.changed(self.world.book.delete(order_no))

    def add(self, **fields: Any) -> Change:
        with self.world.lock:
            return self.world.changed(self.world.book.add(**fields))

    def vary(self, **variants: Any) -> None:
        """Changes variants while it runs."""
        with self.world.lock:
            self.world.apply(self.world.variants.changed(**variants))

    def set_password(self, user: str, password: str) -> None:
        with self.world.lock:
            self.world.accounts.passwords[user] = password
            self.world.accounts.failures.pop(user, None)

    def sign_in_elsewhere(self, user: str) -> Session:
        with self.world.lock:
            return self.world.accounts.sign_in_elsewhere(user)

    def end_sessions(self, user: str | None = None) -> int:
        with self.world.lock:
            return self.world.accounts.end_all(user)
