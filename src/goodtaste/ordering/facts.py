"""An order as an event tells it."""

from __future__ import annotations

from collections.abc import Sequence

from goodtaste.events.ordering import OrderLine, OrderPaid, OrderPlaced
from goodtaste.ordering.orders import LineRow, LineView, OrderRow, OrderView


def stream(order: OrderRow | OrderView) -> str:
    """Return whose events those of an order are ordered with: the member's, or its own."""
    return order.member_id or order.id


def told_lines(lines: Sequence[LineView] | Sequence[LineRow]) -> list[OrderLine]:
    """Return lines as an event tells them."""
    return [OrderLine(each.line_no, each.sku_id, each.qty, each.due_fen) for each in lines]


def paid(
    order: OrderRow | OrderView, lines: Sequence[LineView] | Sequence[LineRow], *, points_earned: int
) -> OrderPaid:
    """Return the event that an order was paid."""
    return OrderPaid(
        order_id=order.id,
        stream=stream(order),
        store_id=order.store_id,
        member_id=order.member_id,
        kind=order.kind,
        channel=order.channel,
        table_id=order.table_id,
        paid_fen=order.due_fen,
        points_spent=order.points,
        points_earned=points_earned,
        coupon_ids=order.coupon_ids,
        business_date=order.business_date,
        lines=told_lines(lines),
    )


def placed(order: OrderView) -> OrderPlaced:
    """Return the event that an order was placed, to be paid later."""
    return OrderPlaced(
        order_id=order.id,
        stream=stream(order),
        store_id=order.store_id,
        member_id=order.member_id,
        kind=order.kind,
        channel=order.channel,
        table_id=order.table_id,
        due_fen=order.due_fen,
        business_date=order.business_date,
        lines=told_lines(order.lines),
    )
