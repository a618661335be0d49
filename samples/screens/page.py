"""One page of a list as HTML: a table with text in it, or the same table painted on a canvas."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from samples.screens.designs import Design
from samples.screens.orders import COLUMNS, CUT_COLUMN, CUT_WIDTH, Column, Row

_PAINT = Path(__file__).with_name("canvas.js").read_text(encoding="utf-8")

STATUS_COLOURS = {
    "待审核": "#c05000",
    "已审核": "#1060b0",
    "生产中": "#6030a0",
    "已完成": "#107030",
    "已取消": "#b01020",
}
LIGHT = {
    "ground": "#ffffff",
    "text": "#222222",
    "head": "#eef1f5",
    "zebra": "#f5f7fa",
    "line": "#c8ccd2",
    "link": "#0b57d0",
    "selected": "#cfe3ff",
    "hovered": "#f0f4dc",
}
DARK = {
    "ground": "#1f2329",
    "text": "#dfe3e8",
    "head": "#2b3038",
    "zebra": "#262b32",
    "line": "#444a54",
    "link": "#8ab4ff",
    "selected": "#264f78",
    "hovered": "#303843",
}
DARK_STATUS = {
    "待审核": "#ffb070",
    "已审核": "#80b8ff",
    "生产中": "#c8a0ff",
    "已完成": "#80d8a0",
    "已取消": "#ff9090",
}
SELECTED, HOVERED = 3, 7


def width_of(column: Column, design: Design) -> int:
    base = CUT_WIDTH if column.field == CUT_COLUMN and design.cut != "none" else column.width
    if design.wrap and column.kind == "text":
        base = base * 7 // 10
    return round(base * design.size / 12) + 12


def table_page(design: Design, rows: Sequence[Row]) -> str:
    """The page with a table; its cells are `td`, its heading cells `th`, the list's element is `#list`."""
    c = DARK if design.dark else LIGHT
    borders = {
        "bordered": f"#list td,#list th{{border:1px solid {c['line']}}}",
        "zebra": f"#list tr:nth-child(even) td{{background:{c['zebra']}}}",
        "rules": f"#list td,#list th{{border-bottom:1px solid {c['line']}}}",
        "borderless": "",
    }[design.table]
    fold = "normal" if design.wrap else "nowrap"
    overflow = {
        "none": "",
        "ellipsis": "td.cut{overflow:hidden;text-overflow:ellipsis}",
        "clip": "td.cut{overflow:hidden;text-overflow:clip}",
    }[design.cut]
    css = (
        f"body{{margin:8px;background:{c['ground']};color:{c['text']};font:{design.size}px {design.font}}}"
        f"#list{{border-collapse:collapse;table-layout:fixed;width:{_table_width(design)}px}}"
        f"#list td,#list th{{padding:3px 5px;white-space:{fold};text-align:left;word-break:break-all}}"
        f"#list th{{background:{c['head']};font-weight:bold;white-space:nowrap}}"
        f"#list .r{{text-align:right}} #list a{{color:{c['link']};text-decoration:none}}"
        f"{borders}{overflow}"
        f"#list tr.selected td{{background:{c['selected']}}} #list tr.hovered td{{background:{c['hovered']}}}"
    )
    icon_col = "<col style='width:28px'>" if design.icons else ""
    cols = icon_col + "".join(f"<col style='width:{width_of(x, design)}px'>" for x in COLUMNS)
    icon_head = "<th></th>" if design.icons else ""
    join = "<br>" if design.two_line_headings else ""
    head = icon_head + "".join(f"<th{_right(x)}>{join.join(x.headings)}</th>" for x in COLUMNS)
    body = "".join(_table_row(design, i, row) for i, row in enumerate(rows)) + _total_row(design, rows)
    return (
        f"<!doctype html><html lang=zh-CN><meta charset=utf-8><style>{css}</style>"
        f"<table id=list><colgroup>{cols}</colgroup><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        "</html>"
    )


def _table_width(design: Design) -> int:
    return sum(width_of(x, design) for x in COLUMNS) + (28 if design.icons else 0)


def _right(x: Column) -> str:
    return " class=r" if x.right else ""


def _table_row(design: Design, i: int, row: Row) -> str:
    mark = {SELECTED: " class=selected", HOVERED: " class=hovered"}.get(i, "") if design.marked_rows else ""
    icon = "<td><input type=checkbox></td>" if design.icons else ""
    cells = []
    for x in COLUMNS:
        text = html.escape(row[x.field]).replace("  ", "&nbsp; ")
        if design.coloured and x.field == "order_no":
            text = f"<a href='#'>{text}</a>"
        if design.coloured and x.field == "status":
            colours = DARK_STATUS if design.dark else STATUS_COLOURS
            text = f"<span style='color:{colours.get(row['status'], 'inherit')}'>{text}</span>"
        classes = [n for n, on in (("r", x.right), ("cut", x.field == CUT_COLUMN and design.cut != "none")) if on]
        cells.append(f"<td class='{' '.join(classes)}'>{text}</td>")
    return f"<tr{mark}>{icon}{''.join(cells)}</tr>"


def total_of(rows: Sequence[Row]) -> dict[str, str]:
    quantity = sum(int(r["quantity"].replace(",", "")) for r in rows)
    amount = sum((Decimal(r["amount"].replace(",", "")) for r in rows), Decimal(0))
    return {"order_no": "合计", "quantity": f"{quantity:,}", "amount": f"{amount:,.2f}"}


def _total_row(design: Design, rows: Sequence[Row]) -> str:
    total = total_of(rows)
    icon = "<td></td>" if design.icons else ""
    cells = "".join(f"<td{_right(x)}>{total.get(x.field, '')}</td>" for x in COLUMNS)
    return f"<tr>{icon}{cells}</tr>"


def canvas_page(design: Design, rows: Sequence[Row]) -> str:
    """The same list painted on `<canvas id=list>` by script: there is no text in the page."""
    c = DARK if design.dark else LIGHT
    data = {
        "font": f"{design.size}px {design.font}",
        "size": design.size,
        "table": design.table,
        "colours": c,
        "status": (DARK_STATUS if design.dark else STATUS_COLOURS) if design.coloured else {},
        "icons": design.icons,
        "marks": {SELECTED: c["selected"], HOVERED: c["hovered"]} if design.marked_rows else {},
        "cut": design.cut,
        "wrap": design.wrap,
        "raw": design.raw_pixels,
        "columns": [
            {
                "field": x.field,
                "heads": list(x.headings) if design.two_line_headings else ["".join(x.headings)],
                "width": width_of(x, design),
                "right": x.right,
                "cut": x.field == CUT_COLUMN and design.cut != "none",
                "link": design.coloured and x.field == "order_no",
                "text": x.kind == "text",
            }
            for x in COLUMNS
        ],
        "rows": [*rows, total_of(rows)],
    }
    script = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    return (
        f"<!doctype html><html lang=zh-CN><meta charset=utf-8><style>body{{margin:8px;background:{c['ground']}}}"
        f"canvas{{display:block}}</style><canvas id=list></canvas><script>{{const D={script};\n{_PAINT}}}</script>"
        "</html>"
    )
