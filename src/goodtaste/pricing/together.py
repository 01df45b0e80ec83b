"""What goes with what: the declared order of offers, who gives way, which moves shut each other out, and the limits of lanes and groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from goodtaste.pricing.check import lane_of
from goodtaste.pricing.moves import Move
from goodtaste.pricing.offers import Offer
from goodtaste.pricing.values import COUPON_LANE, Coupon, Lane

STAGES = ("line", "order", "gift")
COUPON_ROOM = 0  # the place of the room for coupons among the counters


def bind(moves: Sequence[Move], *, lanes: Iterable[Lane], max_coupons: int) -> list[int]:
    """Number the moves in their order, write into each what it shuts out, and return the room of each counter."""
    limits: dict[tuple[str, str], int] = {("lane", COUPON_LANE): max_coupons}
    limits |= {("lane", lane.name): lane.at_most for lane in lanes if lane.at_most is not None}
    bound = [[("lane", move.lane)] for move in moves]
    for move, keys in zip(moves, bound, strict=True):
        if isinstance(move.source, Coupon) and move.source.share_group:
            keys.append(("share", move.source.share_group))
            key = keys[-1]
            limits[key] = min(limits.get(key, move.source.share_max), move.source.share_max)
    numbers = {key: n for n, key in enumerate(limits)}
    for n, (move, keys) in enumerate(zip(moves, bound, strict=True)):
        move.index = n
        move.counters = tuple(numbers[key] for key in keys if key in numbers)
    single = {numbers[key] for key, most in limits.items() if most <= 1}
    _shut(moves, single)
    return list(limits.values())


def _shut(moves: Sequence[Move], single: set[int]) -> None:
    """Write into each move what it cannot stand beside; a limit of one is an exclusion like any other."""
    particular = [
        (move, move.names, {*move.source.groups, *(f"\0{n}" for n in move.counters if n in single)})
        for move in moves
        if move.source.groups or move.source.stacks_with is not None or any(n in single for n in move.counters)
    ]
    for move, _names, groups in particular:
        shuts = 0
        for other, _its, others in particular:
            if other is not move and groups & others:
                shuts |= 1 << other.index
        move.shuts |= shuts
        allowed = move.source.stacks_with
        if allowed is not None:
            for other in moves:
                if other is not move and not other.names.intersection(allowed):
                    move.shuts |= 1 << other.index
                    other.shuts |= 1 << move.index


def gives_way(moves: Sequence[Move], can: Mapping[str, bool]) -> dict[str, str]:
    """Return, for each offer that gives way to another that can apply here and itself stands, that other's id.

    An offer stands where it gives way to none; in a ring, which `check_set` finds, the first in order gives way.
    """
    known: dict[str, list[str]] = {}
    for move in moves:
        for name in (move.id, *move.source.groups):
            known.setdefault(name, []).append(move.id)
    ways = {
        move.id: move.source.gives_way_to
        for move in moves
        if isinstance(move.source, Offer) and move.source.gives_way_to
    }
    gives: dict[str, str] = {}
    asked: set[str] = set()

    def stands(id_: str) -> bool:
        if id_ in asked:
            return can[id_] and id_ not in gives
        asked.add(id_)
        for name in ways.get(id_, ()):
            for other in known.get(name, ()):
                if other != id_ and can[other] and stands(other):
                    gives[id_] = other
                    return False
        return can[id_]

    for id_ in ways:
        stands(id_)
    return gives


def in_order(offers: Sequence[Offer], lanes: Sequence[Lane]) -> list[tuple[Offer, Lane | None]]:
    """Return offers in their declared order, by lane, priority, id; without a lane, first, those whose lane the house does not have."""
    ranked = sorted(lanes, key=lambda lane: STAGES.index(lane.stage))
    places = {lane.name: n for n, lane in enumerate(ranked)}
    found = sorted((places.get(lane_of(offer), -1), offer.priority, offer.id, n) for n, offer in enumerate(offers))
    return [(offers[n], ranked[place] if place >= 0 else None) for place, _, _, n in found]
