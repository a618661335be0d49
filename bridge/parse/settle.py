"""A person's answers put into a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bridge.parse.arithmetic import check_products
from bridge.parse.orders import build_line, field_value
from bridge.parse.text import has_invisible
from bridge.parse.values import displayed
from bridge.profiles import Column, ColumnType, Profile
from bridge.records import Doubt, FieldValue, OrderLine, Reading, Witness


def settle(profile: Profile, line: OrderLine, answers: Mapping[str, str]) -> OrderLine:
    """The line with some fields as a person says they are displayed (field → text, "" for truly empty).

    The answers are typed like any reading, so the line is ``ok`` only if they are legal and no other field is in
    doubt; doubts that came from the row's arithmetic are judged anew.  Where the ERP's word is proven but no
    mapping knows it, our own word is an answer too; of a customer or SKU that is any word, also the ERP's own.

    Raises KeyError for a field that the line does not have.
    """
    fields = dict(line.fields)
    for name, value in fields.items():
        kept = tuple(d for d in value.doubts if d is not Doubt.ARITHMETIC)
        fields[name] = replace(value, doubts=kept)
    for name, text in answers.items():
        fields[name] = _answered(profile, fields[name], text)
    built = build_line(line.source, profile, fields.values(), page=line.page, row=line.row)
    checked, _ = check_products(profile, [built])
    return checked[0]


def _answered(profile: Profile, value: FieldValue, text: str) -> FieldValue:
    column = profile.column(value.field)
    reading = _said(value.reading, text)
    typed = field_value(column, reading, profile, is_key=value.field in profile.key)
    word = displayed(text, column)
    if Doubt.UNKNOWN_WORD in typed.doubts and value.reading.proven and word and _ours(profile, column, word):
        # The reading keeps what the ERP shows; only the value is the person's.
        return FieldValue(field=value.field, value=word, reading=_said(value.reading, value.reading.text))
    return typed


def _ours(profile: Profile, column: Column, word: str) -> bool:
    """Whether a word may be one of ours: a status only if it is known as such; a customer or SKU may be called
    anything, also what the ERP calls it."""
    if column.type is ColumnType.STATUS:
        return word in profile.mappings.get(column.field or "", {}).values()
    return not has_invisible(word, also_format=column.type is ColumnType.CODE)


def _said(reading: Reading, text: str) -> Reading:
    same = text == reading.text
    return replace(
        reading,
        text=text,
        proven=True,
        confidence=1.0,
        witnesses=tuple(dict.fromkeys((*(reading.witnesses if same else ()), Witness.PERSON))),
        doubts=(),
        alternatives=tuple(t for t in (reading.text, *reading.alternatives) if t != text),
    )
