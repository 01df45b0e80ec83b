"""What is held is made when somebody says so: pieces, a course, or all that waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from sqlalchemy import update

from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import Change, Id, Int, Steps, change, par, script, together
from goodtaste.kernel.ids import fingerprint
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.made import is_same, made_before, remember
from goodtaste.kernel.outbox import tell
from goodtaste.menu.api import COURSE_MAX
from goodtaste.ordering import facts
from goodtaste.ordering.bill.pieces import NoSuchPieces, Pieces, Seen, by_line
from goodtaste.ordering.open_bill import Changed, NotOpen
from goodtaste.ordering.orders import LINES, ORDER, LineRow, OrderRow, OrderView, may_see, view
from goodtaste.ordering.spot import Place
from goodtaste.ordering.tables import line, order


class Fire(Seen, frozen=True):
    """What is sent to have held pieces made: those named, those of a course, or, with neither, all that wait."""

    id: IdText
    pieces: Pieces = ()
    course: Annotated[int, msgspec.Meta(ge=1, le=COURSE_MAX)] | None = None

    def __post_init__(self) -> None:
        if self.pieces and self.course:
            raise ValueError("pieces or a course: send one of them")


FIRED = change(
    update(line)
    .where(line.c.order_id == par("order_id", Id), line.c.line_no == par("line_no", Int))
    .values(held_qty=par("held_qty", Int)),
    guard="ordering_line_gone",
)
MOVED_ON = change(
    update(order)
    .where(
        order.c.id == par("order_id", Id),
        order.c.version == par("seen", Int),
        order.c.pay_state != "refunded",
        order.c.state != "cancelled",
    )
    .values(version=order.c.version + 1),
    guard="ordering_order_moved",
)


@script
def fire(order_id: str, asked: Fire, *, actor: Actor, where: Place) -> Steps[OrderView]:
    """Have held pieces of an order made, once per `asked.id`; of one that the kitchen does not know yet, as soon as it is paid.

    Refuses `NoSuchPieces` for more than are held, `NotOpen` where the order is over, `Changed` where somebody else was quicker.
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
    if found.pay_state == "refunded" or found.state == "cancelled":
        raise NotOpen(order_id=order_id)
    wanted = _wanted(found, lines, asked)
    after = {each.line_no: msgspec.structs.replace(each, held_qty=each.held_qty - qty) for each, qty in wanted}
    yield [
        MOVED_ON(order_id=order_id, seen=found.version),
        FIRED.many(
            [{"order_id": order_id, "line_no": each.line_no, "held_qty": each.held_qty} for each in after.values()]
        ),
        remember(asked.id, mark),
        *_told(found, wanted, where),
    ]
    return view(
        msgspec.structs.replace(found, version=found.version + 1), [after.get(each.line_no, each) for each in lines]
    )


def waiting(each: LineRow) -> int:
    """Return how many pieces of a line are held and still wanted: those that came back were held ones first."""
    return max(0, each.held_qty - each.refunded_qty)


def _wanted(found: OrderRow, lines: Sequence[LineRow], asked: Fire) -> list[tuple[LineRow, int]]:
    if not asked.pieces:
        fits = [each for each in lines if asked.course in (None, facts.choice_of(each).course)]
        held = [(each, waiting(each)) for each in fits if waiting(each)]
        if not held:
            raise NoSuchPieces(line_no=0, there=0, asked=1)
        return held
    wanted = by_line(found, lines, asked.pieces)
    for each, qty in wanted:
        if qty > waiting(each):
            raise NoSuchPieces(line_no=each.line_no, there=waiting(each), asked=qty)
    return wanted


def _told(found: OrderRow, wanted: list[tuple[LineRow, int]], where: Place) -> list[Change]:
    return [tell(facts.lines_fired(found, facts.fired(wanted)), at=where.at)] if facts.sent(found) else []
