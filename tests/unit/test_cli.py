"""The command line in processes of its own: what it prints and how it ends."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest
from typer.testing import CliRunner

from bridge.breaks import Break, BreakClass
from bridge.cli import boundary, console, show
from bridge.cli import commands as _commands  # registers them
from bridge.cli.app import ORDER, app
from bridge.errors import BridgeError
from bridge.interfaces import StoredReview
from bridge.records import ReviewItem, ReviewKind, RunStatus, RunSummary

assert _commands
ROOT = Path(__file__).parents[2]
COMMANDS = [
    ["demo"], ["init"], ["setup"], ["doctor"], ["secret", "set"], ["secret", "list"], ["secret", "delete"],
    ["check"], ["sync"], ["run"], ["status"], ["review", "list"], ["review", "decide"],
    ["review", "user", "add"], ["review", "user", "list"], ["review", "user", "password"],
    ["review", "user", "remove"], ["rules", "check"], ["mappings", "list"], ["mappings", "export"], ["mappings", "import"], ["audit", "list"], ["audit", "verify"], ["export", "orders"],
    ["push"], ["read"], ["glyphs"], ["contract"], ["inbox"],
    ["promise", "list"], ["promise", "decide"], ["promise", "event"], ["promise", "link"], ["promise", "replace"], ["report", "on-time"], ["report", "digest"], ["report", "day"],
    ["install-service"], ["backup"], ["restore"],
]  # fmt: skip


def bridge(*arguments: str, cwd: Path, stdin: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bridge", *arguments],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        encoding="utf-8",
        env=environment(**environ),
        check=False,
    )


def environment(**more: str) -> dict[str, str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("BRIDGE_")}
    return {**clean, "PYTHONPATH": str(ROOT), "BRIDGE_KEYRING": "off", **more}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with what ``bridge init`` writes."""
    assert bridge("init", "--source", "k3", "--url", "http://127.0.0.1:9/", cwd=tmp_path).returncode == 0
    return tmp_path


# --- help -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_help_of_each_command_shows_an_example_of_it(command: list[str]) -> None:
    result = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "200", "NO_COLOR": "1"})
    assert result.exit_code == 0
    assert re.search(rf"Example +.*bridge {' '.join(command)}", result.output)


def test_no_command_is_left_out_above() -> None:
    names = {c.name for c in app.registered_commands} | {g.name for g in app.registered_groups}
    assert names == set(ORDER) == {command[0] for command in COMMANDS}
    for group in app.registered_groups:
        assert group.typer_instance is not None
        inner = group.typer_instance
        subs = {c.name for c in inner.registered_commands} | {g.name for g in inner.registered_groups}
        assert subs == {c[1] for c in COMMANDS if c[0] == group.name}


def test_the_help_is_quick_and_imports_nothing_heavy(tmp_path: Path) -> None:
    code = """
        import sys
        from bridge.cli import main
        assert main(["--help"]) == 0
        heavy = {"numpy", "pandas", "cv2", "paddleocr", "playwright", "sqlalchemy", "pydantic", "loguru", "httpx"}
        print(sorted(heavy & set(sys.modules)), file=sys.stderr)
    """
    before = os.times()
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=environment(),
    )
    after = os.times()
    assert done.stderr.strip() == "[]"
    assert "First steps" in done.stdout
    used = after.children_user + after.children_system - before.children_user - before.children_system
    assert used < 1.0  # about 0.35 s of processor time; the clock on the wall says more of the neighbours


def test_without_arguments_it_shows_the_help(tmp_path: Path) -> None:
    done = bridge(cwd=tmp_path)
    assert (done.returncode, "Every day" in done.stdout) == (0, True)


# --- errors and exit codes ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["sycn"], 2, "Did you mean 'sync'?"),
        (["sync"], 2, "Missing argument 'SOURCE'"),
        (["sync", "k3", "--jsno"], 2, "See `bridge sync --help`."),
        (["secret"], 2, ""),
        (["-c", "nope.toml", "secret", "list"], 3, "there is no nope.toml"),
        (["secret", "delete", "k3-password"], 2, "is in neither keyring nor file"),
        (["secret", "set", "a b"], 2, "is no name for a secret"),
        (["review", "decide", "1"], 2, "exactly one decision, not 0"),
        (["review", "decide", "1", "--accept", "--keep"], 2, "exactly one decision, not 2"),
        (["review", "decide", "1", "--set", "x"], 2, "write FIELD=VALUE"),
        (["export", "orders", "--format", "pdf"], 2, "choose from json, csv, xlsx"),
        (["export", "orders", "--format", "xlsx"], 2, "does not go to the screen"),
        (["init"], 2, "Overwrite with --force."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_mistake_is_told_in_words_with_its_exit_code(
    folder: Path, arguments: list[str], code: int, words: str
) -> None:
    done = bridge(*arguments, cwd=folder)
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_all_faults_of_the_configuration_are_shown_and_a_program_gets_them_too(folder: Path) -> None:
    config = folder / "bridge.toml"
    config.write_text(config.read_text(encoding="utf-8").replace("\nurl =", "\nulr =", 1), encoding="utf-8")
    done = bridge("secret", "list", "--json", cwd=folder)
    assert done.returncode == 3
    error = json.loads(done.stdout)["error"]
    assert (error["code"], error["exit_code"], error["retryable"]) == ("config", 3, False)
    assert "sources.k3.url: this key is needed" in error["message"]
    assert "sources.k3.ulr: unknown key; did you mean 'url'?" in error["message"]
    assert "did you mean 'url'?" in done.stderr
    assert "docs/settings.md" in error["hint"]


def raising(statement: str, *, arguments: list[str], cwd: Path) -> subprocess.CompletedProcess[str]:
    """``bridge ARGUMENTS`` with a fault put in where `secret list` opens the settings."""
    code = f"""
        import sys
        import bridge.settings
        from bridge.errors import *
        from bridge.secrets import Secret
        def fault(*_):
            {statement}
        bridge.settings.load_settings = fault
        from bridge.cli import main
        sys.exit(main({arguments!r}))
    """
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=cwd,
        capture_output=True,
        encoding="utf-8",
        env=environment(),
    )


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("raise BridgeError('x')", 1), ("raise SetupError('x')", 4), ("raise CertificateError('x')", 5),
        ("raise SignInRefused('x')", 6), ("raise LayoutChanged('x')", 7), ("raise ReadError('x')", 8),
        ("raise StoreBusy('x')", 9), ("raise DeliveryRefused('x')", 10), ("raise HeldForPerson('x')", 11),
        ("raise RunBusy('x')", 12), ("raise DeadlineExceeded('x')", 13), ("raise KeyboardInterrupt", 130),
    ],
)  # fmt: skip
def test_each_kind_of_error_has_its_exit_code(tmp_path: Path, statement: str, code: int) -> None:
    done = raising(statement, arguments=["secret", "list"], cwd=tmp_path)
    assert done.returncode == code
    assert "Traceback" not in done.stderr


def test_a_fault_of_ours_leaves_a_crash_report_without_secrets(folder: Path) -> None:
    statement = "Secret('hunter2'); raise ZeroDivisionError('with hunter2 inside')"
    done = raising(statement, arguments=["secret", "list", "--json"], cwd=folder)
    assert done.returncode == 70
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "internal"
    (report,) = (folder / "bridge-data" / "crashes").iterdir()
    assert str(report) in error["hint"]
    text = report.read_text(encoding="utf-8")
    assert "ZeroDivisionError: with *** inside" in text
    assert "in fault" in text
    assert "hunter2" not in text + done.stdout + done.stderr


def test_a_secret_in_an_error_is_not_printed(tmp_path: Path) -> None:
    statement = "Secret('hunter2'); raise ConfigError('bad hunter2', hint='not hunter2', where='hunter2')"
    done = raising(statement, arguments=["secret", "list", "--json"], cwd=tmp_path)
    assert done.returncode == 3
    assert "hunter2" not in done.stdout + done.stderr
    assert json.loads(done.stdout)["error"]["message"] == "bad ***"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_unwinds_and_has_its_exit_code(tmp_path: Path, number: int, code: int) -> None:
    program = """
        import sys, time
        import bridge.settings
        def hang(*_):
            try:
                print("ready", flush=True)
                while True:  # signal.pause() would miss a signal that comes just before it
                    time.sleep(0.05)
            finally:
                print("browser closed", flush=True)
        bridge.settings.load_settings = hang
        from bridge.cli import main
        sys.exit(main(["secret", "list"]))
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (code, "browser closed\n")
    assert "Traceback" not in err


def test_markup_in_an_errors_text_is_shown_as_it_is(tmp_path: Path) -> None:
    done = raising("raise ConfigError('columns [red]0[/red] [/x]')", arguments=["secret", "list"], cwd=tmp_path)
    assert "columns [red]0[/red] [/x]" in done.stderr


# --- init and secret ------------------------------------------------------------------------------------------


def test_init_writes_files_that_are_valid_and_overwrites_only_with_force(folder: Path) -> None:
    assert bridge("secret", "list", cwd=folder).returncode == 0
    profile = folder / "selectors" / "k3.yaml"
    assert "\nname: k3 " in profile.read_text(encoding="utf-8")
    profile.write_text("mine", encoding="utf-8")
    (folder / "bridge.toml").unlink()
    assert bridge("init", "--source", "k3", cwd=folder).returncode == 2
    assert not (folder / "bridge.toml").exists()
    assert profile.read_text(encoding="utf-8") == "mine"
    assert bridge("init", "--source", "k3", "--force", cwd=folder).returncode == 0
    assert profile.read_text(encoding="utf-8") != "mine"


def test_doctor_finds_no_fault_with_the_folder_that_init_made_and_misses_one_that_is_gone(folder: Path) -> None:
    def files() -> str:
        done = bridge("doctor", "--json", cwd=folder, BRIDGE_BROWSER=str(folder / "nope"))
        return next(f["level"] for f in json.loads(done.stdout)["findings"] if f["subject"] == "files")

    assert files() == "ok"
    (folder / "outgoing").rmdir()
    assert files() == "fail"


@pytest.mark.parametrize("arguments", [["--source", "../x"], ["--url", "erp.local"], ["--url", 'http://x/"\n[a]']])
def test_init_refuses_what_would_make_a_broken_file(tmp_path: Path, arguments: list[str]) -> None:
    assert bridge("init", *arguments, cwd=tmp_path).returncode == 2
    assert list(tmp_path.iterdir()) == []


def test_a_secrets_life(folder: Path) -> None:
    done = bridge("secret", "set", "k3-password", "--stdin", cwd=folder, stdin="hunter2\n")
    assert done.returncode == 0
    listed = bridge("secret", "list", "--json", cwd=folder)
    places = {p["name"]: p for p in json.loads(listed.stdout)}
    assert places["k3-password"]["where"].startswith("encrypted file")
    assert places["k3-user"] == {"name": "k3-user", "where": "missing", "needed": True}
    table = bridge("secret", "list", cwd=folder)
    assert "hunter2" not in done.stdout + done.stderr + listed.stdout + table.stdout
    assert bridge("secret", "delete", "k3-password", cwd=folder).returncode == 0
    assert "hunter2" not in "".join(p.read_text("latin-1") for p in folder.rglob("*") if p.is_file())


def test_without_a_terminal_a_secret_is_not_asked_for(folder: Path) -> None:
    done = bridge("secret", "set", "k3-password", cwd=folder)
    assert done.returncode == 2
    assert "--stdin" in done.stderr


def test_the_configuration_can_be_named_by_the_environment(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    done = bridge("secret", "list", cwd=elsewhere, BRIDGE_CONFIG=str(folder / "bridge.toml"))
    assert done.returncode == 0
    assert "k3-user" in done.stdout


# --- doctor ---------------------------------------------------------------------------------------------------


def test_doctor_names_each_fault_with_the_next_move(folder: Path) -> None:
    done = bridge(
        "doctor", "--json", cwd=folder, BRIDGE_BROWSER=str(folder / "nope"), BRIDGE_WEIGHTS=str(folder / "none")
    )
    assert done.returncode == 4
    answer = json.loads(done.stdout)
    assert answer["ok"] is False
    by_subject: dict[str, list[dict[str, str]]] = {}
    for finding in answer["findings"]:
        by_subject.setdefault(finding["subject"], []).append(finding)
    assert by_subject["python"][0]["level"] == "ok"
    assert by_subject["settings"][0]["level"] == "ok"
    assert by_subject["opencv"][0]["level"] == "ok"
    assert by_subject["database"][0]["level"] == "ok"
    assert "no such program" in by_subject["browser"][0]["words"]
    assert by_subject["weights"][0]["level"] == "fail"
    assert [f["next"] for f in by_subject["secrets"]] == [
        "Run `bridge secret set k3-password`.",
        "Run `bridge secret set k3-user`.",
    ]
    assert all(f["next"] for f in answer["findings"] if f["level"] == "fail")


def test_doctor_looks_at_the_machine_even_when_the_configuration_is_broken(tmp_path: Path) -> None:
    (tmp_path / "bridge.toml").write_text("[", encoding="utf-8")
    done = bridge("doctor", "--json", cwd=tmp_path, BRIDGE_BROWSER=str(tmp_path / "nope"))
    levels = {f["subject"]: f["level"] for f in json.loads(done.stdout)["findings"]}
    assert levels["settings"] == "fail"
    assert levels["python"] == "ok"
    assert "database" not in levels


# --- run ------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_run_starts_a_sync_reports_how_it_ended_and_stops_on_sigterm(folder: Path) -> None:
    clock = subprocess.Popen(
        [sys.executable, "-m", "bridge", "run"], cwd=folder, stderr=subprocess.PIPE, text=True, env=environment()
    )
    assert clock.stderr is not None
    lines = []
    for line in clock.stderr:
        lines.append(line)
        if "exit_code=" in line:  # no secret was set, so the sync cannot succeed
            break
    clock.send_signal(signal.SIGTERM)
    assert clock.wait(60) == 0
    assert "1 source(s): k3" in lines[0]
    events = [json.loads(line) for line in (folder / "bridge-data/logs/run.jsonl").read_text("utf-8").splitlines()]
    names = [event["event"] for event in events]
    assert names[:2] == ["schedule.started", "run.started"]
    assert names[-1] == "schedule.stopped"
    (failed,) = [event for event in events if event["event"] == "run.failed"]
    assert failed["source"] == "k3"
    assert failed["exit_code"] > 0


def test_run_without_a_source_says_so(tmp_path: Path) -> None:
    (tmp_path / "bridge.toml").write_text("", encoding="utf-8")
    done = bridge("run", cwd=tmp_path)
    assert done.returncode == 3
    assert "there is no source" in done.stderr
    (tmp_path / "bridge.toml").write_text("[sources]", encoding="utf-8")
    assert "no source 'k3'" in bridge("run", "--source", "k3", cwd=tmp_path).stderr


# --- what people and programs see -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, 0),
        ({"status": RunStatus.PARTIAL, "doubtful": 3}, 0),
        ({"status": RunStatus.PARTIAL, "complete": False}, 7),
        ({"status": RunStatus.HELD}, 11),
        ({"push_failed": 1}, 10),
        ({"status": RunStatus.FAILED}, 1),
        ({"status": RunStatus.FAILED, "error_code": "sign_in_refused"}, 6),
        ({"status": RunStatus.FAILED, "error_code": "nobody knows"}, 1),
    ],
)
def test_a_runs_exit_code(changes: dict[str, object], code: int) -> None:
    run = {"run_id": "r", "source": "k3", "status": RunStatus.OK, "complete": True, **changes}
    assert show.exit_code(RunSummary(**run)) == code  # type: ignore[arg-type]


def test_a_run_as_a_person_sees_it(capsys: pytest.CaptureFixture[str]) -> None:
    show.summary(
        RunSummary(
            run_id="r1",
            source="k3",
            status=RunStatus.PARTIAL,
            complete=False,
            why_not=("page 7 [x] is missing",),
            pages=26,
            rows=500,
            declared_total=520,
            added=12,
            doubtful=7,
            straight_through=493,
            pushed=12,
            seconds={"capture": 10.0, "read": 2.5},
        )
    )
    text = capsys.readouterr().out
    for words in (
        *("500 of 520 rows on 26 pages", "12 added", "493 rows (98.6 %)", "7 wait for a person", "12.5 s"),
        *("page 7 [x] is missing", "bridge review list --source k3"),
    ):
        assert words in text


def test_hostile_text_from_a_cell_does_not_reach_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show.rows(["客户"], [{"客户": {"value": "\x1b[2J[red]a\u202eb", "status": "doubtful"}}])
    text = capsys.readouterr().out
    assert "\x1b[2J" not in text
    assert "\u202e" not in text
    assert "[red]a" in text


def test_a_list_wider_than_the_terminal_keeps_its_values_whole_and_names_the_columns_left_out(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    line = {
        "订单编号": "XS202603-411-R3",
        "客户": "保定市荣利纺织机械五金有限责任公司",
        "日期": "2026-03-03",
        "状态": "new",
    }
    show.rows(list(line), [line | {"日期": {"value": "2026-03-08", "status": "doubtful"}}])
    text = capsys.readouterr().out
    assert "XS202603-411-R3" in text
    assert "2026-03-08 ?" in text
    assert "保定市荣利" in text and "责任公司" not in text  # noqa: PT018
    assert "no room here for: 状态" in text


def test_progress_without_a_terminal_is_one_line_per_stage(capsys: pytest.CaptureFixture[str]) -> None:
    with console.progress() as tell:
        tell("capture", 0, 0)
        for page in range(1, 27):
            tell("capture", page, 26)
        tell("read", 1, 26)
    assert capsys.readouterr().err.splitlines() == ["capture …", "read 1/26 …"]


def test_json_mode_says_nothing_beside_the_json(capsys: pytest.CaptureFixture[str]) -> None:
    with console.progress(quiet=True) as tell:
        tell("capture", 1, 26)
    assert capsys.readouterr().err == ""


def test_internal_errors_share_no_exit_code_with_the_tree() -> None:
    def codes(kind: type[BridgeError]) -> set[int]:
        return {kind.exit_code}.union(
            *(codes(c) for c in kind.__subclasses__() if c is not boundary.InternalError)
        )

    assert not codes(BridgeError) & {0, boundary.INTERNAL_ERROR, boundary.INTERRUPTED, boundary.TERMINATED}


@pytest.mark.parametrize(("language", "words"), [("zh", "读作「1O」"), ("en", "was read")])
def test_questions_are_listed_in_the_language_of_the_reports(
    language: Literal["zh", "en"], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the field as the ERP's heading calls it, and what a hostile cell hides made visible."""
    what = Break(cls=BreakClass.UNPROVEN, field="quantity", params={"old": "", "new": "1O"})
    item = ReviewItem(
        kind=ReviewKind.DOUBTFUL_ROW,
        source="k3",
        key="SO-1",
        order_no="[red]SO-1\u202e",
        fingerprint="f",
        reason="English only",
        breaks=(what,),
        fields=("quantity",),
    )
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    stored = StoredReview(id=7, item=item, state="open", run_id="r", created_at=moment, last_seen=moment)
    show.reviews([stored], language, lambda source, field: "数量")
    said = " ".join(capsys.readouterr().out.split())
    assert words in said
    assert "English only" not in said
    assert "\u202e" not in said
