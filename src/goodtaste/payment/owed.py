"""Refunds that a gateway would not make, or that take too long: a list with owners, each made up for by one other refund.

A refund that failed stays what it is.  What makes up for it is a refund of its own, with a new number at the gateway, or money given back
by hand: out of the drawer, or by a transfer that somebody made elsewhere.  One that failed too is on the list in its turn.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated

import msgspec
from sqlalchemy import and_, exists, or_, select, update

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Id, Int, Moment, Query, Read, Steps, change, first, par, rows, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import fingerprint, same_or_taken
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.input import Input, Reason
from goodtaste.kernel.paging import next_of, older, start
from goodtaste.payment.attempts import ONE
from goodtaste.payment.refunds import COUNT, ONE_REFUND, Refund, RefundTooMuch, RefundUnknown, begin
from goodtaste.payment.rules import OPEN, Manner
from goodtaste.payment.tables import payment, refund

STUCK_AFTER = timedelta(days=1)
PAGE_MAX = 200

_next = refund.alias("following")
_MADE_UP = exists().where(_next.c.makes_up_for == refund.c.id)


class NotOwed(Refusal):
    """Raised for a refund that did not fail, so that nothing is to be made up for.  Facts: `refund_id`, `state`."""

    code = "payment.refund_not_owed"


class MadeUp(Refusal):
    """Raised for a refund that another one already makes up for.  Facts: `refund_id`."""

    code = "payment.refund_made_up"
    guards = ("payment_refund_made_up",)


class MakeUp(Input, frozen=True):
    """What is sent to make up for a refund that failed: `way` is the way it came once more, with a new number; or by hand, in cash out of
    the drawer, or by a transfer made elsewhere, which `reason` names."""

    id: IdText
    way: Annotated[Manner, msgspec.Meta(description="`same`: the gateway again; `cash`, `transfer`: by hand")]
    reason: Reason


class OwedRefund(msgspec.Struct, frozen=True):
    """A refund that somebody has to look at: `failed`, or open for longer than a day.  `why` is the gateway's word."""

    id: str
    payment_id: str
    order_id: str
    store_id: str
    method: str
    amount_fen: int
    state: str
    why: str
    reason: str
    owner_id: str | None
    started_at: datetime
    settled_at: datetime | None


class OwedPage(msgspec.Struct, frozen=True):
    """Refunds that are owed at a store, newest first; `next` is what to ask with as `before` for the next page."""

    refunds: list[OwedRefund]
    next: str | None


class Following(msgspec.Struct, frozen=True):
    """The refund that makes up for another."""

    id: str


OWED = Read(
    select(
        refund.c.id,
        refund.c.payment_id,
        payment.c.order_id,
        payment.c.store_id,
        payment.c.method,
        refund.c.amount_fen,
        refund.c.state,
        refund.c.detail.label("why"),
        refund.c.reason,
        refund.c.owner_id,
        refund.c.started_at,
        refund.c.settled_at,
    )
    .join_from(refund, payment, payment.c.id == refund.c.payment_id)
    .where(
        payment.c.store_id == par("store_id", Id),
        refund.c.state != "succeeded",
        or_(
            and_(refund.c.state == "failed", ~_MADE_UP),
            and_(refund.c.state.in_(OPEN), refund.c.started_at < par("stuck_at", Moment)),
        ),
        older(refund.c.started_at, refund.c.id),
    )
    .order_by(refund.c.started_at.desc(), refund.c.id.desc())
    .limit(par("limit", Int)),
    OwedRefund,
)
FOLLOWING = Read(
    select(refund.c.id).where(refund.c.makes_up_for == par("refund_id", Id)),
    Following,
)
OWN = change(update(refund).where(refund.c.id == par("id", Id)).values(owner_id=par("owner_id", Id)))


def one_refund(refund_id: str) -> Query[Refund]:
    """Return the query for a refund."""
    return ONE_REFUND(refund_id=refund_id)


@script
def owed(store_id: str, *, at: datetime, before: str, limit: int) -> Steps[OwedPage]:
    """Return a page of the refunds that are owed at a store, newest first.  Refuses `BadCursor`."""
    edge = start(before)
    found = yield from rows(
        OWED(store_id=store_id, stuck_at=at - STUCK_AFTER, before_at=edge.at, before_id=edge.id, limit=limit)
    )
    return OwedPage(found, next_of(found, limit, lambda each: each.started_at))


@script
def take_over(refund_id: str, *, actor: Actor, at: datetime) -> Steps[None]:
    """Make `actor` the one who looks after a refund.  Refuses `RefundUnknown`, and `NotOwed` for one that was made."""
    found = yield from first(ONE_REFUND(refund_id=refund_id))
    if found is None:
        raise RefundUnknown(refund_id=refund_id)
    if found.state == "succeeded":
        raise NotOwed(refund_id=refund_id, state=found.state)
    written = audit.note(
        actor, "payment.refund_taken_over", subject=f"refund/{refund_id}", at=at, store_id=found.store_id
    )
    yield [OWN(id=refund_id, owner_id=actor.id), written]


@script
def make_up(refund_id: str, asked: MakeUp, *, actor: Actor, drawer_id: str, today: date, at: datetime) -> Steps[Refund]:
    """Begin the refund that makes up for one that failed, once per `asked.id`; by hand it is made at once.

    Refuses `RefundUnknown`, `NotOwed`, `MadeUp`, and `RefundTooMuch` where the payment was given back otherwise meanwhile.
    """
    failed, known, following = yield from together(
        ONE_REFUND(refund_id=refund_id), ONE_REFUND(refund_id=asked.id), FOLLOWING(refund_id=refund_id)
    )
    if not failed:
        raise RefundUnknown(refund_id=refund_id)
    if known:
        mark = fingerprint([known[0].makes_up_for, known[0].way])
        same_or_taken(mark, fingerprint([refund_id, asked.way]), id_=asked.id)
        return known[0]
    if failed[0].state != "failed":
        raise NotOwed(refund_id=refund_id, state=failed[0].state)
    if following:
        raise MadeUp(refund_id=following[0].id)
    paid = yield from first(ONE(id=failed[0].payment_id))
    left_fen = paid.amount_fen - paid.refunded_fen if paid else 0
    if paid is None or failed[0].amount_fen > left_fen:
        raise RefundTooMuch(left_fen=left_fen, asked_fen=failed[0].amount_fen)
    made, changes = begin(
        paid,
        refund_id=asked.id,
        cause_id=failed[0].cause_id,
        amount_fen=failed[0].amount_fen,
        reason=asked.reason,
        drawer_id=drawer_id,
        way=asked.way,
        makes_up_for=refund_id,
        today=today,
        at=at,
    )
    facts = {"refund_id": made.id, "way": made.way, "amount_fen": made.amount_fen, "payment_id": paid.id}
    written = audit.note(
        actor,
        "payment.refund_made_up",
        subject=f"refund/{refund_id}",
        at=at,
        store_id=paid.store_id,
        reason=asked.reason,
        **facts,
    )
    yield [COUNT(id=paid.id, refunded_fen=made.amount_fen), *changes, written]
    return made
