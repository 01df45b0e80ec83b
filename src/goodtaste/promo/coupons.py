"""Coupons: issued, held for an order, redeemed by it, reversed with it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select, update

from goodtaste.kernel.db import (
    Change,
    Id,
    Int,
    ListOf,
    Moment,
    Query,
    Read,
    Steps,
    add,
    change,
    first,
    in_list,
    insert,
    par,
)  # fmt: skip
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import new_id
from goodtaste.pricing.api import Conditions, Coupon, Policy
from goodtaste.promo import rules
from goodtaste.promo.tables import coupon, coupon_note, store_budget, template

AT_HAND_MAX = 200  # coupons of a member that are looked at for a cart, soonest expiry first


class CouponUnknown(Refusal):
    """Raised for a coupon that does not exist or is another member's.  Facts: `coupon_id`."""

    code = "promo.coupon_unknown"
    status = 404


class CouponUsed(Refusal):
    """Raised when a coupon is held or used by another order, has expired or was revoked.  Facts: `coupon_id`, `state`."""

    code = "promo.coupon_used"
    guards = ("promo_coupon_usable",)


class StoreBudgetSpent(Refusal):
    """Raised when the orders of a store have used all of a template that they may."""

    code = "promo.store_budget_spent"
    guards = ("promo_store_budget_count", "promo_store_budget_fen")


class CouponNotApplicable(Refusal):
    """Raised when the coupon asked for does not apply to the cart.  Facts: `coupon_id`, `name`, `why`, `because` (the
    code of the sentence for it), and what is missing."""

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
    conditions: Conditions
    sku_id: str | None
    groups: list[str]
    stacks_with: list[str] | None
    share_group: str
    share_max: int
    gives: int
    gives_max: int
    give_hours: int
    by_store: bool
    comes_back: bool
    grace_days: int
    saved_fen: int
    refund_policy: Policy | None

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
            conditions=self.conditions,
            groups=tuple(self.groups),
            stacks_with=None if self.stacks_with is None else tuple(self.stacks_with),
            share_group=self.share_group,
            share_max=self.share_max,
            sku_id=self.sku_id or "",
            refund_policy=self.refund_policy,
        )


WITH_TEMPLATE = select(
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
    template.c.conditions,
    template.c.sku_id,
    template.c.groups,
    template.c.stacks_with,
    template.c.share_group,
    template.c.share_max,
    coupon.c.gives,
    template.c.gives_max,
    template.c.give_hours,
    template.c.by_store,
    template.c.comes_back,
    template.c.grace_days,
    coupon.c.saved_fen,
    template.c.refund_policy,
).join_from(coupon, template, template.c.id == coupon.c.template_id)

ONE = Read(WITH_TEMPLATE.where(coupon.c.id == par("id", Id)), Held)
BY_IDS = Read(WITH_TEMPLATE.where(in_list(coupon.c.id, par("ids", ListOf))), Held)
AT_HAND = Read(
    WITH_TEMPLATE.where(
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
FORFEIT = change(
    update(coupon)
    .where(coupon.c.id == par("id", Id), coupon.c.order_id == par("order_id", Id), coupon.c.state == "redeemed")
    .values(state="revoked", order_id=None, saved_fen=0, changed_at=par("at", Moment)),
    guard="promo_coupon_usable",
)
NOTE = insert(coupon_note)
AT_STORE = add(store_budget, key=["template_id", "store_id"], counters=["used", "used_fen"])
"""A store that is not in the template's budgets has no row, and no limit."""


def note(coupon_id: str, what: str, *, by: str, at: datetime, **facts: Any) -> Change:
    """Write what happened to a coupon."""
    return NOTE(id=new_id(), coupon_id=coupon_id, at=at, what=what, by=by, facts=facts)


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


def reverse(held: Held, *, order_id: str, by: str, at: datetime) -> list[Change]:
    """Reverse the use of a coupon whose order was refunded whole: by its template it comes back, for some days at least, or is lost."""
    facts = {"order_id": order_id, "saved_fen": held.saved_fen}
    if not held.comes_back:
        return [FORFEIT(id=held.id, order_id=order_id, at=at), note(held.id, "lost", by=by, at=at, **facts)]
    until = rules.back_until(held.valid_to_at, grace_days=held.grace_days, at=at)
    return [
        give_back(held.id, order_id=order_id, valid_to_at=until, at=at),
        note(held.id, "came_back", by=by, at=at, **facts),
    ]


def at_store(held: Held, *, store_id: str, saved_fen: int) -> list[Change]:
    """Take what a coupon saves on an order of a store out of that store's budget, where its template has such; else nothing to write."""
    if not held.by_store:
        return []
    return [AT_STORE(template_id=held.template_id, store_id=store_id, used=1, used_fen=saved_fen)]


def back_at_store(held: Held, *, store_id: str) -> list[Change]:
    """Give back to the budget of a store what a coupon took out of it, when it leaves its order."""
    if not held.by_store:
        return []
    return [AT_STORE(template_id=held.template_id, store_id=store_id, used=-1, used_fen=-held.saved_fen)]


def read(coupon_id: str) -> Steps[Held | None]:
    """Read a coupon."""
    return (yield from first(ONE(id=coupon_id)))
