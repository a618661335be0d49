"""A folder that another system imports files from: one file per message, complete or not there at all.

A file is named by its place in the outbox and its message id (``000000000042_msg_….jsonl``): sorted by name is
the right order.  File-fed systems take files away once read, so "the file is there" cannot tell whether a
message was delivered before.  Two names in ``.bridge/<month>/`` beside the files can:

1. ``<message_id>.part`` is written and made durable;
2. ``<message_id>.ready`` is created (empty) and made durable;
3. ``.part`` is renamed to its final name: this one step delivers it.

A repeated send that finds ``.ready`` without ``.part`` knows that step 3 happened, whatever became of the file;
in all other states it goes on where the killed attempt stopped.  ``.bridge/<month>`` may be deleted once all
messages of that month are sent.

JSON Lines is the form that changes nothing.  CSV (RFC 4180, with a heading) is for people and spreadsheets:
a text that a spreadsheet would run as a formula (it begins with = + - @, their wide forms, or a tab) gets a ' in
front, plain numbers do not; ``formula_guard = false`` leaves all as it is, for importers that are no spreadsheet.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from bridge.errors import DeliveryFailed, DeliveryRefused
from bridge.formulas import guarded
from bridge.outbox.body import Body, Plain, read_body
from bridge.outbox.transports.options import Options, SecretLookup, check_options
from bridge.records import OutboxMessage

_META = ("message_id", "kind", "source", "key", "order_no")


class FolderOptions(Options):
    folder: Path = Field(description="An existing folder; never created: it may be a share that is not mounted.")
    format: Literal["jsonl", "csv"] = "jsonl"
    columns: list[str] | None = Field(
        None, description=f"CSV columns in order: fields, and {', '.join(_META)}. Not given: all of them."
    )
    encoding: Literal["utf-8", "utf-8-sig", "gb18030"] = Field(
        "utf-8", description="utf-8-sig for Excel, gb18030 for older Chinese programs; JSON Lines is always utf-8."
    )
    formula_guard: bool = True


def build(name: str, options: Mapping[str, Any], secret_lookup: SecretLookup) -> FolderTransport:
    return FolderTransport(name, check_options(FolderOptions, name, options))


class FolderTransport:
    def __init__(self, name: str, options: FolderOptions) -> None:
        self.name = name
        self._options = options

    def send(self, message: OutboxMessage) -> None:
        """Raises DeliveryFailed when the folder is missing, read-only or full, DeliveryRefused for a body that
        cannot be written as CSV."""
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,128}", message.message_id):
            raise DeliveryRefused(f"message id {message.message_id!r} cannot be part of a file name")
        content = self._content(message)
        try:
            self._deliver(message, content)
        except OSError as e:
            raise DeliveryFailed(
                f"receiver {self.name}: cannot write into {self._options.folder}: {e.strerror or e}",
                hint="Check that the folder exists, is mounted, has room, and that this account may write there.",
            ) from e

    def close(self) -> None:
        pass  # nothing is kept open between two messages

    def _deliver(self, message: OutboxMessage, content: bytes) -> None:
        folder = self._options.folder
        # The month of the message, not of the attempt: all attempts must look in the same place.
        notes = folder / ".bridge" / f"{message.created_at.astimezone(UTC):%Y-%m}"
        part, ready = notes / f"{message.message_id}.part", notes / f"{message.message_id}.ready"
        if not folder.is_dir():
            raise FileNotFoundError(2, "the folder does not exist")
        for new in (notes.parent, notes):
            if not new.is_dir():
                new.mkdir(exist_ok=True)
                _sync_folder(new.parent)
        if not ready.exists():
            _write(part, content)
            _sync_folder(notes)  # a power cut must not keep .ready and lose .part
            _write(ready, b"")
            _sync_folder(notes)
        elif not part.exists():
            return
        part.replace(folder / f"{message.id:012d}_{message.message_id}.{self._options.format}")
        _sync_folder(folder)
        _sync_folder(notes)

    def _content(self, message: OutboxMessage) -> bytes:
        if self._options.format == "jsonl":
            # One line whatever the body's author did: JSON allows these two only between its tokens.
            return re.sub(r"[\r\n]+", " ", message.body).encode() + b"\n"
        row = _flat(read_body(message.body), message.message_id)
        columns = self._options.columns or list(row)
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow([self._cell(c) for c in columns])
        writer.writerow([self._cell(row.get(c)) for c in columns])
        return out.getvalue().encode(self._options.encoding)

    def _cell(self, value: Plain) -> str:
        if self._options.formula_guard:
            return guarded(value)
        return "" if value is None else str(value)


def _flat(body: Body, message_id: str) -> dict[str, Plain]:
    meta = (message_id, body.kind, body.source, body.key_text, body.order_no)
    # The order's own fields win: a column of the ERP may well be called order_no.
    return dict(zip(_META, meta, strict=True)) | dict(body.fields)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as f:
        f.write(content)
        f.flush()
        os.fsync(f.fileno())


def _sync_folder(path: Path) -> None:
    """Makes renames in a folder durable; Windows has no such call and needs none for NTFS metadata."""
    if os.name == "nt":
        return
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
