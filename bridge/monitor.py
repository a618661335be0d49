"""``/healthz`` and ``/metrics`` (Prometheus) of `bridge run`, and what follows each run's end: alarm, heartbeat.

Whoever may reach the port may read figures, never an order: it listens on the loopback unless told otherwise.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bridge import log
from bridge.errors import BridgeError, ConfigError
from bridge.notify import Alarms
from bridge.notify.heartbeat import beat
from bridge.scheduler import Ended
from bridge.secrets import Secret

STATUSES = ("ok", "partial", "held", "failed", "killed", "running")
_HELP = {
    "bridge_age_seconds": "Time since the source's last complete sync.",
    "bridge_last_status": "1 for the status of the source's last run.",
    "bridge_complete_ratio": "Share of the source's last runs that were complete.",
    "bridge_straight_through_ratio": "Share of rows that needed no person.",
    "bridge_orders": "Active orders.",
    "bridge_waiting": "Rows that wait for a person.",
    "bridge_captcha_solved_ratio": "Share of captcha answers that were taken.",
    "bridge_stage_seconds": "Mean seconds of each stage.",
    "bridge_outbox_messages": "Messages of a receiver by state.",
    "bridge_outbox_age_seconds": "Age of the oldest message that is not out.",
    "bridge_up": "1 while the clock runs and the store answers.",
}


def metrics(state: Mapping[str, Any]) -> str:
    """What ``App.status`` says, in Prometheus' text format.  A figure that is not known is left out."""
    rows: dict[str, list[tuple[dict[str, str], float]]] = {name: [] for name in _HELP}

    def add(name: str, value: float | None, **labels: str) -> None:
        if value is not None:
            rows[name].append((labels, float(value)))

    for source, s in state["sources"].items():
        age = s["age_minutes"]
        add("bridge_age_seconds", None if age is None else 60 * age, source=source)
        for status in STATUSES:
            add("bridge_last_status", s["status"] == status, source=source, status=status)
        add("bridge_complete_ratio", s["completeness"], source=source)
        add("bridge_straight_through_ratio", s["straight_through"], source=source)
        add("bridge_orders", s["orders"], source=source)
        add("bridge_waiting", s["waiting"], source=source)
        add("bridge_captcha_solved_ratio", s["captcha_solved"], source=source)
        for stage, seconds in s["stage_seconds"].items():
            add("bridge_stage_seconds", seconds, source=source, stage=stage)
    for receiver, r in state["receivers"].items():
        for kind in ("pending", "leased", "sent", "parked"):
            add("bridge_outbox_messages", r.get(kind, 0), receiver=receiver, state=kind)
        add("bridge_outbox_age_seconds", 60 * (r["oldest_minutes"] or 0), receiver=receiver)
    add("bridge_up", 1)
    lines = []
    for name, samples in rows.items():
        if samples:
            lines += [f"# HELP {name} {_HELP[name]}", f"# TYPE {name} gauge"]
            lines += [f"{name}{_labels(labels)} {value:g}" for labels, value in samples]
    return "\n".join(lines) + "\n"


def _labels(labels: Mapping[str, str]) -> str:
    def quoted(value: str) -> str:
        return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

    return "{" + ",".join(f'{k}="{quoted(v)}"' for k, v in labels.items()) + "}" if labels else ""


@contextmanager
def served(listen: str, status: Callable[[], Mapping[str, Any]], max_age_minutes: float) -> Iterator[str]:
    """Serves both pages while the block lasts; gives their address.  listen: host:port, port 0 for a free one.
    /healthz answers 503 if the store does not answer or a source is older than ``max_age_minutes``.  Raises
    ConfigError if the port cannot be had."""
    host, _, port = listen.rpartition(":")

    def healthz(request: Request) -> Response:
        try:
            sources = status()["sources"]
        except BridgeError as e:
            return JSONResponse({"ok": False, "error": e.code}, status_code=503)
        ages = {name: s["age_minutes"] for name, s in sources.items()}
        stale = [name for name, age in ages.items() if age is None or age > max_age_minutes]
        body = {"ok": not stale, "stale": stale, "age_minutes": ages}
        return JSONResponse(body, status_code=503 if stale else 200)

    def prometheus(request: Request) -> Response:
        try:
            return PlainTextResponse(metrics(status()), media_type="text/plain; version=0.0.4")
        except BridgeError as e:
            log.event("metrics.failed", str(e), level="WARNING", code=e.code)
            return PlainTextResponse("# HELP bridge_up up\n# TYPE bridge_up gauge\nbridge_up 0\n")

    app = Starlette(routes=[Route("/healthz", healthz), Route("/metrics", prometheus)])
    config = uvicorn.Config(app, log_level="critical", access_log=False, lifespan="off", server_header=False)
    config.load()
    try:
        listener = uvicorn.Config(app, host=host.strip("[]"), port=int(port)).bind_socket()
    except (OSError, SystemExit) as e:
        raise ConfigError(
            f"run.listen: {listen} cannot be had: {e}", hint="Is another `bridge run` there? Choose another port."
        ) from None
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="monitor", daemon=True)
    thread.start()
    try:
        yield f"http://{host}:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)


def follow(alarms: Alarms, heartbeats: Callable[[str], Secret | None]) -> Callable[[Ended], None]:
    """What the scheduler calls at each run's end."""
    lock = threading.Lock()

    def ended(run: Ended) -> None:
        if run.stopped:
            return
        with lock:
            if run.exit_code == 0:
                alarms.works(run.source)
            else:
                alarms.failed(
                    run.source, code=run.error_code or _code(run), message=_words(run), hint=run.hint or ""
                )
        address = heartbeats(run.source) if run.exit_code == 0 else None
        if address is not None:
            beat(run.source, address)

    return ended


def _code(run: Ended) -> str:
    return "killed" if run.exit_code is None else str(run.summary.get("status") or f"exit_{run.exit_code}")


def _words(run: Ended) -> str:
    if run.message:
        return run.message
    why = run.summary.get("why_not") or ()
    if run.exit_code is None:
        return f"the run did not end in time and was killed after {run.seconds:.0f} s"
    return "; ".join(map(str, why)) or f"the run ended with exit code {run.exit_code} and without a word"
