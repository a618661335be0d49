"""USE CASE: one run of one source.

sign in → capture → read → parse → check → reconcile → commit → push → report, each stage once and in this order.
What went wrong in one stage is the run's result, not its end: messages of earlier runs still go out.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from bridge import log
from bridge.central import CentralSide, Owner
from bridge.errors import (
    BridgeError,
    CaptureIncomplete,
    DeadlineExceeded,
    DeliveryError,
    DeliveryFailed,
    DeliveryRefused,
    HeldForPerson,
    LayoutChanged,
    SessionLost,
)
from bridge.interfaces import (
    Clock,
    PageReader,
    Progress,
    PushResult,
    Redrawer,
    Relay,
    Reporter,
    SourceDriver,
    SourceSession,
    Store,
)
from bridge.parse.checks import check
from bridge.parse.orders import parse_grids
from bridge.profiles import Profile
from bridge.reconcile import (
    Breaker,
    Elsewhere,
    PlatformNumber,
    Rules,
    Tolerance,
    doubted,
    reconcile,
    same_picture,
    without,
)
from bridge.records import (
    CaptureSet,
    ChangeKind,
    ChangeSet,
    Grid,
    ObservedList,
    OrderLine,
    RunStatus,
    RunSummary,
    Scalar,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class SyncParts:
    """What one run works with; ``bridge.wiring`` puts it together."""

    source: str
    profile: Profile
    driver: SourceDriver
    reader: Callable[[Redrawer], PageReader]
    store: Store
    relay: Relay
    reporter: Reporter
    receivers: Sequence[str]
    breaker: Breaker
    owners: Mapping[str, Owner]
    tolerances: Mapping[str, Tolerance]
    platform: PlatformNumber | None
    platforms: Mapping[str, PlatformNumber]  # of all sources that have one
    clock: Clock
    new_id: Callable[[], str]


@dataclass(slots=True)
class _Run:
    """What is known so far of the run under way."""

    run_id: str
    started_at: datetime
    deadline: datetime | None
    dry_run: bool
    progress: Progress | None
    seconds: dict[str, float] = field(default_factory=dict)
    capture: CaptureSet | None = None
    grids: list[Grid] = field(default_factory=list)
    observed: ObservedList | None = None
    changes: ChangeSet | None = None
    committed: bool = False
    pushed: int = 0
    push_failed: int = 0
    guard_blocked: int = 0
    captcha_answers: int = 0
    captcha_solved: int = 0
    error: BridgeError | None = None

    @contextmanager
    def stage(self, name: str, now: Clock) -> Iterator[None]:
        """Times a stage, logs its start and end, and refuses to start one after the deadline."""
        if self.deadline is not None and now() >= self.deadline:
            raise DeadlineExceeded(f"the run's time was over before {name}", stage=name)
        started = time.monotonic()
        log.event(f"{name}.started", stage=name, level="DEBUG")
        try:
            yield
        finally:
            self.seconds[name] = round(self.seconds.get(name, 0.0) + time.monotonic() - started, 3)
            log.event(f"{name}.ended", stage=name, seconds=self.seconds[name], level="DEBUG")


def sync(
    parts: SyncParts,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
    deadline: datetime | None = None,
) -> RunSummary:
    """Runs the nine stages; dry_run: nothing is kept and nothing sent.

    Returns the run's summary, also of a run that failed: ``error`` and ``error_code`` say why.  Raises StoreError
    if even the run's start or end cannot be noted.
    """
    run = _Run(parts.new_id(), parts.clock(), deadline, dry_run, progress)
    with log.fields(run_id=run.run_id, source=parts.source):
        log.event("run.started", f"sync of {parts.source}", dry_run=dry_run)
        if not dry_run:
            parts.store.begin_run(parts.source, run.run_id, run.started_at)
        try:
            _look(parts, run)
            _look_again_if_it_moved(parts, run)
            _decide(parts, run)
        except BridgeError as e:
            run.error = e
            log.event("run.error", str(e), level="ERROR", code=e.code, hint=e.hint)
        if not dry_run:
            _push(parts, run)
        summary = _summary(parts, run)
        if run.observed is not None and run.changes is not None:
            summary = _report(parts, run, summary)
        elif isinstance(run.error, LayoutChanged):
            summary = _report_drift(parts, run, summary)
        if not dry_run:
            parts.store.finish_run(summary)
        log.event("run.finished", summary.status.value, status=summary.status.value, rows=summary.rows)
        return summary


def _look(parts: SyncParts, run: _Run) -> None:
    """sign in → capture → read → parse → check."""
    run.capture, run.grids, run.observed = None, [], None
    _observe(parts, run)
    _understand(parts, run)


def _look_again_if_it_moved(parts: SyncParts, run: _Run) -> None:
    """A list that was captured whole and does not add up may have moved meanwhile: once more, from the start.

    Not where the time would not last; and whatever goes wrong then, the first look still counts."""
    assert run.capture is not None
    assert run.observed is not None
    if run.observed.complete or not run.capture.complete:
        return
    now = parts.clock()
    if run.deadline is not None and now + (now - run.started_at) >= run.deadline:
        return
    why = "; ".join(f.message for f in run.observed.findings)
    log.event("capture.again", f"the list does not add up, it is read once more: {why}", level="WARNING")
    first = run.capture, run.grids, run.observed
    try:
        _look(parts, run)
    except BridgeError as e:
        log.event("capture.again_failed", str(e), level="WARNING", code=e.code)
        run.capture, run.grids, run.observed = first


def _observe(parts: SyncParts, run: _Run) -> None:
    """sign in → capture → read, with one browser open for all three."""
    now = parts.clock
    with parts.driver.open() as session:
        try:
            with run.stage("sign_in", now):
                session.sign_in()
            try:
                run.capture = _captured(parts, run, session)
                session.keep()
            finally:
                _leave(parts, session)
            with run.stage("read", now):
                if _read(parts, run, run.capture, session).learned_late:
                    _read(parts, run, run.capture, session)
        finally:
            run.guard_blocked += session.guard_blocked
            answers, solved = session.captcha_answers
            run.captcha_answers, run.captcha_solved = run.captcha_answers + answers, run.captcha_solved + solved


def _read(parts: SyncParts, run: _Run, capture: CaptureSet, session: SourceSession) -> PageReader:
    """All pages, by a new reader, which is returned."""
    reader = parts.reader(session.redrawer)
    run.grids = []
    for shot in capture.shots:
        _in_time(run, parts.clock, "read")
        run.grids.append(reader.read(shot))
        if run.progress:
            run.progress("read", len(run.grids), len(capture.shots))
    return reader


def _captured(parts: SyncParts, run: _Run, session: SourceSession) -> CaptureSet:
    """The whole list.  Where the session ends in mid-list, or the list does not hold still, once more from the
    start: what was seen before may have moved since."""
    for last in (False, True):
        try:
            with run.stage("capture", parts.clock):
                session.open_list()
                return session.capture(run.progress)
        except (SessionLost, CaptureIncomplete) as e:
            if last:
                raise
            log.event("capture.again", f"{e}; once more from the start", level="WARNING", code=e.code)
            if isinstance(e, SessionLost):
                with run.stage("sign_in", parts.clock):
                    session.sign_in()
    raise AssertionError("the second time returns or raises")


def _leave(parts: SyncParts, session: SourceSession) -> None:
    """Gives the seat back as soon as the pictures are taken: people may be waiting for it."""
    sign_in = parts.profile.sign_in
    if sign_in is None or sign_in.after_run == "keep" or not sign_in.sign_out:
        return
    try:
        session.sign_out()
    except BridgeError as e:
        log.event("sign_out.failed", str(e), level="WARNING", code=e.code)


def _understand(parts: SyncParts, run: _Run) -> None:
    """parse → check."""
    now, profile = parts.clock, parts.profile
    assert run.capture is not None
    with run.stage("parse", now):
        lines = parse_grids(parts.source, profile, run.grids)
    with run.stage("check", now):
        run.observed = check(
            source=parts.source,
            profile=profile,
            capture_complete=run.capture.complete,
            why_incomplete=run.capture.why_incomplete,
            grids=run.grids,
            lines=lines,
        )
        for finding in run.observed.findings:
            log.event("check.finding", finding.message, level="WARNING", code=finding.code)


def _decide(parts: SyncParts, run: _Run) -> None:
    """reconcile → commit."""
    now = parts.clock
    assert run.observed is not None
    with run.stage("reconcile", now):
        if distrust := parts.store.distrusted(parts.source):
            rows = parts.store.baseline(parts.source)
            run.observed = doubted(run.observed, rows, distrust, parts.profile.key)
        run.changes = _reconciled(parts, run.observed)
        said = parts.store.not_orders(parts.source)
        if said:
            rest = without(run.observed, run.changes, said, stored=parts.store.baseline(parts.source))
            if rest is not run.observed:
                run.observed, run.changes = rest, _reconciled(parts, rest)
        run.changes = same_picture(run.changes, lambda key, field: _last_picture(parts, key, field))
    if run.dry_run:
        return
    with run.stage("commit", now):
        parts.store.commit(run.run_id, run.observed, run.changes, receivers=parts.receivers, now=now())
        run.committed = True
    if run.changes.held is not None:
        raise HeldForPerson(
            run.changes.held, hint="Look at the report; `bridge review list` shows how to let it through."
        )


def _reconciled(parts: SyncParts, observed: ObservedList) -> ChangeSet:
    """A hold that a person has released goes through; another, bigger one does not."""

    central = CentralSide(
        rows=parts.store.central(parts.source),
        owners=parts.owners,
        seen_at=_certainly_seen(parts),
    )

    rules = _rules(parts)

    def compare(*, released: bool) -> ChangeSet:
        return reconcile(
            parts.store.baseline(parts.source),
            observed,
            key_fields=parts.profile.key,
            scope=parts.profile.order_list.scope.kind,
            breaker=parts.breaker,
            released=released,
            central=central,
            rules=rules,
        )

    changes = compare(released=False)
    if changes.held is None:
        return changes
    released = parts.store.released(parts.source)
    return compare(released=True) if released in {r.fingerprint for r in changes.reviews} else changes


def _rules(parts: SyncParts) -> Rules:
    profile = parts.profile
    fields = {c.field for c in profile.columns}
    # Without a mapping of the status, or the day of shipment, nothing says that an order was shipped.
    tells = "status" in profile.mappings or "ship_date" in fields
    here = parts.clock().astimezone(ZoneInfo(profile.browser.timezone))
    return Rules(
        tolerances=parts.tolerances,
        platform=parts.platform,
        elsewhere=_elsewhere(parts) if parts.platform is not None else {},
        today=here.date() if tells else None,
    )


def _elsewhere(parts: SyncParts) -> dict[str, Elsewhere]:
    known: dict[str, Elsewhere] = {}
    for source, platform in parts.platforms.items():
        if source == parts.source:
            continue
        for order_no, text in parts.store.active_values(source, platform.field):
            if (number := platform.of(text)) is not None:
                known.setdefault(number, Elsewhere(source=source, order_no=order_no))
    return known


def _last_picture(parts: SyncParts, key: str, field: str) -> tuple[Scalar, str] | None:
    last = parts.store.last_proven(parts.source, key, field)
    return (last.value, last.reading.picture) if last is not None else None


def _certainly_seen(parts: SyncParts) -> datetime | None:
    """When the whole list was last seen without a doubt: until then no later change of the ERP had come."""
    past = parts.store.last_runs(100, parts.source)
    return next((r.started_at for r in past if r.status is RunStatus.OK and not r.dry_run), None)


def _push(parts: SyncParts, run: _Run) -> None:
    """Everything that is due goes out, whatever became of this run's list."""
    try:
        with run.stage("push", parts.clock):
            result = parts.relay.push(deadline=run.deadline)
        run.pushed, run.push_failed = result.sent, result.failed + result.parked
        if run.error is None and run.push_failed:
            run.error = _undelivered(result)
    except BridgeError as e:
        log.event("push.error", str(e), level="ERROR", code=e.code)
        run.error = run.error or e


def _undelivered(result: PushResult) -> DeliveryError:
    """What the operator and the exit code get to know; each message's own reason is in the log."""
    kind = DeliveryFailed if result.failed else DeliveryRefused
    parts = [
        f"{n} message{'s' if n > 1 else ''} {words}"
        for n, words in ((result.failed, "not delivered, tried again later"), (result.parked, "refused for good"))
        if n
    ]
    return kind(
        "push: " + ", ".join(parts) + f"; {result.left} wait in the outbox",
        hint="The log's push.failed and push.parked lines say why; `bridge status` shows which receiver it is.",
    )


def _report(parts: SyncParts, run: _Run, summary: RunSummary) -> RunSummary:
    assert run.observed is not None
    assert run.changes is not None
    try:
        with run.stage("report", parts.clock):
            path = parts.reporter.write(summary, run.observed, run.changes)
    except BridgeError as e:
        log.event("report.error", str(e), level="ERROR", code=e.code)
        if run.error is not None:
            return summary
        return replace(summary, error=str(e), error_code=e.code, hint=e.hint, status=RunStatus.PARTIAL)
    return replace(summary, report=str(path), seconds=dict(run.seconds), finished_at=parts.clock())


def _report_drift(parts: SyncParts, run: _Run, summary: RunSummary) -> RunSummary:
    """The list as it is now and as it was, for whoever mends the profile."""
    shots = run.capture.shots if run.capture is not None else ()
    page = run.error.where.get("page") if run.error is not None else None
    now = next((s for s in shots if s.number == page), shots[0] if shots else None)
    if now is None:
        return summary
    try:
        path = parts.reporter.write_drift(summary, now=now.sha256, before=parts.store.last_picture(parts.source))
    except BridgeError as e:
        log.event("report.error", str(e), level="ERROR", code=e.code)
        return summary
    return replace(summary, report=str(path))


def _in_time(run: _Run, now: Clock, stage: str) -> None:
    if run.deadline is not None and now() >= run.deadline:
        raise DeadlineExceeded(f"the run's time was over during {stage}", stage=stage)


def _summary(parts: SyncParts, run: _Run) -> RunSummary:
    observed, changes, e = run.observed, run.changes, run.error
    lines: Sequence[OrderLine] = observed.lines if observed else ()
    kinds = Counter(c.kind for c in changes.changes) if changes and changes.held is None else Counter()
    asked = {(r.line.page, r.line.row) for r in (changes.reviews if changes else ()) if r.line is not None}
    straight = sum(line.ok and (line.page, line.row) not in asked for line in lines)
    findings = tuple(f.message for f in observed.findings) if observed and not observed.complete else ()
    return RunSummary(
        run_id=run.run_id,
        source=parts.source,
        status=_status(run, straight == len(lines)),
        complete=bool(observed and observed.complete),
        why_not=findings or ((str(e),) if e and not (observed and observed.complete) else ()),
        pages=run.capture.shots[-1].number if run.capture and run.capture.shots else 0,
        rows=len(lines),
        declared_total=observed.declared_total if observed else None,
        added=kinds[ChangeKind.ADDED] + kinds[ChangeKind.BACK],
        changed=kinds[ChangeKind.CHANGED],
        gone=kinds[ChangeKind.GONE],
        left=kinds[ChangeKind.LEFT],
        missing=len(changes.missing) if changes and changes.held is None else 0,
        doubtful=len(lines) - straight,
        straight_through=straight,
        pushed=run.pushed,
        push_failed=run.push_failed,
        guard_blocked=run.guard_blocked,
        captcha_answers=run.captcha_answers,
        captcha_solved=run.captcha_solved,
        seconds=dict(run.seconds),
        witnesses=dict(_witnesses(lines)),
        error=str(e) if e else None,
        error_code=e.code if e else None,
        hint=(e.hint or None) if e else None,
        started_at=run.started_at,
        finished_at=parts.clock(),
        dry_run=run.dry_run,
    )


def _status(run: _Run, all_straight: bool) -> RunStatus:
    if isinstance(run.error, HeldForPerson):
        return RunStatus.HELD
    if run.error is not None and not run.committed:
        return RunStatus.FAILED
    complete = run.observed is not None and run.observed.complete
    # A receiver that does not take its messages says nothing about the list.
    fault = run.error is not None and not isinstance(run.error, DeliveryError)
    return RunStatus.OK if complete and all_straight and not fault else RunStatus.PARTIAL


def _witnesses(lines: Sequence[OrderLine]) -> Counter[str]:
    """Cells by how they were proven, ``page_text+redraw``, and ``doubtful``."""
    return Counter(
        "+".join(w.value for w in v.reading.witnesses) if v.ok else "doubtful"
        for line in lines
        for v in line.fields.values()
    )
