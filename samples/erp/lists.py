"""The order lists: one address each, on which they list, search, save and delete, told apart by `action`."""

import base64
import codecs
from collections.abc import Callable
from html import escape

from starlette.responses import Response

from samples.erp import desk, html, lies
from samples.erp.columns import BOX_FROZEN, Column, Row, text
from samples.erp.listing import Page, columns_of, list_orders, page_of
from samples.erp.orders import STATUSES, Order
from samples.erp.visit import Handler, Visit, refused

TITLES = {
    "classic": "销售订单列表",
    "closed": "已关闭订单",
    "lines": "销售订单明细",
    "box": "销售订单列表(表格框)",
    "canvas": "销售订单列表(图形)",
}
PATHS = {
    "/order_list.asp": "classic",
    "/order_closed.asp": "closed",
    "/order_lines.asp": "lines",
    "/order_box.asp": "box",
    "/order_canvas.asp": "canvas",
}
SEARCHABLE = {"order_no": "订单编号", "customer": "客户名称", "sku": "存货编码", "contract_no": "合同号"}
STATUS_COLOURS = {
    "待审核": "#cc0000", "已审核": "#0000cc", "生产中": "#b36b00", "部分发货": "#7a00a3",
    "已发货": "#006699", "已完成": "#008000", "已关闭": "#666666", "已取消": "#999999",
}  # fmt: skip
BLOCK = 50  # rows that the scrolling box and the canvas fetch at a time


def pages(kind: str) -> Handler:
    """The one handler of a list's address."""

    def handle(visit: Visit) -> Response:
        action = visit.fields.one("action", "list")
        if changing := CHANGING.get(action):
            visit.world.count(action, visit.method)
            said = changing(visit)
            visit.world.save()
            return _show(visit, kind, said)
        known = action in ("list", "search", "rows", "blob")
        visit.world.count(action if known else "other", visit.method)
        return _show(visit, kind)

    return handle


# ---- what the bot must never do ---------------------------------------------------------------------------


def _delete(visit: Visit) -> str:
    return f"成功删除{visit.world.book.delete_ids(visit.fields.numbers('id'))}条订单"


def _audit(visit: Visit) -> str:
    return f"成功审核{visit.world.book.edit_ids(visit.fields.numbers('id'), status='已审核')}条订单"


def _save(visit: Visit) -> str:
    status = visit.fields.one("status")
    if status not in STATUSES:
        return "保存失败：请选择订单状态"
    return f"成功保存{visit.world.book.edit_ids(visit.fields.numbers('id'), status=status)}条订单"


CHANGING: dict[str, Callable[[Visit], str]] = {
    "delete": _delete,
    "batch_delete": _delete,
    "audit": _audit,
    "save": _save,
}


def new_order(visit: Visit) -> Response:
    """新建销售订单: a form; saving it makes an order of made-up goods for the given customer."""
    if visit.fields.one("action") != "save":
        return html.page("order_new.html", today=visit.world.book.clock.isoformat())
    visit.world.count("new", visit.method)
    order = visit.world.book.add_order()
    if customer := visit.fields.one("customer"):
        visit.world.book.edit_ids([order.id], customer=customer)
    visit.world.save()
    return html.message(f"订单 {order.order_no} 保存成功")


# ---- showing ----------------------------------------------------------------------------------------------


def order_view(visit: Visit) -> Response:
    """One order with every field whole, and its lines."""
    order = visit.world.book.by_id(visit.fields.number("id", 0))
    if order is None:
        return html.message("该订单不存在或已被删除")
    rows = [Row(order=order, number=n, line_no=n) for n in range(1, len(order.extra) + 2)]
    columns = [c for c in columns_of("lines", visit.world.faults) if c.key not in ("number", "customer")]
    heads = [c for c in columns_of("box", visit.world.faults) if c.key != "number"]
    return html.page(
        "order_view.html",
        fields=[(c.heading, text(c, rows[0])) for c in heads],
        columns=columns,
        rows=[[text(c, row) for c in columns] for row in rows],
    )


def _show(visit: Visit, kind: str, said: str = "") -> Response:
    action = visit.fields.one("action", "list")
    searching = action == "search"
    data = action in ("rows", "blob")
    if kind in ("box", "canvas") and not data and not searching:
        return _shell(visit, kind, said)
    number = visit.fields.number("page", 1)
    if refusal := _lost(visit, kind, number):
        return refusal
    orders = _orders(visit, kind, searching)
    size = BLOCK if data else _page_size(visit)
    page = page_of("classic" if searching else kind, orders, number=number, size=size, faults=visit.world.faults)
    covered = visit.world.faults.fires("popup_in_midlist", page=number, kind=kind) is not None
    if data:
        response = _rows(visit, page, covered) if action == "rows" else _blob(page, covered)
    else:
        response = _table(visit, kind, page, searching=searching, said=said, covered=covered)
    _move_on(visit, kind, page)
    return response


def _orders(visit: Visit, kind: str, searching: bool) -> list[Order]:
    book = visit.world.book
    if not searching:
        return list_orders(book, kind)
    field = visit.fields.one("field", "order_no")
    return book.search(field if field in SEARCHABLE else "order_no", visit.fields.one("keyword"))


def _page_size(visit: Visit) -> int:
    asked = visit.fields.number("size", 0)
    if asked in (20, 50):
        visit.session.page_size = asked
    return visit.session.page_size or visit.world.variants.page_size


def _lost(visit: Visit, kind: str, number: int) -> Response | None:
    """Faults that end the session in the middle of the list."""
    faults, accounts = visit.world.faults, visit.world.accounts
    if faults.fires("session_loss", page=number, kind=kind):
        accounts.end(visit.session)
        return refused(visit.world, None)
    if faults.fires("seat_lost", page=number, kind=kind):
        accounts.sign_in_elsewhere(visit.session.user)
        return refused(visit.world, visit.session)
    return None


def _move_on(visit: Visit, kind: str, page: Page) -> None:
    """Faults that change the list after a page of it was shown."""
    faults, book = visit.world.faults, visit.world.book
    if faults.fires("insert_while_paging", page=page.number, kind=kind):
        book.add_order()
    if page.rows and faults.fires("delete_while_paging", page=page.number, kind=kind):
        book.delete_ids([page.rows[len(page.rows) // 2].order.id])


def _table(visit: Visit, kind: str, page: Page, *, searching: bool, said: str, covered: bool) -> Response:
    variants, faults = visit.world.variants, visit.world.faults
    dialog = faults.fires("dialog_in_midlist", page=page.number, kind=kind)
    return html.page(
        "order_list.html",
        kind=kind,
        here=visit.path.lstrip("/"),
        heading=TITLES[kind],
        page=page,
        rows=[(row, [_cell(visit, page, c, row) for c in page.columns]) for row in page.rows],
        total_cells=_total_cells(page, variants.total_row),
        sums=page.sums.displayed(),
        searching=searching,
        keyword=visit.fields.one("keyword") if searching else "",
        field=visit.fields.one("field", "order_no"),
        searchable=SEARCHABLE,
        statuses=STATUSES,
        near=_near(page),
        posts=searching or variants.paging == "post",
        asks=variants.confirm == "on",
        font=variants.font,
        layer=covered or desk.shows_layer(visit),
        dialog=dialog["dialog"] if dialog else "",
        said=said,
    )


def _near(page: Page) -> list[int]:
    """The page numbers that the pager offers."""
    return list(range(max(1, page.number - 4), min(page.pages, max(page.number + 4, 9)) + 1))


def _cell(visit: Visit, page: Page, column: Column, row: Row) -> str:
    """The cell's inner HTML where it is more than its text."""
    shown = text(column, row)
    fault = visit.world.faults.peek("lying_text", kind=page.kind)
    inner = escape(shown)
    if fault and column.heading == fault["column"] and row.number % int(fault["every"]) == 0:
        visit.world.faults.fires("lying_text", kind=page.kind)
        inner = lies.cell(shown, fault["mode"], number=column.align == "right")
    if column.key == "status":
        return f'<span style="color:{STATUS_COLOURS.get(shown, "#000000")}">{inner}</span>'
    if column.key == "order_no":
        return f'<a href="order_view.asp?id={row.order.id}">{inner}</a>'
    if column.cuts and shown:
        return f'<div class="cut" style="width:{column.width}px" title="{escape(shown)}">{inner}</div>'
    return inner


def _total_cells(page: Page, rule: str) -> list[tuple[str, str]]:
    """The 合计 row as (text, alignment) of each column; empty if there is none."""
    if rule == "none" or not page.rows:
        return []
    qty, amount = (page.page_sums if rule == "page" else page.sums).displayed()
    label = "本页合计" if rule == "page" else "合计"
    texts = {"order_no": label, "qty": qty, "amount": amount}
    return [(texts.get(c.key, ""), "center" if c.key == "order_no" else c.align) for c in page.columns]


# ---- lists without a table --------------------------------------------------------------------------------


def _shell(visit: Visit, kind: str, said: str) -> Response:
    variants = visit.world.variants
    columns = columns_of(kind, visit.world.faults)
    return html.page(
        f"order_{kind}.html",
        kind=kind,
        here=visit.path.lstrip("/"),
        heading=TITLES[kind],
        columns=columns,
        frozen=BOX_FROZEN,
        block=BLOCK,
        searching=False,
        keyword="",
        field="order_no",
        searchable=SEARCHABLE,
        statuses=STATUSES,
        font=variants.font,
        honours_dpr=variants.dpr == "honour",
        total_row=variants.total_row,
        layer=desk.shows_layer(visit),
        asks=variants.confirm == "on",
        colours=STATUS_COLOURS,
        said=said,
        dialog="",
    )


def _rows(visit: Visit, page: Page, covered: bool) -> Response:
    """A block of the box: a line of totals, then a line per row: id and cells, tabs between them."""
    head = [str(page.total), *page.sums.displayed(), str(int(covered))]
    lines = [[str(row.order.id), *(_cell(visit, page, c, row) for c in page.columns)] for row in page.rows]
    return html.gbk("\n".join("\t".join(_tame(cell) for cell in line) for line in [head, *lines]))


def _blob(page: Page, covered: bool) -> Response:
    """A page for the canvas, as base64 of GBK, so that no text of it stands in the document."""
    sums = [*page.page_sums.displayed(), *page.sums.displayed()]
    head = [str(page.number), str(page.pages), str(page.total), *sums, str(int(covered))]
    columns = [f"{c.heading}|{c.key}|{c.align}|{c.width}|{int(c.cuts)}" for c in page.columns]
    rows = [[str(row.order.id), *page.cells(row)] for row in page.rows]
    lines = "\n".join("\t".join(_tame(cell) for cell in line) for line in [head, columns, *rows])
    return html.gbk(base64.b64encode(_escaped_gbk(lines)).decode("ascii"), kind="text/plain")


def _tame(cell: str) -> str:
    return cell.replace("\t", " ").replace("\r", " ").replace("\n", " ")


def _escaped_gbk(lines: str) -> bytes:
    """GBK; what it lacks as %uXXXX (UTF-16), as the scripts of that time wrote it."""
    return lines.replace("%u", "%u0025u").encode("gbk", "percent_u")


def _percent_u(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    units = error.object[error.start : error.end].encode("utf-16-be", "surrogatepass")
    pairs = (int.from_bytes(units[i : i + 2], "big") for i in range(0, len(units), 2))
    return "".join(f"%u{pair:04X}" for pair in pairs), error.end


codecs.register_error("percent_u", _percent_u)
