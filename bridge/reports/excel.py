"""report.xlsx: the run's differences in five sheets, with the pictures of the cells.

Numbers are numbers, dates are dates, everything else is text that Excel never takes for a formula.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, tzinfo
from decimal import Decimal
from io import BytesIO
from typing import Any

import xlsxwriter

from bridge.breaks import HANDLING
from bridge.formulas import looks_like_formula
from bridge.records import Change, Scalar
from bridge.reports.phrases import phrases, sheet_name
from bridge.reports.pictures import Picture
from bridge.reports.said import say_break, say_fact, say_reason
from bridge.reports.show import key_text, scalar_text, visible
from bridge.reports.view import DoubtfulRow, Notice, RunView, field_order
from bridge.reports.words import Language, explain, say, say_finding, say_stage

CELL_LIMIT = 32_767  # characters in one cell (Excel's specifications and limits)
DIGITS = 15  # a number with more digits would be rounded by Excel: it goes in as text
LONG = 400  # characters; longer text does not decide the height of its row
PICTURE_WIDTH = 260  # pixels of the picture column


def xlsx_bytes(view: RunView, *, language: Language, name_of: Callable[[str], str], zone: tzinfo) -> bytes:
    """The workbook as a file's content; made in memory, so that only the caller meets a full disk."""
    return _Workbook(view, language=language, name_of=name_of, zone=zone).bytes()


class _Workbook:
    """One report workbook being written; :meth:`bytes` closes it."""

    def __init__(self, view: RunView, *, language: Language, name_of: Callable[[str], str], zone: tzinfo) -> None:
        self._view = view
        self._language: Language = language
        self._name = name_of
        self._zone = zone
        self._say = phrases(language)
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
        base = {"valign": "vcenter", "text_wrap": True}
        self._head = self._book.add_format(
            {"bold": True, "bg_color": "#1F3A4D", "font_color": "#FFFFFF", "valign": "vcenter", "right": 1}
        )
        self._text = self._book.add_format({**base, "num_format": "@"})
        # Typing F2 + Enter in a cell that begins with = would make it a formula; the quote prefix keeps it text.
        self._quoted = self._book.add_format({**base, "num_format": "@", "quote_prefix": True})
        self._doubt = self._book.add_format(
            {**base, "num_format": "@", "bg_color": "#FFF3D6", "bold": True, "quote_prefix": True}
        )
        self._date = self._book.add_format({**base, "num_format": "yyyy-mm-dd", "align": "left"})
        self._decimals = [
            self._book.add_format({**base, "num_format": "#,##0" + ("." + "0" * n if n else "")}) for n in range(9)
        ]
        self._title = self._book.add_format({"bold": True, "font_size": 16, "font_color": "#1F3A4D"})
        self._label = self._book.add_format({"bold": True, "font_color": "#5B6B76", "valign": "top"})
        self._share = self._book.add_format({"num_format": "0.0%", "align": "left", "bold": True})
        self._whole = self._book.add_format({"num_format": "#,##0", "align": "left"})
        self._fine = self._book.add_format({"num_format": "0.0", "align": "left"})

    def bytes(self) -> bytes:
        when = self._view.summary.finished_at or self._view.summary.started_at
        if when is not None:  # else XlsxWriter asks the clock
            self._book.set_properties({"title": self._say("title"), "created": when.replace(tzinfo=None)})
        self._summary()
        self._doubtful()
        self._changes()
        self._added()
        self._gone()
        self._notes()
        self._book.close()
        return self._out.getvalue()

    # --- sheets -------------------------------------------------------------------------------------------

    def _summary(self) -> None:
        sheet = self._book.add_worksheet(sheet_name("summary", self._language))
        sheet.hide_gridlines(2)
        sheet.set_column(0, 0, 26)
        sheet.set_column(1, 1, 90)
        s, view, say_ = self._view.summary, self._view, self._say
        sheet.write_string(0, 0, say_("title"), self._title)
        sheet.set_row_pixels(0, 34)
        row = 2
        facts: list[tuple[str, Any]] = [
            (say_("source"), s.source),
            (say_("run"), s.run_id),
            (say_("when"), self._when()),
            (say_("status"), say(s.status, self._language)),
            ("", say_("complete_yes") if s.complete else say_("complete_no")),
            *((say_("why_not"), why) for why in s.why_not),
            *([("", say_("dry_run"))] if s.dry_run else []),
            *([(say_("why_not"), view.held)] if view.held else []),
            *([(s.error_code or "", s.error)] if s.error else []),
            *([("", s.hint)] if s.hint else []),
            (say_("pages"), s.pages),
            (say_("rows"), s.rows),
            (say_("straight"), view.straight_share),
            (say_("doubtful"), s.doubtful),
            (say_("changed"), s.changed),
            (say_("added"), s.added),
            (say_("gone"), s.gone),
            (say_("left"), s.left),
            (say_("missing"), s.missing),
            (say_("pushed"), s.pushed),
            (say_("push_failed"), s.push_failed),
            (say_("guard"), s.guard_blocked),
        ]
        for label, value in facts:
            sheet.write_string(row, 0, label, self._label)
            if isinstance(value, float):
                sheet.write_number(row, 1, value, self._share)
            elif isinstance(value, int):
                sheet.write_number(row, 1, value, self._whole)
            else:
                self._put(sheet, row, 1, value)
            row += 1
        for heading, lines in (
            (
                say_("findings"),
                [(say_finding(f.code, self._language), say_fact(f, self._language)) for f in view.findings],
            ),
            (say_("next"), [(say(n.kind, self._language), self._reason(n)) for n in view.notices]),
        ):
            for label, text in lines:
                sheet.write_string(row, 0, f"{heading} · {visible(label)}", self._label)
                self._put(sheet, row, 1, text)
                row += 1
        row += 1
        sheet.write_string(row, 0, say_("classes"), self._label)
        for cls, n in view.classes:
            row += 1
            sheet.write_string(row, 0, say(cls, self._language), self._label)
            sheet.write_string(row, 1, f"{n}  ·  {say(HANDLING[cls], self._language)}", self._text)
        row += 2
        sheet.write_string(row, 0, say_("stages"), self._label)
        for stage, seconds in s.seconds.items():
            row += 1
            sheet.write_string(row, 0, say_stage(stage, self._language), self._label)
            sheet.write_number(row, 1, round(seconds, 1), self._fine)
        sheet.set_first_sheet()
        sheet.activate()

    def _doubtful(self) -> None:
        say_ = self._say
        heads = [
            ("#", 6), (say_("order"), 22), (say_("kind"), 18), (say_("class"), 20), (say_("field"), 14),
            (say_("picture"), 0), (say_("guess"), 26), (say_("alternatives"), 26), (say_("old"), 22),
            (say_("why"), 52),
            (say_("page"), 7), (say_("row"), 7), (say_("confidence"), 10), (say_("could_be"), 26),
            (say_("whole_row"), 80),
        ]  # fmt: skip
        rows: list[list[Any]] = []
        pictures: list[Picture | None] = []
        for r in self._view.doubtful:
            whole = "  |  ".join(
                f"{self._name(name)}: {scalar_text(v.value) if v.ok else v.reading.text}"
                for name, v in r.line.fields.items()
            )
            for q in r.questions:
                why = "\n".join(explain(d, self._language) for d in q.doubts) or self._reason(r)
                own = [b.cls for b in r.breaks if b.field in (q.field, "")]
                rows.append([
                    r.number, r.order_no, say(r.kind, self._language),
                    " / ".join(say(cls, self._language) for cls in own), self._name(q.field), None, q.text,
                    "   ".join(q.alternatives), q.old, why, r.line.page, r.line.row + 1,
                    Decimal(f"{q.reading.confidence:.3f}"), "   ".join(key_text(k) for k in r.could_be), whole,
                ])  # fmt: skip
                pictures.append(q.picture)
        self._sheet("doubtful", heads, rows, pictures=pictures, picture_column=5, doubt_column=6)

    def _changes(self) -> None:
        say_ = self._say
        heads = [
            (say_("order"), 22), (say_("key"), 24), (say_("field"), 16), (say_("old"), 30), (say_("new"), 30),
            (say_("picture"), 0), (say_("page"), 7), (say_("row"), 7),
        ]  # fmt: skip
        rows: list[list[Any]] = []
        pictures: list[Picture | None] = []
        for order in self._view.changed:
            for f in order.fields:
                rows.append([
                    order.change.order_no, key_text(order.change.key), self._name(f.field), f.old, f.new, None,
                    f.reading.page if f.reading else None, f.reading.row + 1 if f.reading else None,
                ])  # fmt: skip
                pictures.append(f.picture)
        self._sheet("changes", heads, rows, pictures=pictures, picture_column=5)

    def _added(self) -> None:
        self._orders("added", [*self._view.added, *self._view.back], lambda c: c.after, [])

    def _gone(self) -> None:
        missing = [(self._say("missing"), key_text(key)) for key in self._view.missing]
        self._orders("gone", [*self._view.gone, *self._view.left], lambda c: c.before, missing)

    def _notes(self) -> None:
        if not self._view.notes:
            return
        say_ = self._say
        heads = [
            (say_("order"), 22),
            (say_("key"), 24),
            (say_("class"), 20),
            (say_("field"), 16),
            (say_("why"), 80),
        ]
        rows = [
            [
                n.order_no,
                key_text(n.key),
                say(n.what.cls, self._language),
                self._name(n.what.field) if n.what.field else "",
                say_break(n.what, self._language, self._name),
            ]
            for n in self._view.notes
        ]
        self._sheet("notes", heads, rows)

    def _orders(self, name: str, changes: Sequence[Change], values: Any, more: Sequence[tuple[str, str]]) -> None:
        present = {field for c in changes for field in values(c)}
        fields = [f for f in field_order(self._view) if f in present]
        heads = [(self._say("kind"), 14), (self._say("key"), 26), *((self._name(f), 18) for f in fields)]
        rows: list[list[Any]] = [
            [say(c.kind, self._language), key_text(c.key), *(values(c).get(f) for f in fields)] for c in changes
        ]
        rows += [[kind, key, *([None] * len(fields))] for kind, key in more]
        self._sheet(name, heads, rows)

    # --- cells --------------------------------------------------------------------------------------------

    def _sheet(
        self,
        name: str,
        heads: Sequence[tuple[str, int]],
        rows: Sequence[Sequence[Any]],
        *,
        pictures: Sequence[Picture | None] = (),
        picture_column: int | None = None,
        doubt_column: int | None = None,
    ) -> None:
        sheet = self._book.add_worksheet(sheet_name(name, self._language))
        sheet.freeze_panes(1, 2)
        sheet.set_row_pixels(0, 28)
        for col, (title, width) in enumerate(heads):
            if col == picture_column:
                sheet.set_column_pixels(col, col, PICTURE_WIDTH)
            else:
                sheet.set_column(col, col, width)
            sheet.write_string(0, col, visible(title), self._head)
        sheet.autofilter(0, 0, max(1, len(rows)), len(heads) - 1)
        for i, cells in enumerate(rows, start=1):
            for col, value in enumerate(cells):
                self._put(sheet, i, col, value, self._doubt if col == doubt_column else None)
            if picture_column is not None and (image := pictures[i - 1]) is not None:
                self._picture(sheet, i, picture_column, image)
            elif any(isinstance(value, str) and len(value) > LONG for value in cells):
                sheet.set_row_pixels(i, 80)  # else Excel makes the row as high as the screen

    def _reason(self, asked: DoubtfulRow | Notice) -> str:
        return say_reason(asked, self._language, self._name)

    def _put(self, sheet: Any, row: int, col: int, value: Scalar, form: Any = None) -> None:
        if value is None:
            if form is not None:
                sheet.write_blank(row, col, None, form)
        elif isinstance(value, bool):
            sheet.write_boolean(row, col, value, form or self._text)
        elif isinstance(value, int | Decimal):
            number = Decimal(value)
            places = max(0, -int(number.as_tuple().exponent)) if number.is_finite() else 99
            if places >= len(self._decimals) or len(number.as_tuple().digits) > DIGITS:
                sheet.write_string(row, col, str(value), self._text)
            else:
                sheet.write_number(row, col, number, form or self._decimals[places])
        elif isinstance(value, date):
            sheet.write_datetime(row, col, value, form or self._date)
        else:
            sheet.write_string(row, col, self._fit(value), form or self._form(value))

    def _form(self, text: str) -> Any:
        return self._quoted if looks_like_formula(text) else self._text

    def _fit(self, text: str) -> str:
        shown = "\n".join(visible(part) for part in text.split("\n"))
        if len(shown) <= CELL_LIMIT:
            return shown
        note = self._say("cut_here", n=f"{len(text):,}")
        return shown[: CELL_LIMIT - len(note)] + note

    def _picture(self, sheet: Any, row: int, col: int, image: Picture) -> None:
        scale = min(1.0, (PICTURE_WIDTH - 8) / image.width, 120 / image.height)
        sheet.set_row_pixels(row, max(60, round(image.height * scale) + 8))
        sheet.insert_image(
            row, col, f"{row}-{col}.png",
            {"image_data": BytesIO(image.png), "x_scale": scale, "y_scale": scale, "x_offset": 4, "y_offset": 4,
             "object_position": 1, "decorative": True},  # 1: hidden with its row when the sheet is filtered
        )  # fmt: skip

    def _when(self) -> str:
        times = (self._view.summary.started_at, self._view.summary.finished_at)
        return " – ".join(f"{t.astimezone(self._zone):%Y-%m-%d %H:%M:%S}" for t in times if t is not None)
