"""How the report shows a value: hidden characters seen, differing ones marked, markup and formulas dead."""

import time

import pytest
from PIL import ImageFont

from bridge.errors import SetupError
from bridge.reports.annotate import chinese_font
from bridge.reports.show import SHOWN, differing, doubtful_spans, value_html, visible
from bridge.reports.table import guarded


@pytest.mark.parametrize(
    ("a", "b", "left", "right"),
    [
        ("SO-O10", "SO-010", [(3, 4)], [(3, 4)]),
        ("1198.60", "1240.31", [(1, 2), (2, 3)], [(1, 2)]),
        ("abc", "abc", [], []),
        ("abc", "abcd", [], [(3, 4)]),
        ("", "abc", [], [(0, 3)]),
        ("上海鑫盛", "Bortec GmbH", [(0, 4)], [(0, 11)]),
    ],
)
def test_differing_characters(a: str, b: str, left: list[tuple[int, int]], right: list[tuple[int, int]]) -> None:
    found = differing(a, b)
    if a == "1198.60":  # how the middle is aligned is difflib's business; what is not marked has to be equal
        rest_a = "".join(c for i, c in enumerate(a) if not any(s <= i < e for s, e in found[0]))
        rest_b = "".join(c for i, c in enumerate(b) if not any(s <= i < e for s, e in found[1]))
        assert rest_a == rest_b
        assert found[0]
    else:
        assert found == (left, right)


def test_a_doubtful_character_is_one_that_any_alternative_reads_differently() -> None:
    assert doubtful_spans("B8O0", ["88O0", "B8OO"]) == [(0, 1), (3, 4)]
    assert doubtful_spans("B8O0", []) == []


def test_comparing_two_huge_texts_takes_no_time() -> None:
    started = time.process_time()
    differing("ab" * 50_000, "ba" * 50_000)
    value_html("漢" * 100_000, doubtful_spans("漢" * 10_000, ["字" * 10_000]))
    assert time.process_time() - started < 2


def test_long_text_is_cut_with_the_whole_one_click_away() -> None:
    html = value_html("x" * 9_999 + "END", more="all {n}")
    head, _, fold = html.partition("<details")
    assert head.count("x") == SHOWN
    assert "all 10,002" in fold
    assert "END" in fold
    assert "<details" not in value_html("x" * SHOWN)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb", "a⟦RLO⟧b"), ("a\u00a0b", "a⍽b"), ("\x00", "␀"), ("a\nb", "a↵b"), ("a\u200bb", "a⟦ZWSP⟧b"),
        ("\ue000", "⟦U+E000⟧"), ("e\u0301", "e\u0301"), ("张　三 ok", "张　三 ok"), ("a\u2003b", "a⟦U+2003⟧b"),
    ],
)  # fmt: skip
def test_hidden_characters_are_seen(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_marks_wrap_exactly_the_differing_characters_and_nothing_escapes() -> None:
    assert value_html("a<b", [(1, 2)]) == "<bdi>a<mark>&lt;</mark>b</bdi>"
    assert value_html("ab", [(1, 9)], mark="ins") == "<bdi>a<ins>b</ins></bdi>"
    with pytest.raises(ValueError, match="script"):
        value_html("ab", [(0, 1)], mark="script")


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "＝1", "  =1"])
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert guarded(text) == f"'{text}"
    assert guarded("SO-1=2") == "SO-1=2"


def test_without_a_chinese_font_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object, **__: object) -> None:
        raise OSError("cannot open resource")

    monkeypatch.setattr(ImageFont, "truetype", none)
    with pytest.raises(SetupError) as e:
        chinese_font(20)
    assert "fonts-noto-cjk" in e.value.hint
