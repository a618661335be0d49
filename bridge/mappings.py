"""Mapping tables as files: CSV or Excel with the columns field, word (in the ERP) and ours (our word)."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from bridge.errors import UsageError
from bridge.faults import near
from bridge.formulas import guarded
from bridge.parse.text import has_invisible
from bridge.parse.values import displayed
from bridge.profiles import Column, ColumnType, Profile

HEADINGS = ["field", "word", "ours"]
SUFFIXES = (".csv", ".xlsx")
LONGEST = 500  # characters of a word
MOST_UNPACKED = 50_000_000  # bytes of a workbook; 100,000 words take some ten
_MAPPED = (ColumnType.CODE, ColumnType.TEXT, ColumnType.STATUS)
_HINT = "The first line names the columns: field, word, ours. `bridge mappings export` writes such a file."

Words = Mapping[str, Mapping[str, str]]


def with_words(profile: Profile, words: Words) -> Profile:
    """The profile that knows these words, too; where both know one, people's word counts."""
    fields = {c.field for c in profile.columns}
    known = {f: {**profile.mappings.get(f, {}), **table} for f, table in words.items() if f in fields and table}
    return profile.model_copy(update={"mappings": {**profile.mappings, **known}}) if known else profile


def rows_of(profile: Profile, said: Words) -> list[dict[str, str]]:
    """Each word with its field, our word, and from whom it is: profile or people."""
    return [
        {"field": f, "word": w, "ours": o, "from": "people" if w in said.get(f, {}) else "profile"}
        for f, table in with_words(profile, said).mappings.items()
        for w, o in table.items()
    ]


def _suffix(path: Path) -> str:
    """Raises UsageError if it is neither CSV nor Excel."""
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(f"{path} is no {' or '.join(SUFFIXES)} file", hint=_HINT)
    return path.suffix.lower()


def content(words: Words, path: Path) -> bytes:
    """CSV in UTF-8 with a byte order mark, or a workbook with filters and a frozen heading.
    Raises UsageError if it is to be neither."""
    kind = _suffix(path)
    rows = [(field, word, ours) for field, table in words.items() for word, ours in table.items()]
    if kind == ".csv":
        frame = pd.DataFrame([[guarded(v) for v in row] for row in rows], columns=HEADINGS, dtype=str)
        text: str = frame.to_csv(index=False, lineterminator="\r\n")
        return text.encode("utf-8-sig")
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("mappings")
    as_text = book.add_format({"num_format": "@", "quote_prefix": True})
    sheet.write_row(0, 0, HEADINGS, book.add_format({"bold": True, "bottom": 1}))
    for y, row in enumerate(rows, 1):
        for x, value in enumerate(row):
            sheet.write_string(y, x, value, as_text)
    sheet.set_column(0, 2, 28)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(len(rows), 1), 2)
    book.close()
    return out.getvalue()


def read(path: Path, profile: Profile) -> dict[str, dict[str, str]]:
    """field → word → ours.  Raises UsageError as ``parsed``, and if there is no such file."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}", hint=_HINT) from None
    return parsed(str(path), data, profile)


def parsed(name: str, data: bytes, profile: Profile) -> dict[str, dict[str, str]]:
    """field → word → ours, of a file of this name and content.

    Raises UsageError with the line of the first fault: an unknown field, one that cannot be mapped, an empty word
    or one with two meanings."""
    frame = _frame(name, data)
    words: dict[str, dict[str, str]] = {}
    for n, (field, word, ours) in enumerate(frame[HEADINGS].itertuples(index=False, name=None), 2):
        field, word, ours = (_plain(str(v)) for v in (field, word, ours))
        if not (field or word or ours):
            continue
        try:
            shown = checked(field, word, ours, profile)
        except UsageError as e:
            raise _fault(name, n, e.message) from None
        table = words.setdefault(field, {})
        if table.get(shown, ours) != ours:
            raise _fault(name, n, f"{shown!r} is {table[shown]!r} above and {ours!r} here")
        table[shown] = ours
    return words


def mappable(profile: Profile) -> list[Column]:
    """The columns whose words can be mapped."""
    return [c for c in profile.columns if c.field and c.type in _MAPPED and c.field not in profile.key]


def checked(field: str, word: str, ours: str, profile: Profile) -> str:
    """The word in the form in which it is looked up.  Raises UsageError for a field that there is not or that
    cannot be mapped, and for what is empty, too long, or holds what no screen shows."""
    fields = [c.field for c in profile.columns if c.field]
    if field not in fields:
        raise UsageError(f"the profile reads no field {field!r}{near(field, fields)}")
    column = next((c for c in mappable(profile) if c.field == field), None)
    if column is None:
        raise UsageError(f"{field} is part of the key or no word: it cannot be mapped")
    shown = displayed(word, column)
    if not shown or not ours:
        raise UsageError(f"the {'word' if not shown else 'meaning'} is empty")
    if hidden := [t for t in (shown, ours) if len(t) > LONGEST or has_invisible(t, also_format=True)]:
        raise UsageError(f"{hidden[0][:40]!r} holds what no screen shows, or is too long")
    return shown


def _frame(name: str, data: bytes) -> pd.DataFrame:
    kind = _suffix(Path(name))
    try:
        frame = _from_csv(data) if kind == ".csv" else _from_excel(data)
    except UnicodeDecodeError:
        raise UsageError(f"{name} is not UTF-8", hint='In Excel, save it as "CSV UTF-8", or as .xlsx.') from None
    except Exception as e:  # openpyxl and the zip under it raise whatever they meet in a broken file
        raise UsageError(f"{name} cannot be read as a table: {e}", hint=_HINT) from e
    frame.columns = pd.Index([str(c).strip().lower() for c in frame.columns])
    if wrong := [h for h in HEADINGS if list(frame.columns).count(h) != 1]:
        word = "two columns" if wrong[0] in frame.columns else "no column"
        raise UsageError(f"{name} has {word} {wrong[0]!r}", hint=_HINT)
    return frame


def _from_excel(data: bytes) -> pd.DataFrame:
    """Raises ValueError for a workbook that unpacks to far more than it is."""
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        if sum(p.file_size for p in parts.infolist()) > MOST_UNPACKED:
            raise ValueError(f"it unpacks to more than {MOST_UNPACKED // 1_000_000} MB")
    frame: pd.DataFrame = pd.read_excel(io.BytesIO(data), dtype=str, keep_default_na=False)
    return frame


def _from_csv(data: bytes) -> pd.DataFrame:
    """Raises ValueError for a line of another length: pandas would shift its cells silently."""
    head, *rows = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
    for n, row in enumerate(rows, 2):
        if row and len(row) != len(head):
            raise ValueError(f"line {n} has {len(row)} cells, the first has {len(head)}")
    return pd.DataFrame([row or [""] * len(head) for row in rows], columns=head, dtype=str)


def _plain(text: str) -> str:
    """Without the apostrophe that guards against formulas."""
    bare = text[1:]
    return (bare if text.startswith("'") and guarded(bare) == text else text).strip()


def _fault(name: str, n: int, why: str) -> UsageError:
    return UsageError(f"{name}, line {n}: {why}", hint="Nothing was imported; correct the line and try again.")
