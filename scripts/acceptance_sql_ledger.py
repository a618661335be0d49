"""The acceptance run on SQL-Ledger, a real accounting program: set up what is missing, start it, read its list.

    python3 scripts/acceptance_sql_ledger.py                  both languages, with and without the page's help
    python3 scripts/acceptance_sql_ledger.py --language zh    one of them
    python3 scripts/acceptance_sql_ledger.py --keep acc       keep database, pictures and reports in this folder
    python3 scripts/acceptance_sql_ledger.py --port 18090     the port of SQL-Ledger's web server (18082)
    python3 scripts/acceptance_sql_ledger.py --offline        download nothing for the bridge itself

`bridge sync` reads the 118 open orders as the Chinese and as the English user, each time into an empty data
folder, and what it gave is compared with samples/sql-ledger/truth*.json. It fails if one value is silently wrong,
if a list is not read whole, if fewer than 110 rows need no person with the page's help, or if anything in
SQL-Ledger's database changed. Root on Debian only: samples/sql-ledger/setup.sh installs the packages.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

from _setup import EXIT_SETUP, ROOT, Stop, launch, may_use_apt, run_step

SAMPLE = ROOT / "samples" / "sql-ledger"
INSIDE = "--in-environment"  # our own mark: set-up is done, this is .venv's Python
LEAST_UNFLAGGED = 110
START_LIMIT_S, SYNC_LIMIT_S = 1800, 1500
TRUTH = {"zh": "truth.json", "en": "truth_en.json"}
# The sample's own throw-away log-ins; the bridge gets them as any secret, from the environment.
USERS = {"zh": ("zhangwei", "zw2024"), "en": ("tom", "tom2024")}

CONFIG = """\
data_dir = "data"

[sources.{language}]
url = "http://127.0.0.1:{port}/sql-ledger/login.pl"
profile = "sql-ledger-{language}"
user = "secret:{language}-user"
password = "secret:{language}-password"
interval_minutes = 30

[reports]
language = "{language}"
"""


class Ledger:
    """SQL-Ledger on its own port, for the time of a `with` block."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._environment = {**os.environ, "PORT": str(port)}

    def __enter__(self) -> Ledger:
        os.environ["PORT"] = str(self.port)
        try:
            run_step("SQL-Ledger", ["bash", str(SAMPLE / "setup.sh")], ROOT / ".venv", limit_s=START_LIMIT_S,
                     cwd=SAMPLE, about="about a minute the first time")  # fmt: skip
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._ask("stop")

    def fingerprint(self) -> set[str]:
        """One line for each table: name, rows, hash of every value."""
        return set(self._ask("fingerprint").splitlines())

    def _ask(self, what: str) -> str:
        command = ["bash", str(SAMPLE / "setup.sh"), what]
        done = subprocess.run(
            command,
            env=self._environment,
            capture_output=True,
            check=False,
            timeout=START_LIMIT_S,
            encoding="utf-8",
        )
        if done.returncode:
            raise Stop("SQL-Ledger", f"`setup.sh {what}` failed.\n{done.stderr.strip()}",
                       "run it by hand and look.")  # fmt: skip
        return done.stdout


def bridge(folder: Path, *arguments: str) -> tuple[int, str]:
    """The command as a user types it. Returns its exit code and what it printed; its messages pass through."""
    secrets = {
        f"BRIDGE_SECRET_{language.upper()}_{what}": value
        for language, log_in in USERS.items()
        for what, value in zip(("USER", "PASSWORD"), log_in, strict=True)
    }
    command = [sys.executable, "-m", "bridge", "--config", str(folder / "bridge.toml"), *arguments]
    environment = {**os.environ, **secrets, "BRIDGE_KEYRING": "off", "PYTHONUTF8": "1"}
    try:
        done = subprocess.run(
            command, cwd=str(ROOT), env=environment, stdout=subprocess.PIPE, check=False, timeout=SYNC_LIMIT_S,
            encoding="utf-8",
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Stop("bridge", f"`bridge {' '.join(arguments)}` did not end within {SYNC_LIMIT_S / 60:.0f} minutes.",
                   f"its log is in {folder}.") from None  # fmt: skip
    return done.returncode, done.stdout


def one_sync(folder: Path, language: str, port: int, pixels_only: bool) -> tuple[list[str], list[str]]:
    """Sync into an empty folder and judge it. Returns the table's cells, and a sentence for each bar missed."""
    from _against_truth import LANGUAGES, judge, truth_rows

    folder.mkdir(parents=True)
    (folder / "bridge.toml").write_text(CONFIG.format(language=language, port=port), encoding="utf-8")
    how = "pixels only" if pixels_only else "page's help"
    started = time.monotonic()
    flags = ["--pixels-only"] if pixels_only else []
    code, printed = bridge(folder, "sync", language, "--json", *flags)
    seconds = time.monotonic() - started
    run = json.loads(printed) if printed else {}
    if not run.get("report"):
        why = run.get("error") or "no summary was printed; its messages stand above"
        if isinstance(why, dict):
            why = why["message"]
        return [language, how, "-", "-", "-", "-", "no", f"{seconds:.0f}", ""], [
            f"sync failed with code {code}: {why}"
        ]
    report = json.loads(Path(run["report"]).with_name("report.json").read_text(encoding="utf-8"))
    exported = json.loads(bridge(folder, "export", "orders", "--source", language, "--format", "json")[1])
    truth = truth_rows(json.loads((SAMPLE / TRUTH[language]).read_text(encoding="utf-8")), LANGUAGES[language])
    verdict = judge(truth, exported, report["doubtful"])

    faults = [f"silently wrong: {error}" for error in verdict.silent]
    if verdict.unseen:
        faults.append(f"{len(verdict.unseen)} orders were not read: {', '.join(verdict.unseen[:10])}")
    if code or not run["complete"]:
        faults.append(f"the list is not complete (exit code {code}): {'; '.join(run['why_not'])}")
    if verdict.unflagged < LEAST_UNFLAGGED and not pixels_only:
        faults.append(f"{verdict.unflagged} rows need no person; at least {LEAST_UNFLAGGED} must")
    for row in verdict.flagged:
        print(f"    waits ({language}, {how}): {row}")
    stages = run["seconds"]
    return [
        language, how, f"{run['rows']} of {verdict.rows}", str(verdict.unflagged), str(len(verdict.silent)),
        f"{verdict.cells_right} of {verdict.cells}", "yes" if run["complete"] else "no", f"{seconds:.0f}",
        ", ".join(f"{stage} {stages.get(stage, 0):.1f}" for stage in ("sign_in", "capture", "read")),
    ], faults  # fmt: skip


def versions() -> str:
    package = subprocess.run(
        ["dpkg-query", "-W", "-f=${Version}", "sql-ledger"], stdout=subprocess.PIPE, check=False, encoding="utf-8"
    )
    browser = subprocess.run(
        [sys.executable, "-m", "bridge.erp.find_browser", "--offline"], cwd=str(ROOT),
        stdout=subprocess.PIPE, check=False, encoding="utf-8",
    )  # fmt: skip
    names = ("rpa-bridge", "paddleocr", "onnxruntime", "playwright")
    known = {d.metadata["Name"].lower(): d.version for d in metadata.distributions() if d.metadata["Name"]}
    return ", ".join(
        [f"SQL-Ledger {package.stdout}", *(f"{n} {known.get(n, '?')}" for n in names), browser.stdout.strip()]
    )


def table(rows: list[list[str]]) -> str:
    lines = [
        ["user", "reads with", "rows", "unflagged", "silent errors", "cells right", "complete", "s", "of it"],
        *rows,
    ]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines)


def run(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="acceptance_sql_ledger.py", allow_abbrev=False)
    parser.add_argument("--language", choices=sorted(USERS), action="append")
    parser.add_argument("--port", type=int, default=18082)
    parser.add_argument("--keep", type=Path)
    chosen = parser.parse_args(arguments)
    folder = chosen.keep.resolve() if chosen.keep else Path(tempfile.mkdtemp(prefix="sql-ledger-"))
    if chosen.keep and folder.exists():
        parser.error(f"{folder} is there already")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the web server is stopped then, too

    rows, faults = [], []
    with Ledger(chosen.port) as ledger:
        before = ledger.fingerprint()
        # One after the other: SQL-Ledger has one session for each log-in.
        for language in chosen.language or ["zh", "en"]:
            for pixels_only in (False, True):
                what = language + (", pixels only" if pixels_only else ", with the page's help")
                print(f"{what} ...", flush=True)
                own = folder / (language + ("-pixels" if pixels_only else "-help"))
                cells, missed = one_sync(own, language, chosen.port, pixels_only)
                rows.append(cells)
                faults += [f"{what}: {fault}" for fault in missed]
        changed = {line.split()[0] for line in before ^ ledger.fingerprint()}
        if changed:
            faults.append(f"SQL-Ledger's data changed during the run, in: {', '.join(sorted(changed))}")
    print(f"\n{table(rows)}\n\n{versions()}")
    print(f"SQL-Ledger's {len(before)} tables: {'changed' if changed else 'unchanged, every value'}.")
    if not faults:
        if not chosen.keep:
            shutil.rmtree(folder)
        print("passed")
        return 0
    print("\nfailed:\n" + "\n".join(f"  {fault}" for fault in faults), file=sys.stderr)
    print(f"Everything of this run is in {folder}. If someone edited the sample's orders, RESET=1 "
          "samples/sql-ledger/setup.sh makes them anew.", file=sys.stderr)  # fmt: skip
    return 1


def main(arguments: list[str]) -> int:
    try:
        if not may_use_apt() and "--help" not in arguments and "-h" not in arguments:
            raise Stop("SQL-Ledger", "this run installs and starts SQL-Ledger, which takes root on Debian.",
                       "run it there, for example in a container of Debian 12.")  # fmt: skip
        if INSIDE not in arguments:
            return launch(__doc__ or "", arguments, lambda python: [str(python), __file__, INSIDE])
        return run([argument for argument in arguments if argument != INSIDE])
    except Stop as stop:
        print(f"\n{stop.part}: {stop.message}\n  next: {stop.hint}", file=sys.stderr)
        return EXIT_SETUP


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
