"""What findings and breaks say, as templates in Chinese and English.

Code and facts come from the stages; only here they become sentences, so that every place where people read says
the same, in their language.  A template's holes are the facts' names; ``{field}`` is what people call the field.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from string import Formatter
from typing import Literal

from bridge.breaks import BreakClass

Language = Literal["zh", "en"]
Both = tuple[str, str]
"""Chinese, English."""
Say = Callable[..., str]
"""``say("seconds", n=3)``; KeyError for an unknown phrase."""


def in_language(both: Both, language: str) -> str:
    return both[0 if language == "zh" else 1]


def phrase_book(table: Mapping[str, Both]) -> Callable[[Language], Say]:
    """The table's phrases, once their language is known."""

    def of(language: Language) -> Say:
        def say(name: str, /, **values: object) -> str:
            return in_language(table[name], language).format(**values)

        return say

    return of


FINDINGS: dict[str, Both] = {
    "capture": ("没有截到列表的每一页", "not every page of the list was captured"),
    "capture_stopped": (
        "读到第 {page} 页就停下了，后面还有",
        "stopped after page {page}, there are more",
    ),
    "row_count": (
        "第 {page} 页：显示共 {count} 条，读到 {rows} 行",
        "page {page}: shown is a count of {count}, read were {rows} rows",
    ),
    "row_count_doubtful": (
        "第 {page} 页：显示的总数 {count} 未能证实；读到 {rows} 行",
        "page {page}: shown is a count that is not proven ({count}); read were {rows} rows",
    ),
    "total_unread": (
        "没有读出列表显示的总数；读到 {rows} 行",
        "the list's total could not be read; read were {rows} rows",
    ),
    "page_total_unread": (
        "第 {page} 页：没有读出它显示的条数；读到 {rows} 行",
        "page {page}: its count could not be read; read were {rows} rows",
    ),
    "empty_list": (
        "列表没有任何行，也没有证实的总数说明它确实是空的",
        "the list shows no rows, and no proven count says that it has none",
    ),
    "view_gap": (
        "滚动列表的第 {above} 屏和第 {below} 屏没有共同的行：中间可能漏了一行",
        "views {above} and {below} of the scrolling list share no row: one may be lost",
    ),
    "unknown_row": (
        "第 {page} 页：行「{row}」被当作非订单，但 `list.not_orders` 和 `list.total_row` 中没有规则认得它",
        "page {page}: the row '{row}' was taken for no order, but no rule in `list.not_orders` or "
        "`list.total_row` knows it",
    ),
    "filled_key": (
        "第 {page} 页：行「{row}」被当作非订单，但它的编号有内容，"
        "而 `list.not_orders` 的 '{rule}' 出现在别处；请写得更准确",
        "page {page}: the row '{row}' was taken for no order, but its key is filled and '{rule}' of "
        "`list.not_orders` stands elsewhere; say it more exactly",
    ),
    "list_sum": (
        "列表的「{column}」合计显示 {shown}；它的 {rows} 行加起来是 {sum}",
        "the list shows {shown} as the sum of {column}; its {rows} rows give {sum}",
    ),
    "page_sum": (
        "第 {page} 页的「{column}」合计显示 {shown}；它的 {rows} 行加起来是 {sum}",
        "page {page} shows {shown} as the sum of {column}; its {rows} rows give {sum}",
    ),
    "arithmetic": (
        "第 {page} 页第 {row} 行：{quantity} × {price} 不等于 {amount}",
        "page {page}, row {row}: {quantity} × {price} is not {amount}",
    ),
    "duplicate_key": (
        "{key} 在列表中出现 {n} 次（页/行 {places}）",
        "{key} stands {n} times in the list (page/row {places})",
    ),
    "page_overlap": (
        "{key} 在列表中出现 {n} 次（页/行 {places}）；读取时列表有移动",
        "{key} stands {n} times in the list (page/row {places}); the list moved while it was read",
    ),
}
"""By the finding's code, or by its ``wording`` where one code has several."""

BREAKS: dict[BreakClass, tuple[str, str]] = {
    BreakClass.LAYOUT: ("列表不能使用：{text}", "the list cannot be used: {text}"),
    BreakClass.TOO_MUCH: (
        "库中 {active} 个订单，这次有 {lost} 个不见了（上限 {gone_limit}%），"
        "{changed} 个变了（上限 {changed_limit}%）",
        "{lost} of {active} orders are no longer in the list (limit {gone_limit} %), {changed} of {active} orders "
        "changed at once (limit {changed_limit} %)",
    ),
    BreakClass.DUPLICATE_KEY: (
        "{key} 在列表中出现 {n} 次：页/行 {places}",
        "{key} stands {n} times in the list: page/row {places}",
    ),
    BreakClass.DUPLICATE_ELSEWHERE: (
        "平台订单 {number} 已在来源 {source} 中，编号 {order_no}",
        "the platform's order {number} is already known from the source {source}, as {order_no}",
    ),
    BreakClass.KEY_UNPROVEN: (
        "{field} 读作「{new}」，尚未证实",
        "{field} was read as '{new}', which is not proven",
    ),
    BreakClass.CONFLICT: (
        "{field} 上次是「{old}」；ERP 现在是「{new}」，中央库已被 {by} 改成「{store}」",
        "{field} was '{old}'; the ERP now shows '{new}', and {by} made it '{store}' in the store",
    ),
    BreakClass.ARITHMETIC: (
        "{field}「{new}」与数量×单价=金额不符",
        "{field} '{new}' does not fit quantity × price = amount",
    ),
    BreakClass.UNKNOWN_CUSTOMER: ("对照表中没有客户「{new}」", "no mapping knows the customer '{new}'"),
    BreakClass.UNKNOWN_SKU: ("对照表中没有存货「{new}」", "no mapping knows the SKU '{new}'"),
    BreakClass.UNKNOWN_STATUS: ("对照表中没有状态「{new}」", "no mapping knows the status '{new}'"),
    BreakClass.UNKNOWN_WORD: (
        "对照表中没有{field}「{new}」",
        "no mapping knows the {field} '{new}'",
    ),
    BreakClass.DIFFERENT: (
        "{field} 由「{old}」变为「{new}」，尚未证实",
        "{field} was '{old}' and now reads '{new}', which is not proven",
    ),
    BreakClass.UNPROVEN: (
        "{field} 读作「{new}」，尚未证实",
        "{field} was read as '{new}', which is not proven",
    ),
    BreakClass.MISREAD: (
        "{field} 由「{old}」变为「{new}」，只差形近字或图片未变，多半是读错",
        "{field} was '{old}' and now reads '{new}': only look-alikes differ or the picture is the same, so it is "
        "probably misread",
    ),
    BreakClass.NEW: ("新订单", "a new order"),
    BreakClass.CHANGED: ("{field} 由「{old}」变为「{new}」", "{field} changed from '{old}' to '{new}'"),
    BreakClass.GONE: ("连续两次完整读取都没有出现", "two complete captures in a row did not show it"),
    BreakClass.LEFT: ("离开了列表的筛选范围", "it left the list's scope"),
    BreakClass.BACK: ("重新出现在列表中", "it is in the list again"),
    BreakClass.NOT_SEEN: ("这次完整读取没有出现", "this complete capture did not show it"),
    BreakClass.STORE_DRIFTED: (
        "{field} 在 ERP 中仍是「{erp}」，中央库已被 {by} 改成「{store}」",
        "{field} is still '{erp}' in the ERP, and {by} made it '{store}' in the store",
    ),
    BreakClass.STORE_KEPT: (
        "{field} 在 ERP 中变为「{new}」，但它以中央库为准，保留「{store}」",
        "{field} became '{new}' in the ERP, but the store owns it and keeps '{store}'",
    ),
    BreakClass.WITHIN_TOLERANCE: (
        "{field} 由「{old}」变为「{new}」，在允许的误差之内",
        "{field} changed from '{old}' to '{new}', which is within the tolerance",
    ),
    BreakClass.OVERDUE: (
        "承诺 {promised} 交货，已过期 {days} 天，仍未发货",
        "promised for {promised}, {days} days ago, and not shipped",
    ),
}


def finding_sentence(code: str, params: Mapping[str, object], language: Language) -> str:
    """Where no template knows the code, or a fact is missing: the facts as they are."""
    return _filled(FINDINGS.get(str(params.get("wording", code))), params, language)


def break_sentence(cls: BreakClass, params: Mapping[str, str], language: Language, *, field: str = "") -> str:
    """field: what people call the field."""
    return _filled(BREAKS[cls], {**params, "field": field}, language)


def _filled(template: Both | None, params: Mapping[str, object], language: Language) -> str:
    if template is not None:
        text = in_language(template, language)
        if all(name is None or name in params for _, name, _, _ in Formatter().parse(text)):
            return text.format(**params)
    return ", ".join(str(v) for n, v in params.items() if n not in ("wording", "field") and v != "")
