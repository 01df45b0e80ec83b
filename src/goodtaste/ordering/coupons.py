"""The coupons of an order: those that are asked for, whether all of them apply, and what is written of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec

from goodtaste.kernel.db import Change
from goodtaste.kernel.input import Id, Input
from goodtaste.pricing import api as pricing
from goodtaste.promo import api as promo

COUPONS_MAX = 10  # on one order


class Wanted(Input, frozen=True):
    """The coupons that are asked for: `coupon_ids`, or `coupon_id` where it is one."""

    coupon_id: Id | None = None
    coupon_ids: Annotated[tuple[Id, ...], msgspec.Meta(max_length=COUPONS_MAX)] = ()

    def __post_init__(self) -> None:
        if self.coupon_id and self.coupon_ids:
            raise ValueError("coupon_id stands for one coupon, coupon_ids for several: send one of them")
        if len({*self.coupon_ids}) < len(self.coupon_ids):
            raise ValueError("a coupon is named twice")

    @property
    def coupons(self) -> list[str]:
        """The ids of the coupons that are asked for."""
        return [self.coupon_id] if self.coupon_id else list(self.coupon_ids)


def at_hand(asked: Wanted, found: Sequence[promo.Held], *, member_id: str | None) -> list[pricing.Coupon]:
    """Return the coupons asked for as pricing sees them; refuses `CouponUnknown` and `CouponUsed`."""
    return [promo.owned(list(found), each, member_id=member_id or "").as_offer() for each in asked.coupons]


def all_apply(asked: Wanted, priced: pricing.Priced, found: Sequence[promo.Held]) -> None:
    """Refuse `CouponNotApplicable` unless every coupon asked for, of those `found`, is in the price."""
    used, names = of_price(priced), {each.id: each.name for each in found}
    why = {each.offer_id: each for each in priced.why_not}
    for coupon_id in asked.coupons:
        if coupon_id not in used:
            missing = {
                "other_id" if name == "coupon_id" else name: value for name, value in why[coupon_id].facts.items()
            }
            code, name = why[coupon_id].code, names[coupon_id]
            because = f"pricing.row.why_{code}"
            raise promo.CouponNotApplicable(coupon_id=coupon_id, why=code, because=because, name=name, **missing)


def of_price(priced: pricing.Priced) -> dict[str, int]:
    """Return what each coupon in a price takes off, in fen, by its id."""
    if not priced.applied:  # the plain way: one coupon at most
        return {priced.coupon_id: priced.coupon_fen} if priced.coupon_id else {}
    used = {*priced.coupon_ids}
    return {each.offer_id: each.saved_fen for each in priced.reasons if each.offer_id in used}


def at_store(used: Mapping[str, int], found: Sequence[promo.Held], *, store_id: str) -> list[Change]:
    """Take what coupons save on an order of a store out of its budgets, where their templates have such."""
    mine = [each for each in found if each.id in used]
    return [write for each in mine for write in promo.at_store(each, store_id=store_id, saved_fen=used[each.id])]
