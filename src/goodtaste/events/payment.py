"""What payment tells."""

from __future__ import annotations

from datetime import date
from typing import Literal

from goodtaste.kernel.outbox import Event


class PaymentSucceeded(Event, frozen=True):
    """Money arrived, in cash or through a gateway.  Whether it paid the order is told by ordering; what came late or twice goes back."""

    topic = "payment.succeeded.v1"
    key_field = "stream"

    payment_id: str
    order_id: str
    stream: str
    store_id: str
    amount_fen: int
    method: str
    business_date: date


class PaymentFailed(Event, frozen=True):
    """An attempt ended without money: declined by the gateway (`failed`), or not paid in time (`closed`).  `why` is the gateway's code."""

    topic = "payment.failed.v1"
    key_field = "stream"

    payment_id: str
    order_id: str
    stream: str
    store_id: str
    amount_fen: int
    method: str
    state: Literal["failed", "closed"]
    why: str
    business_date: date


class RefundSettled(Event, frozen=True):
    """A refund reached the diner (`succeeded`) or the gateway will not make it (`failed`).  `cause_id` is what it was asked for with.

    `method`: that of the payment, or `cash` or `transfer` where it was given back by hand.
    """

    topic = "payment.refund_settled.v1"
    key_field = "stream"

    refund_id: str
    payment_id: str
    order_id: str
    cause_id: str
    stream: str
    store_id: str
    amount_fen: int
    method: str
    state: Literal["succeeded", "failed"]
    business_date: date


class DrawerOpened(Event, frozen=True):
    """A drawer is to be opened without a sale; why stands in the audit log."""

    topic = "payment.drawer_opened.v1"
    key_field = "store_id"

    move_id: str
    store_id: str
    drawer_id: str
