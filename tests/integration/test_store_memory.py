"""The memory of proven pictures on real databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import count

from store_samples import NOW, Runs, line, seen, sql

from bridge.records import ObservedList, ProvenPicture, Witness
from bridge.store import SqlStore


def _proof(picture: str, text: str, *witnesses: Witness, source: str = "demo") -> ProvenPicture:
    return ProvenPicture(
        source=source, picture=picture, text=text, witnesses=witnesses or (Witness.NET, Witness.REDRAW)
    )


def test_what_was_proven_is_found_again_for_its_source_only(store: SqlStore) -> None:
    store.learn([_proof("p1", "SO-1"), _proof("p2", "甲")])
    assert store.lookup("demo", ["p1", "p2", "p3"]) == {"p1": _proof("p1", "SO-1"), "p2": _proof("p2", "甲")}
    assert store.lookup("other", ["p1"]) == {}
    assert store.lookup("demo", []) == {}


def test_more_witnesses_add_up(store: SqlStore, url: str) -> None:
    store.learn([_proof("p1", "SO-1")])
    store.learn([_proof("p1", "SO-1", Witness.NET, Witness.PAGE_TEXT)])
    assert store.lookup("demo", ["p1"])["p1"].witnesses == (Witness.NET, Witness.REDRAW, Witness.PAGE_TEXT)
    assert [row.seen for row in sql(url, "SELECT seen FROM memory")] == [2]


def test_a_contradiction_retracts_until_a_person_settles_it(store: SqlStore, url: str) -> None:
    store.learn([_proof("p1", "SO-1")])
    store.learn([_proof("p1", "SO-I")])
    assert store.lookup("demo", ["p1"]) == {}
    store.learn([_proof("p1", "SO-1")])  # the first text again settles nothing
    assert store.lookup("demo", ["p1"]) == {}
    (row,) = sql(url, "SELECT known_text, new_text, settled_at FROM contradictions")
    assert tuple(row) == ("SO-1", "SO-I", None)
    store.learn([_proof("p1", "SO-I", Witness.PERSON)])
    assert store.lookup("demo", ["p1"])["p1"].text == "SO-I"
    assert all(row.settled_at is not None for row in sql(url, "SELECT settled_at FROM contradictions"))


def test_a_persons_word_for_the_known_text_brings_it_back(store: SqlStore) -> None:
    store.learn([_proof("p1", "SO-1"), _proof("p1", "SO-I")])
    assert store.lookup("demo", ["p1"]) == {}
    store.learn([_proof("p1", "SO-1", Witness.PERSON)])
    assert store.lookup("demo", ["p1"])["p1"].text == "SO-1"


def test_even_a_persons_word_is_retracted_when_something_proves_otherwise(store: SqlStore) -> None:
    store.learn([_proof("p1", "SO-1", Witness.PERSON)])
    store.learn([_proof("p1", "SO-I")])
    assert store.lookup("demo", ["p1"]) == {}


def test_thousands_of_pictures_at_once(store: SqlStore) -> None:
    store.learn([_proof(f"p{i}", str(i)) for i in range(3000)])
    found = store.lookup("demo", [f"p{i}" for i in range(3000)])
    assert {p: proof.text for p, proof in found.items()} == {f"p{i}": str(i) for i in range(3000)}


def test_the_memory_is_bounded_and_forgets_what_was_not_seen_for_longest(url: str) -> None:
    now = [NOW]
    store = SqlStore(url, lambda: now[0], memory_limit=20)
    store.learn([_proof("typed", "x", Witness.PERSON), _proof("used", "u")])
    for i in range(3):
        now[0] += timedelta(days=2)
        store.learn([_proof(f"p{i}-{j}", "t") for j in range(7)])
        runs = Runs(store)
        runs.now = now[0]
        runs._numbers = count(i)
        run_id = runs.begin()
        store.commit(run_id, _showing("used"), runs.find(_showing("used")), receivers=[], now=now[0])
    names = {row.picture for row in sql(url, "SELECT picture FROM memory")}
    assert len(names) <= 20
    assert {"typed", "used"} <= names
    lost = {f"p{i}-{j}" for i in range(3) for j in range(7)} - names
    assert lost
    assert all(name.startswith("p0-") for name in lost)
    store.close()


def _showing(picture: str) -> ObservedList:
    base = line("SO-1", status="u")
    status = base.fields["status"]
    remembered = replace(status, reading=replace(status.reading, picture=picture, witnesses=(Witness.MEMORY,)))
    return seen(replace(base, fields={**base.fields, "status": remembered}))
