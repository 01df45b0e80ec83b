"""The price of a cart: six lines with five offers at hand, twelve with thirty; `python -m bench pricing` keeps the figures."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from bench.figures import Figure, figure
from goodtaste.pricing.api import (
    Benefit,
    BirthdayWindow,
    Bundle,
    BuyGet,
    CheapestFree,
    Conditions,
    Context,
    Coupon,
    Daypart,
    Fees,
    FreeDelivery,
    Gift,
    Line,
    NthItem,
    Offer,
    Part,
    PercentOff,
    SpendAndSave,
    Tier,
    UnitPercent,
    UnitPrice,
    price,
)

ROUNDS, TIMES, CARTS = 20, 300, 25
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


def _named(*numbers: int) -> tuple[str, ...]:
    return tuple(f"dish{i}" for i in numbers)


def _offers() -> list[Offer]:
    """Return twenty offers of a house with mains (dishes 1 to 4), snacks (5 to 7), drinks (8 to 10) and sweets (11, 12)."""
    drinks, snacks, sweets = _named(8, 9, 10), _named(5, 6, 7), _named(11, 12)
    lunch = Conditions(dayparts=(Daypart(from_minute=660, to_minute=840),))
    benefits: list[tuple[Benefit, dict[str, Any]]] = [
        (UnitPercent(off_bp=2_000, dish_ids=drinks), {}),
        (NthItem(n=2, off_bp=5_000, dish_ids=drinks), {}),
        (BuyGet(buy=2, get=1, dish_ids=snacks), {}),
        (Bundle(parts=(Part(dish_ids=_named(1, 2)), Part(dish_ids=drinks)), price_fen=4_200), {}),
        (
            Bundle(parts=(Part(dish_ids=_named(3, 4)), Part(dish_ids=snacks), Part(dish_ids=drinks)), price_fen=6_600),
            {},
        ),
        (UnitPrice(dish_ids=_named(5), price_fen=990), {}),
        (NthItem(n=2, off_bp=5_000, dish_ids=sweets), {}),
        (UnitPercent(off_bp=1_000, dish_ids=_named(1, 3)), {"conditions": lunch}),
        (CheapestFree(of=4, dish_ids=(*snacks, *sweets)), {}),
        (BuyGet(buy=1, get=1, dish_ids=_named(4), get_dish_ids=_named(12), off_bp=5_000), {}),
        (UnitPrice(dish_ids=_named(2), price_fen=2_100), {"conditions": Conditions(weekdays=(1, 2))}),
        (UnitPercent(off_bp=1_500, dish_ids=sweets), {"conditions": Conditions(channels=("kiosk",))}),
        (SpendAndSave(tiers=(_tier(10_000, 1_000), _tier(20_000, 2_500))), {"groups": ("tiers",)}),
        (SpendAndSave(tiers=(_tier(15_000, 1_800),)), {"groups": ("tiers",), "conditions": lunch}),
        (PercentOff(off_bp=800, cap_fen=3_000), {"groups": ("day",)}),
        (PercentOff(off_bp=1_200, cap_fen=2_000, threshold_fen=8_000), {"groups": ("day",)}),
        (PercentOff(off_bp=1_500, cap_fen=1_500, dish_ids=drinks), {"conditions": Conditions(first_order=True)}),
        (FreeDelivery(threshold_fen=8_000), {}),
        (Gift(sku_id="tea", name="tea", threshold_fen=12_000), {}),
        (Gift(sku_id="cake", name="cake"), {"conditions": Conditions(birthday=BirthdayWindow(days_before=3))}),
    ]
    return [Offer(id=f"offer{n:02d}", name="o", benefit=benefit, **more) for n, (benefit, more) in enumerate(benefits)]


def _tier(threshold_fen: int, off_fen: int) -> Tier:
    return Tier(threshold_fen=threshold_fen, off_fen=off_fen)


def _table(n: int) -> list[Line]:
    """Return a cart of twelve lines, another one for each `n`."""
    return [
        Line(
            i,
            f"sku{i}",
            f"dish{i}",
            1 + (i * 7 + n) % 3,
            900 + (i * 911 + n * 337) % 4_700,
            800 + (i * 911 + n * 337) % 4_700,
        )
        for i in range(1, 13)
    ]


def _many(n: int) -> tuple[list[Line], Context, list[Coupon], list[Offer]]:
    """Return twelve lines with thirty offers at hand, two coupons an order."""
    context = Context(
        "store",
        "counter",
        NOW,
        is_member=True,
        points_balance=500,
        points_wanted=500,
        local_at=NOW + timedelta(hours=8),
        first_order=n % 2 == 0,
        max_coupons=2,
        fees=Fees(packaging_fen=200, delivery_fen=600, round_to_fen=10),
    )
    coupons = [msgspec.structs.replace(_coupon(i % 5), id=f"coupon{i}", threshold_fen=1_500 * i) for i in range(10)]
    return _table(n), context, coupons, _offers()


def _cpu(work: Callable[[], object], times: int) -> float:
    """Return the seconds of processor time that one call takes."""
    begun = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - begun) / times


def figures() -> list[Figure]:
    """Price the same carts again and again."""
    cart, coupons = _cart(), [_coupon(i) for i in range(5)]
    context = Context("store", "counter", NOW, is_member=True, points_balance=500, points_wanted=500)
    few = _offers()[4:6] + _offers()[12:15]
    plain = [_cpu(lambda: price(cart, context, coupons), TIMES) * 1e6 for _ in range(ROUNDS)]
    five = [_cpu(lambda: price(cart, context, (), few), TIMES) * 1e6 for _ in range(ROUNDS)]
    thirty = []
    for n in range(CARTS):
        lines, where, own, offers = _many(n)
        priced = price(lines, where, own, offers)
        if priced.proof is None or not priced.proof.exact:
            raise AssertionError(f"cart {n} is not priced exactly: {priced.proof}")
        thirty.append(_cpu(lambda at=(lines, where, own, offers): price(*at), 5) * 1e3)  # type: ignore[misc]
    return [
        figure("pricing.six_lines_five_offers", plain, "us", at_most=150, command=COMMAND),
        figure("pricing.six_lines_five_promotions", five, "us", at_most=150, command=COMMAND),
        figure("pricing.twelve_lines_thirty_offers", thirty, "ms", at_most=5, command=COMMAND),
    ]
