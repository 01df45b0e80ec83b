"""The trading day of a store's stock: rows for every SKU, and each morning the portions and switches that the day starts with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta
from typing import Any

import msgspec
from sqlalchemy import and_, or_, select, update

from goodtaste.kernel.context import Process
from goodtaste.kernel.db import Change, Day, Id, Read, Steps, change, insert, par, script, together
from goodtaste.kernel.jobs import Every
from goodtaste.kernel.snapshot import moved_from, version_of
from goodtaste.menu.tables import SNAPSHOT, sku, stock, store_day
from goodtaste.org.api import Directory

BEGIN_DAYS = "menu.begin_days"
RECURRING = Every(BEGIN_DAYS, timedelta(seconds=10))


class StoreDay(msgspec.Struct, frozen=True):
    """A store whose stock is kept, and the trading day it was made ready for."""

    store_id: str
    business_date: date


class _Sku(msgspec.Struct, frozen=True):
    id: str


_STORE, _TODAY = par("store_id", Id), par("today", Day)
STORES = Read(select(store_day.c.store_id, store_day.c.business_date).order_by(store_day.c.store_id), StoreDay)
ONE = Read(select(store_day.c.store_id, store_day.c.business_date).where(store_day.c.store_id == _STORE), StoreDay)
ALL_SKUS = Read(select(sku.c.id), _Sku)
NEW_STORE = insert(store_day)
NEW_ROWS = insert(stock, conflict="skip")
NEXT_DAY = change(
    update(store_day)
    .where(store_day.c.store_id == _STORE, store_day.c.business_date < _TODAY)
    .values(business_date=_TODAY),
    guard="menu_store_day_begun",
)
BEGIN = change(
    update(stock)
    .where(
        stock.c.store_id == _STORE,
        or_(
            stock.c.portions_left.is_not(None), stock.c.portions_daily.is_not(None), stock.c.sold_out_until_on <= _TODAY
        ),
    )
    .values(
        portions_left=stock.c.portions_daily,
        sold_out=and_(stock.c.sold_out, or_(stock.c.sold_out_until_on.is_(None), stock.c.sold_out_until_on > _TODAY)),
    )
)


def rows_for(stores: Sequence[str], skus: Sequence[str]) -> Change:
    """Write a stock row for each store and SKU that has none: on sale, portions not counted."""
    return NEW_ROWS.many(
        [
            {
                "store_id": store_id, "sku_id": sku_id, "portions_left": None, "portions_daily": None, "sold_out": False,
                "sold_out_until_on": None, "sold": 0,
            }
            for store_id in stores
            for sku_id in skus
        ]
    )  # fmt: skip


@script
def begin_day(store_id: str, *, today: date) -> Steps[bool]:
    """Make the stock of a store ready for a trading day, once a day: rows for every SKU where the store is new, else the daily portions,
    and switches lifted that were set until today.  Tells whether there was anything to do.
    """
    seen, found, skus = yield from together(version_of(SNAPSHOT), ONE(store_id=store_id), ALL_SKUS())
    if not found:
        yield [
            moved_from(SNAPSHOT, seen),
            NEW_STORE(store_id=store_id, business_date=today),
            rows_for([store_id], [each.id for each in skus]),
        ]
        return True
    if found[0].business_date >= today:
        return False
    yield [NEXT_DAY(store_id=store_id, today=today), BEGIN(store_id=store_id, today=today)]
    return True


async def begin_days(process: Process) -> None:
    """Begin the day of every store whose day has come, and take up new stores."""
    ready = {each.store_id: each.business_date for each in await process.db.rows(STORES())}
    now = process.clock()
    for store in process.see(Directory).stores.values():
        today = store.calendar.business_date(now)
        last = ready.get(store.id)
        if last is None or last < today:
            await process.db.run(begin_day(store.id, today=today))


def functions(process: Process) -> dict[str, Callable[[dict[str, Any]], Awaitable[None]]]:
    """Return the function of each job."""

    async def run(_: dict[str, Any]) -> None:
        await begin_days(process)

    return {BEGIN_DAYS: run}
