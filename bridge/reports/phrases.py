"""The sentences of the report's pages and sheets, in Chinese and English.  Names of things are in ``words``."""

from __future__ import annotations

from bridge.sentences import Both, Language, in_language, phrase_book

LIST_COMMAND = "bridge review list --source {source}"
DECIDE_COMMAND = "bridge review decide N --accept"
RELEASE_COMMAND = "bridge review decide N --release"
"""The commands that list and settle the questions of a source; they are defined in ``bridge.cli.reviews``."""

PHRASES: dict[str, Both] = {
    "title": ("核对报告", "Mismatch report"),
    "drift_title": ("列表版面变了", "The list looks otherwise"),
    "drift_now": ("现在的列表", "The list now"),
    "drift_before": ("以前的列表", "The list before"),
    "drift_no_picture": ("没有图片（或已清理）。", "There is no picture (any more)."),
    "drift_kept": (
        "没有保存，也没有推送任何数据。对照两张图，改好配置文件中的那一行，再运行 bridge check。",
        "Nothing was stored or passed on.  Compare the pictures, change that line of the profile, then run "
        "bridge check.",
    ),
    "source": ("来源", "Source"),
    "run": ("运行", "Run"),
    "when": ("时间", "When"),
    "took": ("用时", "Took"),
    "seconds": ("{n} 秒", "{n} s"),
    "status": ("状态", "Status"),
    "complete_yes": ("列表已读全", "The list was read to its end"),
    "complete_no": ("列表没有读全", "The list was not read to its end"),
    "why_not": ("原因", "Why"),
    "dry_run": ("试运行：没有写入，也没有推送。", "Dry run: nothing was stored or passed on."),
    "pages": ("页", "pages"),
    "rows": ("行", "rows"),
    "read_line": ("读了 {pages} 页 {rows} 行", "{pages} page(s), {rows} row(s) read"),
    "declared": ("页面显示共 {n} 条", "the page says {n}"),
    "straight": ("直通", "straight-through"),
    "straight_line": ("{n} / {rows} 行无需人工", "{n} of {rows} rows need nobody"),
    "doubtful": ("待处理", "Doubtful"),
    "changed": ("变更", "Changed"),
    "added": ("新增", "Added"),
    "gone": ("消失", "Gone"),
    "left": ("离开列表", "Left the list"),
    "missing": ("暂未看到", "Not seen"),
    "back": ("重新出现", "Back again"),
    "pushed": ("已推送", "Passed on"),
    "push_failed": ("推送未成", "Not passed on"),
    "guard": ("保护拦下", "Guard stopped"),
    "guard_note": (
        "只读保护拦下了 {n} 次不在允许名单上的请求或点击；它们没有到达 ERP。",
        "The read-only guard stopped {n} request(s) or click(s) that the allow-list does not name; "
        "none of them reached the ERP.",
    ),
    "unchanged": ("无变化", "Unchanged"),
    "stages": ("各阶段用时", "Seconds per stage"),
    "proofs": ("单元格凭什么算数", "How cells were proven"),
    "findings": ("核对发现", "Findings"),
    "none_findings": ("核对没有发现问题。", "The checks found nothing."),
    "next": ("接下来", "What happens next"),
    "next_doubtful": (
        "{n} 行待处理：其中没有证实的值一个也没有推送，等你看图决定。",
        "{n} row(s) wait for you: none of their unproven values was passed on.",
    ),
    "next_others": ("其余各行已照常处理。", "All other rows went on."),
    "next_dry_run": (
        "试运行不保存问题，也就无从决定；正式运行之后再用 bridge review 决定。",
        "A dry run keeps no questions, so there is nothing to decide yet; they can be decided after a real run.",
    ),
    "next_command": (
        "先列出编号，再对照下面的图片逐条决定（N 是编号）：",
        "List their numbers, then decide one by one with the pictures below (N is the number):",
    ),
    "next_learn": (
        "你确认过的图片会记住，以后同样的图片不再问。",
        "A picture you decided is remembered; the same picture is not asked again.",
    ),
    "next_nothing": (
        "没有需要你做的事。下一次运行会照常进行。",
        "Nothing for you to do. The next run comes by itself.",
    ),
    "next_held": (
        "变化已被暂停：没有写入，也没有推送。先列出编号，确认无误后放行（N 是编号）：",
        "The changes are held: nothing was stored or passed on. List the numbers and, if the changes are right, "
        "let them pass (N is the number):",
    ),
    "next_failed": (
        "这次运行没有写入任何内容，下一次运行会重新读取。",
        "This run stored nothing; the next run reads the list anew.",
    ),
    "next_pushing": (
        "{n} 条推送还没有成功，会自动重试，不会丢失。",
        "{n} message(s) did not reach a receiver yet; they are tried again and cannot get lost.",
    ),
    "picture": ("图片", "Picture"),
    "no_picture": ("图片已按保留期限清理", "picture cleaned away"),
    "guess": ("最可能是", "Best guess"),
    "nothing_read": ("（没有读出内容）", "(nothing was read)"),
    "empty": ("（空）", "(empty)"),
    "alternatives": ("也可能是", "Could also be"),
    "same": ("与上次相同", "same as before"),
    "old": ("上次的值", "Value before"),
    "no_old": ("以前没有", "none before"),
    "new": ("现在的值", "Value now"),
    "why": ("为什么要看", "Why it is asked"),
    "reason": ("说明", "Note"),
    "whole_row": ("整行内容", "The whole row"),
    "could_be": ("可能是这些订单", "Could be these orders"),
    "place": ("第 {page} 页第 {row} 行", "page {page}, row {row}"),
    "page": ("页", "Page"),
    "row": ("行", "Row"),
    "order": ("订单", "Order"),
    "key": ("编号", "Key"),
    "field": ("字段", "Field"),
    "kind": ("类别", "Kind"),
    "class": ("差异类型", "Class"),
    "classes": ("差异类型", "Classes of differences"),
    "notes": ("只作记录", "Noted"),
    "notes_intro": ("这些差异不用人决定，也没有推送。", "These differences ask nothing and were not passed on."),
    "confidence": ("模型把握", "Confidence"),
    "seen_text": ("画面文字", "As displayed"),
    "doubt_row": ("待处理", "doubtful"),
    "changed_intro": ("已证实的变更，旧值 → 新值。", "Proven changes, old → new."),
    "held_intro": ("下列变化已暂停，尚未写入。", "These changes are held and not stored."),
    "added_intro": (
        "已证实的新订单，点开查看。",
        "Proven new orders; open to see them.",
    ),
    "missing_intro": (
        "这次没有看到，再有一次完整读取仍没有，才算消失。",
        "Not in this capture. They count as gone only if the next complete capture does not show them either.",
    ),
    "more_rows": (
        "这里列出 {total} 条中的前 {shown} 条，全部在 report.xlsx 和 report.csv 中。",
        "The first {shown} of {total} are listed here; report.xlsx and report.csv have all of them.",
    ),
    "more_pictures": (
        "前 {shown} 行带图片；其余 {rest} 行列在下面，前面的决定之后，下一次报告会给它们配图。",
        "The first {shown} rows have pictures; the other {rest} are listed below. Once the first are decided, "
        "the next report has the pictures of the others.",
    ),
    "none_doubtful": ("没有待处理的行。", "No doubtful rows."),
    "long_text": ("共 {n} 个字符，点开看全文", "{n} characters, open for all"),
    "cut_here": ("…（共 {n} 个字符，全文在 report.json）", "… ({n} characters, all of them in report.json)"),
    "filter": ("筛选订单、客户或内容", "Filter by order, customer or value"),
    "filter_count": ("显示 {shown} / {total}", "{shown} of {total} shown"),
    "by_column": ("哪些列有疑问", "Doubts by column"),
    "files": ("同一文件夹：", "In this folder:"),
    "skip": ("跳到待处理", "Skip to the doubtful rows"),
    "summary": ("概况", "Summary"),
    "footer": (
        "没有两个独立依据的值，一律不放行。",
        "No value passes without two independent witnesses.",
    ),
}

SHEETS: dict[str, Both] = {
    "summary": ("概况", "Summary"),
    "doubtful": ("待处理", "Doubtful"),
    "changes": ("变更", "Changes"),
    "added": ("新增", "Added"),
    "gone": ("消失", "Gone"),
    "notes": ("记录", "Noted"),
}

phrases = phrase_book(PHRASES)


def sheet_name(name: str, language: Language) -> str:
    return in_language(SHEETS[name], language)
