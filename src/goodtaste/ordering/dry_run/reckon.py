"""Pure: what carts would have cost with an offer and without it, and the sums of that."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from goodtaste.pricing import api as pricing

NODES_MAX = 2_000  # steps of the search for each price: a tenth of what a diner's quote may take
DAYPARTS = (("night", 0), ("morning", 300), ("lunch", 630), ("afternoon", 840), ("dinner", 1_020), ("night", 1_290))
TOP_DISHES = 10


class Cart(msgspec.Struct, frozen=True):
    """An order of the past as it is priced again.  `local_at` is its instant on the store's clock."""

    store_id: str
    channel: str
    is_member: bool
    at: datetime
    local_at: datetime
    lines: tuple[pricing.Line, ...]


class Outcome(msgspec.Struct, frozen=True):
    """What became of a cart: what is due without the offer, what less with it (in fen), and what it takes off each dish."""

    store_id: str
    daypart: str
    due_fen: int
    cost_fen: int
    applies: bool
    exact: bool
    by_dish: tuple[tuple[str, int], ...]


class Sum(msgspec.Struct, frozen=True):
    """Orders that were priced, those to which the offer applies, and what less they pay, in fen."""

    key: str
    orders: int = 0
    affected: int = 0
    cost_fen: int = 0

    def plus(self, outcome: Outcome) -> Sum:
        """Return the sum with one more order."""
        return Sum(self.key, self.orders + 1, self.affected + outcome.applies, self.cost_fen + outcome.cost_fen)


class DishSum(msgspec.Struct, frozen=True):
    """What the offer takes off a dish, in fen."""

    dish_id: str
    saved_fen: int


class Sums:
    """The sums of many carts."""

    def __init__(self) -> None:
        self.all = Sum("")
        self.due_fen = self.inexact = 0
        self._stores: dict[str, Sum] = {}
        self._dayparts: dict[str, Sum] = {}
        self._dishes: dict[str, int] = defaultdict(int)

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Add what became of carts."""
        for each in outcomes:
            self.all = self.all.plus(each)
            self.due_fen += each.due_fen
            self.inexact += not each.exact
            for sums, key in ((self._stores, each.store_id), (self._dayparts, each.daypart)):
                sums[key] = sums.get(key, Sum(key)).plus(each)
            for dish_id, fen in each.by_dish:
                self._dishes[dish_id] += fen

    @property
    def by_store(self) -> list[Sum]:
        """The stores, the dearest first."""
        return sorted(self._stores.values(), key=lambda each: (-each.cost_fen, each.key))

    @property
    def by_daypart(self) -> list[Sum]:
        """The parts of the day, in the order of the clock."""
        names = list(dict.fromkeys(name for name, _ in DAYPARTS[1:]))
        return sorted(self._dayparts.values(), key=lambda each: names.index(each.key))

    @property
    def top_dishes(self) -> list[DishSum]:
        """The dishes off which it takes most."""
        found = sorted(self._dishes.items(), key=lambda each: (-each[1], each[0]))
        return [DishSum(dish_id, fen) for dish_id, fen in found[:TOP_DISHES]]


def always(offer: pricing.Offer, *, dates_too: bool) -> pricing.Offer:
    """Return an offer as though it were valid for ever; with `dates_too` on every date as well.  Weekdays and dayparts stay."""
    conditions = msgspec.structs.replace(offer.conditions, dates=()) if dates_too else offer.conditions
    return msgspec.structs.replace(offer, valid_from_at=None, valid_to_at=None, conditions=conditions)


def outcomes(carts: Sequence[Cart], offer: pricing.Offer, others: Sequence[pricing.Offer]) -> list[Outcome]:
    """Price each cart beside the `others`, with the offer and without it."""
    return [_outcome(cart, offer, others) for cart in carts]


def _outcome(cart: Cart, offer: pricing.Offer, others: Sequence[pricing.Offer]) -> Outcome:
    context = pricing.Context(
        store_id=cart.store_id,
        channel=cart.channel,
        at=cart.at,
        is_member=cart.is_member,
        local_at=cart.local_at,
        nodes_max=NODES_MAX,
    )
    without = pricing.price(cart.lines, context, (), others)
    with_it = pricing.price(cart.lines, context, (), [offer, *others[: pricing.OFFERS_MAX - 1]])
    mine = [each for each in with_it.applied if each.offer_id == offer.id]
    dish_of = {line.line_no: line.dish_id for line in cart.lines}
    return Outcome(
        cart.store_id,
        daypart(cart.local_at),
        without.due_fen,
        without.due_fen - with_it.due_fen,
        applies=bool(mine),
        exact=_exact(without) and _exact(with_it),
        by_dish=tuple((dish_of[share.line_no], share.saved_fen) for each in mine for share in each.shares),
    )


def _exact(priced: pricing.Priced) -> bool:
    return priced.proof is None or priced.proof.exact


def daypart(local_at: datetime) -> str:
    """Return the part of the day on the store's clock: morning from 5:00, lunch 10:30, afternoon 14:00, dinner 17:00, night 21:30."""
    minute = local_at.hour * 60 + local_at.minute
    return next(name for name, start in reversed(DAYPARTS) if minute >= start)
