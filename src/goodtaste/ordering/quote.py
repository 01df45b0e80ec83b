"""The price of a cart before it is ordered: what it costs, why, which of the coupons at hand is best, and why not the others."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

from goodtaste.kernel.auth import Actor, NotAllowed
from goodtaste.kernel.db import Query, Steps, script
from goodtaste.kernel.input import Count, Id
from goodtaste.ledger import api as ledger
from goodtaste.member import api as members
from goodtaste.menu import api as menu
from goodtaste.ordering.coupons import Wanted
from goodtaste.ordering.place import Place
from goodtaste.pricing import api as pricing
from goodtaste.promo import api as promo


class Cart(Wanted, frozen=True, kw_only=True):
    """What is sent to have a cart priced.

    `coupon_ids` asks for coupons; without it the best of those at hand are chosen, unless `no_coupon`.  `points` is how many to use at
    most; `all_points` uses as many as the program allows.
    """

    store_id: Id
    channel: pricing.Channel
    lines: Annotated[tuple[menu.Choice, ...], msgspec.Meta(min_length=1, max_length=pricing.LINES_MAX)]
    member_id: Id | None = None
    visit_id: Id | None = None
    no_coupon: bool = False
    points: Count = 0
    all_points: bool = False


class Quote(msgspec.Struct, frozen=True):
    """A cart with its price, and names for its lines.  `points_earned` is what paying it would earn."""

    priced: pricing.Priced
    names: list[str]
    points_available: int
    points_earned: int
    at: datetime


@script
def quote(cart: Cart, *, actor: Actor, where: Place) -> Steps[Quote]:
    """Price a cart.  Reads only; nothing is promised but that the same cart at the same moment costs this."""
    chosen = where.book.choose(
        cart.lines, store_id=cart.store_id, channel=cart.channel, zone=where.calendar.zone, at=where.at
    )
    member_id = _for_whom(cart, actor)
    balances, level, coupons = ledger.Balances(), None, []
    if member_id:
        standings, found, coupons, visits = yield _queries(member_id, cart, actor, where)
        if actor.kind == "staff":
            members.present(visits, member_id=member_id, store_id=cart.store_id, at=where.at)
        standing = members.known(standings, member_id, redeems=False)
        level = where.program.level(standing.level)
        balances = ledger.as_balances(found)[ledger.POINTS]
        if standing.status == "frozen":
            coupons, balances = [], ledger.Balances()
        if cart.no_coupon:
            coupons = []
    offers = [c.as_offer() for c in coupons if c.member_id == member_id]
    priced = pricing.price([c.line for c in chosen], _context(cart, member_id, balances, where), offers)
    earned = members.points_earned(priced.due_fen, program=where.program, level=level) if level else 0
    return Quote(priced, [c.name for c in chosen], balances.available, earned, where.at)


def _for_whom(cart: Cart, actor: Actor) -> str | None:
    if actor.kind == "member":
        if cart.member_id not in (None, actor.id):
            raise NotAllowed(permission="order.place")
        return actor.id
    if actor.kind == "guest":
        return None
    actor.need("order.place", store_id=cart.store_id)
    return cart.member_id


def _queries(member_id: str, cart: Cart, actor: Actor, where: Place) -> list[Query[Any]]:
    at_hand = promo.by_ids(cart.coupons) if cart.coupons else promo.at_hand(member_id, at=where.at)
    return [
        members.standing(member_id),
        ledger.READ_BALANCES(owner_id=member_id),
        at_hand,
        members.visit_query(cart.visit_id or member_id),
    ]


def _context(cart: Cart, member_id: str | None, balances: ledger.Balances, where: Place) -> pricing.Context:
    rate = pricing.PointsRate(where.program.fen_per_100_points, where.program.offset_cap_bp)
    wanted = balances.available if cart.all_points else cart.points
    usable = 0 if balances.debt else balances.available
    return pricing.Context(cart.store_id, cart.channel, where.at, member_id is not None, usable, wanted, rate)
