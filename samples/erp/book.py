"""The order book: which orders there are, what changes them, and exactly what a change did."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from samples.erp.orders import (
    CLOSED_STATUSES,
    OPEN_STATUSES,
    Order,
    OrderMaker,
    history,
    multiplied,
    plain,
    read_item,
    read_order,
    typed_value,
)

FIRST_DAY = date(2026, 3, 16)
Change = dict[str, Any]  # clock, added, changed, removed, left: see `Book.advance`


class Book:
    """All orders, the ERP's own clock, and the scope of the order lists. Not safe for threads by itself."""

    def __init__(self, *, seed: int, open_count: int, closed_count: int) -> None:
        self.seed = seed
        self.clock = FIRST_DAY
        self.moves = 0  # how often `advance` was called: each move has its own random numbers
        self._maker = OrderMaker(seed)
        self._orders = {o.id: o for o in history(seed, FIRST_DAY, open_count, closed_count)}
        self._next_id = len(self._orders) + 1
        self.scope = "open"
        self.window_days = 90

    # ---- what there is ------------------------------------------------------------------------------------

    def in_scope(self, scope: str | None = None) -> list[Order]:
        """The orders of a scope (`all`, `open`, `closed`, `window`), newest first, as the lists show them."""
        belongs = self._rule(scope or self.scope)
        return self._newest_first(o for o in self._orders.values() if belongs(o))

    def search(self, field: str, text: str) -> list[Order]:
        """Every order of the whole book whose field contains `text`, whatever became of it."""
        wanted = text.strip().lower()
        if not wanted:
            return self.in_scope()
        found = (o for o in self._orders.values() if wanted in str(getattr(o, field)).lower())
        return self._newest_first(found)

    def by_id(self, order_id: int) -> Order | None:
        return self._orders.get(order_id)

    def by_number(self, order_no: str) -> Order:
        """Raises KeyError."""
        for order in self._orders.values():
            if order.order_no == order_no:
                return order
        raise KeyError(f"no order {order_no!r} in the sample ERP")

    def _rule(self, scope: str) -> Callable[[Order], bool]:
        oldest = self.clock - timedelta(days=self.window_days)
        rules: dict[str, Callable[[Order], bool]] = {
            "all": lambda o: True,
            "open": lambda o: o.is_open,
            "closed": lambda o: not o.is_open,
            "window": lambda o: o.order_date > oldest,
        }
        return rules[scope]

    @staticmethod
    def _newest_first(orders: Iterable[Order]) -> list[Order]:
        return sorted(orders, key=lambda o: (o.order_date, o.id), reverse=True)

    # ---- what changes it ----------------------------------------------------------------------------------

    def advance(self, n: int = 20, days: int = 1) -> Change:
        """About `n` changes and `days` days; says exactly what they did to the lists' scope.

        Returns clock, added [typed fields], changed [{order_no, fields: {name: [old, new]}}],
        removed [order_no of deleted orders], left [{order_no, why, status}] for orders that are no longer
        in the scope but still in the book. The same seed and calls give the same answer.
        """
        return self._measured(lambda: self._move(n, days))

    def edit(self, order_no: str, /, **changes: Any) -> Change:
        """Sets fields of one order. A new quantity or price also sets the amount, unless it is given."""
        order = self.by_number(order_no)
        values = {name: typed_value(name, value) for name, value in changes.items()}
        if ("qty" in values or "price" in values) and "amount" not in values:
            values["amount"] = multiplied(values.get("qty", order.qty), values.get("price", order.price))
        if "extra" in values:
            values["extra"] = tuple(read_item(item) for item in values["extra"])
        return self._measured(lambda: self._put(replace(order, **values)))

    def edit_ids(self, ids: Iterable[int], **changes: Any) -> int:
        """What the pages' own 保存 and 审核 do; returns how many orders were changed."""
        known = [self._orders[i] for i in ids if i in self._orders]
        for order in known:
            self._put(replace(order, **changes))
        return len(known)

    def delete(self, order_no: str) -> Change:
        order = self.by_number(order_no)
        return self._measured(lambda: self.delete_ids([order.id]))

    def delete_ids(self, ids: Iterable[int]) -> int:
        return sum(self._orders.pop(i, None) is not None for i in list(ids))

    def add(self, **given: Any) -> Change:
        """A new order of today; fields that are not given are made up. A known number may be used again."""
        return self._measured(lambda: self._add(given))

    def add_order(self) -> Order:
        return self._add({})

    def _add(self, given: dict[str, Any]) -> Order:
        rng = Random(f"{self.seed}/add/{self._next_id}")
        order = self._make(rng, OPEN_STATUSES[0])
        values = {name: typed_value(name, value) for name, value in given.items()}
        if "extra" in values:
            values["extra"] = tuple(read_item(item) for item in values["extra"])
        order = replace(order, **values)
        if "amount" not in values:
            order = replace(order, amount=multiplied(order.qty, order.price))
        self._put(order)
        return order

    def _make(self, rng: Random, status: str) -> Order:
        taken = {o.order_no for o in self._orders.values()}
        order = self._maker.make(rng, self._next_id, self.clock, status, taken)
        self._next_id += 1
        return order

    def _put(self, order: Order) -> None:
        self._orders[order.id] = order

    def _move(self, n: int, days: int) -> None:
        self.moves += 1
        rng = Random(f"{self.seed}/move/{self.moves}")
        self.clock += timedelta(days=days)
        shares = {"add": 20, "status": 28, "due": 15, "qty": 15, "price": 5, "close": 15}
        plan = [kind for kind, share in shares.items() for _ in range(max(1, n * share // 100))]
        plan = ["remove", *plan][:n] if n < len(plan) + 1 else ["remove", *plan]
        targets = iter(rng.sample(self.in_scope("open"), min(len(plan), len(self.in_scope("open")))))
        for kind in plan:
            if kind == "add":
                self._put(self._make(rng, rng.choice(OPEN_STATUSES[:2])))
            elif (order := next(targets, None)) is not None:
                self._change(rng, kind, order)

    def _change(self, rng: Random, kind: str, order: Order) -> None:
        if kind == "remove":
            del self._orders[order.id]
            return
        if kind == "status":
            status = rng.choice([s for s in OPEN_STATUSES if s != order.status])
            order = replace(order, status=status)
        elif kind == "close":
            order = replace(order, status=rng.choice(CLOSED_STATUSES))
        elif kind == "due":
            moved = rng.choice((-3, 1, 2, 5, 7, 10, 30))
            order = replace(order, due_date=(order.due_date or self.clock) + timedelta(days=moved))
        elif kind == "qty":
            order = replace(order, qty=order.qty + rng.choice((1, 2, 5, 10, 50, 100)))
        else:
            order = replace(order, price=order.price + Decimal(rng.randrange(1, 20)) / 10)
        if kind in ("qty", "price"):
            order = replace(order, amount=multiplied(order.qty, order.price))
        self._put(order)

    def _measured(self, change: Callable[[], object]) -> Change:
        """Compares the lists' scope before and after, so that the answer cannot differ from what happened."""
        before = {o.id: o for o in self.in_scope()}
        change()
        after = {o.id: o for o in self.in_scope()}
        changed = []
        for order_id in before.keys() & after.keys():
            old, new = before[order_id].typed(), after[order_id].typed()
            fields = {name: [old[name], new[name]] for name in old if old[name] != new[name]}
            if fields:
                changed.append({"order_no": old["order_no"], "fields": fields})
        left = [self._departure(self._orders[i]) for i in before.keys() - after.keys() if i in self._orders]
        return {
            "clock": self.clock.isoformat(),
            "added": [after[i].typed() for i in sorted(after.keys() - before.keys())],
            "changed": sorted(changed, key=lambda c: str(c["order_no"])),
            "removed": sorted(before[i].order_no for i in before.keys() - self._orders.keys()),
            "left": sorted(left, key=lambda d: str(d["order_no"])),
        }

    def _departure(self, order: Order) -> dict[str, str | None]:
        why = "closed" if self.scope == "open" else "aged"
        return {"order_no": order.order_no, "why": why, "status": order.status, "date": plain(order.order_date)}

    # ---- over a restart -----------------------------------------------------------------------------------

    def stored(self) -> dict[str, Any]:
        return {
            "seed": self.seed,
            "clock": self.clock.isoformat(),
            "moves": self.moves,
            "next_id": self._next_id,
            "orders": [order.stored() for order in self._orders.values()],
        }

    def restore(self, data: dict[str, Any]) -> None:
        self.seed = data["seed"]
        self._maker = OrderMaker(self.seed)
        self.clock = date.fromisoformat(data["clock"])
        self.moves, self._next_id = data["moves"], data["next_id"]
        self._orders = {order.id: order for order in map(read_order, data["orders"])}
