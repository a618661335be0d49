"""How fast the review page is with many open questions and many orders, over real requests on the loopback.

python3 scripts/bench_review.py                         # 100,000 orders, 1,000 open questions
python3 scripts/bench_review.py --orders 5000 --breaks 100
Ends with exit code 1 if a page's median is above 300 ms.
"""

from __future__ import annotations

import argparse
import io
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import httpx  # noqa: E402
import numpy as np  # noqa: E402
from PIL import Image  # noqa: E402
from sqlalchemy import create_engine, insert  # noqa: E402

from bridge import log  # noqa: E402
from bridge.encoded import encode_fields  # noqa: E402
from bridge.interfaces import Role  # noqa: E402
from bridge.reconcile import reconcile  # noqa: E402
from bridge.records import Box, Doubt, FieldValue, ObservedList, OrderLine, Reading, Scalar, Witness  # noqa: E402
from bridge.review.web.access import hashed  # noqa: E402
from bridge.review.web.desk import Desk  # noqa: E402
from bridge.review.web.serve import bound, server  # noqa: E402
from bridge.store.encoding import value_to_json  # noqa: E402
from bridge.store.tables import baseline, observations, order_events, orders  # noqa: E402
from bridge.wiring import App  # noqa: E402

LIMIT_MS = 300
TRIES = 9
NOW = datetime(2026, 5, 6, 1, 15, tzinfo=UTC)
PASSWORD = "only for this benchmark"
CUSTOMERS = (
    "上海鑫盛机电有限公司",
    "宁波恒泰紧固件贸易有限公司",
    "Bortec & Monlux GmbH",
    "苏州科凯精密模具有限公司",
)
SHOT = (2400, 3000)  # pixels, as a page of fifty rows at double density
FIELDS = ("order_no", "customer", "sku", "product", "quantity", "unit_price", "amount", "order_date", "due_date",
          "status", "contract_no", "remark")  # fmt: skip
CHUNK = 5000


def values(n: int) -> dict[str, Scalar]:
    price = Decimal(350 + n * 17 % 90_000) / 100
    return {
        "order_no": f"SO-{n:07d}", "customer": f"{CUSTOMERS[n % 4]}{n % 97}", "sku": f"B8O0-{n % 5000:05d}",
        "product": "不锈钢内六角螺栓", "quantity": Decimal(10 + n % 300), "unit_price": price,
        "amount": price * (10 + n % 300), "order_date": date(2026, 3, 1) + timedelta(days=n % 60),
        "due_date": date(2026, 4, 20) + timedelta(days=n % 90), "status": ("approved", "in_production")[n % 2],
        "contract_no": f"HT-{n % 900:04d}", "remark": None,
    }  # fmt: skip


def line(n: int, shot: str, *, doubtful: bool = False) -> OrderLine:
    fields = {}
    for i, (name, value) in enumerate(values(n).items()):
        text = "" if value is None else str(value)
        doubt = doubtful and name == "sku"
        reading = Reading(
            text=text.replace("0", "O", 1) if doubt else text, proven=not doubt, confidence=0.9,
            witnesses=(Witness.NET,), doubts=(Doubt.UNPROVEN,) if doubt else (),
            alternatives=(text,) if doubt else (), box=Box(x=20 + 190 * i, y=40 + 55 * (n % 50), w=170, h=44),
            shot=shot, picture=f"{name}{text}", page=1, row=n % 50,
        )  # fmt: skip
        fields[name] = FieldValue(
            field=name, value=reading.text if doubt else value, reading=reading, doubts=reading.doubts
        )
    no = str(values(n)["order_no"])
    return OrderLine(source="demo", key=no, order_no=no, key_ok=True, fields=fields, page=1, row=n % 50)


def build(folder: Path, many: int, breaks: int) -> App:
    """A bridge that knows ``many`` orders, each with its reading and history, and asks ``breaks`` questions."""
    types = {f: "decimal" if f in ("quantity", "unit_price", "amount") else "text" for f in FIELDS}
    columns = "".join(f"  - {{heading: {f}, field: {f}, type: {t}}}\n" for f, t in types.items())
    (folder / "profile.yaml").write_text(
        f"name: demo\nlist: {{where: {{at: table}}}}\nunit: order\nkey: [order_no]\ncolumns:\n{columns}", "utf-8"
    )
    (folder / "bridge.toml").write_text(
        'data_dir = "data"\n[sources.demo]\nurl = "http://127.0.0.1:9/"\nprofile = "profile.yaml"\n', "utf-8"
    )
    app = App.load(folder / "bridge.toml")
    store = app.store
    noise = np.random.default_rng(1).integers(200, 255, (SHOT[1] // 8, SHOT[0] // 8, 3), dtype=np.uint8)
    png = io.BytesIO()
    Image.fromarray(noise).resize(SHOT, Image.Resampling.NEAREST).save(png, format="PNG")
    shot = app.evidence.keep_png(png.getvalue())
    # The same cells for all: what they say is looked at for one order only, how many there are counts for all.
    readings: dict[str, object] = {f: value_to_json(v) for f, v in line(many // 2, shot).fields.items()}
    engine = create_engine(app.settings.database_url)
    store.begin_run("demo", "run-1", NOW)
    for start in range(0, many, CHUNK):
        part = range(start, min(start + CHUNK, many))
        with engine.begin() as connection:
            connection.execute(insert(orders), [_order(n) for n in part])
            connection.execute(insert(baseline), [_baseline(n) for n in part])
            connection.execute(insert(observations), [_observation(n, readings) for n in part])
            connection.execute(insert(order_events), [_event(n) for n in part])
    engine.dispose()
    store.begin_run("demo", "run-2", NOW)
    step = max(1, many // breaks)
    seen = ObservedList(
        source="demo", lines=tuple(line(n * step, shot, doubtful=True) for n in range(breaks)), complete=False
    )
    known = {k: row for k, row in store.baseline("demo").items() if k in {x.key for x in seen.lines}}
    store.commit("run-2", seen, reconcile(known, seen, key_fields=("order_no",)), receivers=(), now=NOW)
    store.add_user("bench", role=Role.OPERATOR, password=hashed(PASSWORD), customers=(), by="bench", now=NOW)
    return app


def _order(n: int) -> dict[str, object]:
    plain = {
        **dict.fromkeys(("line_no", "customer_code", "unit", "currency", "ship_date", "tracking_no")),
        **values(n),
    }
    return {
        **plain, "source": "demo", "key": plain["order_no"], "extra": {}, "life": "active", "first_seen_at": NOW,
        "updated_at": NOW - timedelta(seconds=n), "updated_by": "bridge", "version": 1, "bridge_version": 1,
    }  # fmt: skip


def _baseline(n: int) -> dict[str, object]:
    v = values(n)
    return {
        "source": "demo", "key": v["order_no"], "order_no": v["order_no"], "fields": encode_fields(v),
        "missing": 0, "absent": False, "run_id": "run-1", "updated_at": NOW,
    }  # fmt: skip


def _observation(n: int, readings: dict[str, object]) -> dict[str, object]:
    no = values(n)["order_no"]
    return {
        "source": "demo", "key": no, "order_no": no, "key_ok": True, "ok": True, "content": str(n),
        "readings": readings, "current": True, "first_run": "run-1",
        "last_run": "run-1", "first_seen": NOW, "last_seen": NOW, "times": 1,
    }  # fmt: skip


def _event(n: int) -> dict[str, object]:
    no = values(n)["order_no"]
    return {
        "source": "demo", "key": no, "order_no": no, "event": "added", "at": NOW, "by": "bridge",
        "run_id": "run-1", "version": 1, "changed": {}, "overwritten": {}, "evidence": {},
    }  # fmt: skip


def measure(client: httpx.Client, many: int) -> dict[str, list[float]]:
    """Milliseconds per page, each asked for ``TRIES`` times."""
    first = client.get("/queue").text
    csrf = first.split('name="csrf" content="', 1)[1].split('"', 1)[0]
    order = first.split('data-order="', 1)[1].split('"', 1)[0].split(",")
    left = iter(order)
    some = values(many // 2)
    pages: dict[str, Callable[[], httpx.Response]] = {
        "queue, grouped by confusion": lambda: client.get("/queue"),
        "queue, grouped by customer": lambda: client.get("/queue?by=customer&sort=age"),
        "card of one question": lambda: client.get(f"/items/{next(left)}"),
        "decision": lambda: client.post(
            f"/items/{next(left)}/decide",
            data={"action": "accept"},
            headers={"x-csrf-token": csrf, "x-requested-with": "fetch"},
        ),
        "search by order number": lambda: client.get("/orders", params={"q": str(some["order_no"])}),
        "search by customer": lambda: client.get("/orders", params={"q": str(some["customer"])}),
        "search by SKU": lambda: client.get("/orders", params={"q": str(some["sku"])}),
        "search, nothing found": lambda: client.get("/orders", params={"q": "nowhere"}),
        "order with its time line": lambda: client.get(
            "/order", params={"source": "demo", "key": str(some["order_no"])}
        ),
        "dashboard": lambda: client.get("/dashboard"),
    }
    took: dict[str, list[float]] = {}
    for name, ask in pages.items():
        for _ in range(TRIES):
            began = time.perf_counter()
            ask().raise_for_status()
            took.setdefault(name, []).append((time.perf_counter() - began) * 1000)
    return took


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=100_000)
    parser.add_argument("--breaks", type=int, default=1_000)
    given = parser.parse_args()
    log.set_up(folder=None, name="bench", console_level="ERROR")
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        app = build(Path(folder), given.orders, given.breaks)
        took_s = time.perf_counter() - began
        print(f"{given.orders:,} orders and {given.breaks:,} open questions made in {took_s:.0f} s", flush=True)
        listening = bound("127.0.0.1", 0)
        port = listening.getsockname()[1]
        running = server(Desk(app=app), "127.0.0.1")
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
                client.post("/sign-in", data={"name": "bench", "password": PASSWORD})
                began = time.perf_counter()
                client.get("/queue").raise_for_status()
                print(f"first queue page after the start: {(time.perf_counter() - began) * 1000:.0f} ms")
                took = measure(client, given.orders)
        finally:
            running.should_exit = True
            thread.join(10)
            app.store.close()
    print(f"{'page':32} {'median':>8} {'slowest':>8}   of {TRIES}, ms")
    for name, ms in took.items():
        print(f"{name:32} {statistics.median(ms):8.0f} {max(ms):8.0f}")
    slow = [name for name, ms in took.items() if statistics.median(ms) > LIMIT_MS]
    print(f"limit {LIMIT_MS} ms: " + (f"exceeded by {', '.join(slow)}" if slow else "kept by every page"))
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
