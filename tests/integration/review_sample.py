"""Fifty questions of every sort about a list that a real browser drew, and the review page over them."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from playwright.sync_api import Browser

from bridge.evidence import FolderEvidence
from bridge.interfaces import Role
from bridge.reconcile import Breaker, reconcile
from bridge.records import Box, Doubt, FieldValue, ObservedList, OrderLine, Reading, Scalar, Witness
from bridge.review.web.access import hashed
from bridge.review.web.desk import Desk
from bridge.review.web.serve import bound, server
from bridge.wiring import App

SCALE = 2
FIELDS = ("order_no", "customer", "sku", "product", "quantity", "unit_price", "amount", "due_date", "status")
HEADINGS = ("订单编号", "客户名称", "存货编码", "产品名称", "数量", "单价", "金额", "交货日期", "状态")
TYPES = ("code", "text", "code", "text", "decimal", "money", "money", "date", "text")
CUSTOMERS = (
    "上海鑫盛机电有限公司",
    "宁波恒泰紧固件贸易有限公司",
    "Bortec & Monlux GmbH",
    "苏州市科凯精密模具标准件有限责任公司",
)
SKUS = ("B8O0-I1l5", "8E0Q-215-S5B8O", "03.17.0042", "OQD/M12l", "CP8B00417")
PRODUCTS = ("不锈钢内六角螺栓", "镀锌法兰弯头", "304双头球阀", "尼龙快插接头")
STATUSES = ("已审核", "生产中", "待发货")
PASSWORD = "correct horse battery"  # a throw-away account of the tests
NOW = datetime(2026, 5, 6, 1, 15, tzinfo=UTC)

CSS = """
body { margin: 12px; font: 12px "SimSun", "Noto Sans CJK SC", "WenQuanYi Zen Hei", sans-serif; background: #fff }
table { border-collapse: collapse; width: 1100px } th { background: #d6e4f2 }
td, th { border: 1px solid #9db4cc; padding: 3px 5px } tr:nth-child(odd) td { background: #f4f8fc }
"""

Order = dict[str, Scalar]


def order(n: int) -> Order:
    quantity, price = Decimal(10 + n * 7), Decimal(350 + n * 1217) / 100
    return {
        "order_no": f"SO-{10021 + n:06d}",
        "customer": CUSTOMERS[0 if 14 <= n < 24 else n % 4],
        "sku": SKUS[n % 5],
        "product": PRODUCTS[n % 4],
        "quantity": quantity,
        "unit_price": price,
        "amount": quantity * price,
        "due_date": date(2026, 5, 4) + timedelta(days=n % 40),
        "status": STATUSES[n % 3],
    }


def displayed(value: Scalar) -> str:
    return f"{value:,.2f}" if isinstance(value, Decimal) else "" if value is None else str(value)


def shown(browser: Browser, evidence: FolderEvidence, orders: list[Order]) -> list[OrderLine]:
    """A list of these orders as an old ERP shows it; every cell proven, with its place in a kept picture."""

    def row(cells: list[str], tag: str) -> str:
        inner = "".join(f"<{tag}>{c.replace('&', '&amp;').replace('<', '&lt;')}</{tag}>" for c in cells)
        return f"<tr>{inner}</tr>"

    rows = "".join(row([displayed(v)[:60] for v in o.values()], "td") for o in orders)
    page = browser.new_page(viewport={"width": 1130, "height": 900}, device_scale_factor=SCALE)
    page.set_content(f"<style>{CSS}</style><table>{row(list(HEADINGS), 'th')}{rows}</table>")
    shot = evidence.keep_png(page.screenshot(full_page=True))
    boxes = page.evaluate(
        "[...document.querySelectorAll('tr')].slice(1).map(r => [...r.children].map(c => {"
        "const b = c.getBoundingClientRect(); return [b.x, b.y, b.width, b.height]; }))"
    )
    page.close()
    lines = []
    for n, values in enumerate(orders):
        fields = {}
        for (name, value), (x, y, w, h) in zip(values.items(), boxes[n], strict=True):
            reading = Reading(
                text=displayed(value), proven=True, confidence=1.0, witnesses=(Witness.PAGE_TEXT, Witness.REDRAW),
                box=Box(x=x, y=y, w=w, h=h).scaled(SCALE), shot=shot, picture=f"{name}:{displayed(value)}", page=1, row=n,
            )  # fmt: skip
            fields[name] = FieldValue(field=name, value=value, reading=reading)
        no = str(values["order_no"])
        lines.append(OrderLine(source="demo", key=no, order_no=no, key_ok=True, fields=fields, page=1, row=n))
    return lines


def doubted(
    line: OrderLine, name: str, why: Doubt, *, text: str | None = None, others: tuple[str, ...] = ()
) -> OrderLine:
    """The line with one field in doubt; text: what was read instead."""
    value = line.fields[name]
    read = value.reading.text if text is None else text
    reading = replace(
        value.reading, text=read, proven=False, confidence=0.7, doubts=(why,), alternatives=others,
        witnesses=(Witness.NET,), picture=f"{value.reading.picture}!{read}",
    )  # fmt: skip
    typed = value.value if text is None else text
    made = replace(value, value=typed, reading=reading, doubts=(why,))
    fields = {**line.fields, name: made}
    if name != "order_no":
        return replace(line, fields=fields)
    return replace(line, fields=fields, key=read, order_no=read, key_ok=False)


def fifty(lines: list[OrderLine]) -> list[OrderLine]:
    """The first fifty rows in doubt: 14 codes, 10 customers of one picture, 8 amounts, 6 look-alikes, 6 dates, 4
    order numbers, 2 rows that are no orders."""
    out = list(lines)
    for n in range(14):
        text = displayed(lines[n].fields["sku"].value)
        out[n] = doubted(lines[n], "sku", Doubt.UNPROVEN, text=text.replace("0", "O", 1), others=(text,))
    for n in range(14, 24):
        out[n] = doubted(lines[n], "customer", Doubt.UNPROVEN, text="上海鑫盛机电有限公词")
    for n in range(24, 32):
        out[n] = doubted(lines[n], "amount", Doubt.ARITHMETIC)
    for n in range(32, 38):
        text = displayed(lines[n].fields["sku"].value)
        out[n] = doubted(lines[n], "sku", Doubt.LOOKALIKE, others=(text + "1", text + "l"))
    for n in range(38, 44):
        out[n] = doubted(lines[n], "due_date", Doubt.UNPROVEN)
    for n in range(44, 48):
        no = lines[n].order_no
        out[n] = doubted(lines[n], "order_no", Doubt.LOOKALIKE, text=no.replace("0", "O", 1), others=(no,))
    for n in range(48, 50):
        out[n] = doubted(lines[n], "order_no", Doubt.ILLEGAL, text=f"小计{n}")
    return out


@dataclass(kw_only=True)
class Desktop:
    """A bridge with a list, its questions, accounts, and a clock that the test sets."""

    folder: Path
    browser: Browser
    now: datetime = NOW
    lines: list[OrderLine] = field(default_factory=list)
    url: str = ""
    _runs: int = 0

    def __post_init__(self) -> None:
        columns = "".join(
            f"  - {{heading: {h}, field: {f}, type: {t}}}\n"
            for h, f, t in zip(HEADINGS, FIELDS, TYPES, strict=True)
        )
        (self.folder / "profile.yaml").write_text(
            f"name: demo\nlist: {{where: {{at: table}}}}\nunit: order\nkey: [order_no]\ncolumns:\n{columns}",
            encoding="utf-8",
        )
        (self.folder / "bridge.toml").write_text(
            'data_dir = "data"\n[run]\ntimezone = "Asia/Shanghai"\n[sources.demo]\nurl = "http://127.0.0.1:9/"\n'
            'profile = "profile.yaml"\n[receivers.hub]\nkind = "folder"\nfolder = "out"\n',
            encoding="utf-8",
        )
        self.app = App.load(self.folder / "bridge.toml")
        for name, role in (
            ("wang", Role.ADMINISTRATOR),
            ("li", Role.OPERATOR),
            ("zhao", Role.OPERATOR),
            ("chen", Role.VIEWER),
        ):
            self.add_user(name, role)

    def add_user(self, name: str, role: Role, customers: tuple[str, ...] = ()) -> None:
        self.app.store.add_user(name, role=role, password=_hashed(), customers=customers, by="test", now=self.now)

    def list_of(self, orders: list[Order]) -> list[OrderLine]:
        return shown(self.browser, self.app.evidence, orders)

    def sync(self, lines: list[OrderLine], breaker: Breaker | None = None) -> int:
        """The stages reconcile and commit of one run; returns how many new questions it filed."""
        self._runs += 1
        self.now += timedelta(minutes=15)
        store, run = self.app.store, f"run-{self._runs}"
        store.begin_run("demo", run, self.now)
        observed = ObservedList(source="demo", lines=tuple(lines), complete=True)
        changes = reconcile(store.baseline("demo"), observed, key_fields=("order_no",), breaker=breaker)
        return store.commit(run, observed, changes, receivers=("hub",), now=self.now).reviews_new

    def ask_fifty(self) -> None:
        """A first run that proves every row but the last two, and a second that doubts fifty."""
        before = self.list_of([order(n) for n in range(60)])
        self.sync(before[:48] + before[50:])
        self.lines = fifty(self.list_of([order(n) for n in range(60)]))
        assert self.sync(self.lines) == 50

    @contextmanager
    def open(self) -> Iterator[str]:
        """The site on a free port of the loopback; its address."""
        desk = Desk(app=self.app, clock=lambda: self.now + timedelta(hours=2))
        listening = bound("127.0.0.1", 0)
        port = listening.getsockname()[1]
        running = server(desk, "127.0.0.1")
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            for _ in range(100):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0 and running.started:
                        break
                thread.join(0.05)
            self.url = f"http://127.0.0.1:{port}"
            yield self.url
        finally:
            running.should_exit = True
            thread.join(10)

    def close(self) -> None:
        self.app.store.close()


_HASHES: dict[str, str] = {}


def _hashed() -> str:
    return _HASHES.setdefault(PASSWORD, hashed(PASSWORD))


def open_questions(desktop: Desktop) -> Mapping[int, str]:
    return {s.id: s.item.order_no or "" for s in desktop.app.store.reviews()}
