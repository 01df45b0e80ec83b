"""What a cart is priced with: where and for whom, the offers at hand, what is counted of them, and the fees of the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from goodtaste.kernel.calendar import zone_of
from goodtaste.kernel.db import Query
from goodtaste.ledger import api as ledger
from goodtaste.member import api as members
from goodtaste.menu import api as menu
from goodtaste.ordering import first
from goodtaste.ordering.kept import Kept, offers_of
from goodtaste.ordering.orders import LineView
from goodtaste.ordering.rules import Kind
from goodtaste.ordering.spot import Place
from goodtaste.org import api as org
from goodtaste.pricing import api as pricing
from goodtaste.promo import api as promo

TAKEN_AWAY = ("pickup", "delivery")
ROUNDED = ("counter", "dine_in")


class Ground(msgspec.Struct, frozen=True):
    """Where, how and for whom a cart is priced.

    `opened_at`: when the bill was opened that is priced again, which decides about dayparts, weekdays and dates.  `split`: it was split off
    the bill of its table, `elsewhere_fen`: what the goods come to that were split off this one: a table has one minimum.  `by_hand`: what
    people took off; `waived`: they let its table off what it must spend.
    """

    store_id: str
    channel: str
    kind: Kind
    member_id: str | None = None
    table_id: str | None = None
    party: int | None = None
    donation_fen: int = 0
    order_id: str = ""
    opened_at: datetime | None = None
    split: bool = False
    elsewhere_fen: int = 0
    by_hand: tuple[pricing.ByHand, ...] = ()
    waived: bool = False


class Seen(msgspec.Struct, frozen=True):
    """What was read for a cart: the offers that it can have, whether it would be the member's first order, their favourite dishes."""

    hand: promo.Hand
    first_order: bool
    favourites: frozenset[str] = frozenset()


class Look(msgspec.Struct, frozen=True):
    """The offers that hold at a place, and the `queries` of what is counted of them for one cart."""

    ground: Ground
    live: tuple[promo.LiveOffer, ...]
    queries: list[Query[Any]]

    def seen(self, answers: Sequence[list[Any]], where: Place, *, own: Sequence[promo.Used] = ()) -> Seen:
        """Return what the answers to the queries say; `own` is what the order itself uses of offers already."""
        before = any(isinstance(each, first.Before) for found in answers for each in found)
        hand = promo.hand_of(self.live, answers, own=own, order_id=self.ground.order_id or None)
        left = {each.sku_id: each for found in answers for each in found if isinstance(each, menu.Stock)}
        return Seen(
            _in_stock(hand, left, where.book),
            first_order=self.ground.member_id is not None and not before,
            favourites=frozenset(
                each.dish_id for found in answers for each in found if isinstance(each, members.FavouriteDish)
            ),
        )


def look(ground: Ground, where: Place) -> Look:
    """Return what has to be read for a cart; nothing, where no offer counts anything."""
    live = where.offers.at(ground.store_id, at=where.at)
    queries = promo.offer_queries(live, member_id=ground.member_id)
    if ground.member_id and any(each.terms.offer.conditions.first_order for each in live):
        queries += first.before(ground.member_id, order_id=ground.order_id)
    if ground.member_id:
        queries += members.cheaper_favourites(ground.member_id, program=where.program, at=where.at)
    gifts = [gift.sku_id for each in live if (gift := _gift(each))]
    if gifts:
        queries.append(menu.stock_of(ground.store_id, gifts))
    return Look(ground, live, queries)


def _gift(live: promo.LiveOffer) -> pricing.Gift | None:
    benefit = live.terms.offer.benefit
    return benefit if isinstance(benefit, pricing.Gift) else None


def _in_stock(hand: promo.Hand, left: Mapping[str, menu.Stock], book: menu.MenuBook) -> promo.Hand:
    """Take out of a hand the gifts of which too few are left, so that they stand in no order's way."""
    gone = {each.id for each in hand.live if (gift := _gift(each)) and not _has(gift, left, book)}
    if not gone:
        return hand
    live = tuple(each for each in hand.live if each.id not in gone)
    out = [promo.Out(each, "gift_sold_out") for each in sorted(gone)]
    return msgspec.structs.replace(hand, live=live, out=(*hand.out, *out))


def _has(gift: pricing.Gift, left: Mapping[str, menu.Stock], book: menu.MenuBook) -> bool:
    stock = left.get(gift.sku_id)
    if gift.sku_id not in book.sku or stock is None or stock.sold_out:
        return False
    return stock.portions_left is None or stock.portions_left >= gift.qty


def context(
    ground: Ground,
    seen: Seen,
    where: Place,
    *,
    standing: members.Standing | None,
    points: ledger.Balances,
    points_wanted: int,
) -> pricing.Context:
    """Return where, when and for whom, as the engine takes it."""
    program, at = where.program, ground.opened_at or where.at
    return pricing.Context(
        store_id=ground.store_id,
        channel=ground.channel,
        at=where.at,
        is_member=ground.member_id is not None,
        points_balance=0 if points.debt else points.available,
        points_wanted=points_wanted,
        rate=pricing.PointsRate(program.fen_per_100_points, program.offset_cap_bp),
        local_at=at.astimezone(zone_of(where.calendar.zone)),
        table_kind=where.table_kind(ground.table_id),
        party=ground.party,
        segment_ids=standing.segment_ids if standing else frozenset(),
        level=standing.level if standing else None,
        first_order=seen.first_order,
        birthday=standing.birthday if standing else None,
        favourites=seen.favourites,
        favourite_bp=program.favourite_bp,
        max_coupons=program.coupons_each_order,
        fees=fees(where.fees, ground, area=where.table_kind(ground.table_id)),
        by_hand=ground.by_hand,
    )


def fees(of: org.StoreFees, ground: Ground, *, area: str | None) -> pricing.Fees:
    """Return what a store adds to a bill of this kind, in this area of its tables."""
    at_table = ground.kind == "dine_in"
    return pricing.Fees(
        packaging_fen=of.packaging_fen if ground.kind in TAKEN_AWAY else 0,
        delivery_fen=of.delivery_fen if ground.kind == "delivery" else 0,
        service_bp=of.service_bp if at_table else 0,
        tea_fen=of.tea_fen * (ground.party or 0) if at_table else 0,
        donation_fen=ground.donation_fen,
        round_to_fen=of.round_to_fen if ground.kind in ROUNDED else 0,
        minimum_fen=_minimum(of, ground, area),
    )


def _minimum(of: org.StoreFees, ground: Ground, area: str | None) -> int:
    """Return what the goods of a bill must come to: what was split off its table counts for the table, people for their own bill."""
    if ground.kind == "delivery":
        return of.delivery_minimum_fen or 0
    if ground.kind != "dine_in" or not ground.table_id or ground.waived:
        return 0
    minimum = of.minimum(area)
    if minimum is None:
        return 0
    table_fen = 0 if ground.split else max(0, minimum.table_fen - ground.elsewhere_fen)
    return table_fen + minimum.person_fen * (ground.party or 0)


def fee_fen(priced: pricing.Priced) -> int:
    """Return what the fees of a price come to, less what is waived."""
    return sum(each.amount_fen - each.waived_fen for each in priced.fees)


class Reckoned(msgspec.Struct, frozen=True):
    """A price, and the lines and offers that it was reckoned with."""

    lines: Sequence[pricing.Line]
    priced: pricing.Priced
    hand: promo.Hand

    @property
    def uses(self) -> list[promo.OfferUse]:
        """What the order uses of offers."""
        return self.hand.uses(offers_of(self.priced.applied))

    def kept(self, coupons: Sequence[promo.Held], gifts: Sequence[LineView], *, policy: pricing.Policy) -> Kept:
        """Return what the order keeps of its price; `gifts` are its lines that cost nothing."""
        applied = self.priced.applied
        at_hand = [each.as_offer() for each in coupons]
        if policy == "threshold_lost" or any(each.refund_policy for each in at_hand):
            applied = pricing.freeze(self.priced, lines=self.lines, coupons=at_hand).applied
        used = {each.offer_id for each in applied} | {each.offer_id for each in self.priced.gifts}
        if self.priced.coupon_id:
            used.add(self.priced.coupon_id)
        names = {
            each.id: (each.terms.offer.name, each.terms.offer.name_en) for each in self.hand.live if each.id in used
        }
        names |= {each.id: (each.name, each.name_en) for each in coupons if each.id in used}
        of = {line.line_no: each.offer_id for line, each in zip(gifts, self.priced.gifts, strict=True)}
        return Kept(applied, names, self.priced.fees, of, self.is_first, policy)

    @property
    def is_first(self) -> bool:
        """Whether the price has what is for first orders only."""
        used = offers_of(self.priced.applied)
        return any(each.id in used and each.terms.offer.conditions.first_order for each in self.hand.live)


def reckon(
    lines: Sequence[pricing.Line], context: pricing.Context, seen: Seen, coupons: Sequence[pricing.Coupon]
) -> Reckoned:
    """Return the cheapest price of a cart within the budgets of the offers; one that would save too much is left out and says so."""
    hand = seen.hand
    while True:
        priced = pricing.price(lines, context, coupons=coupons, offers=hand.offers)
        dear = hand.too_dear(offers_of(priced.applied))
        if not dear:
            break
        hand = hand.without(dear)
    out = [pricing.WhyNot(each.offer_id, each.code, each.facts) for each in hand.out]
    return Reckoned(lines, msgspec.structs.replace(priced, why_not=[*priced.why_not, *out]) if out else priced, hand)
