"""What people do to a coupon that somebody has, and what time does: revoked, extended, expired; and all that happened to one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import select, update

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Id, Int, ListOf, Moment, Read, Steps, change, in_list, par, rows, script, together
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.input import Input, Reason
from goodtaste.kernel.paging import next_of, older, start
from goodtaste.promo.asked import LATEST
from goodtaste.promo.coupons import ONE, WITH_TEMPLATE, CouponUnknown, CouponUsed, Held, note
from goodtaste.promo.tables import coupon, coupon_note

NOTES_MAX = 200  # of one coupon that are shown
EXPIRED_MAX = 500  # coupons that run out in one transaction


class NotLonger(Refusal):
    """Raised when a coupon is to be extended to an instant that is past, or not after its end.  Facts: `valid_to_at`."""

    code = "promo.not_longer"
    status = 422


class Revoke(Input, frozen=True):
    """What is sent to take a coupon away: why."""

    reason: Reason


class Extend(Input, frozen=True):
    """What is sent to give a coupon more time: until when (exclusive), and why."""

    valid_to_at: datetime
    reason: Reason


class Note(msgspec.Struct, frozen=True):
    """Something that happened to a coupon."""

    id: str
    at: datetime
    what: str
    by: str
    facts: dict[str, Any]


class History(msgspec.Struct, frozen=True):
    """A coupon and all that is known of it: how it came to be, what happened since (oldest first), and its present state."""

    coupon: Held
    issued_at: datetime
    issued_by: str
    from_id: str | None
    campaign_id: str | None
    notes: list[Note]


class CouponPage(msgspec.Struct, frozen=True):
    """A page of a member's coupons, newest first.  `next` is the `before` of the next page, or None."""

    coupons: list[Held]
    next: str | None


class _Origin(msgspec.Struct, frozen=True):
    issued_at: datetime
    issued_by: str
    from_id: str | None
    campaign_id: str | None


class _Row(msgspec.Struct, frozen=True):
    id: str


NOTES = Read(
    select(*[coupon_note.c[name] for name in Note.__struct_fields__])
    .where(coupon_note.c.coupon_id == par("coupon_id", Id))
    .order_by(coupon_note.c.id.desc())
    .limit(NOTES_MAX),
    Note,
)
ORIGIN = Read(
    select(*[coupon.c[name] for name in _Origin.__struct_fields__]).where(coupon.c.id == par("id", Id)), _Origin
)
OF_MEMBER = Read(
    WITH_TEMPLATE.where(coupon.c.member_id == par("member_id", Id), older(coupon.c.changed_at, coupon.c.id))
    .order_by(coupon.c.changed_at.desc(), coupon.c.id.desc())
    .limit(par("limit", Int)),
    Held,
)
REVOKE = change(
    update(coupon)
    .where(coupon.c.id == par("id", Id), coupon.c.state.in_(["issued", "offered"]))
    .values(state="revoked", changed_at=par("at", Moment)),
    guard="promo_coupon_usable",
)
EXTEND = change(
    update(coupon)
    .where(
        coupon.c.id == par("id", Id),
        coupon.c.state.in_(["issued", "expired"]),
        coupon.c.valid_to_at == par("seen_at", Moment),
    )
    .values(state="issued", valid_to_at=par("valid_to_at", Moment), changed_at=par("at", Moment)),
    guard="promo_coupon_usable",
)
OVER = Read(
    select(coupon.c.id)
    .where(coupon.c.state == "issued", coupon.c.valid_to_at <= par("at", Moment))
    .order_by(coupon.c.valid_to_at)
    .limit(EXPIRED_MAX),
    _Row,
)
EXPIRE = change(
    update(coupon)
    .where(
        in_list(coupon.c.id, par("ids", ListOf)),
        coupon.c.state == "issued",
        coupon.c.valid_to_at <= par("at", Moment),
    )
    .values(state="expired", changed_at=par("at", Moment))
)


def _one(found: list[Held], coupon_id: str) -> Held:
    if not found:
        raise CouponUnknown(coupon_id=coupon_id)
    return found[0]


@script
def history(coupon_id: str) -> Steps[History]:
    """Return a coupon with all that happened to it; refuses `CouponUnknown`."""
    found, origins, notes = yield from together(ONE(id=coupon_id), ORIGIN(id=coupon_id), NOTES(coupon_id=coupon_id))
    held = _one(found, coupon_id)
    return History(held, **msgspec.structs.asdict(origins[0]), notes=notes[::-1])


@script
def of_member(member_id: str, *, before: str, limit: int) -> Steps[CouponPage]:
    """Return a member's coupons in every state, the one that changed last first; refuses `BadCursor`."""
    edge = start(before)
    found = yield from rows(OF_MEMBER(member_id=member_id, before_at=edge.at, before_id=edge.id, limit=limit))
    more = next_of(found, limit, lambda each: each.changed_at)
    return CouponPage(found, more)


@script
def revoke(coupon_id: str, asked: Revoke, *, actor: Actor, at: datetime) -> Steps[Held]:
    """Take a coupon away; a second time changes nothing.  Refuses `CouponUnknown`, and `CouponUsed` for one that an order has."""
    held = _one((yield from rows(ONE(id=coupon_id))), coupon_id)
    if held.state == "revoked":
        return held
    if held.state not in ("issued", "offered"):
        raise CouponUsed(coupon_id=coupon_id, state=held.state)
    yield [
        REVOKE(id=coupon_id, at=at),
        note(coupon_id, "revoked", by=actor.id, at=at, reason=asked.reason),
        audit.note(
            actor,
            "promo.coupon_revoked",
            subject=f"coupon/{coupon_id}",
            reason=asked.reason,
            at=at,
            member_id=held.member_id,
        ),
    ]
    return msgspec.structs.replace(held, state="revoked", changed_at=at)


@script
def extend(coupon_id: str, asked: Extend, *, actor: Actor, at: datetime) -> Steps[Held]:
    """Give a coupon more time, one that ran out included; a second time changes nothing.

    Refuses `CouponUnknown`, `CouponUsed` for one that an order has or that was taken away, `NotLonger`.
    """
    held = _one((yield from rows(ONE(id=coupon_id))), coupon_id)
    if asked.valid_to_at.tzinfo is None or not max(at, held.valid_from_at) < asked.valid_to_at < LATEST:
        raise NotLonger(valid_to_at=held.valid_to_at)
    until = asked.valid_to_at.astimezone(UTC)
    if until == held.valid_to_at and held.state == "issued":
        return held
    if held.state not in ("issued", "expired"):
        raise CouponUsed(coupon_id=coupon_id, state=held.state)
    if until <= held.valid_to_at:
        raise NotLonger(valid_to_at=held.valid_to_at)
    facts: dict[str, Any] = {"before": held.valid_to_at, "valid_to_at": until}
    yield [
        EXTEND(id=coupon_id, seen_at=held.valid_to_at, valid_to_at=until, at=at),
        note(coupon_id, "extended", by=actor.id, at=at, reason=asked.reason, **facts),
        audit.note(
            actor,
            "promo.coupon_extended",
            subject=f"coupon/{coupon_id}",
            reason=asked.reason,
            at=at,
            member_id=held.member_id,
            **facts,
        ),
    ]
    return msgspec.structs.replace(held, state="issued", valid_to_at=until, changed_at=at)


@script
def expire(at: datetime) -> Steps[int]:
    """Let coupons run out whose end has come: valid_to_at <= at, at most `EXPIRED_MAX`; return how many did."""
    over = [each.id for each in (yield from rows(OVER(at=at)))]
    if over:
        yield [EXPIRE(ids=over, at=at)]
    return len(over)
