"""Made-up parties and goods, and the boilerplate around a delivery clause, in wording of our own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from random import Random

PLACES = ("东莞", "宁波", "昆山", "佛山", "温州", "青岛", "常州", "嘉兴", "无锡", "中山", "台州", "珠海")
STEMS = ("恒瑞", "华锦", "宏达", "立信", "鼎盛", "天成", "金桥", "博远", "广顺", "凯泰", "明辉", "新锐")
TRADES = ("机电设备", "五金制品", "塑胶科技", "精密机械", "电子材料", "包装制品", "轴承", "阀门")
FORMS = ("有限公司", "股份有限公司", "贸易有限公司", "实业有限公司")
GOODS = (
    ("不锈钢球阀", "DN50 PN16", "只", 186), ("深沟球轴承", "6205-2RS", "套", 12), ("铝合金外壳", "AL-220B", "件", 45),
    ("伺服电机", "SM-750W", "台", 1280), ("注塑模具", "M-0317", "套", 38000), ("瓦楞纸箱", "600×400×350", "个", 6),
    ("减速机", "RV063", "台", 690), ("电缆", "YJV 3×25", "米", 58), ("滚珠丝杠", "SFU1605-500", "根", 240),
)  # fmt: skip
ENGLISH_FIRMS = (
    "Northgate Tools Ltd.",
    "Brandt Maschinen GmbH",
    "Pacific Crest Supply Inc.",
    "Harlow & Finch Ltd.",
)
ENGLISH_SELLERS = (
    "Ningbo Hengrui Valve Co., Ltd.",
    "Dongguan Lixin Hardware Co., Ltd.",
    "Kunshan Boyuan Co., Ltd.",
)
ENGLISH_GOODS = (
    ("Ball valve DN50", "pcs", 18.5), ("Bearing 6205-2RS", "sets", 1.2), ("Gear reducer RV063", "pcs", 64),
)  # fmt: skip
BEFORE = (
    "产品质量按国家标准 GB/T 1804-2000 及双方确认的图纸执行，卖方对所供产品的质量负责。",
    "包装应适合长途运输，防潮、防锈、防震，包装费用由卖方承担，包装物不回收。",
    "运输方式为公路汽运，运费由卖方承担，货物送至买方指定仓库，卸货由买方负责。",
)
AFTER = (
    "买方应在收到货物之日起7日内完成验收，逾期未提出书面异议的视为合格。",
    "产品质量保证期为验收合格之日起12个月，质保期内出现质量问题由卖方免费维修或更换。",
    "卖方逾期交货的，每逾期一日按逾期部分货款的0.5%支付违约金，违约金总额不超过合同总价的10%。",
    "因不可抗力不能履行合同的，受影响一方应在3日内书面通知对方，并在15日内提供有效证明。",
    "本合同在履行中发生争议，由双方协商解决；协商不成的，向合同签订地人民法院起诉。",
    "本合同一式两份，双方各执一份，自双方盖章之日起生效，传真件与原件具有同等效力。",
)
FILLER = (
    "卖方应按买方确认的样品组织生产，未经买方书面同意不得变更材料、工艺和主要外购件的品牌。",
    "双方对在合作中获悉的对方技术资料和商业秘密负有保密义务，未经许可不得向第三方披露。",
    "货物所有权自买方签收之时起转移，签收之前毁损灭失的风险由卖方承担。",
    "卖方应随货提供产品合格证、出厂检验报告、装箱单各一份，缺少文件的买方有权暂缓验收。",
    "任何一方变更联系人、地址或者银行账户，应当提前书面通知对方，否则责任自负。",
    "未尽事宜由双方另行协商并签订书面协议，书面协议与本合同具有同等效力。",
)
CHINESE_DIGITS = "〇一二三四五六七八九"


@dataclass(frozen=True, kw_only=True)
class Parties:
    buyer: str
    seller: str
    contract_no: str
    signed: date


def parties(rng: Random, signed: date) -> Parties:
    def firm() -> str:
        return rng.choice(PLACES) + rng.choice(STEMS) + rng.choice(TRADES) + rng.choice(FORMS)

    buyer, seller = firm(), firm()
    while seller[:4] == buyer[:4]:
        seller = firm()
    number = (
        rng.choice(("XS", "HT", "CG-", "PO"))
        + f"{signed:%Y%m}"
        + rng.choice(("", "-"))
        + f"{rng.randrange(1, 400):03d}"
    )
    return Parties(buyer=buyer, seller=seller, contract_no=number, signed=signed)


def english_parties(rng: Random, signed: date) -> Parties:
    number = f"PO-{signed:%y}{rng.randrange(1000, 9999)}"
    return Parties(
        buyer=rng.choice(ENGLISH_FIRMS), seller=rng.choice(ENGLISH_SELLERS), contract_no=number, signed=signed
    )


def ymd(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def chinese(day: date) -> str:
    """二〇二六年三月十五日."""
    return "".join(CHINESE_DIGITS[int(c)] for c in str(day.year)) + f"年{small(day.month)}月{small(day.day)}日"


def small(number: int) -> str:
    """1..99 in Chinese."""
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else ("十" if tens == 1 else CHINESE_DIGITS[tens] + "十")
    return head + (CHINESE_DIGITS[ones] if ones else "")
