"""How the memory of reading grows over many syncs of one source.

    python3 scripts/bench_growth.py                       500 syncs of each kind, some 20 minutes
    python3 scripts/bench_growth.py --kind C --syncs 60   shorter, one kind

Kinds as in bench_read.py.  Between two syncs 2 % of the cells change.  The reader is a process of its own for all
of them; each sync opens a browser to draw texts back in and closes it, as a run does.  The memory of the process
and of whatever children it has is taken after each sync.  What is judged is the least-squares line over the last
four fifths: at most 3 MB in 500 syncs.  Exit code 1 if it is more.
"""

from __future__ import annotations

import argparse
import os
import pickle
import platform
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
READY = "BRIDGE_ENVIRONMENT_READY"  # set once we run in the project's own environment
KINDS = ("A", "B", "C")
ROWS = 25
CHANGED = 0.02
LIMIT_MB = 3.0  # in 500 syncs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--syncs", type=int, default=500)
    parser.add_argument("--kind", action="append", choices=KINDS, help="only this kind; may be given again")
    parser.add_argument("--design", default="bordered-noto13", help="of samples/screens (default %(default)s)")
    parser.add_argument("--seed", type=int, default=20261123)
    parser.add_argument("--work", help=argparse.SUPPRESS)  # kind, date, scale: we are the reader
    given = parser.parse_args()
    if given.work:
        return _work(*given.work.split("|"))
    good = [_measure(kind, given.design, given.syncs, given.seed) for kind in given.kind or KINDS]
    print(f"{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores")
    return 0 if all(good) else 1


def _measure(kind: str, name: str, syncs: int, seed: int) -> bool:
    from _memory import slope
    from bench_drawing import Studio

    from bridge.erp.browser import BrowserOptions, open_browser
    from samples.screens import orders
    from samples.screens.designs import DESIGNS

    design = next(d for d in DESIGNS if d.name == name)
    rows = orders.make_list(design, "ordinary", ROWS, seed=seed, number=0)
    began = time.monotonic()
    reader = subprocess.Popen(
        [sys.executable, __file__, "--work", f"{kind}|{design.date}|{design.scale}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert reader.stdin is not None
    assert reader.stdout is not None
    held: list[float] = []
    with open_browser(BrowserOptions()) as browser, Studio(browser, design) as studio:
        for number in range(syncs):
            rows = orders.changed(rows, CHANGED, seed=seed + number)
            page = pickle.dumps(studio.draw(rows.rows, canvas=kind == "B"))
            reader.stdin.write(struct.pack("<I", len(page)) + page)
            reader.stdin.flush()
            line = reader.stdout.readline()
            if not line:
                raise RuntimeError(f"kind {kind}: the reader ended with {reader.wait()} at sync {number + 1}")
            held.append(float(line))
            if (number + 1) % 100 == 0:
                print(f"kind {kind}: {number + 1} syncs, {held[-1]:.1f} MB", file=sys.stderr, flush=True)
    reader.stdin.close()
    reader.wait(timeout=60)
    grown = 500 * slope(held, 0.8)
    print(
        f"kind {kind}: {syncs} syncs of {ROWS} rows in {time.monotonic() - began:.0f} s, {name}, seed {seed}: "
        f"{held[len(held) // 5]:.1f} → {held[-1]:.1f} MB, slope {grown:+.2f} MB per 500 syncs "
        f"(at most {LIMIT_MB:g})",
        flush=True,
    )
    return grown <= LIMIT_MB


def _work(kind: str, date: str, scale: str) -> int:
    """The reader: pages as pickles on stdin (ours, of this run), MB held after each on stdout."""
    from _memory import held_mb
    from bench_readers import Bridge, decoded

    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else is printed must not stand among the answers
    reader = Bridge(kind, lambda _: date)
    reader.start("growth", float(scale))
    reader.close_browser()
    while head := sys.stdin.buffer.read(4):
        page: Any = pickle.loads(sys.stdin.buffer.read(struct.unpack("<I", head)[0]))
        reader.open_browser()
        reader.sync()
        reader.read(page, decoded(page), 1)
        reader.close_browser()
        print(held_mb(), file=answers, flush=True)
    reader.close()
    return 0


if __name__ == "__main__":
    if os.environ.get(READY) != "1" and "--help" not in sys.argv:
        from _setup import launch

        os.environ[READY] = "1"
        sys.exit(launch(__doc__ or "", sys.argv[1:], lambda python: [str(python), __file__]))
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
