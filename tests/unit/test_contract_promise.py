"""From a contract's words to what it promises: the issue's conventions, the decoys, the doubts.

The words here are other ones than the samples', so that the grammar is held and not the samples.
"""

from __future__ import annotations

from datetime import date

import pytest

from bridge.contracts.document import Document, normal, plain_passage
from bridge.contracts.judge import agrees, contradicts, understand
from bridge.contracts.promise import Promise

HEAD = "合同编号：HT-2026-0117\n甲方（购货方）：苏州某某公司\n乙方：无锡某某公司\n签约日期：2026年3月2日\n"


def promise(body: str, head: str = HEAD) -> Promise:
    paragraphs = [p for p in (head + body).split("\n") if p]
    return understand(Document(passages=tuple(plain_passage(p) for p in paragraphs))).promise


def form(*rows: tuple[str, ...]) -> Document:
    """A ruled table."""
    passages = []
    for i, row in enumerate(rows):
        for j, text in enumerate(row):
            passages.append(
                plain_passage(
                    text,
                    left=normal(row[j - 1]) if j else "",
                    above=tuple(normal(rows[k][j]) for k in range(i - 1, -1, -1)),
                    table=1,
                    column=j,
                )
            )
    return Document(passages=tuple(passages))


@pytest.mark.parametrize(
    ("body", "kind", "day"),
    [
        ("三、交货期：2026年4月20日。", "absolute", "2026-04-20"),
        ("乙方须于二〇二六年五月六日之前将设备运抵甲方现场。", "absolute", "2026-05-06"),
        ("交（提）货时间、方式、地点：2026年4月底前，汽车运输，甲方厂内。", "absolute", "2026-04-30"),
        ("供货时间：4月25日前到货。", "absolute", "2026-04-25"),
        ("交货时间：1月10日前。", "absolute", "2027-01-10"),
        ("工期要求：2026年6月中旬完工。", "absolute", "2026-06-20"),
        ("设备在2026年第三季度交付使用。", "absolute", "2026-09-30"),
        ("交货时间：2026年4月5日至4月15日。", "range", "2026-04-15"),
        ("首批200套于2026年4月1日交付，第二批200套于4月20日交付，其余5月10日前交清。", "batches", "2026-05-10"),
        ("交货时间：合同签订之日起二十日内。", "relative", "2026-03-22"),
        ("本合同生效后10个工作日内发货。", "relative", "2026-03-16"),
        ("确认技术图纸后30天内发货，最迟不得晚于2026年5月20日。", "absolute", "2026-05-20"),
        ("原定2026年4月1日交货，现双方同意延期至2026年4月18日交货。", "absolute", "2026-04-18"),
        ("交货日期由原来的2026年4月1日改为2026年4月18日。", "absolute", "2026-04-18"),
        ("客户要求交期：2026-04-01，我司承诺交期：2026-04-09。", "absolute", "2026-04-09"),
        ("甲方要求乙方于2026年6月30日之前将全部设备安装调试完毕并交付使用。", "absolute", "2026-06-30"),
        ("交货时间：2026年3月-6月分批交货。", "range", "2026-06-30"),
        ("交货期：2026年4月、5月、6月各交100台。", "batches", "2026-06-30"),
        ("交货时间：2026年5月中下旬", "absolute", "2026-05-31"),
        ("交货日期：2026年_5_月_10_日", "absolute", "2026-05-10"),
        ("交货日期：贰零贰陆年伍月拾日", "absolute", "2026-05-10"),
        ("交货时间为合同签订后【45】日内。", "relative", "2026-04-16"),
        ("交货日期：2026年5月10日。如卖方未能在2026年5月10日前交货，买方有权解除合同。", "absolute", "2026-05-10"),
        ("原合同交货期2026年4月1日作废，新的交货期为2026年5月1日。", "absolute", "2026-05-01"),
        ("The delivery date of 1 May 2026 is hereby postponed to 20 May 2026.", "absolute", "2026-05-20"),
        ("交貨日期：2026年5月10日前，運抵買方工廠。", "absolute", "2026-05-10"),
        ("Delivery: not later than 30 April 2026, DAP Suzhou.", "absolute", "2026-04-30"),
        ("Ship by April 9, 2026. Payment due May 9, 2026.", "absolute", "2026-04-09"),
        ("The goods will be shipped within 20 days after signing of this contract.", "relative", "2026-03-22"),
    ],
)
def test_what_is_promised(body: str, kind: str, day: str) -> None:
    got = promise(body)
    assert (got.kind, str(got.day), got.reasons) == (kind, day, ())


@pytest.mark.parametrize(
    ("body", "event", "offset", "unit"),
    [
        ("交货期：预付款到账后20个工作日。", "payment", 20, "working"),
        ("乙方在甲方确认图纸后四十五天内交货。", "drawings", 45, "calendar"),
        ("交货时间：款到7日内发货。", "payment", 7, "calendar"),
        ("封样确认后15天内开始供货。", "samples", 15, "calendar"),
        ("收到甲方书面发货通知后3日内送达。", "notice", 3, "calendar"),
        ("Delivery time: 6-8 weeks after receipt of down payment.", "payment", 56, "calendar"),
        ("Shipment within 30 days after receipt of L/C.", "lc", 30, "calendar"),
    ],
)
def test_a_term_from_an_event_nobody_knows_stays_open(body: str, event: str, offset: int, unit: str) -> None:
    got = promise(body)
    assert (got.kind, got.day, got.event, got.offset, got.unit, got.reasons) == (
        "relative", None, event, offset, unit, (),
    )  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        "甲方应于2026年4月20日前支付全部货款。",
        "付款方式：货到后30日内付清。",
        "本合同有效期至2026年12月31日。",
        "质保期：自验收合格之日起12个月，至2027年5月1日止。",
        "打印日期：2026-03-05",
        "逾期10日不交货的，甲方有权解除合同。",
        "如2026年5月1日前未收到定金，本合同作废。",
        "法定代表人：李某，1975年6月3日出生。",
        "发票应在2026年4月30日前开出。",
        "乙方应提前3日通知甲方交货时间。",
        "甲方应在收货后7日内提出质量异议。",
        "报价有效期：2026年3月31日。",
        "交货地点：甲方仓库。交货方式：送货上门。",
        "乙方应在合同签订之日起3日内向甲方交付履约保证金。",
        "乙方于2026年3月20日前交付图纸供甲方审核。",
        "付款：2026年5月10日前付50%，2026年6月10日交货时付50%。",
        "验收合格之日起30日内，乙方交付竣工资料。",
        "Payment: 30 days after delivery.",
        "This offer is valid until 30 April 2026.",
        "Warranty: 12 months after delivery.",
        "Invoice date: 15 April 2026",
        "合同签订后5日内支付30%预付款，发货前付清余款。",
    ],
)
def test_decoys_are_no_promise(body: str) -> None:
    got = promise(body)
    assert (got.kind, got.day, got.days) == ("none", None, ())


@pytest.mark.parametrize(
    ("body", "head", "because"),
    [
        ("交货日期：2026年2月20日。", HEAD, "before the signing date"),
        ("交货日期：2036年2月20日。", HEAD, "three years"),
        ("交货日期：2026年4月20日。\n交货日期：2026年4月26日。", HEAD, "several different"),
        ("交货期：2026年4月20日左右。", HEAD, "approximate"),
        ("每月25日前交货100台，至2026年12月止。", HEAD, "conditional"),
        ("2026年5月10日之前不得交货。", HEAD, "conditional"),
        ("如卖方未能在2026年5月10日前交货，买方有权解除合同。", HEAD, "conditional"),
        ("预计到货日期：2026-05-10", HEAD, "approximate"),
        ("Delivery date: 2026/05/10 (tentative)", HEAD, "approximate"),
        ("ETD: 2026-05-12  ETA: 2026-06-20", HEAD, "several different"),
        ("乙方于收到图纸（2026年3月10日）后30天内交货。", HEAD, "both given"),
        ("Delivery date: 04/05/2026", HEAD, "could be swapped"),
        ("合同签订后30日内交货。", "合同编号：HT-1\n", "the signing date was not found"),
        ("交货时间：4月5日。", "", "no year"),
        ("交货期：30天。", HEAD, "names no event"),
        ("合同签订后260个工作日内交货。", HEAD, "working-day calendar"),
        ("合同签订后三十（20）日内交货。", HEAD, "two ways"),
        ("交货日期：＿＿年＿＿月＿＿日", HEAD, "no date beside it"),
        ("交货日期：2O26年l3月45日", HEAD, "cannot be understood"),
        ("客户要求到货日期：2026-04-01。交货日期：2026-04-09。", HEAD, "side by side"),
    ],
)
def test_what_is_not_certain_goes_to_a_person(body: str, head: str, because: str) -> None:
    assert any(because in r for r in promise(body, head).reasons), promise(body, head)


def test_the_label_of_a_form_stands_to_the_left_or_above() -> None:
    left = form(
        ("签订日期", "2026-03-02", "有效期至", "2026-12-31"), ("交货日期", "2026-04-20", "付款日期", "2026-05-20")
    )
    above = form(("签订日期", "交货日期", "付款日期"), ("2026-03-02", "2026-04-20", "2026-05-20"))
    for document in (left, above):
        got = understand(document)
        assert (got.promise.day, got.promise.reasons, got.signing.day) == (date(2026, 4, 20), (), date(2026, 3, 2))


def test_an_order_table_has_a_date_per_line() -> None:
    rows = [
        ("品名", "数量", "交期"),
        ("阀门", "10", "2026-04-20"),
        ("轴承", "20", "2026-05-08"),
        ("电缆", "5", "2026-04-20"),
    ]
    got = understand(form(*rows)).promise
    assert (got.kind, got.day, len(got.days)) == ("batches", date(2026, 5, 8), 2)


def test_the_head() -> None:
    got = understand(Document(passages=tuple(plain_passage(p) for p in HEAD.split("\n") if p)))
    assert (got.parties.contract_no, got.parties.buyer, got.parties.seller) == (
        "HT-2026-0117", "苏州某某公司", "无锡某某公司",
    )  # fmt: skip
    assert got.signing.day == date(2026, 3, 2)


def test_day_first_is_decided_by_another_date_of_the_paper() -> None:
    head = "PO date: 28/03/2026\n"
    assert promise("Delivery date: 04/05/2026", head).day == date(2026, 5, 4)
    assert promise("Delivery date: 04/05/2026", "PO date: 03/28/2026\n").day == date(2026, 4, 5)


def test_readings_agree_by_their_meaning_only() -> None:
    one, same, other, nothing = (
        promise(b) for b in ("交货日期：2026年4月20日。", "交期2026.4.20", "交货日期：2026年4月28日。", "无")
    )
    assert agrees(one, same)
    assert not contradicts(one, same)
    assert contradicts(one, other)
    assert not agrees(one, nothing)
    assert not contradicts(one, nothing)


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "text",
    [
        "日期" * 2000,
        "交货日期：2026年3月1日，" * 200,
        "合同签订后30日内" * 200,
        "(" * 5000,
        "within 30 days " * 200,
    ],
)
def test_hostile_text_ends(text: str) -> None:
    promise("交货日期：" + text)
