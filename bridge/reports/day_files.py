"""The day's report as day-2026-11-22.html, .xlsx, .csv and .json; all four draw from one ``DayReport``."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter
from markupsafe import Markup

from bridge.breaks import BreakClass
from bridge.encoded import reading_to_json
from bridge.interfaces import Evidence
from bridge.records import KEY_SEP, RunStatus
from bridge.reports.day import DECIDED, IDLE, OPEN, PASSED_ON, STATES, DayEntry, DayField, DayReport
from bridge.reports.day_words import day_phrases
from bridge.reports.full_json import summary_json
from bridge.reports.pictures import Picture, Pictures
from bridge.reports.show import differing, key_text, value_html, visible
from bridge.reports.table import guarded
from bridge.reports.templating import asset, templates, write_files
from bridge.reports.words import Language, say
from bridge.sentences import break_sentence

PICTURED = 150  # differences with pictures; a page of thousands would not open
MOST_PICTURE_BYTES = 25_000_000
LISTED = 300  # rows of one list on the page; the sheet has all
CELL_LIMIT = 32_000  # characters in one cell of Excel
BAD = (RunStatus.FAILED, RunStatus.KILLED, RunStatus.HELD)
COLUMNS = (
    "source", "order_no", "key", "state", "class", "field", "was", "now", "why", "by", "decision", "at",
    "settled_at",
)  # fmt: skip
_HEADS = {"order_no": "order", "at": "asked_at"}

Shots = Mapping[tuple[int, str], Picture | None]
"""(Place of the entry, field) → its picture."""


class DayFiles:
    """language: of the report.  name_of: (source, field) → the heading people know.  zone: of the times shown."""

    def __init__(
        self, evidence: Evidence, *, language: Language, name_of: Callable[[str, str], str], zone: tzinfo | None
    ) -> None:
        self._pictures = Pictures(evidence)
        self._language: Language = language
        self._name = name_of
        self._zone = zone
        self._say = day_phrases(language)

    def write(self, report: DayReport, folder: Path) -> Path:
        """Writes the four files, those of the same day anew; returns the page's path.

        Raises StoreUnavailable if the folder cannot be written."""
        stem = f"day-{report.day.isoformat()}"
        shots = self._shots(report)
        files = {
            f"{stem}.json": self.json_bytes(report),
            f"{stem}.csv": self.csv_bytes(report),
            f"{stem}.xlsx": self.xlsx_bytes(report, shots),
            f"{stem}.html": self.html_bytes(report, shots, folder),
        }
        write_files(folder, files, what="the day's report")
        return folder / f"{stem}.html"

    def _shots(self, report: DayReport) -> Shots:
        """What waits for a person comes first where there are too many."""
        order = sorted(range(len(report.entries)), key=lambda i: STATES.index(report.entries[i].state))
        shots: dict[tuple[int, str], Picture | None] = {}
        room = MOST_PICTURE_BYTES
        for i in order[:PICTURED]:
            for f in report.entries[i].fields:
                if f.reading is not None and room > 0:
                    shots[i, f.name] = self._pictures.of(f.reading)
                    room -= len(shot.png) if (shot := shots[i, f.name]) is not None else 0
        return shots

    # --- what is said of a difference -----------------------------------------------------------------------

    def _why(self, entry: DayEntry) -> str:
        def named(field: str) -> str:
            return self._name(entry.source, field) if field else ""

        said = [break_sentence(b.cls, b.params, self._language, field=named(b.field)) for b in entry.breaks]
        return "; ".join(said) or entry.reason

    def _decision(self, entry: DayEntry) -> str:
        return say(entry.decision, self._language) if entry.decision is not None else ""

    def _when(self, moment: datetime | None) -> str:
        return f"{moment.astimezone(self._zone):%Y-%m-%d %H:%M}" if moment is not None else ""

    # --- the page -------------------------------------------------------------------------------------------

    def html_bytes(self, report: DayReport, shots: Shots, folder: Path) -> bytes:
        environment = templates()
        places = {id(e): i for i, e in enumerate(report.entries)}
        fresh = [e for e in report.of(PASSED_ON) if BreakClass.NEW in e.classes]
        html = environment.get_template("day.html").render(
            r=report,
            lang="zh-CN" if self._language == "zh" else "en",
            t=self._say,
            css=asset(environment, "report.css", "on_time.css", "day.css"),
            when=self._when,
            waiting=report.of(OPEN),
            settled=report.of(DECIDED, IDLE),
            changed=[e for e in report.of(PASSED_ON) if BreakClass.NEW not in e.classes],
            fresh=fresh,
            bad=sum(run.status in BAD for run in report.runs),
            is_bad=lambda run: run.status in BAD,
            link=lambda run: _link(run.report, folder),
            say=lambda thing: say(thing, self._language),
            why=self._why,
            decision=self._decision,
            name=lambda source, field: visible(self._name(source, field)),
            shot=lambda entry, f: shots.get((places[id(entry)], f.name)),
            key=lambda e: value_html(key_text(e.key), more="{n}") if e.key else Markup(""),
            text=lambda s: value_html(s, more="{n}") if s else Markup(""),
            old=lambda f: _marked(f, 0),
            new=lambda f: _marked(f, 1),
            plain=visible,
            listed=LISTED,
            pictured=PICTURED,
        )
        return html.encode("utf-8", "backslashreplace")

    # --- for programs ---------------------------------------------------------------------------------------

    def json_bytes(self, report: DayReport) -> bytes:
        data = {
            "day": report.day.isoformat(),
            "as_of": report.as_of.isoformat(),
            "counts": {state: len(report.of(state)) for state in STATES},
            "classes": {cls.value: by_source for cls, by_source in report.classes},
            "runs": [summary_json(run) for run in report.runs],
            "differences": [self._entry_json(e) for e in report.entries],
        }
        # Lone surrogates have no UTF-8; their \uXXXX form is valid JSON and loses nothing.
        return (json.dumps(data, ensure_ascii=True, indent=1) + "\n").encode()

    def _entry_json(self, e: DayEntry) -> dict[str, Any]:
        return {
            "source": e.source,
            "order_no": e.order_no or None,
            "key": e.key.split(KEY_SEP) if e.key else None,
            "item": e.item,
            "state": e.state,
            "classes": [cls.value for cls in e.classes],
            "breaks": [
                {"class": b.cls.value, "field": b.field or None, "params": dict(b.params)} for b in e.breaks
            ],
            "by": e.by or None,
            "decision": e.decision.value if e.decision is not None else None,
            "at": e.at.isoformat(),
            "settled_at": e.settled_at.isoformat() if e.settled_at is not None else None,
            "fields": [
                {
                    "field": f.name,
                    "was": f.old,
                    "now": f.new,
                    "doubts": [d.value for d in f.doubts],
                    "reading": reading_to_json(f.reading) if f.reading is not None else None,
                }
                for f in e.fields
            ],
        }

    def csv_bytes(self, report: DayReport) -> bytes:
        """UTF-8 with a byte order mark: without it Excel reads Chinese CSV as GBK."""
        rows = [[guarded(v) for v in cells] for _, _, cells in self._lines(report, plain=True)]
        frame = pd.DataFrame(rows, columns=list(COLUMNS), dtype=str)
        text: str = frame.to_csv(index=False, lineterminator="\r\n")
        return text.encode("utf-8-sig")

    def _lines(self, report: DayReport, *, plain: bool) -> list[tuple[int, DayField | None, list[str]]]:
        """(Place of the entry, field, cells as in COLUMNS), a line for each field that differs.  plain: codes for
        programs instead of words."""
        lines: list[tuple[int, DayField | None, list[str]]] = []
        for i, e in enumerate(report.entries):
            for f in e.fields or (None,):
                own = [
                    c
                    for c in e.classes
                    if f is None or any(b.cls is c and b.field in (f.name, "") for b in e.breaks)
                ]
                classes = own or e.classes
                decided = e.decision.value if e.decision is not None else ""
                name = f.name if f is not None else ""
                cells = [
                    e.source, e.order_no, key_text(e.key),
                    e.state if plain else self._say(e.state),
                    " ".join(classes) if plain else " / ".join(say(c, self._language) for c in classes),
                    name if plain or not name else self._name(e.source, name),
                    f.old if f is not None else "", f.new if f is not None else "",
                    self._why(e), e.by, decided if plain else self._decision(e),
                    e.at.isoformat() if plain else self._when(e.at),
                    (e.settled_at.isoformat() if e.settled_at else "") if plain else self._when(e.settled_at),
                ]  # fmt: skip
                lines.append((i, f, cells))
        return lines

    # --- the sheets -----------------------------------------------------------------------------------------

    def xlsx_bytes(self, report: DayReport, shots: Shots) -> bytes:
        out = BytesIO()
        book = xlsxwriter.Workbook(
            out,
            {
                "in_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "default_format_properties": {"font_name": "Microsoft YaHei", "font_size": 10},
            },
        )
        book.set_properties({"title": self._say("title"), "created": report.as_of.replace(tzinfo=None)})
        head = book.add_format({"bold": True, "bg_color": "#1F3A4D", "font_color": "#FFFFFF"})
        # The quote prefix keeps a text that begins with = a text, also after F2 and Enter.
        text = book.add_format({"valign": "vcenter", "text_wrap": True, "num_format": "@", "quote_prefix": True})
        say_ = self._say

        def table(name: str, heads: list[tuple[str, int]], rows: list[list[str | int]], frozen: int) -> Any:
            sheet = book.add_worksheet(name)
            sheet.freeze_panes(1, frozen)
            for col, (title, width) in enumerate(heads):
                sheet.set_column(col, col, width)
                sheet.write_string(0, col, title, head)
            sheet.autofilter(0, 0, max(1, len(rows)), len(heads) - 1)
            for y, cells in enumerate(rows, start=1):
                for x, value in enumerate(cells):
                    if isinstance(value, int):
                        sheet.write_number(y, x, value)
                    else:
                        sheet.write_string(y, x, visible(value)[:CELL_LIMIT], text)
            return sheet

        counts: list[list[str | int]] = [
            [say(cls, self._language), *n.values(), sum(n.values())] for cls, n in report.classes
        ]
        counts += [[say_(state), *([""] * len(report.sources)), len(report.of(state))] for state in STATES]
        table(
            say_("summary"),
            [(say_("class"), 34), *((s, 14) for s in report.sources), (say_("all"), 12)],
            counts,
            1,
        )
        widths = (12, 22, 24, 16, 24, 16, 30, 30, 60, 12, 16, 18, 18)
        heads = [(say_(_HEADS.get(c, c)), w) for c, w in zip(COLUMNS, widths, strict=True)]
        lines = self._lines(report, plain=False)
        differences: list[list[str | int]] = [[*cells] for _, _, cells in lines]
        sheet = table(say_("differences"), [*heads, (say_("picture"), 38)], differences, 2)
        for y, (i, f, _) in enumerate(lines, start=1):
            if f is not None and (image := shots.get((i, f.name))) is not None:
                scale = min(1.0, 252 / image.width, 110 / image.height)
                sheet.set_row_pixels(y, max(40, round(image.height * scale) + 8))
                sheet.insert_image(
                    y, len(COLUMNS), f"{y}.png",
                    {"image_data": BytesIO(image.png), "x_scale": scale, "y_scale": scale, "x_offset": 4,
                     "y_offset": 4, "object_position": 1, "decorative": True},
                )  # fmt: skip
        ran: list[list[str | int]] = [
            [
                r.source,
                self._when(r.started_at),
                say(r.status, self._language),
                r.rows,
                r.error or "",
                r.report or "",
            ]
            for r in report.runs
        ]
        names = ("source", "began", "status", "rows", "why", "report")
        table(say_("runs"), [(say_(n), w) for n, w in zip(names, (14, 18, 18, 10, 60, 80), strict=True)], ran, 1)
        book.close()
        return out.getvalue()


def _marked(f: DayField, side: int) -> Markup:
    """The value with the characters marked that the other one has otherwise."""
    value = (f.old, f.new)[side]
    return value_html(value, differing(f.old, f.new)[side], more="{n}") if value else Markup("")


def _link(report: str | None, folder: Path) -> str:
    """A run's page, as seen from the folder; '' where there is none on this drive any more."""
    if report is None or not Path(report).is_file():
        return ""
    try:
        return Path(os.path.relpath(report, folder)).as_posix()
    except ValueError:  # on Windows: another drive
        return ""
