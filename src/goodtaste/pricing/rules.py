"""`price(cart, context, offers)`: list price, member price, one coupon, points up to their cap, each fen with its reason.

Works in this order (product/pricing: stages 1, 2, 5 and 6): the unit price of a line is its list price, or the member price where that
is lower; of the coupons at hand the one that saves most is taken, the earlier to expire where two save the same; points pay for part of
what is left.  What a coupon or points take off the whole order is shared over the lines by largest remainder, so that a later refund
knows what each line cost.
"""

from __future__ import annotations

from collections.abc import Sequence

from goodtaste.kernel.money import basis_points, share
from goodtaste.pricing.values import Context, Coupon, Line, Priced, PricedLine, Reason, WhyNot


def price(lines: Sequence[Line], context: Context, coupons: Sequence[Coupon] = ()) -> Priced:
    """Return the price of `lines`.  Raises nothing for a cart within the limits; every fen that comes off has a reason."""
    units = [_unit_fen(line, context) for line in lines]
    amounts = [unit * line.qty for unit, line in zip(units, lines, strict=True)]
    reasons = [
        Reason("member_price", (line.list_fen - unit) * line.qty, line.line_no)
        for unit, line in zip(units, lines, strict=True)
        if unit < line.list_fen
    ]
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


def _unit_fen(line: Line, context: Context) -> int:
    """Return what one piece costs before coupon and points: a guest pays the list price."""
    if not context.is_member or line.member_fen is None:
        return line.list_fen
    return min(line.list_fen, line.member_fen)


def _best(
    coupons: Sequence[Coupon], lines: Sequence[Line], units: Sequence[int], amounts: Sequence[int], context: Context
) -> tuple[Coupon | None, list[int], list[WhyNot]]:
    """Choose among all coupons the one that saves most; say of the others why not."""
    best: Coupon | None = None
    cut = [0] * len(lines)
    why_not: list[WhyNot] = []
    for coupon in sorted(coupons, key=lambda c: (c.valid_to_at, c.id)):
        obstacle = _obstacle(coupon, lines, amounts, context)
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


def _obstacle(coupon: Coupon, lines: Sequence[Line], amounts: Sequence[int], context: Context) -> WhyNot | None:
    if not coupon.usable:
        return WhyNot(coupon.id, "not_usable")
    if context.at < coupon.valid_from_at:
        return WhyNot(coupon.id, "not_yet_valid", {"valid_from_at": coupon.valid_from_at})
    if context.at >= coupon.valid_to_at:
        return WhyNot(coupon.id, "expired", {"valid_to_at": coupon.valid_to_at})
    if coupon.store_ids and context.store_id not in coupon.store_ids:
        return WhyNot(coupon.id, "other_store")
    if coupon.channels and context.channel not in coupon.channels:
        return WhyNot(coupon.id, "other_channel", {"channels": sorted(coupon.channels)})
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
