"""A person's decision: the answer, what it teaches and what it sends, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from bridge.errors import AlreadyDecided
from bridge.interfaces import Action, Settlement, StoredReview
from bridge.records import BaselineRow, Change
from bridge.store import audit
from bridge.store.apply import NewId, load_baseline
from bridge.store.commit import new_message_id
from bridge.store.database import Database, source_lock
from bridge.store.memory import learn
from bridge.store.reviews import Reviews, release_name, stored_review
from bridge.store.tables import decisions, meta, review_items
from bridge.store.together import WAITING, Sending, decided, release
from bridge.store.words import learn_words


class Settlements:
    """Satisfies ``settle`` of ``interfaces.DecisionStore``."""

    def __init__(self, database: Database, new_id: NewId = new_message_id) -> None:
        self._database = database
        self._reviews = Reviews(database)
        self._new_id = new_id

    def settle(
        self,
        item_id: int,
        settlement: Settlement,
        *,
        change: Callable[[BaselineRow | None], Change | None],
        receivers: Sequence[str],
        now: datetime,
    ) -> int:
        """See ``interfaces.DecisionStore.settle``."""
        source = self._reviews.review(item_id).item.source
        with self._database.write(lock=source_lock(source)) as connection:
            item = self._close(connection, item_id, settlement, now)
            sending = Sending(
                connection=connection, source=source, receivers=receivers, now=now, new_id=self._new_id
            )
            found: Change | None = None
            was: dict[str, Any] | None = None
            messages, waits = 0, False
            if settlement.key is not None:
                found = change(load_baseline(connection, source, [settlement.key]).get(settlement.key))
                was, ids, waits = decided(
                    sending, found, settlement.key, by=settlement.by, proofs=settlement.proofs
                )
                was["gave_way"] = settlement.action is not Action.KEEP and bool(item.item.central)
                messages = len(ids)
            orders = {no for no in (item.item.order_no, found.order_no if found else None) if no}
            messages += release(sending, sorted(orders))
            learn(connection, settlement.proofs, now)
            if was is not None and settlement.words:
                was["words"] = learn_words(connection, source, settlement.words, now)
            if settlement.action is Action.RELEASE:
                _release(connection, item, settlement, now)
            connection.execute(
                insert(decisions).values(
                    item_id=item_id,
                    source=source,
                    action=settlement.action.value,
                    by=settlement.by,
                    at=now,
                    note=settlement.note,
                    values=dict(settlement.values),
                    key=settlement.key,
                    change=WAITING if waits else found.kind.value if found is not None else None,
                    batch=settlement.batch or self._new_id(),
                    undo=was,
                )
            )
            audit.append(
                connection,
                at=now,
                actor=settlement.by,
                action=settlement.action.value,
                details={
                    "question": item_id,
                    "source": source,
                    "order_no": item.item.order_no,
                    "key": settlement.key,
                    "asked": list(item.item.fields),
                    "values": dict(settlement.values),
                    "words": {f: dict(t) for f, t in settlement.words.items()},
                    "note": settlement.note,
                    "change": found.kind.value if found is not None else None,
                    "changed": list(found.changed_fields) if found is not None else [],
                    "messages": messages,
                    "waits": waits,
                },
            )
            return messages

    def _close(self, connection: Connection, item_id: int, settlement: Settlement, now: datetime) -> StoredReview:
        """The condition in the UPDATE decides who was first, whatever both had read before."""
        t = review_items.c
        closed = connection.execute(
            update(review_items)
            .where(t.id == item_id, t.state == "open")
            .values(
                state="decided",
                closed_at=now,
                decided_by=settlement.by,
                decision=settlement.action.value,
                # A released hold that comes back is a new question.
                binding=settlement.action is not Action.RELEASE,
            )
        )
        row = connection.execute(select(review_items).where(t.id == item_id)).mappings().one()
        item = stored_review(row)
        if closed.rowcount != 1:
            raise AlreadyDecided(_why_closed(item), item=item_id)
        return item


def _why_closed(item: StoredReview) -> str:
    if item.state == "superseded":
        return f"question {item.id} has become idle: a later run read the row without doubt, or differently"
    answer = item.decision.value if item.decision is not None else "decided"
    return f"question {item.id} was decided already, by {item.decided_by} at {item.closed_at}: {answer}"


def _release(connection: Connection, item: StoredReview, settlement: Settlement, now: datetime) -> None:
    name = release_name(item.item.source)
    value = {"fingerprint": item.item.fingerprint, "item": item.id, "by": settlement.by}
    connection.execute(delete(meta).where(meta.c.name == name))
    connection.execute(insert(meta).values(name=name, value=value, updated_at=now))
