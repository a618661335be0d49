"""All that the ERP remembers, in one place and behind one lock."""

import json
from collections import Counter
from pathlib import Path
from threading import RLock
from typing import Any

from samples.erp import listing
from samples.erp.accounts import Accounts
from samples.erp.book import Book, Change
from samples.erp.faults import Faults
from samples.erp.variants import Variants

# Kinds of requests that change orders. The rest that is counted does no harm.
CHANGING = ("delete", "batch_delete", "save", "audit", "new")


class World:
    """Raises ValueError if the state file is not one of ours."""

    def __init__(
        self, *, seed: int, count: int, closed: int, variants: Variants, state: Path | None = None
    ) -> None:
        self.lock = RLock()
        self.book = Book(seed=seed, open_count=count, closed_count=closed)
        self.accounts = Accounts(seed=seed)
        self.faults = Faults()
        self.counts: Counter[str] = Counter()  # "delete GET", "signin wrong_password" …
        self._state = state
        if state is not None and state.exists():
            self._restore(state)
        self.variants = variants
        self.apply(variants)

    def apply(self, variants: Variants) -> None:
        self.variants = variants
        self.book.scope, self.book.window_days = variants.scope, variants.window_days
        self.accounts.timeout = variants.session_seconds

    def count(self, kind: str, detail: str) -> None:
        self.counts[f"{kind} {detail}"] += 1

    def counters(self) -> dict[str, Any]:
        """`changing` and `harmless` requests by kind and method, `changing_total`, and `signin` by outcome."""
        groups: dict[str, dict[str, int]] = {"changing": {}, "harmless": {}, "signin": {}}
        for name, number in sorted(self.counts.items()):
            kind = name.split()[0]
            group = "signin" if kind == "signin" else "changing" if kind in CHANGING else "harmless"
            groups[group][name.removeprefix("signin ")] = number
        return {**groups, "changing_total": sum(groups["changing"].values())}

    def truth(self, kind: str = "classic", scope: str | None = None) -> dict[str, Any]:
        with self.lock:
            size = 50 if kind in ("canvas", "box") else self.variants.page_size
            return listing.truth(self.book, kind, scope=scope, size=size)

    def changed(self, change: Change) -> Change:
        """Passes a change on, after the state file knows of it."""
        self.save()
        return change

    def save(self) -> None:
        if self._state is None:
            return
        data = {"book": self.book.stored(), "failures": self.accounts.failures, "counts": dict(self.counts)}
        beside = self._state.with_suffix(".new")
        beside.write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        beside.replace(self._state)

    def _restore(self, state: Path) -> None:
        try:
            data = json.loads(state.read_text(encoding="utf-8"))
            self.book.restore(data["book"])
            self.accounts.failures = dict(data["failures"])
            self.counts = Counter(data["counts"])
        except (KeyError, TypeError, json.JSONDecodeError) as error:
            raise ValueError(f"{state} is no state file of the sample ERP: {error!r}") from error
