"""A diner says how a meal was: stars, what was good or not, words of their own; once an order, changed within a day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

import msgspec
from sqlalchemy import func, or_, select, update

from goodtaste.floor.feedback.tables import feedback
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import GuardBroken, Id, Int, Moment, Read, Steps, Str, change, first, insert, par, rows, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.input import WRITTEN, Input
from goodtaste.kernel.paging import next_of, older, start
from goodtaste.ordering.api import OrderView

GIVE_WITHIN = timedelta(days=30)  # of paying, as long as the code of a receipt is good
CHANGE_WITHIN = timedelta(days=1)
SUMMED = timedelta(days=30)
PAGE_MAX = 100

Tag = Literal[
    "tasty", "fresh", "fast", "friendly", "clean", "value", "bland", "salty", "cold", "slow", "small", "unfriendly"
]
Words = Annotated[str, msgspec.Meta(max_length=500, pattern=WRITTEN)]


class NotRateable(Refusal):
    """Raised for an order that was not paid, or too long ago.  Facts: `days`."""

    code = "floor.not_rateable"


class FeedbackOver(Refusal):
    """Raised when feedback is to be changed after its day.  Facts: `hours`."""

    code = "floor.feedback_over"
    guards = ("floor_feedback_changed",)


class Give(Input, frozen=True):
    """What is sent to say how a meal was."""

    stars: Annotated[int, msgspec.Meta(ge=1, le=5)]
    tags: Annotated[tuple[Tag, ...], msgspec.Meta(max_length=12)] = ()
    text: Words = ""


class FeedbackView(msgspec.Struct, frozen=True):
    """What was said of a meal, and what the store answered."""

    order_id: str
    store_id: str
    member_id: str | None
    stars: int
    tags: list[str]
    text: str
    given_at: datetime
    changed_at: datetime
    answer: str
    answered_at: datetime | None


class FeedbackGiven(msgspec.Struct, frozen=True):
    """What was said of an order, null where nothing was; `until`: as long as it can be said or changed, null where it cannot."""

    feedback: FeedbackView | None
    until: datetime | None


class Stars(msgspec.Struct, frozen=True):
    """How many gave so many stars."""

    stars: int
    count: int


class FeedbackPage(msgspec.Struct, frozen=True):
    """A page of feedback, newest first; `stars`: how many gave each in the last 30 days; `next` asks for the page after it."""

    feedback: list[FeedbackView]
    stars: list[Stars]
    next: str | None


class FeedbackRow(msgspec.Struct, frozen=True):
    """Feedback as a row."""

    order_id: str
    store_id: str
    member_id: str | None
    stars: int
    tags: str
    text: str
    given_at: datetime
    changed_at: datetime
    answer: str = ""
    answered_by: str | None = None
    answered_at: datetime | None = None

    @property
    def id(self) -> str:
        """By which it is known: the order."""
        return self.order_id


_tags = msgspec.json.Decoder(list[str])
_COLUMNS = [feedback.c[name] for name in FeedbackRow.__struct_fields__]
OF_ORDER = Read(select(*_COLUMNS).where(feedback.c.order_id == par("order_id", Id)), FeedbackRow)
OF_STORE = Read(
    select(*_COLUMNS)
    .where(
        feedback.c.store_id == par("store_id", Id),
        feedback.c.stars >= par("from_stars", Int),
        feedback.c.stars <= par("to_stars", Int),
        or_(feedback.c.answered_at.is_(None), par("all", Int) == 1),
        older(feedback.c.given_at, feedback.c.order_id),
    )
    .order_by(feedback.c.given_at.desc(), feedback.c.order_id.desc())
    .limit(par("limit", Int)),
    FeedbackRow,
)
COUNTS = Read(
    select(feedback.c.stars, func.count().label("count"))
    .where(feedback.c.store_id == par("store_id", Id), feedback.c.given_at >= par("since", Moment))
    .group_by(feedback.c.stars)
    .order_by(feedback.c.stars.desc()),
    Stars,
)
NEW = insert(feedback)
CHANGE = change(
    update(feedback)
    .where(feedback.c.order_id == par("order_id", Id), feedback.c.given_at > par("since", Moment))
    .values(stars=par("stars", Int), tags=par("tags", Str), text=par("text", Str), changed_at=par("at", Moment)),
    guard="floor_feedback_changed",
)


def view(row: FeedbackRow) -> FeedbackView:
    """Return feedback as it is shown."""
    fields = {name: getattr(row, name) for name in FeedbackView.__struct_fields__ if name != "tags"}
    return FeedbackView(**fields, tags=_tags.decode(row.tags))


def _until(order: OrderView, row: FeedbackRow | None, at: datetime) -> datetime | None:
    """Return until when something can be said of an order, or what was said be changed; None where it cannot."""
    if order.paid_at is None:
        return None
    until = row.given_at + CHANGE_WITHIN if row else order.paid_at + GIVE_WITHIN
    return until if at < until else None


@script
def of_order(order: OrderView, *, at: datetime) -> Steps[FeedbackGiven]:
    """Return what was said of an order."""
    found = yield from first(OF_ORDER(order_id=order.id))
    return FeedbackGiven(view(found) if found else None, _until(order, found, at))


@script
def give(order: OrderView, asked: Give, *, at: datetime) -> Steps[FeedbackGiven]:
    """Say how a meal was, or say it otherwise within a day.  Refuses `NotRateable`, `FeedbackOver`."""
    known = yield from first(OF_ORDER(order_id=order.id))
    said = {
        "stars": asked.stars,
        "tags": msgspec.json.encode(sorted(set(asked.tags))).decode(),
        "text": asked.text.strip(),
    }
    if known is not None and (known.stars, known.tags, known.text) == (*said.values(),):
        return FeedbackGiven(view(known), _until(order, known, at))
    if _until(order, known, at) is None:
        raise (
            FeedbackOver(hours=int(CHANGE_WITHIN.total_seconds()) // 3600)
            if known
            else NotRateable(days=GIVE_WITHIN.days)
        )
    if known is None:
        row = FeedbackRow(order.id, order.store_id, order.member_id, given_at=at, changed_at=at, **said)  # type: ignore[arg-type]
        try:
            yield [NEW(**msgspec.structs.asdict(row))]
        except GuardBroken as broken:
            if broken.name != "floor_feedback_pkey":
                raise
            return (yield from give(order, asked, at=at))
    else:
        yield [CHANGE(order_id=order.id, since=at - CHANGE_WITHIN, at=at, **said)]
        row = msgspec.structs.replace(known, changed_at=at, **said)
    return FeedbackGiven(view(row), _until(order, row, at))


@script
def of_store(
    store_id: str, *, stars: int | None, unanswered: bool, actor: Actor, before: str, limit: int, at: datetime
) -> Steps[FeedbackPage]:
    """Return a page of what was said of a store, of so many stars or all or not answered.  Refuses `BadCursor`, `NotAllowed`."""
    actor.need("order.read", store_id=store_id)
    edge = start(before)
    found = yield from rows(
        OF_STORE(
            store_id=store_id,
            from_stars=stars or 1,
            to_stars=stars or 5,
            all=0 if unanswered else 1,
            before_at=edge.at,
            before_id=edge.id,
            limit=limit,
        )
    )
    counts = yield from rows(COUNTS(store_id=store_id, since=at - SUMMED))
    return FeedbackPage([view(each) for each in found], counts, next_of(found, limit, lambda each: each.given_at))
