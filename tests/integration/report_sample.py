"""A run for the report to tell of: a real list drawn by a real browser, some of its cells doubtful."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO

import numpy as np
from PIL import Image as Pillow
from playwright.sync_api import Browser

from bridge.interfaces import Evidence
from bridge.records import (
    KEY_SEP,
    Box,
    Change,
    ChangeKind,
    ChangeSet,
    Doubt,
    FieldValue,
    Finding,
    Grid,
    GridRow,
    Image,
    ObservedList,
    OrderLine,
    Reading,
    ReviewItem,
    ReviewKind,
    RowKind,
    RunStatus,
    RunSummary,
    Scalar,
    Witness,
)

SCALE = 2
FIELDS = ("number", "order_no", "customer", "sku", "product", "quantity", "price", "amount", "due_date", "status")
HEADINGS = ("序号", "订单编号", "客户名称", "存货编码", "产品名称", "数量", "单价", "金额", "交货日期", "状态")
LABELS = dict(zip(FIELDS, HEADINGS, strict=True))
CUSTOMERS = (
    "上海鑫盛机电有限公司",
    "宁波恒泰紧固件贸易有限公司",
    "苏州市科凯精密模具标准件有限责任公司（华东）",
    "Bortec & Monlux GmbH",
)
SKUS = ("B8O0-I1l5", "8E0Q 215-S5B8O", "03.17.0042", "OQD/M12l", "CP8B00417")
PRODUCTS = ("不锈钢内六角螺栓", "镀锌法兰弯头", "304双头球阀", "尼龙快插接头")
HOSTILE = '<script>document.title="owned"</script><img src=x onerror=alert(1)>'

CSS = """
body { margin: 12px; font: 12px "SimSun", "Noto Sans CJK SC", "WenQuanYi Zen Hei", sans-serif; background: #fff }
table { border-collapse: collapse; width: 1180px } th { background: #d6e4f2 }
td, th { border: 1px solid #9db4cc; padding: 3px 5px } tr:nth-child(odd) td { background: #f4f8fc }
.r { text-align: right } tr.sum td { background: #fdf6d8; font-weight: bold }
"""


@dataclass(frozen=True, kw_only=True)
class Listing:
    evidence: Evidence
    shot: str
    image: Image
    lines: tuple[OrderLine, ...]
    grid: Grid


def order(n: int) -> dict[str, Scalar]:
    quantity, price = 10 + n * 7, Decimal(350 + n * 1217) / 100
    return {
        "number": n + 1,
        "order_no": f"SO-{10021 + n:06d}",
        "customer": CUSTOMERS[n % 4] if n != 5 else HOSTILE,
        "sku": SKUS[n % 5],
        "product": PRODUCTS[n % 4],
        "quantity": quantity,
        "price": price,
        "amount": quantity * price,
        "due_date": date(2026, 5, 4) + timedelta(days=n),
        "status": ("已审核", "生产中", "待发货")[n % 3],
    }


def displayed(value: Scalar) -> str:
    if isinstance(value, Decimal):
        return f"{value:,.2f}"
    return f"{value:,d}" if isinstance(value, int) else str(value)


def list_in(browser: Browser, evidence: Evidence) -> Listing:
    """A list of orders as an old ERP shows it, with the boxes of its cells from the DOM."""
    orders = [order(n) for n in range(24)]

    def row(cells: list[str], tag: str = "td", css: str = "") -> str:
        right = ["", "", "", "", "", "r", "r", "r", "", ""]
        inner = "".join(
            f'<{tag} class="{k}">{c.replace("&", "&amp;").replace("<", "&lt;")}</{tag}>'
            for c, k in zip(cells, right, strict=True)
        )
        return f'<tr class="{css}">{inner}</tr>'

    total = ["", "合计", "", "", "", "", "", displayed(sum((o["amount"] for o in orders), Decimal(0))), "", ""]
    rows = [row([displayed(v) for v in o.values()]) for o in orders]
    page = browser.new_page(viewport={"width": 1210, "height": 900}, device_scale_factor=SCALE)
    page.set_content(
        f"<style>{CSS}</style><table>{row(list(HEADINGS), 'th')}{''.join(rows)}{row(total, css='sum')}</table>"
    )
    png = page.screenshot(full_page=True)
    boxes = page.evaluate(
        "[...document.querySelectorAll('tr')].map(r => [...r.children].map(c => {"
        "const b = c.getBoundingClientRect(); return [b.x, b.y, b.width, b.height]; }))"
    )
    page.close()
    shot = evidence.keep_png(png)
    with Pillow.open(BytesIO(png)) as picture:
        image = np.asarray(picture.convert("RGB"))

    def read(text: str, box: list[float], row_number: int) -> Reading:
        x, y, w, h = box
        return Reading(
            text=text, proven=True, confidence=1.0, witnesses=(Witness.PAGE_TEXT, Witness.NET),
            box=Box(x=x, y=y, w=w, h=h).scaled(SCALE), shot=shot, page=1, row=row_number,
        )  # fmt: skip

    lines = []
    for n, values in enumerate(orders):
        readings = [read(displayed(v), b, n) for v, b in zip(values.values(), boxes[n + 1], strict=True)]
        fields = {
            f: FieldValue(field=f, value=values[f], reading=r) for f, r in zip(FIELDS, readings, strict=True)
        }
        no = str(values["order_no"])
        lines.append(OrderLine(source="demo", key=no, order_no=no, key_ok=True, fields=fields, page=1, row=n))
    lines = doubted(lines)
    grid = Grid(
        page=1,
        shot=shot,
        columns=(None, *FIELDS[1:]),
        headings=tuple(read(h, b, 0) for h, b in zip(HEADINGS, boxes[0], strict=True)),
        rows=(
            *(GridRow(kind=RowKind.DATA, cells=tuple(v.reading for v in line.fields.values())) for line in lines),
            GridRow(
                kind=RowKind.OTHER, cells=tuple(read(t, b, 24) for t, b in zip(total, boxes[-1], strict=True))
            ),
        ),
    )
    return Listing(evidence=evidence, shot=shot, image=image, lines=tuple(lines), grid=grid)


def doubted(lines: list[OrderLine]) -> list[OrderLine]:
    """The list as a run leaves it: most rows proven, some cells doubtful in different ways."""

    def doubt(n: int, field: str, why: Doubt, **changes: object) -> None:
        line = lines[n]
        reading = replace(line.fields[field].reading, proven=False, doubts=(why,), **changes)  # type: ignore[arg-type]
        value = FieldValue(field=field, value=reading.text or None, reading=reading, doubts=(why,))
        lines[n] = replace(line, fields={**line.fields, field: value})

    doubt(2, "sku", Doubt.UNPROVEN, text="03.17.0O42", alternatives=("03.17.0042", "03.17.0Q42"), confidence=0.71)
    doubt(5, "customer", Doubt.PAGE_TEXT_DIFFERS, alternatives=(HOSTILE.replace("x", "\u202ey"),), confidence=0.5)
    doubt(8, "amount", Doubt.ARITHMETIC, text="6,672.98", alternatives=("6,672.96",), confidence=0.93)
    doubt(8, "quantity", Doubt.ARITHMETIC, confidence=0.97)
    doubt(11, "order_no", Doubt.LOOKALIKE, alternatives=("SO-O10032", "S0-010032"), confidence=0.88)
    lines[11] = replace(lines[11], key_ok=False)
    doubt(14, "product", Doubt.CUT, text="304双头球", confidence=0.99)
    return lines


def review(line: OrderLine, kind: ReviewKind, **more: object) -> ReviewItem:
    return ReviewItem(
        kind=kind, source="demo", key=line.key, order_no=line.order_no, fingerprint=line.key,
        reason=more.pop("reason", ""), fields=line.doubtful, line=line, **more,  # type: ignore[arg-type]
    )  # fmt: skip


def a_run(listing: Listing, *, more_added: int = 0) -> tuple[RunSummary, ObservedList, ChangeSet]:
    lines = listing.lines
    now = {line.order_no: line.values() for line in lines}

    def changed(n: int, **before: Scalar) -> Change:
        line = lines[n]
        return Change(
            kind=ChangeKind.CHANGED, source="demo", key=line.key, order_no=line.order_no,
            before={**now[line.order_no], **before}, after=now[line.order_no],
            readings={f: v.reading for f, v in line.fields.items()},
        )  # fmt: skip

    def whole(n: int, kind: ChangeKind) -> Change:
        values = order(n)
        no = str(values["order_no"])
        sides = {"before": values} if kind in (ChangeKind.GONE, ChangeKind.LEFT) else {"after": values}
        return Change(kind=kind, source="demo", key=no, order_no=no, **sides)  # type: ignore[arg-type]

    changes = ChangeSet(
        source="demo",
        changes=(
            changed(1, due_date=date(2026, 4, 28), status="已审核"),
            changed(3, amount=Decimal("1198.60"), quantity=30),
            changed(6, customer="苏州市科凯精密模具标准件有限公司（华东）"),
            *(whole(n, ChangeKind.ADDED) for n in range(20, 24)),
            *(whole(n, ChangeKind.ADDED) for n in range(1000, 1000 + more_added)),
            whole(40, ChangeKind.GONE),
            whole(41, ChangeKind.LEFT),
            whole(19, ChangeKind.BACK),
        ),
        reviews=(
            review(lines[2], ReviewKind.DOUBTFUL_ROW, before=order(2)),
            review(lines[5], ReviewKind.DOUBTFUL_ROW, before={**order(5), "customer": "Bortec & Monlux GmbH"}),
            review(lines[8], ReviewKind.DOUBTFUL_ROW, before=order(8)),
            review(
                lines[11],
                ReviewKind.DOUBTFUL_KEY,
                could_be=("SO-010032", "SO-O10032"),
                reason="两个已有订单与它形近",
            ),
        ),
        missing=(f"SO-010099{KEY_SEP}1", "SO-010100"),
        unchanged=12,
    )
    observed = ObservedList(
        source="demo", lines=lines, complete=True, declared_total=24,
        findings=(Finding(code="list_sum", params={"column": "金额", "shown": "38,112.46", "rows": 24, "sum": "38,112.44"}),),
    )  # fmt: skip
    started = datetime(2026, 5, 6, 1, 15, 2, tzinfo=UTC)
    summary = RunSummary(
        run_id="r7f3a2", source="demo", status=RunStatus.PARTIAL, complete=True, pages=1,
        rows=24, declared_total=24, added=4 + more_added, changed=3, gone=1, left=1, missing=2, doubtful=5,
        straight_through=19, pushed=8,
        guard_blocked=0, started_at=started, finished_at=started + timedelta(seconds=48),
        seconds={"sign_in": 3.2, "capture": 12.9, "read": 24.4, "parse": 0.1, "check": 0.1, "reconcile": 0.3,
                 "commit": 0.6, "push": 2.2, "report": 1.4},
        witnesses={"page_text": 180, "redraw": 31, "memory": 22, "blank": 4, "arithmetic": 3},
    )  # fmt: skip
    return summary, observed, changes
