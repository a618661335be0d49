"""/healthz and /metrics over real HTTP, and what follows a run's end."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from bridge.errors import ConfigError, StoreBusy
from bridge.monitor import follow, metrics, served
from bridge.scheduler import Ended
from bridge.secrets import Secret

STATE: dict[str, Any] = {
    "sources": {
        "k3": {
            "status": "ok", "age_minutes": 4.5, "completeness": 0.99, "straight_through": 0.95, "orders": 500,
            "waiting": 7, "captcha_solved": 0.75, "stage_seconds": {"capture": 12.5},
        },
        'u"8': {
            "status": "failed", "age_minutes": None, "completeness": None, "straight_through": None, "orders": 0,
            "waiting": 0, "captcha_solved": None, "stage_seconds": {},
        },
    },
    "receivers": {"hub": {"pending": 3, "leased": 1, "sent": 9, "parked": 2, "oldest_minutes": 2.0}},
}  # fmt: skip


def test_metrics() -> None:
    lines = metrics(STATE).splitlines()
    for line in (
        'bridge_age_seconds{source="k3"} 270',
        'bridge_last_status{source="k3",status="ok"} 1',
        'bridge_last_status{source="k3",status="failed"} 0',
        'bridge_last_status{source="u\\"8",status="failed"} 1',
        'bridge_complete_ratio{source="k3"} 0.99',
        'bridge_straight_through_ratio{source="k3"} 0.95',
        'bridge_waiting{source="k3"} 7',
        'bridge_captcha_solved_ratio{source="k3"} 0.75',
        'bridge_stage_seconds{source="k3",stage="capture"} 12.5',
        'bridge_outbox_messages{receiver="hub",state="parked"} 2',
        'bridge_outbox_age_seconds{receiver="hub"} 120',
        "bridge_up 1",
    ):
        assert line in lines
    assert not any(line.startswith('bridge_age_seconds{source="u') for line in lines), "never synced has no age"


def test_healthz_tells_fresh_from_stale_and_from_a_store_that_does_not_answer() -> None:
    state = {"sources": {"k3": STATE["sources"]["k3"]}, "receivers": {}}

    def status() -> Mapping[str, Any]:
        if not state:
            raise StoreBusy("locked")
        return state

    with served("127.0.0.1:0", status, max_age_minutes=45) as url:
        assert httpx.get(f"{url}/healthz").json() == {"ok": True, "stale": [], "age_minutes": {"k3": 4.5}}
        assert "bridge_up 1" in httpx.get(f"{url}/metrics").text
        state["sources"] = STATE["sources"]
        stale = httpx.get(f"{url}/healthz")
        assert (stale.status_code, stale.json()["stale"]) == (503, ['u"8'])
        state.clear()
        assert httpx.get(f"{url}/healthz").status_code == 503
        assert "bridge_up 0" in httpx.get(f"{url}/metrics").text
        assert httpx.get(f"{url}/orders").status_code == 404
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/healthz")


def test_a_port_that_is_taken_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        listen = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(ConfigError, match=r"run\.listen"), served(listen, lambda: STATE, 45):
            pass


class Book:
    """Stands for the alarms."""

    def __init__(self) -> None:
        self.said: list[tuple[str, ...]] = []

    def works(self, subject: str) -> None:
        self.said.append(("works", subject))

    def failed(self, subject: str, *, code: str, message: str, hint: str = "") -> None:
        self.said.append(("failed", subject, code, message, hint))


def ended(exit_code: int | None, **summary: Any) -> Ended:
    stopped = summary.pop("stopped", False)
    return Ended(source="k3", exit_code=exit_code, seconds=700.0, summary=summary, leftover=0, stopped=stopped)


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (ended(0, status="ok"), ("works", "k3")),
        (ended(5, status="failed", error="down", error_code="source_unavailable", hint="wait"),
         ("failed", "k3", "source_unavailable", "down", "wait")),
        (ended(3, error={"code": "config", "message": "broken", "hint": "mend"}),
         ("failed", "k3", "config", "broken", "mend")),
        (ended(7, status="partial", why_not=["a page is missing"]),
         ("failed", "k3", "partial", "a page is missing", "")),
        (ended(None), ("failed", "k3", "killed", "the run did not end in time and was killed after 700 s", "")),
        (ended(70), ("failed", "k3", "exit_70", "the run ended with exit code 70 and without a word", "")),
    ],
)  # fmt: skip
def test_what_follows_a_run(run: Ended, said: tuple[str, ...]) -> None:
    book = Book()
    follow(book, lambda source: None)(run)  # type: ignore[arg-type]
    assert book.said == [said]


def test_a_run_that_ends_because_the_bridge_stops_is_no_failure() -> None:
    book, beats = Book(), list[str]()

    def address(source: str) -> Secret | None:
        beats.append(source)
        return None

    follow(book, address)(ended(None, stopped=True))  # type: ignore[arg-type]
    assert (book.said, beats) == ([], [])
    follow(book, address)(ended(7))  # type: ignore[arg-type]
    assert beats == [], "no heartbeat after a failure"
    follow(book, address)(ended(0))  # type: ignore[arg-type]
    assert beats == ["k3"]
