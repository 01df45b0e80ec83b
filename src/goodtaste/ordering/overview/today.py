"""A trading day as it goes: what was sold and given back, by hour and by store, beside the same weekday before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import and_, case, func, or_, select

from goodtaste.kernel.auth import Actor
from goodtaste.kernel.calendar import zone_of
from goodtaste.kernel.db import Day, Flag, Id, Int, Moment, Read, Steps, par, script, together
from goodtaste.kernel.db.hour import hour_of
from goodtaste.member import api as members
from goodtaste.ordering.tables import order, refund
from goodtaste.org.api import Directory

READ = "shift.read"
WEEK = timedelta(days=7)
HOURS = 24
ONE_DAY = timedelta(days=1)


class Figures(msgspec.Struct, frozen=True):
    """What a day comes to: `sales_fen` of paid orders, what was given back, coupons that paid orders used, new members of the brand."""

    sales_fen: int
    orders: int
    refunds: int
    refunded_fen: int
    coupons: int
    new_members: int


class HourLine(msgspec.Struct, frozen=True):
    """An hour on the store's clock (0 to 23), and the same of the day a week before."""

    hour: int
    sales_fen: int
    orders: int
    before_sales_fen: int
    before_orders: int


class StoreLine(msgspec.Struct, frozen=True):
    """A store's part of the day, and of the day a week before up to the same time."""

    store_id: str
    now: Figures
    before: Figures


class Today(msgspec.Struct, frozen=True):
    """A trading day at `at`, beside `before_on`, a week earlier: `before` up to the same time of that day, `before_whole` all of it.

    Hours stand in the order of the trading day, from the one in which it begins.
    """

    on: date
    before_on: date
    at: datetime
    runs: bool
    now: Figures
    before: Figures
    before_whole: Figures
    hours: list[HourLine]
    stores: list[StoreLine]


class _Sold(msgspec.Struct, frozen=True):
    store_id: str
    business_date: date
    late: bool
    orders: int
    sales_fen: int
    coupons: int


class _Hour(msgspec.Struct, frozen=True):
    business_date: date
    hour: str
    orders: int
    sales_fen: int


class _Back(msgspec.Struct, frozen=True):
    store_id: str
    business_date: date
    late: bool
    refunds: int
    refunded_fen: int


_MINE = or_(par("all", Flag), order.c.store_id == par("store_id", Id))
_DAYS = (par("on", Day), par("before_on", Day))
_PAID = (
    _MINE,
    order.c.placed_at >= par("from_at", Moment),
    order.c.placed_at < par("to_at", Moment),
    order.c.business_date.in_(_DAYS),
    order.c.pay_state.in_(("paid", "partly_refunded", "refunded")),
)


def _late(at: Any, on: Any) -> Any:
    """Tell what of the day before came later than it is now."""
    return case((and_(on == par("before_on", Day), at >= par("until_at", Moment)), True), else_=False).label("late")


_LATE = _late(order.c.placed_at, order.c.business_date)
_LATE_BACK = _late(refund.c.at, refund.c.business_date)
_SALES = func.coalesce(func.sum(order.c.due_fen, type_=Int()), 0).label("sales_fen")
# A JSON object of ids has one colon for each.
_COUPONS = func.length(order.c.coupons) - func.length(func.replace(order.c.coupons, ":", ""))
SOLD = Read(
    select(
        order.c.store_id,
        order.c.business_date,
        _LATE,
        func.count().label("orders"),
        _SALES,
        func.coalesce(func.sum(_COUPONS, type_=Int()), 0).label("coupons"),
    )
    .where(*_PAID)
    .group_by(order.c.store_id, order.c.business_date, _LATE),
    _Sold,
)
_HOUR = hour_of(order.c.placed_at).label("hour")
BY_HOUR = Read(
    select(order.c.business_date, _HOUR, func.count().label("orders"), _SALES)
    .where(*_PAID)
    .group_by(order.c.business_date, _HOUR),
    _Hour,
)
BACK = Read(
    select(
        order.c.store_id,
        refund.c.business_date,
        _LATE_BACK,
        func.count().label("refunds"),
        func.coalesce(func.sum(refund.c.amount_fen, type_=Int()), 0).label("refunded_fen"),
    )
    .join_from(refund, order, order.c.id == refund.c.order_id)
    .where(
        _MINE,
        refund.c.at >= par("from_at", Moment),
        refund.c.at < par("to_at", Moment),
        refund.c.business_date.in_(_DAYS),
    )
    .group_by(order.c.store_id, refund.c.business_date, _LATE_BACK),
    _Back,
)


@script
def today(*, store_id: str | None, on: date | None, actor: Actor, directory: Directory, at: datetime) -> Steps[Today]:
    """Return a trading day of a store or, without one, of all stores; without `on` the day that runs.

    Refuses `NotAllowed` and `StoreUnknown`.
    """
    actor.need(READ, store_id=store_id)
    stores = [directory.store(store_id)] if store_id else list(directory.stores.values())
    calendar = stores[0].calendar if stores else None
    running = calendar.business_date(at) if calendar else at.date()
    day = on or running
    before_on = day - WEEK
    begins_at, ends_at = calendar.day_of(day) if calendar else (at, at)
    week_ago, week_ago_end = calendar.day_of(before_on) if calendar else (at, at)
    until_at = at - WEEK if day == running else ends_at - WEEK
    of = {"all": store_id is None, "store_id": store_id or members.NOBODY, "on": day, "before_on": before_on}
    span = {"from_at": week_ago - ONE_DAY, "to_at": ends_at + ONE_DAY}
    sold, by_hour, back = yield from together(
        SOLD(**of, **span, until_at=until_at), BY_HOUR(**of, **span), BACK(**of, **span, until_at=until_at)
    )
    joined, joined_before, joined_week_ago = yield from together(
        members.joined(begins_at, ends_at),
        members.joined(week_ago, min(until_at, week_ago_end)),
        members.joined(week_ago, week_ago_end),
    )
    zone = zone_of(stores[0].zone if stores else "UTC")
    return Today(
        on=day,
        before_on=before_on,
        at=at,
        runs=day == running,
        now=_figures(
            [s for s in sold if s.business_date == day], [b for b in back if b.business_date == day], joined[0].n
        ),
        before=_figures(_until(sold, before_on), _until(back, before_on), joined_before[0].n),
        before_whole=_figures(
            [s for s in sold if s.business_date == before_on],
            [b for b in back if b.business_date == before_on],
            joined_week_ago[0].n,
        ),
        hours=_hours(by_hour, day, zone=zone, first=begins_at.astimezone(zone).hour),
        stores=[_of_store(each.id, sold, back, day, before_on) for each in stores],
    )


def _until(found: list[Any], on: date) -> list[Any]:
    return [each for each in found if each.business_date == on and not each.late]


def _figures(sold: Iterable[_Sold], back: Iterable[_Back], new_members: int = 0) -> Figures:
    sold, back = list(sold), list(back)
    return Figures(
        sales_fen=sum(each.sales_fen for each in sold),
        orders=sum(each.orders for each in sold),
        coupons=sum(each.coupons for each in sold),
        refunds=sum(each.refunds for each in back),
        refunded_fen=sum(each.refunded_fen for each in back),
        new_members=new_members,
    )


def _of_store(store_id: str, sold: list[_Sold], back: list[_Back], day: date, before_on: date) -> StoreLine:
    mine, returned = [s for s in sold if s.store_id == store_id], [b for b in back if b.store_id == store_id]
    now = _figures([s for s in mine if s.business_date == day], [b for b in returned if b.business_date == day])
    return StoreLine(store_id, now, _figures(_until(mine, before_on), _until(returned, before_on)))


def _hours(found: list[_Hour], day: date, *, zone: Any, first: int) -> list[HourLine]:
    sums: dict[tuple[bool, int], tuple[int, int]] = defaultdict(lambda: (0, 0))
    for each in found:
        hour = datetime.fromisoformat(f"{each.hour}:00:00").replace(tzinfo=UTC).astimezone(zone).hour
        fen, orders = sums[each.business_date == day, hour]
        sums[each.business_date == day, hour] = (fen + each.sales_fen, orders + each.orders)
    return [
        HourLine(hour, *sums[True, hour], *sums[False, hour]) for hour in ((first + n) % HOURS for n in range(HOURS))
    ]
