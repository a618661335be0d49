"""A question's and a finding's own sentences, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable

from bridge.breaks import Break
from bridge.records import Finding, ReviewItem
from bridge.reports.view import DoubtfulRow, Notice
from bridge.reports.words import Language
from bridge.sentences import break_sentence, finding_sentence

Namer = Callable[[str], str]
"""Field name → what people call it."""


def say_break(what: Break, language: Language, name_of: Namer) -> str:
    return break_sentence(what.cls, what.params, language, field=name_of(what.field) if what.field else "")


def say_reason(item: ReviewItem | DoubtfulRow | Notice, language: Language, name_of: Namer) -> str:
    """Why it is asked; of a question from before there were classes, its one sentence as it was kept."""
    return "; ".join(say_break(b, language, name_of) for b in item.breaks) or item.reason


def say_fact(finding: Finding, language: Language) -> str:
    return finding_sentence(finding.code, finding.params, language)
