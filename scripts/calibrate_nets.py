"""How often a free text that two nets alone would let pass is wrong: the figures of bridge/ocr/agreement.py.

    python3 scripts/calibrate_nets.py                half an hour
    python3 scripts/calibrate_nets.py --rows 40      fewer

Image files are read as bench_read.py does (kind C), but of other words, codes and typefaces than it uses, and with
nets that are believed from the lowest step on.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
READY = "BRIDGE_ENVIRONMENT_READY"  # set once we run in the project's own environment
FONTS = (
    '"Noto Sans Mono CJK SC"',
    '"WenQuanYi Zen Hei Mono"',
    '"DejaVu Serif", "AR PL UMing HK"',
    '"Noto Sans CJK HK"',
)
"""None of them is one of samples/screens/designs.py."""
SEED = 90210


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=60, help="of each list (default %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args()
    right, wrong = Counter[float](), Counter[float]()
    for step, good in _agreements(given.rows, given.seed):
        (right if good else wrong)[step] += 1
    print("at least    right  wrong")
    for step in sorted({*right, *wrong}):
        print(f"{step:<9}  {right[step]:>6}  {wrong[step]:>5}")
    return 0


def _agreements(rows: int, seed: int) -> Iterator[tuple[float, bool]]:
    """(step, right) of every cell that passes so."""
    from bench_drawing import Studio
    from bench_judge import KIND, same
    from bench_readers import Bridge, decoded

    from bridge.erp.browser import BrowserOptions, open_browser
    from bridge.ocr.agreement import STEPS, NetTrust, step_of
    from bridge.records import Witness
    from samples.screens import orders
    from samples.screens.designs import DESIGNS

    NetTrust.least = lambda self, column: STEPS[0]  # type: ignore[method-assign]
    dates: dict[str, str] = {}
    reader = Bridge("C", dates.__getitem__)
    with open_browser(BrowserOptions()) as browser:
        for i, like in enumerate(DESIGNS):
            design = replace(like, font=FONTS[i % len(FONTS)], name=f"calibration-{i}")
            with Studio(browser, design) as studio:
                for variant in orders.VARIANTS:
                    source = f"{design.name}-{variant}"
                    dates[source] = str(design.date)
                    reader.start(source, design.scale)
                    made = orders.make_list(design, variant, rows, seed=seed, number=0)
                    n = wrong = 0
                    for number, page_rows in enumerate(orders.pages(made, 50)):
                        page = studio.draw(page_rows, canvas=False)
                        for line, row in zip(reader.lines(page, decoded(page), number), page_rows, strict=False):
                            for name, value in line.fields.items():
                                r = value.reading
                                if r.witnesses != (Witness.NET, Witness.SECOND_NET):
                                    continue
                                good = same(KIND[name], r.text, row[name])
                                n, wrong = n + 1, wrong + (not good)
                                if not good:
                                    print(f"{design.font}: {r.text!r} is {row[name]!r}", file=sys.stderr)
                                yield step_of(r.confidence) or 0.0, good
                    told = f"{design.font}, {design.size} px, scale {design.scale}, {variant}"
                    print(f"{told}: {n} pass, {wrong} of them wrong", file=sys.stderr, flush=True)
    reader.close()


if __name__ == "__main__":
    if os.environ.get(READY) != "1" and "--help" not in sys.argv:
        from _setup import launch

        os.environ[READY] = "1"
        sys.exit(launch(__doc__ or "", sys.argv[1:], lambda python: [str(python), __file__]))
    sys.path.insert(0, str(ROOT))
    sys.exit(main())
