"""The morning's message: the five things that matter since yesterday, and where to look.

Are the lists read; what waits for people; what changed; which promises are late; what did not arrive.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bridge.interfaces import NoticeLevel
from bridge.last_time import LastTime
from bridge.records import RunStatus, RunSummary
from bridge.sentences import Language, phrase_book

if TYPE_CHECKING:
    from bridge.wiring import App

LAST = "last-digest"
SPAN = timedelta(hours=24)
PROMISED_DAYS = 30
"""Of the on-time rate: by the promised day."""
NAMED = 3
"""Orders and sources that are called by name; a chat message is read on a phone."""
MOST_RUNS = 2000
"""Of a day; one a minute would be 1,440."""

_WORDS: dict[str, tuple[str, str]] = {
    "title": ("bridge 日报 {day}：{state}", "bridge, {day}: {state}"),
    "well": ("一切正常", "all is well"),
    "look": ("请看一下", "please look"),
    "read": (
        "1. 读取：{source} 上次完整读取在 {age} 前；24 小时 {runs} 次，{failed} 次失败{why}",
        "1. Lists: {source} was read whole {age} ago; {runs} runs in 24 h, {failed} failed{why}",
    ),
    "never": ("1. 读取：{source} 还没有完整读取过{why}", "1. Lists: {source} has never been read whole{why}"),
    "no_source": ("1. 读取：没有配置来源", "1. Lists: no source is configured"),
    "waiting": ("2. 等人决定：{n} 项，最早的已等 {age}", "2. Waiting for people: {n}, the oldest for {age}"),
    "nothing_waits": ("2. 等人决定：没有", "2. Waiting for people: nothing"),
    "changes": (
        "3. 变化：新增 {added}，变更 {changed}，消失 {gone}，离开列表 {left}",
        "3. Changes: {added} added, {changed} changed, {gone} gone, {left} left the list",
    ),
    "late": (
        "4. 交期：{n} 个订单已过交期未发货（{names}）",
        "4. Dates: {n} orders are past their date and not shipped ({names})",
    ),
    "none_late": ("4. 交期：没有过期未发货的订单", "4. Dates: no order is past its date"),
    "promised": (
        "；合同承诺近 {days} 天准时 {share}（{on_time}/{judged}），逾期未发 {overdue}，{ahead} 天内到期 {near}",
        "; promised in contracts: {share} on time in {days} days ({on_time} of {judged}), {overdue} overdue, "
        "{near} due within {ahead} days",
    ),
    "stuck": (
        "5. 送达：{waiting} 条待推送（最早 {age}），{parked} 条被拒收",
        "5. Deliveries: {waiting} messages wait (the oldest {age}), {parked} were refused",
    ),
    "delivered": ("5. 送达：全部送达", "5. Deliveries: everything has arrived"),
    "minutes": ("{n} 分钟", "{n} min"),
    "hours": ("{n} 小时", "{n} h"),
    "days": ("{n} 天", "{n} days"),
    "more": ("等", "…"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Digest:
    """good: nothing of it needs a person."""

    title: str
    lines: tuple[str, ...]
    link: str
    good: bool

    @property
    def text(self) -> str:
        return "\n".join((*self.lines, self.link))

    @property
    def level(self) -> NoticeLevel:
        return NoticeLevel.INFO if self.good else NoticeLevel.WARNING


def digest(app: App, now: datetime) -> Digest:
    """Raises StoreError."""
    say = _Say(app.settings.reports.language)
    zone = ZoneInfo(app.settings.run.timezone) if app.settings.run.timezone else None
    today = now.astimezone(zone).date()
    past = [
        r
        for r in app.store.last_runs(MOST_RUNS)
        if r.started_at is not None and r.started_at >= now - SPAN and not r.dry_run
    ]
    read, read_well = _read(app, say, past, now)
    asked = app.store.reviews()
    waiting = say("nothing_waits")
    if asked:
        waiting = say("waiting", n=len(asked), age=say.age(now - min(q.created_at for q in asked)))
    n_late, late = app.store.overdue(today, NAMED)
    names = ", ".join(o.order_no for o in late) + (f" {say('more')}" if n_late > len(late) else "")
    promised, none_overdue = _promised(app, say)
    delivered, all_there = _delivered(app, say, now)
    good = read_well and not asked and not n_late and none_overdue and all_there
    review = app.settings.review
    return Digest(
        title=say("title", day=today.isoformat(), state=say("well") if good else say("look")),
        lines=(
            *read,
            waiting,
            say("changes", **{k: sum(getattr(r, k) for r in past) for k in ("added", "changed", "gone", "left")}),
            (say("late", n=n_late, names=names) if n_late else say("none_late")) + promised,
            delivered,
        ),
        link=review.link("/dashboard"),
        good=good,
    )


def _read(app: App, say: _Say, past: Sequence[RunSummary], now: datetime) -> tuple[list[str], bool]:
    lines, well = [], True
    for source in app.settings.sources:
        mine = [r for r in past if r.source == source]
        bad = [r for r in mine if r.status in (RunStatus.FAILED, RunStatus.KILLED, RunStatus.HELD)]
        codes = Counter(r.error_code or r.status.value for r in bad)
        why = f" ({', '.join(f'{code} {n}×' for code, n in codes.most_common(NAMED))})" if codes else ""
        complete = app.store.figures(source).last_complete
        if complete is None:
            lines.append(say("never", source=source, why=why))
        else:
            lines.append(
                say("read", source=source, age=say.age(now - complete), runs=len(mine), failed=len(bad), why=why)
            )
        last = mine[0] if mine else None
        well = well and complete is not None and now - complete <= SPAN
        well = well and (last is None or last not in bad)
    return lines or [say("no_source")], well and bool(lines)


def _promised(app: App, say: _Say) -> tuple[str, bool]:
    """The on-time report in half a sentence, where contracts promise something; is nothing overdue?"""
    from bridge.promises import Promises
    from bridge.reports.on_time import Verdict

    report = Promises(app).on_time()
    if not report.orders:
        return "", True
    rate, overdue = report.lately(PROMISED_DAYS), len(report.of(Verdict.OVERDUE))
    share = "–" if rate.share is None else f"{rate.share:.0%}"
    words = say(
        "promised", days=PROMISED_DAYS, share=share, on_time=rate.on_time, judged=rate.judged, overdue=overdue,
        near=len(report.of(Verdict.AT_RISK)), ahead=report.at_risk_days,
    )  # fmt: skip
    return words, not overdue


def _delivered(app: App, say: _Say, now: datetime) -> tuple[str, bool]:
    counted = app.store.pending()
    waiting, parked = counted["pending"] + counted["leased"], counted["parked"]
    if not waiting and not parked:
        return say("delivered"), True
    oldest = app.store.oldest_unsent()
    age = say.age(now - oldest) if oldest is not None else "-"
    return say("stuck", waiting=waiting, age=age, parked=parked), False


class _Say:
    def __init__(self, language: Language) -> None:
        self._say = phrase_book(_WORDS)(language)

    def __call__(self, name: str, **facts: object) -> str:
        return self._say(name, **facts)

    def age(self, span: timedelta) -> str:
        minutes = max(0, round(span.total_seconds() / 60))
        if minutes < 120:
            return self("minutes", n=minutes)
        return self("hours", n=minutes // 60) if minutes < 48 * 60 else self("days", n=minutes // 1440)


def digested(data_dir: Path) -> LastTime:
    """When the last one went out."""
    return LastTime(data_dir / LAST)
