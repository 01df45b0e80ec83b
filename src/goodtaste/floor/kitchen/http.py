"""Routes of the kitchen."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from litestar import Request, get, post, put
from litestar.params import JSONBody, QueryParameter

from goodtaste.floor.kitchen import acts, hurrying, pacing, pickups, stations, views
from goodtaste.floor.seating.http import SeatToken, phone
from goodtaste.kernel.context import Ctx
from goodtaste.kernel.input import Id
from goodtaste.kernel.telemetry import READY_ERROR_SECONDS
from goodtaste.kernel.web import Allow, OptionalId, anybody, context, member_or_staff, staff, who_orders
from goodtaste.org.api import Directory

Asked = Request[Any, Any, Any]
Days = Annotated[int, QueryParameter(ge=1, le=pacing.DAYS_MAX, description="How many days back")]
KITCHEN = {"allow": Allow(frozenset(("staff", "terminal")), "order.advance")}


def _today(ctx: Ctx, store_id: str) -> Any:
    return ctx.see(Directory).store(store_id).calendar.business_date(ctx.now)


@get("/v1/stores/{store_id:str}/kitchen", opt=KITCHEN, tags=["kitchen"])
async def read_kitchen(store_id: Id, request: Asked, station_id: OptionalId = None) -> views.KitchenView:
    """Return the tickets of a kitchen, or of one of its stations, and what they come to by dish."""
    ctx = context(request)
    by: dict[str, Any] = {"actor": ctx.actor, "directory": ctx.see(Directory)}
    return await ctx.query(views.kitchen(store_id, station_id=station_id, **by))


@post("/v1/stores/{store_id:str}/kitchen/acts", opt=KITCHEN, tags=["kitchen"], status_code=200)
async def act_in_kitchen(store_id: Id, data: JSONBody[acts.KitchenAct], request: Asked) -> acts.Acted:
    """Begin, bump, recall or serve dishes."""
    ctx = context(request)
    done = await ctx.run(acts.act(store_id, data, actor=ctx.actor, today=_today(ctx, store_id), at=ctx.now))
    for each in done.off_s:
        READY_ERROR_SECONDS.observe(abs(each))
    return done


@get("/v1/stores/{store_id:str}/kitchen/pace", opt=staff("order.read"), tags=["kitchen"])
async def kitchen_pace(store_id: Id, request: Asked, days: Days = 7) -> list[pacing.PaceView]:
    """Tell how the stations of a kitchen kept what they promised."""
    ctx = context(request)
    since = _today(ctx, store_id) - timedelta(days=days - 1)
    return await ctx.query(pacing.report(store_id, since=since, actor=ctx.actor))


@get("/v1/stores/{store_id:str}/kitchen/plan", opt=staff("order.read"), tags=["kitchen"])
async def kitchen_plan(store_id: Id, request: Asked) -> stations.KitchenPlan:
    """Return the stations of a kitchen, and which dish goes where."""
    ctx = context(request)
    return await ctx.query(stations.plan(store_id, actor=ctx.actor))


@put("/v1/stores/{store_id:str}/kitchen/stations/{station_id:str}", opt=staff("table.edit"), tags=["kitchen"])
async def set_station(
    store_id: Id, station_id: Id, data: JSONBody[stations.PutStation], request: Asked
) -> stations.Station:
    """Make a station, or change it."""
    ctx = context(request)
    ctx.see(Directory).store(store_id)
    asked = stations.set_station(store_id, station_id=station_id, asked=data, actor=ctx.actor, at=ctx.now)
    return await ctx.run(asked)


@put("/v1/stores/{store_id:str}/kitchen/routes", opt=staff("table.edit"), tags=["kitchen"])
async def set_routes(store_id: Id, data: JSONBody[stations.PutRoutes], request: Asked) -> stations.KitchenPlan:
    """Decide which dish, or which category, goes to which station."""
    ctx = context(request)
    return await ctx.run(stations.set_routes(store_id, data, actor=ctx.actor, at=ctx.now))


@get("/v1/orders/{order_id:str}/progress", opt=who_orders("order.read"), tags=["kitchen"])
async def order_progress(order_id: Id, request: Asked) -> views.OrderProgress:
    """Tell how far the kitchen is with an order, and when it will be ready."""
    ctx = context(request)
    return await ctx.query(views.progress(order_id, actor=ctx.actor))


@post("/v1/orders/{order_id:str}/hurry", opt=member_or_staff("order.place"), tags=["kitchen"], status_code=200)
async def hurry_order(order_id: Id, request: Asked) -> hurrying.Hurried:
    """Ask the kitchen for what of an order is still to be made."""
    ctx = context(request)
    return await ctx.run(hurrying.hurry_order(order_id, actor=ctx.actor, at=ctx.now))


@post("/v1/seating/hurry", opt=anybody(), tags=["kitchen"], status_code=200)
async def hurry_table(request: Asked, token: SeatToken = "") -> hurrying.Hurried:
    """Ask the kitchen, from a phone at the table, for what is still to be made."""
    ctx = context(request)
    return await ctx.run(hurrying.hurry_table(**phone(ctx, token), at=ctx.now))


@get("/v1/stores/{store_id:str}/pickups", opt=anybody(), tags=["kitchen"])
async def pickup_board(store_id: Id, request: Asked) -> list[pickups.PickupView]:
    """Return the pickup numbers of today that were not fetched yet."""
    ctx = context(request)
    return await ctx.query(pickups.read_board(store_id, today=_today(ctx, store_id)))


@post(
    "/v1/stores/{store_id:str}/pickups/{order_id:str}/call",
    opt=staff("order.advance"),
    tags=["kitchen"],
    status_code=200,
)
async def call_pickup(store_id: Id, order_id: Id, request: Asked) -> pickups.PickupView:
    """Call the number of an order."""
    ctx = context(request)
    return await ctx.run(pickups.call(store_id, order_id=order_id, actor=ctx.actor, at=ctx.now))


ROUTES: list[Any] = [
    read_kitchen,
    act_in_kitchen,
    kitchen_pace,
    kitchen_plan,
    set_station,
    set_routes,
    order_progress,
    hurry_order,
    hurry_table,
    pickup_board,
    call_pickup,
]
