"""What came and went: the cash of a drawer in a span of time, and tenders of a day or of a person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import msgspec
from sqlalchemy import and_, case, exists, func, not_, or_, select

from goodtaste.kernel.db import Day, Id, Moment, Query, Read, Steps, Str, par
from goodtaste.payment.accounts.tables import entry
from goodtaste.payment.tables import payment, refund
from goodtaste.payment.tills.tables import cash_move, shift


class Drawer(msgspec.Struct, frozen=True):
    """The cash of a drawer in a span: taken, given back, settled accounts, put in, taken out; and how often
    it was opened without a sale."""

    taken_fen: int
    back_fen: int
    settled_fen: int
    in_fen: int
    out_fen: int
    openings: int

    def expected_fen(self, float_fen: int) -> int:
        """Return what must be in the drawer, with what was in it at the beginning."""
        return float_fen + self.taken_fen - self.back_fen + self.settled_fen + self.in_fen - self.out_fen


class Taken(msgspec.Struct, frozen=True):
    """What one tender brought, and what was given back by it."""

    method: str
    payments: int
    paid_fen: int
    refunds: int
    back_fen: int


class _Sum(msgspec.Struct, frozen=True):
    method: str
    n: int
    fen: int


class Fen(msgspec.Struct, frozen=True):
    """An amount."""

    fen: int


class Sales(msgspec.Struct, frozen=True):
    """What orders came to, in fen; numbers are ids of orders in the order they were placed."""

    orders: int = 0
    first_order_id: str | None = None
    last_order_id: str | None = None
    list_fen: int = 0
    discount_fen: int = 0
    fee_fen: int = 0
    rounding_fen: int = 0
    due_fen: int = 0
    cancelled: int = 0
    cancelled_fen: int = 0
    refunds: int = 0
    refunded_fen: int = 0


SalesOf = Callable[..., Steps[Sales]]
OpenBills = Callable[..., Steps[list[str]]]


def _nothing(**_: Any) -> Steps[Sales]:
    yield from ()
    return Sales()


def _none(**_: Any) -> Steps[list[str]]:
    yield from ()
    return []


class DayBooks:
    """What the room that owns orders says of a day: `of_day` and `of_person` what was sold, `open_bills` what is not settled yet."""

    def __init__(
        self, *, of_day: SalesOf = _nothing, of_person: SalesOf = _nothing, open_bills: OpenBills = _none
    ) -> None:
        self.of_day, self.of_person, self.open_bills = of_day, of_person, open_bills


def _sum(column: Any, *where: Any) -> Any:
    return select(func.coalesce(func.sum(column), 0)).where(*where).scalar_subquery()


def _moves(kind: str) -> Any:
    return _sum(cash_move.c.amount_fen, cash_move.c.shift_id == par("shift_id", Id), cash_move.c.kind == kind)


_CASH = and_(payment.c.method == "cash", payment.c.state == "succeeded")
DRAWER = Read(
    select(
        _sum(
            payment.c.amount_fen,
            payment.c.store_id == par("store_id", Id),
            payment.c.business_date.between(par("from_date", Day), par("to_date", Day)),
            payment.c.drawer_id == par("drawer_id", Id),
            _CASH,
            payment.c.started_at >= par("from_at", Moment),
            payment.c.started_at < par("to_at", Moment),
        ).label("taken_fen"),
        _sum(
            refund.c.amount_fen,
            refund.c.drawer_id == par("drawer_id", Id),
            refund.c.started_at >= par("from_at", Moment),
            refund.c.started_at < par("to_at", Moment),
        ).label("back_fen"),
        _sum(
            -entry.c.amount_fen,
            entry.c.drawer_id == par("drawer_id", Id),
            entry.c.at >= par("from_at", Moment),
            entry.c.at < par("to_at", Moment),
        ).label("settled_fen"),
        _moves("in").label("in_fen"),
        _moves("out").label("out_fen"),
        select(func.count())
        .where(cash_move.c.shift_id == par("shift_id", Id), cash_move.c.kind == "opened")
        .scalar_subquery()
        .label("openings"),
    ),
    Drawer,
)
_PAID = [payment.c.method, func.count().label("n"), func.coalesce(func.sum(payment.c.amount_fen), 0).label("fen")]
_WENT = case((refund.c.way == "same", payment.c.method), else_=refund.c.way)
_BACK = [_WENT.label("method"), func.count().label("n"), func.coalesce(func.sum(refund.c.amount_fen), 0).label("fen")]
_OF_REFUND = payment.c.id == refund.c.payment_id
PAID_ON = Read(
    select(*_PAID)
    .where(
        payment.c.store_id == par("store_id", Id),
        payment.c.business_date == par("business_date", Day),
        payment.c.state == "succeeded",
    )
    .group_by(payment.c.method)
    .order_by(payment.c.method),
    _Sum,
)
BACK_ON = Read(
    select(*_BACK)
    .join_from(refund, payment, _OF_REFUND)
    .where(
        payment.c.store_id == par("store_id", Id),
        refund.c.business_date == par("business_date", Day),
        refund.c.state != "failed",
    )
    .group_by(_WENT)
    .order_by(_WENT),
    _Sum,
)
PAID_BY = Read(
    select(*_PAID)
    .where(
        payment.c.store_id == par("store_id", Id),
        payment.c.business_date.between(par("from_date", Day), par("to_date", Day)),
        payment.c.actor == par("actor", Str),
        payment.c.state == "succeeded",
        payment.c.started_at >= par("from_at", Moment),
        payment.c.started_at < par("to_at", Moment),
    )
    .group_by(payment.c.method)
    .order_by(payment.c.method),
    _Sum,
)
_ANSWERED = exists().where(
    shift.c.drawer_id == payment.c.drawer_id,
    shift.c.opened_at <= payment.c.started_at,
    or_(shift.c.counted_at.is_(None), shift.c.counted_at > payment.c.started_at),
)
LOOSE = Read(
    select(func.coalesce(func.sum(payment.c.amount_fen), 0).label("fen")).where(
        payment.c.store_id == par("store_id", Id),
        payment.c.business_date == par("business_date", Day),
        _CASH,
        not_(_ANSWERED),
    ),
    Fen,
)
_ANSWERED_BACK = exists().where(
    shift.c.drawer_id == refund.c.drawer_id,
    shift.c.opened_at <= refund.c.started_at,
    or_(shift.c.counted_at.is_(None), shift.c.counted_at > refund.c.started_at),
)
LOOSE_BACK = Read(
    select(func.coalesce(func.sum(refund.c.amount_fen), 0).label("fen"))
    .join_from(refund, payment, _OF_REFUND)
    .where(
        payment.c.store_id == par("store_id", Id),
        refund.c.business_date == par("business_date", Day),
        refund.c.drawer_id.is_not(None),
        not_(_ANSWERED_BACK),
    ),
    Fen,
)


class Moves(msgspec.Struct, frozen=True):
    """What was put into drawers and taken out without a sale on a day, and how often one was opened without a sale."""

    in_fen: int
    out_fen: int
    openings: int


def _of_kind(kind: str) -> Any:
    return func.coalesce(func.sum(case((cash_move.c.kind == kind, cash_move.c.amount_fen), else_=0)), 0)


MOVES_ON = Read(
    select(
        _of_kind("in").label("in_fen"),
        _of_kind("out").label("out_fen"),
        func.coalesce(func.sum(case((cash_move.c.kind == "opened", 1), else_=0)), 0).label("openings"),
    ).where(cash_move.c.store_id == par("store_id", Id), cash_move.c.business_date == par("business_date", Day)),
    Moves,
)


def tenders_of_day(store_id: str, on: date) -> Steps[list[Taken]]:
    """Return what each tender brought on a trading day, and what was given back by it."""
    of: dict[str, Any] = {"store_id": store_id, "business_date": on}
    queries: list[Query[Any]] = [PAID_ON(**of), BACK_ON(**of)]
    paid, back = yield queries
    return taken(paid, back)


def taken(paid: list[_Sum], back: list[_Sum]) -> list[Taken]:
    """Return sums by tender."""
    came, went = {each.method: each for each in paid}, {each.method: each for each in back}
    nothing = _Sum("", 0, 0)
    both = {method: (came.get(method, nothing), went.get(method, nothing)) for method in sorted({*came, *went})}
    return [Taken(method, here.n, here.fen, there.n, there.fen) for method, (here, there) in both.items()]


def span(*, store_id: str, from_date: date, to_date: date, from_at: datetime, to_at: datetime) -> dict[str, Any]:
    """Return the parameters of a span of time at a store."""
    return {"store_id": store_id, "from_date": from_date, "to_date": to_date, "from_at": from_at, "to_at": to_at}
