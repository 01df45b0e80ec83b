"""The store answers what a diner said of a meal; the diner reads it where they said it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from sqlalchemy import update

from goodtaste.floor.feedback.giving import OF_ORDER, FeedbackView, view
from goodtaste.floor.feedback.tables import feedback
from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Id, Moment, Steps, Str, change, first, par, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.input import WRITTEN, Input
from goodtaste.ordering.api import OrderView

MAY = "order.refund"  # who may make up for a meal may answer for it


class FeedbackUnknown(Refusal):
    """Raised where nothing was said of an order.  Facts: `order_id`."""

    code = "floor.feedback_unknown"
    status = 404
    guards = ("floor_feedback_gone",)


class AnswerFeedback(Input, frozen=True):
    """What is sent to answer feedback; sent again with other words, it says those."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern=WRITTEN)]


ANSWER = change(
    update(feedback)
    .where(feedback.c.order_id == par("order_id", Id))
    .values(answer=par("answer", Str), answered_by=par("by", Id), answered_at=par("at", Moment)),
    guard="floor_feedback_gone",
)


@script
def answer(order: OrderView, asked: AnswerFeedback, *, actor: Actor, at: datetime) -> Steps[FeedbackView]:
    """Answer what was said of an order.  Refuses `NotAllowed`, `FeedbackUnknown`."""
    actor.need(MAY, store_id=order.store_id)
    found = yield from first(OF_ORDER(order_id=order.id))
    if found is None:
        raise FeedbackUnknown(order_id=order.id)
    text = asked.text.strip()
    if found.answer == text:
        return view(found)
    noted = audit.note(
        actor, "feedback.answered", subject=f"order/{order.id}", at=at, store_id=order.store_id, stars=found.stars
    )
    yield [ANSWER(order_id=order.id, answer=text, by=actor.id, at=at), noted]
    return view(msgspec.structs.replace(found, answer=text, answered_by=actor.id, answered_at=at))
