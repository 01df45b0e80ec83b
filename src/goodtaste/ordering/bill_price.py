"""An open bill priced again, whole: its lines keep the prices at which they were ordered, everything else is reckoned anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import delete, update

from goodtaste.kernel.db import Change, Id, Int, Query, Steps, Str, change, par
from goodtaste.kernel.ids import derived_id
from goodtaste.ledger import api as ledger
from goodtaste.member import api as members
from goodtaste.menu import api as menu
from goodtaste.ordering import bill_rows, cart, coupons, first
from goodtaste.ordering.coupons import Wanted
from goodtaste.ordering.kept import kept_of, kept_text
from goodtaste.ordering.lines import gift_views, line_row, line_view, portions
from goodtaste.ordering.orders import (
    NEW_LINES,
    LineRow,
    LineView,
    OrderRow,
    OrderView,
    coupons_text,
    reasons_text,
    view,
)
from goodtaste.ordering.spot import Place
from goodtaste.ordering.tables import line, order
from goodtaste.pricing import api as pricing
from goodtaste.promo import api as promo

_PRICE = {
    **dict.fromkeys(
        ("list_fen", "member_saving_fen", "offer_fen", "coupon_fen", "hand_fen", "points", "points_fen"), Int
    ),
    **dict.fromkeys(("fee_fen", "rounding_fen", "donation_fen", "due_fen", "party"), Int),
    **dict.fromkeys(("coupons", "reasons", "applied"), Str),
    **dict.fromkeys(("hold_id", "table_id", "member_id", "stream_of"), Id),
}
_SHARES = ("offer_fen", "coupon_fen", "hand_fen", "points_fen", "rounding_fen", "due_fen")
_COSTS = ("unit_fen", *_SHARES)
_PIECES = ("qty", "ordered_qty", "held_qty", "voided_qty", "returned_qty")
_NOTHING = dict.fromkeys(_SHARES, 0)
REPRICED = change(
    update(order)
    .where(
        order.c.id == par("order_id", Id),
        order.c.version == par("seen", Int),
        order.c.pay_state == "unpaid",
        order.c.state != "cancelled",
    )
    .values(version=order.c.version + 1, **{name: par(name, type_) for name, type_ in _PRICE.items()}),
    guard="ordering_order_moved",
)
SHARED = change(
    update(line)
    .where(line.c.order_id == par("order_id", Id), line.c.line_no == par("line_no", Int))
    .values({name: par(name, Int) for name in (*_COSTS, *_PIECES)}),
    guard="ordering_line_gone",
)
LINE_GONE = change(
    delete(line).where(line.c.order_id == par("order_id", Id), line.c.line_no == par("line_no", Int)),
    guard="ordering_line_gone",
)


class AtHand(msgspec.Struct, frozen=True):
    """What was read for a bill: what counts of the offers, those it uses already, and its member, if it has one.

    `beside`: what an order uses of offers that goes as this bill comes in its place.
    """

    ground: cart.Ground
    seen: cart.Seen
    own: Sequence[promo.Used]
    standing: members.Standing | None = None
    balances: ledger.Balances = ledger.Balances()
    lots: Sequence[ledger.Lot] = ()
    coupons: Sequence[promo.Held] = ()
    beside: Sequence[promo.Used] = ()

    def with_discounts(self, live: Sequence[bill_rows.Discount]) -> AtHand:
        """Return it with what people take off now."""
        return msgspec.structs.replace(self, ground=bill_rows.with_discounts(self.ground, live))


def read_at_hand(found: OrderRow, asked: Wanted, *, points: int, donation_fen: int, where: Place) -> Steps[AtHand]:
    """Read, in one trip, what a bill is priced with; refuses a member who may not redeem."""
    ground = cart.Ground(
        store_id=found.store_id,
        channel=found.channel,
        kind=found.kind,  # type: ignore[arg-type]
        member_id=found.member_id,
        table_id=found.table_id,
        party=found.party,
        donation_fen=donation_fen,
        order_id=found.id,
        opened_at=found.placed_at,
        split=found.split_from is not None,
    )
    look = cart.look(ground, where)
    more = bill_rows.queries(found, where)
    if found.member_id is None:
        own, *counted = yield [promo.offers_of_order(found.id), *more, *look.queries]
        ground, counted = _grounded(ground, more, counted)
        return AtHand(ground, look.seen(counted, where, own=own), own)
    queries: list[Query[Any]] = [
        promo.offers_of_order(found.id),
        members.standing(found.member_id),
        ledger.READ_BALANCES(owner_id=found.member_id),
        ledger.LOTS(account_id=ledger.account_of(found.member_id, "member"), today=where.today),
        promo.by_ids(asked.coupons),
    ]
    own, standings, balances, lots, held, *counted = yield [*queries, *more, *look.queries]
    ground, counted = _grounded(ground, more, counted)
    if asked.coupons or points:
        members.known(standings, found.member_id, redeems=True)
    standing = standings[0] if standings else None
    points_at_hand = ledger.as_balances(balances)[ledger.POINTS]
    return AtHand(ground, look.seen(counted, where, own=own), own, standing, points_at_hand, lots, held)


def _grounded(ground: cart.Ground, more: list[Query[Any]], found: list[Any]) -> tuple[cart.Ground, list[Any]]:
    """Return a ground with what was read of the bill, and the answers that are left."""
    discounts, rest = found[0], found[len(more) :]
    elsewhere = found[1][0].fen if len(more) > 1 else 0
    ground = bill_rows.with_discounts(ground, bill_rows.live(discounts))
    return msgspec.structs.replace(ground, elsewhere_fen=elsewhere), rest


class Repriced(msgspec.Struct, frozen=True):
    """A bill with its new price: its rows as they will be, and the changes that make them so.

    `stock`: the portions that it takes more, below zero those that it gives back; `wanted`: those that it takes, to say which are missing.
    `fresh` and `gone` are the gifts that come and go with the price, `took` those that come from another bill.  `moved` writes the order
    itself, `writes` the rest.
    """

    priced: pricing.Priced
    after: OrderRow
    lines: list[LineRow]
    wanted: dict[str, int]
    stock: dict[str, int]
    fresh: list[LineRow]
    gone: list[LineRow]
    took: list[LineRow]
    moved: Change
    writes: list[Change]

    @property
    def view(self) -> OrderView:
        """The bill as it will be shown."""
        return view(self.after, self.lines)

    @property
    def changes(self) -> list[Change]:
        """All that makes it so."""
        return [self.moved, *self.writes, *moved_stock(self.after.store_id, self.stock)]


class Anew(msgspec.Struct, frozen=True):
    """Whose a bill was before, and when its `rounds` were ordered: its lines cost what they did then, for whose it is now."""

    was: str | None
    rounds: Mapping[int, datetime]


class Coming(msgspec.Struct, frozen=True):
    """What comes to a bill and leaves it: `chosen` with the round `owner`, lines `arriving` from another bill, lines `leaving` to one,
    `gifts` that another bill loses and that may be given here, portions that go `back` on sale, and a member in place of another (`anew`).
    """

    chosen: Sequence[menu.Chosen] = ()
    owner: str = ""
    arriving: Sequence[LineRow] = ()
    leaving: Sequence[LineRow] = ()
    gifts: Sequence[LineRow] = ()
    back: dict[str, int] = {}
    anew: Anew | None = None


NOTHING = Coming()


def moved_stock(store_id: str, net: dict[str, int]) -> list[Change]:
    """Return the changes that take portions, and give back those below zero: a row of the stock is written once."""
    return [
        menu.take(store_id, {sku: n for sku, n in net.items() if n > 0}),
        menu.give_back(store_id, {sku: -n for sku, n in net.items() if n < 0}),
    ]


def reprice(
    found: OrderRow,
    lines: Sequence[LineRow],
    coming: Coming,
    *,
    asked: Wanted,
    points: int,
    at_hand: AtHand,
    hold_id: str | None,
    where: Place,
) -> Repriced:
    """Return a bill with what comes and goes, and with the coupons and points asked for, priced again.

    `found` and `lines` are as they will be but for their price: with the pieces that stay, and at the table where they are then.
    """
    kept, chosen = kept_of(found.applied), coming.chosen
    number = max([each.round for each in lines], default=0) + bool(chosen)
    bought = [each for each in lines if each.line_no not in kept.gifts]
    there = [*bought, *coming.arriving]
    as_line = _as_it_was(found, coming.anew, where.book) if coming.anew else _as_ordered(where.book)
    cart_lines = [*(as_line(each) for each in there if each.qty), *(each.line for each in chosen)]
    context = cart.context(
        at_hand.ground, at_hand.seen, where, standing=at_hand.standing, points=at_hand.balances, points_wanted=points
    )
    held = coupons.at_hand(asked, at_hand.coupons, member_id=found.member_id)
    reckoned = cart.reckon(cart_lines, context, at_hand.seen, held)
    priced = reckoned.priced
    by_no = {each.line_no: each for each in priced.lines}
    new = [line_view(by_no[each.line.line_no], each, round_=number, owner=coming.owner) for each in chosen]
    numbers = [each.line_no for rows in (lines, coming.arriving, coming.leaving) for each in rows]
    last = max([*numbers, *(each.line_no for each in new)], default=0)
    owner = derived_id(found.id, f"gifts{found.version + 1}")
    gifts = gift_views(priced, after=last, round_=max(1, number), book=where.book, owner=owner)
    stay, gone = _gifts_that_stay(lines, kept.gifts, reckoned, gifts)
    new_gifts = _known_gifts([each for each in gifts if each.line_no not in stay], coming.gifts)
    fresh = [line_row(found.id, each, {}) for each in new_gifts]
    rows = [line_row(found.id, each, what.takes) for each, what in zip(new, chosen, strict=True)]
    keeps = reckoned.kept(at_hand.coupons, gifts, policy=where.program.refund_policy)
    of = {stay.get(line_no, line_no): offer_id for line_no, offer_id in keeps.gifts.items()}
    price = _price(priced, hold_id if priced.points else None) | {
        "applied": kept_text(msgspec.structs.replace(keeps, gifts=of)),
        **{name: getattr(found, name) for name in ("table_id", "party", "member_id", "stream_of")},
    }
    wanted = menu.total([*(each.takes for each in chosen), *({each["sku_id"]: each["qty"]} for each in fresh)])
    back = menu.total([coming.back, portions((each, each.qty) for each in gone)])
    shown = {each.line_no: msgspec.structs.replace(each, **_costs(by_no.get(each.line_no))) for each in there}
    came = {each.line_no for each in coming.arriving}
    writes = [
        SHARED.many([_shared(found.id, each) for line_no, each in shown.items() if line_no not in came]),
        LINE_GONE.many([{"order_id": found.id, "line_no": each.line_no} for each in [*gone, *coming.leaving]]),
        NEW_LINES.many([*rows, *fresh, *(_moved_row(found.id, shown[line_no]) for line_no in came)]),
        *_offers(found, reckoned, at_hand, where),
        *_first(found, reckoned, coming.anew.was if coming.anew else found.member_id),
    ]
    left = {each.line_no for each in gone}
    stays = [each for each in lines if each.line_no in kept.gifts and each.line_no not in left]
    made = [_as_row(row) for row in [*rows, *fresh]]
    known = {each.dish_id for each in coming.gifts}
    after = msgspec.structs.replace(found, version=found.version + 1, **price)
    return Repriced(
        priced=priced,
        after=after,
        lines=sorted([*shown.values(), *stays, *made], key=lambda each: each.line_no),
        wanted=wanted,
        stock={sku: wanted.get(sku, 0) - back.get(sku, 0) for sku in wanted.keys() | back.keys()},
        fresh=[each for each in made[len(rows) :] if each.dish_id not in known],
        gone=gone,
        took=[each for each in made[len(rows) :] if each.dish_id in known],
        moved=REPRICED(order_id=found.id, seen=found.version, **price),
        writes=writes,
    )


def _known_gifts(gifts: Sequence[LineView], known: Sequence[LineRow]) -> list[LineView]:
    """Return gifts with the dishes that another bill loses, where they are the same, so that nobody makes them again."""
    left, found = list(known), []
    for each in gifts:
        same = next((one for one in left if (one.sku_id, one.qty) == (each.sku_id, each.qty)), None)
        if same:
            left.remove(same)
            each = msgspec.structs.replace(each, dish_id=same.dish_id)
        found.append(each)
    return found


def _as_ordered(book: menu.MenuBook) -> Callable[[LineRow], pricing.Line]:
    """A line keeps the prices at which it was ordered."""

    def as_line(each: LineRow) -> pricing.Line:
        return _line(each, book, kept_fen=each.unit_fen)

    return as_line


def _as_it_was(found: OrderRow, anew: Anew, book: menu.MenuBook) -> Callable[[LineRow], pricing.Line]:
    """A line costs what it would have cost the member of now as it was ordered: a member saves what they would have saved then."""

    def as_line(each: LineRow) -> pricing.Line:
        at = anew.rounds.get(each.round, found.placed_at)
        here: dict[str, Any] = {"store_id": found.store_id, "channel": found.channel, "at": at}
        list_fen, member_fen = (book.price_of(each.sku_id, kind, **here) for kind in ("list", "member"))
        if list_fen is None or member_fen is None:
            return _line(each, book)
        return _line(each, book, member_fen=max(0, each.list_fen - max(0, list_fen - member_fen)))

    return as_line


def _line(each: LineRow, book: menu.MenuBook, **prices: int) -> pricing.Line:
    sku = book.sku.get(each.sku_id)
    return pricing.Line(each.line_no, each.sku_id, sku.dish_id if sku else "", each.qty, each.list_fen, **prices)


def _as_row(row: dict[str, Any]) -> LineRow:
    return msgspec.convert({name: row[name] for name in LineRow.__struct_fields__}, LineRow)


def _moved_row(order_id: str, each: LineRow) -> dict[str, Any]:
    return {**msgspec.structs.asdict(each), "order_id": order_id}


def _costs(each: pricing.PricedLine | None) -> dict[str, int]:
    return {name: getattr(each, name) for name in _COSTS} if each else _NOTHING


def _shared(order_id: str, each: LineRow) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "line_no": each.line_no,
        **{name: getattr(each, name) for name in (*_COSTS, *_PIECES)},
    }


def _price(priced: pricing.Priced, hold_id: str | None) -> dict[str, Any]:
    same = ("list_fen", "member_saving_fen", "offer_fen", "coupon_fen", "hand_fen", "points", "points_fen")
    return {name: getattr(priced, name) for name in (*same, "rounding_fen", "donation_fen", "due_fen")} | {
        "fee_fen": cart.fee_fen(priced),
        "coupons": coupons_text(coupons.of_price(priced)),
        "reasons": reasons_text(priced.reasons),
        "hold_id": hold_id,
    }


def _gifts_that_stay(
    lines: Sequence[LineRow], before: dict[int, str], reckoned: cart.Reckoned, gifts: Sequence[LineView]
) -> tuple[dict[int, int], list[LineRow]]:
    """Return which new gifts are on the bill already (new line number: the one it has), and the lines of those that go."""
    there = {(before[each.line_no], each.sku_id, each.qty): each for each in lines if each.line_no in before}
    stay: dict[int, int] = {}
    for line_, gift in zip(gifts, reckoned.priced.gifts, strict=True):
        known = there.pop((gift.offer_id, gift.sku_id, gift.qty), None)
        if known:
            stay[line_.line_no] = known.line_no
    return stay, list(there.values())


def _offers(found: OrderRow, reckoned: cart.Reckoned, at_hand: AtHand, where: Place) -> list[Change]:
    if not at_hand.own and not reckoned.uses:
        return []
    uses = reckoned.uses
    if at_hand.beside:  # its place among the member's uses is free only once this is written
        uses = [msgspec.structs.replace(each, limit_each=each.limit_each and each.limit_each + 1) for each in uses]
    return promo.change_uses(
        at_hand.own,
        uses,
        order_id=found.id,
        member_id=found.member_id,
        had=[*reckoned.hand.had, *at_hand.beside],
        at=where.at,
    )


def _first(found: OrderRow, reckoned: cart.Reckoned, member_was: str | None) -> list[Change]:
    """Let who had the price of a first order have it again, and the bill's member of now have it here."""
    had = member_was if kept_of(found.applied).first else None
    has = found.member_id if reckoned.is_first else None
    if had == has:
        return []
    back = [first.give_back(had, found.id)] if had else []
    return [*back, first.take(has, found.id)] if has else back
