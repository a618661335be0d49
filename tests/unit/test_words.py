"""Every enum value has words for people, in both languages, and they fit the places where they stand."""

import ast
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

import bridge
from bridge.breaks import HANDLING, BreakClass, Handling
from bridge.interfaces import Action
from bridge.records import STAGES, ChangeKind, Doubt, Finding, ReviewKind, RowKind, RunStatus, Witness
from bridge.reports import words
from bridge.reports.phrases import PHRASES, SHEETS, phrases
from bridge.reports.words import Word, explain, say, say_field, say_finding, say_stage
from bridge.sentences import BREAKS, FINDINGS, break_sentence, finding_sentence

ENUMS = (Doubt, Witness, ReviewKind, ChangeKind, RunStatus, RowKind, Action, BreakClass, Handling)
TABLES: tuple[Mapping[Any, Word], ...] = (
    words.DOUBTS, words.WITNESSES, words.REVIEWS, words.CHANGES, words.STATUSES, words.ROWS, words.STAGES,
    words.ACTIONS, words.BREAKS, words.HANDLINGS, words.FINDINGS, words.FIELDS,
)  # fmt: skip


def is_chinese(text: str) -> bool:
    return any("\u4e00" <= c <= "\u9fff" for c in text)


@pytest.mark.parametrize("thing", [member for enum in ENUMS for member in enum], ids=repr)
def test_every_enum_value_has_words_in_both_languages(thing: StrEnum) -> None:
    assert is_chinese(say(thing, "zh"))
    english = say(thing, "en")
    assert english.strip()
    assert not is_chinese(english)


@pytest.mark.parametrize("thing", [*Doubt, *ReviewKind, *Action], ids=repr)
def test_whatever_is_asked_is_explained_in_a_sentence(thing: StrEnum) -> None:
    assert explain(thing, "zh").endswith("。")
    assert explain(thing, "en").endswith(".")


def test_equal_values_of_different_enums_keep_their_own_words() -> None:
    """StrEnum members with the same value are equal: one dict for all would mix them up."""
    assert say(Doubt.ARITHMETIC, "zh") != say(Witness.ARITHMETIC, "zh")
    assert say(Doubt.DUPLICATE_KEY, "zh") != say(ReviewKind.DUPLICATE_KEY, "zh")


def test_names_within_a_table_are_distinct() -> None:
    """Two doubts with one name could not be told apart in the report."""
    for table in TABLES[:11]:
        for language in (0, 1):
            names = [word[language] for word in table.values()]
            assert len(set(names)) == len(names)


def test_every_word_is_given_in_both_languages() -> None:
    for table in TABLES:
        for name, word in table.items():
            assert is_chinese(word.zh) or word.zh == word.en, name
            assert word.en, name
            assert not is_chinese(word.en), name
            assert bool(word.why_zh) == bool(word.why_en), name


def test_stages_are_all_there() -> None:
    assert tuple(words.STAGES) == STAGES
    assert [say_stage(s, "zh") for s in ("capture", "commit")] == ["截屏", "入库"]


def test_every_finding_code_that_the_program_uses_has_words() -> None:
    """Read off the source: a code is a plain string, so no enum can hold it complete."""
    used: set[object] = set()
    for path in Path(bridge.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == Finding.__name__:
                codes = [k.value for k in node.keywords if k.arg == "code"]
                used |= {n.value for c in codes for n in ast.walk(c) if isinstance(n, ast.Constant)}
    assert len(used) >= 5
    assert used - set(words.FINDINGS) == set()


def test_every_break_has_a_sentence_and_a_handling() -> None:
    """Both languages take the same facts, and say them."""
    assert set(BREAKS) == set(HANDLING) == set(BreakClass)
    for cls, (zh, en) in BREAKS.items():
        assert holes(zh) == holes(en), cls
        facts = {name: f"<{name}>" for name in holes(zh)}
        for language in ("zh", "en"):
            said = break_sentence(cls, facts, language, field="<field>")
            assert all(f"<{name}>" in said for name in facts), said
    assert all(cls is BreakClass.NOT_SEEN or HANDLING[cls] is not Handling.WAIT for cls in BreakClass)


def test_every_finding_is_said_in_both_languages_with_its_facts() -> None:
    for code, (zh, en) in FINDINGS.items():
        assert holes(zh) == holes(en), code
        assert is_chinese(zh)
        assert not is_chinese(en)
    assert (
        finding_sentence("row_count", {"page": 2, "count": 9, "rows": 8}, "zh")
        == "第 2 页：显示共 9 条，读到 8 行"
    )
    assert finding_sentence("never_heard_of", {"a": "1", "b": "2"}, "zh") == "1, 2"


def test_a_name_without_words_is_shown_as_it_is() -> None:
    assert say_field("our_own_field", "zh") == "our_own_field"
    assert say_finding("brand_new", "en") == "brand_new"
    assert say_field("order_no", "zh") == "订单号"
    with pytest.raises(KeyError):
        say(Stranger.HERE, "zh")


class Stranger(StrEnum):
    HERE = "here"


def test_the_pages_phrases_take_the_same_values_in_both_languages() -> None:
    for name, (zh, en) in {**PHRASES, **SHEETS}.items():
        assert zh.strip(), name
        assert en.strip(), name
        assert not is_chinese(en), name
        assert holes(zh) == holes(en), name
    assert phrases("zh")("place", page=3, row=12) == "第 3 页第 12 行"
    assert phrases("en")("place", page=3, row=12) == "page 3, row 12"


def holes(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}
