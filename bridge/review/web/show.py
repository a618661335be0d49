"""What the templates call: words in the reader's language, and values of the ERP made harmless."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, tzinfo
from decimal import Decimal
from enum import StrEnum

from markupsafe import Markup

from bridge.interfaces import Action
from bridge.records import KEY_SEP, ChangeKind, FieldValue, ReviewItem, ReviewKind, Scalar, Witness
from bridge.reports.said import say_reason
from bridge.reports.show import differing, doubtful_spans, scalar_text, value_html, visible
from bridge.reports.words import Language, explain, say
from bridge.review.web.breaks import Confusion, Group
from bridge.review.web.card import Asked
from bridge.review.web.phrases import phrases

Namer = Callable[[str, str], str]
"""(source, field) → what people call it."""


class Shows:
    """One reader's view: language, time zone, the names of fields."""

    def __init__(self, language: Language, zone: tzinfo | None, name_of: Namer, now: datetime) -> None:
        self._language: Language = language
        self._zone = zone
        self._name_of = name_of
        self._now = now
        self.t = phrases(language)

    # --- words ----------------------------------------------------------------------------------------------

    def word(self, thing: StrEnum) -> str:
        return say(thing, self._language)

    def sentence(self, thing: StrEnum) -> str:
        return explain(thing, self._language)

    def witnesses(self, way: Iterable[Witness]) -> str:
        return " + ".join(self.word(w) for w in sorted(way))

    def action(self, name: str) -> str:
        """What a decision is called; one of another version's is shown as it is."""
        return self.word(Action(name)) if name in {a.value for a in Action} else visible(name)

    def reason(self, item: ReviewItem) -> Markup:
        """Why it is asked, in the reader's language."""
        return self.text(say_reason(item, self._language, lambda field: self._name_of(item.source, field)))

    def change(self, name: str) -> str:
        """What a message tells of; one of another version's is shown as it is."""
        return self.word(ChangeKind(name)) if name in {k.value for k in ChangeKind} else visible(name)

    def name(self, source: str, field: str) -> str:
        return visible(self._name_of(source, field))

    def when(self, moment: datetime | None) -> str:
        return f"{moment.astimezone(self._zone):%Y-%m-%d %H:%M}" if moment else "–"

    def age(self, since: datetime) -> str:
        seconds = max(0.0, (self._now - since).total_seconds())
        if seconds < 60:
            return self.t("seconds_ago")
        if seconds < 3600:
            return self.t("minutes_ago", n=int(seconds // 60))
        if seconds < 48 * 3600:
            return self.t("hours_ago", n=int(seconds // 3600))
        return self.t("days_ago", n=int(seconds // 86400))

    def money(self, amount: Decimal | None) -> str:
        return "" if amount is None else f"{amount:,.2f}"

    def group(self, group: Group) -> str:
        """What a group has in common, as plain text."""
        match group.key:
            case Confusion(field=field, doubt=doubt, pair=pair):
                name = self.name(group.places[0].asked.source, field)
                return f"{name} · {visible(pair)}" if pair else f"{name} · {self.word(doubt)}"
            case ReviewKind():
                return self.word(group.key)
            case customer:
                return visible(customer)[:60] or self.t("no_customer")

    # --- values ---------------------------------------------------------------------------------------------

    def text(self, text: str) -> Markup:
        return value_html(text, more=self._long) if text else self._none("empty")

    def plain(self, text: str, most: int = 80) -> str:
        """For titles, labels and lists: one line, nothing hidden in it."""
        return visible(text if len(text) <= most else text[: most - 1] + "…")

    def scalar(self, value: Scalar) -> Markup:
        return self.text(scalar_text(value))

    def key(self, key: str) -> Markup:
        return Markup(' <span class="dot">·</span> ').join(self.text(part) for part in key.split(KEY_SEP))

    def cell(self, value: FieldValue) -> Markup:
        return self.scalar(value.value) if value.ok else self.text(value.reading.text)

    def read(self, asked: Asked) -> Markup:
        """What was read, with the characters marked that the stored value or an alternative has otherwise."""
        if not asked.text:
            return self._none("nothing_read")
        return value_html(asked.text, doubtful_spans(asked.text, self._against(asked)), more=self._long)

    def stored(self, asked: Asked) -> Markup:
        old = scalar_text(asked.old)
        if not old:
            return self._none("empty")
        read = asked.text if asked.value.value is None else scalar_text(asked.value.value)
        return value_html(old, differing(old, read)[0], more=self._long)

    def is_same(self, asked: Asked) -> bool:
        return asked.has_old and asked.value.value is not None and asked.value.value == asked.old

    def alternative(self, text: str, read: str) -> Markup:
        return value_html(text, differing(read, text)[1], more=self._long) if text else self._none("empty")

    def was(self, old: str, new: str) -> Markup:
        return value_html(old, differing(old, new)[0], mark="del", more=self._long) if old else self._none("empty")

    def becomes(self, old: str, new: str) -> Markup:
        return value_html(new, differing(old, new)[1], mark="ins", more=self._long) if new else self._none("empty")

    @staticmethod
    def _against(asked: Asked) -> list[str]:
        others = list(asked.alternatives)
        # Numbers and dates are stored as such: how the ERP writes them is no difference.
        if isinstance(asked.old, str) and asked.old:
            others.append(asked.old)
        return others

    @property
    def _long(self) -> str:
        return self.t("long_text", n="{n}")

    def _none(self, phrase: str) -> Markup:
        return Markup('<span class="none">{}</span>').format(self.t(phrase))
