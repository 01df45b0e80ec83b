"""The price of a cart: six lines, five offers at hand; `python -m bench pricing` keeps the figure."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from bench.figures import Figure, figure
from goodtaste.pricing.api import Context, Coupon, Line, price

ROUNDS, TIMES = 20, 500
COMMAND = "python -m bench pricing"
NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)


def _cart() -> list[Line]:
    return [Line(i, f"sku{i}", f"dish{i}", 1 + i % 3, 1_800 + 370 * i, 1_600 + 350 * i) for i in range(1, 7)]


def _coupon(i: int) -> Coupon:
    kind, value = (("cash", 500), ("percent", 1_200), ("exchange", 1), ("cash", 800), ("percent", 900))[i]
    return Coupon(
        f"coupon{i}",
        kind,  # type: ignore[arg-type]
        value,
        threshold_fen=2_000 * i,
        cap_fen=3_000,
        dish_ids=frozenset({"dish2", "dish4"}) if i % 2 else frozenset(),
        store_ids=frozenset(),
        channels=frozenset(),
        valid_from_at=NOW - timedelta(days=1),
        valid_to_at=NOW + timedelta(days=i + 1),
    )


def figures() -> list[Figure]:
    """Price the same cart again and again."""
    cart, coupons = _cart(), [_coupon(i) for i in range(5)]
    context = Context("store", "counter", NOW, is_member=True, points_balance=500, points_wanted=500)
    seen = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        for _ in range(TIMES):
            price(cart, context, coupons)
        seen.append((time.perf_counter() - begun) / TIMES * 1e6)
    return [figure("pricing.six_lines_five_offers", seen, "us", at_most=150, command=COMMAND)]
