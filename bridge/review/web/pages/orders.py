"""Finding orders, and one order's time line with its pictures."""

from __future__ import annotations

from starlette.responses import Response

from bridge.contracts.kept import StoredContract
from bridge.review.web.desk import Refused, Visit
from bridge.review.web.pages import contracts
from bridge.store.timeline import Happened, OrderHistory

FOUND = 50
LONGEST = 200  # characters of a search


def find(visit: Visit) -> Response:
    text = visit.request.query_params.get("q", "").strip()[:LONGEST]
    found = visit.desk.store.find_orders(text, customers=visit.customers, limit=FOUND + 1)
    return visit.page("orders.html", q=text, found=found[:FOUND], more=len(found) > FOUND)


def order(visit: Visit) -> Response:
    asked = visit.request.query_params
    history = visit.desk.store.order_history(
        asked.get("source", ""), asked.get("key", ""), customers=visit.customers
    )
    if history is None:
        raise Refused(404, "not_there")
    return visit.page(
        "order.html",
        h=history,
        o=history.order,
        picture_of=visit.desk.pictures.of,
        promises=_promises(history),
        clause_of=lambda c: contracts.kept_picture(visit, c.picture),
        **contracts.words(visit),
    )


def _promises(history: OrderHistory) -> list[StoredContract]:
    """The contracts that bind the order now."""
    here = history.order.source, history.order.key
    every = [e.more["contract"] for e in reversed(history.entries) if e.happened is Happened.CONTRACT]
    return [c for c in every if not c.superseded_by and any((n.source, n.key) == here for n in c.linked)]


def picture(visit: Visit) -> Response:
    """A cell of one observation, of an order that this person may see."""
    found = visit.desk.store.observed(visit.request.path_params["observation"])
    if found is None:
        raise Refused(404, "no_picture")
    source, key, fields = found
    value = fields.get(visit.request.path_params["field"])
    mine = not visit.customers or visit.desk.store.order_history(source, key, customers=visit.customers)
    shot = visit.desk.pictures.of(value.reading) if value is not None and mine else None
    if shot is None:
        raise Refused(404, "no_picture")
    return Response(shot.png, media_type="image/png", headers={"cache-control": "private, max-age=600"})
