"""The open bill of a table: more rounds, the bill with coupon and points, and opening it again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from sqlalchemy import select, update

from goodtaste.events.ordering import RoundAdded
from goodtaste.kernel.auth import SYSTEM, Actor
from goodtaste.kernel.db import GuardBroken, Id, Int, Query, Read, Steps, Str, change, first, insert, par, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import derived_id, fingerprint, same_or_taken
from goodtaste.kernel.input import Count, Fen, Input, Positive
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.outbox import tell
from goodtaste.ledger import api as ledger
from goodtaste.member import api as members
from goodtaste.menu import api as menu
from goodtaste.ordering import coupons, facts, held
from goodtaste.ordering.coupons import Wanted
from goodtaste.ordering.lines import line_row, line_view
from goodtaste.ordering.orders import (
    NEW_LINES,
    LineRow,
    OrderRow,
    OrderView,
    coupons_text,
    may_see,
    read,
    reasons_text,
    view,
)
from goodtaste.ordering.place import Place, PriceChanged, free_later
from goodtaste.ordering.tables import line, order, round_
from goodtaste.pricing import api as pricing
from goodtaste.promo import api as promo

ROUNDS_MAX = 50


class NotOpen(Refusal):
    """Raised when a bill is to be changed that is paid, cancelled, or has its coupon and points on it.  Facts: `order_id`."""

    code = "ordering.bill_not_open"


class Changed(Refusal):
    """Raised when an order has changed since the sender saw it.  Facts: `order_id`, `version` (the present one)."""

    code = "ordering.changed"
    guards = ("ordering_order_moved", "ordering_round_once")


class AddRound(Input, frozen=True):
    """What is sent to order more on an open bill.  Rounds of several phones follow each other in the order they come."""

    id: IdText
    lines: Annotated[tuple[menu.Choice, ...], msgspec.Meta(min_length=1, max_length=pricing.LINES_MAX)]


class Bill(Wanted, frozen=True, kw_only=True):
    """What is sent to put coupons and points on a bill before it is paid."""

    version: Positive
    seen_due_fen: Fen
    points: Count = 0


_OPEN = (
    order.c.id == par("order_id", Id),
    order.c.version == par("seen", Int),
    order.c.pay_state == "unpaid",
    order.c.state != "cancelled",
)
GROWN = change(
    update(order)
    .where(*_OPEN)
    .values(
        version=order.c.version + 1,
        list_fen=par("list_fen", Int),
        member_saving_fen=par("member_saving_fen", Int),
        due_fen=par("due_fen", Int),
        reasons=par("reasons", Str),
    ),
    guard="ordering_order_moved",
)
BILLED = change(
    update(order)
    .where(*_OPEN)
    .values(
        version=order.c.version + 1,
        coupons=par("coupons", Str),
        coupon_fen=par("coupon_fen", Int),
        points=par("points", Int),
        points_fen=par("points_fen", Int),
        due_fen=par("due_fen", Int),
        hold_id=par("hold_id", Id),
        reasons=par("reasons", Str),
    ),
    guard="ordering_order_moved",
)
SHARED = change(
    update(line)
    .where(line.c.order_id == par("order_id", Id), line.c.line_no == par("line_no", Int))
    .values(coupon_fen=par("coupon_fen", Int), points_fen=par("points_fen", Int), due_fen=par("due_fen", Int)),
    guard="ordering_line_gone",
)


class _Round(msgspec.Struct, frozen=True):
    fingerprint: str


ROUND = Read(select(round_.c.fingerprint).where(round_.c.id == par("id", Id)), _Round)
NEW_ROUND = insert(round_)

_reasons = msgspec.json.Decoder(list[pricing.Reason])


def _open(found: OrderRow) -> None:
    if found.pay_state != "unpaid" or found.state == "cancelled" or found.coupon_ids or found.hold_id:
        raise NotOpen(order_id=found.id)


@script
def add_round(order_id: str, asked: AddRound, *, actor: Actor, where: Place) -> Steps[OrderView]:
    """Order more on an open bill, once per `asked.id`, whoever at the table sends it."""
    mark = fingerprint([order_id, asked])
    (found, lines), known = (yield from read(order_id)), (yield from first(ROUND(id=asked.id)))
    found = may_see(actor, found, order_id, permission="order.place")
    if known:
        same_or_taken(known.fingerprint, mark, id_=asked.id)
        return view(found, lines)
    _open(found)
    if len(lines) + len(asked.lines) > pricing.LINES_MAX or lines[-1].round >= ROUNDS_MAX:
        raise NotOpen(order_id=order_id)
    chosen = where.book.choose(
        asked.lines,
        store_id=found.store_id,
        channel=found.channel,
        zone=where.calendar.zone,
        at=where.at,
        first_line=lines[-1].line_no + 1,
    )
    context = pricing.Context(found.store_id, found.channel, where.at, is_member=found.member_id is not None)
    priced = pricing.price([c.line for c in chosen], context)
    number = lines[-1].round + 1
    shown = [line_view(p, c, round_=number) for p, c in zip(priced.lines, chosen, strict=True)]
    wanted = menu.total(c.takes for c in chosen)
    grown = {
        "list_fen": found.list_fen + priced.list_fen,
        "member_saving_fen": found.member_saving_fen + priced.member_saving_fen,
        "due_fen": found.due_fen + priced.due_fen,
        "reasons": reasons_text([*_reasons.decode(found.reasons), *priced.reasons]),
    }
    try:
        yield [
            NEW_ROUND(id=asked.id, order_id=order_id, number=number, actor_id=actor.id, fingerprint=mark, at=where.at),
            GROWN(order_id=order_id, seen=found.version, **grown),
            NEW_LINES.many([line_row(order_id, s, c.takes) for s, c in zip(shown, chosen, strict=True)]),
            menu.take(found.store_id, wanted),
            tell(_round(found, number, shown, grown["due_fen"]), at=where.at),
        ]
    except GuardBroken as broken:
        if broken.name in menu.STOCK_GUARDS:
            raise (yield from menu.explain(found.store_id, wanted)) from broken
        raise
    after = msgspec.structs.replace(found, version=found.version + 1, **grown)
    before = view(after, lines)
    return msgspec.structs.replace(before, lines=[*before.lines, *shown])


def _round(found: OrderRow, number: int, shown: Sequence[Any], due_fen: Any) -> RoundAdded:
    return RoundAdded(
        order_id=found.id,
        stream=facts.stream(found),
        store_id=found.store_id,
        member_id=found.member_id,
        round=number,
        due_fen=due_fen,
        lines=facts.told_lines(shown),
    )


@script
def bill(order_id: str, asked: Bill, *, actor: Actor, where: Place) -> Steps[OrderView]:
    """Put a coupon and points on an open bill: they are held until it is paid, cancelled or opened again.

    Sent again it gives the same bill, for as long as nothing else has happened to it.
    """
    found, lines = yield from read(order_id)
    found = may_see(actor, found, order_id, permission="order.place")
    if _is_billed(found, asked):
        return view(found, lines)
    _open(found)
    if found.version != asked.version:
        raise Changed(order_id=order_id, version=found.version)
    if found.member_id is None:
        raise NotOpen(order_id=order_id)
    held_by_member, balances, lots = yield from _at_hand(found.member_id, asked, where)
    at_hand = coupons.at_hand(asked, held_by_member, member_id=found.member_id)
    ledger.may_spend(balances, min(asked.points, balances.available))
    priced = pricing.price(
        [_as_line(each, where.book) for each in lines],
        _context(found, asked, balances, where),
        at_hand,
    )
    coupons.all_apply(asked, priced)
    if priced.due_fen != asked.seen_due_fen:
        raise PriceChanged(seen_fen=asked.seen_due_fen, due_fen=priced.due_fen, priced=msgspec.to_builtins(priced))
    uses = yield from ledger.find_lots(found.member_id, priced.points, today=where.today, found=lots)
    hold_id = derived_id(order_id, f"hold{found.version}") if uses else None
    billed = {
        "coupons": coupons_text(coupons.of_price(priced)),
        "coupon_fen": priced.coupon_fen,
        "points": priced.points,
        "points_fen": priced.points_fen,
        "due_fen": priced.due_fen,
        "hold_id": hold_id,
        "reasons": reasons_text([*_reasons.decode(found.reasons), *_of_the_bill(priced)]),
    }
    changes = [
        BILLED(order_id=order_id, seen=found.version, **billed),
        SHARED.many([_share(order_id, each) for each in priced.lines]),
        *(
            promo.hold(each, member_id=found.member_id, order_id=order_id, saved_fen=saved_fen, at=where.at)
            for each, saved_fen in coupons.of_price(priced).items()
        ),
        *coupons.at_store(coupons.of_price(priced), held_by_member, store_id=found.store_id),
    ]
    if hold_id:
        cause = ledger.Cause(hold_id, found.member_id, actor.id, where.today, where.at, order_id)
        expires_at = where.at + where.bill_hold
        changes += ledger.set_aside(cause, uses, hold_id=hold_id, expires_at=expires_at)
    if hold_id or at_hand:
        changes.append(free_later(order_id, where))
    yield changes
    return _billed_view(found, lines, billed, {each.line_no: each for each in priced.lines})


def _is_billed(found: OrderRow, asked: Bill) -> bool:
    return (found.version, {*found.coupon_ids}, found.due_fen, found.points > 0) == (
        asked.version + 1,
        {*asked.coupons},
        asked.seen_due_fen,
        asked.points > 0,
    )


def _at_hand(
    member_id: str, asked: Bill, where: Place
) -> Steps[tuple[list[promo.Held], ledger.Balances, list[ledger.Lot]]]:
    queries: list[Query[Any]] = [
        members.standing(member_id),
        ledger.READ_BALANCES(owner_id=member_id),
        ledger.LOTS(account_id=ledger.account_of(member_id, "member"), today=where.today, skip=0),
        promo.by_ids(asked.coupons),
    ]
    standings, balances, lots, found = yield queries
    members.known(standings, member_id, redeems=bool(asked.coupons or asked.points))
    return found, ledger.as_balances(balances)[ledger.POINTS], lots


def _context(found: OrderRow, asked: Bill, balances: ledger.Balances, where: Place) -> pricing.Context:
    rate = pricing.PointsRate(where.program.fen_per_100_points, where.program.offset_cap_bp)
    return pricing.Context(found.store_id, found.channel, where.at, True, balances.available, asked.points, rate)


def _as_line(each: LineRow, book: menu.MenuBook) -> pricing.Line:
    """A line keeps the prices at which it was ordered."""
    sku = book.sku.get(each.sku_id)
    return pricing.Line(each.line_no, each.sku_id, sku.dish_id if sku else "", each.qty, each.list_fen, each.unit_fen)


def _of_the_bill(priced: pricing.Priced) -> list[pricing.Reason]:
    return [reason for reason in priced.reasons if reason.line_no is None]


def _share(order_id: str, each: pricing.PricedLine) -> dict[str, Any]:
    shares = {"coupon_fen": each.coupon_fen, "points_fen": each.points_fen, "due_fen": each.due_fen}
    return {"order_id": order_id, "line_no": each.line_no, **shares}


def _billed_view(
    found: OrderRow, lines: Sequence[LineRow], billed: dict[str, Any], shares: dict[int, pricing.PricedLine]
) -> OrderView:
    after = msgspec.structs.replace(found, version=found.version + 1, **billed)
    return view(
        after,
        [
            msgspec.structs.replace(
                each,
                coupon_fen=shares[each.line_no].coupon_fen,
                points_fen=shares[each.line_no].points_fen,
                due_fen=shares[each.line_no].due_fen,
            )
            for each in lines
        ],
    )


@script
def open_again(order_id: str, *, actor: Actor, where: Place) -> Steps[OrderView]:
    """Take coupons and points off a bill that is not paid, so that more can be ordered; what was held comes back."""
    found, lines = yield from read(order_id)
    found = may_see(actor, found, order_id, permission="order.place")
    if found.pay_state != "unpaid" or found.state == "cancelled":
        raise NotOpen(order_id=order_id)
    if not found.coupon_ids and not found.hold_id:
        return view(found, lines)
    bare = {
        "coupons": coupons_text({}),
        "coupon_fen": 0,
        "points": 0,
        "points_fen": 0,
        "due_fen": found.due_fen + found.coupon_fen + found.points_fen,
        "hold_id": None,
        "reasons": reasons_text([r for r in _reasons.decode(found.reasons) if r.line_no is not None]),
    }
    freed = yield from held.free(found, actor=actor, where=where)
    shares = {each.line_no: {"coupon_fen": 0, "points_fen": 0, "due_fen": each.unit_fen * each.qty} for each in lines}
    yield [
        BILLED(order_id=order_id, seen=found.version, **bare),
        SHARED.many([{"order_id": order_id, "line_no": no, **share} for no, share in shares.items()]),
        *freed,
    ]
    after = msgspec.structs.replace(found, version=found.version + 1, **bare)
    return view(after, [msgspec.structs.replace(each, **shares[each.line_no]) for each in lines])


@script
def free_held(order_id: str, *, where: Place) -> Steps[bool]:
    """Open a bill again that nobody has paid in time, so that its member has coupon and points back; the bill itself stands.

    Tell whether it has to be looked at again, because it is being paid.  What was put on it later has a time of its own.
    """
    found, _ = yield from read(order_id)
    if found is None or found.pay_state not in ("unpaid", "paying") or found.state == "cancelled":
        return False
    until = yield from held.until(found, where=where)
    if until is None or until > where.at:
        return False
    if found.pay_state == "paying":
        return True
    yield from open_again(order_id, actor=SYSTEM, where=where)
    return False
