"""Words of order lists from large generators with fixed seeds, so that no reader can know them beforehand.

Chinese names are made of the 3,755 commonest characters (GB 2312 level 1), codes of patterns that companies use.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

COMMON = [
    bytes((a, b)).decode("gb2312") for a in range(0xB0, 0xD8) for b in range(0xA1, 0xFF) if (a, b) < (0xD7, 0xFA)
]
"""GB 2312 level 1, in its order (by pinyin)."""
PLACES = [
    "上海",
    "北京",
    "深圳",
    "广州",
    "苏州",
    "宁波",
    "东莞",
    "青岛",
    "杭州",
    "无锡",
    "佛山",
    "温州",
    "厦门",
    "天津",
    "重庆",
    "成都",
    "武汉",
    "长沙",
    "合肥",
    "郑州",
    "西安",
    "沈阳",
]
TRADES = [
    "机械",
    "电子",
    "五金",
    "塑胶",
    "纺织",
    "化工",
    "模具",
    "包装",
    "轴承",
    "仪器",
    "建材",
    "食品",
    "家具",
    "汽配",
    "阀门",
    "电缆",
    "玻璃",
    "陶瓷",
    "印刷",
    "紧固件",
]
FORMS = ["有限公司", "有限责任公司", "股份有限公司", "厂", "经营部", "贸易行"]
LATIN_NAMES = [
    "Acme",
    "Nordic",
    "Baltic",
    "Orion",
    "Helix",
    "Kestrel",
    "Lumen",
    "Summit",
    "Delta",
    "Harbor",
    "Quartz",
    "Vertex",
]
LATIN_FORMS = ["GmbH", "Ltd.", "Inc.", "B.V.", "S.p.A.", "Co.,Ltd"]
GOODS = [
    "轴承",
    "螺栓",
    "法兰",
    "垫片",
    "电机",
    "阀体",
    "接头",
    "软管",
    "支架",
    "滤芯",
    "开关",
    "端子",
    "弹簧",
    "齿轮",
    "导轨",
    "外壳",
    "密封圈",
    "线束",
    "散热片",
    "联轴器",
]
KINDS = ["不锈钢", "黄铜", "铝合金", "尼龙", "加长", "微型", "重型", "防水", "耐高温", "镀锌", "精密", "通用"]
STATUS = ["待审核", "已审核", "生产中", "部分发货", "已发货", "已完成", "已关闭", "已取消"]
REMARKS = [
    "加急",
    "客户自提",
    "含税",
    "分两批发货",
    "附检验报告",
    "送货上门",
    "月结30天",
    "唛头按附件",
    "先发样品",
    "电话确认后发货",
]
HOSTILE_NAME = "干千申审鑫盘己已巳未末土士日曰人入八天夫大太王玉田由甲贝见刀力"
HOSTILE_CODE = ("O0QD", "I1l|", "S5", "B8", "Z2", "G6")


def customer(r: random.Random, *, hostile: bool) -> str:
    if r.random() < 0.12:
        second = r.choice(COMMON) if r.random() < 0.1 else r.choice(LATIN_NAMES)
        return f"{r.choice(LATIN_NAMES)} {second} {r.choice(LATIN_FORMS)}"
    name = "".join(r.choice(COMMON) for _ in range(r.choice((2, 2, 3))))
    if hostile and r.random() < 0.5:
        name = "".join(r.choice(HOSTILE_NAME) for _ in range(2))
    out = f"{r.choice(PLACES)}{name}{r.choice(TRADES)}{r.choice(FORMS)}"
    if r.random() < 0.08:
        out += f"({r.choice(PLACES)})" if r.random() < 0.5 else f"（{r.choice(PLACES)}）"
    return out


def product(r: random.Random, *, hostile: bool) -> str:
    out = f"{r.choice(KINDS)}{r.choice(COMMON) if r.random() < 0.2 else ''}{r.choice(GOODS)}"
    sizes = (
        f"M{r.randint(3, 30)}×{r.randint(8, 120)}",
        f"DN{r.choice((15, 20, 25, 32, 40, 50, 80))}",
        f"{r.randint(1, 99)}kW",
        f"{r.randint(10, 999)}mm",
        f"Φ{r.randint(4, 90)}",
        f"{r.randint(1, 9)}.{r.randint(1, 9)}L",
    )
    size = r.choice(sizes)
    gap = " " if r.random() < 0.5 else ""
    if hostile:
        if r.random() < 0.15:
            gap = "  "
        if r.random() < 0.2:
            size = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in size)
        if r.random() < 0.3:
            out = r.choice(HOSTILE_NAME) + out
    return f"{out}{gap}{size}"


def sku(r: random.Random, style: int, *, hostile: bool) -> str:
    if hostile and r.random() < 0.25:
        return "".join(r.choice(r.choice(HOSTILE_CODE)) for _ in range(r.randint(6, 10)))
    letters = "ABCDEFGHJKLMNPQRSTUVWXYZIO"
    if style == 0:
        return f"{r.choice(letters)}{r.choice(letters)}-{r.randint(1000, 99999)}"
    if style == 1:
        return f"{r.randint(10, 99)}.{r.randint(100, 999)}.{r.randint(1, 9999):04d}"
    if style == 2:
        start = "".join(r.choice(letters) for _ in range(3))
        return f"{start}{r.randint(10, 999)}{r.choice(letters)}/{r.randint(1, 20)}"
    return f"{r.choice(('CP', 'WL', 'BJ', 'YL'))}{r.randint(0, 999999):06d}"


def order_number(r: random.Random, style: int, day: date, n: int) -> str:
    return (f"SO{day:%Y%m%d}{n:04d}", f"XS-{day:%y%m}-{n:05d}", f"{day:%Y}{n:07d}", f"DD{day:%y%m%d}{n:03d}")[
        style
    ]


def phone(r: random.Random) -> str:
    if r.random() < 0.3:
        return f"0{r.randint(10, 999)}-{r.randint(2000000, 89999999)}"
    return f"1{r.choice('3456789')}{r.randint(0, 999999999):09d}"


def contract(r: random.Random, style: int, day: date) -> str:
    styles = (
        f"HT-{day:%Y}-{r.randint(1, 9999):04d}",
        f"{day:%Y}销字第{r.randint(1, 999):03d}号",
        f"C{day:%y%m}{r.randint(100, 999)}",
    )
    return styles[style]


def remark(r: random.Random) -> str:
    if r.random() < 0.45:
        return ""
    words = [r.choice(REMARKS)]
    if r.random() < 0.4:
        words.append("".join(r.choice(COMMON) for _ in range(r.randint(2, 6))))
    return "，".join(words)


def day_between(r: random.Random, first: date, days: int) -> date:
    return first + timedelta(days=r.randrange(days))


def money(r: random.Random, digits: int) -> Decimal:
    return Decimal(r.randint(1, 10**digits)) / 100


def pick(r: random.Random, words: Sequence[str]) -> str:
    return words[r.randrange(len(words))]
