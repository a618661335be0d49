"""Syncs on a compressed clock, with random faults, and looks for damage and for growth.

    python3 scripts/soak.py --syncs 1000              a quarter of an hour of the bridge's clock passes with each
    python3 scripts/soak.py --syncs 20 --seed 7       short, as CI runs it

All syncs run in one process (``_patient.py``), which is harder than `bridge run`, where each has its own: whatever
is not given back adds up.  After each one its memory (children included), open handles, threads and temporary
files are counted; the slope is the least-squares line over the last four fifths.  The list stays as long as it is:
what faults insert is balanced by orders that vanish from it, which the bridge must tell as gone.

Allowed per 1,000 syncs: 5 MB of memory, and no handle, thread or temporary file.  Below 200 syncs it is warming
up that is measured: then memory is not judged, and the others only where nearly every sync leaves something
behind.  As in the torture run, nothing may be lost, doubled, or wrong without a flag.  Exit code 1 if anything is
off.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _patient import Patient, Told
    from _rig import Rig

READY = "BRIDGE_ENVIRONMENT_READY"  # set once we run in the project's own environment
STEP = timedelta(minutes=15)
FAULT_SHARE = 0.5  # of the syncs meet one
MEMORY_LIMIT_MB = 5.0
MEMORY_FROM = 200
NEARLY_ALL = 0.7
"""A short run warms up: pools fill, connections are kept, in a jump here and there.  What it can see is a count
that rises with nearly every sync; a long run is judged by its slope."""
KINDS = ("memory MB", "handles", "threads", "temporary files")

ERP_FAULTS: dict[str, dict[str, Any]] = {
    "http_500": {},
    "drop_connection": {},
    "redirect": {},
    "rename_column": {},
    "move_column": {},
    "extra_column": {},
    "wrong_total": {},
    "wrong_sum": {},
    "missing_row": {"page": 1},
    "session_loss": {"page": 1, "times": 1},
    "insert_while_paging": {"times": 1},
    "dialog_in_midlist": {"page": 1},
}
RECEIVER_FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 429, "retry_after": "60"},
    {"kind": "errcode"},
    {"kind": "drop"},
    {"kind": "accept_then_drop"},
    {"kind": "slow", "seconds": 0.2},
)
OUR_FAULTS = ("browser killed", "database locked")


def one_fault(rig: Rig, patient: Patient) -> tuple[str, Callable[[], None]]:
    """Switches a random one on; returns its name and what switches it off."""
    world, rng = rig.world, rig.rng
    name = rng.choice((*ERP_FAULTS, "receiver", *OUR_FAULTS))
    if name in ERP_FAULTS:
        world.erp.faults.set(name, **ERP_FAULTS[name])
        return name, world.erp.faults.clear
    if name == "receiver":
        how = rng.choice(RECEIVER_FAULTS)
        world.receiver.misbehave(times=rng.choice((1, None)), **how)
        return f"receiver {how['kind']}", world.receiver.behave
    end = threading.Event()
    when = rng.random()
    if name == "browser killed":
        thread = threading.Thread(target=_kill_the_browser, args=(patient.pid, when, end))
    else:
        thread = threading.Thread(target=_lock_the_database, args=(world.database, when, end))
    thread.start()

    def off() -> None:
        end.set()
        thread.join()

    return name, off


def _kill_the_browser(pid: int, when: float, end: threading.Event) -> None:
    """One process of those that the bridge, process ``pid``, has started, while a sync is under way."""
    import psutil

    end.wait(0.5 + 4 * when)
    children = [] if end.is_set() else psutil.Process(pid).children(recursive=True)
    for child in children[-1:]:
        try:
            child.kill()
        except psutil.NoSuchProcess:
            continue


def _lock_the_database(database: Path, when: float, end: threading.Event) -> None:
    """For a while, shorter than the store is willing to wait."""
    import sqlite3

    end.wait(3 * when)
    connection = sqlite3.connect(database, timeout=0.1)
    try:
        connection.execute("BEGIN IMMEDIATE")
        end.wait(2)
        connection.rollback()
    except sqlite3.OperationalError:
        return  # the sync itself was writing
    finally:
        connection.close()


def keep_its_length(rig: Rig, orders: int) -> None:
    """An order vanishes for each that was inserted: what a longer list needs is no growth of the bridge."""
    numbers = sorted(rig.world.expected())
    for number in rig.rng.sample(numbers, len(numbers) - orders):
        rig.world.erp.delete(number)


def per_1000(values: list[float]) -> float:
    """How much more there is after 1,000 syncs, by the last four fifths of them."""
    from _memory import slope

    return 1000 * slope(values, 0.8)


def rising(values: list[float]) -> float:
    """The share of syncs after which more was there than before."""
    steps = list(pairwise(values))
    return sum(b > a for a, b in steps) / len(steps) if steps else 0.0


def what_grew(counted: list[tuple[float, int, int, int]]) -> list[str]:
    """Which of ``KINDS`` did, by more than is allowed; counted: after each sync."""
    slopes = [per_1000([float(c[i]) for c in counted]) for i in range(len(KINDS))]
    long = len(counted) >= MEMORY_FROM
    first, last = counted[len(counted) // 5], counted[-1]
    # A handle or thread that is sometimes there when we look gives a slope; one that stays gives a rise.
    grown = [
        kind
        for i, kind in enumerate(KINDS[1:], 1)
        if last[i] > first[i] and (slopes[i] > 1 if long else rising([c[i] for c in counted]) >= NEARLY_ALL)
    ]
    return [*grown, KINDS[0]] if long and slopes[0] > MEMORY_LIMIT_MB else grown


def _nothing() -> None:
    """Switches nothing off."""


def soak(syncs: int, seed: int) -> bool:
    """True if nothing was damaged and nothing grew."""
    from _patient import Patient
    from _rig import ORDERS, SOURCE, rig

    began, ahead = time.monotonic(), timedelta()
    met, outcomes = Counter[str](), Counter[str]()
    told: list[Told] = []
    with rig(seed) as made, tempfile.TemporaryDirectory(prefix="bridge-soak-") as scratch:
        world = made.world
        world.forget_app()
        with closing(Patient(world.folder / "bridge.toml", SOURCE, Path(scratch))) as patient:
            for number in range(1, syncs + 1):
                ahead += STEP
                made.change()
                name, off = one_fault(made, patient) if made.rng.random() < FAULT_SHARE else ("no fault", _nothing)
                try:
                    told.append(patient.sync(ahead))
                finally:
                    off()
                made.remember()
                keep_its_length(made, ORDERS)
                met[name] += 1
                outcomes[told[-1].outcome] += 1
                if number % 100 == 0:
                    memory = f"{median(t.memory_mb for t in told[-100:]):.1f} MB in the middle of the last 100"
                    print(f"  {number} syncs, {memory}: {dict(outcomes.most_common(6))}", flush=True)
            for _ in range(6):  # what failed is due again, and what vanished must be unseen twice
                ahead += 4 * STEP
                after = patient.sync(ahead)
                if after.complete and not after.missing and not world.app.store.pending()["pending"]:
                    break
        wrong, lost, double = made.never_true(), made.lost(), made.told_wrong()
        changing = world.erp.counters()["changing_total"]
    counted = [(t.memory_mb, t.handles, t.threads, t.temporary_files) for t in told]
    print(f"soak: {syncs} syncs in {time.monotonic() - began:.0f} s, seed {seed}; {syncs * STEP} of the clock")
    print(f"  faults met            {', '.join(f'{n} {c}' for n, c in met.most_common())}")
    print(f"  runs ended            {', '.join(f'{n} {c}' for n, c in outcomes.most_common())}")
    print(f"  lost / double / wrong {len(lost)} / {len(double)} / {len(wrong)}")
    print(f"  changing requests     {changing}")
    for i, kind in enumerate(KINDS):
        first, last = counted[len(counted) // 5][i], counted[-1][i]
        print(
            f"  {kind:<21} {first:g} → {last:g}, slope {per_1000([float(c[i]) for c in counted]):+.2f} per 1,000"
        )
    for what in (*lost[:5], *double[:5], *wrong[:5]):
        print(f"    {what[:300]}")
    grown = what_grew(counted)
    if grown:
        print(f"  GREW: {', '.join(grown)}")
    return not (lost or double or wrong or changing or grown)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--syncs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=None, help="decides changes and faults; made up if not given")
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else int.from_bytes(os.urandom(3), "big")
    print(f"seed {seed}", flush=True)
    good = soak(given.syncs, seed)
    print("passed" if good else "FAILED")
    return 0 if good else 1


if __name__ == "__main__":
    if os.environ.get(READY) != "1":
        from _setup import launch

        os.environ[READY] = "1"
        sys.exit(launch(__doc__ or "", sys.argv[1:], lambda python: [str(python), __file__]))
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    sys.exit(main())
