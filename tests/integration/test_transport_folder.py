"""The folder transport on a real disk: complete files, exactly once, whatever kills the process in between."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bridge.errors import DeliveryFailed, DeliveryRefused
from bridge.interfaces import Transport
from bridge.outbox.transports import build_transport
from bridge.records import OutboxMessage
from bridge.secrets import Secret

needs_posix = pytest.mark.skipif(os.name == "nt", reason="fork and resource limits")


def message(number: int = 1, *, message_id: str = "", text: str | None = None, **fields: object) -> OutboxMessage:
    body = {
        "type": "order.added",
        "source": "demo",
        "order_no": f"SO-{number}",
        "key": [f"SO-{number}", "1"],
        "version": 1,
        "fields": {"customer": "上海,\"一\"厂", "amount": "-12.50", **fields},
        "previous": {},
    }  # fmt: skip
    return OutboxMessage(
        id=number,
        message_id=message_id or f"msg_{number}",
        receiver="files",
        source="demo",
        order_no=f"SO-{number}",
        body=text if text is not None else json.dumps(body, ensure_ascii=False),
        created_at=datetime(2025, 3, 31, 23, 59, tzinfo=UTC),
        attempts=1,
    )


def into(folder: Path, **options: object) -> Transport:
    return build_transport("files", "folder", {"folder": str(folder), **options}, Secret)


def files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.iterdir() if p.is_file())


def test_one_line_of_json_named_in_order(tmp_path: Path) -> None:
    transport = into(tmp_path)
    for number in (10, 9, 100):
        transport.send(message(number))
    assert [p.name for p in files(tmp_path)] == [
        "000000000009_msg_9.jsonl",
        "000000000010_msg_10.jsonl",
        "000000000100_msg_100.jsonl",
    ]
    assert files(tmp_path)[0].read_bytes() == message(9).body.encode() + b"\n"


def test_a_body_with_line_breaks_is_one_line_and_says_the_same(tmp_path: Path) -> None:
    data = {"note": "a\u2028b\u0085c", "n": [1, 2]}
    into(tmp_path).send(message(text=json.dumps(data, indent=1, ensure_ascii=False)))
    content = files(tmp_path)[0].read_bytes()
    assert content.count(b"\n") == 1
    assert json.loads(content) == data


def test_a_repeated_send_changes_nothing_even_when_the_file_was_taken_away(tmp_path: Path) -> None:
    transport = into(tmp_path)
    transport.send(message())
    (first,) = files(tmp_path)
    written = first.stat().st_mtime_ns
    transport.send(message())
    assert (first.stat().st_mtime_ns, len(files(tmp_path))) == (written, 1)
    first.unlink()  # the file-fed system has read it
    into(tmp_path).send(message())  # a new process after a kill between send and mark
    assert files(tmp_path) == []


@needs_posix
def test_killed_at_every_step_the_file_arrives_exactly_once(tmp_path: Path) -> None:
    """A child is killed at its n-th fsync, for every n; the other system takes files away at once."""
    steps = 0
    for n in range(1, 50):
        folder = tmp_path / str(n)
        folder.mkdir()
        killed = _send_and_die(folder, at=n)
        taken = _take_away(folder)
        into(folder).send(message())
        taken += _take_away(folder)
        assert taken == [message().body.encode() + b"\n"], f"killed at step {n}"
        if not killed:
            break
        steps = n
    assert steps >= 5  # or the fault was never injected


def _send_and_die(folder: Path, *, at: int) -> bool:
    """Sends in a child process that is killed -9 when it asks for the ``at``-th fsync; whether it was."""
    child = os.fork()
    if child == 0:
        real, calls = os.fsync, iter(range(1, 1000))

        def fsync(fd: int) -> None:
            if next(calls) == at:
                os.kill(os.getpid(), signal.SIGKILL)
            real(fd)

        os.fsync = fsync
        try:
            into(folder).send(message())
        finally:
            os._exit(0 if sys.exc_info()[0] is None else 1)
    _, status = os.waitpid(child, 0)
    assert status in (0, signal.SIGKILL)
    return status != 0


def _take_away(folder: Path) -> list[bytes]:
    contents = []
    for path in files(folder):
        contents.append(path.read_bytes())
        path.unlink()
    return contents


def test_csv_is_quoted_and_guarded_against_formulas(tmp_path: Path) -> None:
    wild = {"note": '=HYPERLINK("http://x")', "at": "@SUM(1)", "wide": "＝1+1", "minus": "-1+2", "lines": "a\r\nb"}
    into(tmp_path, format="csv").send(message(**wild))
    heading, row = csv.reader(io.StringIO(files(tmp_path)[0].read_bytes().decode(), newline=""))
    got = dict(zip(heading, row, strict=True))
    assert got["note"] == "'" + wild["note"]
    assert (got["at"], got["wide"], got["minus"]) == ("'@SUM(1)", "'＝1+1", "'-1+2")
    assert got["lines"] == "a\r\nb"
    assert got["amount"] == "-12.50"  # a number is no formula
    assert got["customer"] == '上海,"一"厂'
    assert (got["message_id"], got["kind"], got["key"]) == ("msg_1", "added", "SO-1|1")


def test_csv_with_chosen_columns_for_an_older_program(tmp_path: Path) -> None:
    options = {
        "columns": ["order_no", "customer", "absent", "note"],
        "encoding": "gb18030",
        "formula_guard": False,
    }
    into(tmp_path, format="csv", **options).send(message(note="=1", customer="镕𠮷"))
    assert (
        files(tmp_path)[0].read_bytes().decode("gb18030") == "order_no,customer,absent,note\r\nSO-1,镕𠮷,,=1\r\n"
    )


def test_a_body_that_is_no_change_cannot_become_csv(tmp_path: Path) -> None:
    for text in ("[]", "not json", '{"type": "order.added"}'):
        with pytest.raises(DeliveryRefused, match="message body"):
            into(tmp_path, format="csv").send(message(text=text))
    assert files(tmp_path) == []


def test_a_message_id_cannot_leave_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    with pytest.raises(DeliveryRefused, match="file name"):
        into(folder).send(message(message_id="../../evil"))
    assert [p.name for p in tmp_path.rglob("*")] == ["in"]


def test_a_missing_folder_is_a_failure_and_is_not_created(tmp_path: Path) -> None:
    with pytest.raises(DeliveryFailed, match="share: the folder does not exist") as caught:
        into(tmp_path / "share").send(message())
    assert "mounted" in caught.value.hint
    assert not (tmp_path / "share").exists()


@needs_posix
def test_a_file_in_place_of_the_folder_and_a_read_only_one_are_failures(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for folder in (tmp_path / "file", Path("/proc/self/task")):  # /proc refuses new folders to everyone
        with pytest.raises(DeliveryFailed, match="cannot write into"):
            into(folder).send(message())


@needs_posix
def test_a_full_disk_is_a_failure_and_the_next_attempt_delivers_the_whole_file(tmp_path: Path) -> None:
    transport = into(tmp_path)
    with file_size_limit(20), pytest.raises(DeliveryFailed, match="File too large"):
        transport.send(message())
    assert files(tmp_path) == []
    transport.send(message())
    assert files(tmp_path)[0].read_bytes() == message().body.encode() + b"\n"


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """The kernel refuses to make any file of this process longer."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
