"""Words of the ERP: asked once, then known; as files and back; on both databases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest
from store_samples import NOW, Runs, reading
from test_decisions import PROFILE, _asked, _decide, _row

from bridge.errors import UsageError
from bridge.interfaces import Action
from bridge.mappings import content, read, rows_of, with_words
from bridge.parse.values import parse_value
from bridge.records import Doubt, FieldValue, OrderLine
from bridge.review.decisions import Decide
from bridge.store import SqlStore

SKUS = PROFILE.model_copy(update={"mappings": {**PROFILE.mappings, "sku": {"A1": "OUR-1"}}})
ROWS = "field,word,ours\r\nsku,A1,OUR-1\r\nsku,=B2,OUR-2\r\nstatus,己发,shipped\r\n"


def _file(folder: Path, text: str, name: str = "words.csv") -> Path:
    path = folder / name
    path.write_bytes(text.encode("utf-8-sig"))
    return path


def _unknown(field: str, word: str) -> OrderLine:
    """A row with a word that is certain, and that no mapping knows."""
    row = _row()
    value = FieldValue(field=field, value=None, reading=reading(word), doubts=(Doubt.UNKNOWN_WORD,))
    return replace(row, fields={**row.fields, field: value})


def test_a_word_that_was_explained_holds_until_the_answer_is_undone(store: SqlStore, url: str) -> None:
    item = _asked(Runs(store), _unknown("status", "己发"))
    decide = _decide(store)
    assert Action.ACCEPT not in decide.choices(item)
    with pytest.raises(UsageError, match="unknown_word"):
        decide.type_values(item.id, {"status": "no word of ours"}, by="li")
    store.import_mappings("demo", {"status": {"己发": "open"}}, replace=False, by="wu", now=NOW)
    decide.type_values(item.id, {"status": "shipped"}, by="li", batch="b1")
    assert store.mappings("demo") == {"status": {"己发": "shipped"}}
    decide.undo("b1", by="li")
    assert store.mappings("demo") == {"status": {"己发": "open"}}


@pytest.mark.parametrize(("said", "ours"), [("accept", "X9"), ("OUR-9", "OUR-9")])
def test_a_sku_may_be_called_anything_also_what_the_erp_calls_it(
    store: SqlStore, url: str, said: str, ours: str
) -> None:
    item = _asked(Runs(store), _unknown("sku", "X9"))
    decide = Decide(store, profile_of=lambda _s: SKUS, receivers_of=lambda _s: ["erp2"], clock=lambda: NOW)
    if said == "accept":
        decide.accept(item.id, by="li", batch="b")
    else:
        decide.type_values(item.id, {"sku": said}, by="li", batch="b")
    assert store.mappings("demo") == {"sku": {"X9": ours}}
    assert [f.fields["sku"] for f in store.baseline("demo").values()] == [ours]
    assert parse_value("X9", SKUS.column("sku"), with_words(SKUS, store.mappings("demo")).mappings["sku"]) == (
        ours,
        (),
    )
    decide.undo("b", by="li")
    assert store.mappings("demo") == {}


def test_a_reading_that_is_not_certain_teaches_no_word(store: SqlStore, url: str) -> None:
    item = _asked(Runs(store), _row(status="己发", doubtful={"status": Doubt.UNKNOWN_WORD}))
    _decide(store).type_values(item.id, {"status": "已发"}, by="li")
    assert store.mappings("demo") == {}


def test_people_and_profile_know_words_together_and_people_count_first() -> None:
    said = {"status": {"未发": "new", "半发": "part"}, "customer": {"x": "y"}, "sku": {"A1": "OUR-1"}}
    known = with_words(PROFILE, said)
    assert known.mappings == {
        "status": {"未发": "new", "已发": "shipped", "半发": "part"},
        "sku": {"A1": "OUR-1"},
    }
    assert with_words(PROFILE, {}) is PROFILE
    assert {(r["word"], r["from"]) for r in rows_of(PROFILE, said)} == {
        ("未发", "people"), ("半发", "people"), ("已发", "profile"), ("A1", "people"),
    }  # fmt: skip


@pytest.mark.parametrize("name", ["words.csv", "words.xlsx"])
def test_what_is_exported_is_imported_as_it_was(tmp_path: Path, name: str) -> None:
    words = {"sku": {"A1": "OUR-1", "=B2": "=1+1", "007": "-7", "O'N": "'x"}, "status": {"己发": "shipped"}}
    path = tmp_path / name
    path.write_bytes(content(words, path))
    assert read(path, SKUS) == words
    if name.endswith("csv"):
        assert b"'=B2" in path.read_bytes()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("field,word\r\nsku,A1\r\n", "no column 'ours'"),
        ("field,word,ours\r\nskv,A1,B\r\n", "line 2: the profile reads no field 'skv'.*sku"),
        ("field,word,ours\r\nsku,A1,B\r\nquantity,1,2\r\n", "line 3: quantity is part of the key or no word"),
        ("field,word,ours\r\norder_no,1,2\r\n", "part of the key"),
        ("field,word,ours\r\nsku,,B\r\n", "the word is empty"),
        ("field,word,ours\r\nsku,A1,\r\n", "the meaning is empty"),
        ("field,word,ours\r\nsku,A1,B\r\nsku,A1,C\r\n", "line 3: 'A1' is 'B' above and 'C' here"),
        ("field,word,ours,word\r\nsku,A1,B,C\r\n", "two columns 'word'"),
        ("field,word,ours\r\nsku,A1,B,C\r\n", "line 2 has 4 cells, the first has 3"),
        ('field,word,ours\r\nsku,"A1,B\r\n', "cannot be read"),
        ("field,word,ours\r\nsku,A\x001,B\r\n", "line 2.*no screen shows"),
        ("field,word,ours\r\nsku,A1,B\u202e\r\n", "line 2.*no screen shows"),
        (f"field,word,ours\r\nsku,{'A' * 501},B\r\n", "line 2.*too long"),
        ("", "cannot be read"),
    ],
)
def test_a_faulty_file_is_refused_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read(_file(tmp_path, text), SKUS)


def test_a_workbook_that_a_person_wrote(tmp_path: Path) -> None:
    """Numbers, empty lines and cells, a heading in capitals, a column of notes."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (("Field", "WORD", "ours", "note"), ("sku", 7, "OUR-7", None), (None,) * 4, ("sku", "A8", 8, "x")):
        sheet.append(row)
    book.save(tmp_path / "words.xlsx")
    assert read(tmp_path / "words.xlsx", SKUS) == {"sku": {"7": "OUR-7", "A8": "8"}}


def test_files_that_are_no_tables_are_refused(tmp_path: Path) -> None:
    (tmp_path / "gbk.csv").write_bytes("field,word,ours\r\nsku,产品,B\r\n".encode("gbk"))
    (tmp_path / "broken.xlsx").write_bytes(b"PK\x03\x04 no zip")
    for name, words in (("gbk.csv", "not UTF-8"), ("broken.xlsx", "cannot be read"), ("none.csv", "no file")):
        with pytest.raises(UsageError, match=words):
            read(tmp_path / name, SKUS)
    with pytest.raises(UsageError, match=r"no \.csv or \.xlsx file"):
        content({}, tmp_path / "words.txt")


def test_importing_adds_and_replacing_forgets_in_the_fields_of_the_file(
    store: SqlStore, url: str, tmp_path: Path
) -> None:
    def take(text: str, *, replace: bool = False) -> tuple[int, int]:
        words = read(_file(tmp_path, text), SKUS)
        return store.import_mappings("demo", words, replace=replace, by="li", now=NOW)

    assert take(ROWS) == (3, 0)
    assert take(ROWS) == (0, 0)
    assert take("field,word,ours\r\nsku,A1,OUR-9\r\n", replace=True) == (1, 1)
    assert store.mappings("demo") == {"sku": {"A1": "OUR-9"}, "status": {"己发": "shipped"}}
    assert store.mappings("other") == {}
    entries = store.audit(10)
    assert [e.action for e in entries] == ["mappings", "mappings"], "what changed nothing is not told"
    assert store.verify_audit().faults == ()


def test_a_big_table_is_looked_up_and_not_searched() -> None:
    table = {f"A{n}": f"OUR-{n}" for n in range(20_000)}
    column = SKUS.column("sku")
    values = [parse_value(f"A{n}", column, table)[0] for n in range(20_000)]
    assert values == list(table.values())
    assert parse_value("Ａ7", column, table)[0] == "OUR-7"
