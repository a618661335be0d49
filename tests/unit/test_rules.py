"""Order-life rules: their file, the verdict on an order, and whether they can ever fire."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import COLUMNS, profile

from bridge.errors import RulesError
from bridge.rules.judge import Here, OrderNow, Standing, Verdict, judge, may_fit, spell_of
from bridge.rules.reach import SourceFacts, Why, dead_words, unreachable
from bridge.rules.rule import Rule, load_rules
from bridge.rules.words import phrases, say_order, say_rule, say_why

NOW = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
HERE = Here(now=NOW, today=date(2026, 3, 10))
MAPPED = {"status": {"待审核": "new", "已审核": "approved", "已发货": "shipped"}}

GOOD = """\
rules:
  - name: 审核后没有动静
    if: {status: approved, status_for_hours: 48}
    then: {alert: warning, say: 请生产部看一下}
  - name: 过期
    if: {past_due_days: 1}
    then: {alert: failure}
"""


def rule(name: str = "r", **when: Any) -> Rule:
    return Rule.model_validate({"name": name, "if": when, "then": {"alert": "info"}})


def order(
    *, unsure: bool = False, doubtful: tuple[str, ...] = (), hours: float | None = None, **v: Any
) -> OrderNow:
    since = NOW - timedelta(hours=hours) if hours is not None else None
    promised = v.pop("promised", None)
    return OrderNow(
        source="demo", key="SO-1", order_no="SO-1", values=v, doubtful=frozenset(doubtful), unsure=unsure,
        promised=promised, standing=Standing(since=since, spell="approved@3"),
    )  # fmt: skip


# --- the file -------------------------------------------------------------------------------------------------


def test_a_good_file(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(GOOD, encoding="utf-8")
    first, second = load_rules(tmp_path / "rules.yaml")
    assert (first.name, first.when.status, first.when.status_for_hours) == ("审核后没有动静", ["approved"], 48)
    assert (second.then.alert, second.when.past_due_days) == ("failure", 1)


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        ("", ["is empty or no mapping"]),
        ("rules: [", ["is not valid YAML: line 1"]),
        ("- a", ["is empty or no mapping"]),
        ("rules:\n- name: a\n  if:\n    statsu: x\n  then: {alert: info}\n",
         ["line 4: rules.0.if.statsu: unknown key; did you mean 'status'?"]),
        ("rules:\n- name: a\n  if: {status: x}\n  then: {alert: warn}\n",
         ["line 4: rules.0.then.alert: must be", "did you mean 'warning'?"]),
        ("rules:\n- name: a\n  if: {source: k3}\n  then: {alert: info}\n", ["line 3: rules.0.if: says nothing"]),
        ("rules:\n- name: a\n  if: {status_for_hours: 2}\n  then: {alert: info}\n", ["needs `status`"]),
        ("rules:\n- name: a\n  if: {status: x, status_for_hours: -1}\n  then: {alert: info}\n",
         ["line 3: rules.0.if.status_for_hours: "]),
        ("rules:\n- name: a\n  if: {due_within_days: 1, past_due_days: 1}\n  then: {alert: info}\n", ["two rules"]),
        ("rules:\n- name: a\n  if: {empty: x, filled: [x]}\n  then: {alert: info}\n", ["cannot be both"]),
        ("rules:\n- name: a\n  if: {status: []}\n  then: {alert: info}\n", ["line 3: rules.0.if.status"]),
        ("rules:\n- name: a\n  if: {status: [x, x]}\n  then: {alert: info}\n", ["is given twice"]),
        ("rules:\n- {name: a, if: {status: x}, then: {alert: info}}\n- {name: a, if: {status: y}, then: {alert: info}}",
         ["the name 'a' is given twice"]),
        ("rules:\n- name: \"a\\u202eb\"\n  if: {status: x}\n  then: {alert: info}\n", ["can be seen"]),
        ("rules:\n- if: {status: x}\n  then: {}\n", ["rules.0.name: this key is needed", "rules.0.then.alert"]),
    ],
)  # fmt: skip
def test_faults_are_told_with_line_and_nearest_key(tmp_path: Path, text: str, faults: list[str]) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RulesError) as caught:
        load_rules(path)
    assert [f for f in faults if f not in caught.value.message] == [], caught.value.message
    assert caught.value.hint


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RulesError, match="does not exist") as caught:
        load_rules(tmp_path / "rules.yaml")
    assert "docs/rules.md" in caught.value.hint


# --- the verdict ----------------------------------------------------------------------------------------------

STUCK = rule(status="approved", status_for_hours=48)
SOON = rule(due_within_days=3, status=["new", "approved"])
LATE = rule(past_due_days=1)
NO_NUMBER = rule(status="shipped", empty="tracking_no")
DAY = timedelta(days=1)
TODAY = HERE.today


@pytest.mark.parametrize(
    ("which", "given", "wanted"),
    [
        (STUCK, order(status="approved", hours=48), Verdict.FITS),
        (STUCK, order(status="approved", hours=47.9), Verdict.NOT),
        (STUCK, order(status="approved", hours=-500), Verdict.NOT),  # the clock went back
        (STUCK, order(status="new", hours=90), Verdict.NOT),
        (STUCK, order(status="approved"), Verdict.IN_DOUBT),  # nobody knows since when
        (STUCK, order(status="approved", hours=90, doubtful=("status",)), Verdict.IN_DOUBT),
        (STUCK, order(status="new", hours=90, doubtful=("status",)), Verdict.IN_DOUBT),
        (STUCK, order(status="approved", hours=90, doubtful=("remark",)), Verdict.FITS),
        (STUCK, order(status="approved", hours=90, unsure=True), Verdict.IN_DOUBT),
        (SOON, order(status="new", due_date=TODAY), Verdict.FITS),
        (SOON, order(status="new", due_date=TODAY + 3 * DAY), Verdict.FITS),
        (SOON, order(status="new", due_date=TODAY + 4 * DAY), Verdict.NOT),
        (SOON, order(status="new", due_date=TODAY - DAY), Verdict.NOT),
        (SOON, order(status="new", due_date=None), Verdict.NOT),
        (SOON, order(status="new", due_date=TODAY, doubtful=("due_date",)), Verdict.IN_DOUBT),
        (SOON, order(status="new", due_date=TODAY + 30 * DAY, promised=TODAY + DAY), Verdict.FITS),
        (LATE, order(status="approved", due_date=TODAY - DAY), Verdict.FITS),
        (LATE, order(status="approved", due_date=TODAY), Verdict.NOT),
        (LATE, order(status="shipped", due_date=TODAY - DAY), Verdict.NOT),
        (LATE, order(status="approved", ship_date=TODAY, due_date=TODAY - DAY), Verdict.NOT),
        (LATE, order(status="shipped", due_date=TODAY - DAY, doubtful=("status",)), Verdict.IN_DOUBT),
        (LATE, order(status="x", ship_date=TODAY, due_date=TODAY - DAY, doubtful=("status",)), Verdict.NOT),
        (LATE, order(status="x", due_date=TODAY, promised=TODAY - DAY, doubtful=("due_date",)), Verdict.FITS),
        (LATE, order(status="x", due_date=TODAY - 9 * DAY, doubtful=("due_date",)), Verdict.IN_DOUBT),
        (NO_NUMBER, order(status="shipped", tracking_no=None), Verdict.FITS),
        (NO_NUMBER, order(status="shipped", tracking_no="SF1"), Verdict.NOT),
        (NO_NUMBER, order(status="shipped", tracking_no=None, doubtful=("tracking_no",)), Verdict.IN_DOUBT),
        (NO_NUMBER, order(status="new", tracking_no=None, doubtful=("tracking_no",)), Verdict.NOT),
        (rule(filled="remark"), order(remark="急"), Verdict.FITS),
        (rule(filled="remark"), order(remark=""), Verdict.NOT),
    ],
)  # fmt: skip
def test_a_rule_fits_or_not_or_nobody_can_say(which: Rule, given: OrderNow, wanted: Verdict) -> None:
    assert judge(which, given, HERE) is wanted
    assert may_fit(which, given, HERE) or wanted is Verdict.NOT


def test_a_spell_is_the_stay_in_the_status_and_the_promised_date() -> None:
    day = order(status="approved", due_date=TODAY)
    assert spell_of(STUCK, day) == "approved@3"
    assert spell_of(LATE, day) == "2026-03-10"
    assert spell_of(SOON, day) == "approved@3 2026-03-10"
    assert spell_of(rule(filled="remark"), day) == ""


# --- can it ever fire -----------------------------------------------------------------------------------------


def facts(**changes: Any) -> SourceFacts:
    how = {"mappings": MAPPED} | changes.pop("profile", {})
    return SourceFacts(source="demo", profile=profile(**how), out=frozenset({"shipped", "done"}), **changes)


OPEN = {"order_list": {"scope": {"kind": "open", "field": "status", "open_words": ["待审核", "已审核"]}}}
NO_DUE = {"columns": [c for c in COLUMNS if c["field"] != "due_date"]}
NO_STATUS: dict[str, Any] = {"columns": [c for c in COLUMNS if c["field"] != "status"], "mappings": {}}


@pytest.mark.parametrize(
    ("which", "given", "why"),
    [
        (STUCK, facts(), None),
        (rule(status="aproved"), facts(), Why.UNKNOWN_WORD),
        (rule(status="aproved"), facts(profile={"mappings": {}}), None),  # the list's own words
        (rule(status="aproved"), facts(statuses=frozenset({"aproved"})), None),  # someone wrote it into the store
        (NO_NUMBER, facts(), Why.NO_FIELD),
        (NO_NUMBER, facts(stored=frozenset({"tracking_no"})), None),
        (rule(status="shipped"), facts(profile=OPEN), Why.OUT_OF_SCOPE),
        (rule(status="approved"), facts(profile=OPEN), None),
        (rule(status="approved"), facts(profile=NO_STATUS), Why.NO_STATUS),
        (LATE, facts(), None),
        (LATE, facts(profile=NO_DUE), Why.NO_DATE),
        (LATE, facts(profile=NO_DUE, promised=True), None),
        (LATE, facts(profile={"mappings": {}}), Why.NOTHING_SAYS_OUT),
        (rule(status=["shipped"], past_due_days=1), facts(), Why.OUT_ALREADY),
        (rule(empty="order_no"), facts(), Why.NEVER_EMPTY),
        (rule(empty="custmer"), facts(), Why.NO_FIELD),
        (STUCK, SourceFacts(source="demo", profile=None, fault="broken"), Why.PROFILE),
    ],
)  # fmt: skip
def test_why_a_rule_can_never_fire(which: Rule, given: SourceFacts, why: Why | None) -> None:
    found = unreachable(which, given)
    assert (found.why if found is not None else None) is why
    if found is not None:
        said = [say_why(found, language) for language in ("zh", "en")]
        assert all(said)
        assert said[0] != said[1] or why is Why.PROFILE


def test_the_nearest_right_word_is_named() -> None:
    found = unreachable(rule(status="aproved"), facts())
    assert found is not None
    assert "did you mean 'approved'?" in say_why(found, "en")
    assert dead_words(rule(status=["approved", "shiped"]), facts()) == ("shiped",)
    assert dead_words(rule(status=["approved", "shipped"]), facts(profile=OPEN)) == ("shipped",)


# --- words ----------------------------------------------------------------------------------------------------


def test_a_rule_is_a_sentence_in_both_languages() -> None:
    every = rule(source="k3", status=["new", "approved"], status_for_hours=2, due_within_days=0, empty="sku")
    assert say_rule(every, "zh") == (
        "如果来源为「k3」，并且状态为「new」或「approved」已满 2 小时，并且今天到交期，还没有发货，并且sku为空"
    )
    assert say_rule(LATE, "en") == "if it is at least 1 d past due and not out"
    assert phrases("zh")("more", n=3) != phrases("en")("more", n=3)
    assert say_order("SO-1", "", "en", status="new", since=NOW, due=TODAY) == (
        "SO-1 · new since 2026-03-10 04:00 · due 2026-03-10"
    )
