"""What ordering tells."""

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
    coupon_id: str | None
    business_date: date
    lines: list[OrderLine]
