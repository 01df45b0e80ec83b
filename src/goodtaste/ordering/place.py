"""Placing an order: priced by the server, and written with its stock, coupon, points and, at the counter, its payment in one act."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any

import msgspec

from goodtaste.kernel.auth import Actor, NotAllowed
from goodtaste.kernel.calendar import BusinessCalendar
from goodtaste.kernel.db import Change, GuardBroken, Query, Steps, rows, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import IdTaken, derived_id, fingerprint, same_or_taken
from goodtaste.kernel.input import Count, Fen, Id, Input, Text
from goodtaste.kernel.jobs import schedule
from goodtaste.kernel.outbox import tell
from goodtaste.ledger import api as ledger
from goodtaste.member import api as members
from goodtaste.menu import api as menu
from goodtaste.ordering import coupons, facts
from goodtaste.ordering.coupons import Wanted
from goodtaste.ordering.lines import line_row, line_view
from goodtaste.ordering.orders import LINES, NEW_LINES, NEW_ORDER, ORDER, OnOrder, OrderRow, OrderView, order_row, view
from goodtaste.ordering.rules import Kind
from goodtaste.payment import api as payments
from goodtaste.pricing import api as pricing
from goodtaste.promo import api as promo

EXPIRE_UNPAID = "ordering.expire_unpaid"
FREE_HELD = "ordering.free_held"


class PriceChanged(Refusal):
    """Raised when the price is not the one the client saw.  Facts: `seen_fen`, `due_fen`, `priced` (the new price with its reasons)."""

    code = "ordering.price_changed"


class Cash(Input, frozen=True):
    """Cash put down at the counter with the order."""

    payment_id: Id
    tendered_fen: Fen


class PlaceOrder(Wanted, frozen=True, kw_only=True):
    """What is sent to place an order.  `seen_due_fen` is the price the diner agreed to; the server never takes a price from a client."""

    id: Id
    store_id: Id
    kind: Kind
    channel: pricing.Channel
    lines: Annotated[tuple[menu.Choice, ...], msgspec.Meta(min_length=1, max_length=pricing.LINES_MAX)]
    seen_due_fen: Fen
    table_id: Id | None = None
    member_id: Id | None = None
    visit_id: Id | None = None
    points: Count = 0
    note: Text = ""
    cash: Cash | None = None


class Place(msgspec.Struct, frozen=True):
    """What the process knows of where and when an order is placed."""

    book: menu.MenuBook
    program: members.Program
    calendar: BusinessCalendar
    at: datetime
    today: date

    @property
    def bill_hold(self) -> timedelta:
        """For how long an order that goes on unpaid keeps its member's coupon and points."""
        return timedelta(minutes=self.program.bill_hold_minutes)


class _Member(msgspec.Struct, frozen=True):
    """What was read of the member an order is for."""

    standing: members.Standing
    level: members.Level
    balances: ledger.Balances
    lots: Sequence[ledger.Lot]
    coupons: list[promo.Held]


@script
def place(asked: PlaceOrder, *, actor: Actor, where: Place) -> Steps[OrderView]:
    """Place an order, and pay it where cash comes with it; once per `asked.id`, which gives the same order ever after.

    One that costs nothing is paid by being placed, except at a table, where more may be ordered.
    Refuses what the menu, the coupon, the points, the stock or the price do not allow; nothing is taken then.
    """
    _may_place(asked, actor)
    mark = fingerprint(asked)
    found, member = yield from _read(asked, actor, where)
    if found:
        return (yield from _same(found, mark, asked.id))
    if member:
        ledger.may_spend(member.balances, min(asked.points, member.balances.available))
    chosen = where.book.choose(
        asked.lines, store_id=asked.store_id, channel=asked.channel, zone=where.calendar.zone, at=where.at
    )
    priced = pricing.price([c.line for c in chosen], _context(asked, member, where), _coupons(asked, member))
    _agreed(asked, priced)
    uses: list[ledger.LotUse] = []
    if priced.points and member:
        uses = yield from ledger.find_lots(member.standing.id, priced.points, today=where.today, found=member.lots)
    wanted = menu.total(c.takes for c in chosen)
    shown, changes = _write(
        asked, chosen, priced, member=member, uses=uses, wanted=wanted, actor=actor, mark=mark, where=where
    )
    try:
        yield changes
    except GuardBroken as broken:
        if broken.name == "ordering_order_pkey":
            again = yield from rows(ORDER(order_id=asked.id))
            return (yield from _same(again[0], mark, asked.id))
        if broken.name in menu.STOCK_GUARDS:
            raise (yield from menu.explain(asked.store_id, wanted)) from broken
        if broken.name == "payment_payment_pkey" and asked.cash:
            raise IdTaken(id=asked.cash.payment_id) from broken
        raise
    return shown


def _may_place(asked: PlaceOrder, actor: Actor) -> None:
    """A member orders for themselves and does not take cash; staff need the permission at the store."""
    if actor.kind == "member":
        if asked.member_id != actor.id or asked.cash:
            raise NotAllowed(permission="payment.take" if asked.cash else "order.place")
        return
    actor.need("order.place", store_id=asked.store_id)
    if asked.cash:
        actor.need("payment.take", store_id=asked.store_id)


def _read(asked: PlaceOrder, actor: Actor, where: Place) -> Steps[tuple[OrderRow | None, _Member | None]]:
    """Read, in one trip, the order if this id was used, and all of the member that matters."""
    if asked.member_id is None:
        found = yield from rows(ORDER(order_id=asked.id))
        return (found[0] if found else None), None
    queries: list[Query[Any]] = [
        ORDER(order_id=asked.id),
        members.standing(asked.member_id),
        ledger.READ_BALANCES(owner_id=asked.member_id),
        ledger.LOTS(account_id=ledger.account_of(asked.member_id, "member"), today=where.today, skip=0),
        promo.by_ids(asked.coupons),
    ]
    by_staff = actor.kind == "staff"
    if by_staff and asked.visit_id:
        queries.append(members.visit_query(asked.visit_id))
    orders, standings, balances, lots, found, *visits = yield queries
    if orders:
        return orders[0], None
    if by_staff:
        members.present(visits[0] if visits else [], member_id=asked.member_id, store_id=asked.store_id, at=where.at)
    standing = members.known(standings, asked.member_id, redeems=bool(asked.coupons or asked.points))
    level = where.program.level(standing.level)
    return None, _Member(standing, level, ledger.as_balances(balances)[ledger.POINTS], lots, found)


def _same(found: OrderRow, mark: str, order_id: str) -> Steps[OrderView]:
    same_or_taken(found.fingerprint, mark, id_=order_id)
    return view(found, (yield from rows(LINES(order_id=order_id))))


def _context(asked: PlaceOrder, member: _Member | None, where: Place) -> pricing.Context:
    program = where.program
    return pricing.Context(
        store_id=asked.store_id,
        channel=asked.channel,
        at=where.at,
        is_member=member is not None,
        points_balance=member.balances.available if member else 0,
        points_wanted=asked.points,
        rate=pricing.PointsRate(program.fen_per_100_points, program.offset_cap_bp),
    )


def _coupons(asked: PlaceOrder, member: _Member | None) -> list[pricing.Coupon]:
    return coupons.at_hand(asked, member.coupons if member else [], member_id=asked.member_id)


def _agreed(asked: PlaceOrder, priced: pricing.Priced) -> None:
    """Refuse a coupon that does not apply, and a price other than the one that was seen."""
    coupons.all_apply(asked, priced)
    if priced.due_fen != asked.seen_due_fen:
        raise PriceChanged(seen_fen=asked.seen_due_fen, due_fen=priced.due_fen, priced=msgspec.to_builtins(priced))


def _write(
    asked: PlaceOrder,
    chosen: Sequence[menu.Chosen],
    priced: pricing.Priced,
    *,
    member: _Member | None,
    uses: list[ledger.LotUse],
    wanted: dict[str, int],
    actor: Actor,
    mark: str,
    where: Place,
) -> tuple[OrderView, list[Change]]:
    """Return the order as it will be shown, and every change that makes it so."""
    paid = asked.cash is not None or (priced.due_fen == 0 and asked.kind != "dine_in")
    earned = members.points_earned(priced.due_fen, program=where.program, level=member.level) if member and paid else 0
    shown = _shown(asked, chosen, priced, paid=paid, earned=earned, where=where)
    hold_id = derived_id(asked.id, "hold") if uses and not paid else None
    lines = [line_row(asked.id, each, what.takes) for each, what in zip(shown.lines, chosen, strict=True)]
    use = promo.redeem if paid else promo.hold
    changes = [
        _order_row(shown, hold_id=hold_id, actor=actor, mark=mark),
        NEW_LINES.many(lines),
        menu.take(asked.store_id, wanted),
        *(
            use(each.coupon_id, member_id=asked.member_id, order_id=asked.id, saved_fen=each.saved_fen, at=where.at)
            for each in shown.coupons
        ),
    ]
    if member:
        changes += coupons.at_store(coupons.of_price(priced), member.coupons, store_id=asked.store_id)
        changes += _points(asked, uses, paid=paid, earned=earned, hold_id=hold_id, actor=actor, where=where)
    return shown, changes + (_paid(asked.cash, shown, actor, mark) if paid else _unpaid(shown, where))


def _points(
    asked: PlaceOrder,
    uses: list[ledger.LotUse],
    *,
    paid: bool,
    earned: int,
    hold_id: str | None,
    actor: Actor,
    where: Place,
) -> list[Change]:
    cause = ledger.Cause(hold_id or asked.id, asked.member_id or "", actor.id, where.today, where.at, asked.id)
    if paid:
        return [*ledger.spend(cause, uses), *ledger.earn(cause, earned)]
    expires_at = where.at + where.bill_hold
    return ledger.set_aside(cause, uses, hold_id=hold_id, expires_at=expires_at) if hold_id else []


def _paid(cash: Cash | None, shown: OrderView, actor: Actor, mark: str) -> list[Change]:
    told = tell(facts.paid(shown, shown.lines, points_earned=shown.points_earned), at=shown.placed_at)
    if cash is None:
        return [told]
    taken = payments.take(
        payment_id=cash.payment_id,
        order_id=shown.id,
        store_id=shown.store_id,
        stream=facts.stream(shown),
        due_fen=shown.due_fen,
        tendered_fen=cash.tendered_fen,
        actor=actor.id,
        fingerprint=mark,
        business_date=shown.business_date,
        at=shown.placed_at,
    )
    return [taken, told]


def _unpaid(shown: OrderView, where: Place) -> list[Change]:
    changes = [tell(facts.placed(shown), at=where.at)]
    if shown.kind == "dine_in":
        if shown.coupons or shown.points:
            changes.append(free_later(shown.id, where))
    else:
        due_at = where.at + timedelta(minutes=where.program.hold_minutes)
        changes.append(
            schedule(EXPIRE_UNPAID, {"order_id": shown.id}, due_at=due_at, once=f"{EXPIRE_UNPAID}:{shown.id}")
        )
    return changes


def free_later(order_id: str, where: Place) -> Change:
    """Have what an unpaid order holds of its member looked at when the time to keep it is over."""
    return schedule(FREE_HELD, {"order_id": order_id}, due_at=where.at + where.bill_hold)


def _shown(
    asked: PlaceOrder, chosen: Sequence[menu.Chosen], priced: pricing.Priced, *, paid: bool, earned: int, where: Place
) -> OrderView:
    used = [OnOrder(*each) for each in coupons.of_price(priced).items()]
    return OrderView(
        id=asked.id,
        store_id=asked.store_id,
        member_id=asked.member_id,
        kind=asked.kind,
        channel=asked.channel,
        table_id=asked.table_id,
        state="placed",
        pay_state="paid" if paid else "unpaid",
        list_fen=priced.list_fen,
        member_saving_fen=priced.member_saving_fen,
        coupon_id=used[0].coupon_id if used else None,
        coupons=used,
        coupon_fen=priced.coupon_fen,
        points=priced.points,
        points_fen=priced.points_fen,
        due_fen=priced.due_fen,
        refunded_fen=0,
        points_earned=earned,
        reasons=priced.reasons,
        note=asked.note,
        version=1,
        business_date=where.today,
        placed_at=where.at,
        paid_at=where.at if paid else None,
        lines=[line_view(each, what, round_=1) for each, what in zip(priced.lines, chosen, strict=True)],
    )


def _order_row(shown: OrderView, *, hold_id: str | None, actor: Actor, mark: str) -> Change:
    return NEW_ORDER(
        **order_row(shown), hold_id=hold_id, placed_by=actor.id, fingerprint=mark, source="", external_no=None
    )
