"""Routes of calls from tables."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.params import JSONBody

from goodtaste.floor.calls import calling
from goodtaste.floor.calls.calling import CallView
from goodtaste.floor.seating.http import SeatToken, phone
from goodtaste.kernel.input import Id
from goodtaste.kernel.web import anybody, context, staff
from goodtaste.org.api import Directory

Asked = Request[Any, Any, Any]


@post("/v1/seating/calls", opt=anybody(), tags=["calls"])
async def call_staff(data: JSONBody[calling.Call], request: Asked, token: SeatToken = "") -> CallView:
    """Call somebody to the table of the phone that asks."""
    ctx = context(request)
    return await ctx.run(calling.make(data, **phone(ctx, token), at=ctx.now))


@get("/v1/seating/calls", opt=anybody(), tags=["calls"])
async def calls_of_table(request: Asked, token: SeatToken = "") -> list[CallView]:
    """List the newest calls of the table of the phone that asks."""
    ctx = context(request)
    return await ctx.query(calling.of_table(**phone(ctx, token)))


@post("/v1/seating/calls/{call_id:str}/cancel", opt=anybody(), tags=["calls"], status_code=200)
async def cancel_call(call_id: Id, request: Asked, token: SeatToken = "") -> CallView:
    """Cancel a call of the table of the phone that asks."""
    ctx = context(request)
    return await ctx.run(calling.cancel(call_id, **phone(ctx, token), at=ctx.now))


@get("/v1/stores/{store_id:str}/calls", opt=staff("order.read"), tags=["calls"])
async def calls_of_store(store_id: Id, request: Asked) -> list[CallView]:
    """List the calls of a store's tables that wait, oldest first."""
    ctx = context(request)
    return await ctx.query(calling.open_at(store_id, actor=ctx.actor, directory=ctx.see(Directory)))


@post("/v1/calls/{call_id:str}/answer", opt=staff("order.place"), tags=["calls"], status_code=200)
async def answer_call(call_id: Id, request: Asked) -> CallView:
    """Say that somebody comes to the table that called."""
    ctx = context(request)
    return await ctx.run(calling.answer(call_id, actor=ctx.actor, at=ctx.now))


ROUTES: list[Any] = [call_staff, calls_of_table, cancel_call, calls_of_store, answer_call]
