"""What this process knows now of a store, and whether it takes an order."""

from __future__ import annotations

from collections.abc import Callable

from goodtaste.kernel.context import Ctx
from goodtaste.member.api import Program
from goodtaste.menu.api import MenuBook
from goodtaste.ordering import orders
from goodtaste.ordering.asked import PlaceOrder
from goodtaste.ordering.spot import Place
from goodtaste.org.api import Directory, StoreClosed, TableUnknown
from goodtaste.payment.api import ClosedDays
from goodtaste.promo.api import LiveOffers

WhereOf = Callable[[str], Place]


def where(ctx: Ctx, store_id: str) -> Place:
    """Return what this process knows of a store now."""
    directory, now = ctx.see(Directory), ctx.now
    store = directory.store(store_id)
    return Place(
        book=ctx.see(MenuBook),
        program=ctx.see(Program),
        calendar=store.calendar,
        at=now,
        today=ctx.see(ClosedDays).today(store_id, store.calendar, at=now),
        offers=ctx.see(LiveOffers),
        fees=store.fees,
        tables=directory.tables,
        tables_pay=store.tables_pay,
    )


async def where_of(ctx: Ctx, order_id: str) -> Place:
    """Return what this process knows now of the store of an order that the caller may see."""
    return where(ctx, await ctx.query(orders.store_of(order_id, actor=ctx.actor)))


async def takes_orders(ctx: Ctx, asked: PlaceOrder) -> None:
    """Refuse an order to a store that is closed, or to a table that does not stand in it.

    The staff may still take an order outside the opening hours of a store that is open; a diner may not, nor at a kiosk.  An order that
    was placed before is answered all the same: who asks again lost the answer.
    """
    try:
        _takes(ctx, asked)
    except (StoreClosed, TableUnknown):
        if await ctx.db.first(orders.ORDER(order_id=asked.id)) is None:
            raise


def _takes(ctx: Ctx, asked: PlaceOrder) -> None:
    directory = ctx.see(Directory)
    store = directory.store(asked.store_id)
    if not store.open or (ctx.actor.kind in ("member", "terminal") and not store.is_open(ctx.now)):
        raise StoreClosed(store_id=asked.store_id)
    if asked.table_id:
        directory.table(asked.table_id, store_id=asked.store_id)
    elif asked.kind == "dine_in":
        raise TableUnknown(table="")
