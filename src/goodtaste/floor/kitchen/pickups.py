"""Pickup numbers: an order that is fetched has a number of its store and day, and is called by it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

import msgspec
from sqlalchemy import func, or_, select, update

from goodtaste.floor.kitchen.tables import pickup
from goodtaste.floor.live import topics
from goodtaste.kernel.auth import Actor
from goodtaste.kernel.db import (
    Change,
    Day,
    Id,
    ListOf,
    Moment,
    Read,
    Steps,
    change,
    first,
    in_list,
    insert,
    par,
    rows,
    script,
)
from goodtaste.kernel.errors import Refusal

BOARD_MAX = 200  # numbers on one board


class PickupUnknown(Refusal):
    """Raised for an order that has no pickup number in this store.  Facts: `order_id`."""

    code = "floor.pickup_unknown"


class PickupRow(msgspec.Struct, frozen=True):
    """An order that is fetched."""

    order_id: str
    store_id: str
    business_date: date
    no: int
    at: datetime
    ready_at: datetime | None
    called: int
    called_at: datetime | None
    gone_at: datetime | None


class PickupView(msgspec.Struct, frozen=True):
    """A number on the board: `preparing`, `ready` or `called`."""

    no: int
    state: str
    called: int


class _Last(msgspec.Struct, frozen=True):
    order_id: str
    no: int


_PICKUP = [pickup.c[name] for name in PickupRow.__struct_fields__]
_TODAY = pickup.c.business_date == par("business_date", Day)
NEXT = Read(
    select(pickup.c.order_id, pickup.c.no)
    .where(
        pickup.c.store_id == par("store_id", Id),
        _TODAY,
        or_(
            pickup.c.order_id == par("order_id", Id),
            pickup.c.no
            == select(func.max(pickup.c.no)).where(pickup.c.store_id == par("store_id", Id), _TODAY).scalar_subquery(),
        ),
    )
    .order_by(pickup.c.no.desc()),
    _Last,
)
"""The highest number of the day, and the one that the order has already."""
OF_ORDERS = Read(select(*_PICKUP).where(in_list(pickup.c.order_id, par("order_ids", ListOf))), PickupRow)
BOARD = Read(
    select(*_PICKUP)
    .where(pickup.c.store_id == par("store_id", Id), _TODAY, pickup.c.gone_at.is_(None))
    .order_by(pickup.c.no)
    .limit(BOARD_MAX),
    PickupRow,
)
NEW = insert(pickup)
READY = change(
    update(pickup)
    .where(pickup.c.order_id == par("order_id", Id))
    .values(ready_at=par("ready_at", Moment), gone_at=par("gone_at", Moment))
)
CALLED = change(
    update(pickup)
    .where(pickup.c.order_id == par("order_id", Id))
    .values(called=pickup.c.called + 1, called_at=par("at", Moment))
)


def number(last: Sequence[_Last], order_id: str, store_id: str, today: date, *, at: datetime) -> list[Change]:
    """Return the change that gives an order the next number of the day, unless it has one."""
    if any(each.order_id == order_id for each in last):
        return []
    no = last[0].no + 1 if last else 1
    row = PickupRow(order_id, store_id, today, no, at, None, 0, None, None)
    return [NEW(**msgspec.structs.asdict(row))]


def shown(row: PickupRow) -> PickupView:
    """Return an order as the board shows it."""
    state = "called" if row.called else "ready" if row.ready_at else "preparing"
    return PickupView(row.no, state, row.called)


def board(store_id: str, *, today: date) -> Steps[list[PickupView]]:
    """Read the numbers that wait, with what the board shows of each."""
    return [shown(each) for each in (yield from rows(BOARD(store_id=store_id, business_date=today)))]


@script
def read_board(store_id: str, *, today: date) -> Steps[list[PickupView]]:
    """Return the numbers of today that were not fetched yet."""
    return (yield from board(store_id, today=today))


def stands(found: Sequence[PickupRow], stage: str | None, *, at: datetime) -> list[Change]:
    """Return the change by which a number is shown as ready, as gone, or as being made again."""
    rows_ = [
        {
            "order_id": each.order_id,
            "ready_at": (each.ready_at or at) if stage in ("ready", "served") else None,
            "gone_at": (each.gone_at or at) if stage == "served" else None,
        }
        for each in found
    ]
    return [READY.many(rows_)] if rows_ else []


@script
def call(store_id: str, *, order_id: str, actor: Actor, at: datetime) -> Steps[PickupView]:
    """Call the number of an order, as often as it takes.  Refuses `PickupUnknown`."""
    actor.need("order.advance", store_id=store_id)
    found = yield from first(OF_ORDERS(order_ids=[order_id]))
    if found is None or found.store_id != store_id:
        raise PickupUnknown(order_id=order_id)
    yield [CALLED(order_id=order_id, at=at), topics.moved(topics.pickups_of(store_id), topics.order_of(order_id))]
    return shown(msgspec.structs.replace(found, called=found.called + 1, called_at=at))
