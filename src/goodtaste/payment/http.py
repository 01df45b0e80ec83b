"""Routes of payment."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.exceptions import HTTPException
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from goodtaste.kernel.context import Ctx
from goodtaste.kernel.input import Id, Input, Reason
from goodtaste.kernel.web import Before, QueryId, TooLarge, anybody, context, staff
from goodtaste.payment import calls, notices, owed, settling, views
from goodtaste.payment.accounts import http as accounts_http
from goodtaste.payment.attempts import PaymentUnknown, one
from goodtaste.payment.gateway import NOTICE_BYTES_MAX, Gateways
from goodtaste.payment.owed import MakeUp, OwedPage
from goodtaste.payment.reconcile import http as reconcile_http
from goodtaste.payment.refunds import Refund, RefundUnknown
from goodtaste.payment.settling import Settlements
from goodtaste.payment.tills import http as tills_http
from goodtaste.payment.views import PAGE_MAX, PaymentPage, PaymentView, RefundView

Asked = Request[Any, Any, Any]


class GiveUp(Input, frozen=True):
    """What is sent to give an attempt up."""

    reason: Reason


class Methods(msgspec.Struct, frozen=True):
    """The ways in which a diner can pay by a wallet, as `method` of a payment takes them."""

    methods: list[str]


@get("/v1/payment-methods", opt=anybody(), sync_to_thread=False, tags=["payments"])
def list_methods(request: Asked) -> Methods:
    """List the wallets by which one can pay here."""
    return Methods(context(request).part(Gateways).methods())


@post(
    "/v1/gateways/{method:str}/notices",
    opt=anybody(),
    tags=["payments"],
    status_code=200,
    request_max_body_size=NOTICE_BYTES_MAX,
)
async def hear_notice(method: FromPath[str], request: Asked) -> Response[bytes]:
    """Hear what a gateway tells; who may tell is decided by the signature over these bytes.  It is answered in the gateway's own words."""
    try:
        raw = await request.body()
    except HTTPException as error:
        if error.status_code == 413:
            raise TooLarge(limit_bytes=NOTICE_BYTES_MAX) from error
        raise
    answer = await notices.receive(context(request), method, headers=dict(request.headers), raw=raw)
    return Response(answer, status_code=200 if answer else 204, media_type="text/plain")


@get("/v1/payments", opt=staff("payment.read"), tags=["payments"])
async def list_of_day(
    request: Asked,
    store_id: QueryId,
    business_date: FromQuery[date],
    before: Before = "",
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 50,
) -> PaymentPage:
    """List the attempts of a store and trading day, newest first; `next` of a page is `before` of the one after it."""
    ctx = context(request)
    ctx.actor.need("payment.read", store_id=store_id)
    return await ctx.query(views.of_day(store_id, business_date=business_date, before=before, limit=limit))


@post("/v1/payments/{payment_id:str}/ask", opt=staff("payment.take"), tags=["payments"], status_code=200)
async def ask_gateway(payment_id: Id, request: Asked) -> PaymentView:
    """Ask the gateway now how a payment stands, and settle it."""
    ctx = context(request)
    found = await ctx.db.first(one(payment_id))
    if found is None:
        raise PaymentUnknown(payment_id=payment_id)
    ctx.actor.need("payment.take", store_id=found.store_id)
    return views.view(await calls.ask(ctx, payment_id))


@post("/v1/payments/{payment_id:str}/give-up", opt=staff("payment.give_up"), tags=["payments"], status_code=200)
async def give_up_payment(payment_id: Id, data: JSONBody[GiveUp], request: Asked) -> PaymentView:
    """Close an attempt of which nobody knows what became, after its time, so that the order can be paid another way."""
    ctx = context(request)
    found = await ctx.db.first(one(payment_id))
    if found is None:
        raise PaymentUnknown(payment_id=payment_id)
    ctx.actor.need("payment.give_up", store_id=found.store_id)
    today = calls.today_at(ctx, found.store_id, at=ctx.now)
    settlements = ctx.part(Settlements)
    given_up = settling.give_up(
        payment_id, reason=data.reason, actor=ctx.actor, settlements=settlements, today=today, at=ctx.now
    )
    return views.view(await ctx.run(given_up))


@get("/v1/refunds/owed", opt=staff("payment.read"), tags=["payments"])
async def list_owed(
    request: Asked,
    store_id: QueryId,
    before: Before = "",
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 50,
) -> OwedPage:
    """List the refunds of a store that failed and that nothing makes up for yet, and those open for longer than a day, newest first."""
    ctx = context(request)
    ctx.actor.need("payment.read", store_id=store_id)
    return await ctx.query(owed.owed(store_id, at=ctx.now, before=before, limit=limit))


@post("/v1/refunds/{refund_id:str}/take-over", opt=staff("order.refund"), tags=["payments"], status_code=204)
async def take_refund_over(refund_id: Id, request: Asked) -> None:
    """Look after a refund that was not made; whoever looked after it before does no longer."""
    ctx = context(request)
    await _refund_of(ctx, refund_id)
    await ctx.run(owed.take_over(refund_id, actor=ctx.actor, at=ctx.now))


@post("/v1/refunds/{refund_id:str}/ask", opt=staff("order.refund"), tags=["payments"], status_code=200)
async def ask_of_refund(refund_id: Id, request: Asked) -> RefundView:
    """Ask the gateway now how a refund stands, and settle it."""
    ctx = context(request)
    await _refund_of(ctx, refund_id)
    return views.refund_view(await calls.give_back(ctx, refund_id))


@post("/v1/refunds/{refund_id:str}/make-up", opt=staff("order.refund"), tags=["payments"])
async def make_up_for(refund_id: Id, data: JSONBody[MakeUp], request: Asked) -> RefundView:
    """Give the money of a refund that failed back another way: by the gateway once more, or by hand, which needs `approve`."""
    ctx = context(request)
    found = await _refund_of(ctx, refund_id)
    if data.way != "same":
        ctx.actor.need("approve", store_id=found.store_id)
    today = calls.today_at(ctx, found.store_id, at=ctx.now)
    drawer = ctx.actor.terminal_id or found.store_id
    made = await ctx.run(owed.make_up(refund_id, data, actor=ctx.actor, drawer_id=drawer, today=today, at=ctx.now))
    return views.refund_view(await calls.give_back(ctx, made.id))


async def _refund_of(ctx: Ctx, refund_id: str) -> Refund:
    """Return a refund to whom may refund at its store."""
    found = await ctx.db.first(owed.one_refund(refund_id))
    if found is None:
        raise RefundUnknown(refund_id=refund_id)
    ctx.actor.need("order.refund", store_id=found.store_id)
    return found


ROUTES: list[Any] = [
    list_owed,
    take_refund_over,
    ask_of_refund,
    make_up_for,
    list_methods,
    hear_notice,
    list_of_day,
    ask_gateway,
    give_up_payment,
    *accounts_http.ROUTES,
    *tills_http.ROUTES,
    *reconcile_http.ROUTES,
]
