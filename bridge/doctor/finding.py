"""One line of the doctor's answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from bridge.errors import BridgeError


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    level: Literal["ok", "warn", "fail"]
    subject: str  # one or two words
    words: str  # what was found
    next: str = ""  # the next move, for warn and fail


def ok(subject: str, words: str) -> Finding:
    return Finding(level="ok", subject=subject, words=words)


def warn(subject: str, words: str, next: str) -> Finding:
    return Finding(level="warn", subject=subject, words=words, next=next)


def fail(subject: str, words: str, next: str) -> Finding:
    return Finding(level="fail", subject=subject, words=words, next=next)


def failed(subject: str, error: BridgeError) -> Finding:
    return fail(subject, error.message, error.hint)
