"""The main job on the sample ERP's three lists, measured against the ERP's own truth.

    python3 scripts/acceptance_lists.py                 500 orders, three lists, with the page's help and without
    python3 scripts/acceptance_lists.py --count 60 --list sample-erp --mode help

For each list and mode, in a data folder of its own: a cold sync, every value compared with the truth; the ERP
moves on; a second sync, and what the receiver got compared with what changed; a person's answers for the flagged
rows (from the truth), and what then goes out.  Exit code 1 if a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LISTS = {"sample-erp": "classic", "sample-erp-box": "box", "sample-erp-canvas": "canvas"}
MODES = ("help", "pixels")
READY = "BRIDGE_ENVIRONMENT_READY"  # set once we run in the project's own environment
NAMES = {"qty": "quantity", "price": "unit_price"}
SIGNING = "whsec_c2FtcGxlIHNlY3JldCBvZiB0aGUgYWNjZXB0YW5jZSBydW4="
CONFIG = """\
data_dir = "data"
[sources.demo]
url = "{url}"
profile = "{profile}"
user = "bridge"
password = "secret:accept-password"
pixels_only = {pixels}
deadline_minutes = 55
interval_minutes = 60
[receivers.hub]
kind = "webhook"
url = "{hub}"
secret = "secret:accept-signing"
"""


@dataclass(slots=True)
class Result:
    """Figures of one list in one mode; ``faults`` are bars that were missed."""

    name: str
    mode: str
    rows: int = 0
    straight: int = 0
    cells: int = 0
    right: int = 0  # best guesses that equal the truth
    flagged: int = 0
    doubts: list[str] = field(default_factory=list)  # each flagged cell: order, field, best guess, truth
    silent: list[str] = field(default_factory=list)
    cold_s: float = 0.0
    warm_s: float = 0.0
    changed: int = 0
    pushed: int = 0
    waiting: int = 0
    settled: int = 0
    changing: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=500, help="open orders in the ERP (500)")
    parser.add_argument("--list", choices=LISTS, action="append", help="only this list; may be repeated")
    parser.add_argument("--mode", choices=MODES, action="append", help="only this mode; may be repeated")
    parser.add_argument("--json", type=Path, help="write the figures there as well")
    given = parser.parse_args()
    results = []
    for name in given.list or LISTS:
        for mode in given.mode or MODES:
            result = measure(name, mode, given.count)
            results.append(result)
            print(row(result), flush=True)
            for fault in result.faults:
                print(f"    FAULT {fault}", flush=True)
    if given.json:
        given.json.write_text(
            json.dumps([_plain(r) for r in results], ensure_ascii=False, indent=1), encoding="utf-8"
        )
    return 1 if any(r.faults for r in results) else 0


def row(r: Result) -> str:
    return (
        f"{r.name:<18} {r.mode:<7} rows {r.rows:>4}  "
        f"straight through {r.straight:>4} ({_share(r.straight, r.rows)})  "
        f"cells {r.cells:>5}  right {_share(r.right, r.cells)}  flagged {r.flagged:>4}  silent {len(r.silent)}  "
        f"cold {r.cold_s:6.1f} s  warm {r.warm_s:5.1f} s  changes {r.changed:>3} pushed {r.pushed:>3} "
        f"waiting {r.waiting} settled {r.settled}  changing requests {r.changing}"
    )


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f} %" if whole else "-"


def _plain(r: Result) -> dict[str, Any]:
    return {name: getattr(r, name) for name in r.__slots__}


def measure(name: str, mode: str, count: int) -> Result:
    """One list in one mode, from nothing to settled answers."""
    from bridge import log
    from bridge.testing.receivers import Receiver
    from bridge.wiring import App
    from samples.erp.server import SampleErp

    log.set_up(folder=None, name="acceptance", console_level="ERROR")
    result = Result(name, mode)
    os.environ["BRIDGE_KEYRING"] = "off"
    os.environ["BRIDGE_SECRET_ACCEPT_PASSWORD"] = "Br1dge-2026"
    os.environ["BRIDGE_SECRET_ACCEPT_SIGNING"] = SIGNING
    with tempfile.TemporaryDirectory(prefix="bridge-accept-") as temp, SampleErp(seed=7, count=count) as erp:
        folder = Path(temp)
        with Receiver(log=folder / "receiver.jsonl", secret=SIGNING) as hub:
            config = folder / "bridge.toml"
            config.write_text(
                CONFIG.format(url=erp.url, profile=name, hub=hub.url, pixels=str(mode == "pixels").lower()),
                encoding="utf-8",
            )
            app = App.load(config)
            _cold(app, erp, name, result)
            if not result.faults:
                _moves_on(app, erp, hub, name, result)
            result.changing = erp.counters()["changing_total"]
            if result.changing:
                result.faults.append(f"the ERP counted {result.changing} requests that change its data")
            if hub.faults:
                result.faults.append(f"the receiver found {hub.faults[:3]}")
    if result.silent:
        result.faults.append(f"{len(result.silent)} silent errors: {result.silent[:5]}")
    if mode == "help":
        if result.straight < 0.95 * result.rows:
            result.faults.append("fewer than 95 % of the rows unflagged")
        if result.right < 0.999 * result.cells:
            result.faults.append("fewer than 99.9 % of the best guesses right")
    return result


def _cold(app: Any, erp: Any, name: str, result: Result) -> None:
    run = app.sync("demo")
    if run.error or not run.complete:
        result.faults.append(f"cold sync: {run.status}: {run.error or '; '.join(run.why_not)}")
        if run.error:
            return
    result.cold_s = sum(run.seconds.values())
    result.seconds = dict(run.seconds)
    result.rows, result.straight = run.rows, run.straight_through
    truth = {r["fields"]["order_no"]: r for r in erp.truth(LISTS[name])["rows"]}
    if run.rows != len(truth):
        result.faults.append(f"{run.rows} rows read, the ERP has {len(truth)}")
    profile = app.profile("demo")
    seen = set()
    for order_no, fields in _everything(app):
        wanted = truth.get(order_no)
        if wanted is None:
            ok = all(good for _, good in fields.values())
            if ok:
                result.silent.append(f"order {order_no!r} does not exist")
            continue
        seen.add(order_no)
        for field_name, value in _typed(wanted["fields"], profile).items():
            if field_name not in fields:
                continue
            guess, good = fields[field_name]
            result.cells += 1
            result.right += guess == value
            result.flagged += not good
            if not good:
                result.doubts.append(f"{order_no} {field_name}: {guess!r}, the truth is {value!r}")
            if good and guess != value:
                result.silent.append(f"{order_no} {field_name}: {guess!r} is {value!r}")


def _everything(app: Any) -> list[tuple[str, dict[str, tuple[Any, bool]]]]:
    """Every row of the last list: order number, and for each field (best guess, unflagged?)."""
    from bridge.encoded import plain_scalar

    out: list[tuple[str, dict[str, tuple[Any, bool]]]] = []
    waiting = set()
    for stored in app.open_reviews("demo"):
        line = stored.item.line
        if line is not None:
            waiting.add(line.order_no)
            out.append((line.order_no, {n: (_norm(plain_scalar(v.value)), v.ok) for n, v in line.fields.items()}))
    for order in app.export_orders("demo"):
        if order["order_no"] not in waiting:
            fields = {n: (_norm(f["value"]), True) for n, f in order["fields"].items()}
            out.append((order["order_no"], fields))
    return out


def _typed(fields: dict[str, Any], profile: Any) -> dict[str, Any]:
    """The ERP's own fields under our names, status words mapped."""
    out = {}
    columns = {c.field for c in profile.columns if c.field}
    for name, value in fields.items():
        ours = NAMES.get(name, name)
        if ours in columns:
            out[ours] = _norm(profile.mappings.get(ours, {}).get(value, value))
    return out


def _norm(value: Any) -> Any:
    """Numbers by value; empty is None."""
    from decimal import Decimal, InvalidOperation

    if value is None or value == "":
        return None
    try:
        return Decimal(str(value)).normalize()
    except InvalidOperation:
        return str(value)


def _moves_on(app: Any, erp: Any, hub: Any, name: str, result: Result) -> None:
    moved = erp.advance(20)
    known = len(hub.bodies)
    run = app.sync("demo")
    result.warm_s = sum(run.seconds.values())
    if run.error or not run.complete:
        result.faults.append(f"second sync: {run.status}: {run.error or '; '.join(run.why_not)}")
        return
    profile = app.profile("demo")
    columns = {c.field for c in profile.columns if c.field}
    expected = {o["order_no"] for o in moved["added"]}
    expected |= {c["order_no"] for c in moved["changed"] if {NAMES.get(f, f) for f in c["fields"]} & columns}
    result.changed = len(expected)
    got = _messages(hub, known)
    waiting = {r.item.order_no for r in app.open_reviews("demo")}
    result.pushed, result.waiting = len(got), len(waiting)
    truth = {r["fields"]["order_no"]: r for r in erp.truth(LISTS[name])["rows"]}
    if extra := got - expected:
        result.faults.append(f"pushed without a change: {sorted(extra)[:5]}")
    if lost := expected - got - waiting:
        result.faults.append(f"changes neither pushed nor waiting: {sorted(lost)[:5]}")
    gone_early = set(moved["removed"]) & got
    if gone_early:
        result.faults.append(f"called gone after one capture: {sorted(gone_early)}")
    _settle(app, truth, result)


def _messages(hub: Any, since: int) -> set[str]:
    """Order numbers of the messages that arrived."""
    return {json.loads(body)["order_no"] for body in hub.bodies[since:]}


def _settle(app: Any, truth: dict[str, Any], result: Result) -> None:
    """A person answers every open question from what the ERP shows."""
    profile = app.profile("demo")
    for stored in app.open_reviews("demo"):
        line = stored.item.line
        if line is None:
            continue
        row = truth.get(line.order_no) or _row_in_the_picture(line, truth, profile)
        if row is None:
            continue
        cells = _typed_texts(row, profile)
        answers = {f: cells[f] for f in line.doubtful if f in cells}
        app.decide(stored.id, "type", values=answers, by="acceptance", note="from the ERP's truth")
        result.settled += 1
    app.push()
    stored_orders = {o["order_no"]: o for o in app.export_orders("demo")}
    for order_no, wanted in truth.items():
        order = stored_orders.get(order_no)
        if order is None:
            result.faults.append(f"{order_no} is not in the store after all answers")
            continue
        for field_name, value in _typed(wanted["fields"], profile).items():
            if field_name in order["fields"] and _norm(order["fields"][field_name]["value"]) != value:
                result.faults.append(f"{order_no} {field_name} differs after all answers")


def _row_in_the_picture(line: Any, truth: dict[str, Any], profile: Any) -> dict[str, Any] | None:
    """The row whose number was misread: a person sees it in the picture, we go by the row's other values."""
    from bridge.encoded import plain_scalar

    read = {n: _norm(plain_scalar(v.value)) for n, v in line.fields.items()}

    def alike(row: dict[str, Any]) -> int:
        return sum(read.get(n) == value for n, value in _typed(row["fields"], profile).items())

    best = max(truth.values(), key=alike)
    return best if alike(best) >= len(read) / 2 else None


def _typed_texts(row: dict[str, Any], profile: Any) -> dict[str, str]:
    """The displayed text of each wanted field."""
    return {c.field: row["cells"].get(c.heading, "") for c in profile.columns if c.field}


if __name__ == "__main__":
    if os.environ.get(READY) != "1":
        from _setup import launch

        os.environ[READY] = "1"
        sys.exit(launch(__doc__ or "", sys.argv[1:], lambda python: [str(python), __file__]))
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
