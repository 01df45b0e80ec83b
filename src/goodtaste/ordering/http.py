"""Routes of ordering."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, get, post
from litestar.params import JSONBody, Parameter, QueryParameter

from goodtaste.kernel.input import Id, Input
from goodtaste.kernel.web import Before, address_of, anybody, context, member, member_or_staff, staff, who_orders
from goodtaste.member.api import WhereTo
from goodtaste.menu.api import MenuBook
from goodtaste.ordering import bring, cancel, open_bill, orders, parts, pay, progress, quote, refund, wallet
from goodtaste.ordering.asked import PlaceOrder
from goodtaste.ordering.orders import OrderView
from goodtaste.ordering.place import place
from goodtaste.ordering.refund_back import RefundView
from goodtaste.ordering.refund_worth import Piece
from goodtaste.ordering.told import OrderTold, order_told
from goodtaste.ordering.where import takes_orders, where, where_of
from goodtaste.org import api as org
from goodtaste.payment.api import Pay, PaymentView, PayPart, give_back_of
from goodtaste.pricing.api import Policy

Asked = Request[Any, Any, Any]
Limit = Annotated[int, Parameter(ge=1, le=orders.PAGE_MAX)]


class Pieces(Input, frozen=True):
    """What is sent to see what a refund would be; with `policy`, what it would have been had all of the order followed that one."""

    pieces: Annotated[tuple[Piece, ...], msgspec.Meta(max_length=200)] = ()
    policy: Policy | None = None


class RefundAsked(refund.RefundOrder, frozen=True):
    """What is sent to refund an order; a person without the permission adds the approval of one who has it."""

    approval: org.ApprovalAsked | None = None


class TakeBackAsked(parts.TakeBack, frozen=True):
    """What is sent to take a part of a bill back; a person without the permission adds the approval of one who has it."""

    approval: org.ApprovalAsked | None = None


@post("/v1/quotes", opt=anybody(), tags=["orders"], status_code=200)
async def quote_cart(data: JSONBody[quote.Cart], request: Asked) -> quote.Quote:
    """Price a cart: what it costs and why, the best coupon at hand, and why not the others."""
    ctx = context(request)
    return await ctx.query(quote.quote(data, actor=ctx.actor, where=where(ctx, data.store_id), language=ctx.language))


@post("/v1/price-explanations", opt=staff("offer.read"), tags=["offers"], status_code=200)
async def explain_price(data: JSONBody[quote.CartThen], request: Asked) -> quote.Quote:
    """Explain what a cart costs at a moment, for a guest or a member: what applies, what it saves, why the rest does not."""
    ctx = context(request)
    ctx.actor.need("offer.read", store_id=data.store_id)
    if data.member_id:
        ctx.actor.need("member.read", store_id=data.store_id)
    return await ctx.query(quote.explain(data, where=where(ctx, data.store_id), language=ctx.language))


@post("/v1/orders", opt=who_orders("order.place"), tags=["orders"])
async def place_order(data: JSONBody[PlaceOrder], request: Asked) -> OrderView:
    """Place an order, and pay it where cash comes with it."""
    ctx = context(request)
    await takes_orders(ctx, data)
    return await ctx.run(place(data, actor=ctx.actor, where=where(ctx, data.store_id)))


@get("/v1/orders/{order_id:str}", opt=who_orders("order.read"), tags=["orders"])
async def read_order(
    order_id: Id, request: Asked, words: Annotated[bool, QueryParameter()] = False
) -> OrderView | OrderTold:
    """Return an order with its lines; with `words`, and its price in words."""
    ctx = context(request)
    shown = await ctx.query(orders.one(order_id, actor=ctx.actor))
    return order_told(shown, book=ctx.see(MenuBook), language=ctx.language) if words else shown


@get("/v1/orders/{order_id:str}/address", opt=member_or_staff(bring.MAY_BRING), tags=["orders"])
async def order_address(order_id: Id, request: Asked) -> WhereTo:
    """Return where an order is brought to: who takes it, their number, and the place."""
    ctx = context(request)
    return await ctx.query(bring.read(order_id, actor=ctx.actor, keyring=ctx.process.keyring))


@get("/v1/me/orders", opt=member(), tags=["orders"])
async def my_orders(request: Asked, before: Before = "", limit: Limit = 20) -> orders.Page:
    """List one's orders, newest first."""
    ctx = context(request)
    return await ctx.query(orders.of_member(ctx.actor.id, before=before, limit=limit))


@get("/v1/stores/{store_id:str}/orders", opt=staff("order.read"), tags=["orders"])
async def store_orders(store_id: Id, request: Asked, before: Before = "", limit: Limit = 50) -> orders.Page:
    """List the orders of a store, newest first."""
    ctx = context(request)
    ctx.actor.need("order.read", store_id=store_id)
    return await ctx.query(orders.of_store(store_id, before=before, limit=limit))


@get("/v1/orders/{order_id:str}/steps", opt=member_or_staff("order.read"), tags=["orders"])
async def order_steps(order_id: Id, request: Asked) -> list[progress.StepView]:
    """Return the steps an order has taken."""
    ctx = context(request)
    return await ctx.query(progress.steps_of(order_id, actor=ctx.actor))


@post("/v1/orders/{order_id:str}/rounds", opt=member_or_staff("order.place"), tags=["orders"])
async def add_round(order_id: Id, data: JSONBody[open_bill.AddRound], request: Asked) -> OrderView:
    """Order more on an open bill."""
    ctx = context(request)
    return await ctx.run(open_bill.add_round(order_id, data, actor=ctx.actor, where=await where_of(ctx, order_id)))


@post("/v1/orders/{order_id:str}/bill", opt=member_or_staff("order.place"), tags=["orders"], status_code=200)
async def bill_order(order_id: Id, data: JSONBody[open_bill.Bill], request: Asked) -> OrderView:
    """Put a coupon and points on an open bill."""
    ctx = context(request)
    return await ctx.run(open_bill.bill(order_id, data, actor=ctx.actor, where=await where_of(ctx, order_id)))


@post("/v1/orders/{order_id:str}/open-again", opt=member_or_staff("order.place"), tags=["orders"], status_code=200)
async def open_again(order_id: Id, request: Asked) -> OrderView:
    """Take coupon and points off a bill that is not paid, so that more can be ordered."""
    ctx = context(request)
    return await ctx.run(open_bill.open_again(order_id, actor=ctx.actor, where=await where_of(ctx, order_id)))


@post("/v1/orders/{order_id:str}/cash", opt=staff("payment.take"), tags=["orders"], status_code=200)
async def pay_cash(order_id: Id, data: JSONBody[pay.PayCash], request: Asked) -> OrderView:
    """Take cash for an order."""
    ctx = context(request)
    return await ctx.run(pay.pay_cash(order_id, data, actor=ctx.actor, where=await where_of(ctx, order_id)))


@post("/v1/orders/{order_id:str}/close", opt=member_or_staff("payment.take"), tags=["orders"], status_code=200)
async def close_bill(order_id: Id, request: Asked) -> OrderView:
    """Close a bill on which nothing is due."""
    ctx = context(request)
    return await ctx.run(pay.close(order_id, actor=ctx.actor, where=await where_of(ctx, order_id)))


@post("/v1/orders/{order_id:str}/payments", opt=who_orders("payment.take"), tags=["orders"])
async def pay_order(order_id: Id, data: JSONBody[Pay], request: Asked) -> wallet.Paying:
    """Pay an order by a wallet."""
    ctx, client_ip = context(request), address_of(request)
    return await wallet.pay(ctx, order_id, data, place=await where_of(ctx, order_id), client_ip=client_ip)


@post("/v1/orders/{order_id:str}/parts", opt=staff("payment.take"), tags=["orders"])
async def pay_part(order_id: Id, data: JSONBody[PayPart], request: Asked) -> parts.Bill:
    """Pay a part of a bill, by any tender; with the last part the order is paid."""
    ctx = context(request)
    store_id = await ctx.query(orders.store_of(order_id, actor=ctx.actor))
    if data.tender.__struct_config__.tag == "account":
        ctx.actor.need("account.charge", store_id=store_id)
    return await parts.pay(ctx, order_id, data, place=where(ctx, store_id), store_id=store_id)


@get("/v1/orders/{order_id:str}/parts", opt=staff("payment.take"), tags=["orders"])
async def order_parts(order_id: Id, request: Asked) -> parts.Bill:
    """Show what the parts of a bill have brought, and what is left to pay."""
    ctx = context(request)
    return await ctx.query(parts.of_order(order_id, actor=ctx.actor))


@post(
    "/v1/orders/{order_id:str}/parts/{payment_id:str}/take-back",
    opt=staff("payment.take"),
    tags=["orders"],
    status_code=200,
)
async def take_part_back(order_id: Id, payment_id: Id, data: JSONBody[TakeBackAsked], request: Asked) -> parts.Bill:
    """Take a part back before the bill is paid."""
    ctx = context(request)
    store_id = await ctx.query(orders.store_of(order_id, actor=ctx.actor))
    by = await org.approved_by(ctx, data.approval, permission=parts.TAKE_BACK, store_id=store_id)
    asked = org.without_approval(data, parts.TakeBack)
    return await parts.take_back(ctx, order_id, payment_id, asked, approved_by=by, place=where(ctx, store_id))


@get("/v1/orders/{order_id:str}/payments", opt=member_or_staff("payment.read"), tags=["orders"])
async def order_payments(order_id: Id, request: Asked) -> list[PaymentView]:
    """List the attempts to pay an order, oldest first, with their refunds."""
    ctx = context(request)
    return await ctx.query(wallet.payments_of(order_id, actor=ctx.actor))


@post("/v1/orders/{order_id:str}/cancel", opt=who_orders("order.cancel"), tags=["orders"], status_code=200)
async def cancel_order(order_id: Id, data: JSONBody[cancel.Cancel], request: Asked) -> OrderView:
    """Cancel an unpaid order; everything it took and held goes back."""
    ctx = context(request)
    return await ctx.run(cancel.cancel(order_id, data, actor=ctx.actor, where=await where_of(ctx, order_id)))


@post("/v1/orders/{order_id:str}/advance", opt=staff("order.advance"), tags=["orders"], status_code=200)
async def advance_order(order_id: Id, data: JSONBody[progress.Advance], request: Asked) -> OrderView:
    """Take an order to its next state."""
    ctx = context(request)
    return await ctx.run(progress.advance(order_id, data, actor=ctx.actor, where=await where_of(ctx, order_id)))


@post("/v1/orders/{order_id:str}/refunds/preview", opt=member_or_staff("order.read"), tags=["orders"], status_code=200)
async def preview_refund(order_id: Id, data: JSONBody[Pieces], request: Asked) -> refund.Preview:
    """Tell what a refund would be."""
    ctx = context(request)
    return await ctx.query(refund.preview(order_id, data.pieces, actor=ctx.actor, policy=data.policy))


@post("/v1/orders/{order_id:str}/refunds", opt=staff("order.read"), tags=["orders"])
async def refund_order(order_id: Id, data: JSONBody[RefundAsked], request: Asked) -> RefundView:
    """Refund an order, or pieces of it."""
    ctx = context(request)
    place_ = await where_of(ctx, order_id)
    store_id = await ctx.query(orders.store_of(order_id, actor=ctx.actor))
    by = await org.approved_by(ctx, data.approval, permission="order.refund", store_id=store_id)
    asked = org.without_approval(data, refund.RefundOrder)
    shown = await ctx.run(refund.refund_order(order_id, asked, actor=ctx.actor, approved_by=by, where=place_))
    if shown.amount_fen:
        await give_back_of(ctx, shown.id)
    return shown


@get("/v1/orders/{order_id:str}/refunds", opt=member_or_staff("order.read"), tags=["orders"])
async def order_refunds(order_id: Id, request: Asked) -> list[RefundView]:
    """Return the refunds of an order."""
    ctx = context(request)
    return await ctx.query(refund.of_order(order_id, actor=ctx.actor))


ROUTES: list[Any] = [
    quote_cart,
    explain_price,
    place_order,
    read_order,
    order_address,
    my_orders,
    store_orders,
    order_steps,
    add_round,
    bill_order,
    open_again,
    pay_cash,
    close_bill,
    pay_order,
    pay_part,
    order_parts,
    take_part_back,
    order_payments,
    cancel_order,
    advance_order,
    preview_refund,
    refund_order,
    order_refunds,
]
