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
from goodtaste.ordering import cart, coupons
from goodtaste.ordering.asked import Donation, Party
from goodtaste.ordering.coupons import Wanted
from goodtaste.ordering.orders import AT_KIOSK, BY_CODE
from goodtaste.ordering.rules import Kind
from goodtaste.ordering.spot import Place
from goodtaste.ordering.told import cart_said
from goodtaste.pricing import api as pricing
from goodtaste.promo import api as promo

FIRST_YEAR, LAST_YEAR = 2000, 2200  # a price asked for outside of these is a mistake


class Cart(Wanted, frozen=True, kw_only=True):
    """What is sent to have a cart priced.

    `coupon_ids` asks for coupons; without it the best of those at hand are chosen, unless `no_coupon`.  `points` is how many to use at
    most; `all_points` uses as many as the program allows.  `kind`, table and party decide about fees and offers, as in an order.
    `words`: the price is told in words too.
    """

    store_id: Id
    channel: pricing.Channel
    lines: Annotated[tuple[menu.Choice, ...], msgspec.Meta(min_length=1, max_length=pricing.LINES_MAX)]
    kind: Kind = "counter"
    table_id: Id | None = None
    party: Party | None = None
    member_id: Id | None = None
    visit_id: Id | None = None
    no_coupon: bool = False
    points: Count = 0
    all_points: bool = False
    donation_fen: Donation = 0
    words: bool = False


class CartThen(Cart, frozen=True, kw_only=True):
    """What is sent to have a price explained: a cart, and the moment that it is priced at (null: now)."""

    at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.at is not None and not FIRST_YEAR <= self.at.year < LAST_YEAR:
            raise ValueError(f"at is not between {FIRST_YEAR} and {LAST_YEAR}")


class Quote(msgspec.Struct, frozen=True):
    """A cart with its price, and names for its lines.  `points_earned` is what paying it would earn.

    `said`: the price in words, where they were asked for: what it is made of, what was saved by what, why the rest did not apply.
    """

    priced: pricing.Priced
    names: list[str]
    points_available: int
    points_earned: int
    at: datetime
    said: pricing.Said | None = None


@script
def quote(asked: Cart, *, actor: Actor, where: Place, language: str = "zh-CN") -> Steps[Quote]:
    """Price a cart.  Reads only; nothing is promised but that the same cart at the same moment costs this.

    Refuses `CouponUnknown`, `CouponUsed` and `CouponNotApplicable` for coupons that are asked for.
    """
    by_code = actor.kind in BY_CODE
    return (yield from _quote(asked, _for_whom(asked, actor), by_code=by_code, where=where, language=language))


@script
def explain(asked: CartThen, *, where: Place, language: str) -> Steps[Quote]:
    """Price a cart at a moment, for a guest or any member, and tell it in words.  Reads only.  Refuses what `quote` does."""
    at = asked.at or where.at
    then = msgspec.structs.replace(where, at=at, today=where.calendar.business_date(at))
    asked = msgspec.structs.replace(asked, words=True)
    return (yield from _quote(asked, asked.member_id, by_code=False, where=then, language=language))


def _quote(asked: Cart, member_id: str | None, *, by_code: bool, where: Place, language: str) -> Steps[Quote]:
    chosen = where.book.choose(
        asked.lines, store_id=asked.store_id, channel=asked.channel, zone=where.calendar.zone, at=where.at
    )
    ground = cart.Ground(
        store_id=asked.store_id,
        channel=asked.channel,
        kind=asked.kind,
        member_id=member_id,
        table_id=asked.table_id,
        party=asked.party,
        donation_fen=asked.donation_fen,
    )
    look = cart.look(ground, where)
    standing, balances, at_hand, held = None, ledger.Balances(), list[pricing.Coupon](), list[promo.Held]()
    if member_id:
        standings, found, held, visits, *counted = yield [*_queries(member_id, asked, where), *look.queries]
        if by_code:
            members.present(visits, member_id=member_id, store_id=asked.store_id, at=where.at)
        standing = members.known(standings, member_id, redeems=bool(asked.coupons))
        if standing.status != "frozen":
            balances, at_hand = ledger.as_balances(found)[ledger.POINTS], _coupons(asked, held, member_id)
    else:
        counted = (yield look.queries) if look.queries else []
    seen = look.seen(counted, where)
    wanted = balances.available if asked.all_points else asked.points
    context = cart.context(ground, seen, where, standing=standing, points=balances, points_wanted=wanted)
    priced = cart.reckon([c.line for c in chosen], context, seen, at_hand).priced
    coupons.all_apply(asked, priced, held)
    here = {"store_id": asked.store_id, "channel": asked.channel}
    earned = where.earns(priced.due_fen, standing.level, **here) if standing else 0
    said = None
    if asked.words:
        said = cart_said(priced, offers=look.live, coupons=held, where=where, language=language)
    return Quote(priced, [c.name for c in chosen], balances.available, earned, where.at, said)


def _coupons(asked: Cart, found: list[promo.Held], member_id: str) -> list[pricing.Coupon]:
    if asked.coupons:
        return coupons.at_hand(asked, found, member_id=member_id)
    return [] if asked.no_coupon else [each.as_offer() for each in found]


def _for_whom(asked: Cart, actor: Actor) -> str | None:
    if actor.kind == "member":
        if asked.member_id not in (None, actor.id):
            raise NotAllowed(permission="order.place")
        return actor.id
    if actor.kind == "guest":
        return None
    actor.need(AT_KIOSK if actor.kind == "terminal" else "order.place", store_id=asked.store_id)
    return asked.member_id


def _queries(member_id: str, asked: Cart, where: Place) -> list[Query[Any]]:
    at_hand = promo.by_ids(asked.coupons) if asked.coupons else promo.at_hand(member_id, at=where.at)
    return [
        members.standing(member_id),
        ledger.READ_BALANCES(owner_id=member_id),
        at_hand,
        members.visit_query(asked.visit_id or member_id),
    ]
