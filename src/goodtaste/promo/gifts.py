"""Giving a coupon on: its owner offers it by a code, one member takes it, or it comes back by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import select, update

from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import (
    Change,
    GuardBroken,
    Id,
    Moment,
    Read,
    Steps,
    Str,
    change,
    first,
    insert,
    par,
    rows,
    script,
    together,
)
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import Id as IdText
from goodtaste.kernel.ids import IdTaken
from goodtaste.kernel.input import Input
from goodtaste.kernel.secrets import below
from goodtaste.member import api as members
from goodtaste.promo import issue, rules
from goodtaste.promo.coupons import ONE, CouponUnknown, CouponUsed, Held, note
from goodtaste.promo.guesses import CodeText, CodeUnknown, forgotten, read_code, tried
from goodtaste.promo.tables import coupon, gift
from goodtaste.promo.templates import ONE as TEMPLATE
from goodtaste.promo.templates import one

MINE_MAX = 100  # offers of a member that are shown
RETURNED_MAX = 200  # offers that end in one transaction


class NotGivable(Refusal):
    """Raised for a coupon that may not be given on (any more), or not to oneself.  Facts: `coupon_id`, `gives_max`."""

    code = "promo.not_givable"


class GiftGone(Refusal):
    """Raised for an offer that somebody took, that its owner took back, or whose time is over.  Facts: `state`."""

    code = "promo.gift_gone"
    guards = ("promo_gift_open", "promo_gift_coupon_key")


class Offered(Input, frozen=True):
    """What a member sends to offer a coupon: the id of the offer."""

    id: IdText


class Take(Input, frozen=True):
    """What a member sends to take a coupon that is offered: the id that it is to have, and the code."""

    id: IdText
    code: CodeText


class Gift(msgspec.Struct, frozen=True):
    """An offer of a coupon.  Whoever has `code` may take it while `state` is offered, before `until_at`."""

    id: str
    coupon_id: str
    code: str
    from_member: str
    to_coupon_id: str | None
    state: str
    offered_at: datetime
    until_at: datetime


_COLUMNS = [gift.c[name] for name in Gift.__struct_fields__]
NEW = insert(gift)
BY_ID = Read(select(*_COLUMNS).where(gift.c.id == par("id", Id)), Gift)
BY_CODE = Read(select(*_COLUMNS).where(gift.c.code == par("code", Str)), Gift)
MINE = Read(
    select(*_COLUMNS)
    .where(gift.c.from_member == par("member_id", Id))
    .order_by(gift.c.offered_at.desc(), gift.c.id.desc())
    .limit(MINE_MAX),
    Gift,
)
OVER = Read(
    select(*_COLUMNS)
    .where(gift.c.state == "offered", gift.c.until_at <= par("at", Moment))
    .order_by(gift.c.until_at)
    .limit(RETURNED_MAX),
    Gift,
)
OFFER = change(
    update(coupon)
    .where(
        coupon.c.id == par("id", Id),
        coupon.c.member_id == par("member_id", Id),
        coupon.c.state == "issued",
        coupon.c.valid_to_at > par("at", Moment),
    )
    .values(state="offered", changed_at=par("at", Moment)),
    guard="promo_coupon_usable",
)
LEAVE = change(
    update(coupon)
    .where(coupon.c.id == par("id", Id), coupon.c.state == "offered")
    .values(state=par("state", Str), changed_at=par("at", Moment)),
    guard="promo_coupon_usable",
)
END = change(
    update(gift)
    .where(gift.c.id == par("id", Id), gift.c.state == "offered")
    .values(state=par("state", Str), to_coupon_id=par("to_coupon_id", Id), changed_at=par("at", Moment)),
    guard="promo_gift_open",
)


@script
def offer(coupon_id: str, asked: Offered, *, member_id: str, at: datetime) -> Steps[Gift]:
    """Offer a coupon to whoever gets its code, once per `asked.id`; it cannot be used meanwhile.

    Refuses `CouponUnknown`, `CouponUsed`, `NotGivable`.
    """
    found, before = yield from together(ONE(id=coupon_id), BY_ID(id=asked.id))
    if before:
        return _same(before[0], coupon_id, member_id)
    if not found or found[0].member_id != member_id:
        raise CouponUnknown(coupon_id=coupon_id)
    held = found[0]
    if held.state != "issued" or held.valid_to_at <= at:
        raise CouponUsed(coupon_id=coupon_id, state=held.state)
    if held.gives >= held.gives_max:
        raise NotGivable(coupon_id=coupon_id, gives_max=held.gives_max)
    made = Gift(
        id=asked.id,
        coupon_id=coupon_id,
        code=rules.code_of(rules.body_of(below(rules.BODIES)), rules.GIFT),
        from_member=member_id,
        to_coupon_id=None,
        state="offered",
        offered_at=at,
        until_at=min(at + timedelta(hours=held.give_hours), held.valid_to_at),
    )
    try:
        yield [
            OFFER(id=coupon_id, member_id=member_id, at=at),
            NEW(**msgspec.structs.asdict(made), changed_at=at),
            note(coupon_id, "offered", by=member_id, at=at, until_at=made.until_at),
        ]
    except GuardBroken as broken:
        if broken.name != "promo_gift_pkey":
            raise
        again = yield from first(BY_ID(id=asked.id))
        if again is None:
            raise
        return _same(again, coupon_id, member_id)
    return made


def _same(found: Gift, coupon_id: str, member_id: str) -> Gift:
    if (found.coupon_id, found.from_member) != (coupon_id, member_id):
        raise IdTaken(id=found.id)
    return found


async def take(ctx: Ctx, asked: Take) -> Held:
    """Take a coupon that is offered, once per `asked.id`: of many who try, one gets it.  It is valid as long as it was.

    Refuses `CodeWrong`, `CodeUnknown`, `Locked`, `TooManyGuesses`, `GiftGone`, `NotGivable`, `LimitReached`.
    """
    code, member_id = read_code(asked.code, rules.GIFT), ctx.actor.id
    return await tried(ctx, asked.id, _take(asked.id, code, member_id=member_id, source=ctx.source, at=ctx.now))


@script
def _take(coupon_id: str, code: str, *, member_id: str, source: str, at: datetime) -> Steps[Held]:
    found, existing = yield from together(BY_CODE(code=code), ONE(id=coupon_id))
    if not found:
        raise CodeUnknown
    offered = found[0]
    if existing:
        if existing[0].member_id != member_id or offered.to_coupon_id != coupon_id:
            raise IdTaken(id=coupon_id)
        return existing[0]
    if offered.state != "offered" or offered.until_at <= at:
        raise GiftGone(state=offered.state)
    [held], standings = yield from together(ONE(id=offered.coupon_id), members.standing(member_id))
    members.known(standings, member_id, redeems=True)
    if held.state != "offered":
        raise CouponUsed(coupon_id=held.id, state=held.state)
    if held.member_id == member_id:
        raise NotGivable(coupon_id=held.id, gives_max=held.gives_max)
    templates, had = yield from together(TEMPLATE(id=held.template_id), issue.had(held.template_id, [member_id]))
    of, so_far = one(templates, held.template_id), had[0].n if had else 0
    today = yield from issue.had_today(of, [member_id], at=at)
    issue.may_have(of, so_far=so_far, today=today.get(member_id, 0))
    grant = issue.Grant(coupon_id, member_id, by=held.member_id, from_id=held.id, gives=held.gives + 1)
    span = (held.valid_from_at, held.valid_to_at)
    row = issue.coupon_row(of, grant, nth=so_far + 1, span=span, at=at)
    yield [
        LEAVE(id=held.id, state="given", at=at),
        END(id=offered.id, state="accepted", to_coupon_id=coupon_id, at=at),
        issue.NEW(**row),
        note(held.id, "given", by=member_id, at=at, to_coupon_id=coupon_id),
        *forgotten(member_id, source=source, at=at),
    ]
    return issue.as_held(row | {"gives": grant.gives}, of)


@script
def take_back(gift_id: str, *, member_id: str, at: datetime) -> Steps[Gift]:
    """Take an offer back; a second time changes nothing.  Refuses `CodeUnknown` for another's, `GiftGone` for one that was taken."""
    found = yield from first(BY_ID(id=gift_id))
    if found is None or found.from_member != member_id:
        raise CodeUnknown
    if found.state == "accepted":
        raise GiftGone(state=found.state)
    if found.state == "offered":
        yield _returned(found, by=member_id, at=at)
    return msgspec.structs.replace(found, state="returned")


def _returned(found: Gift, *, by: str, at: datetime) -> list[Change]:
    return [
        LEAVE(id=found.coupon_id, state="issued", at=at),
        END(id=found.id, state="returned", to_coupon_id=None, at=at),
        note(found.coupon_id, "returned", by=by, at=at),
    ]


@script
def mine(member_id: str) -> Steps[list[Gift]]:
    """Return what a member offered, newest first, at most `MINE_MAX`."""
    return (yield from rows(MINE(member_id=member_id)))


@script
def end_one(gift_id: str, *, at: datetime) -> Steps[None]:
    """Let an offer whose time is over end: the coupon is its owner's again; one that was revoked meanwhile stays so."""
    found = yield from first(BY_ID(id=gift_id))
    if found is None or found.state != "offered" or found.until_at > at:
        return
    held = yield from first(ONE(id=found.coupon_id))
    there: list[Any] = _returned(found, by="system", at=at)
    yield there if held is not None and held.state == "offered" else there[1:2]
