"""Two unpaid bills made one: everything goes to the other, and the one that is empty then is closed."""

from __future__ import annotations

import msgspec
from sqlalchemy import update

from goodtaste.events.ordering import OrderCancelled
from goodtaste.kernel import audit
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Change, Id, Int, Steps, change, par, script
from goodtaste.kernel.ids import fingerprint
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.input import Positive
from goodtaste.kernel.made import is_same, remember
from goodtaste.kernel.outbox import tell
from goodtaste.ordering import facts
from goodtaste.ordering.asked import PARTY_MAX
from goodtaste.ordering.bill.moves import (
    BillsApart,
    Moved,
    Side,
    arrived,
    bare,
    fits,
    free_of_discounts,
    one_batch,
    parted,
    priced,
    read_both,
    side,
    told_moved,
)
from goodtaste.ordering.bill.pieces import NoSuchPieces, Seen
from goodtaste.ordering.bill_price import Coming, Repriced
from goodtaste.ordering.bill_rows import goods_fen
from goodtaste.ordering.kept import kept_of
from goodtaste.ordering.open_bill import gifts_told
from goodtaste.ordering.orders import LineRow, OrderRow, may_see, view
from goodtaste.ordering.progress import step_of
from goodtaste.ordering.spot import Place
from goodtaste.ordering.tables import order
from goodtaste.org.api import NO_FEES
from goodtaste.pricing.api import LINES_MAX

MERGED = "merged"


class Merge(Seen, frozen=True):
    """What is sent to have all of a bill go to another, as both were seen."""

    id: IdText
    to_order_id: IdText
    to_version: Positive


_EMPTY = (
    "list_fen", "member_saving_fen", "offer_fen", "coupon_fen", "hand_fen", "points", "points_fen", "fee_fen", "rounding_fen",
    "donation_fen", "due_fen",
)  # fmt: skip
CLOSED = change(
    update(order)
    .where(
        order.c.id == par("order_id", Id),
        order.c.version == par("seen", Int),
        order.c.pay_state == "unpaid",
        order.c.state != "cancelled",
    )
    .values(
        state="cancelled",
        version=order.c.version + 1,
        went_to=par("went_to", Id),
        coupons="{}",
        reasons="[]",
        applied="",
        **dict.fromkeys(_EMPTY, 0),
    ),
    guard="ordering_order_moved",
)


@script
def merge(order_id: str, asked: Merge, *, actor: Actor, where: Place) -> Steps[Moved]:
    """Move all of an unpaid bill at a table to another, once per `asked.id`, and close it; its people and what it gives go along.

    Refuses `NotOpen` where coupons or points are on one of them, `BillsApart`, `HasDiscount`, and `Changed` where somebody was quicker.
    """
    mark = fingerprint([order_id, asked])
    found, lines, to, to_lines, before, discounts = yield from read_both(order_id, asked.to_order_id, asked.id)
    found = may_see(actor, found, order_id, permission="order.place")
    if is_same(before, mark):
        return Moved(view(found, lines), view(to, to_lines))
    fits(actor, found, to, order_id=asked.to_order_id, seen=(asked.version, asked.to_version))
    if to.split_from == found.id:
        raise BillsApart(order_id=order_id, to_order_id=to.id, why="first")
    free_of_discounts(found, discounts, None)
    gifts = kept_of(found.applied).gifts
    wanted = [(each, each.qty) for each in lines if each.qty and each.line_no not in gifts]
    stays, leaving, came = parted(lines, wanted)
    free = msgspec.structs.replace(where, fees=NO_FEES)
    source = yield from side(msgspec.structs.replace(found, donation_fen=0), stays, free)
    target = yield from side(_joined(found, to), to_lines, where)
    left = priced(source, stays, Coming(leaving=leaving), free)
    there = _taken_up(source, target, left, came, where)
    closed = CLOSED(order_id=order_id, seen=found.version, went_to=to.id)
    yield [
        *one_batch([closed, there.moved], left, there),
        remember(asked.id, mark),
        step_of(found, "cancelled", actor=actor, reason=MERGED, at=where.at),
        _noted(found, to, actor=actor, where=where),
        tell(
            told_moved(found, there.after, [*came, *there.took]),
            *gifts_told(left, there.took),
            *gifts_told(there),
            _cancelled(found),
            at=where.at,
        ),
    ]
    after = msgspec.structs.replace(bare(found), state="cancelled", went_to=to.id, version=found.version + 1)
    return Moved(view(after, left.lines), there.view)


def _joined(found: OrderRow, to: OrderRow) -> OrderRow:
    """Return a bill with the people of another, and what that gives."""
    people = (found.party or 0) + (to.party or 0)
    return msgspec.structs.replace(
        to, party=min(people, PARTY_MAX) or None, donation_fen=to.donation_fen + found.donation_fen
    )


def _taken_up(source: Side, target: Side, left: Repriced, came: list[LineRow], where: Place) -> Repriced:
    """Return the bill that goes on, with all that comes to it; what was split off it counts no more for the minimum beside it."""
    stays, arriving = arrived(target, came)
    if len(stays) + len(arriving) > LINES_MAX:
        raise NoSuchPieces(line_no=0, there=LINES_MAX, asked=len(stays) + len(arriving))
    if source.row.split_from == target.row.id:
        ground = target.at_hand.ground
        ground = msgspec.structs.replace(ground, elsewhere_fen=ground.elsewhere_fen - goods_fen(source.row))
        target = Side(target.row, target.lines, msgspec.structs.replace(target.at_hand, ground=ground))
    return priced(target, stays, Coming(arriving=arriving, gifts=left.gone), where)


def _noted(found: OrderRow, to: OrderRow, *, actor: Actor, where: Place) -> Change:
    return audit.note(
        actor,
        "ordering.merged",
        subject=f"order/{found.id}",
        store_id=found.store_id,
        at=where.at,
        to_order_id=to.id,
        due_fen=found.due_fen,
        to_due_fen=to.due_fen,
    )


def _cancelled(found: OrderRow) -> OrderCancelled:
    return OrderCancelled(
        order_id=found.id,
        stream=facts.stream(found),
        store_id=found.store_id,
        member_id=found.member_id,
        reason=MERGED,
    )
