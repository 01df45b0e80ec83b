"""Coupons: issued, held for an order, redeemed by it, reversed with it."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import select, update

from goodtaste.kernel.db import Change, Id, Int, ListOf, Moment, Query, Read, Steps, change, first, in_list, par
from goodtaste.kernel.errors import Refusal
from goodtaste.pricing.api import Coupon
from goodtaste.promo.tables import coupon, template

AT_HAND_MAX = 200  # coupons of a member that are looked at for a cart, soonest expiry first


class CouponUnknown(Refusal):
    """Raised for a coupon that does not exist or is another member's.  Facts: `coupon_id`."""

    code = "promo.coupon_unknown"
    status = 404


class CouponUsed(Refusal):
    """Raised when a coupon is held or used by another order, has expired or was revoked.  Facts: `coupon_id`, `state`."""

    code = "promo.coupon_used"
    guards = ("promo_coupon_usable",)


class CouponNotApplicable(Refusal):
    """Raised when the coupon asked for does not apply to the cart.  Facts: `coupon_id`, `why`, and what is missing."""

    code = "promo.coupon_not_applicable"


class Held(msgspec.Struct, frozen=True):
    """A coupon of a member, with what its template says."""

    id: str
    template_id: str
    member_id: str
    state: str
    order_id: str | None
    name: str
    name_en: str
    kind: str
    value: int
    threshold_fen: int
    cap_fen: int | None
    dish_ids: list[str]
    store_ids: list[str]
    channels: list[str]
    valid_from_at: datetime
    valid_to_at: datetime
    code: str
    changed_at: datetime

    def as_offer(self) -> Coupon:
        """Return it as pricing sees it."""
        return Coupon(
            self.id,
            self.kind,  # type: ignore[arg-type]
            self.value,
            self.threshold_fen,
            self.cap_fen,
            frozenset(self.dish_ids),
            frozenset(self.store_ids),
            frozenset(self.channels),
            self.valid_from_at,
            self.valid_to_at,
            usable=self.state == "issued",
        )


_WITH_TEMPLATE = select(
    coupon.c.id,
    coupon.c.template_id,
    coupon.c.member_id,
    coupon.c.state,
    coupon.c.order_id,
    template.c.name,
    template.c.name_en,
    template.c.kind,
    template.c.value,
    template.c.threshold_fen,
    template.c.cap_fen,
    template.c.dish_ids,
    template.c.store_ids,
    template.c.channels,
    coupon.c.valid_from_at,
    coupon.c.valid_to_at,
    coupon.c.code,
    coupon.c.changed_at,
).join_from(coupon, template, template.c.id == coupon.c.template_id)

BY_IDS = Read(_WITH_TEMPLATE.where(in_list(coupon.c.id, par("ids", ListOf))), Held)
AT_HAND = Read(
    _WITH_TEMPLATE.where(
        coupon.c.member_id == par("member_id", Id), coupon.c.state == "issued", coupon.c.valid_to_at > par("at", Moment)
    )
    .order_by(coupon.c.valid_to_at, coupon.c.id)
    .limit(AT_HAND_MAX),
    Held,
)
_USABLE = (
    coupon.c.id == par("id", Id),
    coupon.c.member_id == par("member_id", Id),
    coupon.c.state == "issued",
    coupon.c.valid_from_at <= par("at", Moment),
    coupon.c.valid_to_at > par("at", Moment),
)
HOLD = change(
    update(coupon)
    .where(*_USABLE)
    .values(state="held", order_id=par("order_id", Id), saved_fen=par("saved_fen", Int), changed_at=par("at", Moment)),
    guard="promo_coupon_usable",
)
REDEEM = change(
    update(coupon)
    .where(*_USABLE)
    .values(
        state="redeemed", order_id=par("order_id", Id), saved_fen=par("saved_fen", Int), changed_at=par("at", Moment)
    ),
    guard="promo_coupon_usable",
)
REDEEM_HELD = change(
    update(coupon)
    .where(coupon.c.id == par("id", Id), coupon.c.state == "held", coupon.c.order_id == par("order_id", Id))
    .values(state="redeemed", changed_at=par("at", Moment)),
    guard="promo_coupon_usable",
)
RETURN = change(
    update(coupon)
    .where(
        coupon.c.id == par("id", Id), coupon.c.order_id == par("order_id", Id), coupon.c.state.in_(["held", "redeemed"])
    )
    .values(
        state="issued", order_id=None, saved_fen=0, changed_at=par("at", Moment), valid_to_at=par("valid_to_at", Moment)
    ),
    guard="promo_coupon_usable",
)


def by_ids(ids: list[str]) -> Query[Held]:
    """Return the query of coupons by their ids."""
    return BY_IDS(ids=ids)


def at_hand(member_id: str, *, at: datetime) -> Query[Held]:
    """Return the query of the coupons that a member may still use, soonest expiry first."""
    return AT_HAND(member_id=member_id, at=at)


def owned(found: list[Held], coupon_id: str, *, member_id: str) -> Held:
    """Return the coupon of `found` that belongs to the member and may be used; refuses `CouponUnknown` and `CouponUsed`."""
    held = next((c for c in found if c.id == coupon_id and c.member_id == member_id), None)
    if held is None:
        raise CouponUnknown(coupon_id=coupon_id)
    if held.state != "issued":
        raise CouponUsed(coupon_id=coupon_id, state=held.state)
    return held


def _use(
    statement: change, coupon_id: str | None, *, member_id: str | None, order_id: str, saved_fen: int, at: datetime
) -> Change:
    row = {"id": coupon_id, "member_id": member_id, "order_id": order_id, "saved_fen": saved_fen, "at": at}
    return statement.many([row] if coupon_id else [])


def hold(coupon_id: str | None, *, member_id: str | None, order_id: str, saved_fen: int, at: datetime) -> Change:
    """Hold a coupon for an order that is to be paid; None holds nothing."""
    return _use(HOLD, coupon_id, member_id=member_id, order_id=order_id, saved_fen=saved_fen, at=at)


def redeem(coupon_id: str | None, *, member_id: str | None, order_id: str, saved_fen: int, at: datetime) -> Change:
    """Redeem a coupon with an order that is paid in the same act; None redeems nothing."""
    return _use(REDEEM, coupon_id, member_id=member_id, order_id=order_id, saved_fen=saved_fen, at=at)


def redeem_held(coupon_id: str, *, order_id: str, at: datetime) -> Change:
    """Redeem the coupon that an order holds."""
    return REDEEM_HELD(id=coupon_id, order_id=order_id, at=at)


def give_back(coupon_id: str, *, order_id: str, valid_to_at: datetime, at: datetime) -> Change:
    """Give a coupon back that an order held or redeemed."""
    return RETURN(id=coupon_id, order_id=order_id, valid_to_at=valid_to_at, at=at)


def read(coupon_id: str) -> Steps[Held | None]:
    """Read a coupon."""
    return (yield from first(BY_IDS(ids=[coupon_id])))
