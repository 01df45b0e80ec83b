"""Placing an order: priced by the server, and written with its stock, coupons, points and, at the counter, its payment in one act."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from goodtaste.kernel.auth import Actor, NotAllowed
from goodtaste.kernel.db import GuardBroken, Query, Steps, rows, script
from goodtaste.kernel.ids import IdTaken, fingerprint, same_or_taken
from goodtaste.ledger import api as ledger
from goodtaste.member import api as members
from goodtaste.menu import api as menu
from goodtaste.ordering import bring, cart, coupons, first
from goodtaste.ordering.asked import PlaceOrder, PriceChanged
from goodtaste.ordering.orders import AT_KIOSK, BY_CODE, LINES, ORDER, OrderRow, OrderView, view
from goodtaste.ordering.place_rows import Decided, written
from goodtaste.ordering.spot import Place
from goodtaste.promo import api as promo

KIOSK_KINDS = ("kiosk", "pickup")  # eaten here, or packed to go
STALE = promo.OFFER_GUARDS | {first.GUARD}  # what stops an order whose price had something that is gone by now


class _Read(msgspec.Struct, frozen=True):
    """What was read for an order: the order itself, where its id was used, what of the offers counts, and the member, if any."""

    order: OrderRow | None
    seen: cart.Seen
    standing: members.Standing | None = None
    balances: ledger.Balances = ledger.Balances()
    lots: Sequence[ledger.Lot] = ()
    coupons: Sequence[promo.Held] = ()


@script
def place(asked: PlaceOrder, *, actor: Actor, where: Place) -> Steps[OrderView]:
    """Place an order, and pay it where cash comes with it; once per `asked.id`, which gives the same order ever after.

    One that costs nothing is paid by being placed, except as a bill to be paid later, on which more may be ordered.
    Refuses what the menu, the coupons, the points, the stock or the price do not allow; nothing is taken then.
    """
    _may_place(asked, actor)
    mark = fingerprint(asked)
    read = yield from _read(asked, actor, where)
    if read.order:
        return (yield from _same(read.order, mark, asked.id))
    decided = _decide(asked, read, where)
    uses: list[ledger.LotUse] = []
    if decided.priced.points and asked.member_id:
        uses = yield from ledger.find_lots(
            asked.member_id, decided.priced.points, today=where.today, found=list(read.lots)
        )
    brought = yield from bring.to(asked, actor=actor, where=where)
    shown, changes = written(asked, decided, uses=uses, actor=actor, mark=mark, where=where)
    try:
        yield [*changes, *brought]
    except GuardBroken as broken:
        if broken.name == "ordering_order_pkey":
            again = yield from rows(ORDER(order_id=asked.id))
            return (yield from _same(again[0], mark, asked.id))
        if broken.name in menu.STOCK_GUARDS:
            raise (yield from menu.explain(asked.store_id, decided.portions)) from broken
        if broken.name in STALE:
            live = yield from promo.read_live(at=where.at)
            now = msgspec.structs.replace(where, offers=live)
            _decide(asked, (yield from _read(asked, actor, now)), now)
        if broken.name == "payment_payment_pkey" and asked.cash:
            raise IdTaken(id=asked.cash.payment_id) from broken
        raise
    return shown


def _may_place(asked: PlaceOrder, actor: Actor) -> None:
    """A member orders for themselves and does not take cash, a kiosk what is fetched; staff need the permission at the store."""
    if actor.kind == "member":
        if asked.member_id != actor.id or asked.cash:
            raise NotAllowed(permission="payment.take" if asked.cash else "order.place")
        return
    if actor.kind == "terminal":
        actor.need(AT_KIOSK, store_id=asked.store_id)
        if asked.channel != "kiosk" or asked.kind not in KIOSK_KINDS or asked.cash:
            raise NotAllowed(permission="order.place")
        return
    actor.need("order.place", store_id=asked.store_id)
    if asked.cash:
        actor.need("payment.take", store_id=asked.store_id)


def _ground(asked: PlaceOrder) -> cart.Ground:
    return cart.Ground(
        store_id=asked.store_id,
        channel=asked.channel,
        kind=asked.kind,
        member_id=asked.member_id,
        table_id=asked.table_id,
        party=asked.party,
        donation_fen=asked.donation_fen,
        order_id=asked.id,
    )


def _read(asked: PlaceOrder, actor: Actor, where: Place) -> Steps[_Read]:
    """Read, in one trip, the order if this id was used, what is counted of the offers, and all of the member that matters."""
    look = cart.look(_ground(asked), where)
    if asked.member_id is None:
        found, *counted = yield [ORDER(order_id=asked.id), *look.queries]
        return _Read(found[0] if found else None, look.seen(counted, where))
    queries: list[Query[Any]] = [
        ORDER(order_id=asked.id),
        members.standing(asked.member_id),
        ledger.READ_BALANCES(owner_id=asked.member_id),
        ledger.LOTS(account_id=ledger.account_of(asked.member_id, "member"), today=where.today),
        promo.by_ids(asked.coupons),
    ]
    by_code = actor.kind in BY_CODE
    visit = [members.visit_query(asked.visit_id)] if by_code and asked.visit_id else []
    orders, standings, balances, lots, held, *more = yield [*queries, *visit, *look.queries]
    seen = look.seen(more[len(visit) :], where)
    if orders:
        return _Read(orders[0], seen)
    if by_code:
        visits = more[0] if visit else []
        members.present(visits, member_id=asked.member_id, store_id=asked.store_id, at=where.at)
    standing = members.known(standings, asked.member_id, redeems=bool(asked.coupons or asked.points))
    points = ledger.as_balances(balances)[ledger.POINTS]
    ledger.may_spend(points, min(asked.points, points.available))
    return _Read(None, seen, standing, points, lots, held)


def _same(found: OrderRow, mark: str, order_id: str) -> Steps[OrderView]:
    same_or_taken(found.fingerprint, mark, id_=order_id)
    return view(found, (yield from rows(LINES(order_id=order_id))))


def _decide(asked: PlaceOrder, read: _Read, where: Place) -> Decided:
    """Return what is ordered and what it costs; refuses a coupon that does not apply, and a price other than the one that was seen."""
    chosen = where.book.choose(
        asked.lines, store_id=asked.store_id, channel=asked.channel, zone=where.calendar.zone, at=where.at
    )
    context = cart.context(
        _ground(asked), read.seen, where, standing=read.standing, points=read.balances, points_wanted=asked.points
    )
    at_hand = coupons.at_hand(asked, read.coupons, member_id=asked.member_id)
    reckoned = cart.reckon([each.line for each in chosen], context, read.seen, at_hand)
    coupons.all_apply(asked, reckoned.priced, read.coupons)
    due_fen = reckoned.priced.due_fen
    if due_fen != asked.seen_due_fen:
        raise PriceChanged(seen_fen=asked.seen_due_fen, due_fen=due_fen, priced=msgspec.to_builtins(reckoned.priced))
    return Decided(chosen, reckoned, read.standing, read.coupons)
