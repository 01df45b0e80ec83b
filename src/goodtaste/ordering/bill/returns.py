"""Pieces taken off a bill before it is paid: what is held is voided by any waiter, what was fired is returned with an approval."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import select

from goodtaste.events.ordering import LinesReturned
from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor, NotAllowed
from goodtaste.kernel.db import Change, Id, Read, Steps, insert, par, rows, script, together
from goodtaste.kernel.ids import derived_id, fingerprint
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.input import Reason
from goodtaste.kernel.made import is_same, made_before, remember
from goodtaste.kernel.outbox import Event, tell
from goodtaste.ordering import facts
from goodtaste.ordering.bill.pieces import Seen, SomePieces, by_line
from goodtaste.ordering.bill_price import Coming, Repriced, read_at_hand, reprice
from goodtaste.ordering.lines import portions
from goodtaste.ordering.open_bill import NONE, Changed, gifts_told, still_open
from goodtaste.ordering.orders import LINES, ORDER, LineRow, OrderRow, OrderView, may_see, read, view
from goodtaste.ordering.spot import Place
from goodtaste.ordering.tables import return_

PERMISSION = "order.return"


class TakeOff(Seen, frozen=True):
    """What is sent to take pieces off an unpaid bill.  Those that were fired are waste, unless `restock` puts them on sale again."""

    id: IdText
    pieces: SomePieces
    reason: Reason
    restock: bool = False


class Off(msgspec.Struct, frozen=True):
    """Pieces of a line that go: so many that were held, so many that were fired; `after` is the line without them."""

    line: LineRow
    voided: int
    returned: int

    @property
    def after(self) -> LineRow:
        """The line without them."""
        return msgspec.structs.replace(
            self.line,
            qty=self.line.qty - self.voided - self.returned,
            held_qty=max(0, self.line.held_qty - self.voided),
            voided_qty=self.line.voided_qty + self.voided,
            returned_qty=self.line.returned_qty + self.returned,
        )


class ReturnView(msgspec.Struct, frozen=True):
    """Pieces that were taken off a bill."""

    act_id: str
    dish_id: str
    voided_qty: int
    returned_qty: int
    restock: bool
    reason: str
    actor_id: str
    approved_by: str | None


RETURN = insert(return_)
OF_ORDER = Read(
    select(*[return_.c[name] for name in ReturnView.__struct_fields__])
    .where(return_.c.order_id == par("order_id", Id))
    .order_by(return_.c.at, return_.c.id),
    ReturnView,
)


@script
def take_off(order_id: str, asked: TakeOff, *, actor: Actor, approved_by: str | None, where: Place) -> Steps[OrderView]:
    """Take pieces off an unpaid bill, once per `asked.id`; `approved_by` is who let a person without the permission return fired ones.

    Held pieces go first, and are on sale again.  Refuses `NotAllowed` where fired ones go and nobody approved, `NoSuchPieces`, `NotOpen`,
    and `Changed` where somebody else was quicker.
    """
    mark = fingerprint([order_id, asked])
    orders, lines, before = yield from together(
        ORDER(order_id=order_id), LINES(order_id=order_id), made_before(asked.id)
    )
    found = may_see(actor, orders[0] if orders else None, order_id, permission="order.place")
    if is_same(before, mark):
        return view(found, lines)
    if found.version != asked.version:
        raise Changed(order_id=order_id, version=found.version)
    still_open(found)
    off = [_off(found, each, qty) for each, qty in by_line(found, lines, asked.pieces)]
    if any(each.returned for each in off) and not approved_by and not actor.can(PERMISSION, store_id=found.store_id):
        raise NotAllowed(permission=PERMISSION)
    after = {each.line.line_no: each.after for each in off}
    back = portions((each.line, each.voided + (each.returned if asked.restock else 0)) for each in off)
    at_hand = yield from read_at_hand(found, NONE, points=0, donation_fen=found.donation_fen, where=where)
    stays = [after.get(each.line_no, each) for each in lines]
    repriced = reprice(
        found, stays, Coming(back=back), asked=NONE, points=0, at_hand=at_hand, hold_id=None, where=where
    )
    yield [
        *repriced.changes,
        *_written(found, asked, off, actor=actor, approved_by=approved_by, where=where),
        remember(asked.id, mark),
        tell(*_told(found, asked, off, repriced), at=where.at),
    ]
    return repriced.view


def _off(found: OrderRow, each: LineRow, qty: int) -> Off:
    if not facts.sent(found):
        return Off(each, qty, 0)
    voided = min(qty, each.held_qty)
    return Off(each, voided, qty - voided)


def _written(
    found: OrderRow, asked: TakeOff, off: Sequence[Off], *, actor: Actor, approved_by: str | None, where: Place
) -> list[Change]:
    made = [
        {
            "id": derived_id(asked.id, each.line.dish_id),
            "act_id": asked.id,
            "order_id": found.id,
            "dish_id": each.line.dish_id,
            "voided_qty": each.voided,
            "returned_qty": each.returned,
            "restock": asked.restock,
            "reason": asked.reason,
            "actor_id": actor.id,
            "approved_by": approved_by,
            "business_date": where.today,
            "at": where.at,
        }
        for each in off
    ]
    returned = [
        {"dish_id": each.line.dish_id, "name": each.line.name, "qty": each.returned} for each in off if each.returned
    ]
    if not returned:
        return [RETURN.many(made)]
    note = audit.note(
        actor,
        "ordering.returned",
        subject=f"order/{found.id}",
        store_id=found.store_id,
        reason=asked.reason,
        at=where.at,
        pieces=returned,
        restock=asked.restock,
        approved_by=approved_by,
    )
    return [RETURN.many(made), note]


def _told(found: OrderRow, asked: TakeOff, off: Sequence[Off], repriced: Repriced) -> list[Event]:
    pieces = [
        facts.returned(each.line, qty, from_held=held)
        for each in off
        for qty, held in ((each.voided, True), (each.returned, False))
        if qty
    ]
    told = LinesReturned(
        order_id=found.id, stream=facts.stream(found), store_id=found.store_id, lines=pieces, reason=asked.reason
    )
    return [told, *gifts_told(repriced)]


@script
def of_order(order_id: str, *, actor: Actor) -> Steps[list[ReturnView]]:
    """Return what was taken off an order, oldest first."""
    found, _ = yield from read(order_id)
    may_see(actor, found, order_id)
    return (yield from rows(OF_ORDER(order_id=order_id)))
