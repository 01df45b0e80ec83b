"""The door of promotions."""

from goodtaste.promo.coupons import (
    CouponNotApplicable,
    CouponUnknown,
    CouponUsed,
    Held,
    by_ids,
    give_back,
    hold,
    owned,
    read,
    redeem,
    redeem_held,
)

__all__ = [
    "CouponNotApplicable", "CouponUnknown", "CouponUsed", "Held", "by_ids", "give_back", "hold", "owned", "read", "redeem", "redeem_held",
]  # fmt: skip
