"""Routes of subscriptions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from litestar import Request, get, post
from litestar.exceptions import HTTPException
from litestar.params import JSONBody, QueryParameter

from goodtaste.kernel.input import Id, Input, Reason
from goodtaste.kernel.web import Before, OptionalId, QueryId, TooLarge, anybody, context, member, staff
from goodtaste.member.api import Program
from goodtaste.payment.api import NOTICE_BYTES_MAX
from goodtaste.promo.subscription import changing, hearing, owed, plans, signing, views
from goodtaste.promo.subscription.attending import attend, zone_of
from goodtaste.promo.subscription.changing import Cancel, GiveBack, Stop, TakePlan
from goodtaste.promo.subscription.charging import send
from goodtaste.promo.subscription.owed import MakeUp, OwedPage
from goodtaste.promo.subscription.plans import NewPlan, Plan
from goodtaste.promo.subscription.refunds import Refund
from goodtaste.promo.subscription.signing import Subscribe
from goodtaste.promo.subscription.views import PAGE_MAX, SubscriptionFile, SubscriptionPage, SubscriptionView

Asked = Request[Any, Any, Any]
TAGS = ["subscriptions"]
State = Literal["pending", "trial", "active", "past_due", "cancelled", "ended"]


class Switch(Input, frozen=True):
    """What is sent to offer a plan, or to offer it no more."""

    open: bool
    reason: Reason


@get("/v1/subscription-plans", opt=anybody(), tags=TAGS)
async def list_offers(request: Asked) -> list[Plan]:
    """List the plans that one may subscribe to, cheapest first."""
    return await context(request).query(plans.offered())


@get("/v1/subscription-plans/all", opt=staff("subscription.read"), tags=TAGS)
async def list_plans(request: Asked) -> list[Plan]:
    """List the newest versions of all plans, offered or not."""
    return await context(request).query(plans.all_plans())


@post("/v1/subscription-plans", opt=staff("subscription.edit"), tags=TAGS)
async def make_plan(data: JSONBody[NewPlan], request: Asked) -> Plan:
    """Make a version of a plan; who has an older one keeps it until they agree to another."""
    ctx = context(request)
    ctx.actor.need("subscription.edit")
    return await ctx.run(plans.make(data, program=ctx.see(Program), actor=ctx.actor, at=ctx.now))


@post("/v1/subscription-plans/{plan_id:str}/switch", opt=staff("subscription.edit"), tags=TAGS, status_code=200)
async def switch_plan(plan_id: Id, data: JSONBody[Switch], request: Asked) -> Plan:
    """Offer a version of a plan, or offer it no more."""
    ctx = context(request)
    ctx.actor.need("subscription.edit")
    return await ctx.run(plans.switch(plan_id, open_=data.open, reason=data.reason, actor=ctx.actor, at=ctx.now))


@post("/v1/me/subscriptions", opt=member(), tags=TAGS)
async def subscribe(data: JSONBody[Subscribe], request: Asked) -> SubscriptionView:
    """Subscribe; the answer says where to sign, and nothing is charged before that."""
    ctx = context(request)
    row = await ctx.run(signing.subscribe(data, member_id=ctx.actor.id, at=ctx.now))
    shown = await _mine(request, row.id)
    if row.state == "pending" and not row.sign_url:
        await signing.invite(ctx, row, title=shown.plan.name)
        return await _mine(request, row.id)
    return shown


@get("/v1/me/subscriptions", opt=member(), tags=TAGS)
async def my_subscriptions(request: Asked) -> list[SubscriptionView]:
    """List one's subscriptions, newest first: what they cost, gave and saved, and what cancelling would lose."""
    ctx = context(request)
    return await ctx.query(views.of_member(ctx.actor.id, zone=zone_of(ctx), at=ctx.now))


@post("/v1/me/subscriptions/{subscription_id:str}/cancel", opt=member(), tags=TAGS, status_code=200)
async def cancel(subscription_id: Id, data: JSONBody[Cancel], request: Asked) -> SubscriptionView:
    """Cancel: at the end of what is paid, or now with the refund that was seen."""
    ctx = context(request)
    wish = changing.cancel(
        subscription_id, data, member_id=ctx.actor.id, actor=ctx.actor, zone=zone_of(ctx), at=ctx.now
    )
    await ctx.run(wish)
    await attend(ctx, subscription_id)
    return await _mine(request, subscription_id)


@post("/v1/me/subscriptions/{subscription_id:str}/resume", opt=member(), tags=TAGS, status_code=200)
async def resume(subscription_id: Id, request: Asked) -> SubscriptionView:
    """Take a cancellation back before the end."""
    ctx = context(request)
    await ctx.run(changing.resume(subscription_id, member_id=ctx.actor.id, at=ctx.now))
    await attend(ctx, subscription_id)
    return await _mine(request, subscription_id)


@post("/v1/me/subscriptions/{subscription_id:str}/try-again", opt=member(), tags=TAGS, status_code=200)
async def try_again(subscription_id: Id, request: Asked) -> SubscriptionView:
    """Have a charge that failed tried again now."""
    ctx = context(request)
    await ctx.run(changing.try_again(subscription_id, member_id=ctx.actor.id, at=ctx.now))
    await attend(ctx, subscription_id)
    return await _mine(request, subscription_id)


@post("/v1/me/subscriptions/{subscription_id:str}/plan", opt=member(), tags=TAGS, status_code=200)
async def take_plan(subscription_id: Id, data: JSONBody[TakePlan], request: Asked) -> SubscriptionView:
    """Take another plan: a dearer one now, for its price less what is not used; any other at the next period."""
    ctx = context(request)
    wish = changing.take_plan(subscription_id, data, member_id=ctx.actor.id, zone=zone_of(ctx), at=ctx.now)
    taken = await ctx.run(wish)
    if taken.charge is not None and taken.charge.state == "pending":
        await send(ctx, taken.charge, gateway=signing.gateway_of(ctx), zone=zone_of(ctx))
    await attend(ctx, subscription_id)
    return await _mine(request, subscription_id)


@get("/v1/me/subscriptions/{subscription_id:str}/plan-price", opt=member(), tags=TAGS)
async def plan_price(subscription_id: Id, plan_id: QueryId, request: Asked) -> changing.PlanPrice:
    """Say what another plan would cost, and from when on it would count."""
    ctx = context(request)
    asked = changing.price_of(subscription_id, plan_id, member_id=ctx.actor.id, zone=zone_of(ctx), at=ctx.now)
    return await ctx.query(asked)


@get("/v1/subscriptions", opt=staff("subscription.read"), tags=TAGS)
async def list_subscriptions(
    request: Asked,
    in_state: Annotated[State | None, QueryParameter(description="Only those that stand so")] = None,
    member_id: OptionalId = None,
    before: Before = "",
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 50,
) -> SubscriptionPage:
    """List subscriptions, newest first, of a member where one is named; `next` of a page is `before` of the one after it."""
    ctx = context(request)
    return await ctx.query(views.page(state=in_state, member_id=member_id, before=before, limit=limit))


@get("/v1/subscriptions/{subscription_id:str}", opt=staff("subscription.read"), tags=TAGS)
async def show_subscription(subscription_id: Id, request: Asked) -> SubscriptionFile:
    """Show a subscription with its charges, refunds and notices."""
    ctx = context(request)
    return await ctx.query(views.file(subscription_id, zone=zone_of(ctx), at=ctx.now))


@post("/v1/subscriptions/{subscription_id:str}/stop", opt=staff("subscription.refund"), tags=TAGS, status_code=200)
async def stop(subscription_id: Id, data: JSONBody[Stop], request: Asked) -> SubscriptionFile:
    """End a subscription for a member: at the end of what is paid, or now with its refund."""
    ctx = context(request)
    ctx.actor.need("subscription.refund")
    wish = changing.cancel(subscription_id, data, member_id=None, actor=ctx.actor, zone=zone_of(ctx), at=ctx.now)
    await ctx.run(wish)
    await attend(ctx, subscription_id)
    return await ctx.query(views.file(subscription_id, zone=zone_of(ctx), at=ctx.now))


@post("/v1/subscriptions/{subscription_id:str}/refunds", opt=staff("subscription.refund"), tags=TAGS)
async def give_back(subscription_id: Id, data: JSONBody[GiveBack], request: Asked) -> SubscriptionFile:
    """Give a part of the running period back; the subscription goes on."""
    ctx = context(request)
    ctx.actor.need("subscription.refund")
    await ctx.run(changing.give_back(subscription_id, data, actor=ctx.actor, at=ctx.now))
    return await ctx.query(views.file(subscription_id, zone=zone_of(ctx), at=ctx.now))


@get("/v1/subscription-refunds/owed", opt=staff("subscription.read"), tags=TAGS)
async def list_owed(
    request: Asked,
    before: Before = "",
    limit: Annotated[int, QueryParameter(ge=1, le=owed.PAGE_MAX)] = 50,
) -> OwedPage:
    """List the refunds of subscriptions that failed and that nothing makes up for yet, and those open for longer than a day."""
    ctx = context(request)
    return await ctx.query(owed.owed(at=ctx.now, before=before, limit=limit))


@post("/v1/subscription-refunds/{back_id:str}/take-over", opt=staff("subscription.refund"), tags=TAGS, status_code=204)
async def take_refund_over(back_id: Id, request: Asked) -> None:
    """Look after a refund that was not made; whoever looked after it before does no longer."""
    ctx = context(request)
    ctx.actor.need("subscription.refund")
    await ctx.run(owed.take_over(back_id, actor=ctx.actor, at=ctx.now))


@post("/v1/subscription-refunds/{back_id:str}/ask", opt=staff("subscription.refund"), tags=TAGS, status_code=200)
async def ask_of_refund(back_id: Id, request: Asked) -> Refund:
    """Ask the gateway now how a refund stands, and settle it."""
    ctx = context(request)
    ctx.actor.need("subscription.refund")
    return await owed.ask(ctx, back_id)


@post("/v1/subscription-refunds/{back_id:str}/make-up", opt=staff("subscription.refund"), tags=TAGS)
async def make_up_for(back_id: Id, data: JSONBody[MakeUp], request: Asked) -> Refund:
    """Give the money of a refund that failed back another way: by the gateway once more, or by a transfer made elsewhere."""
    ctx = context(request)
    ctx.actor.need("subscription.refund")
    made = await ctx.run(owed.make_up(back_id, data, actor=ctx.actor, at=ctx.now))
    return await owed.ask(ctx, made.id)


@post(
    "/v1/agreements/notices",
    opt=anybody(),
    tags=TAGS,
    status_code=204,
    request_max_body_size=NOTICE_BYTES_MAX,
)
async def hear_notice(request: Asked) -> None:
    """Hear what the gateway of agreements tells; who may tell is decided by the signature over these bytes."""
    try:
        raw = await request.body()
    except HTTPException as error:
        if error.status_code == 413:
            raise TooLarge(limit_bytes=NOTICE_BYTES_MAX) from error
        raise
    await hearing.receive(context(request), headers=dict(request.headers), raw=raw)


async def _mine(request: Asked, subscription_id: str) -> SubscriptionView:
    ctx = context(request)
    return await ctx.query(views.one(subscription_id, member_id=ctx.actor.id, zone=zone_of(ctx), at=ctx.now))


ROUTES: list[Any] = [
    list_offers, list_plans, make_plan, switch_plan, subscribe, my_subscriptions, cancel, resume, try_again, take_plan, plan_price,
    list_subscriptions, show_subscription, stop, give_back, list_owed, take_refund_over, ask_of_refund, make_up_for, hear_notice,
]  # fmt: skip
