"""What torture.py and soak.py share: a sample ERP, a receiver that forgives nothing, and a bridge between them
whose every run is a process of its own.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "acceptance")]

import fault_world  # noqa: E402

from bridge.testing.nursery import Child, Nursery, offspring  # noqa: E402
from bridge.testing.receivers import Receiver  # noqa: E402

SOURCE = fault_world.SOURCE
ORDERS = 6
# No captcha, no popups, no seat: what is killed here is the bridge, and each second of a run counts 300 times.
PLAIN_ERP = {"captcha": "off", "popup": "none", "seat": "off"}
PLAIN_PROFILE: dict[str, Any] = {
    "sign_in.steps": [
        {"fill": {"at": "#txtUser", "value": "{user}"}},
        {"fill": {"at": "#txtPwd", "value": "{password}"}},
        {"click": "#btnLogin"},
    ],
    "sign_in.captcha_wrong": [],
    "sign_in.after": [],
    "list.open": [
        {"click": {"css": "div.node", "text": "销售管理", "frame": "menuFrame"}},
        {"click": {"css": "div.node", "text": "订单查询", "frame": "menuFrame"}},
        {"click": {"css": "a", "text": "销售订单列表", "exact": True, "frame": "menuFrame"}},
    ],
}
# Few words, which come again and again: what was read once is remembered, and no run loads the net.
STATES = ("待审核", "已审核", "生产中", "部分发货")
DUE = ("2026-12-01", "2026-12-15", "2027-01-10")
NO_BREAKER = (
    "breaker = {max_gone_percent = 100, max_changed_percent = 100}"  # changes pile up while runs are killed
)
RUN_LIMIT_S = 240.0  # a run that takes longer than this hangs
GONE_LIMIT_S = 20.0  # a browser whose program was killed ends within this


def digest(fields: dict[str, Any]) -> bytes:
    """Equal for equal fields: 578.90 is 578.9."""
    plain = {k: v.normalize() if isinstance(v, Decimal) else v for k, v in fields.items()}
    return hashlib.blake2b(repr(sorted(plain.items())).encode(), digest_size=12).digest()


@dataclass(kw_only=True)
class Rig:
    """A world whose runs are processes.  history: digests of every state that each order ever had in the ERP (the
    states themselves, some megabytes in a soak, would be counted as the bridge's)."""

    world: Any
    nursery: Nursery
    rng: Random
    history: dict[str, set[bytes]] = field(default_factory=dict)
    _log_at: int = 0

    # --- the ERP ------------------------------------------------------------------------------------------

    def remember(self) -> None:
        """Notes what the ERP shows now."""
        for number, fields in self.world.expected().items():
            self.history.setdefault(number, set()).add(digest(fields))

    def change(self) -> int:
        """One to three changes, as people make them; returns how many."""
        erp, rng = self.world.erp, self.rng
        rows = {r["fields"]["order_no"]: r["fields"] for r in erp.truth("classic")["rows"]}
        chosen = rng.sample(sorted(rows), rng.choice((1, 2, 3)))
        for number in chosen:
            if rng.random() < 0.6:
                erp.edit(number, status=rng.choice([s for s in STATES if s != rows[number]["status"]]))
            else:
                erp.edit(number, due_date=rng.choice([d for d in DUE if d != rows[number]["due_date"]]))
        self.remember()
        return len(chosen)

    # --- runs ---------------------------------------------------------------------------------------------

    def start(self, *, broken: str | None = None) -> Child:
        """A sync; its events are those that ``events`` gives from now on."""
        self._log_at = self._log.stat().st_size if self._log.exists() else 0
        config = str(self.world.folder / "bridge.toml")
        return self.nursery.start(["--config", config, "sync", SOURCE, "--json"], broken=broken)

    def events(self) -> list[dict[str, Any]]:
        """Of the run that was started last; a line half written is left out."""
        if not self._log.exists():
            return []
        with self._log.open("rb") as f:
            f.seek(self._log_at)
            whole = f.read().rpartition(b"\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    def count(self, event: str) -> int:
        """How often the run that was started last has said ``event``."""
        if not self._log.exists():
            return 0
        with self._log.open("rb") as f:
            f.seek(self._log_at)
            return f.read().count(f'"event": "{event}"'.encode())

    def wait(self, child: Child, limit_s: float = RUN_LIMIT_S) -> dict[str, Any]:
        """Until it ended by itself; returns the summary that it printed.  Raises RuntimeError if it hangs."""
        end = time.monotonic() + limit_s
        while child.alive():
            if time.monotonic() > end:
                psutil.Process(child.pid).kill()
                raise RuntimeError(f"a run did not end within {limit_s:.0f} s: {self.events()[-3:]}")
            time.sleep(0.02)
        said = child.stdout.read_text(encoding="utf-8", errors="replace")
        try:
            summary: dict[str, Any] = json.loads(said[said.index("{") :])
        except ValueError:
            return {"error": f"no summary: {said[-500:]}"}
        return summary

    def sync(self, *, broken: str | None = None) -> dict[str, Any]:
        return self.wait(self.start(broken=broken))

    def leftover(self, child: Child) -> int:
        """How many of its processes are still there after GONE_LIMIT_S; they are killed then."""
        end = time.monotonic() + GONE_LIMIT_S
        while left := offspring(child):
            if time.monotonic() > end:
                for process in left:
                    process.kill()
                return len(left)
            time.sleep(0.05)
        return 0

    # --- what must hold -----------------------------------------------------------------------------------

    def told_wrong(self) -> list[str]:
        """What the receiver holds against the bridge, so far."""
        return [f"{f.code}: {f.words}" for f in self.world.receiver.faults]

    def never_true(self) -> list[str]:
        """Values in the store or at the receiver that the ERP never showed, and that carry no flag."""
        waiting = {r.item.order_no for r in self.world.app.open_reviews(SOURCE)}
        found = []
        for place, rows in (("store", self.world.stored()), ("receiver", self.world.received())):
            for number, fields in rows.items():
                if number not in waiting and digest(fields) not in self.history.get(number, set()):
                    found.append(f"{place}: {number} has {fields}")
        self.world.forget_app()
        return found

    def lost(self) -> list[str]:
        """After good runs: whatever the ERP shows and the store or the receiver does not, unless it is flagged;
        and messages that count as sent but never arrived."""
        world = self.world
        waiting = {r.item.order_no for r in world.app.open_reviews(SOURCE)}
        wanted = world.expected()
        found = []
        for place, rows in (("store", world.stored()), ("receiver", world.received())):
            for number in sorted({*rows, *wanted} - waiting):
                if rows.get(number) != wanted.get(number):
                    found.append(f"{place}: {number} has {rows.get(number)}, the ERP shows {wanted.get(number)}")
        world.forget_app()
        effects = set(world.receiver.ledger.effects)
        with closing(sqlite3.connect(world.database)) as connection:
            states = dict(connection.execute("SELECT message_id, state FROM outbox"))
            sound = connection.execute("PRAGMA integrity_check").fetchone()[0]
        found += [
            f"message {m} counts as sent and never arrived"
            for m, s in states.items()
            if s == "sent" and m not in effects
        ]
        found += [f"message {m} is {s}" for m, s in states.items() if s != "sent"]
        found += [f"message {m} arrived and is in no outbox" for m in effects - states.keys()]
        return found if sound == "ok" else [*found, f"the database says {sound}"]

    @property
    def _log(self) -> Path:
        return Path(self.world.data / "logs" / f"sync-{SOURCE}.jsonl")


@contextmanager
def rig(seed: int) -> Iterator[Rig]:
    """A synced world in a folder of its own, and a nursery; both are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="bridge-rig-") as temp:
        folder, scratch = Path(temp) / "world", Path(temp) / "tmp"
        folder.mkdir()
        scratch.mkdir()
        environ = {**os.environ, **fault_world.SECRETS, "TMPDIR": str(scratch), "PYTHONPATH": str(ROOT)}
        for name, value in fault_world.SECRETS.items():
            os.environ[name] = value
        erp = fault_world.start_erp(seed=seed, count=ORDERS, closed=4, **PLAIN_ERP)
        receiver = Receiver(log=folder / "receiver.jsonl", secret=fault_world.SIGNING)
        world = fault_world.World(folder=folder, erp=erp, receiver=receiver)
        world.configure(PLAIN_PROFILE, source=NO_BREAKER)
        try:
            with Nursery(scratch, environ) as nursery:
                made = Rig(world=world, nursery=nursery, rng=Random(seed))
                made.remember()
                first = made.sync()
                if first.get("error") or not first.get("complete"):
                    raise RuntimeError(f"the first sync failed: {first}")
                yield made
        finally:
            world.close()
