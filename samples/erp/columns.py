"""The columns of each list, and how a value is displayed in them."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from samples.erp.orders import Item, Order, multiplied


@dataclass(frozen=True, kw_only=True)
class Column:
    key: str  # a field of Order, or one of: check, number, line_no, tools, fault
    heading: str
    width: int  # CSS pixels
    align: str = "left"
    cuts: bool = False  # True: one line, cut with an ellipsis where the text is wider than the cell
    fixed_text: str = ""  # what every row says in a column that a fault has added


@dataclass(frozen=True, kw_only=True)
class Row:
    """One displayed row: an order, or one line of it."""

    order: Order
    number: int  # 序号, from 1 over the whole list
    line_no: int = 1

    def item(self) -> Item:
        o = self.order
        if self.line_no > 1:
            return o.extra[self.line_no - 2]
        return Item(sku=o.sku, product=o.product, spec=o.spec, unit=o.unit, qty=o.qty, price=o.price)

    @property
    def qty(self) -> Decimal:
        return self.item().qty

    @property
    def amount(self) -> Decimal:
        return self.order.amount if self.line_no == 1 else multiplied(self.item().qty, self.item().price)

    def typed(self, *, with_line: bool = False) -> dict[str, str | int | None]:
        values: dict[str, str | int | None] = dict(self.order.typed())
        if with_line:
            item = self.item()
            values |= {"line_no": self.line_no, "sku": item.sku, "product": item.product, "spec": item.spec}
            values |= {"unit": item.unit, "qty": format(item.qty, "f"), "price": format(item.price, "f")}
            values["amount"] = format(self.amount, "f")
        return values


CHECK = Column(key="check", heading="选择", width=28, align="center")
NUMBER = Column(key="number", heading="序号", width=30, align="center")
ORDER_NO = Column(key="order_no", heading="订单编号", width=122)
CUSTOMER = Column(key="customer", heading="客户名称", width=178)
SKU = Column(key="sku", heading="存货编码", width=106)
PRODUCT = Column(key="product", heading="产品名称", width=126)
SPEC = Column(key="spec", heading="规格型号", width=110)
UNIT = Column(key="unit", heading="单位", width=44, align="center")
QTY = Column(key="qty", heading="数量", width=74, align="right")
PRICE = Column(key="price", heading="单价", width=64, align="right")
AMOUNT = Column(key="amount", heading="金额", width=110, align="right")
ORDER_DATE = Column(key="order_date", heading="下单日期", width=74, align="center")
DUE_DATE = Column(key="due_date", heading="交货日期", width=74, align="center")
STATUS = Column(key="status", heading="状态", width=54, align="center")
CONTRACT = Column(key="contract_no", heading="合同号", width=102)
SALESMAN = Column(key="salesman", heading="业务员", width=60, align="center")
REMARK = Column(key="remark", heading="备注", width=96, cuts=True)
TOOLS = Column(key="tools", heading="操作", width=60, align="center")
LINE_NO = Column(key="line_no", heading="行号", width=34, align="center")

CLASSIC = (
    CHECK, NUMBER, ORDER_NO, CUSTOMER, SKU, PRODUCT, QTY, PRICE, AMOUNT, ORDER_DATE, DUE_DATE, STATUS, CONTRACT,
    REMARK, TOOLS,
)  # fmt: skip
LINES = (
    NUMBER, ORDER_NO, LINE_NO, CUSTOMER, SKU, PRODUCT, SPEC, UNIT, QTY, PRICE, AMOUNT, ORDER_DATE, DUE_DATE,
    STATUS,
)  # fmt: skip
BOX_FROZEN = 2  # the first columns of BOX do not scroll sideways
BOX = tuple(
    replace(column, width=width, cuts=column.key in ("customer", "product", "remark"))
    for column, width in (
        (replace(NUMBER, align="right"), 46), (ORDER_NO, 150), (CUSTOMER, 250), (SKU, 150), (PRODUCT, 160),
        (SPEC, 120), (UNIT, 50), (QTY, 80), (PRICE, 90), (AMOUNT, 110), (ORDER_DATE, 90), (DUE_DATE, 90),
        (STATUS, 80), (CONTRACT, 120), (SALESMAN, 80), (REMARK, 200),
    )
)  # fmt: skip
CANVAS = tuple(
    replace(column, width=width, cuts=column.key in ("customer", "product", "remark"))
    for column, width in (
        (NUMBER, 32), (ORDER_NO, 122), (CUSTOMER, 190), (SKU, 118), (PRODUCT, 112), (QTY, 76), (PRICE, 68),
        (AMOUNT, 108), (ORDER_DATE, 80), (DUE_DATE, 80), (STATUS, 58), (CONTRACT, 104), (REMARK, 80),
    )
)  # fmt: skip
COLUMNS = {"classic": CLASSIC, "closed": CLASSIC, "lines": LINES, "box": BOX, "canvas": CANVAS}


def text(column: Column, row: Row) -> str:
    """What the cell displays, whole, whether or not the cell cuts it."""
    key = column.key
    if key == "check":
        return ""
    if key == "tools":
        return "审核 删除"
    if key == "fault":
        return column.fixed_text
    if key == "number":
        return str(row.number)
    if key == "line_no":
        return str(row.line_no)
    if key == "amount":
        return f"{row.amount:,.2f}"
    source = row.item() if key in ("sku", "product", "spec", "unit", "qty", "price") else row.order
    value = getattr(source, key)
    if value is None:
        return ""
    if key == "price":
        return f"{value:,.2f}"
    if key == "qty":
        return quantity(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def quantity(value: Decimal) -> str:
    """Whole numbers without decimals, others with two."""
    return f"{value:,.0f}" if value == value.to_integral_value() else f"{value:,.2f}"


def looks_cut(column: Column, displayed: str) -> bool:
    """An estimate from typical character widths at 12 px; near the edge it can be wrong."""
    return column.cuts and sum(12 if ord(c) > 0x2000 else 7.4 for c in displayed) > column.width - 8
