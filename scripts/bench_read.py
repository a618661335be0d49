"""How truthfully and how fast lists are read, beside other readers, on the same pictures in one run.

    python3 scripts/bench_read.py --quick                     two designs, a few minutes
    python3 scripts/bench_read.py                             all designs and variants, an hour and more
    python3 scripts/bench_read.py --kind C --reader bridge    one kind, one reader
    python3 scripts/bench_read.py --seed 11 --fonts "DejaVu Serif,AR PL UMing CN" --json out.json
    python3 scripts/bench_read.py --json out.json --go-on      what out.json lacks, after an interruption
    python3 scripts/bench_read.py --peers --peer-rows 50       the other readers too, on a part of each list

Kinds: A a page with text, B the same list on a canvas, C the pictures of A with no browser behind them.  Each
source is read as a first list (cold), that once more (again: what was doubtful is looked at with all that was
learned), the same list with 2 % of its cells changed (warm), that once more (nothing changed), and a second list
that shares no order with the first: what is counted is counted on the second list; of the four readings before it
only the silent errors are told ("before").  No person's answer and
no truth enters.  Seconds run from the decoded pictures to the records.  The other readers remember nothing, so
a list is cold to them whenever they read it: they read the second one only, and what they read of kind A stands
for C, which has the very same pictures.  Cells that are cut or look like another text to the pixel are counted
apart, and so are rows that are flagged for nothing else.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import platform
import subprocess
import sys
import tempfile
from dataclasses import asdict, replace
from importlib import metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
READY = "BRIDGE_ENVIRONMENT_READY"  # set once we run in the project's own environment
KINDS = ("A", "B", "C")
CELLS_OF_500 = 5_000  # 500 rows × 10 columns
CHANGED = 0.02
PEER_FOLDER = ".bench-peers"
PEER_PACKAGES = ("rapidocr==3.10.0", "onnxruntime==1.31.1", "faster-paddle==1.0.4")
"""They bring another OpenCV, so they are kept out of the project's environment."""
PHASES = {"cold": "cold", "again": "cold", "warm": "warm", "unchanged": "warm", "second": "second"}
"""Each with the list that is read."""


def main() -> int:
    given = _arguments()
    if given.peers:
        _install_peers()
    with tempfile.TemporaryDirectory(prefix="bench-read-") as kept:
        folder = Path(kept)
        _draw(folder, given)
        results = _before(given)
        for kind in given.kind or KINDS:
            for name in _readers(given.reader):
                if any((r["kind"], r["reader"]) == (kind, name) for r in results):
                    continue
                result = _same_pictures(results, kind, name)
                if result is None:
                    print(f"kind {kind}: {name} …", file=sys.stderr, flush=True)
                    result = {**_in_a_process(folder, kind, name, given.peer_rows), "of": _what(given)}
                results.append(result)
                if given.json:
                    whole = json.dumps(results, ensure_ascii=False, indent=1)
                    Path(given.json).write_text(whole, encoding="utf-8")
    print(_table(results))
    _say_versions()
    return 1 if any(r.get("silent") for r in results if r["reader"] == "bridge") else 0


def _same_pictures(results: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any] | None:
    """What a reader that sees no difference between A and C has shown for A."""
    if kind != "C" or name == "bridge":
        return None
    found = next((r for r in results if (r["kind"], r["reader"]) == ("A", name)), None)
    return {**found, "kind": "C"} if found is not None else None


def _what(given: argparse.Namespace) -> list[Any]:
    """What was read; other lists cannot stand in the same table."""
    return [given.quick, given.seed, given.fonts, given.design, given.rows, given.peer_rows]


def _before(given: argparse.Namespace) -> list[dict[str, Any]]:
    """What an interrupted run has measured."""
    if not (given.go_on and given.json and Path(given.json).exists()):
        return []
    found: list[dict[str, Any]] = json.loads(Path(given.json).read_text(encoding="utf-8"))
    return [r for r in found if r.get("of") == _what(given) and "missing" not in r]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two designs, one page of 25 rows a list")
    parser.add_argument("--seed", type=int, default=20261122, help="of words and codes (default %(default)s)")
    parser.add_argument("--fonts", help="CSS family names, comma separated, instead of the designs' own")
    parser.add_argument("--kind", action="append", choices=KINDS, help="only this kind; may be given again")
    parser.add_argument("--reader", action="append", help="only this reader; may be given again")
    parser.add_argument("--design", action="append", help="only this design; may be given again")
    parser.add_argument("--rows", type=int, default=100, help="rows of each list (default %(default)s)")
    parser.add_argument(
        "--peers", action="store_true", help=f"first install what is missing of them into {PEER_FOLDER}"
    )
    parser.add_argument(
        "--peer-rows", type=int, help="rows of each list that the other readers read (default: all)"
    )
    parser.add_argument("--json", help="write every figure into this file, reader by reader")
    parser.add_argument("--go-on", action="store_true", help="keep what the file has, measure the rest")
    parser.add_argument("--work", help=argparse.SUPPRESS)  # kind, reader: we are the process that measures it
    return parser.parse_args()


def _readers(wanted: list[str] | None) -> list[str]:
    from bench_readers import PEERS

    return wanted or ["bridge", *PEERS]


# --- drawing -----------------------------------------------------------------------------------------------------


def _designs(given: argparse.Namespace) -> list[Any]:
    from samples.screens.designs import DESIGNS, RAW_CANVAS

    designs = [*DESIGNS, RAW_CANVAS]
    if given.design:
        designs = [d for d in designs if d.name in given.design]
    elif given.quick:
        designs = list(DESIGNS[:2])
    if given.fonts:
        fonts = [f.strip() for f in given.fonts.split(",")]
        designs = [replace(d, font=f'"{fonts[i % len(fonts)]}"') for i, d in enumerate(designs)]
    return designs


def _draw(folder: Path, given: argparse.Namespace) -> None:
    from bench_drawing import Studio

    from bridge.erp.browser import BrowserOptions, open_browser
    from bridge.ocr.lookalikes import others
    from samples.screens import orders

    size = 25 if given.quick else 50
    count = size if given.quick else given.rows
    characters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789|"
    pairs = [(a, b) for a in characters for b in others(a) if b in characters]
    pairs += [("  ", "\u3000"), ("\u3000", "  "), ("Φ", "Ф")]
    with open_browser(BrowserOptions()) as browser:
        for design in _designs(given):
            with Studio(browser, design) as studio:
                for variant in orders.VARIANTS:
                    first = orders.make_list(design, variant, count, seed=given.seed, number=0)
                    lists = {
                        "cold": first,
                        "warm": orders.changed(first, CHANGED, seed=given.seed),
                        "second": orders.make_list(design, variant, count, seed=given.seed, number=1),
                    }
                    for kind in ("B",) if design.raw_pixels else ("A", "B"):
                        canvas = kind == "B"
                        drawn = {
                            phase: [(studio.draw(rows, canvas=canvas), rows) for rows in orders.pages(o, size)]
                            for phase, o in lists.items()
                        }
                        twins = {a for a, _ in studio.twins(pairs, canvas=canvas)}
                        source = {"design": design, "variant": variant, "lists": drawn, "twins": twins}
                        file = folder / f"{kind}-{design.name}-{variant}.pkl"
                        file.write_bytes(pickle.dumps(source))
                print(f"drawn: {design.name}", file=sys.stderr, flush=True)


# --- measuring ---------------------------------------------------------------------------------------------------


def _install_peers() -> None:
    command = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--target", str(ROOT / PEER_FOLDER)]
    subprocess.run([*command, *PEER_PACKAGES], check=True, stdout=sys.stderr)


def _in_a_process(folder: Path, kind: str, reader: str, peer_rows: int | None) -> dict[str, Any]:
    """Each reader in a process of its own, so that its peak memory is its own, and so are the packages of those
    that came from PEER_FOLDER."""
    from bench_readers import GUESTS

    command = [sys.executable, __file__, "--work", f"{folder}|{kind}|{reader}|{peer_rows or ''}"]
    environ = dict(os.environ)
    if reader in GUESTS:
        environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT / PEER_FOLDER), environ.get("PYTHONPATH"))))
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, encoding="utf-8", check=False, env=environ)
    if done.returncode != 0 or not done.stdout.strip():
        return {"kind": kind, "reader": reader, "missing": f"ended with {done.returncode}"}
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def _work(folder: Path, kind: str, name: str, peer_rows: int | None) -> dict[str, Any]:
    from bench_judge import Score
    from bench_readers import PEERS, Bridge, Reader, missing, peak_mb, timed

    from samples.screens import orders

    files = sorted(folder.glob(f"{'B' if kind == 'B' else 'A'}-*.pkl"))
    dates: dict[str, str] = {}
    reader: Reader
    if name == "bridge":
        reader = Bridge(kind, dates.__getitem__)
    else:
        try:
            reader = PEERS[name]()
        except (ImportError, OSError, subprocess.CalledProcessError) as e:
            return {"kind": kind, "reader": name, "missing": missing(name, e)}
    scores = {v: Score() for v in orders.VARIANTS}
    earlier = Score()  # all but the second list: only its silent errors are told
    seconds: dict[str, dict[int, float]] = {p: {} for p in PHASES}
    cells: dict[str, dict[int, int]] = {p: {} for p in PHASES}
    phases = tuple(PHASES) if name == "bridge" else ("second",)
    for file in files:
        source = file.stem.partition("-")[2]
        s = pickle.loads(file.read_bytes())  # our own of this run; one at a time: the memory is the reader's
        dates[source] = str(s["design"].date)
        scale = s["design"].scale
        reader.start(source, scale)
        for phase in phases:
            reader.sync()
            pages = s["lists"][PHASES[phase]]
            if name != "bridge" and peer_rows is not None:
                pages = pages[: max(1, peer_rows // len(pages[0][1]))]
            took, answers = timed(reader, [p for p, _ in pages])
            seconds[phase][scale] = seconds[phase].get(scale, 0.0) + took
            n = sum(len(rows) * len(rows[0]) for _, rows in pages)
            cells[phase][scale] = cells[phase].get(scale, 0) + n
            score = scores[s["variant"]] if phase == "second" else earlier
            for (drawn, rows), got in zip(pages, answers, strict=True):
                cut = {(p.row, p.field) for p in drawn.places if p.cut}
                where = f"{s['design'].name} scale {scale}"
                score.page(where, rows, got, cut, s["twins"])
    reader.close()
    if name != "bridge":
        seconds["cold"], cells["cold"] = seconds["second"], cells["second"]
        phases = ("cold", "second")
    return {
        "kind": kind,
        "reader": name,
        "seconds_per_500": {
            p: {str(k): seconds[p][k] / cells[p][k] * CELLS_OF_500 for k in seconds[p]} for p in phases
        },
        "peak_mb": peak_mb(),
        "silent": sum(x.silent for x in scores.values()) + earlier.silent,
        "earlier": asdict(earlier),
        "scores": {v: {**asdict(x), "silent_bound": x.bound()} for v, x in scores.items()},
    }


# --- telling -----------------------------------------------------------------------------------------------------


HEAD = (
    "kind", "reader", "cells", "code", "exact %", "exact, unflagged %", "silent (95 % bound)", "before",
    "flagged %", "straight % ord./host.", "apart, silent", "s/500 cold", "again", "warm", "unchanged",
    "× stock", "MB",
)  # fmt: skip
SUMMED = ("cells", "code_cells", "exact", "exact_unflagged", "flagged", "silent", "apart", "apart_unflagged_wrong")


def _table(results: list[dict[str, Any]]) -> str:
    lines = [list(HEAD)]
    for r in results:
        if "missing" in r:
            lines.append([r["kind"], r["reader"], r["missing"]])
            continue
        scores = [s for s in r["scores"].values() if s["cells"]]
        total = {k: sum(s[k] for s in scores) for k in SUMMED}
        n = max(total["cells"], 1)
        bound = max((s["silent_bound"] for s in scores), default=1.0)
        straight = " / ".join(
            f"{100 * s['straight'] / max(s['rows'] - s['rows_apart'], 1):.1f}" for s in r["scores"].values()
        )
        lines.append(
            [
                r["kind"],
                r["reader"],
                f"{total['cells']:,}",
                f"{total['code_cells']:,}",
                f"{100 * total['exact'] / n:.2f}",
                f"{100 * total['exact_unflagged'] / n:.2f}",
                f"{total['silent']} ({100 * bound:.3f} %)",
                f"{r['earlier']['silent']} of {r['earlier']['cells']:,}" if r["earlier"]["cells"] else "-",
                f"{100 * total['flagged'] / n:.2f}",
                straight,
                f"{total['apart']}, {total['apart_unflagged_wrong']}",
                *(_worst(r, p) for p in ("cold", "again", "warm", "unchanged")),
                _ratio(r, results),
                f"{r['peak_mb']:.0f}",
            ]
        )
    whole = [x for x in lines if len(x) == len(HEAD)]
    widths = [max(len(x[i]) for x in whole) for i in range(len(HEAD))]
    shown = ["  ".join(c.ljust(w) for c, w in zip(x, widths, strict=False)).rstrip() for x in lines]
    for r in results:
        for variant, s in r.get("scores", {}).items():
            shown += [f"  silent, {r['kind']} {r['reader']} {variant}: {e}" for e in s["examples"][:8]]
        for e in r.get("earlier", {}).get("examples", [])[:8]:
            shown.append(f"  silent before, {r['kind']} {r['reader']}: {e}")
    return "\n".join(shown)


def _worst(r: dict[str, Any], phase: str) -> str:
    by_scale = r["seconds_per_500"].get(phase)
    return " / ".join(f"{k}×: {v:.2f}" for k, v in sorted(by_scale.items())) if by_scale else "-"


def _ratio(r: dict[str, Any], results: list[dict[str, Any]]) -> str:
    """How many times faster than the stock v6-small pipeline, cold, warm and unchanged; the worse scale counts."""
    stock = next(
        (x for x in results if x["kind"] == r["kind"] and x["reader"] == "paddleocr v6 small" and "scores" in x),
        None,
    )
    if stock is None:
        return "-"
    base = stock["seconds_per_500"]["cold"]
    ratios = []
    for phase in ("cold", "warm", "unchanged"):
        mine = r["seconds_per_500"].get(phase)
        if mine:
            ratios.append(f"{min(base[k] / max(v, 1e-9) for k, v in mine.items() if k in base):.1f}")
    return " / ".join(ratios)


def _say_versions() -> None:
    names = ("paddleocr", "onnxruntime", "opencv-python", "playwright")
    found = []
    for name in names:
        try:
            found.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            continue
    guests = {d.name.lower(): d.version for d in metadata.distributions(path=[str(ROOT / PEER_FOLDER)])}
    found += [f"{n} {guests[n]}" for n in ("rapidocr", "faster-paddle", "faster_paddle") if n in guests]
    print(
        f"\n{platform.platform()}, Python {platform.python_version()}, {os.cpu_count()} cores; {', '.join(found)}"
    )


if __name__ == "__main__":
    if os.environ.get(READY) != "1" and "--help" not in sys.argv:
        from _setup import launch

        os.environ[READY] = "1"
        sys.exit(launch(__doc__ or "", sys.argv[1:], lambda python: [str(python), __file__]))
    sys.path.insert(0, str(ROOT))
    if "--work" in sys.argv:
        where, of_kind, of_reader, rows = sys.argv[sys.argv.index("--work") + 1].split("|")
        print(json.dumps(_work(Path(where), of_kind, of_reader, int(rows) if rows else None), ensure_ascii=False))
        sys.exit(0)
    sys.exit(main())
