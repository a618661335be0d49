"""The morning's digest over a real store, and when it is due."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from store_samples import NOW, Runs, line

from bridge.beside import DIGEST, jobs
from bridge.digest import begin, digest, digested
from bridge.interfaces import NoticeLevel
from bridge.records import Doubt
from bridge.settings import load_settings
from bridge.wiring import App

CONFIG = """\
data_dir = "data"
[sources.demo]
url = "http://127.0.0.1:9/"
profile = "sample-erp"
[receivers.erp2]
kind = "folder"
folder = "out"
[notify]
to = ["secret:ops"]
{notify}
[review]
address = "http://office:8321/"
[reports]
language = "{language}"
[run]
timezone = "Asia/Shanghai"
"""


def app_in(folder: Path, language: str = "en", notify: str = "") -> App:
    config = folder / "bridge.toml"
    config.write_text(CONFIG.format(language=language, notify=notify), encoding="utf-8")
    return App.load(config)


def test_a_day_with_everything_in_it(tmp_path: Path) -> None:
    app = app_in(tmp_path)
    runs = Runs(app.store)
    runs(line("SO-1", due_date=(NOW - timedelta(days=40)).date()), line("SO-2", sku="A1"))
    runs(
        line("SO-1", due_date=(NOW - timedelta(days=40)).date()),
        line("SO-2", sku="A1", doubtful={"sku": Doubt.UNPROVEN}),
    )
    made = digest(app, NOW + timedelta(hours=30))
    assert not made.good
    assert made.level is NoticeLevel.WARNING
    assert made.title.endswith("please look")
    lists, waiting, _, late, stuck = made.lines
    assert "demo" in lists
    assert waiting.startswith("2. Waiting for people: 1, the oldest for ")
    assert late == "4. Dates: 1 orders are past their date and not shipped (SO-1)"
    assert stuck.startswith("5. Deliveries: 2 messages wait")
    assert made.link == "http://office:8321/dashboard"


@pytest.mark.parametrize(("language", "words"), [("zh", "等人决定：没有"), ("en", "nothing")])
def test_nothing_to_do_is_said_too(tmp_path: Path, language: str, words: str) -> None:
    made = digest(app_in(tmp_path, language), NOW)
    assert words in made.lines[1]
    assert not made.good, "a source that was never read is not well"


def test_it_is_due_once_a_day_and_not_at_the_first_start(tmp_path: Path) -> None:
    app = app_in(tmp_path)
    folder = app.settings.data_dir
    folder.mkdir()
    now = [NOW]  # 09:15 in Shanghai
    elapsed = [0.0]
    begin(folder, NOW)
    config = tmp_path / "bridge.toml"
    (job,) = (
        j
        for j in jobs(load_settings(config), config, now=lambda: now[0], monotonic=lambda: elapsed[0])
        if j.source == DIGEST
    )
    assert job.wanted is not None
    assert not job.wanted()
    now[0], elapsed[0] = NOW + timedelta(hours=23, minutes=50), 86_000.0  # 09:05 the next day
    assert job.wanted()
    digested(folder).note(now[0])
    elapsed[0] += 3600
    assert not job.wanted()
    assert digested(folder)() == now[0]


def test_whoever_wants_none_gets_none(tmp_path: Path) -> None:
    app_in(tmp_path, notify='digest_at = ""')
    config = tmp_path / "bridge.toml"
    assert [j.source for j in jobs(load_settings(config), config)] == []
