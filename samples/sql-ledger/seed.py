#!/usr/bin/env python3
"""Deterministic seed for SQL-Ledger: prints one SQL transaction.

    python3 seed.py > seed.sql

Standard library only. The same text always comes out (fixed RNG seed). 126 sales orders: 118 open, 8 closed.
"""

import datetime as dt
import random
from decimal import ROUND_HALF_UP, Decimal

R = random.Random(20240613)
CENT = Decimal("0.01")
CLOSED = {3, 9, 17, 22, 41, 58, 77, 101}  # by place in the order of dates
COUNT = 126
FIRST_ID = 20000
START, END = dt.date(2024, 1, 2), dt.date(2024, 6, 28)

CUSTOMERS = [
    ("C0001", "上海浦东机电设备有限公司", "CNY"),
    ("C0002", "苏州工业园区恒力精密机械有限公司", "CNY"),
    ("C0003", "广州市番禺区大石宏达五金厂", "CNY"),
    ("C0004", "深圳华强北电子商行", "CNY"),
    ("C0005", "宁波北仑港务机械维修服务中心", "CNY"),
    ("C0006", "天津滨海新区泰达物流集团股份有限公司", "CNY"),
    ("C0007", "青岛啤酒厂（二厂）设备科", "CNY"),
    ("C0008", "重庆两江新区嘉陵摩托配件经营部", "CNY"),
    ("C0009", "武汉东湖高新光谷激光技术有限责任公司", "CNY"),
    ("C0010", "沈阳铁西重型机器厂", "CNY"),
    ("C0011", "成都锦江宾馆工程部", "CNY"),
    ("C0012", "西安飞行器自动控制研究所", "CNY"),
    ("C0013", "厦门湖里区金龙客车备件公司", "CNY"),
    ("C0014", "长沙中联路畅科技有限公司", "CNY"),
    ("C0015", "昆明滇池水务运营管理有限公司", "CNY"),
    ("C0016", "哈尔滨轴承集团公司", "CNY"),
    ("C0017", "佛山市顺德区美的配套一分厂", "CNY"),
    ("C0018", "温州瓯海鑫鑫阀门厂（普通合伙）", "CNY"),
    ("C0019", "兰州石化公司物资供应处", "CNY"),
    ("C0020", "南京钟山实验学校", "CNY"),
    ("C0021", "O'Brien & Sons Hydraulics Ltd.", "USD"),
    ("C0022", "Müller Fördertechnik GmbH", "EUR"),
    ("C0023", "Pacific Rim Trading Co., Inc.", "USD"),
    ("C0024", "株式会社イシダ工機", "USD"),
]
PARTS = [
    ("ZC-6204-2RS", "深沟球轴承 6204-2RS", "个", "12.50"),
    ("ZC-6308-ZZ", "深沟球轴承 6308-ZZ", "个", "38.60"),
    ("DJ-Y112M-4", "三相异步电动机 Y112M-4 4kW", "台", "1180.00"),
    ("DJ-YE3-160L", "高效电动机 YE3-160L-4 15kW", "台", "3965.00"),
    ("BP-VFD-7.5", "变频器 7.5kW 380V", "台", "2240.00"),
    ("BP-VFD-22", "变频器 22kW 380V", "台", "5480.00"),
    ("JS-RV75-30", "蜗轮减速机 RV75 速比30", "台", "468.00"),
    ("JS-R87", "斜齿轮减速机 R87", "台", "3120.00"),
    ("FM-DN50", "不锈钢球阀 DN50 PN16", "只", "186.00"),
    ("FM-DN100", "法兰闸阀 DN100 PN16", "只", "425.00"),
    ("XL-YJV-3X25", "电力电缆 YJV 3*25+1*16", "米", "87.35"),
    ("XL-BVR-2.5", "铜芯软线 BVR 2.5平方", "卷", "198.00"),
    ("PLC-S7-1200", "可编程控制器 S7-1200 CPU1214C", "套", "2680.00"),
    ("CG-PT100", "铂热电阻 PT100 三线制", "支", "65.80"),
    ("CG-M18-NPN", "接近开关 M18 NPN 常开", "只", "32.40"),
    ("QD-SC63X100", "标准气缸 SC63X100", "支", "215.00"),
    ("YY-CBN-F306", "齿轮油泵 CBN-F306", "台", "356.00"),
    ("MF-O-RING", "氟橡胶O型圈 套装382件", "盒", "48.90"),
]
SALESMEN = [
    ("E01", "张伟", "zhangwei"),
    ("E02", "李娜", None),
    ("E03", "王芳", None),
    ("E04", "Tom Becker", "tom"),
]
DESCR = [
    None,
    None,
    None,
    "设备科急单",
    "年度框架合同第2批",
    "含税含运费，货到验收后30天付款",
    "大修备件",
    "二期技改项目用料（请与6月批次合并发货）",
    "样品",
    "补发上月短缺",
    "Spare parts, consolidate with next vessel",
    "按图纸BJ-03加工",
    "客户自提",
    "维修更换",
    "展会订单",
    "水泵房改造",
    "紧急：停机待料，请当天发出",
]
SHIPVIA = ["德邦物流", "顺丰速运", "自提", "专车", "中通快运", None]
NOTES = [None, None, None, "发票随货", "需提供合格证及检测报告", "包装注意防潮"]


FX = {"CNY": Decimal(1), "USD": Decimal("7.1"), "EUR": Decimal("7.8")}


class Sql(str):
    """A piece of SQL that goes out as it stands."""


def account(number):
    return Sql(f"(SELECT id FROM chart WHERE accno='{number}')")


def quoted(value):
    """One value as SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "'t'" if value else "'f'"
    if isinstance(value, int | Decimal | Sql):
        return str(value)
    if isinstance(value, dt.date):
        return f"'{value.isoformat()}'"
    return "'" + value.replace("'", "''") + "'"


def insert(table, **row):
    print(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({','.join(quoted(v) for v in row.values())});")


def order_number(i, day):
    """Three generations of numbering that a real migrated shop would show."""
    if i < 30:
        return f"SO-{10480 + i * 7:06d}"
    if i < 95:
        base = f"XS{day:%Y%m}-{R.randint(1, 980):03d}"
        return base + "-R1" if R.random() < 0.08 else base
    return f"HT{day:%y%m}/{R.choice(['B8', 'S5', 'O0', 'I1', 'Z2'])}{i - 60:02d}"


def staff():
    """Ids by employee number."""
    ids = {}
    for i, (number, name, login) in enumerate(SALESMEN, FIRST_ID):
        ids[number] = i
        insert(
            "employee",
            id=i,
            login=login,
            name=name,
            employeenumber=number,
            sales=True,
            startdate=dt.date(2020, 1, 1),
        )
    return ids


def customers(first_id):
    """Ids by customer number."""
    ids = {}
    for i, (number, name, curr) in enumerate(CUSTOMERS, first_id):
        ids[number] = i
        insert(
            "customer", id=i, name=name, customernumber=number, curr=curr, terms=30, taxincluded=False,
            startdate=dt.date(2019, 3, 1), arap_accno_id=account(1200), payment_accno_id=account(1061),
        )  # fmt: skip
        insert("address", trans_id=i, address1=f"工业路{i % 200}号", country="中国")
        if curr == "CNY":
            insert("customertax", customer_id=i, chart_id=account(2310))
    return ids


def parts(first_id):
    """Ids by part number."""
    ids = {}
    for i, (number, name, unit, price) in enumerate(PARTS, first_id):
        ids[number] = i
        insert(
            "parts", id=i, partnumber=number, description=name, unit=unit, listprice=Decimal(price),
            sellprice=Decimal(price), lastcost=Decimal(price) * Decimal("0.7"), inventory_accno_id=account(1520),
            income_accno_id=account(4020), expense_accno_id=account(5020),
        )  # fmt: skip
        insert("partstax", parts_id=i, chart_id=account(2310))
    return ids


def items_of(fx):
    """(part, quantity, price in the order's currency) for each line of one order."""
    items = []
    for part in R.sample(PARTS, R.choice([1, 1, 2, 2, 3, 4])):
        price = Decimal(part[3])
        if fx != 1:
            price = (price / fx).quantize(CENT, ROUND_HALF_UP)
        big = R.random() < 0.06
        items.append(
            (part, R.randint(150, 900) if big else R.choice([1, 2, 3, 4, 5, 6, 8, 10, 12, 20, 24, 50]), price)
        )
    return items


def order(i, order_id, day, numbers, staff_ids, customer_ids, part_ids):
    """One sales order. The calls of R stand in a fixed order: another one makes other data."""
    number = order_number(i, day)
    while number in numbers:
        number = order_number(i, day)
    numbers.add(number)
    customer, _, curr = R.choice(CUSTOMERS)
    fx = FX[curr]
    items = items_of(fx)
    net = sum((price * count for _, count, price in items), Decimal(0)).quantize(CENT)
    tax = (net * Decimal("0.13")).quantize(CENT, ROUND_HALF_UP) if curr == "CNY" else Decimal(0)
    required = (
        None if R.random() < 0.08 else day + dt.timedelta(days=R.choice([0, 3, 5, 7, 10, 14, 15, 21, 30, 45]))
    )
    employee = staff_ids[R.choice(SALESMEN)[0]]
    purchase = None if R.random() < 0.4 else f"PO{R.randint(100, 99999):05d}"
    insert(
        "oe", id=order_id, ordnumber=number, transdate=day, reqdate=required, customer_id=customer_ids[customer],
        amount=net + tax, netamount=net, taxincluded=False, curr=curr, employee_id=employee, closed=i in CLOSED,
        quotation=False, shipvia=R.choice(SHIPVIA), notes=R.choice(NOTES), ponumber=purchase, terms=30,
        description=R.choice(DESCR), exchangerate=fx, intnotes="", shippingpoint="上海仓",
    )  # fmt: skip
    if curr != "CNY":
        print(
            f"INSERT INTO exchangerate (curr, transdate, exchangerate) SELECT {quoted(curr)},{quoted(day)},{fx} "
            f"WHERE NOT EXISTS (SELECT 1 FROM exchangerate WHERE curr={quoted(curr)} AND transdate={quoted(day)});"
        )
    for part, count, price in items:
        insert(
            "orderitems", trans_id=order_id, parts_id=part_ids[part[0]], description=part[1], qty=count,
            sellprice=price, discount=0, unit=part[2], reqdate=required, ship=0,
        )  # fmt: skip


def main():
    print("BEGIN;")
    print("DELETE FROM orderitems; DELETE FROM oe; DELETE FROM customertax; DELETE FROM partstax;")
    print("DELETE FROM customer; DELETE FROM parts; DELETE FROM employee; DELETE FROM exchangerate;")
    print(f"UPDATE tax SET rate = 0.13 WHERE chart_id = {account(2310)};")
    print(f"SELECT setval('id', {FIRST_ID}, false);")
    staff_ids = staff()
    customer_ids = customers(FIRST_ID + len(SALESMEN))
    part_ids = parts(FIRST_ID + len(SALESMEN) + len(CUSTOMERS))
    first = FIRST_ID + len(SALESMEN) + len(CUSTOMERS) + len(PARTS)
    days = sorted(START + dt.timedelta(days=R.randint(0, (END - START).days)) for _ in range(COUNT))
    numbers = set()
    for i, day in enumerate(days):
        order(i, first + i, day, numbers, staff_ids, customer_ids, part_ids)
    print(f"SELECT setval('id', {first + COUNT + 1000}, false);")
    print(
        "INSERT INTO defaults (fldname, fldvalue) SELECT 'sonumber', 'HT2407/A001' "
        "WHERE NOT EXISTS (SELECT 1 FROM defaults WHERE fldname='sonumber');"
    )
    print("COMMIT;")


main()
