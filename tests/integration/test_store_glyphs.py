"""What is kept of single characters, on real databases."""

from __future__ import annotations

from dataclasses import replace

import pytest
from store_samples import sql

from bridge.errors import UsageError
from bridge.memories import GlyphPicture
from bridge.records import ProvenPicture, Witness
from bridge.store import SqlStore

GLYPH = GlyphPicture(
    id="a1b2",
    rows=2,
    columns=3,
    pixels=b"\x00\x01\xff",
    clean=True,
    label="审",
    state="settled",
    votes={"net": {"审": 7, "申": 1}},
    proofs=("two nets", "not 申: its form"),
    refuted={"date": 2},
    runners={"申": 4},
    seen=9,
    spent=1,
)


def by_glyphs(picture: str, *more: Witness) -> ProvenPicture:
    return ProvenPicture(source="demo", picture=picture, text="待审核", witnesses=(Witness.GLYPHS, *more))


def test_a_glyph_comes_back_as_it_was_for_its_source_and_face_only(store: SqlStore) -> None:
    store.keep_glyphs("demo", "2", [GLYPH])
    assert store.glyphs("demo", "2") == [GLYPH]
    assert store.glyphs("demo", "1") == store.glyphs("other", "2") == []
    assert store.all_glyphs("demo") == [("2", GLYPH)]


def test_a_glyph_that_is_retracted_takes_back_what_it_proved(store: SqlStore) -> None:
    store.keep_glyphs("demo", "2", [GLYPH])
    store.learn([by_glyphs("p1"), by_glyphs("p2", Witness.PERSON)])
    store.keep_glyphs("demo", "2", [replace(GLYPH, seen=12)])
    assert set(store.lookup("demo", ["p1", "p2"])) == {"p1", "p2"}
    store.keep_glyphs("demo", "2", [replace(GLYPH, state="disputed", against="net also reads 申")])
    assert set(store.lookup("demo", ["p1", "p2"])) == {"p2"}


def test_what_a_person_made_forgotten_is_never_believed_again(store: SqlStore) -> None:
    store.keep_glyphs("demo", "2", [GLYPH, replace(GLYPH, id="a1ff", label="申")])
    store.learn([by_glyphs("p1")])
    with pytest.raises(UsageError, match="2 glyphs"):
        store.forget_glyph("demo", "a1")
    with pytest.raises(UsageError, match="no glyph"):
        store.forget_glyph("demo", "%")
    store.forget_glyph("demo", "a1b")
    store.keep_glyphs("demo", "2", [GLYPH])
    states = {g.id: g.state for g in store.glyphs("demo", "2")}
    assert states == {"a1b2": "forgotten", "a1ff": "settled"}
    assert store.lookup("demo", ["p1"]) == {}


def test_room_is_made_but_not_of_a_persons_word(
    store: SqlStore, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.keep_glyphs("demo", "2", [GLYPH])
    store.forget_glyph("demo", "a1b2")
    monkeypatch.setattr(store.keep_glyphs.__self__, "_limit", 10)
    store.keep_glyphs("demo", "2", [replace(GLYPH, id=f"n{i:02d}", state="open") for i in range(20)])
    kept = [row.picture for row in sql(url, "SELECT picture FROM glyphs")]
    assert len(kept) <= 10
    assert "a1b2" in kept
