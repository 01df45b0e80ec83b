"""Offers and coupons made ready for one cart: what each can take off at most, what it shuts out, and what it does to a state."""

from __future__ import annotations

from collections.abc import Sequence

from goodtaste.kernel.money import basis_points, share
from goodtaste.pricing.benefits import Taking, chosen, line_taking, most_a_piece, most_free
from goodtaste.pricing.offers import (
    LINE_BENEFITS,
    CheapestFree,
    FreeDelivery,
    Gift,
    Offer,
    PercentOff,
    SpendAndSave,
)
from goodtaste.pricing.values import COUPON_LANE, Coupon, Lane, Line

WHOLE_BP = 10_000
PIECE = 1_000_000  # in what is left of a line, so many parts to a piece: the dearest pieces are found without fractions


class Cart:
    """The lines of a cart with their unit prices, as lists: what the search reads a thousand times."""

    __slots__ = ("amounts", "delivery_fen", "dishes", "lines", "qtys", "service_bp", "total", "units")

    def __init__(self, lines: Sequence[Line], units: list[int], *, delivery_fen: int, service_bp: int) -> None:
        self.lines = lines
        self.units = units
        self.qtys = [line.qty for line in lines]
        self.dishes = [line.dish_id for line in lines]
        self.amounts = [unit * qty for unit, qty in zip(units, self.qtys, strict=True)]
        self.total = sum(self.amounts)
        self.delivery_fen = delivery_fen
        self.service_bp = service_bp

    def cost(self, goods_fen: int, delivery_fen: int) -> int:
        """Return what the search makes least: goods with their service fee, and the delivery fee."""
        return goods_fen + goods_fen * self.service_bp // WHOLE_BP + delivery_fen


class Move:
    """One offer or coupon on one cart.

    `most_fen` is a bound on what it saves in any state.  `shuts` holds a bit for each other move that an order cannot have with it,
    `counters` the limits it counts against.
    """

    __slots__ = (
        "before", "bp", "counters", "delivery", "id", "index", "kind", "lane", "most_fen", "pieces", "places", "shuts", "source",
        "taking", "tiers", "times", "value",
    )  # fmt: skip

    def __init__(self, source: Offer | Coupon, kind: str, lane: str, places: list[int]) -> None:
        self.source = source
        self.id = source.id
        self.kind = kind
        self.lane = lane
        self.places = places
        self.index = self.shuts = self.most_fen = self.bp = self.value = 0
        self.counters: tuple[int, ...] = ()
        self.taking: Taking | None = None
        self.pieces: list[int] = []
        self.tiers: list[tuple[int, int]] = []
        self.times = 1
        self.before = self.delivery = False

    @property
    def names(self) -> set[str]:
        """What others know it by: its id, its groups, its lane."""
        return {self.id, *self.source.groups, self.lane}

    @property
    def code(self) -> str:
        """The code of its reason."""
        return f"{'coupon' if isinstance(self.source, Coupon) else 'offer'}_{self.kind}"

    def base(self, left: Sequence[int], before: Sequence[int]) -> int:
        """Return the amount that its thresholds and percentages are reckoned on."""
        amounts = before if self.before else left
        return sum(amounts) if len(self.places) == len(amounts) else sum([amounts[i] for i in self.places])

    def saves(self, left: Sequence[int], before: Sequence[int], delivery_fen: int) -> int:
        """Return what it takes off in a state of the order stage: never more than is left."""
        if self.kind == "exchange":
            return sum([cut for _, cut in self._freed(left)])
        base = self.base(left, before)
        threshold = self.tiers[0][0]
        if base < threshold:
            return 0
        if self.delivery:
            return min(delivery_fen, self.value)
        if self.bp:
            saved = min(basis_points(base, self.bp), self.value)
        elif self.times > 1:
            saved = min(base // threshold if threshold else 1, self.times) * self.tiers[0][1]
        else:
            saved = max([off for least, off in self.tiers if base >= least])
        return min(saved, sum([left[i] for i in self.places]) if self.before else base)

    def cuts(self, left: Sequence[int], saved: int) -> list[tuple[int, int]]:
        """Return what it takes off each line, by largest remainder; for an exchange, off the dearest pieces."""
        if self.delivery:
            return []
        if self.kind == "exchange":
            return self._freed(left)
        weights = left if len(self.places) == len(left) else [left[i] for i in self.places]
        return list(zip(self.places, share(saved, weights=weights), strict=True))

    def _freed(self, left: Sequence[int]) -> list[tuple[int, int]]:
        threshold, wanted = self.tiers[0]
        if sum([left[i] for i in self.places]) < threshold:
            return []
        freed = []
        for i in sorted(self.places, key=lambda i: (-(left[i] * PIECE // self.pieces[i]), i)):
            pieces = min(wanted, self.pieces[i])
            cut = left[i] * pieces // self.pieces[i]
            if not cut:
                break
            freed.append((i, cut))
            wanted -= pieces
        return freed


def of_offer(offer: Offer, cart: Cart, lane: Lane) -> Move:
    """Make an offer ready."""
    benefit = offer.benefit
    if isinstance(benefit, LINE_BENEFITS):
        move = Move(offer, str(benefit.__struct_config__.tag), lane.name, [])
        move.taking = line_taking(benefit, cart.dishes, cart.units)
        takes, _ = move.taking(cart.qtys)
        move.most_fen = sum([take[2] for take in takes])
        if isinstance(benefit, CheapestFree) and takes:
            move.most_fen = most_free(benefit, cart.dishes, cart.units, cart.qtys)
        move.pieces = most_a_piece(benefit, cart.dishes, cart.units, cart.qtys) if move.most_fen else []
        return move
    places = chosen(getattr(benefit, "dish_ids", ()), cart.dishes)
    move = Move(offer, str(benefit.__struct_config__.tag), lane.name, places)
    move.before = lane.counts == "before"
    if isinstance(benefit, SpendAndSave):
        move.tiers = [(tier.threshold_fen, tier.off_fen) for tier in benefit.tiers]
        move.times = benefit.times
    elif isinstance(benefit, PercentOff):
        move.tiers, move.bp = [(benefit.threshold_fen, 0)], min(benefit.off_bp, WHOLE_BP)
        move.value = cart.total if benefit.cap_fen is None else benefit.cap_fen
    elif isinstance(benefit, FreeDelivery):
        move.tiers, move.delivery = [(benefit.threshold_fen, 0)], True
        move.value = cart.delivery_fen if benefit.cap_fen is None else benefit.cap_fen
    else:
        move.tiers = [(benefit.threshold_fen, 0)]
        return move
    move.most_fen = move.saves(cart.amounts, cart.amounts, cart.delivery_fen)
    return move


def of_coupon(coupon: Coupon, cart: Cart) -> Move:
    """Make a coupon ready."""
    places = [i for i, dish in enumerate(cart.dishes) if not coupon.dish_ids or dish in coupon.dish_ids]
    move = Move(coupon, coupon.kind, COUPON_LANE, places)
    value = coupon.value if coupon.cap_fen is None else min(coupon.value, coupon.cap_fen)
    move.tiers = [(coupon.threshold_fen, value if coupon.kind == "cash" else coupon.value)]
    move.pieces = cart.qtys
    if coupon.kind == "percent":
        move.bp = coupon.value
        move.value = cart.total if coupon.cap_fen is None else coupon.cap_fen
    elif coupon.kind == "free_delivery":
        move.delivery, move.value = True, value
    if coupon.kind != "gift":
        move.most_fen = move.saves(cart.amounts, cart.amounts, cart.delivery_fen)
    return move


def is_gift(move: Move) -> bool:
    """Tell whether a move gives a line that costs nothing."""
    return move.kind == "gift"


def reaches(move: Move, left: Sequence[int]) -> bool:
    """Tell whether what is left reaches the threshold of a gift, with a dish of its own in the cart."""
    return bool(move.places) and move.base(left, left) >= move.tiers[0][0]


def gift_of(move: Move) -> tuple[str, int]:
    """Return the SKU and the pieces of a gift."""
    source = move.source
    if isinstance(source, Coupon):
        return source.sku_id, source.value
    if not isinstance(source.benefit, Gift):
        raise TypeError(f"{source.id} gives nothing")
    return source.benefit.sku_id, source.benefit.qty
