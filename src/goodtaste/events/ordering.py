"""What ordering tells.  `stream` is the member, or the order where there is none: its events are heard in their order."""

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


class OrderPlaced(Event, frozen=True):
    """An order was placed, to be paid later."""

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


class RoundAdded(Event, frozen=True):
    """More was ordered on an open bill."""

    topic = "ordering.round_added.v1"
    key_field = "stream"

    order_id: str
    stream: str
    store_id: str
    member_id: str | None
    round: int
    due_fen: int
    lines: list[OrderLine]


class OrderPaid(Event, frozen=True):
    """An order was paid in full; one that was placed and paid in one act is told by this alone."""

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
    """An order that was not paid was cancelled, or ran out of time."""

    topic = "ordering.order_cancelled.v1"
    key_field = "stream"

    order_id: str
    stream: str
    store_id: str
    member_id: str | None
    reason: str


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
