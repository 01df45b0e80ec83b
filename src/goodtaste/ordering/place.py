"""Placing an order: priced by the server, and written with its stock, coupon, points and, at the counter, its payment in one act."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Any

import msgspec

from goodtaste.events.ordering import OrderLine, OrderPaid, OrderPlaced
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.calendar import BusinessCalendar
from goodtaste.kernel.db import Change, GuardBroken, Query, Steps, rows, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import derived_id, fingerprint, same_or_taken
from goodtaste.kernel.input import Count, Fen, Id, Input, Text
from goodtaste.kernel.jobs import schedule
from goodtaste.kernel.outbox import tell
from goodtaste.ledger import api as ledger
from goodtaste.member import api as members
from goodtaste.menu import api as menu
from goodtaste.ordering.orders import LINES, NEW_LINES, NEW_ORDER, ORDER, LineView, OrderRow, OrderView, view
from goodtaste.ordering.rules import Channel, Kind
from goodtaste.payment import api as payments
from goodtaste.pricing import api as pricing
from goodtaste.promo import api as promo

EXPIRE_UNPAID = "ordering.expire_unpaid"


class PriceChanged(Refusal):
    """Raised when the price is not the one the client saw.  Facts: `seen_fen`, `due_fen`, `priced` (the new price with its reasons)."""

    code = "ordering.price_changed"


class Cash(Input, frozen=True):
    """Cash put down at the counter with the order."""

    payment_id: Id
    tendered_fen: Fen


class PlaceOrder(Input, frozen=True):
    """What is sent to place an order.  `seen_due_fen` is the price the diner agreed to; the server never takes a price from a client."""

    id: Id
    store_id: Id
    kind: Kind
    channel: Channel
    lines: Annotated[tuple[menu.Choice, ...], msgspec.Meta(min_length=1, max_length=pricing.LINES_MAX)]
    seen_due_fen: Fen
    table_id: Id | None = None
    member_id: Id | None = None
    visit_id: Id | None = None
    coupon_id: Id | None = None
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

    Refuses what the menu, the coupon, the points, the stock or the price do not allow; nothing is taken then.
    """
    mark = fingerprint(asked)
    found, member = yield from _read(asked, where)
    if found:
        return (yield from _same(found, mark, asked.id))
    chosen = where.book.choose(asked.lines, store_id=asked.store_id, channel=asked.channel, at=where.at)
    priced = pricing.price([c.line for c in chosen], _context(asked, member, where), _offers(asked, member))
    _agreed(asked, priced)
    uses = (yield from _lots(asked, member, priced, where)) if priced.points and member else []
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
        raise
    return shown


def _read(asked: PlaceOrder, where: Place) -> Steps[tuple[OrderRow | None, _Member | None]]:
    """Read, in one trip, the order if this id was used, and all of the member that matters."""
    if asked.member_id is None:
        found = yield from rows(ORDER(order_id=asked.id))
        return (found[0] if found else None), None
    queries: list[Query[Any]] = [
        ORDER(order_id=asked.id),
        members.standing(asked.member_id),
        ledger.READ_BALANCES(owner_id=asked.member_id),
        ledger.LOTS(account_id=ledger.account_of(asked.member_id, "member"), today=where.today, skip=0),
        promo.by_ids([asked.coupon_id] if asked.coupon_id else []),
    ]
    orders, standings, balances, lots, coupons = yield queries
    standing = members.known(standings, asked.member_id, redeems=bool(asked.coupon_id or asked.points))
    level = where.program.level(standing.level)
    return (orders[0] if orders else None), _Member(
        standing, level, ledger.as_balances(balances)[ledger.POINTS], lots, coupons
    )


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


def _offers(asked: PlaceOrder, member: _Member | None) -> list[pricing.Coupon]:
    if asked.coupon_id is None:
        return []
    coupons = member.coupons if member else []
    return [promo.owned(coupons, asked.coupon_id, member_id=asked.member_id or "").as_offer()]


def _agreed(asked: PlaceOrder, priced: pricing.Priced) -> None:
    """Refuse a coupon that does not apply, and a price other than the one that was seen."""
    if asked.coupon_id and priced.coupon_id is None:
        [why] = priced.why_not
        raise promo.CouponNotApplicable(coupon_id=asked.coupon_id, why=why.code, **why.facts)
    if priced.due_fen != asked.seen_due_fen:
        raise PriceChanged(seen_fen=asked.seen_due_fen, due_fen=priced.due_fen, priced=msgspec.to_builtins(priced))


def _lots(asked: PlaceOrder, member: _Member, priced: pricing.Priced, where: Place) -> Steps[list[ledger.LotUse]]:
    ledger.may_spend(member.balances, priced.points)
    return (yield from ledger.find_lots(member.standing.id, priced.points, today=where.today, found=member.lots))


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
    at, today, paid = where.at, where.today, asked.cash is not None
    earned = members.points_earned(priced.due_fen, program=where.program, level=member.level) if member and paid else 0
    shown = _shown(asked, chosen, priced, earned=earned, today=today, at=at)
    changes = [
        _order_row(shown, actor=actor, mark=mark),
        NEW_LINES.many([_line_row(asked.id, each) for each in shown.lines]),
        menu.take(asked.store_id, wanted),
    ]
    saving = {"member_id": asked.member_id, "order_id": asked.id, "saved_fen": priced.coupon_fen, "at": at}
    changes.append((promo.redeem if paid else promo.hold)(priced.coupon_id, **saving))  # type: ignore[arg-type]
    if member:
        changes += _points(asked, uses, earned=earned, actor=actor, today=today, where=where)
    if asked.cash:
        changes.append(
            payments.take(
                payment_id=asked.cash.payment_id,
                order_id=asked.id,
                store_id=asked.store_id,
                due_fen=priced.due_fen,
                tendered_fen=asked.cash.tendered_fen,
                actor=actor.id,
                fingerprint=mark,
                business_date=today,
                at=at,
            )
        )
        changes.append(tell(_paid(shown), at=at))
    else:
        changes.append(tell(_placed(shown), at=at))
        if asked.kind != "dine_in":
            due_at = at + timedelta(minutes=where.program.hold_minutes)
            changes.append(
                schedule(EXPIRE_UNPAID, {"order_id": asked.id}, due_at=due_at, once=f"{EXPIRE_UNPAID}:{asked.id}")
            )
    return shown, changes


def _points(
    asked: PlaceOrder, uses: list[ledger.LotUse], *, earned: int, actor: Actor, today: date, where: Place
) -> list[Change]:
    cause = ledger.Cause(asked.id, asked.member_id or "", actor.id, today, where.at, asked.id)
    if asked.cash:
        return [*ledger.spend(cause, uses), *ledger.earn(cause, earned)]
    expires_at = where.at + timedelta(minutes=where.program.hold_minutes)
    return ledger.set_aside(cause, uses, hold_id=derived_id(asked.id, "hold"), expires_at=expires_at)


def _shown(
    asked: PlaceOrder, chosen: Sequence[menu.Chosen], priced: pricing.Priced, *, earned: int, today: date, at: datetime
) -> OrderView:
    return OrderView(
        id=asked.id,
        store_id=asked.store_id,
        member_id=asked.member_id,
        kind=asked.kind,
        channel=asked.channel,
        table_id=asked.table_id,
        state="placed",
        pay_state="paid" if asked.cash else "unpaid",
        list_fen=priced.list_fen,
        member_saving_fen=priced.member_saving_fen,
        coupon_id=priced.coupon_id,
        coupon_fen=priced.coupon_fen,
        points=priced.points,
        points_fen=priced.points_fen,
        due_fen=priced.due_fen,
        refunded_fen=0,
        points_earned=earned,
        reasons=priced.reasons,
        note=asked.note,
        version=1,
        business_date=today,
        placed_at=at,
        paid_at=at if asked.cash else None,
        lines=[
            LineView(
                each.line_no, 1, each.sku_id, what.name, each.qty, each.list_fen, each.unit_fen, each.coupon_fen, each.points_fen,
                each.due_fen, 0, what.choice,
            )
            for each, what in zip(priced.lines, chosen, strict=True)
        ],
    )  # fmt: skip


def _order_row(shown: OrderView, *, actor: Actor, mark: str) -> Change:
    row = msgspec.structs.asdict(shown)
    del row["lines"]
    row["reasons"] = _json(shown.reasons)
    return NEW_ORDER(**row, placed_by=actor.id, fingerprint=mark, source="", external_no=None)


def _line_row(order_id: str, each: LineView) -> dict[str, Any]:
    return msgspec.structs.asdict(each) | {"order_id": order_id, "choice": _json(each.choice)}


def _json(value: Any) -> str:
    return _encode(value).decode()


_encode = msgspec.json.Encoder().encode


def _lines(shown: OrderView) -> list[OrderLine]:
    return [OrderLine(each.line_no, each.sku_id, each.qty, each.due_fen) for each in shown.lines]


def _paid(shown: OrderView) -> OrderPaid:
    return OrderPaid(
        order_id=shown.id,
        stream=shown.member_id or shown.id,
        store_id=shown.store_id,
        member_id=shown.member_id,
        kind=shown.kind,
        channel=shown.channel,
        table_id=shown.table_id,
        paid_fen=shown.due_fen,
        points_spent=shown.points,
        points_earned=shown.points_earned,
        coupon_id=shown.coupon_id,
        business_date=shown.business_date,
        lines=_lines(shown),
    )


def _placed(shown: OrderView) -> OrderPlaced:
    return OrderPlaced(
        order_id=shown.id,
        stream=shown.member_id or shown.id,
        store_id=shown.store_id,
        member_id=shown.member_id,
        kind=shown.kind,
        channel=shown.channel,
        table_id=shown.table_id,
        due_fen=shown.due_fen,
        business_date=shown.business_date,
        lines=_lines(shown),
    )
