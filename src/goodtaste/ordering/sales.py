"""What a trading day, or the turn of a person at a till, has sold: what the reports of payment ask this room."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, and_, case, func, select

from goodtaste.kernel.db import Day, Id, Int, Moment, Read, Steps, Str, par, rows, together
from goodtaste.ordering import rules
from goodtaste.ordering.tables import order, refund
from goodtaste.payment.api import DayBooks, Sales

LOOK_BACK = timedelta(days=31)  # a bill that nobody settled for longer is found by other means
ONE_DAY = timedelta(days=1)


class _Sums(msgspec.Struct, frozen=True):
    orders: int
    list_fen: int
    discount_fen: int
    fee_fen: int
    rounding_fen: int
    due_fen: int
    cancelled: int
    cancelled_fen: int


class _Back(msgspec.Struct, frozen=True):
    refunds: int
    refunded_fen: int


class _Order(msgspec.Struct, frozen=True):
    id: str


_VOID = and_(order.c.state == "cancelled", order.c.pay_state == "unpaid")
_SPAN = (
    order.c.store_id == par("store_id", Id),
    order.c.placed_at >= par("from_at", Moment),
    order.c.placed_at < par("to_at", Moment),
)
_OF_DAY = (*_SPAN, order.c.business_date == par("on", Day))
_OF_PERSON = (*_SPAN, order.c.placed_by == par("actor_id", Str))


def _total(value: Any, *, void: bool = False) -> Any:
    return func.coalesce(func.sum(case((_VOID, value if void else 0), else_=0 if void else value)), 0)


def _sums(*where: ColumnElement[bool]) -> Read[_Sums]:
    discount = order.c.member_saving_fen + order.c.offer_fen + order.c.coupon_fen + order.c.hand_fen
    discount += order.c.points_fen
    columns = {
        "orders": _total(1),
        "list_fen": _total(order.c.list_fen),
        "discount_fen": _total(discount),
        "fee_fen": _total(order.c.fee_fen),
        "rounding_fen": _total(order.c.rounding_fen),
        "due_fen": _total(order.c.due_fen),
        "cancelled": _total(1, void=True),
        "cancelled_fen": _total(order.c.due_fen, void=True),
    }
    return Read(select(*[value.label(name) for name, value in columns.items()]).where(*where), _Sums)


def _edge(*where: ColumnElement[bool], last: bool) -> Read[_Order]:
    by = (order.c.placed_at.desc(), order.c.id.desc()) if last else (order.c.placed_at, order.c.id)
    return Read(select(order.c.id).where(*where).order_by(*by).limit(1), _Order)


def _refunded(*where: ColumnElement[bool]) -> Read[_Back]:
    found: Select[Any] = select(
        func.count().label("refunds"), func.coalesce(func.sum(refund.c.amount_fen), 0).label("refunded_fen")
    )
    return Read(
        found.join_from(refund, order, order.c.id == refund.c.order_id).where(
            order.c.store_id == par("store_id", Id),
            refund.c.at >= par("from_at", Moment),
            refund.c.at < par("to_at", Moment),
            *where,
        ),
        _Back,
    )


DAY_SUMS, DAY_FIRST, DAY_LAST = _sums(*_OF_DAY), _edge(*_OF_DAY, last=False), _edge(*_OF_DAY, last=True)
OWN_SUMS, OWN_FIRST, OWN_LAST = _sums(*_OF_PERSON), _edge(*_OF_PERSON, last=False), _edge(*_OF_PERSON, last=True)
DAY_BACK = _refunded(refund.c.business_date == par("on", Day))
OWN_BACK = _refunded(refund.c.actor_id == par("actor_id", Str))
OPEN_BILLS = Read(
    select(order.c.id)
    .where(
        *_SPAN,
        order.c.business_date <= par("on", Day),
        order.c.pay_state.in_(rules.WAITS),
        order.c.state != "cancelled",
    )
    .order_by(order.c.placed_at, order.c.id)
    .limit(par("limit", Int)),
    _Order,
)


def of_day(*, store_id: str, on: date, begins_at: datetime, ends_at: datetime) -> Steps[Sales]:
    """Return what a trading day sold; what came after the day before was closed counts too."""
    of = {"store_id": store_id, "from_at": begins_at - ONE_DAY, "to_at": ends_at, "on": on}
    sums, first, last, back = yield from together(DAY_SUMS(**of), DAY_FIRST(**of), DAY_LAST(**of), DAY_BACK(**of))
    return _sales(sums[0], first, last, back[0])


def of_person(*, store_id: str, actor_id: str, from_at: datetime, to_at: datetime) -> Steps[Sales]:
    """Return what a person sold and refunded in a span of time."""
    of = {"store_id": store_id, "from_at": from_at, "to_at": to_at, "actor_id": actor_id}
    sums, first, last, back = yield from together(OWN_SUMS(**of), OWN_FIRST(**of), OWN_LAST(**of), OWN_BACK(**of))
    return _sales(sums[0], first, last, back[0])


def open_bills(*, store_id: str, on: date, begins_at: datetime, limit: int) -> Steps[list[str]]:
    """Return the orders up to a trading day that wait for money."""
    of = {"store_id": store_id, "from_at": begins_at - LOOK_BACK, "to_at": begins_at + 2 * ONE_DAY, "on": on}
    return [each.id for each in (yield from rows(OPEN_BILLS(**of, limit=limit)))]


def _sales(sums: _Sums, first: list[_Order], last: list[_Order], back: _Back) -> Sales:
    return Sales(
        first_order_id=first[0].id if first else None,
        last_order_id=last[0].id if last else None,
        **msgspec.structs.asdict(sums),
        **msgspec.structs.asdict(back),
    )


def books() -> DayBooks:
    """Return what the reports of payment ask this room."""
    return DayBooks(of_day=of_day, of_person=of_person, open_bills=open_bills)
