"""Passages → mentions: every date and term, told apart by the words that govern it.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from bridge.contracts.dates import find_dates
from bridge.contracts.document import Document, Passage
from bridge.contracts.mentions import Mention, Silence
from bridge.contracts.roles import (
    AMENDS,
    BATCH,
    CONDITIONAL,
    LATER,
    LATEST,
    NEW,
    NOT_GOODS,
    NOT_YET,
    OLD,
    PROMISED,
    REQUIRED,
    VAGUE,
    Role,
    attached,
    is_label,
    keywords,
    label_role,
)
from bridge.contracts.terms import find_terms

LONGEST_CONTEXT = 240
"""Characters before and after a date that may say what it is: hostile text has no full stops."""
_SENTENCE = re.compile(r"[。;!?\n]|(?<=[a-z)])\.\s+(?=[A-Z0-9])|(?<=[0-9]{4})\.\s+(?=[A-Z])")
_PART = re.compile(r"[,。;!?\n]|(?<=[a-z)])\.\s|\s{2,}")
_HEADING = re.compile(
    r"^\s*(?:第\s?[一二三四五六七八九十0-9]{1,3}\s?条|[一二三四五六七八九十]{1,3}\s?[、.,]|[(]?[0-9]{1,2}(?:\.[0-9]{1,2})*[)、.,]?)?\s*"
    r"(?P<words>[^:。;,\n]{2,24})[:]"
)
_BLANK = re.compile(
    r"^[\s:_＿.…-]*(?:20)?[\s_＿.…-]*年?[\s_＿.…-]*月?[\s_＿.…-]*日?[\s_＿.…-]*(?:前|之前|内)?[\s。;,]*$"
)


def find_mentions(document: Document) -> list[Mention]:
    return [m for i, passage in enumerate(document.passages) for m in _of_passage(i, passage)]


def _of_passage(index: int, passage: Passage) -> Iterator[Mention]:
    text = passage.text
    dates = find_dates(text)
    terms = [t for t in find_terms(text) if not any(t.start < d.end and d.start < t.end for d in dates)]
    amends = [m.start() for m in AMENDS.finditer(text)]
    found = [
        *((d.start, d.end, d.start, d, None) for d in dates),
        *((t.start, t.end, t.since, None, t) for t in terms),
    ]
    for start, end, since, day, term in sorted(found, key=lambda f: f[0]):
        role, strong = _role(passage, start, end, since, is_term=term is not None)
        begin, stop = _sentence(text, start, end)
        clause = text[begin:stop]
        near = text[max(begin, since - 40) : start]
        label = _last_part(near) + " " + ("" if strong and passage.table is None else _label(passage))
        amended = any(begin <= a for a in amends if a >= end and _same_paragraph(text, end, a))
        yield Mention(
            role=role,
            passage=index,
            start=start,
            clause=_clause_words(passage, begin, stop),
            lines=passage.lines_of(since, end),
            date=day,
            term=term,
            strong=strong,
            required=bool(REQUIRED.search(label)),
            promised=bool(PROMISED.search(label)),
            latest=bool(LATEST.search(text[max(begin, start - 14) : start])),
            old=amended or bool(OLD.search(AMENDS.split(label)[-1])),
            new=bool(NEW.search(label)) or any(begin <= a < start for a in amends),
            batch=bool(BATCH.search(clause)),
            vague=_vague(text, begin, start, end) or (term is not None and not term.sure),
            column=None if passage.table is None else (passage.table, passage.column),
        )


def _vague(text: str, begin: int, start: int, end: int) -> bool:
    """Does the contract itself take something back: about, expected, in case of, not before?"""
    before, behind = text[begin:start], _PART.split(text[end : end + 14])[0]
    near = _last_part(before[-16:])
    return bool(
        VAGUE.search(near + text[start:end] + behind) or CONDITIONAL.search(before) or NOT_YET.match(behind)
    )


def _clause_words(passage: Passage, begin: int, stop: int) -> str:
    words = passage.text[begin:stop].strip()
    label = _label(passage)
    return f"{label}: {words}" if passage.table is not None and label else words


def _label(passage: Passage) -> str:
    """The cell's label: the one to its left if that is one, else the nearest above."""
    if passage.table is None:
        return ""
    if is_label(passage.left):
        return passage.left
    return next((a for a in passage.above if is_label(a)), "")


def _role(passage: Passage, start: int, end: int, since: int, *, is_term: bool) -> tuple[Role, bool]:
    """The role, and whether the label stands right before the value."""
    text = passage.text
    begin, stop = _sentence(text, start, end)
    before = text[begin:since]
    direct = attached(before)
    if direct is not None and not (is_term and _action(text, end, stop)):
        return direct[0], True
    action = _action(text, end, stop)
    if action is not None and not (direct and direct[0] is Role.DELIVERY and action is Role.PAYMENT):
        return action, False
    if passage.table is not None and (label := _label(passage)) and not keywords(_last_part(before)):
        return label_role(label), True
    if found := keywords(before):
        return found[-1][0], False
    following = _PART.split(text[end:stop], maxsplit=2)
    if len(following) > 1 and (after := keywords(following[1])):
        return after[0][0], False
    heading = _heading(text, start) or (passage.left if passage.table is None else "")
    if keywords(heading):
        return label_role(heading), False
    return Role.OTHER, False


def _action(text: str, end: int, stop: int) -> Role | None:
    """What is to be done by then: the first governing word up to the next comma that is not the next label."""
    part = _PART.split(text[end:stop], maxsplit=1)[0]
    if NOT_GOODS.search(part):
        return Role.PAPER
    said = [role for role, _, _ in keywords(part)]
    if said[:1] == [Role.INSPECTION] and Role.DELIVERY in said:
        return Role.DELIVERY  # 安装调试完毕并交付使用
    for role, _, word_end in keywords(part):
        rest = part[word_end:]
        if re.match(r"(?:日期|时间|期限|方式|地点|date|time|terms)?\s*:", rest, re.IGNORECASE):
            return None
        return role
    return None


def _sentence(text: str, start: int, end: int) -> tuple[int, int]:
    begin, stop = 0, len(text)
    for m in _SENTENCE.finditer(text, max(0, start - LONGEST_CONTEXT), end + LONGEST_CONTEXT):
        if m.end() <= start:
            begin = m.end()
        elif m.start() >= end:
            stop = m.start()
            break
    return max(begin, start - LONGEST_CONTEXT), min(stop, end + LONGEST_CONTEXT)


def _last_part(words: str) -> str:
    return _PART.split(words)[-1]


def _same_paragraph(text: str, a: int, b: int) -> bool:
    return "\n" not in text[a:b] and b - a < 80


def _heading(text: str, at: int) -> str:
    begin = text.rfind("\n", 0, at) + 1
    m = _HEADING.match(text[begin:at])
    return m["words"] if m else ""


def find_silences(document: Document, mentions: list[Mention]) -> list[Silence]:
    """Delivery labels that have no date: left blank, to be agreed, or with something that cannot be read."""
    return [s for i, p in enumerate(document.passages) for s in _silences(i, p, mentions)]


def _silences(index: int, passage: Passage, mentions: list[Mention]) -> Iterator[Silence]:
    text = passage.text
    at = {m.start for m in mentions if m.passage == index}
    if passage.table is not None:
        if not at and label_role(_label(passage)) is Role.DELIVERY and not is_label(text):
            yield Silence(why=_why(text), clause=_clause_words(passage, 0, len(text)), lines=passage.lines)
        return
    for role, start, end in keywords(text):
        if role is not Role.DELIVERY:
            continue
        m = re.match(
            r"(?:日期|时间|期限|期|日|限)?(?:、?(?:及|和)?(?:地点|方式))*\s*[:]|(?:以|由)(?=.{0,14}(?:为准|协商))",
            text[end:],
        )
        begin, stop = _sentence(text, start, end)
        later = LATER.search(text[begin:stop])
        if m is None and not later:
            continue
        value = text[end + (m.end() if m else 0) : stop]
        if any(start <= s < stop for s in at):
            continue
        yield Silence(
            why="later" if later else _why(value),
            clause=text[begin:stop].strip(),
            lines=passage.lines_of(start, stop),
        )


def _why(value: str) -> str:
    value = value.rpartition(":")[2]
    if LATER.search(value):
        return "later"
    if _BLANK.match(value):
        return "blank"
    return "unreadable" if len(re.findall(r"[0-9]", value)) >= 2 else "words"
