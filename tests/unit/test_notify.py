"""Alarms and channels: the real plugins' requests, with the answers that those services give."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests

from bridge.errors import ConfigError
from bridge.interfaces import NoticeLevel
from bridge.notify import Alarms, Channels
from bridge.notify.heartbeat import beat
from bridge.secrets import Secret

KEY = "b1946ac9-2492-4b81-8ea6-c1ac8e1c1f30"
TOKEN = "c" * 40
BOTS = {
    "wecom": (
        f"wecombot://{KEY}",
        {"errcode": 0, "errmsg": "ok"},
        {"errcode": 93000, "errmsg": "invalid webhook url"},
    ),
    "dingtalk": (f"dingtalk://{TOKEN}", {"errcode": 0}, {"errcode": 310000, "errmsg": "keywords not in content"}),
    "feishu": (f"feishu://{KEY}", {"code": 0, "msg": "success"}, {"code": 19001, "msg": "param invalid"}),
}


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Any], list[requests.PreparedRequest]]:
    """``answers(status, body)``: what the network says from now on; returns the requests as they go out."""
    sent: list[requests.PreparedRequest] = []

    def set_to(status: int, body: Any) -> list[requests.PreparedRequest]:
        def send(self: Any, request: requests.PreparedRequest, **how: Any) -> requests.Response:
            sent.append(request)
            made = requests.Response()
            made.status_code, made.request, made.url = status, request, request.url or ""
            made._content = body if isinstance(body, bytes) else json.dumps(body).encode()
            return made

        monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
        return sent

    return set_to


@pytest.mark.parametrize("bot", BOTS)
def test_a_bot_that_answers_200_and_an_error_code_has_not_taken_it(bot: str, answers: Callable[..., Any]) -> None:
    address, good, bad = BOTS[bot]
    channels = Channels({bot: Secret(address)})
    sent = answers(200, good)
    assert channels.send("标题", "正文", level=NoticeLevel.FAILURE) == []
    assert "正文" in json.dumps(json.loads(sent[0].body or b"{}"), ensure_ascii=False)
    answers(200, bad)
    assert channels.send("标题", "正文") == [bot]
    answers(500, b"<html>")
    assert channels.send("标题", "正文") == [bot]


def test_one_dead_channel_does_not_silence_the_other(answers: Callable[..., Any]) -> None:
    answers(200, {"errcode": 0})
    channels = Channels(
        {
            "dead": Secret("mailto://a:b@127.0.0.1:9?to=x@example.com&from=a@example.com"),
            "bot": Secret(BOTS["wecom"][0]),
        }
    )
    assert channels.send("t", "x") == ["dead"]


def test_an_address_that_is_none_is_said_without_showing_it() -> None:
    with pytest.raises(ConfigError) as caught:
        Channels({"ops": Secret("wecom-bot:/Geheim-1234")})
    assert "ops" in str(caught.value)
    assert "Geheim" not in str(caught.value) + caught.value.hint


class Told:
    """A notifier that writes down what it is told; ``deaf``: takes nothing."""

    names: Sequence[str] = ("one",)

    def __init__(self) -> None:
        self.titles: list[str] = []
        self.deaf = False

    def send(self, title: str, text: str, *, level: NoticeLevel = NoticeLevel.INFO) -> Sequence[str]:
        if self.deaf:
            return self.names
        self.titles.append(f"{title} | {text}")
        return []


class Night:
    """Alarms over many runs, with a clock that is moved."""

    def __init__(self, file: Path) -> None:
        self.now = datetime(2026, 11, 22, 20, tzinfo=UTC)
        self.told = Told()
        self.file = file
        self.restart()

    def restart(self) -> None:
        self.alarms = Alarms(self.told, self.file, clock=lambda: self.now, language="en")

    def runs(self, number: int, code: str | None) -> list[str]:
        before = len(self.told.titles)
        for _ in range(number):
            self.now += timedelta(minutes=15)
            if code is None:
                self.alarms.works("k3")
            else:
                self.alarms.failed("k3", code=code, message=f"it is {code}", hint="look")
        return self.told.titles[before:]


@pytest.fixture
def night(tmp_path: Path) -> Night:
    return Night(tmp_path / "data" / "alarms.json")


def test_first_failure_digest_recovery(night: Night) -> None:
    assert night.runs(3, None) == [], "nobody is told that all is well"
    assert night.runs(1, "down") == ["k3: failed | it is down\nNext: look"]
    assert night.runs(23, "down") == []
    (digest,) = night.runs(1, "down")
    assert digest.startswith("k3: still failing, 25 times by now")
    (end,) = night.runs(1, None)
    assert end.startswith("k3: works again | It had failed 25 times since 2026-11-2")
    assert night.runs(5, None) == []


def test_another_kind_of_failure_is_told_at_once_and_once(night: Night) -> None:
    night.runs(1, "down")
    assert len(night.runs(3, "sign_in_refused")) == 1
    assert night.runs(3, "down") == []


def test_a_restart_neither_repeats_nor_forgets(night: Night) -> None:
    night.runs(2, "down")
    night.restart()
    assert night.runs(2, "down") == []
    night.restart()
    assert len(night.runs(1, None)) == 1


def test_what_no_channel_took_is_told_later(night: Night) -> None:
    night.told.deaf = True
    assert night.runs(2, "down") == []
    night.told.deaf = False
    assert len(night.runs(1, "down")) == 1
    night.told.deaf = True
    night.runs(2, None)
    night.told.deaf = False
    assert len(night.runs(1, None)) == 1


def test_a_damaged_file_is_begun_anew(night: Night) -> None:
    night.runs(1, "down")
    night.file.write_text('{"k3": [1', encoding="utf-8")
    night.restart()
    assert len(night.runs(1, "down")) == 1


@pytest.fixture
def outside() -> Iterator[tuple[str, list[str], list[int]]]:
    """(address, paths that were fetched, statuses to answer)"""
    paths: list[str] = []
    statuses: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(statuses.pop() if statuses else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", paths, statuses
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_heartbeat(outside: tuple[str, list[str], list[int]]) -> None:
    url, paths, statuses = outside
    assert beat("k3", Secret(f"{url}/ping/abc"))
    assert paths == ["/ping/abc"]
    statuses.append(500)
    assert not beat("k3", Secret(f"{url}/ping/abc"))
    assert not beat("k3", Secret("http://127.0.0.1:9/ping"))
    assert not beat("k3", Secret("no address"))
