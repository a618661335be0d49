"""Promise and parties → the HTML of one contract, A4, with the decoys around the promise."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from random import Random

from samples.contracts.promises import Promise
from samples.contracts.words import AFTER, BEFORE, ENGLISH_GOODS, FILLER, GOODS, Parties, ymd

NUMERALS = "一二三四五六七八九十"
FONTS = ("Noto Serif CJK SC", "Noto Sans CJK SC", "AR PL UMing CN", "WenQuanYi Zen Hei")
STYLE = """
@page { size: A4; margin: 0 }
* { box-sizing: border-box }
body { margin: 0; color: #111 }
.page { width: 210mm; height: 296.5mm; padding: 20mm 19mm; position: relative; page-break-after: always;
        overflow: hidden }
.page:last-child { page-break-after: auto }
h1 { text-align: center; font-size: 1.7em; letter-spacing: .2em; margin: 0 0 5mm }
p { margin: 0 0 1.6mm; text-align: justify }
table { border-collapse: collapse; width: 100%; margin: 2mm 0 }
td, th { border: 1px solid #222; padding: 1.6mm 2mm; text-align: left; font-weight: normal }
.head { display: flex; flex-wrap: wrap; justify-content: space-between; margin-bottom: 2mm }
.head span { width: 50% }
.columns { column-count: 2; column-gap: 9mm }
.foot { position: absolute; bottom: 9mm; left: 0; right: 0; text-align: center; font-size: .85em }
.sign { display: flex; justify-content: space-between; margin-top: 7mm }
.hand { font-family: "AR PL UMing CN"; color: #1a2f8a; font-size: 1.22em; filter: url(#wobble); display: inline-block;
        padding: 0 1.2mm; border-bottom: 1px solid #333 }
.hand.black { color: #1d1d1d }
.hand i { font-style: normal; display: inline-block }
.bottom { position: absolute; bottom: 24mm; left: 19mm; right: 19mm }
.bottom p:last-child { text-align-last: justify; margin: 0 }
"""


def document(pages: Sequence[str], *, font: str, size: float, line: float, seed: int) -> str:
    total = len(pages)
    foot = [f'<div class="foot">第 {n} 页 共 {total} 页</div>' if total > 1 else "" for n in range(1, total + 1)]
    body = "".join(f'<div class="page">{p}{f}</div>' for p, f in zip(pages, foot, strict=True))
    wobble = (
        f'<svg width="0" height="0" style="position:absolute"><filter id="wobble" x="-10%" y="-30%" width="120%" '
        f'height="160%"><feTurbulence type="fractalNoise" baseFrequency="0.035" numOctaves="2" seed="{seed}"/>'
        '<feDisplacementMap in="SourceGraphic" scale="5"/></filter></svg>'
    )
    return (
        f'<!DOCTYPE html><html lang="zh-CN"><meta charset="utf-8"><style>{STYLE}'
        f'body {{ font: {size}pt/{line} "{font}", "Noto Serif CJK SC" }}</style>{wobble}{body}</html>'
    )


def written(words: str, rng: Random) -> str:
    """Escapes the words and draws what stands in [[…]] as a hand would: every character turned and moved."""
    ink = rng.choice(("hand", "hand black"))

    def hand(found: re.Match[str]) -> str:
        strokes = "".join(
            f'<i style="transform:rotate({rng.uniform(-13, 13):.1f}deg) translateY({rng.uniform(-1.6, 1.6):.1f}px) '
            f'scale({rng.uniform(0.85, 1.3):.2f},{rng.uniform(0.85, 1.3):.2f})">{c}</i>'
            for c in found[1]
        )
        return f'<span class="{ink}">{strokes}</span>'

    drawn = re.sub(r"\[\[(.+?)\]\]", hand, html.escape(words).replace("||", ""))
    return f'<span class="promise">{drawn}</span>'


def _goods(rng: Random, p: Parties) -> str:
    rows = []
    total = 0
    for name, spec, unit, price in rng.sample(GOODS, 3):
        amount = (n := rng.randrange(5, 60) * 10) * price
        total += amount
        rows.append(f"<tr><td>{name}<td>{spec}<td>{unit}<td>{n}<td>{price:.2f}<td>{amount:,.2f}</tr>")
    return (
        "<table><tr><th>产品名称<th>规格型号<th>单位<th>数量<th>单价(元)<th>金额(元)</tr>"
        + "".join(rows)
        + f"<tr><td colspan=6>合计金额：￥{total:,.2f}（含13%增值税）</tr></table>"
    )


def _payment(rng: Random, p: Parties) -> str:
    return rng.choice(
        (
            "合同签订后3日内买方支付合同总价30%的预付款，余款在货到验收合格后30日内付清。",
            f"买方于{ymd(p.signed + timedelta(days=5))}前支付定金20%，提货前付清全部余款。",
            "货到票到后60天内以银行转账方式一次性付清货款。",
            "合同生效后5个工作日内支付预付款，发货前付至95%，5%作为质保金，质保期满后10日内无息支付。",
        )
    )


def _sign(p: Parties, *, dated: bool = True) -> str:
    day = ymd(p.signed) if dated else "年　　月　　日"
    return (
        f'<div class="sign"><div>买方（盖章）：{p.buyer}<br>代表人：周立民<br>电话：0574-8765 2310<br>日期：{day}</div>'
        f"<div>卖方（盖章）：{p.seller}<br>代表人：王建华<br>电话：13805742026<br>日期：{day}</div></div>"
    )


def _head(p: Parties, title: str = "产品购销合同") -> str:
    return (
        f'<h1>{title}</h1><div class="head"><span>买方（甲方）：{p.buyer}</span><span>合同编号：{p.contract_no}</span>'
        f"<span>卖方（乙方）：{p.seller}</span><span>签订日期：{ymd(p.signed)}</span></div>"
    )


def _clause(number: int, title: str, body: str) -> str:
    return f"<p>{NUMERALS[number]}、{title}：{body}</p>"


def _decoys(rng: Random, p: Parties) -> list[str]:
    pool = [
        f"本合同有效期自{ymd(p.signed)}起至{ymd(p.signed + timedelta(days=365))}止。",
        f"产品质保期至{ymd(p.signed + timedelta(days=430))}，期满后双方另行约定。",
        f"双方于{ymd(p.signed - timedelta(days=21))}签署的技术协议为本合同附件。",
        f"如至{ymd(p.signed + timedelta(days=90))}仍未收到预付款，本合同自动作废。",
        f"增值税专用发票应于{ymd(p.signed + timedelta(days=50))}前开具并寄达买方。",
        f"报价单（{ymd(p.signed - timedelta(days=8))}）为本合同组成部分，报价有效期30天。",
    ]
    return rng.sample(pool, 3)


def _delivery_title(rng: Random) -> str:
    return rng.choice(("交货时间", "交货期限", "交（提）货时间及地点", "交货日期", "供货期", "交付期限"))


def flow(
    promise: Promise, p: Parties, rng: Random, *, columns: bool = False, title: str = "产品购销合同"
) -> list[str]:
    """Running text with numbered clauses."""
    clauses = [("质量标准", BEFORE[0]), ("包装与运输", BEFORE[1] + BEFORE[2])]
    if promise.words:
        clauses.append((_delivery_title(rng), written(promise.words, rng)))
    clauses += [
        ("付款方式", _payment(rng, p)),
        ("验收", AFTER[0]),
        ("质量保证", AFTER[1]),
        ("违约责任", AFTER[2]),
        ("其他", "".join(_decoys(rng, p)) + AFTER[5]),
    ]
    texts = "".join(_clause(i, *c) for i, c in enumerate([("产品名称、规格、数量、金额", "见上表。"), *clauses]))
    if columns:
        return [_head(p, title) + _goods(rng, p) + f'<div class="columns">{texts}</div>' + _sign(p)]
    return [_head(p, title) + _goods(rng, p) + texts + _sign(p)]


def two_columns(promise: Promise, p: Parties, rng: Random) -> list[str]:
    return flow(promise, p, rng, columns=True)


def page_break(promise: Promise, p: Parties, rng: Random) -> list[str]:
    """The delivery clause begins at the foot of a page and goes on at the head of the next."""
    first, _, second = promise.words.partition("||")
    one = _head(p) + _goods(rng, p) + "".join(_clause(i, "总则", t) for i, t in enumerate(FILLER[:3]))
    one += f'<div class="bottom"><p>{FILLER[3]}</p><p>六、{_delivery_title(rng)}：{written(first, rng)}</p></div>'
    two = (
        f"<p>{written(second, rng)}</p>"
        + _clause(6, "付款方式", _payment(rng, p))
        + _clause(7, "质量保证", AFTER[1])
    )
    two += _clause(8, "其他", "".join(_decoys(rng, p)) + AFTER[5]) + _sign(p)
    return [one, two]


def several_pages(promise: Promise, p: Parties, rng: Random) -> list[str]:
    """Three pages; the promise stands on the second."""
    one = (
        _head(p)
        + _goods(rng, p)
        + "".join(_clause(i, "总则", t + FILLER[(i + 1) % 6]) for i, t in enumerate(FILLER))
    )
    two = _clause(6, _delivery_title(rng), written(promise.words, rng)) if promise.words else ""
    two += _clause(7, "付款方式", _payment(rng, p)) + "".join(f"<p>{t}</p>" for t in AFTER + FILLER)
    three = _clause(8, "其他", "".join(_decoys(rng, p)) + AFTER[5]) + _sign(p)
    return [one, two, three]


def _value(promise: Promise, rng: Random) -> str:
    words = re.sub(r"^(交货日期|交货时间|到货时间|供货期限|完工日期|交（提）货时间)[为：:]?", "", promise.words)
    return written(words.rstrip("。") if len(words) < 30 else words, rng)


def form(promise: Promise, p: Parties, rng: Random) -> list[str]:
    """A form: each label to the left of its value, two pairs a row."""
    made = p.signed - timedelta(days=2)
    rows = (
        ("合同编号", p.contract_no, "签订日期", f"{p.signed:%Y-%m-%d}"),
        ("需方", p.buyer, "供方", p.seller),
        ("付款方式", "月结30天", promise.label, _value(promise, rng)),
        ("报价有效期", f"{p.signed + timedelta(days=15):%Y-%m-%d}", "质保期", "12个月"),
        ("制单日期", f"{made:%Y-%m-%d}", "打印日期", f"{p.signed + timedelta(days=1):%Y-%m-%d}"),
    )
    table = "<table>" + "".join("<tr>" + "".join(f"<td>{c}" for c in row) + "</tr>" for row in rows) + "</table>"
    return [
        f"<h1>采购订单</h1>{table}{_goods(rng, p)}<p>备注：{AFTER[0]}</p><p>{AFTER[2]}</p>{_sign(p, dated=False)}"
    ]


def form_above(promise: Promise, p: Parties, rng: Random) -> list[str]:
    """A form: each label above its value."""
    rows = (
        (("合同号", p.contract_no), ("签约日期", f"{p.signed:%Y-%m-%d}"), ("有效期至", f"{p.signed + timedelta(days=180):%Y-%m-%d}")),
        (("购货单位", p.buyer), ("供货单位", p.seller), ("联系人", "陈志强")),
        (("付款日期", f"{p.signed + timedelta(days=10):%Y-%m-%d}"), (promise.label, _value(promise, rng)), ("交货地点", "买方仓库")),
    )  # fmt: skip
    table = "<table>"
    for row in rows:
        table += "<tr>" + "".join(f"<th>{label}" for label, _ in row) + "</tr>"
        table += "<tr>" + "".join(f"<td>{value}" for _, value in row) + "</tr>"
    return [f"<h1>销售订单确认书</h1>{table}</table>{_goods(rng, p)}<p>{AFTER[3]}</p><p>{AFTER[5]}</p>"]


def order_table(promise: Promise, p: Parties, rng: Random) -> list[str]:
    """Order lines with a date each, or one merged cell for all."""
    goods = rng.sample(GOODS, 3)
    rows = ""
    for i, (name, spec, unit, price) in enumerate(goods):
        n = rng.randrange(5, 60) * 10
        rows += f"<tr><td>{i + 1}<td>{name}<td>{spec}<td>{n}{unit}<td>{price:.2f}<td>{n * price:,.2f}"
        if len(promise.rows) == len(goods):
            rows += f"<td>{promise.rows[i]}"
        elif i == 0:
            rows += f'<td rowspan="{len(goods)}">{promise.rows[0] if promise.rows else ""}'
        rows += "</tr>"
    table = f"<table><tr><th>序号<th>品名<th>规格<th>数量<th>单价<th>金额<th>{promise.label}</tr>{rows}</table>"
    rest = "".join(
        _clause(i, t, b) for i, (t, b) in enumerate((("付款方式", _payment(rng, p)), ("验收", AFTER[0])))
    )
    return [_head(p, "采购合同") + table + rest + f"<p>{rng.choice(_decoys(rng, p))}</p>" + _sign(p)]


def supplement(promise: Promise, p: Parties, rng: Random) -> list[str]:
    """A supplementary agreement: what it changes stands beside what it says now."""
    base = p.signed - timedelta(days=60)
    body = (
        f"<p>甲乙双方于{ymd(base)}签订了编号为{p.contract_no}的《产品购销合同》（以下简称原合同），"
        "现就有关事项达成如下补充协议：</p>"
        f"<p>一、{written(promise.words, rng)}</p><p>二、本补充协议自双方盖章之日起生效，与原合同具有同等法律效力。</p>"
        f"<p>三、{AFTER[4]}</p>"
    )
    return [_head(p, "补充协议") + body + _sign(p)]


def letter(promise: Promise, p: Parties, rng: Random) -> list[str]:
    """An order confirmation written as a letter."""
    body = (
        f"<p>致：{p.buyer}</p><p>贵司{ymd(p.signed - timedelta(days=4))}的订单收悉，现确认如下：</p>{_goods(rng, p)}"
        f"<p>{written(promise.words, rng)}</p><p>以上价格有效期至{ymd(p.signed + timedelta(days=12))}，"
        "请在回签后3日内支付30%定金。</p>"
    )
    return [_head(p, "订单确认函") + body + _sign(p)]


def _english_goods(rng: Random) -> str:
    rows = "".join(
        f"<tr><td>{i}<td>{name}<td>{rng.randrange(5, 60) * 10} {unit}<td>USD {price:.2f}</tr>"
        for i, (name, unit, price) in enumerate(ENGLISH_GOODS, 1)
    )
    return f"<table><tr><th>Item<th>Description<th>Quantity<th>Unit price</tr>{rows}</table>"


def _english_date(day: date, day_first: bool) -> str:
    return f"{day:%d/%m/%Y}" if day_first else f"{day:%b} {day.day}, {day.year}"


def english_flow(promise: Promise, p: Parties, rng: Random) -> list[str]:
    signed = f"{p.signed:%B} {p.signed.day}, {p.signed.year}"
    valid = p.signed + timedelta(days=365)
    texts = [
        f"Contract No.: {p.contract_no}",
        f"Date of signing: {signed}",
        f"The Buyer: {p.buyer}",
        f"The Seller: {p.seller}",
        _english_goods(rng),
        "1. Packing: standard export packing, suitable for sea transport and protected against moisture.",
        f"2. Delivery: {written(promise.words, rng)}"
        if promise.words
        else "2. Place of delivery: the Buyer's warehouse.",
        "3. Payment: 30% deposit by T/T within 5 days after signing, the balance within 30 days after delivery.",
        "4. Warranty: 12 months from the date of acceptance of the goods at the Buyer's works.",
        f"5. Validity: this Contract is valid until {valid:%B} {valid.day}, {valid.year}.",
        "6. Inspection: the Buyer shall inspect the goods within 7 days after arrival and report any defect in writing.",
        f"For the Buyer: ____________ Date: {signed}",
    ]
    return ["<h1 style='letter-spacing:0'>SALES CONTRACT</h1>" + "".join(f"<p>{t}</p>" for t in texts)]


def english_form(promise: Promise, p: Parties, rng: Random) -> list[str]:
    day_first = promise.words.count("/") == 2
    issued = p.signed.replace(day=28) if day_first else p.signed
    rows = (
        ("PO number", p.contract_no, "PO date", _english_date(p.signed, day_first)),
        ("Buyer", p.buyer, "Supplier", p.seller),
        ("Payment terms", "Net 30 days", promise.label, _value(promise, rng)),
        ("Printed on", _english_date(issued, day_first), "Incoterms", "FOB Ningbo"),
    )
    table = "<table>" + "".join("<tr>" + "".join(f"<td>{c}" for c in row) + "</tr>" for row in rows) + "</table>"
    return [
        f"<h1 style='letter-spacing:0'>PURCHASE ORDER</h1>{table}{_english_goods(rng)}"
        "<p>Please quote the purchase order number on all documents. Invoices in duplicate.</p>"
        f"<p>This order may be cancelled if it is not accepted by {_english_date(p.signed + timedelta(days=6), day_first)}.</p>"
    ]


LAYOUTS: dict[str, Callable[[Promise, Parties, Random], list[str]]] = {
    "flow": flow,
    "two_columns": two_columns,
    "page_break": page_break,
    "several_pages": several_pages,
    "form": form,
    "form_above": form_above,
    "order_table": order_table,
    "supplement": supplement,
    "letter": letter,
    "english_flow": english_flow,
    "english_form": english_form,
}
