"""All stages together: the cheapest combination of what is at hand, points, fees, gifts, and a reason for every fen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from goodtaste.kernel.money import share
from goodtaste.pricing.at_hand import moves_at_hand, next_tiers, why_not_taken
from goodtaste.pricing.by_hand import take_off
from goodtaste.pricing.moves import Cart, Move, gift_of, is_gift, reaches
from goodtaste.pricing.offers import Offer
from goodtaste.pricing.search import Search
from goodtaste.pricing.state import State
from goodtaste.pricing.together import bind
from goodtaste.pricing.values import (
    COUPON_LANE,
    Applied,
    Context,
    Coupon,
    Fee,
    Fees,
    GiftLine,
    Line,
    Priced,
    PricedLine,
    Reason,
    Share,
    WhyNot,
)

Pay = Callable[[int, Context], tuple[int, int]]
"""How many points pay for how many fen of what is left."""


def combine(
    lines: Sequence[Line],
    units: list[int],
    context: Context,
    *,
    reasons: list[Reason],
    coupons: Sequence[Coupon],
    offers: Sequence[Offer],
    pay: Pay,
) -> Priced:
    """Return the price of lines at their `units` with the cheapest legal combination of what is at hand; `reasons` say why the units."""
    fees, why_not = context.fees, list[WhyNot]()
    cart = Cart(lines, units, delivery_fen=fees.delivery_fen, service_bp=fees.service_bp)
    moves = moves_at_hand(cart, context, offers=offers, coupons=coupons, why_not=why_not)
    room = bind(moves, lanes=context.lanes, max_coupons=context.max_coupons)
    money = [move for move in moves if not is_gift(move)]
    search = Search(cart, money, room=room, nodes_max=context.nodes_max)
    best, proof = search.run()
    applied = _applied(cart, best)
    end, gifts = _gifts(best, moves[len(money) :])
    why_not += [why_not_taken(move, end) for move in moves if move not in end.taken]
    why_not += next_tiers(best.taken, applied)
    waived = fees.delivery_fen - best.delivery_fen
    reasons += _reasons(best.taken, applied)
    reasons += [Reason(move.code, 0, None, move.id) for move in end.taken[len(best.taken) :]]
    by_hand, why = take_off(context.by_hand, lines, best.left)
    reasons += why
    goods_fen = best.total - sum(by_hand)
    points, points_fen = pay(goods_fen, context)
    if points:
        reasons.append(Reason("points", points_fen))
    charged = _fees(fees, goods_fen, waived)
    to_pay = goods_fen - points_fen + sum(fee.amount_fen - fee.waived_fen for fee in charged)
    rounding = to_pay % fees.round_to_fen if fees.round_to_fen > 1 else 0
    if rounding:
        reasons.append(Reason("rounding", rounding))
    by_coupon = [used for used in applied if used.lane == COUPON_LANE]
    coupon_fen = sum(sum(part.saved_fen for part in used.shares) for used in by_coupon)
    list_fen = sum(line.list_fen * line.qty for line in lines)
    return Priced(
        _lines(cart, best.left, by_coupon, by_hand, points_fen=points_fen, rounding_fen=rounding),
        reasons,
        why_not,
        list_fen=list_fen,
        member_saving_fen=list_fen - cart.total,
        coupon_id=next((move.id for move in end.taken if move.lane == COUPON_LANE), None),
        coupon_fen=coupon_fen,
        points=points,
        points_fen=points_fen,
        due_fen=to_pay - rounding + fees.donation_fen,
        offer_fen=cart.total - best.total - coupon_fen,
        fees=charged,
        rounding_fen=rounding,
        donation_fen=fees.donation_fen,
        gifts=gifts,
        applied=applied,
        proof=proof,
        hand_fen=sum(by_hand),
    )


def _applied(cart: Cart, end: State) -> list[Applied]:
    """Return what each move taken did to each line."""
    found = []
    for before, move, after in end.path():
        if not move.taking:
            found.append(_of_order(cart, move, before, after))
            continue
        shares = [
            Share(line.line_no, pieces, cart.units[i] * pieces, before.left[i] - after.left[i])
            for i, line in enumerate(cart.lines)
            if (pieces := before.free[i] - after.free[i])
        ]
        saved_fen, policy = before.total - after.total, move.source.refund_policy
        found.append(Applied(move.id, move.code, move.lane, saved_fen, shares, sets=after.sets, refund_policy=policy))
    return found


def _of_order(cart: Cart, move: Move, state: State, after: State) -> Applied:
    amounts = state.before if move.before else state.left
    shares = [
        Share(cart.lines[i].line_no, cart.qtys[i], amounts[i], state.left[i] - after.left[i]) for i in move.places
    ]
    saved = state.total - after.total + state.delivery_fen - after.delivery_fen
    base = sum(part.base_fen for part in shares)
    tiers = [(t, off) for t, off in move.tiers if 0 < t <= base] if move.kind == "spend_and_save" else []
    if move.times > 1 and tiers:
        [(t, off)] = tiers
        tiers = [(t * n, off * n) for n in range(1, min(base // t, move.times) + 1)]
    elif not tiers and move.tiers[0][0]:
        tiers = [(move.tiers[0][0], saved)]
    return Applied(
        move.id,
        move.code,
        move.lane,
        saved,
        [] if move.delivery else shares,
        tiers=tiers,
        refund_policy=move.source.refund_policy,
    )


def _gifts(best: State, gifts: Sequence[Move]) -> tuple[State, list[GiftLine]]:
    """Give, in their order, the gifts that go with what was taken and whose threshold what is left reaches."""
    end, given = best.copy(), []
    for move in gifts:
        if end.may(move) and reaches(move, best.left):
            end.count(move)
            sku_id, qty = gift_of(move)
            given.append(GiftLine(move.id, sku_id, qty))
    return end, given


def _reasons(taken: Sequence[Move], applied: Sequence[Applied]) -> list[Reason]:
    """Return a row for each line of a promotion of lines, and one for each offer of the order."""
    found = []
    for move, used in zip(taken, applied, strict=True):
        if move.taking:
            found += [
                Reason(used.code, part.saved_fen, part.line_no, used.offer_id) for part in used.shares if part.saved_fen
            ]
        else:
            found.append(Reason(used.code, used.saved_fen, None, used.offer_id))
    return found


def _fees(fees: Fees, goods_fen: int, waived_fen: int) -> list[Fee]:
    charged = []
    if fees.packaging_fen:
        charged.append(Fee("packaging", fees.packaging_fen))
    if fees.tea_fen:
        charged.append(Fee("tea", fees.tea_fen))
    if fees.delivery_fen:
        charged.append(Fee("delivery", fees.delivery_fen, waived_fen))
    service = goods_fen * fees.service_bp // 10_000
    if service:
        charged.append(Fee("service", service))
    if fees.minimum_fen > goods_fen:
        charged.append(Fee("minimum", fees.minimum_fen - goods_fen))
    return charged


def _lines(
    cart: Cart,
    left: Sequence[int],
    coupons: Sequence[Applied],
    by_hand: Sequence[int],
    *,
    points_fen: int,
    rounding_fen: int,
) -> list[PricedLine]:
    """Return the lines with their parts of points and of what rounding takes of the goods."""
    rest = [amount - off for amount, off in zip(left, by_hand, strict=True)]
    by_points = share(points_fen, weights=rest)
    rest = [amount - points for amount, points in zip(rest, by_points, strict=True)]
    by_rounding = share(min(rounding_fen, sum(rest)), weights=rest)
    cuts: dict[int, int] = {}
    for used in coupons:
        for part in used.shares:
            cuts[part.line_no] = cuts.get(part.line_no, 0) + part.saved_fen
    found = []
    for i, line in enumerate(cart.lines):
        cut = cuts.get(line.line_no, 0)
        due = rest[i] - by_rounding[i]
        offer = cart.amounts[i] - left[i] - cut
        found.append(
            PricedLine(
                line.line_no,
                line.sku_id,
                line.qty,
                line.list_fen,
                cart.units[i],
                cut,
                by_points[i],
                due,
                offer,
                by_rounding[i],
                by_hand[i],
            )
        )
    return found
