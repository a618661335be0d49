"""What people read of contracts and what they promise, in Chinese and English."""

from __future__ import annotations

from bridge.contracts.kept import Ask, Link, LinkHow, LinkState, Stated, StoredContract
from bridge.sentences import Both, Language, in_language, phrase_book

ASKS: dict[Ask, Both] = {
    Ask.PROMISE: ("确认交期", "confirm the date"),
    Ask.UNMATCHED: ("没有对应的订单", "no order fits"),
    Ask.CHOOSE: ("选择订单", "choose the order"),
    Ask.CONFLICT: ("合同相互矛盾", "contracts contradict"),
    Ask.EVENT: ("起算日不确定", "begin of the term unsure"),
    Ask.CALENDAR: ("节假日未知", "holidays not known"),
}
ASKS_MORE: dict[Ask, Both] = {
    Ask.PROMISE: (
        "机器不能确定承诺的日期，请看图确认、更正，或者说明没有承诺。",
        "The date is not certain. Look at the picture; confirm it, correct it, or say that there is none.",
    ),
    Ask.UNMATCHED: (
        "没有找到这份合同对应的订单。订单出现后会自动对上；也可以填写订单号。",
        "No order fits this contract. It is bound by itself once the order comes, or enter the order's number.",
    ),
    Ask.CHOOSE: (
        "下面的订单可能属于这份合同，但不能确定，请选择。",
        "These orders may belong to this contract, none of them surely. Choose.",
    ),
    Ask.CONFLICT: (
        "同一合同号或同一订单的另一份合同另有说法，请说明以哪一份为准。",
        "Another contract of the same number or order says otherwise. Say which one holds.",
    ),
    Ask.EVENT: (
        "起算的日子只知道一个范围，或者几张订单不一致，请填写。",
        "When the term begins is known only roughly, or its orders differ. Enter the day.",
    ),
    Ask.CALENDAR: (
        "按工作日计算，但那一年的节假日安排还不知道，请填写日期。",
        "It counts working days of a year whose holidays are not known yet. Enter the date.",
    ),
}
EVENTS: dict[str, Both] = {
    "signing": ("签订", "signing"),
    "effective": ("生效", "effectiveness"),
    "payment": ("收到款项", "payment"),
    "drawings": ("图纸确认", "drawings confirmed"),
    "samples": ("样品确认", "samples confirmed"),
    "order": ("下单", "the order"),
    "notice": ("接到通知", "notice"),
    "materials": ("来料", "materials"),
    "lc": ("信用证", "letter of credit"),
}
HOWS: dict[LinkHow, Both] = {
    LinkHow.CONTRACT_NO: ("合同号", "contract number"),
    LinkHow.ORDER_NO: ("订单号", "order number"),
    LinkHow.BUYER_AMOUNT_DATE: ("买方、金额和日期", "buyer, amount and date"),
    LinkHow.PERSON: ("人工", "a person"),
}
STATES: dict[LinkState, Both] = {
    LinkState.LINKED: ("已对应", "bound"),
    LinkState.PROPOSED: ("可能", "may be"),
    LinkState.REFUSED: ("不是", "is not"),
}
PHRASES: dict[str, Both] = {
    "contracts": ("合同", "Contracts"),
    "contract": ("合同", "Contract"),
    "waiting": ("等待处理", "waiting"),
    "all": ("全部", "all"),
    "none_here": ("这里没有合同。", "No contract here."),
    "none_waiting": ("没有等待处理的合同。", "No contract waits for anybody."),
    "file": ("文件", "File"),
    "received": ("收到", "Received"),
    "buyer": ("买方", "Buyer"),
    "seller": ("卖方", "Seller"),
    "number": ("合同号", "Contract number"),
    "signing": ("签订日期", "Signed on"),
    "promised": ("承诺交期", "Promised"),
    "orders": ("订单", "Orders"),
    "waits_for": ("等待", "Waits for"),
    "clause": ("条款原文（识别）", "Clause, as read"),
    "clause_picture": ("条款图片", "The clause's picture"),
    "page_picture": ("整页图片", "The whole page"),
    "page_n": ("第 {n} 页", "page {n}"),
    "no_picture": ("没有图片", "No picture"),
    "read_as": ("识别为", "Read as"),
    "why": ("原因", "Why"),
    "confirm": ("确认无误", "It is right"),
    "correct": ("更正为", "Enter the date"),
    "none": ("没有承诺日期", "It promises no date"),
    "save": ("保存", "Save"),
    "event_day": ("{event}的日期", "Day of {event}"),
    "known_event": ("{event}：{day}（{how}）", "{event}: {day} ({how})"),
    "rough_event": ("{event}：{first} 到 {last} 之间（{how}）", "{event}: between {first} and {last} ({how})"),
    "by_person": ("人工填写，{by}", "entered by {by}"),
    "seen_in": ("订单中的 {name}", "the order's {name}"),
    "is_it": ("是这个订单", "It is"),
    "is_not": ("不是", "It is not"),
    "other_order": ("订单号", "Order number"),
    "bind": ("对应到这个订单", "Bind to this order"),
    "replaced_by": ("已被合同 {n} 取代", "replaced by contract {n}"),
    "replace_with": ("以另一份合同为准，编号", "Another contract holds; its number here"),
    "replace": ("以那份为准", "That one holds"),
    "holds": ("恢复：以这份为准", "This one holds after all"),
    "term": ("{event}后 {n} {unit}", "{event} + {n} {unit}"),
    "calendar": ("天", "days"),
    "working": ("个工作日", "working days"),
    "months": ("个月", "months"),
    "no_date": ("没有承诺日期", "no date promised"),
    "unknown": ("不确定", "not certain"),
    "not_sure": ("{day}？", "{day}?"),
    "not_usable": (
        "等待处理期间，这份合同不参与任何统计。",
        "Until that is settled, the contract counts nowhere.",
    ),
    "decided_by": ("{by} 于 {when} 确定", "settled by {by}, {when}"),
    "history": ("经过", "What became of it"),
    "did_confirm": ("确认", "confirmed"),
    "did_correct": ("给出交期 {day}", "gave the date {day}"),
    "did_none": ("说明没有承诺日期", "said that it promises none"),
    "did_event": ("{event}：{day}", "{event}: {day}"),
    "did_link": ("对应订单 {order}", "bound it to order {order}"),
    "did_unlink": ("不是订单 {order}", "said that it is not order {order}"),
    "did_replace": ("以合同 {n} 为准", "said that contract {n} holds"),
    "did_hold": ("以这份为准", "said that this one holds"),
    "did_bound": ("自动对应订单 {order}（{how}）", "bound to order {order} by itself ({how})"),
    "did_proposed": ("可能是订单 {order}，等人确认", "may bind order {order}; a person is asked"),
    "did_loosed": ("不再对应订单 {order}", "no longer bound to order {order}"),
    "did_superseded": ("被合同 {n} 取代", "replaced by contract {n}"),
    "did_revive": ("不再被取代", "no longer replaced"),
    "did_come_to": ("交期推算为 {day}", "the term came to {day}"),
    "did_reopen": ("交期又不确定了", "the term has no day any more"),
    "came_in": ("收到合同", "Contract received"),
    "changed_meanwhile": (
        "这份合同刚刚被别人改过，你的决定没有保存；请再看一遍。",
        "Somebody changed this contract meanwhile; nothing was saved. Look at it again.",
    ),
    "not_possible": ("不能这样处理，没有保存：{why}", "This is not possible; nothing was saved: {why}"),
    "bad_day": ("请填写日期，例如 2026-05-10。", "Enter a date, e.g. 2026-05-10."),
    "no_order": ("没有订单 {order}。", "There is no order {order}."),
}

contract_phrases = phrase_book(PHRASES)


def say_ask(ask: Ask, language: Language) -> str:
    return in_language(ASKS[ask], language)


def explain_ask(ask: Ask, language: Language) -> str:
    return in_language(ASKS_MORE[ask], language)


def say_event(event: str, language: Language) -> str:
    """Of one event or of several joined with +; one of another version's stays as it is."""
    names = [in_language(EVENTS[e], language) if e in EVENTS else e for e in event.split("+")]
    return " + ".join(names)


def say_link(link: Link, language: Language) -> str:
    return f"{in_language(STATES[link.state], language)} · {in_language(HOWS[link.how], language)}"


def say_how(how: str, language: Language) -> str:
    """One of another version's stays as it is."""
    return in_language(HOWS[LinkHow(how)], language) if how in {h.value for h in LinkHow} else how


def say_term(stated: Stated, language: Language) -> str:
    """30 calendar days after signing, as people say it."""
    say = contract_phrases(language)
    if stated.months is not None:
        n, unit = stated.months, say("months")
    else:
        n, unit = stated.offset or 0, say("working" if stated.unit == "working" else "calendar")
    return say("term", event=say_event(stated.event or "?", language), n=n, unit=unit)


def say_promise(c: StoredContract, language: Language) -> str:
    """The day, or what stands in its place.  A day that is not certain has a question mark."""
    say = contract_phrases(language)
    if c.due is not None:
        return c.due.isoformat()
    if not c.sure:
        return say("not_sure", day=c.stated.day) if c.stated.day else say("unknown")
    if not c.stated.says_something:
        return say("no_date")
    return say_term(c.stated, language)
