"""What the words of an ERP mean: one table per source and field, edited here, as a file and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from starlette.responses import Response

from bridge.errors import BridgeError, UsageError
from bridge.mappings import LONGEST, SUFFIXES, checked, content, mappable, parsed, rows_of, with_words
from bridge.profiles import ColumnType, Profile
from bridge.review.web.desk import Refused, Visit

SHOWN = 200
"""Rows of one page; the rest is found by searching."""
LONGEST_SEARCH = 200
_TYPES = {
    ".csv": "text/csv; charset=utf-8",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def mappings(visit: Visit, *, told: str = "", bad: bool = False, status: int = 200) -> Response:
    _whole(visit)
    asked = visit.request.query_params
    source, profile = _source(visit, visit.form.get("source") or asked.get("source"))
    columns = mappable(profile)
    fields = [c.field for c in columns if c.field]
    field = visit.form.get("field") or asked.get("field") or ""
    if field not in fields:
        field = fields[0] if fields else ""
    text = asked.get("q", "").strip()[:LONGEST_SEARCH]
    said = visit.desk.store.mappings(source)
    every = rows_of(profile, said)
    mine = [r for r in every if r["field"] == field]
    found = [r for r in mine if text.lower() in r["word"].lower() or text.lower() in r["ours"].lower()]
    is_status = any(c.field == field and c.type is ColumnType.STATUS for c in columns)
    return visit.page(
        "mappings.html",
        status=status,
        sources=list(visit.desk.app.settings.sources),
        source=source,
        fields=[(f, sum(r["field"] == f for r in every)) for f in fields],
        field=field,
        q=text,
        rows=found[:SHOWN],
        found=len(found),
        known=len(mine),
        ours=sorted({r["ours"] for r in mine}) if is_status else [],
        in_profile=profile.mappings.get(field, {}),
        longest=LONGEST,
        told=told or _done(visit),
        bad=bad,
    )


def change(visit: Visit) -> Response:
    """Adds a word, gives it another meaning, or takes back what people said of it."""
    _whole(visit)
    source, profile = _source(visit, visit.form.get("source"))
    field, word = visit.form.get("field", ""), visit.form.get("word", "")
    who: dict[str, Any] = {"by": visit.user, "now": visit.now}
    if visit.form.get("action") == "forget":
        gone = visit.desk.store.forget_mapping(source, field, word, **who)
        return (
            _back(visit, source, field, "forgotten")
            if gone
            else mappings(visit, told=visit.show.t("words_not_there"), bad=True, status=409)
        )
    ours = visit.form.get("ours", "").strip()
    try:
        shown = checked(field, word.strip(), ours, profile)
    except UsageError as e:
        return _refused(visit, e)
    visit.desk.store.import_mappings(source, {field: {shown: ours}}, replace=False, **who)
    return _back(visit, source, field, "kept")


def take(visit: Visit) -> Response:
    """Takes over the words of an uploaded file; all of them, or none."""
    _whole(visit)
    source, profile = _source(visit, visit.form.get("source"))
    if visit.upload is None:
        return mappings(visit, told=visit.show.t("words_no_file"), bad=True, status=422)
    name, data = visit.upload
    try:
        words = parsed(name, data, profile)
    except UsageError as e:
        return _refused(visit, e)
    added, forgotten = visit.desk.store.import_mappings(
        source, words, replace=bool(visit.form.get("replace")), by=visit.user, now=visit.now
    )
    told = visit.show.t("words_taken", added=added, forgotten=forgotten)
    return mappings(visit, told=told)


def give(visit: Visit) -> Response:
    """All words of a source as a file, those of the profile too, to edit them and take them in again."""
    _whole(visit)
    asked = visit.request.query_params
    kind = asked.get("as", ".xlsx")
    if kind not in SUFFIXES:
        raise Refused(400, "failed")
    source, profile = _source(visit, asked.get("source"))
    file = f"{source}{kind}"
    words = with_words(profile, visit.desk.store.mappings(source)).mappings
    return Response(
        content(words, Path(file)),
        media_type=_TYPES[kind],
        headers={"content-disposition": f"attachment; filename*=utf-8''{quote(file, safe='')}"},
    )


def _whole(visit: Visit) -> None:
    """The tables name all customers: an account that is bound to some sees none of it."""
    if visit.customers:
        raise Refused(403, "forbidden")


def _source(visit: Visit, name: str | None) -> tuple[str, Profile]:
    """Raises Refused."""
    app = visit.desk.app
    if name is None:
        name = next(iter(app.settings.sources), None)
    if name is None or name not in app.settings.sources:
        raise Refused(404, "not_there")
    try:
        return name, app.profile(name)
    except BridgeError:
        raise Refused(409, "words_no_profile") from None


def _back(visit: Visit, source: str, field: str, what: str) -> Response:
    return visit.go("/mappings?" + urlencode({"source": source, "field": field, "done": what}))


def _done(visit: Visit) -> str:
    done = visit.request.query_params.get("done")
    return visit.show.t(f"words_{done}") if done in ("kept", "forgotten") else ""


def _refused(visit: Visit, e: UsageError) -> Response:
    return mappings(
        visit, told=visit.show.t("words_not", why=visit.show.plain(e.message, 300)), bad=True, status=422
    )
