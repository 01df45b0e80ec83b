"""The door of promotions."""

from goodtaste.promo.coupons import (
    CouponNotApplicable,
    CouponUnknown,
    CouponUsed,
    Held,
    at_hand,
    by_ids,
    give_back,
    hold,
    owned,
    read,
    redeem,
    redeem_held,
)
from goodtaste.promo.issue import Claim, Issue, claim, issue
from goodtaste.promo.proof import PROOFS
from goodtaste.promo.rules import back_until
from goodtaste.promo.templates import NewTemplate, Template, make, switch

__all__ = [
    "PROOFS",
    "Claim",
    "CouponNotApplicable",
    "CouponUnknown",
    "CouponUsed",
    "Held",
    "Issue",
    "NewTemplate",
    "Template",
    "at_hand",
    "back_until",
    "by_ids",
    "claim",
    "give_back",
    "hold",
    "issue",
    "make",
    "owned",
    "read",
    "redeem",
    "redeem_held",
    "switch",
]
