"""Sending a message to people: 企业微信, 钉钉, 飞书, e-mail, webhooks and whatever else apprise knows.

apprise looks at the HTTP status alone.  The three Chinese bots answer 200 to everything and tell a refusal (wrong
key, wrong keyword, too many messages) in the body, so the body is looked at here.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import apprise
import requests

from bridge import log
from bridge.errors import ConfigError
from bridge.interfaces import NoticeLevel
from bridge.secrets import Secret

# Where a channel's answer says that it refused: 0 is good, anything else is not.
_BODY_CODES = ("errcode",)
_CODES_OF: Mapping[str, tuple[str, ...]] = {"feishu": ("code", "StatusCode"), "lark": ("code", "StatusCode")}
_TYPES = {
    NoticeLevel.INFO: apprise.NotifyType.INFO,
    NoticeLevel.GOOD: apprise.NotifyType.SUCCESS,
    NoticeLevel.WARNING: apprise.NotifyType.WARNING,
    NoticeLevel.FAILURE: apprise.NotifyType.FAILURE,
}
_listening = threading.Lock()


class Channels:
    """Satisfies ``interfaces.Notifier``.  addresses: by name, in apprise's form (``wecombot://KEY``,
    ``dingtalk://TOKEN``, ``feishu://TOKEN``, ``mailtos://user:password@host?to=…``, ``jsons://host/path``); they
    hold keys, so they come as secrets.  Raises ConfigError for one that apprise does not understand."""

    def __init__(self, addresses: Mapping[str, Secret]) -> None:
        self._channels: dict[str, Any] = {}
        for name, address in addresses.items():
            channel = apprise.Apprise.instantiate(address.reveal(), suppress_exceptions=True)
            if channel is None:
                raise ConfigError(
                    f"notify.to: the secret {name} is no address that apprise knows",
                    hint="It looks like wecombot://KEY, dingtalk://TOKEN, feishu://TOKEN or "
                    "mailtos://user:password@host?to=boss@example.com; docs/unattended.md lists more.",
                )
            self._channels[name] = channel

    def send(self, title: str, text: str, *, level: NoticeLevel = NoticeLevel.INFO) -> Sequence[str]:
        """To all of them; returns the names of those that did not take it.  Never raises: whoever has something to
        tell must not fail over the telling."""
        failed = []
        for name, channel in self._channels.items():
            why = self._one(channel, title, text, level)
            if why:
                failed.append(name)
                log.event("notify.failed", why, level="ERROR", channel=name)
            else:
                log.event("notify.sent", title, channel=name)
        return failed

    @property
    def names(self) -> Sequence[str]:
        return tuple(self._channels)

    @staticmethod
    def _one(channel: Any, title: str, text: str, level: NoticeLevel) -> str:
        """Why it was not taken, or ''."""
        try:
            with _answers() as answers:
                taken = channel.notify(title=title, body=text, notify_type=_TYPES[level])
        except Exception as e:  # noqa: BLE001  a plugin's own fault must not end the run that wanted to tell
            return f"{type(e).__name__} in apprise"
        if refusal := next(filter(None, (_refusal(channel, a) for a in answers)), ""):
            return refusal
        return "" if taken else "not taken: unreachable, or refused by its status"


@contextmanager
def _answers() -> Iterator[list[requests.Response]]:
    """What this thread's HTTP requests are answered inside the block."""
    thread, seen, real = threading.get_ident(), list[requests.Response](), requests.sessions.Session.send

    def send(self: requests.Session, request: Any, **how: Any) -> requests.Response:
        answer = real(self, request, **how)
        if threading.get_ident() == thread:
            seen.append(answer)
        return answer

    with _listening:
        requests.sessions.Session.send = send
        try:
            yield seen
        finally:
            requests.sessions.Session.send = real


def _refusal(channel: Any, answer: requests.Response) -> str:
    try:
        said = json.loads(answer.content)
    except ValueError:
        return ""
    if not isinstance(said, dict):
        return ""
    kind = str((channel.secure_protocol or channel.protocol) if channel else "")
    for key in (*_BODY_CODES, *_CODES_OF.get(kind, ())):
        if key in said and str(said[key]) != "0":
            return f"refused: {key} {said[key]}: {str(said.get('errmsg') or said.get('msg') or '')[:200]}"
    return ""
