"""Routes of what diners ask after they paid."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, get, post
from litestar.params import JSONBody, Parameter, QueryParameter

from goodtaste.kernel.input import Id
from goodtaste.kernel.web import Before, OptionalId, context, member, member_or_staff, staff
from goodtaste.ordering.asks import asking, deciding
from goodtaste.ordering.asks.asking import AskRefund, RefundRequest, State
from goodtaste.ordering.asks.deciding import RequestPage
from goodtaste.ordering.where import where
from goodtaste.org import api as org
from goodtaste.payment.api import give_back_of

Asked = Request[Any, Any, Any]
Limit = Annotated[int, Parameter(ge=1, le=deciding.PAGE_MAX)]


class ApproveAsked(deciding.Approve, frozen=True):
    """What is sent to refund what a diner asked for; a person without the permission adds the approval of one who has it."""

    approval: org.ApprovalAsked | None = None


@post("/v1/orders/{order_id:str}/refund-requests", opt=member(), tags=["refund requests"])
async def ask_refund(order_id: Id, data: JSONBody[AskRefund], request: Asked) -> RefundRequest:
    """Ask for a refund of one's order, or of pieces of it."""
    ctx = context(request)
    return await ctx.run(asking.ask(order_id, data, actor=ctx.actor, at=ctx.now))


@get("/v1/orders/{order_id:str}/refund-requests", opt=member_or_staff("order.read"), tags=["refund requests"])
async def refund_requests_of_order(order_id: Id, request: Asked) -> list[RefundRequest]:
    """List the refunds of an order that were asked for, newest first."""
    ctx = context(request)
    return await ctx.query(asking.of_order(order_id, actor=ctx.actor))


@post("/v1/refund-requests/{request_id:str}/withdraw", opt=member(), tags=["refund requests"], status_code=200)
async def withdraw_refund_request(request_id: Id, request: Asked) -> RefundRequest:
    """Take a request for a refund back."""
    ctx = context(request)
    return await ctx.run(asking.withdraw(request_id, actor=ctx.actor, at=ctx.now))


@get("/v1/refund-requests", opt=staff("order.read"), tags=["refund requests"])
async def list_refund_requests(
    request: Asked,
    store_id: OptionalId = None,
    wanted: Annotated[State, QueryParameter(name="state")] = "open",
    before: Before = "",
    limit: Limit = 50,
) -> RequestPage:
    """List the requests for refunds in a state, of a store or of the whole brand, newest first."""
    ctx = context(request)
    return await ctx.query(deciding.in_state(wanted, store_id=store_id, actor=ctx.actor, before=before, limit=limit))


@post(
    "/v1/refund-requests/{request_id:str}/approve", opt=staff("order.read"), tags=["refund requests"], status_code=200
)
async def approve_refund_request(request_id: Id, data: JSONBody[ApproveAsked], request: Asked) -> RefundRequest:
    """Refund what a diner asked for."""
    ctx = context(request)
    store_id = (await ctx.query(deciding.store_of(request_id, actor=ctx.actor))).store_id
    by = await org.approved_by(ctx, data.approval, permission="order.refund", store_id=store_id)
    asked = org.without_approval(data, deciding.Approve)
    shown = await ctx.run(
        deciding.approve(request_id, asked, actor=ctx.actor, approved_by=by, where=where(ctx, store_id))
    )
    if shown.refund_id:
        await give_back_of(ctx, shown.refund_id)
    return shown


@post(
    "/v1/refund-requests/{request_id:str}/decline", opt=staff("order.refund"), tags=["refund requests"], status_code=200
)
async def decline_refund_request(request_id: Id, data: JSONBody[deciding.Decline], request: Asked) -> RefundRequest:
    """Decline what a diner asked for, with a reason that they read."""
    ctx = context(request)
    return await ctx.run(deciding.decline(request_id, data, actor=ctx.actor, at=ctx.now))


ROUTES: list[Any] = [
    ask_refund,
    refund_requests_of_order,
    withdraw_refund_request,
    list_refund_requests,
    approve_refund_request,
    decline_refund_request,
]
