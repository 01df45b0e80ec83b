"""The open bill of a table: more rounds, the bill with coupon and points, and opening it again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from sqlalchemy import select

from goodtaste.events.ordering import LinesReturned, RoundAdded
from goodtaste.kernel.auth import SYSTEM, Actor
from goodtaste.kernel.db import Change, GuardBroken, Id, Read, Steps, first, insert, par, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import derived_id, fingerprint, same_or_taken
from goodtaste.kernel.input import Count, Fen, Input, Positive
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.outbox import Event, tell
from goodtaste.ledger import api as ledger
from goodtaste.menu import api as menu
from goodtaste.ordering import coupons, facts, held, rules
from goodtaste.ordering.asked import Donation, PriceChanged
from goodtaste.ordering.bill_price import NOTHING, AtHand, Coming, Repriced, read_at_hand, reprice
from goodtaste.ordering.coupons import Wanted
from goodtaste.ordering.orders import LineRow, OrderRow, OrderView, may_see, read, view
from goodtaste.ordering.pay import no_parts
from goodtaste.ordering.place import STALE
from goodtaste.ordering.place_rows import free_later
from goodtaste.ordering.spot import Place
from goodtaste.ordering.tables import round_
from goodtaste.pricing import api as pricing
from goodtaste.promo import api as promo

ROUNDS_MAX = 50
NONE = Wanted()  # no coupons
GIFT_GONE = "the gift does not apply any more"


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
    """What is sent to put coupons, points and a donation on a bill before it is paid."""

    version: Positive
    seen_due_fen: Fen
    points: Count = 0
    donation_fen: Donation = 0


class _Round(msgspec.Struct, frozen=True):
    fingerprint: str


ROUND = Read(select(round_.c.fingerprint).where(round_.c.id == par("id", Id)), _Round)
NEW_ROUND = insert(round_)


def still_open(found: OrderRow) -> None:
    """Refuse `NotOpen` or `HasParts` unless a bill may be changed:
    it is not paid or being paid, and nothing of its member is held on it."""
    no_parts(found)
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
    still_open(found)
    if len(lines) + len(asked.lines) > pricing.LINES_MAX or round_of(lines) >= ROUNDS_MAX:
        raise NotOpen(order_id=order_id)
    chosen = where.book.choose(
        asked.lines,
        store_id=found.store_id,
        channel=found.channel,
        zone=where.calendar.zone,
        at=where.at,
        first_line=lines[-1].line_no + 1 if lines else 1,
    )
    at_hand = yield from read_at_hand(found, NONE, points=0, donation_fen=found.donation_fen, where=where)
    coming = Coming(chosen, owner=asked.id)
    repriced = reprice(found, lines, coming, asked=NONE, points=0, at_hand=at_hand, hold_id=None, where=where)
    number = round_of(lines) + 1
    before = {each.line_no for each in lines}
    shown = [each for each in repriced.lines if each.line_no not in before]
    try:
        yield [
            NEW_ROUND(id=asked.id, order_id=order_id, number=number, actor_id=actor.id, fingerprint=mark, at=where.at),
            *repriced.changes,
            tell(_round(found, number, shown, repriced.after.due_fen), *gifts_gone(repriced), at=where.at),
        ]
    except GuardBroken as broken:
        if broken.name in menu.STOCK_GUARDS:
            raise (yield from menu.explain(found.store_id, repriced.wanted)) from broken
        raise
    return repriced.view


def round_of(lines: Sequence[LineRow]) -> int:
    """Return the number of the last round on a bill."""
    return max([each.round for each in lines], default=0)


def gifts_gone(repriced: Repriced, moved: Sequence[LineRow] = ()) -> list[Event]:
    """Tell the kitchen of the gifts that go with a price, but for those that `moved` to another bill."""
    after, stay = repriced.after, {each.dish_id for each in moved}
    lines = [facts.returned(each, each.qty, from_held=False) for each in repriced.gone if each.dish_id not in stay]
    if not lines or not facts.sent(after):
        return []
    stream = facts.stream(after)
    return [LinesReturned(order_id=after.id, stream=stream, store_id=after.store_id, lines=lines, reason=GIFT_GONE)]


def gifts_told(repriced: Repriced, moved: Sequence[LineRow] = ()) -> list[Event]:
    """Tell the kitchen of the gifts that come and go with a price, but for those that `moved` to another bill."""
    fresh = facts.not_held(repriced.fresh) if facts.sent(repriced.after) else ()
    return [*gifts_gone(repriced, moved), *([facts.lines_fired(repriced.after, fresh)] if fresh else [])]


def told(events: Sequence[Event], where: Place) -> list[Change]:
    """Return the change that tells events, where there are any."""
    return [tell(*events, at=where.at)] if events else []


def _round(found: OrderRow, number: int, shown: Sequence[LineRow], due_fen: int) -> RoundAdded:
    return RoundAdded(
        order_id=found.id,
        stream=facts.stream(found),
        store_id=found.store_id,
        member_id=found.member_id,
        round=number,
        due_fen=due_fen,
        lines=facts.told_lines(shown),
        kind=found.kind,
        channel=found.channel,
        table_id=found.table_id,
        fired=facts.not_held(shown) if facts.sent(found) else (),
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
    still_open(found)
    if found.version != asked.version:
        raise Changed(order_id=order_id, version=found.version)
    if found.member_id is None and (asked.coupons or asked.points):
        raise NotOpen(order_id=order_id)
    at_hand = yield from _for_bill(found, asked, where)
    ledger.may_spend(at_hand.balances, min(asked.points, at_hand.balances.available))
    hold_id = derived_id(order_id, f"hold{found.version}")
    repriced = _agreed(found, lines, asked, at_hand, hold_id=hold_id, where=where)
    changes = [*repriced.changes, *_held(found, repriced, at_hand, where), *told(gifts_told(repriced), where)]
    if repriced.after.hold_id and found.member_id:
        uses = yield from ledger.find_lots(
            found.member_id, repriced.priced.points, today=where.today, found=list(at_hand.lots)
        )
        cause = ledger.Cause(hold_id, found.member_id, actor.id, where.today, where.at, order_id)
        changes += ledger.set_aside(cause, uses, hold_id=hold_id, expires_at=where.at + where.bill_hold)
    try:
        yield changes
    except GuardBroken as broken:
        if broken.name in STALE:
            now = msgspec.structs.replace(where, offers=(yield from promo.read_live(at=where.at)))
            again = yield from _for_bill(found, asked, now)
            _agreed(found, lines, asked, again, hold_id=hold_id, where=now)
        raise
    return repriced.view


def _for_bill(found: OrderRow, asked: Bill, where: Place) -> Steps[AtHand]:
    return (yield from read_at_hand(found, asked, points=asked.points, donation_fen=asked.donation_fen, where=where))


def _agreed(
    found: OrderRow, lines: Sequence[LineRow], asked: Bill, at_hand: AtHand, *, hold_id: str, where: Place
) -> Repriced:
    """Return the bill with what is put on it; refuses a coupon that does not apply, and a price other than the one that was seen."""
    repriced = reprice(
        found, lines, NOTHING, asked=asked, points=asked.points, at_hand=at_hand, hold_id=hold_id, where=where
    )
    priced = repriced.priced
    coupons.all_apply(asked, priced, at_hand.coupons)
    if priced.due_fen != asked.seen_due_fen:
        raise PriceChanged(seen_fen=asked.seen_due_fen, due_fen=priced.due_fen, priced=msgspec.to_builtins(priced))
    return repriced


def _held(found: OrderRow, repriced: Repriced, at_hand: AtHand, where: Place) -> list[Change]:
    """Hold the coupons of a bill, and have what it holds looked at when the time to keep it is over."""
    used = coupons.of_price(repriced.priced)
    held = [
        promo.hold(each, member_id=found.member_id, order_id=found.id, saved_fen=saved_fen, at=where.at)
        for each, saved_fen in used.items()
    ]
    held += coupons.at_store(used, at_hand.coupons, store_id=found.store_id)
    return [*held, free_later(found.id, where)] if held or repriced.after.hold_id else held


def _is_billed(found: OrderRow, asked: Bill) -> bool:
    return (found.version, {*found.coupon_ids}, found.due_fen, found.points > 0, found.donation_fen) == (
        asked.version + 1,
        {*asked.coupons},
        asked.seen_due_fen,
        asked.points > 0,
        asked.donation_fen,
    )


@script
def open_again(order_id: str, *, actor: Actor, where: Place) -> Steps[OrderView]:
    """Take coupons and points off a bill that is not paid, so that more can be ordered; what was held comes back."""
    found, lines = yield from read(order_id)
    found = may_see(actor, found, order_id, permission="order.place")
    no_parts(found)
    if found.pay_state != "unpaid" or found.state == "cancelled":
        raise NotOpen(order_id=order_id)
    if not found.coupon_ids and not found.hold_id:
        return view(found, lines)
    at_hand = yield from read_at_hand(found, NONE, points=0, donation_fen=found.donation_fen, where=where)
    repriced = reprice(found, lines, NOTHING, asked=NONE, points=0, at_hand=at_hand, hold_id=None, where=where)
    freed = yield from held.free(found, actor=actor, where=where)
    yield [*repriced.changes, *freed, *told(gifts_told(repriced), where)]
    return repriced.view


@script
def free_held(order_id: str, *, where: Place) -> Steps[bool]:
    """Open a bill again that nobody has paid in time, so that its member has coupon and points back; the bill itself stands.

    Tell whether it has to be looked at again, because it is being paid.  What was put on it later has a time of its own.
    """
    found, _ = yield from read(order_id)
    if found is None or found.pay_state not in rules.WAITS or found.state == "cancelled":
        return False
    until = yield from held.until(found, where=where)
    if until is None or until > where.at:
        return False
    if found.pay_state != "unpaid":
        return True
    yield from open_again(order_id, actor=SYSTEM, where=where)
    return False
