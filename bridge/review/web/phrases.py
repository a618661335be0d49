"""The sentences of the review page, in Chinese and English.  Names of things are in ``bridge.reports.words``."""

from __future__ import annotations

from bridge.interfaces import Role
from bridge.reports.phrases import Say
from bridge.reports.words import Language

ROLES: dict[Role, tuple[str, str]] = {
    Role.ADMINISTRATOR: ("管理员", "administrator"),
    Role.OPERATOR: ("操作员", "operator"),
    Role.VIEWER: ("只读", "viewer"),
}

PHRASES: dict[str, tuple[str, str]] = {
    "app": ("核对台", "Review"),
    "queue": ("待决定", "Queue"),
    "sign_in": ("登录", "Sign in"),
    "sign_out": ("退出", "Sign out"),
    "name": ("用户名", "Name"),
    "password": ("密码", "Password"),
    "wrong": ("用户名或密码不对。", "The name or the password is wrong."),
    "too_often": ("试得太多了，请 {minutes} 分钟后再来。", "Too many tries; come back in {minutes} minutes."),
    "no_accounts": (
        "还没有账号。请在这台机器上建立第一个：",
        "There is no account yet. Make the first one on this machine:",
    ),
    "other_language": ("English", "中文"),
    "skip": ("跳到内容", "Skip to the content"),
    "put_off": ("稍后再看", "Put off"),
    "all_done": ("都处理完了", "All decided"),
    "all_done_more": (
        "没有等待你决定的问题。下一次同步如果有疑问，会出现在这里。",
        "Nothing waits for you. If the next sync is in doubt about something, it will be here.",
    ),
    "group_by": ("分组", "Group by"),
    "by_confusion": ("易混内容", "confusion"),
    "by_kind": ("问题类别", "kind"),
    "by_customer": ("客户", "customer"),
    "sort_by": ("排序", "Sort by"),
    "by_money": ("金额", "money"),
    "by_age": ("时间", "age"),
    "whose": ("范围", "Show"),
    "everybody": ("全部", "all"),
    "mine": ("转给我的", "mine"),
    "assigned_to": ("已转给 {name}", "given to {name}"),
    "nobody": ("没有人", "nobody"),
    "more_in_list": ("还有 {n} 个，处理完前面的就会出现。", "{n} more; they follow as you decide."),
    "whole_list": ("整个列表", "the whole list"),
    "no_customer": ("（没有客户）", "(no customer)"),
    "seconds_ago": ("刚刚", "just now"),
    "minutes_ago": ("{n} 分钟", "{n} min"),
    "hours_ago": ("{n} 小时", "{n} h"),
    "days_ago": ("{n} 天", "{n} d"),
    "waiting_since": ("已等 {age}", "waiting {age}"),
    "place": ("{source} · 第 {page} 页第 {row} 行", "{source} · page {page}, row {row}"),
    "now": ("ERP 现在显示", "The ERP shows now"),
    "then": ("上次证实时", "When last proven"),
    "read_as": ("读作", "Read as"),
    "stored": ("库里的值", "Stored value"),
    "no_stored": ("新订单，库里没有", "new, nothing stored"),
    "no_row": ("不知道是哪张订单，无从对照", "Which order it is, is not known"),
    "nothing_read": ("（没有读出内容）", "(nothing was read)"),
    "empty": ("（空）", "(empty)"),
    "same_value": ("与库里相同", "same as stored"),
    "no_picture": ("图片已清理", "picture cleaned away"),
    "picture": ("图片", "picture"),
    "could_be": ("可能是这些订单", "Could be one of these orders"),
    "others": ("也可能是", "Could also be"),
    "why": ("为什么问", "Why this is asked"),
    "whole_row": ("整行", "The whole row"),
    "long_text": ("共 {n} 个字符，点开看全文", "{n} characters, open for all"),
    "accept": ("ERP 为准", "Accept ERP"),
    "keep": ("保留库值", "Keep store"),
    "type": ("填正确值", "Type it"),
    "not_an_order": ("不是订单", "Not an order"),
    "release": ("放行", "Let through"),
    "drop": ("知道了", "Seen"),
    "later": ("稍后", "Later"),
    "assign": ("转交", "Give to"),
    "undo": ("撤销", "Undo"),
    "next": ("下一个", "Next"),
    "previous": ("上一个", "Previous"),
    "save": ("保存", "Save"),
    "cancel": ("取消", "Cancel"),
    "keys": ("按键", "Keys"),
    "key_digit": ("选“也可能是”中的第几个", "take that one of “could also be”"),
    "key_shift": ("与 Shift 同按：相同图片一起决定", "with Shift: for all identical pictures"),
    "sure": ("再按一次确认", "Press again to confirm"),
    "same_pictures": (
        "另有 {n} 行图片完全相同：按住 Shift 一起决定",
        "{n} more with the identical picture: hold Shift to decide them together",
    ),
    "also_same": ("相同的 {n} 行一起", "also the {n} identical ones"),
    "undone": ("已撤销，请重新决定。", "Undone; decide it again."),
    "was_undone": ("已撤销", "undone"),
    "recent": ("刚才的决定", "Just decided"),
    "and_more": ("等 {n} 个", "and {n} more"),
    "saving": ("保存中…", "Saving…"),
    "saved": ("已保存", "Saved"),
    "not_saved": ("没有保存", "Not saved"),
    "offline": (
        "连不上核对台，没有保存。请检查 bridge review 是否还在运行。",
        "The review page cannot be reached; nothing was saved. Is `bridge review` still running?",
    ),
    "already": (
        "{order}：{by} 已经决定了（{action}），你的决定没有保存，也没有覆盖任何内容。",
        "{order}: {by} decided it already ({action}). Your decision was not saved; nothing was overwritten.",
    ),
    "idle": (
        "{order}：后来的同步已经读清楚了，不需要再决定。",
        "{order}: a later sync read it without doubt; there is nothing to decide any more.",
    ),
    "refused": ("{order}：不能这样回答，没有保存。", "{order}: this is no possible answer; nothing was saved."),
    "not_possible": ("{field}：“{text}”不行（{why}）", "{field}: “{text}” is not possible ({why})"),
    "not_given": ("{field}：还需要填写（{why}）", "{field}: still needs a value ({why})"),
    "cannot_undo": (
        "不能撤销：之后又有了变化，或者已经撤销过。没有改动任何内容。",
        "This cannot be undone: something newer rests on it, or it was undone already. Nothing was changed.",
    ),
    "not_yours": (
        "这是别人的决定，只有管理员能撤销。",
        "Someone else decided this; only an administrator undoes it.",
    ),
    "viewer_only": ("你的账号只能查看。", "Your account may look, not decide."),
    "forbidden": ("你的账号不能做这件事。", "Your account may not do this."),
    "not_there": ("这里没有内容。", "There is nothing here."),
    "stale_form": ("页面太旧了，请重新打开后再试。", "This page is too old; load it again."),
    "busy": ("数据库正忙，没有保存；请再试一次。", "The database is busy; nothing was saved. Please try again."),
    "too_fast": ("请求太多，请稍等。", "Too many requests; wait a moment."),
    "failed": ("出错了，没有保存。", "Something went wrong; nothing was saved."),
}


def phrases(language: Language) -> Say:
    """``say("minutes_ago", n=3)`` in one language; KeyError for an unknown phrase."""
    index = 0 if language == "zh" else 1

    def say_phrase(name: str, /, **values: object) -> str:
        return PHRASES[name][index].format(**values)

    return say_phrase


def role_name(role: Role, language: Language) -> str:
    return ROLES[role][0 if language == "zh" else 1]
