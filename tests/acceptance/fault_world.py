"""A whole bridge with its sample ERP and its receiver, for tests that break one of them."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import psutil
import yaml

from bridge.interfaces import Progress
from bridge.records import RunSummary
from bridge.testing.receivers import Receiver
from bridge.wiring import App
from samples.erp.server import SampleErp

SOURCE = "demo"
USER, PASSWORD = "bridge", "Br1dge-2026"  # a throw-away account of the sample ERP
SIGNING = "whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldY"  # of a receiver on the loopback
SELECTORS = Path(__file__).parents[2] / "selectors"
SECRETS = {"BRIDGE_KEYRING": "off", "BRIDGE_SECRET_ERP": PASSWORD, "BRIDGE_SECRET_SIGNING": SIGNING}
ORDERS = 44  # three pages of 20

# What must not move unless a run commits.
KEPT = ("baseline", "orders", "order_events", "outbox", "review_items", "observations")
STATUS = {"待审核": "new", "已审核": "approved", "生产中": "in_production", "部分发货": "part_shipped"}
NAMES = {"qty": "quantity", "price": "unit_price"}  # the sample's word → the profile's
FIELDS = (
    "order_no", "customer", "sku", "product", "qty", "price", "amount", "order_date", "due_date", "status",
    "contract_no", "remark",
)  # fmt: skip


def start_erp(**given: Any) -> SampleErp:
    return SampleErp(**{"seed": 7, "count": ORDERS, "closed": 10, "page_size": 20, **given}).start()


def write_profile(path: Path, changes: Mapping[str, Any] | None = None, name: str = "sample-erp") -> Path:
    """A copy of a shipped profile with short waits.  changes: dotted path → value."""
    data = yaml.safe_load((SELECTORS / f"{name}.yaml").read_text(encoding="utf-8"))
    for dotted, value in {"browser.timeout_s": 8.0, **(changes or {})}.items():
        *way, last = dotted.split(".")
        at: Any = data
        for step in way:
            at = at.setdefault(step, {}) if isinstance(at, dict) else at[int(step)]
        at[last] = value
    path.write_text(yaml.safe_dump(data, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def write_config(folder: Path, url: str, hub: str, *, source: str = "", receiver: str = "", top: str = "") -> Path:
    """bridge.toml; source, receiver, top: further lines of these tables."""
    path = folder / "bridge.toml"
    path.write_text(
        f"""\
data_dir = "data"
{top}
[sources.{SOURCE}]
url = "{url}"
profile = "profile.yaml"
user = "{USER}"
password = "secret:erp"
{source}
[receivers.hub]
kind = "webhook"
url = "{hub}"
secret = "secret:signing"
{receiver}
""",
        encoding="utf-8",
    )
    return path


@dataclass(kw_only=True)
class World:
    folder: Path
    erp: SampleErp
    receiver: Receiver
    nets: dict[str, Any] = field(default_factory=dict)  # loaded readers to share; loading them takes seconds
    _app: App | None = field(default=None, repr=False)

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def database(self) -> Path:
        return self.data / "bridge.db"

    def configure(self, profile: Mapping[str, Any] | None = None, **lines: str) -> None:
        """Writes profile and bridge.toml anew."""
        write_profile(self.folder / "profile.yaml", profile)
        write_config(self.folder, self.erp.url, self.receiver.url, **lines)
        self.forget_app()

    def forget_app(self) -> None:
        """As if the next run were another process."""
        if self._app is not None and "store" in vars(self._app):
            self._app.store.close()
        self._app = None

    @property
    def app(self) -> App:
        if self._app is None:
            self._app = App.load(self.folder / "bridge.toml")
            vars(self._app).update(self.nets)
        return self._app

    def sync(self, progress: Progress | None = None, **how: Any) -> RunSummary:
        return self.app.sync(SOURCE, progress=progress, **how)

    # --- what must hold -----------------------------------------------------------------------------------

    def kept(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that only a commit may change."""
        with closing(sqlite3.connect(self.database)) as connection:
            return {t: sorted(connection.execute(f"SELECT * FROM {t}"), key=repr) for t in KEPT}

    @contextmanager
    def unmoved(self) -> Iterator[None]:
        """Inside, nothing may be committed, nothing may reach the receiver, and no browser may remain."""
        before, taken = self.kept(), len(self.receiver.requests)
        yield
        after = self.kept()
        assert {t: after[t] for t in KEPT if after[t] != before[t]} == {}
        assert len(self.receiver.requests) == taken
        assert browsers() == []

    def expected(self) -> dict[str, dict[str, Any]]:
        """The ERP's open orders as they must stand downstream."""
        return {row["fields"]["order_no"]: _expected(row["fields"]) for row in self.erp.truth("classic")["rows"]}

    def stored(self) -> dict[str, dict[str, Any]]:
        """The active central orders."""
        return {
            o["order_no"]: _plain({"order_no": o["order_no"], **{n: f["value"] for n, f in o["fields"].items()}})
            for o in self.app.export_orders(SOURCE)
            if o["life"] == "active"
        }

    def received(self) -> dict[str, dict[str, Any]]:
        """The orders as the receiver has them, without those it was told are gone."""
        return {key: _plain(f) for (source, key), f in self.receiver.ledger.present().items() if source == SOURCE}

    def assert_right(self) -> None:
        """Store and receiver have exactly what the ERP shows, told without a fault, and nothing waits."""
        wanted = self.expected()
        assert _differences(self.stored(), wanted) == []
        assert _differences(self.received(), wanted) == []
        assert self.receiver.faults == []
        assert self.app.store.pending().get("pending", 0) == 0
        assert self.erp.counters()["changing_total"] == 0
        assert browsers() == []

    def settle(self) -> RunSummary:
        """Good runs until nothing is missing any more (what vanished must be unseen twice)."""
        run = self.sync()
        if run.missing:
            assert run.error is None, run
            run = self.sync()
        assert (run.error, run.complete) == (None, True), run
        self.assert_right()
        return run

    def move_on(self) -> int:
        """New and changed orders in the ERP, none that vanish; returns how many changes that are."""
        numbers = [row["fields"]["order_no"] for row in self.erp.truth("classic")["rows"]]
        for number in numbers[::15]:
            self.erp.edit(number, qty="77")
        self.erp.add()
        return len(numbers[::15]) + 1

    def time_passes(self) -> None:
        """Waits and leases of the outbox are over: a message that failed, or was on its way, is due again."""
        past = "2000-01-01 00:00:00.000000"
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute("UPDATE outbox SET next_attempt_at = ? WHERE state = 'pending'", (past,))
            connection.execute("UPDATE outbox SET lease_until = ? WHERE state = 'leased'", (past,))

    def reopen_receiver(self) -> None:
        """Another one, with what its log says, at another address."""
        self.receiver = Receiver(log=self.folder / "receiver.jsonl", secret=SIGNING)
        self.configure()

    def close(self) -> None:
        self.forget_app()
        self.erp.stop()
        self.receiver.close()


def _expected(fields: Mapping[str, Any]) -> dict[str, Any]:
    named = {NAMES.get(n, n): fields[n] for n in FIELDS}
    named["status"] = STATUS[named["status"]]
    return _plain(named)


def _plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Comparable: numbers as Decimal, both kinds of empty as None."""
    numbers = ("quantity", "unit_price", "amount")
    return {
        n: (Decimal(str(v)) if n in numbers and v not in (None, "") else (str(v) if v not in (None, "") else None))
        for n, v in fields.items()
    }


def _differences(have: Mapping[str, dict[str, Any]], wanted: Mapping[str, dict[str, Any]]) -> list[str]:
    return [
        f"{key}: has {have.get(key)}, wanted {wanted.get(key)}"
        for key in sorted({*have, *wanted})
        if have.get(key) != wanted.get(key)
    ]


def browsers() -> list[str]:
    """Whatever runs with this test run's temporary folder, and folders of browsers there."""
    ours = tempfile.gettempdir()
    assert ours != "/tmp", "the tests need a temporary folder of their own"
    found = [p.name for p in Path(ours).glob("bridge-browser-*")]
    for process in psutil.process_iter():
        try:
            other = process.pid != os.getpid() and process.status() != psutil.STATUS_ZOMBIE
            if other and Path(process.environ().get("TMPDIR", "")).is_relative_to(ours):
                found.append(" ".join(process.cmdline())[:120])
        except (psutil.Error, OSError):
            continue  # another user's, or gone meanwhile
    return found


def copy_of(seed: World, folder: Path, **erp: Any) -> World:
    """Another world whose bridge has already synced ``seed``'s orders; its ERP shows the same."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(seed.data, folder / "data")
    shutil.copy(seed.folder / "receiver.jsonl", folder / "receiver.jsonl")
    world = World(
        folder=folder,
        erp=start_erp(**erp),
        receiver=Receiver(log=folder / "receiver.jsonl", secret=SIGNING),
        nets=seed.nets,
    )
    world.configure()
    return world
