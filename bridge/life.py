"""Order-life rules at work: judged after each complete sync, told once, listed.  The use cases of one App."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bridge import log
from bridge.central import SHIPPED
from bridge.errors import BridgeError, RunBusy
from bridge.interfaces import NoticeLevel
from bridge.records import RunStatus, RunSummary
from bridge.reports.show import visible
from bridge.reports.words import say_field
from bridge.rules.judge import Here, OrderNow, Standing, Verdict, judge, may_fit, spell_of
from bridge.rules.reach import (
    SourceFacts,
    Unreachable,
    Why,
    dead_words,
    no_such_source,
    unreachable,
)
from bridge.rules.rule import STATUS, Rule, load_rules
from bridge.rules.words import phrases, say_order, say_rule
from bridge.store.rule_alerts import Fitting, RuleAlert
from bridge.wiring import App, utc_now

if TYPE_CHECKING:
    from bridge.notify import Alarms

NAMED = 10
"""Orders that one message calls by name; it is read on a phone."""
LONGEST = 60  # characters of a name in a message
RUNS_BACK = 200
_LEVELS = {"info": NoticeLevel.INFO, "warning": NoticeLevel.WARNING, "failure": NoticeLevel.FAILURE}


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """One rule over the orders of one source.  fits, in_doubt: the orders."""

    rule: Rule
    source: str
    fits: tuple[OrderNow, ...] = ()
    in_doubt: tuple[OrderNow, ...] = ()
    why_never: Unreachable | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """One rule as `bridge rules` shows it.  why_never: by source, "" where it is about none.  judged: of the
    sources in which it can fire.  dead: words of its status that no order of a source can have."""

    rule: Rule
    sentence: str
    judged: tuple[Judged, ...]
    why_never: Mapping[str, Unreachable]
    dead: Mapping[str, tuple[str, ...]]
    fired_at: datetime | None
    fired: int

    @property
    def can_fire(self) -> bool:
        return bool(self.judged)


class Life:
    def __init__(self, app: App) -> None:
        self._app = app

    @property
    def file(self) -> Path | None:
        return self._app.settings.rules

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """None are none.  Raises RulesError."""
        return load_rules(self.file) if self.file is not None else ()

    # --- after each sync --------------------------------------------------------------------------------------

    def after(self, run: RunSummary) -> int:
        """Judges the orders of a source that was just read whole, and tells what is new; returns how many alerts
        that are.  A fault of the rules file, or of a channel, is told and logged: the sync itself is done."""
        if (
            self.file is None
            or run.dry_run
            or not run.complete
            or run.status not in (RunStatus.OK, RunStatus.PARTIAL)
        ):
            return 0
        alarms, subject = self._alarms(run.source), f"{self.file.name} · {run.source}"
        try:
            with self._app.only_run_of(f"rules.{run.source}"):
                new = self._look(run.source, run.run_id)
        except RunBusy:
            return 0  # another program judges this source just now; what it finds is told once
        except BridgeError as e:
            log.event("rules.failed", str(e), level="ERROR", code=e.code, hint=e.hint)
            alarms.failed(subject, code=e.code, message=str(e), hint=e.hint)
            return 0
        alarms.works(subject)
        return new

    def _look(self, source: str, run_id: str) -> int:
        now = utc_now()
        judged = self.judge(source, run_id, now)
        fitting = [
            Fitting(rule=j.rule.name, key=o.key, order_no=o.order_no, spell=spell_of(j.rule, o))
            for j in judged
            for o in j.fits
        ]
        doubt = {(j.rule.name, o.key) for j in judged for o in j.in_doubt}
        new = self._app.store.note_fitting(source, fitting, doubt, now)
        self._tell(source, judged, now)
        log.event("rules.judged", f"{len(fitting)} fit, {new} new", source=source, fit=len(fitting), new=new)
        return new

    def _tell(self, source: str, judged: Sequence[Judged], now: datetime) -> None:
        """One message for each rule.  What no channel took is told after the next sync."""
        store, notifier = self._app.store, self._app.notifier()
        waiting: dict[str, list[RuleAlert]] = {}
        for alert in store.untold_alerts(source):
            waiting.setdefault(alert.rule, []).append(alert)
        for j in judged:
            alerts = waiting.get(j.rule.name, [])
            if not alerts:
                continue
            title, text = self._message(j, alerts)
            failed = notifier.send(title, text, level=_LEVELS[j.rule.then.alert])
            if not notifier.names or len(failed) < len(notifier.names):
                store.mark_told([a.id for a in alerts], now)

    def _message(self, judged: Judged, alerts: Sequence[RuleAlert]) -> tuple[str, str]:
        language = self._app.settings.reports.language
        t = phrases(language)
        rule, zone = judged.rule, ZoneInfo(self._app.profile(judged.source).browser.timezone)
        orders = {o.key: o for o in judged.fits}
        named = [(a, orders.get(a.key)) for a in alerts]
        lines = [say_rule(rule, language, lambda name: say_field(name, language))]
        if rule.then.say:
            lines.append(rule.then.say)
        for alert, order in named[:NAMED]:
            facts: dict[str, object] = {}
            if order is not None:
                since = order.standing.since
                facts = {
                    "status": _short(order.values.get(STATUS)) if rule.when.status else None,
                    "since": since.astimezone(zone) if since is not None else None,
                    "due": order.due if rule.when.asks_for_date else None,
                }
            customer = _short(order.values.get("customer")) if order is not None else ""
            lines.append(say_order(_short(alert.order_no), customer, language, **facts))  # type: ignore[arg-type]
        if len(named) > NAMED:
            lines.append(t("more", n=len(named) - NAMED))
        lines.append(self._app.settings.review.link("/dashboard"))
        one = len(alerts) == 1
        title = t("title_one" if one else "title", name=rule.name, n=len(alerts), order=_short(alerts[0].order_no))
        return f"{judged.source} · {title}", "\n".join(lines)

    # --- judging ----------------------------------------------------------------------------------------------

    def judge(self, source: str, run_id: str, now: datetime) -> list[Judged]:
        """Every rule that concerns the source, over its active orders as the run saw them."""
        facts = self._facts(source)
        rules = [r for r in self.rules if r.concerns(source)]
        why = {r.name: unreachable(r, facts) for r in rules}
        able = [r for r in rules if why[r.name] is None]
        fields = {n for r in able for n in r.when.fields}
        here = Here(now=now, today=now.astimezone(_zone(facts)).date(), out=facts.out)
        orders = self._orders(source, run_id, fields, able, here) if able else []
        found = []
        for rule in rules:
            verdicts: dict[Verdict, list[OrderNow]] = {v: [] for v in Verdict}
            if why[rule.name] is None:
                for order in orders:
                    verdicts[judge(rule, order, here)].append(order)
            found.append(
                Judged(
                    rule=rule,
                    source=source,
                    fits=tuple(verdicts[Verdict.FITS]),
                    in_doubt=tuple(verdicts[Verdict.IN_DOUBT]),
                    why_never=why[rule.name],
                )
            )
        return found

    def _orders(
        self, source: str, run_id: str, fields: set[str], rules: Sequence[Rule], here: Here
    ) -> list[OrderNow]:
        """Those that some rule may fit, with how long they have been in their status where a rule looks at it."""
        store = self._app.store
        owned = self._app.store_owned(source)
        orders = store.orders_now(source, run_id, fields, owned)
        orders = [o for o in orders if any(may_fit(r, o, here) for r in rules)]
        if STATUS not in fields:
            return orders
        statuses = {o.key: str(o.values[STATUS]) for o in orders if o.values.get(STATUS) not in (None, "")}
        standings = store.standings(source, statuses)
        unknown = Standing(since=None, spell="")
        return [replace(o, standing=standings.get(o.key, unknown)) for o in orders]

    def _facts(self, source: str) -> SourceFacts:
        settings, store = self._app.settings, self._app.store
        out = frozenset((*SHIPPED, *settings.contracts.shipped))
        fields = {n for r in self.rules for n in r.when.fields}
        try:
            profile = self._app.profile_in_use(source)
        except BridgeError as e:
            return SourceFacts(source=source, profile=None, fault=str(e).partition("\n")[0], out=out)
        return SourceFacts(
            source=source,
            profile=profile,
            stored=store.held_fields(source, fields),
            statuses=store.status_words(source),
            promised=settings.contracts.inbox is not None or store.has_promises(source),
            out=out,
        )

    # --- for people -------------------------------------------------------------------------------------------

    def listed(self) -> list[Listed]:
        """Every rule, as of the last complete sync of each source.  Raises RulesError, StoreError."""
        now, sources = utc_now(), list(self._app.settings.sources)
        language = self._app.settings.reports.language
        judged = {s: self._last_judged(s, now) for s in sources}
        facts = {s: self._facts(s) for s in sources}
        fired = self._app.store.last_fired()
        rows = []
        for rule in self.rules:
            mine = [j for s in sources for j in judged[s] if j.rule.name == rule.name]
            never = {j.source: j.why_never for j in mine if j.why_never is not None}
            never |= {s: no_such_source(s, sources) for s in rule.when.source or () if s not in sources}
            if not sources and not never:
                never = {"": Unreachable(why=Why.NO_SOURCES)}
            at, times = fired.get(rule.name, (None, 0))
            rows.append(
                Listed(
                    rule=rule,
                    sentence=say_rule(rule, language, lambda name: say_field(name, language)),
                    judged=tuple(j for j in mine if j.why_never is None),
                    why_never=never,
                    dead={s: w for s in sources if rule.concerns(s) and (w := dead_words(rule, facts[s]))},
                    fired_at=at,
                    fired=times,
                )
            )
        return rows

    def _last_judged(self, source: str, now: datetime) -> list[Judged]:
        past = self._app.store.last_runs(RUNS_BACK, source)
        whole = (RunStatus.OK, RunStatus.PARTIAL)
        last = next((r.run_id for r in past if r.complete and not r.dry_run and r.status in whole), "")
        return self.judge(source, last, now)

    @property
    def told_to_nobody(self) -> bool:
        return not self._app.settings.notify.to

    # --- parts ------------------------------------------------------------------------------------------------

    def _alarms(self, source: str) -> Alarms:
        from bridge.notify import Alarms

        settings = self._app.settings
        return Alarms(
            self._app.notifier(),
            settings.data_dir / f"alarms-rules-{source}.json",
            clock=utc_now,
            repeat=timedelta(hours=settings.notify.repeat_hours),
            language=settings.reports.language,
        )


def _zone(facts: SourceFacts) -> ZoneInfo | None:
    """Whose days count for a source: its profile's."""
    return ZoneInfo(facts.profile.browser.timezone) if facts.profile is not None else None


def _short(value: object) -> str:
    text = visible("" if value is None else str(value))
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
