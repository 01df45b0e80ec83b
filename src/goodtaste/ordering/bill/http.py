"""Routes of the open bill: what is held and fired, what is taken off it."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from litestar import Request, get, post
from litestar.params import JSONBody

from goodtaste.kernel.context import Ctx
from goodtaste.kernel.input import Id
from goodtaste.kernel.web import context, member_or_staff, staff
from goodtaste.ordering import orders
from goodtaste.ordering.bill import kitchen, returns
from goodtaste.ordering.orders import OrderView
from goodtaste.ordering.where import where_of
from goodtaste.org import api as org

Asked = Request[Any, Any, Any]
S = TypeVar("S", bound=msgspec.Struct)


class TakeOffAsked(returns.TakeOff, frozen=True):
    """What is sent to take pieces off a bill; a person without the permission adds the approval of one who has it."""

    approval: org.ApprovalAsked | None = None


def act(asked: msgspec.Struct, as_: type[S]) -> S:
    """Return what is asked for without the approval: a PIN is no part of what an act is known by."""
    return msgspec.convert({name: getattr(asked, name) for name in as_.__struct_fields__}, as_)


async def approved_by(ctx: Ctx, approval: org.ApprovalAsked | None, *, permission: str, order_id: str) -> str | None:
    """Return who approved, where the caller lacks the permission at the store of the order and somebody did."""
    if approval is None:
        return None
    store_id = await ctx.query(orders.store_of(order_id, actor=ctx.actor))
    if ctx.actor.can(permission, store_id=store_id):
        return None
    return (await org.approve(ctx, approval, permission=permission, store_id=store_id)).staff_id


@post("/v1/orders/{order_id:str}/fire", opt=staff("order.place"), tags=["orders"], status_code=200)
async def fire_lines(order_id: Id, data: JSONBody[kitchen.Fire], request: Asked) -> OrderView:
    """Have held pieces made: those named, those of a course, or all."""
    ctx = context(request)
    return await ctx.run(kitchen.fire(order_id, data, actor=ctx.actor, where=await where_of(ctx, order_id)))


@post("/v1/orders/{order_id:str}/returns", opt=staff("order.place"), tags=["orders"], status_code=200)
async def take_off_lines(order_id: Id, data: JSONBody[TakeOffAsked], request: Asked) -> OrderView:
    """Take pieces off an unpaid bill: those that are held, and with an approval those that were fired."""
    ctx = context(request)
    place = await where_of(ctx, order_id)
    by = await approved_by(ctx, data.approval, permission=returns.PERMISSION, order_id=order_id)
    asked = act(data, returns.TakeOff)
    return await ctx.run(returns.take_off(order_id, asked, actor=ctx.actor, approved_by=by, where=place))


@get("/v1/orders/{order_id:str}/returns", opt=member_or_staff("order.read"), tags=["orders"])
async def returned_lines(order_id: Id, request: Asked) -> list[returns.ReturnView]:
    """Return what was taken off an order."""
    ctx = context(request)
    return await ctx.query(returns.of_order(order_id, actor=ctx.actor))


ROUTES: list[Any] = [fire_lines, take_off_lines, returned_lines]
