"""Made-up names, products and order numbers. Combined from word stems, so thousands differ, and from a seed."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random


def _list(text: str) -> list[str]:
    return text.split()


PLACES = _list(
    "上海 北京 广州 深圳 苏州 无锡 宁波 杭州 温州 台州 嘉兴 绍兴 常州 南通 扬州 徐州 合肥 芜湖 福州 "
    "厦门 泉州 南昌 济南 青岛 烟台 潍坊 临沂 郑州 洛阳 武汉 襄阳 长沙 株洲 东莞 佛山 中山 惠州 珠海 "
    "南宁 柳州 重庆 成都 绵阳 贵阳 昆明 西安 宝鸡 兰州 沈阳 大连 长春 哈尔滨 天津 唐山 保定 石家庄 太原 "
    "义乌 昆山 江阴"
)
STEMS = _list(
    "鑫 盛 华 宏 瑞 恒 泰 德 科 凯 利 荣 信 达 通 源 兴 隆 金 宇 博 远 康 佳 美 昌 腾 飞 正 新 东 大 力 "
    "天 诚 顺 永 中 联 创"
)
TRADES = _list(
    "机电 五金 机械 电器 电子 自动化设备 精密模具 紧固件 标准件 轴承 阀门 泵业 液压 气动元件 塑胶制品 "
    "橡塑 包装材料 汽车配件 仪器仪表 电线电缆 照明 新能源 不锈钢制品 铝业 铸造 数控机床 工业装备 "
    "环保科技 建材 纺织机械 医疗器械 农业机械 船舶配件 厨具 卫浴 家具 玩具 食品机械 印刷 冷链设备"
)
FORMS = _list(
    "有限公司 有限公司 有限公司 股份有限公司 有限责任公司 贸易有限公司 实业有限公司 制造厂 集团有限公司 "
    "商行 经营部"
)
BRANCHES = _list("（集团） （中国） （华东） 销售分公司 第二分厂 进出口部 物资供应站 驻外办事处")
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = _list(
    "伟 芳 娜 敏 静 丽 强 磊 军 洋 勇 艳 杰 娟 涛 明 超 霞 平 刚 桂英 建国 志强 海燕 文博 子轩 雨桐 晓东 国庆 玉兰"
)
LATIN_HEADS = _list("Kel Bor Sie Mon Hal Tri Vex Nor Ost Lin Dra Cor Ful Gil Mar Pax")
LATIN_TAILS = _list("van tec mann dor lux berg ton ix flow tron well ford matic")
LATIN_FORMS = ("Co., Ltd.", "GmbH", "Inc.", "& Sons", "Industries", "Pte Ltd", "S.p.A.")

MATERIALS = _list("不锈钢 碳钢 镀锌 黄铜 铝合金 尼龙 铸铁 合金钢 聚氨酯 硅胶 304 316L Q235B 45#")
FEATURES = _list("内六角 外六角 加厚 法兰 快插 耐高温 防爆 双头 单向 可调 大扭矩 微型 防水 重载 静音")
NOUNS = _list(
    "螺栓 螺母 垫圈 轴承座 联轴器 密封圈 球阀 闸阀 减速机 电磁阀 气缸 接头 弯头 链轮 同步带 滑块 导轨 "
    "弹簧 油封 传感器 接触器 断路器 端子排 按钮开关 变频器 伺服电机 水泵 过滤器 压力表 软管 支架 盖板 "
    "把手 脚轮"
)
UNITS = _list("件 件 个 套 只 台 米 公斤 箱 付")
REMARKS = _list(
    "客户自提 加急 按图纸生产 随货附质检报告 含运费 不含税 开13%增值税专用发票 分批交货 包装用木箱 "
    "老客户优惠 唛头按客户要求 送货前电话联系 款到发货 月结30天 颜色同上次 样品已确认 交期不可延误 "
    "需贴条码 附合格证 按上次价格"
)
# Groups that readers of pixels confuse; SKUs are made mostly of these.
LOOK_ALIKES = ("O0QD", "I1l", "B8", "S5", "Z2", "G6")


@dataclass(frozen=True, kw_only=True)
class Product:
    """One thing in the catalogue that orders pick from."""

    sku: str
    name: str
    spec: str
    unit: str
    price: Decimal  # list price, 2 decimals


def person(rng: Random) -> str:
    return rng.choice(SURNAMES) + rng.choice(GIVEN)


def latin_word(rng: Random) -> str:
    return rng.choice(LATIN_HEADS) + rng.choice(LATIN_TAILS)


def customer(rng: Random) -> str:
    """A customer's name; some are long enough to wrap, some mix Latin, brackets and `&` in."""
    brand = rng.choice(STEMS) + rng.choice(STEMS)
    trade, form, place = rng.choice(TRADES), rng.choice(FORMS), rng.choice(PLACES)
    kind = rng.random()
    if kind < 0.60:
        return f"{place}{brand}{trade}{form}"
    if kind < 0.72:
        return f"{place}市{brand}{rng.choice(TRADES)}{trade}{form}{rng.choice(BRANCHES)}"
    if kind < 0.80:
        return f"{brand}{trade}（{place}）{form}"
    if kind < 0.86:
        return f"{latin_word(rng)}·{brand}（{place}）{trade}有限公司"
    if kind < 0.91:
        return f"{latin_word(rng)} & {latin_word(rng)} {rng.choice(LATIN_FORMS)}"
    if kind < 0.94:
        return f"{place}{latin_word(rng).upper()}-{brand}{trade}有限公司[{rng.choice('ABCD')}]"
    if kind < 0.96:
        return f"{brand}・{latin_word(rng)}{trade}(株)"  # U+30FB is not in GBK: goes out as a numeric entity
    return f"{person(rng)}({place}{brand}{rng.choice(('门市部', '五金店', '维修部'))})"


def look_alike(rng: Random, length: int) -> str:
    return "".join(rng.choice(rng.choice(LOOK_ALIKES)) for _ in range(length))


def sku(rng: Random) -> str:
    kind = rng.random()
    if kind < 0.30:
        return f"{rng.choice('ABCDHKMS')}{rng.randrange(10, 99)}-{look_alike(rng, 4)}"
    if kind < 0.50:
        head = f"{rng.randrange(1, 9)}{rng.choice('ESB')}{look_alike(rng, 2)}"
        return f"{head} {rng.randrange(200, 299)}-{look_alike(rng, 5)}"
    if kind < 0.70:
        return f"{rng.randrange(1, 9):02d}.{rng.randrange(1, 40):02d}.{rng.randrange(1, 9999):04d}"
    if kind < 0.85:
        size = f"{rng.choice(('M', 'DN', 'G', 'Z'))}{rng.randrange(3, 80)}"
        return f"{look_alike(rng, 3)}/{size}{rng.choice('lIOBS')}"
    return f"{rng.choice(('CP', 'WL', 'BJ'))}{look_alike(rng, 2)}{rng.randrange(1000, 99999):05d}"


def spec(rng: Random) -> str:
    kind = rng.random()
    if kind < 0.4:
        return f"M{rng.choice((4, 5, 6, 8, 10, 12, 16, 20))}×{rng.randrange(10, 200, 5)}"
    if kind < 0.6:
        return f"Φ{rng.randrange(10, 120)}×{rng.randrange(1, 12)}mm"
    if kind < 0.8:
        return f"DN{rng.choice((15, 20, 25, 32, 40, 50, 80, 100))} PN{rng.choice((6, 10, 16, 25))}"
    return f"AC{rng.choice((24, 110, 220, 380))}V {rng.randrange(1, 75)}W" if kind < 0.92 else ""


def catalogue(rng: Random, size: int) -> list[Product]:
    """`size` products with distinct SKUs."""
    products: dict[str, Product] = {}
    while len(products) < size:
        code = sku(rng)
        name = rng.choice(MATERIALS) + rng.choice(FEATURES) + rng.choice(NOUNS)
        cents = rng.choice((rng.randrange(5, 900), rng.randrange(900, 50_000), rng.randrange(50_000, 900_000)))
        products[code] = Product(
            sku=code, name=name, spec=spec(rng), unit=rng.choice(UNITS), price=Decimal(cents) / 100
        )
    return list(products.values())


def remark(rng: Random) -> str:
    """Empty, short, or long enough for its cell to cut it."""
    kind = rng.random()
    if kind < 0.45:
        return ""
    if kind < 0.75:
        return rng.choice(REMARKS)
    parts = rng.sample(REMARKS, rng.randrange(2, 6))
    text = "，".join(parts)
    if kind < 0.92:
        return text
    return f"{text}（{person(rng)} 1{rng.randrange(30, 99)}{rng.randrange(10**7, 10**8)}）"


def order_number(rng: Random, day: date, serial: int) -> str:
    """One of the styles that six systems' histories leave behind in one list. `serial` keeps them apart."""
    kind = rng.random()
    if kind < 0.30:
        return f"SO-{10_000 + serial:06d}"
    if kind < 0.55:
        return f"XS{day:%Y%m}-{serial % 1000:03d}"
    if kind < 0.62:
        return f"XS{day:%Y%m}-{serial % 1000:03d}-R{rng.randrange(1, 4)}"
    if kind < 0.76:
        return f"HT{day:%y%m}/{rng.choice('ABDSZ')}{serial % 1000:03d}"
    if kind < 0.88:
        return f"DD{day:%Y%m%d}O{serial % 100:02d}"
    return f"{day:%Y%m%d}{serial % 10_000:04d}"
