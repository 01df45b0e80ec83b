"""What ordering tells.  `stream` is the member as the order began, or the order: its events are heard in their order."""

from __future__ import annotations

from datetime import date

import msgspec

from goodtaste.kernel.outbox import Event


class OrderLine(msgspec.Struct, frozen=True):
    """A line as it was sold."""

    line_no: int
    sku_id: str
    qty: int
    due_fen: int


class SetPart(msgspec.Struct, frozen=True):
    """What each piece of a set meal has of a SKU."""

    sku_id: str
    name: str
    qty: int


class FiredLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """Pieces that the kitchen is to make now.

    `dish_id` stays with the pieces when they move to another bill; `options` says in words what was chosen of the dish; `course` is 0 where
    none was said; `guest` is whatever the table calls who ordered it, never a member; `parts` are those of a set meal, always in the same
    order.
    """

    dish_id: str
    line_no: int
    sku_id: str
    name: str
    qty: int
    options: list[str] = []
    note: str = ""
    course: int = 0
    guest: str = ""
    parts: list[SetPart] = []


class ReturnedLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """Pieces that are not wanted any more, told as they were fired: `from_held`, the kitchen was never told to make them."""

    dish_id: str
    qty: int
    from_held: bool
    sku_id: str = ""
    name: str = ""
    options: list[str] = []
    note: str = ""
    course: int = 0
    guest: str = ""
    parts: list[SetPart] = []


class MovedLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """Pieces that stand on another bill now; `held_qty` of them are held still, the others were fired; `parts` are those of a set meal."""

    dish_id: str
    qty: int
    held_qty: int = 0
    parts: list[SetPart] = []


class OrderPlaced(Event, frozen=True):
    """An order was placed, to be paid later.  `fired` is what the kitchen is to make at once: all that is not held, at a table."""

    topic = "ordering.order_placed.v1"
    key_field = "stream"

    order_id: str
    stream: str
    store_id: str
    member_id: str | None
    kind: str
    channel: str
    table_id: str | None
    due_fen: int
    business_date: date
    lines: list[OrderLine]
    fired: tuple[FiredLine, ...] = ()


class RoundAdded(Event, frozen=True):
    """More was ordered on an open bill.  `fired` is what the kitchen is to make at once: all of it that is not held."""

    topic = "ordering.round_added.v1"
    key_field = "stream"

    order_id: str
    stream: str
    store_id: str
    member_id: str | None
    round: int
    due_fen: int
    lines: list[OrderLine]
    kind: str = "dine_in"
    channel: str = ""
    table_id: str | None = None
    fired: tuple[FiredLine, ...] = ()


class LinesFired(Event, frozen=True):
    """Pieces that were held are to be made now, or those of an order that the staff make before it is paid.

    What is fired by ordering or paying is told by `OrderPlaced`, `RoundAdded` and `OrderPaid` (their `fired`), and not again here.
    """

    topic = "ordering.lines_fired.v1"
    key_field = "stream"

    order_id: str
    stream: str
    store_id: str
    table_id: str | None
    kind: str
    channel: str
    lines: list[FiredLine]


class LinesReturned(Event, frozen=True):
    """Pieces were taken off a bill: they are not to be made, or come back."""

    topic = "ordering.lines_returned.v1"
    key_field = "stream"

    order_id: str
    stream: str
    store_id: str
    lines: list[ReturnedLine]
    reason: str


class LinesMoved(Event, frozen=True):
    """Pieces moved from one bill to another: nothing is made again, and what is under way goes on for the other bill.

    `table_id` is the table of the bill they stand on now.
    """

    topic = "ordering.lines_moved.v1"
    key_field = "stream"

    from_order_id: str
    to_order_id: str
    stream: str
    store_id: str
    table_id: str | None
    lines: list[MovedLine]


class TableChanged(Event, frozen=True):
    """An unpaid bill stands at another table now, or has another number of people."""

    topic = "ordering.table_changed.v1"
    key_field = "stream"

    order_id: str
    stream: str
    store_id: str
    table_id: str | None
    party: int | None


class MemberChanged(Event, frozen=True):
    """An unpaid bill is another member's now, or nobody's; `stream` stays what it was."""

    topic = "ordering.member_changed.v1"
    key_field = "stream"

    order_id: str
    stream: str
    store_id: str
    member_id: str | None
    was: str | None
    due_fen: int


class PartsChanged(Event, frozen=True):
    """A part of a bill was begun, brought, given up or taken back: what its parts have brought now, and what open ones may still bring."""

    topic = "ordering.parts_changed.v1"
    key_field = "stream"

    order_id: str
    stream: str
    store_id: str
    captured_fen: int
    pending_fen: int


class OrderPaid(Event, frozen=True):
    """An order was paid in full; one that was placed and paid in one act is told by this alone.

    `fired` is what the kitchen is to make now: of an order that is paid first, all that is not held; of one that it knows already, nothing.
    """

    topic = "ordering.order_paid.v1"
    key_field = "stream"

    order_id: str
    stream: str
    store_id: str
    member_id: str | None
    kind: str
    channel: str
    table_id: str | None
    paid_fen: int
    points_spent: int
    points_earned: int
    coupon_ids: list[str]
    business_date: date
    lines: list[OrderLine]
    fired: tuple[FiredLine, ...] = ()


class OrderAdvanced(Event, frozen=True):
    """An order went on to its next state."""

    topic = "ordering.order_advanced.v1"
    key_field = "stream"

    order_id: str
    stream: str
    store_id: str
    member_id: str | None
    from_state: str
    to_state: str


class OrderCompleted(Event, frozen=True):
    """A paid order was handed over and is done: what was earned on it is the member's now."""

    topic = "ordering.order_completed.v1"
    key_field = "stream"

    order_id: str
    stream: str
    store_id: str
    member_id: str | None
    paid_fen: int
    points_earned: int
    business_date: date


class OrderCancelled(Event, frozen=True):
    """An order that was not paid was cancelled, or ran out of time, or one that was paid was refunded whole before it was made.

    `returned` are the pieces that were fired and are not to be made any more.
    """

    topic = "ordering.order_cancelled.v1"
    key_field = "stream"

    order_id: str
    stream: str
    store_id: str
    member_id: str | None
    reason: str
    returned: tuple[ReturnedLine, ...] = ()


class OrderRefunded(Event, frozen=True):
    """Money of a paid order went back.  `points_back` were spent on it, `points_taken` were earned with it."""

    topic = "ordering.order_refunded.v1"
    key_field = "stream"

    refund_id: str
    order_id: str
    stream: str
    store_id: str
    member_id: str | None
    amount_fen: int
    points_back: int
    points_taken: int
    whole: bool
    business_date: date


class RefundDeclined(Event, frozen=True):
    """A store declined a refund that a diner had asked for."""

    topic = "ordering.refund_declined.v1"
    key_field = "order_id"

    request_id: str
    order_id: str
    store_id: str
