"""Settings → concrete parts; the only chooser.  Each public method is one use case for the command line."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from filelock import FileLock, Timeout

from bridge import comparing
from bridge.central import CentralSide, Owner
from bridge.errors import RunBusy, StoreUnavailable
from bridge.evidence import FolderEvidence
from bridge.forgetful import Forgetful, NoMemory
from bridge.handover import person_at_hand
from bridge.interfaces import PageReader, Progress, PushResult, Redrawer, StoredReview
from bridge.memories import CellMemory, GlyphPicture
from bridge.parse.checks import check as check_lines
from bridge.parse.orders import parse_grids
from bridge.plain_rows import plain_row
from bridge.profile_files import load_profile
from bridge.profiles import Profile
from bridge.reading import LazyReader, paddle
from bridge.records import ObservedList, RunSummary
from bridge.secrets import Secret, Secrets, os_keyring, url_with_password
from bridge.settings import SecretRef, Settings, Source, load_settings

if TYPE_CHECKING:
    from bridge.erp.kept_session import KeptSession
    from bridge.erp.refusals import Refusals
    from bridge.erp.session import ErpDriver
    from bridge.notify import Alarms, Channels
    from bridge.outbox.relay import OutboxRelay
    from bridge.review.decisions import Decide
    from bridge.store import SqlStore

FAST_NET = "tiny"
"""The smaller net, which proposes first and is the second witness where no browser draws."""


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckResult:
    """What ``bridge check`` shows.  rows: {heading: plain value, or value, text and status where doubtful}."""

    annotated: Path
    headings: list[str]
    rows: list[dict[str, Any]]
    messages: list[str]


class App:
    """Everything wired together for one bridge.toml."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        if settings.ocr.weights is not None:
            os.environ["BRIDGE_WEIGHTS"] = str(settings.ocr.weights)

    @classmethod
    def load(cls, config: Path) -> App:
        """Raises ConfigError with every fault of the file."""
        return cls(load_settings(config))

    # --- parts --------------------------------------------------------------------------------------------------

    @cached_property
    def secrets(self) -> Secrets:
        return Secrets(self.settings.data_dir, keyring=os_keyring())

    @cached_property
    def store(self) -> SqlStore:
        from bridge.store import SqlStore

        _made(self.settings.data_dir)
        url = self.settings.database_url
        if (password := self.settings.store.password) is not None:
            url = url_with_password(url, self.secrets.get(password.name))
        store = SqlStore(url, utc_now)
        store.upgrade()
        return store

    @cached_property
    def evidence(self) -> FolderEvidence:
        return FolderEvidence(self.settings.evidence_dir)

    def profile(self, source: str) -> Profile:
        return load_profile(self.settings.source(source).profile)

    def profile_in_use(self, source: str) -> Profile:
        """The profile with what people said of the source's words."""
        from bridge.mappings import with_words

        return with_words(self.profile(source), self.store.mappings(source))

    def relay(self) -> OutboxRelay:
        from bridge.outbox.relay import OutboxRelay
        from bridge.outbox.transports import build_transport

        transports = {
            name: build_transport(name, r.kind, r.options, self.secrets.get)
            for name, r in self.settings.receivers.items()
        }
        return OutboxRelay(store=self.store, transports=transports, clock=utc_now)

    def driver(self, source: str, *, pixels_only: bool = False, guard_off: bool = False) -> ErpDriver:
        from bridge.erp.browser import BrowserOptions
        from bridge.erp.session import ErpDriver

        given, profile = self.settings.source(source), self.profile(source)
        return ErpDriver(
            source=source,
            profile=profile,
            url=given.url,
            credentials=self._credentials(given),
            evidence=self.evidence,
            clock=utc_now,
            reader=self.net,
            person=person_at_hand(self.settings, source, lambda: self.store, self.notifier, utc_now),
            refusals=self._refusals(source),
            kept=self._kept_session(source, profile, given),
            options=BrowserOptions(
                executable=self.settings.browser.path,
                headless=self.settings.browser.headless,
                ca_file=given.ca_file,
            ),
            page_help=not pixels_only and not given.pixels_only and given.page_help is not False,
            guard_off=guard_off,
        )

    def _refusals(self, source: str) -> Refusals:
        from bridge.erp.refusals import Refusals

        return Refusals(self.settings.data_dir / "refused" / f"{source}.json")

    def _kept_session(self, source: str, profile: Profile, given: Source) -> KeptSession | None:
        from bridge.erp.kept_session import KeptSession

        if profile.sign_in is None or profile.sign_in.after_run != "keep":
            return None
        file = self.settings.data_dir / "sessions" / f"{source}.json"
        return KeptSession(file, url=given.url, user=self._credentials(given).user)

    def _credentials(self, given: Source) -> Any:
        from bridge.erp.steps import Credentials

        def value(ref: SecretRef | str | None) -> str:
            if ref is None or isinstance(ref, str):
                return ref or ""
            return self.secrets.get(ref.name).reveal()

        return Credentials(user=value(given.user), password=value(given.password), totp_secret=value(given.totp))

    @cached_property
    def net(self) -> LazyReader:
        return LazyReader(lambda: paddle(self.settings.ocr.model, self.settings.ocr.threads))

    @cached_property
    def fast_net(self) -> LazyReader:
        return LazyReader(lambda: paddle(FAST_NET, self.settings.ocr.threads))

    def reader(self, source: str, profile: Profile, memory: CellMemory, redrawer: Redrawer | None) -> PageReader:
        from bridge.ocr.reader import ScreenReader

        return ScreenReader(
            profile,
            source,
            self.net,
            memory,
            redrawer,
            fast=self.fast_net,
            glyphs=memory,
            reads=memory,
            nets=f"{self.settings.ocr.model}, {FAST_NET}",
        )

    # --- use cases ----------------------------------------------------------------------------------------------

    def sync(
        self,
        source: str,
        *,
        dry_run: bool = False,
        pixels_only: bool = False,
        progress: Progress | None = None,
        deadline: datetime | None = None,
        guard_off: bool = False,
    ) -> RunSummary:
        """One run.  Raises RunBusy if another run of this source is under way, ConfigError and its subclasses
        before a browser opens; what goes wrong later is in the summary."""
        from bridge.reconcile import Breaker
        from bridge.reports.mismatch import MismatchReporter
        from bridge.sync import SyncParts, sync

        profile = self.profile_in_use(source)
        driver = self.driver(source, pixels_only=pixels_only, guard_off=guard_off)
        relay = self.relay()
        memory: CellMemory = Forgetful(self.store) if dry_run else self.store
        limit = deadline or utc_now() + timedelta(seconds=self.settings.deadline_s(source))
        parts = SyncParts(
            source=source,
            profile=profile,
            driver=driver,
            reader=lambda redrawer: self.reader(source, profile, memory, redrawer),
            store=self.store,
            relay=relay,
            reporter=MismatchReporter(
                self.settings.reports_dir,
                self.evidence,
                zone=ZoneInfo(profile.browser.timezone),
                language=self.settings.reports.language,
                labels={c.field: c.name for c in profile.columns if c.field},
            ),
            receivers=tuple(self.settings.receivers),
            breaker=Breaker(**self.settings.source(source).breaker.model_dump()),
            owners=comparing.owners(self.settings, source, profile),
            tolerances=comparing.tolerances(self.settings, source, profile),
            platform=comparing.platform_of(self.settings, source, profile),
            platforms=comparing.platforms(self.settings),
            clock=utc_now,
            new_id=lambda: uuid.uuid4().hex[:12],
        )
        with self.only_run_of(source):
            if profile.sign_in is not None and profile.sign_in.always_asks_captcha:
                self.net.begin()  # while the browser starts
            try:
                return sync(parts, dry_run=dry_run, progress=progress, deadline=limit)
            finally:
                self.evidence.let_go()

    def check(self, source: str, *, pixels_only: bool = False, progress: Progress | None = None) -> CheckResult:
        """Signs in, opens the list, reads its first page and draws what was found over it; keeps nothing else.

        A person asks for it, so credentials that were refused before are tried once more.
        """
        from bridge.reports.annotate import annotate

        profile = self.profile_in_use(source)
        self._refusals(source).forget()
        with self.only_run_of(source), self.driver(source, pixels_only=pixels_only).open() as session:
            session.sign_in()
            session.open_list()
            capture = session.capture(progress, max_pages=1)
            reader = self.reader(source, profile, Forgetful(self.store), session.redrawer)
            shot = capture.shots[0]
            grid = reader.read(shot, progress)
            session.sign_out()
            blocked = session.guard_blocked
        observed = self._observed(source, profile, [grid])
        folder = _made(self.settings.data_dir / "checks")
        annotated = folder / f"{source}-{utc_now():%Y%m%d-%H%M%S}.png"
        annotated.write_bytes(
            annotate(shot.image, grid, scale=shot.scale, language=self.settings.reports.language)
        )
        doubtful = sum(not line.ok for line in observed.lines)
        messages = [f"{len(observed.lines)} rows on the first page, {doubtful} of them doubtful"]
        if observed.declared_total is not None:
            messages.append(f"the page says that the list has {observed.declared_total}")
        if blocked:
            messages.append(f"the read-only guard stopped {blocked} requests or clicks")
        if profile.sign_in is not None and profile.sign_in.throws_out:
            messages.append(
                "this ERP may throw out whoever is signed in with the same account: "
                "give the bridge one of its own, that nobody else uses"
            )
        return CheckResult(
            annotated=annotated,
            headings=[c.name for c in profile.columns if c.field],
            rows=[plain_row(profile, line) for line in observed.lines],
            messages=messages,
        )

    @staticmethod
    def read_image(image: Path, profile_file: Path, scale: float | None = None) -> dict[str, Any]:
        """Reads a list from a picture file; no browser, nothing is kept.  scale: device pixels per css pixel; not
        given: the profile's for pixels alone.

        Raises UnreadableImage for a file that is no picture of a list, LayoutChanged if its headings are not the
        profile's, ProfileError, WeightsMissing.
        """
        profile = load_profile(profile_file)
        nets = LazyReader(lambda: paddle("small")), LazyReader(lambda: paddle("tiny"))
        return _read_image(image, scale, profile, profile.name, NoMemory(), *nets)

    def read_image_of(self, image: Path, source: str, scale: float | None = None) -> dict[str, Any]:
        """Reads a picture file as one of the source's lists: what is known of its pictures and glyphs is used, and
        what is proven is kept.  Raises as ``read_image``, and RunBusy."""
        profile = self.profile_in_use(source)
        with self.only_run_of(source):
            return _read_image(image, scale, profile, source, self.store, self.net, self.fast_net)

    def all_glyphs(self, source: str | None = None) -> list[tuple[str, str, GlyphPicture]]:
        """(source, face, glyph) of one source or of all."""
        names = [source] if source is not None else list(self.settings.sources)
        for name in names:
            self.settings.source(name)
        return [(name, face, g) for name in names for face, g in self.store.all_glyphs(name)]

    def forget_glyph(self, source: str, picture: str) -> None:
        """Raises UsageError if no glyph, or more than one, has an id that begins so."""
        self.settings.source(source)
        self.store.forget_glyph(source, picture)

    @staticmethod
    def _observed(source: str, profile: Profile, grids: list[Any]) -> ObservedList:
        lines = parse_grids(source, profile, grids)
        return check_lines(source=source, profile=profile, capture_complete=False, grids=grids, lines=lines)

    def push(self, receiver: str | None = None) -> PushResult:
        return self.relay().push(receiver=receiver)

    def export_orders(self, source: str | None = None) -> list[dict[str, Any]]:
        """Every order with all its fields; ``type`` is the column's type in the profile of its source."""
        if source is not None:
            self.settings.source(source)
        orders = self.store.export_orders(source)
        types: dict[str, dict[str, str]] = {}
        for order in orders:
            name = order["source"]
            if name not in types:
                known = name in self.settings.sources
                columns = self.profile(name).columns if known else []
                types[name] = {c.field: c.type.value for c in columns if c.field}
            for field, value in order["fields"].items():
                value["type"] = types[name].get(field, "text")
        return orders

    def status(self) -> dict[str, Any]:
        """Sources and receivers as ``bridge status`` shows them; ages count from the last complete sync."""
        now = utc_now()
        sources = {}
        for name in self.settings.sources:
            figures, counts = self.store.figures(name), self.store.counts(name)
            complete, last = figures.last_complete, figures.last_run
            sources[name] = {
                "last_run_at": last.finished_at or last.started_at if last else None,
                "status": last.status.value if last else "never run",
                "age_minutes": (now - complete).total_seconds() / 60 if complete else None,
                "orders": counts["orders_active"],
                "waiting": counts["reviews_open"],
                "straight_through": figures.straight_through,
                "completeness": figures.completeness,
                "captcha_solved": figures.captcha_solved,
                "stage_seconds": dict(figures.seconds),
                "error": last.error if last else None,
            }
        receivers = {}
        for name in self.settings.receivers:
            oldest = self.store.oldest_unsent(name)
            age = (now - oldest).total_seconds() / 60 if oldest else None
            receivers[name] = {**self.store.pending(name), "oldest_minutes": age}
        return {"sources": sources, "receivers": receivers}

    def notifier(self) -> Channels:
        """Everybody who is to be told; also for digests.  Raises ConfigError, SecretMissing."""
        from bridge.notify import Channels

        return Channels({ref.name: self.secrets.get(ref.name) for ref in self.settings.notify.to})

    def alarms(self) -> Alarms:
        from bridge.notify import Alarms

        return Alarms(
            self.notifier(),
            self.settings.data_dir / "alarms.json",
            clock=utc_now,
            repeat=timedelta(hours=self.settings.notify.repeat_hours),
            language=self.settings.reports.language,
        )

    def heartbeat(self, source: str) -> Secret | None:
        """The address to fetch after a good run of this source."""
        given = self.settings.sources[source].heartbeat if source in self.settings.sources else None
        if given is None:
            return None
        return Secret(given) if isinstance(given, str) else self.secrets.get(given.name)

    def name_of(self, source: str, field: str) -> str:
        """What people call a field: its heading in the source's ERP, else our own word."""
        from bridge.reports.words import say_field

        known = source in self.settings.sources
        headings = {c.field: c.name for c in self.profile(source).columns} if known else {}
        return headings.get(field) or say_field(field, self.settings.reports.language)

    def open_reviews(self, source: str | None = None) -> list[StoredReview]:
        return self.decisions.open(source)

    @cached_property
    def decisions(self) -> Decide:
        from bridge.review.decisions import Decide

        return Decide(
            self.store,
            profile_of=self.profile_in_use,
            receivers_of=lambda _source: tuple(self.settings.receivers),
            clock=utc_now,
            store_owned_of=self.store_owned,
        )

    def store_owned(self, source: str) -> tuple[str, ...]:
        """The fields of a source in which the store's value stays, whatever the ERP shows."""
        side = CentralSide(owners=self.settings.source(source).owner)
        fields = [c.field for c in self.profile(source).columns if c.field]
        return tuple(n for n in fields if side.owner(n) is Owner.STORE)

    def decide(self, item: int, action: str, *, values: dict[str, str], by: str, note: str = "") -> int:
        """Settles one question; returns how many messages follow from it."""
        if action == "type":
            return self.decisions.type_values(item, values, by=by, note=note).messages
        return int(getattr(self.decisions, action)(item, by=by, note=note).messages)

    @contextmanager
    def only_run_of(self, source: str) -> Iterator[None]:
        """One run per source at a time, also between processes; a killed run's lock ends with it."""
        lock = FileLock(_made(self.settings.data_dir / "locks") / f"{source}.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise RunBusy(
                f"another run of {source} is under way", hint="Wait for it, or look at `bridge status`."
            ) from None
        except OSError as e:
            raise _unusable(Path(lock.lock_file), e) from e
        try:
            yield
        finally:
            lock.release()


def _made(folder: Path) -> Path:
    """The folder, which is there now.  Raises StoreUnavailable."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as e:
        raise _unusable(folder, e) from e
    return folder


def _unusable(path: Path, error: OSError) -> StoreUnavailable:
    return StoreUnavailable(
        f"{path} cannot be used: {error.strerror or error}",
        hint="Check that the disk is there and has room, and that the user that runs the bridge may write.",
        path=str(path),
    )


def _read_image(
    image: Path,
    scale: float | None,
    profile: Profile,
    source: str,
    memory: CellMemory,
    net: LazyReader,
    fast: LazyReader,
) -> dict[str, Any]:
    from bridge.ocr.files import shot_of
    from bridge.ocr.reader import ScreenReader

    shot = shot_of(image, scale or profile.scale(page_help=False))
    grid = ScreenReader(profile, source, net, memory, None, fast=fast, glyphs=memory).read(shot)
    observed = App._observed(source, profile, [grid])
    return {
        "file": str(image),
        "headings": [c.name for c in profile.columns if c.field],
        "rows": [plain_row(profile, line) for line in observed.lines],
        "findings": [f.message for f in observed.findings],
    }
