"""Routes of the points shop."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post, put
from litestar.params import JSONBody

from goodtaste.kernel.ids import Id
from goodtaste.kernel.web import context, member, staff
from goodtaste.member.api import Program
from goodtaste.org.api import Directory
from goodtaste.promo.http import Switch
from goodtaste.promo.shop import exchanges, items
from goodtaste.promo.shop.exchanges import Cancelled, Exchange, HandOver, NewExchange
from goodtaste.promo.shop.items import Item, ItemTerms, NewItem, Stock

Asked = Request[Any, Any, Any]


@get("/v1/me/shop/items", opt=member(), tags=["points shop"])
async def my_shop(request: Asked) -> list[Item]:
    """List what the points shop offers, the cheapest first."""
    ctx = context(request)
    return await ctx.query(items.offered(at=ctx.now))


@get("/v1/me/shop/exchanges", opt=member(), tags=["points shop"])
async def my_exchanges(request: Asked) -> list[Exchange]:
    """List one's newest exchanges, with the codes for which goods are handed over."""
    ctx = context(request)
    return await ctx.query(exchanges.of_member(ctx.actor.id))


@post("/v1/me/shop/exchanges", opt=member(), tags=["points shop"])
async def exchange_points(data: JSONBody[NewExchange], request: Asked) -> Exchange:
    """Exchange points for an item."""
    ctx = context(request)
    program = ctx.see(Program)
    today = program.calendar.business_date(ctx.now)
    return await ctx.run(exchanges.make(data, member_id=ctx.actor.id, program=program, today=today, at=ctx.now))


@post("/v1/me/shop/exchanges/{exchange_id:str}/cancel", opt=member(), tags=["points shop"], status_code=200)
async def cancel_my_exchange(exchange_id: Id, request: Asked) -> Exchange:
    """Cancel an exchange of one's own that was not handed over."""
    ctx = context(request)
    today = ctx.see(Program).calendar.business_date(ctx.now)
    return await ctx.run(exchanges.cancel(exchange_id, actor=ctx.actor, reason="", today=today, at=ctx.now))


@get("/v1/shop/items", opt=staff("shop.read"), tags=["points shop"])
async def list_items(request: Asked) -> list[Item]:
    """List the newest items of the points shop."""
    return await context(request).query(items.all_items())


@post("/v1/shop/items", opt=staff("shop.edit"), tags=["points shop"])
async def make_item(data: JSONBody[NewItem], request: Asked) -> Item:
    """Make an item of the points shop."""
    ctx = context(request)
    ctx.actor.need("shop.edit")
    return await ctx.run(items.make(data, program=ctx.see(Program), actor=ctx.actor, at=ctx.now))


@put("/v1/shop/items/{item_id:str}", opt=staff("shop.edit"), tags=["points shop"])
async def change_item(item_id: Id, data: JSONBody[ItemTerms], request: Asked) -> Item:
    """Change an item of the points shop."""
    ctx = context(request)
    ctx.actor.need("shop.edit")
    program = ctx.see(Program)
    return await ctx.run(items.change_terms(item_id, asked=data, program=program, actor=ctx.actor, at=ctx.now))


@post("/v1/shop/items/{item_id:str}/stock", opt=staff("shop.edit"), tags=["points shop"], status_code=200)
async def stock_item(item_id: Id, data: JSONBody[Stock], request: Asked) -> Item:
    """Put more of an item into the points shop, or take some away."""
    ctx = context(request)
    ctx.actor.need("shop.edit")
    return await ctx.run(items.stock(item_id, asked=data, actor=ctx.actor, at=ctx.now))


@post("/v1/shop/items/{item_id:str}/switch", opt=staff("shop.edit"), tags=["points shop"], status_code=200)
async def switch_item(item_id: Id, data: JSONBody[Switch], request: Asked) -> Item:
    """Offer an item of the points shop, or stop offering it."""
    ctx = context(request)
    ctx.actor.need("shop.edit")
    return await ctx.run(items.switch(item_id, open_=data.open, reason=data.reason, actor=ctx.actor, at=ctx.now))


@post("/v1/shop/hand-overs", opt=staff("shop.hand_over"), tags=["points shop"], status_code=200)
async def hand_over(data: JSONBody[HandOver], request: Asked) -> Exchange:
    """Hand goods of the points shop over to who shows their code."""
    ctx = context(request)
    ctx.see(Directory).store(data.store_id)
    ctx.actor.need("shop.hand_over", store_id=data.store_id)
    return await ctx.run(exchanges.hand_over(data, actor=ctx.actor, at=ctx.now))


@post("/v1/shop/exchanges/{exchange_id:str}/cancel", opt=staff("shop.edit"), tags=["points shop"], status_code=200)
async def cancel_exchange(exchange_id: Id, data: JSONBody[Cancelled], request: Asked) -> Exchange:
    """Cancel a member's exchange that was not handed over."""
    ctx = context(request)
    ctx.actor.need("shop.edit")
    today = ctx.see(Program).calendar.business_date(ctx.now)
    return await ctx.run(exchanges.cancel(exchange_id, actor=ctx.actor, reason=data.reason, today=today, at=ctx.now))


ROUTES: list[Any] = [
    my_shop,
    my_exchanges,
    exchange_points,
    cancel_my_exchange,
    list_items,
    make_item,
    change_item,
    stock_item,
    switch_item,
    hand_over,
    cancel_exchange,
]
