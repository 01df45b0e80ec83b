"""Cancelling an order that was not paid: everything it took and held goes back."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import update

from goodtaste.events.ordering import OrderCancelled, ReturnedLine
from goodtaste.kernel import audit
from goodtaste.kernel.auth import SYSTEM, Actor, NotAllowed
from goodtaste.kernel.db import Change, Id, Int, Steps, change, insert, par, script
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.ids import new_id
from goodtaste.kernel.input import Input, Reason
from goodtaste.kernel.outbox import tell
from goodtaste.menu import api as menu
from goodtaste.ordering import facts, held, rules
from goodtaste.ordering.lines import portions
from goodtaste.ordering.orders import LineRow, OrderRow, OrderView, may_see, read, view
from goodtaste.ordering.pay import no_parts
from goodtaste.ordering.place_rows import free_later
from goodtaste.ordering.spot import Place
from goodtaste.ordering.tables import order, step

TIMED_OUT = "not paid in time"


class RefundInstead(Refusal):
    """Raised when a paid order is to be cancelled: its money must go back.  Facts: `order_id`."""

    code = "ordering.refund_instead"


class BeingPaid(Refusal):
    """Raised when an order is to be cancelled while a wallet is asked for its money.  Facts: `order_id`."""

    code = "ordering.being_paid"


class Cancel(Input, frozen=True):
    """What is sent to cancel an order."""

    reason: Reason


CANCELLED = change(
    update(order)
    .where(
        order.c.id == par("order_id", Id),
        order.c.version == par("seen", Int),
        order.c.pay_state == "unpaid",
        order.c.state != "cancelled",
    )
    .values(state="cancelled", version=order.c.version + 1, hold_id=None),
    guard="ordering_order_moved",
)
STEP = insert(step)


@script
def cancel(order_id: str, asked: Cancel, *, actor: Actor, where: Place) -> Steps[OrderView]:
    """Cancel an unpaid order; cancelling it again changes nothing.

    A member, and a kiosk, may cancel their own until it is accepted; staff with `order.cancel` until it is made.
    Refuses `RefundInstead` for a paid one, `BeingPaid` while a payment is under way, `WrongState` once it is too late.
    """
    found, lines = yield from read(order_id)
    found = may_see(actor, found, order_id, permission="order.cancel")
    if found.state == "cancelled":
        return view(found, lines)
    no_parts(found)
    if found.pay_state == "paying":
        raise BeingPaid(order_id=order_id)
    if found.pay_state != "unpaid":
        raise RefundInstead(order_id=order_id)
    if actor.kind in ("member", "terminal") and found.state != "placed":
        raise NotAllowed(permission="order.cancel")
    if found.pay_first:
        rules.advance(order_id, kind=found.kind, state=found.state, to="cancelled")
    freed = yield from held.free(found, actor=actor, where=where)
    offers = yield from held.offers(found)
    yield [
        CANCELLED(order_id=order_id, seen=found.version),
        menu.give_back(found.store_id, portions((line, line.qty) for line in lines)),
        *freed,
        *offers,
        *_noted(found, asked.reason, actor, where),
        STEP(
            id=new_id(),
            order_id=order_id,
            from_state=found.state,
            to_state="cancelled",
            actor_kind=actor.kind,
            actor_id=actor.id,
            reason=asked.reason,
            at=where.at,
        ),
        tell(
            OrderCancelled(
                order_id=order_id,
                stream=facts.stream(found),
                store_id=found.store_id,
                member_id=found.member_id,
                reason=asked.reason,
                returned=_fired(found, lines),
            ),
            at=where.at,
        ),
    ]
    return view(msgspec.structs.replace(found, state="cancelled", version=found.version + 1, hold_id=None), lines)


def _fired(found: OrderRow, lines: Sequence[LineRow]) -> tuple[ReturnedLine, ...]:
    if not facts.sent(found):
        return ()
    fired = [(each, each.qty - each.held_qty) for each in lines]
    return tuple(facts.returned(each, qty, from_held=False) for each, qty in fired if qty)


def _noted(found: OrderRow, reason: str, actor: Actor, where: Place) -> list[Change]:
    """A person of the staff answers for a bill that they cancel."""
    if actor.kind != "staff":
        return []
    subject, facts = f"order/{found.id}", {"due_fen": found.due_fen}
    return [
        audit.note(
            actor, "ordering.cancelled", subject=subject, store_id=found.store_id, reason=reason, at=where.at, **facts
        )
    ]


@script
def expire(order_id: str, *, where: Place) -> Steps[bool]:
    """Cancel an order whose time to be paid is over; tell whether it has to be looked at again, because it is being paid.

    One that is being made, or was handed over, stays: the staff have chosen to be paid later.  What it holds of its member it keeps
    for as long as the bill of a table does.
    """
    found, _ = yield from read(order_id)
    if found is None or found.pay_state not in rules.WAITS:
        return False
    if "cancelled" not in rules.possible(found.kind, found.state):
        if found.coupon_ids or found.hold_id:
            yield [free_later(order_id, where)]
        return False
    if found.pay_state != "unpaid":
        return True
    yield from cancel(order_id, Cancel(reason=TIMED_OUT), actor=SYSTEM, where=where)
    return False
