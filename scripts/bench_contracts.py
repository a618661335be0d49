"""How well promised dates are read: exact, flagged and false, by tag; seconds per page; memory.

    python -m scripts.bench_contracts build/contracts                  the samples that are not held back
    python -m scripts.bench_contracts build/contracts --held-back      those that are: once, at the end
    python -m scripts.bench_contracts samples/contracts/golden --json

The folder holds contract files and ``truth.json`` (see ``scripts/make_samples.py``).  A *false* date is one that
no person is asked about and that is wrong or invented; a handwritten date that nobody is asked about counts as
false, too.  Exit code 1 if there is one.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT)]

MEANING = ("kind", "promised_date", "promised_dates")
TERM = ("base_event", "offset_days", "offset_unit")


@dataclass(frozen=True, kw_only=True)
class Score:
    """One contract.  right: its meaning is the truth's, a date or rightly open or none."""

    file: str
    tags: tuple[str, ...]
    right: bool
    flagged: bool
    false: bool
    pages: int
    seconds: float
    cpu_seconds: float
    got: dict[str, Any]
    truth: dict[str, Any]


def score(file: str, truth: dict[str, Any], got: dict[str, Any], seconds: float, cpu: float) -> Score:
    wanted = MEANING + (TERM if truth["kind"] == "relative" else ())
    right = all(got[name] == truth[name] for name in wanted)
    flagged = got["needs_review"] or got["status"] != "ok"
    return Score(
        file=file,
        tags=tuple(truth["tags"]),
        right=right,
        flagged=flagged,
        false=not flagged and (not right or truth["handwritten"] or truth["must_flag"]),
        pages=max(1, got["pages"]),
        seconds=seconds,
        cpu_seconds=cpu,
        got=got,
        truth=truth,
    )


def run(folder: Path, *, held_back: bool, only: str, threads: int) -> list[Score]:
    from bridge.reading import contract_reader

    reader = contract_reader(threads=threads)
    truths = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    scores = []
    for file, truth in truths.items():
        if truth["held_back"] is not held_back or only not in file:
            continue
        began, cpu = time.perf_counter(), time.process_time()
        got = reader.read(folder / file).as_json()
        scores.append(score(file, truth, got, time.perf_counter() - began, time.process_time() - cpu))
        print(_line(scores[-1]), file=sys.stderr, flush=True)
    return scores


def _line(s: Score) -> str:
    word = (
        "FALSE" if s.false else "ok" if s.right and not s.flagged else "flagged" if s.right else "flagged, wrong"
    )
    said, meant = (
        " ".join(str(r[n]) for n in ("kind", "promised_date", "base_event", "offset_days") if r[n] is not None)
        for r in (s.got, s.truth)
    )
    more = "" if s.right else f"; truth: {meant}"
    return f"{word:15} {s.file:48} {s.cpu_seconds:5.1f} cpu s  {said}{more}  {s.got['reason']}"


def summary(scores: list[Score]) -> dict[str, Any]:
    groups: dict[str, list[Score]] = defaultdict(list)
    for s in scores:
        groups["all"].append(s)
        for tag in s.tags:
            groups[tag].append(s)
    pages = sum(s.pages for s in scores) or 1
    return {
        "groups": {
            tag: {
                "contracts": len(some),
                "right": sum(s.right for s in some),
                "right_without_flag": sum(s.right and not s.flagged for s in some),
                "flagged": sum(s.flagged for s in some),
                "false": sum(s.false for s in some),
            }
            for tag, some in groups.items()
        },
        "head": {
            name: sum(s.got[name] == s.truth[name] for s in scores)
            for name in ("contract_no", "signing_date", "buyer", "seller")
        },
        "seconds_per_page": round(sum(s.seconds for s in scores) / pages, 2),
        "cpu_seconds_per_page": round(sum(s.cpu_seconds for s in scores) / pages, 2),
        "peak_mb": _peak_mb(),
    }


def _peak_mb() -> int:
    """Highest resident memory of this process, in MB; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1024 * 1024 if sys.platform == "darwin" else 1024))


def _print(result: dict[str, Any]) -> None:
    print(f"{'':16}{'contracts':>10}{'right':>8}{'no flag':>9}{'flagged':>9}{'FALSE':>7}")
    for tag, g in result["groups"].items():
        print(
            f"{tag:16}{g['contracts']:>10}{g['right']:>8}{g['right_without_flag']:>9}{g['flagged']:>9}{g['false']:>7}"
        )
    print("head right:", ", ".join(f"{k} {v}" for k, v in result["head"].items()))
    print(
        f"{result['seconds_per_page']} s a page ({result['cpu_seconds_per_page']} s of processor time), "
        f"at most {result['peak_mb']} MB"
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="bench_contracts")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--held-back", action="store_true")
    parser.add_argument("--only", default="", help="only files whose name has this in it")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    result = summary(
        scores := run(options.folder, held_back=options.held_back, only=options.only, threads=options.threads)
    )
    if options.json:
        print(json.dumps(result, ensure_ascii=False, indent=1))
    else:
        _print(result)
    return 1 if any(s.false for s in scores) else 0


if __name__ == "__main__":
    sys.exit(main())
