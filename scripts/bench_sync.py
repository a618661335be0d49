"""How long one sync takes, stage by stage: the sample ERP, 500 orders on 10 pages of 50, no delay of its own.

    python3 scripts/bench_sync.py                       three lists, with the page's help; cold, changed, unchanged
    python3 scripts/bench_sync.py --pixels-only --list sample-erp-canvas --json figures.json

Each sync is a process of its own (``bridge sync``), as `bridge run` starts it.  *sync* is the time from the first
page of the sign-in to the last acknowledged message and the written report, *process* the whole process with its
start.  *cold*: nothing known.  *changed*: after 10 orders (2 %) moved on.  *unchanged*: the same list again.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
READY = "BRIDGE_ENVIRONMENT_READY"  # set once we run in the project's own environment
LISTS = ("sample-erp", "sample-erp-box", "sample-erp-canvas")
STAGES = ("sign_in", "capture", "read", "parse", "check", "reconcile", "commit", "push", "report")
WANTED = {"cold": 15.0, "changed": 5.0, "unchanged": 5.0}
"""Seconds on two cores."""
SIGNING = "whsec_c2FtcGxlIHNlY3JldCBvZiB0aGUgYmVuY2htYXJrLi4uLi4="
CONFIG = """\
data_dir = "data"
[sources.demo]
url = "{url}"
profile = "{profile}"
user = "bridge"
password = "secret:bench-password"
pixels_only = {pixels}
deadline_minutes = 55
interval_minutes = 60
[receivers.hub]
kind = "webhook"
url = "{hub}"
secret = "secret:bench-signing"
"""


@dataclass(frozen=True, slots=True)
class Figures:
    """One sync.  seconds: by stage."""

    name: str
    phase: str
    rows: int
    straight: int
    process_s: float
    seconds: dict[str, float]
    messages: int

    @property
    def sync_s(self) -> float:
        return sum(self.seconds.values())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=500, help="open orders in the ERP (default %(default)s)")
    parser.add_argument("--list", choices=LISTS, action="append", help="only this list; may be repeated")
    parser.add_argument("--pixels-only", action="store_true", help="without the page's help")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    parser.add_argument("--strict", action="store_true", help="exit code 1 if a wanted time is missed")
    given = parser.parse_args()
    figures: list[Figures] = []
    print("list               phase      rows straight   sync s  process s  " + "  ".join(STAGES), flush=True)
    for name in given.list or LISTS:
        for f in measure(name, given.count, pixels_only=given.pixels_only):
            figures.append(f)
            print(row(f), flush=True)
    if given.json:
        given.json.write_text(json.dumps([asdict(f) for f in figures], indent=1), encoding="utf-8")
    late = [f for f in figures if f.sync_s > WANTED[f.phase]]
    for f in late:
        print(f"{f.name} {f.phase}: {f.sync_s:.1f} s; wanted on two cores: {WANTED[f.phase]:.0f} s")
    return 1 if late and given.strict else 0


def row(f: Figures) -> str:
    stages = "  ".join(f"{f.seconds.get(s, 0.0):>{len(s)}.1f}" for s in STAGES)
    return f"{f.name:<18} {f.phase:<9} {f.rows:>5} {f.straight:>8} {f.sync_s:>8.1f} {f.process_s:>10.1f}  {stages}"


def measure(name: str, count: int, *, pixels_only: bool) -> list[Figures]:
    """Three syncs of one list.  Raises RuntimeError if one of them fails."""
    from bridge.testing.receivers import Receiver
    from samples.erp.server import SampleErp

    out = []
    with (
        tempfile.TemporaryDirectory(prefix="bridge-bench-") as temp,
        SampleErp(seed=7, count=count) as erp,
        Receiver(log=Path(temp) / "receiver.jsonl", secret=SIGNING) as hub,
    ):
        config = Path(temp) / "bridge.toml"
        config.write_text(
            CONFIG.format(url=erp.url, profile=name, hub=hub.url, pixels=str(pixels_only).lower()),
            encoding="utf-8",
        )
        for phase in WANTED:
            if phase == "changed":
                erp.advance(max(1, count // 50))
            before = len(hub.bodies)
            started = time.monotonic()
            run = _sync(config)
            elapsed = time.monotonic() - started
            out.append(
                Figures(
                    name, phase, run["rows"], run["straight_through"], elapsed, run["seconds"],
                    len(hub.bodies) - before,
                )
            )  # fmt: skip
    return out


def _sync(config: Path) -> dict[str, Any]:
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "BRIDGE_KEYRING": "off",
        "BRIDGE_SECRET_BENCH_PASSWORD": "Br1dge-2026",
        "BRIDGE_SECRET_BENCH_SIGNING": SIGNING,
    }
    done = subprocess.run(
        [sys.executable, "-m", "bridge", "--config", str(config), "sync", "demo", "--json"],
        env=environment, cwd=config.parent, capture_output=True, text=True, check=False,
    )  # fmt: skip
    try:
        run: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise RuntimeError(f"bridge sync ended with {done.returncode}: {done.stderr[-2000:]}") from None
    if not run["complete"]:
        raise RuntimeError(f"bridge sync: {run['error'] or run['why_not']}")
    return run


if __name__ == "__main__":
    if os.environ.get(READY) != "1":
        from _setup import launch

        os.environ[READY] = "1"
        sys.exit(launch(__doc__ or "", sys.argv[1:], lambda python: [str(python), __file__]))
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
