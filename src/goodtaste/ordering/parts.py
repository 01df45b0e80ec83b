"""Paying a bill in parts, by any mix of tenders, and taking a part back before the bill is paid.

While any part counts the bill is `part_paid` and stands as it is: no round, no coupon, no cancelling.  Whoever would change it takes the
parts back first, so what was paid in parts is always a part of the same amount due.
"""

from __future__ import annotations

import msgspec

from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Change, Steps, first, script, together
from goodtaste.kernel.input import Input, Reason
from goodtaste.kernel.outbox import tell
from goodtaste.ordering import facts
from goodtaste.ordering.asked import PriceChanged
from goodtaste.ordering.orders import OrderView, may_see, read, view
from goodtaste.ordering.pay import NOT_PARTED, PARTED, NotPayable, left_of, mark_paid
from goodtaste.ordering.spot import Place
from goodtaste.org.api import Directory
from goodtaste.payment import api as payments

TAKE_BACK = "payment.take_back"


class TakeBack(Input, frozen=True):
    """What is sent to take a part back."""

    reason: Reason


class Bill(msgspec.Struct, frozen=True):
    """A bill with its parts: what they have brought, what open ones may bring, what is left, each payment,
    and what an app needs to go on."""

    order: OrderView
    captured_fen: int
    pending_fen: int
    left_fen: int
    parts: list[payments.PaymentView]
    action: dict[str, str] = {}


def counter(ctx: Ctx, store_id: str, *, place: Place) -> payments.Counter:
    """Return what the counter of a store knows when it takes a tender."""
    return payments.Counter(
        drawer_id=ctx.actor.terminal_id or store_id,
        meal_limit_fen=ctx.process.settings.staff_meal_fen,
        staff={each.id: each.active for each in ctx.see(Directory).staff.values()},
        today=place.today,
        at=place.at,
    )


async def pay(ctx: Ctx, order_id: str, asked: payments.PayPart, *, place: Place, store_id: str) -> Bill:
    """Pay a part of a bill, once per `asked.id`; with the last part the order is paid.

    Refuses `PriceChanged`, `NotPayable`, `PartTooLarge`, and what the tender refuses.
    A wallet that does not answer is asked until it does.
    """
    gateways = ctx.part(payments.Gateways)
    known = counter(ctx, store_id, place=place)
    begun = await ctx.run(begin(order_id, asked, actor=ctx.actor, gateways=gateways, counter=known, place=place))
    action = {}
    if begun.payment.is_open:
        started = payments.Started(begun.payment, begun.changes)
        charged = await payments.charge(ctx, started, payments.as_pay(asked), description=f"order {order_id}")
        action = dict(charged.action)
    shown = await ctx.query(of_order(order_id, actor=ctx.actor))
    return msgspec.structs.replace(shown, action=action)


@script
def begin(
    order_id: str,
    asked: payments.PayPart,
    *,
    actor: Actor,
    gateways: payments.Gateways,
    counter: payments.Counter,
    place: Place,
) -> Steps[payments.PartBegun]:
    """Begin a part of a bill, once per `asked.id`, before anybody outside is asked.  Refuses as `pay` does."""
    found, lines = yield from read(order_id)
    found = may_see(actor, found, order_id, permission="payment.take")
    if (yield from first(payments.one(asked.id))) is None:
        if found.pay_state not in ("unpaid", "part_paid") or found.state == "cancelled":
            raise NotPayable(order_id=order_id, state=found.state, pay_state=found.pay_state)
        if found.due_fen != asked.seen_due_fen:
            raise PriceChanged(seen_fen=asked.seen_due_fen, due_fen=found.due_fen, priced=None)
    begun = yield from payments.begin_part(
        asked,
        order_id=order_id,
        store_id=found.store_id,
        stream=facts.stream(found),
        gateways=gateways,
        actor=actor.id,
        counter=counter,
    )
    if not begun.changes:
        return begun
    changes: list[Change] = begun.changes
    if begun.split:
        changes = [*changes, tell(facts.parts_changed(begun.payment, begun.split), at=place.at)]
    if begun.split and begun.split.is_paid:
        _, paid = yield from mark_paid(found, lines, actor=actor, where=place)
        changes = [*changes, *paid]
    elif found.pay_state == "unpaid":
        changes = [*changes, PARTED(order_id=order_id, seen=found.version)]
    yield changes
    return begun


async def take_back(
    ctx: Ctx, order_id: str, payment_id: str, asked: TakeBack, *, approved_by: str | None, place: Place
) -> Bill:
    """Take a part of a bill back that is not paid: all of it goes back by the way it came, once.

    One that is open is ended at its gateway, and counts until that has said so.  Refuses `PaymentUnknown`, `NotPayable`.
    """
    refunds = await ctx.run(
        _take_back(order_id, payment_id, asked, actor=ctx.actor, approved_by=approved_by, place=place)
    )
    if refunds:
        await payments.give_back_of(ctx, payment_id)
    return await ctx.query(of_order(order_id, actor=ctx.actor))


@script
def _take_back(
    order_id: str, payment_id: str, asked: TakeBack, *, actor: Actor, approved_by: str | None, place: Place
) -> Steps[bool]:
    found, _ = yield from read(order_id)
    found = may_see(actor, found, order_id, permission="payment.take" if approved_by else TAKE_BACK)
    parts, splits = yield from together(payments.one(payment_id), payments.split_of(order_id))
    part = parts[0] if parts else None
    if part is None or part.order_id != order_id:
        raise payments.PaymentUnknown(payment_id=payment_id)
    if part.part_of is None and part.refunded_fen == part.amount_fen:
        return False
    if found.pay_state != "part_paid" or part.part_of is None:
        raise NotPayable(order_id=order_id, state=found.state, pay_state=found.pay_state)
    after, changes = payments.take_back(
        part,
        splits[0] if splits else None,
        reason=asked.reason,
        drawer_id=actor.terminal_id or found.store_id,
        today=place.today,
        at=place.at,
    )
    written = audit.note(
        actor,
        "payment.taken_back",
        subject=f"payment/{payment_id}",
        at=place.at,
        store_id=found.store_id,
        reason=asked.reason,
        order_id=order_id,
        method=part.method,
        amount_fen=part.amount_fen,
        approved_by=approved_by,
    )
    told = tell(facts.parts_changed(part, after), at=place.at)
    yield [*changes, *([NOT_PARTED(order_id=order_id)] if after.is_empty else []), written, told]
    return not part.is_open


@script
def of_order(order_id: str, *, actor: Actor) -> Steps[Bill]:
    """Return a bill with its parts, to whom it belongs."""
    found, lines = yield from read(order_id)
    found = may_see(actor, found, order_id, permission="payment.take")
    split = yield from first(payments.split_of(order_id))
    shown = yield from payments.of_order(order_id)
    sums = split or payments.Split(order_id, found.due_fen, 0, 0)
    return Bill(
        order=view(found, lines),
        captured_fen=sums.captured_fen,
        pending_fen=sums.pending_fen,
        left_fen=left_of(found, split),
        parts=shown,
    )
