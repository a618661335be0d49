"""What stands around the lists: the frames, the banner, the menu tree, the welcome page, announcements."""

from dataclasses import dataclass

from starlette.responses import Response

from samples.erp import html
from samples.erp.visit import Visit


@dataclass(frozen=True)
class Node:
    """A branch of the menu (with children) or an entry (with a page)."""

    text: str
    page: str = ""
    children: tuple["Node", ...] = ()


MENU = (
    Node("系统首页", "welcome.asp"),
    Node("采购管理", children=(Node("采购订单列表", "stub.asp?m=1"), Node("采购入库单", "stub.asp?m=2"))),
    Node(
        "销售管理",
        children=(
            Node("订单录入", children=(Node("新建销售订单", "order_new.asp"), Node("导入订单", "stub.asp?m=3"))),
            Node(
                "订单查询",
                children=(
                    Node("销售订单列表", "order_list.asp"),
                    Node("销售订单列表(表格框)", "order_box.asp"),
                    Node("销售订单列表(图形)", "order_canvas.asp"),
                    Node("销售订单明细", "order_lines.asp"),
                    Node("已关闭订单", "order_closed.asp"),
                ),
            ),
            Node("销售报表", children=(Node("销售汇总表", "stub.asp?m=4"), Node("业务员业绩表", "stub.asp?m=5"))),
        ),
    ),
    Node("库存管理", children=(Node("库存查询", "stub.asp?m=6"), Node("出库单", "stub.asp?m=7"))),
    Node("往来账款", children=(Node("应收账款", "stub.asp?m=8"), Node("应付账款", "stub.asp?m=9"))),
    Node("系统设置", children=(Node("修改密码", "stub.asp?m=10"), Node("数据备份", "stub.asp?m=11"))),
)


def frames(visit: Visit) -> Response:
    opens = visit.world.variants.popup in ("both", "window") and not visit.session.announced
    visit.session.announced = True
    return html.page("main.html", opens_notice=opens)


def banner(visit: Visit) -> Response:
    asks = visit.world.variants.confirm == "on"
    return html.page("top.html", user=visit.session.user, today=_today(visit), asks=asks)


def menu(visit: Visit) -> Response:
    return html.page("menu.html", nodes=MENU)


def welcome(visit: Visit) -> Response:
    book = visit.world.book
    waiting = sum(order.status == "待审核" for order in book.in_scope("open"))
    return html.page(
        "welcome.html", layer=shows_layer(visit), user=visit.session.user, today=_today(visit), waiting=waiting
    )


def notice(visit: Visit) -> Response:
    return html.page("notice.html")


def stub(visit: Visit) -> Response:
    return html.message("您没有该模块的操作权限")


def shows_layer(visit: Visit) -> bool:
    """Whether a page of the main frame is covered by the announcement, as it is until somebody closes it."""
    return visit.world.variants.popup in ("both", "div") and not visit.notice_read


def _today(visit: Visit) -> str:
    day = visit.world.book.clock
    return f"{day.year}年{day.month}月{day.day}日 星期{'一二三四五六日'[day.weekday()]}"
