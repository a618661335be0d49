"""What a receiver took, and what was wrong with it.

A stand-in for the systems downstream that forgives nothing: it does not deduplicate, it remembers every message
in a JSON Lines file and names each broken promise of the outbox:

- ``two_keys``: the same change came under a second message id;
- ``two_bodies``: one message id came with another body;
- ``wrong_order``: a change whose ``previous`` is not what the receiver has or whose version does not rise, or a
  repeat of a message after a later one of the same order number;
- ``bad_request``: signature wrong, headers missing, or a body that is no change.

The same id with the same body right after itself is no fault: at least once is what was promised.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bridge.errors import DeliveryRefused
from bridge.outbox.body import Body, Plain, read_body


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    code: str  # two_keys | two_bodies | wrong_order | bad_request
    words: str
    message_id: str


class Ledger:
    """Thread-safe.  An existing file is read back first, so a restarted receiver goes on where it was."""

    def __init__(self, path: Path) -> None:
        self.faults: list[Fault] = []
        self.effects: list[str] = []  # message ids in the order they first came
        self.repeats = 0
        self.rows: dict[tuple[str, str], dict[str, Plain]] = {}  # (source, key) → fields as they stand here
        self._versions: dict[tuple[str, str], int] = {}
        self._absent: set[tuple[str, str]] = set()
        self._digests: dict[str, str] = {}  # message id → of its body
        self._identities: dict[str, str] = {}  # of a change without its id → message id
        self._last: dict[tuple[str, str], str] = {}  # (source, order number) → message id
        self._lock = threading.Lock()
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                self._replay(json.loads(line))
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", encoding="utf-8")

    def accept(self, message_id: str, text: str) -> None:
        """Takes a message whose signature was right.  On disk before it returns."""
        with self._lock:
            known = len(self.faults)
            repeat = message_id in self._digests
            self._take(message_id, text)
            self._write(
                event="accepted",
                id=message_id,
                repeat=repeat,
                faults=[f"{f.code}: {f.words}" for f in self.faults[known:]],
                text=text,
            )

    def reject(self, message_id: str, why: str) -> None:
        with self._lock:
            self._fault("bad_request", why, message_id)
            self._write(event="rejected", id=message_id, why=why)

    def summary(self) -> dict[str, Any]:
        with self._lock:
            faults = [{"code": f.code, "words": f.words, "id": f.message_id} for f in self.faults]
            return {
                "effects": len(self.effects),
                "repeats": self.repeats,
                "rows": len(self.rows),
                "faults": faults,
            }

    def present(self) -> dict[tuple[str, str], dict[str, Plain]]:
        """``rows`` without those that it was told are gone or have left the list."""
        with self._lock:
            return {row: dict(fields) for row, fields in self.rows.items() if row not in self._absent}

    def close(self) -> None:
        self._file.close()

    def _take(self, message_id: str, text: str) -> None:
        digest = hashlib.sha256(text.encode()).hexdigest()
        repeat = message_id in self._digests
        if self._digests.setdefault(message_id, digest) != digest:
            self._fault("two_bodies", "this id came with another body before", message_id)
            return
        try:
            body = read_body(text)
        except DeliveryRefused as e:
            self._fault("bad_request", str(e), message_id)
            return
        order = (body.source, body.order_no)
        if repeat:
            self.repeats += 1
            if self._last[order] != message_id:
                self._fault("wrong_order", f"repeated after {self._last[order]} of {body.order_no}", message_id)
            return
        identity = _identity(text)
        if misfit := self._misfit(body):
            if identity in self._identities:
                self._fault("two_keys", f"the same change as {self._identities[identity]}", message_id)
            else:
                self._fault("wrong_order", misfit, message_id)
        self._identities[identity] = message_id
        self._last[order] = message_id
        self._apply(body)
        self.effects.append(message_id)

    def _misfit(self, body: Body) -> str:
        """Why this change cannot come next, or ''."""
        row = (body.source, body.key_text)
        here = row in self.rows and row not in self._absent
        if body.version <= (had := self._versions.get(row, -1)):
            return f"{body.key_text}: version {body.version} after {had}"
        if (body.kind in ("added", "back")) == here:
            return f"{body.key_text} is {body.kind} but {'already' if here else 'not'} here"
        have = self.rows.get(row, {})
        off = [k for k, v in body.previous.items() if have.get(k) != v]
        return f"{body.key_text}: previous differs from what is here in {', '.join(off)}" if off else ""

    def _apply(self, body: Body) -> None:
        row = (body.source, body.key_text)
        self.rows[row] = dict(body.fields)
        self._versions[row] = body.version
        if body.kind in ("gone", "left"):
            self._absent.add(row)
        else:
            self._absent.discard(row)

    def _fault(self, code: str, words: str, message_id: str) -> None:
        self.faults.append(Fault(code=code, words=words, message_id=message_id))

    def _replay(self, line: Mapping[str, Any]) -> None:
        if line["event"] == "accepted":
            self._take(line["id"], line["text"])
        else:
            self._fault("bad_request", line["why"], line["id"])

    def _write(self, **line: object) -> None:
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        self._file.write(json.dumps({"at": at, **line}, ensure_ascii=False) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def _identity(text: str) -> str:
    """Digest of a change without its id."""
    data = json.loads(text)
    data.pop("id", None)
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()
