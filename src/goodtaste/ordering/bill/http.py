"""Routes of the open bill: what is held and fired, taken off it, given, carried, split and merged."""

from __future__ import annotations

from typing import Any

from litestar import Request, get, post
from litestar.params import JSONBody

from goodtaste.kernel.context import Ctx
from goodtaste.kernel.input import Id
from goodtaste.kernel.web import context, member_or_staff, staff
from goodtaste.member import api as members
from goodtaste.ordering import orders
from goodtaste.ordering.bill import discounts, kitchen, merge, moves, reopen, returns, seat, shares, whose
from goodtaste.ordering.bill_rows import Discount
from goodtaste.ordering.orders import OrderView
from goodtaste.ordering.where import where_of
from goodtaste.org import api as org
from goodtaste.payment.api import give_back_of

Asked = Request[Any, Any, Any]


class TakeOffAsked(returns.TakeOff, frozen=True):
    """What is sent to take pieces off a bill; a person without the permission adds the approval of one who has it."""

    approval: org.ApprovalAsked | None = None


class DiscountAsked(discounts.TakeOffPrice, frozen=True):
    """What is sent to take something off a bill by hand; beyond what a person may it takes the approval of one who may."""

    approval: org.ApprovalAsked | None = None


class ReopenAsked(reopen.Reopen, frozen=True):
    """What is sent to open a paid order anew; a person without the permission adds the approval of one who has it."""

    approval: org.ApprovalAsked | None = None


async def approved_by(ctx: Ctx, approval: org.ApprovalAsked | None, *, permission: str, order_id: str) -> str | None:
    """Return who approved, where the caller lacks the permission at the store of the order and somebody did."""
    if approval is None:
        return None
    store_id = await ctx.query(orders.store_of(order_id, actor=ctx.actor))
    return await org.approved_by(ctx, approval, permission=permission, store_id=store_id)


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
    asked = org.without_approval(data, returns.TakeOff)
    return await ctx.run(returns.take_off(order_id, asked, actor=ctx.actor, approved_by=by, where=place))


@get("/v1/orders/{order_id:str}/returns", opt=member_or_staff("order.read"), tags=["orders"])
async def returned_lines(order_id: Id, request: Asked) -> list[returns.ReturnView]:
    """Return what was taken off an order."""
    ctx = context(request)
    return await ctx.query(returns.of_order(order_id, actor=ctx.actor))


@post("/v1/orders/{order_id:str}/discounts", opt=staff("order.place"), tags=["orders"], status_code=200)
async def take_off_price(order_id: Id, data: JSONBody[DiscountAsked], request: Asked) -> OrderView:
    """Take something off an unpaid bill by hand: dishes given free, an amount, or a share."""
    ctx = context(request)
    place = await where_of(ctx, order_id)
    by = await approved_by(ctx, data.approval, permission=data.permission, order_id=order_id)
    asked = org.without_approval(data, discounts.TakeOffPrice)
    return await ctx.run(discounts.take_off_price(order_id, asked, actor=ctx.actor, approved_by=by, where=place))


@post(
    "/v1/orders/{order_id:str}/discounts/{discount_id:str}/end",
    opt=staff("order.place"),
    tags=["orders"],
    status_code=200,
)
async def end_discount(
    order_id: Id, discount_id: Id, data: JSONBody[discounts.EndDiscount], request: Asked
) -> OrderView:
    """Take a discount by hand off an unpaid bill again."""
    ctx = context(request)
    place = await where_of(ctx, order_id)
    return await ctx.run(discounts.end_discount(order_id, discount_id, data, actor=ctx.actor, where=place))


@get("/v1/orders/{order_id:str}/discounts", opt=staff("order.read"), tags=["orders"])
async def order_discounts(order_id: Id, request: Asked) -> list[Discount]:
    """List what people took off an order, with who, why, and who approved."""
    ctx = context(request)
    return await ctx.query(discounts.of_order(order_id, actor=ctx.actor))


@post("/v1/orders/{order_id:str}/seat", opt=staff("order.place"), tags=["orders"], status_code=200)
async def change_seat(order_id: Id, data: JSONBody[seat.Seat], request: Asked) -> OrderView:
    """Have an unpaid bill stand at another table, or for another number of people."""
    ctx = context(request)
    return await ctx.run(seat.change_seat(order_id, data, actor=ctx.actor, where=await where_of(ctx, order_id)))


async def code_shown(ctx: Ctx, asked: whose.Whose, order_id: str) -> members.MemberCode | None:
    """Return the verified member code that was scanned, where one was."""
    if asked.code is None:
        return None
    store_id = await ctx.query(orders.store_of(order_id, actor=ctx.actor))
    ctx.actor.need("member.identify", store_id=store_id)
    return await members.read_code(ctx, asked.code)


@post("/v1/orders/{order_id:str}/member/preview", opt=staff("order.place"), tags=["orders"], status_code=200)
async def preview_member(order_id: Id, data: JSONBody[whose.Whose], request: Asked) -> OrderView:
    """Show what an unpaid bill would be if it were a member's, or nobody's."""
    ctx = context(request)
    by: dict[str, Any] = {"shown": await code_shown(ctx, data, order_id), "where": await where_of(ctx, order_id)}
    return await ctx.query(whose.preview(order_id, data, actor=ctx.actor, **by))


@post("/v1/orders/{order_id:str}/member", opt=staff("order.place"), tags=["orders"], status_code=200)
async def put_member(order_id: Id, data: JSONBody[whose.PutMember], request: Asked) -> OrderView:
    """Put a member on an unpaid bill, or take theirs off."""
    ctx = context(request)
    by: dict[str, Any] = {"shown": await code_shown(ctx, data, order_id), "where": await where_of(ctx, order_id)}
    return await ctx.run(whose.put(order_id, data, actor=ctx.actor, **by))


@post("/v1/orders/{order_id:str}/shares", opt=member_or_staff("order.read"), tags=["orders"], status_code=200)
async def order_shares(order_id: Id, data: JSONBody[shares.Split], request: Asked) -> shares.Shares:
    """Show what is due of an order in shares that add up: in so many ways, by amounts, or by guest."""
    ctx = context(request)
    return await ctx.query(shares.shares(order_id, data, actor=ctx.actor))


@post("/v1/orders/{order_id:str}/moves", opt=staff("order.place"), tags=["orders"], status_code=200)
async def move_lines(order_id: Id, data: JSONBody[moves.Move], request: Asked) -> moves.Moved:
    """Move pieces of an unpaid bill to a new one, or to one that is there."""
    ctx = context(request)
    return await ctx.run(moves.move(order_id, data, actor=ctx.actor, where=await where_of(ctx, order_id)))


@post("/v1/orders/{order_id:str}/merge", opt=staff("order.place"), tags=["orders"], status_code=200)
async def merge_bill(order_id: Id, data: JSONBody[merge.Merge], request: Asked) -> moves.Moved:
    """Have all of an unpaid bill go to another, and close it."""
    ctx = context(request)
    return await ctx.run(merge.merge(order_id, data, actor=ctx.actor, where=await where_of(ctx, order_id)))


@post("/v1/orders/{order_id:str}/reopen", opt=staff("order.read"), tags=["orders"], status_code=200)
async def reopen_order(order_id: Id, data: JSONBody[ReopenAsked], request: Asked) -> reopen.Reopened:
    """Take a paid order back and open a new bill with its dishes."""
    ctx = context(request)
    place = await where_of(ctx, order_id)
    by = await approved_by(ctx, data.approval, permission=reopen.PERMISSION, order_id=order_id)
    asked = org.without_approval(data, reopen.Reopen)
    done = await ctx.run(reopen.reopen(order_id, asked, actor=ctx.actor, approved_by=by, where=place))
    if done.refund.amount_fen:
        await give_back_of(ctx, done.refund.id)
    return done


ROUTES: list[Any] = [
    fire_lines,
    take_off_lines,
    returned_lines,
    take_off_price,
    end_discount,
    order_discounts,
    change_seat,
    order_shares,
    move_lines,
    merge_bill,
    preview_member,
    put_member,
    reopen_order,
]
