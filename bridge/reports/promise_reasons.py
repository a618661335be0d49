"""Why a person must look at a promised date, in Chinese; the contract reader itself says it in English."""

from __future__ import annotations

from bridge.reports.words import Language

REASONS: dict[str, str] = {
    "a wished and a stated delivery date stand side by side": "希望的交期和写明的交期同时存在",
    "the contract itself calls the date approximate or conditional": "合同自己说这个日期是大约的或有条件的",
    "a date and a term that counts from an event are both given": "既写了日期，又写了从某件事起算的期限",
    "only a superseded delivery date was found": "只找到已被变更的交期",
    "day and month of the delivery date could be swapped": "交期的日和月可能颠倒",
    "the delivery date has no year, and no signing date gives it one": "交期没有写年份，也没有签订日期可以参照",
    "the range ends before it begins": "期间的结束早于开始",
    "several different delivery dates are given": "写了几个不同的交期",
    "several different delivery terms are given": "写了几个不同的交货期限",
    "the contract itself calls the term approximate, or states it in two ways": "期限是大约的，或前后写法不一致",
    "the term names no event that it counts from": "期限没有说明从什么时候起算",
    "the term counts from signing, and the signing date was not found": "期限从签订起算，但没有找到签订日期",
    "the working-day calendar does not reach that far": "那一年的工作日安排还不知道",
    "the term counts from signing, and the signing date is not certain": "期限从签订起算，但签订日期不能确定",
    "the delivery date lies before the signing date": "交期早于签订日期",
    "the delivery date lies more than three years after the signing date": "交期晚于签订日期三年以上",
    "a delivery label has a value that cannot be understood": "交期一栏的内容看不懂",
    "a delivery label has words, but no date or term": "交期一栏有文字，但没有日期或期限",
    "a delivery label has no date beside it": "交期一栏是空的",
    "the contract leaves the delivery date to a later agreement or notice": "合同说交期另行约定或另行通知",
    "the contract has no delivery clause": "合同没有交期条款",
    "no text was found on it": "没有找到文字",
    "only one of two readings found a delivery date": "两次识别只有一次找到交期",
    "two readings of the delivery clause differ": "两次识别的交期条款不一致",
    "a second reading of the delivery clause did not confirm the first": "第二次识别没有印证第一次",
    "the PDF's own text says something else than its picture": "PDF 自带的文字与画面不一致",
    "a character of the clause is hard to read": "条款中有字看不清",
    "the date is written by hand": "日期是手写的",
    "no signing date was found that the date could be held against": "没有签订日期可以对照",
    "the page is hard to read, so a delivery clause may have been missed": "页面不清楚，可能漏掉了交期条款",
}


def say_why(reason: str, language: Language) -> str:
    """Several are joined with ``; ``.  One of another version's stays as it is."""
    if language == "en" or not reason:
        return reason
    return "；".join(REASONS.get(part, part) for part in reason.split("; "))
