"""The sentences of the on-time report, in Chinese and English."""

from __future__ import annotations

from bridge.reports.on_time import LeftOut, Verdict
from bridge.sentences import Both, Language, in_language, phrase_book

VERDICTS: dict[Verdict, Both] = {
    Verdict.ON_TIME: ("按时", "on time"),
    Verdict.LATE: ("迟发", "shipped late"),
    Verdict.OVERDUE: ("逾期未发", "overdue"),
    Verdict.AT_RISK: ("临近交期", "at risk"),
    Verdict.AHEAD: ("已发，交期未到", "shipped ahead"),
    Verdict.WAITING: ("未到交期", "not due yet"),
}
LEFT_OUT: dict[LeftOut, Both] = {
    LeftOut.OPEN_TERM: ("合同期限尚未起算", "the contract's term has not begun"),
    LeftOut.NOT_SURE: ("合同的承诺等人确认", "the contract's promise waits for a person"),
    LeftOut.NO_DATE: ("合同没有承诺日期", "the contract promises no day"),
    LeftOut.FIRST_SIGHT: (
        "第一次读到时已发货，又没有发货日期",
        "shipped already when first seen, and without a ship date",
    ),
    LeftOut.CANCELLED: ("已取消", "cancelled"),
    LeftOut.CLOSED: ("已关闭，不知道是否发货", "closed, and nothing says that it was shipped"),
    LeftOut.GONE: ("已从 ERP 删除", "deleted in the ERP"),
    LeftOut.LEFT: ("离开列表前没有看到发货", "left the list before it was seen shipped"),
    LeftOut.IN_DOUBT: ("状态或发货日期等人确认", "its status or ship date waits for a person"),
    LeftOut.NOT_SEEN_SINCE: ("交期过后还没有读过列表", "the list was not read since the promised day ended"),
}
PHRASES: dict[str, Both] = {
    "title": ("准时交货报告", "On-time report"),
    "as_of": ("截至 {when}", "as of {when}"),
    "rate": ("准时率", "on time"),
    "sample": ("{n} 张已到承诺日的订单，{on_time} 张按时", "{on_time} of {n} orders whose promised day is over"),
    "no_sample": ("还没有可以统计的订单。", "There is no order to count yet."),
    "uncertain": (
        "其中 {n} 张迟发的订单也可能按时：列表在承诺日前后没有读到，只知道一个范围",
        "{n} of the late ones may have been in time: the list was not read between, so only a span is known",
    ),
    "definition": ("怎样计算", "How it is counted"),
    "def_1": (
        "按时 = 发货日 ≤ 合同承诺日（当天 24 点前，按 ERP 所在时区）。承诺日结束后才统计；"
        "承诺是一段时间或分批时，以最后一天为准。",
        "On time = shipped on the promised day or before, until the end of that day in the ERP's zone. "
        "An order counts once its promised day is over. Of a range or of batches the last day counts.",
    ),
    "def_2": (
        "发货日 = ERP 的发货日期栏；没有时，是第一次完整读到“已发货”（状态或运单号）的那天，并注明可能的范围。",
        "The day of shipping is that of the ERP's column; where there is none, the day of the first complete "
        "capture that shows the order shipped (status or tracking number), with the days between which it was.",
    ),
    "def_3": (
        "第一次读到时已经发货的订单不统计。读不准的、等人确认的一律不统计，只计数。",
        "Orders that were shipped already at first sight are left out. "
        "What is doubtful or waits for a person is left out, and counted.",
    ),
    "def_4": (
        "每一行订单列表算一张。日、周、月按承诺日归属。",
        "Each row of the order list counts as one. Days, weeks and months are those of the promised day.",
    ),
    "left_out": ("没有统计的", "What is left out"),
    "without_contract": ("没有合同的订单", "orders that no contract binds"),
    "waiting_contracts": ("等人处理的合同", "contracts that wait for a person"),
    "open_contracts": ("期限尚未起算的合同", "contracts whose term has not begun"),
    "late": ("迟交", "Late"),
    "at_risk": ("{n} 天内到期、尚未发货", "Not shipped, due within {n} days"),
    "ahead": ("已发货、承诺日未到", "Shipped, promised day not over"),
    "waiting": ("未到交期", "Not due yet"),
    "none_late": ("没有迟交的订单。", "No order is late."),
    "none_at_risk": ("没有。", "None."),
    "order": ("订单", "Order"),
    "customer": ("客户", "Customer"),
    "promised": ("承诺", "Promised"),
    "shipped": ("发货", "Shipped"),
    "days_late": ("迟了", "Late by"),
    "days": ("{n} 天", "{n} days"),
    "verdict": ("结论", "Verdict"),
    "contract": ("合同", "Contract"),
    "clause": ("合同条款", "The contract's clause"),
    "cell": ("ERP 中的{field}", "The ERP's {field}"),
    "no_picture": ("图片已清理", "picture no longer kept"),
    "not_pictured": ("图片见表格前 {n} 行", "pictures: the first {n} rows"),
    "more_in_sheets": ("另有 {n} 张，见 Excel 文件", "{n} more stand in the Excel file"),
    "span": ("{first} 到 {last} 之间", "between {first} and {last}"),
    "maybe": ("也可能按时", "may have been in time"),
    "by_column": ("发货日期栏", "ship-date column"),
    "by_capture": ("列表第一次显示", "first shown by the list"),
    "incomplete": ("当时列表没有读全", "by a capture that was incomplete"),
    "trend": ("每周准时率", "On-time rate per week"),
    "by_month": ("按月", "By month"),
    "by_week": ("按周", "By week"),
    "by_day": ("按日", "By day"),
    "by_customer": ("按客户", "By customer"),
    "counted": ("统计", "counted"),
    "n_on_time": ("按时数", "in time"),
    "may_be": ("存疑", "uncertain"),
    "nameless": ("（无客户名）", "(no customer)"),
    "n": ("数量", "number"),
    "summary": ("概要", "Summary"),
    "all_orders": ("全部订单", "All orders"),
    "status": ("状态", "Status"),
    "how": ("依据", "Known by"),
}

on_time_phrases = phrase_book(PHRASES)


def say_verdict(verdict: Verdict, language: Language) -> str:
    return in_language(VERDICTS[verdict], language)


def say_left_out(why: LeftOut, language: Language) -> str:
    return in_language(LEFT_OUT[why], language)
