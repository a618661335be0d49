"""A sales order, and how a whole history of them is made up from a seed."""

from dataclasses import dataclass, fields
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from samples.erp import words

OPEN_STATUSES = ("待审核", "已审核", "生产中", "部分发货")
CLOSED_STATUSES = ("已发货", "已完成", "已关闭", "已取消")
STATUSES = OPEN_STATUSES + CLOSED_STATUSES
CENT = Decimal("0.01")


@dataclass(frozen=True, kw_only=True)
class Item:
    """A further line of an order; only the list of order lines shows it."""

    sku: str
    product: str
    spec: str
    unit: str
    qty: Decimal
    price: Decimal


@dataclass(frozen=True, kw_only=True)
class Order:
    """One order with its main item, which is what the order lists show."""

    id: int  # the ERP's own, never shown as text
    order_no: str
    customer: str
    sku: str
    product: str
    spec: str
    unit: str
    qty: Decimal
    price: Decimal  # 2 decimals
    amount: Decimal  # qty × price, unless a test has broken it on purpose
    order_date: date
    due_date: date | None
    status: str
    contract_no: str
    salesman: str
    remark: str
    extra: tuple[Item, ...] = ()

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_STATUSES

    def typed(self) -> dict[str, str | None]:
        """The fields as a program would want them: money and quantity as plain decimals, ISO dates."""
        return {f.name: plain(getattr(self, f.name)) for f in fields(self) if f.name not in ("id", "extra")}

    def stored(self) -> dict[str, Any]:
        """JSON for the state file."""
        extra = [{f.name: plain(getattr(item, f.name)) for f in fields(item)} for item in self.extra]
        return {"id": self.id, **self.typed(), "extra": extra}


def plain(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else str(value)


def read_order(data: dict[str, Any]) -> Order:
    """Back from `Order.stored()`."""
    values = {**data, "extra": tuple(read_item(item) for item in data["extra"])}
    return Order(**{name: typed_value(name, value) for name, value in values.items()})


def read_item(data: dict[str, Any]) -> Item:
    return Item(**{name: typed_value(name, value) for name, value in data.items()})


def typed_value(name: str, value: Any) -> Any:
    """What a test or a state file says of a field, as the field's own type. Raises ValueError."""
    if name in ("qty", "price", "amount"):
        try:
            number = Decimal(str(value))
        except ArithmeticError as error:
            raise ValueError(f"{name}: {value!r} is no number") from error
        return number if name == "qty" else number.quantize(CENT)
    if name in ("order_date", "due_date"):
        return date.fromisoformat(value) if isinstance(value, str) and value else (value or None)
    return value


def multiplied(qty: Decimal, price: Decimal) -> Decimal:
    return (qty * price).quantize(CENT)


class OrderMaker:
    """Makes orders from a seed: the same seed, the same orders, in the same sequence."""

    def __init__(self, seed: int) -> None:
        rng = Random(f"{seed}/catalogue")
        self._products = words.catalogue(rng, 260)
        self._customers = list(dict.fromkeys(words.customer(rng) for _ in range(900)))
        self._salesmen = [words.person(rng) for _ in range(9)]

    def make(self, rng: Random, number: int, day: date, status: str, taken: set[str]) -> Order:
        """Order `number` of `day`; its order number is none of `taken`."""
        product = rng.choice(self._products)
        qty, price = self._quantity(rng, product.price)
        serial = number
        while (order_no := words.order_number(rng, day, serial)) in taken:
            serial += 1
        due = None if rng.random() < 0.10 else day + timedelta(days=rng.randrange(5, 75))
        contract = f"HY{day:%Y}-{rng.choice('NSXW')}{rng.randrange(1, 2000):04d}" if rng.random() < 0.55 else ""
        return Order(
            id=number,
            order_no=order_no,
            customer=rng.choice(self._customers) if rng.random() < 0.85 else words.customer(rng),
            sku=product.sku,
            product=product.name,
            spec=product.spec,
            unit=product.unit,
            qty=qty,
            price=price,
            amount=multiplied(qty, price),
            order_date=day,
            due_date=due,
            status=status,
            contract_no=contract,
            salesman=rng.choice(self._salesmen),
            remark=words.remark(rng),
            extra=self._further_items(rng),
        )

    def _further_items(self, rng: Random) -> tuple[Item, ...]:
        items = []
        for _ in range(rng.choice((0, 0, 0, 1, 1, 2, 3))):
            thing = rng.choice(self._products)
            qty, price = self._quantity(rng, thing.price)
            item = Item(sku=thing.sku, product=thing.name, spec=thing.spec, unit=thing.unit, qty=qty, price=price)
            items.append(item)
        return tuple(items)

    @staticmethod
    def _quantity(rng: Random, list_price: Decimal) -> tuple[Decimal, Decimal]:
        """A quantity and a price whose product is exact at two decimals."""
        price = max((list_price * rng.choice((100, 100, 98, 95, 90)) / 100).quantize(CENT), CENT)
        if rng.random() < 0.05:  # sold by weight: one decimal each
            return Decimal(rng.randrange(5, 9000)) / 10, price.quantize(Decimal("0.1")) + Decimal("0.10")
        most = 20_000 if price < 10 else 900 if price < 1000 else 40
        return Decimal(rng.choice((rng.randrange(1, most), rng.randrange(1, 30), 100, 10))), price


def history(seed: int, today: date, open_count: int, closed_count: int) -> list[Order]:
    """`open_count` open orders, mostly recent, and `closed_count` others, mostly older, oldest first."""
    maker, rng = OrderMaker(seed), Random(f"{seed}/history")
    plan: list[tuple[date, str]] = []
    for _ in range(open_count):
        age = int(rng.triangular(0, 150, 12))
        status = rng.choices(OPEN_STATUSES, (20, 30, 35, 15))[0]
        plan.append((today - timedelta(days=age), status))
    for _ in range(closed_count):
        age = int(rng.triangular(3, 260, 90))
        status = rng.choices(CLOSED_STATUSES, (35, 45, 12, 8))[0]
        plan.append((today - timedelta(days=age), status))
    plan.sort(key=lambda entry: entry[0])
    taken: set[str] = set()
    orders = []
    for number, (day, status) in enumerate(plan, start=1):
        order = maker.make(rng, number, day, status, taken)
        taken.add(order.order_no)
        orders.append(order)
    return orders
