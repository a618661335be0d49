"""Draws the sample contracts with their truth.

    python -m scripts.make_samples build/contracts                     all of them
    python -m scripts.make_samples build/contracts --only form_above   those whose name has this in it

Needs the fonts and the browser that `bridge setup` and `bridge doctor` look for.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

from bridge.erp.find_browser import find_browser, launch_args  # noqa: E402
from samples.contracts.cases import CASES  # noqa: E402
from samples.contracts.render import make_samples  # noqa: E402


def main() -> int:
    parser = argparse.ArgumentParser(prog="make_samples", description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="", help="only those whose name has this in it")
    options = parser.parse_args()
    from playwright.sync_api import sync_playwright

    cases = [c for c in CASES if options.only in c.name]
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_browser().path, args=launch_args(is_root=is_root)
        )
        samples = make_samples(options.folder, browser, cases)
        browser.close()
    print(f"{len(samples)} contracts in {options.folder}, {sum(s.held for s in samples)} of them held back")
    return 0


if __name__ == "__main__":
    sys.exit(main())
