"""How long comparing takes: what was shown last time × what is shown now × what the store holds.

    python scripts/bench_reconcile.py [--orders 100000] [--limit 10] [--json]

Makes a list of orders with a known share of each class of difference, compares it three ways in this process,
checks that each class was found as often as it was made, and prints seconds and memory.  Ends with 1 if it took
more of a processor than the limit, with 2 if something was found wrongly.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))

from bridge.breaks import BreakClass
from bridge.central import CentralRow, CentralSide
from bridge.reconcile import Breaker, Elsewhere, PlatformNumber, Rules, Tolerance, reconcile
from bridge.records import (
    BaselineRow,
    Box,
    ChangeKind,
    ChangeSet,
    Doubt,
    FieldValue,
    ObservedList,
    OrderLine,
    Reading,
    Scalar,
    Witness,
)

NOW = datetime(2026, 3, 16, tzinfo=UTC)
TODAY = date(2026, 3, 16)
SHARE = 0.01  # of all orders, for each class of difference
PROVEN = Reading(
    text="", proven=True, confidence=1.0, witnesses=(Witness.NET, Witness.PAGE_TEXT), box=Box(x=0, y=0, w=80, h=22)
)
STATUS = ("new", "approved", "in_production", "part_shipped")
CLASSES = (
    BreakClass.CHANGED, BreakClass.NEW, BreakClass.NOT_SEEN, BreakClass.GONE, BreakClass.STORE_DRIFTED,
    BreakClass.CONFLICT, BreakClass.WITHIN_TOLERANCE, BreakClass.MISREAD, BreakClass.UNPROVEN,
    BreakClass.DUPLICATE_ELSEWHERE, BreakClass.KEY_UNPROVEN, BreakClass.OVERDUE,
)  # fmt: skip


def values(n: int) -> dict[str, Scalar]:
    price = Decimal(100 + n % 900) / 4
    return {
        "order_no": f"TB-{n * 7919 % 10**8:08d}", "customer": f"客户{n % 4000}", "sku": f"B8O0-{n % 5000:05d}",
        "product": "不锈钢内六角螺栓", "quantity": Decimal(10 + n % 300), "unit_price": price,
        "amount": price * (10 + n % 300), "order_date": date(2026, 1, 1) + timedelta(days=n % 60),
        "due_date": date(2026, 4, 20) + timedelta(days=n % 90), "status": STATUS[n % 4],
        "contract_no": f"HT-{n % 900:04d}", "remark": None,
    }  # fmt: skip


def line(n: int, fields: dict[str, Scalar]) -> OrderLine:
    number = str(fields["order_no"])
    found = {
        name: FieldValue(
            field=name, value=value, reading=replace(PROVEN, text="" if value is None else str(value), row=n)
        )
        for name, value in fields.items()
    }
    return OrderLine(
        source="bench", key=number, order_no=number, key_ok=True, fields=found, page=1 + n // 50, row=n % 50
    )


class Lists:
    """All three sides, and how often each class must be found."""

    def __init__(self, many: int) -> None:
        self.baseline: dict[str, BaselineRow] = {}
        self.central: dict[str, CentralRow] = {}
        self.lines: list[OrderLine] = []
        self.elsewhere: dict[str, Elsewhere] = {}
        self.wanted: Counter[BreakClass] = Counter()
        part = max(1, int(many * SHARE))
        for n in range(many):
            self._order(n, CLASSES[n // part] if n < part * len(CLASSES) else None)

    def _order(self, n: int, cls: BreakClass | None) -> None:
        old, new, held = values(n), values(n), values(n)
        missing, seen = 0, True
        match cls:
            case BreakClass.CHANGED:
                new |= {"status": "shipped"}
            case BreakClass.NOT_SEEN | BreakClass.GONE:
                seen, missing = False, int(cls is BreakClass.GONE)
            case BreakClass.STORE_DRIFTED:
                held |= {"remark": "CRM"}
            case BreakClass.CONFLICT:
                held |= {"remark": "CRM"}
                new |= {"remark": "改期"}
            case BreakClass.WITHIN_TOLERANCE:
                new |= {"amount": Decimal(str(new["amount"])) + Decimal("0.05")}
            case BreakClass.MISREAD:
                new |= {"sku": str(new["sku"]).replace("O", "0")}
            case BreakClass.OVERDUE:
                old, new, held = ({**v, "due_date": TODAY - timedelta(days=3)} for v in (old, new, held))
            case BreakClass.KEY_UNPROVEN:  # unlike every other number: what it could be is not called missing
                old, new, held = ({**v, "order_no": f"doubtful/{n}"} for v in (old, new, held))
            case BreakClass.DUPLICATE_ELSEWHERE:
                self.elsewhere[str(new["order_no"]).replace("-", "")] = Elsewhere(source="shop", order_no="1")
        key = str(old["order_no"])
        if cls not in (BreakClass.NEW, BreakClass.DUPLICATE_ELSEWHERE):
            self.baseline[key] = BaselineRow(key=key, order_no=key, fields=old, missing=missing)
            self.central[key] = CentralRow(
                fields={f: v for f, v in held.items() if v is not None}, updated_by="bridge", updated_at=NOW
            )
        if seen:
            self.lines.append(_doubted(line(n, new), cls))
        if cls is not None:
            self.wanted[cls] += 1

    def compare(self) -> ChangeSet:
        return reconcile(
            self.baseline,
            ObservedList(source="bench", lines=tuple(self.lines), complete=True),
            key_fields=("order_no",),
            breaker=Breaker(max_gone_percent=100, max_changed_percent=100),
            central=CentralSide(rows=self.central),
            rules=Rules(
                tolerances={"amount": Tolerance(amount=Decimal("0.05"))},
                platform=PlatformNumber(field="order_no", pattern=re.compile(r"(TB)-(\d+)")),
                elsewhere=self.elsewhere,
                today=TODAY,
            ),
        )


def _doubted(made: OrderLine, cls: BreakClass | None) -> OrderLine:
    name = {BreakClass.UNPROVEN: "sku", BreakClass.KEY_UNPROVEN: "order_no"}.get(cls) if cls is not None else None
    if name is None:
        return made
    value = made.fields[name]
    reading = replace(value.reading, proven=False, confidence=0.8, witnesses=(Witness.NET,))
    doubted = replace(value, reading=reading, doubts=(Doubt.UNPROVEN,))
    return replace(made, key_ok=name != "order_no", fields={**made.fields, name: doubted})


def found(changes: ChangeSet) -> Counter[BreakClass]:
    kinds = {
        ChangeKind.ADDED: BreakClass.NEW,
        ChangeKind.CHANGED: BreakClass.CHANGED,
        ChangeKind.GONE: BreakClass.GONE,
    }
    counts = Counter(kinds[c.kind] for c in changes.changes)
    counts[BreakClass.NOT_SEEN] += len(changes.missing)
    counts.update(n.what.cls for n in changes.notes)
    counts.update(b.cls for r in changes.reviews for b in r.breaks)
    return +counts


def megabytes() -> float:
    return float(psutil.Process().memory_info().rss) / 2**20


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=100_000, help="how many (100000)")
    parser.add_argument("--limit", type=float, default=10.0, help="seconds of a processor it may take (10)")
    parser.add_argument("--json", action="store_true", help="print JSON for a program")
    given = parser.parse_args()
    lists = Lists(given.orders)
    held = megabytes()
    started = time.perf_counter()
    cpu = time.process_time()
    changes = lists.compare()
    seconds, used = time.perf_counter() - started, time.process_time() - cpu
    grown = megabytes() - held
    got = found(changes)
    wrong = {c.value: [lists.wanted[c], got[c]] for c in {*lists.wanted, *got} if lists.wanted[c] != got[c]}
    result = {
        "stored": len(lists.baseline), "observed": len(lists.lines), "seconds": round(seconds, 2),
        "cpu_seconds": round(used, 2), "orders_per_second": round(given.orders / seconds),
        "memory_of_the_lists_mb": round(held), "memory_added_mb": round(grown),
        "classes": {c.value: n for c, n in sorted(got.items())}, "unchanged": changes.unchanged,
        "wrong": wrong,
    }  # fmt: skip
    if given.json:
        print(json.dumps(result, ensure_ascii=False))
    else:
        print(f"{result['stored']:,} stored × {result['observed']:,} observed orders, three ways")
        print(f"  {seconds:.2f} s ({used:.2f} s of processor), {result['orders_per_second']:,} orders a second")
        print(f"  the lists themselves take {held:,.0f} MB, comparing them {grown:,.0f} MB more")
        for name, n in {**result["classes"], "unchanged": changes.unchanged}.items():
            print(f"  {name:20} {n:>8,}")
        for name, (wanted, had) in wrong.items():
            print(f"  WRONG {name}: made {wanted:,}, found {had:,}")
    return 2 if wrong else int(used > given.limit)


if __name__ == "__main__":
    sys.exit(main())
