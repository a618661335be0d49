"""Contracts: those that wait, and one with the picture of its clause beside the date."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from starlette.responses import Response

from bridge.contracts.kept import ContractEntry, StoredContract
from bridge.errors import AlreadyDecided, UsageError
from bridge.promises import Promises
from bridge.reports.pictures import Picture, picture
from bridge.reports.promise_reasons import say_why
from bridge.reports.promise_words import (
    contract_phrases,
    explain_ask,
    say_ask,
    say_event,
    say_how,
    say_link,
    say_promise,
    say_term,
)
from bridge.reports.words import Language
from bridge.review.web.desk import Refused, Visit

MOST = 300  # contracts of one list
LONGEST_ORDER = 200  # characters of an order number that is typed


def listed(visit: Visit) -> Response:
    _whole(visit)
    every = visit.request.query_params.get("show") == "all"
    found = Promises(visit.desk.app).contracts(waiting=not every)
    return visit.page("contracts.html", found=found[:MOST], every=every, **words(visit))


def one(visit: Visit, *, told: str = "", status: int = 200) -> Response:
    _whole(visit)
    c = _asked(visit)
    store = visit.desk.store
    return visit.page(
        "contract.html",
        status=status,
        c=c,
        told=told,
        clause=kept_picture(visit, c.picture),
        whole_page=kept_picture(visit, c.page_picture),
        entries=[(e, _did(e, visit.language)) for e in store.contract_entries(c.id)],
        wanted_events=(c.stated.event or "").split("+") if c.stated.is_term else [],
        confirmable=c.stated.kind != "unreadable" and not c.sure,
        **words(visit),
    )


def shown_picture(visit: Visit) -> Response:
    """The clause or the page; also for those who may only see the orders of some customers, if it is one's."""
    c = _asked(visit)
    if visit.customers and not _theirs(visit, c):
        raise Refused(404, "no_picture")
    name = c.picture if visit.request.path_params["which"] == "clause" else c.page_picture
    shot = kept_picture(visit, name)
    if shot is None:
        raise Refused(404, "no_picture")
    return Response(shot.png, media_type="image/png", headers={"cache-control": "private, max-age=600"})


def decide(visit: Visit) -> Response:
    _whole(visit)
    c = _asked(visit)
    try:
        version = int(visit.form.get("version", ""))
    except ValueError:
        raise Refused(400, "stale_form") from None
    say = contract_phrases(visit.language)
    try:
        _do(visit, c, version)
    except AlreadyDecided:
        return one(visit, told=say("changed_meanwhile"), status=409)
    except UsageError as e:
        return one(visit, told=say("not_possible", why=visit.show.plain(e.message, 200)), status=422)
    except ValueError:
        return one(visit, told=say("bad_day"), status=422)
    return visit.go(f"/contracts/{c.id}")


def _do(visit: Visit, c: StoredContract, version: int) -> None:
    promises, form = Promises(visit.desk.app), visit.form
    who: dict[str, Any] = {"by": visit.user, "version": version}
    match form.get("action"):
        case "confirm":
            promises.confirm(c.id, **who)
        case "none":
            promises.no_promise(c.id, **who)
        case "correct":
            promises.correct(c.id, _day(form), **who)
        case "event":
            promises.event(c.id, form.get("event", ""), _day(form), **who)
        case "link" | "unlink" as action:
            linked = action == "link"
            if source := form.get("source"):
                promises.link_row(c.id, source, form.get("key", ""), linked=linked, **who)
            else:
                promises.link(c.id, form.get("order", "").strip()[:LONGEST_ORDER], linked=linked, **who)
        case "replace":
            other = form.get("with", "").strip()
            promises.replace(c.id, int(other) if other else None, **who)
        case _:
            raise Refused(400, "failed")


def _day(form: Mapping[str, str]) -> date:
    return date.fromisoformat(form.get("day", "").strip())


def words(visit: Visit) -> dict[str, Any]:
    """What templates that show contracts call."""
    language = visit.language
    return {
        "c_": contract_phrases(language),
        "say_ask": lambda ask: say_ask(ask, language),
        "explain_ask": lambda ask: explain_ask(ask, language),
        "say_event": lambda event: visit.show.plain(say_event(event, language)),
        "say_did": lambda action, details: did(action, details, language),
        "say_link": lambda link: say_link(link, language),
        "say_promise": lambda c: say_promise(c, language),
        "say_why": lambda c: say_why(c.reason, language),
        "say_term": lambda stated: say_term(stated, language),
    }


def _whole(visit: Visit) -> None:
    """Contracts name other customers: an account that is bound to some sees them on its orders' pages only."""
    if visit.customers:
        raise Refused(404, "not_there")


def _asked(visit: Visit) -> StoredContract:
    try:
        return visit.desk.store.contract(visit.request.path_params["contract"])
    except UsageError:
        raise Refused(404, "not_there") from None


def _theirs(visit: Visit, c: StoredContract) -> bool:
    store = visit.desk.store
    return any(store.order_history(n.source, n.key, customers=visit.customers) for n in c.linked)


def kept_picture(visit: Visit, sha256: str) -> Picture | None:
    """None where none was kept, or it is gone."""
    png = visit.desk.app.evidence.png(sha256) if sha256 else None
    return picture(png) if png is not None else None


def _did(entry: ContractEntry, language: Language) -> str:
    return did(entry.action, entry.details, language)


def did(action: str, d: Mapping[str, Any], language: Language) -> str:
    """What was done to a contract, or followed by itself."""
    say = contract_phrases(language)
    match action:
        case "confirm":
            return say("did_confirm")
        case "correct" if d["stated"]["day"]:
            return say("did_correct", day=d["stated"]["day"])
        case "correct":
            return say("did_none")
        case "event":
            return say("did_event", event=say_event(d["event"], language), day=d["day"])
        case "link" | "unlink" | "proposed" | "loosed":
            return say(f"did_{action}", order=d["order_no"])
        case "bound":
            return say("did_bound", order=d["order_no"], how=say_how(d["how"], language))
        case "replace" | "superseded" if d["by_contract"] is not None:
            return say(f"did_{action}", n=d["by_contract"])
        case "replace" | "superseded":
            return say("did_hold" if action == "replace" else "did_revive")
        case "came_to":
            return say("did_come_to", day=d["day"]) if d["day"] else say("did_reopen")
    return action  # another version's
