"""The queue of open questions, the card of one, and its pictures."""

from __future__ import annotations

from typing import cast

from starlette.responses import Response

from bridge.interfaces import Role
from bridge.records import Reading
from bridge.review.web.breaks import Grouping, Place, Sorting, groups, same_as
from bridge.review.web.desk import Refused, Visit

LISTED = 300
"""Rows of the list beside the card; the rest follows as the first are decided."""

GROUPINGS = ("confusion", "kind", "customer")
SORTINGS = ("money", "age")
RECENT = 6


def home(visit: Visit) -> Response:
    return visit.go("/queue")


def queue(visit: Visit) -> Response:
    asked = visit.request.query_params
    by = cast(Grouping, asked["by"] if asked.get("by") in GROUPINGS else GROUPINGS[0])
    sort = cast(Sorting, asked["sort"] if asked.get("sort") in SORTINGS else SORTINGS[0])
    mine = asked.get("whose") == "mine"
    places = visit.desk.breaks.places(visit.now, customers=visit.customers)
    shown = [p for p in places if not mine or p.assigned_to == visit.user]
    made = groups(shown, by, sort)
    order = [p.asked.id for g in made for p in g.places]
    wanted = asked.get("item", "")
    current = int(wanted) if wanted.isdecimal() and len(wanted) < 18 and int(wanted) in order else None
    if current is None and order:
        current = order[0]
    return visit.page(
        "queue.html",
        groups=made,
        order=order,
        listed=LISTED,
        total=len(order),
        current=current,
        card=_card(visit, current, places) if current is not None else "",
        by=by,
        sort=sort,
        mine=mine,
        groupings=GROUPINGS,
        sortings=SORTINGS,
        recent=visit.desk.store.made_decisions(RECENT, visit.user),
    )


def card(visit: Visit) -> Response:
    """The card alone, for the script."""
    item = visit.request.path_params["item"]
    places = visit.desk.breaks.places(visit.now, customers=visit.customers)
    html = _card(visit, item, places)
    return Response(html.encode("utf-8", "backslashreplace"), media_type="text/html; charset=utf-8")


def _card(visit: Visit, item: int, places: list[Place]) -> str:
    stored, asked = visit.review(item)
    place = next((p for p in places if p.asked.id == item), None)
    return visit.render(
        "card.html",
        card=visit.desk.cards.card(stored),
        asked=asked,
        place=place,
        same=same_as(place, places) if place is not None else (),
        people=_people(visit),
    )


def _people(visit: Visit) -> list[str]:
    return [u.name for u in visit.desk.store.users() if u.role is not Role.VIEWER]


def picture(visit: Visit) -> Response:
    """The cell as it is now, or as it was when it was proven last."""
    stored, _ = visit.review(visit.request.path_params["item"])
    field, when = visit.request.path_params["field"], visit.request.path_params["when"]
    line = stored.item.line
    reading: Reading | None = None
    if when == "now" and line is not None and field in line.fields:
        reading = line.fields[field].reading
    elif when == "then" and (value := visit.desk.cards.then(stored, field)) is not None:
        reading = value.reading
    found = visit.desk.pictures.of(reading) if reading is not None else None
    if found is None:
        raise Refused(404, "no_picture")
    return Response(found.png, media_type="image/png", headers={"cache-control": "private, max-age=600"})
