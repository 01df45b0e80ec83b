"""Refunds of subscriptions that the gateway would not make, or that take too long: a list with owners, for somebody to make up for.

A refund that failed stays what it is, and its charge has counted it.  What makes up for it is another refund of the same amount: asked
of the gateway under a new number, or transferred by hand.  One that fails too is on the list in its turn.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from sqlalchemy import and_, exists, or_, select, update

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Id, Int, Moment, Read, Steps, change, first, par, rows, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import fingerprint, same_or_taken
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.input import Input, Reason
from goodtaste.kernel.paging import next_of, older, start
from goodtaste.promo.subscription import rules, signing
from goodtaste.promo.subscription.refunds import ONE, Refund, Way, begin, give_back
from goodtaste.promo.subscription.tables import charge, charge_refund, subscription

STUCK_AFTER = timedelta(days=1)
PAGE_MAX = 200

_next = charge_refund.alias("following")
_MADE_UP = exists().where(_next.c.makes_up_for == charge_refund.c.id)


class RefundUnknown(Refusal):
    """Raised for a refund of a subscription that does not exist.  Facts: `refund_id`."""

    code = "subscription.refund_unknown"
    status = 404


class NotOwed(Refusal):
    """Raised for a refund that did not fail, so that nothing is to be made up for.  Facts: `refund_id`, `state`."""

    code = "subscription.refund_not_owed"


class MadeUp(Refusal):
    """Raised for a refund that another one already makes up for.  Facts: `refund_id`."""

    code = "subscription.refund_made_up"
    guards = ("promo_charge_refund_made_up",)


class MakeUp(Input, frozen=True):
    """What is sent to make up for a refund that failed: the way it came once more, with a new number; or a transfer made elsewhere, which
    `reason` names."""

    id: IdText
    way: Annotated[Way, msgspec.Meta(description="`same`: the gateway again; `transfer`: by hand")]
    reason: Reason


class OwedRefund(msgspec.Struct, frozen=True):
    """A refund that somebody has to look at: `failed`, or open for longer than a day.  `why` is the gateway's word."""

    id: str
    charge_id: str
    subscription_id: str
    member_id: str
    amount_fen: int
    state: str
    why: str
    reason: str
    owner_id: str | None
    started_at: datetime
    settled_at: datetime | None


class OwedPage(msgspec.Struct, frozen=True):
    """Refunds of subscriptions that are owed, newest first; `next` is what to ask with as `before` for the next page."""

    refunds: list[OwedRefund]
    next: str | None


class _Following(msgspec.Struct, frozen=True):
    id: str


OWED = Read(
    select(
        charge_refund.c.id,
        charge_refund.c.charge_id,
        charge.c.subscription_id,
        subscription.c.member_id,
        charge_refund.c.amount_fen,
        charge_refund.c.state,
        charge_refund.c.detail.label("why"),
        charge_refund.c.reason,
        charge_refund.c.owner_id,
        charge_refund.c.started_at,
        charge_refund.c.settled_at,
    )
    .join_from(charge_refund, charge, charge.c.id == charge_refund.c.charge_id)
    .join(subscription, subscription.c.id == charge.c.subscription_id)
    .where(
        charge_refund.c.state != "succeeded",
        or_(
            and_(charge_refund.c.state == "failed", ~_MADE_UP),
            and_(charge_refund.c.state.in_(rules.OPEN), charge_refund.c.started_at < par("stuck_at", Moment)),
        ),
        older(charge_refund.c.started_at, charge_refund.c.id),
    )
    .order_by(charge_refund.c.started_at.desc(), charge_refund.c.id.desc())
    .limit(par("limit", Int)),
    OwedRefund,
)
FOLLOWING = Read(select(charge_refund.c.id).where(charge_refund.c.makes_up_for == par("refund_id", Id)), _Following)
OWN = change(
    update(charge_refund).where(charge_refund.c.id == par("id", Id)).values(owner_id=par("owner_id", Id)),
)


@script
def owed(*, at: datetime, before: str, limit: int) -> Steps[OwedPage]:
    """Return a page of the refunds of subscriptions that are owed, newest first.  Refuses `BadCursor`."""
    edge = start(before)
    found = yield from rows(OWED(stuck_at=at - STUCK_AFTER, before_at=edge.at, before_id=edge.id, limit=limit))
    return OwedPage(found, next_of(found, limit, lambda each: each.started_at))


@script
def take_over(refund_id: str, *, actor: Actor, at: datetime) -> Steps[None]:
    """Make `actor` the one who looks after a refund.  Refuses `RefundUnknown`, and `NotOwed` for one that was made."""
    found = yield from first(ONE(id=refund_id))
    if found is None:
        raise RefundUnknown(refund_id=refund_id)
    if found.state == "succeeded":
        raise NotOwed(refund_id=refund_id, state=found.state)
    written = audit.note(actor, "subscription.refund_taken_over", subject=f"refund/{refund_id}", at=at)
    yield [OWN(id=refund_id, owner_id=actor.id), written]


@script
def make_up(refund_id: str, asked: MakeUp, *, actor: Actor, at: datetime) -> Steps[Refund]:
    """Begin the refund that makes up for one that failed, once per `asked.id`; a transfer is made already.

    Refuses `RefundUnknown`, `NotOwed`, `MadeUp`.
    """
    failed, known, following = yield from together(ONE(id=refund_id), ONE(id=asked.id), FOLLOWING(refund_id=refund_id))
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
    by_hand = asked.way != "same"
    made = msgspec.structs.replace(
        failed[0],
        id=asked.id,
        way=asked.way,
        makes_up_for=refund_id,
        owner_id=None,
        reason=asked.reason,
        state="succeeded" if by_hand else "pending",
        gateway_ref=None,
        detail="",
        started_at=at,
        settled_at=at if by_hand else None,
        next_at=None if by_hand else at,
    )
    facts: dict[str, Any] = {"refund_id": made.id, "way": made.way, "amount_fen": made.amount_fen}
    written = audit.note(
        actor, "subscription.refund_made_up", subject=f"refund/{refund_id}", at=at, reason=asked.reason, **facts
    )
    yield [begin([made]), written]
    return made


async def ask(ctx: Ctx, refund_id: str) -> Refund:
    """Have the gateway asked now how a refund stands, where that is open, and settle it.  Refuses `RefundUnknown`, `NoGateway`."""
    found = await ctx.db.first(ONE(id=refund_id))
    if found is None:
        raise RefundUnknown(refund_id=refund_id)
    if found.state not in rules.OPEN:
        return found
    return await give_back(ctx, found, gateway=signing.gateway_of(ctx)) or found
