"""The log: fields, and no secret in any sink, however it got there.  In processes of their own: it is global."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

VALUE = "pa$$ wörd/7"

CODE = """
import logging, sys
from pathlib import Path
from loguru import logger
from bridge import log
from bridge.secrets import Secret

value = sys.argv[2]
secret = Secret(value)
log.set_up(folder=Path(sys.argv[1]), name="sync-demo", console_level="DEBUG")
with log.fields(run_id="r1", source="demo"):
"""


def run(tmp_path: Path, body: str, *arguments: str) -> tuple[list[dict[str, Any]], str, str]:
    """(JSON lines, the file as it stands, stderr)"""
    code = CODE + textwrap.indent(textwrap.dedent(body), "    ")
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), VALUE, *arguments],
        capture_output=True,
        encoding="utf-8",
        check=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    text = (tmp_path / "sync-demo.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()], text, done.stderr


def test_an_event_has_its_name_its_fields_and_the_context(tmp_path: Path) -> None:
    lines, _, console = run(tmp_path, 'log.event("capture.page", "page {3} of <26>", stage="capture", page=3)')
    (line,) = lines
    assert line["event"] == "capture.page"
    assert line["message"] == "page {3} of <26>"
    assert (line["run_id"], line["source"], line["stage"], line["page"]) == ("r1", "demo", "capture", 3)
    assert line["level"] == "info"
    assert "page {3} of <26>" in console
    assert "run_id=r1  source=demo  stage=capture  page=3" in console


def test_no_sink_gets_a_secret(tmp_path: Path) -> None:
    body = """
        from urllib.parse import quote
        log.event("a", f"signing in with {value}", url="http://erp/?p=" + quote(value),
                  deep={"k": [value, secret]})
        logging.getLogger("somelibrary").warning("posting %s", value)
        logger.bind(header=value).info("direct use of loguru with " + value)
        try:
            try:
                int(value)
            except ValueError as e:
                raise RuntimeError(f"could not use {value!r}") from e
        except RuntimeError:
            logger.exception("it failed")
    """
    lines, text, console = run(tmp_path, body)
    assert len(lines) == 4
    for written in (text, console):
        assert VALUE not in written
        assert "%20w" not in written
        assert "***" in written
    assert lines[0]["url"] == "http://erp/?p=***"
    assert lines[0]["deep"] == {"k": ["***", "***"]}
    assert "could not use '***'" in lines[3]["trace"]
    assert "ValueError" in lines[3]["trace"]


def test_tracebacks_do_not_show_the_values_of_variables(tmp_path: Path) -> None:
    body = """
        def f(harmless):
            return 1 / 0
        try:
            f("local-" + "variable")
        except ZeroDivisionError:
            logger.exception("failed")
    """
    _, text, console = run(tmp_path, body)
    assert "ZeroDivisionError" in text
    assert "ZeroDivisionError" in console
    assert "local-variable" not in text + console


def test_a_value_learned_later_is_taken_out_from_then_on(tmp_path: Path) -> None:
    body = """
        log.event("before", "later-secret")
        Secret("later-secret")
        log.event("after", "later-secret")
    """
    lines, _, _ = run(tmp_path, body)
    assert [line["message"] for line in lines] == ["later-secret", "***"]


def test_the_console_shows_only_what_is_asked_for_and_the_file_all(tmp_path: Path) -> None:
    body = """
        log.set_up(folder=Path(sys.argv[1]), name="sync-demo", console_level="WARNING")
        log.event("quiet", level="DEBUG")
        log.event("loud", level="WARNING")
    """
    lines, _, console = run(tmp_path, body)
    assert [line["event"] for line in lines] == ["quiet", "loud"]
    assert "loud" in console
    assert "quiet" not in console
    assert "\x1b" not in console


def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    run(tmp_path, 'log.event("a")')
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "sync-demo.jsonl").stat().st_mode) == 0o600
