"""The door of pricing."""

from goodtaste.pricing.rules import (
    LINES_MAX,
    QTY_MAX,
    Channel,
    Context,
    Coupon,
    CouponKind,
    Line,
    PointsRate,
    Priced,
    PricedLine,
    Reason,
    WhyNot,
    price,
)

__all__ = [
    "LINES_MAX", "QTY_MAX", "Channel", "Context", "Coupon", "CouponKind", "Line", "PointsRate", "Priced", "PricedLine", "Reason", "WhyNot",
    "price",
]  # fmt: skip
