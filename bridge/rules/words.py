"""What rules and their alerts say, in Chinese and English."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime

from bridge.rules.reach import Unreachable, Why
from bridge.rules.rule import If, Rule
from bridge.sentences import Both, Language, in_language, phrase_book

PHRASES: dict[str, Both] = {
    "source": ("来源为{names}", "its source is {names}"),
    "word": ("「{word}」", "'{word}'"),
    "status": ("状态为{words}", "its status is {words}"),
    "status_for": ("状态为{words}已满 {hours} 小时", "it has been {words} for {hours} h"),
    "due_today": ("今天到交期，还没有发货", "it is due today and not out"),
    "due_within": ("{days} 天内到交期，还没有发货", "it is due within {days} d and not out"),
    "past_due": ("交期已过至少 {days} 天，还没有发货", "it is at least {days} d past due and not out"),
    "empty": ("{field}为空", "its {field} is empty"),
    "filled": ("{field}已填", "its {field} is filled"),
    "if": ("如果{parts}", "if {parts}"),
    "and": ("，并且", " and "),
    "or": ("或", " or "),
    "title": ("规则「{name}」：{n} 个订单", "Rule '{name}': {n} orders"),
    "title_one": ("规则「{name}」：订单 {order}", "Rule '{name}': order {order}"),
    "since": ("状态 {status}，自 {since}", "{status} since {since}"),
    "due": ("交期 {due}", "due {due}"),
    "more": ("…… 还有 {n} 个", "… and {n} more"),
}
_WHY: dict[Why, Both] = {
    Why.NO_SOURCE: ("bridge.toml 中没有来源 {source}{near}", "bridge.toml has no source {source}{near}"),
    Why.NO_SOURCES: ("bridge.toml 中没有来源", "bridge.toml has no source"),
    Why.PROFILE: ("配置文件不能用：{fault}", "its profile cannot be used: {fault}"),
    Why.NO_STATUS: ("列表没有状态列", "no column of its list is the status"),
    Why.UNKNOWN_WORD: (
        "状态对照表不会得出 {words}{near}",
        "no mapping of its status yields {words}{near}",
    ),
    Why.OUT_OF_SCOPE: (
        "状态变为 {words} 的订单会离开列表（list.scope.open_words）",
        "an order that becomes {words} leaves its list (list.scope.open_words)",
    ),
    Why.OUT_ALREADY: (
        "状态 {words} 表示已发货或已结束，这样的订单不会过期",
        "{words} means that it is out or over, and such an order is never late",
    ),
    Why.NO_DATE: (
        "没有交期列（due_date），也没有合同交期",
        "no column (due_date) and no contract says when its orders are due",
    ),
    Why.NOTHING_SAYS_OUT: (
        "没有状态对照表，也没有发货日期列，看不出订单是否已发货",
        "it has neither a mapping of the status nor a column ship_date, so nothing says that an order is out",
    ),
    Why.NO_FIELD: (
        "没有列提供 {field}{near}，库中也没有订单有它",
        "no column delivers {field}{near}, and no order in the store holds it",
    ),
    Why.NEVER_EMPTY: (
        "{field} 是编号或必填项：空的会先等人确认",
        "{field} is part of the key or required: an empty one waits for a person",
    ),
}

phrases = phrase_book(PHRASES)
Named = Callable[[str], str]


def say_rule(rule: Rule, language: Language, named: Named = str) -> str:
    """The `if` of a rule as one sentence.  named: what people call a field."""
    t = phrases(language)
    return t("if", parts=t("and").join(_parts(rule.when, language, named)))


def _parts(when: If, language: Language, named: Named) -> list[str]:
    t = phrases(language)

    def joined(words: Sequence[str]) -> str:
        return t("or").join(t("word", word=w) for w in words)

    parts = []
    if when.source is not None:
        parts.append(t("source", names=joined(when.source)))
    if when.status is not None and when.status_for_hours is not None:
        parts.append(t("status_for", words=joined(when.status), hours=f"{when.status_for_hours:g}"))
    elif when.status is not None:
        parts.append(t("status", words=joined(when.status)))
    if when.due_within_days is not None:
        parts.append(t("due_within" if when.due_within_days else "due_today", days=when.due_within_days))
    if when.past_due_days is not None:
        parts.append(t("past_due", days=when.past_due_days))
    parts += [t("empty", field=named(name)) for name in when.empty or ()]
    parts += [t("filled", field=named(name)) for name in when.filled or ()]
    return parts


def say_why(reason: Unreachable, language: Language) -> str:
    return in_language(_WHY[reason.why], language).format(**reason.facts)


def say_order(
    order_no: str,
    customer: str,
    language: Language,
    *,
    status: str | None = None,
    since: datetime | None = None,
    due: date | None = None,
) -> str:
    """One line of an alert.  status, due: where the rule looks at them; since: in the reader's zone."""
    t = phrases(language)
    parts = [order_no, customer]
    if status and since is not None:
        parts.append(t("since", status=status, since=f"{since:%Y-%m-%d %H:%M}"))
    elif status:
        parts.append(status)
    if due is not None:
        parts.append(t("due", due=due.isoformat()))
    return " · ".join(p for p in parts if p)
