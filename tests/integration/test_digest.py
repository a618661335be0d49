"""The morning's digest over a real store, and when it is due."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from store_samples import NOW, Runs, line

from bridge.beside import DIGEST, jobs
from bridge.contracts.result import ContractResult
from bridge.digest import digest, digested
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


@pytest.mark.parametrize(
    ("language", "words"),
    [
        (
            "en",
            "4. Dates: no order is past its date; promised in contracts: 50% on time in 30 days (1 of 2), 1 overdue, "
            "1 due within 3 days",
        ),
        ("zh", "4. 交期：没有过期未发货的订单；合同承诺近 30 天准时 50%（1/2），逾期未发 1，3 天内到期 1"),
    ],
)
def test_what_contracts_promised_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, words: str
) -> None:
    app, now = app_in(tmp_path, language), NOW + timedelta(days=1)
    monkeypatch.setattr("bridge.promises.utc_now", lambda: now)
    days = {"SO-1": now.date() - timedelta(days=5), "SO-2": now.date() - timedelta(days=4), "SO-3": now.date()}
    old = now.date() - timedelta(days=40)
    runs = Runs(app.store)
    runs.now = now
    runs(
        line("SO-1", contract_no="HT-2026-0001", ship_date=days["SO-1"]),
        line("SO-2", contract_no="HT-2026-0002"),
        line("SO-3", contract_no="HT-2026-0003"),
        line("SO-4", contract_no="HT-2026-0004", ship_date=old),
    )
    for n, day in enumerate([*days.values(), old], 1):
        read = ContractResult(
            file="a.pdf", promised_date=day, promised_dates=(day,), kind="absolute", contract_no=f"HT-2026-000{n}", status="ok",
        )  # fmt: skip
        app.store.keep_contract(
            content=str(n), file="a.pdf", as_read=read.as_json(), picture="", page_picture="", now=now
        )
    made = digest(app, now)
    assert made.lines[3] == words
    assert not made.good


def test_it_is_due_once_a_day_and_not_at_the_first_start(tmp_path: Path) -> None:
    app = app_in(tmp_path)
    folder = app.settings.data_dir
    folder.mkdir()
    now = [NOW]  # 09:15 in Shanghai
    elapsed = [0.0]
    digested(folder).begin(NOW)
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
    assert DIGEST not in [j.source for j in jobs(load_settings(config), config)]
