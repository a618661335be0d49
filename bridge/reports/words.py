"""The words for people: what every enum value, finding, stage and field is called, in Chinese and English.

One table, so that the report, the review page, the commands and the alarms say the same thing.  A test holds it
complete against the enums of records and interfaces in both languages.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from bridge.breaks import BreakClass, Handling
from bridge.interfaces import Action
from bridge.records import ChangeKind, Doubt, ReviewKind, RowKind, RunStatus, Witness
from bridge.sentences import Language as Language


class Word(NamedTuple):
    """A name, and where a name is not enough a sentence that an operator without OCR knowledge understands."""

    zh: str
    en: str
    why_zh: str = ""
    why_en: str = ""


DOUBTS: dict[Doubt, Word] = {
    Doubt.UNPROVEN: Word(
        "尚未证实",
        "not proven",
        "只有一个依据支持这个读数；要有两个互相独立的依据才会放行。",
        "Only one witness speaks for this reading; it passes only when two independent ones agree.",
    ),
    Doubt.LOOKALIKE: Word(
        "形近字分不清",
        "look-alikes",
        "另一种写法画出来与图片完全相同（例如 O 与 0、I 与 l），只看图片无法区分。",
        "Another text gives the very same picture (O and 0, I and l), so the picture alone cannot decide.",
    ),
    Doubt.PAGE_TEXT_DIFFERS: Word(
        "网页文字与画面不一致",
        "page text differs from picture",
        "网页内部的文字与屏幕上显示的不同，不能确定哪一个对。",
        "The page's own text says something else than what is shown on the screen.",
    ),
    Doubt.CUT: Word(
        "内容被截断",
        "text is cut",
        "单元格太窄，只显示了一部分内容，后面的看不到。",
        "The cell is too narrow and hides part of the text.",
    ),
    Doubt.CONTRADICTION: Word(
        "与以前的确认相矛盾",
        "contradicts an earlier proof",
        "同样的图片以前确认过是另一个内容；两者必有一错。",
        "The same picture was proven to say something else before; one of the two is wrong.",
    ),
    Doubt.ILLEGAL: Word(
        "不是合法的值",
        "not a legal value",
        "读到的内容不符合这一列的格式（日期、数字或编码规则）。",
        "What was read does not fit the column's format (date, number or code pattern).",
    ),
    Doubt.UNKNOWN_WORD: Word(
        "未登记的词",
        "unknown word",
        "对照表里没有这个状态或编码，不知道该对应什么。",
        "No mapping knows this status or code.",
    ),
    Doubt.ARITHMETIC: Word(
        "数量×单价与金额对不上",
        "quantity × price ≠ amount",
        "数量乘单价不等于金额，其中至少有一个可能读错，或 ERP 中本来就不一致。",
        "Quantity times price does not give the amount: one may be misread, or the ERP itself disagrees.",
    ),
    Doubt.DUPLICATE_KEY: Word(
        "编号重复",
        "duplicate key",
        "列表中有另一行的编号与它相同。",
        "Another row of the list has the same key.",
    ),
    Doubt.BOTH_CHANGED: Word(
        "两边都改了",
        "changed on both sides",
        "ERP 和中央库都改了这个字段，改成了不同的值。",
        "The ERP and the store both changed the field, each to something else.",
    ),
    Doubt.LIKE_BEFORE: Word(
        "与原值只差形近字",
        "only look-alikes changed",
        "与原来的值只差形近字（如 0 和 O）：要么确实改了，要么其中一次读错。",
        "Only look-alikes (such as 0 and O) tell it from the value before: it changed, or one was misread.",
    ),
    Doubt.KNOWN_ELSEWHERE: Word(
        "另一来源已有此单",
        "already in another source",
        "同一个平台订单已在另一来源中，重复处理会发两次货。",
        "Another source has the same platform order; handled twice it would ship twice.",
    ),
    Doubt.REQUIRED_EMPTY: Word(
        "必填项为空",
        "required but empty",
        "这一列必须有内容，但单元格是空的。",
        "This column must have a value, but the cell is empty.",
    ),
    Doubt.NO_TEXT: Word(
        "有笔迹但认不出",
        "illegible",
        "单元格里有内容，但认不出任何文字。",
        "There is something in the cell, but no text could be made out.",
    ),
    Doubt.READ_OTHERWISE: Word(
        "抽查读数不同",
        "read otherwise by a person",
        "抽查时有人没看读数，从图片里读出了别的内容。",
        "In a blind check a person who was not shown the value read something else in this picture.",
    ),
    Doubt.CAUGHT: Word(
        "这种证据在此列出过错",
        "proof that failed here before",
        "抽查发现：这一列里，同样的依据曾放行过错误的值。管理员可在概览页恢复信任。",
        "A blind check showed that the same witnesses let a wrong value pass in this column. An administrator "
        "can trust them again on the dashboard.",
    ),
}

WITNESSES: dict[Witness, Word] = {
    Witness.NET: Word("识别模型", "recogniser"),
    Witness.PAGE_TEXT: Word("网页文字", "page text"),
    Witness.REDRAW: Word("重画比对", "drawn back"),
    Witness.MEMORY: Word("以前确认过的图片", "picture proven before"),
    Witness.ARITHMETIC: Word("算术核对", "arithmetic"),
    Witness.DICTIONARY: Word("词表唯一匹配", "only fitting word"),
    Witness.BLANK: Word("空白", "blank"),
    Witness.PERSON: Word("人工确认", "decided by a person"),
    Witness.GLYPHS: Word("已证实的字形", "proven glyphs"),
    Witness.SECOND_NET: Word("另一识别模型", "a second recogniser"),
    Witness.TOOLTIP: Word("悬停提示全文", "tooltip"),
}

REVIEWS: dict[ReviewKind, Word] = {
    ReviewKind.DOUBTFUL_ROW: Word(
        "有字段待确认",
        "fields to confirm",
        "订单号是确定的，只有下列字段需要人看一眼。",
        "The order number is certain; only the fields below need a look.",
    ),
    ReviewKind.DOUBTFUL_KEY: Word(
        "订单号待确认",
        "order number to confirm",
        "订单号不确定，所以既不算新增，也不会把可能是它的旧订单算作消失。",
        "The order number is not certain: this is no new order, and none that it could be counts as gone.",
    ),
    ReviewKind.DUPLICATE_KEY: Word(
        "订单号重复",
        "duplicate order number",
        "同一个编号在列表中出现了不止一次，不知道哪一行算数。",
        "The same key stands in the list more than once; it is not clear which row counts.",
    ),
    ReviewKind.BREAKER: Word(
        "变化过大，已暂停",
        "held: too much at once",
        "一次变化或消失的订单太多，全部暂停，等人确认后才处理。",
        "Too many orders changed or vanished at once; all of it is held until a person agrees.",
    ),
    ReviewKind.LAYOUT: Word(
        "列表版面变了",
        "layout changed",
        "列表的表头与配置不符，在改好配置之前不会处理。",
        "The list's headings are not as the profile says; nothing is passed on until the profile is right.",
    ),
}

BREAKS: dict[BreakClass, Word] = {
    BreakClass.LAYOUT: Word(
        "列表不能使用", "list cannot be used", "列表的样子与配置不符。", "The list is not as the profile says."
    ),
    BreakClass.TOO_MUCH: Word(
        "一次变化过大",
        "too much at once",
        "可能是页面出了错，先暂停。",
        "More likely a fault of the page than the truth: held.",
    ),
    BreakClass.DUPLICATE_KEY: Word(
        "编号重复",
        "duplicate key",
        "同一列表中有几行编号相同，不知道哪一行算数。",
        "Several rows of the list have one key; it is not clear which counts.",
    ),
    BreakClass.DUPLICATE_ELSEWHERE: Word(
        "另一来源已有此单",
        "already in another source",
        "同一平台订单在两个来源中出现，重复处理会发两次货。",
        "The same platform order stands in two sources; handled twice it would ship twice.",
    ),
    BreakClass.KEY_UNPROVEN: Word(
        "编号未证实",
        "key not proven",
        "不知道这是哪个订单，所以既不算新增，也不会有旧订单被算作消失。",
        "It is not certain which order this is: it is not new, and none that it could be is gone.",
    ),
    BreakClass.CONFLICT: Word(
        "两边都改了",
        "changed on both sides",
        "ERP 和中央库都改了这个字段，改成了不同的值。",
        "The ERP and the store both changed the field, each to something else.",
    ),
    BreakClass.ARITHMETIC: Word(
        "算术不符", "arithmetic broken", "数量×单价不等于金额。", "Quantity times price does not give the amount."
    ),
    BreakClass.UNKNOWN_CUSTOMER: Word(
        "未登记的客户",
        "unknown customer",
        "对照表里没有这个客户；登记一次，以后不再问。",
        "No mapping knows this customer; say it once and it holds.",
    ),
    BreakClass.UNKNOWN_SKU: Word(
        "未登记的存货",
        "unknown SKU",
        "对照表里没有这个存货编码；登记一次，以后不再问。",
        "No mapping knows this SKU; say it once and it holds.",
    ),
    BreakClass.UNKNOWN_STATUS: Word(
        "未登记的状态",
        "unknown status",
        "对照表里没有这个状态；登记一次，以后不再问。",
        "No mapping knows this status; say it once and it holds.",
    ),
    BreakClass.UNKNOWN_WORD: Word(
        "未登记的词",
        "unknown word",
        "对照表里没有这个词；登记一次，以后不再问。",
        "No mapping knows this word; say it once and it holds.",
    ),
    BreakClass.DIFFERENT: Word(
        "确实不同，未证实",
        "really different, not proven",
        "读到的与原来的值差别明显，但还缺一个依据。",
        "What was read is clearly unlike the value before, but one witness is missing.",
    ),
    BreakClass.UNPROVEN: Word(
        "未证实", "not proven", "只有一个依据支持这个读数。", "Only one witness speaks for the reading."
    ),
    BreakClass.MISREAD: Word(
        "多半是读错",
        "probably misread",
        "只差形近字，或图片与上次完全相同。",
        "Only look-alikes differ, or the picture is the very same as before.",
    ),
    BreakClass.NEW: Word("新订单", "new order"),
    BreakClass.CHANGED: Word("已变更", "changed"),
    BreakClass.GONE: Word(
        "已消失", "gone", "连续两次完整读取都没有出现。", "Two complete captures in a row did not show it."
    ),
    BreakClass.LEFT: Word(
        "离开列表", "left the list", "不再符合列表的筛选条件。", "It is outside the list's filter now."
    ),
    BreakClass.BACK: Word("重新出现", "back again"),
    BreakClass.NOT_SEEN: Word(
        "暂未看到",
        "not seen this time",
        "再有一次完整读取仍没有，才算消失。",
        "It counts as gone only if the next complete capture does not show it either.",
    ),
    BreakClass.STORE_DRIFTED: Word(
        "中央库被改动",
        "store drifted",
        "别人在中央库改了这个字段，ERP 没有变。",
        "Someone else edited the field in the store; the ERP did not change.",
    ),
    BreakClass.STORE_KEPT: Word(
        "以中央库为准",
        "store's value kept",
        "ERP 变了，但这个字段以中央库为准。",
        "The ERP changed, but the store owns this field.",
    ),
    BreakClass.WITHIN_TOLERANCE: Word(
        "在误差之内",
        "within tolerance",
        "差别在配置允许的范围内，不算变更。",
        "The difference is within what the configuration allows; it is no change.",
    ),
    BreakClass.OVERDUE: Word(
        "逾期未发货",
        "overdue",
        "承诺的日期已过，还没有发货。",
        "The promised date has passed and nothing was shipped.",
    ),
}

HANDLINGS: dict[Handling, Word] = {
    Handling.PASS_ON: Word("自动推送", "passed on"),
    Handling.ASK: Word("等人决定", "waits for a person"),
    Handling.WAIT: Word("等下一次读取", "waits for the next capture"),
    Handling.NOTE: Word("只记录", "only noted"),
}

CHANGES: dict[ChangeKind, Word] = {
    ChangeKind.ADDED: Word("新增", "added"),
    ChangeKind.CHANGED: Word("变更", "changed"),
    ChangeKind.GONE: Word(
        "消失",
        "gone",
        "连续两次完整读取都没有出现。",
        "Two complete captures in a row did not show it.",
    ),
    ChangeKind.LEFT: Word(
        "离开列表",
        "left the list",
        "不再符合列表的筛选条件或日期范围；订单本身不一定有变化。",
        "Outside the list's filter or date window now; this says nothing about the order itself.",
    ),
    ChangeKind.BACK: Word(
        "重新出现",
        "back again",
        "以前报告为消失或离开，现在又出现在列表里。",
        "Reported as gone or left before, now in the list again.",
    ),
}

STATUSES: dict[RunStatus, Word] = {
    RunStatus.RUNNING: Word("进行中", "running"),
    RunStatus.OK: Word("完成", "complete", "列表已读全，结果全部入库。", "All of the list was read and stored."),
    RunStatus.PARTIAL: Word(
        "部分完成",
        "partly complete",
        "已证实的都已入库；其余的等人处理，或等下一次读全。",
        "What was proven is stored; the rest waits for a person or for the next complete capture.",
    ),
    RunStatus.HELD: Word(
        "已暂停",
        "held",
        "没有写入任何变化，等人确认。",
        "No change was stored or passed on; a person has to agree first.",
    ),
    RunStatus.FAILED: Word("失败", "failed", "出错，没有写入任何内容。", "An error; nothing was stored."),
    RunStatus.KILLED: Word(
        "中途被终止",
        "killed",
        "这次运行没有正常结束。",
        "The run did not come to its end; a later run found it so.",
    ),
}

ROWS: dict[RowKind, Word] = {
    RowKind.HEADING: Word("表头", "heading"),
    RowKind.DATA: Word("数据行", "data"),
    RowKind.OTHER: Word("合计或分组行", "total or group"),
}

ACTIONS: dict[Action, Word] = {
    Action.ACCEPT: Word("读数正确", "reading is right", "最可能的读数就是对的。", "The best guesses are right."),
    Action.TYPE: Word(
        "改成正确的值", "right value typed", "人工填写了正确的值。", "A person typed the right values."
    ),
    Action.KEEP: Word(
        "保留原值",
        "stored value kept",
        "有疑问的字段保留原来的值，这一行的其他变更照常推送。",
        "The doubtful fields keep their stored values; the row's other changes go out.",
    ),
    Action.NOT_AN_ORDER: Word("不是订单", "not an order", "这一行不是订单。", "The row is no order."),
    Action.RELEASE: Word(
        "放行", "released", "暂停的变化由下一次运行执行。", "The next run may apply the held changes."
    ),
    Action.DROP: Word("不处理", "nothing to do", "看过了，不需要做什么。", "Seen; nothing is to be done."),
}

STAGES: dict[str, Word] = {
    "sign_in": Word("登录", "sign in"),
    "capture": Word("截屏", "capture"),
    "read": Word("识别", "read"),
    "parse": Word("解析", "parse"),
    "check": Word("核对", "check"),
    "reconcile": Word("比对", "reconcile"),
    "commit": Word("入库", "commit"),
    "push": Word("推送", "push"),
    "report": Word("报告", "report"),
}

# The codes that ``bridge.parse`` gives its findings; a test holds them complete.
FINDINGS: dict[str, Word] = {
    "capture": Word("列表没有截全", "the list was not captured whole"),
    "row_count": Word("行数与页面总数不符", "row count differs from the total shown"),
    "count_unproven": Word("页面总数未能证实", "the total shown is not proven"),
    "empty_list": Word("列表是空的", "the list is empty"),
    "view_gap": Word("滚动的两屏之间有空缺", "a gap between two views of the list"),
    "unknown_row": Word("认不出的一行", "a row of unknown kind"),
    "list_sum": Word("合计对不上", "a total does not add up"),
    "arithmetic": Word("数量×单价与金额对不上", "quantity × price ≠ amount"),
    "duplicate_key": Word("编号重复", "duplicate key"),
    "page_overlap": Word("同一行出现在两页", "a row stands on two pages"),
}

FIELDS: dict[str, Word] = {
    "order_no": Word("订单号", "order no."),
    "line_no": Word("行号", "line no."),
    "number": Word("序号", "no."),
    "customer": Word("客户", "customer"),
    "customer_code": Word("客户编码", "customer code"),
    "customer_no": Word("客户编号", "customer no."),
    "supplier": Word("供应商", "supplier"),
    "vendor": Word("供应商", "vendor"),
    "sku": Word("存货编码", "SKU"),
    "product": Word("产品名称", "product"),
    "description": Word("说明", "description"),
    "spec": Word("规格型号", "specification"),
    "unit": Word("单位", "unit"),
    "qty": Word("数量", "quantity"),
    "quantity": Word("数量", "quantity"),
    "price": Word("单价", "unit price"),
    "amount": Word("金额", "amount"),
    "tax": Word("税额", "tax"),
    "tax_rate": Word("税率", "tax rate"),
    "total": Word("总额", "total"),
    "currency": Word("币种", "currency"),
    "date": Word("日期", "date"),
    "order_date": Word("下单日期", "order date"),
    "due_date": Word("交货日期", "due date"),
    "ship_date": Word("发货日期", "ship date"),
    "required_date": Word("要求日期", "required by"),
    "required_by": Word("要求日期", "required by"),
    "promised_date": Word("承诺交期", "promised date"),
    "status": Word("状态", "status"),
    "contract_no": Word("合同号", "contract no."),
    "po_number": Word("采购单号", "PO number"),
    "salesman": Word("业务员", "salesperson"),
    "salesperson": Word("业务员", "salesperson"),
    "employee": Word("经办人", "employee"),
    "department": Word("部门", "department"),
    "warehouse": Word("仓库", "warehouse"),
    "ship_via": Word("运输方式", "ship via"),
    "tracking_no": Word("运单号", "tracking no."),
    "remark": Word("备注", "remark"),
    "memo": Word("备忘", "memo"),
    "notes": Word("备注", "notes"),
}


def word_of(thing: StrEnum) -> Word:
    """The entry of an enum value; KeyError for an enum that has no words."""
    match thing:
        case Doubt():
            return DOUBTS[thing]
        case Witness():
            return WITNESSES[thing]
        case ReviewKind():
            return REVIEWS[thing]
        case ChangeKind():
            return CHANGES[thing]
        case RunStatus():
            return STATUSES[thing]
        case RowKind():
            return ROWS[thing]
        case Action():
            return ACTIONS[thing]
        case BreakClass():
            return BREAKS[thing]
        case Handling():
            return HANDLINGS[thing]
    raise KeyError(f"no words for {thing!r}")


def say(thing: StrEnum, language: Language) -> str:
    """What an enum value is called: ``say(Doubt.CUT, "en") == "text is cut"``."""
    word = word_of(thing)
    return word.zh if language == "zh" else word.en


def explain(thing: StrEnum, language: Language) -> str:
    """The sentence behind :func:`say`; "" where the name says it all."""
    word = word_of(thing)
    return word.why_zh if language == "zh" else word.why_en


def say_finding(code: str, language: Language) -> str:
    """What a finding's code is called; a code without an entry is shown as it is (its message has the facts)."""
    return _pick(FINDINGS, code, language)


def say_stage(name: str, language: Language) -> str:
    return _pick(STAGES, name, language)


def say_field(name: str, language: Language) -> str:
    """What a field is called; profiles may define fields of their own, which are shown by their name."""
    return _pick(FIELDS, name, language)


def _pick(table: dict[str, Word], name: str, language: Language) -> str:
    word = table.get(name)
    if word is None:
        return name
    return word.zh if language == "zh" else word.en
