"""Brute force: every combination of what is at hand, worked out piece by piece, and the cheapest of them; and random carts to try it on.

It knows nothing of bounds or of bits: it follows what `docs/rooms/pricing.md` says.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from goodtaste.kernel.money import share
from goodtaste.pricing.api import (
    Benefit,
    Bundle,
    BuyGet,
    CheapestFree,
    Conditions,
    Context,
    Coupon,
    Fees,
    FreeDelivery,
    Lane,
    Line,
    NthItem,
    Offer,
    Part,
    PercentOff,
    PointsRate,
    SpendAndSave,
    Tier,
    UnitPercent,
    UnitPrice,
)

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
DISHES = "abcde"
LANES = (
    Lane("line", "line"),
    Lane("order", "order"),
    Lane("day", "order", counts="before", at_most=1),
    Lane("gift", "gift"),
)
STAGES = ("line", "order", "gift")
LINE_BENEFITS = (UnitPrice, UnitPercent, NthItem, BuyGet, Bundle, CheapestFree)
At = Offer | Coupon


class Node(NamedTuple):
    """A combination so far: free pieces (line, unit) dearest first, what is left of each line, before the order's offers, delivery."""

    pieces: tuple[tuple[int, int], ...]
    left: tuple[int, ...]
    before: tuple[int, ...]
    delivery: int
    taken: tuple[At, ...]


def unit_of(line: Line, context: Context) -> int:
    """Return the lowest of the prices of a piece."""
    if not context.is_member:
        return line.list_fen
    prices = [line.list_fen, line.list_fen if line.member_fen is None else line.member_fen]
    if line.dish_id in context.favourites:
        prices.append(line.list_fen - line.list_fen * context.favourite_bp // 10_000)
    return min(prices)


class Oracle:
    """All combinations for one cart."""

    def __init__(self, lines: Sequence[Line], context: Context, coupons: Sequence[Coupon], offers: Sequence[Offer]):
        self.lines, self.context = lines, context
        self.units = [unit_of(line, context) for line in lines]
        ranked = sorted(context.lanes, key=lambda lane: STAGES.index(lane.stage))
        self.lanes = {lane.name: (n, lane) for n, lane in enumerate(ranked)}
        here = [each for each in offers if self.holds(each.conditions)]
        here.sort(key=lambda each: (self.lanes[lane_of(each)][0], each.priority, each.id))
        own = sorted((c for c in coupons if self.holds(c.conditions)), key=lambda c: (c.valid_to_at, c.id))
        alone = {each.id: bool(self.take(self.root(), each)) for each in (*here, *own)}
        self.at_hand = [
            each for each in (*here, *own) if alone[each.id] and not self.gives_way(each, [*here, *own], alone)
        ]

    def holds(self, asked: Conditions) -> bool:
        """Tell whether conditions hold; the random carts ask for weekdays and parties only."""
        return (not asked.weekdays or self.context.at.isoweekday() in asked.weekdays) and (
            asked.party_min is None or (self.context.party or 0) >= asked.party_min
        )

    def gives_way(self, one: At, others: Sequence[At], alone: dict[str, bool]) -> bool:
        """Tell whether another that applies, and does not itself give way, is one that `one` gives way to."""
        return isinstance(one, Offer) and any(
            alone[other.id] and not self.gives_way(other, others, alone)
            for other in others
            if other.id != one.id and {other.id, *other.groups} & set(one.gives_way_to)
        )

    def root(self) -> Node:
        """Return the combination of nothing."""
        amounts = tuple(unit * line.qty for unit, line in zip(self.units, self.lines, strict=True))
        pieces = [(i, self.units[i]) for i, line in enumerate(self.lines) for _ in range(line.qty)]
        pieces.sort(key=lambda piece: (-piece[1], piece[0]))
        return Node(tuple(pieces), amounts, amounts, self.context.fees.delivery_fen, ())

    def cheapest(self) -> tuple[int, list[str]]:
        """Return the cost of the cheapest combination, and of those that cost the same the ids of the first."""
        best, taken = 1 << 60, []
        for node in self.walk(self.root(), 0):
            goods = sum(node.left)
            cost = goods + goods * self.context.fees.service_bp // 10_000 + node.delivery
            if cost < best:
                best, taken = cost, [each.id for each in node.taken]
        return best, taken

    def walk(self, node: Node, at: int) -> Iterator[Node]:
        """Give every legal combination in which each one taken saves something, those that take the earlier ones first."""
        if at == len(self.at_hand):
            yield node
            return
        one = self.at_hand[at]
        if self.legal(node.taken, one):
            with_it = self.take(node, one)
            if with_it:
                yield from self.walk(with_it, at + 1)
        yield from self.walk(node, at + 1)

    def legal(self, taken: Sequence[At], one: At) -> bool:
        """Tell whether `one` may stand beside those taken.  Where coupons of a group differ in their limit, the lowest counts."""
        for other in taken:
            if set(one.groups) & set(other.groups) or not stacks(one, other) or not stacks(other, one):
                return False
        beside = [each for each in taken if lane_of(each) == lane_of(one)]
        if isinstance(one, Coupon):
            same = [each for each in beside if one.share_group and each.share_group == one.share_group]  # type: ignore[union-attr]
            most = min(
                each.share_max
                for each in self.at_hand
                if isinstance(each, Coupon) and each.share_group == one.share_group
            )
            return len(beside) < self.context.max_coupons and len(same) < most
        at_most = self.lanes[lane_of(one)][1].at_most
        return at_most is None or len(beside) < at_most

    def take(self, node: Node, one: At) -> Node | None:
        """Return a combination with one more in it, or None where that saves nothing."""
        if isinstance(one, Offer) and isinstance(one.benefit, LINE_BENEFITS):
            return self.take_line(node, one)
        before = isinstance(one, Offer) and self.lanes[lane_of(one)][1].counts == "before"
        named = one.dish_ids if isinstance(one, Coupon) else getattr(one.benefit, "dish_ids", ())
        places = [i for i, line in enumerate(self.lines) if not named or line.dish_id in named]
        base = sum((node.before if before else node.left)[i] for i in places)
        if isinstance(one, Coupon) and one.kind == "exchange":
            return self.exchange(node, one, places, base)
        saved, waived = order_saving(one, base, node.delivery)
        if waived:
            return node._replace(delivery=node.delivery - waived, taken=(*node.taken, one))
        saved = min(saved, sum(node.left[i] for i in places))
        if not saved:
            return None
        left = list(node.left)
        for i, cut in zip(places, share(saved, weights=[node.left[i] for i in places]), strict=True):
            left[i] -= cut
        return node._replace(left=tuple(left), taken=(*node.taken, one))

    def exchange(self, node: Node, one: Coupon, places: Sequence[int], base: int) -> Node | None:
        """Free the dearest pieces."""
        left, wanted = list(node.left), one.value
        for i in sorted(places, key=lambda i: (-(node.left[i] * 10**6 // self.lines[i].qty), i)):
            pieces = min(wanted, self.lines[i].qty)
            left[i] -= node.left[i] * pieces // self.lines[i].qty
            wanted -= pieces
        if base < one.threshold_fen or sum(left) == sum(node.left):
            return None
        return node._replace(left=tuple(left), taken=(*node.taken, one))

    def take_line(self, node: Node, offer: Offer) -> Node | None:
        """Work a promotion of lines on the pieces that are free."""
        used, saved = line_saving(
            offer.benefit, [self.lines[i].dish_id for i, _ in node.pieces], [u for _, u in node.pieces]
        )
        if not saved:
            return None
        left, by_line = list(node.left), dict[int, int]()
        for n in used:
            i, unit = node.pieces[n]
            by_line[i] = by_line.get(i, 0) + unit
        if isinstance(offer.benefit, UnitPrice):
            parts = [
                sum(node.pieces[n][1] - offer.benefit.price_fen for n in used if node.pieces[n][0] == i)
                for i in by_line
            ]
        elif isinstance(offer.benefit, UnitPercent):
            parts = [worth * offer.benefit.off_bp // 10_000 for worth in by_line.values()]
        else:
            parts = share(saved, weights=list(by_line.values()))
        if not sum(parts):
            return None
        for i, part in zip(by_line, parts, strict=True):
            left[i] -= part
        if isinstance(offer.benefit, UnitPercent):
            whole = {i for i, part in zip(by_line, parts, strict=True) if part}
            used = [n for n in used if node.pieces[n][0] in whole]
        pieces = tuple(piece for n, piece in enumerate(node.pieces) if n not in set(used))
        return node._replace(pieces=pieces, left=tuple(left), before=tuple(left), taken=(*node.taken, offer))


def lane_of(one: At) -> str:
    """Return the lane of an offer or coupon."""
    if isinstance(one, Coupon):
        return "coupon"
    return one.lane or ("line" if isinstance(one.benefit, LINE_BENEFITS) else "order")


def stacks(one: At, other: At) -> bool:
    """Tell whether `one` allows `other` beside it."""
    return one.stacks_with is None or bool({other.id, *other.groups, lane_of(other)} & set(one.stacks_with))


def order_saving(one: At, base: int, delivery: int) -> tuple[int, int]:
    """Return what an offer of the order or a coupon takes off the goods, and off the delivery fee."""
    what = one if isinstance(one, Coupon) else one.benefit
    if isinstance(what, SpendAndSave):
        if what.times > 1:
            return min(base // what.tiers[0].threshold_fen, what.times) * what.tiers[0].off_fen, 0
        return max([tier.off_fen for tier in what.tiers if base >= tier.threshold_fen], default=0), 0
    assert isinstance(what, Coupon | PercentOff | FreeDelivery)
    if base < what.threshold_fen:
        return 0, 0
    cap = 1 << 60 if what.cap_fen is None else what.cap_fen
    if isinstance(what, FreeDelivery):
        return 0, min(delivery, cap)
    if isinstance(what, PercentOff):
        return min(base * what.off_bp // 10_000, cap), 0
    if what.kind == "free_delivery":
        return 0, min(delivery, what.value, cap)
    return min(base * what.value // 10_000 if what.kind == "percent" else what.value, cap), 0


def line_saving(benefit: Benefit, dishes: Sequence[str], units: Sequence[int]) -> tuple[list[int], int]:
    """Return which of the pieces, dearest first, a promotion takes, and what it saves on them together."""
    named = [n for n, dish in enumerate(dishes) if not getattr(benefit, "dish_ids", ()) or dish in benefit.dish_ids]  # type: ignore[union-attr]
    if isinstance(benefit, UnitPrice):
        used = [n for n in named if units[n] > benefit.price_fen]
        return used, sum(units[n] - benefit.price_fen for n in used)
    if isinstance(benefit, UnitPercent):
        return named, 1
    if isinstance(benefit, Bundle):
        return _bundles(benefit, dishes, units)
    if isinstance(benefit, CheapestFree):
        cheapest = sorted(named, key=lambda n: (units[n], n))
        cheapest.sort(key=lambda n: units[n])
        taken = cheapest[: benefit.of] if len(named) >= benefit.of else []
        return taken, sum(units[n] for n in taken[: benefit.free])
    if isinstance(benefit, NthItem):
        return _sets(named, units, benefit.n - 1, 1, benefit.off_bp, benefit.times)
    assert isinstance(benefit, BuyGet)
    if not benefit.get_dish_ids:
        return _sets(named, units, benefit.buy, benefit.get, benefit.off_bp, benefit.times)
    get = [n for n, dish in enumerate(dishes) if dish in benefit.get_dish_ids]
    sets = min(len(named) // benefit.buy, -(-len(get) // benefit.get), benefit.times)
    got, bought = get[: sets * benefit.get], sorted(named, key=lambda n: units[n])[: sets * benefit.buy]
    return [*got, *bought], sum(units[n] * benefit.off_bp // 10_000 for n in got)


def _sets(
    named: Sequence[int], units: Sequence[int], buy: int, get: int, off_bp: int, times: int
) -> tuple[list[int], int]:
    used, saved = [], 0
    for start in range(0, len(named), buy + get):
        group = named[start : start + buy + get]
        if len(group) == buy + get and len(used) < times * (buy + get):
            used += group
            saved += sum(units[n] * off_bp // 10_000 for n in group[buy:])
    return used, saved


def _bundles(benefit: Bundle, dishes: Sequence[str], units: Sequence[int]) -> tuple[list[int], int]:
    used: list[int] = []
    saved = 0
    for _ in range(benefit.times):
        one: list[int] = []
        for part in benefit.parts:
            fits = [n for n, dish in enumerate(dishes) if dish in part.dish_ids and n not in used and n not in one]
            one += fits[: part.qty]
        less = sum(units[n] for n in one) - benefit.price_fen
        if len(one) < sum(part.qty for part in benefit.parts) or less <= 0:
            break
        used, saved = used + one, saved + less
    return used, saved


# -- random carts ---------------------------------------------------------------------------------------------------------------


def _some(dice: random.Random, most: int = 3) -> tuple[str, ...]:
    return tuple(dice.sample(DISHES, dice.randint(1, most)))


def _line_benefit(dice: random.Random) -> Benefit:
    kind = dice.randrange(7)
    if kind == 0:
        return UnitPrice(dish_ids=_some(dice), price_fen=dice.randint(0, 3_000))
    if kind == 1:
        return UnitPercent(dish_ids=dice.choice([(), _some(dice)]), off_bp=dice.choice([500, 3_000, 3_333]))
    if kind == 2:
        return NthItem(
            n=dice.randint(2, 3),
            off_bp=dice.choice([5_000, 3_333, 10_000]),
            dish_ids=_some(dice),
            times=dice.randint(1, 3),
        )
    if kind == 3:
        return BuyGet(buy=dice.randint(1, 3), get=dice.randint(1, 2), dish_ids=_some(dice), times=dice.randint(1, 3))
    if kind == 4:
        bought, got = dice.sample(DISHES, 2)
        off_bp = dice.choice([5_000, 10_000])
        return BuyGet(
            buy=dice.randint(1, 2),
            get=dice.randint(1, 2),
            dish_ids=(bought,),
            get_dish_ids=(got,),
            off_bp=off_bp,
        )
    if kind == 5:
        one, two, three = dice.sample(DISHES, 3)
        return Bundle(
            parts=(Part(dish_ids=(one,)), Part(dish_ids=(two, three), qty=dice.randint(1, 2))),
            price_fen=dice.randint(500, 6_000),
        )
    return CheapestFree(of=dice.randint(2, 4), dish_ids=dice.choice([(), _some(dice)]))


def _order_benefit(dice: random.Random) -> Benefit:
    kind, named = dice.randrange(4), dice.choice([(), (), _some(dice)])
    low, off = dice.randint(1_000, 12_000), dice.randint(100, 1_000)
    if kind == 0:
        tiers = (Tier(threshold_fen=low, off_fen=off), Tier(threshold_fen=low * 2, off_fen=off * 3))
        return SpendAndSave(tiers=tiers, dish_ids=named)
    if kind == 1:
        return SpendAndSave(tiers=(Tier(threshold_fen=low, off_fen=off),), dish_ids=named, times=3)
    if kind == 2:
        cap = dice.choice([None, off])
        return PercentOff(
            off_bp=dice.choice([500, 1_000, 2_222]), cap_fen=cap, threshold_fen=dice.choice([0, low]), dish_ids=named
        )
    return FreeDelivery(threshold_fen=dice.choice([0, low]), cap_fen=dice.choice([None, 300]))


def _together(dice: random.Random, n: int) -> dict[str, tuple[str, ...] | None]:
    others = [*(f"o{i}" for i in range(8)), "g", "h", "line", "order", "coupon"]
    return {
        "groups": dice.choice([(), (), (), (), (), (), ("g",), ("h",), ("g", "h")]),
        "stacks_with": dice.choice([None] * 10 + [(), tuple(dice.sample(others, 6))]),
    }


def an_offer(dice: random.Random, n: int, *, lines: float = 0.5) -> Offer:
    """Return a random offer, a promotion of lines for so large a part of them."""
    line = dice.random() < lines
    benefit = _line_benefit(dice) if line else _order_benefit(dice)
    return Offer(
        id=f"o{n}",
        name=f"o{n}",
        benefit=benefit,
        lane="" if line else dice.choice(["", "", "day"]),
        conditions=dice.choice(
            [Conditions(), Conditions(), Conditions(), Conditions(weekdays=(6, 7)), Conditions(party_min=3)]
        ),
        gives_way_to=(f"o{dice.randrange(n)}",) if n and dice.random() < 0.05 else (),
        priority=dice.choice([100, 100, 1]),
        **_together(dice, n),  # type: ignore[arg-type]
    )


def a_coupon(dice: random.Random, n: int) -> Coupon:
    """Return a random coupon."""
    kind = dice.choice(["cash", "cash", "percent", "exchange", "free_delivery"])
    value = {"cash": 1_500, "percent": 3_000, "exchange": 3, "free_delivery": 500}[kind]
    return Coupon(
        f"c{n}",
        kind,  # type: ignore[arg-type]
        dice.randint(1, value),
        threshold_fen=dice.choice([0, dice.randint(0, 9_000)]),
        cap_fen=dice.choice([None, None, 700]) if kind != "exchange" else None,
        dish_ids=frozenset(dice.choice([(), (), _some(dice)])),
        store_ids=frozenset(),
        channels=frozenset(),
        valid_from_at=NOW - timedelta(days=1),
        valid_to_at=NOW + timedelta(days=dice.randint(1, 3)),
        share_group=dice.choice(["", "", "t"]),
        share_max=dice.randint(1, 2),
        **_together(dice, n),  # type: ignore[arg-type]
    )


def a_cart(dice: random.Random) -> tuple[list[Line], Context, list[Coupon], list[Offer]]:
    """Return a random cart of up to eight lines with up to eight offers and coupons at hand."""
    lines = [
        Line(
            no,
            f"s{no}",
            dice.choice(DISHES),
            dice.choice([1, 1, 2, 3]),
            price := dice.choice([100, 333, 990, 1_800, 2_600, 4_800]),
            dice.choice([None, price - 50]),
        )
        for no in range(1, dice.choice([1, 2, 4, 6, 6, 8]) + 1)
    ]
    several = dice.choice([0, 0, 1, 2, 3, 4])
    of_lines = dice.choice([0.4, 0.6, 0.9])
    offers = [an_offer(dice, n, lines=of_lines) for n in range(dice.choice([0, 3, 5, 7, 8, 8]) - several)]
    fees = Fees(
        packaging_fen=dice.choice([0, 200]),
        delivery_fen=dice.choice([0, 600]),
        service_bp=dice.choice([0, 1_000]),
        round_to_fen=dice.choice([0, 10, 100]),
    )
    context = Context(
        "store",
        "counter",
        NOW,
        is_member=dice.random() < 0.7,
        points_balance=300,
        points_wanted=dice.choice([None, 300]),
        rate=PointsRate(dice.choice([100, 7, 250]), dice.choice([1_000, 10_000])),
        party=dice.choice([None, 2, 4]),
        favourites=frozenset(dice.sample(DISHES, 1)),
        favourite_bp=dice.choice([0, 1_000]),
        max_coupons=dice.choice([0, 1, 1, 2, 3]),
        fees=fees,
        lanes=LANES,
    )
    return lines, context, [a_coupon(dice, n) for n in range(several)], offers
