"""Routes of feedback."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Request, get, put
from litestar.params import FromPath, FromQuery, JSONBody, Parameter

from goodtaste.floor.feedback import answering, giving
from goodtaste.floor.feedback.answering import AnswerFeedback
from goodtaste.floor.feedback.giving import FeedbackGiven, FeedbackPage, FeedbackView, Give
from goodtaste.floor.invoice.receipt_view import order_of
from goodtaste.kernel.input import Id
from goodtaste.kernel.web import Before, anybody, context, member, member_or_staff, staff
from goodtaste.ordering import api as ordering
from goodtaste.org.api import Directory

Asked = Request[Any, Any, Any]
Limit = Annotated[int, Parameter(ge=1, le=giving.PAGE_MAX)]


@get("/v1/orders/{order_id:str}/feedback", opt=member_or_staff("order.read"), tags=["feedback"])
async def feedback_of_order(order_id: Id, request: Asked) -> FeedbackGiven:
    """Tell what was said of an order, and until when it can be said."""
    ctx = context(request)
    order = await ctx.query(ordering.order(order_id, actor=ctx.actor))
    return await ctx.query(giving.of_order(order, at=ctx.now))


@put("/v1/orders/{order_id:str}/feedback", opt=member(), tags=["feedback"])
async def give_feedback(order_id: Id, data: JSONBody[Give], request: Asked) -> FeedbackGiven:
    """Say how the meal of one's order was."""
    ctx = context(request)
    order = await ctx.query(ordering.order(order_id, actor=ctx.actor))
    return await ctx.run(giving.give(order, data, at=ctx.now))


@put("/v1/orders/{order_id:str}/feedback/answer", opt=staff(answering.MAY), tags=["feedback"])
async def answer_feedback(order_id: Id, data: JSONBody[AnswerFeedback], request: Asked) -> FeedbackView:
    """Answer what was said of an order; its diner reads it."""
    ctx = context(request)
    order = await ctx.query(ordering.order(order_id, actor=ctx.actor))
    return await ctx.run(answering.answer(order, data, actor=ctx.actor, at=ctx.now))


@get("/v1/receipts/{token:str}/feedback", opt=anybody(), tags=["feedback"])
async def feedback_of_receipt(token: FromPath[str], request: Asked) -> FeedbackGiven:
    """Tell what was said of the order of a receipt."""
    ctx = context(request)
    return await ctx.query(giving.of_order(await order_of(ctx, token), at=ctx.now))


@put("/v1/receipts/{token:str}/feedback", opt=anybody(), tags=["feedback"])
async def give_feedback_by_receipt(token: FromPath[str], data: JSONBody[Give], request: Asked) -> FeedbackGiven:
    """Say how a meal was, with the code of its receipt."""
    ctx = context(request)
    return await ctx.run(giving.give(await order_of(ctx, token), data, at=ctx.now))


@get("/v1/stores/{store_id:str}/feedback", opt=staff("order.read"), tags=["feedback"])
async def feedback_of_store(
    store_id: Id,
    request: Asked,
    stars: Annotated[int | None, Parameter(ge=1, le=5)] = None,
    unanswered: FromQuery[bool] = False,
    before: Before = "",
    limit: Limit = 50,
) -> FeedbackPage:
    """List what diners said of a store, newest first: all of it, of so many stars, or what nobody answered."""
    ctx = context(request)
    ctx.see(Directory).store(store_id)
    asked = giving.of_store(
        store_id, stars=stars, unanswered=unanswered, actor=ctx.actor, before=before, limit=limit, at=ctx.now
    )
    return await ctx.query(asked)


ROUTES: list[Any] = [
    feedback_of_order,
    give_feedback,
    answer_feedback,
    feedback_of_receipt,
    give_feedback_by_receipt,
    feedback_of_store,
]
