"""`price(lines, context, coupons, offers)`: what a cart costs, and a reason for every fen.

A cart without offers that takes one coupon, as most are, is priced here in one pass: list or member price, the coupon that saves most,
points up to their cap.  Everything else goes through the search of `combine`, which gives the same price where both can.  What a
coupon or points take off the whole order is shared over the lines by largest remainder, so that a later refund knows what each
line cost.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from goodtaste.kernel.money import basis_points, share
from goodtaste.pricing.at_hand import stop_coupon
from goodtaste.pricing.by_hand import given, put_back
from goodtaste.pricing.combine import combine
from goodtaste.pricing.conditions import Clock, clock_of
from goodtaste.pricing.offers import Offer
from goodtaste.pricing.values import (
    NO_FEES,
    Context,
    Coupon,
    Line,
    Priced,
    PricedLine,
    Reason,
    WhyNot,
)

OTHER_WORTH = ("gift", "free_delivery")


def price(
    lines: Sequence[Line], context: Context, coupons: Sequence[Coupon] = (), offers: Sequence[Offer] = ()
) -> Priced:
    """Return the price of `lines` with the cheapest legal combination of `offers` and `coupons`, the same whatever order they come in.

    Raises nothing for a cart within the limits; every fen that comes off has a reason, every offer at hand that does not apply says why.
    Where the search reaches `context.nodes_max`, `proof` says so and how far from the cheapest the price can be.
    """
    units, reasons = _units(lines, context)
    if context.by_hand:
        return _by_hand(lines, units, context, reasons=reasons, coupons=coupons, offers=offers)
    if offers or context.max_coupons != 1 or context.fees != NO_FEES or any(c.kind in OTHER_WORTH for c in coupons):
        return combine(lines, units, context, reasons=reasons, coupons=coupons, offers=offers, pay=_points)
    return _plain(lines, units, context, coupons, reasons)


def _by_hand(
    lines: Sequence[Line],
    units: list[int],
    context: Context,
    *,
    reasons: list[Reason],
    coupons: Sequence[Coupon],
    offers: Sequence[Offer],
) -> Priced:
    """Price what is not given free as any cart, and put the gifts beside it."""
    free = given(context.by_hand, lines)
    bought, costs = [], []
    for line, unit in zip(lines, units, strict=True):
        if line.qty > free.get(line.line_no, 0):
            bought.append(msgspec.structs.replace(line, qty=line.qty - free.get(line.line_no, 0)))
            costs.append(unit)
    priced = combine(bought, costs, context, reasons=reasons, coupons=coupons, offers=offers, pay=_points)
    return put_back(priced, lines, units, free, context.by_hand)


def _plain(
    lines: Sequence[Line], units: list[int], context: Context, coupons: Sequence[Coupon], reasons: list[Reason]
) -> Priced:
    amounts = [unit * line.qty for unit, line in zip(units, lines, strict=True)]
    coupon, cut, why_not = _best(coupons, lines, units, amounts, context)
    if coupon:
        reasons.append(Reason(f"coupon_{coupon.kind}", sum(cut), None, coupon.id))
    left = [amount - off for amount, off in zip(amounts, cut, strict=True)]
    points, points_fen = _points(sum(left), context)
    if points:
        reasons.append(Reason("points", points_fen))
    by_points = share(points_fen, weights=left)
    priced = [
        PricedLine(line.line_no, line.sku_id, line.qty, line.list_fen, unit, off, by_point, rest - by_point)
        for line, unit, off, rest, by_point in zip(lines, units, cut, left, by_points, strict=True)
    ]
    total = sum(line.list_fen * line.qty for line in lines)
    return Priced(
        priced,
        reasons,
        why_not,
        list_fen=total,
        member_saving_fen=total - sum(amounts),
        coupon_id=coupon.id if coupon else None,
        coupon_fen=sum(cut),
        points=points,
        points_fen=points_fen,
        due_fen=sum(left) - points_fen,
    )


def _units(lines: Sequence[Line], context: Context) -> tuple[list[int], list[Reason]]:
    """Return what one piece of each line costs before offers, and why: what it was ordered at, else of its prices the lowest; a guest pays
    the list price.
    """
    if not context.is_member and not any([line.kept_fen is not None for line in lines]):
        return [line.list_fen for line in lines], []
    units, reasons = [], []
    favourites = context.favourites if context.is_member and context.favourite_bp else ()
    for line in lines:
        unit, code = line.list_fen, "member_price"
        if line.kept_fen is not None:
            unit = line.kept_fen
        elif context.is_member and line.member_fen is not None and line.member_fen < unit:
            unit = line.member_fen
        if favourites and line.kept_fen is None and line.dish_id in favourites:
            favourite = line.list_fen - basis_points(line.list_fen, min(context.favourite_bp, 10_000))
            if favourite < unit:
                unit, code = favourite, "favourite_price"
        if unit < line.list_fen:
            reasons.append(Reason(code, (line.list_fen - unit) * line.qty, line.line_no))
        units.append(unit)
    return units, reasons


def _best(
    coupons: Sequence[Coupon], lines: Sequence[Line], units: Sequence[int], amounts: Sequence[int], context: Context
) -> tuple[Coupon | None, list[int], list[WhyNot]]:
    """Choose among all coupons the one that saves most; say of the others why not."""
    best: Coupon | None = None
    cut = [0] * len(lines)
    why_not: list[WhyNot] = []
    clock = clock_of(context)
    for coupon in sorted(coupons, key=lambda c: (c.valid_to_at, c.id)):
        obstacle = _obstacle(coupon, lines, amounts, context, clock)
        if obstacle:
            why_not.append(obstacle)
            continue
        saving = _cut(coupon, lines, units, amounts)
        if sum(saving) > sum(cut):
            if best:
                why_not.append(WhyNot(best.id, "another_saves_more", {"coupon_id": coupon.id}))
            best, cut = coupon, saving
        else:
            why_not.append(WhyNot(coupon.id, "another_saves_more", {"coupon_id": best.id} if best else {}))
    return best, cut, why_not


def _eligible(coupon: Coupon, lines: Sequence[Line]) -> list[int]:
    return [i for i, line in enumerate(lines) if not coupon.dish_ids or line.dish_id in coupon.dish_ids]


def _obstacle(
    coupon: Coupon, lines: Sequence[Line], amounts: Sequence[int], context: Context, clock: Clock
) -> WhyNot | None:
    stop = stop_coupon(coupon, context, clock)
    if stop:
        return WhyNot(coupon.id, *stop)
    eligible = _eligible(coupon, lines)
    if not eligible:
        return WhyNot(coupon.id, "no_such_dish", {"dish_ids": sorted(coupon.dish_ids)})
    spent = sum(amounts[i] for i in eligible)
    if spent < coupon.threshold_fen:
        return WhyNot(
            coupon.id,
            "below_threshold",
            {"missing_fen": coupon.threshold_fen - spent, "threshold_fen": coupon.threshold_fen},
        )
    return None


def _cut(coupon: Coupon, lines: Sequence[Line], units: Sequence[int], amounts: Sequence[int]) -> list[int]:
    """Return what the coupon takes off each line."""
    cut = [0] * len(lines)
    eligible = _eligible(coupon, lines)
    if coupon.kind == "exchange":
        pieces = coupon.value
        for i in sorted(eligible, key=lambda i: (-units[i], i)):
            free = min(pieces, lines[i].qty)
            cut[i], pieces = free * units[i], pieces - free
        return cut
    base = sum(amounts[i] for i in eligible)
    saving = min(coupon.value, base) if coupon.kind == "cash" else basis_points(base, coupon.value)
    if coupon.cap_fen is not None:
        saving = min(saving, coupon.cap_fen)
    for i, part in zip(eligible, share(saving, weights=[amounts[i] for i in eligible]), strict=True):
        cut[i] = part
    return cut


def _points(left_fen: int, context: Context) -> tuple[int, int]:
    """Return how many points pay for how many fen: at most wanted, at most held, at most the cap, and no point for nothing."""
    rate = context.rate
    if not context.is_member or not context.points_wanted or rate.fen_per_100 <= 0:
        return 0, 0
    cap_fen = basis_points(left_fen, rate.cap_bp)
    points = min(context.points_wanted, context.points_balance, cap_fen * 100 // rate.fen_per_100)
    fen = points * rate.fen_per_100 // 100
    return -(-fen * 100 // rate.fen_per_100), fen
