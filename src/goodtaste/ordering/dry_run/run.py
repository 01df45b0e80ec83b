"""A dry run: reads the orders of a period page by page, prices each with an offer and without it, and writes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Annotated

import msgspec
from sqlalchemy import Text, and_, cast, func, or_, select

from goodtaste.kernel.calendar import zone_of
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.db import Id, Int, ListOf, Moment, Read, Str, in_list, par
from goodtaste.kernel.errors import Refusal
from goodtaste.kernel.input import Id as IdText
from goodtaste.kernel.input import Input, Positive
from goodtaste.kernel.words import sentence
from goodtaste.menu.api import MenuBook
from goodtaste.ordering.dry_run import reckon
from goodtaste.ordering.tables import line, order
from goodtaste.org.api import Directory, Store
from goodtaste.pricing import api as pricing
from goodtaste.promo import api as promo

PAGE = 100  # orders read, and priced off the event loop, at a time
DAYS_MAX = 92
ORDERS_MAX = 20_000  # orders priced in one run
GRAIN = 4_096  # the sample is so many of so many orders, by the last three digits of their ids
ALL = "g"  # above every hexadecimal digit
ASSUMES = ("validity", "live", "members", "coupons", "diners", "fees")


class DryRunBusy(Refusal):
    """Raised while this process makes another dry run."""

    code = "ordering.dry_run_busy"


class DryRunAsked(Input, frozen=True):
    """What is sent for a dry run: a version of the offer (None: the newest) over the orders of the last `days`, of some stores or of all.

    Of more than `orders_max` orders a sample is taken, the same each time.
    """

    version: Positive | None = None
    days: Annotated[int, msgspec.Meta(ge=1, le=DAYS_MAX)] = 30
    store_ids: Annotated[tuple[IdText, ...], msgspec.Meta(max_length=500)] = ()
    orders_max: Annotated[int, msgspec.Meta(ge=1, le=ORDERS_MAX)] = 2_000


class Report(msgspec.Struct, frozen=True):
    """What an offer would have done to the orders paid from `from_at` to before `to_at`.  Amounts in fen.

    Of `orders` there were, `read` were priced; the sums are of these, `cost_estimate_fen` is scaled to all.  `affected`: orders to which it
    applies, `uptake_bp` of those read; `cost_fen`: what less they pay than without it; `inexact`: prices where the search was cut short.
    """

    offer_id: str
    version: int
    from_at: datetime
    to_at: datetime
    orders: int
    read: int
    affected: int
    uptake_bp: int
    due_without_fen: int
    cost_fen: int
    cost_estimate_fen: int
    average_saving_fen: int
    inexact: int
    by_store: list[reckon.Sum]
    by_daypart: list[reckon.Sum]
    top_dishes: list[reckon.DishSum]
    assumes: list[str]


class Desk:
    """Where one dry run at a time is made in a process."""

    def __init__(self) -> None:
        self.taken = asyncio.Lock()


class _Count(msgspec.Struct, frozen=True):
    n: int


class _Order(msgspec.Struct, frozen=True):
    id: str
    store_id: str
    member_id: str | None
    channel: str
    placed_at: datetime


class _Line(msgspec.Struct, frozen=True):
    order_id: str
    line_no: int
    sku_id: str
    qty: int
    list_fen: int
    unit_fen: int


_BOUGHT = (
    order.c.store_id == par("store_id", Id),
    order.c.placed_at < par("to_at", Moment),
    order.c.state != "cancelled",
    order.c.pay_state.in_(["paid", "partly_refunded"]),
)
_AFTER = par("after_at", Moment)
COUNT = Read(
    select(func.count().label("n")).select_from(order).where(*_BOUGHT, order.c.placed_at >= par("from_at", Moment)),
    _Count,
)
ORDERS = Read(
    select(*[order.c[name] for name in _Order.__struct_fields__])
    .where(
        *_BOUGHT,
        order.c.placed_at >= _AFTER,
        or_(order.c.placed_at > _AFTER, and_(order.c.placed_at == _AFTER, order.c.id > par("after_id", Id))),
        func.substr(cast(order.c.id, Text), 34, 3) < par("mark", Str),
    )
    .order_by(order.c.placed_at, order.c.id)
    .limit(par("limit", Int)),
    _Order,
)
LINES = Read(
    select(*[line.c[name] for name in _Line.__struct_fields__])
    .where(in_list(line.c.order_id, par("ids", ListOf)), line.c.qty > 0)
    .order_by(line.c.order_id, line.c.line_no),
    _Line,
)
FIRST_ID = "00000000-0000-0000-0000-000000000000"


async def dry_run(ctx: Ctx, offer_id: str, asked: DryRunAsked) -> Report:
    """Tell what an offer would have cost, whom it would have reached and where; writes nothing.

    Refuses `promo.OfferUnknown`, `org.StoreUnknown`, and `DryRunBusy` while this process makes another.
    """
    ctx.actor.need("offer.edit")
    desk = ctx.part(Desk)
    if desk.taken.locked():
        raise DryRunBusy
    async with desk.taken:
        return await _run(ctx, offer_id, asked)


async def _run(ctx: Ctx, offer_id: str, asked: DryRunAsked) -> Report:
    number, terms = await ctx.query(promo.terms_at(offer_id, number=asked.version))
    to_at = ctx.now
    from_at = to_at - timedelta(days=asked.days)
    stores = _stores(ctx.see(Directory), asked.store_ids or terms.offer.conditions.store_ids)
    counts = [await ctx.db.rows(COUNT(store_id=each.id, from_at=from_at, to_at=to_at)) for each in stores]
    there = sum(count.n for [count] in counts)
    mark = ALL if there <= asked.orders_max else f"{max(1, GRAIN * asked.orders_max // there):03x}"
    offer = reckon.always(terms.offer, dates_too=True)
    live = ctx.see(promo.LiveOffers)
    sums, book = reckon.Sums(), ctx.see(MenuBook)
    for store in stores:
        others = [reckon.always(each.terms.offer, dates_too=False) for each in live.of(store.id) if each.id != offer_id]
        async for carts in _carts(ctx, store, book, from_at=from_at, to_at=to_at, mark=mark):
            sums.add(await asyncio.to_thread(reckon.outcomes, carts, offer, others))
    said = ASSUMES if mark == ALL else (*ASSUMES, "sample")
    facts = {"n": sums.all.orders, "of": there}
    return Report(
        offer_id=offer_id,
        version=number,
        from_at=from_at,
        to_at=to_at,
        orders=there,
        read=sums.all.orders,
        affected=sums.all.affected,
        uptake_bp=sums.all.affected * 10_000 // max(1, sums.all.orders),
        due_without_fen=sums.due_fen,
        cost_fen=sums.all.cost_fen,
        cost_estimate_fen=sums.all.cost_fen * there // max(1, sums.all.orders),
        average_saving_fen=sums.all.cost_fen // max(1, sums.all.affected),
        inexact=sums.inexact,
        by_store=sums.by_store,
        by_daypart=sums.by_daypart,
        top_dishes=sums.top_dishes,
        assumes=[sentence(f"ordering.dry_run.{each}", ctx.language, facts).say for each in said],
    )


def _stores(directory: Directory, ids: Sequence[str]) -> list[Store]:
    return [directory.store(each) for each in ids] if ids else list(directory.stores.values())


async def _carts(
    ctx: Ctx, store: Store, book: MenuBook, *, from_at: datetime, to_at: datetime, mark: str
) -> AsyncIterator[list[reckon.Cart]]:
    """Give the carts of a store's orders, a page at a time, oldest first."""
    after_at, after_id, zone = from_at, FIRST_ID, zone_of(store.zone)
    while found := await ctx.db.rows(
        ORDERS(store_id=store.id, to_at=to_at, after_at=after_at, after_id=after_id, mark=mark, limit=PAGE)
    ):
        lines: dict[str, list[pricing.Line]] = {each.id: [] for each in found}
        for each in await ctx.db.rows(LINES(ids=list(lines))):
            sku = book.sku.get(each.sku_id)
            dish_id = sku.dish_id if sku else ""
            lines[each.order_id].append(
                pricing.Line(each.line_no, each.sku_id, dish_id, each.qty, each.list_fen, each.unit_fen)
            )
        yield [
            reckon.Cart(
                each.store_id,
                each.channel,
                each.member_id is not None,
                each.placed_at,
                each.placed_at.astimezone(zone),
                tuple(lines[each.id]),
            )
            for each in found
            if lines[each.id]
        ]
        after_at, after_id = found[-1].placed_at, found[-1].id
