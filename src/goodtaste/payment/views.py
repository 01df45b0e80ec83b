"""Payments as the staff see them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, select

from goodtaste.kernel.db import Day, Id, Int, Query, Read, Steps, Str, par, rows, script, together
from goodtaste.kernel.paging import next_of, older, start
from goodtaste.payment.attempts import COLUMNS, OF_ORDER, Payment
from goodtaste.payment.refunds import REFUNDS_OF_ORDER, Refund
from goodtaste.payment.tables import payment

PAGE_MAX = 200


class RefundView(msgspec.Struct, frozen=True):
    """A refund as it is shown.  `detail` is the gateway's word where it failed."""

    id: str
    cause_id: str
    amount_fen: int
    way: str
    state: str
    reason: str
    detail: str
    business_date: date
    started_at: datetime
    settled_at: datetime | None


class PaymentView(msgspec.Struct, frozen=True):
    """An attempt to pay as it is shown.  `pays_order` is whether it paid its order, `is_part`
    a part of it; `refunded_fen` counts refunds under way."""

    id: str
    order_id: str
    store_id: str
    method: str
    state: str
    amount_fen: int
    refunded_fen: int
    tendered_fen: int | None
    change_fen: int | None
    gateway_ref: str | None
    detail: str
    pays_order: bool
    is_part: bool
    tender_ref: str | None
    business_date: date
    started_at: datetime
    settled_at: datetime | None
    refunds: list[RefundView]


class PaymentPage(msgspec.Struct, frozen=True):
    """Attempts of a store and trading day, newest first; `next` is what to ask with as `before` for the next page."""

    payments: list[PaymentView]
    next: str | None


OF_DAY = Read(
    select(*COLUMNS)
    .where(
        payment.c.store_id == par("store_id", Id),
        payment.c.business_date == par("business_date", Day),
        older(payment.c.started_at, payment.c.id),
    )
    .order_by(payment.c.started_at.desc(), payment.c.id.desc())
    .limit(par("limit", Int)),
    Payment,
)


class OrderPaid(msgspec.Struct, frozen=True):
    """An order that was paid."""

    order_id: str


_PAID_BY: dict[str, ColumnElement[bool]] = {
    "store_id": payment.c.store_id == par("store_id", Id),
    "from_on": payment.c.business_date >= par("from_on", Day),
    "to_on": payment.c.business_date <= par("to_on", Day),
}


@cache
def _paid_by(names: frozenset[str]) -> Read[OrderPaid]:
    return Read(
        select(payment.c.order_id)
        .where(
            payment.c.method == par("method", Str),
            payment.c.state == "succeeded",
            *(_PAID_BY[name] for name in sorted(names)),
        )
        .group_by(payment.c.order_id)
        .limit(par("limit", Int)),
        OrderPaid,
    )


def orders_paid_by(
    method: str, *, store_id: str | None, from_on: date | None, to_on: date | None, limit: int
) -> Query[OrderPaid]:
    """Return the query of orders paid by a method, or in part by it: of a store or all, in trading days with both ends."""
    given = {"store_id": store_id, "from_on": from_on, "to_on": to_on}
    given = {name: value for name, value in given.items() if value}
    return _paid_by(frozenset(given))(method=method, limit=limit, **given)


def view(found: Payment, refunds: Sequence[Refund] = ()) -> PaymentView:
    """Return an attempt, with its refunds, as it is shown."""
    own: dict[str, Any] = {name: getattr(found, name) for name in PaymentView.__struct_fields__ if hasattr(found, name)}
    return PaymentView(
        **own,
        pays_order=found.state == "succeeded" and (found.holds_order_id or found.part_of) is not None,
        is_part=found.part_of is not None,
        refunds=[refund_view(each) for each in refunds if each.payment_id == found.id],
    )


def refund_view(found: Refund) -> RefundView:
    """Return a refund as it is shown."""
    return RefundView(**{name: getattr(found, name) for name in RefundView.__struct_fields__})


@script
def of_order(order_id: str) -> Steps[list[PaymentView]]:
    """Return the attempts to pay an order, oldest first, with their refunds."""
    payments, refunds = yield from together(OF_ORDER(order_id=order_id), REFUNDS_OF_ORDER(order_id=order_id))
    return [view(each, refunds) for each in payments]


@script
def of_day(store_id: str, *, business_date: date, before: str, limit: int) -> Steps[PaymentPage]:
    """Return a page of the attempts of a store and trading day, newest first, without their refunds.  Refuses `BadCursor`."""
    edge = start(before)
    found = yield from rows(
        OF_DAY(store_id=store_id, business_date=business_date, before_at=edge.at, before_id=edge.id, limit=limit)
    )
    return PaymentPage([view(each) for each in found], next_of(found, limit, lambda each: each.started_at))
