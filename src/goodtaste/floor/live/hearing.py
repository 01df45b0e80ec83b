"""What live screens hear of: what happens to an order moves the topics of who looks at it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from goodtaste.events.ordering import (
    LinesMoved,
    LinesReturned,
    MemberChanged,
    OrderAdvanced,
    OrderCancelled,
    OrderPaid,
    OrderRefunded,
    PartsChanged,
    RefundDeclined,
    RoundAdded,
    TableChanged,
)
from goodtaste.floor.live import topics
from goodtaste.floor.seating.rows import BY_ORDERS
from goodtaste.kernel.db import Change, Steps, rows

Moved = RoundAdded | LinesReturned | MemberChanged | PartsChanged | TableChanged
Progressed = OrderAdvanced | OrderCancelled | OrderPaid | OrderRefunded | RefundDeclined


def on_bill(event: Moved, at: datetime) -> Steps[list[Change]]:
    """Show the bill of a table as it is now."""
    return (yield from _shown([event.order_id], event.store_id))


def on_lines_moved(event: LinesMoved, at: datetime) -> Steps[list[Change]]:
    """Show the bills between which dishes moved."""
    return (yield from _shown([event.from_order_id, event.to_order_id], event.store_id))


def on_progress(event: Progressed, at: datetime) -> Steps[list[Change]]:
    """Show how far an order is, whether it is paid, and what became of a refund, to who waits for it."""
    return [topics.moved(topics.order_of(event.order_id)), *(yield from _shown([event.order_id], event.store_id))]


def _shown(order_ids: Sequence[str], store_id: str) -> Steps[list[Change]]:
    of = yield from rows(BY_ORDERS(order_ids=list(order_ids)))
    if not of:
        return []
    seatings = dict.fromkeys(each.seating_id for each in of)
    return [topics.moved(topics.floor_of(store_id), *map(topics.seating_of, seatings))]
