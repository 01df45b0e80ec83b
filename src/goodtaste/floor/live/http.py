"""Routes of live screens: server-sent events that go on where they left off."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, get
from litestar.params import HeaderParameter, QueryParameter
from litestar.response import Stream

from goodtaste.floor.kitchen import views as kitchen_views
from goodtaste.floor.kitchen.http import KITCHEN
from goodtaste.floor.live import feeds, topics
from goodtaste.floor.live.hub import Hub, Load
from goodtaste.floor.seating import views as seating_views
from goodtaste.floor.seating.http import SeatToken, phone
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.input import Id
from goodtaste.kernel.web import OptionalId, anybody, context, staff, who_orders
from goodtaste.org.api import Directory

STREAM_MAX_S = 900  # then it is opened again, by whoever still may

Asked = Request[Any, Any, Any]
LastId = Annotated[
    str, HeaderParameter(name="last-event-id", max_length=20, description="The id of the last event that was received")
]
ForS = Annotated[
    int, QueryParameter(ge=0, le=STREAM_MAX_S, description="Seconds to listen; 0: what is shown now, and no more")
]
HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}


async def _stream(
    ctx: Ctx, topic: str, load: Load, *, last: str, for_s: int, variant: str = "", key: str = ""
) -> Stream:
    last_id = int(last) if last.isdecimal() and last.isascii() else None
    hub = ctx.part(Hub)
    events = await hub.listen(topic, variant=variant, load=load, key=key, last_id=last_id, for_s=for_s)
    return Stream(events, media_type="text/event-stream", headers=HEADERS)


@get("/v1/stores/{store_id:str}/kitchen/live", opt=KITCHEN, tags=["live"])
async def live_kitchen(
    store_id: Id, request: Asked, station_id: OptionalId = None, last: LastId = "", for_s: ForS = STREAM_MAX_S
) -> Stream:
    """Show a kitchen, or one of its stations, as it changes."""
    ctx = context(request)
    await ctx.query(
        kitchen_views.kitchen(store_id, station_id=station_id, actor=ctx.actor, directory=ctx.see(Directory))
    )
    load = feeds.kitchen(ctx.process, store_id, station_id)
    return await _stream(ctx, topics.kitchen_of(store_id), load, variant=station_id or "", last=last, for_s=for_s)


@get("/v1/stores/{store_id:str}/seatings/live", opt=staff("order.read"), tags=["live"])
async def live_tables(store_id: Id, request: Asked, last: LastId = "", for_s: ForS = STREAM_MAX_S) -> Stream:
    """Show the map of a store's tables as it changes."""
    ctx = context(request)
    ctx.actor.need("order.read", store_id=ctx.see(Directory).store(store_id).id)
    return await _stream(ctx, topics.floor_of(store_id), feeds.tables(ctx.process, store_id), last=last, for_s=for_s)


@get("/v1/stores/{store_id:str}/calls/live", opt=staff("order.read"), tags=["live"])
async def live_calls(store_id: Id, request: Asked, last: LastId = "", for_s: ForS = STREAM_MAX_S) -> Stream:
    """Show the calls of a store's tables as they come and go."""
    ctx = context(request)
    ctx.actor.need("order.read", store_id=ctx.see(Directory).store(store_id).id)
    return await _stream(ctx, topics.calls_of(store_id), feeds.calls(ctx.process, store_id), last=last, for_s=for_s)


@get("/v1/stores/{store_id:str}/pickups/live", opt=anybody(), tags=["live"])
async def live_pickups(store_id: Id, request: Asked, last: LastId = "", for_s: ForS = STREAM_MAX_S) -> Stream:
    """Show the board of pickup numbers as it changes."""
    ctx = context(request)
    ctx.see(Directory).store(store_id)
    return await _stream(ctx, topics.pickups_of(store_id), feeds.board(ctx.process, store_id), last=last, for_s=for_s)


@get("/v1/seating/live", opt=anybody(), tags=["live"])
async def live_seating(request: Asked, token: SeatToken = "", last: LastId = "", for_s: ForS = STREAM_MAX_S) -> Stream:
    """Show a phone its seating as it changes: cart, bills, and how far the kitchen is."""
    ctx = context(request)
    who = phone(ctx, token)
    seating_id = await ctx.query(seating_views.seating_of_phone(**who))
    load, key = feeds.seating(ctx.process, seating_id), feeds.phone_key(**who)
    return await _stream(ctx, topics.seating_of(seating_id), load, key=key, last=last, for_s=for_s)


@get("/v1/seatings/{seating_id:str}/live", opt=staff("order.place"), tags=["live"])
async def live_seating_of_staff(
    seating_id: Id, request: Asked, last: LastId = "", for_s: ForS = STREAM_MAX_S
) -> Stream:
    """Show the staff a seating as it changes."""
    ctx = context(request)
    await ctx.query(seating_views.store_of(seating_id, actor=ctx.actor))
    load = feeds.seating(ctx.process, seating_id)
    return await _stream(ctx, topics.seating_of(seating_id), load, key=feeds.STAFF, last=last, for_s=for_s)


@get("/v1/orders/{order_id:str}/progress/live", opt=who_orders("order.read"), tags=["live"])
async def live_progress(order_id: Id, request: Asked, last: LastId = "", for_s: ForS = STREAM_MAX_S) -> Stream:
    """Show how far an order is as it goes on."""
    ctx = context(request)
    await ctx.query(kitchen_views.progress(order_id, actor=ctx.actor))
    return await _stream(ctx, topics.order_of(order_id), feeds.order(ctx.process, order_id), last=last, for_s=for_s)


ROUTES: list[Any] = [
    live_kitchen,
    live_tables,
    live_calls,
    live_pickups,
    live_seating,
    live_seating_of_staff,
    live_progress,
]
