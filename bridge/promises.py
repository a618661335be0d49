"""What is done with contracts: taken in, decided, dated, held against the orders.  The use cases of one App."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bridge.contracts.kept import Stated, StoredContract
from bridge.errors import BridgeError, ConfigError, UsageError
from bridge.interfaces import Progress
from bridge.last_time import LastTime
from bridge.reading import contract_reader
from bridge.reports.words import say_field
from bridge.wiring import App, utc_now

if TYPE_CHECKING:
    from bridge.contracts.intake import Inbox, Intake, Taken
    from bridge.reports.on_time import OnTime
    from bridge.store.contract_follow import EventRules
    from bridge.store.shipping import Shipping

STATUS = "status="
INBOX_LOCK = "contracts.inbox"  # no source can have a name with a dot
LAST_REPORT = "on-time-reported"
EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)  # of a day that a person enters
TAKE_IN_S = 600.0  # one run of the inbox begins no further file after this


class Promises:
    def __init__(self, app: App) -> None:
        self._app = app
        self._given = app.settings.contracts

    # --- taking in ------------------------------------------------------------------------------------------

    @cached_property
    def intake(self) -> Intake:
        from bridge.contracts.intake import Intake

        return Intake(
            contract_reader(self._app.settings.ocr.threads),
            _Keeper(self),
            self._app.evidence,
            utc_now,
            self._app.settings.data_dir / "contracts-being-read.json",
        )

    def inbox(self) -> Inbox:
        """Raises ConfigError if none is named."""
        from bridge.contracts.intake import Inbox

        if self._given.inbox is None:
            raise ConfigError(
                "no inbox is named in bridge.toml", hint='Write inbox = "contracts" below [contracts].'
            )
        return Inbox(self._given.inbox, self.intake, settle_s=self._given.settle_seconds, clock=utc_now)

    def empty_inbox(self, progress: Progress | None = None) -> Iterator[Taken]:
        """Takes in what has settled.  Raises RunBusy if another program does so just now, ConfigError, and what
        ``Inbox.empty`` raises."""
        inbox = self.inbox()
        with self._app.only_run_of(INBOX_LOCK):
            yield from inbox.empty(limit_s=TAKE_IN_S, progress=progress)

    def take(self, path: Path, progress: Progress | None = None) -> Taken:
        """Keeps one file's contract; the file stays where it is."""
        return self.intake.take(path, progress)

    # --- what people say ------------------------------------------------------------------------------------

    @property
    def rules(self) -> EventRules:
        from bridge.store.contract_follow import EventRules

        events = self._given.events
        return EventRules(
            fields={e: where for e, where in events.items() if not where.startswith(STATUS)},
            statuses={e: where.removeprefix(STATUS) for e, where in events.items() if where.startswith(STATUS)},
            zone=self.zone,
            clock=utc_now,
        )

    def zone(self, source: str) -> ZoneInfo:
        """Whose days count for a source: its profile's."""
        try:
            return ZoneInfo(self._app.profile(source).browser.timezone)
        except BridgeError:  # the source was taken out of bridge.toml; its orders are still there
            return ZoneInfo(self._app.settings.run.timezone or "Asia/Shanghai")

    def refresh(self) -> int:
        """Holds all contracts against the orders anew; returns how many changed."""
        return self._app.store.refresh_contracts(self.rules)

    def contracts(self, *, waiting: bool = False) -> list[StoredContract]:
        return self._app.store.contracts(waiting=waiting)

    def confirm(self, number: int, *, by: str, version: int | None = None) -> StoredContract:
        """What was read is right.  Raises UsageError, AlreadyDecided."""
        return self._decide(number, None, by, version)

    def correct(self, number: int, day: date, *, by: str, version: int | None = None) -> StoredContract:
        """The promised day as a person read it.  Raises UsageError, AlreadyDecided."""
        _of_our_time(day)
        return self._decide(number, Stated(kind="absolute", day=day, days=(day,)), by, version)

    def no_promise(self, number: int, *, by: str, version: int | None = None) -> StoredContract:
        """The contract promises no day.  Raises UsageError, AlreadyDecided."""
        return self._decide(number, Stated(kind="none"), by, version)

    def _decide(self, number: int, stated: Stated | None, by: str, version: int | None) -> StoredContract:
        return self._app.store.decide_contract(
            number, stated=stated, version=version, by=by, now=utc_now(), rules=self.rules
        )

    def event(self, number: int, event: str, day: date, *, by: str, version: int | None = None) -> StoredContract:
        """The day of what a term counts from.  Raises UsageError, AlreadyDecided."""
        _of_our_time(day)
        return self._app.store.note_event(
            number, event, day, version=version, by=by, now=utc_now(), rules=self.rules
        )

    def link(
        self, number: int, order_no: str, *, by: str, linked: bool = True, version: int | None = None
    ) -> StoredContract:
        """Binds the contract to every row of this order number, or says that it is not bound.

        Raises UsageError for an order that there is not, or that is in several sources; AlreadyDecided."""
        rows = self._app.store.rows_of_order(order_no)
        if not rows:
            raise UsageError(f"there is no order {order_no!r}", hint="`bridge export orders` shows them all.")
        if len({source for source, _ in rows}) > 1:
            raise UsageError(f"several sources have an order {order_no!r}", hint="Decide on the review page.")
        found = self._app.store.contract(number)
        for source, key in rows:
            found = self.link_row(number, source, key, by=by, linked=linked, version=version)
            version = found.version if version is not None else None
        return found

    def link_row(
        self, number: int, source: str, key: str, *, by: str, linked: bool = True, version: int | None = None
    ) -> StoredContract:
        return self._app.store.link_contract(
            number, source, key, linked=linked, version=version, by=by, now=utc_now(), rules=self.rules
        )

    def replace(
        self, number: int, by_contract: int | None, *, by: str, version: int | None = None
    ) -> StoredContract:
        """Another contract holds in place of this one; None: this one holds.  Raises UsageError."""
        return self._app.store.replace_contract(
            number, by_contract, version=version, by=by, now=utc_now(), rules=self.rules
        )

    # --- the report -----------------------------------------------------------------------------------------

    def on_time(self) -> OnTime:
        """What was promised against what was shipped, as of now."""
        from bridge.reports.on_time import is_out, on_time

        now = utc_now()
        self.refresh()
        store = self._app.store
        found = store.contracts()
        keys = sorted({(n.source, n.key) for c in found if c.superseded_by is None for n in c.linked})
        shipped: list[Shipping] = []
        for source in sorted({s for s, _ in keys}):
            out = is_out(self._given.shipped, now.astimezone(self.zone(source)).date())
            shipped += store.shippings([k for k in keys if k[0] == source], out)
        counts = store.counts()
        return on_time(
            found,
            shipped,
            as_of=now,
            zone_of=self.zone,
            at_risk_days=self._given.at_risk_days,
            orders=sum(counts[f"orders_{life}"] for life in ("active", "gone", "left")),
        )

    def write_on_time(self) -> tuple[OnTime, Path]:
        """The report and its page.  Raises StoreError, StoreUnavailable."""
        from bridge.reports.on_time_files import OnTimeReport

        report = self.on_time()
        language = self._app.settings.reports.language
        writer = OnTimeReport(self._app.evidence, language=language, name_of=self._heading, zone=self.report_zone)
        page = writer.write(report, self._app.settings.reports_dir / "on-time")
        reported(self._app.settings.data_dir).note(report.as_of)
        return report, page

    @property
    def report_zone(self) -> ZoneInfo | None:
        """In which the nightly hour counts, and a report's day."""
        name = self._app.settings.run.timezone
        return ZoneInfo(name) if name else None

    def _heading(self, source: str, field: str) -> str:
        try:
            named = {c.field: c.name for c in self._app.profile(source).columns if c.field}
        except BridgeError:
            named = {}
        return named.get(field) or say_field(field, self._app.settings.reports.language)


def _of_our_time(day: date) -> None:
    if not EARLIEST <= day < LATEST:
        raise UsageError(f"{day} is a slip of the pen", hint=f"Days from {EARLIEST} to {LATEST} can be entered.")


def reported(data_dir: Path) -> LastTime:
    """Of which moment the last on-time report speaks."""
    return LastTime(data_dir / LAST_REPORT)


class _Keeper:
    """The store, with the rules by which what follows is worked out."""

    def __init__(self, promises: Promises) -> None:
        store = promises._app.store
        self.contract_of = store.contract_of
        self.keep_contract = partial(store.keep_contract, rules=promises.rules)
