"""The door of pricing."""

from goodtaste.pricing.check import Fault, check, check_set, lane_of, stage_of
from goodtaste.pricing.explain import Row, Said, explain, in_words
from goodtaste.pricing.offers import (
    Benefit,
    BirthdayWindow,
    Bundle,
    BuyGet,
    CheapestFree,
    Conditions,
    DateSpan,
    Daypart,
    FreeDelivery,
    Gift,
    NthItem,
    Offer,
    Part,
    PercentOff,
    SpendAndSave,
    Tier,
    UnitPercent,
    UnitPrice,
)
from goodtaste.pricing.refund import Frozen, FrozenLine, Lost, Policy, Refund, RefundLine, freeze, policies, refund
from goodtaste.pricing.rules import price
from goodtaste.pricing.values import (
    COUPON_LANE,
    COUPONS_MAX,
    LANES,
    LINES_MAX,
    NODES_MAX,
    OFFERS_MAX,
    QTY_MAX,
    AnyCouponKind,
    Applied,
    ByHand,
    Channel,
    Context,
    Coupon,
    CouponKind,
    Fee,
    Fees,
    GiftLine,
    Lane,
    Line,
    PointsRate,
    Priced,
    PricedLine,
    Proof,
    Reason,
    Share,
    WhyNot,
)

__all__ = [
    "COUPONS_MAX", "COUPON_LANE", "LANES", "LINES_MAX", "NODES_MAX", "OFFERS_MAX", "QTY_MAX", "AnyCouponKind", "Applied",
    "Benefit", "BirthdayWindow", "Bundle", "BuyGet", "ByHand", "Channel", "CheapestFree", "Conditions", "Context",
    "Coupon", "CouponKind", "DateSpan", "Daypart", "Fault", "Fee", "Fees", "FreeDelivery", "Frozen", "FrozenLine", "Gift", "GiftLine",
    "Lane", "Line", "Lost", "NthItem", "Offer", "Part", "PercentOff", "PointsRate", "Policy", "Priced", "PricedLine", "Proof",
    "Reason", "Refund", "RefundLine", "Row", "Said", "Share", "SpendAndSave", "Tier", "UnitPercent", "UnitPrice", "WhyNot",
    "check", "check_set", "explain", "freeze", "in_words", "lane_of", "policies", "price", "refund", "stage_of",
]  # fmt: skip
