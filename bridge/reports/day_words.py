"""The phrases of the day's report, in Chinese and English."""

from __future__ import annotations

from bridge.sentences import Both, phrase_book

PHRASES: dict[str, Both] = {
    "title": ("每日差异报告", "Mismatches of the day"),
    "as_of": (
        "{day} 全天，所有来源和所有运行；状态截至 {when}",
        "all of {day}, every source and run; as of {when}",
    ),
    "open": ("等人决定", "waiting for a person"),
    "decided": ("人已决定", "decided by people"),
    "superseded": ("已自行消除", "answered by a later list"),
    "passed_on": ("已自动放行", "went out by themselves"),
    "runs": ("运行", "runs"),
    "runs_bad": ("其中失败", "of these failed"),
    "asked_intro": (
        "当天第一次提出或当天解决的问题，每个只列一次，按现在的状态。",
        "Questions first asked or settled on this day, each once, as they stand now.",
    ),
    "passed_intro": (
        "当天证实并放行的变化，每个订单只列一次：当天之前和当天之后。",
        "Changes that were proven and passed on, each order once: before the day and after it.",
    ),
    "new": ("新订单", "new orders"),
    "classes": ("按类别和来源", "By class and source"),
    "class": ("类别", "class"),
    "all": ("合计", "all"),
    "source": ("来源", "source"),
    "order": ("订单", "order"),
    "key": ("编号", "key"),
    "field": ("字段", "field"),
    "was": ("原值", "was"),
    "now": ("现值", "now"),
    "read": ("读作", "read as"),
    "picture": ("图片", "picture"),
    "why": ("原因", "why"),
    "state": ("状态", "state"),
    "by": ("由谁", "by"),
    "asked_at": ("提出或变化时间", "asked or changed at"),
    "settled_at": ("解决时间", "settled at"),
    "decision": ("决定", "decision"),
    "began": ("开始", "began"),
    "status": ("结果", "result"),
    "rows": ("行", "rows"),
    "report": ("报告", "report"),
    "none": ("当天没有差异。", "There was no difference on this day."),
    "no_runs": ("当天没有运行。", "There was no run on this day."),
    "no_picture": (
        "没有图片：已清理，或不在前 {n} 条之内",
        "no picture: removed since, or not among the first {n}",
    ),
    "empty": ("空", "empty"),
    "more_in_sheets": ("还有 {n} 条，见同名的 Excel 文件", "{n} more are in the Excel file of the same name"),
    "summary": ("概要", "Summary"),
    "differences": ("差异", "Differences"),
}

day_phrases = phrase_book(PHRASES)
