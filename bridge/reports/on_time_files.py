"""on-time.html, .xlsx and .json: the figures, the late orders with both pictures, and what was left out."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from io import BytesIO
from pathlib import Path
from typing import Any

import xlsxwriter
from markupsafe import Markup

from bridge.encoded import reading_to_json
from bridge.formulas import looks_like_formula
from bridge.interfaces import Evidence
from bridge.reports.on_time import OnTime, PromisedOrder, Rate, Verdict, week
from bridge.reports.on_time_words import on_time_phrases, say_left_out, say_verdict
from bridge.reports.pictures import Picture, Pictures, picture
from bridge.reports.promise_words import say_promise
from bridge.reports.show import value_html, visible
from bridge.reports.templating import asset, templates, write_files
from bridge.reports.words import Language
from bridge.sentences import Say

PICTURED = 150  # late orders with pictures; a page of thousands would not open
MOST_PICTURE_BYTES = 25_000_000
LISTED = 300  # rows of one list on the page; the sheets have all
WEEKS = 26  # of the plot
PERIODS = 31  # rows of one table of rates on the page


@dataclass(frozen=True, kw_only=True)
class Row:
    """One order of the report with its two pictures."""

    o: PromisedOrder
    clause: Picture | None
    cell: Picture | None


class OnTimeReport:
    """language: of the report.  name_of: (source, field) → the heading people know.  zone: for the moment it
    speaks of."""

    def __init__(
        self, evidence: Evidence, *, language: Language, name_of: Callable[[str, str], str], zone: tzinfo | None
    ) -> None:
        self._evidence = evidence
        self._pictures = Pictures(evidence)
        self._language: Language = language
        self._name = name_of
        self._zone = zone
        self._say = on_time_phrases(language)

    def write(self, report: OnTime, folder: Path) -> Path:
        """Writes the three files; returns the page's path.  Those of the same day are replaced.

        Raises StoreUnavailable if the folder cannot be written."""
        lately = sorted(report.of(Verdict.LATE), key=lambda o: o.promised, reverse=True)
        late = self._rows([*report.of(Verdict.OVERDUE), *lately])
        risky = self._rows(report.of(Verdict.AT_RISK))
        stem = f"on-time-{report.as_of.astimezone(self._zone):%Y-%m-%d}"
        files = {
            f"{stem}.json": self.json_bytes(report),
            f"{stem}.xlsx": self.xlsx_bytes(report, late, risky),
            f"{stem}.html": self.html_bytes(report, late, risky),
        }
        write_files(folder, files, what="the on-time report")
        return folder / f"{stem}.html"

    def _rows(self, orders: Sequence[PromisedOrder]) -> list[Row]:
        rows, room = [], MOST_PICTURE_BYTES
        for i, o in enumerate(orders):
            clause = cell = None
            if i < PICTURED and room > 0:
                clause = self._clause(o)
                cell = self._pictures.of(o.shown_by[1].reading) if o.shown_by else None
                room -= sum(len(p.png) for p in (clause, cell) if p is not None)
            rows.append(Row(o=o, clause=clause, cell=cell))
        return rows

    def _clause(self, o: PromisedOrder) -> Picture | None:
        png = self._evidence.png(o.contract.picture) if o.contract.picture else None
        return picture(png) if png is not None else None

    # --- the page -------------------------------------------------------------------------------------------

    def html_bytes(self, report: OnTime, late: Sequence[Row], risky: Sequence[Row]) -> bytes:
        environment = templates()
        html = environment.get_template("on_time.html").render(
            r=report,
            late=late,
            risky=risky,
            lang="zh-CN" if self._language == "zh" else "en",
            t=self._say,
            css=asset(environment, "report.css", "on_time.css"),
            when=self._when(report.as_of),
            plot=plot(report.weeks),
            verdict=lambda v: say_verdict(v, self._language),
            left_out=lambda why: say_left_out(why, self._language),
            promise=lambda c: say_promise(c, self._language),
            name=lambda source, field: visible(self._name(source, field)),
            text=lambda s: value_html(s, more="{n}") if s else Markup(""),
            plain=visible,
            percent=_percent,
            known_by=lambda o: known_by(o, self._say),
            listed=LISTED,
            pictured=PICTURED,
            periods=PERIODS,
        )
        return html.encode("utf-8", "backslashreplace")

    def _when(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._zone):%Y-%m-%d %H:%M}"

    # --- for programs ---------------------------------------------------------------------------------------

    def json_bytes(self, report: OnTime) -> bytes:
        say = on_time_phrases("en")
        data = {
            "as_of": report.as_of.isoformat(),
            "definition": [say(f"def_{n}") for n in (1, 2, 3, 4)],
            "total": _rate_json(report.total),
            "days": [_rate_json(r) for r in report.days],
            "weeks": [_rate_json(r) for r in report.weeks],
            "months": [_rate_json(r) for r in report.months],
            "customers": [_rate_json(r) for r in report.customers],
            "orders": [_order_json(o) for o in report.of(*Verdict)],
            "left_out": {why.value: n for why, n in report.left_out.items()},
            "orders_without_contract": report.without_contract,
            "contracts_waiting": [c.id for c in report.waiting_contracts],
            "contracts_open": [c.id for c in report.open_contracts],
        }
        return (json.dumps(data, ensure_ascii=True, indent=1) + "\n").encode()

    # --- the sheets -----------------------------------------------------------------------------------------

    def xlsx_bytes(self, report: OnTime, late: Sequence[Row], risky: Sequence[Row]) -> bytes:
        when = self._when(report.as_of)
        return _Sheets(report, late, risky, self._language, self._say, when).bytes()


def _rate_json(rate: Rate) -> dict[str, Any]:
    share = rate.share
    return {
        "name": rate.name,
        "judged": rate.judged,
        "on_time": rate.on_time,
        "uncertain": rate.uncertain,
        "rate": round(share, 4) if share is not None else None,
    }


def _order_json(o: PromisedOrder) -> dict[str, Any]:
    field, value = o.shown_by if o.shown_by is not None else (None, None)
    return {
        "source": o.order.source,
        "order_no": o.order.order_no,
        "line_no": o.order.line_no,
        "customer": o.order.customer or None,
        "verdict": o.verdict.value,
        "promised": o.promised.isoformat(),
        "shipped": o.shipped.isoformat() if o.shipped else None,
        "shipped_not_before": o.earliest.isoformat() if o.earliest else None,
        "shipped_known_by": None if o.shipped is None else "capture" if o.by_capture else "ship_date",
        "capture_complete": o.complete,
        "uncertain": o.uncertain,
        "days_late": max(0, o.days_late),
        "contract": o.contract.id,
        "contract_no": o.contract.contract_no or None,
        "clause": o.contract.clause,
        "clause_picture": o.contract.picture or None,
        "cell_field": field,
        "cell": reading_to_json(value.reading) if value is not None else None,
    }


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share * 100:.1f} %"


def plot(rates: Sequence[Rate]) -> Mapping[str, Any]:
    """Places of the trend's points in a drawing of 900 × 240, one for each of the last ``WEEKS`` weeks up to the
    last that counts: bars for how many were counted, lines for the rate.  A week without any has no point, and no
    line leads over it."""
    if not rates:
        return {}
    known = {r.name: r for r in rates}
    last = _monday(rates[-1].name)
    first = max(_monday(rates[0].name), last - timedelta(weeks=WEEKS - 1))
    weeks = [week(first + timedelta(weeks=n)) for n in range((last - first).days // 7 + 1)]
    most = max(known[w].judged for w in weeks if w in known)
    step = 840 / len(weeks)
    points: list[dict[str, Any]] = []
    lines: list[list[str]] = [[]]
    for i, name in enumerate(weeks):
        rate = known.get(name)
        if rate is None:
            lines.append([])
            continue
        x, y = round(50 + step * (i + 0.5), 1), round(20 + 140 * (1 - (rate.share or 0.0)), 1)
        lines[-1].append(f"{x},{y}")
        points.append(
            {
                "x": x,
                "y": y,
                "bar": round(60 * rate.judged / most, 1),
                "width": round(min(26.0, step * 0.6), 1),
                "label": name,
                "n": rate.judged,
                "share": _percent(rate.share),
                "named": len(weeks) <= 13 or (len(weeks) - 1 - i) % 4 == 0,
            }
        )
    return {"points": points, "lines": [" ".join(line) for line in lines if len(line) > 1]}


def _monday(name: str) -> date:
    year, number = name.split("-W")
    return date.fromisocalendar(int(year), int(number), 1)


def known_by(o: PromisedOrder, say: Say) -> str:
    """How the day of shipping is known, and how exactly."""
    if o.shipped is None:
        return ""
    if not o.by_capture:
        return say("by_column")
    parts = [say("by_capture")]
    if o.earliest != o.shipped:
        parts.append(say("span", first=o.earliest, last=o.shipped))
    parts += [say("incomplete")] if not o.complete else []
    return "; ".join([*parts, *([say("maybe")] if o.uncertain else [])])


class _Sheets:
    def __init__(
        self,
        report: OnTime,
        late: Sequence[Row],
        risky: Sequence[Row],
        language: Language,
        say: Say,
        when: str,
    ) -> None:
        self._r, self._late, self._risky, self._when = report, late, risky, when
        self._language: Language = language
        self._say = say
        self._out = BytesIO()
        self._book = xlsxwriter.Workbook(
            self._out,
            {
                "in_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "default_format_properties": {"font_name": "Microsoft YaHei", "font_size": 10},
            },
        )
        self._book.set_properties({"created": report.as_of.replace(tzinfo=None)})
        base = {"valign": "vcenter", "text_wrap": True}
        self._head = self._book.add_format({"bold": True, "bg_color": "#1F3A4D", "font_color": "#FFFFFF"})
        self._text = self._book.add_format({**base, "num_format": "@"})
        self._quoted = self._book.add_format({**base, "num_format": "@", "quote_prefix": True})
        self._date = self._book.add_format({**base, "num_format": "yyyy-mm-dd", "align": "left"})
        self._share = self._book.add_format({**base, "num_format": "0.0%", "align": "left"})
        self._title = self._book.add_format({"bold": True, "font_size": 16, "font_color": "#1F3A4D"})

    def bytes(self) -> bytes:
        self._summary()
        self._orders(self._say("late"), self._late)
        self._orders(self._say("at_risk", n=self._r.at_risk_days)[:31], self._risky)
        self._orders(self._say("all_orders"), [Row(o=o, clause=None, cell=None) for o in self._r.of(*Verdict)])
        for name, rates in (
            ("by_month", self._r.months), ("by_week", self._r.weeks), ("by_day", self._r.days),
            ("by_customer", self._r.customers),
        ):  # fmt: skip
            self._rates(self._say(name), rates, chart=name == "by_week")
        self._book.close()
        return self._out.getvalue()

    def _summary(self) -> None:
        sheet = self._book.add_worksheet(self._say("summary"))
        sheet.set_column(0, 0, 46)
        sheet.set_column(1, 1, 110)
        sheet.write_string(0, 0, self._say("title"), self._title)
        total = self._r.total
        lines: list[tuple[str, Any]] = [
            (self._say("as_of", when=self._when), ""),
            (self._say("rate"), total.share if total.share is not None else self._say("no_sample")),
            (self._say("counted"), total.judged),
            (self._say("n_on_time"), total.on_time),
            (self._say("may_be"), total.uncertain),
            *((self._say("definition"), self._say(f"def_{n}")) for n in (1, 2, 3, 4)),
            *(
                (f"{self._say('left_out')}: {say_left_out(w, self._language)}", n)
                for w, n in self._r.left_out.items()
            ),
            (self._say("without_contract"), self._r.without_contract),
            (self._say("waiting_contracts"), len(self._r.waiting_contracts)),
            (self._say("open_contracts"), len(self._r.open_contracts)),
        ]
        for row, (label, value) in enumerate(lines, start=2):
            sheet.write_string(row, 0, label, self._text)
            self._put(sheet, row, 1, value)

    def _orders(self, title: str, rows: Sequence[Row]) -> None:
        pictured = any(r.clause or r.cell for r in rows)
        say = self._say
        heads = [
            (say("order"), 22), (say("customer"), 28), (say("verdict"), 16), (say("promised"), 13),
            (say("shipped"), 13), (say("days_late"), 10), (say("how"), 40), (say("contract"), 24),
            (say("clause"), 60),
        ]  # fmt: skip
        if pictured:
            heads += [(say("clause"), 52), (say("cell", field=""), 30)]
        sheet = self._book.add_worksheet(title)
        sheet.freeze_panes(1, 1)
        for col, (head, width) in enumerate(heads):
            sheet.set_column(col, col, width)
            sheet.write_string(0, col, head, self._head)
        sheet.autofilter(0, 0, max(1, len(rows)), len(heads) - 1)
        for i, r in enumerate(rows, start=1):
            o = r.o
            values = [
                o.order.order_no + (f" · {o.order.line_no}" if o.order.line_no else ""), o.order.customer,
                say_verdict(o.verdict, self._language), o.promised, o.shipped, max(0, o.days_late),
                known_by(o, self._say), o.contract.contract_no or str(o.contract.id), o.contract.clause,
            ]  # fmt: skip
            for col, value in enumerate(values):
                self._put(sheet, i, col, value)
            for col, image, width in ((9, r.clause, 360), (10, r.cell, 210)):
                if image is not None:
                    scale = min(1.0, width / image.width, 110 / image.height)
                    sheet.set_row_pixels(i, 120)
                    sheet.insert_image(
                        i, col, f"{i}-{col}.png",
                        {"image_data": BytesIO(image.png), "x_scale": scale, "y_scale": scale, "x_offset": 4,
                         "y_offset": 4, "object_position": 1, "decorative": True},
                    )  # fmt: skip

    def _rates(self, title: str, rates: Sequence[Rate], *, chart: bool) -> None:
        sheet = self._book.add_worksheet(title)
        sheet.set_column(0, 0, 36)
        heads = (title, self._say("rate"), self._say("counted"), self._say("n_on_time"), self._say("may_be"))
        for col, head in enumerate(heads):
            sheet.write_string(0, col, head, self._head)
        for i, r in enumerate(rates, start=1):
            for col, value in enumerate(
                (r.name or self._say("nameless"), r.share, r.judged, r.on_time, r.uncertain)
            ):
                self._put(sheet, i, col, value)
        if chart and rates:
            first = max(1, len(rates) - WEEKS + 1)
            line = self._book.add_chart({"type": "line"})
            line.add_series(
                {
                    "name": self._say("rate"),
                    "categories": [title, first, 0, len(rates), 0],
                    "values": [title, first, 1, len(rates), 1],
                    "marker": {"type": "circle"},
                }
            )
            line.set_title({"name": self._say("trend")})
            line.set_y_axis({"min": 0, "max": 1, "num_format": "0%"})
            line.set_legend({"none": True})
            sheet.insert_chart(1, 6, line, {"x_scale": 1.6, "y_scale": 1.3})

    def _put(self, sheet: Any, row: int, col: int, value: Any) -> None:
        if value is None:
            return
        if isinstance(value, float):
            sheet.write_number(row, col, value, self._share)
        elif isinstance(value, int):
            sheet.write_number(row, col, value, self._text)
        elif isinstance(value, str):
            shown = visible(value)[:32_000]
            sheet.write_string(row, col, shown, self._quoted if looks_like_formula(shown) else self._text)
        else:
            sheet.write_datetime(row, col, value, self._date)
