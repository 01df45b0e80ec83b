"""Which of the offers and coupons at hand can apply to a cart by themselves, and why the others do not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from goodtaste.pricing.benefits import chosen, dishes_of, pieces_missing
from goodtaste.pricing.conditions import Clock, clock_of, obstacle
from goodtaste.pricing.moves import Cart, Move, is_gift, of_coupon, of_offer, reaches
from goodtaste.pricing.offers import LINE_BENEFITS, Offer
from goodtaste.pricing.state import State
from goodtaste.pricing.together import gives_way, in_order
from goodtaste.pricing.values import (
    COUPONS_MAX,
    NO_CONDITIONS,
    OFFERS_MAX,
    Applied,
    Context,
    Coupon,
    WhyNot,
)

Stop = tuple[str, dict[str, Any]]


def moves_at_hand(
    cart: Cart, context: Context, *, offers: Sequence[Offer], coupons: Sequence[Coupon], why_not: list[WhyNot]
) -> list[Move]:
    """Return what can apply to the cart by itself, in the declared order, gifts last; write into `why_not` what cannot."""
    clock = clock_of(context)
    moves: list[Move] = []
    for offer, lane in in_order(offers, context.lanes):
        if lane is None:
            why_not.append(WhyNot(offer.id, "no_lane"))
        elif stop := _stop_offer(offer, context, clock):
            why_not.append(WhyNot(offer.id, *stop))
        elif len(moves) == OFFERS_MAX:
            why_not.append(WhyNot(offer.id, "too_many"))
        else:
            moves.append(of_offer(offer, cart, lane))
    room = len(moves) + COUPONS_MAX
    for coupon in sorted(coupons, key=lambda each: (each.valid_to_at, each.id)):
        if stop := stop_coupon(coupon, context, clock):
            why_not.append(WhyNot(coupon.id, *stop))
        elif len(moves) == room:
            why_not.append(WhyNot(coupon.id, "too_many"))
        else:
            moves.append(of_coupon(coupon, cart))
    return _useful(moves, cart, why_not)


def stop_coupon(coupon: Coupon, context: Context, clock: Clock) -> Stop | None:
    """Return why a coupon cannot be used here and now, whatever is in the cart."""
    if not coupon.usable:
        return "not_usable", {}
    stop = _stop_time(coupon.valid_from_at, coupon.valid_to_at, context)
    if stop:
        return stop
    if coupon.store_ids and context.store_id not in coupon.store_ids:
        return "other_store", {}
    if coupon.channels and context.channel not in coupon.channels:
        return "other_channel", {"channels": sorted(coupon.channels)}
    return None if coupon.conditions is NO_CONDITIONS else obstacle(coupon.conditions, context, clock)


def _stop_offer(offer: Offer, context: Context, clock: Clock) -> Stop | None:
    if offer.valid_from_at or offer.valid_to_at:
        stop = _stop_time(offer.valid_from_at, offer.valid_to_at, context)
        if stop:
            return stop
    return obstacle(offer.conditions, context, clock)


def _stop_time(start: datetime | None, end: datetime | None, context: Context) -> Stop | None:
    zone = (context.local_at or context.at).tzinfo
    if start and context.at < start:
        return "not_yet_valid", {"valid_from_at": start.astimezone(zone)}
    if end and context.at >= end:
        return "expired", {"valid_to_at": end.astimezone(zone)}
    return None


def _useful(moves: Sequence[Move], cart: Cart, why_not: list[WhyNot]) -> list[Move]:
    """Leave out what does nothing on this cart, and what gives way to another that does."""
    useful = {move.id: reaches(move, cart.amounts) if is_gift(move) else move.most_fen > 0 for move in moves}
    ways = gives_way(moves, useful)
    kept: list[Move] = []
    for move in moves:
        if not useful[move.id]:
            why_not.append(_why_nothing(move, cart))
        elif move.id in ways:
            why_not.append(WhyNot(move.id, "gives_way", {"offer_ids": [ways[move.id]]}))
        else:
            kept.append(move)
    return [move for move in kept if not is_gift(move)] + [move for move in kept if is_gift(move)]


def _why_nothing(move: Move, cart: Cart) -> WhyNot:
    source = move.source
    if isinstance(source, Offer) and isinstance(source.benefit, LINE_BENEFITS):
        dish_ids = dishes_of(source.benefit)
        missing = pieces_missing(source.benefit, cart.dishes, cart.qtys)
        if dish_ids and not chosen(dish_ids, cart.dishes):
            return WhyNot(move.id, "no_such_dish", {"dish_ids": dish_ids, **missing})
        return WhyNot(move.id, "too_few_pieces", missing) if missing else WhyNot(move.id, "nothing_saved")
    if not move.places:
        named = source.dish_ids if isinstance(source, Coupon) else getattr(source.benefit, "dish_ids", ())
        return WhyNot(move.id, "no_such_dish", {"dish_ids": sorted(named)})
    short = _short(move, cart.amounts, cart.amounts)
    if short:
        return WhyNot(move.id, "below_threshold", short)
    return WhyNot(move.id, "no_delivery_fee" if move.delivery else "nothing_saved")


def _short(move: Move, left: Sequence[int], before: Sequence[int]) -> dict[str, Any]:
    """Return what is missing to the lowest threshold of a move of the order; empty where it is reached."""
    base, threshold = move.base(left, before), move.tiers[0][0]
    return {"missing_fen": threshold - base, "threshold_fen": threshold} if base < threshold else {}


def why_not_taken(move: Move, end: State) -> WhyNot:
    """Return why a move that could apply by itself was not taken: what stands against it, or what the others left of it."""
    coupons = [other.id for other in end.taken if isinstance(other.source, Coupon)]
    against = [other for other in end.taken if other.shuts >> move.index & 1]
    full = [n for n in move.counters if end.room[n] <= 0]
    if not against and full:
        against = [other for other in end.taken if set(other.counters) & set(full)]
    if not against and not move.taking and (short := _short(move, end.left, end.before)):
        return WhyNot(move.id, "below_threshold", short | {"offer_ids": [other.id for other in end.taken]})
    if against and isinstance(move.source, Coupon) and all(other.id in coupons for other in against):
        return WhyNot(move.id, "another_saves_more", {"coupon_id": against[0].id})
    return WhyNot(move.id, "another_saves_more", {"offer_ids": [other.id for other in against or end.taken]})


def next_tiers(taken: Iterable[Move], applied: Iterable[Applied]) -> list[WhyNot]:
    """Return for tiers that apply how much is missing to the next one."""
    found = []
    for move, used in zip(taken, applied, strict=True):
        if move.kind != "spend_and_save":
            continue
        base = sum(part.base_fen for part in used.shares)
        above = [(t, off) for t, off in move.tiers if t > base]
        step, off = move.tiers[0]
        if move.times > 1 and step and base // step < move.times:
            above = [((base // step + 1) * step, (base // step + 1) * off)]
        if above:
            facts = {"missing_fen": above[0][0] - base, "threshold_fen": above[0][0], "off_fen": above[0][1]}
            found.append(WhyNot(move.id, "next_tier", facts))
    return found
