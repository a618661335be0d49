"""What a date or term is said of: the words that govern it, and what they make of it."""

from __future__ import annotations

import re
from enum import StrEnum


class Role(StrEnum):
    DELIVERY = "delivery"
    SIGNING = "signing"
    PAYMENT = "payment"
    VALIDITY = "validity"
    WARRANTY = "warranty"
    CANCELLATION = "cancellation"
    INSPECTION = "inspection"
    PAPER = "paper"  # printing, drawing up, invoices, quotations, notices, other agreements
    PERSON = "person"  # birth dates, identity cards
    OTHER = "other"  # nothing near it says what it is


_GOODS = r"(?:交|供|发|到|提|出|送)(?:\s?\(?[提交]\)?\s?)?货"
_NOT_TIME = (
    r"(?!地点|方式|方法|单|通知|前|之前|后|之后|完毕后|人|地址|费|数量|合格|票|义务|违约|责任|清单|时(?!间))"
)
_WORDS: tuple[tuple[Role, str], ...] = (
    (Role.PERSON, r"出生|生日|身份证|\bbirth"),
    (Role.WARRANTY, r"质保|保修|质量保证|保质|三包|质量异议|\bwarrant|\bguarantee"),
    (
        Role.CANCELLATION,
        r"作废|取消|解除|仍未|未收到|未能收到|自动终止|\bcancel|\bterminat|\bnot accepted|\bis not received|\baccepted by",
    ),
    (
        Role.VALIDITY,
        r"有效期|有效至|有效|失效|到期|届满|期满|起至|执行期|合作期|租期|\bvalid|\bexpir|\bremain in force|\beffective date",
    ),
    (
        Role.SIGNING,
        r"签订|签署|签约|签定|订立|签字|合同日期|订单日期|下单日期|下单时间|订货日期|订购日期|采购日期|"
        r"\b(?:PO|order|contract|agreement) date|\bdate of (?:signing|order|contract|agreement|issue)|\bsigned\b|"
        r"\bdated\b|\bsigning date|\bdate signed|\bentered into|\border placed",
    ),
    (
        Role.PAPER,
        r"打印|制单|制表|填表|填报|编制|印刷|审核|审批|发票|开票|开具|报价|询价|投标|招标|开标|中标|回签|回传|答复|收悉|传真|"
        r"技术协议|框架协议|会议|备案|证明|通知|函告|生产日期|制造日期|出厂日期|开工|投产|版本|修订日期|实施日期|"
        r"\bprint|\binvoice|\bquot|\boffer|\btender|\bnotif|\bprepared|\bmanufactur|\brevision|\brev\b",
    ),
    (
        Role.PAYMENT,
        r"付款|支付|付清|付至|付到|付(?=\s?(?:[0-9]+\s?%|合同|总价|余|全))|货款|预付|定金|订金|尾款|余款|结算|结清|汇款|汇至|电汇|转账|承兑|月结|账期|帐期|款项|"
        r"\bpay(?:ment|able|ments|s)?\b|\bpaid\b|\bdeposit|\bbalance\b|\bnet\b|\bT/T\b|\bremit",
    ),
    (Role.INSPECTION, r"验收|检验|检测|试运行|安装|调试|异议|\binspect|\bacceptance\b|\bcommission"),
    (
        Role.DELIVERY,
        rf"{_GOODS}{_NOT_TIME}|交付{_NOT_TIME}(?!验收)|[货交]期|工期|(?:生产|制作|制造|加工)周期|完工|竣工|装运|发运|出运|起运|运抵|运至|运到|送达|送至|送到|"
        r"发出|自提|交齐|交清|交完|供应完毕|收货(?:日期|时间)|船期|需求日期|要求日期|需用日期|纳期|履行期限|履约期限|"
        r"(?<!place of )(?<!after )(?<!upon )(?<!before )(?<!on )\bdeliver(?:y|ed|ies|s)?\b(?! ?(?:terms|address|place|note|to\b|point|method))|"
        r"(?<!after )(?<!before )\bship(?:ment|ments|ped|s)?\b(?! ?(?:to\b|marks?|address|method|via|mode|terms))|\bdispatch|"
        r"\bETA\b|\bETD\b|\brequired (?:by|date|on)|\bneed(?:ed)? by|\bneed date|\bdue date|\blead time|\bex-works date|"
        r"\brequest(?:ed)? date|\bpromised?(?: date)?\b|\bin[- ]hand date|\bcompletion date|\bready date|\barriv(?:e|al)\b",
    ),
)
_KEYWORD = re.compile("|".join(f"(?P<{role.value}>{words})" for role, words in _WORDS), re.IGNORECASE | re.ASCII)
# Words that may stand between a label and its value.  Possessive: 日期 is also 日 and 期, and hostile text could
# make the ways to part it endless.
_FILLER = re.compile(
    r"(?:日期|时间|期限|时限|截止|限期|完成|日|限|起|date|time|day|期|及|和|与|/|"
    r"合同|协议|订单|收到|接到|买方|卖方|甲方|乙方|需方|供方|双方|书面|经|按|本|"
    r"为|是|于|在|应|须|需|定|约|的|不得|不|最|晚|迟|至|自|由|从|到|当日|以|暂|均|"
    r"on|or|before|by|is|are|shall|be|not|no|later|than|at|the|latest|within|in|of|from|"
    r"[:()'\"“”\s#.*_-])*+",
    re.IGNORECASE | re.ASCII,
)
_PLACE = re.compile(r"^(?:(?:时间|日期|期限)?(?:、|及|和|与|以及|/)?(?:地点|方式|方法))+")
REQUIRED = re.compile(
    r"要求|需求|期望|希望|需用|客户交期|\brequire|\brequest|\bneed|\bwanted", re.IGNORECASE | re.ASCII
)
PROMISED = re.compile(
    r"承诺|答复交|回复交|确认交|我司(?:承诺|确认|交)|供方(?:承诺|确认)|卖方(?:承诺|确认)|协议交|\bpromis|\bconfirmed|\bcommit|\backnowledg",
    re.IGNORECASE | re.ASCII,
)
LATEST = re.compile(
    r"最迟|最晚|不晚于|不迟于|不得晚于|不得迟于|不超过|no later than|not later than|at the latest|latest",
    re.IGNORECASE | re.ASCII,
)
AMENDS = re.compile(
    r"变更为|变更至|变更到|更改为|更改至|改为|改至|改到|修改为|修改至|调整为|调整至|调整到|修订为|更正为|顺延至|顺延到|顺延为|延期至|延期到|"
    r"延长至|延后至|延至|延迟至|推迟至|推迟到|提前至|提前到|"
    r"\b(?:amended|changed|revised|postponed|rescheduled|extended|moved|deferred)\s+(?:from\b.{0,40}?\b)?to\b",
    re.IGNORECASE | re.ASCII,
)
OLD = re.compile(
    r"(?:原(?:定|来|先|有|合同|订单|协议|约定|计划|交|供|发)|变更前|调整前|修改前|旧|\boriginal(?:ly)?\b|\binstead of\b|\bprevious)",
    re.IGNORECASE | re.ASCII,
)
NEW = re.compile(
    r"变更后|调整后|修改后|更改后|现交|现改|新交|最新|顺延后|延期后|\brevised\b|\bnew\b|\bamended\b", re.IGNORECASE
)
BATCH = re.compile(
    r"批|分期|分次|分别|各\s?[交供发]?[0-9]|余量|余下|剩余|其余|余货|\blots?\b|\bbatch|\bpartial|\b(?:first|second|third|1st|2nd|3rd) (?:shipment|delivery)|"
    r"\bremain(?:ing|der)|\binstal?lment",
    re.IGNORECASE | re.ASCII,
)
VAGUE = re.compile(
    r"左右|大约|大概|约(?=\s?[0-9]{2,4}\s?[年月.])|预计|暂定|估计|争取|尽量|approx|about|circa|estimated|tentative|subject to",
    re.IGNORECASE | re.ASCII,
)
CONDITIONAL = re.compile(
    r"[如若](?!下|图|期|约|上|前)|倘|未能|最早|不早于|每[月周季日天批]|\bif\b|\bunless\b|in case|in the event|not before|no earlier|earliest|\b(?:every|each) (?:month|week)",
    re.IGNORECASE | re.ASCII,
)
"""Before a date: it is no plain promise, but what happens otherwise, or when at the earliest, or again and again."""
NOT_YET = re.compile(r"^(?:之前|以前|前)?[^,。;]{0,4}?(?:不得|不可|不能|不应)")
NOT_GOODS = re.compile(
    r"(?:交付|提交|送达|送至|送到|发出|交货)[^,。;货设产]{0,10}?(?:保证金|图纸|资料|样品|样件|样板|文件|发票|单据|定金|保函|方案|通知|证书|报告|说明书|清单|凭证)"
)
LATER = re.compile(
    r"另行(?:协商|商定|约定|通知|确定|议定)|另议|另定|待定|未定|以.{0,12}通知(?:单)?为准|按.{0,10}通知|根据.{0,10}通知|TBD|TBA|"
    r"to be (?:agreed|advised|confirmed|determined)|as (?:agreed|advised) (?:later|separately)",
    re.IGNORECASE | re.ASCII,
)


def keywords(text: str) -> list[tuple[Role, int, int]]:
    """(role, start, end) of every governing word, in order."""
    return [(Role(m.lastgroup), m.start(), m.end()) for m in _KEYWORD.finditer(text) if m.lastgroup]


def is_label(text: str) -> bool:
    """Is a table cell's text a heading of other cells, and not a value?"""
    words = text.strip(" :*")
    return 0 < len(words) <= 24 and not re.search(r"[0-9]{3}|[。;]", words) and bool(keywords(words))


def label_role(text: str) -> Role:
    """What a label says of its value; the last word decides (付款方式及交货期 is rare, 质保金付款日期 is not)."""
    found = keywords(text)
    return found[-1][0] if found else Role.OTHER


def attached(before: str) -> tuple[Role, int] | None:
    """The word that the value directly follows, and where it begins: 交货日期：|, not 交货地点：|."""
    found = keywords(before)
    if not found:
        return None
    role, start, end = found[-1]
    gap = _PLACE.sub("", before[end:])
    return (role, start) if _FILLER.fullmatch(gap) else None
