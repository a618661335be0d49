"""report.html: one self-contained page, readable without script, without network and on paper."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal
from typing import Any

from markupsafe import Markup

from bridge.breaks import HANDLING
from bridge.records import KEY_SEP, Change, FieldValue, RunStatus, Scalar, Witness
from bridge.reports.phrases import DECIDE_COMMAND, LIST_COMMAND, RELEASE_COMMAND, phrases
from bridge.reports.said import Namer, say_break, say_fact, say_reason
from bridge.reports.show import differing, doubtful_spans, scalar_text, value_html, visible
from bridge.reports.table import doubts_by_column
from bridge.reports.templating import asset, templates
from bridge.reports.view import DoubtfulRow, Question, RunView, field_order
from bridge.reports.words import Language, explain, say, say_finding, say_stage

LISTED = 100
"""Rows of one list of whole orders (added, gone, …) on the page; the sheets have all of them."""


def render(view: RunView, *, language: Language, name_of: Namer, zone: tzinfo) -> bytes:
    """The page as UTF-8."""
    environment = templates()
    script = asset(environment, "report.js")
    html = environment.get_template("report.html").render(
        v=view,
        s=view.summary,
        lang="zh-CN" if language == "zh" else "en",
        t=phrases(language),
        say=lambda thing: say(thing, language),
        explain=lambda thing: explain(thing, language),
        say_finding=lambda code: visible(say_finding(code, language)),
        say_fact=lambda finding: say_fact(finding, language),
        say_reason=lambda asked: say_reason(asked, language, name_of),
        say_break=lambda what: say_break(what, language, name_of),
        handling=HANDLING,
        say_stage=lambda stage: visible(say_stage(stage, language)),
        name=lambda field: visible(name_of(field)),
        show=_Shows(language),
        plain=visible,
        when=lambda t: _when(t, zone),
        tone=_tone(view.summary.status),
        css=asset(environment, "report.css"),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode("ascii"),
        list_command=LIST_COMMAND.format(source=visible(view.summary.source)),
        decide_command=DECIDE_COMMAND,
        release_command=RELEASE_COMMAND,
        stages=_stages(view),
        columns=doubts_by_column(view),
        fields=field_order(view),
        witnesses=sorted(view.summary.witnesses.items(), key=lambda item: -item[1]),
        listed=LISTED,
    )
    return html.encode("utf-8", "backslashreplace")


class _Shows:
    """Values as safe HTML, for the templates."""

    def __init__(self, language: Language) -> None:
        self._language: Language = language
        self._t = phrases(language)

    def text(self, text: str) -> Markup:
        return value_html(text, more=self._long) if text else self._empty()

    def key(self, key: str) -> Markup:
        return Markup(' <span class="dot">·</span> ').join(self.text(part) for part in key.split(KEY_SEP))

    def scalar(self, value: Scalar) -> Markup:
        return self.text(scalar_text(value))

    def guess(self, question: Question) -> Markup:
        """The best guess with the characters marked that an alternative reads differently."""
        if not question.text:
            return Markup('<span class="none">{}</span>').format(self._t("nothing_read"))
        return value_html(question.text, doubtful_spans(question.text, question.alternatives), more=self._long)

    def alternative(self, text: str, guess: str) -> Markup:
        return value_html(text, differing(guess, text)[1], more=self._long) if text else self._empty()

    def before(self, question: Question) -> Markup:
        """The value before, with the characters marked that the best guess reads differently.  Typed values are
        compared as such: how the ERP displays them says nothing."""
        old = scalar_text(question.old)
        if not old:
            return self._empty()
        guess = question.text if question.value is None else scalar_text(question.value)
        shown = value_html(old, differing(old, guess)[0], more=self._long)
        return shown if old != guess else shown + Markup(' <span class="same">{}</span>').format(self._t("same"))

    def old(self, value: Scalar, new: Scalar) -> Markup:
        a, b = scalar_text(value), scalar_text(new)
        return value_html(a, differing(a, b)[0], mark="del", more=self._long) if a else self._empty()

    def new(self, old: Scalar, value: Scalar) -> Markup:
        a, b = scalar_text(old), scalar_text(value)
        return value_html(b, differing(a, b)[1], mark="ins", more=self._long) if b else self._empty()

    def cell(self, value: FieldValue) -> Markup:
        return self.scalar(value.value) if value.ok else self.text(value.reading.text)

    def witness(self, name: str) -> str:
        """How cells were proven, by a Witness's value; a combination the store counts by another name stays."""
        known = {w.value: w for w in Witness}
        return " + ".join(say(known[w], self._language) if w in known else visible(w) for w in name.split("+"))

    def side(self, change: Change, side: str, field: str) -> str:
        """The CSS class of a list's cell: numbers to the right, codes and dates on one line."""
        value = (change.after if side == "after" else change.before).get(field)
        if isinstance(value, int | Decimal):
            return "num"
        return "nowrap" if isinstance(value, date) or (isinstance(value, str) and len(value) <= 20) else ""

    def place(self, row: DoubtfulRow) -> str:
        return self._t("place", page=row.line.page, row=row.line.row + 1)

    @property
    def _long(self) -> str:
        return self._t("long_text", n="{n}")

    def _empty(self) -> Markup:
        return Markup('<span class="none">{}</span>').format(self._t("empty"))


def _when(moment: datetime | None, zone: tzinfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}" if moment else "–"


def _tone(status: RunStatus) -> str:
    match status:
        case RunStatus.OK:
            return "good"
        case RunStatus.PARTIAL | RunStatus.RUNNING:
            return "doubt"
        case _:
            return "bad"


def _stages(view: RunView) -> Sequence[dict[str, Any]]:
    """Stages with seconds, with their share of the run for the bar (at least a visible sliver)."""
    total = sum(view.summary.seconds.values())
    return [
        {
            "name": name,
            "seconds": f"{seconds:.1f}",
            "share": f"{max(0.6, 100 * seconds / total) if total else 0.6:.2f}",
        }
        for name, seconds in view.summary.seconds.items()
    ]
