"""Routes of ordering."""

from __future__ import annotations

from typing import Any

from litestar import Request, post
from litestar.params import JSONBody

from goodtaste.kernel.context import Ctx
from goodtaste.kernel.web import context, member_or_staff
from goodtaste.member.api import Program
from goodtaste.menu.api import MenuBook
from goodtaste.ordering.orders import OrderView
from goodtaste.ordering.place import Place, PlaceOrder, place
from goodtaste.org.api import Directory

Asked = Request[Any, Any, Any]


def where(ctx: Ctx, store_id: str) -> Place:
    """Return what this process knows of a store now."""
    calendar = ctx.see(Directory).store(store_id).calendar
    return Place(ctx.see(MenuBook), ctx.see(Program), calendar, ctx.now, calendar.business_date(ctx.now))


@post("/v1/orders", opt=member_or_staff("order.place"), tags=["orders"])
async def place_order(data: JSONBody[PlaceOrder], request: Asked) -> OrderView:
    """Place an order, and pay it where cash comes with it."""
    ctx = context(request)
    return await ctx.run(place(data, actor=ctx.actor, where=where(ctx, data.store_id)))


ROUTES = [place_order]
