"""What a person does with a question: decide it, put it off, give it to someone, take a decision back."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from starlette.responses import Response

from bridge.errors import AlreadyDecided, UsageError
from bridge.interfaces import Action, Role, StoredReview
from bridge.review.web.breaks import Place, break_of, same_as
from bridge.review.web.desk import Refused, Visit

PUT_OFF = timedelta(hours=4)
VALUE = "v."
"""Fields of the form that hold typed values begin with this."""


def decide(visit: Visit) -> Response:
    stored, _ = visit.review(visit.request.path_params["item"])
    try:
        action = Action(visit.form.get("action", ""))
    except ValueError:
        raise Refused(400, "failed") from None
    values = {n[len(VALUE) :]: v for n, v in visit.form.items() if n.startswith(VALUE)}
    batch = uuid.uuid4().hex
    answer = _answer_with(visit, action, values, batch)
    try:
        answer(stored.id)
    except AlreadyDecided:
        return _told(visit, 409, _who_was_first(visit, stored.id))
    except UsageError as e:
        return _told(visit, 422, _why_not(visit, stored, values, e))
    settled = [stored.id]
    if visit.form.get("same"):
        settled += _same_too(visit, stored, answer)
    return _done(visit, settled=settled, batch=batch, order=visit.show.plain(stored.item.order_no or ""))


def _answer_with(visit: Visit, action: Action, values: Mapping[str, str], batch: str) -> Callable[[int], Any]:
    decisions = visit.desk.app.decisions

    def answer(item: int) -> Any:
        if action is Action.TYPE:
            return decisions.type_values(item, values, by=visit.user, batch=batch)
        return getattr(decisions, action.value)(item, by=visit.user, batch=batch)

    return answer


def _same_too(visit: Visit, stored: StoredReview, answer: Callable[[int], Any]) -> list[int]:
    """The other questions that the very same pictures ask.  One that cannot be answered alike stays open."""
    places = visit.desk.breaks.places(visit.now, customers=visit.customers)
    settled = []
    here = Place(asked=break_of(stored), assigned_to=None, later=False)
    for item in same_as(here, places):
        try:
            answer(item)
        except UsageError:
            continue
        settled.append(item)
    return settled


def later(visit: Visit) -> Response:
    stored, _ = visit.review(visit.request.path_params["item"])
    try:
        visit.desk.store.put_off([stored.id], visit.now + PUT_OFF, by=visit.user, now=visit.now)
    except AlreadyDecided:
        return _told(visit, 409, _who_was_first(visit, stored.id))
    return _done(visit, settled=[stored.id])


def assign(visit: Visit) -> Response:
    stored, _ = visit.review(visit.request.path_params["item"])
    to = visit.form.get("to", "")
    if to and to not in {u.name for u in visit.desk.store.users()}:
        raise Refused(400, "failed")
    try:
        visit.desk.store.assign([stored.id], to or None, by=visit.user, now=visit.now)
    except AlreadyDecided:
        return _told(visit, 409, _who_was_first(visit, stored.id))
    return _done(visit, settled=[])


def undo(visit: Visit) -> Response:
    batch = visit.form.get("batch", "")
    by = visit.desk.store.decided_by(batch)
    if by != visit.user and not visit.may(Role.ADMINISTRATOR):
        raise Refused(403, "not_yours")
    try:
        items = visit.desk.app.decisions.undo(batch, by=visit.user)
    except UsageError:
        return _told(visit, 409, visit.show.t("cannot_undo"))
    if visit.by_script:
        return visit.data(reopened=items)
    return visit.go(f"/queue?item={items[-1]}")


def _done(visit: Visit, **values: Any) -> Response:
    return visit.data(**values) if visit.by_script else visit.go("/queue")


def _told(visit: Visit, status: int, words: str) -> Response:
    return visit.refuse(status, words)


def _who_was_first(visit: Visit, item: int) -> str:
    (stored,) = visit.desk.store.reviews_of([item])
    order = visit.show.plain(stored.item.order_no or str(stored.id))
    if stored.decision is None:
        return visit.show.t("idle", order=order)
    return visit.show.t(
        "already",
        order=order,
        by=visit.show.plain(stored.decided_by or ""),
        action=visit.show.word(stored.decision),
    )


def _why_not(visit: Visit, stored: StoredReview, values: Mapping[str, str], error: UsageError) -> str:
    show = visit.show
    parts = [show.t("refused", order=show.plain(stored.item.order_no or str(stored.id)))]
    doubts = error.where.get("doubts")
    if isinstance(doubts, Mapping):
        for field, why in doubts.items():
            words = {"field": show.name(stored.item.source, field), "why": " · ".join(show.word(d) for d in why)}
            phrase = "not_possible" if field in values else "not_given"
            parts.append(show.t(phrase, text=show.plain(values.get(field, "")), **words))
    return " ".join(parts)
